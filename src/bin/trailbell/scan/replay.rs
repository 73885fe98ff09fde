//! Evaluates the records of all files, and prints their lines in the order of the files.

use std::{
    io::{self, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use trailbell::{
    backtest::Counts,
    diagnostic::counted,
    engine::{self, Engine, Evaluated, Finding, ParseError, Scratch},
    log_file::RawRecord,
    untrusted::printable,
};

use super::{
    alerts::Alerts,
    line::{ScanFormat, write_match},
};
use crate::{
    inputs,
    logs::{self, LogSource, LogSources, LogTally, Output, RecordReader},
    selection::{Selection, SelectionArgs},
    status::Status,
};

/// Lines are passed on in blocks of about this many bytes.
const BLOCK: usize = 32 * 1024;
/// How many findings are decided together.
const DECIDED_TOGETHER: usize = 200;
/// From how many bytes on a record is long.
const LONG_RECORD: usize = 16 * 1024;

/// Prints matches or alerts on standard output, and errors and a tally on standard error.
///
/// # Errors
///
/// If the rules or S3 cannot be used, or the output cannot be written.
pub fn run(
    rules: &Path,
    selection: &SelectionArgs,
    format: ScanFormat,
    alerts: bool,
    notices: bool,
    paths: &[PathBuf],
) -> Status {
    let engine = Engine::new(inputs::rules(rules)?);
    let selection = selection.read(Timestamp::now())?;
    let mut sources = LogSources::of(paths)?;
    if alerts {
        // All accounts and regions together, in the order of delivery.
        sources.list.sort_by_cached_key(LogSource::delivered);
    }
    let mut total = Counts::new(engine.rules().len());
    let mut raised = alerts.then(|| Alerts::new(&engine, notices));
    let reader = || Replay::new(&engine, &selection, (!alerts).then_some(format));
    let (mut found, mut scratch) = (Vec::new(), Scratch::default());
    let read = logs::read(sources, reader, &mut |file, output| {
        match (output, &mut raised) {
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
            (Replayed::End(counts), alerts) => {
                total.add(&counts);
                if let Some(alerts) = alerts {
                    alerts.decide(file, std::mem::take(&mut found));
                }
            }
            (Replayed::FirstEvent(_) | Replayed::Findings(_) | Replayed::LongMatch(_), None) => {}
        }
        Ok(())
    })?;
    if let Some(alerts) = &mut raised {
        alerts.finish();
        alerts.print(format, &mut io::stdout().lock())?;
    }
    tally(&engine, &total, raised.as_ref(), &read)?;
    Ok(u8::from(read.is_incomplete()))
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

/// Evaluates records; without a format, it passes on findings instead of lines.
struct Replay<'e> {
    engine: &'e Engine,
    selection: &'e Selection,
    format: Option<ScanFormat>,
    scratch: Scratch,
    /// The name of the file as it can be shown.
    file: String,
    counts: Counts,
    block: Vec<u8>,
}

impl<'e> Replay<'e> {
    fn new(engine: &'e Engine, selection: &'e Selection, format: Option<ScanFormat>) -> Self {
        let (scratch, counts) = (Scratch::default(), Counts::default());
        Self { engine, selection, format, scratch, file: String::new(), counts, block: Vec::new() }
    }
}

impl RecordReader for Replay<'_> {
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
        let Some(format) = self.format else {
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
            write_match(&mut self.block, format, finding, &self.file);
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

fn tally(engine: &Engine, total: &Counts, alerts: Option<&Alerts<'_>>, read: &LogTally) -> io::Result<()> {
    let mut stderr = io::stderr().lock();
    read.write_passed_over(&mut stderr)?;
    for (at, (rule, matches)) in engine.rules().iter().zip(&total.matches).enumerate() {
        let raised = alerts.map(|alerts| format!("{:>9} of", alerts.of_rule(at))).unwrap_or_default();
        if *matches > 0 {
            let covered = alerts.map(|alerts| alerts.covered(at)).filter(|covered| *covered > 0);
            let covered = covered.map(|covered| format!("  ({covered} covered)")).unwrap_or_default();
            let (severity, name) = (rule.severity.number(), printable(&rule.name));
            writeln!(stderr, "{raised}{matches:>9}  SEV{severity}  {name}{covered}")?;
        }
    }
    let matches: u64 = total.matches.iter().sum();
    let mut parts = vec![
        counted(read.files, "file"),
        counted(total.evaluated, "record"),
        if matches == 1 { "1 match".to_owned() } else { format!("{matches} matches") },
    ];
    if let Some(alerts) = alerts {
        let in_summaries = alerts.in_summaries();
        let in_summaries = if in_summaries > 0 { format!(" ({in_summaries} in summaries)") } else { String::new() };
        parts.push(counted(alerts.count(), "alert") + &in_summaries);
        parts.extend(alerts.silent().map(|(decision, count)| format!("{count} {}", decision.replace('_', " "))));
        let suppressed: u64 = total.suppressed.iter().sum();
        parts.extend((suppressed > 0).then(|| format!("{suppressed} suppressed")));
        let notices = alerts.notices();
        if !notices.is_empty() {
            let of_kind = notices.iter().map(|(kind, count)| count_of(*count, kind)).collect::<Vec<_>>().join(", ");
            parts.push(format!("{} ({of_kind})", counted(notices.values().sum(), "notice")));
        }
    }
    parts.extend((total.repaired > 0).then(|| format!("{} repaired", total.repaired)));
    parts.extend(read.unread());
    writeln!(stderr, "{}", parts.join(", "))
}

/// Such as `2 summaries`.
fn count_of(count: u64, kind: &str) -> String {
    match kind.strip_suffix('y').filter(|_| count != 1) {
        Some(stem) => format!("{count} {stem}ies"),
        None => counted(count, kind),
    }
}
