//! Messages of a topic, which hold other payloads: as SNS invokes a function with them, and as it sends them to a queue.

use aws_lambda_events::sns::{SnsMessage, SnsRecord};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    delivery::{SkipReason, Work},
    envelope::{Envelope, elements, event_source},
    error::{PartError, TriggerError},
    s3,
    shape::{Read, Shape},
    shown::shown,
};

/// The records with which SNS invokes a function: "Invoking Lambda functions with Amazon SNS notifications" in the AWS
/// Lambda Developer Guide. Records of S3 beside them are read, too.
pub(super) const RECORDS: Shape = Shape {
    fields: &["Records"],
    is: |envelope| envelope.records().into_iter().any(is_record),
    read: Read::Work(|envelope| {
        let records = elements(envelope.get("Records"), "Records").map_err(TriggerError::UnknownShape)?;
        let work = |(index, text): (usize, &RawValue)| {
            if is_record(text) {
                record(envelope, text, index).unwrap_or_else(|error| vec![Work::Malformed(error)])
            } else {
                vec![s3::work(text, index)]
            }
        };
        Ok(records.into_iter().enumerate().flat_map(work).collect())
    }),
};

/// The message that SNS sends to a queue: "Amazon SNS message and JSON formats" in the Amazon SNS Developer Guide.
pub(super) const NOTIFICATION: Shape = Shape {
    fields: &["Type", "TopicArn", "Message"],
    is: |envelope| envelope.has("Type") && envelope.has("TopicArn"),
    read: Read::Work(notification),
};

fn is_record(record: &RawValue) -> bool {
    event_source(record).as_deref() == Some("aws:sns")
}

/// A record that [`SnsRecord`] refuses, with the field that is needed here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PartialSnsRecord {
    sns: PartialSnsMessage,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PartialSnsMessage {
    message: String,
}

fn record(envelope: &Envelope<'_>, record: &RawValue, index: usize) -> Result<Vec<Work>, TriggerError> {
    let message = if let Ok(record) = serde_json::from_str::<SnsRecord>(record.get()) {
        record.sns.message
    } else {
        let partial = serde_json::from_str::<PartialSnsRecord>(record.get()).map_err(PartError::from);
        partial.map_err(|error| error.of(format!("record {index} of the SNS event")))?.sns.message
    };
    envelope.open(&message)
}

fn notification(envelope: &Envelope<'_>) -> Result<Vec<Work>, TriggerError> {
    let malformed = |error: PartError| error.of("the message of SNS");
    let kind: String = envelope.parse("Type").map_err(malformed)?;
    match kind.as_str() {
        "Notification" => {
            let message = if let Ok(message) = serde_json::from_str::<SnsMessage>(envelope.text) {
                message.message
            } else {
                envelope.parse("Message").map_err(malformed)?
            };
            envelope.open(&message)
        }
        "SubscriptionConfirmation" | "UnsubscribeConfirmation" => {
            let topic = envelope.text_of("TopicArn").unwrap_or_default();
            let what = format!("{kind} of {}", shown(&topic));
            Ok(vec![Work::Skip { what, reason: SkipReason::SubscriptionMessage }])
        }
        other => {
            let expected = "`Notification`, `SubscriptionConfirmation` or `UnsubscribeConfirmation`";
            Err(malformed(PartError::unexpected("Type", other, expected)))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::trigger::decode::KNOWN;

    const MESSAGE: &str = r#"{"s3Bucket": "logs", "s3ObjectKey": ["a"]}"#;

    #[test]
    fn a_record_without_the_fields_that_are_not_needed_is_read() {
        let partial = json!({"EventSource": "aws:sns", "Sns": {"Message": MESSAGE}});
        let refused = serde_json::from_value::<SnsRecord>(partial.clone()).unwrap_err();
        assert!(refused.to_string().starts_with("missing field"), "{refused}");
        let work =
            record(&Envelope::read("{}", 0, KNOWN).unwrap(), &serde_json::value::to_raw_value(&partial).unwrap(), 0)
                .unwrap();
        assert!(matches!(&work[..], [Work::Object(_)]), "{work:?}");
    }

    #[test]
    fn a_notification_without_the_fields_that_are_not_needed_is_read() {
        let partial = json!({"Type": "Notification", "TopicArn": "t", "Message": MESSAGE}).to_string();
        assert!(serde_json::from_str::<SnsMessage>(&partial).is_err());
        let work = notification(&Envelope::read(&partial, 0, KNOWN).unwrap()).unwrap();
        assert!(matches!(&work[..], [Work::Object(_)]), "{work:?}");
    }
}
