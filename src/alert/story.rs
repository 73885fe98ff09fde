//! The content of an alert for people, in phrases without the markup of any format.
//!
//! The rows are in the order in which people ask for them; a format can omit rows and adds none.

use std::cell::LazyCell;

use super::{
    event::{CallOutcome, EventView, Issuer},
    link,
    model::{Alert, AlertKind, HeldBack, Remembered, Unread},
    occurrence,
    origin::Origin,
    phrase::{Phrase, PhrasePart, Row},
    reason::reasons,
};
use crate::{diagnostic::counted, engine::Finding, object::ObjectId, record::Virtual};

/// The most resources that are listed.
const MAX_RESOURCES: usize = 5;

/// The content of an alert.
pub struct Story {
    /// Who did what, and with which result; then where and when.
    pub lead: [Phrase; 2],
    /// The conditions of the rule that hold.
    pub reasons: Vec<Phrase>,
    /// The credentials of the caller, and the session that they belong to.
    pub actor: Vec<Row>,
    /// The result and the resources, or what is unusual; and the number of events.
    pub event: Vec<Row>,
    /// The events of a sequence; in what the events differ, and their ids, if there are several.
    pub differences: Vec<Row>,
    /// The event and the object or message that holds its record.
    pub places: Vec<Row>,
    /// The page of the event in the CloudTrail console.
    pub event_link: Option<String>,
}

/// The content of an alert, made once if any format needs it.
pub type LazyStory<'a> = LazyCell<Story, Box<dyn FnOnce() -> Story + 'a>>;

/// The content of an alert, not yet made.
pub fn lazy(alert: &Alert) -> LazyStory<'_> {
    LazyCell::new(Box::new(|| story(alert)))
}

/// The content of an alert.
fn story(alert: &Alert) -> Story {
    let mut story = match &alert.kind {
        AlertKind::Match(finding) => {
            let event = EventView(&finding.record);
            let reasons = why(finding);
            if let Some(insight) = event.insight() {
                let lead = [insight.lead(), place(alert, event)];
                Story { reasons, event: insight.rows(), ..Story::of(lead) }
            } else {
                let mut rows = outcome(event);
                if alert.occurrences.has_request() {
                    rows.extend(request(event));
                }
                let lead = [what(event), place(alert, event)];
                Story { reasons, actor: actor(alert, event), event: rows, ..Story::of(lead) }
            }
        }
        AlertKind::HeldBack(held_back) => of_held_back(held_back),
        AlertKind::Unread(unread) => of_unread(alert, unread),
    };
    if !matches!(alert.kind, AlertKind::Unread(_)) {
        story.event.extend(occurrence::counts(&alert.occurrences, alert.rule()));
        story.differences = occurrence::differences(&alert.occurrences, occurrence::MAX_LISTED);
    }
    if alert.state == Remembered::Unavailable {
        let text = "earlier alerts could not be looked up: this alert may be a repeat, and its count may be too low";
        story.event.push(Row::new("State", Phrase::ours(text)));
    }
    story.event_link = event_link(alert);
    story.places = places(alert, story.event_link.as_deref());
    story
}

/// How many steps it may take to find the conditions that hold; the conditions of an ordinary match take some thousands.
const MAX_WORK: u64 = 3_000_000;

fn why(finding: &Finding) -> Vec<Phrase> {
    let explain = || reasons(&finding.rule.filter.explain(finding.record.root()));
    let found = finding.record.work().bounded(MAX_WORK, explain);
    found.unwrap_or_else(|| vec![Phrase::ours("the record is too large to show which conditions hold")])
}

impl Story {
    /// No more than the first two lines.
    fn of(lead: [Phrase; 2]) -> Self {
        Self {
            lead,
            reasons: Vec::new(),
            actor: Vec::new(),
            event: Vec::new(),
            differences: Vec::new(),
            places: Vec::new(),
            event_link: None,
        }
    }
}

/// Who did what, and with which result.
fn what(event: EventView<'_>) -> Phrase {
    let phrase = who(event);
    let phrase = match event.at(&["eventName"]) {
        Some(name) => phrase.then(" called ").value(name),
        None => phrase.then(" made a call without a name"),
    };
    let phrase = phrase.maybe(" at ", event.at(&["eventSource"]));
    match event.outcome() {
        CallOutcome::Success => phrase.then(", and it succeeded"),
        CallOutcome::Failure { code, .. } => phrase.then(", and it failed").maybe(": ", code),
    }
}

/// The caller. A session shows that it is one, since the caller chooses its name, which can be that of a person.
pub fn who(event: EventView<'_>) -> Phrase {
    let Some(name) = event.field(Virtual::User) else { return Phrase::ours("an unknown user") };
    if event.is_anonymous() {
        return Phrase::ours("an anonymous caller");
    }
    let session = |name| Phrase::ours("session ").value(name);
    match event.issuer() {
        None => Phrase::theirs(name),
        Some(Issuer::Role(Some(role))) => session(name).then(" of the role ").value(role),
        Some(Issuer::Role(None)) => session(name).then(" of an unknown role"),
        Some(Issuer::User(Some(user))) => session(name).then(" of the user ").value(user),
        Some(Issuer::User(None)) => session(name).then(" of an unknown user"),
        Some(Issuer::Root) => session(name).then(" of the root user"),
    }
}

/// Where and when.
fn place(alert: &Alert, event: EventView<'_>) -> Phrase {
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

/// The id of an account, and its name in the rules file.
fn named(alert: &Alert, phrase: Phrase, id: String) -> Phrase {
    let name = alert.account_name(&id).map(str::to_owned);
    let phrase = phrase.value(id);
    match name {
        Some(name) => phrase.then(" (").with(PhrasePart::Rule(name)).then(")"),
        None => phrase,
    }
}

/// The credentials of the caller, and the session that they belong to.
fn actor(alert: &Alert, event: EventView<'_>) -> Vec<Row> {
    let identity = |key: &str| event.at(&["userIdentity", key]);
    let kind = event.field(Virtual::UserType);
    let who = identity("arn").or_else(|| identity("principalId")).or_else(|| identity("userName"));
    let mut rows = Vec::new();
    if kind.is_some() || who.is_some() {
        let blank = if kind.is_some() { " " } else { "" };
        let phrase = kind.map_or_else(Phrase::default, Phrase::theirs);
        rows.push(Row::new("Actor", phrase.maybe(blank, who)));
    }
    let foreign = event.foreign_account().map(|id| named(alert, Phrase::ours("from another account: "), id));
    rows.extend(foreign.map(|phrase| Row::new("", phrase)));
    let issuer = |key: &str| event.session(&["sessionIssuer", key]);
    if let Some(arn) = issuer("arn").or_else(|| issuer("userName")) {
        let since = event.session(&["attributes", "creationDate"]);
        let phrase = Phrase::ours("issued by ").value(arn).maybe(", since ", since);
        rows.push(Row::new("Session", phrase));
    }
    let federated = event.session(&["webIdFederationData", "federatedProvider"]);
    let behalf = event.at(&["userIdentity", "onBehalfOf", "userId"]);
    for (before, value) in [
        ("source identity ", event.session(&["sourceIdentity"])),
        ("federated by ", federated),
        ("on behalf of the user ", behalf),
        ("invoked by ", identity("invokedBy")),
    ] {
        rows.extend(value.map(|value| Row::new("", Phrase::ours(before).value(value))));
    }
    rows.extend(event.mfa().map(|mfa| Row::new("MFA", Phrase::ours(if mfa { "yes" } else { "no" }))));
    rows.extend(event.field(Virtual::AccessKey).map(|key| Row::new("Key", Phrase::theirs(key))));
    rows.extend(event.at(&["userAgent"]).map(|agent| Row::new("Client", Phrase::theirs(agent))));
    rows
}

/// The result, and the resources.
fn outcome(event: EventView<'_>) -> Vec<Row> {
    let outcome = match event.outcome() {
        CallOutcome::Success => Phrase::ours("succeeded"),
        CallOutcome::Failure { code, message } => {
            let before = if code.is_some() { ", " } else { ": " };
            Phrase::ours("failed").maybe(": ", code).maybe(before, message)
        }
    };
    let resources = event.resources();
    let shown = resources.iter().take(MAX_RESOURCES).enumerate();
    let mut rows = vec![Row::new("Outcome", outcome)];
    rows.extend(shown.map(|(at, (arn, _))| Row::new(if at == 0 { "Resource" } else { "" }, Phrase::theirs(arn))));
    if resources.len() > MAX_RESOURCES {
        rows.push(Row::new("", Phrase::ours(format!("and {} more", resources.len() - MAX_RESOURCES))));
    }
    rows
}

/// The values of the request.
fn request(event: EventView<'_>) -> Vec<Row> {
    let (values, more) = event.request();
    let named = values.into_iter().enumerate().map(|(at, (path, value))| {
        let phrase = if path.is_empty() { Phrase::default() } else { Phrase::theirs(path).then(" = ") };
        Row::new(if at == 0 { "Request" } else { "" }, phrase.value(value))
    });
    let more = (more > 0).then(|| Row::new("", Phrase::ours(format!("and {more} more"))));
    named.chain(more).collect()
}

fn of_held_back(held_back: &HeldBack) -> Story {
    let HeldBack { rule, hour, cap, alerts } = held_back;
    let first =
        Phrase::ours(format!("{} of the rule ", counted(*alerts, "alert"))).with(PhrasePart::Rule(rule.name.clone()));
    let first = first.then(if *alerts == 1 { " was held back" } else { " were held back" });
    let second = format!("in the hour from {hour}: the limit of a rule is {} an hour", counted(*cap, "alert"));
    Story::of([first, Phrase::ours(second)])
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
            Phrase::ours(format!("{more} of {place} could not be read; they have no alerts of their own"))
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
    Story::of([first, second])
}

fn event_link(alert: &Alert) -> Option<String> {
    link::event(&alert.region()?, &alert.call()?.at(&["eventID"])?)
}

/// The event, and the object or message that holds its record.
fn places(alert: &Alert, event_link: Option<&str>) -> Vec<Row> {
    let linked = |link: &str| Row::new("", Phrase::default().with(PhrasePart::Link(link.to_owned())));
    let mut rows = Vec::new();
    if let Some(event) = alert.event() {
        match event.at(&["eventID"]) {
            Some(id) => {
                rows.push(Row::new("Event", Phrase::theirs(id)));
                rows.extend(event_link.map(linked));
            }
            None => rows.push(Row::new("Event", Phrase::ours("without an id"))),
        }
    }
    match &alert.origin {
        Some(Origin::Object(ObjectId { bucket, key })) => {
            rows.push(Row::new("Object", Phrase::ours("s3://").value(format!("{bucket}/{key}"))));
            let link = alert.region().and_then(|region| link::object(&region, bucket, key));
            rows.extend(link.as_deref().map(linked));
        }
        Some(Origin::Message(message)) => rows.push(Row::new("Message", Phrase::theirs(message))),
        None => {}
    }
    rows
}
