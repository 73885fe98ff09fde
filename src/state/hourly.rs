//! The alerts of a rule in an hour, as they are stored: which passed, and which were held back.

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::{
    audience::Audience,
    distinct::Distinct,
    held::{HeldLine, HeldList},
};
use crate::rule::Severity;

/// The alerts of one rule in one hour of the clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourlyAlerts {
    /// The limit that was last in force: how many alerts of the rule pass in an hour.
    pub limit: u32,
    /// The severity of the rule, for when the rule is removed before the list is sent; items of earlier releases have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<u8>,
    /// The alerts about successes that passed.
    pub passed: Passes,
    /// The alerts about failures that passed.
    pub failed: Passes,
    /// The alerts that were held back.
    pub held: Distinct,
    /// The lines of those, as many as fit.
    pub list: HeldList,
    /// The delivery that is about to send the notice that alerts are held back.
    pub notice: Option<Claim>,
    /// The audiences that took the notice, a bit for each.
    pub notice_sent: u8,
    /// The audiences that took the list at the end of the hour, a bit for each.
    pub list_sent: u8,
}

/// Alerts that passed: for each a hash of its id and a hash of its caller, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passes(Vec<(u64, u64)>);

/// An invocation's claim to send a roll-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// A hash of the delivery that the invocation handles.
    pub owner: String,
    /// When the invocation made the claim, in seconds since 1970.
    pub at: i64,
}

/// What the list at the end of an hour reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedHour {
    /// How many alerts of the rule pass in an hour.
    pub limit: u32,
    /// The severity of the rule at that time, if it is kept.
    pub severity: Option<Severity>,
    /// How many alerts were held back; an estimate beyond [`Distinct::EXACT`].
    pub held: u64,
    /// Some of them: successes first, and each in the order of time.
    pub lines: Vec<HeldLine>,
    /// How many have no line.
    pub more: u64,
    /// The audiences that took the list before.
    pub sent: Vec<Audience>,
}

impl HourlyAlerts {
    /// Holds back an alert, given by its hash, and keeps its line for the list.
    pub fn hold(&mut self, alert: u64, line: &HeldLine) {
        self.held.insert(alert);
        self.list.add(alert, line.clone());
    }

    /// What the list reports once the hour has ended; `None` if no alert was held back.
    pub fn ended(&self) -> Option<EndedHour> {
        let (held, lines) = (self.held.count(), self.list.lines());
        let sent = Audience::ALL.into_iter().filter(|audience| self.list_sent & audience.bit() != 0).collect();
        let more = held.saturating_sub(lines.len() as u64);
        let severity = self.severity.and_then(Severity::new);
        (held > 0).then_some(EndedHour { limit: self.limit, severity, held, lines, more, sent })
    }
}

impl Passes {
    /// The most alerts of one kind that pass in an hour.
    pub const MOST: usize = 600;
    /// The most of those of one caller.
    pub const MOST_OF_ONE: usize = 500;

    /// Adds an alert of a caller, unless it is there.
    pub fn insert(&mut self, alert: u64, caller: u64) {
        if let Err(at) = self.position(alert) {
            self.0.insert(at, (alert, caller));
        }
    }

    /// Whether an alert passed.
    pub fn contains(&self, alert: u64) -> bool {
        self.position(alert).is_ok()
    }

    /// How many alerts passed.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// How many of a caller passed.
    pub fn count_of(&self, caller: u64) -> u64 {
        self.0.iter().filter(|(_, of)| *of == caller).count() as u64
    }

    fn position(&self, alert: u64) -> Result<usize, usize> {
        self.0.binary_search_by_key(&alert, |(alert, _)| *alert)
    }
}

/// One text: the 16 bytes of each alert in base64, since a hundred items must fit into a transaction.
impl Serialize for Passes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> =
            self.0.iter().flat_map(|(alert, caller)| [alert.to_be_bytes(), caller.to_be_bytes()]).flatten().collect();
        serializer.serialize_str(&BASE64_STANDARD_NO_PAD.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for Passes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_STANDARD_NO_PAD.decode(text).map_err(D::Error::custom)?;
        let (numbers, rest) = bytes.as_chunks::<8>();
        let numbers: Vec<u64> = numbers.iter().map(|bytes| u64::from_be_bytes(*bytes)).collect();
        let (pairs, odd) = numbers.as_chunks::<2>();
        let passes: Vec<(u64, u64)> = pairs.iter().map(|[alert, caller]| (*alert, *caller)).collect();
        let is_valid = rest.is_empty() && odd.is_empty() && passes.len() <= Self::MOST;
        if !is_valid || !passes.is_sorted_by(|one, next| one.0 < next.0) {
            return Err(D::Error::custom("expected ascending hashes of alerts, each with that of its caller"));
        }
        Ok(Self(passes))
    }
}

/// How long another delivery's claim holds, in seconds: no invocation runs for longer
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const CLAIM_SECONDS: i64 = 15 * 60;

impl Claim {
    /// Whether another delivery than `owner` holds the claim at the time `now`, in seconds since 1970.
    pub fn is_foreign(&self, owner: &str, now: i64) -> bool {
        self.owner != owner && now.saturating_sub(self.at) < CLAIM_SECONDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_are_stored_as_one_text() {
        let mut passes = Passes::default();
        for (alert, caller) in [(2, 7), (1, 7), (u64::MAX, 8), (2, 9)] {
            passes.insert(alert, caller);
        }
        assert_eq!((passes.count(), passes.count_of(7), passes.count_of(8), passes.count_of(9)), (3, 2, 1, 0));
        assert!(passes.contains(1) && !passes.contains(7));
        // As Python's `base64.b64encode` gives it, without its padding.
        let text = r#""AAAAAAAAAAEAAAAAAAAABwAAAAAAAAACAAAAAAAAAAf//////////wAAAAAAAAAI""#;
        assert_eq!(serde_json::to_string(&passes).unwrap(), text);
        assert_eq!(serde_json::from_str::<Passes>(text).unwrap(), passes);
        let unsorted = BASE64_STANDARD_NO_PAD.encode([[1; 16], [0; 16]].concat());
        let twice = BASE64_STANDARD_NO_PAD.encode([[1; 16], [1; 16]].concat());
        for damaged in ["AAAA", "AAAAAAAAAAE", "?", unsorted.as_str(), twice.as_str()] {
            assert!(serde_json::from_str::<Passes>(&format!("\"{damaged}\"")).is_err(), "{damaged}");
        }
    }

    #[test]
    fn an_hour_ends_with_what_was_held_back() {
        assert_eq!(HourlyAlerts::default().ended(), None);
        let line = |is_success: bool, time: i64| HeldLine { is_success, time, ..HeldLine::default() };
        let mut alerts = HourlyAlerts { limit: 60, severity: Some(1), list_sent: 0b101, ..HourlyAlerts::default() };
        for alert in 0..4 {
            alerts.held.insert(alert);
        }
        alerts.list.add(0, line(false, 1));
        alerts.list.add(1, line(true, 9));
        alerts.list.add(2, line(true, 3));
        let expected = EndedHour {
            limit: 60,
            severity: Some(Severity::ACT_NOW),
            held: 4,
            lines: vec![line(true, 3), line(true, 9), line(false, 1)],
            more: 1,
            sent: vec![Audience::Alerts, Audience::Findings],
        };
        assert_eq!(alerts.ended(), Some(expected));
    }

    /// A hundred of them fit into the 4 MB of a transaction.
    #[test]
    fn an_hour_is_bounded() {
        let text = || "\"".repeat(500);
        let hash = |number: u64| number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 << 63;
        let mut alerts = HourlyAlerts { limit: u32::MAX, notice_sent: 7, list_sent: 7, ..HourlyAlerts::default() };
        alerts.notice = Some(Claim { owner: "f".repeat(32), at: i64::MIN });
        for number in 0..5_000 {
            alerts.held.insert(hash(number));
            let line = HeldLine { principal: text(), target: text(), time: i64::MIN, ..HeldLine::default() };
            alerts.list.add(hash(number), line);
        }
        for number in 0..Passes::MOST as u64 {
            alerts.passed.insert(hash(number), number);
        }
        for number in 0..Passes::MOST as u64 / 3 {
            alerts.failed.insert(hash(number), number);
        }
        let bytes = serde_json::to_string(&alerts).unwrap().len();
        assert!((36_000..40_000).contains(&bytes), "{bytes}");
    }
}
