//! The alert as plain text, for e-mail and terminals.
//!
//! Every line but those of the rule's own description begins with words of ours, so no value forges one.

use std::fmt::Write;

use super::{
    Alert,
    phrase::{Part, Phrase},
    rendering::Caps,
    story::{Row, story},
};
use crate::untrusted;

/// Who did what, where and when; then all the rest in rows.
pub fn body(alert: &Alert, caps: &Caps) -> String {
    let story = story(alert);
    let mut body = Body { text: String::new(), caps };
    for phrase in &story.lead {
        body.line(&phrase.show(|part| shown(part, caps)));
    }
    body.gap();
    let title = alert.title();
    if title != alert.rule_name() {
        body.line_of("Title", &untrusted::defanged(&untrusted::line(&title, caps.value)));
    }
    let severity = alert.severity();
    body.line_of("Severity", &format!("{} ({})", severity.number(), severity.meaning()));
    body.line_of("Rule", &untrusted::defanged(&untrusted::line(alert.rule_name(), caps.value)));
    body.gap();
    for (at, reason) in story.reasons.iter().take(caps.reasons).enumerate() {
        body.phrase(if at == 0 { "Why" } else { "" }, reason);
    }
    if story.reasons.len() > caps.reasons {
        body.line_of("", &format!("… and {} more conditions", story.reasons.len() - caps.reasons));
    }
    for rows in [&story.actor, &story.event] {
        body.gap();
        body.rows(rows);
    }
    body.gap();
    if let Some(description) = alert.description() {
        body.line(&untrusted::lines(description, caps.description));
        body.gap();
    }
    body.line_of("Runbook", &untrusted::line(alert.runbook().unwrap_or_default(), MAX_URL));
    body.rows(&story.places);
    body.line_of("Alert", &alert.id);
    body.text
}

/// The longest address of a runbook, in characters.
const MAX_URL: usize = 2_000;

/// A value in a sentence: in quotes, unless it is plainly one word.
fn shown(part: &Part, caps: &Caps) -> String {
    match part {
        Part::Ours(text) | Part::Link(text) => text.clone(),
        Part::Rule(text) => untrusted::defanged(&untrusted::cut(&untrusted::printable(text), caps.value)),
        Part::Quoted(text) => untrusted::defanged(&untrusted::line(text, caps.value)),
        Part::Theirs(text) => {
            let value = untrusted::defanged(&untrusted::line(text, caps.value));
            let is_word = |c: char| c.is_alphanumeric() || "._:/@+=,-*~[]".contains(c);
            let is_word = !value.is_empty() && value.chars().all(is_word);
            if is_word { value } else { format!("\"{}\"", value.replace('"', "'")) }
        }
    }
}

/// Rows of a name and a value; a value never leaves its row.
struct Body<'c> {
    text: String,
    caps: &'c Caps,
}

impl Body<'_> {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "{text}");
    }

    /// One empty line, however often it is asked for.
    fn gap(&mut self) {
        if !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn rows(&mut self, rows: &[Row]) {
        for row in rows {
            self.phrase(row.name, &row.phrase);
        }
    }

    /// A value that ends its row needs no quotes.
    fn phrase(&mut self, name: &str, phrase: &Phrase) {
        let caps = self.caps;
        let text = match phrase.parts() {
            [before @ .., Part::Theirs(value)] => {
                let before: String = before.iter().map(|part| shown(part, caps)).collect();
                before + &untrusted::defanged(&untrusted::line(value, caps.value))
            }
            parts => parts.iter().map(|part| shown(part, caps)).collect(),
        };
        self.line_of(name, &text);
    }

    /// Left out where there is no value.
    fn line_of(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            let _ = writeln!(self.text, "{name:<9} {value}");
        }
    }
}
