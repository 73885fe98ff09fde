//! Reads the records of many files in parallel, and passes on what becomes of them in the order of the files. What waits for
//! the turn of its file is bounded.

use std::{
    collections::{HashSet, VecDeque},
    io::{self, IsTerminal, Read, Write},
    ops::ControlFlow,
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    },
    thread,
};

use indicatif::{ProgressBar, ProgressStyle};
use trailbell::{
    diagnostic::{chain, counted},
    engine::ParseError,
    local,
    log_file::{FileHead, FileItem, Limits, RawRecord},
    object::Foreign,
    untrusted::printable,
};

use super::sources::{LogSource, LogSources, PassedOver};
use crate::interrupt;

/// How many outputs of a file may wait for its turn.
const MAX_WAITING: usize = 8;
/// How many objects are read from S3 at once.
const MAX_REQUESTS: usize = 8;
/// Input of more bytes gets a progress bar; from S3, of fewer.
const LONG: u64 = 32 << 20;
const LONG_FAR: u64 = 1 << 20;

/// What a command makes of records. Every thread has one, which reads one file after the other.
pub trait RecordReader {
    /// What it makes of them.
    type Output: Send;

    /// The records of another file follow; `file` is its name as it can be shown.
    fn begin(&mut self, file: &str);

    /// Reads a record. It breaks if the output breaks.
    ///
    /// # Errors
    ///
    /// If the record cannot be parsed.
    fn record(
        &mut self,
        record: RawRecord<'_>,
        output: &mut Output<'_, Self::Output>,
    ) -> Result<ControlFlow<()>, ParseError>;

    /// Passes on what it holds back. An error of the file is reported next.
    fn flush(&mut self, output: &mut Output<'_, Self::Output>) -> ControlFlow<()>;

    /// The file ends; the output of the next one follows.
    fn end(&mut self, output: &mut Output<'_, Self::Output>) -> ControlFlow<()>;
}

/// Where the output of a reader goes. It breaks once no more is wanted.
pub type Output<'a, T> = dyn FnMut(T) -> ControlFlow<()> + 'a;

/// What reading all files came to.
#[derive(Default)]
pub struct LogTally {
    /// How many files were read.
    pub files: u64,
    /// How many files, folders or buckets could not be read, or not to their ends.
    pub failed: u64,
    /// How many records could not be parsed.
    pub unparsable: u64,
    /// What is not CloudTrail's.
    pub passed_over: PassedOver,
    /// The errors that were reported, the first of many.
    pub reported: HashSet<String>,
}

impl LogTally {
    const MAX_REPORTED: usize = 10_000;

    /// Reports an error, unless it is known.
    fn report(&mut self, error: String) -> io::Result<()> {
        if self.reported.contains(&error) {
            return Ok(());
        }
        writeln!(io::stderr(), "error: {error}")?;
        if self.reported.len() < Self::MAX_REPORTED {
            self.reported.insert(error);
        }
        Ok(())
    }

    /// Whether something could not be read.
    pub fn is_incomplete(&self) -> bool {
        self.failed > 0 || self.unparsable > 0
    }

    /// Writes the names of what was passed over, a line each.
    ///
    /// # Errors
    ///
    /// If `output` cannot be written.
    pub fn write_passed_over(&self, output: &mut impl Write) -> io::Result<()> {
        for shown in &self.passed_over.shown {
            writeln!(output, "passed over: {shown}")?;
        }
        let hidden = self.passed_over.count - self.passed_over.shown.len() as u64;
        if hidden > 0 {
            writeln!(output, "passed over: {hidden} more")?;
        }
        Ok(())
    }

    /// The counts of what was not read, such as `2 unparsable`, for the last line of a report; none that is zero.
    pub fn unread(&self) -> Vec<String> {
        let others =
            [(self.unparsable, "unparsable"), (self.failed, "failed"), (self.passed_over.count, "passed over")];
        let counts = others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        let mut counts: Vec<_> = counts.collect();
        let foreign = &self.passed_over.foreign;
        let foreign: Vec<_> =
            foreign.iter().map(|(kind, count)| format!("{count} {}", kind.replace('_', " "))).collect();
        if let Some(last) = counts.last_mut().filter(|_| !foreign.is_empty()) {
            *last = format!("{last} ({})", foreign.join(", "));
        }
        counts
    }
}

/// Reads all files with the readers that `reader` makes, one a thread, and passes the output of each file to `see` with the
/// name of the file, in the order of the files. Errors go to standard error as they come, and a terminal shows the progress.
/// It ends early if [`interrupt::is_requested`].
///
/// # Errors
///
/// If `see` reports one, which ends the work, or if standard error cannot be written.
pub fn read<R: RecordReader>(
    sources: LogSources,
    reader: impl Fn() -> R + Sync,
    see: &mut dyn FnMut(&str, R::Output) -> io::Result<()>,
) -> io::Result<LogTally> {
    let LogSources { list: files, bytes, passed_over, complaints, has_others, reported, .. } = sources;
    let mut tally = LogTally { failed: complaints.len() as u64, passed_over, reported, ..LogTally::default() };
    complaints.into_iter().try_for_each(|complaint| tally.report(complaint))?;
    let is_far = files.iter().any(|file| matches!(file, LogSource::Object(..)));
    let progress = progress(bytes, if is_far { LONG_FAR } else { LONG });
    let threads = threads(files.len(), is_far);
    let (jobs, queue) = channel::<Job<R::Output>>();
    let queue = Mutex::new(queue);
    thread::scope(|scope| -> io::Result<()> {
        // Dropped at the end of this closure, which ends the workers.
        let jobs = jobs;
        for _ in 0..threads {
            scope.spawn(|| work(&mut reader(), &queue, &progress));
        }
        let mut waiting = VecDeque::new();
        for file in &files {
            waiting.push_back((file.shown(), start(&jobs, file)));
            if waiting.len() > 2 * threads
                && let Some(first) = waiting.pop_front()
            {
                drain(first, &progress, &mut tally, see)?;
            }
        }
        waiting.into_iter().try_for_each(|file| drain(file, &progress, &mut tally, see))
    })?;
    progress.finish_and_clear();
    if tally.files == 0 && tally.failed == 0 && !has_others && !interrupt::is_requested() {
        tally.report("nothing to read: no file holds records of CloudTrail".to_owned())?;
        tally.failed = 1;
    }
    Ok(tally)
}

/// A file to read, and the channel for what comes of it.
struct Job<T> {
    file: LogSource,
    output: SyncSender<FileOutput<T>>,
}

/// What comes of a file: the output of its reader and errors, in their order; its end.
enum FileOutput<T> {
    Output(T),
    Error(String),
    /// Why the file is something else than CloudTrail's.
    PassedOver(String),
    /// The file is another service's.
    Foreign(Foreign),
    End {
        unparsable: u64,
        failed: bool,
    },
}

/// Records of one file that cannot be read.
#[derive(Default)]
struct Unread {
    /// How many there are.
    count: u64,
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
        self.count += 1;
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
fn threads(files: usize, is_far: bool) -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    processors.max(if is_far { MAX_REQUESTS } else { 1 }).min(files.max(1))
}

fn start<T>(jobs: &Sender<Job<T>>, file: &LogSource) -> Receiver<FileOutput<T>> {
    let (output, receiver) = sync_channel(MAX_WAITING);
    // If no worker is left, the channel closes, which ends the file.
    let _ = jobs.send(Job { file: file.clone(), output });
    receiver
}

fn work<R: RecordReader>(reader: &mut R, queue: &Mutex<Receiver<Job<R::Output>>>, progress: &ProgressBar) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // What is not read is not there.
        if !interrupt::is_requested() {
            read_file(reader, &job, progress);
        }
    }
}

fn read_file<R: RecordReader>(reader: &mut R, job: &Job<R::Output>, progress: &ProgressBar) {
    let shown = job.file.shown();
    // A closed channel ends the file.
    let send = |output| match job.output.send(output) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    };
    let mut output = |output| send(FileOutput::Output(output));
    let (mut records, mut unread) = (0, Unread::default());
    reader.begin(&shown);
    let mut see = |item: FileItem<'_>| {
        if interrupt::is_requested() {
            return ControlFlow::Break(());
        }
        let (index, reason) = match item {
            FileItem::Record(record) => match reader.record(record, &mut output) {
                Ok(flow) => {
                    records += 1;
                    return flow;
                }
                Err(error) => (record.index, chain(&error)),
            },
            FileItem::Unparsable { reason, .. } if job.file.may_be_other() && reason.is_of_another_kind() => {
                unread.others += 1;
                unread.first_other.get_or_insert_with(|| chain(&reason));
                return ControlFlow::Continue(());
            }
            FileItem::Unparsable { index, reason } => (index, chain(&reason)),
        };
        if !unread.report() {
            return ControlFlow::Continue(());
        }
        reader.flush(&mut output)?;
        send(FileOutput::Error(format!("{shown}: record {index}: {}", printable(&reason))))
    };
    let read = match open(&job.file) {
        Ok((first, _)) if let Some(kind) = job.file.foreign(&first) => {
            let _ = send(FileOutput::Foreign(kind));
            return;
        }
        Ok((first, rest)) => {
            let input = io::Cursor::new(first).chain(rest);
            local::read(input, Limits::default(), &|bytes| progress.inc(bytes), &mut see)
        }
        Err(error) => Err(error.into()),
    };
    let has_records = records + unread.count > 0;
    let passed_over = match &read {
        _ if has_records || !job.file.may_be_other() => None,
        Ok(()) => unread.first_other.clone(),
        Err(local::ReadError::LogFile(error)) if error.is_of_another_kind(job.file.has_name_of_json()) => {
            Some(chain(error))
        }
        Err(_) => None,
    };
    if let Some(reason) = passed_over {
        let _ = send(FileOutput::PassedOver(reason));
        return;
    }
    let _ = reader.flush(&mut output);
    if let Some(reason) = &unread.first_other {
        unread.count += unread.others;
        unread.hidden += unread.others - 1;
        let _ = send(FileOutput::Error(format!("{shown}: {}", printable(reason))));
    }
    if unread.hidden > 0 {
        let hidden = counted(unread.hidden, "more record");
        let _ = send(FileOutput::Error(format!("{shown}: {hidden} that cannot be read")));
    }
    if let Err(error) = &read {
        let _ = send(FileOutput::Error(format!("{shown}: {}", printable(&chain(error)))));
    }
    let _ = reader.end(&mut output);
    let _ = send(FileOutput::End { unparsable: unread.count, failed: read.is_err() });
}

/// The first bytes of a file that is not named by the user, and the rest of it.
fn open(file: &LogSource) -> io::Result<(Vec<u8>, Box<dyn Read + '_>)> {
    let (mut first, mut input) = (Vec::new(), file.open()?);
    if !matches!(file, LogSource::File(_)) {
        input.by_ref().take(FileHead::MAX_BYTES as u64).read_to_end(&mut first)?;
    }
    Ok((first, input))
}

/// Passes on what comes of one file as it arrives.
fn drain<T>(
    (file, output): (String, Receiver<FileOutput<T>>),
    progress: &ProgressBar,
    tally: &mut LogTally,
    see: &mut dyn FnMut(&str, T) -> io::Result<()>,
) -> io::Result<()> {
    for output in output {
        match output {
            FileOutput::Output(output) => progress.suspend(|| see(&file, output))?,
            FileOutput::Error(text) => progress.suspend(|| tally.report(text))?,
            FileOutput::Foreign(kind) => tally.passed_over.add_foreign(&file, kind),
            FileOutput::PassedOver(reason) => tally.passed_over.add(&file, &reason),
            FileOutput::End { unparsable, failed } => {
                tally.files += 1;
                tally.unparsable += unparsable;
                tally.failed += u64::from(failed);
            }
        }
    }
    Ok(())
}

fn progress(bytes: u64, long: u64) -> ProgressBar {
    if bytes < long || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left");
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
