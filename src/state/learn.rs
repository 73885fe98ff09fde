//! Rules with `first_seen`: stores which combinations of values they have seen, and decides which are new.

use std::{collections::HashMap, slice};

use jiff::Timestamp;

use super::{
    claimant::Claimant,
    decision::{Decision, Match},
    entry::{LearningStart, Sightings},
    first_seen::{learn, observe},
    group::grouped,
    key::{MatchedEvent, Series},
    store::{Slot, update, update_one},
    table::Table,
    window::expires,
};
use crate::rule::{AggregateValue, FieldPath, FirstSeen, Rule, combination};

/// Starts the learning of the rules with `first_seen` that have not started: with the first event that was evaluated,
/// whether it matches or not. Returns whether all of them have started, as far as the table can tell.
pub async fn start_learning<'r>(
    table: &impl Table,
    claimant: &mut Claimant,
    rules: impl IntoIterator<Item = &'r Rule>,
    event: Timestamp,
) -> bool {
    let mut started = true;
    for rule in rules {
        let Some(first_seen) = &rule.first_seen else { continue };
        let slot = learning_slot(rule, first_seen);
        let stored = update_one(table, &mut claimant.outage.error, &slot, |start: Option<LearningStart>| {
            (start.unwrap_or(LearningStart { from: event.as_second() }), ())
        });
        started &= stored.await.is_ok();
    }
    started
}

/// Adds the matches of a rule with `first_seen` to what it knows, and decides about those that are not new, or that
/// came while it was learning.
pub async fn already_seen(
    table: &impl Table,
    claimant: &mut Claimant,
    matches: &[Match<'_>],
    events: &[MatchedEvent],
    group: &[usize],
    now: Timestamp,
) -> Vec<(usize, Decision)> {
    let rule = |at: usize| (matches[at].rule, matches[at].rule.first_seen.as_ref());
    let Some((rule, Some(first_seen))) = group.first().map(|at| rule(*at)) else { return Vec::new() };
    let all: Vec<MatchedEvent> = group.iter().map(|at| events[*at]).collect();
    let slot = learning_slot(rule, first_seen);
    let learned = update_one(table, &mut claimant.outage.error, &slot, |start: Option<LearningStart>| {
        let start = learn(start, &all);
        let from = start.from;
        (start, from)
    });
    let Ok(from) = learned.await else { return Vec::new() };
    let learned_at = from.saturating_add(first_seen.learning.as_secs());

    let values = |at: usize| combination(&first_seen.fields, matches[at].record);
    let series: HashMap<usize, Series> = group.iter().map(|at| (*at, Series::new(rule, &values(*at)))).collect();
    let mut decisions = Vec::new();
    for same in grouped(group.iter().copied(), |at| &series[&at]) {
        let Some(series) = same.first().map(|at| &series[at]) else { continue };
        let same_events: Vec<MatchedEvent> = same.iter().map(|at| events[*at]).collect();
        let within = first_seen.within.as_secs();
        let last = same_events.iter().map(|event| event.time).max().unwrap_or(0).saturating_add(within);
        let known_until = expires(Timestamp::from_second(last).unwrap_or(now), now);
        let slot = Slot { key: series.key("seen", &series.id("seen", &[])), expires: Some(known_until) };
        let observed =
            update(table, &mut claimant.outage.error, slice::from_ref(&slot), |seen: Vec<Option<Sightings>>| {
                let (seen, new) = observe(seen.into_iter().flatten().next(), &same_events, within);
                (seen.into_iter().collect(), new)
            });
        // Where the table is unavailable, every combination counts as new.
        let Ok(new) = observed.await else { return decisions };
        for ((at, event), is_new) in same.iter().zip(&same_events).zip(new) {
            match is_new {
                false => decisions.push((*at, Decision::AlreadySeen)),
                true if event.time < learned_at => decisions.push((*at, Decision::Learning)),
                true => {}
            }
        }
    }
    decisions
}

/// The slot depends on the fields: a rule that looks at other fields learns again.
fn learning_slot(rule: &Rule, first_seen: &FirstSeen) -> Slot {
    let field = |field: &FieldPath| AggregateValue { field: field.written.text.trim().to_owned(), values: Vec::new() };
    let fields = Series::new(rule, &first_seen.fields.iter().map(field).collect::<Vec<_>>());
    Slot { key: fields.key("lessons", &fields.id("lessons", &[])), expires: None }
}
