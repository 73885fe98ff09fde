//! Which matches raise an alert: the handler asks the state, and marks there what it sent.
//!
//! Matches wait for the end of their object, since those that are decided about together need fewer requests. Until then
//! each is what counts of it, and its record is text; only the records of alerts are parsed again.

use std::{collections::HashMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{
    outcome::{Matches, Outcome},
    outgoing::{CoveredAlert, OutgoingAlert},
    port::Clock,
    time_budget::{TimeBudget, TimedTable},
};
use crate::{
    alert::{self, Alert, NamedRule, Origin, RollUpNotice, RollUpStage},
    diagnostic::chain,
    engine::{self, Finding},
    log_file::RawRecord,
    object::ObjectId,
    rule::{Accounts, Rule},
    state::{
        self, Audience, Claimant, Decision, Firing, Headline, Match, Outage, RollUp, SummaryLine, Table, TableError,
        Ticket,
    },
};

/// How many matches wait at most; each takes some hundred bytes.
const MAX_WAITING: usize = 20_000;
/// How many bytes of text the records have that wait, without the last.
const MAX_WAITING_BYTES: usize = 2 << 20;

/// The matches of one object, or of one record of a payload.
pub(super) struct Decider<'a, T, K> {
    table: TimedTable<'a, T, K>,
    time: &'a TimeBudget<'a, K>,
    claimant: Claimant,
    outage: &'a mut Outage,
    origin: Origin,
    accounts: &'a Arc<Accounts>,
    /// When events without a time happened.
    delivered: Timestamp,
    waiting: Waiting,
}

/// Matches that wait for their decision.
#[derive(Default)]
pub(super) struct Waiting {
    records: Vec<WaitingRecord>,
    matches: Vec<WaitingMatch>,
    /// The length of the records in bytes.
    bytes: usize,
}

struct WaitingRecord {
    index: u64,
    text: Box<[u8]>,
}

struct WaitingMatch {
    counted: Match,
    /// The position of its rule in the engine.
    position: usize,
    /// The position of its record among those that wait.
    record: usize,
}

/// What is due for a match, which has an index among those that wait.
pub(super) struct Due {
    at: usize,
    what: DueAlert,
}

enum DueAlert {
    /// With the matches that it covers: their indices among those that wait, and what would be published for them.
    Alert(Firing, Vec<(usize, Firing)>),
    RollUp(RollUp),
}

impl Waiting {
    /// The indices of the matches that are decided about together.
    pub(super) fn batches(&self) -> Vec<Vec<usize>> {
        state::batches(&self.matches.iter().map(|one| &one.counted).collect::<Vec<_>>())
    }

    /// What is kept of the alert that a match would raise.
    fn headline(&self, at: usize) -> Option<Headline> {
        let (finding, ..) = self.finding(at)?;
        let values = self.matches.get(at)?.counted.values(&finding.record);
        Some(alert::headline(&finding, &values))
    }

    /// A match with its record, parsed again, and the record's index and length.
    fn finding(&self, at: usize) -> Option<(Finding, u64, usize)> {
        let one = self.matches.get(at)?;
        let WaitingRecord { index, text } = self.records.get(one.record)?;
        let (record, _) = engine::parse(text).ok()?;
        let (rule, position) = (Arc::clone(one.counted.rule()), one.position);
        Some((Finding { rule, position, suppressed: false, record: Arc::new(record) }, *index, text.len()))
    }
}

impl<'a, T: Table, K: Clock> Decider<'a, T, K> {
    pub(super) fn new(
        table: &'a T,
        time: &'a TimeBudget<'a, K>,
        origin: Origin,
        accounts: &'a Arc<Accounts>,
        max_alerts_per_rule_hour: u32,
        outage: &'a mut Outage,
    ) -> Self {
        let known = std::mem::take(outage);
        let claimant = Claimant::new(&origin.to_string(), max_alerts_per_rule_hour).with_outage(known);
        let delivered = origin.object().and_then(ObjectId::delivered).unwrap_or_else(|| time.now());
        let (table, waiting) = (TimedTable::new(table, time), Waiting::default());
        Self { table, time, claimant, outage, origin, accounts, delivered, waiting }
    }

    /// Notes when the object was stored. An event without a time happened then, so that a repeated delivery agrees.
    pub(super) fn delivered(&mut self, time: Option<Timestamp>) {
        self.delivered = time.unwrap_or(self.delivered);
    }

    /// Adds a match of a record, whose alert would go to these audiences; a suppressed one is only counted.
    pub(super) fn push(
        &mut self,
        finding: &Finding,
        audiences: &[Audience],
        record: RawRecord<'_>,
        matches: &mut Matches,
    ) {
        if finding.suppressed {
            matches.seen += 1;
            *matches.suppressed.entry(finding.rule.id.clone()).or_default() += 1;
            return;
        }
        let counted = Match::of(&finding.rule, &finding.record, audiences, self.delivered);
        if counted.is_empty() {
            matches.seen += 1;
            matches.below_threshold += 1;
            return;
        }
        matches.seen += counted.len() as u64;
        let waiting = &mut self.waiting;
        if waiting.records.last().is_none_or(|last| last.index != record.index) {
            waiting.bytes += record.text.len();
            waiting.records.push(WaitingRecord { index: record.index, text: record.text.into() });
        }
        let (index, position, at) = (record.index, finding.position, waiting.records.len() - 1);
        let waits = |counted: Match| WaitingMatch { counted: counted.at(index, position), position, record: at };
        waiting.matches.extend(counted.into_iter().map(waits));
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.matches.len() >= MAX_WAITING || self.waiting.bytes >= MAX_WAITING_BYTES
    }

    /// Takes the matches that wait.
    pub(super) fn take(&mut self) -> Waiting {
        std::mem::take(&mut self.waiting)
    }

    /// Starts the learning of rules with the event of this record; whether they have started.
    pub(super) async fn start_learning(&mut self, rules: &[Arc<Rule>], record: &[u8]) -> bool {
        let time = engine::parse(record).ok().and_then(|(record, _)| record.event_time());
        let rules = rules.iter().map(|rule| &**rule);
        let was_available = self.claimant.table_error().is_none();
        let learn =
            state::start_learning(&self.table, &mut self.claimant, rules, time.unwrap_or(self.time.now())).await;
        self.log_outage(was_available);
        learn
    }

    /// Passes an outage of the table on to the next delivery of the invocation.
    pub(super) fn finish(&mut self) {
        *self.outage = self.claimant.take_outage();
    }

    /// Decides about some of the matches that wait: each is counted, or its alert is among the returned ones.
    pub(super) async fn decide(&mut self, waiting: &Waiting, batch: &[usize], outcome: &mut Outcome) -> Vec<Due> {
        let matches: Vec<&Match> =
            batch.iter().filter_map(|at| waiting.matches.get(*at)).map(|one| &one.counted).collect();
        let headline = |at: usize| waiting.headline(*batch.get(at)?);
        let was_available = self.claimant.table_error().is_none();
        let decided = state::decide(&self.table, &mut self.claimant, &matches, headline, self.time.now()).await;
        self.log_outage(was_available);
        outcome.matches.seen += decided.resumed.len() as u64;
        let all = decided.decisions.into_iter().enumerate().chain(decided.resumed);
        let (mut all_due, mut covered) = (Vec::new(), HashMap::new());
        for (at, decision) in all {
            let Some(&waits) = batch.get(at) else { continue };
            match due(decision, outcome) {
                Some(DueDecision::Send(what)) => all_due.push(Due { at: waits, what }),
                Some(DueDecision::Covered(firing)) => {
                    covered.insert(at, (waits, firing));
                }
                None => {}
            }
        }
        for due in &mut all_due {
            if let DueAlert::Alert(firing, others) = &mut due.what {
                others.extend(firing.covers.iter().filter_map(|at| covered.remove(at)));
            }
        }
        // The most urgent ones take the tokens of the alert topic.
        all_due.sort_by_key(|due| waiting.matches.get(due.at).map(|one| one.counted.rule().severity));
        all_due
    }

    /// Marks which audiences took which alerts.
    pub(super) async fn mark_sent(&mut self, sent: &[(Ticket, Audience)]) {
        let was_available = self.claimant.table_error().is_none();
        // If the marks are not stored, the alerts may be sent again, which is no reason to fail the invocation.
        let _ = state::mark_sent(&self.table, &mut self.claimant, sent).await;
        self.log_outage(was_available);
    }

    /// The table and its outage, for the budget of the alert topic.
    pub(super) fn table(&mut self) -> (&TimedTable<'a, T, K>, &mut Outage) {
        (&self.table, self.claimant.outage())
    }

    /// Stores alerts as lines of the next summary.
    ///
    /// # Errors
    ///
    /// They are not stored.
    pub(super) async fn store_lines(&mut self, lines: Vec<SummaryLine>) -> Result<(), TableError> {
        let was_available = self.claimant.table_error().is_none();
        let stored = state::store_lines(&self.table, &mut self.claimant, &lines, self.time.now()).await;
        self.log_outage(was_available);
        stored
    }

    fn log_outage(&self, was_available: bool) {
        if let Some(error) = self.claimant.table_error().filter(|_| was_available) {
            let ((bucket, key), source) = (self.origin.object().map(ObjectId::parts).unzip(), self.origin.message());
            tracing::error!(
                bucket,
                key,
                source,
                reason = chain(error),
                "state not available; alerts go out without it"
            );
        }
    }

    /// What to send. The record was parsed before; if it no longer could be, the match counts as failed.
    pub(super) fn outgoing(&self, waiting: &Waiting, due: Due, outcome: &mut Outcome) -> Option<OutgoingAlert> {
        let Some((finding, index, bytes)) = waiting.finding(due.at) else {
            outcome.matches.failed += 1;
            return None;
        };
        let (mut alert, audiences, ticket, covered) = match due.what {
            DueAlert::Alert(firing, covered) => {
                let alert = Alert::fired(finding, &firing, Some(self.origin.clone()), self.accounts);
                (alert, firing.audiences, firing.ticket, covered)
            }
            DueAlert::RollUp(roll_up) => {
                (self.roll_up(&finding, &roll_up), roll_up.audiences, roll_up.ticket, Vec::new())
            }
        };
        alert.record = Some(index);
        let covered = covered.into_iter().filter_map(|(at, firing)| {
            let WaitingMatch { counted, position, .. } = waiting.matches.get(at)?;
            Some(CoveredAlert { rule: Arc::clone(counted.rule()), position: *position, firing })
        });
        let outgoing = OutgoingAlert { alert, audiences, ticket: Some(ticket), bytes, covered: Vec::new() };
        Some(outgoing.covering(covered.collect()))
    }

    fn roll_up(&self, finding: &Finding, roll_up: &RollUp) -> Alert {
        let hour = roll_up.until.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(roll_up.until);
        let RollUp { limit, held, .. } = *roll_up;
        let rule = NamedRule::from(&*finding.rule);
        let notice = RollUpNotice { rule, hour, limit, held, stage: RollUpStage::Begun };
        Alert::roll_up(notice, self.accounts)
    }
}

/// A decision that is more than a count.
enum DueDecision {
    /// This is to be sent.
    Send(DueAlert),
    /// This is not to be sent, unless the alert that covers it is refused.
    Covered(Firing),
}

/// Counts a decision.
fn due(decision: Decision, outcome: &mut Outcome) -> Option<DueDecision> {
    let matches = &mut outcome.matches;
    match decision {
        Decision::Fire(firing) => {
            outcome.unremembered += u64::from(firing.unremembered);
            // The alert topic took it before, and another channel has yet to.
            if !firing.audiences.contains(&Audience::Alerts) {
                matches.deduplicated += 1;
            }
            return Some(DueDecision::Send(DueAlert::Alert(firing, Vec::new())));
        }
        Decision::RollUp(roll_up) => {
            matches.capped += 1;
            return Some(DueDecision::Send(DueAlert::RollUp(roll_up)));
        }
        Decision::Covered(firing) => {
            // The alert topic took the alert that covers it before, and another channel has yet to.
            if firing.audiences.contains(&Audience::Alerts) {
                matches.covered += 1;
            } else {
                matches.deduplicated += 1;
            }
            return Some(DueDecision::Covered(firing));
        }
        Decision::Deduplicated => matches.deduplicated += 1,
        Decision::BelowThreshold { .. } => matches.below_threshold += 1,
        Decision::Learning => matches.learning += 1,
        Decision::AlreadySeen => matches.already_seen += 1,
        Decision::Muted => matches.muted += 1,
        Decision::Capped { .. } => matches.capped += 1,
        Decision::ClaimedElsewhere => matches.claimed_elsewhere += 1,
    }
    None
}
