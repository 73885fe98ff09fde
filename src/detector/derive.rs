//! From an event of a detector to records: what the finding has stays as it is written below `detail`, and the names that all
//! records have are the finding's.

use jiff::Timestamp;
use thiserror::Error;

use super::{
    entry::{CATEGORY, Detector, LEVELS, Severity},
    raw::Raw,
};
use crate::digest::Digest;

/// The fields of an event that its records keep.
const KEPT: [&str; 6] = ["id", "detail-type", "source", "account", "region", "time"];

/// Why a finding is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FindingError {
    /// The event has no findings.
    #[error("it has no `{0}`")]
    Missing(&'static str),
    /// The findings are no list.
    #[error("its `{0}` is not a list")]
    NotList(&'static str),
    /// The list has no findings.
    #[error("its `{0}` is empty")]
    Empty(&'static str),
    /// A finding has no fields.
    #[error("a finding must be an object")]
    NotObject,
}

/// The records of an event of a detector, in the order of its findings: the text of each, or why there is none.
///
/// # Errors
///
/// The event has no findings.
pub fn records(detector: &Detector, event: &str) -> Result<Vec<Result<String, FindingError>>, FindingError> {
    let event = Raw(event.trim());
    let detail = event.get("detail").filter(|detail| detail.0 != "null").ok_or(FindingError::Missing("detail"))?;
    let Some(list) = detector.list else {
        return Ok(vec![record(detector, event, detail, None)]);
    };
    let listed = detail.get(list).ok_or(FindingError::Missing(list))?;
    let findings = listed.elements().ok_or(FindingError::NotList(list))?;
    let many = findings.len() > 1;
    let numbered = findings.into_iter().enumerate();
    let records: Vec<_> = numbered.map(|(at, finding)| record(detector, event, finding, many.then_some(at))).collect();
    if records.is_empty() { Err(FindingError::Empty(list)) } else { Ok(records) }
}

/// The record of a finding, which is the one at `place` of several.
fn record(detector: &Detector, event: Raw<'_>, finding: Raw<'_>, place: Option<usize>) -> Result<String, FindingError> {
    if !finding.is_object() {
        return Err(FindingError::NotObject);
    }
    let fields = &detector.fields;
    let first = |paths: &[&str]| paths.iter().find_map(|path| finding.at(path)?.scalar());
    let or_of_event = |paths: &[&str], key: &str| first(paths).or_else(|| event.get(key)?.scalar());
    let account = or_of_event(fields.account, "account");
    let region = or_of_event(fields.region, "region");
    let kind = or_of_event(fields.kind, "detail-type");
    let resource = first(fields.resource).or_else(|| event.get("resources")?.scalar());
    let resource_type = first(fields.resource_type);

    let mut caller = Object::default();
    for (key, path) in fields.caller {
        caller.raw(key, finding.at(path).and_then(Raw::scalar));
    }
    caller.raw("accountId", account);

    let mut listed = Object::default();
    listed.raw("ARN", resource);
    listed.raw("type", resource_type);
    listed.raw("accountId", account);

    let mut facts = Object::default();
    facts.raw("id", first(fields.id).or_else(|| event.get("id")?.scalar()));
    facts.raw("type", kind);
    facts.raw("title", first(fields.title));
    facts.raw("description", first(fields.description));
    let (severity, level) = severity(&fields.severity, finding);
    facts.raw("severity", severity);
    facts.text("level", level);
    facts.raw("status", first(fields.status));
    facts.raw("resource", resource);
    facts.raw("resourceType", resource_type);

    let id = event.get("id").and_then(Raw::text).filter(|id| !id.is_empty());
    let id = id.unwrap_or_else(|| Digest::of(&[finding.0]).hex());
    let id = place.map_or_else(|| id.clone(), |place| format!("{id}/{place}"));
    let service = detector.source.trim_start_matches("aws.");

    let mut record = Object::default();
    record.text("eventID", Some(&id));
    record.text("eventCategory", Some(CATEGORY));
    record.text("detector", Some(detector.word));
    record.text("eventSource", Some(&format!("{service}.amazonaws.com")));
    record.raw("eventName", kind);
    record.text("eventTime", time(fields.time, finding, event).map(|time| time.to_string()).as_deref());
    record.raw("awsRegion", region);
    record.raw("recipientAccountId", account);
    record.raw("sourceIPAddress", first(fields.address));
    record.object("userIdentity", &caller);
    if resource.is_some() {
        record.member("resources", &format!("[{{{}}}]", listed.0));
    }
    record.object("finding", &facts);
    for key in KEPT {
        record.raw(key, event.get(key).and_then(Raw::scalar));
    }
    let detail = detector.list.map_or_else(|| finding.0.to_owned(), |list| format!("{{\"{list}\":[{}]}}", finding.0));
    record.member("detail", &detail);
    Ok(format!("{{{}}}", record.0))
}

/// The severity as the finding has it, and the level that it means.
fn severity<'a>(severity: &Severity, finding: Raw<'a>) -> (Option<Raw<'a>>, Option<&'static str>) {
    match severity {
        Severity::None => (None, None),
        Severity::At(paths, limits) => {
            let mut found = paths.iter().filter_map(|path| finding.at(path)?.scalar());
            let levels = found.clone().find_map(|one| Some((one, level(one, limits)?)));
            match levels {
                Some((one, level)) => (Some(one), Some(level)),
                None => (found.next(), None),
            }
        }
        Severity::Counts(path) => {
            let count = |word: &str| finding.at(path)?.get(&word.to_ascii_uppercase())?.text()?.parse::<f64>().ok();
            let worst = LEVELS.iter().find(|(word, _)| count(word).is_some_and(|count| count > 0.0));
            (None, worst.map(|(_, level)| *level))
        }
    }
}

fn level(severity: Raw<'_>, limits: &[(f64, &'static str)]) -> Option<&'static str> {
    let text = severity.text()?;
    let word = LEVELS.iter().find(|(word, _)| text.eq_ignore_ascii_case(word)).map(|(_, level)| *level);
    let reached = |number: f64| limits.iter().find(|(limit, _)| number >= *limit).map(|(_, level)| *level);
    word.or_else(|| reached(text.parse().ok()?))
}

/// When the finding was last updated, or when the event was sent. OCSF counts milliseconds since 1970.
fn time(paths: &[&str], finding: Raw<'_>, event: Raw<'_>) -> Option<Timestamp> {
    let read = |raw: Raw<'_>| {
        let text = raw.text()?;
        text.parse().ok().or_else(|| Timestamp::from_millisecond(text.parse().ok()?).ok())
    };
    paths.iter().find_map(|path| read(finding.at(path)?)).or_else(|| read(event.get("time")?))
}

/// The members of an object, as text.
#[derive(Default)]
struct Object(String);

impl Object {
    fn member(&mut self, key: &str, value: &str) {
        let comma = if self.0.is_empty() { "" } else { "," };
        self.0.push_str(comma);
        self.0.extend(["\"", key, "\":", value]);
    }

    fn raw(&mut self, key: &str, value: Option<Raw<'_>>) {
        if let Some(Raw(value)) = value {
            self.member(key, value);
        }
    }

    fn text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.member(key, &serde_json::Value::from(value).to_string());
        }
    }

    fn object(&mut self, key: &str, object: &Self) {
        self.member(key, &format!("{{{}}}", object.0));
    }
}
