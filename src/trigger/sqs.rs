//! Messages of a queue, which hold other payloads.
//!
//! A message that cannot be read is one unit that fails; the other messages are not affected.

use std::collections::HashMap;

use aws_lambda_events::sqs::SqsMessage;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    delivery::{Delivery, QueuedMessage, Sender, Unit, Work},
    envelope::{Envelope, MAX_PARTS, elements, event_source, text_of},
    error::{PartError, TriggerError},
    shape::{Read, Shape},
};

/// The messages of a queue, each a unit: "Using Lambda with Amazon SQS" in the AWS Lambda Developer Guide.
pub(super) const MESSAGES: Shape = Shape {
    fields: &["Records"],
    is: |envelope| envelope.records().into_iter().any(is_message),
    read: Read::Delivery(messages),
};

fn is_message(record: &RawValue) -> bool {
    event_source(record).as_deref() == Some("aws:sqs")
}

/// Reads the messages one by one: as a whole, the event type of `aws_lambda_events` refuses all of them for an odd one.
fn messages(envelope: &Envelope<'_>) -> Result<Delivery, TriggerError> {
    let records = elements(envelope.get("Records"), "Records").map_err(TriggerError::UnknownShape)?;
    let (mut is_fifo, mut is_redelivered, mut parts) = (false, false, 0);
    let units = records.into_iter().enumerate().map(|(index, record)| {
        let malformed = |error: PartError| error.of(format!("message {index} of the SQS event"));
        let Some(message) = message(record) else {
            return Unit { id: None, message: None, work: vec![Work::Malformed(malformed(PartError::NotMessage))] };
        };
        is_redelivered |= deliveries(&message) > 1;
        is_fifo |= message.event_source_arn.as_ref().is_some_and(|arn| arn.strip_suffix(".fifo").is_some());
        let queued = queued(&message);
        let work = match (message.event_source.as_deref(), message.body) {
            (Some("aws:sqs"), Some(body)) => envelope.open(&body),
            (Some("aws:sqs"), None) => Err(malformed(PartError::Missing("body"))),
            (source, _) => {
                Err(malformed(PartError::unexpected("eventSource", source.unwrap_or_default(), "`aws:sqs`")))
            }
        };
        // A queue delivers the whole batch again if the answer has an id that is not of the batch, and if the invocation
        // fails.
        let id = message.message_id.filter(|id| !id.is_empty());
        parts += work.as_ref().map_or(1, Vec::len);
        let work = if parts > 2 * MAX_PARTS { Err(malformed(PartError::TooMany(2 * MAX_PARTS))) } else { work };
        Unit { id, message: queued, work: work.unwrap_or_else(|error| vec![Work::Malformed(error)]) }
    });
    let units = units.collect();
    Ok(Delivery { sender: Sender::Queue { is_fifo }, is_redelivered, units })
}

/// How many times the queue has delivered a message: "`ReceiveMessage`" in the Amazon SQS API Reference.
fn deliveries(message: &SqsMessage) -> u32 {
    let count = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    count.unwrap_or(1)
}

fn queued(message: &SqsMessage) -> Option<QueuedMessage> {
    let (queue_arn, receipt) = (message.event_source_arn.clone()?, message.receipt_handle.clone()?);
    Some(QueuedMessage { queue_arn, receipt, deliveries: deliveries(message) })
}

/// A message that [`SqsMessage`] refuses, with the fields that are needed here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartialSqsMessage<'a> {
    #[serde(borrow)]
    message_id: Option<&'a RawValue>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(borrow)]
    attributes: Option<&'a RawValue>,
    #[serde(borrow)]
    receipt_handle: Option<&'a RawValue>,
    #[serde(borrow)]
    event_source: Option<&'a RawValue>,
    #[serde(rename = "eventSourceARN", borrow)]
    event_source_arn: Option<&'a RawValue>,
}

fn message(record: &RawValue) -> Option<SqsMessage> {
    if let Ok(message) = serde_json::from_str(record.get()) {
        return Some(message);
    }
    let partial: PartialSqsMessage<'_> = serde_json::from_str(record.get()).ok()?;
    let mut message = SqsMessage::default();
    message.message_id = text_of(partial.message_id);
    message.body = text_of(partial.body);
    let attributes = partial.attributes.and_then(|value| serde_json::from_str(value.get()).ok());
    let attributes: HashMap<String, &RawValue> = attributes.unwrap_or_default();
    message.attributes =
        attributes.into_iter().filter_map(|(name, value)| Some((name, text_of(Some(value))?))).collect();
    message.receipt_handle = text_of(partial.receipt_handle);
    message.event_source = text_of(partial.event_source);
    message.event_source_arn = text_of(partial.event_source_arn);
    Some(message)
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::sqs::SqsEvent;
    use serde_json::{Value, json};

    use super::*;
    use crate::trigger::decode::KNOWN;

    fn payload(odd: Value) -> String {
        let body = json!({"s3Bucket": "logs", "s3ObjectKey": ["a"]}).to_string();
        let good = json!({"messageId": "good", "body": body, "eventSource": "aws:sqs"});
        json!({"Records": [good, odd, good]}).to_string()
    }

    fn ids(payload: &str) -> Vec<(Option<String>, bool)> {
        let units = messages(&Envelope::read(payload, 0, KNOWN).unwrap()).unwrap().units;
        units.into_iter().map(|unit| (unit.id, matches!(&unit.work[..], [Work::Object(_)]))).collect()
    }

    #[test]
    fn an_odd_message_for_which_aws_lambda_events_refuses_the_batch_affects_no_other() {
        let good = (Some("good".to_owned()), true);
        for odd in [json!(5), json!(null), json!({"messageId": 5, "body": {}, "eventSource": "aws:sqs"})] {
            let payload = payload(odd);
            assert!(serde_json::from_str::<SqsEvent>(&payload).is_err(), "{payload}");
            assert_eq!(ids(&payload), [good.clone(), (None, false), good.clone()], "{payload}");
        }
    }

    #[test]
    fn a_message_with_an_odd_field_that_is_not_needed_is_read() {
        let body = json!({"s3Bucket": "logs", "s3ObjectKey": ["a"]}).to_string();
        let odd =
            json!({"messageId": "odd", "body": body, "eventSource": "aws:sqs", "attributes": {"SentTimestamp": 1}});
        assert!(serde_json::from_value::<SqsMessage>(odd.clone()).is_err());
        assert_eq!(ids(&payload(odd))[1], (Some("odd".to_owned()), true));
    }

    #[test]
    fn a_message_that_came_before_is_noticed_beside_odd_fields_too() {
        for (attributes, expected) in [
            (json!({"ApproximateReceiveCount": "1"}), false),
            (json!({"ApproximateReceiveCount": "2"}), true),
            (json!({"ApproximateReceiveCount": "12", "SentTimestamp": 1}), true),
            (json!({"ApproximateReceiveCount": "often"}), false),
            (json!({}), false),
            (json!(null), false),
            (json!(5), false),
        ] {
            let odd = json!({"messageId": "a", "body": "{}", "eventSource": "aws:sqs", "attributes": attributes});
            let payload = payload(odd);
            let delivery = messages(&Envelope::read(&payload, 0, KNOWN).unwrap()).unwrap();
            assert_eq!(delivery.is_redelivered, expected, "{payload}");
        }
    }
}
