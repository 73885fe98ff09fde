//! Builds the tree of a filter.
//!
//! Conditions are built as trees and never as text, so nothing in a rule can change what its filter means.

use crate::{
    diagnostic::Span,
    filter::{
        ast::{Compare, Expr, ExprKind, Operand, Right},
        operand::Value,
        operator::Operator,
    },
    record::Path,
};

/// The conjunction of at least one part.
pub fn and(parts: Vec<Expr>) -> Expr {
    joined(parts, ExprKind::And, |kind| match kind {
        ExprKind::And(inner) => Ok(inner),
        other => Err(other),
    })
}

/// The disjunction of at least one part.
pub fn or(parts: Vec<Expr>) -> Expr {
    joined(parts, ExprKind::Or, |kind| match kind {
        ExprKind::Or(inner) => Ok(inner),
        other => Err(other),
    })
}

/// The negation.
pub fn not(inner: Expr) -> Expr {
    bare(ExprKind::Not(Box::new(inner)))
}

/// Joins the parts without redundant brackets.
fn joined(
    parts: Vec<Expr>,
    join: fn(Vec<Expr>) -> ExprKind,
    same: fn(ExprKind) -> Result<Vec<Expr>, ExprKind>,
) -> Expr {
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match same(part.kind) {
            Ok(inner) => flat.extend(inner),
            Err(kind) => flat.push(bare(kind)),
        }
    }
    match flat.pop() {
        Some(only) if flat.is_empty() => only,
        last => {
            flat.extend(last);
            bare(join(flat))
        }
    }
}

fn bare(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

/// A value without a place in a text.
pub fn operand(value: Value) -> Operand {
    Operand { value, span: Span::default() }
}

/// A comparison of a field.
pub fn compare(field: &Path, operator: &'static Operator, right: Right) -> Expr {
    let left = field.clone().into();
    bare(ExprKind::Compare(Compare { left, operator, operator_span: Span::default(), right }))
}
