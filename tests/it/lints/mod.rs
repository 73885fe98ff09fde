//! The lints: every message whole, what gets no warning, and that every warning is right.

mod chosen;
mod doubt;
mod messages;
mod real;
mod sure;
mod values;

use jiff::civil::date;
use trailbell::{
    diagnostic::{Diagnostic, render},
    lint,
    rule::RuleSet,
};

fn lints(file: &str) -> Vec<Diagnostic> {
    let (rules, warnings) =
        RuleSet::parse(file).unwrap_or_else(|errors| panic!("{}", render(&errors, "f", file, false)));
    assert_eq!(warnings, [], "{file}");
    lint::check(&rules, Some(date(2026, 3, 1)))
}

/// A file of one rule with that filter.
fn rule(filter: &str) -> String {
    format!("rules:\n- name: r\n  severity: 3\n  filter: |\n    {filter}\n")
}

/// A file of one rule with that suppression.
fn suppression(filter: &str) -> String {
    rule("readOnly = false") + &format!("  suppressions:\n  - |\n    {filter}\n")
}

fn codes(file: &str) -> Vec<&'static str> {
    lints(file).iter().map(|finding| finding.code).collect()
}

#[test]
fn the_reference_lists_every_lint() {
    let rows = lint::REFERENCE.lines().filter(|line| line.starts_with('|')).skip(2);
    let rows: Vec<_> = rows.map(|row| row.trim_matches('|').trim().to_owned()).collect();
    let expected: Vec<_> = lint::codes().map(|(code, summary)| format!("`{code}` | {summary}")).collect();
    assert_eq!(rows, expected);
    let headings: Vec<_> = lint::REFERENCE.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(headings, lint::codes().map(|(code, _)| code).collect::<Vec<_>>());
}

#[test]
fn examples_raise_their_lint_and_their_repairs_none() {
    let mut count = 0;
    for section in lint::REFERENCE.split("\n## ").skip(1) {
        let code = section.lines().next().unwrap();
        for example in section.lines().filter_map(|line| line.strip_prefix("- ")) {
            let (wrong, right) = example.split_once(" → ").unwrap();
            let of_suppressions = ["negation-on-missing", "chosen-by-caller"].contains(&code);
            let file = if of_suppressions { suppression } else { rule };
            assert_eq!(codes(&file(wrong.trim_matches('`'))), [code], "{wrong}");
            assert_eq!(codes(&file(right.trim_matches('`'))), [""; 0], "{right}");
            count += 1;
        }
    }
    assert!(count > 15);
}

#[test]
fn the_shipped_rules_are_clean() {
    assert_eq!(lints(include_str!("../../../rules.yaml")), []);
}
