//! Warnings about filters of the rules file that only a list of the overrides file causes.

use std::collections::HashSet;

use super::filter_text::FilterText;
use crate::{
    diagnostic::Diagnostic,
    filter::Lists,
    rule::{Rule, RuleSet, Source},
};

/// Each warning once, at the name of the list in the overrides file: the authors of the rules file cannot know that list.
/// `in_filter` runs the lints over one filter.
pub fn check(
    rules: &RuleSet,
    in_force: &Lists,
    in_filter: fn(&FilterText, &Rule) -> Vec<Diagnostic>,
) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for rule in &rules.rules {
        let suppressions = rule.suppressions.iter().filter(|suppression| suppression.source == Source::Rules);
        let pairs = FilterText::of_rule(rule, &rules.lists).zip(FilterText::of_rule(rule, in_force));
        let of = |suppression| {
            (FilterText::of_suppression(suppression, &rules.lists), FilterText::of_suppression(suppression, in_force))
        };
        for (written, now) in pairs.chain(suppressions.map(of)) {
            let Some(list) = now.filter.listed().into_iter().find_map(|(_, list)| rules.replaced.get(&list.name))
            else {
                continue;
            };
            let before = in_filter(&written, rule);
            let new = in_filter(&now, rule).into_iter().filter(|finding| !before.contains(finding));
            found.extend(new.map(|finding| Diagnostic { context: Vec::new(), ..finding.at(|_| list.span) }));
        }
    }
    let mut seen = HashSet::new();
    found.retain(|finding| seen.insert((finding.span, finding.title.clone())));
    found
}
