//! Builds the tree of a filter.
//!
//! Conditions are built as trees and never as text, so nothing in a rule can change what its filter means.

use crate::{
    diagnostic::Span,
    filter::{
        ast::{Compare, Expr, ExprKind, Operand, Right, RightItem},
        operand::Value,
        operator::Operator,
    },
    record::Path,
};

/// The conjunction of at least one part.
pub fn and(parts: Vec<Expr>) -> Expr {
    let parts = parts.into_iter().flat_map(|part| match part.kind {
        ExprKind::And(inner) => inner,
        other => vec![bare(other)],
    });
    joined(parts.collect(), ExprKind::And)
}

/// The disjunction of at least one part.
pub fn or(parts: Vec<Expr>) -> Expr {
    let parts = parts.into_iter().flat_map(|part| match part.kind {
        ExprKind::Or(inner) => inner,
        other => vec![bare(other)],
    });
    joined(parts.collect(), ExprKind::Or)
}

/// The negation.
pub fn not(inner: Expr) -> Expr {
    bare(ExprKind::Not(Box::new(inner)))
}

/// Several parts as one; a single part as it is.
fn joined(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> ExprKind) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            bare(join(parts))
        }
    }
}

fn bare(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

/// A value without a place in a text.
pub fn operand(value: Value) -> RightItem {
    RightItem::Value(Operand { value, span: Span::default() })
}

/// A comparison of a field.
pub fn compare(field: &Path, operator: &'static Operator, right: Right) -> Expr {
    let left = field.clone().into();
    bare(ExprKind::Compare(Compare { left, operator, operator_span: Span::default(), right }))
}
