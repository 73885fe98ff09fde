//! Whether events raise an alert: what is kept of their windows and what came → what is kept next, and the decision.
//!
//! Only `sent` silences, and what was counted before raises no alert by itself: a replay says nothing new. A claim keeps
//! others from speaking, so nobody leaves one of his own behind: he speaks, whatever else he finds.

use std::collections::HashSet;

use super::{
    Distinct,
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
    /// The keys of the windows: of one, or of two half a window apart.
    pub windows: &'a [String],
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
    /// Which of the windows it is about.
    pub lead: usize,
    /// How many events it stands for.
    pub count: u64,
    /// Whether their number is an estimate.
    pub approximate: bool,
    /// The times of the first and the last of them, in seconds since 1970.
    pub span: (i64, i64),
    /// The keys of the windows that it is marked in, and how many events they held.
    pub windows: Vec<String>,
    /// See above.
    pub told: u64,
    /// The channels that have not taken it yet.
    pub channels: Vec<String>,
}

/// Counts events in their windows, and decides.
pub fn step(entries: Vec<Option<Entry>>, ask: &Ask<'_>) -> (Vec<Entry>, Verdict) {
    let mut entries: Vec<Entry> = entries.into_iter().map(Option::unwrap_or_default).collect();
    let mut new = false;
    for entry in &mut entries {
        new |= count(entry, ask.events);
    }
    settle(&mut entries, ask);
    let roles: Vec<Role> = entries.iter().zip(ask.windows).map(|(entry, key)| role(entry, key, ask)).collect();
    let place = |wanted: Role| roles.iter().position(|role| *role == wanted);
    let fullest = (0..entries.len()).rev().max_by_key(|at| entries[*at].events.count()).unwrap_or(0);
    let most = entries.get(fullest).map_or(0, |entry| entry.events.count());
    let led = roles.iter().enumerate().find_map(|(at, role)| match role {
        Role::Led(lead) => Some((at, *lead)),
        _ => None,
    });
    let spoken = ask.windows.iter().any(|key| ask.spoken.contains(key));
    let verdict = if let Some(own) = place(Role::Own) {
        fire(&mut entries, own, &roles, ask)
    } else if spoken {
        Verdict::Deduplicated
    } else if let Some((at, lead)) = led {
        follow(&mut entries, at, lead, &roles, ask)
    } else if place(Role::LedElsewhere).or(place(Role::Sent)).is_some() {
        Verdict::Deduplicated
    } else if place(Role::Foreign).is_some() {
        Verdict::ClaimedElsewhere
    } else if let Some(stale) = place(Role::Stale) {
        fire(&mut entries, stale, &roles, ask)
    } else if most < u64::from(ask.threshold) {
        Verdict::BelowThreshold { count: most }
    } else if new {
        fire(&mut entries, fullest, &roles, ask)
    } else {
        Verdict::Deduplicated
    };
    (entries, verdict)
}

/// What the claim of a window means to the one who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// There is none that counts.
    Free,
    /// His own alert is about this window.
    Own,
    /// His own alert is about that other window.
    Led(usize),
    /// His own alert has been made, or is about a window that these events do not lie in: he comes to it with the events
    /// that raised it.
    LedElsewhere,
    Sent,
    Foreign,
    Stale,
}

fn role(entry: &Entry, key: &String, ask: &Ask<'_>) -> Role {
    let claim = entry.claim.as_ref();
    let lead = claim.and_then(|claim| claim.windows.first());
    let leads = lead.is_none_or(|lead| lead == key);
    match Claim::standing(claim, ask.owner, ask.channels, ask.now) {
        Standing::Own if ask.spoken.contains(key) => Role::LedElsewhere,
        Standing::Own if leads => Role::Own,
        Standing::Own => match ask.windows.iter().position(|key| Some(key) == lead) {
            Some(lead) => Role::Led(lead),
            None => Role::LedElsewhere,
        },
        Standing::Stale if leads => Role::Stale,
        Standing::Stale | Standing::Free => Role::Free,
        Standing::Sent => Role::Sent,
        Standing::Foreign => Role::Foreign,
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

/// What is sent for one window is sent for the other that the same alert is marked in, too.
fn settle(entries: &mut [Entry], ask: &Ask<'_>) {
    for (lead, key) in ask.windows.iter().enumerate() {
        let Some(alert) = entries[lead].claim.clone().filter(|claim| claim.windows.first() == Some(key)) else {
            continue;
        };
        for claim in entries.iter_mut().filter_map(|entry| entry.claim.as_mut()) {
            if claim.windows.first() == Some(key) {
                claim.sent.extend(alert.sent.iter().cloned());
            }
        }
    }
}

/// His own alert, claimed at `at`, is about the other window. If that one is now part of another alert which is not marked
/// here, he speaks for this window alone: others may have kept silent for his sake.
fn follow(entries: &mut [Entry], at: usize, lead: usize, roles: &[Role], ask: &Ask<'_>) -> Verdict {
    if matches!(roles[lead], Role::Free | Role::Stale | Role::Led(_)) {
        return fire(entries, lead, roles, ask);
    }
    let key = &ask.windows[at];
    let theirs = entries[lead].claim.clone().filter(|claim| claim.windows.contains(key));
    if roles[lead] == Role::Foreign && theirs.is_some() {
        entries[at].claim = theirs;
        return Verdict::ClaimedElsewhere;
    }
    if let Some(claim) = &mut entries[at].claim {
        claim.windows = vec![key.clone()];
    }
    fire(entries, at, roles, ask)
}

/// Claims the windows for an alert about the one at `lead`: if it was claimed before, those that were claimed with it.
fn fire(entries: &mut [Entry], lead: usize, roles: &[Role], ask: &Ask<'_>) -> Verdict {
    let before = entries.get(lead).and_then(|entry| entry.claim.as_ref()).filter(|_| roles[lead] != Role::Free);
    let mut windows = before.map(|claim| claim.windows.clone()).unwrap_or_default();
    if windows.is_empty() {
        windows.push(ask.windows[lead].clone());
        windows.extend(ask.windows.iter().enumerate().filter(|(at, _)| *at != lead).map(|(_, key)| key.clone()));
    }
    // Another claim of his own would be about the same events: this alert speaks for its windows, too.
    for at in (0..entries.len()).filter(|at| roles[*at] == Role::Own || roles[*at] == Role::Led(lead)) {
        let others = entries[at].claim.iter().flat_map(|claim| &claim.windows);
        let others: Vec<String> = others.filter(|key| !windows.contains(key)).cloned().collect();
        windows.extend(others);
    }
    let here: Vec<usize> = (0..entries.len()).filter(|at| windows.contains(&ask.windows[*at])).collect();
    let told = if here.len() < windows.len() {
        before.map_or(0, |claim| claim.told)
    } else {
        here.iter().fold(Distinct::default(), |all, at| all.union(&entries[*at].events)).count()
    };
    for at in here {
        if !matches!(roles[at], Role::Sent | Role::Foreign) {
            let claim = Claim::renew(&mut entries[at].claim, ask.owner, ask.now);
            claim.windows.clone_from(&windows);
            claim.told = told;
        }
    }
    let entry = &entries[lead];
    Verdict::Fire(Fire {
        lead,
        count: entry.events.count(),
        approximate: !entry.events.is_exact(),
        span: entry.span.unwrap_or((ask.now, ask.now)),
        windows,
        told,
        channels: Claim::missing(entry.claim.as_ref(), ask.channels),
    })
}
