//! A filter without named lists: the values of each list in its place, for a command that reads no rules file.

use crate::{
    diagnostic::Span,
    filter::{
        Lists,
        ast::{Compare, Expr, ExprKind, Operand, Right, RightItem},
        listed,
        operator::Meaning,
    },
};

/// A condition in which every list is known.
pub enum Inlined {
    /// It does not depend on the record.
    Always(bool),
    /// It has no named lists.
    Depends(Expr),
}

/// Puts the values of the lists into the condition; a list that `lists` does not have has no values.
pub fn inlined(expr: &Expr, lists: &Lists) -> Inlined {
    let kind = match &expr.kind {
        ExprKind::And(parts) => return joined(parts, false, lists, expr.span),
        ExprKind::Or(parts) => return joined(parts, true, lists, expr.span),
        ExprKind::Not(inner) => match inlined(inner, lists) {
            Inlined::Always(holds) => return Inlined::Always(!holds),
            Inlined::Depends(inner) => ExprKind::Not(Box::new(inner)),
        },
        ExprKind::Any(path, inner) => match inlined(inner, lists) {
            Inlined::Always(false) => return Inlined::Always(false),
            // Whether there is an element depends on the record; the list may stay as it has no values that matter.
            Inlined::Always(true) => ExprKind::Any(path.clone(), inner.clone()),
            Inlined::Depends(inner) => ExprKind::Any(path.clone(), Box::new(inner)),
        },
        ExprKind::Compare(compare) => match with_values(compare, lists) {
            Some(compare) => ExprKind::Compare(compare),
            None => return Inlined::Always(compare.operator.negated),
        },
        ExprKind::List { list, empty } => {
            return Inlined::Always(lists.get(&list.name).is_none_or(<[_]>::is_empty) == *empty);
        }
    };
    Inlined::Depends(Expr { kind, span: expr.span })
}

/// `decides` is the outcome of a part that decides the whole: true for `or`.
fn joined(parts: &[Expr], decides: bool, lists: &Lists, span: Span) -> Inlined {
    let mut kept = Vec::new();
    for part in parts {
        match inlined(part, lists) {
            Inlined::Always(holds) if holds == decides => return Inlined::Always(decides),
            Inlined::Always(_) => {}
            Inlined::Depends(part) => kept.push(part),
        }
    }
    match (kept.len(), kept.pop()) {
        (_, None) => Inlined::Always(!decides),
        (1, Some(one)) => Inlined::Depends(one),
        (_, Some(last)) => {
            kept.push(last);
            let kind = if decides { ExprKind::Or(kept) } else { ExprKind::And(kept) };
            Inlined::Depends(Expr { kind, span })
        }
    }
}

/// The comparison with the values of its lists; `None` if no value is left, so that it holds for none.
fn with_values(compare: &Compare, lists: &Lists) -> Option<Compare> {
    if compare.right.lists().next().is_none() {
        return Some(compare.clone());
    }
    let values = compare.right.items().iter().flat_map(|item| match item {
        RightItem::Named(name) => {
            let values = lists.get(&name.name).unwrap_or_default().iter();
            let item = |value| RightItem::Value(Operand { value: listed(compare.operator, value), span: name.span });
            values.map(item).collect()
        }
        other => vec![other.clone()],
    });
    let values: Vec<_> = values.collect();
    let holds_for_none = values.is_empty() && compare.operator.meaning != Meaning::Foreign;
    (!holds_for_none).then(|| Compare { right: Right::List(values), ..compare.clone() })
}
