//! Whether events raise an alert: what is kept of their windows and what came → what is kept next, and the decision.
//!
//! Only `sent` silences: a claim merely makes others wait. So whoever breaks off anywhere, somebody speaks; and what has been
//! said on every channel is never said again, whoever brings it. What was counted before makes no claim.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use super::{
    Distinct, Window,
    entry::{Claim, Entry, Standing, missing},
};

/// An event that a rule matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// A hash of its identity.
    pub id: u64,
    /// When it happened, in seconds since 1970.
    pub time: i64,
}

/// Events of one series that lie in the same windows, and who asks.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Their windows: one, or two half a window apart.
    pub windows: &'a [Window],
    /// The events.
    pub events: &'a [Event],
    /// From how many on they raise an alert.
    pub threshold: u32,
    /// A hash of the delivery that they came with.
    pub owner: &'a str,
    /// Where the alert would go.
    pub channels: &'a [String],
    /// The channels on which the one who asks has already been told to speak, by the keys of the windows.
    pub spoken: &'a HashMap<String, BTreeSet<String>>,
    /// The time of the clock, in seconds since 1970.
    pub now: i64,
}

/// What is to be done about the events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Speak: the claim is made.
    Fire(Fire),
    /// An alert stands for them already.
    Deduplicated,
    /// There are not enough of them yet.
    BelowThreshold {
        /// How many there are.
        count: u64,
    },
    /// Somebody else is about to speak for them, or will come again.
    ClaimedElsewhere,
}

/// What the alert says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fire {
    /// Which of the windows it is about.
    pub lead: usize,
    /// How many events it stands for.
    pub count: u64,
    /// Whether their number is an estimate.
    pub approximate: bool,
    /// The times of the first and the last of them, in seconds since 1970.
    pub span: (i64, i64),
    /// How many events the windows hold together.
    pub told: u64,
    /// The channels that have not taken it yet.
    pub channels: Vec<String>,
}

/// Counts events in their windows, and decides; `entries` is what is kept of each window of `ask`.
pub fn step(mut entries: Vec<Entry>, ask: &Ask<'_>) -> (Vec<Entry>, Verdict) {
    let mut new = false;
    for entry in &mut entries {
        new |= count(entry, ask.events);
    }
    let verdict = verdict(&mut entries, new, ask);
    (entries, verdict)
}

/// Adds events to a window; whether one of them may be new.
fn count(entry: &mut Entry, events: &[Event]) -> bool {
    let mut new = false;
    for Event { id, time } in events {
        new |= entry.events.insert(*id);
        let (first, last) = entry.span.unwrap_or((*time, *time));
        entry.span = Some((first.min(*time), last.max(*time)));
    }
    new
}

fn verdict(entries: &mut [Entry], new: bool, ask: &Ask<'_>) -> Verdict {
    let standings: Vec<_> =
        entries.iter().map(|entry| Claim::standing(entry.claim.as_ref(), ask.owner, ask.now)).collect();
    let claimed = |wanted: Standing| standings.iter().position(|standing| *standing == wanted);
    // One's own claim comes first, whatever was said beside it: others have left their events to it.
    let own =
        (0..entries.len()).find(|at| standings[*at] == Standing::Own && !unsaid(entries, ask, *at..*at + 1).is_empty());
    let (fullest, count) = fullest(entries);
    if let Some(lead) = own {
        fire(entries, lead, ask)
    } else if unsaid(entries, ask, 0..entries.len()).is_empty() {
        Verdict::Deduplicated
    } else if claimed(Standing::Foreign).is_some() {
        Verdict::ClaimedElsewhere
    } else if let Some(lead) = claimed(Standing::Stale) {
        fire(entries, lead, ask)
    } else if count < u64::from(ask.threshold) {
        Verdict::BelowThreshold { count }
    } else if new {
        fire(entries, fullest, ask)
    } else {
        // An alert beside it silenced the event that filled it: what comes again does not speak in that one's place.
        Verdict::Deduplicated
    }
}

/// The channels on which none of these windows was spoken for.
fn unsaid(entries: &[Entry], ask: &Ask<'_>, windows: Range<usize>) -> Vec<String> {
    let spoken = ask.windows[windows.clone()].iter().filter_map(|window| ask.spoken.get(&window.key));
    missing(ask.channels, entries[windows].iter().map(|entry| &entry.sent).chain(spoken))
}

/// Makes the claim.
fn fire(entries: &mut [Entry], lead: usize, ask: &Ask<'_>) -> Verdict {
    let channels = unsaid(entries, ask, lead..lead + 1);
    let told = entries.iter().fold(Distinct::default(), |all, entry| all.union(&entry.events)).count();
    let entry = &mut entries[lead];
    // Nor is one's own claim written anew as long as nobody would take it over.
    if !entry.claim.as_ref().is_some_and(|claim| claim.owner == ask.owner && claim.is_fresh(ask.now)) {
        entry.claim = Some(Claim { owner: ask.owner.to_owned(), at: ask.now });
    }
    let (count, approximate) = (entry.events.count(), !entry.events.is_exact());
    Verdict::Fire(Fire { lead, count, approximate, span: entry.span.unwrap_or((ask.now, ask.now)), told, channels })
}

/// The window with the most events, the first of equals, and how many these are.
fn fullest(entries: &[Entry]) -> (usize, u64) {
    let counts = entries.iter().map(|entry| entry.events.count()).enumerate();
    counts.rev().max_by_key(|(_, count)| *count).unwrap_or_default()
}
