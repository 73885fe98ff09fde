//! A rule that raises more alerts in an hour than anybody reads: beyond a bound one alert says that they are held back,
//! and again when they are ten times as many.
//!
//! The hour is that of the clock, since it is people who are flooded. Nothing held back is marked as sent: if more events
//! of the kind come when the hour is over, they speak.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Distinct,
    entry::{Claim, Standing},
};

/// The alerts of a rule in an hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flood {
    /// Which hour, counted from 1970.
    pub hour: i64,
    /// Those that went out.
    pub spoken: Distinct,
    /// The first of them, which says what was held back before.
    pub first: Option<u64>,
    /// Those that did not.
    pub held: Distinct,
    /// Who says so.
    pub claim: Option<Claim>,
    /// For how many: the next step is for whoever reaches it.
    pub claimed: u64,
    /// The channels that know, and how many they were told were held back, at least.
    pub sent: BTreeMap<String, u64>,
    /// How many were held back when the rule last spoke too often.
    pub before: u64,
}

/// What is to be done with an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It goes out.
    Open {
        /// How many were held back when the rule last spoke too often, for the first alert after.
        held_before: u64,
    },
    /// It is the first, or the first that somebody can tell of, that does not go out.
    RollUp {
        /// In which hour.
        hour: i64,
        /// How many are held back so far.
        held: u64,
        /// At least so many: a power of ten.
        step: u64,
        /// The channels that do not know yet.
        channels: Vec<String>,
    },
    /// It does not go out, and that is said already.
    Shut {
        /// How many are held back so far.
        held: u64,
    },
}

/// Who asks whether an alert may go out.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// A hash of the delivery.
    pub owner: &'a str,
    /// Where the alert would go.
    pub channels: &'a [String],
    /// The channels on which the one who asks has already been told to say what is held back.
    pub told: Option<&'a BTreeMap<String, u64>>,
    /// The time of the clock, in seconds since 1970.
    pub now: i64,
}

/// The hour of a time in seconds.
pub fn hour(now: i64) -> i64 {
    now.div_euclid(3600)
}

/// Lets an alert pass if fewer than `most` others of the hour did.
pub fn gate(flood: Option<Flood>, alert: u64, most: u32, asker: &Asker<'_>) -> (Flood, Gate) {
    let hour = hour(asker.now);
    let mut flood = flood.unwrap_or_default();
    // An invocation that began in the hour before finds a later one here, and stays in it.
    if flood.hour < hour {
        let before = if flood.held.count() > 0 { flood.held.count() } else { carried(&flood) };
        flood = Flood { hour, before, ..Flood::default() };
    }
    let held_before = |flood: &Flood| if flood.first == Some(alert) { flood.before } else { 0 };
    if flood.spoken.contains(alert) {
        let held_before = held_before(&flood);
        return (flood, Gate::Open { held_before });
    }
    if flood.spoken.count() < u64::from(most) {
        flood.spoken.insert(alert);
        flood.first.get_or_insert(alert);
        let held_before = held_before(&flood);
        return (flood, Gate::Open { held_before });
    }
    flood.held.insert(alert);
    let held = flood.held.count();
    let step = step(held);
    let knows = |channel: &String, told: &BTreeMap<String, u64>| told.get(channel).is_some_and(|known| *known >= step);
    let knows = |channel: &&String| knows(channel, &flood.sent) || asker.told.is_some_and(|told| knows(channel, told));
    let channels: Vec<String> = asker.channels.iter().filter(|channel| !knows(channel)).cloned().collect();
    let foreign =
        Claim::standing(flood.claim.as_ref(), asker.owner, asker.now) == Standing::Foreign && flood.claimed >= step;
    if channels.is_empty() || foreign {
        return (flood, Gate::Shut { held });
    }
    flood.claim = Some(Claim { owner: asker.owner.to_owned(), at: asker.now });
    flood.claimed = step;
    let hour = flood.hour;
    (flood, Gate::RollUp { hour, held, step, channels })
}

/// It is said of the first that is held back, of the tenth, of the hundredth and so on.
fn step(held: u64) -> u64 {
    10_u64.saturating_pow(held.max(1).ilog10())
}

/// What nobody has been told yet.
fn carried(flood: &Flood) -> u64 {
    if flood.first.is_none() { flood.before } else { 0 }
}
