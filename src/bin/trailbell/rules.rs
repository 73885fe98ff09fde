//! `trailbell rules`: lists the rules that are loaded.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde_json::json;
use trailbell::{
    diagnostic::{counted, nearest},
    rule::{Rule, RuleSet, Sources},
    untrusted::printable,
};

use crate::{
    inputs::{self, CheckedRules, RulesArgs},
    status::Status,
};

/// How rules are printed.
#[derive(Clone, Copy, Default, ValueEnum)]
pub enum RulesFormat {
    /// A line a rule
    #[default]
    Text,
    /// One JSON object a rule and line
    Jsonl,
}

/// Which rules are listed.
#[derive(Args)]
pub struct RulesListArgs {
    #[command(flatten)]
    rules: RulesArgs,
    /// How rules are printed
    #[arg(long, value_enum, default_value_t)]
    format: RulesFormat,
    /// Only rules with this text in their id, name, tags or file, in upper or lower case
    word: Option<String>,
}

/// Prints a line for each rule, with overrides applied: its severity, whether it is enabled, its id, its name, and where it is. A
/// tally is on standard error.
///
/// # Errors
///
/// If the rules cannot be used, or the output cannot be written.
pub fn run(arguments: &RulesListArgs) -> Status {
    let CheckedRules { files, loaded } = CheckedRules::usable(&arguments.rules.paths)?;
    let rules: &RuleSet = &loaded.rules;
    let word = arguments.word.as_ref().map(|word| word.to_lowercase());
    let all = rules.rules.iter().map(|rule| Row::of(rule, &files.sources));
    let rows: Vec<Row> = all.filter(|row| word.as_ref().is_none_or(|word| row.has(word))).collect();
    let mut stdout = io::stdout().lock();
    let width = rows.iter().map(|row| row.rule.id.len()).max().unwrap_or(0);
    for Row { rule, file, line } in &rows {
        let (severity, name) = (rule.severity.number(), &rule.name);
        match arguments.format {
            RulesFormat::Text => {
                let state = if rule.enabled { "on " } else { "off" };
                writeln!(stdout, "SEV{severity}  {state}  {:width$}  {}  {file}:{line}", rule.id, printable(name))?;
            }
            RulesFormat::Jsonl => {
                let (id, enabled, tags) = (&rule.id, rule.enabled, &rule.tags);
                let object = json!({"id": id, "name": name, "severity": severity, "enabled": enabled, "tags": tags,
                    "file": file, "line": line});
                writeln!(stdout, "{object}")?;
            }
        }
    }
    let mut stderr = io::stderr().lock();
    let on = rows.iter().filter(|row| row.rule.enabled).count();
    match &arguments.word {
        Some(word) if rows.is_empty() => {
            let ids = rules.rules.iter().map(|rule| rule.id.as_str());
            let near = nearest(word, ids).map(|id| format!("; is it `{id}`?")).unwrap_or_default();
            writeln!(stderr, "no rule has `{}` in its id, name, tags or file{near}", printable(word))?;
        }
        _ => writeln!(stderr, "{}, {on} of them enabled", counted(rows.len() as u64, "rule"))?,
    }
    Ok(0)
}

/// A rule and where it is.
struct Row<'a> {
    rule: &'a Rule,
    file: &'a str,
    line: usize,
}

impl<'a> Row<'a> {
    fn of(rule: &'a Rule, sources: &'a Sources) -> Self {
        let (file, line) = inputs::place(sources, rule.span);
        Self { rule, file, line }
    }

    /// Whether the rule is found by a text in lower case.
    fn has(&self, word: &str) -> bool {
        let texts = [self.rule.id.as_str(), &self.rule.name, self.file].into_iter();
        texts.chain(self.rule.tags.iter().map(String::as_str)).any(|text| text.to_lowercase().contains(word))
    }
}
