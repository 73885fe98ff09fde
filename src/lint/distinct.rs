//! Thresholds on different values of which there are never as many.

use std::collections::BTreeSet;

use super::{
    condition::{all, field},
    contradiction::{candidates, is_single},
    entry::{Lint, Reads},
    event::top,
};
use crate::{
    diagnostic::{Diagnostic, counted},
    filter::{Lists, operand::Value},
    record::{Path, Root, Virtual},
    rule::{FieldPath, Rule, RuleSet},
};

/// The entry of the lint table.
pub const LINT: Lint =
    Lint { codes: &[(CODE, "a `threshold` on values that are never as many")], reads: &[Reads::Rules(check)] };

const CODE: &str = "unreachable-threshold";

fn check(rules: &RuleSet) -> Vec<Diagnostic> {
    let of_rule = |rule: &Rule| {
        let found = of_distinct(rule, &rules.lists).or_else(|| of_first_seen(rule));
        found.map(|finding| finding.in_rule(&rule.name))
    };
    rules.rules.iter().filter_map(of_rule).collect()
}

fn of_distinct(rule: &Rule, lists: &Lists) -> Option<Diagnostic> {
    let distinct = rule.distinct.as_ref()?;
    let (path, name) = (field(&distinct.path), distinct.name());
    let finding = |title: String, label: String| Diagnostic::warning(CODE, title, distinct.written.span, label);
    if is_single(&distinct.path, None) && group(rule).contains(&path) {
        let title = format!("all events that are counted together have the same `{name}`");
        let finding = finding(title, format!("never {} different values", rule.threshold));
        return Some(finding.help(leave_out(rule, name)));
    }
    let values = all(rule.filter.expr(), true).iter().find_map(|literal| {
        let found = candidates(literal.expr, literal.holds, None, lists);
        found.filter(|(of, _)| *of == path).map(|(_, values)| texts(&values))
    })?;
    let number = values.len() as u64;
    (number < u64::from(rule.threshold)).then(|| {
        let title = format!("the filter leaves {} of `{name}`", counted(number, "value"));
        let help = format!("write `threshold: {number}` or less, or count another field");
        finding(title, format!("never {} different values", rule.threshold)).help(help)
    })
}

fn of_first_seen(rule: &Rule) -> Option<Diagnostic> {
    let first_seen = rule.first_seen.as_ref().filter(|_| rule.threshold > 1)?;
    let group = group(rule);
    first_seen.fields.iter().all(|one| group.contains(&field(&one.path))).then(|| {
        let names: Vec<_> = first_seen.fields.iter().map(FieldPath::name).collect();
        let title = "all events that are counted together have the same combination of `first_seen`";
        let label = format!("never {} new combinations", rule.threshold);
        Diagnostic::warning(CODE, title, first_seen.span, label).help(leave_out(rule, &names.join("`, `")))
    })
}

fn leave_out(rule: &Rule, names: &str) -> String {
    match rule.aggregate_fields {
        Some(_) => format!("remove `{names}` from `aggregate_fields`"),
        None => format!("write `aggregate_fields` without `{names}`, which the default includes"),
    }
}

/// The fields whose values the events of a series share.
fn group(rule: &Rule) -> Vec<Path> {
    let short = |short| Path { root: Root::Virtual(short), steps: Vec::new() };
    match &rule.aggregate_fields {
        Some(fields) => fields.iter().map(|one| field(&one.path)).collect(),
        None => vec![
            short(Virtual::Principal),
            short(Virtual::OwnerAccount),
            short(Virtual::Result),
            top("eventName"),
            top("eventSource"),
        ],
    }
}

/// The values as they are counted: `5` and `"5"` are one.
fn texts(values: &[Value]) -> BTreeSet<Option<String>> {
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::EmptyObject => Some("{}".to_owned()),
        Value::Text(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
    };
    values.iter().map(text).collect()
}
