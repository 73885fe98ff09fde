//! `trailbell test`: the tests that rules carry.

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
    Status, Stop,
    inputs::{self, shown},
};

/// Prints every test that fails, with a tally on the last line.
pub fn run(path: &Path) -> Status {
    let (rules, text) = inputs::written_rules(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut stdout = io::stdout().lock();
    let (mut passed, mut failed, mut untested) = (0_u64, 0_u64, 0_u64);
    for rule in &rules.rules {
        untested += u64::from(rule.tests.is_empty());
        for test in &rule.tests {
            let file = folder.join(&test.record);
            let record = File::open(&file).map_err(|error| error.to_string());
            let record = record.and_then(|file| inputs::record(file, None));
            let reason = match record.map(|record| backtest::run(rule, test, record)) {
                Ok(Tested::Passed) => {
                    passed += 1;
                    continue;
                }
                Ok(Tested::Failed(verdict)) => format!("the rule must {}, and {}", wanted(test.expect), said(verdict)),
                Ok(Tested::Broken(error)) => chain(&error),
                Err(reason) => reason,
            };
            failed += 1;
            let (line, _) = line_column(&text, test.span.start);
            let record = shown(Path::new(&test.record));
            writeln!(stdout, "FAILED {}\n       {}:{line}: {record}: {reason}", rule.name, shown(path))?;
            // With changes made to it, the record is not what the file holds.
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
        return Err(Stop::Message("no rule carries a test".to_owned()));
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

fn said(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Match => "matches it",
        Verdict::NoMatch => "does not match it",
        Verdict::Suppressed => "suppresses it",
    }
}
