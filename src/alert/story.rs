//! What an alert tells a person, in phrases and without any channel's markup.
//!
//! The order of the rows is the order in which people ask; a channel leaves rows out, and adds none.

use super::{
    Alert, Event, HeldBack, Kind, Occurrences, Origin, Outcome, Remembered, Unread, link,
    phrase::{Part, Phrase},
    reason::reasons,
};
use crate::{diagnostic::counted, object::ObjectId, record::Virtual};

/// No more resources are named.
const MAX_RESOURCES: usize = 5;
/// No more aggregate values are named.
const MAX_VALUES: usize = 20;

/// What there is to tell.
pub struct Story {
    /// Who did what, and how it ended; then where and when.
    pub lead: [Phrase; 2],
    /// The conditions of the rule that held.
    pub reasons: Vec<Phrase>,
    /// Whose credentials they were, and how they came by them.
    pub actor: Vec<Row>,
    /// What came of it, on what, and how often.
    pub event: Vec<Row>,
    /// Where to look at it.
    pub places: Vec<Row>,
}

/// A phrase and what it is of; without a name it belongs to the row before.
pub struct Row {
    /// One word.
    pub name: &'static str,
    /// What there is to say.
    pub phrase: Phrase,
}

/// The story of an alert.
pub fn story(alert: &Alert) -> Story {
    let mut story = match &alert.kind {
        Kind::Match(finding) => {
            let event = Event(&finding.record);
            Story {
                lead: [what(event), place(alert, event)],
                reasons: reasons(&finding.rule.explain(&finding.record).filter),
                actor: actor(alert, event),
                event: outcome(event),
                places: Vec::new(),
            }
        }
        Kind::HeldBack(held_back) => of_held_back(held_back),
        Kind::Unread(unread) => of_unread(alert, unread),
    };
    if !matches!(alert.kind, Kind::Unread(_)) {
        story.event.extend(occurrences(&alert.occurrences));
    }
    if alert.state == Remembered::Unavailable {
        let text = "what was sent before could not be looked up: this may be a repetition, and its count too low";
        story.event.push(row("State", Phrase::ours(text)));
    }
    story.places.extend(places(alert));
    story
}

fn row(name: &'static str, phrase: Phrase) -> Row {
    Row { name, phrase }
}

/// Who did what, and how it ended.
fn what(event: Event<'_>) -> Phrase {
    let phrase = match event.field(Virtual::User) {
        Some(user) => Phrase::theirs(user),
        None => Phrase::ours("somebody unknown"),
    };
    let phrase = phrase.maybe(" in the role ", event.field(Virtual::Role));
    let phrase = match event.at(&["eventName"]) {
        Some(name) => phrase.then(" called ").value(name),
        None => phrase.then(" did something without a name"),
    };
    let phrase = phrase.maybe(" at ", event.at(&["eventSource"]));
    match event.outcome() {
        Outcome::Success => phrase.then(", and it succeeded"),
        Outcome::Failure { code, .. } => phrase.then(", and it failed").maybe(": ", code),
    }
}

/// Where and when.
fn place(alert: &Alert, event: Event<'_>) -> Phrase {
    let phrase = account(alert, Phrase::ours("in "), event.account());
    let phrase = match event.field(Virtual::Region) {
        Some(region) => phrase.then(", region ").value(region),
        None => phrase.then(", in an unknown region"),
    };
    let phrase = phrase.maybe(", from ", event.field(Virtual::Ip));
    match event.at(&["eventTime"]) {
        Some(time) => phrase.then(", at ").value(time),
        None => phrase.then(", at an unknown time"),
    }
}

fn account(alert: &Alert, phrase: Phrase, id: Option<String>) -> Phrase {
    match id {
        Some(id) => named(alert, phrase.then("account "), id),
        None => phrase.then("an unknown account"),
    }
}

/// An account by its id and its name.
fn named(alert: &Alert, phrase: Phrase, id: String) -> Phrase {
    let name = alert.account_name(&id).map(str::to_owned);
    let phrase = phrase.value(id);
    match name {
        Some(name) => phrase.then(" (").with(Part::Rule(name)).then(")"),
        None => phrase,
    }
}

/// The credentials, and the chain that they came by.
fn actor(alert: &Alert, event: Event<'_>) -> Vec<Row> {
    let identity = |key: &str| event.at(&["userIdentity", key]);
    let kind = event.field(Virtual::UserType);
    let who = identity("arn").or_else(|| identity("principalId")).or_else(|| identity("userName"));
    let mut rows = Vec::new();
    if kind.is_some() || who.is_some() {
        let blank = if kind.is_some() { " " } else { "" };
        let phrase = kind.map_or_else(Phrase::default, Phrase::theirs);
        rows.push(row("Actor", phrase.maybe(blank, who)));
    }
    let foreign = event.foreign_account().map(|id| named(alert, Phrase::ours("of another account, "), id));
    rows.extend(foreign.map(|phrase| row("", phrase)));
    let issuer = |key: &str| event.session(&["sessionIssuer", key]);
    if let Some(arn) = issuer("arn").or_else(|| issuer("userName")) {
        let since = event.session(&["attributes", "creationDate"]);
        let phrase = Phrase::ours("of ").value(arn).maybe(", since ", since);
        rows.push(row("Session", phrase));
    }
    let federated = event.session(&["webIdFederationData", "federatedProvider"]);
    let behalf = event.at(&["userIdentity", "onBehalfOf", "userId"]);
    for (before, value) in [
        ("source identity ", event.session(&["sourceIdentity"])),
        ("federated by ", federated),
        ("on behalf of the user ", behalf),
        ("invoked by ", identity("invokedBy")),
    ] {
        rows.extend(value.map(|value| row("", Phrase::ours(before).value(value))));
    }
    rows.extend(event.mfa().map(|mfa| row("MFA", Phrase::ours(if mfa { "yes" } else { "no" }))));
    rows.extend(event.field(Virtual::AccessKey).map(|key| row("Key", Phrase::theirs(key))));
    rows.extend(event.at(&["userAgent"]).map(|agent| row("Client", Phrase::theirs(agent))));
    rows
}

/// What came of it, and on what.
fn outcome(event: Event<'_>) -> Vec<Row> {
    let outcome = match event.outcome() {
        Outcome::Success => Phrase::ours("succeeded"),
        Outcome::Failure { code, message } => {
            let before = if code.is_some() { ", " } else { ": " };
            Phrase::ours("failed").maybe(": ", code).maybe(before, message)
        }
    };
    let resources = event.resources();
    let shown = resources.iter().take(MAX_RESOURCES).enumerate();
    let mut rows = vec![row("Outcome", outcome)];
    rows.extend(shown.map(|(at, (arn, _))| row(if at == 0 { "Resource" } else { "" }, Phrase::theirs(arn))));
    if resources.len() > MAX_RESOURCES {
        rows.push(row("", Phrase::ours(format!("and {} more", resources.len() - MAX_RESOURCES))));
    }
    rows
}

/// How many events it stands for, and what they have in common.
fn occurrences(occurrences: &Occurrences) -> Vec<Row> {
    let Occurrences { count, first, last, since_last, held_before, approximate, values } = occurrences;
    if *count == 0 {
        return Vec::new();
    }
    let about = if *approximate { "about " } else { "" };
    let mut rows = Vec::new();
    let phrase = Phrase::ours(format!("{about}{}", counted(*count, "event")));
    rows.push(match (first, last) {
        (Some(first), Some(last)) if first != last => row("Count", phrase.then(format!(", from {first} to {last}"))),
        _ => row("Count", phrase),
    });
    if let Some(since) = since_last {
        let text = format!("{about}{} since the alert before this one", counted(*since, "event"));
        rows.push(row("", Phrase::ours(text)));
    }
    if *held_before > 0 {
        let text = format!("{} of the rule held back before, by its limit an hour", counted(*held_before, "alert"));
        rows.push(row("", Phrase::ours(text)));
    }
    // What one event has in common with itself is said above.
    let values = if *count > 1 || since_last.is_some() { &values[..] } else { &[] };
    for (at, (path, value)) in values.iter().take(MAX_VALUES).enumerate() {
        let phrase = Phrase::default().with(Part::Rule(path.clone()));
        let phrase = match value {
            Some(value) => phrase.then(" = ").value(value),
            None => phrase.then(" = null"),
        };
        rows.push(row(if at == 0 { "Same" } else { "" }, phrase));
    }
    rows
}

fn of_held_back(held_back: &HeldBack) -> Story {
    let HeldBack { rule, hour, cap, alerts } = held_back;
    let first = Phrase::ours(format!("{} of the rule ", counted(*alerts, "alert"))).with(Part::Rule(rule.name.clone()));
    let first = first.then(if *alerts == 1 { " was held back" } else { " were held back" });
    let second = format!("in the hour from {hour}: a rule may raise {} an hour", counted(*cap, "alert"));
    let lead = [first, Phrase::ours(second)];
    Story { lead, reasons: Vec::new(), actor: Vec::new(), event: Vec::new(), places: Vec::new() }
}

fn of_unread(alert: &Alert, unread: &Unread) -> Story {
    let place = match &alert.origin {
        Some(Origin::Message(_)) => "a message",
        Some(Origin::Object(_)) | None => "a CloudTrail log file",
    };
    let first = match unread {
        Unread::Record { index, reason } => {
            Phrase::ours(format!("record {index} of {place} could not be read: ")).value(reason)
        }
        Unread::More { count } => {
            let more = counted(*count, "more record");
            Phrase::ours(format!("of {place} {more} could not be read, without an alert of their own"))
        }
    };
    let second = match &alert.origin {
        Some(Origin::Message(message)) => Phrase::ours("in ").value(message),
        Some(Origin::Object(_)) | None => {
            account(alert, Phrase::ours("in the log of "), alert.account()).maybe(", region ", alert.region())
        }
    };
    let second = match alert.time() {
        Some(time) => second.then(format!(", delivered at {time}")),
        None => second,
    };
    Story { lead: [first, second], reasons: Vec::new(), actor: Vec::new(), event: Vec::new(), places: Vec::new() }
}

/// The event and the object, with links where a link can be made.
fn places(alert: &Alert) -> Vec<Row> {
    let region = alert.region().unwrap_or_default();
    let mut rows = Vec::new();
    if let Some(event) = alert.event() {
        match event.at(&["eventID"]) {
            Some(id) => {
                let link = link::event(&region, &id);
                rows.push(row("Event", Phrase::theirs(id)));
                rows.extend(link.map(|link| row("", Phrase::default().with(Part::Link(link)))));
            }
            None => rows.push(row("Event", Phrase::ours("without an id"))),
        }
    }
    match &alert.origin {
        Some(Origin::Object(ObjectId { bucket, key })) => {
            rows.push(row("Object", Phrase::ours("s3://").value(format!("{bucket}/{key}"))));
            let link = link::object(&region, bucket, key);
            rows.extend(link.map(|link| row("", Phrase::default().with(Part::Link(link)))));
        }
        Some(Origin::Message(message)) => rows.push(row("Message", Phrase::theirs(message))),
        None => {}
    }
    rows
}
