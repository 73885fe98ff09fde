//! In which windows an event lies.
//!
//! A window is a bucket of event time. Where the buckets of a series begin depends on its rule and its values alone, so
//! that neither the order of arrival nor a replay changes anything, and not all series begin at once.

use jiff::{SignedDuration, Timestamp};

use super::key::Series;

/// What is kept of a window is kept for so long past its end.
const KEPT: SignedDuration = SignedDuration::from_hours(35 * 24);

/// A bucket of event time, in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// The first second in it.
    pub start: i64,
    /// The first second behind it.
    pub end: i64,
    /// A hash of the series and the window: the id of its alert.
    pub id: String,
    /// Under which it is kept.
    pub key: String,
}

impl Window {
    /// When it may be forgotten: long after the end of those beside it and, where old files are read, after today.
    pub fn expires(&self, now: Timestamp) -> Timestamp {
        let beside = self.end.saturating_add(self.end.saturating_sub(self.start) / 2);
        let end = Timestamp::from_second(beside).unwrap_or(now);
        expires(end, now)
    }
}

/// When something may be forgotten that matters until `end`.
pub fn expires(end: Timestamp, now: Timestamp) -> Timestamp {
    end.max(now).saturating_add(KEPT).unwrap_or(Timestamp::MAX)
}

/// The window of that length that an event lies in; with a threshold above 1 a second one half a window apart, so that
/// no burst is cut in two by the end of a window.
pub fn windows(series: &Series, length: SignedDuration, threshold: u32, time: i64) -> Vec<Window> {
    let length = length.as_secs().max(1);
    let grids = if threshold > 1 { 2 } else { 1 };
    let window = |grid: i64| {
        let phase = series.phase(length) + grid * (length / 2);
        let bucket = time.saturating_sub(phase).div_euclid(length);
        let start = bucket.saturating_mul(length).saturating_add(phase);
        let id = series.id("window", &[length, grid, bucket]);
        let key = series.key("window", &id);
        Window { start, end: start.saturating_add(length), id, key }
    };
    (0..grids).map(window).collect()
}
