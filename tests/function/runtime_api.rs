//! A Runtime API of our own, for the two things that the emulator doesn't show: the init error, and the moment of
//! the first `/next`.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, ExitStatus, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

/// What the function asked for first.
#[derive(Debug)]
pub struct Request {
    /// Method and path, such as `POST /2018-06-01/runtime/init/error`.
    pub line: String,
    /// Header lines, as sent.
    pub headers: Vec<String>,
    /// The body.
    pub body: String,
}

/// One start of the function, up to its first request.
#[derive(Debug)]
pub struct Start {
    /// The first request.
    pub request: Request,
    /// How the process ended; killed where it asked for work.
    pub status: ExitStatus,
    /// What it wrote to stderr.
    pub stderr: String,
}

/// Starts `bootstrap` against this API and ends it after its first request.
pub fn start(bootstrap: &Path, settings: &[(&str, &str)]) -> Start {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut child = Command::new(bootstrap)
        .env_clear()
        .envs([
            ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "trailbell"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ])
        .envs(settings.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut connection = accept(&listener, Duration::from_secs(30));
    let request = read(&connection);
    if request.line.starts_with("GET") {
        child.kill().unwrap();
    } else {
        let body = r#"{"status":"OK"}"#;
        write!(connection, "HTTP/1.1 202 Accepted\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    Start { request, status, stderr: String::from_utf8(stderr).unwrap() }
}

fn accept(listener: &TcpListener, patience: Duration) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let started = Instant::now();
    loop {
        if let Ok((connection, _)) = listener.accept() {
            connection.set_nonblocking(false).unwrap();
            return connection;
        }
        assert!(started.elapsed() < patience, "the function asked for nothing");
        thread::sleep(Duration::from_micros(200));
    }
}

/// Reads one request off a connection.
pub fn read(connection: &TcpStream) -> Request {
    let mut reader = BufReader::new(connection);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        head.push(line.to_owned());
    }
    let mut body = vec![0; length(&head.join("\r\n"))];
    reader.read_exact(&mut body).unwrap();
    let line = head.remove(0).trim_end_matches(" HTTP/1.1").to_owned();
    Request { line, headers: head, body: String::from_utf8(body).unwrap() }
}

/// How long a body is, by its head.
pub fn length(head: &str) -> usize {
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    length.unwrap_or(0)
}
