//! Alerts that are decided and not sent: claims of the deliveries that are to send them.

use super::mark::short;

/// How many bytes the claims of an item may take: more than a hundred of them, of sequences about fifty.
pub const MAX_CLAIM_BYTES: usize = 4_000;
/// How long a claim holds, in seconds: no invocation runs for longer
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
pub const CLAIM_SECONDS: i64 = 15 * 60;

/// An alert that is decided and not sent to all of its channels. It holds what the alert reports, so that a retry reports the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingAlert {
    /// The last time of its span, in seconds since 1970. It is different for each alert of a series.
    pub anchor: i64,
    /// How many identities the window up to the anchor held when the alert was decided.
    pub count: u32,
    /// The time of the first of them.
    pub first: i64,
    /// The time of the last of them.
    pub last: i64,
    /// How many events, or values, came into silences since an alert reported; `None` for the first alert of the series.
    pub since: Option<u32>,
    /// Whether `count` or `since` is an estimate.
    pub about: bool,
    /// The events of a sequence's steps, in their order.
    pub steps: Vec<StepEvent>,
    /// The channels that took it, a bit for each.
    pub channels: u8,
    /// Whether the hourly limit holds it back until `free`.
    pub held: bool,
    /// From when on another delivery may take it over, in seconds since 1970.
    pub free: i64,
    /// The delivery that is to send it.
    pub owner: u64,
    /// The event of that delivery that raised it or took it over: the upper bits of its hash.
    pub event: u64,
}

/// The event of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepEvent {
    /// When it happened, in seconds since 1970.
    pub time: i64,
    /// The upper bits of the hash of its identity; see [`SeriesItem::event_name`](super::SeriesItem::event_name).
    pub event: u64,
}

impl PendingAlert {
    /// Whether this is the alert that `event` raised or took over.
    pub fn is_of(&self, event: u64) -> bool {
        self.event == short(event)
    }

    /// Makes it the claim of a delivery.
    pub(super) fn claim(&mut self, owner: u64, event: u64, now: i64) {
        (self.owner, self.event, self.held) = (owner, short(event), false);
        self.free = now.saturating_add(CLAIM_SECONDS);
    }

    /// Renews the claim of a delivery; one that no other delivery would take over soon is not written again.
    pub(super) fn renew(&mut self, now: i64) {
        if !self.held && self.free.saturating_sub(now) < CLAIM_SECONDS / 2 {
            self.free = now.saturating_add(CLAIM_SECONDS);
        }
    }
}

/// How many bytes claims usually take.
pub fn claim_bytes(pending: &[PendingAlert]) -> usize {
    pending.iter().map(|alert| 36 + alert.steps.len() * 9).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::series::{Arrival, Delivery, Kind, Plan, SeriesItem, Verdict};

    const PLAN: Plan = Plan { window: 600, threshold: 2, kind: Kind::Events };
    const MINUTE: i64 = 60;

    fn event(id: i64, time: i64) -> Arrival {
        Arrival { time, event: id.cast_unsigned() << 17, ..Arrival::default() }
    }

    fn by(owner: u64, now: i64) -> Delivery {
        Delivery { owner, began: now, now }
    }

    fn alert(verdict: Verdict) -> PendingAlert {
        let Verdict::Alert(alert) = verdict else { panic!("{verdict:?}") };
        alert
    }

    /// Events 1 at 100 and 2 at 200, which raise an alert at 200 for delivery 7.
    fn claimed() -> (SeriesItem, PendingAlert) {
        let mut item = SeriesItem::default();
        assert_eq!(item.arrive(&PLAN, &event(1, 100), by(7, 0)), Verdict::Counted { count: 1 });
        let alert = alert(item.arrive(&PLAN, &event(2, 200), by(7, 0)));
        (item, alert)
    }

    #[test]
    fn the_retry_of_a_delivery_sends_what_it_had_claimed() {
        let (mut item, first) = claimed();
        assert_eq!(item.arrive(&PLAN, &event(3, 150), by(7, 0)), Verdict::Silenced);
        let before = item.clone();
        assert_eq!(item.arrive(&PLAN, &event(1, 100), by(7, MINUTE)), Verdict::Known);
        assert_eq!(alert(item.arrive(&PLAN, &event(2, 200), by(7, MINUTE))), first);
        assert_eq!(item.resume(by(7, MINUTE)), std::slice::from_ref(&first));
        assert_eq!(item, before, "a fresh claim is not written again");
        assert!(item.resume(by(8, MINUTE)).is_empty());

        let renewed = alert(item.arrive(&PLAN, &event(2, 200), by(7, 10 * MINUTE)));
        assert_eq!(renewed, PendingAlert { free: 25 * MINUTE, ..first.clone() });
        assert_eq!(alert(item.arrive(&PLAN, &event(2, 200), by(7, 100 * MINUTE))).count, 2);

        item.sent(200, 0b01, 0b11);
        assert_eq!(alert(item.arrive(&PLAN, &event(2, 200), by(7, 100 * MINUTE))).channels, 0b01);
        item.sent(200, 0b10, 0b11);
        let sent = item.clone();
        for owner in [7, 8] {
            assert_eq!(item.arrive(&PLAN, &event(2, 200), by(owner, 100 * MINUTE)), Verdict::Known);
        }
        item.sent(200, 0b11, 0b11);
        item.hold(200, 5);
        assert_eq!(item, sent);
        assert!(item.resume(by(7, 100 * MINUTE)).is_empty() && item.pending().is_empty());
    }

    #[test]
    fn other_deliveries_wait_a_quarter_of_an_hour_and_take_over() {
        let (item, first) = claimed();
        let covered = [event(1, 100), event(2, 200), event(4, 200 + 600), event(5, 200 - 600)];
        for arrival in &covered {
            assert_eq!(item.clone().arrive(&PLAN, arrival, by(8, 15 * MINUTE - 1)), Verdict::ClaimedElsewhere);
        }
        for outside in [event(6, 801), event(7, -401)] {
            let verdict = item.clone().arrive(&PLAN, &outside, by(8, 15 * MINUTE));
            assert_eq!(verdict, Verdict::Counted { count: 1 });
        }
        for arrival in &covered {
            let mut item = item.clone();
            let taken = alert(item.arrive(&PLAN, arrival, by(8, 15 * MINUTE)));
            assert_eq!((taken.owner, taken.event, taken.free), (8, arrival.event >> 17, 30 * MINUTE));
            assert_eq!(PendingAlert { owner: 7, event: first.event, free: first.free, ..taken.clone() }, first);
            // The first owner comes back: the claim is no longer its own, and it waits.
            assert_eq!(item.arrive(&PLAN, &event(2, 200), by(7, 16 * MINUTE)), Verdict::ClaimedElsewhere);
            assert_eq!(alert(item.arrive(&PLAN, arrival, by(8, 16 * MINUTE))), taken);
            // If it was only slow, its mark ends the claim.
            item.sent(200, 1, 1);
            assert_eq!(item.arrive(&PLAN, arrival, by(8, 16 * MINUTE)), Verdict::Known);
        }
    }

    /// An event at most a window from two anchors, whose deliveries both ended.
    #[test]
    fn one_event_takes_over_all_that_cover_it() {
        let plan = Plan { threshold: 1, ..PLAN };
        let mut item = SeriesItem::default();
        for (id, time) in [(1, 0), (2, 601)] {
            alert(item.arrive(&plan, &event(id, time), by(id.cast_unsigned(), 0)));
        }
        assert_eq!(alert(item.arrive(&plan, &event(3, 300), by(9, 15 * MINUTE))).anchor, 0);
        let anchors: Vec<i64> = item.resume(by(9, 15 * MINUTE)).iter().map(|alert| alert.anchor).collect();
        assert_eq!(anchors, [0, 601]);

        // The event raises an alert of its own, and still takes over the one that covers it.
        let mut item = SeriesItem::default();
        assert_eq!(item.arrive(&PLAN, &event(1, -50), by(1, 0)), Verdict::Counted { count: 1 });
        alert(item.arrive(&PLAN, &event(2, 0), by(1, 0)));
        assert_eq!(item.arrive(&PLAN, &event(3, 700), by(2, 0)), Verdict::Counted { count: 1 });
        assert_eq!(alert(item.arrive(&PLAN, &event(4, 550), by(3, 15 * MINUTE))).anchor, 700);
        let anchors: Vec<i64> = item.resume(by(3, 15 * MINUTE)).iter().map(|alert| alert.anchor).collect();
        assert_eq!(anchors, [0, 700]);
    }

    #[test]
    fn what_the_hourly_limit_holds_waits_for_the_hour_and_not_for_its_owner() {
        let (mut item, first) = claimed();
        item.hold(200, 3_600);
        let held = PendingAlert { held: true, free: 3_600, ..first.clone() };
        let before = item.clone();
        assert_eq!(alert(item.arrive(&PLAN, &event(2, 200), by(7, 1_800))), held);
        assert_eq!(item.resume(by(7, 1_800)), [held]);
        item.hold(200, 3_600);
        assert_eq!(item.arrive(&PLAN, &event(1, 100), by(8, 3_599)), Verdict::Known);
        assert_eq!(item, before);
        assert_eq!(item.arrive(&PLAN, &event(3, 300), by(8, 3_599)), Verdict::Silenced);
        for owner in [7, 8] {
            let taken = alert(item.clone().arrive(&PLAN, &event(1, 100), by(owner, 3_600)));
            assert_eq!((taken.owner, taken.held, taken.free, taken.count), (owner, false, 3_600 + 15 * MINUTE, 2));
        }
    }

    /// What is held back may be about a failure, or about a caller without room.
    #[test]
    fn a_success_raises_again_what_the_hourly_limit_holds() {
        let (mut item, first) = claimed();
        let succeeds = |id: i64, time: i64| Arrival { succeeds: true, ..event(id, time) };
        assert_eq!(
            item.clone().arrive(&PLAN, &succeeds(3, 300), by(7, 60)),
            Verdict::Silenced,
            "it is about to be sent"
        );
        item.hold(200, 3_600);
        for (owner, time) in [(7, 300), (8, 800), (8, -400)] {
            let mut item = item.clone();
            let again = alert(item.arrive(&PLAN, &succeeds(3, time), by(owner, 60)));
            let expected = PendingAlert { held: true, free: 3_600, owner, event: 3, ..first.clone() };
            assert_eq!(again, expected);
            // It is held back again: nothing changes at the retry, and a failure is silent.
            let before = item.clone();
            assert_eq!(alert(item.arrive(&PLAN, &succeeds(3, time), by(owner, 60))), expected);
            assert_eq!(item, before);
            assert_eq!(item.arrive(&PLAN, &event(4, 300), by(owner, 60)), Verdict::Silenced);
            // It passes: from now on it is a claim like any other.
            item.release(200, 60);
            let released = PendingAlert { held: false, free: 60 + 15 * MINUTE, ..expected };
            assert_eq!(alert(item.arrive(&PLAN, &succeeds(3, time), by(owner, 60))), released);
            assert_eq!(item.arrive(&PLAN, &succeeds(5, 300), by(owner, 60)), Verdict::Silenced);
            assert_eq!(item.arrive(&PLAN, &succeeds(6, 300), by(9, 60)), Verdict::ClaimedElsewhere);
        }
        assert_eq!(item.clone().arrive(&PLAN, &succeeds(3, 801), by(8, 60)), Verdict::Counted { count: 1 });
        // So does a success that the series does not count, and one that is counted already.
        assert_eq!(alert(item.clone().take_over(&PLAN, &succeeds(3, 300), by(8, 60))).owner, 8);
        assert_eq!(alert(item.clone().arrive(&PLAN, &succeeds(1, 100), by(8, 60))).owner, 8);
    }

    #[test]
    fn of_too_many_claims_the_oldest_that_is_held_goes_and_is_counted() {
        let plan = Plan { threshold: 1, window: 60, kind: Kind::Events };
        let mut item = SeriesItem::default();
        let raise = |item: &mut SeriesItem, id: i64| alert(item.arrive(&plan, &event(id, id * 100), by(7, 0))).anchor;
        let mut id = 0;
        while {
            id += 1;
            let anchor = raise(&mut item, id);
            item.is_pending(anchor)
        } {}
        assert!(id > 40, "{id}");
        item.hold(300, 3_600);
        item.hold(500, 3_600);
        assert_eq!(item.untold(&plan), 0);
        let anchor = raise(&mut item, id + 1);
        assert!(item.is_pending(anchor) && !item.is_pending(300) && item.is_pending(500));
        assert_eq!(item.untold(&plan), 1);
    }
}
