//! Rules of other systems → a rules file: exports of Threat Stack's rules, and Sigma rules for CloudTrail.
//!
//! Nothing is lost without a word: what cannot be said in a rule is a [`Problem`], and stands as a comment at its place.

mod condition;
mod detection;
mod draft;
mod modifier;
mod pattern;
mod sigma;
mod threat_stack;

use std::collections::HashMap;

use draft::Entry;
use serde_json::Value;

use crate::{
    diagnostic::{Diagnostic, Span, nearest, shorten_to},
    rule, yaml,
};

/// What an import makes of a file.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The text of a rules file. If no rule could be converted, it has comments only.
    pub rules: String,
    /// How many rules it has.
    pub converted: usize,
    /// What it lacks, in the order of the file.
    pub problems: Vec<Problem>,
}

/// What was not converted, or not as it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The name of the rule, or its place in the file.
    pub rule: String,
    /// How much is lost.
    pub loss: Loss,
    /// What and why, in one line.
    pub reason: String,
    /// More lines, perhaps none: where in a filter the mistake is.
    pub detail: String,
}

/// How much of a rule is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// All of it.
    Rule,
    /// A part, without which it raises other alerts.
    Part,
    /// Nothing that decides on which events it matches; the reader should know.
    Note,
}

/// Reads a Threat Stack export (JSON) or Sigma rules (YAML, one or more documents).
///
/// Errors: what keeps the file from being read at all; the spans lie in `text`.
pub fn import(text: &str) -> Result<Imported, Vec<Diagnostic>> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let skipped = text.len() - body.len();
    let read = match body.trim_start().chars().next() {
        _ if body.len() > yaml::MAX_FILE_BYTES => Err(vec![yaml::too_large(body)]),
        None => Err(vec![unknown("the file is empty", body)]),
        Some('{' | '[') => json(body),
        Some(_) => sigma::read(body).map(|entries| ("Sigma rules", entries)),
    };
    let (source, mut entries) =
        read.map_err(|errors| errors.into_iter().map(|error| shifted(error, skipped)).collect::<Vec<_>>())?;
    let mut names = Names::default();
    for entry in &mut entries {
        names.settle(entry);
    }
    Ok(Imported {
        rules: draft::rules_file(source, &entries),
        converted: entries.iter().filter(|entry| entry.draft.is_some()).count(),
        problems: entries.into_iter().flat_map(|entry| entry.problems).collect(),
    })
}

/// A Sigma rule may be written as JSON, which is YAML too.
fn json(text: &str) -> Result<(&'static str, Vec<Entry>), Vec<Diagnostic>> {
    let value: Value = serde_json::from_str(text).map_err(|error| vec![bad_json(text, &error)])?;
    if value.get("detection").is_some() {
        return sigma::read(text).map(|entries| ("Sigma rules", entries));
    }
    match threat_stack::read(&value) {
        entries if entries.is_empty() => Err(vec![unknown("there are no rules in this file", text)]),
        entries => Ok(("a Threat Stack export", entries)),
    }
}

fn bad_json(text: &str, error: &serde_json::Error) -> Diagnostic {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let start: usize = lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
    let start = text.floor_char_boundary(start.min(text.trim_end().len()));
    let what = error.to_string();
    let what = what.split(" at line ").next().unwrap_or_default();
    let title = format!("not valid JSON: {what}");
    Diagnostic::error("bad-json", title, Span::new(start, start), "the parser stopped here")
        .help("save the export once more, as it comes from the API")
}

/// A file in which no rule can be found.
fn unknown(title: &str, text: &str) -> Diagnostic {
    let first = text.lines().next().unwrap_or_default();
    let label = "expected a Threat Stack export or Sigma rules";
    Diagnostic::error("no-rules", title, Span::new(0, first.trim_end().len()), label).help(
        "give a JSON file with `rules` or `alert_policy`, or a YAML file of rules with `title`, `logsource` and `detection`",
    )
}

fn shifted(error: Diagnostic, by: usize) -> Diagnostic {
    error.at(|span| Span::new(span.start + by, span.end + by))
}

/// The names and the ids that are taken, with the number that the next of that name may have.
#[derive(Default)]
struct Names {
    names: HashMap<String, usize>,
    ids: HashMap<String, usize>,
}

impl Names {
    /// Makes the name one that a rules file allows, and name and id ones that no rule has.
    fn settle(&mut self, entry: &mut Entry) {
        let Some(draft) = &mut entry.draft else { return };
        let wanted = shorten_to(&entry.name, rule::MAX_NAME);
        let name =
            free(&mut self.names, &wanted, |number| format!("{} ({number})", shorten_to(&wanted, rule::MAX_NAME - 12)));
        let slug = rule::slug(&name);
        let wanted = if slug.is_empty() { "rule" } else { &slug };
        let id = free(&mut self.ids, wanted, |number| {
            format!("{}-{number}", wanted.get(..rule::MAX_ID - 12).unwrap_or(wanted))
        });
        draft.id = (id != slug).then_some(id);
        if name != entry.name {
            let reason = format!("it is named `{name}` here, since names are unique and short");
            entry.problems.push(Problem { rule: entry.name.clone(), loss: Loss::Note, reason, detail: String::new() });
            entry.name = name;
        }
    }
}

fn free(taken: &mut HashMap<String, usize>, wanted: &str, numbered: impl Fn(usize) -> String) -> String {
    let mut number = taken.get(wanted).copied().unwrap_or(1);
    let mut name = wanted.to_owned();
    while taken.contains_key(&name) {
        number += 1;
        name = numbered(number);
    }
    taken.insert(wanted.to_owned(), number);
    taken.entry(name.clone()).or_insert(1);
    name
}

/// One line without control characters, for a name; nothing if nothing is left.
fn one_line(text: &str) -> Option<String> {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The name that was probably meant by one that is not there.
fn likely<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    /// Longer names are no misspellings, and take long to compare.
    const LONGEST: usize = 40;
    if name.len() > LONGEST {
        return None;
    }
    nearest(name, candidates.filter(|candidate| candidate.len() <= LONGEST))
}
