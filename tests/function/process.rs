//! A server that ends when its handle is dropped, and also when the test ends in any other way.
//!
//! A shell runs the server, and ends it once the pipe to the test closes.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{Read, Seek},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

/// A running server and its log.
pub struct Process {
    shell: Child,
    /// A deleted file, so that nothing is left behind.
    log: File,
}

impl Process {
    /// Starts `program` with nothing in its environment but `PATH` and `environment`.
    pub fn start<S: AsRef<OsStr>>(program: &Path, arguments: &[S], environment: &[(&str, &str)]) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let name = program.file_name().unwrap().to_string_lossy();
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}-{number}.log", std::process::id()));
        let output = File::create(&path).unwrap();
        let log = File::open(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let shell = Command::new("sh")
            .args(["-c", r#""$@" & cat; kill $!; wait"#, "sh"])
            .arg(program)
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        Self { shell, log }
    }

    /// Everything that the server, or what it runs, has written so far.
    pub fn log(&self) -> String {
        let (mut file, mut log) = (&self.log, Vec::new());
        file.rewind().unwrap();
        file.read_to_end(&mut log).unwrap();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Waits until `is_ready`, and fails with the log after two minutes: a server of fresh Python files compiles them first.
    pub fn wait_until(&self, is_ready: impl Fn() -> bool) {
        let started = Instant::now();
        while !is_ready() {
            assert!(started.elapsed() < Duration::from_mins(2), "not ready after two minutes:\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
        if thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A file of the tools' environment, which `make .venv` sets up.
pub fn tool(path: &str) -> PathBuf {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv").join(path);
    assert!(tool.exists(), "`{}` is missing: run `make .venv`", tool.display());
    tool
}
