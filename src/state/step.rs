//! Whether events raise an alert: stored windows and new events become the next stored windows and a verdict.
//!
//! Only `sent` suppresses; a claim merely makes other deliveries wait. So a crash at any point never loses the alert,
//! and what every channel took is never sent again. Events that were counted before make no claim.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use super::{
    distinct::Distinct,
    entry::{Claim, ClaimStatus, WindowEntry, missing},
    key::MatchedEvent,
    window::EventWindow,
};

/// Events of one series in the same windows, and the delivery that brings them.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Their windows: one, or two half a window apart.
    pub windows: &'a [EventWindow],
    /// The events.
    pub events: &'a [MatchedEvent],
    /// How many events raise an alert.
    pub threshold: u32,
    /// A hash of the delivery.
    pub owner: &'a str,
    /// The channels that the alert would go to.
    pub channels: &'a [String],
    /// The channels on which this delivery was already to alert, by the keys of the windows.
    pub alerted: &'a HashMap<String, BTreeSet<String>>,
    /// The time of the clock, in seconds since 1970.
    pub now: i64,
}

/// What happens to the events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WindowVerdict {
    /// They raise an alert: the claim is made.
    Alert(WindowAlert),
    /// Another alert covers them.
    Deduplicated,
    /// Their windows have fewer events than the threshold.
    BelowThreshold {
        /// How many events the fuller window has.
        count: u64,
    },
    /// Another delivery is about to alert about them, or will be retried.
    ClaimedElsewhere,
}

/// The content of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowAlert {
    /// The index of the window that it is about.
    pub lead: usize,
    /// How many events it covers.
    pub count: u64,
    /// Whether that is an estimate.
    pub approximate: bool,
    /// The times of the first and the last of them, in seconds since 1970.
    pub span: (i64, i64),
    /// How many events the windows hold together.
    pub reported: u64,
    /// The channels that have not taken it yet.
    pub channels: Vec<String>,
}

/// Counts events in their windows and decides; `entries` are the stored windows of `ask`, in the same order.
pub fn step(mut entries: Vec<WindowEntry>, ask: &Ask<'_>) -> (Vec<WindowEntry>, WindowVerdict) {
    let mut new = false;
    for entry in &mut entries {
        new |= count(entry, ask.events);
    }
    let verdict = verdict(&mut entries, new, ask);
    (entries, verdict)
}

/// Adds events to a window; whether one of them may be new.
fn count(entry: &mut WindowEntry, events: &[MatchedEvent]) -> bool {
    let mut new = false;
    for MatchedEvent { id, time } in events {
        new |= entry.events.insert(*id);
        let (first, last) = entry.span.unwrap_or((*time, *time));
        entry.span = Some((first.min(*time), last.max(*time)));
    }
    new
}

fn verdict(entries: &mut [WindowEntry], new: bool, ask: &Ask<'_>) -> WindowVerdict {
    let statuses: Vec<_> =
        entries.iter().map(|entry| Claim::status(entry.claim.as_ref(), ask.owner, ask.now)).collect();
    let claimed = |wanted: ClaimStatus| statuses.iter().position(|status| *status == wanted);
    // The delivery's own claim comes first, whatever was sent for the other window: other deliveries left their events
    // to it.
    let own = (0..entries.len())
        .find(|at| statuses[*at] == ClaimStatus::Own && !unsent(entries, ask, *at..*at + 1).is_empty());
    let (fullest, count) = fullest(entries);
    if let Some(lead) = own {
        alert(entries, lead, ask)
    } else if unsent(entries, ask, 0..entries.len()).is_empty() {
        WindowVerdict::Deduplicated
    } else if claimed(ClaimStatus::Foreign).is_some() {
        WindowVerdict::ClaimedElsewhere
    } else if let Some(lead) = claimed(ClaimStatus::Expired) {
        alert(entries, lead, ask)
    } else if count < u64::from(ask.threshold) {
        WindowVerdict::BelowThreshold { count }
    } else if new {
        alert(entries, fullest, ask)
    } else {
        // An alert about the other window covered the event that reached the threshold; its repetition raises none.
        WindowVerdict::Deduplicated
    }
}

/// The channels that took no alert for any of these windows.
fn unsent(entries: &[WindowEntry], ask: &Ask<'_>, windows: Range<usize>) -> Vec<String> {
    let alerted = ask.windows[windows.clone()].iter().filter_map(|window| ask.alerted.get(&window.key));
    missing(ask.channels, entries[windows].iter().map(|entry| &entry.sent).chain(alerted))
}

/// Makes the claim.
fn alert(entries: &mut [WindowEntry], lead: usize, ask: &Ask<'_>) -> WindowVerdict {
    let channels = unsent(entries, ask, lead..lead + 1);
    let reported = entries.iter().fold(Distinct::default(), |all, entry| all.union(&entry.events)).count();
    let entry = &mut entries[lead];
    // An own claim that no other delivery would take over soon is not written again.
    if !entry.claim.as_ref().is_some_and(|claim| claim.owner == ask.owner && claim.is_fresh(ask.now)) {
        entry.claim = Some(Claim { owner: ask.owner.to_owned(), at: ask.now });
    }
    let (count, approximate) = (entry.events.count(), !entry.events.is_exact());
    let span = entry.span.unwrap_or((ask.now, ask.now));
    WindowVerdict::Alert(WindowAlert { lead, count, approximate, span, reported, channels })
}

/// The index of the window with the most events, the first of equals, and how many events it has.
fn fullest(entries: &[WindowEntry]) -> (usize, u64) {
    let counts = entries.iter().map(|entry| entry.events.count()).enumerate();
    counts.rev().max_by_key(|(_, count)| *count).unwrap_or_default()
}
