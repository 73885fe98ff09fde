//! Events of EventBridge: objects in events of S3, CloudTrail records themselves, findings of AWS's detectors, and the events of
//! a schedule. Keys are not encoded: `%2B` is three characters of the key.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    delivery::{SkipReason, Work},
    envelope::{Envelope, parse},
    error::{PartError, TriggerError},
    s3::{S3Bucket, S3Object, created, major},
    shape::{Read, Shape},
    shared_topic,
    shown::{outline, shown},
};
use crate::detector::{self, Detector};

/// An event of an event bus: "EventBridge events" in the Amazon EventBridge User Guide.
pub(super) const EVENT: Shape = Shape {
    fields: &["detail-type", "id", "source", "detail"],
    is: |envelope| envelope.has("detail-type"),
    read: Read::Work(work),
};

/// An event with the raw text of its detail: another type loses numbers and texts that it cannot hold.
type Event = EventBridgeEvent<Option<Box<RawValue>>>;

fn work(envelope: &Envelope<'_>) -> Result<Vec<Work>, TriggerError> {
    let event = event(envelope)?;
    // `AWS API Call via CloudTrail`, `AWS Console Sign In via CloudTrail`, and others.
    let is_record = event.detail_type.ends_with(" via CloudTrail");
    let is_tick = event.detail_type == "Scheduled Event";
    let skip = |reason| {
        let (kind, source) = (shown(&event.detail_type), shown(&event.source));
        Ok(vec![Work::Skip { what: format!("{} `{kind}` of `{source}`", origin(&event)), reason }])
    };
    let detector = detector::of(&event.detail_type);
    let is_of_aws = is_record || is_tick || detector.is_some() || event.detail_type.starts_with("Object ");
    if is_of_aws && !is_from_aws(&event.source) {
        return skip(SkipReason::ForgedEvent);
    }
    if is_record {
        return record(event).map(|work| vec![work]);
    }
    if let Some(detector) = detector.filter(|detector| detector.source == event.source) {
        return findings(detector, envelope.text, &origin(&event));
    }
    // A schedule of an EventBridge rule ("Creating a rule that runs on a schedule" in the Amazon EventBridge User Guide), or one
    // of EventBridge Scheduler ("Managing targets" in its user guide).
    if is_tick && ["aws.events", "aws.scheduler"].contains(&event.source.as_str()) {
        return Ok(vec![Work::Tick { origin: origin(&event) }]);
    }
    if event.source == "aws.s3" {
        let part = format!("the EventBridge event `{}` of S3", shown(&event.detail_type));
        return object(event).map(|work| vec![work]).map_err(|error| error.of(part));
    }
    // Control Tower forwards these to its topics.
    if event.source == "aws.config" {
        return Ok(vec![shared_topic::config(&event.detail_type)]);
    }
    // A pattern can ask for all events of a service.
    if is_from_aws(&event.source) && !is_tick {
        return skip(SkipReason::UnknownEvent);
    }
    let (source, kind) = (shown(&event.source), shown(&event.detail_type));
    let shape = outline(envelope.text);
    let unlike = PartError::Unlike(format!("an EventBridge event `{kind}` of `{source}`; {shape}"));
    Err(TriggerError::UnknownShape(unlike))
}

/// The records of an event of a detector. A finding that cannot be read affects no other.
fn findings(detector: &Detector, event: &str, origin: &str) -> Result<Vec<Work>, TriggerError> {
    let findings = detector::records(detector, event).map_err(|error| PartError::Finding(error).of(origin))?;
    let many = findings.len() > 1;
    let work = findings.into_iter().enumerate().map(|(at, finding)| {
        let origin = if many { format!("finding {at} of {origin}") } else { origin.to_owned() };
        match finding {
            Ok(text) => Work::Record { text, origin },
            Err(error) => Work::Malformed(PartError::Finding(error).of(origin)),
        }
    });
    Ok(work.collect())
}

fn origin(event: &Event) -> String {
    format!("EventBridge event {}", shown(event.id.as_deref().unwrap_or("without an id")))
}

/// Whether a service of AWS sent the event. A caller of `PutEvents` chooses everything else of an event, but no source
/// that begins with `aws.`: `PutEventsRequestEntry` in the Amazon EventBridge API Reference. A partner's source begins with
/// `aws.partner/`, and the partner chooses the rest of its events.
///
/// Account and region are not compared with those of the record: a sender who can choose this source can choose them, too,
/// and an event that another account's bus forwards keeps those of its origin.
fn is_from_aws(source: &str) -> bool {
    let is_part_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    source.strip_prefix("aws.").is_some_and(|service| !service.is_empty() && service.bytes().all(is_part_of_name))
}

/// The event in its type, or, if that type refuses it, with the fields that are needed here.
fn event(envelope: &Envelope<'_>) -> Result<Event, TriggerError> {
    if let Ok(event) = serde_json::from_str(envelope.text) {
        return Ok(event);
    }
    let mut event = Event::default();
    event.detail_type = envelope.parse("detail-type").map_err(|error| error.of("the EventBridge event"))?;
    event.source = envelope.text_of("source").unwrap_or_default();
    event.id = envelope.text_of("id");
    event.detail = envelope.get("detail").map(RawValue::to_owned);
    Ok(event)
}

/// The record that is the detail of an event: "AWS service events delivered via AWS CloudTrail" in the Amazon EventBridge
/// User Guide.
fn record(event: Event) -> Result<Work, TriggerError> {
    let origin = origin(&event);
    match event.detail {
        Some(detail) => Ok(Work::Record { text: Box::<str>::from(detail).into(), origin }),
        None => Err(PartError::Missing("detail").of(origin)),
    }
}

/// The detail of an event of S3: "EventBridge event message structure" in the Amazon S3 User Guide.
#[derive(Deserialize)]
struct S3Detail {
    #[serde(rename = "event-version")]
    event_version: Option<String>,
    bucket: S3Bucket,
    object: S3Object,
}

fn object(event: Event) -> Result<Work, PartError> {
    let detail: S3Detail = parse(event.detail.as_deref(), "detail")?;
    if event.detail_type != "Object Created" {
        let what = format!("{} {}", event.detail_type, detail.object.key);
        return Ok(Work::Skip { what, reason: SkipReason::NotCreated });
    }
    if let Some(version) = detail.event_version.filter(|version| major(version) != "1") {
        return Err(PartError::unexpected("event-version", &version, "`1` with any minor version"));
    }
    Ok(created(detail.bucket.name, detail.object.key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trigger::decode::KNOWN;

    fn text_of(payload: &str) -> String {
        match work(&Envelope::read(payload, 0, KNOWN).unwrap()).as_deref() {
            Ok([Work::Record { text, .. }]) => text.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_usual_type_of_aws_lambda_events_refuses_records_that_raw_text_holds() {
        let record = r#"{"eventName":"X","big":1e400,"lone":"\ud800"}"#;
        let event = |detail: &str| {
            format!(r#"{{"id":"1","detail-type":"AWS API Call via CloudTrail","source":"aws.ecr","detail":{detail}}}"#)
        };
        assert!(serde_json::from_str::<EventBridgeEvent>(&event(record)).is_err());
        assert_eq!(text_of(&event(record)), record);
        // It also loses the first of two equal keys, and the spelling of numbers.
        let record = r#"{"a":1,"a":2,"n":1.0e2}"#;
        let read: EventBridgeEvent = serde_json::from_str(&event(record)).unwrap();
        assert_eq!(read.detail.to_string(), r#"{"a":2,"n":100.0}"#);
        assert_eq!(text_of(&event(record)), record);
    }

    #[test]
    fn an_event_with_an_odd_field_that_is_not_needed_is_read() {
        let event = r#"{"detail-type":"AWS API Call via CloudTrail","source":"aws.s","time":"yesterday","detail":{}}"#;
        assert!(serde_json::from_str::<Event>(event).is_err());
        assert_eq!(text_of(event), "{}");
    }
}
