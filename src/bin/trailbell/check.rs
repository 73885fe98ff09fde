//! `trailbell check`: finds every error and likely mistake in a rules file.

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal, Write},
    path::Path,
};

use clap::ValueEnum;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;
use trailbell::{
    diagnostic::{Diagnostic, Level, counted, line_column},
    lint::{self, LogKind, RuleLogging},
    rule::RuleSet,
    untrusted::printable,
};

use crate::{
    inputs::{Checked, RulesFile},
    status::Status,
};

/// How findings are printed.
#[derive(Clone, Copy, Default, ValueEnum)]
pub enum CheckFormat {
    /// For people, as rustc prints them
    #[default]
    Text,
    /// One JSON object a finding and line
    Json,
    /// GitHub Actions annotations
    Github,
}

/// Prints the findings in the rules file and in the overrides beside it, with a tally on the last line.
///
/// # Errors
///
/// If one of the two files cannot be read.
pub fn run(path: &Path, format: CheckFormat) -> Status {
    let mut read = RulesFile::read(path)?;
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    if let Some(rules) = &read.rules {
        read.file.findings.extend(lint::check(rules, Some(today)));
        read.file.findings.sort_by_key(|finding| finding.span.start);
    }
    if let Some((rules, overrides)) = read.rules.as_ref().zip(read.overrides.as_mut()) {
        overrides.findings.extend(lint::check_overrides(rules, Some(today)));
        overrides.findings.sort_by_key(|finding| finding.span.start);
    }
    let mut stdout = io::stdout().lock();
    for file in read.files() {
        match format {
            CheckFormat::Text => stdout.write_all(file.rendered(stdout.is_terminal()).as_bytes())?,
            CheckFormat::Json => {
                for finding in &file.findings {
                    writeln!(stdout, "{}", as_json(finding, file))?;
                }
            }
            CheckFormat::Github => {
                for finding in &file.findings {
                    writeln!(stdout, "{}", as_github(finding, file))?;
                }
            }
        }
    }
    if let Some(rules) = &read.rules
        && matches!(format, CheckFormat::Text)
    {
        write_notes(rules, &mut stdout)?;
    }
    match format {
        CheckFormat::Text => writeln!(stdout, "{}", read.tally())?,
        CheckFormat::Json | CheckFormat::Github => writeln!(io::stderr(), "{}", read.tally())?,
    }
    let errors = |file: &Checked| file.findings.iter().any(|finding| finding.level == Level::Error);
    Ok(u8::from(read.files().any(errors)))
}

/// Writes which enabled rules need a trail that logs more than management events, a line for each kind of events.
fn write_notes(rules: &RuleSet, output: &mut impl Write) -> io::Result<()> {
    let needs: Vec<_> = RuleLogging::of(rules).into_iter().filter(|need| need.rule.enabled).collect();
    let kinds: BTreeSet<LogKind> = needs.iter().flat_map(|need| need.kinds.keys().copied()).collect();
    for kind in kinds {
        let of_kind = needs.iter().filter(|need| need.kinds.contains_key(&kind));
        let part = |need: &RuleLogging| if need.is_whole { "" } else { " (in part)" };
        let ids: Vec<_> = of_kind.map(|need| format!("`{}`{}", need.rule.id, part(need))).collect();
        let verb = if ids.len() == 1 { "needs" } else { "need" };
        let count = counted(ids.len() as u64, "enabled rule");
        writeln!(output, "note: {count} {verb} a trail that logs {}: {}", kind.shown(), ids.join(", "))?;
    }
    Ok(())
}

fn as_json(finding: &Diagnostic, file: &Checked) -> serde_json::Value {
    let (line, column) = line_column(&file.text, finding.span.start);
    let (end_line, end_column) = line_column(&file.text, finding.span.end);
    json!({
        "level": level(finding), "code": finding.code, "message": finding.title, "rule": finding.rule,
        "path": file.path.display().to_string(), "line": line, "column": column, "endLine": end_line, "endColumn": end_column,
        "label": finding.label, "notes": finding.notes, "help": finding.help,
    })
}

/// `::error file=…,line=…,col=…,title=…::message`; see "Workflow commands for GitHub Actions" in GitHub's
/// documentation.
fn as_github(finding: &Diagnostic, file: &Checked) -> String {
    let (line, column) = line_column(&file.text, finding.span.start);
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let help = finding.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    let rule = finding.rule.as_ref().map(|rule| format!("{rule}: ")).unwrap_or_default();
    format!(
        "::{} file={},line={line},col={column},title={}::{}",
        level(finding),
        property(&file.path.display().to_string()),
        property(finding.code),
        data(&format!("{}{help}", printable(&format!("{rule}{}: {}", finding.title, finding.label)))),
    )
}

fn level(finding: &Diagnostic) -> &'static str {
    match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
    }
}
