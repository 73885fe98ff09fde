//! What a call asked for, and the ids in its response: first what the rule reads, then what names something, then the others.
//!
//! A caller can send a request of any size, so of everything a bounded part is held.

use super::phrase::{Phrase, PhrasePart, Row};
use crate::{
    filter::ast::{Expr, ExprKind},
    record::{Path, Record, Root, Scalar, Step, is_name, is_of_attempt, leaves},
    rule::{FieldPath, Rule, Title},
    untrusted::{line, shorten_middle},
};

/// The most lines, and the most of them that are of the response.
const MAX_LINES: usize = 12;
const MAX_RESPONSE: usize = 4;
/// The most values of one line.
const MAX_JOINED: usize = 5;
/// The longest value and the longest name of a field, in characters.
const MAX_VALUE: usize = 120;
/// The longest ARN: that of a role of IAM Identity Center is longer than other values.
const MAX_ARN: usize = 160;
/// The most values of one rank that are looked at; those beyond are counted.
const MAX_LOOKED: usize = 100;
/// The steps that looking through a record may take.
const MAX_WORK: u64 = 3_000_000;

/// What is in each request of a service, beside what differs between equal calls; in lower case.
const NOISE: [&str; 6] = ["host", "x-id", "signatureversion", "authenticationmethod", "loginto", "mobileversion"];

/// What a call asked for, and what its response identifies.
pub struct Asked {
    /// Of the request; of an event without one, what it says beside it.
    pub request: Fields,
    /// Of the response.
    pub response: Fields,
    /// Whether the whole record was looked through.
    pub is_whole: bool,
}

/// Fields with their values, those that matter most first.
pub struct Fields {
    /// At most [`MAX_LINES`] of request and response together.
    pub lines: Vec<Field>,
    /// How many values these do not show.
    pub more: usize,
}

/// A field of a request or a response. Its texts are printable, and short.
pub struct Field {
    /// Its keys, without `requestParameters` or `responseElements`; empty for a value without a key.
    pub name: String,
    /// Whether the author of the rule wrote the name; otherwise the caller can have chosen it.
    is_own: bool,
    /// Its values, at most [`MAX_JOINED`].
    pub values: Vec<String>,
}

impl Asked {
    /// What is shown of the request of a record, and of its response.
    pub fn of(rule: &Rule, record: &Record) -> Self {
        let read = read_by(rule);
        let (mut request, mut response) = (Found::default(), Found::default());
        let looked = record.work().bounded(MAX_WORK, || {
            leaves(record, REQUEST, &mut |keys, value| request.add(&read, keys, value, Some(Rank::of_request(keys))));
            let has_request = request.count > 0;
            for block in ["serviceEventDetails", "additionalEventData"] {
                // A sign-in has no request.
                let rank = |keys: &[&str]| Some(Rank::of_request(keys)).filter(|_| !has_request);
                leaves(record, block, &mut |keys, value| request.add(&read, keys, value, rank(keys)));
            }
            leaves(record, RESPONSE, &mut |keys, value| response.add(&read, keys, value, Rank::of_response(keys)));
        });
        response.leave_out(&request);
        let response = response.fields(MAX_RESPONSE);
        let of_response = response.lines.len() + usize::from(response.more > 0);
        Self { request: request.fields(MAX_LINES - of_response), response, is_whole: looked.is_some() }
    }

    /// The rows that people read.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = self.request.rows("What");
        rows.extend(self.response.rows("Response"));
        if !self.is_whole {
            rows.push(Row::new("", Phrase::ours("and more: the record is too large to show")));
        }
        rows
    }
}

impl Fields {
    fn rows(&self, name: &'static str) -> Vec<Row> {
        let more = (self.more > 0).then(|| Phrase::ours(format!("and {} more", self.more)));
        super::story::rows(name, self.lines.iter().map(phrase).chain(more))
    }
}

const REQUEST: &str = "requestParameters";
const RESPONSE: &str = "responseElements";

/// How much a value matters: what is first comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// The rule reads it, as this one of its fields.
    Read(usize),
    /// It names something.
    Name,
    /// Any other value.
    Other,
    /// It means nothing for people.
    Noise,
}

impl Rank {
    fn of_request(keys: &[&str]) -> Self {
        let last = last_of(keys);
        let lower = last.to_ascii_lowercase();
        if is_of_attempt(&lower) || NOISE.contains(&&*lower) || lower.starts_with("x-amz-") {
            Self::Noise
        } else if is_name(last) {
            Self::Name
        } else {
            Self::Other
        }
    }

    /// Of a response only what the rule reads and ids are of interest.
    fn of_response(keys: &[&str]) -> Option<Self> {
        let last = last_of(keys);
        let lower = last.to_ascii_lowercase();
        let one = lower.strip_suffix('s').unwrap_or(&lower);
        let is_id =
            is_name(last) && one != "requestid" && ["id", "arn", "identifier"].iter().any(|end| one.ends_with(end));
        is_id.then_some(Self::Name)
    }
}

/// The last key, unless it is longer than the name of any parameter.
fn last_of<'k>(keys: &[&'k str]) -> &'k str {
    keys.last().copied().filter(|key| key.len() <= MAX_VALUE).unwrap_or_default()
}

/// Values that are held, in the order of what matters, and how many there are.
#[derive(Default)]
struct Found {
    held: Vec<OfRank>,
    count: usize,
}

/// The first values of one rank, each with the name of its field, and how many were looked at.
struct OfRank {
    rank: Rank,
    values: Vec<Named>,
    looked: usize,
}

/// A value with the name of its field.
#[derive(PartialEq, Eq)]
struct Named {
    name: String,
    /// Whether the author of the rule wrote the name; otherwise the caller can have chosen it.
    is_own: bool,
    value: String,
}

impl Found {
    /// Adds a value whose rank is this unless the rule reads it; without a rank it is left out.
    fn add(&mut self, read: &[Vec<String>], keys: &[&str], value: Scalar<'_>, rank: Option<Rank>) {
        let is_read =
            |field: &Vec<String>| field.len() <= keys.len() && field.iter().zip(keys).all(|(one, key)| one == key);
        let field = read.iter().position(is_read);
        let Some(rank) = field.map(Rank::Read).or(rank) else { return };
        let at = self.held.binary_search_by_key(&rank, |held| held.rank).unwrap_or_else(|at| {
            self.held.insert(at, OfRank { rank, values: Vec::new(), looked: 0 });
            at
        });
        let of_rank = &mut self.held[at];
        if of_rank.values.len() < MAX_LINES && of_rank.looked < MAX_LOOKED {
            of_rank.looked += 1;
            let text = line(&start(&value.to_text().unwrap_or_default()), MAX_LINE);
            let text = shorten_middle(&text, if text.starts_with("arn:") { MAX_ARN } else { MAX_VALUE });
            let is_own = field.is_some_and(|at| read[at].len() == keys.len());
            let one = Named { name: name(keys), is_own, value: text };
            if of_rank.values.contains(&one) {
                return;
            }
            of_rank.values.push(one);
        }
        self.count += 1;
    }

    /// Leaves out the values that others have; those that the rule reads only if they have the same name there.
    fn leave_out(&mut self, others: &Self) {
        let shown: Vec<&Named> = others.held.iter().flat_map(|held| &held.values).collect();
        for OfRank { rank, values, .. } in &mut self.held {
            let is_read = matches!(rank, Rank::Read(_));
            let before = values.len();
            values.retain(|one| {
                !shown.iter().any(|other| one.value == other.value && (!is_read || one.name == other.name))
            });
            self.count -= before - values.len();
        }
    }

    /// The values in the order of their ranks, in at most so many lines; those of one field that follow one another are on one.
    fn fields(&self, most: usize) -> Fields {
        let mut lines: Vec<Field> = Vec::new();
        for one in self.held.iter().flat_map(|held| &held.values) {
            match lines.last_mut() {
                Some(line) if line.name == one.name && line.values.len() < MAX_JOINED => {
                    line.values.push(one.value.clone());
                }
                _ => lines.push(Field { name: one.name.clone(), is_own: one.is_own, values: vec![one.value.clone()] }),
            }
        }
        let count = |lines: &[Field]| lines.iter().map(|line| line.values.len()).sum::<usize>();
        let fits = lines.len() <= most && count(&lines) == self.count;
        // One of the lines says how many more there are.
        lines.truncate(if fits { most } else { most - 1 });
        let more = self.count - count(&lines);
        Fields { lines, more }
    }
}

/// The name of a field and its values.
fn phrase(field: &Field) -> Phrase {
    let phrase = match &*field.name {
        "" => Phrase::default(),
        name if field.is_own => Phrase::default().with(PhrasePart::Rule(name.to_owned())).then(" = "),
        name => Phrase::theirs(name).then(" = "),
    };
    match &field.values[..] {
        [one] => phrase.value(one),
        several => {
            let add =
                |phrase: Phrase, (at, one): (usize, &String)| phrase.then(if at == 0 { "" } else { ", " }).value(one);
            // No value is at the end, where it would need no quotes.
            several.iter().enumerate().fold(phrase, add).then("")
        }
    }
}

/// More of a text is not read, since its middle is left out.
const MAX_LINE: usize = 4_096;

/// The text, or its start and its end.
fn start(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() > MAX_LINE { shorten_middle(text, MAX_LINE / 8).into() } else { text.into() }
}

/// The name of a field: its keys, without `requestParameters` or `responseElements`.
fn name(keys: &[&str]) -> String {
    let keys = match keys {
        [REQUEST | RESPONSE, rest @ ..] => rest,
        keys => keys,
    };
    let mut name = String::new();
    for key in keys {
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&start(key));
    }
    shorten_middle(&line(&name, usize::MAX), MAX_VALUE)
}

/// The fields of a record that a rule reads, each as its keys, in the order of its title, its conditions and its counting.
fn read_by(rule: &Rule) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let title = rule.title.iter().flat_map(Title::fields).flatten();
    found.extend(title.map(|path| keys(path, &[])));
    conditions(rule.filter.expr(), &[], &mut found);
    let fields = rule.aggregate_fields.iter().flatten().chain(&rule.distinct);
    let new = rule.first_seen.iter().flat_map(|first_seen| &first_seen.fields);
    let by = rule.steps().iter().flat_map(|step| &step.by);
    found.extend(fields.chain(new).chain(by).map(|field: &FieldPath| keys(&field.path, &[])));
    // A whole block is no part of it.
    found.retain(|field| field.len() > 1);
    found.dedup();
    found
}

/// The fields of conditions; `within` are the keys of the list that an `any` is about.
fn conditions(expr: &Expr, within: &[String], found: &mut Vec<Vec<String>>) {
    match &expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().for_each(|part| conditions(part, within, found)),
        ExprKind::Not(inner) => conditions(inner, within, found),
        ExprKind::Any(list, inner) => conditions(inner, &keys(&list.path, within), found),
        ExprKind::Compare(compare) => {
            found.push(keys(&compare.left.path, within));
            found.extend(compare.right.fields().map(|field| keys(&field.path, within)));
        }
        ExprKind::List { .. } => {}
    }
}

/// The keys of a path, up to an index.
fn keys(path: &Path, within: &[String]) -> Vec<String> {
    match path.root {
        Root::Element => {
            let steps = path.steps.iter().filter_map(|step| match step {
                Step::Key(key) => Some(key.clone()),
                Step::Index(_) => None,
            });
            within.iter().cloned().chain(steps).collect()
        }
        Root::Record | Root::Virtual(_) => path.first_keys(usize::MAX).0.into_iter().map(str::to_owned).collect(),
    }
}
