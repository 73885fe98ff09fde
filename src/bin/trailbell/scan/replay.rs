//! Reads the files of a scan in parallel, evaluates their records and prints their lines in the order of the files. The
//! output of files that wait for their turn is bounded.

use std::{
    collections::VecDeque,
    io::{self, IsTerminal, Read, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread,
};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use trailbell::{
    backtest::Counts,
    diagnostic::{chain, counted},
    engine::{self, Engine, Evaluated, Finding, Scratch},
    local,
    log_file::{FileHead, FileItem, Limits, RawRecord},
    object::Foreign,
    untrusted::printable,
};

use super::{
    alerts::Alerts,
    line::{ScanFormat, write_match},
    sources::{LogSource, LogSources, PassedOver},
};
use crate::{inputs, status::Status};

/// Lines are passed on in blocks of about this many bytes.
const BLOCK: usize = 32 * 1024;
/// How many findings are decided together.
const DECIDED_TOGETHER: usize = 200;
/// How many blocks of a file may wait for its turn.
const BLOCKS: usize = 8;

/// From how many bytes on a record is long.
const LONG_RECORD: usize = 16 * 1024;
/// How many objects are read from S3 at once.
const MAX_REQUESTS: usize = 8;
/// Input of more bytes gets a progress bar.
const LONG: u64 = 32 << 20;

/// Prints matches or alerts on standard output, and errors and a tally on standard error.
///
/// # Errors
///
/// If the rules or S3 cannot be used, or the output cannot be written.
pub fn run(rules: &Path, format: ScanFormat, alerts: bool, notices: bool, paths: &[PathBuf]) -> Status {
    let engine = Engine::new(inputs::rules(rules)?);
    let mut sources = LogSources::default();
    for path in paths {
        sources.add(path)?;
    }
    let LogSources { list: mut files, bytes, mut passed_over, complaints, .. } = sources;
    if alerts {
        // All accounts and regions together, in the order of delivery.
        files.sort_by_cached_key(LogSource::delivered);
    }
    let mut failed = complaints.len() as u64;
    for complaint in complaints {
        writeln!(io::stderr(), "error: {complaint}")?;
    }
    let progress = progress(bytes);
    let before = passed_over.count;
    let mut total = Counts::new(engine.rules().len());
    let mut raised = alerts.then(|| Alerts::new(&engine, notices));
    let threads = threads(&files);
    let (jobs, queue) = channel::<Job>();
    let queue = Mutex::new(queue);
    thread::scope(|scope| -> io::Result<()> {
        // Dropped at the end of this closure, which ends the workers.
        let jobs = jobs;
        for _ in 0..threads {
            scope.spawn(|| work(&engine, (!alerts).then_some(format), &queue, &progress));
        }
        let mut output = Output {
            progress: &progress,
            total: &mut total,
            failed: &mut failed,
            passed_over: &mut passed_over,
            alerts: raised.as_mut(),
        };
        let mut waiting = VecDeque::new();
        for file in &files {
            waiting.push_back((file.shown(), start(&jobs, file)));
            if waiting.len() > 2 * threads
                && let Some(first) = waiting.pop_front()
            {
                output.drain(first)?;
            }
        }
        waiting.into_iter().try_for_each(|file| output.drain(file))
    })?;
    progress.finish_and_clear();
    if let Some(alerts) = &mut raised {
        alerts.finish();
        alerts.print(format, &mut io::stdout().lock())?;
    }
    let read = files.len() as u64 - (passed_over.count - before);
    if read == 0 && failed == 0 {
        writeln!(io::stderr(), "error: nothing to read: no file holds records of CloudTrail")?;
        failed = 1;
    }
    tally(&engine, &total, raised.as_ref(), read, &passed_over, failed)?;
    Ok(u8::from(failed > 0 || total.unparsable > 0))
}

/// A file to read, and the channel for its output.
struct Job {
    file: LogSource,
    output: SyncSender<Replayed>,
}

/// The output of a file: the time of its first event, where alerts are wanted; its lines or findings and errors, in their
/// order; its end.
enum Replayed {
    FirstEvent(Timestamp),
    Lines(Vec<u8>),
    Findings(Vec<Finding>),
    /// The text of a long record that rules match. Parsed, many of these would take too much memory while they wait.
    LongMatch(Vec<u8>),
    Error(String),
    /// Why the file is something else than CloudTrail's.
    PassedOver(String),
    /// The file is another service's.
    Foreign(Foreign),
    End {
        counts: Counts,
        failed: bool,
    },
}

/// Records of one file that cannot be read.
#[derive(Default)]
struct Unread {
    /// How many were reported.
    reported: u64,
    /// How many were not.
    hidden: u64,
    /// How many documents are of another kind, and the first of them: where the file has nothing else, it is passed over.
    others: u64,
    first_other: Option<String>,
}

impl Unread {
    const MAX_REPORTED: u64 = 20;

    /// Whether another one is reported.
    fn report(&mut self) -> bool {
        let has_room = self.reported < Self::MAX_REPORTED;
        if has_room {
            self.reported += 1;
        } else {
            self.hidden += 1;
        }
        has_room
    }
}

/// How many threads read: a thread that waits for S3 uses no processor.
fn threads(files: &[LogSource]) -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let is_far = files.iter().any(|file| matches!(file, LogSource::Object(..)));
    processors.max(if is_far { MAX_REQUESTS } else { 1 }).min(files.len().max(1))
}

fn start(jobs: &Sender<Job>, file: &LogSource) -> Receiver<Replayed> {
    let (output, receiver) = sync_channel(BLOCKS);
    // If no worker is left, the channel closes, which ends the file.
    let _ = jobs.send(Job { file: file.clone(), output });
    receiver
}

/// Replays files from the queue; without a format, it passes on findings instead of lines.
fn work(engine: &Engine, format: Option<ScanFormat>, queue: &Mutex<Receiver<Job>>, progress: &ProgressBar) {
    let mut scratch = Scratch::default();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        replay(engine, format, &job, &mut scratch, progress);
    }
}

fn replay(engine: &Engine, format: Option<ScanFormat>, job: &Job, scratch: &mut Scratch, progress: &ProgressBar) {
    let shown = job.file.shown();
    let mut counts = Counts::new(engine.rules().len());
    let (mut block, mut unread) = (Vec::new(), Unread::default());
    // A closed channel ends the file.
    let send = |output| match job.output.send(output) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    };
    let mut see = |item: FileItem<'_>| {
        let (index, reason) = match item {
            FileItem::Record(record) => match engine.evaluate(record, scratch) {
                Evaluated::Record { findings, repaired } => {
                    let is_first = counts.evaluated == 0;
                    counts.evaluated(&findings, repaired);
                    let Some(format) = format else {
                        if is_first && let Some(time) = time_of(record) {
                            send(Replayed::FirstEvent(time))?;
                        }
                        return match (findings.is_empty(), record.text.len()) {
                            (true, _) => ControlFlow::Continue(()),
                            (false, ..LONG_RECORD) => send(Replayed::Findings(findings)),
                            (false, _) => send(Replayed::LongMatch(record.text.to_owned())),
                        };
                    };
                    for finding in &findings {
                        write_match(&mut block, format, finding, &shown);
                        if block.len() >= BLOCK {
                            send(Replayed::Lines(std::mem::take(&mut block)))?;
                        }
                    }
                    return ControlFlow::Continue(());
                }
                Evaluated::Unparsable(error) => (record.index, chain(&error)),
            },
            FileItem::Unparsable { reason, .. } if job.file.may_be_other() && reason.is_of_another_kind() => {
                unread.others += 1;
                unread.first_other.get_or_insert_with(|| chain(&reason));
                return ControlFlow::Continue(());
            }
            FileItem::Unparsable { index, reason } => (index, chain(&reason)),
        };
        counts.unparsable += 1;
        if !unread.report() {
            return ControlFlow::Continue(());
        }
        send(Replayed::Lines(std::mem::take(&mut block)))?;
        send(Replayed::Error(format!("{shown}: record {index}: {}", printable(&reason))))
    };
    let read = match open(&job.file) {
        Ok((first, _)) if let Some(kind) = job.file.foreign(&first) => {
            let _ = send(Replayed::Foreign(kind));
            return;
        }
        Ok((first, rest)) => {
            let input = io::Cursor::new(first).chain(rest);
            local::read(input, Limits::default(), &|bytes| progress.inc(bytes), &mut see)
        }
        Err(error) => Err(error.into()),
    };
    let _ = send(Replayed::Lines(block));
    let has_records = counts.evaluated + counts.unparsable > 0;
    let passed_over = match &read {
        _ if has_records || !job.file.may_be_other() => None,
        Ok(()) => unread.first_other.clone(),
        Err(local::ReadError::LogFile(error)) if error.is_of_another_kind(job.file.has_name_of_json()) => {
            Some(chain(error))
        }
        Err(_) => None,
    };
    if let Some(reason) = passed_over {
        let _ = send(Replayed::PassedOver(reason));
        return;
    }
    if let Some(reason) = &unread.first_other {
        counts.unparsable += unread.others;
        unread.hidden += unread.others - 1;
        let _ = send(Replayed::Error(format!("{shown}: {}", printable(reason))));
    }
    if unread.hidden > 0 {
        let hidden = counted(unread.hidden, "more record");
        let _ = send(Replayed::Error(format!("{shown}: {hidden} that cannot be read")));
    }
    if let Err(error) = &read {
        let _ = send(Replayed::Error(format!("{shown}: {}", printable(&chain(error)))));
    }
    let _ = send(Replayed::End { counts, failed: read.is_err() });
}

/// The first bytes of a file that is not named by the user, and the rest of it.
fn open(file: &LogSource) -> io::Result<(Vec<u8>, Box<dyn Read + '_>)> {
    let (mut first, mut input) = (Vec::new(), file.open()?);
    if !matches!(file, LogSource::File(_)) {
        input.by_ref().take(FileHead::MAX_BYTES as u64).read_to_end(&mut first)?;
    }
    Ok((first, input))
}

fn time_of(record: RawRecord<'_>) -> Option<Timestamp> {
    engine::parse(record.text).ok()?.0.event_time()
}

/// Collects and prints the output of all files.
struct Output<'a, 'e> {
    progress: &'a ProgressBar,
    total: &'a mut Counts,
    failed: &'a mut u64,
    passed_over: &'a mut PassedOver,
    alerts: Option<&'a mut Alerts<'e>>,
}

impl Output<'_, '_> {
    /// Prints the output of one file as it arrives.
    fn drain(&mut self, (file, output): (String, Receiver<Replayed>)) -> io::Result<()> {
        let (mut found, mut scratch) = (Vec::new(), Scratch::default());
        for output in output {
            match output {
                Replayed::FirstEvent(time) => {
                    if let Some(alerts) = &mut self.alerts {
                        alerts.begin(time);
                    }
                }
                Replayed::Findings(findings) => {
                    found.extend(findings);
                    if let Some(alerts) = self.alerts.as_mut().filter(|_| found.len() >= DECIDED_TOGETHER) {
                        alerts.decide(&file, std::mem::take(&mut found));
                    }
                }
                Replayed::LongMatch(text) => {
                    if let Some(alerts) = &mut self.alerts {
                        alerts.decide(&file, std::mem::take(&mut found));
                        alerts.decide_record(&file, &text, &mut scratch);
                    }
                }
                Replayed::Lines(block) if block.is_empty() => {}
                Replayed::Lines(block) => self.progress.suspend(|| io::stdout().write_all(&block))?,
                Replayed::Error(text) => self.progress.suspend(|| writeln!(io::stderr(), "error: {text}"))?,
                Replayed::Foreign(kind) => self.passed_over.add_foreign(&file, kind),
                Replayed::PassedOver(reason) => self.passed_over.add(&file, &reason),
                Replayed::End { counts, failed } => {
                    self.total.add(&counts);
                    *self.failed += u64::from(failed);
                }
            }
        }
        if let Some(alerts) = &mut self.alerts {
            alerts.decide(&file, found);
        }
        Ok(())
    }
}

fn progress(bytes: u64) -> ProgressBar {
    if bytes < LONG || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn tally(
    engine: &Engine,
    total: &Counts,
    alerts: Option<&Alerts<'_>>,
    files: u64,
    passed_over: &PassedOver,
    failed: u64,
) -> io::Result<()> {
    let mut stderr = io::stderr().lock();
    for shown in &passed_over.shown {
        writeln!(stderr, "passed over: {shown}")?;
    }
    let hidden = passed_over.count - passed_over.shown.len() as u64;
    if hidden > 0 {
        writeln!(stderr, "passed over: {hidden} more")?;
    }
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
        counted(files, "file"),
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
    let others = [
        (total.repaired, "repaired"),
        (total.unparsable, "unparsable"),
        (failed, "failed"),
        (passed_over.count, "passed over"),
    ];
    parts.extend(others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    let foreign: Vec<_> =
        passed_over.foreign.iter().map(|(kind, count)| format!("{count} {}", kind.replace('_', " "))).collect();
    if let Some(tally) = parts.last_mut().filter(|_| !foreign.is_empty()) {
        *tally = format!("{tally} ({})", foreign.join(", "));
    }
    writeln!(stderr, "{}", parts.join(", "))
}

/// Such as `2 summaries`.
fn count_of(count: u64, kind: &str) -> String {
    match kind.strip_suffix('y').filter(|_| count != 1) {
        Some(stem) => format!("{count} {stem}ies"),
        None => counted(count, kind),
    }
}
