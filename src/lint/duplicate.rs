//! Rules that repeat what another rule reports.

use std::{
    collections::{BTreeMap, BTreeSet},
    ptr,
};

use super::{
    condition::{Literal, all, field},
    contradiction::{candidates, clash, meets},
    entry::{Lint, Reads},
};
use crate::{
    diagnostic::Diagnostic,
    filter::{
        Lists,
        ast::{Expr, ExprKind, RightItem},
        operand::Value,
        operator::{Meaning, Order},
    },
    record::{Path, Root},
    rule::{FieldPath, Rule, RuleSet},
};

/// The entry of the lint table.
pub const LINT: Lint = Lint {
    codes: &[
        (SAME, "two rules with the same filter"),
        (SHADOWED, "a rule all of whose matches another rule reports with the same severity"),
    ],
    reads: &[Reads::Rules(check)],
};

const SAME: &str = "duplicate-rule";
const SHADOWED: &str = "shadowed-rule";

/// With more rules than this, there are too many pairs to compare each.
const MOST_RULES: usize = 1000;

/// Compares enabled rules. Rules with different suppressions or different alert settings are no duplicates. A rule with
/// suppressions, a threshold or `first_seen` shadows no other. A rule that matches always or never has another warning.
fn check(rules: &RuleSet) -> Vec<Diagnostic> {
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
                && one.implies(other, &rules.lists)
        };
        found.extend(enabled.iter().find(wider).map(|wider| shadowed(one.rule, wider.rule)));
    }
    found
}

/// A rule with the parts of its filter.
struct Normal<'a> {
    rule: &'a Rule,
    /// The conditions that must all be met, as text that is the same for equivalent conditions.
    parts: BTreeSet<String>,
    literals: Vec<(String, Literal<'a>)>,
    /// Fields, and all values that they can have in a match.
    candidates: Vec<(Path, Vec<Value>)>,
    suppressions: BTreeSet<BTreeSet<String>>,
    /// The settings that turn matches into alerts, as text.
    alerting: String,
    /// Whether it is certain to match every record, or none.
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

    /// Whether each match raises an alert, apart from aggregation.
    fn alerts_at_once(&self) -> bool {
        self.rule.alerts_on_each_match() && self.rule.notify
    }

    /// Whether every match of it is certain to be a match of `other`, whose filter differs.
    fn implies(&self, other: &Self, lists: &Lists) -> bool {
        let implied = |(text, literal): &(String, Literal)| {
            let follows = |(path, values): &(Path, Vec<Value>)| {
                values.iter().all(|value| meets(literal, path, value, lists) == Some(true))
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
    let distinct = rule.distinct.as_ref().map(|one| canonical_path(&one.path));
    let news = rule.first_seen.as_ref().map(|first| (fields(&first.fields), first.within, first.learning));
    let order: Vec<_> = rule.steps().iter().map(|step| (step.filter.to_string(), fields(&step.by))).collect();
    format!("{aggregate:?} {:?} {} {distinct:?} {news:?} {order:?} {}", rule.window, rule.threshold, rule.notify)
}

fn parts(literals: &[Literal], lists: &Lists) -> BTreeSet<String> {
    literals.iter().map(|literal| canonical(literal, lists)).collect()
}

/// The same text for conditions that differ only in order or in the names of fields.
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
            let not = if holds { "" } else { "not" };
            format!("{not} any {} {}", canonical_path(&path.path), text(inner, true, lists))
        }
        ExprKind::Compare(compare) => {
            let path = canonical_path(&compare.left.path);
            if let Some(value_wanted) = compare.presence() {
                return format!("{path} {}", if holds == value_wanted { "exists" } else { "does not exist" });
            }
            let items = compare.right.items().iter().flat_map(|item| match item {
                RightItem::Value(operand) => vec![operand.value.to_string()],
                // A list without values is one that users fill.
                RightItem::Named(list) if lists.get(&list.name).is_none_or(<[Value]>::is_empty) => {
                    vec![format!("${}", list.name)]
                }
                RightItem::Named(list) => {
                    lists.get(&list.name).unwrap_or_default().iter().map(Value::to_string).collect()
                }
                RightItem::Field(other) => vec![format!("field {}", canonical_path(&other.path))],
            });
            let right = items.collect::<BTreeSet<String>>().into_iter().collect::<Vec<_>>().join(", ");
            let not = if holds == compare.operator.negated { "not " } else { "" };
            let case = if compare.operator.ignores_case { " ignoring case" } else { "" };
            format!("{not}{path} {}{case} {right}", meaning(compare.operator.meaning))
        }
        ExprKind::List { list, empty } => {
            format!("${} is {}", list.name, if *empty == holds { "empty" } else { "filled" })
        }
    }
}

/// The same word for operators that test the same.
fn meaning(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Equal | Meaning::Member => "equals",
        Meaning::Order(Order::Less) => "<",
        Meaning::Order(Order::LessOrEqual) => "<=",
        Meaning::Order(Order::Greater) => ">",
        Meaning::Order(Order::GreaterOrEqual) => ">=",
        Meaning::Prefix => "begins",
        Meaning::Suffix => "ends",
        Meaning::Substring => "contains",
        Meaning::Pattern => "matches",
        Meaning::Network => "is in",
        Meaning::Account => "is in account",
        Meaning::Foreign => "is foreign to",
        Meaning::Present => "exists",
    }
}

/// A path in an `any` is one of the element, and never equal to one outside.
fn canonical_path(path: &Path) -> String {
    let element = if path.root == Root::Element { "it." } else { "" };
    format!("{element}{}", field(path))
}

fn same(rule: &Rule, first: &Rule) -> Diagnostic {
    Diagnostic::warning(
        SAME,
        format!("`{}` has the same filter as `{}`", rule.name, first.name),
        rule.span,
        "the second rule",
    )
    .context(first.span, "the first rule")
    .in_rule(&rule.name)
    .help("remove one of them, because each match raises two alerts")
}

fn shadowed(rule: &Rule, wider: &Rule) -> Diagnostic {
    let title = format!("every match of `{}` is a match of `{}` too", rule.name, wider.name);
    Diagnostic::warning(SHADOWED, title, rule.span, "each of its matches raises two alerts")
        .context(wider.span, "this rule matches it too, with the same severity")
        .in_rule(&rule.name)
        .help("remove it, give it another severity, or exclude it from the wider rule")
}
