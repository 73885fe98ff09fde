//! Reads of each record what can be a reason for a proposal.

use std::{mem, ops::ControlFlow};

use trailbell::{
    engine::{ParseError, Scratch, Sieve},
    log_file::RawRecord,
    proposal::Facts,
    search::Period,
};

use crate::logs::{Output, RecordReader};

/// Facts are passed on in blocks of so many.
const BLOCK: usize = 256;

/// What is passed on: facts, and how many records they are of.
#[derive(Default)]
pub struct Block {
    pub facts: Vec<Facts>,
    pub records: u64,
}

/// Reads records of a period that a filter matches.
pub struct FactsReader<'s> {
    sieve: &'s Sieve,
    period: Period,
    scratch: Scratch,
    block: Block,
}

impl<'s> FactsReader<'s> {
    pub fn new(sieve: &'s Sieve, period: Period) -> Self {
        Self { sieve, period, scratch: Scratch::default(), block: Block::default() }
    }
}

impl RecordReader for FactsReader<'_> {
    type Output = Block;

    fn begin(&mut self, _: &str) {
        self.block = Block::default();
    }

    fn record(&mut self, record: RawRecord<'_>, output: &mut Output<'_, Block>) -> Result<ControlFlow<()>, ParseError> {
        let found = self.sieve.select(record, |time| self.period.includes(time), &mut self.scratch)?;
        self.block.records += 1;
        self.block.facts.extend(found.as_ref().and_then(Facts::of));
        let is_full = self.block.facts.len() >= BLOCK;
        Ok(if is_full { self.flush(output) } else { ControlFlow::Continue(()) })
    }

    fn flush(&mut self, output: &mut Output<'_, Block>) -> ControlFlow<()> {
        output(mem::take(&mut self.block))
    }

    fn end(&mut self, output: &mut Output<'_, Block>) -> ControlFlow<()> {
        self.flush(output)
    }
}
