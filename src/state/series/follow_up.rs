//! What came after the last alert of a series and no alert has reported: it is due to be reported once, in a follow-up.
//!
//! The last alert is the one that was raised last, whatever its anchor. So an alert has one follow-up at most, and the next alert
//! of the series, which reports those events itself, cancels it.

use std::collections::BTreeSet;

use super::{
    codec::text_room,
    headline::{Headline, MAX_ID},
    item::SeriesItem,
    last::{LastAlert, Stage},
    mark::Mark,
    name::cut,
    plan::{Kind, Plan},
    sample::{FIELDS, Listed},
};

/// When a follow-up is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The anchor of its alert, in seconds since 1970.
    pub anchor: i64,
    /// The end of the last silence of the series.
    pub silent_until: i64,
}

/// What a follow-up reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold<'a> {
    /// The id of the last alert, or of the one that covers it.
    pub alert_id: &'a str,
    /// Whether another alert covers it.
    pub is_covered: bool,
    /// What is kept of that alert.
    pub headline: &'a Headline,
    /// How many events, or values, no alert has reported.
    pub more: u32,
    /// Whether that is an estimate.
    pub about: bool,
    /// When the first of them happened, in seconds since 1970.
    pub first: i64,
    /// When the last of them happened.
    pub last: i64,
    /// The ids of the newest of them.
    pub events: Listed<'a>,
    /// The different values of each field.
    pub fields: [Listed<'a>; FIELDS],
    /// For [`SeriesItem::followed_up`].
    pub reported: Reported,
}

/// Exactly what a follow-up reports: what comes while it is sent stays unreported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// Times and identities, in ascending order.
    marks: Vec<(i64, u64)>,
    dropped: u32,
}

impl SeriesItem {
    /// The anchor of the last alert.
    pub fn last_anchor(&self) -> Option<i64> {
        self.last.as_ref().map(|last| last.anchor)
    }

    /// Keeps what a later message says of the last alert, if that is the one with this anchor.
    pub fn set_headline(&mut self, anchor: i64, headline: &Headline) {
        let room = text_room(self);
        if let Some(last) = self.last.as_mut().filter(|last| last.anchor == anchor) {
            last.headline = headline.within(room);
        }
    }

    /// Notes by which alert the last one is covered, if that is the one with this anchor; `None` if it goes out by itself.
    pub fn set_covered(&mut self, anchor: i64, by: Option<&str>) {
        let last = self.last.as_mut().filter(|last| last.anchor == anchor);
        if let Some(last) = last.filter(|last| matches!(last.follow_up, Stage::None | Stage::Covered { .. })) {
            last.follow_up = by.map_or(Stage::None, |by| Stage::Covered { by: cut(by, MAX_ID).to_owned() });
        }
    }

    /// Whether the last alert is covered by another, and nothing is due to follow it.
    pub fn last_is_covered(&self) -> bool {
        self.last.as_ref().is_some_and(|last| matches!(last.follow_up, Stage::Covered { .. }))
    }

    /// Notes that an alert is raised. It reports what was due to be reported.
    pub(super) fn raised(&mut self, anchor: i64) {
        let headline = self.last.take().map(|last| last.headline).unwrap_or_default();
        self.last = Some(Box::new(LastAlert { anchor, headline, follow_up: Stage::None }));
    }

    /// Where a rule was changed and its events are forgotten, nothing is due any more.
    pub(super) fn forget_due(&mut self) {
        if let Some(last) = &mut self.last
            && let Stage::Due { .. } = last.follow_up
        {
            last.follow_up = Stage::None;
        }
    }

    /// Makes the follow-up of the last alert due, if it is needed: there are events that no alert has reported, and this is the
    /// first time. `alert_id` gives the id of an alert, by its anchor. An alert that the hourly limit holds back has none; what
    /// comes after it waits for it, or for the next alert.
    pub fn make_follow_up_due(&mut self, plan: &Plan, alert_id: impl FnOnce(i64) -> String) -> Option<Due> {
        let last = self.last.as_ref()?;
        let (anchor, covered_by) = match &last.follow_up {
            Stage::None => (last.anchor, None),
            Stage::Covered { by } => (last.anchor, Some(by.clone())),
            Stage::Due { .. } | Stage::Sent => return None,
        };
        let is_held = self.pending.iter().any(|alert| alert.anchor == anchor && alert.held);
        if is_held || self.kind != plan.kind.code() || self.untold(plan) == 0 {
            return None;
        }
        if let Some(last) = &mut self.last {
            let is_covered = covered_by.is_some();
            let alert_id = covered_by.unwrap_or_else(|| cut(&alert_id(anchor), MAX_ID).to_owned());
            last.follow_up = Stage::Due { window: plan.length(), alert_id, is_covered };
        }
        let newest = self.anchors.times().last().map_or(anchor, |newest| anchor.max(*newest));
        Some(Due { anchor, silent_until: newest.saturating_add(plan.length()) })
    }

    /// What the follow-up of the alert with this anchor reports; `None` if none is due. Where the rule's window changed, what
    /// either window silences counts.
    pub fn follow_up(&self, plan: &Plan, anchor: i64) -> Option<Untold<'_>> {
        let last = self.last.as_ref().filter(|last| last.anchor == anchor)?;
        let Stage::Due { window, alert_id, is_covered } = &last.follow_up else { return None };
        let plan = &Plan { window: plan.window.max(*window), ..*plan };
        let more = self.untold(plan);
        if more == 0 || self.kind != plan.kind.code() {
            return None;
        }
        let marks = self.marks.all().iter().filter(|mark| self.is_untold(mark, plan));
        let marks: Vec<(i64, u64)> = marks.map(|mark| (mark.time, mark.id)).collect();
        let reported = Reported { marks, dropped: self.dropped.untold };
        let (about, (first, last_time)) = (reported.dropped > 0, self.times(&reported, anchor));
        let time = |time: i64| {
            if about {
                (first..=last_time).contains(&time)
            } else {
                reported.marks.binary_search_by_key(&time, |(time, _)| *time).is_ok()
            }
        };
        let events = self.samples.newest_names(|name| match plan.kind {
            Kind::Values => time(name.time),
            Kind::Events | Kind::Sequence { .. } => reported.marks.binary_search(&(name.time, name.event)).is_ok(),
        });
        let events = match plan.kind {
            Kind::Values => Listed { values: events, more: 0, incomplete: true },
            Kind::Events | Kind::Sequence { .. } => {
                let others = (more as usize).saturating_sub(events.len());
                Listed { values: events, more: others, incomplete: about }
            }
        };
        let fields = std::array::from_fn(|field| self.samples.occurred(field, (first, last_time), time));
        let headline = &last.headline;
        let is_covered = *is_covered;
        Some(Untold { alert_id, is_covered, headline, more, about, first, last: last_time, events, fields, reported })
    }

    /// Marks that the follow-up of the alert with this anchor is sent, if it is still due.
    pub fn followed_up(&mut self, anchor: i64, reported: &Reported) {
        let Some(last) = &mut self.last else { return };
        if last.anchor != anchor || !matches!(last.follow_up, Stage::Due { .. }) {
            return;
        }
        last.follow_up = Stage::Sent;
        let mut found = BTreeSet::new();
        for mark in self.marks.iter_mut() {
            if reported.marks.binary_search(&(mark.time, mark.id)).is_ok() {
                mark.reported = true;
                found.insert(mark.id);
            }
        }
        // What was dropped meanwhile counted as unreported then.
        let gone: BTreeSet<u64> = reported.marks.iter().map(|(_, id)| *id).filter(|id| !found.contains(id)).collect();
        let gone = u32::try_from(gone.len()).unwrap_or(u32::MAX);
        self.dropped.untold = self.dropped.untold.saturating_sub(reported.dropped.saturating_add(gone));
    }

    pub(super) fn is_untold(&self, mark: &Mark, plan: &Plan) -> bool {
        !mark.reported && self.anchors.cover(mark.time, plan.length())
    }

    /// The times of the first and the last that a follow-up reports, as far as they are known.
    fn times(&self, reported: &Reported, anchor: i64) -> (i64, i64) {
        let marks = reported.marks.first().zip(reported.marks.last()).map(|(first, last)| (first.0, last.0));
        // When the dropped ones happened is known about, and usually that is after the alert.
        let after = self.dropped.groups.iter().filter(|group| reported.dropped > 0 && group.to > anchor);
        let all = after.map(|group| (group.from.max(anchor), group.to)).chain(marks);
        let both = |one: (i64, i64), other: (i64, i64)| (one.0.min(other.0), one.1.max(other.1));
        all.reduce(both).unwrap_or((anchor, anchor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::series::{Arrival, Delivery, Sample, Verdict};

    const PLAN: Plan = Plan { window: 600, threshold: 1, kind: Kind::Events };

    fn event(id: i64, time: i64, who: &str) -> Arrival {
        let samples = vec![Sample { field: 0, text: who.to_owned() }];
        Arrival { time, event: id.cast_unsigned() << 17, name: format!("event {id}"), samples, ..Arrival::default() }
    }

    fn arrive(item: &mut SeriesItem, plan: Plan, arrivals: impl IntoIterator<Item = Arrival>) -> Vec<Verdict> {
        let by = Delivery { owner: 1, began: 0, now: 0 };
        arrivals.into_iter().map(|arrival| item.arrive(&plan, &arrival, by)).collect()
    }

    fn due(item: &mut SeriesItem, plan: Plan) -> Option<(i64, i64)> {
        let due = item.make_follow_up_due(&plan, |anchor| format!("alert {anchor}"))?;
        assert_eq!(item.make_follow_up_due(&plan, |_| panic!()), None, "it is due already");
        Some((due.anchor, due.silent_until))
    }

    fn tell(item: &mut SeriesItem, plan: Plan, anchor: i64) -> u32 {
        let Some(Untold { more, reported, .. }) = item.follow_up(&plan, anchor) else { return 0 };
        item.followed_up(anchor, &reported);
        more
    }

    #[test]
    fn what_came_after_an_alert_is_reported_once() {
        let mut item = SeriesItem::default();
        assert_eq!(due(&mut item, PLAN), None);
        arrive(&mut item, PLAN, [event(1, 1_000, "a")]);
        item.set_headline(1_000, &Headline { title: "first".to_owned(), ..Headline::default() });
        item.set_headline(999, &Headline::default());
        assert_eq!(due(&mut item, PLAN), None, "nothing came after it");
        arrive(&mut item, PLAN, [event(2, 1_200, "b"), event(3, 1_300, "a")]);
        assert_eq!(due(&mut item, PLAN), Some((1_000, 1_600)));
        arrive(&mut item, PLAN, [event(4, 1_500, "c")]);

        assert_eq!(item.follow_up(&PLAN, 999), None);
        let untold = item.follow_up(&PLAN, 1_000).unwrap();
        assert_eq!((untold.alert_id, untold.headline.title.as_str()), ("alert 1000", "first"));
        assert_eq!((untold.more, untold.about, untold.first, untold.last), (3, false, 1_200, 1_500));
        assert_eq!(untold.events, Listed { values: vec!["event 2", "event 3", "event 4"], more: 0, incomplete: false });
        // The run of `a` ends with an event that is reported now.
        assert_eq!(untold.fields[0], Listed { values: vec!["b", "a", "c"], more: 0, incomplete: false });
        let reported = untold.reported.clone();

        // Another one comes while it is sent.
        arrive(&mut item, PLAN, [event(5, 1_400, "d")]);
        item.followed_up(1_000, &reported);
        assert_eq!((item.untold(&PLAN), item.follow_up(&PLAN, 1_000)), (1, None));
        assert_eq!(due(&mut item, PLAN), None, "an alert has one follow-up");
        arrive(&mut item, PLAN, [event(6, 1_600, "d")]);
        let [Verdict::Alert(next)] = &arrive(&mut item, PLAN, [event(7, 1_601, "d")])[..] else { panic!() };
        assert_eq!((next.since, item.untold(&PLAN)), (Some(2), 0));
    }

    #[test]
    fn the_next_alert_reports_in_place_of_the_follow_up() {
        let mut item = SeriesItem::default();
        arrive(&mut item, PLAN, [event(1, 0, "a"), event(2, 10, "a")]);
        assert_eq!(due(&mut item, PLAN), Some((0, 600)));
        let reported = item.follow_up(&PLAN, 0).unwrap().reported;
        arrive(&mut item, PLAN, [event(3, 601, "a")]);
        assert_eq!(item.follow_up(&PLAN, 0), None);
        let before = item.clone();
        item.followed_up(0, &reported);
        assert_eq!(item, before);
        // A late alert is the last one too, and the last silence ends later.
        arrive(&mut item, PLAN, [event(4, -601, "a")]);
        assert_eq!(item.last_anchor(), Some(-601));
        arrive(&mut item, PLAN, [event(5, 700, "a")]);
        assert_eq!(due(&mut item, PLAN), Some((-601, 1_201)));
        assert_eq!(tell(&mut item, PLAN, -601), 1);
    }

    /// An event that raises an alert can put later ones into its silence.
    #[test]
    fn what_an_alert_silences_when_it_is_raised_is_due_at_once() {
        let plan = Plan { threshold: 2, ..PLAN };
        let mut item = SeriesItem::default();
        arrive(&mut item, plan, [event(1, 0, "a"), event(2, 700, "b"), event(3, 350, "c")]);
        assert_eq!(due(&mut item, plan), Some((350, 950)));
        let untold = item.follow_up(&plan, 350).unwrap();
        assert_eq!((untold.more, untold.first, untold.last), (1, 700, 700));
        assert_eq!(untold.fields[0].values, ["b"]);
    }

    #[test]
    fn an_alert_that_is_held_back_has_no_follow_up() {
        let mut item = SeriesItem::default();
        arrive(&mut item, PLAN, [event(1, 0, "a"), event(2, 10, "a")]);
        item.hold(0, 3_600);
        assert_eq!(due(&mut item, PLAN), None);
        // Once an event takes it over, it has.
        let by = Delivery { owner: 2, began: 3_600, now: 3_600 };
        assert!(matches!(item.arrive(&PLAN, &event(3, 20, "a"), by), Verdict::Alert(_)));
        assert_eq!(due(&mut item, PLAN), Some((0, 600)));
        assert_eq!(tell(&mut item, PLAN, 0), 2);
    }

    #[test]
    fn values_are_counted_once() {
        let plan = Plan { threshold: 2, kind: Kind::Values, ..PLAN };
        let value = |id: i64, time: i64, value: u64| Arrival { values: vec![value << 17], ..event(id, time, "a") };
        let mut item = SeriesItem::default();
        arrive(&mut item, plan, [value(1, 0, 1), value(2, 0, 2)]);
        arrive(&mut item, plan, [value(3, 10, 1), value(4, 20, 3), value(5, 30, 3)]);
        assert_eq!(due(&mut item, plan), Some((0, 600)));
        let untold = item.follow_up(&plan, 0).unwrap();
        assert_eq!((untold.more, untold.about), (2, false));
        let names = vec!["event 3", "event 4", "event 5"];
        assert_eq!(untold.events, Listed { values: names, more: 0, incomplete: true });
        assert_eq!(tell(&mut item, plan, 0), 2);
        assert_eq!(item.untold(&plan), 0);
    }

    /// 1,000 events of a day, and 100 more while the follow-up is sent.
    #[test]
    fn what_is_dropped_is_reported_once() {
        let plan = Plan { window: 86_400, ..PLAN };
        let mut item = SeriesItem::default();
        arrive(&mut item, plan, (0..=1_000).map(|id| event(id, 50 + id, "a")));
        assert_eq!(due(&mut item, plan), Some((50, 86_450)));
        let untold = item.follow_up(&plan, 50).unwrap();
        assert_eq!((untold.more, untold.about, untold.last), (1_000, true, 1_050));
        assert!((50..=51).contains(&untold.first), "{}", untold.first);
        let names: Vec<String> = (991..=1_000).map(|id| format!("event {id}")).collect();
        assert_eq!(
            untold.events,
            Listed { values: names.iter().map(String::as_str).collect(), more: 990, incomplete: true }
        );
        assert_eq!(untold.fields[0].values, ["a"]);
        let reported = untold.reported.clone();
        arrive(&mut item, plan, (1_001..=1_100).map(|id| event(id, 50 + id, "b")));
        item.followed_up(50, &reported);
        assert_eq!(item.untold(&plan), 100);
    }

    /// As many anchors as are kept, and then a late one before all of them, which is forgotten at once.
    #[test]
    fn an_alert_whose_anchor_is_forgotten_has_a_follow_up() {
        let plan = Plan { window: 60, ..PLAN };
        let mut item = SeriesItem::default();
        arrive(&mut item, plan, (0..400).map(|id| event(id, id * 100, "a")));
        arrive(&mut item, plan, [event(1_000, -500, "a")]);
        assert_eq!((item.last_anchor(), item.anchors.times()[0]), (Some(-500), 0));
        arrive(&mut item, plan, [event(1_001, -450, "a"), event(1_002, 10, "a")]);
        assert_eq!(due(&mut item, plan), Some((-500, 39_960)));
        assert_eq!(tell(&mut item, plan, -500), 2);
        assert_eq!(item.untold(&plan), 0);
    }

    /// A flood over many windows in a full item: nothing is lost, and nothing is reported twice.
    #[test]
    fn a_full_item_reports_each_event_once() {
        let plan = Plan { window: 600, threshold: 30, ..PLAN };
        let (mut item, mut reported) = (SeriesItem::default(), 0);
        for id in 0..20_000 {
            let long = Arrival { name: "n".repeat(120), ..event(id, id / 5, &id.to_string().repeat(20)) };
            for verdict in arrive(&mut item, plan, [long]) {
                let Verdict::Alert(alert) = verdict else { continue };
                item.sent(alert.anchor, 1, 1);
                // Its own event is not among those that came before it.
                reported += alert.since.map_or(30, |since| since + 1);
            }
            due(&mut item, plan);
            if id % 1_999 == 0 {
                reported += item.last_anchor().map_or(0, |anchor| tell(&mut item, plan, anchor));
                item = SeriesItem::decode(&item.encode()).unwrap();
            }
        }
        assert_eq!(i64::from(reported + item.untold(&plan)), 20_000);
    }

    /// The window of the rule may be another one when the follow-up is due.
    #[test]
    fn a_changed_rule_loses_no_event() {
        let mut item = SeriesItem::default();
        arrive(&mut item, PLAN, [event(1, 0, "a"), event(2, 500, "a")]);
        due(&mut item, PLAN);
        let shorter = Plan { window: 60, ..PLAN };
        assert_eq!(item.untold(&shorter), 0);
        assert_eq!(item.follow_up(&shorter, 0).unwrap().more, 1);
        assert_eq!(item.follow_up(&Plan { window: 6_000, threshold: 9, ..PLAN }, 0).unwrap().more, 1);

        // What another kind counts begins again.
        let values = Plan { kind: Kind::Values, ..PLAN };
        assert_eq!(item.follow_up(&values, 0), None);
        assert_eq!(item.make_follow_up_due(&values, |_| panic!()), None);
        let value = |id, time| Arrival { values: vec![1 << 17], ..event(id, time, "a") };
        arrive(&mut item, values, [value(3, 510)]);
        assert_eq!(due(&mut item, values), Some((0, 600)));
        assert_eq!(tell(&mut item, values, 0), 1);
        arrive(&mut item, PLAN, [event(3, 520, "a")]);
        assert_eq!(due(&mut item, PLAN), None, "the alert had its follow-up");
    }
}
