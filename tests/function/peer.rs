//! A service that answers by a script, for what the stand-in for AWS never says: refused, throttled, cut off, silent.
//!
//! Point `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL_SNS` at it.

use std::{
    io::Write,
    net::{Shutdown, TcpListener},
    sync::{Arc, Mutex},
    thread,
};

use crate::runtime_api::{Request, read};

/// A running peer, and what it was asked.
pub struct Peer {
    endpoint: String,
    asked: Arc<Mutex<Vec<Request>>>,
}

/// What happens to one request.
#[derive(Clone)]
pub enum Reply {
    /// A whole answer: status and body.
    Whole(u16, String),
    /// The head promises more bytes than come, and then nothing happens.
    Stalled(&'static str),
    /// As before, but the connection is closed.
    CutOff(&'static str),
}

impl Peer {
    /// Answers the first request with the first reply and so on; the last reply serves all others.
    pub fn start(script: Vec<Reply>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let requests = Arc::clone(&asked);
        thread::spawn(move || {
            let mut silent = Vec::new();
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let request = read(&connection);
                let number = {
                    let mut requests = requests.lock().unwrap();
                    requests.push(request);
                    requests.len()
                };
                match &script[(number - 1).min(script.len() - 1)] {
                    Reply::Whole(status, body) => {
                        let _ = write!(
                            connection,
                            "HTTP/1.1 {status} -\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                            body.len()
                        );
                    }
                    Reply::Stalled(start) => {
                        let _ = write!(connection, "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{start}");
                        silent.push(connection);
                    }
                    Reply::CutOff(start) => {
                        let _ = write!(connection, "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n{start}");
                        let _ = connection.shutdown(Shutdown::Both);
                    }
                }
            }
        });
        Self { endpoint, asked }
    }

    /// Where it listens.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// How many requests came.
    pub fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}
