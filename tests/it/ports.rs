//! The handler's ports in memory: objects in chunks, a channel that keeps what it accepts, a clock that the test sets.

use std::{
    collections::BTreeMap,
    io::Write,
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use jiff::Timestamp;
use serde_json::{Value, json};
use trailbell::{
    alert::Message,
    diagnostic::chain,
    engine::Engine,
    handler::{
        Body, Channel, Channels, Clock, FetchError, Handler, InvocationLimits, Objects, Outcome, PublishError, Watch,
    },
    object::ObjectId,
    rule::RuleSet,
    state::MemoryTable,
};

pub const BUCKET: &str = "logs";

/// The shipped rule of this name raises one alert a day for an account. This one has the default group, so that each address
/// has an alert of its own.
pub const RULES: &str = r#"
rules:
  - name: "CloudTrail: ECR Put Image"
    severity: 3
    filter: eventSource = "ecr.amazonaws.com" and eventName = "PutImage"
    title: "{{principal}} pushes image"
    alone: true
"#;

/// A record that the rule of [`RULES`] matches, with an address of its own, so that each raises an alert.
pub fn image(event_id: &str) -> String {
    let image = r#""eventVersion":"1.08","eventSource":"ecr.amazonaws.com","eventName":"PutImage""#;
    format!(r#"{{{image},"sourceIPAddress":"{event_id}","eventID":"{event_id}"}}"#)
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub fn log_file(records: &[&str]) -> Vec<u8> {
    gzip(format!(r#"{{"Records":[{}]}}"#, records.join(",")).as_bytes())
}

pub fn images(count: usize) -> Vec<u8> {
    let records: Vec<String> = (0..count).map(|at| image(&format!("event-{at}"))).collect();
    log_file(&records.iter().map(String::as_str).collect::<Vec<_>>())
}

/// An S3 event for these keys, which are already encoded as in an event.
pub fn event<S: AsRef<str>>(keys: &[S]) -> Value {
    let record = |key: &S| {
        json!({"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": BUCKET}, "object": {"key": key.as_ref()}}})
    };
    json!({"Records": keys.iter().map(record).collect::<Vec<_>>()})
}

/// Messages of a queue, by id, with their bodies.
pub fn queue(messages: &[(&str, String)]) -> Value {
    let message = |(id, body): &(&str, String)| {
        json!({"messageId": id, "body": body, "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:logs"})
    };
    json!({"Records": messages.iter().map(message).collect::<Vec<_>>()})
}

/// Objects in memory, by key, those of other buckets than [`BUCKET`] by `bucket/key`; in chunks, and an error ends a body.
#[derive(Default)]
pub struct Memory(pub BTreeMap<String, Vec<Result<Vec<u8>, FetchError>>>);

impl Memory {
    pub fn with(mut self, key: &str, chunks: Vec<Result<Vec<u8>, FetchError>>) -> Self {
        self.0.insert(key.to_owned(), chunks);
        self
    }
}

impl Objects for Memory {
    type Body = Chunks;

    async fn get(&self, object: &ObjectId) -> Result<Chunks, FetchError> {
        let other = format!("{}/{}", object.bucket, object.key);
        let chunks = self.0.get(if object.bucket == BUCKET { &object.key } else { &other }).cloned();
        let chunks = chunks.ok_or_else(|| FetchError::permanent("access denied"))?.into_iter();
        match chunks.as_slice() {
            [Err(refused)] => Err(refused.clone()),
            _ => Ok(Chunks(chunks)),
        }
    }
}

pub struct Chunks(std::vec::IntoIter<Result<Vec<u8>, FetchError>>);

impl Body for Chunks {
    type Chunk = Vec<u8>;

    async fn next(&mut self) -> Result<Option<Vec<u8>>, FetchError> {
        self.0.next().transpose()
    }
}

/// A channel's result for a message; `None` is no answer.
pub type Answer = fn(&Message) -> Option<Result<(), PublishError>>;

/// A channel that keeps what it accepts and how many messages came in each call.
pub struct Outbox {
    answer: Answer,
    pub sent: Mutex<Vec<Message>>,
    pub batches: Mutex<Vec<usize>>,
}

impl Outbox {
    pub fn new(answer: Answer) -> Self {
        Self { answer, sent: Mutex::default(), batches: Mutex::default() }
    }

    pub fn open() -> Self {
        Self::new(|_| Some(Ok(())))
    }

    pub fn sent(&self) -> usize {
        self.sent.lock().unwrap().len()
    }
}

impl Channel for Outbox {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        self.batches.lock().unwrap().push(messages.len());
        let mut answers = Vec::new();
        for message in messages {
            let Some(answer) = (self.answer)(message) else { break };
            if answer.is_ok() {
                self.sent.lock().unwrap().push(message.clone());
            }
            answers.push(answer);
        }
        answers
    }
}

pub fn publish_error(reason: &str, is_refusal: bool) -> PublishError {
    if is_refusal { PublishError::refused("topic", reason) } else { PublishError::not_accepted("topic", reason) }
}

/// A clock on which every look takes some time.
pub struct Ticking {
    left: AtomicU64,
    tick: u64,
}

impl Ticking {
    /// A clock without a deadline.
    pub fn never() -> Self {
        Self::new(u64::MAX / 2, 0)
    }

    /// A clock with `left` milliseconds, of which each look takes `tick`.
    pub fn new(left: u64, tick: u64) -> Self {
        Self { left: AtomicU64::new(left), tick }
    }
}

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn left(&self) -> Duration {
        let left = self.left.load(Ordering::Relaxed);
        self.left.store(left.saturating_sub(self.tick), Ordering::Relaxed);
        Duration::from_millis(left)
    }

    /// Any other wait takes too long.
    async fn until_left(&self, _: Duration) {
        if self.tick == 0 {
            std::future::pending::<()>().await;
        }
    }
}

/// An engine with [`RULES`].
pub fn engine() -> &'static Engine {
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(RuleSet::parse(RULES).unwrap().0));
    &ENGINE
}

/// The outcome of a payload, whose counts must add up.
pub fn handled_by(
    engine: &Engine,
    objects: &impl Objects,
    channel: &impl Channel,
    clock: &Ticking,
    limits: InvocationLimits,
    payload: &Value,
) -> Outcome {
    handled_on(engine, objects, &Channels::only(channel), clock, limits, payload)
}

/// The same with several channels.
pub fn handled_on(
    engine: &Engine,
    objects: &impl Objects,
    channels: &Channels<impl Channel>,
    clock: &Ticking,
    limits: InvocationLimits,
    payload: &Value,
) -> Outcome {
    let (table, learns) = (MemoryTable::default(), AtomicBool::new(false));
    let handler = Handler {
        engine,
        objects,
        channels,
        table: &table,
        keeps_state: true,
        watch: &Watch::default(),
        learns: &learns,
        clock,
        limits,
    };
    let outcome = pollster::block_on(handler.handle(payload.to_string().as_bytes()));
    assert_eq!(outcome.check(), Ok(()), "{outcome:#?}");
    outcome
}

pub fn handled_with(
    objects: &impl Objects,
    channel: &impl Channel,
    clock: &Ticking,
    limits: InvocationLimits,
    payload: &Value,
) -> Outcome {
    handled_by(engine(), objects, channel, clock, limits, payload)
}

pub fn handled(objects: &impl Objects, channel: &impl Channel, payload: &Value) -> Outcome {
    handled_with(objects, channel, &Ticking::never(), InvocationLimits::default(), payload)
}

pub fn failures(outcome: &Outcome) -> Vec<String> {
    outcome.failures().map(|failure| chain(failure)).collect()
}

/// The answer, with its error as text.
pub fn answer(outcome: &Outcome) -> Result<Value, String> {
    outcome.answer().map_err(|error| error.to_string())
}
