//! Decides what happens to the matches of a delivery.
//!
//! Everything that a decision depends on is stored before the decision is returned; a delivery that fails in between
//! finds its own claim at its retry.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{
    act::{Acts, link, order},
    batch::{batches, parts},
    claimant::{Claimant, Outage},
    decision::{Decision, RollUp},
    items::Items,
    matched::Match,
    rate_limit::hour,
    series::{Headline, PendingAlert, SeriesItem},
    step::{Outcome, Passed, Turn, firing, step},
    store::{NotStored, update},
    table::Table,
};

/// What is decided about matches.
#[derive(Clone, Debug, Default)]
pub struct Decided {
    /// A decision for each match.
    pub decisions: Vec<Decision>,
    /// Further alerts and roll-ups: an earlier attempt of the delivery did not send them, and no match raises them again.
    /// Each has the index of a match with its rule and values.
    pub resumed: Vec<(usize, Decision)>,
}

/// Decides about the matches of a delivery, in their order. The more matches one call takes, the fewer requests they need:
/// for those with at most a hundred items one reading and one write, and no write where nothing is new. It never fails: see
/// [`Firing::unremembered`](super::Firing::unremembered). `headline` gives what is kept of the alert that a
/// match would raise, by its index.
pub async fn decide(
    table: &impl Table,
    claimant: &mut Claimant,
    matches: &[&Match],
    headline: impl Fn(usize) -> Option<Headline> + Sync,
    now: Timestamp,
) -> Decided {
    claimant.items = Items::default();
    let began = *claimant.began.get_or_insert(now.as_second());
    let mut decisions: Vec<Option<Decision>> = vec![None; matches.len()];
    let mut resumed = Vec::new();
    for batch in batches(matches) {
        let mut acts = Acts::default();
        for part in parts(matches, batch) {
            let (together, headlines) =
                (part.iter().map(|at| matches[*at]).collect::<Vec<_>>(), |at: usize| headline(part[at]));
            let outcome = decide_part(table, claimant, &together, &headlines, (began, now), acts).await;
            for (at, decision) in part.iter().zip(outcome.decisions) {
                decisions[*at] = Some(decision);
            }
            resumed.extend(outcome.resumed.into_iter().map(|(at, decision)| (part[at], decision)));
            acts = outcome.acts;
        }
    }
    let mut decisions: Vec<Decision> = decisions.into_iter().flatten().collect();
    count_held(matches, &mut decisions);
    link(matches, &mut decisions);
    Decided { decisions, resumed }
}

/// Decides about matches whose items one request reads; `acts` are the alerts about their records so far.
async fn decide_part(
    table: &impl Table,
    claimant: &mut Claimant,
    matches: &[&Match],
    headline: &(impl Fn(usize) -> Option<Headline> + Sync),
    (began, now): (i64, Timestamp),
    acts: Acts,
) -> Outcome {
    let mut items = Items::of(matches.iter().flat_map(|one| one.keys(hour(now.as_second()))));
    let Claimant { owner, number, max_alerts_per_hour: limit, handled, noticed, outage, .. } = &mut *claimant;
    let turn =
        Turn { matches, headline, owner, number: *number, began, limit: *limit, handled, noticed, acts: &acts, now };
    let outcome = match update(table, &mut outage.error, &mut items, |items| step(items, &turn)).await {
        Ok(outcome) => outcome,
        Err(NotStored { outcome, .. }) => without_table(&turn, outcome, outage),
    };
    claimant.items.extend(items);
    for (key, anchor) in &outcome.handled {
        claimant.handled.entry(key.clone()).or_default().push(*anchor);
    }
    claimant.noticed.clone_from(&outcome.noticed);
    outcome
}

/// Decides without the table. Events that are not stored raise an alert, since their number is unknown; but where another
/// alert is known to cover them, or another delivery to alert, that holds. `known` is what was decided and not stored.
fn without_table(turn: &Turn<'_>, known: Option<Outcome>, outage: &mut Outage) -> Outcome {
    let mut outcome = known.unwrap_or_else(|| Outcome {
        decisions: vec![Decision::BelowThreshold { count: 0 }; turn.matches.len()],
        noticed: turn.noticed.clone(),
        acts: turn.acts.clone(),
        ..Outcome::default()
    });
    // What is held back and not stored would be in no list.
    for (key, alert, line) in std::mem::take(&mut outcome.held) {
        let alerts = outage.alerts.entry(key).or_default();
        alerts.limit = turn.limit;
        alerts.hold(alert, &line);
    }
    for at in order(turn.matches) {
        let Some(one) = turn.matches.get(at) else { continue };
        if let Some(Decision::BelowThreshold { .. }) = outcome.decisions.get(at) {
            let decision = without_series(turn, one, &mut outcome, outage);
            outcome.acts.note(one, &decision, String::new);
            outcome.decisions[at] = decision;
        }
    }
    let resumed = outcome.resumed.iter_mut().map(|(_, decision)| decision);
    for decision in outcome.decisions.iter_mut().chain(resumed) {
        if let Decision::Fire(firing) | Decision::Covered(firing) = decision {
            firing.unremembered = true;
        }
    }
    outcome
}

/// Decides about one match as if it were the first of its series. The alerts of this delivery cover it, and those of this
/// invocation count towards the hourly limit.
fn without_series(turn: &Turn<'_>, one: &Match, outcome: &mut Outcome, outage: &mut Outage) -> Decision {
    let (anchor, reach) = (one.arrival.time, one.plan().window.unsigned_abs());
    let now = outcome.handled.iter().filter(|(key, _)| *key == one.key).map(|(_, anchor)| anchor);
    if turn.handled.get(&one.key).into_iter().flatten().chain(now).any(|other| other.abs_diff(anchor) <= reach) {
        return Decision::Deduplicated;
    }
    let alert = PendingAlert {
        anchor,
        count: 1,
        first: anchor,
        last: anchor,
        since: None,
        about: false,
        steps: Vec::new(),
        channels: 0,
        held: false,
        free: anchor,
        owner: turn.number,
        event: one.arrival.event,
    };
    if !one.rule.notify {
        outcome.handled.push((one.key.clone(), anchor));
        return Decision::Muted;
    }
    if outcome.acts.cover(one, &alert, &one.audiences).is_some() {
        outcome.handled.push((one.key.clone(), anchor));
        return Decision::Covered(firing(one, &alert, &SeriesItem::default(), turn.now));
    }
    let alerts = outage.alerts.entry(turn.limit_key(one)).or_default();
    match turn.ask_limit(one, &one.series.alert_id(anchor), &one.audiences, alerts, &mut outcome.noticed) {
        Passed::Held { decision, .. } => *decision,
        Passed::Open => {
            outcome.handled.push((one.key.clone(), anchor));
            Decision::Fire(firing(one, &alert, &SeriesItem::default(), turn.now))
        }
    }
}

/// The notice of a rule reports all alerts that are held back so far, not only those before it.
fn count_held(matches: &[&Match], decisions: &mut [Decision]) {
    let mut most: HashMap<&str, u64> = HashMap::new();
    for (one, decision) in matches.iter().zip(&*decisions) {
        if let Decision::Capped { held } | Decision::RollUp(RollUp { held, .. }) = decision {
            let known = most.entry(one.rule.id.as_str()).or_default();
            *known = (*known).max(*held);
        }
    }
    for (one, decision) in matches.iter().zip(decisions) {
        if let Decision::RollUp(roll_up) = decision {
            roll_up.held = most.get(one.rule.id.as_str()).copied().unwrap_or(roll_up.held);
        }
    }
}
