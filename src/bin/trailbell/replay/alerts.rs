//! The alerts that matches raise, by the function's own decisions, with a table in memory.
//!
//! Files are read in the order in which they were delivered, and matches are decided in the order in which they are read.
//! Commands see the alerts once all files are read, in the order of their times, beside the notices that the function would
//! have sent if these are wanted.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use trailbell::{
    alert::{self, Alert, CoveredRule, EventFacts, NamedRule, RollUpNotice, RollUpStage},
    engine::{Engine, Evaluated, Finding, Scratch},
    handler::InvocationLimits,
    log_file::RawRecord,
    record::Record,
    rule::Rule,
    state::{self, Audience, Claimant, Decision, Firing, Match, MemoryTable, RollUp, due::SLOT_SECONDS},
    untrusted::shorten_to,
};

use super::notices::{NoticeLine, Notices};

/// The longest fact that is kept of an event, in characters.
const MAX_FACT: usize = 2_000;

/// What a command keeps of records and alerts, as they come.
pub trait AlertKeeper {
    /// A record that rules match. Alerts about it follow.
    fn record(&mut self, _: &Record) {}

    /// An alert, the match that raised it, and the file that holds the record of that match, as it can be shown.
    fn alert(&mut self, _: Alert, _: &Finding, _: &str) {}
}

/// Keeps nothing.
impl AlertKeeper for () {}

/// All alerts so far.
pub struct Alerts<'e, K = ()> {
    /// What the command keeps of them.
    pub keeper: K,
    engine: &'e Engine,
    table: MemoryTable,
    /// The file that is being read, and its claims.
    claimant: (Arc<str>, Claimant),
    /// How many files there were.
    files: i64,
    raised: Vec<Raised>,
    /// How many records had matches.
    records: u64,
    /// How many alerts of each rule others cover, by its index among those of the engine.
    covered: BTreeMap<usize, u64>,
    /// What the function sends beside alerts, if that is wanted.
    notices: Option<Notices<'e>>,
    /// How many matches raised no alert, by decision.
    silent: BTreeMap<&'static str, u64>,
}

/// An alert.
struct Raised {
    /// When it would have been sent, if CloudTrail delivered without delay.
    time: Timestamp,
    /// The rule's index among those of the engine.
    rule: usize,
    title: String,
    short_title: String,
    /// The rules of the alerts that it covers.
    also: Vec<CoveredRule>,
    /// What its events have in common.
    values: Vec<(String, Option<String>)>,
    firing: Firing,
    facts: EventFacts,
    file: Arc<str>,
    is_in_summary: bool,
}

/// An alert as commands see it once all files are read.
pub struct RaisedAlert<'a> {
    /// When it would have been sent, if CloudTrail delivered without delay.
    pub time: Timestamp,
    /// The rule that raised it.
    pub rule: &'a Rule,
    /// Its title, as it is filled: not safe to show.
    pub title: &'a str,
    /// The same, with ARNs by short names.
    pub short_title: &'a str,
    /// The further rules that it names, whose alerts it covers.
    pub also: &'a [CoveredRule],
    /// What its events have in common.
    pub values: &'a [(String, Option<String>)],
    /// What was decided.
    pub firing: &'a Firing,
    /// How many more of the series no alert reports.
    pub more: u64,
    /// Those of the event that raised it.
    pub facts: &'a EventFacts,
    /// The file that holds the record of that event, as it can be shown.
    pub file: &'a str,
    /// Whether it came too fast for a message of its own.
    pub is_in_summary: bool,
}

impl<'e, K: AlertKeeper> Alerts<'e, K> {
    /// No alerts yet; `notices` is whether the function's notices are wanted, too.
    pub fn new(engine: &'e Engine, notices: bool, keeper: K) -> Self {
        Self {
            keeper,
            engine,
            table: MemoryTable::default(),
            claimant: (Arc::default(), claimant("")),
            files: 0,
            raised: Vec::new(),
            notices: notices.then(|| Notices::new(engine)),
            records: 0,
            covered: BTreeMap::new(),
            silent: BTreeMap::new(),
        }
    }

    /// Notes the time of a file's first event: from the first of all, rules with `first_seen` learn.
    pub fn begin(&mut self, time: Timestamp) {
        let rules = self.engine.rules().iter().map(|rule| &**rule);
        // A table in memory never fails.
        let _ = pollster::block_on(state::start_learning(&self.table, &mut self.claimant.1, rules, time));
    }

    /// Decides about the matches of a record of a file.
    pub fn decide_record(&mut self, file: &str, record: &[u8], scratch: &mut Scratch) {
        if let Evaluated::Record { findings, .. } = self.engine.evaluate(RawRecord::of(record), scratch) {
            self.decide(file, findings);
        }
    }

    /// Decides about matches of a file, in their order.
    pub fn decide(&mut self, file: &str, found: Vec<Finding>) {
        if *self.claimant.0 != *file {
            // A file that comes again is another attempt.
            self.files += 1;
            let began = Timestamp::from_second(self.files).unwrap_or_default();
            self.claimant = (file.into(), claimant(file).begun(began));
            self.notices.iter_mut().for_each(Notices::next_file);
        }
        let mut now = self.raised.last().map_or(Timestamp::UNIX_EPOCH, |last| last.time);
        let (mut matches, mut last) = (Vec::new(), None);
        for finding in found.iter().filter(|finding| !finding.suppressed) {
            let is_same = last.replace(&finding.record).is_some_and(|last| Arc::ptr_eq(last, &finding.record));
            self.records += u64::from(!is_same);
            if !is_same {
                self.keeper.record(&finding.record);
            }
            let place = (self.records, finding.position);
            now = finding.record.event_time().unwrap_or(now);
            let counted = Match::of(&finding.rule, &finding.record, &[Audience::Alerts], now);
            if counted.is_empty() {
                self.count_silent(&Decision::BelowThreshold { count: 0 });
            }
            matches.extend(counted.into_iter().map(|counted| (now, finding, counted.at(place.0, place.1))));
        }
        // The clock of a scan is the time of the events, so each hour of the events has a limit of its own. A tick comes
        // between slots.
        let seconds = if self.notices.is_some() { SLOT_SECONDS } else { 3_600 };
        let span = |time: &Timestamp| time.as_second().div_euclid(seconds);
        for together in matches.chunk_by(|(one, ..), (other, ..)| span(one) == span(other)) {
            pollster::block_on(self.decide_at(together));
        }
    }

    async fn decide_at(&mut self, found: &[(Timestamp, &Finding, Match)]) {
        let Some(now) = found.iter().map(|(time, ..)| *time).max() else { return };
        if let Some(notices) = &mut self.notices {
            notices.advance(&self.table, now);
        }
        let matches: Vec<&Match> = found.iter().map(|(.., counted)| counted).collect();
        let headline = |at: usize| {
            let (_, finding, counted) = found.get(at)?;
            let values = counted.values(&finding.record);
            Some(alert::headline(finding, &values))
        };
        let (table, claimant) = (&self.table, &mut self.claimant.1);
        let decided = state::decide(table, claimant, &matches, headline, now).await;
        let all: Vec<_> = decided.decisions.into_iter().enumerate().chain(decided.resumed).collect();
        let outgoing = |(at, decision): &(usize, Decision)| {
            let (_, finding, _) = found.get(*at)?;
            match decision {
                Decision::Fire(firing) => Some(Alert::fired((*finding).clone(), firing, None, self.engine.accounts())),
                Decision::RollUp(roll_up) => Some(begun(finding, roll_up, self.engine)),
                _ => None,
            }
        };
        let mut outgoing: Vec<Option<Alert>> = all.iter().map(outgoing).collect();
        let mut in_summary = vec![false; all.len()];
        if let Some(notices) = &mut self.notices {
            let mut order: Vec<(usize, &Alert)> =
                outgoing.iter().enumerate().filter_map(|(at, alert)| Some((at, alert.as_ref()?))).collect();
            // The most urgent takes its token first.
            order.sort_by_key(|(_, alert)| (alert.severity(), !alert.is_success()));
            for (at, alert) in order {
                let is_sent = notices.pace(table, claimant, alert).await;
                in_summary[at] = !is_sent;
                if is_sent && alert.kind.is_notice() {
                    notices.push(alert);
                }
            }
        }
        let ticket = |decision: &Decision| match decision {
            Decision::Fire(Firing { ticket, .. })
            | Decision::Covered(Firing { ticket, .. })
            | Decision::RollUp(RollUp { ticket, .. }) => Some((ticket.clone(), Audience::Alerts)),
            _ => None,
        };
        let sent: Vec<_> = all.iter().filter_map(|(_, decision)| ticket(decision)).collect();
        // A table in memory never fails.
        let _ = state::mark_sent(table, claimant, &sent).await;
        let rule = |at: usize| found.get(at).map(|(_, finding, _)| &finding.rule);
        let covered_rule = |(at, decision): &(usize, Decision)| match decision {
            Decision::Covered(firing) => Some((*at, CoveredRule::new(rule(*at)?, firing))),
            _ => None,
        };
        let covered: HashMap<usize, CoveredRule> = all.iter().filter_map(covered_rule).collect();
        for ((at, decision), (alert, is_in_summary)) in all.into_iter().zip(outgoing.drain(..).zip(in_summary)) {
            let Some((_, finding, _)) = found.get(at) else { continue };
            match (decision, alert) {
                (Decision::Fire(firing), Some(mut alert)) => {
                    alert.also = firing.covers.iter().filter_map(|at| covered.get(at).cloned()).collect();
                    self.raise(finding, alert, firing, is_in_summary);
                }
                (Decision::Covered(firing), _) => {
                    *self.covered.entry(finding.position).or_default() += 1;
                    self.count_silent(&Decision::Covered(firing));
                }
                (silent, _) => self.count_silent(&silent),
            }
        }
    }

    fn raise(&mut self, finding: &Finding, alert: Alert, firing: Firing, is_in_summary: bool) {
        let file = Arc::clone(&self.claimant.0);
        self.raised.push(Raised {
            // The last event raises the alert.
            time: firing.last,
            rule: finding.position,
            title: alert.title(),
            short_title: alert.short_title(),
            also: alert.also.clone(),
            values: alert.occurrences.values.clone(),
            firing,
            facts: EventFacts::of(&finding.record).map(|fact| shorten_to(fact, MAX_FACT)),
            file: Arc::clone(&file),
            is_in_summary,
        });
        self.keeper.alert(alert, finding, &file);
    }

    /// Call this after the last file: what is due is sent.
    pub fn finish(&mut self) {
        if let Some(notices) = &mut self.notices {
            notices.finish(&self.table);
        }
    }

    fn count_silent(&mut self, silent: &Decision) {
        *self.silent.entry(silent.word()).or_default() += 1;
    }

    /// The alerts in the order of their time.
    pub fn raised(&self) -> impl Iterator<Item = RaisedAlert<'_>> {
        // What no alert of a series reported is shown with the last one that was raised.
        let last: HashMap<&str, usize> =
            self.raised.iter().enumerate().map(|(at, alert)| (alert.firing.ticket.key(), at)).collect();
        let mut raised: Vec<(usize, &Raised)> = self.raised.iter().enumerate().collect();
        raised.sort_by_key(|(_, alert)| alert.time);
        raised.into_iter().filter_map(move |(at, alert)| {
            let rule = self.engine.rules().get(alert.rule)?;
            let Raised { time, title, short_title, also, values, firing, facts, file, is_in_summary, .. } = alert;
            let is_last = last.get(firing.ticket.key()) == Some(&at);
            let unreported = || pollster::block_on(state::unreported(&self.table, &firing.ticket));
            let (more, time, is_in_summary) = (if is_last { unreported() } else { 0 }, *time, *is_in_summary);
            Some(RaisedAlert { time, rule, title, short_title, also, values, firing, more, facts, file, is_in_summary })
        })
    }

    /// The notices in the order of their time.
    pub fn sent_notices(&self) -> Vec<&NoticeLine> {
        let mut notices: Vec<&NoticeLine> = self.notices.iter().flat_map(Notices::sent).collect();
        notices.sort_by_key(|notice| notice.time);
        notices
    }

    /// How many notices there are of each kind.
    pub fn notices(&self) -> BTreeMap<&str, u64> {
        let mut counts = BTreeMap::new();
        for notice in self.notices.iter().flat_map(Notices::sent) {
            *counts.entry(notice.kind.as_str()).or_default() += 1;
        }
        counts
    }

    /// How many alerts came too fast for messages of their own.
    pub fn in_summaries(&self) -> u64 {
        self.raised.iter().filter(|alert| alert.is_in_summary).count() as u64
    }

    /// How many alerts there are.
    pub fn count(&self) -> u64 {
        self.raised.len() as u64
    }

    /// How many alerts there are of the rule with that index.
    pub fn of_rule(&self, rule: usize) -> u64 {
        self.raised.iter().filter(|alert| alert.rule == rule).count() as u64
    }

    /// How many alerts of the rule with that index others cover.
    pub fn covered(&self, rule: usize) -> u64 {
        self.covered.get(&rule).copied().unwrap_or_default()
    }

    /// How many matches raised no alert, by decision.
    pub fn silent(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.silent.iter().map(|(decision, count)| (*decision, *count))
    }
}

/// The notice that the hourly limit of a rule holds alerts back from now on.
fn begun(finding: &Finding, roll_up: &RollUp, engine: &Engine) -> Alert {
    let RollUp { limit, held, until, .. } = *roll_up;
    let hour = until.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(until);
    let rule = NamedRule::from(&*finding.rule);
    Alert::roll_up(RollUpNotice { rule, hour, limit, held, stage: RollUpStage::Begun }, engine.accounts())
}

fn claimant(file: &str) -> Claimant {
    Claimant::new(file, InvocationLimits::default().max_alerts_per_rule_hour)
}
