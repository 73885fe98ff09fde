//! The alert as plain text, for e-mail and terminals.

use std::fmt::Write;

use super::{Alert, Message, Origin, untrusted};
use crate::{
    record::{Record, Virtual},
    rule::Severity,
};

/// SNS: "less than 100 characters" (Publish in the SNS API Reference).
const MAX_SUBJECT: usize = 99;

/// The longest single value in a body, in characters. With the caps on a rule's own texts it keeps every message far
/// below the 256 KiB that SNS takes.
const MAX_VALUE: usize = 500;
const MAX_DESCRIPTION: usize = 8_000;
const MAX_FILTER: usize = 2_000;
pub(super) const MAX_KEY: usize = 1_100;

/// The message for an alert.
pub fn render(alert: &Alert) -> Message {
    Message { id: alert.id.clone(), subject: subject(alert), body: body(alert), attributes: alert.attributes() }
}

/// `SEV1 <rule>: <title>`, printable ASCII, as much as fits.
fn subject(alert: &Alert) -> String {
    let rule = &alert.finding.rule;
    let line = untrusted::line(&format!("{}: {}", rule.name, super::title(&alert.finding)), usize::MAX);
    subject_line(&format!("SEV{} {line}", rule.severity.number()))
}

/// As much of a line as a subject holds.
pub(super) fn subject_line(line: &str) -> String {
    let subject = untrusted::ascii(line);
    if subject.len() <= MAX_SUBJECT {
        return subject;
    }
    let kept: String = subject.chars().take(MAX_SUBJECT - 3).collect();
    kept.trim_end().to_owned() + "..."
}

/// What the row is called that says where a record was read.
pub(super) fn place_name(origin: &Origin) -> &'static str {
    match origin {
        Origin::Object { .. } => "Object",
        Origin::Message(_) => "Message",
    }
}

fn body(alert: &Alert) -> String {
    let (rule, record) = (&alert.finding.rule, alert.record());
    let mut body = Body::default();
    body.paragraph(&untrusted::line(&super::title(&alert.finding), MAX_VALUE));
    body.row("Severity", &format!("{} ({})", rule.severity.number(), meaning(rule.severity)));
    body.row("Rule", &rule.name);
    body.gap();
    body.row("Who", &who(alert));
    body.row("", &credentials(record));
    body.row("What", &what(record));
    body.row("", &outcome(record));
    body.row("Where", &place(alert));
    body.row("", &source(record));
    body.row("When", &record.at(&["eventTime"]).unwrap_or_else(|| "unknown".to_owned()));
    body.gap();
    if let Some(description) = &rule.description {
        body.paragraph(&untrusted::lines(description, MAX_DESCRIPTION));
    }
    body.row("Runbook", rule.runbook.as_deref().unwrap_or_default());
    body.write("Matched", &untrusted::cut(&untrusted::printable(&rule.filter.to_string()), MAX_FILTER));
    body.row("Event", &record.at(&["eventID"]).unwrap_or_else(|| "without an id".to_owned()));
    body.long_row(place_name(&alert.origin), &alert.origin.to_string(), MAX_KEY);
    body.row("Alert", &alert.id);
    body.0
}

fn meaning(severity: Severity) -> &'static str {
    match severity.number() {
        1 => "act now",
        2 => "review",
        _ => "for the record",
    }
}

fn who(alert: &Alert) -> String {
    let record = alert.record();
    let kind = record.field(Virtual::UserType).map(|kind| format!(" ({kind})")).unwrap_or_default();
    let role = record.field(Virtual::Role).map(|role| format!(", role {role}")).unwrap_or_default();
    format!("{}{kind}{role}", alert.actor())
}

fn credentials(record: &Record) -> String {
    let key = record.field(Virtual::AccessKey).map(|key| format!("access key {key}"));
    let mfa =
        record.field(Virtual::MfaUsed).map(|used| if used == "true" { "with MFA" } else { "without MFA" }.to_owned());
    [key, mfa].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn what(record: &Record) -> String {
    let name = record.at(&["eventName"]).unwrap_or_else(|| "an unnamed event".to_owned());
    let source = record.at(&["eventSource"]).map(|source| format!(" at {source}")).unwrap_or_default();
    format!("{name}{source}")
}

fn outcome(record: &Record) -> String {
    let code = record.field(Virtual::Error);
    match (super::outcome(record), record.at(&["errorMessage"])) {
        (None, _) => "succeeded".to_owned(),
        (Some(_), Some(message)) => match code {
            Some(code) => format!("failed: {code} ({message})"),
            None => format!("failed: {message}"),
        },
        (Some(failure), None) if code.is_some() => format!("failed: {failure}"),
        (Some(_), None) => "failed".to_owned(),
    }
}

fn place(alert: &Alert) -> String {
    let account = alert.account().unwrap_or_else(|| "unknown".to_owned());
    let region = alert.record().field(Virtual::Region).unwrap_or_else(|| "unknown".to_owned());
    format!("account {account}, region {region}")
}

fn source(record: &Record) -> String {
    let ip = record.field(Virtual::Ip).map(|ip| format!("from {ip}"));
    let agent = record.at(&["userAgent"]).map(|agent| format!("with {agent}"));
    [ip, agent].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Rows of a name and a value; a value never leaves its row.
#[derive(Default)]
pub(super) struct Body(pub(super) String);

impl Body {
    pub(super) fn paragraph(&mut self, text: &str) {
        let _ = write!(self.0, "{text}\n\n");
    }

    /// Left out where there is no value.
    pub(super) fn row(&mut self, name: &str, value: &str) {
        self.long_row(name, value, MAX_VALUE);
    }

    pub(super) fn long_row(&mut self, name: &str, value: &str, limit: usize) {
        self.write(name, &untrusted::line(value, limit));
    }

    /// A value that is fit to be shown.
    fn write(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            let _ = writeln!(self.0, "{name:<9} {value}");
        }
    }

    pub(super) fn gap(&mut self) {
        self.0.push('\n');
    }
}
