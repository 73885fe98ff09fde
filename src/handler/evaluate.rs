//! Evaluates one object, or one record of a payload.

use std::sync::atomic::{AtomicBool, Ordering};

use memchr::{memchr2_iter, memmem::Finder};
use serde_json::value::RawValue;
use thiserror::Error;

use super::{
    channels::Channels,
    decide::Decider,
    failure::Failure,
    outbox::Outbox,
    outcome::Outcome,
    outgoing::OutgoingAlert,
    pace::Pace,
    port::{Body, Channel, Clock, Objects},
    prefetch::Prefetch,
    setup::{Handler, InvocationLimits, MAX_REPORTED},
    time_budget::TimeBudget,
};
use crate::{
    alert::{Alert, Origin, Unread},
    diagnostic::chain,
    engine::{Engine, Evaluated, Scratch},
    log_file::{FileHead, FileItem, FileShape, Limits, LogFileError, RawRecord, Reader},
    object::{Foreign, ObjectId},
    state::{Outage, Table},
    trigger::SkipReason,
};

/// The evaluation of one object, or of one record of a payload.
pub(super) struct Evaluation<'a, C, T, K> {
    engine: &'a Engine,
    limits: InvocationLimits,
    time: &'a TimeBudget<'a, K>,
    scratch: &'a mut Scratch,
    decider: Decider<'a, T, K>,
    learns: &'a AtomicBool,
    /// Whether a record was read.
    has_started: bool,
    channels: &'a Channels<C>,
    outbox: Outbox<'a, C, K>,
    outcome: &'a mut Outcome,
    origin: Origin,
    /// The first bytes of the object.
    head: FileHead,
    /// Finds the field that CloudTrail writes in place of a block that it omits.
    omitted: Finder<'static>,
    unparsable: u64,
}

impl<'a, C: Channel, T: Table, K: Clock> Evaluation<'a, C, T, K> {
    pub(super) fn new<O>(
        handler: &'a Handler<'_, O, C, T, K>,
        time: &'a TimeBudget<'a, K>,
        origin: Origin,
        scratch: &'a mut Scratch,
        outage: &'a mut Outage,
        pace: &'a mut Pace,
        outcome: &'a mut Outcome,
    ) -> Self {
        let Handler { engine, channels, table, limits, .. } = *handler;
        let max_alerts = limits.max_alerts_per_rule_hour;
        Self {
            engine,
            limits,
            time,
            scratch,
            decider: Decider::new(table, time, origin.clone(), engine.accounts(), max_alerts, outage),
            learns: handler.learns,
            has_started: false,
            channels,
            outbox: Outbox::new(channels, time, pace, origin.clone()),
            outcome,
            origin,
            head: FileHead::default(),
            omitted: Finder::new("\"omitted\":"),
            unparsable: 0,
        }
    }

    /// Evaluates an object. Whether or not it is read to its end, the alerts of what was read are published.
    pub(super) async fn object<O: Objects>(mut self, objects: &mut Prefetch<'_, O>, object: ObjectId) {
        let read = self.stream(objects, &object).await;
        self.finish().await;
        match read {
            Ok(()) => self.outcome.objects.processed += 1,
            Err(Failure::LogFile { error, .. }) if is_digest(&error) => {
                self.outcome.skip(&object.key, SkipReason::DigestFile);
            }
            Err(Failure::LogFile { error, .. }) if let Some(kind) = self.foreign(&object, &error) => {
                self.outcome.skip(&object.key, SkipReason::Foreign(kind));
            }
            Err(failure) => {
                self.outcome.objects.failed += 1;
                self.outcome.objects.out_of_time += u64::from(matches!(failure, Failure::OutOfTime { .. }));
                self.outcome.fail(failure);
            }
        }
    }

    /// What an object is that cannot be read as a log file, if it is surely none: nothing of it was a record, and neither its
    /// key nor its first bytes can be CloudTrail's.
    fn foreign(&self, object: &ObjectId, error: &LogFileError) -> Option<Foreign> {
        match error {
            _ if self.has_started || self.unparsable > 0 => None,
            LogFileError::Empty => (!object.has_name_of_a_log()).then_some(Foreign::Empty),
            _ if object.is_surely_a_log() => None,
            _ => self.head.foreign(),
        }
    }

    /// Evaluates a record of a payload, as a log file with this one record. Takes and returns how many records of the payload
    /// were unreadable.
    pub(super) async fn record(mut self, text: &str, unread: u64) -> u64 {
        self.unparsable = unread;
        if self.matches_nothing(text) {
            self.outcome.records.seen += 1;
            self.outcome.records.evaluated += 1;
            self.decider.finish();
            return unread;
        }
        // Text that is not exactly one JSON value could pass as several records.
        let read = match serde_json::from_str::<&RawValue>(text) {
            Ok(_) => self.wrapped(text).await.map_err(PayloadRecordError::LogFile),
            Err(error) => Err(PayloadRecordError::NotJson(error)),
        };
        if let Err(error) = read {
            self.outcome.records.seen += 1;
            self.unparsable(0, &chain(&error));
        }
        let unread = std::mem::replace(&mut self.unparsable, 0);
        self.finish().await;
        unread
    }

    /// Reports how many more records of the payload were unreadable than were reported one by one.
    pub(super) async fn more_unread(mut self, unread: u64) {
        self.unparsable = unread;
        self.finish().await;
    }

    /// Whether a record of a payload is an ordinary one that no rule matches. A payload can have millions of them, so this
    /// takes no buffers and no requests.
    fn matches_nothing(&mut self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let Limits { max_record_bytes, max_nesting, .. } = self.limits.log_file;
        let is_ordinary = bytes.len() <= max_record_bytes
            && memchr2_iter(b'{', b'[', bytes).nth(max_nesting).is_none()
            && bytes.starts_with(b"{")
            && self.learns.load(Ordering::Relaxed)
            && self.omitted.find(bytes).is_none()
            && serde_json::from_str::<&RawValue>(text).is_ok();
        let is_unmatched =
            |evaluated| matches!(evaluated, Evaluated::Record { findings, repaired: false } if findings.is_empty());
        is_ordinary && is_unmatched(self.engine.evaluate(RawRecord::of(bytes), self.scratch))
    }

    async fn wrapped(&mut self, text: &str) -> Result<(), LogFileError> {
        let mut reader = Reader::new(FileShape::LogFile, self.limits.log_file);
        for part in ["{\"Records\":[", text, "]}"] {
            self.push(&mut reader, part.as_bytes()).await?;
        }
        reader.finish()
    }

    async fn stream<O: Objects>(&mut self, objects: &mut Prefetch<'_, O>, object: &ObjectId) -> Result<(), Failure> {
        let late = || Failure::OutOfTime { origin: self.origin.clone() };
        let fetch = |error| Failure::Fetch { object: object.clone(), error };
        let broken = |error| Failure::LogFile { object: object.clone(), error };
        let limit = self.limits.max_object_bytes;
        let mut body = self.time.to_read(objects.get(object, self.time)).await.ok_or_else(late)?.map_err(fetch)?;
        self.decider.delivered(body.modified());
        let (mut reader, mut bytes) = (Reader::new(FileShape::LogFile, self.limits.log_file), 0);
        loop {
            let late = || Failure::OutOfTime { origin: self.origin.clone() };
            let Some(chunk) = self.time.to_read(body.next()).await.ok_or_else(late)?.map_err(fetch)? else { break };
            bytes += chunk.as_ref().len() as u64;
            if bytes > limit {
                return Err(Failure::TooLarge { object: object.clone(), limit });
            }
            self.head.push(chunk.as_ref());
            if let Err(error) = self.push(&mut reader, chunk.as_ref()).await {
                // What the file is instead may take more bytes to see than that it is no log file.
                while !self.head.is_full()
                    && let Some(Ok(Some(chunk))) = self.time.to_read(body.next()).await
                {
                    self.head.push(chunk.as_ref());
                }
                return Err(broken(error));
            }
        }
        reader.finish().map_err(broken)
    }

    /// Evaluates the records of a chunk, and publishes whenever enough matches or alerts are waiting.
    async fn push(&mut self, reader: &mut Reader, mut chunk: &[u8]) -> Result<(), LogFileError> {
        while let Some(item) = reader.next(&mut chunk)? {
            if let FileItem::Record(record) = &item
                && !std::mem::replace(&mut self.has_started, true)
                && !self.learns.load(Ordering::Relaxed)
            {
                let learn = self.decider.start_learning(self.engine.rules(), record.text).await;
                self.learns.store(learn, Ordering::Relaxed);
            }
            self.evaluate(item);
            if self.decider.is_full() {
                self.publish().await;
            } else if self.outbox.is_full() {
                self.outbox.publish(&mut self.decider, self.outcome).await;
            }
        }
        Ok(())
    }

    /// Decides about the waiting matches, publishes their alerts, and marks them as sent.
    async fn publish(&mut self) {
        let waiting = self.decider.take();
        for batch in waiting.batches() {
            let mut accepted = Vec::new();
            for due in self.decider.decide(&waiting, &batch, self.outcome).await {
                let Some(outgoing) = self.decider.outgoing(&waiting, due, self.outcome) else { continue };
                self.outbox.push(outgoing, self.outcome);
                if self.outbox.is_full() {
                    accepted.extend(self.outbox.publish(&mut self.decider, self.outcome).await);
                }
            }
            accepted.extend(self.outbox.publish(&mut self.decider, self.outcome).await);
            accepted.extend(self.outbox.store_lines(&mut self.decider, self.outcome).await);
            self.decider.mark_sent(&accepted).await;
        }
        // Without a match: what could not be read, which is not marked.
        self.outbox.publish(&mut self.decider, self.outcome).await;
        self.outbox.store_lines(&mut self.decider, self.outcome).await;
    }

    fn evaluate(&mut self, item: FileItem<'_>) {
        let records = &mut self.outcome.records;
        records.seen += 1;
        match item {
            FileItem::Record(record) => {
                records.omitted +=
                    u64::from(self.omitted.find_iter(record.text).any(|at| is_true_after(record.text, at)));
                match self.engine.evaluate(record, self.scratch) {
                    Evaluated::Record { findings, repaired } => {
                        records.evaluated += 1;
                        records.repaired += u64::from(repaired);
                        for finding in findings {
                            let audiences = self.channels.audiences(finding.rule.severity);
                            self.decider.push(&finding, &audiences, record, &mut self.outcome.matches);
                        }
                    }
                    Evaluated::Unparsable(error) => self.unparsable(record.index, &chain(&error)),
                }
            }
            FileItem::Unparsable { index, reason } => self.unparsable(index, &chain(&reason)),
        }
    }

    /// An unreadable record raises an alert of its own; since a corrupt object can have millions of them, only the
    /// first are reported one by one.
    fn unparsable(&mut self, index: u64, reason: &str) {
        self.outcome.records.unparsable += 1;
        self.unparsable += 1;
        if self.unparsable > MAX_REPORTED {
            return;
        }
        let ((bucket, key), source) = (self.origin.object().map(ObjectId::parts).unzip(), self.origin.message());
        tracing::error!(bucket, key, source, record = index, reason, "record not readable");
        self.push_unread(Unread::Record { index, reason: reason.to_owned() });
    }

    async fn finish(&mut self) {
        if let Some(count) = self.unparsable.checked_sub(MAX_REPORTED).filter(|count| *count > 0) {
            let ((bucket, key), source) = (self.origin.object().map(ObjectId::parts).unzip(), self.origin.message());
            tracing::error!(bucket, key, source, count, "more records not readable");
            self.push_unread(Unread::More { count });
        }
        self.publish().await;
        self.outbox.finish(self.outcome);
        self.decider.finish();
    }

    fn push_unread(&mut self, unread: Unread) {
        let alert = Alert::unread(unread, Some(self.origin.clone()), self.engine.accounts());
        let audiences = self.channels.audiences(alert.severity());
        self.outbox.push(OutgoingAlert { alert, audiences, ticket: None, bytes: 0, covered: Vec::new() }, self.outcome);
    }
}

/// Why a record of a payload is unreadable.
#[derive(Debug, Error)]
enum PayloadRecordError {
    #[error("it is not JSON")]
    NotJson(#[source] serde_json::Error),
    #[error(transparent)]
    LogFile(LogFileError),
}

/// Whether `"omitted":` at this byte has the value `true`, which CloudTrail writes in place of a large block.
fn is_true_after(text: &[u8], at: usize) -> bool {
    let value = text.get(at + "\"omitted\":".len()..).unwrap_or_default();
    value.trim_ascii_start().starts_with(b"true")
}

/// Whether the first keys of a file are those of a digest file, which its name does not tell.
fn is_digest(error: &LogFileError) -> bool {
    matches!(error, LogFileError::NoRecords { keys } if keys.contains("digestStartTime"))
}
