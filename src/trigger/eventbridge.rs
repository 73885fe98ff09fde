//! Events of EventBridge: objects that S3 speaks of, and records of CloudTrail themselves.
//!
//! Keys stand in them as they are: a `%2B` is three characters of the key.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Envelope, SkipReason, TriggerError, Work,
    objects::{S3Bucket, S3Object, created, major},
    outline, read, shortened, text_of,
};

/// The work of an event of this `detail-type`.
pub(super) fn event(envelope: &Envelope<'_>, kind: &RawValue, text: &str) -> Result<Vec<Work>, TriggerError> {
    let kind: String = read(Some(kind), "detail-type", || "the EventBridge event".to_owned())?;
    let source = text_of(envelope.source).unwrap_or_default();
    // `AWS API Call via CloudTrail`, `AWS Console Sign In via CloudTrail`, and others that end so.
    if kind.ends_with(" via CloudTrail") {
        return record(envelope).map(|work| vec![work]);
    }
    if source == "aws.s3" {
        return s3(envelope, &kind).map(|work| vec![work]);
    }
    let (source, kind) = (shortened(&source), shortened(&kind));
    let shape = outline(text);
    Err(TriggerError::UnknownShape(format!("an EventBridge event `{kind}` of `{source}`; {shape}")))
}

/// "Events from AWS services delivered via CloudTrail" in the EventBridge User Guide: `detail` is the record.
fn record(envelope: &Envelope<'_>) -> Result<Work, TriggerError> {
    let id = text_of(envelope.id).unwrap_or_else(|| "without an id".to_owned());
    let origin = format!("EventBridge event {}", shortened(&id));
    match envelope.detail {
        Some(detail) => Ok(Work::Record { text: detail.get().to_owned(), origin }),
        None => Err(TriggerError::Bad { what: origin, reason: "it has no `detail`".to_owned() }),
    }
}

#[derive(Deserialize)]
struct Detail {
    #[serde(rename = "event-version")]
    event_version: Option<String>,
    bucket: S3Bucket,
    object: S3Object,
}

/// "EventBridge event message structure" in the Amazon S3 User Guide.
fn s3(envelope: &Envelope<'_>, kind: &str) -> Result<Work, TriggerError> {
    let what = || format!("the EventBridge event `{}` of S3", shortened(kind));
    let detail: Detail = read(envelope.detail, "detail", what)?;
    if kind != "Object Created" {
        return Ok(Work::Skip { what: format!("{kind} {}", detail.object.key), reason: SkipReason::NotCreated });
    }
    if let Some(version) = detail.event_version.filter(|version| major(version) != "1") {
        let reason = format!("its `event-version` is `{}`; only `1` with any minor is known", shortened(&version));
        return Err(TriggerError::Bad { what: what(), reason });
    }
    Ok(created(detail.bucket.name, detail.object.key))
}
