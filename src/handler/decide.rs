//! Which matches raise an alert: what is remembered is asked, and told what went out.
//!
//! Matches wait until some have come together, since those that are the same alert make one and take fewer requests then.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{
    Audience, Clock, Matches, Outcome,
    outbox::Letter,
    time_budget::{InTime, Time},
};
use crate::{
    alert::{Alert, HeldBack, Occurrences, Origin},
    diagnostic::chain,
    engine::{self, Finding},
    object::ObjectId,
    rule::{Accounts, Rule, Severity},
    state::{self, Claimant, Decision, Match, Outage, RollUp, Table, Ticket},
};

/// So many matches are decided about at once; they hold their records until then.
const MAX_WAITING: usize = 200;

/// The matches of one place.
pub(super) struct Decider<'a, T, K> {
    table: InTime<'a, T, K>,
    time: &'a Time<'a, K>,
    claimant: Claimant,
    outage: &'a mut Outage,
    origin: Origin,
    accounts: &'a Arc<Accounts>,
    /// With the place of its record.
    waiting: Vec<(Finding, u64)>,
}

impl<'a, T: Table, K: Clock> Decider<'a, T, K> {
    pub(super) fn new(
        table: &'a T,
        time: &'a Time<'a, K>,
        origin: Origin,
        accounts: &'a Arc<Accounts>,
        max_alerts_per_rule_hour: u32,
        outage: &'a mut Outage,
    ) -> Self {
        let known = std::mem::take(outage);
        let claimant = Claimant::new(&origin.to_string(), max_alerts_per_rule_hour).with_outage(known);
        Self { table: InTime::new(table, time), time, claimant, outage, origin, accounts, waiting: Vec::new() }
    }

    /// Takes a match; one that is suppressed is counted, and that is all.
    pub(super) fn push(&mut self, finding: Finding, index: u64, matches: &mut Matches) {
        matches.seen += 1;
        if finding.suppressed {
            *matches.suppressed.entry(finding.rule.id.clone()).or_default() += 1;
        } else {
            self.waiting.push((finding, index));
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= MAX_WAITING
    }

    /// Has rules begin to learn with an event of this record; whether they have.
    pub(super) async fn learn_from(&mut self, rules: &[Arc<Rule>], record: &[u8]) -> bool {
        let time = engine::parse(record).ok().and_then(|(record, _)| record.event_time());
        let rules = rules.iter().map(|rule| &**rule);
        let knew = self.claimant.table_error().is_none();
        let learn =
            state::start_learning(&self.table, &mut self.claimant, rules, time.unwrap_or(self.time.now())).await;
        self.tell_if_down(knew);
        learn
    }

    /// Leaves what was found out of the table to the next.
    pub(super) fn finish(&mut self) {
        *self.outage = self.claimant.take_outage();
    }

    /// Decides about all that wait: each is counted, or has its alert among what is to be sent.
    pub(super) async fn decide(
        &mut self,
        audiences: impl Fn(Severity) -> Vec<Audience>,
        outcome: &mut Outcome,
    ) -> Vec<Letter> {
        let (findings, indices): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting).into_iter().unzip();
        let words =
            |finding: &Finding| audiences(finding.rule.severity).iter().map(|to| to.word().to_owned()).collect();
        let channels: Vec<Vec<String>> = findings.iter().map(words).collect();
        let pairs = findings.iter().zip(&channels);
        let matches: Vec<_> =
            pairs.map(|(one, channels)| Match { rule: &one.rule, record: &one.record, channels }).collect();
        let knew = self.claimant.table_error().is_none();
        let decisions = state::decide(&self.table, &mut self.claimant, &matches, self.time.now()).await;
        self.tell_if_down(knew);
        let letter = |((finding, index), decision)| {
            let mut letter = self.letter(finding, decision, outcome)?;
            letter.alert.record = Some(index);
            Some(letter)
        };
        findings.into_iter().zip(indices).zip(decisions).filter_map(letter).collect()
    }

    /// Remembers that a channel took an alert.
    pub(super) async fn sent(&mut self, ticket: &Ticket, audience: Audience) {
        let knew = self.claimant.table_error().is_none();
        // What is not remembered may come again, which is no reason to hand anything back.
        let _ = state::mark_sent(&self.table, &mut self.claimant, ticket, audience.word()).await;
        self.tell_if_down(knew);
    }

    fn tell_if_down(&self, knew: bool) {
        if let Some(error) = self.claimant.table_error().filter(|_| knew) {
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

    fn letter(&self, finding: Finding, decision: Decision, outcome: &mut Outcome) -> Option<Letter> {
        let matches = &mut outcome.matches;
        match decision {
            Decision::Fire(firing) => {
                outcome.unremembered += u64::from(firing.unremembered);
                let audiences = audiences(&firing.channels);
                // People have it already, and it is due elsewhere.
                if !audiences.contains(&Audience::Alerts) {
                    matches.deduplicated += 1;
                }
                let alert = Alert::fired(finding, &firing, Some(self.origin.clone()), self.accounts);
                return Some(Letter { alert, audiences, ticket: Some(firing.ticket) });
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

    fn roll_up(&self, finding: &Finding, roll_up: RollUp) -> Letter {
        let hour = roll_up.until.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(roll_up.until);
        let (rule, cap) = (Arc::clone(&finding.rule), roll_up.limit.into());
        let held_back = HeldBack { rule, hour, cap, alerts: roll_up.held };
        let mut alert = Alert::held_back(held_back, Occurrences::default(), self.accounts);
        alert.id = roll_up.alert_id;
        Letter { alert, audiences: audiences(&roll_up.channels), ticket: Some(roll_up.ticket) }
    }
}

fn audiences(words: &[String]) -> Vec<Audience> {
    Audience::ALL.into_iter().filter(|audience| words.iter().any(|word| word == audience.word())).collect()
}
