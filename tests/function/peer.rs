//! A service that answers by a script, for what the stand-in for AWS never says: refused, throttled, cut off, silent.
//!
//! Point `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL_SNS` at it.

use std::{
    io::Write,
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use ureq::Agent;

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
    /// What the service at this endpoint says to the same request.
    Passed(&'static str),
    /// The same is done, but the answer gets lost: status 500.
    Lost(&'static str),
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
                    Reply::Whole(status, body) => answer(&mut connection, *status, body),
                    Reply::Passed(endpoint) => {
                        let (status, body) = pass(endpoint, &requests.lock().unwrap()[number - 1]);
                        answer(&mut connection, status, &body);
                    }
                    Reply::Lost(endpoint) => {
                        pass(endpoint, &requests.lock().unwrap()[number - 1]);
                        answer(&mut connection, 500, "");
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

fn answer(connection: &mut TcpStream, status: u16, body: &str) {
    let length = body.len();
    let _ = write!(connection, "HTTP/1.1 {status} -\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
}

/// Sends a request on: a `POST` with its headers of AWS.
fn pass(endpoint: &str, request: &Request) -> (u16, String) {
    let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();
    let headers = request.headers.iter().filter_map(|header| header.split_once(": "));
    let told = headers
        .filter(|(name, _)| ["authorization", "content-type"].contains(name) || name.starts_with("x-amz-target"));
    let sent = told.fold(agent.post(endpoint), |sent, (name, value)| sent.header(name, value.trim()));
    let mut answer = sent.send(&request.body).unwrap();
    (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
}
