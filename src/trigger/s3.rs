//! S3's event notifications, and the objects that they name. Their keys are encoded.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    delivery::{SkipReason, Work},
    envelope::elements,
    error::{PartError, TriggerError},
    shape::{Read, Shape},
};
use crate::object::{ObjectId, ObjectKind, decode_form};

/// An event notification: "Event message structure" in the Amazon S3 User Guide.
pub(super) const NOTIFICATION: Shape = Shape {
    fields: &["Records"],
    is: |envelope| envelope.has("Records"),
    read: Read::Work(|envelope| {
        let records = elements(envelope.get("Records"), "Records").map_err(TriggerError::UnknownShape)?;
        Ok(records.into_iter().enumerate().map(|(index, record)| work(record, index)).collect())
    }),
};

/// The event that S3 sends when a notification is configured. It has no `Records`.
pub(super) const TEST_EVENT: Shape = Shape {
    fields: &["Event"],
    is: |envelope| envelope.text_of("Event").as_deref() == Some("s3:TestEvent"),
    read: Read::Work(|_| Ok(vec![Work::Skip { what: "s3:TestEvent".to_owned(), reason: SkipReason::TestEvent }])),
};

/// A record of a notification. The type of `aws_lambda_events` refuses records without the fields that are not needed here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct S3Record {
    event_version: Option<String>,
    event_source: String,
    event_name: String,
    s3: S3Entity,
}

#[derive(Deserialize)]
struct S3Entity {
    bucket: S3Bucket,
    object: S3Object,
}

/// A bucket in an event of S3.
#[derive(Deserialize)]
pub(super) struct S3Bucket {
    pub(super) name: String,
}

/// An object in an event of S3.
#[derive(Deserialize)]
pub(super) struct S3Object {
    pub(super) key: String,
}

/// The work of a record, or why it cannot be read.
pub(super) fn work(record: &RawValue, index: usize) -> Work {
    let work = record_work(record);
    work.unwrap_or_else(|error| Work::Malformed(error.of(format!("record {index} of the S3 event"))))
}

fn record_work(record: &RawValue) -> Result<Work, PartError> {
    let record: S3Record = serde_json::from_str(record.get())?;
    if record.event_source != "aws:s3" {
        return Err(PartError::unexpected("eventSource", &record.event_source, "`aws:s3`"));
    }
    // In another major version, the same fields can have another meaning.
    if let Some(version) = record.event_version.filter(|version| major(version) != "2") {
        return Err(PartError::unexpected("eventVersion", &version, "`2` with any minor version"));
    }
    let key = decode_form(&record.s3.object.key)?;
    // Notifications name the event without the prefix `s3:` that it has in the configuration.
    let event = record.event_name.strip_prefix("s3:").unwrap_or(&record.event_name);
    if !event.starts_with("ObjectCreated:") {
        return Ok(Work::Skip { what: format!("{event} {key}"), reason: SkipReason::NotCreated });
    }
    Ok(created(record.s3.bucket.name, key))
}

/// The major version: the part before the first dot.
pub(super) fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or_default()
}

/// The work for a new object: none, unless it holds records.
pub(super) fn created(bucket: String, key: String) -> Work {
    let object = ObjectId { bucket, key };
    match object.kind().skip() {
        Some(reason) => Work::Skip { what: object.key, reason },
        None => Work::Object(object),
    }
}

impl ObjectKind {
    /// Why objects of this kind are not read; `None` for logs.
    fn skip(self) -> Option<SkipReason> {
        match self {
            ObjectKind::Log => None,
            ObjectKind::Digest => Some(SkipReason::DigestFile),
            ObjectKind::Aggregated => Some(SkipReason::AggregatedFile),
            ObjectKind::Foreign(kind) => Some(SkipReason::Foreign(kind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::s3::S3EventRecord;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_type_of_aws_lambda_events_refuses_records_without_fields_that_are_not_needed() {
        let record = json!({"eventVersion": "2.3", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "logs"}, "object": {"key": "a"}}});
        let refused = serde_json::from_str::<S3EventRecord>(&record.to_string()).unwrap_err();
        assert!(refused.to_string().starts_with("missing field `eventTime`"), "{refused}");
        let record = serde_json::value::to_raw_value(&record).unwrap();
        assert!(matches!(work(&record, 0), Work::Object(_)));
    }
}
