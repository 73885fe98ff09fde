//! What arrives in a series, who brings it, and what becomes of it.

use super::pending::PendingAlert;

/// An event in a series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// When it happened, in seconds since 1970.
    pub time: i64,
    /// A hash of its identity.
    pub event: u64,
    /// Hashes of its values, where values are counted.
    pub values: Vec<u64>,
    /// The steps of a sequence that it matches: the lowest bit is the first step.
    pub steps: u8,
    /// Its id as alerts show it; empty if it has none.
    pub name: String,
    /// Whether what happened succeeded: it asks the hourly limit again about an alert that is held back and covers it.
    pub succeeds: bool,
    /// What differs between the events of the series, for the lists of an alert.
    pub samples: Vec<Sample>,
}

/// A value that an alert may list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Which field, below [`FIELDS`](super::FIELDS); the caller says what each one means.
    pub field: u8,
    /// The value.
    pub text: String,
}

/// Who brings an event, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// A hash of what is delivered, the same at every retry.
    pub owner: u64,
    /// The time of the clock at which this attempt to handle the delivery began, in seconds since 1970. It is the same for
    /// all events of one attempt, and another one at a retry or a replay.
    pub began: i64,
    /// The time of the clock, in seconds since 1970.
    pub now: i64,
}

/// What becomes of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It raises this alert, raised it in an earlier attempt of its delivery, or takes it over from another delivery.
    Alert(PendingAlert),
    /// It is new, and an alert covers it.
    Silenced,
    /// It is new, and no span around it holds enough.
    Counted {
        /// How many identities the fullest span that holds it has.
        count: u32,
    },
    /// It was counted before.
    Known,
    /// Another delivery is about to send an alert that covers it, or will be retried.
    ClaimedElsewhere,
}
