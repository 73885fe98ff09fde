//! Processes of the function's own binary that handle one item after the other, so that an item which ends its process
//! ends nothing else.
//!
//! The two processes exchange lines of JSON over a pair of sockets, which is the standard input of the worker. Logs and
//! metrics of a worker go where those of the function go. A worker may use the memory that the function leaves, and the
//! kernel ends it before the function. It ends with the invocation.

use std::{
    fs,
    io::{self, Error, ErrorKind},
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream as StdUnixStream,
    },
    process::{Child, Command, Stdio},
    time::{Duration, Instant, SystemTime},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    time::timeout,
};

use super::clock::Deadline;
use crate::handler::{IsolatedItem, Isolation, IsolationError, Report};

/// The argument with which the binary is a worker; the next is the memory that it may use, in bytes.
const WORKER: &str = "worker";
/// What stays free beside both processes: their code, and what Lambda needs.
const SYSTEM_BYTES: u64 = 32 << 20;
/// The least memory that a worker is given, whatever the function uses: with less it could not start.
const MIN_BYTES: u64 = 96 << 20;

/// The workers of one invocation, one at a time.
pub struct Workers {
    memory_bytes: u64,
    /// The worker that handled the item before, ready for the next.
    worker: Option<Worker>,
}

impl Workers {
    /// The workers of a function with this much memory.
    pub fn new(memory_bytes: u64) -> Self {
        Self { memory_bytes, worker: None }
    }
}

impl Isolation for Workers {
    async fn run(&mut self, item: &IsolatedItem, time: Duration) -> Result<Report, IsolationError> {
        let started = Instant::now();
        if let Some(mut worker) = self.worker.take() {
            match worker.ask(item, time).await {
                Ok(report) => {
                    self.worker = Some(worker);
                    return Ok(report);
                }
                Err(IsolationError::TooSlow(time)) => return Err(IsolationError::TooSlow(time)),
                // Items before it can have used up the worker's memory, so that a new one decides.
                Err(_) => {}
            }
        }
        let left = || time.saturating_sub(started.elapsed());
        let mut worker = match timeout(left(), Worker::start(self.memory_bytes)).await {
            Ok(Ok(worker)) => worker,
            Ok(Err(error)) => {
                tracing::warn!(reason = error.to_string(), "no process can be started to isolate an item");
                return Err(IsolationError::Unavailable);
            }
            Err(_) => return Err(IsolationError::TooSlow(time)),
        };
        let report = worker.ask(item, left()).await?;
        self.worker = Some(worker);
        Ok(report)
    }
}

/// What the function asks of a worker.
#[derive(Serialize, Deserialize)]
struct Request<T> {
    item: T,
    /// Milliseconds, after which the worker is ended.
    time: u64,
}

/// A worker, which ends when this value is dropped.
struct Worker {
    child: Child,
    lines: BufReader<UnixStream>,
}

impl Worker {
    /// Starts a worker, and waits until it is ready.
    async fn start(memory_bytes: u64) -> io::Result<Self> {
        let (ours, theirs) = StdUnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let bytes = memory_bytes.saturating_sub(own_bytes() + SYSTEM_BYTES).max(MIN_BYTES);
        let child = Command::new("/proc/self/exe")
            .args([WORKER, &bytes.to_string()])
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .spawn()?;
        let mut worker = Self { child, lines: BufReader::new(UnixStream::from_std(ours)?) };
        receive::<()>(&mut worker.lines).await?;
        Ok(worker)
    }

    /// Gives an item to the worker, and waits for its report.
    async fn ask(&mut self, item: &IsolatedItem, time: Duration) -> Result<Report, IsolationError> {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let exchange = async {
            send(&mut self.lines, &Request { item, time: millis }).await?;
            receive(&mut self.lines).await
        };
        match timeout(time, exchange).await {
            Ok(Ok(report)) => Ok(report),
            Ok(Err(error)) => Err(IsolationError::Ended(self.end().unwrap_or(error).to_string())),
            Err(_) => Err(IsolationError::TooSlow(time)),
        }
    }

    /// How the worker ended, as an error for the text alone.
    fn end(&mut self) -> Option<Error> {
        let _ = self.child.kill();
        self.child.wait().ok().map(|status| Error::other(status.to_string()))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The function, as a worker sees it.
pub struct Employer(BufReader<UnixStream>);

impl Employer {
    /// The function that started this process as a worker with these arguments; `None` if the process is the function.
    ///
    /// Limits the memory of this process, and makes it end with the function.
    ///
    /// # Errors
    ///
    /// The standard input is not a socket.
    pub fn of_worker(mut arguments: impl Iterator<Item = String>) -> io::Result<Option<Self>> {
        if arguments.next().as_deref() != Some(WORKER) {
            return Ok(None);
        }
        if let Some(bytes) = arguments.next().and_then(|bytes| bytes.parse().ok()) {
            limit_memory(bytes)?;
        }
        // Without these, which other kernels do not have, only the memory of the function decides.
        let _ = fs::write("/proc/self/oom_score_adj", "1000");
        #[cfg(target_os = "linux")]
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        let stream = StdUnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        stream.set_nonblocking(true)?;
        Ok(Some(Self(BufReader::new(UnixStream::from_std(stream)?))))
    }

    /// Tells the function that this worker is ready.
    ///
    /// # Errors
    ///
    /// The function has ended.
    pub async fn ready(&mut self) -> io::Result<()> {
        send(&mut self.0, &()).await
    }

    /// Waits for the next item.
    ///
    /// # Errors
    ///
    /// The function has ended.
    pub async fn next(&mut self) -> io::Result<(IsolatedItem, Deadline)> {
        let Request { item, time } = receive(&mut self.0).await?;
        Ok((item, Deadline::at(SystemTime::now() + Duration::from_millis(time))))
    }

    /// Reports on an item.
    ///
    /// # Errors
    ///
    /// The function has ended.
    pub async fn report(&mut self, report: &Report) -> io::Result<()> {
        send(&mut self.0, report).await
    }
}

/// Sets the limit of the data of this process, unless a lower one is set.
fn limit_memory(bytes: u64) -> io::Result<()> {
    let Rlimit { current, maximum } = getrlimit(Resource::Data);
    let least = |limit: Option<u64>| Some(limit.map_or(bytes, |limit| limit.min(bytes)));
    Ok(setrlimit(Resource::Data, Rlimit { current: least(current), maximum: least(maximum) })?)
}

/// The memory that this process alone uses, in bytes: proc(5), `RssAnon`, which is in units of 1024 bytes.
fn own_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok()).unwrap_or(0_u64) * 1024
}

async fn send(lines: &mut BufReader<UnixStream>, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    lines.get_mut().write_all(&line).await
}

async fn receive<T: DeserializeOwned>(lines: &mut BufReader<UnixStream>) -> io::Result<T> {
    let mut line = String::new();
    if lines.read_line(&mut line).await? == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_str(&line)?)
}
