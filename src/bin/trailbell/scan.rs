//! `trailbell scan`: CloudTrail files, on disk or in S3, replayed, a line a match or an alert.
//!
//! Files are read in parallel and their lines come out in the order of the files; what is held of files that are not
//! yet their turn is bounded.

use std::{
    collections::VecDeque,
    io::{self, IsTerminal, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread,
};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde::Serialize;
use trailbell::{
    alert,
    backtest::Counts,
    diagnostic::{chain, counted},
    engine::{self, Engine, Evaluated, Finding, Scratch},
    local,
    log_file::{FileItem, Limits, RawRecord},
    untrusted::{self, printable},
};

use crate::{
    Status,
    alerts::Alerts,
    inputs,
    sources::{Source, Sources},
};

/// How matches are printed.
#[derive(Clone, Copy, Default, ValueEnum)]
pub enum Format {
    /// Time, severity, rule, title, event id and file
    #[default]
    Text,
    /// One JSON object a match and line
    Jsonl,
}

/// Lines are handed on when this many bytes of them have come together.
const BLOCK: usize = 32 * 1024;
/// So many findings are decided about at once.
const FOUND: usize = 200;
/// How many blocks of a file may wait for its turn.
const BLOCKS: usize = 8;
/// How many objects of S3 are asked for at once.
const AT_ONCE: usize = 8;
/// The longest value shown, in characters.
const MAX_SHOWN: usize = 300;
/// Input of more bytes gets a progress bar.
const LONG: u64 = 32 << 20;

/// Prints matches on standard output, and what is wrong and a tally on standard error.
pub fn run(rules: &Path, format: Format, alerts: bool, paths: &[PathBuf]) -> Status {
    let engine = Engine::new(inputs::rules(rules)?);
    let mut sources = Sources::default();
    for path in paths {
        sources.add(path)?;
    }
    let Sources { list: mut files, bytes, passed_over, mut complaints, .. } = sources;
    if alerts {
        // As they came, from all accounts and regions.
        files.sort_by_cached_key(|file| file.delivered());
    }
    if files.is_empty() && complaints.is_empty() {
        complaints.push("nothing to read: of folders and of S3, .json and .json.gz files are read".to_owned());
    }
    let mut failed = complaints.len() as u64;
    for complaint in complaints {
        writeln!(io::stderr(), "error: {complaint}")?;
    }
    let progress = progress(bytes);
    let mut total = Counts::new(engine.rules().len());
    let mut raised = alerts.then(|| Alerts::new(&engine));
    let threads = threads(&files);
    let (jobs, queue) = channel::<Job>();
    let queue = Mutex::new(queue);
    thread::scope(|scope| -> io::Result<()> {
        // Gone at the end of the scope, which ends the workers.
        let jobs = jobs;
        for _ in 0..threads {
            scope.spawn(|| work(&engine, (!alerts).then_some(format), &queue, &progress));
        }
        let mut output =
            Output { progress: &progress, total: &mut total, failed: &mut failed, alerts: raised.as_mut() };
        let mut waiting = VecDeque::new();
        for file in &files {
            waiting.push_back((file.shown(), start(&jobs, file)));
            if waiting.len() > 2 * threads
                && let Some(first) = waiting.pop_front()
            {
                output.drain(first)?;
            }
        }
        waiting.into_iter().try_for_each(|parts| output.drain(parts))
    })?;
    progress.finish_and_clear();
    if let Some(alerts) = &raised {
        alerts.print(format, &mut io::stdout().lock())?;
    }
    tally(&engine, &total, raised.as_ref(), files.len() as u64, passed_over, failed)?;
    Ok(u8::from(failed > 0 || total.unparsable > 0))
}

/// A file to be read, and where its parts go.
struct Job {
    file: Source,
    parts: SyncSender<Part>,
}

/// What comes of a file, in this order: the time of its first event, where alerts are wanted; blocks, findings and
/// complaints as they come; then its end.
enum Part {
    Begin(Timestamp),
    Block(Vec<u8>),
    Found(Vec<Finding>),
    Complaint(String),
    End { counts: Counts, failed: bool },
}

/// Whoever waits for S3 needs no processor.
fn threads(files: &[Source]) -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let is_far = files.iter().any(|file| matches!(file, Source::Object(..)));
    processors.max(if is_far { AT_ONCE } else { 1 }).min(files.len().max(1))
}

fn start(jobs: &Sender<Job>, file: &Source) -> Receiver<Part> {
    let (parts, receiver) = sync_channel(BLOCKS);
    // A worker that is gone closes the receiver, which ends the file.
    let _ = jobs.send(Job { file: file.clone(), parts });
    receiver
}

/// Without a format, what is found is handed on as it is.
fn work(engine: &Engine, format: Option<Format>, queue: &Mutex<Receiver<Job>>, progress: &ProgressBar) {
    let mut scratch = Scratch::default();
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        replay(engine, format, &job, &mut scratch, progress);
    }
}

fn replay(engine: &Engine, format: Option<Format>, job: &Job, scratch: &mut Scratch, progress: &ProgressBar) {
    let shown = job.file.shown();
    let mut counts = Counts::new(engine.rules().len());
    let mut block = Vec::new();
    // A receiver that is gone wants no more of the file.
    let send = |part| match job.parts.send(part) {
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
                            send(Part::Begin(time))?;
                        }
                        return if findings.is_empty() {
                            ControlFlow::Continue(())
                        } else {
                            send(Part::Found(findings))
                        };
                    };
                    for finding in &findings {
                        write_line(&mut block, format, finding, &shown);
                    }
                    return match block.len() {
                        ..BLOCK => ControlFlow::Continue(()),
                        _ => send(Part::Block(std::mem::take(&mut block))),
                    };
                }
                Evaluated::Unparsable(error) => (record.index, chain(&error)),
            },
            FileItem::Unparsable { index, reason } => (index, reason.to_string()),
        };
        counts.unparsable += 1;
        send(Part::Block(std::mem::take(&mut block)))?;
        send(Part::Complaint(format!("{shown}: record {index}: {}", printable(&reason))))
    };
    let read = match job.file.open() {
        Ok(input) => local::read(input, Limits::default(), &|bytes| progress.inc(bytes), &mut see),
        Err(error) => Err(error.into()),
    };
    let _ = send(Part::Block(block));
    if let Err(error) = &read {
        let _ = send(Part::Complaint(format!("{shown}: {}", printable(&error.to_string()))));
    }
    let _ = send(Part::End { counts, failed: read.is_err() });
}

fn time_of(record: RawRecord<'_>) -> Option<Timestamp> {
    engine::parse(record.text).ok()?.0.event_time()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    rule: &'a str,
    id: &'a str,
    severity: u8,
    #[serde(rename = "eventID")]
    event_id: Option<String>,
    event_time: Option<String>,
    event_source: Option<String>,
    event_name: Option<String>,
    file: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    suppressed: bool,
}

fn write_line(output: &mut Vec<u8>, format: Format, finding: &Finding, file: &str) {
    let rule = &finding.rule;
    let event = |key| finding.record.at(&[key]);
    match format {
        Format::Text => {
            let shown =
                |text: Option<String>| text.map_or_else(|| "-".to_owned(), |text| untrusted::line(&text, MAX_SHOWN));
            let (time, id, title) =
                (shown(event("eventTime")), shown(event("eventID")), shown(Some(alert::title(finding))));
            let muted = if finding.suppressed { "  (suppressed)" } else { "" };
            let line = format!(
                "{time}  SEV{}  {}{muted}  |  {title}  |  {id}  {file}",
                rule.severity.number(),
                printable(&rule.name)
            );
            output.extend_from_slice(line.as_bytes());
            output.push(b'\n');
        }
        Format::Jsonl => {
            let line = Line {
                rule: &rule.name,
                id: &rule.id,
                severity: rule.severity.number(),
                event_id: event("eventID"),
                event_time: event("eventTime"),
                event_source: event("eventSource"),
                event_name: event("eventName"),
                file,
                suppressed: finding.suppressed,
            };
            output.extend(serde_json::to_vec(&line).unwrap_or_default());
            output.push(b'\n');
        }
    }
}

/// Where the parts of all files come together.
struct Output<'a, 'e> {
    progress: &'a ProgressBar,
    total: &'a mut Counts,
    failed: &'a mut u64,
    alerts: Option<&'a mut Alerts<'e>>,
}

impl Output<'_, '_> {
    fn drain(&mut self, (file, parts): (String, Receiver<Part>)) -> io::Result<()> {
        let mut found = Vec::new();
        for part in parts {
            match part {
                Part::Begin(time) => {
                    if let Some(alerts) = &mut self.alerts {
                        alerts.begin(time);
                    }
                }
                Part::Found(findings) => {
                    found.extend(findings);
                    if let Some(alerts) = self.alerts.as_mut().filter(|_| found.len() >= FOUND) {
                        alerts.decide(&file, std::mem::take(&mut found));
                    }
                }
                Part::Block(block) if block.is_empty() => {}
                Part::Block(block) => self.progress.suspend(|| io::stdout().write_all(&block))?,
                Part::Complaint(text) => self.progress.suspend(|| writeln!(io::stderr(), "error: {text}"))?,
                Part::End { counts, failed } => {
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
    passed_over: u64,
    failed: u64,
) -> io::Result<()> {
    let mut stderr = io::stderr().lock();
    for (at, (rule, matches)) in engine.rules().iter().zip(&total.matches).enumerate() {
        let raised = alerts.map(|alerts| format!("{:>9} of", alerts.of_rule(at))).unwrap_or_default();
        if *matches > 0 {
            writeln!(stderr, "{raised}{matches:>9}  SEV{}  {}", rule.severity.number(), printable(&rule.name))?;
        }
    }
    let matches: u64 = total.matches.iter().sum();
    let mut parts = vec![
        counted(files, "file"),
        counted(total.evaluated, "record"),
        if matches == 1 { "1 match".to_owned() } else { format!("{matches} matches") },
    ];
    if let Some(alerts) = alerts {
        parts.push(counted(alerts.count(), "alert"));
        parts.extend(alerts.fates().map(|(fate, count)| format!("{count} {}", fate.replace('_', " "))));
        let suppressed: u64 = total.suppressed.iter().sum();
        parts.extend((suppressed > 0).then(|| format!("{suppressed} suppressed")));
    }
    let others = [
        (total.repaired, "repaired"),
        (total.unparsable, "unparsable"),
        (failed, "failed"),
        (passed_over, "passed over"),
    ];
    parts.extend(others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    writeln!(stderr, "{}", parts.join(", "))
}
