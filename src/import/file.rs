//! One file of another system's rules → the text of a rules file.

use serde_json::Value;

use super::{
    draft::{self, ImportedRule},
    name::UsedNames,
    problem::{Problem, no_rules, shifted},
    sigma, threat_stack,
};
use crate::{
    diagnostic::{Diagnostic, Span},
    yaml,
};

/// The result of an import.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The text of a rules file. If no rule was converted, it has comments only.
    pub rules: String,
    /// How many rules it has.
    pub converted: usize,
    /// What was not converted, in the order of the file.
    pub problems: Vec<Problem>,
}

/// Converts the text of one file.
///
/// # Errors
///
/// If the file cannot be read or holds no rules; the spans are in `text`.
pub fn import(text: &str) -> Result<Imported, Vec<Diagnostic>> {
    let mut importer = Importer::default();
    let problems = importer.add(text)?;
    Ok(Imported { rules: importer.rules_file(), converted: importer.converted(), problems })
}

/// Converts files one after the other, into one rules file in which all names are different.
#[derive(Default)]
pub struct Importer {
    systems: Vec<&'static str>,
    rules: Vec<ImportedRule>,
    names: UsedNames,
}

impl Importer {
    /// Converts a Threat Stack export (JSON) or Sigma rules (YAML, one or more documents). Returns what was not converted, in
    /// the order of the file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or holds no rules; the spans are in `text`.
    pub fn add(&mut self, text: &str) -> Result<Vec<Problem>, Vec<Diagnostic>> {
        let (system, mut rules) = read(text)?;
        for rule in &mut rules {
            self.names.settle(rule);
        }
        let problems = rules.iter().flat_map(|rule| rule.problems.iter().cloned()).collect();
        self.rules.append(&mut rules);
        if !self.systems.contains(&system) {
            self.systems.push(system);
        }
        Ok(problems)
    }

    /// How many rules were converted.
    pub fn converted(&self) -> usize {
        self.rules.iter().filter(|rule| rule.draft.is_some()).count()
    }

    /// The text of the rules file.
    pub fn rules_file(&self) -> String {
        draft::rules_file(&self.systems.join(" and "), &self.rules)
    }
}

/// The rules of a file, and what they are.
fn read(text: &str) -> Result<(&'static str, Vec<ImportedRule>), Vec<Diagnostic>> {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let skipped = text.len() - body.len();
    let read = match body.trim_start().chars().next() {
        _ if body.len() > yaml::MAX_FILE_BYTES => Err(vec![yaml::too_large(body)]),
        None => Err(vec![no_rules("the file is empty", body)]),
        Some('{' | '[') => json(body),
        Some(_) => sigma::read(body).map(|rules| ("Sigma rules", rules)),
    };
    read.map_err(|errors| errors.into_iter().map(|error| shifted(error, skipped)).collect())
}

/// A Sigma rule may be JSON, which is YAML too.
fn json(text: &str) -> Result<(&'static str, Vec<ImportedRule>), Vec<Diagnostic>> {
    let value: Value = serde_json::from_str(text).map_err(|error| vec![bad_json(text, &error)])?;
    if value.get("detection").is_some() {
        return sigma::read(text).map(|rules| ("Sigma rules", rules));
    }
    match threat_stack::read(&value) {
        rules if rules.is_empty() => Err(vec![no_rules("there are no rules in this file", text)]),
        rules => Ok(("a Threat Stack export", rules)),
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
        .help("export the rules again, and save the response of the API unchanged")
}
