//! An alert: a rule matched a record, and what happened is worth a message.

use crate::{
    alert::{
        content::{Around, Content, RuleView},
        event::{CallOutcome, EventView, Issuer},
        link, occurrence,
        phrase::{Phrase, PhrasePart, Row},
        place::{account, named},
        reason::reasons,
        request::Asked,
        story::{Story, event_row, rows},
    },
    engine::Finding,
    record::Virtual,
    rule::{Accounts, FilledPart, Rule, combination, show_duration},
    untrusted,
};

/// The most resources that are listed.
const MAX_RESOURCES: usize = 5;
/// The longest error message, which can hold an encoded authorization message, and the longest user agent, in characters.
const MAX_ERROR: usize = 300;
const MAX_CLIENT: usize = 60;
/// No text of a record is longer.
const MAX_RECORD: usize = 1 << 20;

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

    fn advice(&self) -> Vec<FilledPart> {
        self.rule.advice.as_ref().map(|advice| advice.fill_parts(&self.record)).unwrap_or_default()
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
            Story { what: insight.rows(), steps: vec![insight.question()], ..Story::of(lead(insight.lead())) }
        } else {
            let mut what = error(event);
            what.extend(Asked::of(&self.rule, &self.record).rows());
            what.extend(resources(event));
            let (who, steps) = (actor(event), ask(around.accounts, event).into_iter().collect());
            let what_happened = occurrence::last_of(occurrences, &self.rule, call(around.accounts, event));
            Story { what, who, steps, ..Story::of(lead(what_happened)) }
        };
        story.reasons = why(self);
        story.events = occurrence::counts(occurrences, &self.rule);
        story.events.extend(new(self));
        story.differences = occurrence::differences(occurrences, Some(&self.rule), occurrence::MAX_LISTED);
        story.differences.push(event_row(event.at(&["eventID"])));
        story.event_link = event_link(event);
        story
    }
}

/// The combination of values that was not seen before.
fn new(finding: &Finding) -> Vec<Row> {
    let Rule { first_seen: Some(first_seen), threshold: 1, .. } = &*finding.rule else { return Vec::new() };
    let combination = combination(&first_seen.fields, &finding.record).into_iter();
    let values = combination.map(|one| {
        let phrase = Phrase::default().with(PhrasePart::Rule(one.field.clone()));
        if one.values.is_empty() { phrase.then(" = null") } else { phrase.then(" = ").value(one.to_string()) }
    });
    let together = if first_seen.fields.len() > 1 { " together" } else { "" };
    let within = show_duration(first_seen.within);
    rows("New", values.chain([Phrase::ours(format!("not seen{together} in the {within} before"))]))
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
fn ask(accounts: &Accounts, event: EventView<'_>) -> Option<Phrase> {
    event.field(Virtual::User).filter(|_| !event.is_anonymous())?;
    if event.issuer().is_some() {
        return Some(Phrase::ours("Find out who used the ").and(who(event)));
    }
    let kind = event.field(Virtual::UserType);
    Some(match (kind.as_deref(), event.foreign_account()) {
        (Some("Root"), None) => Phrase::ours("Find out who used the root user"),
        (Some("Root"), Some(id)) => named(accounts, Phrase::ours("Find out who used the root user of account "), id),
        (_, Some(id)) if event.is_service() => named(accounts, Phrase::ours("Find out who owns account "), id),
        (_, None) if event.is_service() => Phrase::ours("Find out for whom ").and(who(event)).then(" did this"),
        // It names its callers to other accounts by ids.
        (Some("AWSAccount"), Some(id)) => {
            named(accounts, Phrase::ours("Ask the owner of account "), id).then(" whether it was them")
        }
        (Some("IdentityCenterUser"), _) => {
            Phrase::ours("Find the user ").and(who(event)).then(" in IAM Identity Center, and ask whether it was them")
        }
        _ => Phrase::ours("Ask ").and(who(event)).then(" whether it was them"),
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
fn call(accounts: &Accounts, event: EventView<'_>) -> Phrase {
    let phrase = who(event);
    let phrase = match event.foreign_account().filter(|_| !event.is_anonymous()) {
        Some(id) if event.is_service() => named(accounts, phrase.then(" for account "), id),
        Some(id) => named(accounts, phrase.then(" of account "), id),
        None => phrase,
    };
    // What a service writes of itself is no call, and has no result ("AwsServiceEvent" in the AWS CloudTrail User Guide).
    let is_report = event.is_service() && event.at(&["eventType"]).is_some_and(|kind| kind == "AwsServiceEvent");
    let phrase = match event.at(&["eventName"]) {
        Some(name) => phrase.then(if is_report { " reported " } else { " called " }).value(name),
        None => phrase.then(" made a call without a name"),
    };
    let phrase = phrase.maybe(" at ", event.at(&["eventSource"]));
    match event.outcome() {
        CallOutcome::Success if is_report => phrase,
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
fn actor(event: EventView<'_>) -> Vec<Row> {
    let identity = |key: &str| event.at(&["userIdentity", key]);
    let kind = event.field(Virtual::UserType);
    let who = identity("arn").or_else(|| identity("principalId")).or_else(|| identity("userName"));
    let mut shown = Vec::new();
    if kind.is_some() || who.is_some() {
        let blank = if kind.is_some() { " " } else { "" };
        let phrase = kind.map_or_else(Phrase::default, Phrase::theirs);
        shown.push(Row::new("Who", phrase.maybe(blank, who)));
    }
    let issuer = |key: &str| event.session(&["sessionIssuer", key]);
    if let Some(arn) = issuer("arn").or_else(|| issuer("userName")) {
        let since = event.session(&["attributes", "creationDate"]);
        let phrase = Phrase::ours("issued by ").value(arn).maybe(", since ", since);
        shown.push(Row::new("Session", phrase));
    }
    let federated = event.session(&["webIdFederationData", "federatedProvider"]);
    let behalf = event.at(&["userIdentity", "onBehalfOf", "userId"]);
    for (before, value) in [
        ("source identity ", event.session(&["sourceIdentity"])),
        ("federated by ", federated),
        ("on behalf of the user ", behalf),
        ("invoked by ", identity("invokedBy")),
    ] {
        let name = if shown.is_empty() { "Who" } else { "" };
        shown.extend(value.map(|value| Row::new(name, Phrase::ours(before).value(value))));
    }
    shown.extend(event.mfa().map(|mfa| Row::new("MFA", Phrase::ours(if mfa { "yes" } else { "no" }))));
    shown.extend(event.field(Virtual::AccessKey).map(|key| Row::new("Key", Phrase::theirs(key))));
    // A service writes its name as the client, too.
    let client = event.at(&["userAgent"]).filter(|agent| event.field(Virtual::Ip).as_ref() != Some(agent));
    let client = client.map(|agent| untrusted::line(&agent, MAX_RECORD));
    shown.extend(client.map(|agent| Row::new("Client", Phrase::theirs(untrusted::shorten_middle(&agent, MAX_CLIENT)))));
    shown
}

/// AWS's message about a failure.
fn error(event: EventView<'_>) -> Vec<Row> {
    let CallOutcome::Failure { message: Some(message), .. } = event.outcome() else { return Vec::new() };
    let message = untrusted::shorten_middle(&untrusted::line(&message, MAX_RECORD), MAX_ERROR);
    vec![Row::new("Error", Phrase::theirs(message))]
}

/// The resources.
fn resources(event: EventView<'_>) -> Vec<Row> {
    let resources = event.resources();
    let more = resources.len().saturating_sub(MAX_RESOURCES);
    let more = (more > 0).then(|| Phrase::ours(format!("and {more} more")));
    let shown = resources.into_iter().take(MAX_RESOURCES).map(|(arn, _)| Phrase::theirs(arn));
    rows("Resource", shown.chain(more))
}
