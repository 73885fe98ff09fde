//! Converted rules, and the text of the rules file.
//!
//! Whatever a rule contains, the text is YAML that reads back as the same rule: filters and long texts are blocks, all other
//! texts are quoted, and comments contain no character that would end them.

use std::fmt::Write;

use jiff::SignedDuration;

use super::problem::Problem;
use crate::{filter::Filter, rule::show_duration};

/// A rule of the imported file: its conversion, or why it was not converted.
pub struct ImportedRule {
    /// The name of the rule, as problems report it.
    pub name: String,
    /// The converted rule; `None` if it was not converted.
    pub draft: Option<Draft>,
    /// What was not converted, and why.
    pub problems: Vec<Problem>,
    /// Fields that a rules file does not have, one on each line.
    pub comments: Vec<String>,
}

/// A converted rule, with the fields of a rules file.
pub struct Draft {
    /// The id, if it is not the one derived from the name.
    pub id: Option<String>,
    /// The severity: 1, 2 or 3.
    pub severity: u8,
    /// The filter.
    pub filter: Filter,
    /// The filters of records that raise no alert.
    pub suppressions: Vec<Filter>,
    /// The fields that distinguish alerts, as a rules file spells them; empty for the default.
    pub aggregate_fields: Vec<String>,
    /// The time in which equal matches raise one alert; `None` for the default.
    pub window: Option<SignedDuration>,
    /// How many events raise an alert.
    pub threshold: u32,
    /// The template of the alert's title.
    pub title: Option<String>,
    /// The meaning of a match.
    pub description: Option<String>,
    /// The tags.
    pub tags: Vec<String>,
    /// Whether the rule is evaluated.
    pub enabled: bool,
}

/// The longest line of the file, in characters.
const WIDTH: usize = 100;

/// The text of a rules file. Without a converted rule it has comments only, below an empty list.
pub fn rules_file(source: &str, rules: &[ImportedRule]) -> String {
    let mut out = FileWriter(String::new());
    out.comment(0, &format!("Converted from {source} by `trailbell import`."));
    let any = rules.iter().any(|rule| rule.draft.is_some());
    out.line(0, if any { "rules:" } else { "rules: []" });
    for rule in rules {
        out.0.push('\n');
        if let Some(draft) = &rule.draft {
            out.rule(rule, draft);
        } else {
            out.comment(2, &format!("Not converted: {}", rule.name));
            out.leftovers(2, rule);
        }
    }
    out.0
}

struct FileWriter(String);

impl FileWriter {
    fn rule(&mut self, rule: &ImportedRule, draft: &Draft) {
        self.line(2, &format!("- name: {}", quoted(&rule.name)));
        if let Some(id) = &draft.id {
            self.line(4, &format!("id: {id}"));
        }
        self.line(4, &format!("severity: {}", draft.severity));
        self.filter("filter:", 4, &draft.filter);
        if !draft.suppressions.is_empty() {
            self.line(4, "suppressions:");
            for filter in &draft.suppressions {
                self.filter("-", 6, filter);
            }
        }
        if !draft.aggregate_fields.is_empty() {
            let fields: Vec<String> = draft.aggregate_fields.iter().map(|field| word(field)).collect();
            self.line(4, &format!("aggregate_fields: [{}]", fields.join(", ")));
        }
        if let Some(window) = draft.window {
            self.line(4, &format!("window: {}", show_duration(window)));
        }
        if draft.threshold > 1 {
            self.line(4, &format!("threshold: {}", draft.threshold));
        }
        if let Some(title) = &draft.title {
            self.line(4, &format!("title: {}", quoted(title)));
        }
        if let Some(description) = &draft.description {
            // Braces and brackets of a template are ordinary characters here.
            let description = description.replace("{{", "\\{{").replace("[[", "\\[[");
            self.text("description:", 4, &description);
        }
        if !draft.tags.is_empty() {
            let tags: Vec<String> = draft.tags.iter().map(|tag| word(tag)).collect();
            self.line(4, &format!("tags: [{}]", tags.join(", ")));
        }
        if !draft.enabled {
            self.line(4, "enabled: false");
        }
        self.leftovers(4, rule);
    }

    /// Comments for everything that did not become a field.
    fn leftovers(&mut self, indent: usize, rule: &ImportedRule) {
        for problem in &rule.problems {
            self.comment(indent, &problem.reason);
            for line in problem.detail.lines() {
                self.comment(indent, &format!("  {line}"));
            }
        }
        for comment in &rule.comments {
            self.comment(indent, comment);
        }
    }

    fn filter(&mut self, key: &str, indent: usize, filter: &Filter) {
        let text = filter.to_string();
        if text.chars().all(is_plain) {
            self.block(&format!("{key} >-"), indent, filled(&words(&text), WIDTH - indent - 2));
        } else {
            self.line(indent, &format!("{key} {}", quoted(&text)));
        }
    }

    /// Text of several lines keeps them; a long single line is folded.
    fn text(&mut self, key: &str, indent: usize, text: &str) {
        let lines: Vec<&str> = text.split('\n').collect();
        let clean = |line: &str| line.chars().all(is_plain) && line.trim() == line;
        let words: Vec<&str> = text.split(' ').collect();
        if lines.len() > 1
            && lines.iter().all(|line| clean(line))
            && [lines.first(), lines.last()].iter().all(|line| line.is_some_and(|line| !line.is_empty()))
        {
            self.block(&format!("{key} |-"), indent, lines.into_iter().map(str::to_owned));
        } else if lines.len() == 1 && text.len() + indent > WIDTH && clean(text) && !words.contains(&"") {
            self.block(&format!("{key} >-"), indent, filled(&words, WIDTH - indent - 2));
        } else {
            self.line(indent, &format!("{key} {}", quoted(text)));
        }
    }

    fn block(&mut self, header: &str, indent: usize, lines: impl IntoIterator<Item = String>) {
        self.line(indent, header);
        for line in lines {
            self.line(indent + 2, &line);
        }
    }

    fn comment(&mut self, indent: usize, text: &str) {
        for line in text.split(['\n', '\r']) {
            let mut comment = "# ".to_owned();
            for c in line.chars() {
                if is_plain(c) {
                    comment.push(c);
                } else {
                    comment.extend(c.escape_unicode());
                }
            }
            self.line(indent, &comment);
        }
    }

    fn line(&mut self, indent: usize, text: &str) {
        let text = text.trim_end();
        if !text.is_empty() {
            self.0.extend(std::iter::repeat_n(' ', indent));
            self.0.push_str(text);
        }
        self.0.push('\n');
    }
}

/// Whether YAML allows the character anywhere in a line. A tab is allowed, but is not visible, so it counts as not plain.
fn is_plain(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// The text in double quotes.
fn quoted(text: &str) -> String {
    let mut out = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if is_plain(c) => out.push(c),
            // Writing to a string cannot fail.
            c => drop(write!(out, "\\U{:08x}", u32::from(c))),
        }
    }
    out + "\""
}

/// The text in quotes only if YAML needs them, or if a reader could mistake it for another value.
fn word(text: &str) -> String {
    let bare = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        && !matches!(text.to_ascii_lowercase().as_str(), "null" | "true" | "false" | "yes" | "no" | "on" | "off");
    if bare { text.to_owned() } else { quoted(text) }
}

/// The words of a filter, split at blanks outside of quotes.
fn words(filter: &str) -> Vec<&str> {
    let (mut words, mut start, mut quote, mut escaped) = (Vec::new(), 0, None, false);
    for (at, c) in filter.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some('"' | '\''), '\\') => escaped = true,
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, ' ') => {
                words.push(&filter[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&filter[start..]);
    words
}

/// Lines of at most `width` characters, if the words are not longer. An `and` or `or` stays on one line with what follows it if
/// it fits.
fn filled(words: &[&str], width: usize) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    let mut end = |line: &mut String, used: &mut usize| {
        *used = 0;
        lines.push(std::mem::take(line));
    };
    for clause in words.chunk_by(|_, next| !matches!(*next, "and" | "or")) {
        let length: usize = clause.iter().map(|word| word.chars().count() + 1).sum();
        if used > 0 && used + length > width {
            end(&mut line, &mut used);
        }
        for word in clause {
            let length = word.chars().count();
            if used > 0 && used + 1 + length > width {
                end(&mut line, &mut used);
            }
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += length;
        }
    }
    end(&mut line, &mut used);
    lines
}
