//! The log files of the run, what is due for each, and S3 and SNS with their faults.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Mutex,
};

use trailbell::{
    alert::{AttributeValue, Message},
    handler::{Body, Channel, FetchError, Objects, PublishError},
    object::ObjectId,
    state::Audience,
};

use crate::{
    ports::{BUCKET, log_file, publish_error},
    random::Random,
};

/// `C` is suppressed where the user agent is `quiet`.
pub const RULES: &str = r#"
rules:
  - {name: A, severity: 1, filter: eventName = "A"}
  - {name: B, severity: 3, filter: 'eventName in ("A", "B")'}
  - {name: C, severity: 2, filter: eventName = "C", suppressions: [userAgent = "quiet"]}
"#;

/// An alert, by its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// A rule and an event.
    Match(char, usize),
    /// An unreadable record: its object and its index there.
    Unread(usize, usize),
}

impl Name {
    /// Its audiences: a chat gets the severities 1 and 2.
    pub fn audiences(self) -> &'static [Audience] {
        match self {
            Name::Match('B', _) => &[Audience::Alerts, Audience::Findings],
            Name::Match(..) | Name::Unread(..) => &[Audience::Alerts, Audience::Chat, Audience::Findings],
        }
    }
}

/// All log files, and the state of their alerts so far.
pub struct World {
    objects: Vec<Box<[u8]>>,
    pub random: Random,
    /// How many faults occurred.
    pub faults: usize,
    /// What each alert is about, by its id: its own subject first, then the matches that it covers.
    names: HashMap<String, Vec<Name>>,
    accepted: BTreeSet<(Audience, Name)>,
    /// Objects that were not read to their end in this invocation.
    pub broken: HashSet<usize>,
    /// What the alerts are about whose last answer in this invocation was a failure.
    refused: BTreeSet<(Audience, Name)>,
    /// What had an alert of its own, and what the alert of another rule covered.
    pub alone: HashSet<Name>,
    pub covered: HashSet<Name>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self {
            objects: Vec::new(),
            random: Random(seed),
            faults: 0,
            names: HashMap::new(),
            accepted: BTreeSet::new(),
            broken: HashSet::new(),
            refused: BTreeSet::new(),
            covered: HashSet::new(),
            alone: HashSet::new(),
        }
    }

    /// A record of any kind with this number, and the alerts that are due for it: in 20 of `odds`, one or two, or a
    /// suppression.
    pub fn record(&mut self, event: usize, odds: usize) -> (String, Vec<Name>) {
        let (kind, agent, due) = match self.random.below(odds) {
            0..3 => ("A", "x", vec![Name::Match('A', event), Name::Match('B', event)]),
            3..10 => ("B", "x", vec![Name::Match('B', event)]),
            10..15 => ("C", "x", vec![Name::Match('C', event)]),
            15..20 => ("C", "quiet", Vec::new()),
            _ => ("D", "x", Vec::new()),
        };
        let filler = r#"}]\",\\{"#.repeat(self.random.below(20));
        let text = format!(
            r#"{{"x":"{filler}","eventName":"{kind}","userAgent":"{agent}","sourceIPAddress":"{event}","eventID":"event-{event}"}}"#
        );
        (text, due)
    }

    /// Puts a log file with the events of these numbers; its own number, and the alerts that are due for it.
    pub fn put(&mut self, events: std::ops::Range<usize>) -> (usize, Vec<Name>) {
        let (object, mut due, mut records) = (self.objects.len(), Vec::new(), Vec::new());
        for event in events {
            // Fewer than the number of unreadable records that raise an alert each.
            if records.len() < 20 && self.random.percent(2) {
                due.push(Name::Unread(object, records.len()));
                records.push("7".to_owned());
            } else {
                let (text, of_record) = self.record(event, 100);
                due.extend(of_record);
                records.push(text);
            }
        }
        let file = log_file(&records.iter().map(String::as_str).collect::<Vec<_>>());
        self.objects.push(file.into_boxed_slice());
        (object, due)
    }

    pub fn begin(&mut self) {
        self.broken.clear();
        self.refused.clear();
    }

    /// Whether every audience of an alert has accepted it, or one that covers it.
    pub fn is_published(&self, name: Name) -> bool {
        name.audiences().iter().all(|audience| self.accepted.contains(&(*audience, name)))
    }

    /// Whether an alert was refused in this invocation, and no other accepted that is about the same.
    pub fn is_refused(&self, name: Name) -> bool {
        name.audiences().iter().any(|audience| self.refused.contains(&(*audience, name)))
    }

    /// What every accepted alert is about, by audience.
    pub fn accepted(&self) -> impl Iterator<Item = (Audience, Name)> {
        self.accepted.iter().copied()
    }

    fn get(&mut self, object: usize) -> Result<Chunks, FetchError> {
        let mut bytes = self.objects[object].to_vec();
        let mut last = None;
        if self.random.percent(25) {
            self.faults += 1;
            self.broken.insert(object);
            let cut = self.random.below(bytes.len());
            match self.random.below(6) {
                0 => return Err(FetchError::transient("HTTP status 503")),
                1 => return Err(FetchError::permanent("it does not exist (NoSuchKey)")),
                // RFC 1952: checksum and length come last.
                2 => *bytes.iter_mut().nth_back(cut % 8).unwrap() ^= 1,
                3 => bytes.truncate(cut),
                _ => {
                    bytes.truncate(cut);
                    last = Some(FetchError::transient("it broke off"));
                }
            }
        }
        let size = 1 + self.random.below(bytes.len() + 1);
        let mut chunks: Vec<_> = bytes.chunks(size).map(|chunk| Ok(chunk.to_vec())).collect();
        chunks.extend(last.map(Err));
        Ok(Chunks(chunks.into_iter()))
    }

    fn publish(&mut self, audience: Audience, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        let about: Vec<_> = messages.iter().map(|message| self.about(audience, message)).collect();
        // What refused a message refuses its plain form more often than by chance.
        let is_plain = messages.iter().any(|message| list(message, "tags").is_none());
        let fault = match self.random.below(100) {
            0..15 => 1 + self.random.below(5),
            15..60 if is_plain => 3,
            _ => 0,
        };
        let (mut answers, mut is_any_hit) = (Vec::new(), false);
        for names in &about {
            let is_hit = fault == 1 || fault > 1 && self.random.percent(50);
            is_any_hit |= is_hit;
            let (is_accepted, answer) = match (is_hit, fault) {
                (false, _) => (true, Some(Ok(()))),
                (_, 1 | 2) => (false, Some(Err(publish_error("Throttled: slow down", false)))),
                (_, 3) => (false, Some(Err(publish_error("InvalidParameter: no", true)))),
                // Published, but the answer is lost.
                (_, 4) => (true, Some(Err(publish_error("the answer was lost", false)))),
                _ => (false, None),
            };
            for key in names.iter().map(|name| (audience, *name)) {
                if is_accepted {
                    self.accepted.insert(key);
                }
                if let Some(Ok(())) = answer {
                    self.refused.remove(&key);
                } else {
                    self.refused.insert(key);
                }
            }
            // The answers are in the order of the messages: after a missing one there is none.
            let Some(answer) = answer else { break };
            answers.push(answer);
        }
        self.faults += usize::from(is_any_hit);
        let unanswered = about[answers.len()..].iter().flatten();
        self.refused.extend(unanswered.map(|name| (audience, *name)));
        answers
    }

    /// What an alert is about. Its plain form has no tags, which name the rules that it covers: it has the id of the one before.
    fn about(&mut self, audience: Audience, message: &Message) -> Vec<Name> {
        let Some(tags) = list(message, "tags") else { return self.names[&message.id].clone() };
        let rule = message.attributes.iter().find(|attribute| attribute.name == "rule").unwrap().string_value();
        let of_rule = |id: &str, event| Name::Match(id.to_uppercase().chars().next().unwrap(), event);
        let about = match (event(message), audience) {
            (Some(event), _) => {
                let others = tags.iter().filter_map(|tag| tag.strip_prefix("also.")).map(|id| of_rule(id, event));
                // An alert names what it covers to every audience, also to one that does not get the covered alerts.
                let others = others.filter(|name| name.audiences().contains(&audience));
                [of_rule(&rule, event)].into_iter().chain(others).collect()
            }
            (None, Audience::Alerts) => vec![unread(message)],
            (None, _) => self.names[&message.id].clone(),
        };
        for (place, name) in about.iter().enumerate() {
            let set = if place == 0 { &mut self.alone } else { &mut self.covered };
            set.insert(*name);
        }
        self.names.insert(message.id.clone(), about.clone());
        about
    }
}

/// The texts of an attribute that is a list.
fn list<'a>(message: &'a Message, name: &str) -> Option<&'a [String]> {
    match &message.attributes.iter().find(|attribute| attribute.name == name)?.value {
        AttributeValue::List(texts) => Some(texts),
        _ => None,
    }
}

/// The number of the event, in any format.
fn event(message: &Message) -> Option<usize> {
    let (_, rest) = message.body.split_once("event-")?;
    let end = rest.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// The unreadable record of an alert, from the text for people.
fn unread(message: &Message) -> Name {
    let line = |start: &str| message.body.lines().find_map(|line| line.strip_prefix(start));
    let record = line("SEV2 record ").unwrap().split(' ').next().unwrap();
    let object = line("Object    s3://logs/").unwrap();
    Name::Unread(object.parse().unwrap(), record.parse().unwrap())
}

pub struct S3<'a>(pub &'a Mutex<World>);

impl Objects for S3<'_> {
    type Body = Chunks;

    async fn get(&self, object: &ObjectId) -> Result<Chunks, FetchError> {
        assert_eq!(object.bucket, BUCKET);
        self.0.lock().unwrap().get(object.key.parse().unwrap())
    }
}

pub struct Chunks(std::vec::IntoIter<Result<Vec<u8>, FetchError>>);

impl Body for Chunks {
    type Chunk = Vec<u8>;

    async fn next(&mut self) -> Result<Option<Vec<u8>>, FetchError> {
        self.0.next().transpose()
    }
}

pub struct Topic<'a>(pub Audience, pub &'a Mutex<World>);

impl Channel for Topic<'_> {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        self.1.lock().unwrap().publish(self.0, messages)
    }
}
