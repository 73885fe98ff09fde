//! Finds the wanted records of files, and makes of each what is kept of it.

use std::{mem, ops::ControlFlow};

use jiff::Timestamp;
use trailbell::{
    engine::{ParseError, Scratch, Sieve},
    log_file::RawRecord,
    search::{EventKey, FoundRecord, Period, Pivots},
};

use crate::logs::{Output, RecordReader};

/// Matches are passed on in blocks of about this many bytes.
const BLOCK: usize = 32 * 1024;

/// Which records are wanted.
pub struct Wanted {
    pub sieve: Sieve,
    pub period: Period,
    pub pivots: Option<Pivots>,
}

/// A wanted record: its place in the order, and what is kept of it.
pub struct Match {
    pub key: EventKey,
    pub index: u64,
    pub kept: Vec<u8>,
}

/// What comes of a file: its wanted records, and at its end what was looked at.
pub enum Searched {
    Matches(Vec<Match>),
    End(LookedAt),
}

/// How many records were looked at, and the times between which they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct LookedAt {
    pub records: u64,
    pub times: Option<(Timestamp, Timestamp)>,
}

impl LookedAt {
    /// Adds those of another file.
    pub fn add(&mut self, other: Self) {
        self.records += other.records;
        for time in other.times.into_iter().flat_map(|(first, last)| [first, last]) {
            self.see(time);
        }
    }

    fn see(&mut self, time: Timestamp) {
        let (first, last) = self.times.unwrap_or((time, time));
        self.times = Some((first.min(time), last.max(time)));
    }
}

/// Reads records; `keep` makes of a wanted one what is kept.
pub struct Finder<'w, K> {
    wanted: &'w Wanted,
    keep: &'w K,
    scratch: Scratch,
    file: String,
    block: Vec<Match>,
    bytes: usize,
    looked_at: LookedAt,
}

impl<'w, K: Fn(FoundRecord<'_>, &EventKey, &[u8]) -> Vec<u8>> Finder<'w, K> {
    pub fn new(wanted: &'w Wanted, keep: &'w K) -> Self {
        let (scratch, block, looked_at) = (Scratch::default(), Vec::new(), LookedAt::default());
        Self { wanted, keep, scratch, file: String::new(), block, bytes: 0, looked_at }
    }
}

impl<K: Fn(FoundRecord<'_>, &EventKey, &[u8]) -> Vec<u8>> RecordReader for Finder<'_, K> {
    type Output = Searched;

    fn begin(&mut self, file: &str) {
        file.clone_into(&mut self.file);
        self.block.clear();
        self.looked_at = LookedAt::default();
    }

    fn record(
        &mut self,
        record: RawRecord<'_>,
        output: &mut Output<'_, Searched>,
    ) -> Result<ControlFlow<()>, ParseError> {
        let Wanted { sieve, period, pivots } = self.wanted;
        let found = sieve.select(record, |time| period.includes(time), &mut self.scratch)?;
        self.looked_at.records += 1;
        if let Some(time) = sieve.time(record, &mut self.scratch) {
            self.looked_at.see(time);
        }
        let Some(found) = found else { return Ok(ControlFlow::Continue(())) };
        let place = FoundRecord { record: &found, file: &self.file, index: record.index };
        if pivots.as_ref().is_some_and(|pivots| !pivots.agrees(place)) {
            return Ok(ControlFlow::Continue(()));
        }
        let key = EventKey::of(&found);
        let kept = (self.keep)(place, &key, record.text);
        self.bytes += kept.len() + size_of::<Match>();
        self.block.push(Match { key, index: record.index, kept });
        Ok(if self.bytes >= BLOCK { self.flush(output) } else { ControlFlow::Continue(()) })
    }

    fn flush(&mut self, output: &mut Output<'_, Searched>) -> ControlFlow<()> {
        self.bytes = 0;
        if self.block.is_empty() {
            return ControlFlow::Continue(());
        }
        output(Searched::Matches(mem::take(&mut self.block)))
    }

    fn end(&mut self, output: &mut Output<'_, Searched>) -> ControlFlow<()> {
        output(Searched::End(self.looked_at))
    }
}
