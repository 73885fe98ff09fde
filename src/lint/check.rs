//! Runs the lints of the table over a rules file and over the overrides file beside it.

use jiff::civil::Date;

use super::{entry::Reads, filter_text::FilterText, replaced_list, table::ALL};
use crate::{
    diagnostic::{Diagnostic, truncate_findings},
    filter::{Filter, Lists},
    rule::{Rule, RuleSet, Source},
    yaml::Scalar,
};

/// All likely mistakes in the rules file, as warnings in the order of the file. Without `today`, no suppression has expired.
/// Rules include what the overrides file changes, but lists are those of the rules file: [`check_overrides`] checks the
/// others.
pub fn check(rules: &RuleSet, today: Option<Date>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for rule in &rules.rules {
        found.extend(FilterText::of_rule(rule, &rules.lists).flat_map(|filter| in_filter(&filter, rule)));
        found.extend(in_fields(rule));
    }
    for reads in ALL.iter().flat_map(|lint| lint.reads) {
        if let Reads::Rules(check) = reads {
            found.extend(check(rules));
        }
    }
    found.extend(in_suppressions(rules, &rules.lists, Source::Rules, today));
    sorted(found)
}

/// All likely mistakes in the overrides file: in its suppressions, which are part of `rules`, and in what its lists change in
/// the filters of the rules file.
pub fn check_overrides(rules: &RuleSet, today: Option<Date>) -> Vec<Diagnostic> {
    let lists = rules.lists_in_force();
    let mut found = in_suppressions(rules, &lists, Source::Overrides, today);
    found.extend(replaced_list::check(rules, &lists, in_filter));
    sorted(found)
}

/// All likely mistakes in the filter of a search, in the order of its text, which is an argument on the command line.
pub fn check_search(filter: &Filter, text: &str) -> Vec<Diagnostic> {
    let (lists, written) = (Lists::default(), Scalar::of_argument(text));
    let filter = FilterText::of_search(filter, &lists, &written);
    let mut found = Vec::new();
    for reads in ALL.iter().flat_map(|lint| lint.reads) {
        if let Reads::Filter(check) = reads {
            check(&filter, &mut found);
        }
    }
    sorted(found)
}

fn sorted(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    found.sort_by_key(|finding| finding.span.start);
    // Several items of a named list may raise the same warning at the one place that names the list.
    found.dedup();
    truncate_findings(&mut found);
    found
}

/// The warnings of all lints that read filters.
fn in_filter(filter: &FilterText, rule: &Rule) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for reads in ALL.iter().flat_map(|lint| lint.reads) {
        if let Reads::Filter(check) | Reads::RuleFilter(check) = reads {
            check(filter, &mut found);
        }
    }
    found.into_iter().map(|finding| finding.at(|span| filter.written.place(span)).in_rule(&rule.name)).collect()
}

/// The warnings about the fields that a rule names outside of its filter.
fn in_fields(rule: &Rule) -> Vec<Diagnostic> {
    let first_seen = rule.first_seen.iter().flat_map(|first_seen| &first_seen.fields);
    let by = rule.steps().iter().flat_map(|step| &step.by);
    let mut found = Vec::new();
    for field in rule.aggregate_fields.iter().flatten().chain(first_seen).chain(&rule.distinct).chain(by) {
        for reads in ALL.iter().flat_map(|lint| lint.reads) {
            if let Reads::Field(check) = reads {
                found.extend(check(field).map(|finding| finding.in_rule(&rule.name)));
            }
        }
    }
    found
}

fn in_suppressions(rules: &RuleSet, lists: &Lists, source: Source, today: Option<Date>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for rule in &rules.rules {
        for suppression in rule.suppressions.iter().filter(|suppression| suppression.source == source) {
            found.extend(in_filter(&FilterText::of_suppression(suppression, lists), rule));
            for reads in ALL.iter().flat_map(|lint| lint.reads) {
                if let (Reads::Suppression(check), Some(today)) = (reads, today) {
                    found.extend(check(suppression, rule, today));
                }
            }
        }
    }
    found
}
