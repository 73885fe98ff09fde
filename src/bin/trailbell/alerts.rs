//! The alerts that files would have raised: the function's own decisions, with the time of the events as the time of day.
//!
//! They are printed once all is read, since only then it is known how many events each stands for.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use trailbell::{
    alert::Alert,
    diagnostic::counted,
    engine::{Engine, Finding},
    handler::Caps,
    state::{self, Claimant, Decision, Match, MemoryTable, Ticket},
    untrusted::{line, printable},
};

use crate::scan::Format;

/// The longest title shown, in characters.
const MAX_SHOWN: usize = 300;

/// All alerts so far.
pub struct Alerts<'e> {
    engine: &'e Engine,
    table: MemoryTable,
    /// The file that is being read, and its claims.
    claimant: (String, Claimant),
    raised: Vec<Raised>,
    /// What became of the matches that raised none.
    fates: BTreeMap<&'static str, u64>,
}

/// An alert.
struct Raised {
    /// When it would have been sent, but for the time that CloudTrail takes.
    time: Timestamp,
    /// The rule's place among those of the engine.
    rule: usize,
    id: String,
    title: String,
    kind: Kind,
}

enum Kind {
    /// For events with these values in common.
    Events { values: Map<String, Value>, ticket: Ticket },
    /// In the place of so many others.
    RollUp { held: u64 },
}

impl<'e> Alerts<'e> {
    pub fn new(engine: &'e Engine) -> Self {
        let claimant = (String::new(), claimant(""));
        Self { engine, table: MemoryTable::default(), claimant, raised: Vec::new(), fates: BTreeMap::new() }
    }

    /// A file begins with an event of that time: with the first of all, rules begin to learn what is usual.
    pub fn begin(&mut self, time: Timestamp) {
        let rules = self.engine.rules().iter().map(|rule| &**rule);
        // MemoryTable is never down.
        let _ = pollster::block_on(state::start_learning(&self.table, &mut self.claimant.1, rules, time));
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
        // A rule has its share of alerts in an hour.
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
            // Of a threshold it is the last event that raises the alert.
            let at = match &decision {
                Decision::Fire(firing) if finding.rule.threshold > 1 => Some(firing.last),
                _ => None,
            };
            let (id, title, kind, ticket) = match decision {
                Decision::Fire(firing) => {
                    let alert = Alert::fired(finding.clone(), &firing, None, self.engine.accounts());
                    let value = |(field, value): (String, Option<String>)| (field, json!(value));
                    let values = alert.occurrences.values.iter().cloned().map(value).collect();
                    let kind = Kind::Events { values, ticket: firing.ticket.clone() };
                    (firing.alert_id, alert.title(), kind, firing.ticket)
                }
                Decision::RollUp(roll_up) => {
                    *self.fates.entry(word).or_default() += 1;
                    let title = "more alerts held back".to_owned();
                    (roll_up.alert_id, title, Kind::RollUp { held: roll_up.held }, roll_up.ticket)
                }
                _ => {
                    *self.fates.entry(word).or_default() += 1;
                    continue;
                }
            };
            let _ = state::mark_sent(&self.table, claimant, &ticket, &channels[0]).await;
            self.raised.push(Raised { time: at.unwrap_or(*time), rule: finding.position, id, title, kind });
        }
    }

    /// Prints them in the order of their time.
    pub fn print(&self, format: Format, output: &mut impl Write) -> io::Result<()> {
        let mut raised: Vec<&Raised> = self.raised.iter().collect();
        raised.sort_by_key(|alert| alert.time);
        for alert in raised {
            match format {
                Format::Text => self.print_text(alert, output)?,
                Format::Jsonl => writeln!(output, "{}", self.json(alert))?,
            }
        }
        Ok(())
    }

    fn print_text(&self, alert: &Raised, output: &mut impl Write) -> io::Result<()> {
        let Some(rule) = self.engine.rules().get(alert.rule) else { return Ok(()) };
        let stands_for = match &alert.kind {
            Kind::Events { ticket, .. } => match self.by_now(ticket) {
                Some(extent) => {
                    let about = if extent.approximate { "about " } else { "" };
                    let until = if extent.count > 1 { format!(", to {}", extent.last) } else { String::new() };
                    format!("{about}{}{until}", counted(extent.count, "event"))
                }
                None => "1 event".to_owned(),
            },
            Kind::RollUp { held } => format!("{} at first", counted(*held, "alert")),
        };
        writeln!(
            output,
            "{}  SEV{}  {}  |  {}  |  {stands_for}  |  {}",
            alert.time,
            rule.severity.number(),
            printable(&rule.name),
            line(&alert.title, MAX_SHOWN),
            alert.id
        )
    }

    fn json(&self, alert: &Raised) -> Value {
        let Some(rule) = self.engine.rules().get(alert.rule) else { return Value::Null };
        let mut shown = json!({"rule": rule.name, "id": rule.id, "severity": rule.severity.number(),
            "alert_id": alert.id, "time": alert.time.to_string()});
        match &alert.kind {
            Kind::Events { values, ticket } => {
                if let Some(extent) = self.by_now(ticket) {
                    shown["count"] = json!(extent.count);
                    shown["first"] = json!(extent.first.to_string());
                    shown["last"] = json!(extent.last.to_string());
                    if extent.approximate {
                        shown["approximate"] = json!(true);
                    }
                }
                shown["values"] = Value::Object(values.clone());
            }
            Kind::RollUp { held } => shown["held_back"] = json!(held),
        }
        shown
    }

    fn by_now(&self, ticket: &Ticket) -> Option<state::WindowTotals> {
        pollster::block_on(state::current_totals(&self.table, ticket))
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.raised.len() as u64
    }

    /// How many there are of the rule at that place.
    pub fn of_rule(&self, rule: usize) -> u64 {
        self.raised.iter().filter(|alert| alert.rule == rule).count() as u64
    }

    /// What became of the matches that raised none.
    pub fn fates(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.fates.iter().map(|(fate, count)| (*fate, *count))
    }
}

fn claimant(file: &str) -> Claimant {
    Claimant::new(file, Caps::default().max_alerts_per_rule_hour)
}
