//! Load, step, store: the only part of the state that waits for its table.
//!
//! A write that conflicts is decided anew. Everything that a decision rests on is kept before the decision is given, and
//! whoever fails in between finds his own claim when he comes again.

use std::{collections::HashMap, hash::Hash};

use jiff::Timestamp;

use super::{
    Claimant, Decision, Distinct, Down, Firing, Match, Put, RollUp, Table, Ticket, Version, Window,
    entry::{Claim, Entry, Kept, Last},
    first_seen::{Lessons, Sightings, learn, look},
    flood::{self, Asker, Flood, Gate, gate},
    key::{self, Series, rule_id, rule_key},
    step::{Ask, Event, Fire, Verdict, step},
    window::{expires, windows},
};
use crate::rule::{AggregateValue, FieldPath, FirstSeen, Rule, combination};

/// So often a write is tried against others.
const ATTEMPTS: usize = 100;

/// What must be marked once an alert is out.
#[derive(Clone, Debug, PartialEq)]
pub enum Marks {
    /// The claim in the window that the alert is about, and when that may be forgotten; and under which key is kept what the
    /// next alert of the series says of it.
    Windows { claim: Claim, expires: Timestamp, last: String },
    /// That a rule floods.
    Flood { key: String },
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
    let mut decisions: Vec<Option<Decision>> =
        matches.iter().map(|one| (!one.rule.notify).then_some(Decision::Quiet)).collect();

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
                Decision::RollUp(_) => Decision::HeldBack,
                other => other.clone(),
            });
        }
        decisions[*first] = Some(decision);
    }
    decisions.into_iter().flatten().collect()
}

/// Takes note that a channel took an alert: from now on it silences what is the same.
///
/// Error: the table cannot be used, and the alert may come again.
pub async fn sent(
    table: &impl Table,
    claimant: &Claimant,
    ticket: &Ticket,
    channel: &str,
    now: Timestamp,
) -> Result<(), Down> {
    let (mut down, owner) = (claimant.down.clone(), &claimant.owner);
    // Where there is no claim the alert is out all the same.
    let mark = |kept: &mut Option<Claim>, claim: &Claim| {
        let made = || Claim { owner: owner.clone(), at: now.as_second(), ..claim.clone() };
        kept.get_or_insert_with(made).sent.insert(channel.to_owned());
    };
    match &ticket.0 {
        Marks::Windows { claim, expires, last } => {
            let key = claim.windows.first().cloned().unwrap_or_default();
            let keys = [(key, Some(*expires))];
            update(table, &mut down, &keys, |_, entry: Vec<Option<Entry>>| {
                let mut entry = entry.into_iter().flatten().next().unwrap_or_default();
                mark(&mut entry.claim, claim);
                (vec![entry], ())
            })
            .await?;
            let keys = [(last.clone(), Some(*expires))];
            let last = Last { windows: claim.windows.clone(), told: claim.told };
            update(table, &mut down, &keys, |_, _: Vec<Option<Last>>| (vec![last.clone()], ())).await?;
        }
        Marks::Flood { key } => {
            update(table, &mut down, &[(key.clone(), Some(expires(now, now)))], |_, flood: Vec<Option<Flood>>| {
                let mut flood = flood.into_iter().flatten().next().unwrap_or_default();
                mark(&mut flood.claim, &Claim::default());
                (vec![flood], ())
            })
            .await?;
        }
    }
    Ok(())
}

fn event(one: &Match<'_>, now: Timestamp) -> Event {
    let time = one.record.at(&["eventTime"]).and_then(|time| time.parse::<Timestamp>().ok());
    Event { id: key::event(one.record), time: time.unwrap_or(now).as_second() }
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
    let learnt = update(table, &mut claimant.down, &keys, |_, lessons: Vec<Option<Lessons>>| {
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
        let looked = update(table, &mut claimant.down, &keys, |_, seen: Vec<Option<Sightings>>| {
            let (seen, news) = look(seen.into_iter().flatten().next(), &those, first_seen.within.as_secs());
            (seen.into_iter().collect(), news)
        });
        // What nobody can tell is new.
        let Ok(news) = looked.await else { return decisions };
        for ((at, event), new) in same.iter().zip(&those).zip(news) {
            match new {
                false => decisions.push((*at, Decision::Known)),
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
    let Claimant { owner, spoken, down, .. } = &mut *claimant;
    let ask = Ask {
        windows: &asked.windows,
        events,
        threshold: asked.threshold,
        owner,
        channels: one.channels,
        spoken,
        now: now.as_second(),
    };
    let keys: Vec<_> = asked.windows.iter().map(|window| (window.key.clone(), Some(window.expires(now)))).collect();
    let stepped = update(table, down, &keys, |keys, entries: Vec<Option<Entry>>| {
        let entries = entries.into_iter().map(Option::unwrap_or_default);
        let (entries, verdict) = step(keys.iter().cloned().zip(entries).collect(), &ask);
        (entries.into_iter().map(|(_, entry)| entry).collect(), verdict)
    });
    let (verdict, unremembered) = match stepped.await {
        Ok(verdict) => (verdict, None),
        // Who was not counted must not be lost; who is silent for another's sake may be.
        Err(Failed { down, outcome: None | Some(Verdict::BelowThreshold { .. }) }) => {
            let unknown = asked.windows.iter().map(|window| (window.key.clone(), Entry::default())).collect();
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
    claimant.spoken.extend(fire.windows.iter().cloned());
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
    let alert_id = fire.lead.rsplit('/').next().unwrap_or_default().to_owned();
    let end = fire.start.saturating_add(one.rule.window.as_secs());
    let (hour, flood) = (flood::hour(now.as_second()), rule_key("flood", &one.rule.id, "alerts"));
    let (owner, most, mark) = (claimant.owner.clone(), claimant.most_an_hour, format!("{flood}/{hour}"));
    let told = claimant.spoken.contains(&mark);
    let from = Asker { owner: &owner, channels: one.channels, told, now: now.as_second() };
    let alert = key::event_hash(&alert_id);
    let keys = [(flood.clone(), Some(expires(now, now)))];
    let passed = update(table, &mut claimant.down, &keys, |_, flood: Vec<Option<Flood>>| {
        let (flood, passed) = gate(flood.into_iter().flatten().next(), alert, most, &from);
        (vec![flood], passed)
    });
    let held_before = match passed.await {
        Ok(Gate::Open { held_before }) => held_before,
        Ok(Gate::Shut) => return Decision::HeldBack,
        Ok(Gate::RollUp { held, channels }) => {
            claimant.spoken.insert(mark);
            let (alert_id, ticket) = (rule_id("flood", &one.rule.id, hour), Ticket(Marks::Flood { key: flood }));
            let until = seconds((hour + 1) * 3600, now);
            return Decision::RollUp(RollUp { alert_id, most, held, until, channels, ticket });
        }
        Err(_) => 0,
    };
    let last = asked.series.key("last", &asked.series.id("last", &[]));
    let since_last = since_last(table, claimant, &last, &fire.lead).await;
    claimant.last.insert(last.clone(), Last { windows: fire.windows.clone(), told: fire.told });
    let expires = asked.windows.iter().map(|window| window.expires(now)).max().unwrap_or(now);
    let claim = Claim { start: fire.start, windows: fire.windows, told: fire.told, ..Claim::default() };
    Decision::Fire(Firing {
        alert_id,
        count: fire.count,
        approximate: fire.approximate,
        first: seconds(fire.span.0, now),
        last: seconds(fire.span.1, now),
        window: (seconds(fire.start, now), seconds(end, now)),
        since_last,
        held_before,
        channels: fire.channels,
        unremembered,
        ticket: Ticket(Marks::Windows { claim, expires, last }),
    })
}

fn seconds(seconds: i64, now: Timestamp) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(now)
}

/// How many events came to the windows of the last alert after it was made. No write rests on it.
async fn since_last(table: &impl Table, claimant: &mut Claimant, last: &str, window: &String) -> Option<u64> {
    let last: Last = match claimant.last.get(last) {
        Some(last) => last.clone(),
        None => read(table, claimant, last).await?,
    };
    if last.windows.contains(window) {
        return None;
    }
    let mut events = Distinct::default();
    for key in &last.windows {
        let entry: Entry = read(table, claimant, key).await?;
        events = events.union(&entry.events);
    }
    Some(events.count().saturating_sub(last.told))
}

async fn read<K: Kept>(table: &impl Table, claimant: &mut Claimant, key: &str) -> Option<K> {
    if claimant.down.is_some() {
        return None;
    }
    let found = table.get(key).await.map_err(|down| claimant.down = Some(down)).ok()??;
    K::from_item(found.0)
}

/// A change that could not be kept, and what would have come of it, as far as that is known.
struct Failed<T> {
    down: Down,
    outcome: Option<T>,
}

impl<T> From<Failed<T>> for Down {
    fn from(failed: Failed<T>) -> Self {
        failed.down
    }
}

/// Reads items and those that they refer to, changes them and writes those that have changed, until no other has written in
/// between. Of several items some may be written before another conflicts: `change` sees its own work then.
async fn update<K: Kept, T>(
    table: &impl Table,
    down: &mut Option<Down>,
    keys: &[(String, Option<Timestamp>)],
    change: impl Fn(&[String], Vec<Option<K>>) -> (Vec<K>, T),
) -> Result<T, Failed<T>> {
    if let Some(down) = down {
        return Err(Failed { down: down.clone(), outcome: None });
    }
    let mut outcome = None;
    match (attempts(table, keys, change, &mut outcome).await, outcome) {
        (Ok(()), Some(outcome)) => Ok(outcome),
        (result, outcome) => {
            let error = result.err().unwrap_or_else(|| Down("nothing was decided".to_owned()));
            *down = Some(error.clone());
            Err(Failed { down: error, outcome })
        }
    }
}

async fn attempts<K: Kept, T>(
    table: &impl Table,
    keys: &[(String, Option<Timestamp>)],
    change: impl Fn(&[String], Vec<Option<K>>) -> (Vec<K>, T),
    outcome: &mut Option<T>,
) -> Result<(), Down> {
    let expires = keys.iter().map(|(_, expires)| *expires).max().flatten();
    'again: for _ in 0..ATTEMPTS {
        let (mut names, mut found) = (Vec::new(), Vec::new());
        for (key, _) in keys {
            found.push(load::<K>(table, key).await?);
            names.push(key.clone());
        }
        for at in 0..keys.len() {
            let beside = found[at].0.as_ref().and_then(Kept::refers).filter(|key| !names.contains(*key)).cloned();
            if let Some(key) = beside
                && let beside @ (Some(_), _) = load(table, &key).await?
            {
                found.push(beside);
                names.push(key);
            }
        }
        let (changed, result) = change(&names, found.iter().map(|(kept, _)| kept.clone()).collect());
        *outcome = Some(result);
        let mut writes: Vec<_> = names.iter().zip(found).zip(changed).collect();
        writes.sort_by_key(|(_, changed)| !changed.goes_first());
        for ((key, (kept, version)), changed) in writes {
            let expires = keys.iter().find(|(known, _)| known == key).map_or(expires, |(_, expires)| *expires);
            if kept.as_ref() != Some(&changed)
                && table.put(key, &changed.into(), version, expires).await? == Put::Conflict
            {
                continue 'again;
            }
        }
        return Ok(());
    }
    Err(Down(format!("others wrote in between {ATTEMPTS} times")))
}

async fn load<K: Kept>(table: &impl Table, key: &str) -> Result<(Option<K>, Option<Version>), Down> {
    let Some((item, version)) = table.get(key).await? else { return Ok((None, None)) };
    match K::from_item(item) {
        None => Err(Down(format!("`{key}` is not what it should be"))),
        kept => Ok((kept, Some(version))),
    }
}
