//! Wrappings of other shapes: messages of SQS, publications of SNS, and one in the other.
//!
//! A message that cannot be understood is one unit that fails; the messages beside it are unharmed.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Delivery, Envelope, Sender, SkipReason, TriggerError, Unit, Work, elements, in_words, open, read, shortened,
    text_of,
};

/// Who says of a record that it is his.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Sqs,
    Sns,
}

/// SNS writes the field with a capital letter.
#[derive(Deserialize)]
struct Sourced<'a> {
    #[serde(rename = "eventSource", borrow)]
    sqs: Option<&'a RawValue>,
    #[serde(rename = "EventSource", borrow)]
    sns: Option<&'a RawValue>,
}

/// The wrapping that a record is.
pub(super) fn source(record: &RawValue) -> Option<Source> {
    let sourced: Sourced<'_> = serde_json::from_str(record.get()).ok()?;
    match (text_of(sourced.sqs).as_deref(), text_of(sourced.sns).as_deref()) {
        (Some("aws:sqs"), _) => Some(Source::Sqs),
        (_, Some("aws:sns")) => Some(Source::Sns),
        _ => None,
    }
}

/// Whether any record is a message of a queue.
pub(super) fn is_queue(envelope: &Envelope<'_>) -> bool {
    let records = elements(envelope.records).unwrap_or_default();
    records.iter().any(|record| source(record) == Some(Source::Sqs))
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "messageId", borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(rename = "eventSourceARN", borrow)]
    queue: Option<&'a RawValue>,
}

/// The messages of a queue, each a unit: "Using Lambda with Amazon SQS" in the Lambda Developer Guide.
pub(super) fn messages(envelope: &Envelope<'_>) -> Result<Delivery, TriggerError> {
    let records = elements(envelope.records)?;
    let mut is_fifo = false;
    let units = records.into_iter().enumerate().map(|(index, record)| {
        let what = || format!("message {index} of the SQS event");
        let Ok(message) = serde_json::from_str::<Message<'_>>(record.get()) else {
            let error = TriggerError::Bad { what: what(), reason: "it is no object with each field once".to_owned() };
            return Unit { id: None, work: vec![Work::Malformed(error)] };
        };
        is_fifo |= text_of(message.queue).is_some_and(|arn| arn.strip_suffix(".fifo").is_some());
        let work = match source(record) {
            Some(Source::Sqs) => read(message.body, "body", what).and_then(|body: String| open(&body, 1)),
            _ => Err(TriggerError::Bad { what: what(), reason: "its `eventSource` is not `aws:sqs`".to_owned() }),
        };
        // A queue that is told an id which is none takes the whole batch back; so does an invocation that fails.
        let id = text_of(message.id).filter(|id| !id.is_empty());
        Unit { id, work: work.unwrap_or_else(|error| vec![Work::Malformed(error)]) }
    });
    let units = units.collect();
    Ok(Delivery { sender: Sender::Queue { is_fifo }, units })
}

#[derive(Deserialize)]
struct Publication<'a> {
    #[serde(rename = "Sns", borrow)]
    sns: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Published<'a> {
    #[serde(rename = "Message", borrow)]
    message: Option<&'a RawValue>,
}

/// What SNS hands to a function: "Using AWS Lambda with Amazon SNS" in the Lambda Developer Guide.
pub(super) fn published(record: &RawValue, index: usize, wrappings: usize) -> Result<Vec<Work>, TriggerError> {
    let what = || format!("record {index} of the SNS event");
    let bad = |reason: String| TriggerError::Bad { what: what(), reason };
    let publication: Publication<'_> = serde_json::from_str(record.get()).map_err(|error| bad(in_words(&error)))?;
    let sns = publication.sns.ok_or_else(|| bad("it has no `Sns`".to_owned()))?;
    let published: Published<'_> = serde_json::from_str(sns.get()).map_err(|error| bad(in_words(&error)))?;
    let message: String = read(published.message, "Message", what)?;
    open(&message, wrappings + 1)
}

/// What SNS puts into a queue: "Parsing Amazon SNS message formats" in the SNS Developer Guide.
pub(super) fn notification(envelope: &Envelope<'_>, wrappings: usize) -> Result<Vec<Work>, TriggerError> {
    let what = || "the message of SNS".to_owned();
    let kind: String = read(envelope.kind, "Type", what)?;
    match kind.as_str() {
        "Notification" => {
            let message: String = read(envelope.message, "Message", what)?;
            open(&message, wrappings + 1)
        }
        "SubscriptionConfirmation" | "UnsubscribeConfirmation" => {
            let topic = text_of(envelope.topic_arn).unwrap_or_default();
            let what = format!("{kind} of {}", shortened(&topic));
            Ok(vec![Work::Skip { what, reason: SkipReason::SubscriptionMessage }])
        }
        other => Err(TriggerError::Bad { what: what(), reason: format!("its `Type` is `{}`", shortened(other)) }),
    }
}
