//! Counts distinct events in bounded memory.
//!
//! The smallest hashes are kept, so the count depends neither on the order nor on the repetition of events. Up to
//! [`Distinct::EXACT`] events the count is exact; beyond, it is estimated from the density of the kept hashes (the k
//! minimum values of Bar-Yossef et al., "Counting Distinct Elements in a Data Stream", RANDOM 2002).

use std::fmt::Write;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A set of events: the hashes of some hundred of them, and whether there were more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distinct {
    /// In ascending order, each once.
    hashes: Vec<u64>,
    /// Whether there were more events than hashes.
    more: bool,
}

impl Distinct {
    /// Up to this many events the count is exact.
    pub const EXACT: usize = 500;

    /// Adds an event, and returns whether it may be new: an event whose hash is not kept counts as new.
    pub fn insert(&mut self, hash: u64) -> bool {
        let Err(at) = self.hashes.binary_search(&hash) else { return false };
        self.hashes.insert(at, hash);
        self.trim();
        true
    }

    /// Whether the event's hash is kept.
    pub fn contains(&self, hash: u64) -> bool {
        self.hashes.binary_search(&hash).is_ok()
    }

    /// How many events there are, exactly or as an estimate.
    pub fn count(&self) -> u64 {
        let kept = self.hashes.len() as u64;
        match self.hashes.last() {
            // All kept hashes but the largest are below the largest.
            Some(&largest) if self.more => {
                let estimate = (u128::from(kept - 1) << 64) / u128::from(largest.max(1));
                u64::try_from(estimate).unwrap_or(u64::MAX).max(kept + 1)
            }
            _ => kept,
        }
    }

    /// Whether the count is exact.
    pub fn is_exact(&self) -> bool {
        !self.more
    }

    fn trim(&mut self) {
        if self.hashes.len() > Self::EXACT {
            self.hashes.truncate(Self::EXACT);
            self.more = true;
        }
    }
}

/// One text: 16 hexadecimal digits an event, and a `+` if there were more events.
impl Serialize for Distinct {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(self.hashes.len() * 16 + 1);
        for hash in &self.hashes {
            // Writing to a string cannot fail.
            let _ = write!(text, "{hash:016x}");
        }
        if self.more {
            text.push('+');
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (hashes, more) = text.strip_suffix('+').map_or((text.as_str(), false), |hashes| (hashes, true));
        let hash = |digits: &[u8]| u64::from_str_radix(str::from_utf8(digits).ok()?, 16).ok();
        let hashes: Option<Vec<u64>> = hashes.as_bytes().chunks(16).map(hash).collect();
        let is_valid = |hashes: &Vec<u64>| hashes.len() <= Self::EXACT && hashes.is_sorted_by(|one, next| one < next);
        let hashes = hashes
            .filter(is_valid)
            .ok_or_else(|| D::Error::custom("expected ascending hashes of 16 hexadecimal digits"))?;
        Ok(Self { hashes, more })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::state::key::event_hash;

    fn of(events: impl IntoIterator<Item = usize>) -> Distinct {
        let mut distinct = Distinct::default();
        for event in events {
            distinct.insert(event_hash(&event.to_string()));
        }
        distinct
    }

    #[test]
    fn some_hundreds_are_counted_exactly() {
        for count in [0, 1, 2, 499, 500] {
            let distinct = of((0..count).chain((0..count).rev()));
            assert_eq!((distinct.count(), distinct.is_exact()), (count as u64, true));
        }
        assert!(!of(0..501).is_exact() && of(0..501).count() > 500);
    }

    /// The standard error of 500 hashes is 1 in the square root of 500; four of them are 18 per cent.
    #[test]
    fn more_are_estimated() {
        for count in [1_000, 10_000, 100_000] {
            let estimate = of(0..count).count() as f64 / count as f64;
            assert!((0.82..1.18).contains(&estimate), "{count}: {estimate}");
        }
    }

    #[test]
    fn neither_order_nor_repetition_changes_anything() {
        let all: BTreeSet<usize> = (0..2_000).collect();
        let shuffled = all.iter().map(|event| event * 7_919 % 2_000);
        assert_eq!(of(all.iter().copied()), of(shuffled.chain(0..2_000)));
    }
}
