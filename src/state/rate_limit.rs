//! The hourly limit on the alerts of a rule: beyond it a roll-up alert reports that alerts are held back, and again at
//! ten times as many.
//!
//! The hour is that of the clock, since the limit protects readers. A held-back alert remains a claim: if more of its
//! events arrive after the hour, it goes out.

use std::collections::BTreeMap;

use super::{
    audience::Audience,
    entry::{Claim, HourlyAlerts},
};

/// What happens to an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It goes out.
    Open {
        /// For the first alert of an hour, how many were suppressed earlier by the hourly limit.
        held_before: u64,
    },
    /// It does not go out, and this delivery sends a roll-up in its place.
    RollUp {
        /// The hour, counted from 1970.
        hour: i64,
        /// How many are held back so far.
        held: u64,
        /// The power of ten that this reaches.
        step: u64,
        /// Those who have not taken the roll-up yet.
        audiences: Vec<Audience>,
    },
    /// It does not go out, and a roll-up covers it.
    Shut {
        /// How many are held back so far.
        held: u64,
    },
}

/// The delivery that asks whether an alert may go out.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// A hash of the delivery.
    pub owner: &'a str,
    /// Who the alert would go to.
    pub audiences: &'a [Audience],
    /// How many held-back alerts this delivery was already to report.
    pub rolled_up: Option<&'a BTreeMap<Audience, u64>>,
    /// The time of the clock, in seconds since 1970.
    pub now: i64,
}

/// The hour of a time in seconds.
pub fn hour(now: i64) -> i64 {
    now.div_euclid(3600)
}

/// Lets an alert pass if fewer than `limit` others passed in the same hour.
pub fn gate(alerts: &mut HourlyAlerts, alert: u64, limit: u32, asker: &Asker<'_>) -> Gate {
    let hour = hour(asker.now);
    // An invocation that began in the hour before may find a later one here, and counts in that.
    if alerts.hour < hour {
        let before = if alerts.held.count() > 0 { alerts.held.count() } else { unreported(alerts) };
        *alerts = HourlyAlerts { hour, before, ..HourlyAlerts::default() };
    }
    if !alerts.passed.contains(alert) && alerts.passed.count() < u64::from(limit) {
        alerts.passed.insert(alert);
        alerts.first.get_or_insert(alert);
    }
    if alerts.passed.contains(alert) {
        let held_before = if alerts.first == Some(alert) { alerts.before } else { 0 };
        return Gate::Open { held_before };
    }
    alerts.held.insert(alert);
    let held = alerts.held.count();
    let step = step(held);
    let is_covered = |audience: &Audience| {
        let counts = [alerts.sent.get(audience.word()), asker.rolled_up.and_then(|sent| sent.get(audience))];
        counts.into_iter().flatten().any(|count| *count >= step)
    };
    let audiences: Vec<Audience> = asker.audiences.iter().copied().filter(|audience| !is_covered(audience)).collect();
    let is_claimed = alerts.claim.as_ref().is_some_and(|claim| claim.is_foreign(asker.owner, asker.now));
    let is_claimed_elsewhere = is_claimed && alerts.claimed >= step;
    if audiences.is_empty() || is_claimed_elsewhere {
        return Gate::Shut { held };
    }
    alerts.claim = Some(Claim { owner: asker.owner.to_owned(), at: asker.now });
    alerts.claimed = step;
    Gate::RollUp { hour: alerts.hour, held, step, audiences }
}

/// A roll-up goes out for the first alert that is held back, the tenth, the hundredth and so on.
fn step(held: u64) -> u64 {
    10_u64.saturating_pow(held.max(1).ilog10())
}

/// The alerts held back before the hour that none of its alerts reported.
fn unreported(alerts: &HourlyAlerts) -> u64 {
    if alerts.first.is_none() { alerts.before } else { 0 }
}
