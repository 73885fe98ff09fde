//! What holds records where a record is expected: output of `aws cloudtrail lookup-events` under any `--query`, events of
//! EventBridge, those of AWS's detectors among them, log events of CloudWatch Logs, rows of Athena.
//!
//! A record is an object with `eventVersion` or `eventID`. Anything else is refused, so that nothing counts as evaluated
//! that CloudTrail did not write. Text in strings is read as bytes, so a lone surrogate in it does not lose the record.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    error::{JsonKind, Unparsable},
    frame::LIST_KEYS,
    keys::Keys,
    options::Limits,
    row,
    scan::{Scan, Strings},
};
use crate::detector::{self, Detector};

/// Wrappers in wrappers are read to this depth.
pub(super) const MAX_DEPTH: usize = 8;

/// How the text of a message begins with which CloudWatch Logs tests a subscription's destination.
const CONTROL_MESSAGE: &[u8] = b"CWL CONTROL MESSAGE";

/// Whether the object `text`, whose own strings are known, is a record at first sight: it has a key that only records have,
/// and an event source that a notification does not have.
pub(super) fn is_record(text: &[u8], strings: Strings<'_>) -> bool {
    let mut strings = strings;
    let is_key = |closes: usize| {
        let after = text.get(closes + 1..).unwrap_or_default();
        after.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
    };
    let (mut found, mut has_source) = (false, false);
    // Both keys are among the first, so the rest of a record is not looked at.
    while !(found && has_source) {
        let Some([opens, closes]) = strings.next() else { break };
        match text.get(opens + 1..closes) {
            Some(b"eventVersion" | b"eventID") if is_key(closes) => found = true,
            Some(b"eventSource") if is_key(closes) => {
                has_source = true;
                let source = strings.next().and_then(|[opens, closes]| text.get(opens + 1..closes));
                if source.is_some_and(|source| source.starts_with(NOTIFICATION) || source.contains(&b'\\')) {
                    return false;
                }
            }
            _ => {}
        }
    }
    found
}

/// How the event source of records begins that S3, SQS, Kinesis and DynamoDB send; CloudTrail names `s3.amazonaws.com`.
const NOTIFICATION: &[u8] = b"aws:";

/// The records in `text`, which is an object or a string: each one, or why it is none. There can be none where AWS writes
/// something else in the place of records.
///
/// # Errors
///
/// If it holds no record.
pub(super) fn records(text: &[u8], in_list: bool, limits: Limits) -> Result<Vec<RecordResult>, Unparsable> {
    let mut found = Search { limits, in_list, records: Vec::new() };
    found.value(&String::from_utf8_lossy(text), 0)?;
    Ok(found.records)
}

type RecordResult = Result<Vec<u8>, Unparsable>;

/// What was found so far.
struct Search {
    limits: Limits,
    /// Whether the value is an element of a list.
    in_list: bool,
    records: Vec<RecordResult>,
}

impl Search {
    fn value(&mut self, text: &str, depth: usize) -> Result<(), Unparsable> {
        let text = text.trim_ascii();
        match JsonKind::of(text.bytes().next().unwrap_or_default()) {
            JsonKind::Object => self.object(text, depth),
            JsonKind::List => self.list(text, depth),
            JsonKind::String => {
                let Ok(Bytes(inner)) = serde_json::from_str(text) else { return Err(Unparsable::NotJson) };
                let inner = inner.trim_ascii();
                match JsonKind::of(inner.first().copied().unwrap_or_default()) {
                    JsonKind::Object | JsonKind::List if depth < MAX_DEPTH => {
                        self.value(&String::from_utf8_lossy(inner), depth + 1)
                    }
                    _ => Err(Unparsable::NotObject(JsonKind::String)),
                }
            }
            kind => Err(Unparsable::NotObject(kind)),
        }
    }

    fn object(&mut self, text: &str, depth: usize) -> Result<(), Unparsable> {
        let Ok(Members(members)) = serde_json::from_str(text) else { return Err(Unparsable::NotJson) };
        let member = |key: &str| {
            let last = members.iter().rev().find(|(name, _)| name == key);
            last.map(|(_, value)| value.get().trim_ascii())
        };
        if member("eventVersion").or(member("eventID")).is_some() {
            let source = member("eventSource").and_then(|source| serde_json::from_str::<Bytes>(source).ok());
            return match source {
                Some(Bytes(source)) if source.starts_with(NOTIFICATION) => Err(Unparsable::Notification),
                _ => self.record(text.as_bytes()),
            };
        }
        if depth >= MAX_DEPTH {
            return Err(self.none(&members));
        }
        if let Some(value) = member("CloudTrailEvent") {
            return self.inside("CloudTrailEvent", value, depth);
        }
        if let (Some(kind), Some(value)) = (member("detail-type"), member("detail")) {
            if let Some(detector) = serde_json::from_str::<String>(kind).ok().and_then(|kind| detector::of(&kind)) {
                return self.findings(detector, text);
            }
            return self.inside("detail", value, depth);
        }
        // A cell of CloudWatch Logs Insights.
        if let (2, Some(field), Some(value)) = (members.len(), member("field"), member("value")) {
            let cell = if field == r#""@message""# { value } else { "null" };
            return self.inside("@message", cell, depth);
        }
        // A row of CloudTrail Lake is a list of objects, each with one field of a record.
        if member("QueryResultRows").is_some() {
            return Err(self.none(&members));
        }
        for key in ["message", "@message"] {
            let Some(value) = member(key) else { continue };
            if value.as_bytes().get(1..).is_some_and(|text| text.starts_with(CONTROL_MESSAGE)) {
                return Ok(());
            }
            return self.inside(key, value, depth);
        }
        if let Some(list) = LIST_KEYS.iter().find_map(|key| member(key).filter(|value| value.starts_with('['))) {
            return self.list(list, depth);
        }
        if let Some(row) = row::record(&members) {
            return row.and_then(|record| self.record(&record));
        }
        // Under a key that the author of a `--query` chose.
        let before = self.records.len();
        for (_, value) in &members {
            let mut others = Self { limits: self.limits, in_list: true, records: Vec::new() };
            if others.value(value.get(), depth + 1).is_ok() && others.records.iter().any(Result::is_ok) {
                self.records.append(&mut others.records);
            }
        }
        if self.records.len() == before { Err(self.none(&members)) } else { Ok(()) }
    }

    fn list(&mut self, text: &str, depth: usize) -> Result<(), Unparsable> {
        let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(text) else { return Err(Unparsable::NotJson) };
        if depth >= MAX_DEPTH {
            return Err(Unparsable::NotObject(JsonKind::List));
        }
        let (before, mut plain, mut has_brackets) = (self.records.len(), Vec::new(), false);
        let outer = std::mem::replace(&mut self.in_list, true);
        for element in elements {
            let is_bracket = element.get().starts_with(['{', '[']);
            match self.value(element.get(), depth + 1) {
                Ok(()) => has_brackets |= is_bracket && !is_cell(element),
                Err(error) if is_bracket && !is_cell(element) => {
                    has_brackets = true;
                    self.records.push(Err(error));
                }
                Err(error) => plain.push(error),
            }
        }
        self.in_list = outer;
        // Names beside a record are no records, and nothing is lost with them.
        if has_brackets || self.records.len() == before {
            self.records.extend(plain.into_iter().map(Err));
        }
        Ok(())
    }

    /// The records in the value of `key`, which can hold nothing else.
    fn inside(&mut self, key: &'static str, value: &str, depth: usize) -> Result<(), Unparsable> {
        let before = self.records.len();
        match self.value(value, depth + 1) {
            Ok(()) if self.records.len() > before => Ok(()),
            Err(error @ (Unparsable::TooLarge { .. } | Unparsable::TooDeep { .. })) => Err(error),
            Ok(()) | Err(_) => Err(Unparsable::NoRecordIn(key)),
        }
    }

    fn record(&mut self, text: &[u8]) -> Result<(), Unparsable> {
        let mut scan = Scan::default();
        match scan.run(text) {
            Ok(Some(length)) if length == text.len() => {
                self.limits.check(text.len() as u64, scan.deepest())?;
                self.records.push(Ok(text.to_vec()));
                Ok(())
            }
            _ => Err(Unparsable::NotJson),
        }
    }

    /// The findings of an event of a detector.
    fn findings(&mut self, detector: &Detector, event: &str) -> Result<(), Unparsable> {
        for finding in detector::records(detector, event).map_err(Unparsable::Finding)? {
            match finding {
                Ok(text) => self.record(text.as_bytes())?,
                Err(error) => self.records.push(Err(Unparsable::Finding(error))),
            }
        }
        Ok(())
    }

    fn none(&self, members: &[(String, &RawValue)]) -> Unparsable {
        let mut keys = Keys::default();
        for (key, _) in members {
            keys.push(key.as_bytes());
        }
        if self.in_list { Unparsable::NotRecordInList(keys) } else { Unparsable::NotRecord(keys) }
    }
}

/// Whether an element is a cell of a row in the answer of CloudWatch Logs Insights.
fn is_cell(element: &RawValue) -> bool {
    serde_json::from_str(element.get()).is_ok_and(
        |Members(members)| matches!(&members[..], [(field, _), (value, _)] if field == "field" && value == "value"),
    )
}

/// The members of an object, in their order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((Bytes(key), value)) = map.next_entry()? {
            members.push((String::from_utf8_lossy(&key).into_owned(), value));
        }
        Ok(Members(members))
    }
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
