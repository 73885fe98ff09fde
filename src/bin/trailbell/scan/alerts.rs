//! `trailbell scan --alerts`: the alerts that matches raise, by the function's own decisions, with a table in memory.
//!
//! Files are read in the order of their delivery, and matches are decided in the order in which they are read. Alerts are
//! printed once all files are read, since only then it is known how many events each is about.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use trailbell::{
    alert::Alert,
    engine::{Engine, Evaluated, Finding, Scratch},
    handler::InvocationLimits,
    log_file::RawRecord,
    state::{self, Claimant, Decision, Match, MemoryTable, Ticket},
};

use super::line::{About, AlertLine, ScanFormat, write_alert};

/// All alerts so far.
pub struct Alerts<'e> {
    engine: &'e Engine,
    table: MemoryTable,
    /// The file that is being read, and its claims.
    claimant: (String, Claimant),
    raised: Vec<Raised>,
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
    subject: Subject,
}

/// What an alert is about.
enum Subject {
    /// Events with these values in common.
    Events { values: Map<String, Value>, ticket: Ticket },
    /// This number of alerts that the hourly limit held back.
    RollUp { held: u64 },
}

impl<'e> Alerts<'e> {
    pub fn new(engine: &'e Engine) -> Self {
        let claimant = (String::new(), claimant(""));
        Self { engine, table: MemoryTable::default(), claimant, raised: Vec::new(), silent: BTreeMap::new() }
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
            self.claimant = (file.to_owned(), claimant(file));
        }
        let found: Vec<_> = found.into_iter().filter(|finding| !finding.suppressed).collect();
        let mut now = self.raised.last().map_or(Timestamp::UNIX_EPOCH, |last| last.time);
        let time = |finding: &Finding| {
            now = finding.record.event_time().unwrap_or(now);
            now
        };
        let times: Vec<_> = found.iter().map(time).collect();
        // The limit of a rule's alerts counts by the hour.
        let hour = |time: &Timestamp| time.as_second().div_euclid(3600);
        let mut rest = &found[..];
        for times in times.chunk_by(|one, other| hour(one) == hour(other)) {
            let (these, others) = rest.split_at(times.len());
            pollster::block_on(self.decide_at(times, these));
            rest = others;
        }
    }

    async fn decide_at(&mut self, times: &[Timestamp], found: &[Finding]) {
        let channels = ["alerts".to_owned()];
        let matches: Vec<_> = found
            .iter()
            .map(|finding| Match { rule: &finding.rule, record: &finding.record, channels: &channels })
            .collect();
        let Some(now) = times.iter().max() else { return };
        let claimant = &mut self.claimant.1;
        let decisions = state::decide(&self.table, claimant, &matches, *now).await;
        for ((finding, time), decision) in found.iter().zip(times).zip(decisions) {
            let word = decision.word();
            // With a threshold, the last event raises the alert.
            let at = match &decision {
                Decision::Fire(firing) if finding.rule.threshold > 1 => Some(firing.last),
                _ => None,
            };
            let (id, title, subject, ticket) = match decision {
                Decision::Fire(firing) => {
                    let alert = Alert::fired(finding.clone(), &firing, None, self.engine.accounts());
                    let value = |(field, value): (String, Option<String>)| (field, json!(value));
                    let values = alert.occurrences.values.iter().cloned().map(value).collect();
                    let subject = Subject::Events { values, ticket: firing.ticket.clone() };
                    (firing.alert_id, alert.title(), subject, firing.ticket)
                }
                Decision::RollUp(roll_up) => {
                    *self.silent.entry(word).or_default() += 1;
                    let title = "more alerts held back".to_owned();
                    (roll_up.alert_id, title, Subject::RollUp { held: roll_up.held }, roll_up.ticket)
                }
                _ => {
                    *self.silent.entry(word).or_default() += 1;
                    continue;
                }
            };
            let _ = state::mark_sent(&self.table, claimant, &ticket, &channels[0]).await;
            self.raised.push(Raised { time: at.unwrap_or(*time), rule: finding.position, id, title, subject });
        }
    }

    /// Prints the alerts in the order of their time.
    ///
    /// # Errors
    ///
    /// If `output` cannot be written.
    pub fn print(&self, format: ScanFormat, output: &mut impl Write) -> io::Result<()> {
        let mut raised: Vec<&Raised> = self.raised.iter().collect();
        raised.sort_by_key(|alert| alert.time);
        for alert in raised {
            let Some(rule) = self.engine.rules().get(alert.rule) else { continue };
            let about = match &alert.subject {
                Subject::Events { values, ticket } => {
                    let totals = pollster::block_on(state::current_totals(&self.table, ticket));
                    About::Events { values, totals }
                }
                Subject::RollUp { held } => About::RollUp { held: *held },
            };
            let line = AlertLine { time: alert.time, rule, id: &alert.id, title: &alert.title, about };
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

    /// How many matches raised no alert, by decision.
    pub fn silent(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.silent.iter().map(|(decision, count)| (*decision, *count))
    }
}

fn claimant(file: &str) -> Claimant {
    Claimant::new(file, InvocationLimits::default().max_alerts_per_rule_hour)
}
