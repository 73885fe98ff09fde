//! A proxy before the AWS simulator that answers by a script, for what the simulator never does: refuse, throttle, cut
//! off, reset, be silent or slow.
//!
//! Point `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL_SNS` at it. The script is for the requests with a given text;
//! all others pass.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use crate::{
    cloud::Cloud,
    runtime_api::{Request, length, read},
};

/// A running peer, and its requests.
pub struct Peer {
    endpoint: String,
    scene: Arc<Mutex<Scene>>,
}

#[derive(Default)]
struct Scene {
    looked_for: &'static str,
    script: Vec<Reply>,
    asked: usize,
    arrivals: Vec<Instant>,
    bodies: Vec<String>,
}

/// What happens to one request.
#[derive(Clone)]
pub enum Reply {
    /// What the simulator answers.
    Pass,
    /// The simulator handles the request, and its answer is lost.
    Lost,
    /// A whole answer: status and body.
    Whole(u16, Vec<u8>),
    /// A head with this status that announces this many bytes, the first of them, and then this.
    Part(u16, usize, Vec<u8>, End),
    /// No answer, and then this.
    Nothing(End),
}

/// What happens after the last byte.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The connection is closed.
    Closed,
    /// The connection is reset.
    Reset,
    /// Nothing, and the connection stays.
    Silence,
    /// A blank every tenth of a second.
    Trickle,
}

impl Reply {
    /// A whole answer of text.
    pub fn text(status: u16, body: impl Into<String>) -> Self {
        Reply::Whole(status, body.into().into_bytes())
    }

    fn end(&self) -> End {
        match self {
            Reply::Pass | Reply::Lost | Reply::Whole(..) => End::Closed,
            Reply::Part(.., end) | Reply::Nothing(end) => *end,
        }
    }
}

impl Peer {
    /// Answers the first request with the first reply and so on; the last reply serves all others.
    pub fn start(script: Vec<Reply>) -> Self {
        Self::before("", script)
    }

    /// Does the same for requests that contain `looked_for`; all others pass.
    pub fn before(looked_for: &'static str, script: Vec<Reply>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let scene =
            Arc::new(Mutex::new(Scene { looked_for, script, asked: 0, arrivals: Vec::new(), bodies: Vec::new() }));
        let shared = Arc::clone(&scene);
        thread::spawn(move || {
            for connection in listener.incoming() {
                let (connection, scene) = (connection.unwrap(), Arc::clone(&shared));
                thread::spawn(move || {
                    let reply = scene.lock().unwrap().reply(&peeked(&connection));
                    // A client that closed its connection is not an error.
                    let _ = answer(connection, &reply);
                });
            }
        });
        Self { endpoint, scene }
    }

    /// Replaces the script and starts counting at 0.
    pub fn play(&self, script: Vec<Reply>) {
        let mut scene = self.scene.lock().unwrap();
        scene.script = script;
        scene.asked = 0;
    }

    /// Its address.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// When each request arrived that the script answered.
    pub fn arrivals(&self) -> Vec<Instant> {
        self.scene.lock().unwrap().arrivals.clone()
    }

    /// The bodies of the requests that the script answered.
    pub fn bodies(&self) -> Vec<String> {
        self.scene.lock().unwrap().bodies.clone()
    }

    /// How many requests the script answered.
    pub fn asked(&self) -> usize {
        self.scene.lock().unwrap().asked
    }
}

impl Scene {
    fn reply(&mut self, request: &str) -> Reply {
        if !request.contains(self.looked_for) {
            return Reply::Pass;
        }
        self.asked += 1;
        self.arrivals.push(Instant::now());
        self.bodies.push(request.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned());
        self.script[self.asked.min(self.script.len()) - 1].clone()
    }
}

/// A request, which stays in the connection.
fn peeked(connection: &TcpStream) -> String {
    let mut bytes = vec![0; 100_000];
    loop {
        let count = connection.peek(&mut bytes).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes[..count]);
        let is_whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| body.len() >= length(head));
        if is_whole || count == 0 || count == bytes.len() {
            return text.into_owned();
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn answer(mut connection: TcpStream, reply: &Reply) -> std::io::Result<()> {
    // A connection that is closed with unread bytes is reset.
    if reply.end() != End::Reset {
        let request = read(&connection);
        if let Reply::Pass | Reply::Lost = reply {
            let answer = pass(&request)?;
            return if let Reply::Pass = reply { connection.write_all(&answer) } else { Ok(()) };
        }
    }
    if let Reply::Whole(status, body) = reply {
        head(&mut connection, *status, body.len())?;
        connection.write_all(body)?;
    }
    if let Reply::Part(status, promised, body, _) = reply {
        head(&mut connection, *status, *promised)?;
        connection.write_all(body)?;
        // What was written would be lost with the connection.
        thread::sleep(Duration::from_millis(50));
    }
    match reply.end() {
        End::Reset => Ok(()),
        End::Closed => connection.shutdown(Shutdown::Both),
        End::Silence => connection.read(&mut [0]).map(drop),
        End::Trickle => loop {
            thread::sleep(Duration::from_millis(100));
            connection.write_all(b" ")?;
        },
    }
}

fn head(connection: &mut TcpStream, status: u16, length: usize) -> std::io::Result<()> {
    write!(connection, "HTTP/1.1 {status} -\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n")
}

/// The simulator's answer to a request.
fn pass(request: &Request) -> std::io::Result<Vec<u8>> {
    // The simulator does not isolate a transaction from other requests to its table, so these pass one at a time.
    static TABLE: Mutex<()> = Mutex::new(());
    let is_for_table = request.headers.iter().any(|header| header.contains("DynamoDB_"));
    let _alone = is_for_table.then(|| TABLE.lock().unwrap());
    let mut cloud = TcpStream::connect(Cloud::get().endpoint().trim_start_matches("http://"))?;
    write!(cloud, "{} HTTP/1.1\r\nConnection: close\r\n", request.line)?;
    for header in request.headers.iter().filter(|header| !header.to_lowercase().starts_with("connection:")) {
        write!(cloud, "{header}\r\n")?;
    }
    write!(cloud, "\r\n{}", request.body)?;
    let mut answer = Vec::new();
    cloud.read_to_end(&mut answer)?;
    Ok(answer)
}
