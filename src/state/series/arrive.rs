//! An event arrives in a series.

use std::slice;

use super::{
    anchor::Anchors,
    arrival::{Arrival, Delivery, Verdict},
    chain::{chains, latest},
    dropped::Dropped,
    item::{SeriesItem, number},
    mark::{Mark, Marks, short},
    pending::{MAX_CLAIM_BYTES, PendingAlert, claim_bytes},
    plan::{Kind, Plan},
    span::{Spans, count, spans},
};

impl SeriesItem {
    /// Counts an event and decides about it. A known event changes nothing, unless its alert is not sent yet.
    pub fn arrive(&mut self, plan: &Plan, arrival: &Arrival, by: Delivery) -> Verdict {
        self.become_kind(plan.kind);
        let new = self.mark(plan, arrival);
        let mut fullest = 0;
        if !new.is_empty() {
            self.samples.add(arrival, plan);
            let spans = self.spans(plan, arrival.time);
            fullest = spans.fullest;
            if let Some(anchor) = spans.anchor {
                let alert = self.raise(plan, anchor, arrival, &new, by);
                self.trim(plan);
                return Verdict::Alert(alert);
            }
            self.trim(plan);
        }
        match self.claimed(plan, arrival, by) {
            Some(verdict) => verdict,
            None if new.is_empty() => Verdict::Known,
            None if self.anchors.cover(arrival.time, plan.length()) => Verdict::Silenced,
            None => Verdict::Counted { count: number(fullest) },
        }
    }

    /// Marks of another kind mean something else: where a rule was changed, counting begins again. Its alerts remain.
    fn become_kind(&mut self, kind: Kind) {
        if self.kind != kind.code() {
            self.kind = kind.code();
            (self.marks, self.dropped) = (Marks::default(), Dropped::default());
        }
    }

    /// Leaves the marks of an event, and returns the identities of those that are new.
    fn mark(&mut self, plan: &Plan, arrival: &Arrival) -> Vec<u64> {
        let mark = |id| Mark { time: arrival.time, id, steps: 0, reported: false };
        let event = short(arrival.event);
        match plan.kind {
            Kind::Values => {
                let values = arrival.values.iter().map(|value| short(*value));
                values.filter(|value| self.marks.insert(mark(*value))).collect()
            }
            Kind::Events if !self.marks.has_id(event) => {
                self.marks.insert(mark(event));
                vec![event]
            }
            Kind::Sequence { .. } if arrival.steps != 0 && !self.marks.has_id(event) => {
                self.marks.insert(Mark { steps: arrival.steps, ..mark(event) });
                vec![event]
            }
            Kind::Events | Kind::Sequence { .. } => Vec::new(),
        }
    }

    fn spans(&self, plan: &Plan, time: i64) -> Spans {
        match plan.kind {
            Kind::Sequence { steps } => chains(&self.marks, &self.anchors, plan.length(), steps, time),
            Kind::Events | Kind::Values => spans(&self.marks, &self.anchors, plan, time),
        }
    }

    /// Fixes the anchor of a new alert, and the claim on it.
    fn raise(&mut self, plan: &Plan, anchor: i64, arrival: &Arrival, new: &[u64], by: Delivery) -> PendingAlert {
        let from = anchor.saturating_sub(plan.length());
        let is_own = |mark: &Mark| mark.time == arrival.time && new.contains(&mark.id);
        let since = (!self.anchors.is_empty()).then(|| self.untold_where(plan, |mark| !is_own(mark)));
        let marks = self.marks.between(from, anchor);
        let first = marks.first().map_or(anchor, |mark| mark.time);
        let dropped = self.dropped.within(from, anchor);
        let mut alert = PendingAlert {
            anchor,
            count: number(count(marks, plan.kind)).saturating_add(dropped.map_or(0, |dropped| dropped.count)),
            first: dropped.and_then(|dropped| dropped.first).map_or(first, |time| first.min(time)),
            last: anchor,
            since,
            about: dropped.is_some() || (since.is_some() && self.dropped.untold > 0),
            steps: Vec::new(),
            channels: 0,
            held: false,
            free: 0,
            owner: 0,
            event: 0,
        };
        if let Kind::Sequence { steps } = plan.kind {
            alert.steps = latest(&self.marks, plan.length(), steps, anchor);
        }
        alert.claim(by.owner, arrival.event, by.now);
        report(&mut self.marks, &self.anchors, plan.length(), anchor);
        self.dropped.untold = 0;
        self.anchors.insert(anchor, plan.length());
        self.keep(alert.clone());
        alert
    }

    /// Keeps a claim. Of too many the oldest that is held back goes, and its events count as unreported; if there is none,
    /// the alert goes out without a claim.
    fn keep(&mut self, alert: PendingAlert) {
        if claim_bytes(&self.pending) + claim_bytes(slice::from_ref(&alert)) > MAX_CLAIM_BYTES {
            let Some(at) = self.pending.iter().position(|alert| alert.held) else { return };
            self.dropped.untold = self.dropped.untold.saturating_add(self.pending.remove(at).count);
        }
        let at = self.pending.partition_point(|other| other.anchor < alert.anchor);
        self.pending.insert(at, alert);
    }

    /// What an alert that is not sent yet means to an event that it covers.
    fn claimed(&mut self, plan: &Plan, arrival: &Arrival, by: Delivery) -> Option<Verdict> {
        let reach = plan.length().unsigned_abs();
        let mut is_elsewhere = false;
        for alert in self.pending.iter_mut().filter(|alert| alert.anchor.abs_diff(arrival.time) <= reach) {
            let is_foreign = alert.owner != by.owner;
            if (is_foreign || alert.held) && alert.free <= by.now {
                alert.claim(by.owner, arrival.event, by.now);
            } else {
                is_elsewhere |= is_foreign && !alert.held;
            }
        }
        let own = self.pending.iter_mut().find(|alert| alert.owner == by.owner && alert.is_of(arrival.event));
        if let Some(alert) = own {
            alert.renew(by.now);
            return Some(Verdict::Alert(alert.clone()));
        }
        is_elsewhere.then_some(Verdict::ClaimedElsewhere)
    }
}

/// Marks what an alert reports: what it counts, and what came into silences before it.
fn report(marks: &mut Marks, anchors: &Anchors, length: i64, anchor: i64) {
    let counted = anchor.saturating_sub(length)..=anchor;
    for mark in marks.iter_mut().filter(|mark| !mark.reported) {
        mark.reported = counted.contains(&mark.time) || anchors.cover(mark.time, length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;

    fn event(id: i64, time: i64) -> Arrival {
        Arrival { time, event: id.cast_unsigned() << 17, ..Arrival::default() }
    }

    fn by(owner: u64, now: i64) -> Delivery {
        Delivery { owner, now }
    }

    fn alerts(plan: Plan, arrivals: &[Arrival]) -> Vec<PendingAlert> {
        let mut item = SeriesItem::default();
        let verdicts = arrivals.iter().map(|arrival| item.arrive(&plan, arrival, by(1, 0)));
        verdicts
            .filter_map(|verdict| match verdict {
                Verdict::Alert(alert) => Some(alert),
                _ => None,
            })
            .collect()
    }

    /// Vector 14 of the language: 21 events over 9 minutes 54 seconds alert wherever they begin, in any order.
    #[test]
    fn a_burst_is_found_wherever_it_begins() {
        let plan = Plan { window: 600, threshold: 21, kind: Kind::Events };
        for begin in (0..1_200).step_by(7) {
            let burst = |count: i64, seconds: i64| -> Vec<Arrival> {
                // 8 and 21 have no common factor.
                let order = (0..count).map(|at| at * 8 % count);
                order.map(|at| event(at, begin + at * seconds / (count - 1))).collect()
            };
            let [alert] = &alerts(plan, &burst(21, 594))[..] else { panic!("{begin}") };
            assert_eq!((alert.count, alert.first, alert.last), (21, begin, begin + 594));
            assert_eq!((alert.anchor, alert.since, alert.about), (begin + 594, None, false));
            let twenty: Vec<Arrival> = burst(21, 594).into_iter().skip(1).collect();
            assert_eq!(alerts(plan, &twenty), []);
            assert_eq!(alerts(plan, &burst(21, 630)), []);
        }
    }

    /// Vector 15: 12 reads of one secret are silent, 10 secrets alert.
    #[test]
    fn different_values_are_counted() {
        let plan = Plan { window: HOUR, threshold: 10, kind: Kind::Values };
        let read = |id: i64, secret: u64| Arrival { values: vec![secret << 17], ..event(id, id) };
        let same: Vec<Arrival> = (0..12).map(|id| read(id, 1)).collect();
        assert_eq!(alerts(plan, &same), []);
        let ten: Vec<Arrival> = (0..10).map(|id| read(id, id.cast_unsigned())).collect();
        assert_eq!(alerts(plan, &ten)[0].count, 10);
        let at_once = Arrival { values: (0..10).map(|secret| secret << 17).collect(), ..event(1, 5) };
        assert_eq!(alerts(plan, &[at_once])[0].count, 10);
    }

    /// Vector 16: a user, then a key of it, within an hour.
    #[test]
    fn the_steps_of_a_sequence_follow_each_other() {
        let plan = Plan { window: HOUR, threshold: 1, kind: Kind::Sequence { steps: 2 } };
        let step = |steps, id, time| Arrival { steps, ..event(id, time) };
        let (user, key) = (step(1, 1, 100), step(2, 2, 200));
        assert_eq!(alerts(plan, &[step(2, 3, 100), key.clone()]), []);
        for order in [[user.clone(), key.clone()], [key.clone(), user.clone()]] {
            let [alert] = &alerts(plan, &order)[..] else { panic!() };
            assert_eq!((alert.anchor, alert.count, alert.first, alert.last), (200, 2, 100, 200));
            assert_eq!(alert.steps.iter().map(|step| step.time).collect::<Vec<_>>(), [100, 200]);
        }
        assert_eq!(alerts(plan, &[user.clone(), step(2, 2, 100 + HOUR + 60)]), []);
        assert_eq!(alerts(plan, &[user, step(2, 2, 100 + HOUR)]).len(), 1);
    }
}
