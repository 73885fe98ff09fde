//! The log files of the run, what is due for each, and S3 and SNS with their faults.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Mutex,
};

use jiff::Timestamp;
use serde_json::Value;
use trailbell::{
    alert::{AttributeValue, Message},
    handler::{Body, Channel, FetchError, Objects, PublishError},
    object::ObjectId,
    state::Audience,
};

use crate::{
    ports::{BUCKET, log_file, publish_error},
    random::Random,
    state::BEGIN,
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
    /// What each alert or notice is about, by its id.
    names: HashMap<String, About>,
    accepted: BTreeSet<(Audience, Name)>,
    /// Objects that were not read to their end in this invocation.
    pub broken: HashSet<usize>,
    /// What the alerts are about whose last answer in this invocation was a failure.
    refused: BTreeSet<(Audience, Name)>,
    /// The messages that were refused for their content in this invocation, by their ids: their plain form follows.
    refused_forms: BTreeSet<(Audience, String)>,
    /// Whether the table failed in this invocation, or a notice was refused.
    pub is_disturbed: bool,
    /// The notices that were accepted, by the audience and their ids, and what they reported.
    notices: BTreeSet<(Audience, String)>,
    reported: BTreeSet<(Audience, Name)>,
    /// How many alerts became lines of a summary, and how many matches summaries and lists had.
    pub summarised: u64,
    pub in_summaries: usize,
    pub in_lists: usize,
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
            refused_forms: BTreeSet::new(),
            is_disturbed: false,
            notices: BTreeSet::new(),
            reported: BTreeSet::new(),
            summarised: 0,
            in_summaries: 0,
            in_lists: 0,
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
        let time = Timestamp::from_second(BEGIN / 1_000 + i64::try_from(event).unwrap()).unwrap();
        let filler = r#"}]\",\\{"#.repeat(self.random.below(20));
        let text = format!(
            r#"{{"x":"{filler}","eventName":"{kind}","userAgent":"{agent}","eventTime":"{time}","sourceIPAddress":"{event}","eventID":"event-{event}"}}"#
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
        self.refused_forms.clear();
        self.is_disturbed = false;
    }

    /// Whether the table fails now, as it does at one request of a hundred.
    pub fn is_table_fault(&mut self) -> bool {
        let is_fault = self.random.percent(1);
        self.faults += usize::from(is_fault);
        self.is_disturbed |= is_fault;
        is_fault
    }

    /// What was reported to an audience neither in an alert nor in one that covers it nor in a notice. Some lines do not tell what
    /// they are about, and of some alerts a list tells only how many they are: so many names may be missing.
    pub fn missing(&self, due: &HashSet<Name>) -> Option<String> {
        Audience::ALL.into_iter().find_map(|audience| {
            // A chat may have its list before the others, with some of the lines.
            let of_chat = self.notices(audience).filter(|_| audience == Audience::Chat);
            let listed: HashSet<Name> = of_chat.flat_map(|about| &about.names).copied().collect();
            let is_missing = |name: &&Name| {
                let key = (audience, **name);
                name.audiences().contains(&audience)
                    && !self.accepted.contains(&key)
                    && !self.reported.contains(&key)
                    && !listed.contains(name)
            };
            let (unread, matches): (Vec<Name>, Vec<Name>) =
                due.iter().filter(is_missing).copied().partition(|name| matches!(name, Name::Unread(..)));
            let unnamed: usize = self.notices(audience).map(|about| about.unread).sum();
            let uncounted: usize = self.notices(audience).map(|about| about.more).sum();
            let is_reported = unread.len() <= unnamed && matches.len() <= uncounted;
            (!is_reported).then(|| {
                format!("not reported to {audience:?}: {unread:?} but for {unnamed}, {matches:?} but for {uncounted}")
            })
        })
    }

    /// What the notices are about that an audience accepted.
    fn notices(&self, audience: Audience) -> impl Iterator<Item = &About> {
        self.notices.iter().filter(move |(to, _)| *to == audience).map(|(_, id)| &self.names[id])
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
        let is_plain = messages.iter().any(|message| self.is_plain(audience, message));
        let fault = match self.random.below(100) {
            0..15 => 1 + self.random.below(5),
            15..95 if is_plain => 3,
            _ => 0,
        };
        let (mut answers, mut is_any_hit) = (Vec::new(), false);
        for (about, message) in about.iter().zip(messages) {
            let is_hit = fault == 1 || is_plain && fault == 3 || fault > 1 && self.random.percent(50);
            is_any_hit |= is_hit;
            let (is_accepted, answer) = match (is_hit, fault) {
                (false, _) => (true, Some(Ok(()))),
                (_, 1 | 2) => (false, Some(Err(publish_error("Throttled: slow down", false)))),
                (_, 3) => (false, Some(Err(publish_error("InvalidParameter: no", true)))),
                // Published, but the answer is lost.
                (_, 4) => (true, Some(Err(publish_error("the answer was lost", false)))),
                _ => (false, None),
            };
            if is_hit && fault == 3 {
                self.refused_forms.insert((audience, message.id.clone()));
            }
            if about.is_notice {
                self.is_disturbed |= !matches!(answer, Some(Ok(())));
                if is_accepted {
                    self.notices.insert((audience, message.id.clone()));
                    self.reported.extend(about.names.iter().map(|name| (audience, *name)));
                }
            }
            for key in about.names.iter().filter(|_| !about.is_notice).map(|name| (audience, *name)) {
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
        let unanswered = &about[answers.len()..];
        self.is_disturbed |= unanswered.iter().any(|about| about.is_notice);
        let names = unanswered.iter().filter(|about| !about.is_notice).flat_map(|about| &about.names);
        self.refused.extend(names.map(|name| (audience, *name)));
        answers
    }

    fn is_plain(&self, audience: Audience, message: &Message) -> bool {
        self.refused_forms.contains(&(audience, message.id.clone()))
    }

    /// What a message is about. Its plain form has no tags that name the rules that it covers: it has the id of the one before.
    fn about(&mut self, audience: Audience, message: &Message) -> About {
        if self.is_plain(audience, message) {
            return self.names[&message.id].clone();
        }
        let tags = list(message, "tags").unwrap();
        let rule = message.attributes.iter().find(|attribute| attribute.name == "rule").unwrap().string_value();
        let about = match (&*tags[0], event(&message.body)) {
            ("kind.alert", Some(event)) => {
                let others = tags.iter().filter_map(|tag| tag.strip_prefix("also.")).map(|id| of_rule(id, event));
                // An alert names what it covers to every audience, also to one that does not get the covered alerts.
                let others = others.filter(|name| name.audiences().contains(&audience));
                About::of([of_rule(&rule, event)].into_iter().chain(others).collect())
            }
            // A finding does not tell which record; the chat was informed before.
            ("kind.alert", None) if audience == Audience::Findings => self.names[&message.id].clone(),
            ("kind.alert", None) => About::of(vec![unread(audience, message)]),
            ("kind.summary", _) => summary(&message.body),
            ("kind.roll-up", _) => self.roll_up(audience, &rule, message),
            (kind, _) => panic!("{kind}: {message:?}"),
        };
        if about.is_notice {
            let count = if tags[0] == "kind.summary" { &mut self.in_summaries } else { &mut self.in_lists };
            *count += about.names.len();
        } else {
            self.alone.extend(about.names.first());
            self.covered.extend(about.names.iter().skip(1));
        }
        self.names.insert(message.id.clone(), about.clone());
        about
    }

    /// What a roll-up is about: nothing at first, and at the end of the hour what was held back. A chat has room for some of the
    /// lines, and gets the rest as the others do.
    fn roll_up(&self, audience: Audience, rule: &str, message: &Message) -> About {
        let known = self.names.get(&message.id).cloned().unwrap_or_default();
        let names = if audience == Audience::Chat { known.names } else { Vec::new() };
        let mut about = About { names, is_notice: true, ..known };
        let events = message.body.split("event-").skip(1).map(number).map(|event| of_rule(rule, event));
        about.names.extend(events);
        about.names.sort_unstable();
        about.names.dedup();
        if audience == Audience::Findings {
            let finding: Value = serde_json::from_str(&message.body).unwrap();
            let more = finding["unmapped"]["held_back_not_listed"].as_u64().unwrap_or(0);
            about.more = usize::try_from(more).unwrap();
        }
        about
    }
}

/// What a message is about.
#[derive(Clone, Debug, Default)]
struct About {
    /// Of an alert its own subject first, then the matches that it covers.
    names: Vec<Name>,
    is_notice: bool,
    /// How many unreadable records it tells of, without which ones.
    unread: usize,
    /// How many matches it only counts.
    more: usize,
}

impl About {
    fn of(names: Vec<Name>) -> Self {
        Self { names, ..Self::default() }
    }
}

fn of_rule(id: &str, event: usize) -> Name {
    Name::Match(id.to_uppercase().chars().next().unwrap(), event)
}

/// What the lines of a summary are about, from the text for people: under a heading for each rule first what happened, with the
/// rules that the alert covers, and then the id of the event.
fn summary(body: &str) -> About {
    let (mut about, mut rule, mut others) = (About { is_notice: true, ..About::default() }, "", "");
    for line in body.lines() {
        if let Some((_, heading)) = line.split_once("SEV")
            && let Some((id, count)) = heading[2..].split_once(", ")
        {
            rule = id;
            if rule == "trailbell-unread-record" {
                about.unread += count.split_once(": ").unwrap().1.parse::<usize>().unwrap();
            }
        } else if let Some((_, also)) = line.split_once("; also ") {
            others = also;
        } else if let Some(event) = event(line) {
            let names = [rule].into_iter().chain(others.split(", ").filter(|id| !id.is_empty()));
            about.names.extend(names.map(|id| of_rule(id, event)));
            others = "";
        }
    }
    about
}

/// The texts of an attribute that is a list.
fn list<'a>(message: &'a Message, name: &str) -> Option<&'a [String]> {
    match &message.attributes.iter().find(|attribute| attribute.name == name)?.value {
        AttributeValue::List(texts) => Some(texts),
        _ => None,
    }
}

/// The number of the event, in any format.
fn event(text: &str) -> Option<usize> {
    Some(number(text.split_once("event-")?.1))
}

fn number(text: &str) -> usize {
    let end = text.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().unwrap()
}

/// The unreadable record of an alert, from a message for people or a chat.
fn unread(audience: Audience, message: &Message) -> Name {
    let before = if audience == Audience::Alerts { "s3://logs/" } else { "Read the object `" };
    let object = message.body.split_once(before).unwrap().1;
    let mut parts = message.body.split("record ").filter(|part| part.starts_with(|start: char| start.is_ascii_digit()));
    Name::Unread(number(object), number(parts.next().unwrap()))
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
