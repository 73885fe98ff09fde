//! The item of a series, and what is read from it and marked in it between arrivals.

use super::{
    anchor::Anchors,
    arrival::Delivery,
    dropped::Dropped,
    last::LastAlert,
    mark::{Mark, Marks},
    pending::{CLAIM_SECONDS, PendingAlert},
    plan::{Kind, Plan},
    sample::{Listed, Samples},
    span::count,
};

/// How many deliveries are kept.
pub const MAX_DELIVERIES: usize = 32;
/// How long an item is stored, in seconds.
const KEPT: i64 = 35 * 24 * 3600;

/// All that is remembered of one series.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeriesItem {
    pub(super) kind: u8,
    pub(super) marks: Marks,
    pub(super) anchors: Anchors,
    /// By anchor.
    pub(super) pending: Vec<PendingAlert>,
    pub(super) dropped: Dropped,
    pub(super) samples: Samples,
    /// The deliveries that brought the newest marks, and when each was first attempted; the last one is the newest.
    pub(super) deliveries: Vec<(u64, i64)>,
    pub(super) last: Option<Box<LastAlert>>,
}

impl SeriesItem {
    /// The claims of a delivery, also those that the hourly limit holds back: what an earlier attempt did not send. Claims that
    /// are about to expire are renewed.
    pub fn resume(&mut self, by: Delivery) -> Vec<PendingAlert> {
        let own = self.pending.iter_mut().filter(|alert| alert.owner == by.owner);
        own.map(|alert| {
            alert.renew(by.now);
            alert.clone()
        })
        .collect()
    }

    /// Marks that channels took the alert with this anchor, a bit for each. Once all of `due` did, it is no longer pending.
    pub fn sent(&mut self, anchor: i64, took: u8, due: u8) {
        if let Some(alert) = self.pending.iter_mut().find(|alert| alert.anchor == anchor) {
            alert.channels |= took;
        }
        self.pending.retain(|alert| alert.anchor != anchor || alert.channels & due != due);
    }

    /// Marks that the hourly limit holds the alert with this anchor back; from `until` on, in seconds since 1970, any event
    /// that it covers takes it over.
    pub fn hold(&mut self, anchor: i64, until: i64) {
        if let Some(alert) = self.pending.iter_mut().find(|alert| alert.anchor == anchor) {
            (alert.held, alert.free) = (true, until);
        }
    }

    /// Notes that the hourly limit lets the alert with this anchor pass: its delivery is about to send it.
    pub fn release(&mut self, anchor: i64, now: i64) {
        if let Some(alert) = self.pending.iter_mut().find(|alert| alert.anchor == anchor && alert.held) {
            (alert.held, alert.free) = (false, now.saturating_add(CLAIM_SECONDS));
        }
    }

    /// The alerts that are decided and not sent, by anchor.
    pub fn pending(&self) -> &[PendingAlert] {
        &self.pending
    }

    /// Whether the alert with this anchor is pending. One that is not can be lost if its delivery fails before it is sent.
    pub fn is_pending(&self, anchor: i64) -> bool {
        self.pending.iter().any(|alert| alert.anchor == anchor)
    }

    /// How many events, or values, came into silences since an alert reported.
    pub fn untold(&self, plan: &Plan) -> u32 {
        self.untold_where(plan, |_| true)
    }

    pub(super) fn untold_where(&self, plan: &Plan, counts: impl Fn(&Mark) -> bool) -> u32 {
        let is_untold = |mark: &&Mark| counts(mark) && self.is_untold(mark, plan);
        number(count(self.marks.all().iter().filter(is_untold), plan.kind)).saturating_add(self.dropped.untold)
    }

    /// Until when it must be stored, in seconds since 1970: 35 days and a window after its newest event, or after `now`.
    pub fn expires(&self, plan: &Plan, now: i64) -> i64 {
        let newest = self.marks.all().last().map_or(now, |mark| mark.time);
        newest.max(now).saturating_add(plan.length()).saturating_add(KEPT)
    }

    /// The ids of the events in the window up to an anchor.
    pub fn events(&self, plan: &Plan, anchor: i64) -> Listed<'_> {
        let from = anchor.saturating_sub(plan.length());
        let values = self.samples.names(from, anchor);
        let is_event = plan.kind != Kind::Values;
        let known = if is_event { self.marks.range(from, anchor).len() } else { values.len() };
        let more = known.saturating_sub(values.len());
        let incomplete = self.dropped.within(from, anchor).is_some() || !is_event;
        Listed { values, more, incomplete }
    }

    /// The different values of a field in the window up to an anchor.
    pub fn listed(&self, field: u8, plan: &Plan, anchor: i64) -> Listed<'_> {
        self.samples.listed(field, anchor.saturating_sub(plan.length()), anchor)
    }

    /// The id of an event of [`PendingAlert::steps`], unless the item could not hold it.
    pub fn event_name(&self, event: u64) -> Option<&str> {
        self.samples.name(event)
    }
}

/// A count as it is stored.
pub fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::series::Arrival;

    const DAY: i64 = 24 * 3600;

    #[test]
    fn an_item_is_kept_35_days_and_a_window_after_its_newest_event_or_the_clock() {
        let plan = Plan { window: 7 * DAY, threshold: 1, kind: Kind::Events };
        let mut item = SeriesItem::default();
        assert_eq!(item.expires(&plan, 100), 42 * DAY + 100);
        item.arrive(&plan, &Arrival { time: 3 * DAY, ..Arrival::default() }, Delivery { owner: 1, began: 0, now: 0 });
        assert_eq!(item.expires(&plan, 2 * DAY), 45 * DAY);
        assert_eq!(item.expires(&plan, 4 * DAY), 46 * DAY);
        assert_eq!(item.expires(&plan, i64::MAX), i64::MAX);
    }
}
