//! What a rule matches, as one condition: its filter without its suppressions.

use jiff::Timestamp;

use crate::{
    diagnostic::Span,
    filter::{
        ast::{Compare, Expr, ExprKind, Operand, Right, RightItem},
        operand::Value,
        operator::LESS,
    },
    number::Number,
    record::{Path, Root, Virtual},
    rule::Rule,
};

/// The condition of the records that a rule matches and does not suppress. A suppression that ends is limited by the time of
/// the events.
pub fn matched_by(rule: &Rule) -> Expr {
    let suppressed = rule.suppressions.iter().map(|suppression| {
        let filter = suppression.filter.expr().clone();
        let in_force = match suppression.expires {
            Some(end) => of(ExprKind::And(vec![filter, before(end)])),
            None => filter,
        };
        of(ExprKind::Not(Box::new(in_force)))
    });
    let parts: Vec<_> = [rule.filter.expr().clone()].into_iter().chain(suppressed).collect();
    match parts.as_slice() {
        [filter] => filter.clone(),
        _ => of(ExprKind::And(parts)),
    }
}

fn before(end: Timestamp) -> Expr {
    let operand = Operand { value: Value::Number(Number::Int(end.as_millisecond().into())), span: Span::default() };
    of(ExprKind::Compare(Compare {
        left: Path { root: Root::Virtual(Virtual::Timestamp), steps: Vec::new() }.into(),
        operator: &LESS,
        operator_span: Span::default(),
        right: Right::One(RightItem::Value(operand)),
    }))
}

fn of(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}
