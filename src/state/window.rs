//! The windows of an event.
//!
//! A window is a span of event time. Where the windows of a series begin depends on its rule and its values alone, so
//! that neither the order of arrival nor a repeated delivery changes them, and not all series begin a window at once.

use jiff::{SignedDuration, Timestamp};

use super::key::Series;

/// How long a window is stored after its end.
const KEPT: SignedDuration = SignedDuration::from_hours(35 * 24);

/// A span of event time, in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventWindow {
    /// The first second in it.
    pub start: i64,
    /// The first second after it.
    pub end: i64,
    /// A hash of the series and the window: the id of its alert.
    pub id: String,
    /// The key under which it is stored.
    pub key: String,
}

impl EventWindow {
    /// When the table may delete it: long after the end of the overlapping windows and, where old files are read, after
    /// `now`.
    pub fn expires(&self, now: Timestamp) -> Timestamp {
        let overlapping = self.end.saturating_add(self.end.saturating_sub(self.start) / 2);
        let end = Timestamp::from_second(overlapping).unwrap_or(now);
        expires(end, now)
    }
}

/// When the table may delete an item that matters until `end`.
pub fn expires(end: Timestamp, now: Timestamp) -> Timestamp {
    end.max(now).saturating_add(KEPT).unwrap_or(Timestamp::MAX)
}

/// The window of this length that contains an event; with a threshold above 1 also one that begins half a window apart,
/// so that the end of a window divides no burst. `time` is in seconds since 1970.
pub fn windows(series: &Series, length: SignedDuration, threshold: u32, time: i64) -> Vec<EventWindow> {
    let length = length.as_secs().max(1);
    let grids = if threshold > 1 { 2 } else { 1 };
    let window = |grid: i64| {
        let phase = series.phase(length) + grid * (length / 2);
        let bucket = time.saturating_sub(phase).div_euclid(length);
        let start = bucket.saturating_mul(length).saturating_add(phase);
        let id = series.id("window", &[length, grid, bucket]);
        let key = series.key("window", &id);
        EventWindow { start, end: start.saturating_add(length), id, key }
    };
    (0..grids).map(window).collect()
}
