//! What is due later: entries in sets, a set for each slot of time and shard, which the tick reads when the slot has ended.
//!
//! A delivery adds entries without reading a set, in the transaction of the state that they are about. An entry says only
//! where to look: what the tick finds there decides what it sends. So an entry may be added twice, or for a state that was
//! never stored.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::items::{Items, expires};
use crate::{rule::Severity, untrusted::shorten_to};

/// The length of a slot.
pub const SLOT_SECONDS: i64 = 300;

/// How many sets a slot has. Deliveries at the same time use different ones, as far as possible.
pub const SHARDS: u64 = 16;

/// How long before the end of its slot an entry is written, at least, so that the slot has no further entries once it has
/// ended; except for those of an invocation that hangs for longer.
const MARGIN_SECONDS: i64 = 120;

/// How much one delivery adds to a set at once, in bytes. DynamoDB stores 400 KB in an item
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
const MAX_ADDED: usize = 50_000;

/// The longest text of an entry, in characters.
const MAX_TEXT: usize = 160;

/// What is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DueEntry {
    /// To report the events of a series that came after its alert and raised none.
    FollowUp {
        /// The key of the series.
        series: String,
        /// The anchor of the alert, in seconds since 1970.
        anchor: i64,
        /// The audiences that took it, a bit for each; the others are still to take it.
        #[serde(default, skip_serializing_if = "is_zero")]
        sent: u8,
    },
    /// To list the alerts of an hour that the hourly limit held back.
    HeldBack {
        /// The key of the hour of a rule.
        key: String,
    },
    /// To report an alert in a summary, since too many others were published at its time.
    Line(SummaryLine),
}

/// An alert in a summary. Its texts have at most 160 characters; one that is unknown is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SummaryLine {
    /// The id of the alert.
    pub alert_id: String,
    /// From 1, the most urgent.
    #[serde(default = "unknown_severity")]
    pub severity: u8,
    /// Whether what happened succeeded.
    #[serde(default)]
    pub is_success: bool,
    /// Whether it is a notice, about no act that could succeed or fail.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_notice: bool,
    /// The id of the rule.
    #[serde(default)]
    pub rule: String,
    /// The title of the alert.
    #[serde(default)]
    pub title: String,
    /// The account.
    #[serde(default)]
    pub account: String,
    /// The region.
    #[serde(default)]
    pub region: String,
    /// The id of an event.
    #[serde(default)]
    pub event: String,
    /// When the event happened, in seconds since 1970.
    #[serde(default)]
    pub time: i64,
}

impl SummaryLine {
    /// The line with its texts shortened.
    #[must_use]
    pub fn shortened(mut self) -> Self {
        let texts =
            [&mut self.alert_id, &mut self.rule, &mut self.title, &mut self.account, &mut self.region, &mut self.event];
        for text in texts {
            *text = shorten_to(text, MAX_TEXT);
        }
        self
    }
}

fn unknown_severity() -> u8 {
    Severity::REVIEW.number()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(is: &bool) -> bool {
    !*is
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(bits: &u8) -> bool {
    *bits == 0
}

impl DueEntry {
    /// The entry as it is stored: JSON.
    pub fn encode(&self) -> String {
        // A struct of texts and numbers always becomes JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what is stored; `None` if this release does not know such an entry.
    pub fn decode(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Adds the entry to the set of the slot in which it is due, or in which it can still be written. `due` is in seconds
    /// since 1970, and `number` that of the delivery.
    pub fn add(&self, items: &mut Items, due: i64, number: u64, now: Timestamp) {
        add_text(items, self.encode(), due, number, now);
    }
}

/// Adds an entry as it is stored, as [`DueEntry::add`] does.
pub fn add_text(items: &mut Items, entry: String, due: i64, number: u64, now: Timestamp) {
    let due = due.max(now.as_second().saturating_add(MARGIN_SECONDS));
    let mut key = due_key(due, number);
    while items.added_bytes(&key) + entry.len() > MAX_ADDED
        && let Some(next) = next_key(&key)
    {
        key = next;
    }
    items.add(&key, entry, expires(due, now));
}

/// The slot of a time in seconds since 1970.
pub fn slot(time: i64) -> i64 {
    time.div_euclid(SLOT_SECONDS)
}

/// The key of the set for what is due at a time in seconds since 1970; `number` is that of the delivery that adds to it.
pub fn due_key(due: i64, number: u64) -> String {
    key(slot(due), number % SHARDS)
}

/// The keys of all sets of a slot.
pub fn slot_keys(slot: i64) -> impl Iterator<Item = String> {
    (0..SHARDS).map(move |shard| key(slot, shard))
}

/// The slot of the set with this key; `None` if it is no such key.
pub fn slot_of(due_key: &str) -> Option<i64> {
    Some(parts(due_key)?.0)
}

/// The key of the set that takes what the set under `due_key` has no room for: the next of its slot, and after the last one
/// the first of the next slot. `None` if it is no such key.
pub fn next_key(due_key: &str) -> Option<String> {
    let (slot, shard) = parts(due_key)?;
    Some(if shard + 1 < SHARDS { key(slot, shard + 1) } else { key(slot.saturating_add(1), 0) })
}

fn parts(due_key: &str) -> Option<(i64, u64)> {
    let (slot, shard) = due_key.strip_prefix("due/")?.split_once('/')?;
    Some((slot.parse().ok()?, shard.parse().ok()?))
}

fn key(slot: i64, shard: u64) -> String {
    format!("due/{slot}/{shard}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Write;

    /// Tables of deployed stacks hold such keys and entries.
    #[test]
    fn keys_and_entries_are_those_that_deployed_tables_hold() {
        assert_eq!(due_key(1_772_442_299, 35), "due/5908140/3");
        assert_eq!(due_key(1_772_442_300, 16), "due/5908141/0");
        let follow_up = DueEntry::FollowUp { series: "series/r/1".to_owned(), anchor: 7, sent: 0 };
        let held_back = DueEntry::HeldBack { key: "cap/r/9".to_owned() };
        let line = SummaryLine { alert_id: "a".to_owned(), severity: 1, time: 5, ..SummaryLine::default() };
        let texts = [
            (follow_up, r#"{"follow_up":{"series":"series/r/1","anchor":7}}"#),
            (held_back, r#"{"held_back":{"key":"cap/r/9"}}"#),
            (
                DueEntry::Line(line),
                r#"{"line":{"alert_id":"a","severity":1,"is_success":false,"rule":"","title":"","account":"","region":"","event":"","time":5}}"#,
            ),
        ];
        for (entry, text) in texts {
            assert_eq!(entry.encode(), text);
            assert_eq!(DueEntry::decode(text), Some(entry));
        }
        assert_eq!(DueEntry::decode(r#"{"later":{}}"#), None);
        // A later release may store less of a line, or more.
        let Some(DueEntry::Line(line)) = DueEntry::decode(r#"{"line":{"alert_id":"a","more":[1]}}"#) else { panic!() };
        assert_eq!(line, SummaryLine { alert_id: "a".to_owned(), severity: 2, ..SummaryLine::default() });
        assert_eq!(DueEntry::decode(r#"{"line":{"title":"a"}}"#), None);
        assert!(DueEntry::decode(r#"{"held_back":{"key":"k","more":1}}"#).is_some());
    }

    #[test]
    fn what_has_no_room_goes_to_the_next_set() {
        assert_eq!(next_key("due/7/3").as_deref(), Some("due/7/4"));
        assert_eq!(next_key("due/7/15").as_deref(), Some("due/8/0"));
        assert_eq!(next_key("series/r/3"), None);
        assert_eq!(slot_keys(7).last().as_deref(), Some("due/7/15"));
    }

    #[test]
    fn no_entry_is_added_to_a_slot_that_has_nearly_ended() {
        let now = Timestamp::from_second(3_000).unwrap();
        let entry = DueEntry::HeldBack { key: "k".to_owned() };
        let key = |due: i64, now: i64| {
            let mut items = Items::default();
            entry.add(&mut items, due, 0, Timestamp::from_second(now).unwrap());
            items.changes(&Items::default()).remove(0).key
        };
        assert_eq!(key(0, now.as_second()), "due/10/0");
        assert_eq!(key(0, 3_179), "due/10/0");
        assert_eq!(key(0, 3_180), "due/11/0");
        assert_eq!(key(9_000, 3_180), "due/30/0");
    }

    #[test]
    fn no_set_gets_too_much_at_once() {
        let mut items = Items::default();
        for number in 0..400 {
            let line = SummaryLine { alert_id: format!("{number:0300}"), ..SummaryLine::default() };
            DueEntry::Line(line).add(&mut items, 3_000, 15, Timestamp::UNIX_EPOCH);
        }
        let changes = items.changes(&Items::default());
        let of = |write: &Write| match write {
            Write::Add(entries) => (entries.len(), entries.iter().map(String::len).sum::<usize>()),
            _ => (0, 0),
        };
        assert_eq!(changes.iter().map(|change| of(&change.write).0).sum::<usize>(), 400);
        assert!(changes.iter().all(|change| of(&change.write).1 <= MAX_ADDED));
        assert_eq!(changes.last().map(|change| change.key.as_str()), Some("due/11/2"));
    }

    #[test]
    fn texts_are_shortened() {
        let line = SummaryLine { title: "é".repeat(161), rule: "r".repeat(160), ..SummaryLine::default() }.shortened();
        assert_eq!((line.title.chars().count(), line.rule.chars().count()), (160, 160));
        assert!(line.title.ends_with('…'));
    }
}
