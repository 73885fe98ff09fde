//! What another process reports of the item that it handled, added to the outcome of the invocation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    failure::Failure,
    outcome::{Matches, ObjectCounts, Outcome, RecordCounts, Sends},
};
use crate::{diagnostic::chain, state::Audience};

/// The outcome of one item, in a form that one process can send to another.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    objects: ObjectCounts,
    records: RecordCounts,
    matches: Matches,
    notices: Sends,
    unremembered: u64,
    /// As in [`Outcome::alerts`]; JSON has no keys of two parts.
    alerts: Vec<((String, u8), u64)>,
    lags: Vec<u64>,
    sends: BTreeMap<Audience, Sends>,
    skipped: Vec<String>,
    failures: Vec<ReportedFailure>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ReportedFailure {
    message: String,
    count: u64,
    is_permanent: bool,
}

impl Report {
    pub(super) fn of(outcome: Outcome) -> Self {
        let reported = |failure: &Failure| ReportedFailure {
            message: chain(failure),
            count: failure.count(),
            is_permanent: failure.is_permanent(),
        };
        Self {
            failures: outcome.failures().map(reported).collect(),
            skipped: outcome.units.into_iter().flat_map(|unit| unit.skipped).collect(),
            objects: outcome.objects,
            records: outcome.records,
            matches: outcome.matches,
            notices: outcome.notices,
            unremembered: outcome.unremembered,
            alerts: outcome.alerts.into_iter().collect(),
            lags: outcome.lags,
            sends: outcome.sends,
        }
    }

    /// Adds everything to the outcome, failures to its current unit.
    pub(super) fn add_to(self, outcome: &mut Outcome) {
        let Self { objects, records, matches, notices, unremembered, alerts, lags, sends, skipped, failures } = self;
        add_objects(&mut outcome.objects, objects);
        add_records(&mut outcome.records, &records);
        add_matches(&mut outcome.matches, matches);
        add_sends(&mut outcome.notices, notices);
        outcome.unremembered += unremembered;
        add_each(&mut outcome.alerts, alerts);
        outcome.lags.extend(lags);
        for (audience, sends) in sends {
            add_sends(outcome.sends.entry(audience).or_default(), sends);
        }
        if let Some(unit) = outcome.units.last_mut() {
            unit.skipped.extend(skipped);
        }
        for ReportedFailure { message, count, is_permanent } in failures {
            outcome.fail(Failure::Reported { message, count, is_permanent });
        }
    }
}

fn add_objects(all: &mut ObjectCounts, more: ObjectCounts) {
    let ObjectCounts { seen, processed, skipped, failed, out_of_time } = more;
    all.seen += seen;
    all.processed += processed;
    add_each(&mut all.skipped, skipped);
    all.failed += failed;
    all.out_of_time += out_of_time;
}

fn add_records(all: &mut RecordCounts, more: &RecordCounts) {
    let RecordCounts { seen, evaluated, unparsable, repaired, omitted } = more;
    all.seen += seen;
    all.evaluated += evaluated;
    all.unparsable += unparsable;
    all.repaired += repaired;
    all.omitted += omitted;
}

fn add_matches(all: &mut Matches, more: Matches) {
    let Matches {
        seen,
        alerted,
        covered,
        suppressed,
        deduplicated,
        below_threshold,
        learning,
        already_seen,
        muted,
        capped,
        claimed_elsewhere,
        failed,
    } = more;
    all.seen += seen;
    all.alerted += alerted;
    all.covered += covered;
    add_each(&mut all.suppressed, suppressed);
    all.deduplicated += deduplicated;
    all.below_threshold += below_threshold;
    all.learning += learning;
    all.already_seen += already_seen;
    all.muted += muted;
    all.capped += capped;
    all.claimed_elsewhere += claimed_elsewhere;
    all.failed += failed;
}

fn add_sends(all: &mut Sends, more: Sends) {
    let Sends { due, sent, summarised, failed } = more;
    all.due += due;
    all.sent += sent;
    all.summarised += summarised;
    all.failed += failed;
}

fn add_each<K: Ord>(all: &mut BTreeMap<K, u64>, more: impl IntoIterator<Item = (K, u64)>) {
    for (key, count) in more {
        *all.entry(key).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The counts that an operator sees.
    fn counts(outcome: &Outcome) -> Value {
        let metrics = outcome.metrics("f", jiff::Timestamp::UNIX_EPOCH);
        json!({"summary": outcome.summary(), "metrics": metrics})
    }

    #[test]
    fn a_report_that_crosses_processes_loses_no_count() {
        let sends = Sends { due: 6, sent: 2, summarised: 3, failed: 1 };
        let mut here = Outcome {
            objects: ObjectCounts {
                seen: 5,
                processed: 2,
                skipped: BTreeMap::from([("digest_file".to_owned(), 1)]),
                failed: 2,
                out_of_time: 1,
            },
            records: RecordCounts { seen: 9, evaluated: 7, unparsable: 2, repaired: 3, omitted: 4 },
            matches: Matches {
                seen: 70,
                alerted: 1,
                covered: 10,
                suppressed: BTreeMap::from([("rule".to_owned(), 2)]),
                deduplicated: 3,
                below_threshold: 4,
                learning: 5,
                already_seen: 6,
                muted: 7,
                capped: 8,
                claimed_elsewhere: 9,
                failed: 15,
            },
            notices: sends,
            unremembered: 6,
            alerts: BTreeMap::from([(("rule".to_owned(), 1), 2), (("rule".to_owned(), 3), 4)]),
            lags: vec![1, 2],
            sends: BTreeMap::from([(Audience::Alerts, sends), (Audience::Findings, sends)]),
            ..Outcome::default()
        };
        here.start_unit(Some("id".to_owned()), None);
        here.fail(Failure::NotStarted);
        let expected = counts(&here);
        let line = serde_json::to_string(&Report::of(here)).unwrap();

        let mut there = Outcome::default();
        there.start_unit(Some("id".to_owned()), None);
        serde_json::from_str::<Report>(&line).unwrap().add_to(&mut there);
        assert_eq!(counts(&there), expected);
        assert_eq!(there.failures().map(|failure| chain(failure)).collect::<Vec<_>>(), [chain(&Failure::NotStarted)]);
    }
}
