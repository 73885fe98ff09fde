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
