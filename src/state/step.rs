//! What becomes of matches: stored items and the matches of a delivery become the next items, and a decision for each match.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    act::{Acts, order},
    audience::{Audience, bits},
    decision::{Decision, Firing, Mark, RollUp, Ticket},
    due::DueEntry,
    entry::{LearningStart, Sightings},
    first_seen::observe,
    follow_up,
    held::HeldLine,
    hourly::HourlyAlerts,
    items::{Items, expires},
    key::{event_hash, learning_key, limit_key, notice_id},
    listing::Listing,
    matched::{Match, counts, field_name},
    rate_limit::{Asker, Asking, Gate, end, gate, hour},
    series::{Delivery, FIELDS, Headline, PendingAlert, SeriesItem, StepEvent, Verdict},
    table::TableError,
};

/// Matches, and the delivery that brings them.
#[derive(Clone, Copy)]
pub struct Turn<'a> {
    /// The matches, in the order of their records.
    pub matches: &'a [&'a Match],
    /// What is kept of the alert that a match would raise, by the index of the match.
    pub headline: &'a (dyn Fn(usize) -> Option<Headline> + Sync),
    /// A hash of the delivery.
    pub owner: &'a str,
    /// The same as a number.
    pub number: u64,
    /// When this attempt to handle the delivery began, in seconds since 1970.
    pub began: i64,
    /// How many alerts of a rule may go out in an hour.
    pub limit: u32,
    /// The anchors of the alerts that the delivery was to send before, by the keys of their series.
    pub handled: &'a HashMap<String, Vec<i64>>,
    /// The audiences to which it was to send the notice of an hour, a bit for each, by the key of the hour.
    pub noticed: &'a HashMap<String, u8>,
    /// The alerts about the same records that were decided before.
    pub acts: &'a Acts,
    /// The time of the clock.
    pub now: Timestamp,
}

/// What is decided.
#[derive(Clone, Default)]
pub struct Outcome {
    /// For each match.
    pub decisions: Vec<Decision>,
    /// Alerts that an earlier attempt of the delivery did not send and that no match raised again, each with the index of a
    /// match of its series.
    pub resumed: Vec<(usize, Decision)>,
    /// The alerts that are due now: the keys of their series and their anchors.
    pub handled: Vec<(String, i64)>,
    /// [`Turn::noticed`], and what is due now.
    pub noticed: HashMap<String, u8>,
    /// [`Turn::acts`], and the alerts that are due now.
    pub acts: Acts,
    /// What the hourly limit holds back: the keys of the hours, hashes of the alerts, and their lines.
    pub held: Vec<(String, u64, Arc<HeldLine>)>,
}

/// Decides about matches, one after the other.
///
/// # Errors
///
/// An item is of another kind than its key.
pub fn step(items: &mut Items, turn: &Turn<'_>) -> Result<Outcome, TableError> {
    let outcome = Outcome { noticed: turn.noticed.clone(), acts: turn.acts.clone(), ..Outcome::default() };
    let mut stepping =
        Stepping { items, turn, outcome, decided: Vec::new(), reported: HashSet::new(), apart: HashSet::new() };
    let (mut arrived, mut decisions) = (BTreeMap::new(), BTreeMap::new());
    for at in order(turn.matches) {
        let Some(one) = turn.matches.get(at) else { continue };
        let decision = match stepping.news(one)? {
            News::Learning => Decision::Learning,
            News::Known => stepping.take_over(at)?,
            News::New => stepping.arrive(at)?,
        };
        if stepping.items.get::<SeriesItem>(&one.key)?.is_some() {
            arrived.insert(&one.key, at);
        }
        let thread_id = || (turn.headline)(at).map(|headline| headline.thread_id).unwrap_or_default();
        stepping.outcome.acts.note(one, &decision, thread_id);
        stepping.note_reported(one, &decision);
        decisions.insert(at, decision);
    }
    stepping.outcome.decisions = decisions.into_values().collect();
    // An alert of an earlier attempt may be about another record than that of its match, and goes out by itself.
    let acts = std::mem::take(&mut stepping.outcome.acts);
    for (key, at) in arrived {
        let unsent = stepping.items.get_mut::<SeriesItem>(key)?.resume(turn.delivery());
        for alert in unsent.into_iter().filter(|alert| !stepping.is_decided(key, alert)).collect::<Vec<_>>() {
            let decision = stepping.alert(at, &alert)?;
            if matches!(decision, Decision::Fire(_) | Decision::RollUp(_)) {
                stepping.outcome.resumed.push((at, decision));
            }
        }
        stepping.follow_up(key, at)?;
    }
    Ok(Outcome { acts, ..stepping.outcome })
}

impl Turn<'_> {
    fn delivery(&self) -> Delivery {
        Delivery { owner: self.number, began: self.began, now: self.now.as_second() }
    }

    /// The key of the alerts of a match's rule in this hour.
    pub fn limit_key(&self, one: &Match) -> String {
        limit_key(&one.rule, hour(self.now.as_second()))
    }

    /// Whether the hourly limit of its rule lets the alert of a match pass.
    pub fn ask_limit(
        &self,
        one: &Match,
        alert_id: &str,
        audiences: &[Audience],
        alerts: &mut HourlyAlerts,
        noticed: &mut HashMap<String, u8>,
    ) -> Passed {
        let (key, now) = (self.limit_key(one), self.now.as_second());
        let (hour, limit) = (hour(now), self.limit);
        let noticed = noticed.entry(key.clone()).or_default();
        let asker = Asker { owner: self.owner, audiences, noticed: *noticed, now };
        let (alert, severity) = (event_hash(alert_id), one.rule.severity);
        let decision =
            match gate(alerts, &Asking { alert, severity, caller: one.caller, line: &one.line }, limit, &asker) {
                Gate::Open => return Passed::Open,
                Gate::Shut { held } => Decision::Capped { held },
                Gate::Notice { held, audiences } => {
                    *noticed |= bits(&audiences);
                    let ticket = Ticket { key, expires: expires(end(hour), self.now), mark: Mark::RollUp };
                    let (alert_id, until) = (notice_id(&one.rule.id, hour), timestamp(end(hour), self.now));
                    Decision::RollUp(RollUp { alert_id, limit, held, until, audiences, ticket })
                }
            };
        Passed::Held { decision: Box::new(decision), until: end(hour) }
    }
}

/// Whether the combination of values of a match is new.
enum News {
    New,
    Known,
    /// It is new, and the rule is learning.
    Learning,
}

/// Whether the hourly limit lets an alert pass.
pub enum Passed {
    /// It does.
    Open,
    /// It does not, until then, in seconds since 1970; this is decided instead.
    Held {
        /// The notice, or that there is one.
        decision: Box<Decision>,
        /// The end of the hour.
        until: i64,
    },
}

struct Stepping<'s, 'a> {
    items: &'s mut Items,
    turn: &'s Turn<'a>,
    outcome: Outcome,
    /// The alerts that were decided about: the keys of their series, their anchors, and the events that raised them.
    decided: Vec<(String, i64, u64)>,
    /// The records that an alert, or the follow-up of one, reports.
    reported: HashSet<u64>,
    /// The keys of series that silenced an event that nothing else reports.
    apart: HashSet<String>,
}

impl Stepping<'_, '_> {
    /// Whether a match has a new combination of values; for a rule without `first_seen` each is new.
    fn news(&mut self, one: &Match) -> Result<News, TableError> {
        let (Some(first_seen), Some(combination)) = (&one.rule.first_seen, &one.combination) else {
            return Ok(News::New);
        };
        let (time, key) = (one.arrival.time, learning_key(&one.rule, first_seen));
        let start = self.items.get(&key)?.unwrap_or(LearningStart { from: time });
        self.items.set(&key, start.clone());
        let within = first_seen.within.as_secs();
        let known: Option<Sightings> = self.items.get(combination)?;
        let (seen, is_new) = observe(known, one.arrival.event, time, within);
        self.items.keep(combination, expires(seen.newest.to.saturating_add(within), self.turn.now));
        self.items.set(combination, seen);
        let learning = first_seen.learning.as_secs();
        // A rule that does not learn alerts on events from before the start, too.
        let is_learning = learning > 0 && time < start.from.saturating_add(learning);
        Ok(match (is_new, is_learning) {
            (false, _) => News::Known,
            (true, true) => News::Learning,
            (true, false) => News::New,
        })
    }

    /// Decides about a match whose combination is known. It counts nowhere; but it takes over an alert that another delivery was
    /// to send and did not.
    fn take_over(&mut self, at: usize) -> Result<Decision, TableError> {
        let Some(one) = self.turn.matches.get(at) else { return Ok(Decision::AlreadySeen) };
        let (plan, delivery) = (one.plan(), self.turn.delivery());
        let Some(mut series) = self.items.get::<SeriesItem>(&one.key)? else { return Ok(Decision::AlreadySeen) };
        let verdict = series.take_over(&plan, &one.arrival, delivery);
        self.items.keep(&one.key, timestamp(series.expires(&plan, delivery.now), self.turn.now));
        self.items.set(&one.key, series);
        match verdict {
            Verdict::Alert(alert) if !self.is_decided(&one.key, &alert) => self.alert(at, &alert),
            _ => Ok(Decision::AlreadySeen),
        }
    }

    fn arrive(&mut self, at: usize) -> Result<Decision, TableError> {
        let Some(one) = self.turn.matches.get(at) else { return Ok(Decision::Deduplicated) };
        let (plan, delivery) = (one.plan(), self.turn.delivery());
        let series: &mut SeriesItem = self.items.get_mut(&one.key)?;
        let verdict = series.arrive(&plan, &one.arrival, delivery);
        let expires = timestamp(series.expires(&plan, delivery.now), self.turn.now);
        self.items.keep(&one.key, expires);
        if matches!(verdict, Verdict::Silenced) && one.act().is_none_or(|record| !self.reported.contains(&record)) {
            self.apart.insert(one.key.clone());
        }
        match verdict {
            Verdict::Alert(alert) if self.is_decided(&one.key, &alert) => Ok(Decision::Deduplicated),
            Verdict::Alert(alert) => self.alert(at, &alert),
            Verdict::Silenced | Verdict::Known => Ok(Decision::Deduplicated),
            Verdict::Counted { count } => Ok(Decision::BelowThreshold { count: count.into() }),
            Verdict::ClaimedElsewhere => Ok(Decision::ClaimedElsewhere),
        }
    }

    /// Notes that an alert or a follow-up reports a record, to which milder rules have nothing to add.
    fn note_reported(&mut self, one: &Match, decision: &Decision) {
        let is_reported = match decision {
            Decision::Fire(_) | Decision::Covered(_) => true,
            Decision::Deduplicated => one.rule.follows_up(),
            _ => false,
        };
        self.reported.extend(one.act().filter(|_| is_reported));
    }

    /// Makes a follow-up due, once for an alert, where events came that no alert has reported. A covered alert has one only if
    /// its series silenced an event that no more severe rule reports.
    fn follow_up(&mut self, key: &str, at: usize) -> Result<(), TableError> {
        let Some(one) = self.turn.matches.get(at).filter(|one| one.rule.notify && one.rule.follows_up()) else {
            return Ok(());
        };
        let (plan, now) = (one.plan(), self.turn.now);
        let series: &mut SeriesItem = self.items.get_mut(key)?;
        if series.last_is_covered() && !self.apart.contains(key) {
            return Ok(());
        }
        if let Some(due) = series.make_follow_up_due(&plan, |anchor| one.series.alert_id(anchor)) {
            let entry = DueEntry::FollowUp { series: key.to_owned(), anchor: due.anchor, sent: 0 };
            entry.add(self.items, follow_up::due_at(&due, &plan, now.as_second()), self.turn.number, now);
        }
        Ok(())
    }

    /// Whether the alert was decided about. One that is held back is decided about again for another event that raises it.
    fn is_decided(&self, key: &str, alert: &PendingAlert) -> bool {
        let is_it = |(decided, anchor, event): &(String, i64, u64)| {
            *anchor == alert.anchor && decided == key && (!alert.held || *event == alert.event)
        };
        self.turn.handled.get(key).is_some_and(|anchors| anchors.contains(&alert.anchor))
            || self.decided.iter().any(is_it)
    }

    /// The alert that a match raises, unless another one covers it, or the hourly limit of its rule holds it back.
    fn alert(&mut self, at: usize, alert: &PendingAlert) -> Result<Decision, TableError> {
        let Some(one) = self.turn.matches.get(at) else { return Ok(Decision::Deduplicated) };
        let (key, anchor, due) = (&one.key, alert.anchor, bits(&one.audiences));
        self.decided.push((key.clone(), anchor, alert.event));
        let is_missing = |audience: &Audience| alert.channels & audience.bit() == 0;
        let audiences: Vec<Audience> = one.audiences.iter().copied().filter(is_missing).collect();
        if audiences.is_empty() {
            self.items.get_mut::<SeriesItem>(key)?.sent(anchor, 0, due);
            return Ok(Decision::Deduplicated);
        }
        if !one.rule.notify {
            self.outcome.handled.push((key.clone(), anchor));
            self.items.get_mut::<SeriesItem>(key)?.sent(anchor, due, due);
            return Ok(Decision::Muted);
        }
        let lead = self.outcome.acts.cover(one, alert, &audiences).cloned();
        if lead.is_none()
            && let Some(decision) = self.hold(one, alert, &audiences)?
        {
            return Ok(decision);
        }
        let series: &mut SeriesItem = self.items.get_mut(key)?;
        series.release(anchor, self.turn.now.as_second());
        self.outcome.handled.push((key.clone(), anchor));
        // Of too many alerts that wait, some have no claim: such an alert can be lost or repeated.
        let unremembered = !series.is_pending(anchor);
        if let Some(mut headline) = (self.turn.headline)(at) {
            if let Some(lead) = &lead {
                headline.thread_id.clone_from(&lead.thread_id);
            }
            series.set_headline(anchor, &headline);
        }
        series.set_covered(anchor, lead.as_ref().map(|lead| lead.alert_id.as_str()));
        let firing = Firing { audiences, unremembered, ..firing(one, alert, series, self.turn.now) };
        Ok(if lead.is_some() { Decision::Covered(firing) } else { Decision::Fire(firing) })
    }

    /// Asks the hourly limit of its rule about the alert of a match; if that holds it back, what is decided instead.
    fn hold(
        &mut self,
        one: &Match,
        alert: &PendingAlert,
        audiences: &[Audience],
    ) -> Result<Option<Decision>, TableError> {
        let (alert_id, limit_key) = (one.series.alert_id(alert.anchor), self.turn.limit_key(one));
        let alerts: &mut HourlyAlerts = self.items.get_mut(&limit_key)?;
        let before = alerts.held.count();
        let passed = self.turn.ask_limit(one, &alert_id, audiences, alerts, &mut self.outcome.noticed);
        let held = alerts.held.count();
        self.items.keep(&limit_key, expires(end(hour(self.turn.now.as_second())), self.turn.now));
        let Passed::Held { decision, until } = passed else { return Ok(None) };
        self.items.get_mut::<SeriesItem>(&one.key)?.hold(alert.anchor, until);
        self.outcome.held.push((limit_key.clone(), event_hash(&alert_id), one.line.clone()));
        // An entry can be lost, so every tenth alert adds another one.
        if before == 0 || held / 10 != before / 10 {
            let list = DueEntry::HeldBack { key: limit_key };
            list.add(self.items, until, self.turn.number, self.turn.now);
        }
        Ok(Some(*decision))
    }
}

/// The alert of a match that is due, without what the hourly limit adds to it; `series` holds the events that it is about.
pub fn firing(one: &Match, alert: &PendingAlert, series: &SeriesItem, now: Timestamp) -> Firing {
    let (plan, anchor, key) = (one.plan(), alert.anchor, one.key.clone());
    let expires = timestamp(series.expires(&plan, now.as_second()), now);
    let approximate = alert.about || one.is_cut();
    let distinct = |field: u8| {
        let mut listing = Listing::from(series.listed(field, &plan, anchor));
        if counts(&one.rule, field) {
            listing.more = u64::from(alert.count).saturating_sub(listing.values.len() as u64);
            listing.at_least = approximate;
        }
        listing.at_least |= one.may_have_more(field) && !counts(&one.rule, field);
        (field_name(&one.rule, field).to_owned(), listing)
    };
    let step = |step: &StepEvent| {
        let id = series.event_name(step.event).unwrap_or("an event whose id is not kept");
        (timestamp(step.time, now), id.to_owned())
    };
    Firing {
        alert_id: one.series.alert_id(anchor),
        count: alert.count.into(),
        approximate,
        first: timestamp(alert.first, now),
        last: timestamp(alert.last, now),
        since_last: alert.since.map(u64::from),
        events: series.events(&plan, anchor).into(),
        distinct: (0_u8..).take(FIELDS).map(distinct).filter(|(_, listing)| listing.count() > 0).collect(),
        steps: alert.steps.iter().map(step).collect(),
        audiences: one.audiences.clone(),
        unremembered: false,
        ticket: Ticket { key, expires, mark: Mark::Alert { anchor, due: bits(&one.audiences), plan } },
        covers: Vec::new(),
    }
}

/// A time in seconds since 1970; `now` where that is out of range.
fn timestamp(seconds: i64, now: Timestamp) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(now)
}
