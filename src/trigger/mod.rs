//! Every shape in which work arrives: an invocation's payload becomes a [`Delivery`]; one file a family of shapes.
//!
//! A payload that is not understood is an error, never zero work; what needs no work is named, with the reason.

mod batch;
mod eventbridge;
mod logs;
mod objects;
mod wrapped;

use std::collections::BTreeMap;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};
use thiserror::Error;

use crate::{object::ObjectId, untrusted::shorten_to};

/// What one invocation has to do, in the order in which it arrived.
#[derive(Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Who delivers, and so how what must come again is told.
    pub sender: Sender,
    /// Its parts, of which there is at least one.
    pub units: Vec<Unit>,
}

impl Delivery {
    /// The objects to read.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectId> {
        self.units.iter().flat_map(|unit| &unit.work).filter_map(|work| match work {
            Work::Object(object) => Some(object),
            _ => None,
        })
    }
}

/// Who delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A service that takes no answer, such as S3 or SNS: the invocation succeeds or fails as a whole.
    Service,
    /// A queue, which is told the messages that must come again.
    Queue {
        /// Whether it keeps messages in order: then none may be done once one before it has failed.
        is_fifo: bool,
    },
    /// S3 Batch Operations, which is told what became of each task.
    Batch {
        /// The version of the payload's schema.
        schema: String,
        /// Its invocation id.
        invocation: String,
    },
}

/// What is delivered again as a whole if any of it fails.
#[derive(Debug, PartialEq, Eq)]
pub struct Unit {
    /// A queue's `messageId`, a task's `taskId`; `None` where only the whole invocation can come again.
    pub id: Option<String>,
    /// Its items, of which there is at least one.
    pub work: Vec<Work>,
}

/// One item of a delivery.
#[derive(Debug, PartialEq, Eq)]
pub enum Work {
    /// An object to read.
    Object(ObjectId),
    /// A CloudTrail record that the payload itself holds.
    Record {
        /// Its text as it was sent.
        text: String,
        /// Where it comes from, such as `EventBridge event 7bf73129-1428-4cd3-a780-95db273d1602`.
        origin: String,
    },
    /// Nothing to do, on purpose.
    Skip {
        /// What it is: a key, or the kind of message.
        what: String,
        /// Why.
        reason: SkipReason,
    },
    /// A part of the payload that could not be understood; its siblings can be.
    Malformed(TriggerError),
}

/// Why an item needs no work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// `s3:TestEvent`, which S3 sends when a notification is configured.
    TestEvent,
    /// What CloudTrail sends to a topic when it is configured.
    ValidationMessage,
    /// What CloudWatch Logs sends to see whether the function is there.
    ControlMessage,
    /// What SNS sends to a queue before it is subscribed, or when it no longer is.
    SubscriptionMessage,
    /// A digest file, which CloudTrail writes beside its logs to prove them whole.
    DigestFile,
    /// A file of `CloudTrail-Aggregated`, which sums up events and holds none.
    AggregatedFile,
    /// S3 reports something else than a new object.
    NotCreated,
}

impl SkipReason {
    /// As a word for counts and logs.
    pub fn word(self) -> &'static str {
        match self {
            SkipReason::TestEvent => "test_event",
            SkipReason::ValidationMessage => "validation_message",
            SkipReason::ControlMessage => "control_message",
            SkipReason::SubscriptionMessage => "subscription_message",
            SkipReason::DigestFile => "digest_file",
            SkipReason::AggregatedFile => "aggregated_file",
            SkipReason::NotCreated => "not_created",
        }
    }
}

/// A payload, or a part of it, that could not be understood.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TriggerError {
    /// It is no JSON.
    #[error("the payload is not JSON: {0}")]
    NotJson(String),
    /// It is JSON of no known shape.
    #[error("the payload has no known shape: {0}")]
    UnknownShape(String),
    /// It says what it is, and is not so.
    #[error("{what} cannot be read: {reason}")]
    Bad {
        /// Such as `record 0 of the S3 event`.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Understands a payload by looking at it.
pub fn decode(payload: &[u8]) -> Result<Delivery, TriggerError> {
    let text = str::from_utf8(payload).map_err(|error| TriggerError::NotJson(error.to_string()))?;
    let envelope = Envelope::read(text)?;
    if envelope.invocation_schema_version.is_some() || envelope.tasks.is_some() {
        return batch::tasks(&envelope);
    }
    if wrapped::is_queue(&envelope) {
        return wrapped::messages(&envelope);
    }
    Ok(Delivery { sender: Sender::Service, units: vec![Unit { id: None, work: work(&envelope, text, 0)? }] })
}

/// How many wrappings lie round each other at most; in life there are two, SQS and SNS.
const MAX_WRAPPINGS: usize = 5;

/// The work that a text stands for which came out of `wrappings` others.
fn open(text: &str, wrappings: usize) -> Result<Vec<Work>, TriggerError> {
    if wrappings > MAX_WRAPPINGS {
        return Err(TriggerError::UnknownShape(format!("it lies in more than {MAX_WRAPPINGS} wrappings")));
    }
    if text == objects::VALIDATION_MESSAGE {
        let what = "validation message of CloudTrail".to_owned();
        return Ok(vec![Work::Skip { what, reason: SkipReason::ValidationMessage }]);
    }
    work(&Envelope::read(text)?, text, wrappings)
}

fn work(envelope: &Envelope<'_>, text: &str, wrappings: usize) -> Result<Vec<Work>, TriggerError> {
    if let Some(data) = envelope.awslogs {
        logs::records(data)
    } else if envelope.records.is_some() {
        let records = elements(envelope.records)?;
        let record = |(index, record): (usize, &RawValue)| {
            if wrapped::source(record) == Some(wrapped::Source::Sns) {
                let opened = wrapped::published(record, index, wrappings);
                return opened.unwrap_or_else(|error| vec![Work::Malformed(error)]);
            }
            vec![objects::s3_record(record, index).unwrap_or_else(Work::Malformed)]
        };
        Ok(records.into_iter().enumerate().flat_map(record).collect())
    } else if objects::is_test_event(envelope) {
        Ok(vec![Work::Skip { what: "s3:TestEvent".to_owned(), reason: SkipReason::TestEvent }])
    } else if let Some(kind) = envelope.detail_type {
        eventbridge::event(envelope, kind, text)
    } else if envelope.kind.is_some() && envelope.topic_arn.is_some() {
        wrapped::notification(envelope, wrappings)
    } else if envelope.s3_bucket.is_some() && envelope.s3_object_key.is_some() {
        objects::cloudtrail_message(envelope)
    } else {
        Err(TriggerError::UnknownShape(outline(text)))
    }
}

/// What tells the shapes apart, still unread; all other fields are nobody's business here.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "Records", borrow)]
    records: Option<&'a RawValue>,
    #[serde(rename = "Event", borrow)]
    event: Option<&'a RawValue>,
    #[serde(rename = "Type", borrow)]
    kind: Option<&'a RawValue>,
    #[serde(rename = "TopicArn", borrow)]
    topic_arn: Option<&'a RawValue>,
    #[serde(rename = "Message", borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    #[serde(rename = "detail-type", borrow)]
    detail_type: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(borrow)]
    awslogs: Option<&'a RawValue>,
    #[serde(rename = "s3Bucket", borrow)]
    s3_bucket: Option<&'a RawValue>,
    #[serde(rename = "s3ObjectKey", borrow)]
    s3_object_key: Option<&'a RawValue>,
    #[serde(rename = "invocationSchemaVersion", borrow)]
    invocation_schema_version: Option<&'a RawValue>,
    #[serde(rename = "invocationId", borrow)]
    invocation_id: Option<&'a RawValue>,
    #[serde(borrow)]
    tasks: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// The envelope that a text is. A field that is there twice could hide work, and is an error.
    fn read(text: &'a str) -> Result<Self, TriggerError> {
        if let Err(error) = serde_json::from_str::<&RawValue>(text) {
            return Err(TriggerError::NotJson(error.to_string()));
        }
        if !text.trim_start().starts_with('{') {
            return Err(TriggerError::UnknownShape(outline(text)));
        }
        serde_json::from_str(text).map_err(|error| TriggerError::UnknownShape(in_words(&error)))
    }
}

/// The elements of `Records`, of which there is at least one.
fn elements(records: Option<&RawValue>) -> Result<Vec<&RawValue>, TriggerError> {
    let unknown = |reason: &str| TriggerError::UnknownShape(reason.to_owned());
    let list: Option<Vec<&RawValue>> = records.and_then(|records| serde_json::from_str(records.get()).ok());
    let list = list.ok_or_else(|| unknown("its `Records` are no list"))?;
    if list.is_empty() { Err(unknown("its `Records` are empty")) } else { Ok(list) }
}

/// The value that a piece of a payload is; where it is another or is missing, `what` cannot be read.
fn read<T: DeserializeOwned>(
    piece: Option<&RawValue>,
    field: &str,
    what: impl Fn() -> String,
) -> Result<T, TriggerError> {
    let bad = |reason| TriggerError::Bad { what: what(), reason };
    let piece = piece.ok_or_else(|| bad(format!("it has no `{field}`")))?;
    serde_json::from_str(piece.get()).map_err(|error| bad(format!("`{field}`: {}", in_words(&error))))
}

/// A text, if it is there and is one.
fn text_of(piece: Option<&RawValue>) -> Option<String> {
    piece.and_then(|piece| serde_json::from_str(piece.get()).ok())
}

/// What is wrong with a piece of a payload; its line and column are of the piece, and would mislead.
fn in_words(error: &serde_json::Error) -> String {
    shortened(error.to_string().split(" at line ").next().unwrap_or_default())
}

/// Text of a payload as it can be shown: without control characters, and no more than is needed to know it by.
fn shortened(text: &str) -> String {
    shorten_to(text, 100).escape_debug().to_string()
}

/// What a payload looks like, for a person who wonders what was sent.
fn outline(text: &str) -> String {
    if let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) {
        if fields.is_empty() {
            return "it is an empty object".to_owned();
        }
        let keys: Vec<String> = fields.keys().take(5).map(|key| format!("`{}`", shortened(key))).collect();
        return format!("its keys are {}{}", keys.join(", "), if fields.len() > 5 { ", …" } else { "" });
    }
    let kind = match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(_)) => "a list",
        Ok(Value::String(_)) => "a string",
        Ok(Value::Number(_)) => "a number",
        Ok(Value::Bool(_)) => "a boolean",
        Ok(Value::Null) => "null",
        Ok(Value::Object(_)) | Err(_) => "JSON that cannot be read",
    };
    format!("it is {kind}")
}
