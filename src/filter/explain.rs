//! Why a filter matched, or did not: its conditions with the values they saw.
//!
//! The tree comes from the matching itself, through an [`Observer`], so it cannot disagree with it.

use super::{
    Filter,
    ast::{Expr, ExprKind},
    matcher::Observer,
};
use crate::record::{Node, Scalar};

/// One condition, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The comparison in canonical form, or `and`, `or`, `not`, `any …`, `element n`.
    pub condition: String,
    /// Whether it held.
    pub held: bool,
    /// What a comparison saw, as a filter would write it; `None` for conditions that only join others.
    pub saw: Option<Vec<String>>,
    /// What a comparison with another field saw of that one.
    pub saw_other: Vec<String>,
    /// The conditions that it joins, or the elements that an `any` tried.
    pub parts: Vec<Explanation>,
}

/// Matches a record, looking at every condition.
pub fn explain<'a>(filter: &Filter, record: impl Node<'a>) -> Explanation {
    let mut recorder = Recorder { stack: vec![Seen::default()] };
    filter.matches_observed(record, &mut recorder);
    let root = recorder.stack.pop().and_then(|mut outside| outside.parts.pop()).unwrap_or_default();
    told(filter.expr(), root, false)
}

/// What was seen of one condition.
#[derive(Default)]
struct Seen {
    held: bool,
    values: Vec<String>,
    others: Vec<String>,
    parts: Vec<Seen>,
}

struct Recorder {
    /// The conditions that have begun and not ended, outermost first; below them one that collects the outermost.
    stack: Vec<Seen>,
}

impl Observer for Recorder {
    const THOROUGH: bool = true;

    fn open(&mut self) {
        self.stack.push(Seen::default());
    }

    fn saw(&mut self, scalar: Scalar<'_>) {
        if let Some(top) = self.stack.last_mut() {
            top.values.push(shown(scalar));
        }
    }

    fn saw_other(&mut self, scalar: Scalar<'_>) {
        if let Some(top) = self.stack.last_mut() {
            top.others.push(shown(scalar));
        }
    }

    fn close(&mut self, held: bool) {
        if let Some(mut ended) = self.stack.pop() {
            ended.held = held;
            if let Some(outer) = self.stack.last_mut() {
                outer.parts.push(ended);
            }
        }
    }
}

/// Lays the conditions as written beside the conditions as seen; both have the same shape, but that an `any` was seen
/// once for each element.
fn told(expr: &Expr, seen: Seen, inside: bool) -> Explanation {
    let mut condition = String::new();
    let parts = match &expr.kind {
        ExprKind::And(parts) => {
            condition.push_str("and");
            parts.iter().zip(seen.parts).map(|(expr, seen)| told(expr, seen, inside)).collect()
        }
        ExprKind::Or(parts) => {
            condition.push_str("or");
            parts.iter().zip(seen.parts).map(|(expr, seen)| told(expr, seen, inside)).collect()
        }
        ExprKind::Not(part) => {
            condition.push_str("not");
            seen.parts.into_iter().map(|seen| told(part, seen, inside)).collect()
        }
        ExprKind::Any(path, inner) => {
            condition.push_str("any ");
            let _ = path.write_to(&mut condition, inside);
            seen.parts.into_iter().enumerate().map(|(at, seen)| element(at, inner, seen)).collect()
        }
        ExprKind::Compare(compare) => {
            let _ = compare.write_to(&mut condition, inside);
            Vec::new()
        }
    };
    let saw = matches!(expr.kind, ExprKind::Compare(_)).then_some(seen.values);
    Explanation { condition, held: seen.held, saw, saw_other: seen.others, parts }
}

fn element(at: usize, inner: &Expr, seen: Seen) -> Explanation {
    let parts = seen.parts.into_iter().map(|seen| told(inner, seen, true)).collect();
    Explanation { condition: format!("element {at}"), held: seen.held, parts, ..Explanation::default() }
}

fn shown(scalar: Scalar<'_>) -> String {
    match scalar {
        Scalar::Null => "null".to_owned(),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Text(text) => format!("\"{}\"", text.escape_debug()),
        Scalar::List => "a list".to_owned(),
        Scalar::Object => "an object".to_owned(),
    }
}
