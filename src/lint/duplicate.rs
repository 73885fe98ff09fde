//! Rules that say what another rule says already.

use std::{
    collections::{BTreeMap, BTreeSet},
    ptr,
};

use super::{
    condition::{Literal, all, field, values},
    contradiction::{candidates, clash, says},
};
use crate::{
    diagnostic::Diagnostic,
    filter::{
        Lists,
        ast::{Expr, ExprKind, Right},
        operand::Value,
    },
    record::{Path, Root},
    rule::{FieldPath, Rule, RuleSet},
};

pub const SAME: &str = "duplicate-rule";
pub const SHADOWED: &str = "shadowed-rule";

/// With more rules than these, pairs are too many to look at each.
const MOST_RULES: usize = 1000;

/// Of rules that are evaluated. Rules differ whose suppressions or whose ways from a match to an alert differ; a rule with
/// suppressions shadows none, nor does one that counts or learns, and one that always matches or never is reported for that
/// alone.
pub fn check(rules: &RuleSet) -> Vec<Diagnostic> {
    let enabled: Vec<Normal> =
        rules.rules.iter().filter(|rule| rule.enabled).map(|rule| Normal::of(rule, &rules.lists)).collect();
    let mut found = Vec::new();
    let mut seen = BTreeMap::new();
    for one in &enabled {
        let first = *seen.entry((&one.parts, &one.alerting)).or_insert(one);
        if !ptr::eq(first, one) {
            if first.suppressions == one.suppressions {
                found.push(same(one.rule, first.rule));
            }
            continue;
        }
        if one.constant || enabled.len() > MOST_RULES {
            continue;
        }
        let wider = |other: &&Normal| {
            !other.constant
                && other.rule.severity == one.rule.severity
                && other.suppressions.is_empty()
                && one.alerts_at_once()
                && other.alerts_at_once()
                && one.lies_in(other, &rules.lists)
        };
        found.extend(enabled.iter().find(wider).map(|wider| shadowed(one.rule, wider.rule)));
    }
    found
}

/// A rule whose filter is taken apart.
struct Normal<'a> {
    rule: &'a Rule,
    /// What must all be so, as text that is the same for conditions that say the same.
    parts: BTreeSet<String>,
    literals: Vec<(String, Literal<'a>)>,
    /// Fields, and all that they can be in a match.
    candidates: Vec<(Path, Vec<Value>)>,
    suppressions: BTreeSet<BTreeSet<String>>,
    /// What makes an alert of its matches, as text.
    alerting: String,
    /// Whether it surely matches every record, or none.
    constant: bool,
}

impl<'a> Normal<'a> {
    fn of(rule: &'a Rule, lists: &Lists) -> Self {
        let literals = all(rule.filter.expr(), true);
        let candidates = literals.iter().filter_map(|one| candidates(one.expr, one.holds, None, lists));
        let constant = |holds| clash(&all(rule.filter.expr(), holds), None, lists).is_some();
        Self {
            rule,
            constant: constant(true) || constant(false),
            parts: parts(&literals, lists),
            candidates: candidates.filter(|(_, values)| !values.is_empty()).collect(),
            literals: literals.into_iter().map(|literal| (canonical(&literal, lists), literal)).collect(),
            alerting: alerting(rule),
            suppressions: rule.suppressions.iter().map(|one| parts(&all(one.filter.expr(), true), lists)).collect(),
        }
    }

    /// Whether each match is an alert, but for others that are the same.
    fn alerts_at_once(&self) -> bool {
        self.rule.threshold == 1 && self.rule.first_seen.is_none() && self.rule.notify
    }

    /// Whether every match of it is surely a match of a rule with another filter.
    fn lies_in(&self, other: &Self, lists: &Lists) -> bool {
        let implied = |(text, literal): &(String, Literal)| {
            let follows = |(path, values): &(Path, Vec<Value>)| {
                values.iter().all(|value| says(literal, path, value, lists) == Some(true))
            };
            self.parts.contains(text) || self.candidates.iter().any(follows)
        };
        self.parts != other.parts && other.literals.iter().all(implied)
    }
}

fn alerting(rule: &Rule) -> String {
    let fields =
        |fields: &[FieldPath]| -> BTreeSet<String> { fields.iter().map(|one| canonical_path(&one.path)).collect() };
    let aggregate = rule.aggregate_fields.as_deref().map(fields);
    let news = rule.first_seen.as_ref().map(|first| (fields(&first.fields), first.within, first.learning));
    format!("{aggregate:?} {:?} {} {news:?} {}", rule.window, rule.threshold, rule.notify)
}

fn parts(literals: &[Literal], lists: &Lists) -> BTreeSet<String> {
    literals.iter().map(|literal| canonical(literal, lists)).collect()
}

/// The same text for conditions that say the same in another order, or by another name.
fn canonical(literal: &Literal, lists: &Lists) -> String {
    text(literal.expr, literal.holds, lists)
}

fn text(expr: &Expr, holds: bool, lists: &Lists) -> String {
    let joined = |parts: &[Expr], and: bool| {
        let parts: BTreeSet<String> = parts.iter().map(|part| text(part, holds, lists)).collect();
        let word = if and == holds { " and " } else { " or " };
        format!("({})", parts.into_iter().collect::<Vec<_>>().join(word))
    };
    match &expr.kind {
        ExprKind::And(parts) => joined(parts, true),
        ExprKind::Or(parts) => joined(parts, false),
        ExprKind::Not(inner) => text(inner, !holds, lists),
        ExprKind::Any(path, inner) => {
            format!("{} any {} {}", if holds { "" } else { "not" }, canonical_path(path), text(inner, true, lists))
        }
        ExprKind::Compare(compare) => {
            let (operator, right) = match (compare.operator.spelling, &compare.right) {
                ("exists", _) => ("= null", String::new()),
                (_, Right::Field(other)) => (compare.operator.spelling, format!("field {}", canonical_path(other))),
                (spelling, right) => {
                    let values: BTreeSet<String> = values(right, lists).iter().map(ToString::to_string).collect();
                    (spelling, values.into_iter().collect::<Vec<_>>().join(", "))
                }
            };
            let operator = match operator {
                "!=" | "in" => "=",
                "contains" => "like",
                other => other,
            };
            let negated = compare.operator.negated != (compare.operator.spelling == "exists");
            let not = if holds == negated { "not " } else { "" };
            format!("{not}{} {operator} {right}", canonical_path(&compare.path)).trim_end().to_owned()
        }
    }
}

/// A path inside of an `any` is the element's, and never the same as one outside.
fn canonical_path(path: &Path) -> String {
    let element = if path.root == Root::Element { "it." } else { "" };
    format!("{element}{}", field(path))
}

fn same(rule: &Rule, first: &Rule) -> Diagnostic {
    Diagnostic::warning(
        SAME,
        format!("`{}` has the filter of `{}`", rule.name, first.name),
        rule.span,
        "the second one",
    )
    .context(first.span, "the first one")
    .in_rule(&rule.name)
    .help("remove one of them: each match raises two alerts")
}

fn shadowed(rule: &Rule, wider: &Rule) -> Diagnostic {
    let title = format!("every match of `{}` is a match of `{}` too", rule.name, wider.name);
    Diagnostic::warning(SHADOWED, title, rule.span, "each of its alerts comes twice")
        .context(wider.span, "this rule matches it too, with the same severity")
        .in_rule(&rule.name)
        .help("remove it, give it another severity, or exclude it from the wider rule")
}
