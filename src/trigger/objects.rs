//! Shapes that name objects: S3's event notification, its test event, and the message of CloudTrail's own topic.
//!
//! S3's notification encodes keys, CloudTrail's message does not.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Envelope, SkipReason, TriggerError, Work, in_words, read, shortened, text_of};

use crate::object::{ObjectId, ObjectKind, decode_form};

/// What CloudTrail publishes when a topic is set on a trail: text, and no JSON.
pub(super) const VALIDATION_MESSAGE: &str = "CloudTrail validation message.";

/// The few fields of a record that matter; all others may be missing.
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

/// A bucket in what S3 says of an object.
#[derive(Deserialize)]
pub(super) struct S3Bucket {
    pub(super) name: String,
}

/// An object in what S3 says of it.
#[derive(Deserialize)]
pub(super) struct S3Object {
    pub(super) key: String,
}

/// A record of an event notification: "Event message structure" in the Amazon S3 User Guide.
pub(super) fn s3_record(record: &RawValue, index: usize) -> Result<Work, TriggerError> {
    let what = || format!("record {index} of the S3 event");
    let bad = |reason: String| TriggerError::Bad { what: what(), reason };
    let record: S3Record = serde_json::from_str(record.get()).map_err(|error| bad(in_words(&error)))?;
    if record.event_source != "aws:s3" {
        return Err(bad(format!("its `eventSource` is `{}`, not `aws:s3`", shortened(&record.event_source))));
    }
    // A new major version may say other things in the same words.
    if let Some(version) = record.event_version.filter(|version| major(version) != "2") {
        return Err(bad(format!("its `eventVersion` is `{}`; only `2` with any minor is known", shortened(&version))));
    }
    let key = decode_form(&record.s3.object.key).map_err(|error| bad(error.to_string()))?;
    // Notifications name the event without the `s3:` of the configuration.
    let event = record.event_name.strip_prefix("s3:").unwrap_or(&record.event_name);
    if !event.starts_with("ObjectCreated:") {
        return Ok(Work::Skip { what: format!("{event} {key}"), reason: SkipReason::NotCreated });
    }
    Ok(created(record.s3.bucket.name, key))
}

/// The work that a new object makes: none, unless it holds records.
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
        }
    }
}

/// The part of a version before its first dot.
pub(super) fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or_default()
}

/// What S3 sends when a notification is configured, without `Records`.
pub(super) fn is_test_event(envelope: &Envelope<'_>) -> bool {
    text_of(envelope.event).as_deref() == Some("s3:TestEvent")
}

/// The objects that CloudTrail's own message names: "Configuring Amazon SNS notifications for CloudTrail" in the
/// CloudTrail User Guide.
pub(super) fn cloudtrail_message(envelope: &Envelope<'_>) -> Result<Vec<Work>, TriggerError> {
    let what = || "the message of CloudTrail".to_owned();
    let bucket: String = read(envelope.s3_bucket, "s3Bucket", what)?;
    let keys: Vec<String> = read(envelope.s3_object_key, "s3ObjectKey", what)?;
    if keys.is_empty() {
        return Err(TriggerError::Bad { what: what(), reason: "its `s3ObjectKey` is empty".to_owned() });
    }
    Ok(keys.into_iter().map(|key| created(bucket.clone(), key)).collect())
}
