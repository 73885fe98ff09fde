//! An event arrives in a series.

use std::slice;

use super::{
    anchor::Anchors,
    arrival::{Arrival, Delivery, Verdict},
    chain::{chains, latest},
    dropped::Dropped,
    item::{MAX_DELIVERIES, SeriesItem, number},
    mark::{Mark, Marks, short},
    pending::{MAX_CLAIM_BYTES, PendingAlert, claim_bytes},
    plan::{Kind, Plan},
    span::{Spans, count, spans},
};

impl SeriesItem {
    /// Counts an event and decides about it. A known event changes nothing, unless its alert is not sent yet.
    pub fn arrive(&mut self, plan: &Plan, arrival: &Arrival, by: Delivery) -> Verdict {
        self.become_kind(plan.kind);
        let new = self.mark(plan, arrival, by);
        let mut spans = Spans::default();
        let mut raised = None;
        if !new.is_empty() {
            self.samples.add(arrival, plan);
            spans = self.spans(plan, arrival.time);
            raised = spans.anchor.map(|anchor| self.raise(plan, anchor, arrival, &new, by));
            self.trim(plan);
        }
        let claimed = self.claimed(plan, arrival, by);
        match raised.map(Verdict::Alert).or(claimed).or_else(|| self.ask_again(plan, arrival, by)) {
            Some(verdict) => verdict,
            None if new.is_empty() => Verdict::Known,
            None if self.anchors.cover(arrival.time, plan.length()) => Verdict::Silenced,
            None => Verdict::Counted { count: number(spans.fullest) },
        }
    }

    /// An event that the series does not count takes over the alerts that cover it and that another delivery was to send and did
    /// not, and continues those of its own delivery.
    pub fn take_over(&mut self, plan: &Plan, arrival: &Arrival, by: Delivery) -> Verdict {
        let claimed = self.claimed(plan, arrival, by);
        claimed.or_else(|| self.ask_again(plan, arrival, by)).unwrap_or(Verdict::Known)
    }

    /// Marks of another kind mean something else: where a rule was changed, counting begins again. Its alerts remain.
    pub(super) fn become_kind(&mut self, kind: Kind) {
        if self.kind != kind.code() {
            self.kind = kind.code();
            (self.marks, self.dropped) = (Marks::default(), Dropped::default());
            self.forget_due();
        }
    }

    /// Leaves the marks of an event, and returns the identities of those that are new.
    fn mark(&mut self, plan: &Plan, arrival: &Arrival, by: Delivery) -> Vec<u64> {
        let steps = if let Kind::Sequence { .. } = plan.kind { arrival.steps } else { 0 };
        let mark = |id| Mark { time: arrival.time, id, steps, reported: false };
        let ids = match plan.kind {
            Kind::Values => arrival.values.iter().map(|value| short(*value)).collect(),
            Kind::Sequence { .. } if steps == 0 => Vec::new(),
            Kind::Events | Kind::Sequence { .. } => vec![short(arrival.event)],
        };
        let is_counted = |item: &Self, id| plan.kind != Kind::Values && item.marks.has_id(id);
        // What an earlier attempt brought and no longer has a mark would be counted twice.
        let is_retry = self.deliveries.iter().any(|(owner, began)| *owner == by.owner && *began != by.began);
        let is_dropped = plan.kind == Kind::Values || self.dropped.within(arrival.time, arrival.time).is_some();
        let is_repeated = is_retry && is_dropped;
        let new = ids.into_iter().map(mark).filter(|mark| {
            let is_known = is_counted(self, mark.id) || (is_repeated && self.is_surplus(mark, plan));
            !is_known && self.marks.insert(*mark)
        });
        let new: Vec<u64> = new.map(|mark| mark.id).collect();
        if !new.is_empty() && !self.deliveries.iter().any(|(owner, _)| *owner == by.owner) {
            self.deliveries.push((by.owner, by.began));
            self.deliveries.drain(..self.deliveries.len().saturating_sub(MAX_DELIVERIES));
        }
        new
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
            first: dropped.map_or(first, |dropped| first.min(dropped.first)),
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
        self.raised(anchor);
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

    /// A success raises again what the hourly limit holds back and what covers it: that may be about a failure, or about another
    /// caller, who has no more room. Until the limit lets it pass, it remains held back.
    fn ask_again(&mut self, plan: &Plan, arrival: &Arrival, by: Delivery) -> Option<Verdict> {
        let reach = plan.length().unsigned_abs();
        let covers = |alert: &&mut PendingAlert| alert.held && alert.anchor.abs_diff(arrival.time) <= reach;
        let alert = self.pending.iter_mut().find(covers).filter(|_| arrival.succeeds)?;
        (alert.owner, alert.event) = (by.owner, short(arrival.event));
        Some(Verdict::Alert(alert.clone()))
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
    use std::collections::BTreeSet;

    use proptest::{collection::vec, prelude::*, sample::Index};

    use super::*;

    const HOUR: i64 = 3600;

    fn event(id: i64, time: i64) -> Arrival {
        Arrival { time, event: id.cast_unsigned() << 17, ..Arrival::default() }
    }

    fn by(owner: u64, now: i64) -> Delivery {
        Delivery { owner, began: now, now }
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

    #[test]
    fn a_known_event_does_nothing_whatever_its_time() {
        for kind in [Kind::Events, Kind::Sequence { steps: 2 }] {
            let plan = Plan { window: HOUR, threshold: 2, kind };
            let mut item = SeriesItem::default();
            let step = |steps, time| Arrival { steps, ..event(1, time) };
            assert_eq!(item.arrive(&plan, &step(1, 0), by(1, 0)), Verdict::Counted { count: 1 });
            assert_eq!(item.arrive(&plan, &step(2, 60), by(2, 0)), Verdict::Known);
        }
    }

    #[test]
    fn an_event_without_a_step_leaves_no_mark() {
        let plan = Plan { window: HOUR, threshold: 1, kind: Kind::Sequence { steps: 2 } };
        let mut item = SeriesItem::default();
        assert_eq!(item.arrive(&plan, &event(1, 0), by(1, 0)), Verdict::Known);
        assert_eq!(item.marks, Marks::default());
    }

    /// Where a rule is changed, only spans that hold the arriving event count, and marks of another kind are forgotten.
    #[test]
    fn a_changed_rule_alerts_about_new_events_only() {
        let plan = Plan { window: HOUR, threshold: 3, kind: Kind::Events };
        let mut item = SeriesItem::default();
        for id in [1, 2] {
            item.arrive(&plan, &event(id, id), by(1, 0));
        }
        let lower = Plan { threshold: 2, ..plan };
        let late = event(3, 2 * HOUR);
        assert_eq!(item.clone().arrive(&lower, &late, by(1, 0)), Verdict::Counted { count: 1 });
        let Verdict::Alert(alert) = item.clone().arrive(&lower, &event(3, 3), by(1, 0)) else { panic!() };
        assert_eq!((alert.anchor, alert.count), (3, 3));
        let values = Plan { kind: Kind::Values, ..lower };
        let one = Arrival { values: vec![1 << 17], ..event(3, 3) };
        assert_eq!(item.arrive(&values, &one, by(1, 0)), Verdict::Counted { count: 1 });
    }

    /// An event of the reference.
    #[derive(Clone, Debug)]
    struct Event {
        id: u64,
        time: i128,
        value: u64,
        steps: u8,
        reported: bool,
    }

    /// The rules of "Counting" word by word: it keeps all events, and looks at all spans.
    #[derive(Debug, Default)]
    struct Reference {
        events: Vec<Event>,
        anchors: Vec<i128>,
    }

    /// Anchor, count, first, last, since, and the times of the steps.
    type Raised = (i128, usize, i128, i128, Option<usize>, Vec<i128>);

    impl Reference {
        fn arrive(&mut self, plan: Plan, event: &Event) -> Option<Raised> {
            let is_value = plan.kind == Kind::Values;
            let is_known = |known: &Event| {
                if is_value { (known.value, known.time) == (event.value, event.time) } else { known.id == event.id }
            };
            if self.events.iter().any(is_known) {
                return None;
            }
            self.events.push(event.clone());
            let window = i128::from(plan.window);
            let identities = |events: &[&Event]| -> usize {
                events.iter().map(|event| if is_value { event.value } else { event.id }).collect::<BTreeSet<_>>().len()
            };
            let covered = |anchors: &[i128], time: i128| anchors.iter().any(|anchor| (time - anchor).abs() <= window);
            let span = |last: i128| -> Vec<&Event> {
                self.events.iter().filter(|event| (last - window..=last).contains(&event.time)).collect()
            };
            let chain = |last: i128| match plan.kind {
                Kind::Sequence { steps } => latest_chain(&span(last), &[], steps, last),
                _ => (identities(&span(last)) >= plan.threshold as usize).then(Vec::new),
            };
            let lasts: BTreeSet<i128> = self.events.iter().map(|event| event.time).collect();
            let mut lasts = lasts.into_iter().filter(|last| (last - window..=*last).contains(&event.time));
            let (anchor, steps) = lasts.find_map(|last| {
                (!covered(&self.anchors, last)).then(|| chain(last)).flatten().map(|steps| (last, steps))
            })?;
            let untold = |event: &&Event| !event.reported && covered(&self.anchors, event.time);
            let others = &self.events[..self.events.len() - 1];
            let since = identities(&others.iter().filter(untold).collect::<Vec<_>>());
            let counted = span(anchor);
            let (first, last) =
                (counted.iter().map(|event| event.time).min()?, counted.iter().map(|event| event.time).max()?);
            let raised =
                (anchor, identities(&counted), first, last, (!self.anchors.is_empty()).then_some(since), steps);
            for event in &mut self.events {
                event.reported |=
                    covered(&self.anchors, event.time) || (anchor - window..=anchor).contains(&event.time);
            }
            self.anchors.push(anchor);
            Some(raised)
        }

        fn more(&self, plan: Plan) -> usize {
            let covered = |event: &Event| self.anchors.iter().any(|at| (event.time - at).abs() <= plan.window.into());
            let untold = self.events.iter().filter(|event| !event.reported && covered(event));
            untold
                .map(|event| if plan.kind == Kind::Values { event.value } else { event.id })
                .collect::<BTreeSet<_>>()
                .len()
        }
    }

    /// The times of the latest chain of the first `steps` steps, compared from its end, whose last event is not after `end`;
    /// `used` is taken by later steps, of which the last one is at `end` itself.
    fn latest_chain(span: &[&Event], used: &[u64], steps: u8, end: i128) -> Option<Vec<i128>> {
        if steps == 0 {
            return Some(Vec::new());
        }
        let fits = |event: &&&Event| {
            let is_last = used.is_empty();
            event.steps & (1 << (steps - 1)) != 0
                && !used.contains(&event.id)
                && if is_last { event.time == end } else { event.time <= end }
        };
        let chains = span.iter().filter(fits).filter_map(|event| {
            let used: Vec<u64> = used.iter().copied().chain([event.id]).collect();
            let mut chain = latest_chain(span, &used, steps - 1, event.time)?;
            chain.push(event.time);
            Some(chain)
        });
        chains.max_by_key(|chain| chain.iter().rev().copied().collect::<Vec<_>>())
    }

    fn plans() -> impl Strategy<Value = Plan> {
        let kinds =
            prop_oneof![Just(Kind::Events), Just(Kind::Values), (2_u8..=4).prop_map(|steps| Kind::Sequence { steps }),];
        (0..12_i64, 1..6_u32, kinds).prop_map(|(window, threshold, kind)| Plan { window, threshold, kind })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

        /// Whatever arrives in whatever order and how often, the item decides what the definition says, stored and read
        /// between two arrivals; and a known event does not change it.
        #[test]
        fn an_item_decides_as_the_definition_says(
            plan in plans(),
            begin in prop_oneof![Just(1_770_000_000), Just(i64::MIN), Just(i64::MAX - 60), Just(-30)],
            pool in vec((0..60_i64, 0..5_u64, 1..16_u8), 1..24),
            order in vec(any::<Index>(), 1..60),
        ) {
            let mut item = SeriesItem::default();
            let mut reference = Reference::default();
            for (at, index) in order.into_iter().enumerate() {
                let id = index.index(pool.len());
                let (time, value, steps) = pool[id];
                let (time, id) = (begin + time, id as u64 + 1);
                let event = Event { id, time: time.into(), value, steps, reported: false };
                let is_known = reference.events.iter().any(|known| known.id == id);
                let arrival = Arrival { time, event: id << 17, values: vec![value << 17], steps, ..Arrival::default() };
                let before = item.clone();
                let verdict = item.arrive(&plan, &arrival, by(at as u64, 0));
                let raised = match &verdict {
                    Verdict::Alert(alert) => {
                        item.sent(alert.anchor, 1, 1);
                        let steps = alert.steps.iter().map(|step| step.time.into()).collect();
                        prop_assert!(!alert.about && !item.is_pending(alert.anchor));
                        let since = alert.since.map(|since| since as usize);
                        Some((alert.anchor.into(), alert.count as usize, alert.first.into(), alert.last.into(), since, steps))
                    }
                    _ => None,
                };
                prop_assert_eq!(raised, reference.arrive(plan, &event));
                if is_known {
                    prop_assert_eq!(&item, &before);
                    prop_assert_eq!(verdict, Verdict::Known);
                }
                prop_assert_eq!(item.untold(&plan) as usize, reference.more(plan));
                prop_assert_eq!(&SeriesItem::decode(&item.encode()).unwrap(), &item);
            }
        }
    }
}
