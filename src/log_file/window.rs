//! The decompressed bytes that are still needed: those not yet scanned, and the text kept for a record.
//!
//! Memory is bounded because a kept text that grows beyond its limit is dropped.

use std::ops::Range;

/// How many bytes are added at a time.
const STEP: usize = 256 * 1024;
/// The buffer grows if less room than this is left, in bytes.
const LEAST_ROOM: usize = STEP / 4;

/// A buffer that moves along the decompressed bytes.
#[cfg_attr(test, derive(Clone))]
pub(super) struct Window {
    /// The longest text that is kept, in bytes.
    max_kept: usize,
    bytes: Vec<u8>,
    /// The start of the kept text in `bytes`.
    kept: Option<usize>,
    scanned: usize,
    filled: usize,
    /// How many bytes were dropped before `bytes[0]`.
    dropped: u64,
}

impl Window {
    /// An empty window, which never grows much larger than `max_kept` bytes.
    pub(super) fn new(max_kept: usize) -> Self {
        Self { max_kept, bytes: Vec::new(), kept: None, scanned: 0, filled: 0, dropped: 0 }
    }

    /// The bytes that are not scanned yet.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.scanned..self.filled]
    }

    /// Marks the next `length` bytes of [`Self::rest`] as scanned.
    pub(super) fn advance(&mut self, length: usize) {
        self.scanned = (self.scanned + length).min(self.filled);
    }

    /// The offset of [`Self::rest`] in the whole decompressed file.
    pub(super) fn offset(&self) -> u64 {
        self.dropped + self.scanned as u64
    }

    /// How many bytes were added in total.
    pub(super) fn total(&self) -> u64 {
        self.dropped + self.filled as u64
    }

    /// Keeps the text that starts here, and drops any that started before.
    pub(super) fn keep(&mut self) {
        self.kept = Some(self.scanned);
    }

    /// Keeps no text.
    pub(super) fn forget(&mut self) {
        self.kept = None;
    }

    /// Ends the kept text here and returns its range, for [`Self::text`]. It is valid until [`Self::room`] is called.
    pub(super) fn cut(&mut self) -> Range<usize> {
        self.kept.take().unwrap_or(self.scanned)..self.scanned
    }

    /// The text of a range that [`Self::cut`] returned.
    pub(super) fn text(&self, cut: Range<usize>) -> &[u8] {
        &self.bytes[cut]
    }

    /// Room for more bytes, never empty. Texts that were cut are dropped. [`Self::filled`] reports how much was written.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.kept = self.kept.filter(|kept| self.scanned - kept <= self.max_kept);
        let needed = self.kept.unwrap_or(self.scanned);
        self.bytes.copy_within(needed..self.filled, 0);
        self.kept = self.kept.map(|_| 0);
        self.scanned -= needed;
        self.filled -= needed;
        self.dropped += needed as u64;
        if self.bytes.len() - self.filled < LEAST_ROOM {
            let longest = self.max_kept.saturating_add(STEP);
            let length = (self.filled * 2).min(longest).max(self.filled + STEP);
            if self.bytes.is_empty() {
                // Zeros from the allocator: most files are short, and use few of these bytes.
                self.bytes = vec![0; length];
            } else {
                self.bytes.resize(length, 0);
            }
        }
        let end = self.bytes.len().min(self.filled + STEP);
        &mut self.bytes[self.filled..end]
    }

    /// Adds the first `length` bytes of the last [`Self::room`].
    pub(super) fn filled(&mut self, length: usize) {
        self.filled = (self.filled + length).min(self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_short_texts_are_kept() {
        let mut window = Window::new(100_000);
        window.keep();
        for round in 1..1000_u64 {
            let length = window.room().len().min(1000);
            window.filled(length);
            window.advance(length);
            assert!(window.bytes.len() <= 100_000 + STEP);
            assert_eq!((window.offset(), window.total()), (round * 1000, round * 1000));
            if round == 100 {
                assert_eq!(window.clone().cut(), 0..100_000);
            }
        }
        assert!(window.cut().is_empty());
    }
}
