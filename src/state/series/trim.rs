//! What goes when an item has too many marks.

use std::{collections::HashMap, ops::Range};

use foldhash::fast::RandomState;

use super::{
    codec::fits,
    item::SeriesItem,
    mark::Mark,
    plan::{Kind, Plan},
    span::Tally,
};

/// How many newer marks of each of its steps a mark of a sequence needs to be spare.
const SPARE_STEPS: usize = 16;

impl SeriesItem {
    /// Drops marks, and what else can go, until the item is within its bounds.
    pub(super) fn trim(&mut self, plan: &Plan) {
        self.drop_marks(plan, self.marks.all().len().saturating_sub(plan.max_marks()));
        while !fits(self) {
            if self.samples.len() > 0 {
                self.samples.limit(self.samples.bytes() / 2);
            } else if self.marks.all().is_empty() {
                break;
            } else {
                self.drop_marks(plan, 8);
            }
        }
    }

    fn drop_marks(&mut self, plan: &Plan, mut excess: usize) {
        while excess > 0 && !self.marks.all().is_empty() {
            let dropped = self.marks.remove(&self.spare(plan, excess));
            excess = excess.saturating_sub(dropped.len());
            for mark in dropped {
                self.remember(&mark, plan);
            }
        }
    }

    /// The indexes of marks to drop, in ascending order: at least one, and at most `excess`.
    fn spare(&self, plan: &Plan, excess: usize) -> Vec<usize> {
        let marks = self.marks.all();
        let surplus = self.silenced_surplus(plan);
        if !surplus.is_empty() {
            return surplus.take(excess).collect();
        }
        match plan.kind {
            Kind::Sequence { .. } => vec![oldest_of_most(marks)],
            Kind::Values => {
                let repeated = repeated(marks, plan.length(), excess);
                if repeated.is_empty() { (0..excess.min(marks.len())).collect() } else { repeated }
            }
            Kind::Events => (0..excess.min(marks.len())).collect(),
        }
    }

    /// Remembers a mark that was dropped, as far as counts depend on it.
    fn remember(&mut self, mark: &Mark, plan: &Plan) {
        let same_value = |marks: &[Mark], is: &dyn Fn(&Mark) -> bool| {
            plan.kind == Kind::Values && marks.iter().any(|other| other.id == mark.id && is(other))
        };
        let is_untold = |mark: &Mark| self.is_untold(mark, plan);
        if is_untold(mark) && !same_value(self.marks.all(), &is_untold) {
            self.dropped.untold = self.dropped.untold.saturating_add(1);
        }
        let (from, to) = around(mark.time, plan);
        if !same_value(self.marks.between(from, to), &|_| true) {
            self.dropped.add(mark.time);
        }
    }

    /// The surplus marks of the first silence that has any: see [`is_surplus`].
    fn silenced_surplus(&self, plan: &Plan) -> Range<usize> {
        let forgotten = self.anchors.horizon().map(|horizon| (i64::MIN, horizon));
        let mut silences = forgotten.into_iter().chain(self.anchors.times().iter().map(|anchor| around(*anchor, plan)));
        let surplus = silences.find_map(|(from, to)| {
            let range = self.marks.range(from, to);
            let marks = self.marks.all().get(range.clone())?;
            let surplus = surplus(marks, plan);
            (surplus > 0).then_some(range.start..range.start + surplus)
        });
        surplus.unwrap_or_default()
    }

    /// Whether a mark that the item does not have would be surplus.
    pub(super) fn is_surplus(&self, mark: &Mark, plan: &Plan) -> bool {
        let forgotten = self.anchors.horizon().filter(|horizon| mark.time <= *horizon);
        let around = self.anchors.last_around(mark.time, plan.length()).map(|anchor| around(anchor, plan).1);
        forgotten.into_iter().chain(around).any(|end| is_surplus(mark, self.marks.between(mark.time, end), plan))
    }
}

/// The times from a window before to a window after another one.
fn around(anchor: i64, plan: &Plan) -> (i64, i64) {
    (anchor.saturating_sub(plan.length()), anchor.saturating_add(plan.length()))
}

/// Whether the newer marks of the same silence are as many identities as raise an alert. Then nothing depends on the mark: a
/// span that holds it and is not covered ends after the silence, so it holds those too. Of a sequence, each step of the mark needs
/// many newer marks; that is almost as sure.
fn is_surplus(oldest: &Mark, newer: &[Mark], plan: &Plan) -> bool {
    if let Kind::Sequence { .. } = plan.kind {
        let mut steps = (0..u8::BITS).map(|step| 1 << step).filter(|step| oldest.steps & step != 0);
        return steps.all(|step| newer.iter().filter(|mark| mark.steps & step != 0).count() >= SPARE_STEPS);
    }
    enough(newer, plan).is_some()
}

/// How many of the oldest marks of a silence are surplus.
fn surplus(marks: &[Mark], plan: &Plan) -> usize {
    match (plan.kind, marks.split_first()) {
        (Kind::Sequence { .. }, Some((oldest, newer))) => usize::from(is_surplus(oldest, newer, plan)),
        (Kind::Sequence { .. }, None) => 0,
        (Kind::Events | Kind::Values, _) => enough(marks, plan).unwrap_or_default(),
    }
}

/// Where the newest marks begin that are as many identities as raise an alert.
fn enough(marks: &[Mark], plan: &Plan) -> Option<usize> {
    let mut tally = Tally::new(plan.kind);
    if marks.len() < plan.needed() {
        return None;
    }
    marks.iter().rposition(|mark| {
        tally.add(mark);
        tally.count() >= plan.needed()
    })
}

/// Marks whose value occurs before and after them within one window: a span of that length that holds such a mark holds one of
/// the others.
fn repeated(marks: &[Mark], length: i64, most: usize) -> Vec<usize> {
    // Of each value the last two that stay.
    let mut last: HashMap<u64, (usize, Option<usize>), RandomState> = HashMap::default();
    let mut repeated = Vec::new();
    for (at, mark) in marks.iter().enumerate() {
        let before = match last.get(&mark.id) {
            Some((middle, Some(first))) if mark.time.abs_diff(marks[*first].time) <= length.unsigned_abs() => {
                repeated.push(*middle);
                Some(*first)
            }
            Some((middle, _)) => Some(*middle),
            None => None,
        };
        if repeated.len() >= most {
            break;
        }
        last.insert(mark.id, (at, before));
    }
    repeated.sort_unstable();
    repeated
}

/// The oldest mark of the steps that most marks have: so no flood of one step hides another.
fn oldest_of_most(marks: &[Mark]) -> usize {
    let mut counts = [0_usize; 1 << u8::BITS];
    for mark in marks {
        counts[usize::from(mark.steps)] += 1;
    }
    let most = counts.iter().max();
    marks.iter().position(|mark| Some(&counts[usize::from(mark.steps)]) == most).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::series::{Arrival, Delivery, PendingAlert, Verdict};

    const HOUR: i64 = 3_600;

    fn by(owner: u64, began: i64) -> Delivery {
        Delivery { owner, began, now: 0 }
    }

    fn event(id: i64, time: i64) -> Arrival {
        Arrival { time, event: id.cast_unsigned() << 17, ..Arrival::default() }
    }

    fn value(id: i64, time: i64, value: i64) -> Arrival {
        Arrival { values: vec![value.cast_unsigned() << 17], ..event(id, time) }
    }

    fn alerts(item: &mut SeriesItem, plan: Plan, arrivals: impl IntoIterator<Item = Arrival>) -> Vec<PendingAlert> {
        let verdicts = arrivals.into_iter().map(|arrival| item.arrive(&plan, &arrival, by(1, 0)));
        let alerts = verdicts.filter_map(|verdict| match verdict {
            Verdict::Alert(alert) => Some(alert),
            _ => None,
        });
        alerts.collect()
    }

    /// 1,000 events of a day after the one that alerts, and the next alert a day later.
    #[test]
    fn what_a_silence_drops_is_still_counted() {
        let plan = Plan { window: 24 * HOUR, threshold: 1, kind: Kind::Events };
        let mut item = SeriesItem::default();
        let day = (0..=1_000).map(|id| event(id, id * 86));
        assert_eq!(alerts(&mut item, plan, day.clone()).len(), 1);
        assert_eq!(item.marks.all().len(), plan.max_marks());
        assert_eq!(item.untold(&plan), 1_000);
        item.sent(0, 1, 1);

        let before = item.clone();
        for arrival in day {
            assert_eq!(item.arrive(&plan, &arrival, by(1, 60)), Verdict::Known);
        }
        assert_eq!(item, before, "a replay of what has no mark any more");

        let [next] = &alerts(&mut item, plan, [event(2_000, 86_401)])[..] else { panic!() };
        assert_eq!((next.since, next.about), (Some(1_000), true));
        assert!(next.count.abs_diff(1_001) < 20 && next.first <= 86, "{next:?}");
        assert_eq!(item.untold(&plan), 0);
    }

    /// Late events of another delivery, or of the same attempt, are no replay.
    #[test]
    fn late_events_count_unless_their_delivery_is_repeated() {
        let plan = Plan { window: 24 * HOUR, threshold: 1, kind: Kind::Events };
        let mut item = SeriesItem::default();
        alerts(&mut item, plan, (0..=500).map(|id| event(id, id * 100)));
        item.sent(0, 1, 1);
        assert_eq!(item.arrive(&plan, &event(9_998, 5), by(1, 0)), Verdict::Silenced);
        assert_eq!(item.arrive(&plan, &event(9_999, 5), by(2, 60)), Verdict::Silenced);
        assert_eq!(item.untold(&plan), 502);
        assert_eq!(item.arrive(&plan, &event(9_997, 5), by(1, 60)), Verdict::Known);
        // No event of that time was dropped.
        assert_eq!(item.arrive(&plan, &event(9_995, -5), by(1, 60)), Verdict::Silenced);
        // An event on which something depends counts in any case.
        assert!(matches!(item.arrive(&plan, &event(9_996, -24 * HOUR - 1), by(1, 60)), Verdict::Alert(_)));
    }

    /// "Counting", rule 9: six hours late, at `window: 10m` and a threshold of 30.
    #[test]
    fn six_hours_of_events_are_counted_exactly() {
        let plan = Plan { window: 600, threshold: 30, kind: Kind::Events };
        let mut item = SeriesItem::default();
        // In every span of ten minutes 29, so that no alert thins them out.
        let steady = (0..6 * HOUR / 21).map(|id| event(id, id * 21));
        assert_eq!(alerts(&mut item, plan, steady), []);
        let [alert] = &alerts(&mut item, plan, [event(-1, 1)])[..] else { panic!() };
        assert_eq!((alert.first, alert.last, alert.count, alert.about), (0, 588, 30, false));
    }

    /// A silence over events that are more than an item keeps hides no later burst, and needs no more than `threshold` of them.
    #[test]
    fn what_is_dropped_changes_no_decision() {
        let plan = Plan { window: 600, threshold: 30, kind: Kind::Events };
        let mut item = SeriesItem::default();
        let flood = alerts(&mut item, plan, (0..50_000).map(|id| event(id, id / 10)));
        let anchors: Vec<i64> = flood.iter().map(|alert| alert.anchor).collect();
        assert_eq!(anchors, [2, 603, 1_204, 1_805, 2_406, 3_007, 3_608, 4_209, 4_810]);
    }

    /// Nine values that are read all the time do not hide a tenth.
    #[test]
    fn values_that_repeat_go_first() {
        let plan = Plan { window: 24 * HOUR, threshold: 10, kind: Kind::Values };
        let mut item = SeriesItem::default();
        let rare = (0..8).map(|at| value(-1 - at, at * HOUR, 100 + at));
        let mut busy: Vec<Arrival> = (0..5_000).map(|id| value(id, id * 16, 0)).chain(rare).collect();
        busy.sort_by_key(|arrival| arrival.time);
        assert_eq!(alerts(&mut item, plan, busy), []);
        let [alert] = &alerts(&mut item, plan, [value(-9, 22 * HOUR, 200)])[..] else { panic!() };
        assert_eq!((alert.count, alert.about), (10, false));
    }

    #[test]
    fn a_value_is_repeated_only_within_one_window() {
        let repeated = |times: &[i64]| {
            let marks: Vec<Mark> =
                times.iter().map(|time| Mark { time: *time, id: 1, steps: 0, reported: false }).collect();
            super::repeated(&marks, 600, 9)
        };
        assert!(repeated(&[0, 300, 601]).is_empty());
        assert_eq!(repeated(&[0, 300, 600]), [1]);
        assert_eq!(repeated(&[0, 1, 2, 600, 601, 1_000]), [1, 2, 4]);
    }

    #[test]
    fn a_flood_of_one_step_hides_no_other() {
        let plan = Plan { window: HOUR, threshold: 1, kind: Kind::Sequence { steps: 3 } };
        let step = |steps, id, time| Arrival { steps, ..event(id, time) };
        let mut item = SeriesItem::default();
        let before = [step(0b001, -1, 0), step(0b010, -2, 1)];
        let flood = (0..5_000).map(|id| step(0b010, id, 2 + id / 10));
        assert_eq!(alerts(&mut item, plan, before.into_iter().chain(flood)), []);
        assert_eq!(item.marks.all().len(), plan.max_marks());
        let [alert] = &alerts(&mut item, plan, [step(0b100, -3, 600)])[..] else { panic!() };
        assert_eq!(alert.steps.iter().map(|step| step.time).collect::<Vec<_>>(), [0, 501, 600]);
        assert!(alert.about);
    }

    /// 402 alerts a window apart, and the first events again.
    #[test]
    fn alerts_that_are_forgotten_are_not_raised_again() {
        let plan = Plan { window: 60, threshold: 1, kind: Kind::Events };
        let mut item = SeriesItem::default();
        for id in 0..5_000 {
            let [alert] = &alerts(&mut item, plan, [event(id, id * 61)])[..] else { panic!("{id}") };
            item.sent(alert.anchor, 1, 1);
        }
        assert_eq!(alerts(&mut item, plan, (0..5_000).map(|id| event(id, id * 61))), []);
    }

    /// A flood in a silence does not push out older events that can still raise an alert; what it drops is reported as an estimate.
    #[test]
    fn a_silence_gives_way_before_other_events() {
        let plan = Plan { window: 600, threshold: 2, kind: Kind::Events };
        let mut item = SeriesItem::default();
        let flood = (1..3_000).map(|id| event(id, 100_000 + id % 300));
        assert_eq!(alerts(&mut item, plan, [event(0, 0)].into_iter().chain(flood)).len(), 1);
        let [late] = &alerts(&mut item, plan, [event(-1, 1)])[..] else { panic!() };
        assert_eq!((late.anchor, late.count), (1, 2));
        // All but the two that the first alert reported.
        assert_eq!((late.since, late.about), (Some(2_997), true));
    }

    /// An event of many values costs about as much as each of them alone.
    #[test]
    fn many_values_at_once_are_trimmed_at_once() {
        let plan = Plan { window: 24 * HOUR, threshold: 2, kind: Kind::Values };
        let mut item = SeriesItem::default();
        for id in 0..20 {
            let values = (0..1_250).map(|value| (id * 10_000 + value) << 17).collect();
            item.arrive(&plan, &Arrival { values, ..event(1, 0) }, by(1, 0));
            assert_eq!(item.marks.all().len(), plan.max_marks());
        }
        assert_eq!(item.pending()[0].count, 1_250);
        assert_eq!(item.untold(&plan), 19 * 1_250);
    }
}
