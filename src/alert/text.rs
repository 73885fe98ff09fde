//! The format for e-mail and terminals: plain text.
//!
//! Every line begins with words of this program, other than the lines of the rule's description, so that no value can forge
//! a line.

use std::fmt::Write;

use super::{
    also::{self, MAX_ALSO},
    ascii_fallback,
    caps::TextCaps,
    format::Format,
    model::Alert,
    next_step::next_steps,
    phrase::{Phrase, PhrasePart, Row},
    plain::{by_author, in_a_sentence, on_a_line, sentence},
    story::{LazyStory, List},
    subject::subject,
};
use crate::{diagnostic::counted, rule::FilledPart, untrusted};

impl Format {
    /// Plain text for people, by e-mail or on a terminal.
    pub const TEXT: Self = Self { name: "text", body, to_ascii: ascii_fallback::lines };
}

/// Who did what, where and when; what to do; then the details in rows.
fn body(alert: &Alert, story: &LazyStory<'_>, caps: &TextCaps) -> String {
    let mut body = TextBody { text: String::new(), caps };
    let [what, place] = story.lead.each_ref().map(|phrase| sentence(phrase, caps));
    body.line(&format!("SEV{} {what}", alert.severity().number()));
    body.line(&place);
    body.gap();
    let is_notice = alert.kind.is_notice();
    if !is_notice {
        body.advice(alert);
    }
    body.list(&story.list);
    body.gap();
    body.title(alert);
    for rows in [&story.what, &story.who] {
        body.rows(rows);
        body.gap();
    }
    body.rows(&story.events);
    body.rows(&story.differences);
    body.rows(&story.event);
    body.gap();
    body.next(alert, &story.steps);
    body.gap();
    if is_notice {
        // It is about the alerts that it reports.
        body.advice(alert);
    }
    for (at, reason) in story.reasons.iter().take(caps.reasons).enumerate() {
        body.phrase(if at == 0 { "Why" } else { "" }, reason);
    }
    if story.reasons.len() > caps.reasons {
        body.line_of("", &format!("… and {} more conditions", story.reasons.len() - caps.reasons));
    }
    body.gap();
    body.rows(&also::rows(&alert.also, MAX_ALSO));
    body.gap();
    body.rows(&story.places);
    if alert.has_rule() {
        let name = by_author(&untrusted::line(alert.rule_name(), caps.value));
        body.line_of("Rule", &format!("{name} ({})", alert.rule_id()));
    }
    body.line_of("Alert", &alert.id);
    body.text
}

/// The longest address of a runbook, in characters.
const MAX_URL: usize = 2_000;

/// Lines of a name and a value; a value never continues on another line.
struct TextBody<'c> {
    text: String,
    caps: &'c TextCaps,
}

impl TextBody<'_> {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "{text}");
    }

    /// Ends a block with one empty line, unless it has one already.
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

    /// What the rule's author advises.
    fn advice(&mut self, alert: &Alert) {
        let parts = alert.advice();
        if !parts.is_empty() {
            let text: String = parts.into_iter().map(|part| self.advised(part)).collect();
            self.line(&untrusted::lines(&text, self.caps.description));
        }
        self.line_of("Runbook", &untrusted::line(alert.runbook().unwrap_or_default(), MAX_URL));
        self.gap();
    }

    /// The author's own text as it is, and a value inside it as in any other sentence.
    fn advised(&self, part: FilledPart) -> String {
        if part.is_value { in_a_sentence(&PhrasePart::Theirs(part.text), self.caps) } else { part.text }
    }

    /// The title of an alert whose subject does not show the whole of it.
    fn title(&mut self, alert: &Alert) {
        let title = untrusted::line(&alert.title(), usize::MAX);
        if alert.rule().is_some() && (subject(alert).contains("...") || !untrusted::has_ascii_form(&title)) {
            self.line_of("Title", &untrusted::defanged(&untrusted::cut(&title, self.caps.value)));
        }
    }

    /// What to do next: words, and below them what can be copied.
    fn next(&mut self, alert: &Alert, questions: &[Phrase]) {
        let asked = questions.iter().map(|question| vec![on_a_line(question, self.caps)]);
        let steps = next_steps(alert).into_iter().map(|step| {
            let lines = [step.command, step.link].into_iter().flatten();
            let entry = step.entry.iter().flat_map(|entry| entry.lines()).map(str::to_owned);
            [on_a_line(&step.what, self.caps)].into_iter().chain(lines).chain(entry).collect()
        });
        let lines: Vec<String> = asked.chain(steps).flatten().collect();
        for (at, line) in lines.iter().enumerate() {
            self.line_of(if at == 0 { "Next" } else { "" }, line);
        }
    }

    /// Alerts, each in a few short lines; all but the first are indented.
    fn list(&mut self, list: &List) {
        for (at, item) in list.items.iter().take(self.caps.lines).enumerate() {
            if let Some(heading) = &item.heading {
                self.gap();
                self.line(&sentence(heading, self.caps));
                self.gap();
            }
            for (nth, line) in item.lines.iter().enumerate() {
                let (number, line) =
                    (if nth == 0 { (at + 1).to_string() } else { String::new() }, on_a_line(line, self.caps));
                self.line(&format!("{number:>2} {line}"));
            }
        }
        let hidden = list.items.len().saturating_sub(self.caps.lines) as u64 + list.more;
        if hidden > 0 {
            self.gap();
            self.line(&format!(
                "… and {} that {} not listed",
                counted(hidden, &format!("more {}", list.noun)),
                if hidden == 1 { "is" } else { "are" }
            ));
        }
    }

    fn phrase(&mut self, name: &str, phrase: &Phrase) {
        self.line_of(name, &on_a_line(phrase, self.caps));
    }

    /// A name and a value; nothing if the value is empty.
    fn line_of(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            let _ = writeln!(self.text, "{name:<9} {value}");
        }
    }
}
