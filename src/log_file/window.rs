//! The decompressed bytes that are still needed: those not yet scanned, and the text kept for a record.
//!
//! Memory stays bounded because a kept text that grows over its cap is forgotten.

use std::ops::Range;

/// How many bytes come in at a time.
const STEP: usize = 256 * 1024;
/// Less room than this is not worth a call.
const LEAST_ROOM: usize = STEP / 4;

/// A buffer that moves along the decompressed bytes.
#[cfg_attr(test, derive(Clone))]
pub(super) struct Window {
    /// The longest text that is kept.
    max_kept: usize,
    bytes: Vec<u8>,
    /// Where the kept text starts.
    kept: Option<usize>,
    scanned: usize,
    filled: usize,
    /// How many bytes were dropped before `bytes[0]`.
    dropped: u64,
}

impl Window {
    /// Empty, and never much larger than `max_kept` bytes.
    pub(super) fn new(max_kept: usize) -> Self {
        Self { max_kept, bytes: Vec::new(), kept: None, scanned: 0, filled: 0, dropped: 0 }
    }

    /// What is not scanned yet.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.scanned..self.filled]
    }

    /// The next `length` bytes of [`Self::rest`] are scanned.
    pub(super) fn advance(&mut self, length: usize) {
        self.scanned = (self.scanned + length).min(self.filled);
    }

    /// The offset of [`Self::rest`] in all the bytes that ever came in.
    pub(super) fn offset(&self) -> u64 {
        self.dropped + self.scanned as u64
    }

    /// How many bytes ever came in.
    pub(super) fn total(&self) -> u64 {
        self.dropped + self.filled as u64
    }

    /// Keeps the text that starts here, and none that started before.
    pub(super) fn keep(&mut self) {
        self.kept = Some(self.scanned);
    }

    /// Keeps no text.
    pub(super) fn forget(&mut self) {
        self.kept = None;
    }

    /// Where the kept text up to here stands, for [`Self::text`]. It is kept no longer than until more comes in.
    pub(super) fn cut(&mut self) -> Range<usize> {
        self.kept.take().unwrap_or(self.scanned)..self.scanned
    }

    /// A text that was cut, as long as nothing came in after it.
    pub(super) fn text(&self, cut: Range<usize>) -> &[u8] {
        &self.bytes[cut]
    }

    /// Room for more, never empty; what was cut goes. Say how much came in with [`Self::filled`].
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
            self.bytes.resize((self.filled * 2).min(longest).max(self.filled + STEP), 0);
        }
        let end = self.bytes.len().min(self.filled + STEP);
        &mut self.bytes[self.filled..end]
    }

    /// So many bytes came in.
    pub(super) fn filled(&mut self, length: usize) {
        self.filled = (self.filled + length).min(self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_bounded_and_keeps_what_is_allowed() {
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
