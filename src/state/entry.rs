//! The stored items: every shape that is written to the table, and its text. Tables of deployed stacks hold such texts,
//! so names and values in them must not change.
//!
//! An item is bounded: at most some hundred hashes of 16 digits and a few words, about ten kilobytes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::distinct::Distinct;

/// The events of one window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowEntry {
    /// Which events.
    pub events: Distinct,
    /// The times of the first and the last of them, in seconds since 1970.
    pub span: Option<(i64, i64)>,
    /// The delivery that is about to alert about this window.
    pub claim: Option<Claim>,
    /// The channels that took an alert about this window, or about the one half a window apart that covers this one,
    /// too. Only these suppress further alerts.
    pub sent: BTreeSet<String>,
}

/// An invocation's claim to send this alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// A hash of the delivery that the invocation handles.
    pub owner: String,
    /// When the invocation made the claim, in seconds since 1970.
    pub at: i64,
}

/// What a stored claim means to a delivery that would alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimStatus {
    /// There is no claim.
    Unclaimed,
    /// The delivery made the claim itself.
    Own,
    /// Another delivery is about to alert.
    Foreign,
    /// Another delivery's expired claim.
    Expired,
}

/// How long another delivery's claim holds, in seconds: no invocation runs for longer
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const CLAIM_SECONDS: i64 = 15 * 60;

impl Claim {
    /// A claim that any delivery may take over at once, and that its owner still recognizes.
    pub fn released(owner: &str) -> Self {
        Self { owner: owner.to_owned(), at: i64::MIN }
    }

    /// Whether less than half of the claim's time has passed.
    pub fn is_fresh(&self, now: i64) -> bool {
        now.saturating_sub(self.at) < CLAIM_SECONDS / 2
    }

    /// What a claim, if there is one, means to the delivery `owner` at the time `now`.
    pub fn status(claim: Option<&Claim>, owner: &str, now: i64) -> ClaimStatus {
        match claim {
            None => ClaimStatus::Unclaimed,
            Some(claim) if claim.owner == owner => ClaimStatus::Own,
            Some(claim) if now.saturating_sub(claim.at) < CLAIM_SECONDS => ClaimStatus::Foreign,
            Some(_) => ClaimStatus::Expired,
        }
    }
}

/// The channels that are in none of the sets.
pub fn missing<'a>(channels: &[String], sent: impl Iterator<Item = &'a BTreeSet<String>> + Clone) -> Vec<String> {
    channels.iter().filter(|channel| !sent.clone().any(|sent| sent.contains(*channel))).cloned().collect()
}

/// The last alert of a series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastAlert {
    /// The keys of the windows that it covers.
    pub windows: Vec<String>,
    /// How many events they held when it was made.
    #[serde(rename = "told")]
    pub reported: u64,
}

/// When a rule with `first_seen` began to learn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearningStart {
    /// The time of the first event, in seconds since 1970.
    pub from: i64,
}

/// When a combination of values occurred: from the first event to the last, with no gap longer than `within` of the
/// rule's `first_seen`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sightings {
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

/// Anything that is stored under a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StoredItem {
    /// A window.
    #[serde(rename = "window")]
    WindowEntry(WindowEntry),
    /// The last alert of a series.
    #[serde(rename = "last")]
    LastAlert(LastAlert),
    /// When a rule began to learn.
    #[serde(rename = "lessons")]
    LearningStart(LearningStart),
    /// When a combination of values occurred.
    #[serde(rename = "sightings")]
    Sightings(Sightings),
    /// The alerts of a rule in an hour.
    #[serde(rename = "flood")]
    HourlyAlerts(HourlyAlerts),
}

impl StoredItem {
    /// The item as JSON.
    pub fn encode(&self) -> String {
        // A struct of texts and numbers always becomes JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the text of an item.
    ///
    /// # Errors
    ///
    /// The text is not one that [`StoredItem::encode`] gives.
    pub fn decode(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// One kind of item.
pub trait ItemKind: Clone + PartialEq + Send + Into<StoredItem> {
    /// The item, if it is of this kind.
    fn from_item(item: StoredItem) -> Option<Self>;
}

macro_rules! item_kinds {
    ($($kind:ident),*) => {$(
        impl From<$kind> for StoredItem {
            fn from(kind: $kind) -> Self {
                StoredItem::$kind(kind)
            }
        }

        impl ItemKind for $kind {
            fn from_item(item: StoredItem) -> Option<Self> {
                match item {
                    StoredItem::$kind(kind) => Some(kind),
                    _ => None,
                }
            }
        }
    )*};
}

item_kinds!(WindowEntry, LastAlert, LearningStart, Sightings, HourlyAlerts);

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables of deployed stacks hold such texts.
    #[test]
    fn items_are_stored_as_in_deployed_tables() {
        let mut events = Distinct::default();
        events.insert(255);
        let claim = Some(Claim { owner: "o".to_owned(), at: 7 });
        let (span, sent) = (Some((1, 2)), ["alerts".to_owned()].into());
        let items: [StoredItem; 5] = [
            WindowEntry { events: events.clone(), span, claim: claim.clone(), sent }.into(),
            LastAlert { windows: vec!["w".to_owned()], reported: 3 }.into(),
            LearningStart { from: 4 }.into(),
            Sightings { from: 5, to: 6, opener: 8 }.into(),
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
        let texts: Vec<&str> = include_str!("../../tests/cases/stored_items.jsonl").lines().collect();
        assert_eq!(items.each_ref().map(StoredItem::encode)[..], texts[..]);
        assert_eq!(texts.iter().map(|text| StoredItem::decode(text).unwrap()).collect::<Vec<_>>(), items);
        assert!(StoredItem::decode(r#"{"unknown":{}}"#).is_err());
    }
}
