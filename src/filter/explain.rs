//! Why a filter matched, or did not: its conditions with the values they saw.
//!
//! The tree comes from the matching itself, through an [`Observer`], so it cannot disagree with it.

use super::{
    Filter,
    ast::{Expr, ExprKind},
    matcher::Observer,
};
use crate::{
    diagnostic::nearest,
    record::{Node, Path, Place, Root, Scalar, Step, Visitor},
};

/// One condition, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The comparison in canonical form, or `and`, `or`, `not`, `any …`, `element n`.
    pub condition: String,
    /// Whether it held.
    pub held: bool,
    /// What a comparison saw, as a filter would write it; `None` for conditions that only join others.
    pub saw: Option<Vec<String>>,
    /// The first of these that made the comparison come out as it did, unlike the others.
    pub decided_by: Option<String>,
    /// What a comparison with another field saw of that one.
    pub saw_other: Vec<String>,
    /// Why a comparison saw nothing, where there is more to say than that.
    pub gap: Option<Gap>,
    /// The conditions that it joins, or the elements that an `any` tried.
    pub parts: Vec<Explanation>,
}

/// The place where the record has nothing more of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The path up to the first step that leads nowhere.
    pub missing: String,
    /// A key that is there and looks like the one that is not.
    pub similar: Option<String>,
}

/// Matches a record, looking at every condition.
pub fn explain<'a>(filter: &Filter, record: impl Node<'a>) -> Explanation {
    let mut recorder = Recorder { stack: vec![Seen::default()] };
    filter.matches_observed(record, &mut recorder);
    let root = recorder.stack.pop().and_then(|mut outside| outside.parts.pop()).unwrap_or_default();
    told(filter.expr(), root, record, false)
}

impl Explanation {
    /// Whether it is one of the elements that an `any` tried.
    pub fn is_element(&self) -> bool {
        self.saw.is_none() && self.condition.starts_with("element ")
    }
}

/// What was seen of one condition.
#[derive(Default)]
struct Seen {
    held: bool,
    values: Vec<String>,
    decided_by: Option<String>,
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

    fn saw(&mut self, scalar: Scalar<'_>, passes: bool) {
        if let Some(top) = self.stack.last_mut() {
            let value = shown(scalar);
            if passes {
                top.decided_by.get_or_insert_with(|| value.clone());
            }
            top.values.push(value);
        }
    }

    fn saw_other(&mut self, scalar: Scalar<'_>) {
        // It sees the other field's values anew for every value of its own.
        if let Some(top) = self.stack.last_mut().filter(|top| top.values.is_empty()) {
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
fn told<'a>(expr: &Expr, seen: Seen, record: impl Node<'a>, inside: bool) -> Explanation {
    let mut condition = String::new();
    let mut gap = None;
    let parts = match &expr.kind {
        ExprKind::And(parts) => {
            condition.push_str("and");
            parts.iter().zip(seen.parts).map(|(expr, seen)| told(expr, seen, record, inside)).collect()
        }
        ExprKind::Or(parts) => {
            condition.push_str("or");
            parts.iter().zip(seen.parts).map(|(expr, seen)| told(expr, seen, record, inside)).collect()
        }
        ExprKind::Not(part) => {
            condition.push_str("not");
            seen.parts.into_iter().map(|seen| told(part, seen, record, inside)).collect()
        }
        ExprKind::Any(path, inner) => {
            condition.push_str("any ");
            let _ = path.write_to(&mut condition, inside);
            seen.parts.into_iter().enumerate().map(|(at, seen)| element(at, inner, seen, record)).collect()
        }
        ExprKind::Compare(compare) => {
            let _ = compare.write_to(&mut condition, inside);
            gap = seen.values.is_empty().then(|| find_gap(&compare.path, record, inside)).flatten();
            Vec::new()
        }
    };
    let saw = matches!(expr.kind, ExprKind::Compare(_)).then_some(seen.values);
    let Seen { held, decided_by, others, .. } = seen;
    Explanation { condition, held, saw, decided_by, saw_other: others, gap, parts }
}

fn element<'a>(at: usize, inner: &Expr, seen: Seen, record: impl Node<'a>) -> Explanation {
    let parts = seen.parts.into_iter().map(|seen| told(inner, seen, record, true)).collect();
    Explanation { condition: format!("element {at}"), held: seen.held, parts, ..Explanation::default() }
}

/// Where the record has nothing more of a path; nothing where that is the end of the path and nothing looks like it.
fn find_gap<'a>(path: &Path, record: impl Node<'a>, inside: bool) -> Option<Gap> {
    if path.root != Root::Record {
        return None;
    }
    let beginning = |length: usize| Path { root: path.root, steps: path.steps[..length].to_vec() };
    let is_null = |length: &usize| !beginning(*length).visit(record, &mut |scalar| scalar != Scalar::Null);
    let length = (1..=path.steps.len()).find(is_null)?;
    let similar = match &path.steps[length - 1] {
        Step::Key(key) => {
            let mut similar = Similar { key, found: None };
            beginning(length - 1).walk(record, Place::record(record), &mut similar);
            similar.found
        }
        Step::Index(_) => None,
    };
    let mut missing = String::new();
    beginning(length).write_to(&mut missing, inside).ok()?;
    (length < path.steps.len() || similar.is_some()).then_some(Gap { missing, similar })
}

/// Looks for a key like another in the objects that a path reaches.
struct Similar<'k> {
    key: &'k str,
    found: Option<String>,
}

impl Visitor for Similar<'_> {
    fn visit<'n, N: Node<'n>>(&mut self, place: Place<N>) -> bool {
        let keys = place.node.keys().filter(|key| *key != self.key);
        self.found = nearest(self.key, keys).map(str::to_owned);
        self.found.is_some() || place.node.elements().any(|element| self.visit(place.with(element)))
    }
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
