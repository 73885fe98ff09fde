//! What a rules file may say but hardly means: filters that cannot match, misspelt fields, rules that say the same.
//!
//! A lint speaks only where it is sure, and never refuses a file: in doubt it says nothing. It sees the rules alone, so
//! that only who asks for lints pays for them.

mod backslash;
mod blanks;
mod catalogue;
mod condition;
mod constant;
mod contradiction;
mod data_event;
mod duplicate;
mod event;
mod expired;
mod field;
mod first_seen;
mod mixed;
mod negation;
mod place;
mod replaced_list;
mod schema;
mod unused_list;
mod wildcard;

use jiff::civil::Date;

use crate::{
    diagnostic::{Diagnostic, Span, cut},
    filter::{Lists, ast::Expr},
    rule::{Rule, RuleSet, Source, Suppression},
    yaml,
};

/// All lints with an example of each, as `trailbell help lints` prints them.
pub const REFERENCE: &str = include_str!("lints.md");

/// The code of every lint, and what it finds.
pub const ALL: &[(&str, &str)] = &[
    (field::CODE, "a field that CloudTrail records do not have"),
    (constant::NEVER, "conditions that no record satisfies"),
    (constant::ALWAYS, "conditions that every record satisfies"),
    (blanks::CODE, "a value with blanks at its ends, where CloudTrail writes none"),
    (event::SOURCE, "an `eventSource` that AWS does not have"),
    (event::NAME, "an `eventName` that its `eventSource` does not have"),
    (data_event::CODE, "an event that only trails with data events log"),
    (negation::CODE, "a suppression that hides the events in which a field is missing"),
    (mixed::CODE, "`and` and `or` side by side without parentheses"),
    (wildcard::CODE, "a `%`, `*` or `?` that is meant as a wildcard and is none"),
    (backslash::CODE, "a backslash that is doubled, though neither YAML nor the filter asks for it"),
    (duplicate::SAME, "two rules with the same filter"),
    (duplicate::SHADOWED, "a rule all of whose matches another rule reports with the same severity"),
    (first_seen::CODE, "a `first_seen` that its rule gives no chance"),
    (unused_list::CODE, "a list that no filter names"),
    (expired::CODE, "a suppression whose last day is over"),
];

/// Everything in the rules file that is hardly meant, as warnings in the order of the file. Without `today`, no
/// suppression has expired. What overrides add is counted in, but lists are those of the rules file; [`check_overrides`]
/// speaks of the rest.
pub fn check(rules: &RuleSet, today: Option<Date>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for rule in &rules.rules {
        found.extend(in_filter(&FilterText::of_rule(rule, &rules.lists), rule));
        let first_seen = rule.first_seen.iter().flat_map(|first_seen| &first_seen.fields);
        for field in rule.aggregate_fields.iter().flatten().chain(first_seen) {
            found.extend(field::in_list(field).map(|finding| finding.in_rule(&rule.name)));
        }
    }
    found.extend(duplicate::check(rules));
    found.extend(first_seen::check(rules));
    found.extend(unused_list::check(rules));
    found.extend(in_suppressions(rules, &rules.lists, Source::Rules, today));
    sorted(found)
}

/// The same of the overrides file, whose suppressions are in the rules; and what its lists make of their filters.
pub fn check_overrides(rules: &RuleSet, today: Option<Date>) -> Vec<Diagnostic> {
    let lists = rules.lists_in_force();
    let mut found = in_suppressions(rules, &lists, Source::Overrides, today);
    found.extend(replaced_list::check(rules, &lists));
    sorted(found)
}

fn sorted(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    found.sort_by_key(|finding| finding.span.start);
    // Of a named list, several items may raise the same at the one place that names it.
    found.dedup();
    cut(&mut found);
    found
}

fn in_suppressions(rules: &RuleSet, lists: &Lists, source: Source, today: Option<Date>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for rule in &rules.rules {
        for suppression in rule.suppressions.iter().filter(|suppression| suppression.source == source) {
            found.extend(in_filter(&FilterText::of(suppression, lists), rule));
            found.extend(today.and_then(|today| expired::check(suppression, rule, today)));
        }
    }
    found
}

/// A filter, and what a lint may want to know beside it.
struct FilterText<'a> {
    filter: &'a Expr,
    lists: &'a Lists,
    /// Whether it says which matches raise no alert.
    suppression: bool,
    written: &'a yaml::Scalar,
}

impl<'a> FilterText<'a> {
    fn of_rule(rule: &'a Rule, lists: &'a Lists) -> Self {
        Self { filter: rule.filter.expr(), lists, suppression: false, written: &rule.written }
    }

    fn of(suppression: &'a Suppression, lists: &'a Lists) -> Self {
        Self { filter: suppression.filter.expr(), lists, suppression: true, written: &suppression.written }
    }

    /// What stands at a span of the filter, for a title: on one line, and cut where it would bury the message.
    fn shown(&self, span: Span) -> String {
        const MAX: usize = 60;
        let text = self.written.text.get(span.start..span.end).unwrap_or_default();
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.chars().count() <= MAX { line } else { line.chars().take(MAX - 1).chain(['…']).collect() }
    }
}

/// The lints that look at one filter know places in its text only.
fn in_filter(filter: &FilterText, rule: &Rule) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for lint in [
        field::check,
        constant::check,
        blanks::check,
        event::check,
        data_event::check,
        negation::check,
        mixed::check,
        wildcard::check,
        backslash::check,
    ] {
        lint(filter, &mut found);
    }
    found.into_iter().map(|finding| finding.at(|span| filter.written.place(span)).in_rule(&rule.name)).collect()
}
