//! One stored item at a time against the reference, which is quick: many more events than the command line takes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use trailbell::state::series::{self, Delivery, SeriesItem, StepEvent, Verdict};

use super::{
    event::BEGIN,
    reference::{Alert, Arrival, Counted, Plan, Series},
    rules::Values,
    strategy::{cases, wild},
};

fn plan(plan: &Plan) -> series::Plan {
    let (threshold, kind) = match plan.counted {
        Counted::Events(threshold) => (threshold, series::Kind::Events),
        Counted::Values(threshold) => (threshold, series::Kind::Values),
        Counted::Steps(steps) => (1, series::Kind::Sequence { steps: u8::try_from(steps).unwrap() }),
    };
    series::Plan { window: plan.window, threshold: u32::try_from(threshold).unwrap(), kind }
}

/// How many of the lower bits of a hash an item does not keep.
const UNUSED_BITS: u32 = 17;

/// A hash whose every bit depends on the text (FNV-1a, and the finalizer of `SplitMix64`).
fn hash(text: &str) -> u64 {
    let mut hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

fn arrival(arrival: &Arrival) -> series::Arrival {
    series::Arrival {
        time: BEGIN + arrival.time,
        event: hash(&arrival.event),
        values: arrival.values.iter().map(|value| hash(value)).collect(),
        steps: arrival.steps.iter().map(|step| 1 << step).sum(),
        name: arrival.event.clone(),
        succeeds: false,
        samples: Vec::new(),
    }
}

/// Adds an event to a stored item, sends the alert at once, and returns it as the reference describes one. Every event of the
/// series until now is in `known`.
fn arrive(item: &mut SeriesItem, of: &Plan, event: &Arrival, by: Delivery, known: &[Arrival]) -> Option<Alert> {
    *item = SeriesItem::decode(&item.encode()).unwrap();
    let Verdict::Alert(alert) = item.arrive(&plan(of), &arrival(event), by) else {
        return None;
    };
    item.sent(alert.anchor, 1, 1);
    assert!(!alert.about && item.pending().is_empty());
    let count = |count: u32| usize::try_from(count).unwrap();
    let step = |step: &StepEvent| {
        let is_it =
            |known: &&Arrival| step.event == hash(&known.event) >> UNUSED_BITS && step.time == BEGIN + known.time;
        known.iter().find(is_it).unwrap().event.clone()
    };
    Some(Alert {
        anchor: alert.anchor - BEGIN,
        count: count(alert.count),
        first: alert.first - BEGIN,
        last: alert.last - BEGIN,
        since: alert.since.map(count),
        chain: alert.steps.iter().map(step).collect(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(100)) })]

    #[test]
    fn each_event_of_a_series_agrees(case in wild()) {
        for rule in &case.rules {
            let plan_of = rule.plan();
            let mut all: BTreeMap<Values, (Series, SeriesItem, Vec<Arrival>)> = BTreeMap::new();
            let all_events = (0..).zip(&case.deliveries).flat_map(|(number, events)| events.iter().map(move |event| (number, event)));
            for (number, event) in all_events {
                let by = Delivery { owner: number, began: BEGIN, now: BEGIN };
                for (values, event) in rule.arrivals(event) {
                    let new = || (Series::new(plan_of.clone()), SeriesItem::default(), Vec::new());
                    let (series, item, known) = all.entry(values).or_insert_with(new);
                    known.push(event.clone());
                    let expected = series.arrive(&event);
                    let mut found = arrive(item, &plan_of, &event, by, known);
                    let times = |chain: &[String]| -> Vec<i64> { chain.iter().map(|id| case.second(id)).collect() };
                    if let (Some(found), Some(expected)) = (&mut found, &expected) {
                        // Of events of one second, any may be named.
                        prop_assert_eq!(times(&found.chain), times(&expected.chain), "{:?}", rule);
                        found.chain.clone_from(&expected.chain);
                    }
                    prop_assert_eq!(&found, &expected, "{:?} {:?}", rule, event);
                    prop_assert_eq!(item.untold(&plan(&plan_of)) as usize, series.more(), "{:?} {:?}", rule, event);
                }
            }
        }
    }
}
