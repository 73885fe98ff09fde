//! A walk over the conditions of a filter that tracks what else holds where a condition counts.
//!
//! Paths are compared as fields: `error` and `errorCode` are one field, and in an `any` a name is the element's.

use crate::{
    filter::{
        Lists,
        ast::{Compare, Expr, ExprKind, Right, RightItem},
        operand::Value,
        operator::{Meaning, Operator},
    },
    record::{Path, Root, Step},
};

/// The most conditions of one `and` that are compared with each other: the time grows with their square.
pub const MANY: usize = 64;

/// A condition that must hold, or must not.
#[derive(Clone, Copy, Debug)]
pub struct Literal<'a> {
    /// The condition.
    pub expr: &'a Expr,
    /// Whether it must hold.
    pub holds: bool,
}

/// The place of a condition in a filter.
#[derive(Clone, Debug, Default)]
pub struct Scope<'a> {
    /// The keys of the list whose element the innermost `any` tries.
    pub base: Option<Vec<String>>,
    /// Whether an odd number of `not`s apply to it.
    pub negated: bool,
    /// The conditions that must be met for it to count; where it is part of an `and`, it is one of them.
    pub around: Vec<Literal<'a>>,
}

/// Calls `visit` with every condition and its scope, outer ones first; where `visit` returns false, the walk skips the parts.
pub fn walk<'a>(filter: &'a Expr, visit: &mut dyn FnMut(&'a Expr, &Scope<'a>) -> bool) {
    within(filter, &Scope::default(), visit);
}

/// Calls `visit` with every comparison and its scope.
pub fn comparisons<'a>(filter: &'a Expr, visit: &mut dyn FnMut(&'a Expr, &'a Compare, &Scope<'a>)) {
    walk(filter, &mut |expr, scope| {
        if let ExprKind::Compare(compare) = &expr.kind {
            visit(expr, compare, scope);
        }
        true
    });
}

fn within<'a>(expr: &'a Expr, scope: &Scope<'a>, visit: &mut dyn FnMut(&'a Expr, &Scope<'a>) -> bool) {
    if !visit(expr, scope) {
        return;
    }
    match &expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            let mut inner = scope.clone();
            if matches!(expr.kind, ExprKind::And(_)) != scope.negated {
                inner.around.extend(parts.iter().flat_map(|part| all(part, !scope.negated)).take(MANY));
            }
            for part in parts {
                within(part, &inner, visit);
            }
        }
        ExprKind::Not(part) => within(part, &Scope { negated: !scope.negated, ..scope.clone() }, visit),
        ExprKind::Any(list, part) => {
            let mut inner = scope.clone();
            // Conditions on the element of an outer `any` do not apply to this one's.
            inner.around.retain(|literal| !names_element(literal.expr));
            inner.base = keys(&list.path, scope.base.as_deref());
            within(part, &inner, visit);
        }
        ExprKind::Compare(_) | ExprKind::List { .. } => {}
    }
}

/// The conditions that must all be met for `expr` to hold, or not to hold.
pub fn all(expr: &Expr, holds: bool) -> Vec<Literal<'_>> {
    match &expr.kind {
        ExprKind::And(parts) if holds => parts.iter().flat_map(|part| all(part, true)).collect(),
        ExprKind::Or(parts) if !holds => parts.iter().flat_map(|part| all(part, false)).collect(),
        ExprKind::Not(inner) => all(inner, !holds),
        _ => vec![Literal { expr, holds }],
    }
}

fn names_element(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().any(names_element),
        ExprKind::Not(inner) => names_element(inner),
        ExprKind::Any(list, _) => list.path.root == Root::Element,
        ExprKind::Compare(compare) => {
            let mut others = compare.right.fields();
            compare.left.path.root == Root::Element || others.any(|other| other.path.root == Root::Element)
        }
        ExprKind::List { .. } => false,
    }
}

/// The path with its short name replaced by the field that the name is short for.
pub fn field(path: &Path) -> Path {
    let Root::Virtual(short) = path.root else { return path.clone() };
    let Some(keys) = short.raw_keys() else { return path.clone() };
    let keys = keys.iter().map(|key| Step::Key((*key).to_owned()));
    Path { root: Root::Record, steps: keys.chain(path.steps.iter().cloned()).collect() }
}

/// The keys from the record down, without indexes; nothing for a computed field, or for an element of an unknown list.
pub fn keys(path: &Path, base: Option<&[String]>) -> Option<Vec<String>> {
    let path = field(path);
    let before = match path.root {
        Root::Record => &[],
        Root::Element => base?,
        Root::Virtual(_) => return None,
    };
    let steps = path.steps.into_iter().filter_map(|step| match step {
        Step::Key(key) => Some(key),
        Step::Index(_) => None,
    });
    Some(before.iter().cloned().chain(steps).collect())
}

/// The values on the right side of an operator, those of named lists included.
pub fn values<'a>(right: &'a Right, lists: &'a Lists) -> Vec<&'a Value> {
    let of = |item: &'a RightItem| match item {
        RightItem::Value(operand) => vec![&operand.value],
        RightItem::Named(list) => lists.get(&list.name).unwrap_or_default().iter().collect(),
        RightItem::Field(_) => Vec::new(),
    };
    right.items().iter().flat_map(of).collect()
}

/// Whether an operator compares a whole value with each of its operands.
pub fn compares_whole_values(operator: &Operator) -> bool {
    match operator.meaning {
        Meaning::Equal | Meaning::Member => true,
        Meaning::Order(_)
        | Meaning::Prefix
        | Meaning::Suffix
        | Meaning::Substring
        | Meaning::Pattern
        | Meaning::Network
        | Meaning::Account
        | Meaning::Foreign
        | Meaning::Present => false,
    }
}
