//! Every shape in which work arrives: an invocation's payload becomes a [`Delivery`].
//!
//! A payload that is not understood is an error, never zero work; what needs no work is named, with the reason.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// What one invocation has to do, in the order in which it arrived.
#[derive(Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its items.
    pub work: Vec<Work>,
}

/// One item of a delivery.
#[derive(Debug, PartialEq, Eq)]
pub enum Work {
    /// An object to read.
    Object(ObjectId),
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

/// An object in S3.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectId {
    /// The bucket's name.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
}

/// Why an item needs no work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// `s3:TestEvent`, which S3 sends when a notification is configured.
    TestEvent,
    /// A digest file, which CloudTrail writes beside its logs to prove them whole.
    DigestFile,
    /// S3 reports something else than a new object.
    NotCreated,
}

impl SkipReason {
    /// As a word for counts and logs.
    pub fn word(self) -> &'static str {
        match self {
            SkipReason::TestEvent => "test_event",
            SkipReason::DigestFile => "digest_file",
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
    #[error("the payload is no S3 event: {0}")]
    UnknownShape(String),
    /// One of its records is not what S3 sends.
    #[error("record {index} of the S3 event cannot be read: {reason}")]
    BadRecord {
        /// Its place in the event, from 0.
        index: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// Understands a payload.
///
/// Its shape is that of an S3 event notification ("Event message structure" in the Amazon S3 User Guide).
pub fn decode(payload: &[u8]) -> Result<Delivery, TriggerError> {
    let payload: Value = serde_json::from_slice(payload).map_err(|error| TriggerError::NotJson(error.to_string()))?;
    if payload["Event"] == "s3:TestEvent" && payload.get("Records").is_none() {
        let what = "s3:TestEvent".to_owned();
        return Ok(Delivery { work: vec![Work::Skip { what, reason: SkipReason::TestEvent }] });
    }
    match payload.get("Records").and_then(Value::as_array) {
        Some(records) if !records.is_empty() => {
            Ok(Delivery { work: records.iter().enumerate().map(|(index, record)| s3_record(index, record)).collect() })
        }
        Some(_) => Err(TriggerError::UnknownShape("its `Records` are empty".to_owned())),
        None if payload.get("Records").is_some() => {
            Err(TriggerError::UnknownShape("its `Records` are no list".to_owned()))
        }
        None => Err(TriggerError::UnknownShape(outline(&payload))),
    }
}

/// The few fields of a record that matter; all others may be missing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct S3Record {
    event_source: String,
    event_name: String,
    s3: S3Entity,
}

#[derive(Deserialize)]
struct S3Entity {
    bucket: S3Bucket,
    object: S3Object,
}

#[derive(Deserialize)]
struct S3Bucket {
    name: String,
}

#[derive(Deserialize)]
struct S3Object {
    key: String,
}

fn s3_record(index: usize, record: &Value) -> Work {
    let bad = |reason: String| Work::Malformed(TriggerError::BadRecord { index, reason });
    let record = match S3Record::deserialize(record) {
        Ok(record) => record,
        Err(error) => return bad(shortened(&error.to_string())),
    };
    if record.event_source != "aws:s3" {
        return bad(format!("its `eventSource` is `{}`, not `aws:s3`", shortened(&record.event_source)));
    }
    let Some(key) = decode_form(&record.s3.object.key) else {
        return bad("its key does not decode to UTF-8".to_owned());
    };
    // Notifications name the event without the `s3:` of the configuration.
    let event = record.event_name.strip_prefix("s3:").unwrap_or(&record.event_name);
    if !event.starts_with("ObjectCreated:") {
        return Work::Skip { what: format!("{event} {key}"), reason: SkipReason::NotCreated };
    }
    if is_digest(&key) {
        return Work::Skip { what: key, reason: SkipReason::DigestFile };
    }
    Work::Object(ObjectId { bucket: record.s3.bucket.name, key })
}

/// S3 encodes keys as HTML forms do: a blank is `+`, other characters are percent-encoded UTF-8.
fn decode_form(key: &str) -> Option<String> {
    let blanks = key.replace('+', " ");
    percent_decode_str(&blanks).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Whether a component of the path says so; a trail or a prefix may have the word in its name.
pub fn is_digest(key: &str) -> bool {
    key.rsplit('/').skip(1).any(|component| component == "CloudTrail-Digest")
}

/// Text of a payload as it can be shown: without control characters, and no more than is needed to know it by.
fn shortened(text: &str) -> String {
    text.chars().take(100).flat_map(char::escape_debug).collect()
}

/// What a payload looks like, for a person who wonders what was sent.
fn outline(payload: &Value) -> String {
    match payload {
        Value::Object(fields) if fields.is_empty() => "it is an empty object".to_owned(),
        Value::Object(fields) => {
            let keys: Vec<String> = fields.keys().take(5).map(|key| format!("`{}`", shortened(key))).collect();
            format!("it has no list `Records`, but {}{}", keys.join(", "), if fields.len() > 5 { ", …" } else { "" })
        }
        Value::Array(_) => "it is a list".to_owned(),
        Value::String(_) => "it is a string".to_owned(),
        Value::Number(_) => "it is a number".to_owned(),
        Value::Bool(_) => "it is a boolean".to_owned(),
        Value::Null => "it is null".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(event: &str, key: &str) -> Value {
        json!({"eventSource": "aws:s3", "eventName": event, "s3": {"bucket": {"name": "logs"}, "object": {"key": key}}})
    }

    fn decoded(payload: Value) -> Result<Vec<Work>, TriggerError> {
        decode(payload.to_string().as_bytes()).map(|delivery| delivery.work)
    }

    fn object(key: &str) -> Work {
        Work::Object(ObjectId { bucket: "logs".to_owned(), key: key.to_owned() })
    }

    #[test]
    fn keys_are_decoded_as_forms() {
        for (key, expected) in [
            ("AWSLogs/1/CloudTrail/a.json.gz", "AWSLogs/1/CloudTrail/a.json.gz"),
            ("red+flower.json.gz", "red flower.json.gz"),
            ("a%2Bb%20c%25d%3De", "a+b c%d=e"),
            ("%E6%97%A5%E5%BF%97/x", "日志/x"),
            ("100%", "100%"),
            ("a/../b/", "a/../b/"),
        ] {
            assert_eq!(decoded(json!({"Records": [record("ObjectCreated:Put", key)]})), Ok(vec![object(expected)]));
        }
    }

    #[test]
    fn only_new_log_files_are_work() {
        let work = decoded(json!({"Records": [
            record("ObjectCreated:Copy", "a"),
            record("s3:ObjectCreated:Put", "b"),
            record("ObjectRemoved:Delete", "c"),
            record("ObjectCreated:Put", "p/AWSLogs/1/CloudTrail-Digest/us-east-1/2026/03/02/d.json.gz"),
            record("ObjectCreated:Put", "CloudTrail-Digest-prefix/my-CloudTrail-Digest/CloudTrail-Digest"),
        ]}));
        let skip = |what: &str, reason| Work::Skip { what: what.to_owned(), reason };
        assert_eq!(
            work.unwrap(),
            [
                object("a"),
                object("b"),
                skip("ObjectRemoved:Delete c", SkipReason::NotCreated),
                skip("p/AWSLogs/1/CloudTrail-Digest/us-east-1/2026/03/02/d.json.gz", SkipReason::DigestFile),
                object("CloudTrail-Digest-prefix/my-CloudTrail-Digest/CloudTrail-Digest"),
            ]
        );
    }

    #[test]
    fn a_bad_record_harms_no_sibling() {
        let work = decoded(json!({"Records": [
            {"eventSource": "aws:s3"},
            record("ObjectCreated:Put", "a"),
            record("ObjectCreated:Put", "%ff"),
            {"eventSource": "aws:sqs", "eventName": "x", "s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}},
            null,
        ]}))
        .unwrap();
        let malformed: Vec<bool> = work.iter().map(|work| matches!(work, Work::Malformed(_))).collect();
        assert_eq!(malformed, [true, false, true, true, true]);
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for payload in [
            json!({}),
            json!([]),
            json!(null),
            json!("x"),
            json!({"Records": null}),
            json!({"Records": []}),
            json!({"Records": {}}),
            json!({"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}),
        ] {
            assert!(matches!(decoded(payload.clone()), Err(TriggerError::UnknownShape(_))), "{payload}");
        }
        assert!(matches!(decode(b"{\"Records\""), Err(TriggerError::NotJson(_))));
        let message = decoded(json!({"zeta": 1, "a\u{1b}": 2})).unwrap_err().to_string();
        assert_eq!(message, "the payload is no S3 event: it has no list `Records`, but `a\\u{1b}`, `zeta`");
    }

    #[test]
    fn a_test_event_is_no_work() {
        let payload = json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "logs"});
        assert!(matches!(decoded(payload).unwrap()[..], [Work::Skip { reason: SkipReason::TestEvent, .. }]));
        // With records it is work, whatever else it says.
        let payload = json!({"Event": "s3:TestEvent", "Records": [record("ObjectCreated:Put", "a")]});
        assert_eq!(decoded(payload), Ok(vec![object("a")]));
    }
}
