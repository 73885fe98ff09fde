//! The hourly limit, against a plain reference that keeps every act.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, sample::select};
use trailbell::state::Decision;

use super::strategy::cases;
use crate::state::rate_limit::{Act, Limited};

const CALLERS: [&str; 5] = ["", "arn:aws:iam::1:user/ann", "arn:aws:iam::1:user/bob", "arn:aws:iam::1:user/cyd", "eve"];

/// The acts that raised an alert and those that were held back, of one hour.
struct Model {
    severity: u8,
    limit: usize,
    passed: Vec<Act>,
    held: BTreeSet<usize>,
}

impl Model {
    fn new(severity: u8, limit: u32) -> Self {
        Self { severity, limit: limit as usize, passed: Vec::new(), held: BTreeSet::new() }
    }

    fn count(&self, is_counted: impl Fn(&Act) -> bool) -> usize {
        self.passed.iter().filter(|act| is_counted(act)).count()
    }

    /// Whether one more act alerts. A third of the limit is for failures and the rest for successes; a third is for one caller,
    /// of which at most half for its failures; but none of these is less than one.
    fn has_room(&self, act: Act) -> bool {
        let third = (self.limit / 3).max(1);
        let is_alike = |other: &Act| other.succeeds == act.succeeds;
        let (alike, own) = (self.count(is_alike), self.count(|other| other.by == act.by));
        let own_alike = self.count(|other| other.by == act.by && is_alike(other));
        let is_within_third = own < third || (third == 1 && own_alike == 0);
        match (act.succeeds, self.severity) {
            (false, _) => alike < third && own_alike < (third / 2).max(1) && is_within_third,
            (true, 1) => alike < 600 && own_alike < 500,
            (true, _) => alike < self.limit.saturating_sub(third).max(1) && is_within_third,
        }
    }

    fn deliver(&mut self, act: Act) -> &'static str {
        if self.passed.contains(&act) {
            return "deduplicated";
        }
        if self.has_room(act) {
            self.passed.push(act);
            return "alerted";
        }
        self.held.insert(act.target);
        "capped"
    }
}

/// Acts, each on a target of its own, divided into deliveries.
fn deliveries() -> impl Strategy<Value = Vec<Vec<Act>>> {
    let act = (select(CALLERS.to_vec()), any::<bool>());
    vec(vec(act, 1..20), 1..6).prop_map(|deliveries| {
        let mut targets = 0..;
        let mut act = |(by, succeeds)| Act { by, succeeds, target: targets.next().unwrap_or_default() };
        deliveries.into_iter().map(|acts| acts.into_iter().map(&mut act).collect()).collect()
    })
}

fn limits() -> impl Strategy<Value = (u8, u32)> {
    (1_u8..4, select(vec![1, 2, 3, 5, 6, 9, 20, 500]))
}

fn words(decisions: &[Decision]) -> Vec<&'static str> {
    decisions.iter().map(Decision::word).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(60)) })]

    /// Deliveries in any order and with repetitions; the notice comes with the first alert that is held back, and counts all
    /// that its delivery holds back.
    #[test]
    fn the_limit_is_that_of_the_reference(
        (severity, limit) in limits(),
        (deliveries, order) in deliveries().prop_flat_map(|all| {
            let order = vec(0..all.len(), 1..10);
            (Just(all), order)
        }),
    ) {
        let (limited, mut model) = (Limited::new(severity, limit), Model::new(severity, limit));
        for at in order {
            let had_held = !model.held.is_empty();
            let expected: Vec<_> = deliveries[at].iter().map(|act| model.deliver(*act)).collect();
            let decided = limited.delivered(&at.to_string(), &deliveries[at]);
            prop_assert_eq!(words(&decided), &*expected);
            let notices: Vec<(usize, u64)> = decided.iter().enumerate().filter_map(|(at, decision)| match decision {
                Decision::RollUp(notice) => Some((at, notice.held)),
                _ => None,
            }).collect();
            let first = expected.iter().position(|word| *word == "capped").filter(|_| !had_held);
            prop_assert_eq!(notices, first.map(|at| (at, model.held.len() as u64)).into_iter().collect::<Vec<_>>());
        }
        let ended = limited.stored().and_then(|alerts| alerts.ended());
        prop_assert_eq!(ended.as_ref().map_or(0, |ended| ended.held), model.held.len() as u64);
        let lines = ended.as_ref().map_or(0, |ended| ended.lines.len() as u64);
        prop_assert_eq!(ended.as_ref().map_or(0, |ended| ended.more), model.held.len() as u64 - lines);
        for line in ended.into_iter().flat_map(|ended| ended.lines) {
            let target = line.target.strip_prefix("trail-").and_then(|target| target.parse().ok());
            prop_assert!(target.is_some_and(|target: usize| model.held.contains(&target)), "{:?}", line);
        }
    }

    /// Attempts that fail hold back no success of a caller that fails in nothing, however many they are and wherever they come.
    #[test]
    fn failures_of_others_hold_back_no_success((severity, limit) in limits(), acts in deliveries()) {
        let acts: Vec<Act> = acts.into_iter().flatten().collect();
        let failing: BTreeSet<&str> = acts.iter().filter(|act| !act.succeeds).map(|act| act.by).collect();
        let successes: Vec<Act> = acts.iter().copied().filter(|act| act.succeeds).collect();
        let alerted = |acts: &[Act]| -> BTreeSet<usize> {
            let decided = Limited::new(severity, limit).delivered("one", acts);
            let all = acts.iter().zip(&decided).filter(|(_, decision)| decision.word() == "alerted");
            all.filter(|(act, _)| act.succeeds && !failing.contains(act.by)).map(|(act, _)| act.target).collect()
        };
        let (alone, among_failures) = (alerted(&successes), alerted(&acts));
        prop_assert!(alone.is_subset(&among_failures), "{:?} {:?}", alone, among_failures);
    }

    /// The bounds of an hour: the limit, and a third of it for one caller; each at least two.
    #[test]
    fn no_hour_has_more_than_its_limit(limit in select(vec![1_u32, 2, 3, 5, 6, 9, 20]), acts in deliveries()) {
        let acts: Vec<Act> = acts.into_iter().flatten().collect();
        let decided = Limited::new(2, limit).delivered("one", &acts);
        let alerted: Vec<&Act> =
            acts.iter().zip(&decided).filter(|(_, decision)| decision.word() == "alerted").map(|(act, _)| act).collect();
        let limit = limit as usize;
        prop_assert!(alerted.len() <= limit.max(2));
        for by in CALLERS {
            prop_assert!(alerted.iter().filter(|act| act.by == by).count() <= (limit / 3).max(2));
        }
    }
}
