//! What the lints say of filters of the rules file only since overrides replace a list.

use std::collections::HashSet;

use super::{FilterText, in_filter};
use crate::{
    diagnostic::Diagnostic,
    filter::Lists,
    rule::{RuleSet, Source},
};

/// Each finding once, at the name of the list in the overrides: the rules file is as its authors want it.
pub fn check(rules: &RuleSet, in_force: &Lists) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for rule in &rules.rules {
        let suppressions = rule.suppressions.iter().filter(|suppression| suppression.source == Source::Rules);
        let of_rule = |lists| FilterText::of_rule(rule, lists);
        let pairs = [(of_rule(&rules.lists), of_rule(in_force))].into_iter();
        let of = |suppression| (FilterText::of(suppression, &rules.lists), FilterText::of(suppression, in_force));
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
    let mut said = HashSet::new();
    found.retain(|finding| said.insert((finding.span, finding.title.clone())));
    found
}
