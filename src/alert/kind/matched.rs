//! An alert: a rule matched a record, and what happened is worth a message.

use crate::{
    alert::{
        caller,
        content::{Around, Content, RuleView},
        event::{CallOutcome, EventView},
        occurrence,
        phrase::{Phrase, PhrasePart, Row},
        place::{account, named},
        reason::reasons,
        request::Asked,
        short_name::short_text,
        story::{Story, event_row, rows},
    },
    engine::Finding,
    record::Virtual,
    rule::{Accounts, FilledPart, Rule, combination, show_duration},
    untrusted,
};

/// The most resources that are listed.
const MAX_RESOURCES: usize = 5;
/// The longest error message, which can hold an encoded authorization message, in characters.
const MAX_ERROR: usize = 300;
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
        if parts.iter().any(is_shown) { parts } else { self.ascii_headline() }
    }

    fn ascii_headline(&self) -> Vec<FilledPart> {
        let (event, rule) = (EventView(&self.record), FilledPart::own(format!("{}: ", self.rule().ascii_name())));
        if let Some(insight) = event.insight() {
            return vec![rule, FilledPart::value(insight.title())];
        }
        if let Some(found) = event.detected() {
            return vec![rule, FilledPart::value(found.title())];
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
        } else if let Some(found) = event.detected() {
            let what_happened = occurrence::last_of(occurrences, &self.rule, found.lead());
            Story { what: found.rows(), ..Story::of(lead(what_happened)) }
        } else {
            let mut what = error(event);
            what.extend(Asked::of(&self.rule, &self.record).rows());
            what.extend(resources(event));
            let who = caller::rows(event);
            let steps = caller::ask(around.accounts, event).into_iter().collect();
            let what_happened = occurrence::last_of(occurrences, &self.rule, call(around.accounts, event));
            Story { what, who, steps, ..Story::of(lead(what_happened)) }
        };
        story.reasons = why(self);
        story.events = occurrence::counts(occurrences, &self.rule);
        story.events.extend(new(self));
        story.differences = occurrence::differences(occurrences, Some(&self.rule), occurrence::MAX_LISTED);
        story.event = vec![event_row(event.at(&["eventID"]))];
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
    match (event.insight(), event.detected()) {
        (Some(insight), _) => insight.title(),
        (_, Some(found)) => found.title(),
        _ => format!("{} by {}", event.name(), event.caller()),
    }
}

/// The title, with ARNs by short names.
pub fn short_title(finding: &Finding) -> String {
    short_text(&title(finding), EventView(&finding.record).account().as_deref())
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
    let phrase = caller::who(event);
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
