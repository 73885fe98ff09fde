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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The comparison in canonical form, or `and`, `or`, `not`.
    pub condition: String,
    /// Whether it held.
    pub held: bool,
    /// What a comparison saw, as a filter would write it; `None` for conditions that only join others.
    pub saw: Option<Vec<String>>,
    /// The conditions that it joins.
    pub parts: Vec<Explanation>,
}

/// Matches a record, looking at every condition.
pub fn explain<'a>(filter: &Filter, record: impl Node<'a>) -> Explanation {
    let mut recorder = Recorder { stack: vec![Seen::default()] };
    filter.matches_observed(record, &mut recorder);
    let root = recorder.stack.pop().and_then(|mut outside| outside.parts.pop()).unwrap_or_default();
    told(filter.expr(), root)
}

/// What was seen of one condition.
#[derive(Default)]
struct Seen {
    held: bool,
    values: Vec<String>,
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

    fn close(&mut self, held: bool) {
        if let Some(mut ended) = self.stack.pop() {
            ended.held = held;
            if let Some(outer) = self.stack.last_mut() {
                outer.parts.push(ended);
            }
        }
    }
}

/// Lays the conditions as written beside the conditions as seen; both have the same shape.
fn told(expr: &Expr, seen: Seen) -> Explanation {
    let (condition, inner): (String, Vec<&Expr>) = match &expr.kind {
        ExprKind::And(parts) => ("and".to_owned(), parts.iter().collect()),
        ExprKind::Or(parts) => ("or".to_owned(), parts.iter().collect()),
        ExprKind::Not(part) => ("not".to_owned(), vec![part]),
        ExprKind::Compare(compare) => (compare.to_string(), Vec::new()),
    };
    let saw = matches!(expr.kind, ExprKind::Compare(_)).then_some(seen.values);
    let parts = inner.into_iter().zip(seen.parts).map(|(expr, seen)| told(expr, seen)).collect();
    Explanation { condition, held: seen.held, saw, parts }
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
