//! Evaluates the records of all files, and passes on lines or decides about alerts, in the order of the files.

use std::{
    io::{self, Write},
    ops::ControlFlow,
};

use jiff::Timestamp;
use trailbell::{
    backtest::Counts,
    engine::{self, Engine, Evaluated, Finding, ParseError, Scratch},
    log_file::RawRecord,
};

use super::alerts::{AlertKeeper, Alerts};
use crate::{
    logs::{self, LogSource, LogSources, LogTally, Output, RecordReader},
    selection::Selection,
};

/// Lines are passed on in blocks of about this many bytes.
const BLOCK: usize = 32 * 1024;
/// How many findings are decided together.
const DECIDED_TOGETHER: usize = 200;
/// From how many bytes on a record is long.
const LONG_RECORD: usize = 16 * 1024;

/// Appends the line of a match in the file of that name.
pub type WriteLine<'a> = dyn Fn(&mut Vec<u8>, &Finding, &str) + Sync + 'a;

/// What becomes of matches.
pub enum Wanted<'a, 'e, K> {
    /// A line of each on standard output.
    Lines(&'a WriteLine<'a>),
    /// The alerts that they raise.
    Alerts(&'a mut Alerts<'e, K>),
}

/// What a replay read.
pub struct Replay {
    /// The records and the matches of each rule.
    pub counts: Counts,
    /// The files, and what could not be read.
    pub read: LogTally,
}

impl Replay {
    /// Reads all files. For alerts, it reads them in the order of their delivery, all accounts and regions together.
    ///
    /// # Errors
    ///
    /// If standard output or standard error cannot be written.
    pub fn of<K: AlertKeeper>(
        mut sources: LogSources,
        engine: &Engine,
        selection: &Selection,
        wanted: Wanted<'_, '_, K>,
    ) -> io::Result<Self> {
        let mut counts = Counts::new(engine.rules().len());
        let (line, mut alerts) = match wanted {
            Wanted::Lines(line) => (Some(line), None),
            Wanted::Alerts(alerts) => (None, Some(alerts)),
        };
        if alerts.is_some() {
            sources.list.sort_by_cached_key(LogSource::delivered);
        }
        let (mut found, mut scratch) = (Vec::new(), Scratch::default());
        let read = logs::read(sources, || Reader::new(engine, selection, line), &mut |file, output| {
            match (output, &mut alerts) {
                (Replayed::FirstEvent(time), Some(alerts)) => alerts.begin(time),
                (Replayed::Findings(findings), Some(alerts)) => {
                    found.extend(findings);
                    if found.len() >= DECIDED_TOGETHER {
                        alerts.decide(file, std::mem::take(&mut found));
                    }
                }
                (Replayed::LongMatch(text), Some(alerts)) => {
                    alerts.decide(file, std::mem::take(&mut found));
                    alerts.decide_record(file, &text, &mut scratch);
                }
                (Replayed::Lines(block), _) => io::stdout().write_all(&block)?,
                (Replayed::End(of_file), alerts) => {
                    counts.add(&of_file);
                    if let Some(alerts) = alerts {
                        alerts.decide(file, std::mem::take(&mut found));
                    }
                }
                (Replayed::FirstEvent(_) | Replayed::Findings(_) | Replayed::LongMatch(_), None) => {}
            }
            Ok(())
        })?;
        if let Some(alerts) = alerts {
            alerts.finish();
        }
        Ok(Self { counts, read })
    }
}

/// What comes of a file: the time of its first event, where alerts are wanted; its lines or findings; its counts at its end.
enum Replayed {
    FirstEvent(Timestamp),
    Lines(Vec<u8>),
    Findings(Vec<Finding>),
    /// The text of a long record that rules match. Parsed, many of these would take too much memory while they wait.
    LongMatch(Vec<u8>),
    End(Counts),
}

/// Evaluates records; without lines, it passes on findings.
struct Reader<'e> {
    engine: &'e Engine,
    selection: &'e Selection,
    line: Option<&'e WriteLine<'e>>,
    scratch: Scratch,
    /// The name of the file as it can be shown.
    file: String,
    counts: Counts,
    block: Vec<u8>,
}

impl<'e> Reader<'e> {
    fn new(engine: &'e Engine, selection: &'e Selection, line: Option<&'e WriteLine<'e>>) -> Self {
        let (scratch, counts) = (Scratch::default(), Counts::default());
        Self { engine, selection, line, scratch, file: String::new(), counts, block: Vec::new() }
    }
}

impl RecordReader for Reader<'_> {
    type Output = Replayed;

    fn begin(&mut self, file: &str) {
        file.clone_into(&mut self.file);
        self.counts = Counts::new(self.engine.rules().len());
        self.block.clear();
    }

    fn record(
        &mut self,
        record: RawRecord<'_>,
        output: &mut Output<'_, Replayed>,
    ) -> Result<ControlFlow<()>, ParseError> {
        let (mut findings, repaired) = match self.engine.evaluate(record, &mut self.scratch) {
            Evaluated::Record { findings, repaired } => (findings, repaired),
            Evaluated::Unparsable(error) => return Err(error),
        };
        // All findings are about one record. Few records have any, so the selection comes last.
        if findings.first().is_some_and(|finding| !self.selection.wants(&finding.record)) {
            findings.clear();
        }
        let is_first = self.counts.evaluated == 0;
        self.counts.evaluated(&findings, repaired);
        let Some(line) = self.line else {
            if is_first
                && let Some(time) = time_of(record)
                && output(Replayed::FirstEvent(self.selection.period.since.map_or(time, |since| since.max(time))))
                    .is_break()
            {
                return Ok(ControlFlow::Break(()));
            }
            return Ok(match (findings.is_empty(), record.text.len()) {
                (true, _) => ControlFlow::Continue(()),
                (false, ..LONG_RECORD) => output(Replayed::Findings(findings)),
                (false, _) => output(Replayed::LongMatch(record.text.to_owned())),
            });
        };
        for finding in &findings {
            line(&mut self.block, finding, &self.file);
            if self.block.len() >= BLOCK && self.flush(output).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn flush(&mut self, output: &mut Output<'_, Replayed>) -> ControlFlow<()> {
        if self.block.is_empty() {
            return ControlFlow::Continue(());
        }
        output(Replayed::Lines(std::mem::take(&mut self.block)))
    }

    fn end(&mut self, output: &mut Output<'_, Replayed>) -> ControlFlow<()> {
        output(Replayed::End(std::mem::take(&mut self.counts)))
    }
}

fn time_of(record: RawRecord<'_>) -> Option<Timestamp> {
    engine::parse(record.text).ok()?.0.event_time()
}
