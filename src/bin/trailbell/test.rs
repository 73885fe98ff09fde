//! `trailbell test`: runs the tests of the rules.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use trailbell::{
    backtest::{self, Tested},
    diagnostic::{chain, counted, line_column},
    rule::Verdict,
};

use crate::{
    inputs::{self, RecordFileError, shown},
    status::{Status, Stop},
};

/// Prints every test that fails, with a tally on the last line.
///
/// # Errors
///
/// If the rules cannot be used, or no rule has a test.
pub fn run(path: &Path) -> Status {
    let (rules, text) = inputs::written_rules(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut stdout = io::stdout().lock();
    let (mut passed, mut failed, mut untested) = (0_u64, 0_u64, 0_u64);
    for rule in &rules.rules {
        untested += u64::from(rule.tests.is_empty());
        for test in &rule.tests {
            let file = folder.join(&test.record);
            let record = File::open(&file).map_err(|error| RecordFileError::Read(error.into()));
            let record = record.and_then(|file| inputs::record(file, None));
            let reason = match record.map(|record| backtest::run(rule, test, record)) {
                Ok(Tested::Passed) => {
                    passed += 1;
                    continue;
                }
                Ok(Tested::Failed(verdict)) => {
                    format!("the rule must {}, but it {}", wanted(test.expect), result(verdict))
                }
                Ok(Tested::Broken(error)) => chain(&error),
                Err(error) => chain(&error),
            };
            failed += 1;
            let (line, _) = line_column(&text, test.span.start);
            let record = shown(Path::new(&test.record));
            writeln!(stdout, "FAILED {}\n       {}:{line}: {record}: {reason}", rule.name, shown(path))?;
            // With `set`, the tested record differs from the one in the file.
            if test.set.is_empty() {
                let (rules, file) = (shown(path), shown(&file));
                writeln!(stdout, "       see: trailbell explain --rules {rules} {} {file}", rule.id)?;
            }
            writeln!(stdout)?;
        }
    }
    if untested > 0 {
        let has = if untested == 1 { "has" } else { "have" };
        writeln!(stdout, "{} {has} no test", counted(untested, "rule"))?;
    }
    writeln!(stdout, "{passed} passed, {failed} failed")?;
    if passed + failed == 0 {
        return Err(Stop::Message("no rule has a test".to_owned()));
    }
    Ok(u8::from(failed > 0))
}

fn wanted(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Match => "match this record",
        Verdict::NoMatch => "not match this record",
        Verdict::Suppressed => "match this record and suppress it",
    }
}

fn result(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Match => "matches it",
        Verdict::NoMatch => "does not match it",
        Verdict::Suppressed => "suppresses it",
    }
}
