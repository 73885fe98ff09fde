//! What is decided about matches, as values.

use jiff::Timestamp;

use super::{entry::LastAlert, store::Slot};
use crate::{record::Record, rule::Rule};

/// A record that a rule matches, and no suppression.
#[derive(Clone, Copy, Debug)]
pub struct Match<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The record.
    pub record: &'a Record,
    /// The channels that an alert would go to: at least one.
    pub channels: &'a [String],
}

/// What happens to a match.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Publish an alert, and call [`mark_sent`](super::mark_sent) for each channel that took it.
    Fire(Firing),
    /// Another alert covers it: one that was sent, or one of this delivery.
    Deduplicated,
    /// The window has fewer events than the rule's threshold.
    BelowThreshold {
        /// How many events it has.
        count: u64,
    },
    /// Its combination of values is new, and the rule is still learning.
    Learning,
    /// Its combination of values is known.
    AlreadySeen,
    /// The rule is muted: its alert is not published.
    Muted,
    /// Publish how many alerts of the rule are held back in place of the alert, and call
    /// [`mark_sent`](super::mark_sent) for each channel that took it.
    RollUp(RollUp),
    /// The hourly limit holds the alert back, and a roll-up covers it.
    Capped {
        /// How many alerts of its rule are held back so far.
        held: u64,
    },
    /// Another delivery is about to alert.
    ClaimedElsewhere,
}

impl Decision {
    /// The word that it is counted under. A match that a roll-up replaces is `capped`, too.
    pub fn word(&self) -> &'static str {
        match self {
            Decision::Fire(_) => "alerted",
            Decision::Deduplicated => "deduplicated",
            Decision::BelowThreshold { .. } => "below_threshold",
            Decision::Learning => "learning",
            Decision::AlreadySeen => "already_seen",
            Decision::Muted => "muted",
            Decision::RollUp(_) | Decision::Capped { .. } => "capped",
            Decision::ClaimedElsewhere => "claimed_elsewhere",
        }
    }
}

/// An alert to publish.
#[derive(Clone, Debug, PartialEq)]
pub struct Firing {
    /// A hash of the rule, the aggregate values and the window; the same at every retry.
    pub alert_id: String,
    /// How many events it covers so far.
    pub count: u64,
    /// Whether that is an estimate.
    pub approximate: bool,
    /// When the first of them happened.
    pub first: Timestamp,
    /// When the last of them happened.
    pub last: Timestamp,
    /// The beginning and the end of its window.
    pub window: (Timestamp, Timestamp),
    /// How many events came after the last alert of the same rule and values that it does not cover; `None` if there
    /// was no such alert, or its count is unknown.
    pub since_last: Option<u64>,
    /// How many alerts of the rule were suppressed earlier by the hourly limit.
    pub held_before: u64,
    /// The channels that have not taken it yet.
    pub channels: Vec<String>,
    /// Whether the table was unavailable: the counts are those of this delivery alone, and the alert may be a
    /// repetition.
    pub unremembered: bool,
    /// For [`mark_sent`](super::mark_sent).
    pub ticket: Ticket,
}

/// The events of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowTotals {
    /// How many.
    pub count: u64,
    /// Whether that is an estimate.
    pub approximate: bool,
    /// When the first of them happened.
    pub first: Timestamp,
    /// When the last of them happened.
    pub last: Timestamp,
}

/// An alert that reports how many alerts of a rule are held back.
#[derive(Clone, Debug, PartialEq)]
pub struct RollUp {
    /// A hash of the rule and the hour; the same at every retry.
    pub alert_id: String,
    /// How many alerts of the rule may go out in an hour.
    pub limit: u32,
    /// How many are held back so far.
    pub held: u64,
    /// The end of the hour.
    pub until: Timestamp,
    /// The channels that have not taken it yet.
    pub channels: Vec<String>,
    /// For [`mark_sent`](super::mark_sent).
    pub ticket: Ticket,
}

/// What [`mark_sent`](super::mark_sent) marks once an alert is out.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticket(pub(super) Marks);

/// What is marked in the table once an alert is out.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Marks {
    /// An alert was sent for these windows, of which the first is the one that the alert is about; the next alert of
    /// the series reads `last` under `key`.
    Windows { windows: Vec<Slot>, key: String, last: LastAlert },
    /// A roll-up of this hour was sent; it reports at least `step` held-back alerts.
    RollUp { slot: Slot, hour: i64, step: u64 },
}
