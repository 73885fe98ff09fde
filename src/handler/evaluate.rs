//! One object, or one record of a payload, on its way through the engine.

use std::sync::atomic::{AtomicBool, Ordering};

use memchr::memmem::Finder;
use serde_json::value::RawValue;

use super::{
    Body, Caps, Channel, Channels, Clock, Failure, Handler, MAX_TOLD, Objects, Outcome,
    decide::Decider,
    outbox::{Letter, Outbox},
    prefetch::Ahead,
    time_budget::Time,
};
use crate::{
    alert::{Alert, Origin, Unread},
    diagnostic::chain,
    engine::{Engine, Evaluated, Scratch},
    log_file::{FileItem, FileShape, LogFileError, Reader},
    object::ObjectId,
    state::{Outage, Table},
    trigger::SkipReason,
};

/// What is read of one place.
pub(super) struct Run<'a, C, T, K> {
    engine: &'a Engine,
    caps: Caps,
    time: &'a Time<'a, K>,
    scratch: &'a mut Scratch,
    decider: Decider<'a, T, K>,
    learns: &'a AtomicBool,
    /// Whether a record was seen.
    is_begun: bool,
    channels: &'a Channels<C>,
    outbox: Outbox<'a, C, K>,
    outcome: &'a mut Outcome,
    origin: Origin,
    /// Finds what CloudTrail says in the place of a block that it left out.
    omitted: Finder<'static>,
    unparsable: u64,
}

impl<'a, C: Channel, T: Table, K: Clock> Run<'a, C, T, K> {
    pub(super) fn new<O>(
        handler: &'a Handler<'_, O, C, T, K>,
        time: &'a Time<'a, K>,
        origin: Origin,
        scratch: &'a mut Scratch,
        outage: &'a mut Outage,
        outcome: &'a mut Outcome,
    ) -> Self {
        let Handler { engine, channels, table, caps, .. } = *handler;
        let most = caps.max_alerts_per_rule_hour;
        Self {
            engine,
            caps,
            time,
            scratch,
            decider: Decider::new(table, time, origin.clone(), engine.accounts(), most, outage),
            learns: handler.learns,
            is_begun: false,
            channels,
            outbox: Outbox::new(channels, time, origin.clone()),
            outcome,
            origin,
            omitted: Finder::new("\"omitted\":"),
            unparsable: 0,
        }
    }

    /// Reads an object. Whatever happens to it: what was found in it is published.
    pub(super) async fn object<O: Objects>(mut self, objects: &mut Ahead<'_, O>, object: ObjectId) {
        let read = self.stream(objects, &object).await;
        self.finish().await;
        match read {
            Ok(()) => self.outcome.objects.processed += 1,
            Err(Failure::LogFile { error, .. }) if is_digest(&error) => {
                self.outcome.skip(&object.key, SkipReason::DigestFile);
            }
            Err(failure) => {
                self.outcome.objects.failed += 1;
                self.outcome.objects.out_of_time += u64::from(matches!(failure, Failure::OutOfTime { .. }));
                self.outcome.fail(failure);
            }
        }
    }

    /// Evaluates a record that came in a payload: it goes the way of a log file that holds nothing else.
    pub(super) async fn record(mut self, text: &str) {
        // Text that is not one value could pretend to be several records.
        let read = match serde_json::from_str::<&RawValue>(text) {
            Ok(_) => self.wrapped(text).await.map_err(|error| chain(&error)),
            Err(error) => Err(format!("it is not JSON: {error}")),
        };
        if let Err(reason) = read {
            self.outcome.records.seen += 1;
            self.unparsable(0, &reason);
        }
        self.finish().await;
    }

    async fn wrapped(&mut self, text: &str) -> Result<(), LogFileError> {
        let mut reader = Reader::new(FileShape::LogFile, self.caps.limits);
        for part in ["{\"Records\":[", text, "]}"] {
            self.push(&mut reader, part.as_bytes()).await?;
        }
        reader.finish()
    }

    async fn stream<O: Objects>(&mut self, objects: &mut Ahead<'_, O>, object: &ObjectId) -> Result<(), Failure> {
        let late = || Failure::OutOfTime { origin: self.origin.clone() };
        let fetch = |error| Failure::Fetch { object: object.clone(), error };
        let broken = |error| Failure::LogFile { object: object.clone(), error };
        let limit = self.caps.max_object_bytes;
        let mut body = self.time.to_read(objects.get(object, self.time)).await.ok_or_else(late)?.map_err(fetch)?;
        let (mut reader, mut bytes) = (Reader::new(FileShape::LogFile, self.caps.limits), 0);
        loop {
            let late = || Failure::OutOfTime { origin: self.origin.clone() };
            let Some(chunk) = self.time.to_read(body.next()).await.ok_or_else(late)?.map_err(fetch)? else { break };
            bytes += chunk.as_ref().len() as u64;
            if bytes > limit {
                return Err(Failure::TooLarge { object: object.clone(), limit });
            }
            self.push(&mut reader, chunk.as_ref()).await.map_err(broken)?;
        }
        reader.finish().map_err(broken)
    }

    /// Evaluates what a chunk brings, and publishes whenever much has come together.
    async fn push(&mut self, reader: &mut Reader, mut chunk: &[u8]) -> Result<(), LogFileError> {
        while let Some(item) = reader.next(&mut chunk)? {
            if let FileItem::Record(record) = &item
                && !std::mem::replace(&mut self.is_begun, true)
                && !self.learns.load(Ordering::Relaxed)
            {
                let learn = self.decider.learn_from(self.engine.rules(), record.text).await;
                self.learns.store(learn, Ordering::Relaxed);
            }
            self.evaluate(item);
            if self.decider.is_full() || self.outbox.is_full() {
                self.publish().await;
            }
        }
        Ok(())
    }

    /// Decides about what was found, publishes it, and has it remembered.
    async fn publish(&mut self) {
        let audiences = |severity| self.channels.audiences(severity);
        for letter in self.decider.decide(audiences, self.outcome).await {
            self.outbox.push(letter, self.outcome);
            if self.outbox.is_full() {
                self.send().await;
            }
        }
        self.send().await;
    }

    async fn send(&mut self) {
        for (ticket, audience) in self.outbox.publish(self.outcome).await {
            self.decider.sent(&ticket, audience).await;
        }
    }

    fn evaluate(&mut self, item: FileItem<'_>) {
        let records = &mut self.outcome.records;
        records.seen += 1;
        match item {
            FileItem::Record(record) => {
                records.omitted += u64::from(self.omitted.find_iter(record.text).any(|at| says_true(record.text, at)));
                match self.engine.evaluate(record, self.scratch) {
                    Evaluated::Record { findings, repaired } => {
                        records.evaluated += 1;
                        records.repaired += u64::from(repaired);
                        for finding in findings {
                            self.decider.push(finding, record.index, &mut self.outcome.matches);
                        }
                    }
                    Evaluated::Unparsable(error) => self.unparsable(record.index, &chain(&error)),
                }
            }
            FileItem::Unparsable { index, reason } => self.unparsable(index, &chain(&reason)),
        }
    }

    /// A record that cannot be read raises an alert of its own; a broken object can have millions of them, and the
    /// first are told one by one.
    fn unparsable(&mut self, index: u64, reason: &str) {
        self.outcome.records.unparsable += 1;
        self.unparsable += 1;
        if self.unparsable > MAX_TOLD {
            return;
        }
        let ((bucket, key), source) = (self.origin.object().map(ObjectId::parts).unzip(), self.origin.message());
        tracing::error!(bucket, key, source, record = index, reason, "record not readable");
        self.tell(Unread::Record { index, reason: reason.to_owned() });
    }

    async fn finish(&mut self) {
        if let Some(count) = self.unparsable.checked_sub(MAX_TOLD).filter(|count| *count > 0) {
            let ((bucket, key), source) = (self.origin.object().map(ObjectId::parts).unzip(), self.origin.message());
            tracing::error!(bucket, key, source, count, "more records not readable");
            self.tell(Unread::More { count });
        }
        self.publish().await;
        self.outbox.finish(self.outcome);
        self.decider.finish();
    }

    fn tell(&mut self, unread: Unread) {
        let alert = Alert::unread(unread, Some(self.origin.clone()), self.engine.accounts());
        let audiences = self.channels.audiences(alert.severity());
        self.outbox.push(Letter { alert, audiences, ticket: None }, self.outcome);
    }
}

/// What CloudTrail writes in the place of a large block: `"omitted":true`.
fn says_true(text: &[u8], at: usize) -> bool {
    let value = text.get(at + "\"omitted\":".len()..).unwrap_or_default();
    value.trim_ascii_start().starts_with(b"true")
}

/// Whether a file says by its first keys that it is a digest, as its key does not.
fn is_digest(error: &LogFileError) -> bool {
    matches!(error, LogFileError::NoRecords { keys } if keys.contains("digestStartTime"))
}
