//! Whether events raise an alert: what is kept of their windows and what came → what is kept next, and the decision.
//!
//! Only `sent` silences, and what was counted before raises no alert by itself: a replay says nothing new. An alert that is
//! marked in two windows has one claim, in the window that it is about; the other refers to it.

use std::collections::HashSet;

use super::{
    Distinct, Window,
    entry::{Claim, Entry, Standing},
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
    /// The windows for which the one who asks has already been told to speak, by their keys.
    pub spoken: &'a HashSet<String>,
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
    /// The key of the window that it is about, and where that begins.
    pub lead: String,
    /// See above.
    pub start: i64,
    /// How many events it stands for.
    pub count: u64,
    /// Whether their number is an estimate.
    pub approximate: bool,
    /// The times of the first and the last of them, in seconds since 1970.
    pub span: (i64, i64),
    /// The keys of the windows that it speaks for, and how many events they held when it was claimed.
    pub windows: Vec<String>,
    /// See above.
    pub told: u64,
    /// The channels that have not taken it yet.
    pub channels: Vec<String>,
}

/// An entry under its key.
pub type Keyed = (String, Entry);

/// Counts events in their windows, and decides. Behind the windows of `entries` stand those that they refer to.
pub fn step(mut entries: Vec<Keyed>, ask: &Ask<'_>) -> (Vec<Keyed>, Verdict) {
    let mut new = false;
    for (_, entry) in entries.iter_mut().take(ask.windows.len()) {
        new |= count(entry, ask.events);
    }
    let verdict = verdict(&mut entries, new, ask);
    (entries, verdict)
}

fn verdict(entries: &mut [Keyed], new: bool, ask: &Ask<'_>) -> Verdict {
    let here = 0..ask.windows.len().min(entries.len());
    let roles: Vec<Role> = here.clone().map(|at| role(entries, at, ask)).collect();
    let place = |wanted: fn(&Role) -> Option<usize>| roles.iter().find_map(wanted);
    let fullest = here.rev().max_by_key(|at| entries[*at].1.events.count());
    let most = fullest.map_or(0, |at| entries[at].1.events.count());
    if let Some(lead) = place(|role| if let Role::Own(lead) = role { Some(*lead) } else { None }) {
        fire(entries, lead, ask)
    } else if roles.contains(&Role::Sent) {
        Verdict::Deduplicated
    } else if roles.contains(&Role::Foreign) {
        Verdict::ClaimedElsewhere
    } else if let Some(lead) = place(|role| if let Role::Stale(lead) = role { Some(*lead) } else { None }) {
        fire(entries, lead, ask)
    } else if most < u64::from(ask.threshold) {
        Verdict::BelowThreshold { count: most }
    } else if let Some(fullest) = fullest.filter(|_| new) {
        claim(entries, fullest, ask);
        fire(entries, fullest, ask)
    } else {
        Verdict::Deduplicated
    }
}

/// What the alert of a window means to the one who asks; with the place of its claim where he may go on with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Free,
    Own(usize),
    /// Or just said by the one who asks.
    Sent,
    Foreign,
    Stale(usize),
}

fn role(entries: &[Keyed], at: usize, ask: &Ask<'_>) -> Role {
    let (key, entry) = &entries[at];
    let led_by = || entries.iter().position(|(key, _)| Some(key) == entry.led_by.as_ref());
    let lead = if entry.claim.is_some() { Some(at) } else { led_by() };
    let claimed = lead.and_then(|lead| Some((lead, &entries[lead].0, entries[lead].1.claim.as_ref()?)));
    let Some((lead, lead_key, claim)) = claimed else {
        return if ask.spoken.contains(key) { Role::Sent } else { Role::Free };
    };
    match Claim::standing(Some(claim), ask.owner, ask.channels, ask.now) {
        Standing::Own if ask.spoken.contains(lead_key) => Role::Sent,
        Standing::Own => Role::Own(lead),
        Standing::Stale => Role::Stale(lead),
        Standing::Foreign => Role::Foreign,
        Standing::Sent | Standing::Free => Role::Sent,
    }
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

/// Makes a claim for an alert about one of the windows that speaks for the other, too.
fn claim(entries: &mut [Keyed], lead: usize, ask: &Ask<'_>) {
    let here = 0..ask.windows.len().min(entries.len());
    let mut order: Vec<usize> = here.clone().collect();
    order.sort_by_key(|at| *at != lead);
    let windows: Vec<String> = order.iter().map(|at| entries[*at].0.clone()).collect();
    let told = here.fold(Distinct::default(), |all, at| all.union(&entries[at].1.events)).count();
    for at in order {
        let entry = &mut entries[at].1;
        if at == lead {
            let (start, windows) = (ask.windows[at].start, windows.clone());
            entry.claim = Some(Claim { start, windows, told, ..Claim::default() });
            entry.led_by = None;
        } else {
            entry.led_by = windows.first().cloned();
        }
    }
}

/// Goes on with a claim in his own name.
fn fire(entries: &mut [Keyed], lead: usize, ask: &Ask<'_>) -> Verdict {
    let (key, entry) = &mut entries[lead];
    let (count, approximate) = (entry.events.count(), !entry.events.is_exact());
    let span = entry.span.unwrap_or((ask.now, ask.now));
    let claim = Claim::renew(&mut entry.claim, ask.owner, ask.now);
    let (start, windows, told) = (claim.start, claim.windows.clone(), claim.told);
    let channels = Claim::missing(entry.claim.as_ref(), ask.channels);
    let key = key.clone();
    // Who broke off may not have come to the other window.
    for (_, entry) in entries.iter_mut().filter(|(beside, _)| *beside != key && windows.contains(beside)) {
        if entry.claim.is_none() && entry.led_by.is_none() {
            entry.led_by = Some(key.clone());
        }
    }
    Verdict::Fire(Fire { lead: key, start, count, approximate, span, windows, told, channels })
}
