//! One act, one alert: of the rules that match one record, the most severe whose alert goes out covers the milder ones.
//!
//! A covered match counts in its own series like any other, and its series is marked as alerted once the alert that covers it is
//! sent. Rules that count, rules with `alone` and muted rules have no part in this.

use std::collections::HashMap;

use super::{
    audience::{Audience, bits},
    decision::Decision,
    matched::Match,
    series::PendingAlert,
};

/// The alerts that go out about each record, which cover those of milder rules.
#[derive(Clone, Debug, Default)]
pub struct Acts(HashMap<u64, Vec<Lead>>);

/// An alert that covers others.
#[derive(Clone, Debug)]
pub struct Lead {
    /// Its id.
    pub alert_id: String,
    /// The id of its thread, if that is known.
    pub thread_id: String,
    /// Who gets it, as bits.
    to: u8,
}

impl Match {
    /// The record of which the alert of its rule may cover others, and be covered.
    pub(super) fn act(&self) -> Option<u64> {
        let rule = &self.rule;
        let place = self.place.filter(|_| rule.notify && !rule.alone && rule.alerts_on_each_match());
        place.map(|place| place.record)
    }
}

impl Acts {
    /// Notes what is decided about a match: an alert covers those that are decided later about the same record. `thread_id` gives
    /// the id of its thread.
    pub fn note(&mut self, one: &Match, decision: &Decision, thread_id: impl FnOnce() -> String) {
        if let (Some(record), Decision::Fire(firing)) = (one.act(), decision) {
            let lead = Lead { alert_id: firing.alert_id.clone(), thread_id: thread_id(), to: bits(&firing.audiences) };
            self.0.entry(record).or_default().push(lead);
        }
    }

    /// What covers an alert that a match raises for `audiences`: an alert about the same record that goes to all of them. An
    /// alert of another time is about another event; this match takes it over from a delivery that ended.
    pub fn cover(&self, one: &Match, alert: &PendingAlert, audiences: &[Audience]) -> Option<&Lead> {
        let missing = bits(audiences);
        let leads = self.0.get(&one.act()?).filter(|_| alert.anchor == one.arrival.time)?;
        leads.iter().find(|lead| missing & !lead.to == 0)
    }
}

/// The indices of matches in the order in which they are decided: that of the records, and within a record the most severe rule
/// first, then the first in the file.
pub fn order(matches: &[&Match]) -> Vec<usize> {
    let mut first: HashMap<u64, usize> = HashMap::new();
    let rank = |(at, one): (usize, &&Match)| match (one.act(), one.place) {
        (Some(record), Some(place)) => {
            (*first.entry(record).or_insert(at), one.rule.severity.number(), place.position, at)
        }
        _ => (at, 0, 0, at),
    };
    let mut ranked: Vec<_> = matches.iter().enumerate().map(rank).collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(.., at)| at).collect()
}

/// Notes in each alert which matches it covers, the most severe first.
pub fn link(matches: &[&Match], decisions: &mut [Decision]) {
    let mut leads: HashMap<u64, Vec<(usize, u8)>> = HashMap::new();
    for at in order(matches) {
        let Some(record) = matches.get(at).and_then(|one| one.act()) else { continue };
        let known = leads.entry(record).or_default();
        let lead = match decisions.get_mut(at) {
            Some(Decision::Fire(firing)) => {
                known.push((at, bits(&firing.audiences)));
                continue;
            }
            Some(Decision::Covered(firing)) => {
                let missing = bits(&firing.audiences);
                known.iter().find(|(_, to)| missing & !to == 0).map(|(lead, _)| *lead)
            }
            _ => continue,
        };
        if let Some(Decision::Fire(firing)) = lead.and_then(|lead| decisions.get_mut(lead)) {
            firing.covers.push(at);
        }
    }
}
