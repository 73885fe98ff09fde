//! An alert: a rule matched a record, and what happened is worth a message.

use crate::{
    alert::{
        content::{Around, Content, RuleView},
        event::{CallOutcome, EventView, Issuer},
        link, occurrence,
        phrase::{Phrase, Row},
        place::{account, linked, named},
        reason::reasons,
        story::Story,
    },
    engine::Finding,
    record::Virtual,
    rule::{Accounts, FilledPart},
    untrusted,
};

/// The most resources that are listed.
const MAX_RESOURCES: usize = 5;

impl Content for Finding {
    fn tag(&self) -> &'static str {
        "kind.alert"
    }

    fn rule(&self) -> RuleView<'_> {
        RuleView::from(&*self.rule)
    }

    fn title(&self) -> String {
        title(self)
    }

    fn headline(&self) -> Vec<FilledPart> {
        let parts = self.rule.title.as_ref().map(|title| title.fill_parts(&self.record)).unwrap_or_default();
        let is_shown = |part: &FilledPart| !untrusted::line(&part.text, usize::MAX).is_empty();
        if parts.iter().any(is_shown) && parts.iter().all(|part| part.is_value || untrusted::has_ascii_form(&part.text))
        {
            return parts;
        }
        let (event, rule) = (EventView(&self.record), FilledPart::own(format!("{}: ", self.rule().ascii_name())));
        if let Some(insight) = event.insight() {
            return vec![rule, FilledPart::value(insight.title())];
        }
        vec![rule, FilledPart::value(event.name()), FilledPart::own(" by "), FilledPart::value(event.caller())]
    }

    fn is_notice(&self) -> bool {
        false
    }

    fn event(&self) -> Option<EventView<'_>> {
        Some(EventView(&self.record))
    }

    fn account(&self) -> Option<String> {
        EventView(&self.record).account()
    }

    fn region(&self) -> Option<String> {
        EventView(&self.record).at(&["awsRegion"])
    }

    fn story(&self, around: &Around<'_>) -> Story {
        let (event, occurrences) = (EventView(&self.record), around.occurrences);
        let lead = |what| [what, place(around.accounts, event)];
        let mut story = if let Some(insight) = event.insight() {
            let steps = vec![insight.question()];
            Story { event: insight.rows(), steps, ..Story::of(lead(insight.lead())) }
        } else {
            let mut rows = outcome(event);
            if occurrences.has_request() {
                rows.extend(request(event));
            }
            let actor = actor(around.accounts, event);
            let steps = ask(event).into_iter().collect();
            Story { actor, event: rows, steps, ..Story::of(lead(what(event))) }
        };
        story.reasons = why(self);
        story.event.extend(occurrence::counts(occurrences, &self.rule));
        story.differences = occurrence::differences(occurrences, occurrence::MAX_LISTED);
        story.event_link = event_link(event);
        match event.at(&["eventID"]) {
            Some(id) => {
                story.places.push(Row::new("Event", Phrase::theirs(id)));
                story.places.extend(story.event_link.clone().map(linked));
            }
            None => story.places.push(Row::new("Event", Phrase::ours("without an id"))),
        }
        story
    }
}

/// The rule's title with the record's values, or what happened and who did it if that title is empty.
pub fn title(finding: &Finding) -> String {
    let title = finding.rule.title.as_ref().map(|title| title.fill(&finding.record));
    if let Some(title) = title.filter(|title| !untrusted::line(title, usize::MAX).is_empty()) {
        return title;
    }
    let event = EventView(&finding.record);
    match event.insight() {
        Some(insight) => insight.title(),
        None => format!("{} by {}", event.name(), event.caller()),
    }
}

/// The page of a call in the CloudTrail console.
fn event_link(event: EventView<'_>) -> Option<String> {
    let call = Some(event).filter(|event| event.insight().is_none())?;
    link::event(&call.at(&["awsRegion"])?, &call.at(&["eventID"])?)
}

/// The step that asks the caller; no one can be asked for an anonymous one.
fn ask(event: EventView<'_>) -> Option<Phrase> {
    event.field(Virtual::User).filter(|_| !event.is_anonymous())?;
    Some(match event.issuer() {
        Some(_) => Phrase::ours("Find out who used the ").and(who(event)),
        None => Phrase::ours("Ask ").and(who(event)).then(" whether it was them"),
    })
}

/// How many steps it may take to find the conditions that hold; the conditions of an ordinary match take some thousands.
const MAX_WORK: u64 = 3_000_000;

fn why(finding: &Finding) -> Vec<Phrase> {
    let explain = || reasons(&finding.rule.filter.explain(finding.record.root()));
    let found = finding.record.work().bounded(MAX_WORK, explain);
    found.unwrap_or_else(|| vec![Phrase::ours("the record is too large to show which conditions hold")])
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
fn who(event: EventView<'_>) -> Phrase {
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
fn place(accounts: &Accounts, event: EventView<'_>) -> Phrase {
    let phrase = account(accounts, Phrase::ours("in "), event.account());
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

/// The credentials of the caller, and the session that they belong to.
fn actor(accounts: &Accounts, event: EventView<'_>) -> Vec<Row> {
    let identity = |key: &str| event.at(&["userIdentity", key]);
    let kind = event.field(Virtual::UserType);
    let who = identity("arn").or_else(|| identity("principalId")).or_else(|| identity("userName"));
    let mut rows = Vec::new();
    if kind.is_some() || who.is_some() {
        let blank = if kind.is_some() { " " } else { "" };
        let phrase = kind.map_or_else(Phrase::default, Phrase::theirs);
        rows.push(Row::new("Actor", phrase.maybe(blank, who)));
    }
    let foreign = event.foreign_account().map(|id| named(accounts, Phrase::ours("from another account: "), id));
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
