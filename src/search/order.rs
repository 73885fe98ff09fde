//! The order of what a search finds: by time, then by the id of the event, then by file and record; and which records are about
//! one event.

use jiff::Timestamp;

use crate::{
    digest::Digest,
    record::{Record, Virtual},
};

/// How much of an id counts for the order, in bytes. AWS's have 36.
const MAX_ID: usize = 64;
/// The bytes of a saved key that say where the record is.
const PLACE: usize = 4 + 8;
/// The bytes of an identity.
const IDENTITY: usize = 16;
/// The identity of a record without an id, which no other is the same as.
const NONE: [u8; IDENTITY] = [0; IDENTITY];

/// What places a record among others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventKey {
    time: Option<Timestamp>,
    id: String,
    /// A hash of the id, the account, the region, the service and the name of the event.
    identity: [u8; IDENTITY],
}

/// A key as bytes, which compare as the keys do.
pub type SavedKey = Vec<u8>;

impl EventKey {
    /// The key of a record. Two records are about one event if they have the same id, time, account, region, service and
    /// name: CloudTrail writes an event into the files of every trail that logs it.
    pub fn of(record: &Record) -> Self {
        let at = |key| record.at(&[key]).unwrap_or_default();
        let (time, mut id) = (record.event_time(), at("eventID"));
        let identity = if id.is_empty() {
            NONE
        } else {
            let region = record.field(Virtual::Region).unwrap_or_default();
            Digest::of(&[&id, &at("recipientAccountId"), &region, &at("eventSource"), &at("eventName")]).first()
        };
        id.truncate(id.floor_char_boundary(MAX_ID));
        Self { time, id, identity }
    }

    /// Whether a record with another key is about the same event.
    pub fn is_same_event(&self, other: &Self) -> bool {
        self.identity != NONE && self == other
    }

    /// The key as bytes, with the number of the file and of the record in it. Events without a time come last.
    pub fn saved(&self, file: u32, index: u64) -> SavedKey {
        let time = self.time.map_or(i64::MAX, Timestamp::as_microsecond);
        let mut bytes = Vec::with_capacity(8 + self.id.len() + 1 + IDENTITY + PLACE);
        // Negative numbers are less than positive ones.
        bytes.extend(time.wrapping_sub(i64::MIN).to_be_bytes());
        bytes.extend(self.id.as_bytes());
        bytes.push(0);
        bytes.extend(self.identity);
        bytes.extend(file.to_be_bytes());
        bytes.extend(index.to_be_bytes());
        bytes
    }
}

/// Whether two saved keys are those of records about the same event.
pub fn is_same_event(one: &[u8], other: &[u8]) -> bool {
    let event = |key: &[u8]| key.len().checked_sub(PLACE).and_then(|end| key.get(..end)).map(<[u8]>::to_vec);
    match (event(one), event(other)) {
        (Some(one), Some(other)) => one == other && !one.ends_with(&NONE),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn key(record: Value) -> EventKey {
        EventKey::of(&Record::new(record).unwrap())
    }

    fn event(time: &str, id: &str) -> Value {
        json!({"eventTime": time, "eventID": id, "eventName": "GetObject", "eventSource": "s3.amazonaws.com"})
    }

    #[test]
    fn keys_are_in_the_order_of_time_then_of_the_id_then_of_the_place() {
        let saved = |time, id, file, index| key(event(time, id)).saved(file, index);
        let ordered = [
            saved("1969-12-31T23:59:59Z", "b", 0, 0),
            saved("2026-03-02T09:00:00Z", "", 9, 9),
            saved("2026-03-02T09:00:00Z", "a", 9, 9),
            saved("2026-03-02T09:00:00Z", "ab", 0, 0),
            saved("2026-03-02T09:00:00Z", "b", 1, 300),
            saved("2026-03-02T09:00:00Z", "b", 2, 0),
            saved("2026-03-02T09:00:00Z", "b", 2, 1),
            saved("2026-03-02T09:00:00.5Z", "a", 0, 0),
            saved("2026-03-02T10:30:00+01:00", "a", 0, 0),
            saved("yesterday", "a", 0, 0),
        ];
        assert!(ordered.is_sorted_by(|one, other| one < other), "{ordered:?}");
    }

    #[test]
    fn one_event_has_one_id_time_account_region_service_and_name() {
        let same = |one: &Value, other: &Value| {
            let (one, other) = (key(one.clone()), key(other.clone()));
            let is_same = one.is_same_event(&other);
            assert_eq!(is_same_event(&one.saved(1, 2), &other.saved(3, 4)), is_same);
            is_same
        };
        let first = event("2026-03-02T09:00:00Z", "a");
        assert!(same(&first, &first));
        let mut again = first.clone();
        again["eventTime"] = json!("2026-03-02T09:00:00+00:00");
        again["userAgent"] = json!("as another trail logs it");
        assert!(same(&first, &again));
        for field in ["eventID", "eventTime", "recipientAccountId", "awsRegion", "eventSource", "eventName"] {
            let mut other = first.clone();
            other[field] = json!("another");
            assert!(!same(&first, &other), "{field}");
        }
        for none in [json!({}), json!({"eventID": ""}), json!({"eventTime": "2026-03-02T09:00:00Z"})] {
            assert!(!same(&none, &none), "{none}");
        }
        assert!(!is_same_event(b"", b"") && !is_same_event(&[0; 40], &[0; 40]));
        // Ids that are longer than the key holds.
        let long = |end: &str| event("2026-03-02T09:00:00Z", &("x".repeat(100) + end));
        assert!(same(&long("a"), &long("a")) && !same(&long("a"), &long("b")));
    }
}
