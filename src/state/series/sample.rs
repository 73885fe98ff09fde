//! What an alert lists of the events that it counts: ids, and the different values of some fields.
//!
//! Of a value, the item keeps a *run*: from one occurrence to another with no gap longer than a window. A window of time
//! that touches a run holds an occurrence, so a list names no value that the alert does not count.

use std::mem;

use super::{
    arrival::{Arrival, Sample},
    mark::short,
    name::{MAX_TEXT, cut, uuid},
    plan::Plan,
};
use crate::digest::Digest;

/// How many fields have samples.
pub const FIELDS: usize = 4;
/// How many values a list has.
const LISTED: usize = 10;
/// How many values of a field are counted.
pub const COUNTED: usize = 40;
/// How many ids are kept.
pub const MAX_NAMES: usize = 80;
/// How many bytes the samples of an item may take.
pub const MAX_SAMPLE_BYTES: usize = 2_000;

/// The distinct values of the events of an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed<'a> {
    /// At most ten of them, by time.
    pub values: Vec<&'a str>,
    /// How many further ones are counted.
    pub more: usize,
    /// Whether there may be still more, which the item cannot hold.
    pub incomplete: bool,
}

/// The id of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// When the event happened, in seconds since 1970.
    pub time: i64,
    /// The kept part of the hash of its identity.
    pub event: u64,
    /// The steps of a sequence that it matches.
    pub steps: u8,
    /// Its id, as alerts show it.
    pub text: String,
}

/// A value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// A hash of the value.
    pub hash: u32,
    /// The first time of its run, in seconds since 1970.
    pub from: i64,
    /// The last time of its run.
    pub to: i64,
    /// The value, unless there was no room for it.
    pub text: Option<String>,
}

/// The values of one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// By the last time.
    pub all: Vec<Value>,
    /// Something that happened up to this time is not kept.
    pub lost: Option<i64>,
}

/// All samples of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    /// Ids of the newest events, by time.
    pub names: Vec<Name>,
    /// The values of each field.
    pub fields: [Values; FIELDS],
}

impl Samples {
    /// Adds what a new event shows.
    pub fn add(&mut self, arrival: &Arrival, plan: &Plan) {
        if !arrival.name.is_empty() {
            self.add_name(arrival);
        }
        for Sample { field, text } in &arrival.samples {
            if let Some(values) = self.fields.get_mut(usize::from(*field)) {
                values.add(text, arrival.time, plan.length());
            }
        }
        self.limit(MAX_SAMPLE_BYTES);
    }

    fn add_name(&mut self, arrival: &Arrival) {
        let text = cut(&arrival.name, MAX_TEXT).to_owned();
        let name = Name { time: arrival.time, event: short(arrival.event), steps: arrival.steps, text };
        let key = |name: &Name| (name.time, name.event);
        match self.names.binary_search_by_key(&key(&name), key) {
            Ok(at) => self.names[at] = name,
            Err(at) => self.names.insert(at, name),
        }
        // The newest ids stay; of a sequence, those of each step.
        let mut newer = [0; u8::BITS as usize];
        let mut kept: Vec<Name> = mem::take(&mut self.names).into_iter().rev().collect();
        kept.retain(|name| {
            let mut is_kept = false;
            let steps = newer.iter_mut().enumerate().filter(|(step, _)| name.steps.max(1) & (1 << step) != 0);
            for (_, newer) in steps {
                is_kept |= *newer < LISTED;
                *newer += 1;
            }
            is_kept
        });
        kept.reverse();
        self.names = kept;
    }

    /// How many bytes they take, at most by a few.
    pub fn bytes(&self) -> usize {
        self.names.iter().map(Name::bytes).sum::<usize>() + self.fields.iter().map(Values::bytes).sum::<usize>()
    }

    /// Forgets what takes more than `max` bytes: first values, of the fullest field.
    pub fn limit(&mut self, max: usize) {
        while self.bytes() > max {
            match self.fields.iter_mut().max_by_key(|values| values.bytes()) {
                Some(fullest) if !fullest.all.is_empty() => fullest.forget(),
                _ if self.names.is_empty() => break,
                _ => drop(self.names.remove(0)),
            }
        }
    }

    /// The ids of events from one time to another.
    pub fn names(&self, from: i64, to: i64) -> Vec<&str> {
        let within = self.names.iter().filter(|name| (from..=to).contains(&name.time));
        let mut names: Vec<&str> = within.map(|name| name.text.as_str()).collect();
        names.drain(..names.len().saturating_sub(LISTED));
        names
    }

    /// The id of an event.
    pub fn name(&self, event: u64) -> Option<&str> {
        self.names.iter().find(|name| name.event == event).map(|name| name.text.as_str())
    }

    /// The values of a field from one time to another.
    pub fn listed(&self, field: u8, from: i64, to: i64) -> Listed<'_> {
        let Some(values) = self.fields.get(usize::from(field)) else { return Listed::default() };
        let within = || values.all.iter().filter(|value| value.to >= from && value.from <= to);
        Listed {
            values: within().filter_map(|value| value.text.as_deref()).collect(),
            more: within().filter(|value| value.text.is_none()).count(),
            incomplete: values.lost.is_some_and(|lost| lost >= from),
        }
    }
}

impl Name {
    fn bytes(&self) -> usize {
        12 + if uuid(&self.text).is_some() { 17 } else { 2 + self.text.len() }
    }
}

impl Values {
    fn add(&mut self, text: &str, time: i64, window: i64) {
        let hash = u32::from_be_bytes(Digest::of(&["value", text]).first());
        let mut value = Value { hash, from: time, to: time, text: None };
        if let Some(at) = self.all.iter().position(|known| known.hash == hash) {
            let known = self.all.remove(at);
            if time < known.from.saturating_sub(window) {
                self.lose(time);
                value = known;
            } else if time > known.to.saturating_add(window) {
                self.lose(known.to);
            } else {
                (value.from, value.to) = (known.from.min(time), known.to.max(time));
            }
        }
        value.text = Some(match cut(text, MAX_TEXT) {
            whole if whole.len() == text.len() => whole.to_owned(),
            part => format!("{}…", cut(part, MAX_TEXT - '…'.len_utf8())),
        });
        let at = self.all.partition_point(|other| (other.to, other.hash) < (value.to, value.hash));
        self.all.insert(at, value);
        let with_text = self.all.iter().filter(|value| value.text.is_some()).count();
        if with_text > LISTED {
            self.forget_text();
        }
        if self.all.len() > COUNTED {
            let oldest = self.all.remove(0);
            self.lose(oldest.to);
        }
    }

    fn bytes(&self) -> usize {
        self.all.iter().map(|value| 12 + value.text.as_ref().map_or(0, |text| 1 + text.len())).sum()
    }

    /// Forgets the oldest value that only counts, else the oldest text.
    fn forget(&mut self) {
        match self.all.iter().position(|value| value.text.is_none()) {
            Some(at) if self.all.len() > LISTED || self.all.iter().all(|value| value.text.is_none()) => {
                let value = self.all.remove(at);
                self.lose(value.to);
            }
            _ => self.forget_text(),
        }
    }

    fn forget_text(&mut self) {
        if let Some(oldest) = self.all.iter_mut().find(|value| value.text.is_some()) {
            oldest.text = None;
        }
    }

    fn lose(&mut self, time: i64) {
        self.lost = self.lost.max(Some(time));
    }
}
