//! One invocation: decode → fetch → evaluate → publish, and what must come again.
//!
//! Alerts are published before the invocation ends, and a failure of one object or one message stops no other; the
//! [`Outcome`] holds every failure, so that nothing is acknowledged that was not done.

use std::{collections::BTreeMap, future::Future};

use thiserror::Error;

use crate::{
    alert::{Alert, Message, Origin, Rendering, render},
    engine::{Engine, Evaluated, Scratch},
    log_file::{Item, Limits, LogFileError, Reader, Shape},
    trigger::{self, ObjectId, SkipReason, TriggerError, Work},
};

/// The port to S3.
pub trait Objects: Sync {
    /// An object that is being read.
    type Body: Body;

    /// Begins to read an object.
    fn get(&self, object: &ObjectId) -> impl Future<Output = Result<Self::Body, FetchError>> + Send;
}

/// The bytes of an object, chunk by chunk.
pub trait Body: Send {
    /// Some bytes.
    type Chunk: AsRef<[u8]> + Send;

    /// The next bytes; `None` at the end.
    fn next(&mut self) -> impl Future<Output = Result<Option<Self::Chunk>, FetchError>> + Send;
}

/// The port to SNS.
pub trait Channel: Sync {
    /// The most messages that one call takes.
    const BATCH: usize = 10;

    /// Sends messages, at most [`Channel::BATCH`]; the answers stand in the order of the messages.
    fn publish(&self, messages: &[Message]) -> impl Future<Output = Vec<Result<(), PublishError>>> + Send;
}

/// Why an object could not be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct FetchError(pub String);

/// Why a message was not accepted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{channel}: {reason}")]
pub struct PublishError {
    /// Where it should have gone, such as the ARN of a topic.
    pub channel: String,
    /// What the channel says.
    pub reason: String,
}

/// What came of an invocation, in counts, and all that failed.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Objects that were read to their end.
    pub processed: u64,
    /// Items that needed no work, by reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// Records that were evaluated, repaired ones among them.
    pub evaluated: u64,
    /// Records whose text had to be mended before they could be evaluated.
    pub repaired: u64,
    /// Records that could not be read.
    pub unparsable: u64,
    /// Rules that matched records, suppressed matches among them.
    pub matches: u64,
    /// Matches that raise no alert, by the id of their rule.
    pub suppressed: BTreeMap<String, u64>,
    /// Alerts that the channel accepted.
    pub alerted: u64,
    /// How many things failed.
    pub failed: u64,
    /// What must come again: of every object the first of its failures, and one that counts the others.
    pub failures: Vec<Failure>,
}

/// Something that was not done.
#[derive(Debug, Error)]
pub enum Failure {
    /// A part of the payload was not understood.
    #[error(transparent)]
    Trigger(#[from] TriggerError),
    /// An object could not be fetched.
    #[error("s3://{}/{}: {error}", object.bucket, object.key)]
    Fetch {
        /// Which.
        object: ObjectId,
        /// Why.
        #[source]
        error: FetchError,
    },
    /// An object was fetched, but is no whole log file.
    #[error("s3://{}/{}: {error}", object.bucket, object.key)]
    LogFile {
        /// Which.
        object: ObjectId,
        /// Why.
        #[source]
        error: LogFileError,
    },
    /// A record could not be read.
    #[error("s3://{}/{}: record {index}: {reason}", object.bucket, object.key)]
    Record {
        /// The object that holds it.
        object: ObjectId,
        /// Its place in the object, from 0.
        index: u64,
        /// Why.
        reason: String,
    },
    /// More parts of the payload were not understood than are worth a line each.
    #[error("{count} more records of the S3 event cannot be read")]
    MoreOfPayload {
        /// How many.
        count: u64,
    },
    /// More records or alerts of an object failed than are worth a line each.
    #[error("s3://{}/{}: {count} more records or alerts failed", object.bucket, object.key)]
    More {
        /// Which object.
        object: ObjectId,
        /// How many.
        count: u64,
    },
    /// An alert was not accepted.
    #[error("alert {id} from s3://{}/{}: {error}", object.bucket, object.key)]
    Publish {
        /// The object that the alert is about.
        object: ObjectId,
        /// The alert's id.
        id: String,
        /// Why.
        #[source]
        error: PublishError,
    },
}

impl Failure {
    fn log(&self) {
        let reason = match std::error::Error::source(self) {
            Some(source) => source.to_string(),
            None => self.to_string(),
        };
        match self {
            Failure::Trigger(_) | Failure::MoreOfPayload { .. } => tracing::error!(reason, "payload not understood"),
            Failure::Fetch { object, .. } => {
                tracing::error!(bucket = object.bucket, key = object.key, reason, "object not fetched");
            }
            Failure::LogFile { object, .. } => {
                tracing::error!(bucket = object.bucket, key = object.key, reason, "object not readable");
            }
            Failure::Record { object, index, reason } => {
                tracing::error!(
                    bucket = object.bucket,
                    key = object.key,
                    record = index,
                    reason,
                    "record not readable"
                );
            }
            Failure::More { object, count } => {
                tracing::error!(
                    bucket = object.bucket,
                    key = object.key,
                    count,
                    reason,
                    "more records or alerts failed"
                );
            }
            Failure::Publish { object, id, error } => {
                let (bucket, key, topic) = (&object.bucket, &object.key, &error.channel);
                tracing::error!(bucket, key, alert = id, topic, reason = error.reason, "alert not published");
            }
        }
    }
}

/// Handles one invocation to its end. What fails is in the outcome, and nothing else is held up by it.
pub async fn handle(
    engine: &Engine,
    objects: &impl Objects,
    channel: &impl Channel,
    limits: Limits,
    payload: &[u8],
) -> Outcome {
    let (mut outcome, mut scratch, mut malformed) = (Outcome::default(), Scratch::default(), 0);
    match trigger::decode(payload) {
        Ok(delivery) => {
            for work in delivery.work {
                match work {
                    Work::Object(object) => {
                        let mut run = Run {
                            engine,
                            channel,
                            object,
                            scratch: &mut scratch,
                            pending: Vec::new(),
                            failed: 0,
                            outcome: &mut outcome,
                        };
                        run.read(objects, limits).await;
                    }
                    Work::Skip { what, reason } => outcome.skip(&what, reason),
                    Work::Malformed(error) => {
                        malformed += 1;
                        if malformed <= MAX_FAILURES {
                            outcome.fail(error.into());
                        }
                    }
                }
            }
            if malformed > MAX_FAILURES {
                outcome.fail(Failure::MoreOfPayload { count: malformed - MAX_FAILURES });
            }
        }
        Err(error) => outcome.fail(error.into()),
    }
    tracing::info!(
        processed = outcome.processed,
        skipped = outcome.skipped.values().sum::<u64>(),
        evaluated = outcome.evaluated,
        repaired = outcome.repaired,
        unparsable = outcome.unparsable,
        matches = outcome.matches,
        suppressed = outcome.suppressed.values().sum::<u64>(),
        alerted = outcome.alerted,
        failed = outcome.failed,
        "done"
    );
    outcome
}

impl Outcome {
    /// The counts, as JSON.
    pub fn summary(&self) -> serde_json::Value {
        serde_json::json!({
            "processed": self.processed, "skipped": self.skipped,
            "evaluated": self.evaluated, "repaired": self.repaired, "unparsable": self.unparsable,
            "matches": self.matches, "suppressed": self.suppressed, "alerted": self.alerted, "failed": self.failed,
        })
    }

    /// Keeps a failure, and says it at once: an operator must see it also if the invocation never ends.
    fn fail(&mut self, failure: Failure) {
        failure.log();
        self.failed += match failure {
            Failure::More { count, .. } | Failure::MoreOfPayload { count } => count,
            _ => 1,
        };
        self.failures.push(failure);
    }

    fn skip(&mut self, what: &str, reason: SkipReason) {
        tracing::info!(what, reason = reason.word(), "skipped");
        *self.skipped.entry(reason.word()).or_default() += 1;
    }
}

/// One object on its way through the engine.
struct Run<'a, C> {
    engine: &'a Engine,
    channel: &'a C,
    object: ObjectId,
    scratch: &'a mut Scratch,
    pending: Vec<Message>,
    /// How many of its records and alerts have failed.
    failed: u64,
    outcome: &'a mut Outcome,
}

/// How many failed records and alerts of an object, and how many bad records of a payload, get a line each.
const MAX_FAILURES: u64 = 20;

impl<C: Channel> Run<'_, C> {
    async fn read(&mut self, objects: &impl Objects, limits: Limits) {
        let read = self.stream(objects, limits).await;
        // Whatever happened to the object: what was found in it is published.
        self.publish().await;
        if self.failed > MAX_FAILURES {
            self.outcome.fail(Failure::More { object: self.object.clone(), count: self.failed - MAX_FAILURES });
        }
        match read {
            Ok(()) => self.outcome.processed += 1,
            Err(failure) => self.outcome.fail(failure),
        }
    }

    async fn stream(&mut self, objects: &impl Objects, limits: Limits) -> Result<(), Failure> {
        let object = self.object.clone();
        let fetch = |error| Failure::Fetch { object: object.clone(), error };
        let broken = |error| Failure::LogFile { object: object.clone(), error };
        let mut body = objects.get(&object).await.map_err(fetch)?;
        let mut reader = Reader::new(Shape::LogFile, limits);
        while let Some(chunk) = body.next().await.map_err(fetch)? {
            let mut input = chunk.as_ref();
            while let Some(item) = reader.next(&mut input).map_err(broken)? {
                self.evaluate(item);
                if self.pending.len() >= C::BATCH {
                    self.publish().await;
                }
            }
        }
        reader.finish().map_err(broken)
    }

    fn evaluate(&mut self, item: Item<'_>) {
        let (index, reason) = match item {
            Item::Record(record) => match self.engine.evaluate(record, self.scratch) {
                Evaluated::Record { findings, repaired } => {
                    self.outcome.evaluated += 1;
                    self.outcome.repaired += u64::from(repaired);
                    self.outcome.matches += findings.len() as u64;
                    let origin = Origin { bucket: self.object.bucket.clone(), key: self.object.key.clone() };
                    let (suppressed, findings): (Vec<_>, Vec<_>) =
                        findings.into_iter().partition(|finding| finding.suppressed);
                    for finding in suppressed {
                        *self.outcome.suppressed.entry(finding.rule.id.clone()).or_default() += 1;
                    }
                    let accounts = self.engine.accounts();
                    let alerts =
                        findings.into_iter().map(|finding| Alert::new(finding, Some(origin.clone()), accounts));
                    self.pending.extend(alerts.map(|alert| render(Rendering::Text, &alert)));
                    return;
                }
                Evaluated::Unparsable(reason) => (record.index, reason),
            },
            Item::Unparsable { index, reason } => (index, reason.to_string()),
        };
        self.outcome.unparsable += 1;
        self.fail(Failure::Record { object: self.object.clone(), index, reason });
    }

    /// A broken object can have millions of broken records: the first are told one by one, the others are counted.
    fn fail(&mut self, failure: Failure) {
        self.failed += 1;
        if self.failed <= MAX_FAILURES {
            self.outcome.fail(failure);
        }
    }

    async fn publish(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        for batch in pending.chunks(C::BATCH) {
            let answers = self.channel.publish(batch).await;
            let answers = answers.into_iter().map(Some).chain(std::iter::repeat_with(|| None));
            for (message, answer) in batch.iter().zip(answers) {
                let error = match answer {
                    Some(Ok(())) => {
                        self.outcome.alerted += 1;
                        continue;
                    }
                    Some(Err(error)) => error,
                    None => PublishError { channel: "the channel".to_owned(), reason: "it gave no answer".to_owned() },
                };
                let (object, id) = (self.object.clone(), message.id.clone());
                self.fail(Failure::Publish { object, id, error });
            }
        }
    }
}
