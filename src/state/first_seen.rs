//! What is new: a combination of values that no event had for a while.
//!
//! Nothing is lost to a retry: the event that was new remains so, and whether it speaks again is the affair of its
//! window.

use serde::{Deserialize, Serialize};

use super::step::Event;

/// When a rule began to learn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lessons {
    /// The time of its first match, by the time of the events, in seconds since 1970.
    pub from: i64,
}

/// When events had a combination: from the first to the last, never apart for longer than it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sightings {
    /// The first, in seconds since 1970.
    pub from: i64,
    /// The last.
    pub to: i64,
    /// The event that was new.
    pub opener: u64,
}

/// Moves the beginning to the earliest of these events.
pub fn learn(lessons: Option<Lessons>, events: &[Event]) -> Lessons {
    let times = events.iter().map(|event| event.time).chain(lessons.map(|lessons| lessons.from));
    Lessons { from: times.min().unwrap_or(i64::MAX) }
}

/// Takes note of events with one combination, which is known for `within` seconds after an event, and as long before one,
/// since files come out of order. Says of each whether it is new.
pub fn look(mut sightings: Option<Sightings>, events: &[Event], within: i64) -> (Option<Sightings>, Vec<bool>) {
    let news = events.iter().map(|event| {
        let Event { id, time } = *event;
        let Some(seen) = sightings.as_mut().filter(|seen| time <= seen.to.saturating_add(within)) else {
            sightings = Some(Sightings { from: time, to: time, opener: id });
            return true;
        };
        // Of a time so long ago nothing is kept.
        let before = time < seen.from.saturating_sub(within);
        if !before {
            seen.from = seen.from.min(time);
            seen.to = seen.to.max(time);
        }
        before || seen.opener == id
    });
    let news = news.collect();
    (sightings, news)
}
