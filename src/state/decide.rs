//! Decides what happens to the matches of a delivery.
//!
//! Everything that a decision depends on is stored before the decision is returned; a delivery that fails in between
//! finds its own claim at its retry.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{
    claimant::{Claimant, Outage},
    decision::{Decision, Firing, Marks, Match, RollUp, Ticket},
    distinct::Distinct,
    entry::{Claim, LastAlert, WindowEntry},
    group::grouped,
    key::{self, MatchedEvent, Series, rule_id, rule_key},
    learn::already_seen,
    mark::mark_sent,
    rate_limit::{self, Asker, Gate, gate},
    step::{Ask, WindowAlert, WindowVerdict, step},
    store::{NotStored, Slot, read, update, update_one},
    table::Table,
    window::{EventWindow, expires, windows},
};
use crate::rule::Rule;

/// Decides about the matches of a delivery, in their order. Matches with the same alert raise one, for the first of
/// them, that covers all; so the more matches one call takes, the fewer writes they need. It never fails: see
/// [`Firing::unremembered`].
///
/// An event without a time happens at `now`.
pub async fn decide(
    table: &impl Table,
    claimant: &mut Claimant,
    matches: &[Match<'_>],
    now: Timestamp,
) -> Vec<Decision> {
    let events: Vec<MatchedEvent> = matches.iter().map(|one| event(one, now)).collect();
    let mut decisions: Vec<Option<Decision>> = vec![None; matches.len()];

    let first_seen = undecided(&decisions).filter(|at| matches[*at].rule.first_seen.is_some());
    for group in grouped(first_seen, |at| matches[at].rule.id.as_str()) {
        for (at, decision) in already_seen(table, claimant, matches, &events, &group, now).await {
            decisions[at] = Some(decision);
        }
    }

    let series: Vec<_> = matches.iter().zip(&events).map(|(one, event)| MatchWindows::of(one, event)).collect();
    for group in grouped(undecided(&decisions), |at| &series[at].windows) {
        let [first, others @ ..] = &group[..] else { continue };
        let events: Vec<MatchedEvent> = group.iter().map(|at| events[*at]).collect();
        let decision = decide_windows(table, claimant, &matches[*first], &series[*first], &events, now).await;
        for at in others {
            decisions[*at] = Some(match &decision {
                Decision::Fire(_) => Decision::Deduplicated,
                Decision::RollUp(roll_up) => Decision::Capped { held: roll_up.held },
                other => other.clone(),
            });
        }
        decisions[*first] = Some(decision);
    }
    let mut decisions: Vec<Decision> = decisions.into_iter().flatten().collect();
    merge_roll_ups(matches, &mut decisions);
    for (one, decision) in matches.iter().zip(&mut decisions).filter(|(one, _)| !one.rule.notify) {
        mute(table, claimant, one, decision).await;
    }
    decisions
}

/// Marks a muted alert as sent, so that the counts of the rule are those that it would have with `notify`.
async fn mute(table: &impl Table, claimant: &mut Claimant, one: &Match<'_>, decision: &mut Decision) {
    let (Decision::Fire(Firing { ticket, .. }) | Decision::RollUp(RollUp { ticket, .. })) = &*decision else { return };
    for channel in one.channels {
        // If the mark is not stored, the alert is counted again.
        let _ = mark_sent(table, claimant, ticket, channel).await;
    }
    *decision = Decision::Muted;
}

fn event(one: &Match<'_>, now: Timestamp) -> MatchedEvent {
    MatchedEvent { id: key::event_id(one.record), time: one.record.event_time().unwrap_or(now).as_second() }
}

fn undecided(decisions: &[Option<Decision>]) -> impl Iterator<Item = usize> {
    decisions.iter().enumerate().filter(|(_, decision)| decision.is_none()).map(|(at, _)| at)
}

/// Of several roll-ups of a rule only the last goes out, with the count of held-back alerts at the end.
fn merge_roll_ups(matches: &[Match<'_>], decisions: &mut [Decision]) {
    let mut most: HashMap<&str, (u64, Option<usize>)> = HashMap::new();
    for (at, (one, decision)) in matches.iter().zip(&*decisions).enumerate() {
        let (held, last) = match decision {
            Decision::Capped { held } => (*held, None),
            Decision::RollUp(roll_up) => (roll_up.held, Some(at)),
            _ => continue,
        };
        let known = most.entry(one.rule.id.as_str()).or_default();
        *known = (known.0.max(held), last.or(known.1));
    }
    for (at, (one, decision)) in matches.iter().zip(decisions).enumerate() {
        let Decision::RollUp(roll_up) = decision else { continue };
        match most.get(one.rule.id.as_str()) {
            Some((held, Some(last))) if *last == at => roll_up.held = roll_up.held.max(*held),
            _ => *decision = Decision::Capped { held: roll_up.held },
        }
    }
}

/// The windows of an event, and the series that they belong to.
struct MatchWindows {
    series: Series,
    threshold: u32,
    windows: Vec<EventWindow>,
}

impl MatchWindows {
    /// A combination of values is new only once, whatever the threshold.
    fn of(one: &Match<'_>, event: &MatchedEvent) -> Self {
        let rule = one.rule;
        let threshold = if rule.first_seen.is_some() { 1 } else { rule.threshold };
        let series = Series::new(rule, &rule.aggregate(one.record));
        let windows = windows(&series, rule.window, threshold, event.time);
        Self { series, threshold, windows }
    }

    fn slots(&self, now: Timestamp) -> Vec<Slot> {
        let slot = |window: &EventWindow| Slot { key: window.key.clone(), expires: Some(window.expires(now)) };
        self.windows.iter().map(slot).collect()
    }
}

/// Decides about events in the same windows of a series.
async fn decide_windows(
    table: &impl Table,
    claimant: &mut Claimant,
    one: &Match<'_>,
    windows: &MatchWindows,
    events: &[MatchedEvent],
    now: Timestamp,
) -> Decision {
    let Claimant { owner, alerted, outage: Outage { error: down, .. }, .. } = &mut *claimant;
    let ask = Ask {
        windows: &windows.windows,
        events,
        threshold: windows.threshold,
        owner,
        channels: one.channels,
        alerted,
        now: now.as_second(),
    };
    let slots = windows.slots(now);
    let stepped = update(table, down, &slots, |entries: Vec<Option<WindowEntry>>| {
        step(entries.into_iter().map(Option::unwrap_or_default).collect(), &ask)
    });
    let (verdict, unremembered) = match stepped.await {
        Ok(verdict) => (verdict, false),
        // Events that are not stored raise an alert, since their number is unknown; but where another alert is known to
        // cover them, or another delivery to alert, that holds.
        Err(NotStored { outcome: None | Some(WindowVerdict::BelowThreshold { .. }), .. }) => {
            let unknown = vec![WindowEntry::default(); windows.windows.len()];
            (step(unknown, &Ask { threshold: 1, ..ask }).1, true)
        }
        Err(NotStored { outcome: Some(verdict), .. }) => (verdict, true),
    };
    let alert = match verdict {
        WindowVerdict::Alert(alert) => alert,
        WindowVerdict::Deduplicated => return Decision::Deduplicated,
        WindowVerdict::BelowThreshold { count } => return Decision::BelowThreshold { count },
        WindowVerdict::ClaimedElsewhere => return Decision::ClaimedElsewhere,
    };
    fire(table, claimant, one, windows, alert, unremembered, now).await
}

/// The alert, unless the hourly limit of its rule holds it back.
async fn fire(
    table: &impl Table,
    claimant: &mut Claimant,
    one: &Match<'_>,
    windows: &MatchWindows,
    alert: WindowAlert,
    unremembered: bool,
    now: Timestamp,
) -> Decision {
    let window = &windows.windows[alert.lead];
    let held_before = match pass_limit(table, claimant, one, window, now).await {
        Gate::Open { held_before } => held_before,
        Gate::Shut { held } => {
            release_claim(table, claimant, windows, alert.lead, now).await;
            return Decision::Capped { held };
        }
        Gate::RollUp { hour, held, step, channels } => {
            release_claim(table, claimant, windows, alert.lead, now).await;
            let (alert_id, limit) =
                (rule_id(&format!("flood {step}"), &one.rule.id, hour), claimant.max_alerts_per_hour);
            let until = timestamp((hour + 1) * 3600, now);
            let ticket = Ticket(Marks::RollUp { slot: limit_slot(one.rule, now), hour, step });
            return Decision::RollUp(RollUp { alert_id, limit, held, until, channels, ticket });
        }
    };
    // The window with the claim is marked first: a delivery that fails between two marks has then marked that one.
    let mut slots = windows.slots(now);
    slots.swap(0, alert.lead);
    let keys: Vec<String> = slots.iter().map(|slot| slot.key.clone()).collect();
    let key = windows.series.key("last", &windows.series.id("last", &[]));
    let since_last = since_last(table, claimant, &key, &window.key).await;
    let last = LastAlert { windows: keys.clone(), reported: alert.reported };
    for key in keys {
        claimant.alerted.entry(key).or_default().extend(alert.channels.iter().cloned());
    }
    claimant.last.insert(key.clone(), last.clone());
    Decision::Fire(Firing {
        alert_id: window.id.clone(),
        count: alert.count,
        approximate: alert.approximate,
        first: timestamp(alert.span.0, now),
        last: timestamp(alert.span.1, now),
        window: (timestamp(window.start, now), timestamp(window.end, now)),
        since_last,
        held_before,
        channels: alert.channels,
        unremembered: unremembered || claimant.table_error().is_some(),
        ticket: Ticket(Marks::Windows { windows: slots, key, last }),
    })
}

/// Releases the claim on the window of an alert that is held back, so that no other delivery waits for it.
async fn release_claim(
    table: &impl Table,
    claimant: &mut Claimant,
    windows: &MatchWindows,
    lead: usize,
    now: Timestamp,
) {
    let (owner, slots) = (&claimant.owner, windows.slots(now));
    let Some(slot) = slots.get(lead) else { return };
    // If this is not stored, other deliveries wait until the claim expires.
    let _ = update_one(table, &mut claimant.outage.error, slot, |entry: Option<WindowEntry>| {
        let mut entry = entry.unwrap_or_default();
        if entry.claim.as_ref().is_some_and(|claim| claim.owner == *owner) {
            entry.claim = Some(Claim::released(owner));
        }
        (entry, ())
    })
    .await;
}

/// Whether the hourly limit lets an alert pass. Where the table is unavailable, the alerts of this invocation count.
async fn pass_limit(
    table: &impl Table,
    claimant: &mut Claimant,
    one: &Match<'_>,
    window: &EventWindow,
    now: Timestamp,
) -> Gate {
    let slot = limit_slot(one.rule, now);
    let in_hour = |hour: i64| format!("{}/{hour}", slot.key);
    let Claimant { owner, max_alerts_per_hour: limit, rolled_up, outage: Outage { alerts, error: down }, .. } =
        claimant;
    let rolled_up_now = rolled_up.get(&in_hour(rate_limit::hour(now.as_second())));
    let asker = Asker { owner, channels: one.channels, rolled_up: rolled_up_now, now: now.as_second() };
    let alert = key::event_hash(&window.id);
    let passed = update_one(table, down, &slot, |stored| gate(stored, alert, *limit, &asker)).await;
    let passed = passed.unwrap_or_else(|_| {
        let (counted, passed) = gate(alerts.remove(&slot.key), alert, *limit, &asker);
        alerts.insert(slot.key.clone(), counted);
        passed
    });
    if let Gate::RollUp { hour, step, channels, .. } = &passed {
        let reported = channels.iter().map(|channel| (channel.clone(), *step));
        rolled_up.entry(in_hour(*hour)).or_default().extend(reported);
    }
    passed
}

fn limit_slot(rule: &Rule, now: Timestamp) -> Slot {
    Slot { key: rule_key("flood", &rule.id, "alerts"), expires: Some(expires(now, now)) }
}

/// A time in seconds since 1970; `now` where that is out of range.
fn timestamp(seconds: i64, now: Timestamp) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(now)
}

/// How many events came to the windows of the last alert after it was made. No write depends on it.
async fn since_last(table: &impl Table, claimant: &mut Claimant, key: &str, window: &String) -> Option<u64> {
    let last: LastAlert = match claimant.last.get(key) {
        Some(last) => last.clone(),
        None => read(table, &mut claimant.outage.error, key).await?,
    };
    if last.windows.contains(window) {
        return None;
    }
    let mut events = Distinct::default();
    for key in &last.windows {
        let entry: WindowEntry = read(table, &mut claimant.outage.error, key).await?;
        events = events.union(&entry.events);
    }
    Some(events.count().saturating_sub(last.reported))
}
