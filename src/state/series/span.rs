//! The spans that an event completes.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{
    anchor::Anchors,
    mark::{Mark, Marks},
    plan::{Kind, Plan},
};

/// The spans that hold an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spans {
    /// The last time of the earliest that holds enough.
    pub anchor: Option<i64>,
    /// How many identities the fullest one before that holds.
    pub fullest: usize,
}

/// Looks through the spans around `time` that no alert covers.
pub fn spans(marks: &Marks, anchors: &Anchors, plan: &Plan, time: i64) -> Spans {
    let length = plan.length();
    let around = marks.between(time.saturating_sub(length), time.saturating_add(length));
    let mut tally = Tally::new(plan.kind);
    let mut start = 0;
    let mut found = Spans::default();
    if !is_open(around, anchors, length, time) {
        return found;
    }
    for mark in around {
        tally.add(mark);
        if mark.time < time {
            continue;
        }
        while let Some(first) = around.get(start).filter(|first| first.time < mark.time.saturating_sub(length)) {
            tally.remove(first);
            start += 1;
        }
        if anchors.cover(mark.time, length) {
            continue;
        }
        found.fullest = found.fullest.max(tally.count());
        if tally.count() >= plan.needed() {
            found.anchor = Some(mark.time);
            break;
        }
    }
    found
}

/// Whether a span can end at one of these marks, not before `time`, where no alert covers it.
pub fn is_open(marks: &[Mark], anchors: &Anchors, length: i64, time: i64) -> bool {
    let lasts = marks.iter().rev().take_while(|mark| mark.time >= time);
    lasts.map(|mark| mark.time).any(|last| !anchors.cover(last, length))
}

/// How many identities marks have.
pub fn count<'a>(marks: impl IntoIterator<Item = &'a Mark>, kind: Kind) -> usize {
    let mut tally = Tally::new(kind);
    marks.into_iter().for_each(|mark| tally.add(mark));
    tally.count()
}

/// The identities of a changing set of marks.
#[derive(Debug)]
pub enum Tally {
    /// Each mark is one.
    Events(usize),
    /// Marks of the same value are one.
    Values(HashMap<u64, u32, RandomState>),
}

impl Tally {
    /// No marks.
    pub fn new(kind: Kind) -> Self {
        match kind {
            Kind::Values => Self::Values(HashMap::default()),
            Kind::Events | Kind::Sequence { .. } => Self::Events(0),
        }
    }

    /// Adds a mark.
    pub fn add(&mut self, mark: &Mark) {
        match self {
            Self::Events(count) => *count += 1,
            Self::Values(values) => *values.entry(mark.id).or_default() += 1,
        }
    }

    /// Takes out a mark that was added.
    fn remove(&mut self, mark: &Mark) {
        match self {
            Self::Events(count) => *count = count.saturating_sub(1),
            Self::Values(values) => {
                let left = values.get(&mark.id).copied().unwrap_or_default();
                if left > 1 {
                    values.insert(mark.id, left - 1);
                } else {
                    values.remove(&mark.id);
                }
            }
        }
    }

    /// How many identities there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Events(count) => *count,
            Self::Values(values) => values.len(),
        }
    }
}
