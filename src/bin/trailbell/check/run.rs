//! Checks the rules and prints the findings.

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal, Write},
    path::PathBuf,
};

use clap::ValueEnum;
use jiff::{Timestamp, tz::TimeZone};
use trailbell::{
    diagnostic::{Diagnostic, Level, counted},
    lint::{self, LogKind, RuleLogging},
    rule::{LoadedRules, RuleSet},
};

use super::{github, json, sarif};
use crate::{
    inputs::{CheckedRules, announce},
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
    /// A SARIF 2.1.0 document, which code scanning and editors read
    Sarif,
}

/// What makes the check fail beside errors.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Denied {
    /// Warnings; notes never do
    Warnings,
}

/// Prints the findings in all files, with a tally on the last line.
///
/// # Errors
///
/// If one of the files cannot be read.
pub fn run(paths: &[PathBuf], format: CheckFormat, denied: Option<Denied>) -> Status {
    let mut read = CheckedRules::read(paths)?;
    let today = Some(TimeZone::UTC.to_datetime(Timestamp::now()).date());
    let mut found = lint::check(&read.loaded.rules, today);
    found.extend(lint::check_overrides(&read.loaded.rules, today));
    read.add(found);
    announce(&read.files);
    let (sources, LoadedRules { rules, findings, passed_over, .. }) = (&read.files.sources, &read.loaded);
    let mut stdout = io::stdout().lock();
    let mut lines = |line: &dyn Fn(&Diagnostic) -> String| -> io::Result<()> {
        findings.iter().try_for_each(|finding| writeln!(stdout, "{}", line(finding)))
    };
    match format {
        CheckFormat::Json => lines(&|finding| json::object(finding, sources).to_string())?,
        CheckFormat::Github => lines(&|finding| github::annotation(finding, sources))?,
        CheckFormat::Sarif => writeln!(stdout, "{:#}", sarif::document(findings, sources))?,
        CheckFormat::Text => {
            stdout.write_all(read.rendered(stdout.is_terminal()).as_bytes())?;
            if read.loaded.is_usable() {
                write_notes(rules, &mut stdout)?;
            }
            if !passed_over.is_empty() {
                let (count, are) = (passed_over.len() as u64, if passed_over.len() == 1 { "is" } else { "are" });
                writeln!(
                    stdout,
                    "note: {} {are} for rules that are not loaded here, and without effect",
                    counted(count, "override")
                )?;
            }
        }
    }
    let fails = |finding: &Diagnostic| match finding.level {
        Level::Error => true,
        Level::Warning => denied == Some(Denied::Warnings),
        Level::Note => false,
    };
    let failed = findings.iter().any(fails);
    let only_denied = failed && read.loaded.is_usable();
    let tally = format!("{}{}", read.tally(), if only_denied { "; warnings are denied" } else { "" });
    match format {
        CheckFormat::Text => writeln!(stdout, "{tally}")?,
        CheckFormat::Json | CheckFormat::Github | CheckFormat::Sarif => writeln!(io::stderr(), "{tally}")?,
    }
    Ok(u8::from(failed))
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
