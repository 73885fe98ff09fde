//! What is decided about matches, as values.

use jiff::Timestamp;

use super::{audience::Audience, items::expires, key::Series, listing::Listing, series::Plan};
use crate::{
    record::Record,
    rule::{AggregateValue, Rule, SeriesArrival},
};

/// What happens to a match.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Publish an alert, and call [`mark_sent`](super::mark_sent) for each audience that took it.
    Fire(Firing),
    /// An alert about the same record goes out, that of a rule at least as severe, and covers this one: see [`Firing::covers`]. It
    /// is what would be published in its place.
    Covered(Firing),
    /// Another alert covers it, or it was counted before.
    Deduplicated,
    /// No span around it has as many events as the rule's threshold.
    BelowThreshold {
        /// How many the fullest has; 0 where the table is unavailable.
        count: u64,
    },
    /// Its combination of values is new, and the rule is still learning.
    Learning,
    /// Its combination of values is known.
    AlreadySeen,
    /// The rule is muted: its alert is not published.
    Muted,
    /// The hourly limit holds the alert back, as the first of its hour: publish a notice in its place, and call
    /// [`mark_sent`](super::mark_sent) for each audience that took it.
    RollUp(RollUp),
    /// The hourly limit holds the alert back, and the notice of the hour is sent or about to be.
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
            Decision::Covered(_) => "covered",
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
    /// A hash of the rule, the aggregate values and the time at which the alert became due; the same at every retry.
    pub alert_id: String,
    /// How many events its window held when it was decided; of a rule with `distinct`, or with `first_seen` and a threshold,
    /// how many values.
    pub count: u64,
    /// Whether the counts are estimates.
    pub approximate: bool,
    /// When the first of them happened.
    pub first: Timestamp,
    /// When the last of them happened.
    pub last: Timestamp,
    /// How many events, or values, no alert of the series has reported since its last one; `None` for its first alert.
    pub since_last: Option<u64>,
    /// The ids of the events.
    pub events: Listing,
    /// Fields in which the events may differ, each with its distinct values.
    pub distinct: Vec<(String, Listing)>,
    /// The events of a sequence, one for each step: when it happened, and its id.
    pub steps: Vec<(Timestamp, String)>,
    /// Those who have not taken it yet.
    pub audiences: Vec<Audience>,
    /// Whether nothing remembers it: the table was unavailable, and the counts are those of this delivery alone, or the item of its
    /// series had no room for a further claim. The alert may be a repetition.
    pub unremembered: bool,
    /// For [`mark_sent`](super::mark_sent).
    pub ticket: Ticket,
    /// The indices, in the call, of the matches that it covers. Once an audience has taken it, their tickets are marked, too, those
    /// whose alerts are for that audience.
    pub covers: Vec<usize>,
}

impl Firing {
    /// What the events of its series have in common, of which `record` is one.
    pub fn values(&self, rule: &Rule, record: &Record) -> Vec<AggregateValue> {
        let is_own = |arrival: &SeriesArrival| Series::new(rule, &arrival.values).item_key() == self.ticket.key;
        rule.arrivals(record).into_iter().find(is_own).map(|arrival| arrival.values).unwrap_or_default()
    }
}

/// A notice that alerts of a rule are held back: one in an hour.
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
    /// Those who have not taken it yet.
    pub audiences: Vec<Audience>,
    /// For [`mark_sent`](super::mark_sent).
    pub ticket: Ticket,
}

/// What [`mark_sent`](super::mark_sent) marks once an alert is out.
#[derive(Clone, Debug, PartialEq)]
pub struct Ticket {
    /// The key of the item that is marked.
    pub(super) key: String,
    /// When the table may delete it.
    pub(super) expires: Timestamp,
    pub(super) mark: Mark,
}

impl Ticket {
    /// The key of the item that is marked: the same for all alerts of a series.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// That of the list of an ended hour, by the key of the item that has it: see
    /// [`HourlyAlerts::ended`](super::HourlyAlerts::ended).
    pub fn of_list(key: &str, now: Timestamp) -> Self {
        Self { key: key.to_owned(), expires: expires(now.as_second(), now), mark: Mark::List }
    }
}

/// What is marked in an item once an alert is out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mark {
    /// The alert of the series with this anchor is sent; it is done once all of `due` took it.
    Alert { anchor: i64, due: u8, plan: Plan },
    /// The notice that alerts of the hour are held back is sent.
    RollUp,
    /// The list of the alerts that were held back in the hour is sent.
    List,
}
