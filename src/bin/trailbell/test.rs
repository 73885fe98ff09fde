//! `trailbell test`: the tests that rules carry.

use std::{
    io::{self, Write},
    path::Path,
};

use trailbell::{
    backtest::{self, Verdict},
    diagnostic::{counted, line_column},
    rule::Expect,
};

use crate::{
    Status, Stop,
    inputs::{self, RulesFile},
};

/// Prints every test that fails, with a tally on the last line.
pub fn run(path: &Path) -> Status {
    let rules = inputs::rules(path)?;
    let text = RulesFile::read(path)?.text;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut stdout = io::stdout().lock();
    let (mut passed, mut failed, mut untested) = (0_u64, 0_u64, 0_u64);
    for rule in &rules.rules {
        untested += u64::from(rule.tests.is_empty());
        for test in &rule.tests {
            let file = folder.join(&test.record);
            let reason = match backtest::run(rule, test, inputs::record(&file, None)) {
                Verdict::Passed => {
                    passed += 1;
                    continue;
                }
                Verdict::Failed if test.expect == Expect::Match => {
                    "the filter must match this record, and does not".to_owned()
                }
                Verdict::Failed => "the filter must not match this record, and does".to_owned(),
                Verdict::Broken(reason) => reason,
            };
            failed += 1;
            let (line, _) = line_column(&text, test.span.start);
            writeln!(stdout, "FAILED {}\n       {}:{line}: {}: {reason}", rule.name, path.display(), test.record)?;
            writeln!(
                stdout,
                "       see: trailbell explain --rules {} {} {}\n",
                path.display(),
                rule.id,
                file.display()
            )?;
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
