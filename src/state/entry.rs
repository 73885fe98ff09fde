//! The stored items: every shape that is written to the table, and its text or bytes. Tables of deployed stacks hold such
//! texts, so names and values in them must not change.
//!
//! An item is bounded: a series by its bytes, and the others to some hundred hashes of 16 digits and a few words, less than
//! twenty kilobytes. So a hundred of them are within the 4 MB of a transaction
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>). Only the sets of what is
//! due grow until the table refuses more; they are never written as a whole.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    budget::Budget,
    distinct::Distinct,
    series::{SeriesError, SeriesItem},
};

/// An invocation's claim to send a roll-up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// A hash of the delivery that the invocation handles.
    pub owner: String,
    /// When the invocation made the claim, in seconds since 1970.
    pub at: i64,
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

/// When a rule with `first_seen` began to learn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearningStart {
    /// The time of the first event, in seconds since 1970.
    pub from: i64,
}

/// When a combination of values occurred: the newest sighting, and earlier ones. Deployed tables hold items without `earlier`, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sightings {
    /// The newest.
    #[serde(flatten)]
    pub newest: Sighting,
    /// Those before it, by the time of their last events.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Sighting>,
}

/// Events with a combination of values, with no gap between them longer than `within` of the rule's `first_seen`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The time of the first event, in seconds since 1970.
    pub from: i64,
    /// The time of the last event, in seconds since 1970.
    pub to: i64,
    /// A hash of the event for which the combination was new.
    pub opener: u64,
}

/// The alerts of one rule in one hour of the clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourlyAlerts {
    /// The hour, counted from 1970.
    pub hour: i64,
    /// The alerts that went out.
    #[serde(rename = "spoken")]
    pub passed: Distinct,
    /// The first of them, which reports how many were held back before.
    pub first: Option<u64>,
    /// The alerts that were held back.
    pub held: Distinct,
    /// The delivery that is about to send the roll-up.
    pub claim: Option<Claim>,
    /// How many held-back alerts that roll-up reports, at least; any delivery may claim the next step.
    pub claimed: u64,
    /// How many held-back alerts each channel was informed of, at least.
    pub sent: BTreeMap<String, u64>,
    /// How many alerts were held back in the last hour that held any back.
    pub before: u64,
}

/// Where the tick is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickState {
    /// The first slot that may hold entries, except for late ones.
    pub cursor: i64,
    /// Until when an invocation works on what is due, in seconds since 1970.
    pub until: i64,
}

/// Anything that is stored under a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoredItem {
    /// What is known of a series.
    #[serde(skip)]
    Series(SeriesItem),
    /// When a rule began to learn.
    #[serde(rename = "lessons")]
    LearningStart(LearningStart),
    /// When a combination of values occurred.
    #[serde(rename = "sightings")]
    Sightings(Sightings),
    /// The alerts of a rule in an hour.
    #[serde(rename = "flood")]
    HourlyAlerts(HourlyAlerts),
    /// The tokens of the alert topic.
    #[serde(rename = "budget")]
    Budget(Budget),
    /// Where the tick is.
    #[serde(rename = "tick")]
    Tick(TickState),
    /// Entries that are due in a slot of time.
    #[serde(skip)]
    Due(BTreeSet<String>),
}

/// An item as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemBody {
    /// Text: JSON.
    Text(String),
    /// Bytes: a series.
    Bytes(Vec<u8>),
    /// A set of texts: entries that are due.
    Set(BTreeSet<String>),
}

/// Why an item is not readable.
#[derive(Debug, Error)]
pub enum ItemError {
    /// Its text is not JSON of an item.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// Its bytes are not a series.
    #[error(transparent)]
    Series(#[from] SeriesError),
}

impl StoredItem {
    /// The item as it is stored.
    pub fn encode(&self) -> ItemBody {
        match self {
            StoredItem::Series(series) => ItemBody::Bytes(series.encode()),
            StoredItem::Due(entries) => ItemBody::Set(entries.clone()),
            // A struct of texts and numbers always becomes JSON.
            item => ItemBody::Text(serde_json::to_string(item).unwrap_or_default()),
        }
    }

    /// Reads what is stored.
    ///
    /// # Errors
    ///
    /// It is not what [`StoredItem::encode`] gives.
    pub fn decode(body: &ItemBody) -> Result<Self, ItemError> {
        Ok(match body {
            ItemBody::Text(text) => serde_json::from_str(text)?,
            ItemBody::Bytes(bytes) => SeriesItem::decode(bytes)?.into(),
            ItemBody::Set(entries) => StoredItem::Due(entries.clone()),
        })
    }
}

/// One kind of item.
pub trait ItemKind: Default + Into<StoredItem> {
    /// The item, if it is of this kind.
    fn of(item: &mut StoredItem) -> Option<&mut Self>;
}

macro_rules! item_kinds {
    ($($variant:ident of $kind:ident),*) => {$(
        impl From<$kind> for StoredItem {
            fn from(kind: $kind) -> Self {
                StoredItem::$variant(kind)
            }
        }

        impl ItemKind for $kind {
            fn of(item: &mut StoredItem) -> Option<&mut Self> {
                match item {
                    StoredItem::$variant(kind) => Some(kind),
                    _ => None,
                }
            }
        }
    )*};
}

item_kinds!(
    Series of SeriesItem,
    LearningStart of LearningStart,
    Sightings of Sightings,
    HourlyAlerts of HourlyAlerts,
    Budget of Budget,
    Tick of TickState
);

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables of deployed stacks hold such texts. Those of windows and of last alerts are read no more, and expire.
    #[test]
    fn items_are_stored_as_in_deployed_tables() {
        let mut events = Distinct::default();
        events.insert(255);
        let claim = Some(Claim { owner: "o".to_owned(), at: 7 });
        let items: [StoredItem; 3] = [
            LearningStart { from: 4 }.into(),
            Sightings { newest: Sighting { from: 5, to: 6, opener: 8 }, earlier: Vec::new() }.into(),
            HourlyAlerts {
                hour: 9,
                passed: events,
                first: Some(255),
                held: Distinct::default(),
                claim,
                claimed: 10,
                sent: [("chat".to_owned(), 1)].into(),
                before: 11,
            }
            .into(),
        ];
        let text = |text: &str| ItemBody::Text(text.to_owned());
        let texts = include_str!("../../tests/cases/stored_items.jsonl").lines();
        let texts: Vec<ItemBody> =
            texts.filter(|line| !line.starts_with("{\"window\"") && !line.starts_with("{\"last\"")).map(text).collect();
        assert_eq!(items.each_ref().map(StoredItem::encode)[..], texts[..]);
        assert_eq!(texts.iter().map(|text| StoredItem::decode(text).unwrap()).collect::<Vec<_>>(), items);
        assert!(StoredItem::decode(&text(r#"{"unknown":{}}"#)).is_err());
    }

    #[test]
    fn where_the_tick_is_and_what_is_due_are_stored_as_in_deployed_tables() {
        let tick = StoredItem::from(TickState { cursor: 12, until: 13 });
        assert_eq!(tick.encode(), ItemBody::Text(r#"{"tick":{"cursor":12,"until":13}}"#.to_owned()));
        assert_eq!(StoredItem::decode(&tick.encode()).unwrap(), tick);
        let due = StoredItem::Due(["a".to_owned()].into());
        assert_eq!(due.encode(), ItemBody::Set(["a".to_owned()].into()));
        assert_eq!(StoredItem::decode(&due.encode()).unwrap(), due);
    }

    #[test]
    fn earlier_sightings_are_stored() {
        let at = |from| Sighting { from, to: from + 1, opener: 8 };
        let item = StoredItem::from(Sightings { newest: at(10), earlier: vec![at(1), at(5)] });
        assert_eq!(StoredItem::decode(&item.encode()).unwrap(), item);
        let series = StoredItem::from(SeriesItem::default());
        assert_eq!(StoredItem::decode(&series.encode()).unwrap(), series);
    }
}
