//! Which matches raise an alert: the handler asks the state, and marks there what it sent.
//!
//! Matches wait until there are some hundred, since matches of the same alert raise one and then need fewer requests.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{
    channels::Audience,
    outbox::OutgoingAlert,
    outcome::{Matches, Outcome},
    port::Clock,
    time_budget::{TimeBudget, TimedTable},
};
use crate::{
    alert::{Alert, HeldBack, Occurrences, Origin},
    diagnostic::chain,
    engine::{self, Finding},
    object::ObjectId,
    rule::{Accounts, Rule, Severity},
    state::{self, Claimant, Decision, Match, Outage, RollUp, Table, Ticket},
};

/// How many matches are decided about at once; each holds its record until then.
const MAX_WAITING: usize = 200;
/// How many bytes of text the records have that wait, without the last. Parsed, they take at most some twenty times as much.
const MAX_WAITING_BYTES: usize = 256 << 10;

/// The matches of one object, or of one record of a payload.
pub(super) struct Decider<'a, T, K> {
    table: TimedTable<'a, T, K>,
    time: &'a TimeBudget<'a, K>,
    claimant: Claimant,
    outage: &'a mut Outage,
    origin: Origin,
    accounts: &'a Arc<Accounts>,
    /// Each with the index of its record.
    waiting: Vec<(Finding, u64)>,
    /// The length of their records in bytes.
    waiting_bytes: usize,
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
        Self {
            table: TimedTable::new(table, time),
            time,
            claimant,
            outage,
            origin,
            accounts,
            waiting: Vec::new(),
            waiting_bytes: 0,
        }
    }

    /// Adds a match of a record, which has `bytes`; a suppressed one is only counted.
    pub(super) fn push(&mut self, finding: Finding, (index, bytes): (u64, usize), matches: &mut Matches) {
        matches.seen += 1;
        if finding.suppressed {
            *matches.suppressed.entry(finding.rule.id.clone()).or_default() += 1;
        } else {
            if self.waiting.last().is_none_or(|(_, last)| *last != index) {
                self.waiting_bytes += bytes;
            }
            self.waiting.push((finding, index));
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= MAX_WAITING || self.waiting_bytes >= MAX_WAITING_BYTES
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

    /// Decides about all waiting matches: each is counted, or its alert is among the returned ones.
    pub(super) async fn decide(
        &mut self,
        audiences: impl Fn(Severity) -> Vec<Audience>,
        outcome: &mut Outcome,
    ) -> Vec<OutgoingAlert> {
        self.waiting_bytes = 0;
        let (findings, indices): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting).into_iter().unzip();
        let words =
            |finding: &Finding| audiences(finding.rule.severity).iter().map(|to| to.word().to_owned()).collect();
        let channels: Vec<Vec<String>> = findings.iter().map(words).collect();
        let pairs = findings.iter().zip(&channels);
        let matches: Vec<_> =
            pairs.map(|(one, channels)| Match { rule: &one.rule, record: &one.record, channels }).collect();
        let was_available = self.claimant.table_error().is_none();
        let decisions = state::decide(&self.table, &mut self.claimant, &matches, self.time.now()).await;
        self.log_outage(was_available);
        let alert = |((finding, index), decision)| {
            let mut outgoing = self.alert(finding, decision, outcome)?;
            outgoing.alert.record = Some(index);
            Some(outgoing)
        };
        findings.into_iter().zip(indices).zip(decisions).filter_map(alert).collect()
    }

    /// Marks that a channel took an alert.
    pub(super) async fn mark_sent(&mut self, ticket: &Ticket, audience: Audience) {
        let was_available = self.claimant.table_error().is_none();
        // If the mark is not stored, the alert may be sent again, which is no reason to fail the invocation.
        let _ = state::mark_sent(&self.table, &mut self.claimant, ticket, audience.word()).await;
        self.log_outage(was_available);
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

    fn alert(&self, finding: Finding, decision: Decision, outcome: &mut Outcome) -> Option<OutgoingAlert> {
        let matches = &mut outcome.matches;
        match decision {
            Decision::Fire(firing) => {
                outcome.unremembered += u64::from(firing.unremembered);
                let audiences = audiences(&firing.channels);
                // The alert topic took it before, and another channel has yet to.
                if !audiences.contains(&Audience::Alerts) {
                    matches.deduplicated += 1;
                }
                let alert = Alert::fired(finding, &firing, Some(self.origin.clone()), self.accounts);
                return Some(OutgoingAlert { alert, audiences, ticket: Some(firing.ticket) });
            }
            Decision::RollUp(roll_up) => {
                matches.capped += 1;
                return Some(self.roll_up(&finding, roll_up));
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

    fn roll_up(&self, finding: &Finding, roll_up: RollUp) -> OutgoingAlert {
        let hour = roll_up.until.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(roll_up.until);
        let (rule, cap) = (Arc::clone(&finding.rule), roll_up.limit.into());
        let held_back = HeldBack { rule, hour, cap, alerts: roll_up.held };
        let mut alert = Alert::held_back(held_back, Occurrences::default(), self.accounts);
        alert.id = roll_up.alert_id;
        OutgoingAlert { alert, audiences: audiences(&roll_up.channels), ticket: Some(roll_up.ticket) }
    }
}

fn audiences(words: &[String]) -> Vec<Audience> {
    Audience::ALL.into_iter().filter(|audience| words.iter().any(|word| word == audience.word())).collect()
}
