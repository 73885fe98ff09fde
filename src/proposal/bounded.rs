//! What is known of many keys, in bounded memory.

use std::collections::{HashMap, HashSet};

/// How many events something had.
pub trait Weight {
    /// The number.
    fn weight(&self) -> u64;
}

/// Values by key. Beyond its bound it forgets those with the fewest events.
pub struct Bounded<V> {
    entries: HashMap<String, V>,
    bytes: usize,
    max_bytes: usize,
    forgotten: u64,
}

impl<V: Default + Weight> Bounded<V> {
    /// The most that a value may have beside its key, in bytes; the values in this module have less.
    const VALUE: usize = 3_072;

    /// At most so many bytes.
    pub fn within(max_bytes: usize) -> Self {
        Self { entries: HashMap::new(), bytes: 0, max_bytes, forgotten: 0 }
    }

    /// The value of a key, a new one if it is not known.
    pub fn entry(&mut self, key: &str) -> &mut V {
        if !self.entries.contains_key(key) {
            let bytes = key.len() + Self::VALUE;
            if self.bytes + bytes > self.max_bytes {
                self.forget();
            }
            self.bytes += bytes;
        }
        self.entries.entry(key.to_owned()).or_default()
    }

    /// Keeps the half with more events.
    fn forget(&mut self) {
        let mut entries: Vec<_> = self.entries.drain().collect();
        entries.sort_by(|one, other| (other.1.weight(), &one.0).cmp(&(one.1.weight(), &other.0)));
        self.bytes = 0;
        for (key, value) in entries {
            let bytes = key.len() + Self::VALUE;
            if self.bytes + bytes > self.max_bytes / 2 {
                self.forgotten += 1;
                continue;
            }
            self.bytes += bytes;
            self.entries.insert(key, value);
        }
    }

    /// How many were forgotten; one that came again counts again.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// All keys and values, those with the most events first.
    pub fn ranked(&self) -> Vec<(&str, &V)> {
        let mut entries: Vec<_> = self.entries.iter().map(|(key, value)| (key.as_str(), value)).collect();
        entries.sort_by(|one, other| (other.1.weight(), one.0).cmp(&(one.1.weight(), other.0)));
        entries
    }
}

/// The first `MAX` different values.
#[derive(Clone, Debug)]
pub struct Few<T, const MAX: usize> {
    list: Vec<T>,
    has_more: bool,
}

impl<T, const MAX: usize> Default for Few<T, MAX> {
    fn default() -> Self {
        Self { list: Vec::new(), has_more: false }
    }
}

impl<T: PartialEq, const MAX: usize> Few<T, MAX> {
    /// Adds a value, unless it is known or there are too many.
    pub fn add(&mut self, value: T) {
        // Equal values mostly follow each other.
        if self.list.last() == Some(&value) || self.list.contains(&value) {
            return;
        }
        if self.list.len() < MAX {
            self.list.push(value);
        } else {
            self.has_more = true;
        }
    }

    /// The values.
    pub fn list(&self) -> &[T] {
        &self.list
    }

    /// How many there are, at most `MAX`.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are more than the values of the list.
    pub fn has_more(&self) -> bool {
        self.has_more
    }

    /// How many there are, in words.
    pub fn count(&self) -> String {
        if self.has_more { format!("more than {MAX}") } else { self.list.len().to_string() }
    }
}

/// Events that were seen, as many as there are places: one that comes again after many others counts as new.
pub struct SeenEvents(HashSet<u64>, HashSet<u64>);

impl SeenEvents {
    /// How many events each of the two sets holds.
    const MOST: usize = 500_000;

    /// None.
    pub fn none() -> Self {
        Self(HashSet::new(), HashSet::new())
    }

    /// Whether an event is new.
    pub fn is_new(&mut self, event: u64) -> bool {
        if self.1.contains(&event) || !self.0.insert(event) {
            return false;
        }
        if self.0.len() >= Self::MOST {
            self.1 = std::mem::take(&mut self.0);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Count(u64);

    impl Weight for Count {
        fn weight(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn rare_keys_are_forgotten_and_counted() {
        let mut bounded = Bounded::<Count>::within(64 << 10);
        for number in 0..5_000 {
            bounded.entry("frequent").0 += 1;
            bounded.entry(&format!("rare {number}")).0 += 1;
            assert!(bounded.bytes <= 64 << 10);
        }
        let ranked = bounded.ranked();
        assert_eq!((ranked[0].0, ranked[0].1.0), ("frequent", 5_000));
        assert_eq!(bounded.forgotten() + ranked.len() as u64, 5_001);
    }

    #[test]
    fn a_few_values_are_kept_once() {
        let mut few = Few::<u8, 2>::default();
        for value in [1, 2, 1] {
            few.add(value);
        }
        assert_eq!((few.list(), few.count().as_str()), ([1, 2].as_slice(), "2"));
        few.add(3);
        assert_eq!((few.len(), few.count().as_str()), (2, "more than 2"));
    }

    #[test]
    fn an_event_is_new_once() {
        let mut seen = SeenEvents::none();
        assert!(seen.is_new(7) && !seen.is_new(7));
        for event in 10..10 + SeenEvents::MOST as u64 {
            assert!(seen.is_new(event));
        }
        assert!(!seen.is_new(7) && seen.0.len() + seen.1.len() <= 2 * SeenEvents::MOST);
    }
}
