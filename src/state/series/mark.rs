//! The marks that events leave, in the order of time.

use std::ops::Range;

/// The bits of an identity that are kept.
pub const ID_BITS: u32 = 47;

/// What an event leaves in its series; where values are counted, one for each of its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// When the event happened, in seconds since 1970.
    pub time: i64,
    /// A hash of the event or of the value, as [`short`] makes it.
    pub id: u64,
    /// The steps of a sequence that the event matches.
    pub steps: u8,
    /// Whether an alert reported it.
    pub reported: bool,
}

/// As much of a hash as is kept.
pub fn short(hash: u64) -> u64 {
    hash >> (u64::BITS - ID_BITS)
}

/// The marks of a series, by time and id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks(Vec<Mark>);

impl Marks {
    /// Takes marks that are in order; `None` if they are not.
    pub fn from_sorted(marks: Vec<Mark>) -> Option<Self> {
        marks.is_sorted_by(|one, next| (one.time, one.id) < (next.time, next.id)).then_some(Self(marks))
    }

    /// All marks.
    pub fn all(&self) -> &[Mark] {
        &self.0
    }

    /// All marks, to be changed in what does not order them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Mark> {
        self.0.iter_mut()
    }

    /// Whether an event is known, whenever it happened.
    pub fn has_id(&self, id: u64) -> bool {
        self.0.iter().any(|mark| mark.id == id)
    }

    /// Adds a mark; `false` if one with its time and id is known.
    pub fn insert(&mut self, mark: Mark) -> bool {
        match self.0.binary_search_by_key(&(mark.time, mark.id), |mark| (mark.time, mark.id)) {
            Ok(_) => false,
            Err(at) => {
                self.0.insert(at, mark);
                true
            }
        }
    }

    /// Takes out the marks at these indexes, which are in ascending order.
    pub fn remove(&mut self, indexes: &[usize]) -> Vec<Mark> {
        let removed = indexes.iter().filter_map(|at| self.0.get(*at)).copied().collect();
        let mut indexes = indexes.iter().peekable();
        let mut at = 0;
        self.0.retain(|_| {
            let is_removed = indexes.next_if(|index| **index == at).is_some();
            at += 1;
            !is_removed
        });
        removed
    }

    /// The indexes of the marks from one time to another, both inclusive.
    pub fn range(&self, from: i64, to: i64) -> Range<usize> {
        let start = self.0.partition_point(|mark| mark.time < from);
        start..self.0.partition_point(|mark| mark.time <= to).max(start)
    }

    /// The marks from one time to another, both inclusive.
    pub fn between(&self, from: i64, to: i64) -> &[Mark] {
        self.0.get(self.range(from, to)).unwrap_or_default()
    }
}
