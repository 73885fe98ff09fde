//! New combinations of values: those that no event had for a while.
//!
//! A retry loses nothing: the event for which a combination was new remains so, and the event's window decides whether
//! it alerts again.

use super::{
    entry::{LearningStart, Sightings},
    key::MatchedEvent,
};

/// Moves the start of learning to the earliest of these events.
pub fn learn(start: Option<LearningStart>, events: &[MatchedEvent]) -> LearningStart {
    let times = events.iter().map(|event| event.time).chain(start.map(|start| start.from));
    LearningStart { from: times.min().unwrap_or(i64::MAX) }
}

/// Adds events with one combination, and reports of each whether the combination was new with it. A combination is
/// known for `within` seconds after an event and, since files arrive out of order, for as long before one.
pub fn observe(
    mut sightings: Option<Sightings>,
    events: &[MatchedEvent],
    within: i64,
) -> (Option<Sightings>, Vec<bool>) {
    let new = events.iter().map(|event| {
        let MatchedEvent { id, time } = *event;
        let Some(seen) = sightings.as_mut().filter(|seen| time <= seen.to.saturating_add(within)) else {
            sightings = Some(Sightings { from: time, to: time, opener: id });
            return true;
        };
        // An event from long before the stored span is new, and the span does not grow to it.
        let before = time < seen.from.saturating_sub(within);
        if !before {
            seen.from = seen.from.min(time);
            seen.to = seen.to.max(time);
        }
        before || seen.opener == id
    });
    let new = new.collect();
    (sightings, new)
}
