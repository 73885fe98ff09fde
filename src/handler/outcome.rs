//! The outcome of an invocation: every count, and every failure.
//!
//! The counts add up, whatever happens: [`Outcome::check`] reports which do not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;

use super::failure::Failure;
use crate::{
    state::Audience,
    trigger::{QueuedMessage, Sender, SkipReason},
};

/// The outcome of an invocation.
#[derive(Debug)]
pub struct Outcome {
    /// The sender, which determines the form of the answer.
    pub sender: Sender,
    /// The outcome of each part of the delivery.
    pub units: Vec<UnitOutcome>,
    /// Objects, and other items of the payload that are not records.
    pub objects: ObjectCounts,
    /// Records.
    pub records: RecordCounts,
    /// Rules that matched records.
    pub matches: Matches,
    /// Alerts that are not about a match, such as those about unreadable records.
    pub notices: Sends,
    /// Alerts that were decided without the state table, since it was unavailable: they may be repetitions.
    pub unremembered: u64,
    /// Alerts that the alert topic accepted or that are in the next summary, by rule and severity.
    pub alerts: BTreeMap<(String, u8), u64>,
    /// The seconds from the last event of an alert to its sending, for the first hundred alerts.
    pub lags: Vec<u64>,
    /// Messages by channel, those of notices included.
    pub sends: BTreeMap<Audience, Sends>,
    /// Objects and records that were given to other processes.
    pub isolated: u64,
    /// Those of the isolated that ended their process.
    pub killed: u64,
    /// How many ticks sent all that was due.
    pub ticks: u64,
    /// How many accounts and regions are silent, of those that the tick looked at.
    pub silent_sources: u64,
    /// How many e-mail addresses get no alerts.
    pub mail_unconfirmed: u64,
}

impl Default for Outcome {
    fn default() -> Self {
        Self {
            sender: Sender::Service,
            units: Vec::new(),
            objects: ObjectCounts::default(),
            records: RecordCounts::default(),
            matches: Matches::default(),
            notices: Sends::default(),
            unremembered: 0,
            alerts: BTreeMap::new(),
            lags: Vec::new(),
            sends: BTreeMap::new(),
            isolated: 0,
            killed: 0,
            ticks: 0,
            silent_sources: 0,
            mail_unconfirmed: 0,
        }
    }
}

/// The outcome of a unit of the delivery.
#[derive(Debug, Default)]
pub struct UnitOutcome {
    /// The `messageId` or `taskId`.
    pub id: Option<String>,
    /// The message that it is.
    pub message: Option<QueuedMessage>,
    /// Its failures; many of one kind count as one. The unit is delivered again if there is any.
    pub failures: Vec<Failure>,
    /// Why items of it needed no work, in words.
    pub skipped: Vec<String>,
}

/// Objects, and other items of the payload that are not records: `seen = processed + skipped + failed`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct ObjectCounts {
    /// All items of the payload. A payload that is not understood counts as one.
    pub seen: u64,
    /// Read to their end.
    pub processed: u64,
    /// Deliberately not read, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// Not understood, or not read to their end.
    pub failed: u64,
    /// Those of the failed for which no time was left.
    pub out_of_time: u64,
}

/// Records: `seen = evaluated + unparsable`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct RecordCounts {
    /// All records of objects and payloads.
    pub seen: u64,
    /// Evaluated, including repaired ones.
    pub evaluated: u64,
    /// Unreadable.
    pub unparsable: u64,
    /// Evaluated after a repair of their text.
    pub repaired: u64,
    /// Records of which CloudTrail omitted a large block.
    pub omitted: u64,
}

/// Matches of rules and records, of a sequence for each of its series, and alerts of an earlier attempt that are sent now. Each is
/// counted as `seen` and as one of the others.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Matches {
    /// All.
    pub seen: u64,
    /// The alert topic accepted the alert of the match, or the alert is a stored line of the next summary.
    pub alerted: u64,
    /// An alert about the same record was sent, that of a rule at least as severe, and names the rule.
    pub covered: u64,
    /// A suppression of the rule applies; by the rule's id.
    pub suppressed: BTreeMap<String, u64>,
    /// Another alert covers the match, or it was counted before.
    pub deduplicated: u64,
    /// Too few events for the rule's threshold, or for its sequence.
    pub below_threshold: u64,
    /// The rule is still learning what is usual.
    pub learning: u64,
    /// The rule alerts on new combinations of values, and this one is known.
    pub already_seen: u64,
    /// The rule is muted.
    pub muted: u64,
    /// The hourly limit held the alert back.
    pub capped: u64,
    /// Another invocation is about to alert.
    pub claimed_elsewhere: u64,
    /// The alert topic did not accept the alert.
    pub failed: u64,
}

impl Matches {
    /// The count of each outcome of a match, with its word.
    pub fn outcomes(&self) -> [(&'static str, u64); 11] {
        [
            ("alerted", self.alerted),
            ("covered", self.covered),
            ("deduplicated", self.deduplicated),
            ("suppressed", self.suppressed.values().sum()),
            ("below_threshold", self.below_threshold),
            ("learning", self.learning),
            ("already_seen", self.already_seen),
            ("muted", self.muted),
            ("capped", self.capped),
            ("claimed_elsewhere", self.claimed_elsewhere),
            ("failed", self.failed),
        ]
    }
}

/// Which totals are not the sum of their parts.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct CountMismatch(String);

/// Messages: `due = sent + summarised + failed`. A notice counts as sent once the alert topic accepted it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sends {
    /// All messages to send.
    pub due: u64,
    /// Accepted.
    pub sent: u64,
    /// Stored as lines of the next summary, since there were more than the budget of the alert topic allows.
    #[serde(default)]
    pub summarised: u64,
    /// Not accepted.
    pub failed: u64,
}

impl Sends {
    /// Counts a result: how the message was accepted, if it was.
    pub(super) fn count(&mut self, accepted: Option<Accepted>) {
        match accepted {
            Some(Accepted::Message) => self.sent += 1,
            Some(Accepted::Line) => self.summarised += 1,
            None => self.failed += 1,
        }
    }

    /// How many are accounted for.
    fn counted(&self) -> u64 {
        self.accepted() + self.failed
    }

    fn accepted(&self) -> u64 {
        self.sent + self.summarised
    }
}

/// How a message was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    /// By its channel.
    Message,
    /// As a line of the next summary, which is stored.
    Line,
}

impl Outcome {
    /// Everything that failed, in order.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> + Clone {
        self.units.iter().flat_map(|unit| &unit.failures)
    }

    /// How many things failed.
    pub fn failed(&self) -> u64 {
        self.failures().map(Failure::count).sum()
    }

    /// Checks that the counts add up.
    ///
    /// # Errors
    ///
    /// The totals that are not the sum of their parts.
    pub fn check(&self) -> Result<(), CountMismatch> {
        let (objects, records) = (&self.objects, &self.records);
        let skipped: u64 = objects.skipped.values().sum();
        let alerts = self.sends.get(&Audience::Alerts).copied().unwrap_or_default();
        let mut identities = vec![
            ("objects", objects.seen, objects.processed + skipped + objects.failed),
            ("records", records.seen, records.evaluated + records.unparsable),
            ("matches", self.matches.seen, self.matches.outcomes().iter().map(|(_, count)| count).sum()),
            ("notices", self.notices.due, self.notices.counted()),
            ("alerts sent", alerts.accepted(), self.matches.alerted + self.notices.accepted()),
            ("alerts not accepted", alerts.failed, self.matches.failed + self.notices.failed),
        ];
        identities.extend(self.sends.iter().map(|(to, sends)| (to.word(), sends.due, sends.counted())));
        let wrong = identities.into_iter().filter(|(_, all, parts)| all != parts);
        let wrong: Vec<_> = wrong.map(|(what, all, parts)| format!("{all} {what}, accounted for: {parts}")).collect();
        if wrong.is_empty() { Ok(()) } else { Err(CountMismatch(wrong.join("; "))) }
    }

    /// The counts, as JSON.
    pub fn summary(&self) -> Value {
        let (objects, records) = (&self.objects, &self.records);
        let mut matches = json!({"seen": self.matches.seen});
        for (word, count) in self.matches.outcomes() {
            matches[word] = json!(count);
        }
        let sends = |sends: &Sends| json!({"sent": sends.sent, "summarised": sends.summarised, "failed": sends.failed});
        let by_channel: BTreeMap<_, _> = self.sends.iter().map(|(to, count)| (to.word(), sends(count))).collect();
        json!({
            "objects": {"seen": objects.seen, "processed": objects.processed, "skipped": objects.skipped,
                "failed": objects.failed, "out_of_time": objects.out_of_time},
            "records": {"seen": records.seen, "evaluated": records.evaluated, "unparsable": records.unparsable,
                "repaired": records.repaired, "omitted": records.omitted},
            "matches": matches,
            "notices": sends(&self.notices),
            "unremembered": self.unremembered,
            "sends": by_channel,
            "failed": self.failed(),
        })
    }

    /// Starts the next unit.
    pub(super) fn start_unit(&mut self, id: Option<String>, message: Option<QueuedMessage>) {
        self.units.push(UnitOutcome { id, message, ..UnitOutcome::default() });
    }

    /// Adds a failure to the current unit, and logs it at once: an operator must see it even if the invocation is
    /// terminated.
    pub(super) fn fail(&mut self, failure: Failure) {
        if self.units.is_empty() {
            self.start_unit(None, None);
        }
        if let Some(unit) = self.units.last_mut() {
            failure.log(unit.id.as_deref());
            unit.failures.push(failure);
        }
    }

    /// Adds a failure to every unit: any of them may have made due what was not sent.
    pub(super) fn fail_everywhere(&mut self, count: u64) {
        self.fail(Failure::NotSentAtEnd { count });
        let others = self.units.len().saturating_sub(1);
        for unit in self.units.iter_mut().take(others) {
            unit.failures.push(Failure::NotSentAtEnd { count });
        }
    }

    /// Counts an item that needs no work.
    pub(super) fn skip(&mut self, what: &str, reason: SkipReason) {
        if reason == SkipReason::ForgedEvent {
            tracing::warn!(what, reason = reason.word(), "refused");
        } else {
            tracing::info!(what, reason = reason.word(), "skipped");
        }
        *self.objects.skipped.entry(reason.word().to_owned()).or_default() += 1;
        if let Some(unit) = self.units.last_mut() {
            unit.skipped.push(reason.word().to_owned());
        }
    }

    /// Logs one line with the counts of the invocation.
    pub(super) fn log(&self) {
        tracing::info!(
            objects = self.objects.seen,
            processed = self.objects.processed,
            skipped = self.objects.skipped.values().sum::<u64>(),
            objects_failed = self.objects.failed,
            records = self.records.seen,
            evaluated = self.records.evaluated,
            unparsable = self.records.unparsable,
            repaired = self.records.repaired,
            omitted = self.records.omitted,
            matches = self.matches.seen,
            alerted = self.matches.alerted,
            suppressed = self.matches.suppressed.values().sum::<u64>(),
            summarised = self.sends.get(&Audience::Alerts).map_or(0, |sends| sends.summarised),
            covered = self.matches.covered,
            deduplicated = self.matches.deduplicated,
            unremembered = self.unremembered,
            matches_failed = self.matches.failed,
            failed = self.failed(),
            handed_back = self.units.iter().filter(|unit| !unit.failures.is_empty()).count(),
            "done"
        );
    }
}
