//! Fields that a title or a description names and no record has: they are shown as `undefined`.

use std::collections::BTreeSet;

use super::{
    entry::{Lint, Reads},
    field::misspelled_field,
};
use crate::{
    diagnostic::Diagnostic,
    filter::ast::SpannedPath,
    rule::{Rule, RuleSet, Title},
};

/// The entry of the lint table.
pub const LINT: Lint = Lint {
    codes: &[(CODE, "a field in a title or in a description that CloudTrail records do not have")],
    reads: &[Reads::Rules(check)],
};

const CODE: &str = "title-path";

fn check(rules: &RuleSet) -> Vec<Diagnostic> {
    let of_rule = |rule: &Rule| {
        let templates = [("title", &rule.title), ("description", &rule.advice)];
        let named = templates.into_iter().filter_map(|(name, template)| Some((name, template.as_ref()?)));
        named.flat_map(|(name, template)| unknown(rule, name, template)).collect::<Vec<Diagnostic>>()
    };
    rules.rules.iter().flat_map(of_rule).collect()
}

/// A warning for each unknown field of a template, at the name of its rule.
fn unknown(rule: &Rule, name: &str, template: &Title) -> Vec<Diagnostic> {
    let paths: BTreeSet<String> = template.fields().flatten().map(ToString::to_string).collect();
    let of = |path: &String| {
        // A template does not keep the back-quotes around an author's own field, which resembles no other.
        let found = misspelled_field(&SpannedPath::parse(path).ok()?)?;
        let title = format!("the {name} has `{{{{{path}}}}}`, which is no field of a record");
        let finding = Diagnostic::warning(CODE, title, rule.span, "its alerts show `undefined` there");
        let finding = found.notes.into_iter().fold(finding.in_rule(&rule.name), Diagnostic::note);
        Some(match found.help {
            Some(help) => finding.help(help),
            None => finding,
        })
    };
    paths.iter().filter_map(of).collect()
}
