//! AWS's own Runtime Interface Emulator, which starts the function at the first invocation.
//!
//! It answers at once and never retries; a failed function is an answer with `errorType`, still with status 200.

use std::{fs, io::Write, net::TcpStream, path::Path, time::Duration};

use serde_json::Value;
use ureq::Agent;

use crate::process::{Process, free_port, tool};

/// The emulator with one function.
pub struct Emulator {
    process: Process,
    port: u16,
}

/// The answer to an invocation.
#[derive(Debug)]
pub struct Answer {
    /// The status of the HTTP answer.
    pub status: u16,
    /// The body: JSON, but for the text of a time-out.
    pub body: String,
}

impl Emulator {
    /// Makes `bootstrap` ready to be invoked, with these settings and credentials for the simulator.
    pub fn start(bootstrap: &Path, settings: &[(&str, &str)]) -> Self {
        let (port, runtime_api_port) = (free_port(), free_port());
        let mut environment = vec![
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_LAMBDA_FUNCTION_TIMEOUT", "30"),
        ];
        environment.extend(settings);
        let arguments = [
            "--runtime-interface-emulator-address".to_owned(),
            format!("127.0.0.1:{port}"),
            "--runtime-api-address".to_owned(),
            format!("127.0.0.1:{runtime_api_port}"),
            bootstrap.to_str().unwrap().to_owned(),
        ];
        let process = Process::start(&program(), &arguments, &environment);
        process.wait_until(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { process, port }
    }

    /// Sends an event and waits for the answer.
    pub fn invoke(&self, event: &str) -> Answer {
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_mins(2)))
            .build()
            .into();
        let url = format!("http://127.0.0.1:{}/2015-03-31/functions/function/invocations", self.port);
        let mut answer = agent.post(url).send(event).unwrap();
        assert!(!self.output().contains("the counts do not add up"), "{}", self.output());
        Answer { status: answer.status().as_u16(), body: answer.body_mut().read_to_string().unwrap() }
    }

    /// Sends an event and does not wait for the answer, which is lost when the connection is dropped.
    pub fn begin(&self, event: &str) -> TcpStream {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let (path, length) = ("/2015-03-31/functions/function/invocations", event.len());
        write!(connection, "POST {path} HTTP/1.1\r\nHost: function\r\nContent-Length: {length}\r\n\r\n{event}")
            .unwrap();
        connection
    }

    /// Waits for something that the function does, and fails with its log after half a minute.
    pub fn wait_until(&self, is_done: impl Fn() -> bool) {
        self.process.wait_until(is_done);
    }

    /// The function's own log lines so far.
    pub fn log(&self) -> Vec<Value> {
        self.output().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Everything that the function and the emulator wrote, as text.
    pub fn output(&self) -> String {
        self.process.log()
    }
}

impl Answer {
    /// The answer of a function that did its work.
    pub fn success(&self) -> Value {
        assert!(self.error().is_none(), "failed: {self:?}");
        serde_json::from_str(&self.body).unwrap()
    }

    /// The message of a function that failed, or `None`.
    pub fn error(&self) -> Option<String> {
        match serde_json::from_str::<Value>(&self.body) {
            Ok(body) if self.status == 200 || body.get("errorType").is_some() => body.get("errorType").map(|kind| {
                format!("{}: {}", kind.as_str().unwrap_or_default(), body["errorMessage"].as_str().unwrap_or_default())
            }),
            _ => Some(format!("status {}: {}", self.status, self.body)),
        }
    }
}

fn program() -> std::path::PathBuf {
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let python = fs::read_dir(tool("lib")).unwrap().next().unwrap().unwrap().file_name();
    let python = python.to_str().unwrap();
    tool(&format!("lib/{python}/site-packages/samcli/local/rapid/aws-lambda-rie-{machine}"))
}
