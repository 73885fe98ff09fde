//! A walk over the conditions of a filter that knows what else holds where a condition counts.
//!
//! Paths are compared as fields: `error` and `errorCode` are one, and inside of an `any` a name is the element's.

use crate::{
    filter::{
        Lists,
        ast::{Compare, Expr, ExprKind, Right},
        operand::Value,
    },
    record::{Path, Root, Step},
};

/// How many conditions of one `and` are looked at together: time must not grow with their square.
pub const MANY: usize = 64;

/// A condition that must hold, or must not.
#[derive(Clone, Copy, Debug)]
pub struct Literal<'a> {
    pub expr: &'a Expr,
    pub holds: bool,
}

/// Where a condition stands.
#[derive(Clone, Debug, Default)]
pub struct Scope<'a> {
    /// The keys of the list whose element the innermost `any` looks at.
    pub base: Option<Vec<String>>,
    /// Whether an odd number of `not` stands before it.
    pub negated: bool,
    /// What else must be so for it to count, itself included where it is part of an `and`.
    pub around: Vec<Literal<'a>>,
}

/// Shows `visit` every condition with its scope, outer ones first; where it returns false, not what lies inside.
pub fn walk<'a>(filter: &'a Expr, visit: &mut dyn FnMut(&'a Expr, &Scope<'a>) -> bool) {
    within(filter, &Scope::default(), visit);
}

/// Shows `visit` every comparison with its scope.
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
        ExprKind::Any(path, part) => {
            let mut inner = scope.clone();
            // What holds for the element of an outer `any` says nothing of this one's.
            inner.around.retain(|literal| !speaks_of_element(literal.expr));
            inner.base = keys(path, scope.base.as_deref());
            within(part, &inner, visit);
        }
        ExprKind::Compare(_) => {}
    }
}

/// The conditions that must all be as they are for `expr` to hold, or not to hold.
pub fn all(expr: &Expr, holds: bool) -> Vec<Literal<'_>> {
    match &expr.kind {
        ExprKind::And(parts) if holds => parts.iter().flat_map(|part| all(part, true)).collect(),
        ExprKind::Or(parts) if !holds => parts.iter().flat_map(|part| all(part, false)).collect(),
        ExprKind::Not(inner) => all(inner, !holds),
        _ => vec![Literal { expr, holds }],
    }
}

fn speaks_of_element(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().any(speaks_of_element),
        ExprKind::Not(inner) => speaks_of_element(inner),
        ExprKind::Any(path, _) => path.root == Root::Element,
        ExprKind::Compare(compare) => {
            let other = matches!(&compare.right, Right::Field(path) if path.root == Root::Element);
            compare.path.root == Root::Element || other
        }
    }
}

/// The path with what its short name stands for written out.
pub fn field(path: &Path) -> Path {
    let Root::Virtual(short) = path.root else { return path.clone() };
    let Some(keys) = short.raw_keys() else { return path.clone() };
    let keys = keys.iter().map(|key| Step::Key((*key).to_owned()));
    Path { root: Root::Record, steps: keys.chain(path.steps.iter().cloned()).collect() }
}

/// The keys from the record down, indexes left out; nothing for a field that is worked out, or for an element of who
/// knows what.
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

/// The values that stand on the right of an operator, those of a named list included.
pub fn values<'a>(right: &'a Right, lists: &'a Lists) -> Vec<&'a Value> {
    match right {
        Right::Nothing | Right::Field(_) => Vec::new(),
        Right::Value(operand) => vec![&operand.value],
        Right::List(operands) => operands.iter().map(|operand| &operand.value).collect(),
        Right::Named(list) => lists.get(&list.name).unwrap_or_default().iter().collect(),
    }
}
