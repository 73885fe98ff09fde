//! How much work the evaluation of one record may take, and what is computed of it once: the JSON in its strings, and the hash
//! of its request.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use super::{document::document, json::Json};

/// The work on one record: what is left of its budget, and the documents in its strings.
///
/// Work is counted in steps, each of which takes about a nanosecond, so that a record costs the same on every machine.
#[derive(Default)]
pub struct WorkBudget {
    /// How many steps are used, and whether that is too many.
    used: AtomicU64,
    /// How many steps may be used; 0 means any number.
    limit: AtomicU64,
    /// By a hash of the place of the string in memory: a hash table that only grows, with a tree in each slot.
    documents: OnceLock<Box<[Slot]>>,
    /// The hash of its request.
    request_hash: OnceLock<Option<String>>,
}

type Slot = OnceLock<Box<Entry>>;

/// What one string holds.
struct Entry {
    /// The address and the length of the string.
    place: (usize, usize),
    document: Option<Json>,
    /// Other strings of the same slot, by the next bit of their hashes.
    others: [Slot; 2],
}

const SLOTS: u64 = 2048;

/// The steps of a visit to a node.
pub const VISIT: u64 = 10;

/// The steps of a test of a text of this many bytes; a search passes about two bytes a step.
pub fn test_steps(bytes: usize) -> u64 {
    VISIT + bytes as u64 / 2
}

impl WorkBudget {
    /// A budget in steps.
    pub fn within(limit: u64) -> Self {
        Self { limit: limit.into(), ..Self::default() }
    }

    /// Runs a task with a budget in steps; `None` if it is used up. Documents that were read are kept.
    pub fn bounded<T>(&self, limit: u64, task: impl FnOnce() -> T) -> Option<T> {
        self.used.store(0, Ordering::Relaxed);
        self.limit.store(limit, Ordering::Relaxed);
        let result = task();
        let is_void = self.is_exhausted();
        self.limit.store(0, Ordering::Relaxed);
        (!is_void).then_some(result)
    }

    /// Uses some steps. False once the budget is used up: the caller stops, and its result is void.
    #[inline]
    pub fn spend(&self, steps: u64) -> bool {
        let used = self.used.load(Ordering::Relaxed).saturating_add(steps);
        self.used.store(used, Ordering::Relaxed);
        !self.is_over(used)
    }

    /// Whether the budget is used up, so that results are void.
    pub fn is_exhausted(&self) -> bool {
        self.is_over(self.used.load(Ordering::Relaxed))
    }

    #[inline]
    fn is_over(&self, used: u64) -> bool {
        let limit = self.limit.load(Ordering::Relaxed);
        limit > 0 && used > limit
    }

    /// The hash of the record's request, which `hash` computes the first time.
    pub(super) fn request_hash(&self, hash: impl FnOnce() -> Option<String>) -> Option<&str> {
        if let Some(known) = self.request_hash.get() {
            return known.as_deref();
        }
        let found = hash();
        // Without steps it is not that of the whole request.
        if self.is_exhausted() {
            return None;
        }
        self.request_hash.get_or_init(|| found).as_deref()
    }

    /// The object or list that a string holds, plain or percent-encoded. The string belongs to the record of this work.
    pub fn document<'a>(&'a self, text: &'a str) -> Option<&'a Json> {
        let bytes = text.as_bytes();
        // White space and a byte order mark may come first.
        let may_begin = |byte: &u8| matches!(byte, b'{' | b'[' | 0..=b' ' | 0x7f..);
        if !bytes.first().is_some_and(may_begin) && memchr::memchr(b'%', bytes).is_none() {
            self.spend(bytes.len() as u64 / 16);
            return None;
        }
        let place = (bytes.as_ptr().addr(), bytes.len());
        let slots = self.documents.get_or_init(|| (0..SLOTS).map(|_| Slot::new()).collect());
        let mut hash = hash(place);
        let mut slot = slots.get(usize::try_from(hash % SLOTS).ok()?)?;
        hash /= SLOTS;
        loop {
            // A look into memory.
            self.spend(3 * VISIT);
            match slot.get() {
                Some(entry) if entry.place == place => return entry.document.as_ref(),
                Some(entry) => {
                    slot = &entry.others[usize::from(hash & 1 == 1)];
                    hash >>= 1;
                }
                None => {
                    self.spend(bytes.len() as u64 * STEPS_A_BYTE);
                    let read =
                        || Box::new(Entry { place, document: document(text), others: [Slot::new(), Slot::new()] });
                    let entry = slot.get_or_init(read);
                    // Another thread may have put another string there.
                    if entry.place == place {
                        return entry.document.as_ref();
                    }
                }
            }
        }
    }
}

/// What it takes to parse a byte of JSON.
const STEPS_A_BYTE: u64 = 10;

fn hash((address, length): (usize, usize)) -> u64 {
    let mixed = (address as u64 ^ (length as u64).rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed.swap_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_is_read_once_failures_included() {
        let work = WorkBudget::default();
        let texts: Vec<String> = (0..5000).map(|number| format!("[{number}{}", ["]", "", "}"][number % 3])).collect();
        let read = || texts.iter().map(|text| work.document(text)).collect::<Vec<_>>();
        let (first, second) = (read(), read());
        for (number, (one, other)) in first.into_iter().zip(second).enumerate() {
            assert_eq!(one, other);
            assert_eq!(one.is_some(), number % 3 == 0, "{number}");
            assert!(one.zip(other).is_none_or(|(one, other)| std::ptr::eq(one, other)), "{number}");
        }
        assert!(work.document("arn:aws:iam::1:user/a").is_none());
        assert!(work.document("%5B1%5D").is_some() && work.document("\u{feff} [1]").is_some());
        assert!(work.document("").is_none());
    }

    #[test]
    fn a_budget_ends() {
        let work = WorkBudget::within(100);
        assert!(work.spend(100) && !work.is_exhausted());
        assert!(!work.spend(1) && work.is_exhausted() && !work.spend(0));
        let work = WorkBudget::default();
        assert_eq!(work.bounded(100, || work.spend(100)), Some(true));
        assert_eq!(work.bounded(100, || work.spend(101)), None);
        assert!(WorkBudget::default().spend(u64::MAX) && WorkBudget::default().spend(u64::MAX));
    }
}
