//! Objects and lists inside a record, found in its text without parsing it.

use std::ops::Range;

use super::fields::members;
use crate::log_file::Scan;

/// Objects and lists inside the record that were scanned; a few are kept, since rules read the same ones. The total length
/// of the scans is bounded, since nested values are scanned again on every level.
#[derive(Default)]
pub struct NestedValues {
    values: Vec<NestedValue>,
    /// How many of the values belong to this record.
    known: usize,
    /// How many bytes of this record were scanned.
    pub(super) spent: usize,
    /// How many bytes may be scanned. Beyond that, parsing the record costs less.
    most: usize,
    scan: Scan,
}

/// An object or a list.
#[derive(Default)]
pub(super) struct NestedValue {
    at: usize,
    /// The offset after the value; `None` if the value does not end.
    pub(super) end: Option<usize>,
    /// For an object: where the keys are, and where the values begin. `None` if there are more than [`Self::MAX_MEMBERS`].
    pub(super) members: Option<Vec<(Range<usize>, usize)>>,
}

impl NestedValues {
    const MAX_VALUES: usize = 16;
    /// How many times its length may be scanned of a record.
    const MAX_TIMES: usize = 8;
    /// What a scan counts at least, however short the value is.
    pub(super) const LEAST: usize = 64;

    /// Prepares for another record.
    pub(super) fn reset(&mut self, text: &[u8]) {
        (self.known, self.spent) = (0, 0);
        self.most = text.len().saturating_mul(Self::MAX_TIMES);
    }

    /// Whether no more may be scanned.
    pub(super) fn is_spent(&self) -> bool {
        self.spent > self.most
    }

    /// The value at `at`; `None` if too much was scanned.
    pub(super) fn look(&mut self, text: &[u8], at: usize) -> Option<&NestedValue> {
        if let Some(number) = self.values[..self.known].iter().position(|value| value.at == at) {
            return self.values.get(number);
        }
        if self.is_spent() {
            return None;
        }
        // If there are too many, the last one is replaced.
        let number = self.known.min(Self::MAX_VALUES - 1);
        self.known = number + 1;
        if self.values.len() == number {
            self.values.push(NestedValue::default());
        }
        self.spent += self.values[number].scan(&mut self.scan, text, at).max(Self::LEAST);
        self.values.get(number)
    }
}

impl NestedValue {
    /// Ten times what any event has; it bounds the memory.
    pub(super) const MAX_MEMBERS: usize = 1024;

    /// Returns how many bytes were scanned.
    fn scan(&mut self, scan: &mut Scan, text: &[u8], at: usize) -> usize {
        scan.reset();
        let rest = text.get(at..).unwrap_or_default();
        self.at = at;
        let length = scan.run(rest).ok().flatten();
        self.end = length.map(|length| at + length);
        let strings = scan.strings().filter(|_| self.end.is_some());
        let list = self.members.take();
        self.members = strings.and_then(|strings| {
            let mut list = list.unwrap_or_default();
            list.clear();
            list.extend(members(rest, strings).take(Self::MAX_MEMBERS + 1).map(|member| {
                let begins = at + member.begins;
                (begins..begins + member.key.len(), at + member.value)
            }));
            (list.len() <= Self::MAX_MEMBERS).then_some(list)
        });
        length.unwrap_or(rest.len())
    }
}
