//! `trailbell scan --alerts`: the alerts that matches raise, by the function's own decisions, with a table in memory.
//!
//! Files are read in the order of their paths, and matches are decided in the order in which they are read. Alerts are
//! printed once all files are read, in the order of their times.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Write},
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use trailbell::{
    alert::Alert,
    engine::{Engine, Evaluated, Finding, Scratch},
    handler::InvocationLimits,
    log_file::RawRecord,
    rule::Rule,
    state::{self, Audience, Claimant, Decision, Firing, Match, MemoryTable, RollUp},
};

use super::line::{About, AlertLine, ScanFormat, write_alert};

/// All alerts so far.
pub struct Alerts<'e> {
    engine: &'e Engine,
    table: MemoryTable,
    /// The file that is being read, and its claims.
    claimant: (String, Claimant),
    /// How many files there were.
    files: i64,
    raised: Vec<Raised>,
    /// How many records had matches.
    records: u64,
    /// How many alerts of each rule others cover, by its index among those of the engine.
    covered: BTreeMap<usize, u64>,
    /// How many matches raised no alert, by decision.
    silent: BTreeMap<&'static str, u64>,
}

/// An alert.
struct Raised {
    /// When it would have been sent, if CloudTrail delivered without delay.
    time: Timestamp,
    /// The rule's index among those of the engine.
    rule: usize,
    id: String,
    title: String,
    /// The rules of the alerts that it covers.
    also: Vec<Arc<Rule>>,
    subject: Subject,
}

/// What an alert is about.
enum Subject {
    /// Events with these values in common.
    Events { values: Map<String, Value>, firing: Box<Firing> },
    /// This number of alerts that the hourly limit held back.
    RollUp { held: u64 },
}

impl<'e> Alerts<'e> {
    pub fn new(engine: &'e Engine) -> Self {
        let claimant = (String::new(), claimant(""));
        Self {
            engine,
            table: MemoryTable::default(),
            claimant,
            files: 0,
            raised: Vec::new(),
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
        if self.claimant.0 != file {
            // A file that comes again is another attempt.
            self.files += 1;
            let began = Timestamp::from_second(self.files).unwrap_or_default();
            self.claimant = (file.to_owned(), claimant(file).begun(began));
        }
        let mut now = self.raised.last().map_or(Timestamp::UNIX_EPOCH, |last| last.time);
        let (mut matches, mut last) = (Vec::new(), None);
        for finding in found.iter().filter(|finding| !finding.suppressed) {
            let is_same = last.replace(&finding.record).is_some_and(|last| Arc::ptr_eq(last, &finding.record));
            self.records += u64::from(!is_same);
            let place = (self.records, finding.position);
            now = finding.record.event_time().unwrap_or(now);
            let counted = Match::of(&finding.rule, &finding.record, &[Audience::Alerts], now);
            if counted.is_empty() {
                self.count_silent(&Decision::BelowThreshold { count: 0 });
            }
            matches.extend(counted.into_iter().map(|counted| (now, finding, counted.at(place.0, place.1))));
        }
        // The clock of a scan is the time of the events, so each hour of the events has a limit of its own.
        for same_hour in matches.chunk_by(|(one, ..), (other, ..)| hour(*one) == hour(*other)) {
            pollster::block_on(self.decide_at(same_hour));
        }
    }

    async fn decide_at(&mut self, found: &[(Timestamp, &Finding, Match)]) {
        let Some(now) = found.iter().map(|(time, ..)| *time).max() else { return };
        let matches: Vec<&Match> = found.iter().map(|(.., counted)| counted).collect();
        let (table, claimant) = (&self.table, &mut self.claimant.1);
        let decided = state::decide(table, claimant, &matches, |_| None, now).await;
        let all: Vec<_> = decided.decisions.into_iter().enumerate().chain(decided.resumed).collect();
        let ticket = |decision: &Decision| match decision {
            Decision::Fire(Firing { ticket, .. })
            | Decision::Covered(Firing { ticket, .. })
            | Decision::RollUp(RollUp { ticket, .. }) => Some((ticket.clone(), Audience::Alerts)),
            _ => None,
        };
        let sent: Vec<_> = all.iter().filter_map(|(_, decision)| ticket(decision)).collect();
        // A table in memory never fails.
        let _ = state::mark_sent(table, claimant, &sent).await;
        for (at, decision) in all {
            let Some((time, finding, _)) = found.get(at) else { continue };
            let also = match &decision {
                Decision::Fire(firing) => firing.covers.iter().filter_map(|at| found.get(*at)).collect(),
                _ => Vec::new(),
            };
            let also = also.into_iter().map(|(_, finding, _)| Arc::clone(&finding.rule)).collect();
            self.raise(*time, finding, decision, also);
        }
    }

    fn raise(&mut self, time: Timestamp, finding: &Finding, decision: Decision, also: Vec<Arc<Rule>>) {
        let rule = finding.position;
        match decision {
            Decision::Fire(firing) => {
                let alert = Alert::fired(finding.clone(), &firing, None, self.engine.accounts());
                let value = |(field, value): &(String, Option<String>)| (field.clone(), json!(value));
                let values = alert.occurrences.values.iter().map(value).collect();
                let (id, title) = (firing.alert_id.clone(), alert.title());
                // The last event raises the alert.
                let time = firing.last;
                let subject = Subject::Events { values, firing: Box::new(firing) };
                self.raised.push(Raised { time, rule, id, title, also, subject });
            }
            Decision::RollUp(roll_up) => {
                let (id, title) = (roll_up.alert_id.clone(), "more alerts held back".to_owned());
                let subject = Subject::RollUp { held: roll_up.held };
                self.raised.push(Raised { time, rule, id, title, also, subject });
                self.count_silent(&Decision::RollUp(roll_up));
            }
            Decision::Covered(_) => {
                *self.covered.entry(rule).or_default() += 1;
                self.count_silent(&decision);
            }
            silent => self.count_silent(&silent),
        }
    }

    fn count_silent(&mut self, silent: &Decision) {
        *self.silent.entry(silent.word()).or_default() += 1;
    }

    /// Prints the alerts in the order of their time.
    ///
    /// # Errors
    ///
    /// If `output` cannot be written.
    pub fn print(&self, format: ScanFormat, output: &mut impl Write) -> io::Result<()> {
        // What no alert of a series reported is printed with the last one that was raised.
        let mut last = HashMap::new();
        for (at, alert) in self.raised.iter().enumerate() {
            if let Subject::Events { firing, .. } = &alert.subject {
                last.insert(firing.ticket.key(), at);
            }
        }
        let mut raised: Vec<(usize, &Raised)> = self.raised.iter().enumerate().collect();
        raised.sort_by_key(|(_, alert)| alert.time);
        for (at, alert) in raised {
            let Some(rule) = self.engine.rules().get(alert.rule) else { continue };
            let about = match &alert.subject {
                Subject::Events { values, firing } => {
                    let is_last = last.get(firing.ticket.key()) == Some(&at);
                    let unreported = || pollster::block_on(state::unreported(&self.table, &firing.ticket));
                    About::Events { values, firing, more: if is_last { unreported() } else { 0 } }
                }
                Subject::RollUp { held } => About::RollUp { held: *held },
            };
            let line =
                AlertLine { time: alert.time, rule, id: &alert.id, title: &alert.title, also: &alert.also, about };
            write_alert(output, format, &line)?;
        }
        Ok(())
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

/// The hour of an event, counted from 1970.
fn hour(time: Timestamp) -> i64 {
    time.as_second().div_euclid(3600)
}

fn claimant(file: &str) -> Claimant {
    Claimant::new(file, InvocationLimits::default().max_alerts_per_rule_hour)
}
