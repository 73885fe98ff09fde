//! What is kept: one item for each window of a series, and few others. This is the only place that knows its text.
//!
//! An item is bounded: some hundred hashes of 16 digits and a few words, some ten kilobytes in all.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Distinct, Down,
    first_seen::{Lessons, Sightings},
    rate_limit::Flood,
};

/// A window in which events came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Which events.
    pub events: Distinct,
    /// The times of the first and the last of them, in seconds since 1970.
    pub span: Option<(i64, i64)>,
    /// Who speaks for them, in an alert about this window.
    pub claim: Option<Claim>,
    /// The channels that took an alert about this window, or about the one half a window apart that speaks for this one,
    /// too; these alone silence.
    pub sent: BTreeSet<String>,
}

/// Somebody said that he will speak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// A hash of the delivery that he works on.
    pub owner: String,
    /// When he said so, in seconds since 1970.
    pub at: i64,
}

/// What a claim means to somebody who would speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    Free,
    /// It is his own.
    Own,
    /// Somebody else is about to speak.
    Foreign,
    /// Somebody else said so long ago that he will not.
    Stale,
}

/// So long another's claim is left alone, in seconds: no invocation runs for longer
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const PATIENCE: i64 = 15 * 60;

impl Claim {
    /// A claim that anybody may take over at once, and that its owner still finds.
    pub fn given_up(owner: &str) -> Self {
        Self { owner: owner.to_owned(), at: i64::MIN }
    }

    /// Whether it will be left alone for a good while yet.
    pub fn is_fresh(&self, now: i64) -> bool {
        now.saturating_sub(self.at) < PATIENCE / 2
    }

    /// What a claim, if there is one, means to `owner`.
    pub fn standing(claim: Option<&Claim>, owner: &str, now: i64) -> Standing {
        match claim {
            None => Standing::Free,
            Some(claim) if claim.owner == owner => Standing::Own,
            Some(claim) if now.saturating_sub(claim.at) < PATIENCE => Standing::Foreign,
            Some(_) => Standing::Stale,
        }
    }
}

/// Those of the channels that are in none of the sets.
pub fn missing<'a>(channels: &[String], sent: impl Iterator<Item = &'a BTreeSet<String>> + Clone) -> Vec<String> {
    channels.iter().filter(|channel| !sent.clone().any(|sent| sent.contains(*channel))).cloned().collect()
}

/// Which windows the last alert of a series spoke for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// Their keys.
    pub windows: Vec<String>,
    /// How many events they held when it was made.
    pub told: u64,
}

/// Anything that is kept under a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// A window.
    Window(Entry),
    /// The last alert of a series.
    Last(Last),
    /// When a rule began to learn.
    Lessons(Lessons),
    /// When a combination was seen.
    Sightings(Sightings),
    /// The alerts of a rule in an hour.
    Flood(Flood),
}

impl Item {
    /// As it is kept.
    pub fn encode(&self) -> String {
        // A struct of texts and numbers cannot fail to become JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What was kept. Error: it is none of ours.
    pub fn decode(text: &str) -> Result<Self, Down> {
        serde_json::from_str(text).map_err(|error| Down(format!("an item of the table cannot be read: {error}")))
    }
}

/// One kind of item.
pub trait Kept: Clone + PartialEq + Send + Into<Item> {
    /// The item, if it is of this kind.
    fn from_item(item: Item) -> Option<Self>;
}

macro_rules! kept {
    ($($kind:ident($type:ty)),*) => {$(
        impl From<$type> for Item {
            fn from(kept: $type) -> Self {
                Item::$kind(kept)
            }
        }

        impl Kept for $type {
            fn from_item(item: Item) -> Option<Self> {
                match item {
                    Item::$kind(kept) => Some(kept),
                    _ => None,
                }
            }
        }
    )*};
}

kept!(Window(Entry), Last(Last), Lessons(Lessons), Sightings(Sightings), Flood(Flood));
