//! The output of `aws cloudtrail lookup-events`: each element of `Events` holds its record as a string.
//!
//! The string is read as bytes, so a lone surrogate in it does not lose the record.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::{
    error::{JsonKind, Unparsable},
    options::Limits,
    scan::Scan,
};

/// The record inside an element of `Events`, as described in
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Event.html>.
///
/// # Errors
///
/// If there is no record, or it exceeds a limit.
pub(super) fn record(element: &[u8], limits: Limits) -> Result<Vec<u8>, Unparsable> {
    let Ok(Element { record: Bytes(text) }) = serde_json::from_slice(element) else {
        return Err(Unparsable::NoCloudTrailEvent);
    };
    let text = text.trim_ascii();
    let kind = text.first().map_or(JsonKind::NotJson, |first| JsonKind::of(*first));
    if kind != JsonKind::Object {
        return Err(Unparsable::NotObject(kind));
    }
    let mut scan = Scan::default();
    match scan.run(text) {
        Ok(Some(length)) if length == text.len() => {
            limits.check(text.len() as u64, scan.deepest())?;
            Ok(text.to_vec())
        }
        _ => Err(Unparsable::NoCloudTrailEvent),
    }
}

#[derive(serde::Deserialize)]
struct Element {
    #[serde(rename = "CloudTrailEvent")]
    record: Bytes,
}

struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(BytesVisitor)
    }
}

struct BytesVisitor;

impl Visitor<'_> for BytesVisitor {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes(bytes.to_vec()))
    }
}
