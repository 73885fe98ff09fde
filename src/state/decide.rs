//! What is to be done about the matches of a delivery, and what is marked once it is done.
//!
//! Everything that a decision rests on is kept before the decision is given, and whoever fails in between finds his own
//! claim when he comes again.

use std::{collections::HashMap, hash::Hash, slice};

use jiff::Timestamp;

use super::{
    Claimant, Decision, Distinct, Down, Extent, Firing, Match, Outage, RollUp, Table, Ticket, Window,
    entry::{Claim, Entry, Last},
    first_seen::{Lessons, Sightings, learn, look},
    key::{self, Series, rule_id, rule_key},
    rate_limit::{self, Asker, Flood, Gate, gate},
    step::{Ask, Event, Fire, Verdict, step},
    store::{Failed, Place, read, update},
    window::{expires, windows},
};
use crate::rule::{AggregateValue, FieldPath, FirstSeen, Rule, combination};

/// What must be marked once an alert is out.
#[derive(Clone, Debug, PartialEq)]
pub enum Marks {
    /// The windows that the alert speaks for, first the one that it is about, and what the next alert of the series must know of it, with its key.
    Windows { windows: Vec<Place>, key: String, last: Last },
    /// That a rule floods, in that hour.
    Flood { place: Place, hour: i64, step: u64 },
}

/// Decides about the matches of a delivery, in their order. Matches that are the same alert make one, of the first of them,
/// that stands for all: the more are given at once, the fewer writes it takes. Nothing of it fails: see
/// [`Firing::unremembered`].
///
/// The time of an event that gives none is `now`.
pub async fn decide(
    table: &impl Table,
    claimant: &mut Claimant,
    matches: &[Match<'_>],
    now: Timestamp,
) -> Vec<Decision> {
    let events: Vec<Event> = matches.iter().map(|one| event(one, now)).collect();
    let mut decisions: Vec<Option<Decision>> = vec![None; matches.len()];

    let first_seen = undecided(&decisions).filter(|at| matches[*at].rule.first_seen.is_some());
    for group in grouped(first_seen, |at| matches[at].rule.id.as_str()) {
        for (at, decision) in teach(table, claimant, matches, &events, &group, now).await {
            decisions[at] = Some(decision);
        }
    }

    let series: Vec<_> = matches.iter().zip(&events).map(|(one, event)| Asked::of(one, event)).collect();
    for group in grouped(undecided(&decisions), |at| &series[at].windows) {
        let [first, others @ ..] = &group[..] else { continue };
        let events: Vec<Event> = group.iter().map(|at| events[*at]).collect();
        let decision = speak(table, claimant, &matches[*first], &series[*first], &events, now).await;
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
    sum_up(matches, &mut decisions);
    for (one, decision) in matches.iter().zip(&mut decisions).filter(|(one, _)| !one.rule.notify) {
        mute(table, claimant, one, decision).await;
    }
    decisions
}

/// What would go out counts as if it had: a rule on trial shows how many alerts it would raise.
async fn mute(table: &impl Table, claimant: &mut Claimant, one: &Match<'_>, decision: &mut Decision) {
    let (Decision::Fire(Firing { ticket, .. }) | Decision::RollUp(RollUp { ticket, .. })) = &*decision else { return };
    for channel in one.channels {
        // Where it cannot be kept, it is counted again.
        let _ = sent(table, claimant, ticket, channel).await;
    }
    *decision = Decision::Muted;
}

/// Has the rules begin to learn that alert only on what is new, unless they have: with the first event that was evaluated,
/// whatever it was. Whether all of them have, as far as the table can say.
pub async fn learn_from<'r>(
    table: &impl Table,
    claimant: &mut Claimant,
    rules: impl IntoIterator<Item = &'r Rule>,
    event: Timestamp,
) -> bool {
    let mut learn = true;
    for rule in rules {
        let Some(first_seen) = &rule.first_seen else { continue };
        let places = [(lessons_key(rule, first_seen), None)];
        let began = update(table, &mut claimant.outage.down, &places, |lessons: Vec<Option<Lessons>>| {
            let known = lessons.into_iter().flatten().next();
            (vec![known.unwrap_or(Lessons { from: event.as_second() })], ())
        });
        learn &= began.await.is_ok();
    }
    learn
}

/// Takes note that a channel took an alert: from now on it silences what is the same.
///
/// Error: the table cannot be used, and the alert may come again.
pub async fn sent(table: &impl Table, claimant: &mut Claimant, ticket: &Ticket, channel: &str) -> Result<(), Down> {
    let down = &mut claimant.outage.down;
    match &ticket.0 {
        Marks::Windows { windows, key, last } => {
            update(table, down, windows, |entries: Vec<Option<Entry>>| {
                let mut entries: Vec<Entry> = entries.into_iter().map(Option::unwrap_or_default).collect();
                for entry in &mut entries {
                    entry.sent.insert(channel.to_owned());
                }
                (entries, ())
            })
            .await?;
            let expires = windows.iter().map(|(_, expires)| *expires).max().flatten();
            update(table, down, &[(key.clone(), expires)], |_: Vec<Option<Last>>| (vec![last.clone()], ())).await?;
        }
        Marks::Flood { place, hour, step } => {
            update(table, down, slice::from_ref(place), |flood: Vec<Option<Flood>>| {
                let mut flood = flood.into_iter().flatten().next().unwrap_or_default();
                // In another hour it is to be said anew.
                if flood.hour == *hour {
                    let known = flood.sent.entry(channel.to_owned()).or_default();
                    *known = (*known).max(*step);
                }
                (vec![flood], ())
            })
            .await?;
        }
    }
    Ok(())
}

/// What stands by now in the window that an alert is about; `None` for a roll-up, and where the table cannot say.
pub async fn by_now(table: &impl Table, ticket: &Ticket) -> Option<Extent> {
    let Marks::Windows { windows, .. } = &ticket.0 else { return None };
    let entry: Entry = read(table, &mut None, &windows.first()?.0).await?;
    let (first, last) = entry.span?;
    let time = |seconds| Timestamp::from_second(seconds).ok();
    let (count, approximate) = (entry.events.count(), !entry.events.is_exact());
    Some(Extent { count, approximate, first: time(first)?, last: time(last)? })
}

fn event(one: &Match<'_>, now: Timestamp) -> Event {
    Event { id: key::event(one.record), time: one.record.event_time().unwrap_or(now).as_second() }
}

fn undecided(decisions: &[Option<Decision>]) -> impl Iterator<Item = usize> {
    decisions.iter().enumerate().filter(|(_, decision)| decision.is_none()).map(|(at, _)| at)
}

/// Places with the same key, in order.
fn grouped<K: Hash + Eq>(places: impl Iterator<Item = usize>, key: impl Fn(usize) -> K) -> Vec<Vec<usize>> {
    let (mut groups, mut known) = (Vec::<Vec<usize>>::new(), HashMap::new());
    for at in places {
        let group = *known.entry(key(at)).or_insert(groups.len());
        match groups.get_mut(group) {
            Some(group) => group.push(at),
            None => groups.push(vec![at]),
        }
    }
    groups
}

/// Of the roll-ups of a rule the last goes out, and says what was held back up to the end.
fn sum_up(matches: &[Match<'_>], decisions: &mut [Decision]) {
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

/// Takes note of the matches of a rule that alerts only on what is new, and decides about those that are not.
async fn teach(
    table: &impl Table,
    claimant: &mut Claimant,
    matches: &[Match<'_>],
    events: &[Event],
    group: &[usize],
    now: Timestamp,
) -> Vec<(usize, Decision)> {
    let rule = |at: usize| (matches[at].rule, matches[at].rule.first_seen.as_ref());
    let Some((rule, Some(first_seen))) = group.first().map(|at| rule(*at)) else { return Vec::new() };
    let all: Vec<Event> = group.iter().map(|at| events[*at]).collect();
    let keys = [(lessons_key(rule, first_seen), None)];
    let learnt = update(table, &mut claimant.outage.down, &keys, |lessons: Vec<Option<Lessons>>| {
        let lessons = learn(lessons.into_iter().flatten().next(), &all);
        let from = lessons.from;
        (vec![lessons], from)
    });
    let Ok(from) = learnt.await else { return Vec::new() };
    let speaks = from.saturating_add(first_seen.learning.as_secs());

    let values = |at: usize| combination(&first_seen.fields, matches[at].record);
    let series: HashMap<usize, Series> = group.iter().map(|at| (*at, Series::new(rule, &values(*at)))).collect();
    let mut decisions = Vec::new();
    for same in grouped(group.iter().copied(), |at| &series[&at]) {
        let Some(series) = same.first().map(|at| &series[at]) else { continue };
        let those: Vec<Event> = same.iter().map(|at| events[*at]).collect();
        let last = those.iter().map(|event| event.time).max().unwrap_or(0).saturating_add(first_seen.within.as_secs());
        let known_until = expires(Timestamp::from_second(last).unwrap_or(now), now);
        let keys = [(series.key("seen", &series.id("seen", &[])), Some(known_until))];
        let looked = update(table, &mut claimant.outage.down, &keys, |seen: Vec<Option<Sightings>>| {
            let (seen, news) = look(seen.into_iter().flatten().next(), &those, first_seen.within.as_secs());
            (seen.into_iter().collect(), news)
        });
        // What nobody can tell is new.
        let Ok(news) = looked.await else { return decisions };
        for ((at, event), new) in same.iter().zip(&those).zip(news) {
            match new {
                false => decisions.push((*at, Decision::AlreadySeen)),
                true if event.time < speaks => decisions.push((*at, Decision::Learning)),
                true => {}
            }
        }
    }
    decisions
}

/// A rule that looks at other fields begins to learn again.
fn lessons_key(rule: &Rule, first_seen: &FirstSeen) -> String {
    let field = |field: &FieldPath| AggregateValue { field: field.written.text.trim().to_owned(), values: Vec::new() };
    let fields = Series::new(rule, &first_seen.fields.iter().map(field).collect::<Vec<_>>());
    fields.key("lessons", &fields.id("lessons", &[]))
}

/// The windows of an event, and the series that they belong to.
struct Asked {
    series: Series,
    threshold: u32,
    windows: Vec<Window>,
}

impl Asked {
    /// What is new is so only once, whatever the threshold.
    fn of(one: &Match<'_>, event: &Event) -> Self {
        let rule = one.rule;
        let threshold = if rule.first_seen.is_some() { 1 } else { rule.threshold };
        let series = Series::new(rule, &rule.aggregate(one.record));
        let windows = windows(&series, rule.window, threshold, event.time);
        Self { series, threshold, windows }
    }

    fn places(&self, now: Timestamp) -> Vec<Place> {
        self.windows.iter().map(|window| (window.key.clone(), Some(window.expires(now)))).collect()
    }
}

/// Decides about events that lie in the same windows of a series.
async fn speak(
    table: &impl Table,
    claimant: &mut Claimant,
    one: &Match<'_>,
    asked: &Asked,
    events: &[Event],
    now: Timestamp,
) -> Decision {
    let Claimant { owner, spoken, outage: Outage { down, .. }, .. } = &mut *claimant;
    let ask = Ask {
        windows: &asked.windows,
        events,
        threshold: asked.threshold,
        owner,
        channels: one.channels,
        spoken,
        now: now.as_second(),
    };
    let places = asked.places(now);
    let stepped = update(table, down, &places, |entries: Vec<Option<Entry>>| {
        step(entries.into_iter().map(Option::unwrap_or_default).collect(), &ask)
    });
    let (verdict, unremembered) = match stepped.await {
        Ok(verdict) => (verdict, None),
        // Who was not counted must not be lost; who is silent for another's sake may be.
        Err(Failed { down, outcome: None | Some(Verdict::BelowThreshold { .. }) }) => {
            let unknown = vec![Entry::default(); asked.windows.len()];
            (step(unknown, &Ask { threshold: 1, ..ask }).1, Some(down))
        }
        Err(Failed { down, outcome: Some(verdict) }) => (verdict, Some(down)),
    };
    let fire = match verdict {
        Verdict::Fire(fire) => fire,
        Verdict::Deduplicated => return Decision::Deduplicated,
        Verdict::BelowThreshold { count } => return Decision::BelowThreshold { count },
        Verdict::ClaimedElsewhere => return Decision::ClaimedElsewhere,
    };
    firing(table, claimant, one, asked, fire, unremembered, now).await
}

/// The alert, unless too many of its rule went out.
async fn firing(
    table: &impl Table,
    claimant: &mut Claimant,
    one: &Match<'_>,
    asked: &Asked,
    fire: Fire,
    unremembered: Option<Down>,
    now: Timestamp,
) -> Decision {
    let window = &asked.windows[fire.lead];
    let held_before = match pass(table, claimant, one, window, now).await {
        Gate::Open { held_before } => held_before,
        Gate::Shut { held } => {
            give_up(table, claimant, asked, fire.lead, now).await;
            return Decision::Capped { held };
        }
        Gate::RollUp { hour, held, step, channels } => {
            give_up(table, claimant, asked, fire.lead, now).await;
            let (alert_id, most) = (rule_id(&format!("flood {step}"), &one.rule.id, hour), claimant.most_an_hour);
            let until = seconds((hour + 1) * 3600, now);
            let ticket = Ticket(Marks::Flood { place: flood_place(one.rule, now), hour, step });
            return Decision::RollUp(RollUp { alert_id, most, held, until, channels, ticket });
        }
    };
    // Who breaks off between two marks has at least marked where his claim lies.
    let mut windows = asked.places(now);
    windows.swap(0, fire.lead);
    let keys: Vec<String> = windows.iter().map(|(key, _)| key.clone()).collect();
    let key = asked.series.key("last", &asked.series.id("last", &[]));
    let since_last = since_last(table, claimant, &key, &window.key).await;
    let last = Last { windows: keys.clone(), told: fire.told };
    for key in keys {
        claimant.spoken.entry(key).or_default().extend(fire.channels.iter().cloned());
    }
    claimant.last.insert(key.clone(), last.clone());
    Decision::Fire(Firing {
        alert_id: window.id.clone(),
        count: fire.count,
        approximate: fire.approximate,
        first: seconds(fire.span.0, now),
        last: seconds(fire.span.1, now),
        window: (seconds(window.start, now), seconds(window.end, now)),
        since_last,
        held_before,
        channels: fire.channels,
        unremembered: unremembered.or_else(|| claimant.down().cloned()),
        ticket: Ticket(Marks::Windows { windows, key, last }),
    })
}

/// Leaves a window to whoever comes next: nobody waits for an alert that is held back.
async fn give_up(table: &impl Table, claimant: &mut Claimant, asked: &Asked, lead: usize, now: Timestamp) {
    let (owner, places) = (&claimant.owner, asked.places(now));
    let Some(place) = places.get(lead) else { return };
    // Where it cannot be kept, others wait for a while.
    let _ = update(table, &mut claimant.outage.down, slice::from_ref(place), |entries: Vec<Option<Entry>>| {
        let mut entry = entries.into_iter().flatten().next().unwrap_or_default();
        if entry.claim.as_ref().is_some_and(|claim| claim.owner == *owner) {
            entry.claim = Some(Claim::given_up(owner));
        }
        (vec![entry], ())
    })
    .await;
}

/// Whether the alert of a window may go out. Where the table cannot say, the alerts of this delivery count.
async fn pass(table: &impl Table, claimant: &mut Claimant, one: &Match<'_>, window: &Window, now: Timestamp) -> Gate {
    let place = flood_place(one.rule, now);
    let mark = |hour: i64| format!("{}/{hour}", place.0);
    let Claimant { owner, most_an_hour, rolled_up, outage: Outage { floods, down }, .. } = claimant;
    let told = rolled_up.get(&mark(rate_limit::hour(now.as_second())));
    let from = Asker { owner, channels: one.channels, told, now: now.as_second() };
    let alert = key::event_hash(&window.id);
    let passed = update(table, down, slice::from_ref(&place), |flood: Vec<Option<Flood>>| {
        let (flood, passed) = gate(flood.into_iter().flatten().next(), alert, *most_an_hour, &from);
        (vec![flood], passed)
    });
    let passed = passed.await.unwrap_or_else(|_| {
        let (flood, passed) = gate(floods.remove(&place.0), alert, *most_an_hour, &from);
        floods.insert(place.0.clone(), flood);
        passed
    });
    if let Gate::RollUp { hour, step, channels, .. } = &passed {
        let told = channels.iter().map(|channel| (channel.clone(), *step));
        rolled_up.entry(mark(*hour)).or_default().extend(told);
    }
    passed
}

fn flood_place(rule: &Rule, now: Timestamp) -> Place {
    (rule_key("flood", &rule.id, "alerts"), Some(expires(now, now)))
}

fn seconds(seconds: i64, now: Timestamp) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(now)
}

/// How many events came to the windows of the last alert after it was made. No write rests on it.
async fn since_last(table: &impl Table, claimant: &mut Claimant, last: &str, window: &String) -> Option<u64> {
    let last: Last = match claimant.last.get(last) {
        Some(last) => last.clone(),
        None => read(table, &mut claimant.outage.down, last).await?,
    };
    if last.windows.contains(window) {
        return None;
    }
    let mut events = Distinct::default();
    for key in &last.windows {
        let entry: Entry = read(table, &mut claimant.outage.down, key).await?;
        events = events.union(&entry.events);
    }
    Some(events.count().saturating_sub(last.told))
}
