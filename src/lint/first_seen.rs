//! Settings that contradict `first_seen`.

use super::entry::{Lint, Reads};
use crate::{
    diagnostic::Diagnostic,
    rule::{Rule, RuleSet, show_duration},
};

/// The entry of the lint table.
pub const LINT: Lint = Lint { codes: &[(CODE, "a `first_seen` that can never fire")], reads: &[Reads::Rules(check)] };

const CODE: &str = "first-seen";

fn check(rules: &RuleSet) -> Vec<Diagnostic> {
    rules.rules.iter().flat_map(of_rule).collect()
}

fn of_rule(rule: &Rule) -> Vec<Diagnostic> {
    let Some(first_seen) = &rule.first_seen else { return Vec::new() };
    let mut found = Vec::new();
    let mut warn = |title: String, label: &str, help: String| {
        found.push(Diagnostic::warning(CODE, title, first_seen.span, label).in_rule(&rule.name).help(help));
    };
    if first_seen.learning > first_seen.within {
        let (learning, within) = (show_duration(first_seen.learning), show_duration(first_seen.within));
        warn(
            format!("this rule learns for {learning} and forgets after {within}"),
            "it forgets the first combinations before it can alert",
            format!("write `learning: {within}` or less, or a longer `within`"),
        );
    }
    found
}
