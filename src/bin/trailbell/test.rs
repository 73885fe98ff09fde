//! `trailbell test`: runs the tests of the rules.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use trailbell::{
    backtest::{self, Tested},
    diagnostic::{Span, chain, counted},
    rule::{AlertTest, Rule, RuleSet, RuleTest, Verdict},
    untrusted::shell_word,
};

use crate::{
    alert_test::{self, Played},
    decided,
    inputs::{WrittenRules, shown},
    rule_and_record::{RecordFileError, record},
    set,
    status::{Status, Stop},
};

/// Why a test fails: a sentence, and lines that belong to it.
struct Failure {
    reason: String,
    lines: Vec<String>,
}

/// Prints every test that fails, with a tally on the last line.
///
/// # Errors
///
/// If the rules cannot be used, or no rule has a test.
pub fn run(paths: &[PathBuf]) -> Status {
    let written = WrittenRules::read(paths)?;
    let rules = &written.rules;
    let mut stdout = io::stdout().lock();
    let (mut passed, mut failed, mut untested) = (0_u64, 0_u64, 0_u64);
    let line = |span: Span| written.place(span).1;
    let mut print = |rule: &Rule, file: &str, span: Span, failure: Option<Failure>| -> io::Result<()> {
        let Some(Failure { reason, lines }) = failure else {
            passed += 1;
            return Ok(());
        };
        failed += 1;
        let ((path, line), file) = (written.place(span), shown(Path::new(file)));
        writeln!(stdout, "FAILED {}\n       {path}:{line}: {file}: {reason}", rule.name)?;
        lines.iter().try_for_each(|line| writeln!(stdout, "       {line}"))?;
        writeln!(stdout)
    };
    for rule in &rules.rules {
        untested += u64::from(rule.tests.is_empty() && rule.alert_tests.is_empty());
        for test in &rule.tests {
            if let Some(file) = written.record_file(test.span, &test.record) {
                print(rule, &test.record, test.span, verdict_failure(paths, rule, test, &file, &line))?;
            }
        }
        for test in &rule.alert_tests {
            if let Some(file) = written.record_file(test.span, &test.events) {
                print(rule, &test.events, test.span, alert_failure(rules, rule, test, &file, &line))?;
            }
        }
    }
    if untested > 0 {
        let has = if untested == 1 { "has" } else { "have" };
        writeln!(stdout, "{} {has} no test", counted(untested, "rule"))?;
    }
    writeln!(stdout, "{passed} passed, {failed} failed")?;
    if passed + failed == 0 {
        let own = if written.files.shipped { " of your own" } else { "" };
        return Err(Stop::Message(format!("no rule{own} has a test")));
    }
    Ok(u8::from(failed > 0))
}

/// Why the verdict of a rule is not the one that the test expects.
fn verdict_failure(
    rules: &[PathBuf],
    rule: &Rule,
    test: &RuleTest,
    file: &Path,
    line: &dyn Fn(Span) -> usize,
) -> Option<Failure> {
    let read = File::open(file).map_err(|error| RecordFileError::Read(error.into())).and_then(record);
    let (reason, mut lines) = match read.map(|record| (backtest::run(rule, test, record.clone()), record)) {
        Ok((Tested::Passed, _)) => return None,
        Ok((Tested::Failed(verdict), record)) => {
            let mut lines: Vec<_> =
                backtest::misspelled(&record, &test.set).iter().map(|one| format!("note: `set`: {one}")).collect();
            let explanation = backtest::changed(record, &test.set).map(|record| rule.explain(&record));
            lines.extend(
                explanation.iter().flat_map(|explanation| decided::because(rule, explanation, test.expect, line)),
            );
            (format!("the rule must {}, but it {}", wanted(test.expect), result(verdict)), lines)
        }
        Ok((Tested::Broken(error), _)) => (chain(&error), Vec::new()),
        Err(error) => return Some(Failure { reason: chain(&error), lines: Vec::new() }),
    };
    let word = |path: &Path| shell_word(&shown(path));
    let rules = rules.iter().map(|path| format!("--rules {}", word(path)));
    let see = ["see: trailbell explain".to_owned()].into_iter().chain(rules).collect::<Vec<_>>().join(" ");
    lines.push(format!("{see} {} {}{}", rule.id, word(file), set::arguments(&test.set)));
    Some(Failure { reason, lines })
}

/// Why a rule does not raise the number of alerts that the test expects.
fn alert_failure(
    rules: &RuleSet,
    rule: &Rule,
    test: &AlertTest,
    file: &Path,
    line: &dyn Fn(Span) -> usize,
) -> Option<Failure> {
    match alert_test::play(rules, rule, test, file) {
        Ok(Played { alerts, .. }) if alerts.len() as u64 == test.alerts => None,
        Ok(Played { alerts: mut lines, counts }) => {
            let (wanted, raised) = (counted(test.alerts, "alert"), lines.len());
            lines.extend(counts.lines(line));
            Some(Failure { reason: format!("the events must raise {wanted}, but they raise {raised}"), lines })
        }
        Err(error) => Some(Failure { reason: chain(&error), lines: Vec::new() }),
    }
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
