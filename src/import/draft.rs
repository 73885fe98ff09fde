//! Rules on their way into a rules file, and the file's text.
//!
//! Whatever stands in a rule, its text is YAML that reads back as the same rule: filters and long texts are blocks, all
//! other texts are quoted, and comments hold no character that would end them.

use std::fmt::Write;

use jiff::SignedDuration;

use super::Problem;
use crate::{filter::Filter, rule::show_duration};

/// What became of one rule.
pub struct Entry {
    /// Its name, as problems give it.
    pub name: String,
    /// The rule, or nothing where it could not be converted.
    pub draft: Option<Draft>,
    /// What was lost, and why.
    pub problems: Vec<Problem>,
    /// What a rules file has no field for, one a line.
    pub comments: Vec<String>,
}

/// A rule that is not in a file yet.
pub struct Draft {
    /// Where the name makes no id of its own.
    pub id: Option<String>,
    /// 1, 2 or 3.
    pub severity: u8,
    /// Its filter.
    pub filter: Filter,
    /// Filters of what raises no alert.
    pub suppressions: Vec<Filter>,
    /// What tells its alerts from each other, as a rule file writes it; if empty, what is usual.
    pub aggregate_fields: Vec<String>,
    /// How long one alert stands for all that is the same, where it is known.
    pub window: Option<SignedDuration>,
    /// How many events raise it.
    pub threshold: u32,
    /// The template of its headline.
    pub title: Option<String>,
    /// What a match means.
    pub description: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Whether it is evaluated.
    pub enabled: bool,
}

/// The longest line that is made, in characters.
const WIDTH: usize = 100;

/// The text of a rules file. Without a single rule it holds comments only, below an empty list.
pub fn rules_file(source: &str, entries: &[Entry]) -> String {
    let mut out = Writer(String::new());
    out.comment(0, &format!("Converted from {source} by `trailbell import`."));
    let any = entries.iter().any(|entry| entry.draft.is_some());
    out.line(0, if any { "rules:" } else { "rules: []" });
    for entry in entries {
        out.0.push('\n');
        if let Some(draft) = &entry.draft {
            out.rule(entry, draft);
        } else {
            out.comment(2, &format!("Not converted: {}", entry.name));
            out.leftovers(2, entry);
        }
    }
    out.0
}

struct Writer(String);

impl Writer {
    fn rule(&mut self, entry: &Entry, draft: &Draft) {
        self.line(2, &format!("- name: {}", quoted(&entry.name)));
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
            self.text("description:", 4, description);
        }
        if !draft.tags.is_empty() {
            let tags: Vec<String> = draft.tags.iter().map(|tag| word(tag)).collect();
            self.line(4, &format!("tags: [{}]", tags.join(", ")));
        }
        if !draft.enabled {
            self.line(4, "enabled: false");
        }
        self.leftovers(4, entry);
    }

    /// What did not become a field.
    fn leftovers(&mut self, indent: usize, entry: &Entry) {
        for problem in &entry.problems {
            self.comment(indent, &problem.reason);
            for line in problem.detail.lines() {
                self.comment(indent, &format!("  {line}"));
            }
        }
        for comment in &entry.comments {
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

    /// A text of several lines keeps them; a long one of one line is folded.
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

/// A character that YAML takes as it is anywhere in a line; a tab is one for YAML, but not for the eye.
fn is_plain(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// In double quotes.
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

/// In quotes only where YAML would need them, or a reader take it for something else.
fn word(text: &str) -> String {
    let bare = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        && !matches!(text.to_ascii_lowercase().as_str(), "null" | "true" | "false" | "yes" | "no" | "on" | "off");
    if bare { text.to_owned() } else { quoted(text) }
}

/// The parts of a filter between blanks that stand in no quotes.
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

/// Lines of at most that width where the words allow it; an `and` or `or` with what follows stays on one line if it can.
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
