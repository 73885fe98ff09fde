//! Lists that no filter names.

use std::collections::BTreeSet;

use super::entry::{Lint, Reads};
use crate::{diagnostic::Diagnostic, rule::RuleSet};

/// The entry of the lint table.
pub const LINT: Lint = Lint { codes: &[(CODE, "a list that no filter names")], reads: &[Reads::Rules(check)] };

const CODE: &str = "unused-list";

fn check(rules: &RuleSet) -> Vec<Diagnostic> {
    // A rule that could not be read may use it.
    if !rules.complete {
        return Vec::new();
    }
    let mut used = BTreeSet::new();
    for rule in &rules.rules {
        for filter in [&rule.filter].into_iter().chain(rule.suppressions.iter().map(|one| &one.filter)) {
            used.extend(filter.lists());
        }
    }
    let unused = rules.list_spans.iter().filter(|(name, _)| !used.contains(name.as_str()));
    unused
        .map(|(name, span)| {
            Diagnostic::warning(CODE, format!("no filter uses the list `{name}`"), *span, "never used")
                .help(format!("remove it, or name it in a filter, such as `in ${name}`"))
        })
        .collect()
}
