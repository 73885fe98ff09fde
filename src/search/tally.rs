//! How often each value occurs, in bounded memory.

use std::collections::HashMap;

/// How many bytes the values of a tally may have together.
const MAX_BYTES: usize = 16 << 20;
/// The bytes of an entry beside its value.
const ENTRY: usize = 64;

/// Counts values. Beyond its bound it forgets rare ones, and its counts are then the least that they can be.
pub struct Tally {
    counts: HashMap<String, u64>,
    bytes: usize,
    max_bytes: usize,
    total: u64,
    has_forgotten: bool,
}

/// The most frequent values.
#[derive(Debug, PartialEq, Eq)]
pub struct TallyRows {
    /// Values and counts, the most frequent first.
    pub rows: Vec<(String, u64)>,
    /// How many other values there are; of those that were forgotten, none.
    pub other_values: u64,
    /// How often other values occurred.
    pub others: u64,
    /// Whether counts and values were forgotten.
    pub is_about: bool,
}

impl Default for Tally {
    fn default() -> Self {
        Self::within(MAX_BYTES)
    }
}

impl Tally {
    /// A tally whose values have at most so many bytes together.
    pub fn within(max_bytes: usize) -> Self {
        Self { counts: HashMap::new(), bytes: 0, max_bytes, total: 0, has_forgotten: false }
    }

    /// Counts a value.
    pub fn add(&mut self, value: &str) {
        self.total += 1;
        if let Some(count) = self.counts.get_mut(value) {
            *count += 1;
            return;
        }
        self.bytes += value.len() + ENTRY;
        self.counts.insert(value.to_owned(), 1);
        if self.bytes > self.max_bytes {
            self.forget();
        }
    }

    /// Keeps the more frequent half of the values.
    fn forget(&mut self) {
        self.has_forgotten = true;
        let mut counts: Vec<_> = self.counts.drain().collect();
        counts.sort_by(|one, other| (other.1, &one.0).cmp(&(one.1, &other.0)));
        self.bytes = 0;
        for (value, count) in counts {
            let bytes = value.len() + ENTRY;
            if self.bytes + bytes > self.max_bytes / 2 {
                break;
            }
            self.bytes += bytes;
            self.counts.insert(value, count);
        }
    }

    /// The `most` most frequent values.
    pub fn rows(&self, most: usize) -> TallyRows {
        let mut counts: Vec<_> = self.counts.iter().collect();
        counts.sort_by(|one, other| (other.1, one.0).cmp(&(one.1, other.0)));
        let rows: Vec<_> = counts.iter().take(most).map(|(value, count)| ((*value).clone(), **count)).collect();
        let shown: u64 = rows.iter().map(|(_, count)| count).sum();
        TallyRows {
            other_values: counts.len().saturating_sub(most) as u64,
            others: self.total - shown,
            rows,
            is_about: self.has_forgotten,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_values_come_first() {
        let mut tally = Tally::default();
        for value in ["b", "a", "c", "a", "b", "d", "a"] {
            tally.add(value);
        }
        let rows = vec![("a".to_owned(), 3), ("b".to_owned(), 2), ("c".to_owned(), 1)];
        assert_eq!(tally.rows(3), TallyRows { rows, other_values: 1, others: 1, is_about: false });
    }

    #[test]
    fn rare_values_are_forgotten_and_counted() {
        let mut tally = Tally::within(10_000);
        for number in 0..10_000 {
            tally.add(&format!("rare {number}"));
            tally.add("frequent");
            assert!(tally.bytes <= 10_000 && tally.counts.len() < 200);
        }
        let rows = tally.rows(1);
        assert_eq!(rows.rows, [("frequent".to_owned(), 10_000)]);
        assert_eq!((rows.others, rows.is_about), (10_000, true));
        // A value beyond every bound is forgotten at once.
        tally.add(&"x".repeat(20_000));
        assert!(tally.bytes <= 10_000);
        assert_eq!(tally.rows(1).others, 10_001);
    }
}
