//! The stored items: every shape that is written to the table, and its text or bytes. Tables of deployed stacks hold such
//! texts, so names and values in them must not change.
//!
//! An item is bounded: a series by its bytes, the alerts of an hour by their numbers and by the bytes of their lines, and the others
//! by their numbers: less than forty kilobytes. So a hundred of them are within the 4 MB of a transaction
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>). Only the sets of what is
//! due grow until the table refuses more; they are never written as a whole.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    arrivals::{Arrivals, Round},
    budget::Budget,
    hourly::HourlyAlerts,
    series::{SeriesError, SeriesItem},
};

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

/// Where the tick is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickState {
    /// The first slot that may hold entries, except for late ones.
    pub cursor: i64,
    /// Until when an invocation works on what is due, in seconds since 1970.
    pub until: i64,
    /// What the last tick looked at beside what is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<Round>,
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
    #[serde(rename = "cap")]
    HourlyAlerts(HourlyAlerts),
    /// The tokens of the alert topic.
    #[serde(rename = "budget")]
    Budget(Budget),
    /// Where the tick is.
    #[serde(rename = "tick")]
    Tick(TickState),
    /// When logs of an account and region arrived.
    #[serde(rename = "source")]
    Arrivals(Arrivals),
    /// A set of texts: entries that are due in a slot of time, or sources of logs.
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
    Tick of TickState,
    Arrivals of Arrivals
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{
        distinct::Distinct,
        held::{HeldLine, HeldList},
        hourly::{Claim, Passes},
    };

    /// The tables of deployed stacks hold such texts. Those of windows, of last alerts and of alerts
    /// without an hour are read no more, and expire.
    #[test]
    fn items_are_stored_as_in_deployed_tables() {
        let (mut passed, mut held, mut list) = (Passes::default(), Distinct::default(), HeldList::default());
        passed.insert(1, 7);
        held.insert(255);
        let [principal, account, target, result, event] = ["p", "a", "t", "success", "e"].map(str::to_owned);
        list.add(255, HeldLine { principal, account, target, result, is_success: true, event, time: 10 });
        let items: [StoredItem; 3] = [
            LearningStart { from: 4 }.into(),
            Sightings { newest: Sighting { from: 5, to: 6, opener: 8 }, earlier: Vec::new() }.into(),
            HourlyAlerts {
                limit: 60,
                severity: None,
                passed,
                failed: Passes::default(),
                held,
                list,
                notice: Some(Claim { owner: "o".to_owned(), at: 7 }),
                notice_sent: 3,
                list_sent: 4,
            }
            .into(),
        ];
        let text = |text: &str| ItemBody::Text(text.to_owned());
        let texts = include_str!("../../tests/cases/stored_items.jsonl").lines();
        let is_read =
            |line: &&str| !["window", "last", "flood"].iter().any(|old| line.starts_with(&format!("{{\"{old}\"")));
        let texts: Vec<ItemBody> = texts.filter(is_read).map(text).collect();
        assert_eq!(items.each_ref().map(StoredItem::encode)[..], texts[..]);
        assert_eq!(texts.iter().map(|text| StoredItem::decode(text).unwrap()).collect::<Vec<_>>(), items);
        assert!(StoredItem::decode(&text(r#"{"unknown":{}}"#)).is_err());
    }

    #[test]
    fn where_the_tick_is_and_what_is_due_are_stored_as_in_deployed_tables() {
        let tick = StoredItem::from(TickState { cursor: 12, until: 13, round: None });
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
