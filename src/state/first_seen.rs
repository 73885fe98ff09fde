//! New combinations of values: those that no event had for a while.
//!
//! A retry loses nothing: the event for which a combination was new remains so, and its series decides whether it alerts
//! again.

use super::entry::{Sighting, Sightings};

/// How many sightings of a combination are kept: with the shortest `within`, six hours, those of 35 days.
const MAX_SIGHTINGS: usize = 150;

/// Adds an event to what is known of its combination of values, and reports whether the combination was new with it. A
/// combination is known for `within` seconds after an event and, since files arrive out of order, for as long before one.
/// `event` is a hash of the event, and `time` is in seconds since 1970.
pub fn observe(sightings: Option<Sightings>, event: u64, time: i64, within: i64) -> (Sightings, bool) {
    let mut all: Vec<Sighting> =
        sightings.into_iter().flat_map(|known| known.earlier.into_iter().chain([known.newest])).collect();
    let is_near = |seen: &Sighting| (seen.from.saturating_sub(within)..=seen.to.saturating_add(within)).contains(&time);
    let is_opener = all.iter().any(|seen| is_near(seen) && seen.opener == event);
    // Of two sightings that the event joins, each keeps its opener, so that its retry finds it.
    let near = all.iter_mut().find(|seen| is_near(seen));
    let is_new = near.is_none() || is_opener;
    match near {
        Some(seen) => (seen.from, seen.to) = (seen.from.min(time), seen.to.max(time)),
        None => all.push(Sighting { from: time, to: time, opener: event }),
    }
    all.sort_by_key(|seen| seen.to);
    let newest = all.pop().unwrap_or_default();
    let earlier = all.split_off(all.len().saturating_sub(MAX_SIGHTINGS - 1));
    (Sightings { newest, earlier }, is_new)
}
