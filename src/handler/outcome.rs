//! What came of an invocation: every count, and everything that failed.
//!
//! The counts add up, whatever happens: [`Outcome::check`] says which do not.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{channels::Audience, failure::Failure};
use crate::trigger::{Sender, SkipReason};

/// What came of an invocation.
#[derive(Debug)]
pub struct Outcome {
    /// Who delivered, and so what the answer looks like.
    pub sender: Sender,
    /// What became of each part of the delivery.
    pub units: Vec<Settled>,
    /// Objects, and other items of the payload that hold no record themselves.
    pub objects: ObjectCounts,
    /// Records.
    pub records: RecordCounts,
    /// Rules that matched records.
    pub matches: Matches,
    /// Alerts that tell of no match, such as those about records that could not be read.
    pub notices: Sends,
    /// Alerts that were decided about without what is remembered, since that could not be asked: they may be repetitions.
    pub unremembered: u64,
    /// Alerts that people got, by rule and severity.
    pub alerts: BTreeMap<(String, u8), u64>,
    /// How many seconds after the last of its events an alert was sent: the first hundred.
    pub lags: Vec<u64>,
    /// Messages by channel; those of notices are among them.
    pub sends: BTreeMap<Audience, Sends>,
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
        }
    }
}

/// What became of a unit of the delivery.
#[derive(Debug, Default)]
pub struct Settled {
    /// The `messageId` or `taskId`.
    pub id: Option<String>,
    /// All that failed of it, the many of one kind told as one. It comes again if there is any.
    pub failures: Vec<Failure>,
    /// Why it needed no work, in words, as far as it did not.
    pub skipped: Vec<&'static str>,
}

/// Objects, and items of the payload that hold no record themselves: `seen = processed + skipped + failed`.
#[derive(Debug, Default)]
pub struct ObjectCounts {
    /// All that the payload named. A payload that is not understood is one.
    pub seen: u64,
    /// Read to their end.
    pub processed: u64,
    /// Not read on purpose, by reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// Not understood, not read, or not to their end.
    pub failed: u64,
    /// Those among the failed for which there was no time.
    pub out_of_time: u64,
}

/// Records: `seen = evaluated + unparsable`.
#[derive(Debug, Default)]
pub struct RecordCounts {
    /// All that came out of objects and payloads.
    pub seen: u64,
    /// Evaluated, repaired ones among them.
    pub evaluated: u64,
    /// Could not be read.
    pub unparsable: u64,
    /// Their text had to be mended before they could be evaluated.
    pub repaired: u64,
    /// CloudTrail left a large block out of them.
    pub omitted: u64,
}

/// Rules that matched records. Each match is `alerted`, or one of the others.
#[derive(Debug, Default)]
pub struct Matches {
    /// All.
    pub seen: u64,
    /// The alert topic accepted the alert of the match.
    pub alerted: u64,
    /// A suppression of the rule holds, by the rule's id.
    pub suppressed: BTreeMap<String, u64>,
    /// The same event by the same rule was alerted already.
    pub deduplicated: u64,
    /// Too few events for the rule's threshold.
    pub below_threshold: u64,
    /// The rule is still learning what is usual.
    pub learning: u64,
    /// The rule asks for what is new, and this is not.
    pub already_seen: u64,
    /// The rule is muted.
    pub muted: u64,
    /// The rule has raised its share of alerts.
    pub capped: u64,
    /// Another invocation is about to alert it.
    pub claimed_elsewhere: u64,
    /// The alert topic did not accept the alert.
    pub failed: u64,
}

impl Matches {
    /// Every outcome of a match, with its word.
    pub fn outcomes(&self) -> [(&'static str, u64); 10] {
        [
            ("alerted", self.alerted),
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

/// Messages: `due = sent + failed`. A notice is sent once the alert topic accepted it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sends {
    /// All that were to be sent.
    pub due: u64,
    /// Accepted.
    pub sent: u64,
    /// Not accepted, for good or for now.
    pub failed: u64,
}

impl Sends {
    /// Counts an answer.
    pub(super) fn count(&mut self, is_sent: bool) {
        if is_sent {
            self.sent += 1;
        } else {
            self.failed += 1;
        }
    }
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

    /// Whether the counts add up; if not, which do not.
    pub fn check(&self) -> Result<(), String> {
        let (objects, records) = (&self.objects, &self.records);
        let skipped: u64 = objects.skipped.values().sum();
        let alerts = self.sends.get(&Audience::Alerts).copied().unwrap_or_default();
        let mut identities = vec![
            ("objects", objects.seen, objects.processed + skipped + objects.failed),
            ("records", records.seen, records.evaluated + records.unparsable),
            ("matches", self.matches.seen, self.matches.outcomes().iter().map(|(_, count)| count).sum()),
            ("notices", self.notices.due, self.notices.sent + self.notices.failed),
            ("alerts sent", alerts.sent, self.matches.alerted + self.notices.sent),
            ("alerts not accepted", alerts.failed, self.matches.failed + self.notices.failed),
        ];
        identities.extend(self.sends.iter().map(|(to, sends)| (to.word(), sends.due, sends.sent + sends.failed)));
        let wrong = identities.into_iter().filter(|(_, all, parts)| all != parts);
        let wrong: Vec<_> = wrong.map(|(what, all, parts)| format!("{all} {what}, accounted for: {parts}")).collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }

    /// The counts, as JSON.
    pub fn summary(&self) -> Value {
        let (objects, records) = (&self.objects, &self.records);
        let mut matches = json!({"seen": self.matches.seen});
        for (word, count) in self.matches.outcomes() {
            matches[word] = json!(count);
        }
        let sends = |sends: &Sends| json!({"sent": sends.sent, "failed": sends.failed});
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

    /// The next unit begins.
    pub(super) fn begin(&mut self, id: Option<String>) {
        self.units.push(Settled { id, ..Settled::default() });
    }

    /// Keeps a failure of the current unit, and says it at once: an operator must see it also if the invocation never
    /// ends.
    pub(super) fn fail(&mut self, failure: Failure) {
        if self.units.is_empty() {
            self.begin(None);
        }
        if let Some(unit) = self.units.last_mut() {
            failure.log(unit.id.as_deref());
            unit.failures.push(failure);
        }
    }

    /// Counts what needs no work.
    pub(super) fn skip(&mut self, what: &str, reason: SkipReason) {
        tracing::info!(what, reason = reason.word(), "skipped");
        *self.objects.skipped.entry(reason.word()).or_default() += 1;
        if let Some(unit) = self.units.last_mut() {
            unit.skipped.push(reason.word());
        }
    }

    /// The one line that sums up an invocation.
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
            deduplicated = self.matches.deduplicated,
            unremembered = self.unremembered,
            matches_failed = self.matches.failed,
            failed = self.failed(),
            handed_back = self.units.iter().filter(|unit| !unit.failures.is_empty()).count(),
            "done"
        );
    }
}
