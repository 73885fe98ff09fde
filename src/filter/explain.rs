//! Why a filter matched or did not: its conditions with the values that they saw.
//!
//! An [`Observer`] of the matching itself collects the tree, so the two cannot disagree.

use std::fmt;

use super::{
    ast::{Compare, Expr, ExprKind, Right, RightItem},
    matcher::Matcher,
    observer::Observer,
    operator::Meaning,
};
use crate::{
    diagnostic::{Span, nearest},
    record::{Node, Path, Place, Root, Scalar, Step, Visitor},
    untrusted::cut,
};

/// One condition, and whether it held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The condition.
    pub condition: Condition,
    /// Its place in the filter's text.
    pub span: Span,
    /// Whether it held.
    pub held: bool,
    /// The conditions that it joins, or elements that an `any` tried: the first that hold and the first that do not.
    pub parts: Vec<Explanation>,
    /// The other elements that an `any` tried.
    pub hidden: HiddenElements,
}

/// Elements of a list that an explanation counts and does not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HiddenElements {
    /// How many.
    pub count: usize,
    /// For how many of them the condition holds.
    pub held: usize,
}

/// Values that a comparison saw, as a filter would write them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenValues {
    /// The first of them; a long text is cut.
    pub first: Vec<String>,
    /// How many there are.
    pub count: usize,
}

impl SeenValues {
    fn add(&mut self, scalar: Scalar<'_>) {
        if self.count < MAX_VALUES {
            self.first.push(shown(scalar));
        }
        self.count += 1;
    }

    /// Whether it saw none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// How many values of a comparison are held.
const MAX_VALUES: usize = 6;
/// How many elements of a list that hold are held, and how many that do not.
const MAX_ELEMENTS: usize = 10;
/// How many conditions of elements are held, of all lists inside each other.
const MAX_PARTS: usize = 5_000;
/// The longest text of a value, in characters. An alert shows no more of it.
const MAX_TEXT: usize = 1_400;

/// A kind of condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// All parts hold.
    And,
    /// One part holds.
    Or,
    /// The part does not hold.
    Not,
    /// One element of the list at this path satisfies the condition.
    Any(String),
    /// The element at this position of the list that the path of an `any` reaches, from 0.
    Element(usize),
    /// A comparison.
    Compare(Compared),
    /// A named list has no value, or has one.
    List {
        /// The condition in canonical form.
        text: String,
        /// How many values the list has.
        count: usize,
    },
}

/// A comparison with the values that it saw, as a filter would write them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// The comparison in canonical form.
    pub text: String,
    /// Whether it asks only for a value or for none: `exists`, `= null`, `!= null`.
    pub asks_presence: bool,
    /// Whether it excludes values, as `!=` does.
    pub excludes: bool,
    /// The value of an `=`, which a value that passes repeats.
    pub equals: Option<String>,
    /// The values at its path.
    pub saw: SeenValues,
    /// The first of these that passed the operator's test, and so decided the outcome.
    pub decided_by: Option<String>,
    /// The values of the field that it compares with.
    pub saw_other: SeenValues,
    /// Why it saw nothing, where there is more to report than that.
    pub gap: Option<Gap>,
}

/// The place where a record has no more of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The path up to the first step that the record does not have.
    pub missing: String,
    /// A key of the record that looks like the missing one.
    pub similar: Option<String>,
}

impl Explanation {
    /// The comparison; nothing for conditions that join others.
    pub fn compared(&self) -> Option<&Compared> {
        match &self.condition {
            Condition::Compare(compared) => Some(compared),
            _ => None,
        }
    }

    /// Whether it is one of the elements that an `any` tried.
    pub fn is_element(&self) -> bool {
        matches!(self.condition, Condition::Element(_))
    }
}

/// The condition as a filter writes it; of a condition that joins others, only the words.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::And => f.write_str("and"),
            Condition::Or => f.write_str("or"),
            Condition::Not => f.write_str("not"),
            Condition::Any(path) => write!(f, "any {path}"),
            Condition::Element(at) => write!(f, "element {at}"),
            Condition::Compare(compared) => f.write_str(&compared.text),
            Condition::List { text, .. } => f.write_str(text),
        }
    }
}

/// Matches a record, evaluating every condition. `matcher` is compiled from `expr`.
pub fn explain<'a>(expr: &Expr, matcher: &Matcher, record: impl Node<'a>) -> Explanation {
    let mut recorder = Recorder { stack: vec![Observed::default()], parts: 0 };
    matcher.matches(record, Place::record(record), &mut recorder);
    let root = recorder.stack.pop().and_then(|mut outside| outside.parts.pop()).unwrap_or_default();
    combine(expr, root, record, false)
}

/// What was seen of one condition.
#[derive(Default)]
struct Observed {
    held: bool,
    values: SeenValues,
    decided_by: Option<String>,
    others: SeenValues,
    /// For a named list: how many values it has.
    listed: usize,
    /// Its conditions, or the elements that it tried.
    parts: Vec<Observed>,
    /// For an element: its position.
    at: usize,
    /// How many elements of its list did not hold, and how many held.
    elements: [usize; 2],
    hidden: HiddenElements,
}

struct Recorder {
    /// The open conditions, outermost first, after one entry that collects the outermost.
    stack: Vec<Observed>,
    /// How many conditions of elements are held.
    parts: usize,
}

impl Observer for Recorder {
    const THOROUGH: bool = true;

    fn open(&mut self) {
        self.stack.push(Observed::default());
    }

    fn saw(&mut self, scalar: Scalar<'_>, passes: bool) {
        if let Some(top) = self.stack.last_mut() {
            if passes {
                top.decided_by.get_or_insert_with(|| shown(scalar));
            }
            top.values.add(scalar);
        }
    }

    fn saw_other(&mut self, scalar: Scalar<'_>) {
        // A comparison visits the other field again for every value of its own.
        if let Some(top) = self.stack.last_mut().filter(|top| top.values.is_empty()) {
            top.others.add(scalar);
        }
    }

    fn saw_list(&mut self, count: usize) {
        if let Some(top) = self.stack.last_mut() {
            top.listed = count;
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

    fn close_element(&mut self, held: bool) {
        let Some(mut ended) = self.stack.pop() else { return };
        let Some(list) = self.stack.last_mut() else { return };
        (ended.held, ended.at) = (held, list.elements[0] + list.elements[1]);
        let known = &mut list.elements[usize::from(held)];
        *known += 1;
        if *known <= MAX_ELEMENTS && self.parts < MAX_PARTS {
            self.parts += ended.parts.len();
            list.parts.push(ended);
        } else {
            list.hidden.count += 1;
            list.hidden.held += usize::from(held);
        }
    }
}

/// Combines a condition as written with the same condition as seen. Both have the same shape, except that an `any` was seen
/// once for each element.
fn combine<'a>(expr: &Expr, seen: Observed, record: impl Node<'a>, inside: bool) -> Explanation {
    let (held, hidden) = (seen.held, seen.hidden);
    let joined = |parts: &[Expr], seen: Vec<Observed>| {
        parts.iter().zip(seen).map(|(expr, seen)| combine(expr, seen, record, inside)).collect()
    };
    let (condition, parts) = match &expr.kind {
        ExprKind::And(parts) => (Condition::And, joined(parts, seen.parts)),
        ExprKind::Or(parts) => (Condition::Or, joined(parts, seen.parts)),
        ExprKind::Not(part) => {
            (Condition::Not, seen.parts.into_iter().map(|seen| combine(part, seen, record, inside)).collect())
        }
        ExprKind::Any(list, inner) => {
            let mut path = String::new();
            // Writing to a string cannot fail.
            let _ = list.path.write_to(&mut path, inside);
            let elements = seen.parts.into_iter();
            (Condition::Any(path), elements.map(|seen| element(inner, seen, record)).collect())
        }
        ExprKind::Compare(compare) => (Condition::Compare(compared(compare, seen, record, inside)), Vec::new()),
        ExprKind::List { .. } => (Condition::List { text: expr.to_string(), count: seen.listed }, Vec::new()),
    };
    Explanation { condition, span: expr.span, held, parts, hidden }
}

fn element<'a>(inner: &Expr, seen: Observed, record: impl Node<'a>) -> Explanation {
    let (at, held, hidden) = (seen.at, seen.held, seen.hidden);
    let parts = seen.parts.into_iter().map(|seen| combine(inner, seen, record, true)).collect();
    Explanation { condition: Condition::Element(at), span: inner.span, held, parts, hidden }
}

fn compared<'a>(compare: &Compare, seen: Observed, record: impl Node<'a>, inside: bool) -> Compared {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = compare.write_to(&mut text, inside);
    let gap = seen.values.is_empty().then(|| find_gap(&compare.left.path, record, inside)).flatten();
    let equals = match (&compare.right, compare.operator.meaning) {
        (Right::One(RightItem::Value(operand)), Meaning::Equal)
            if !compare.operator.negated && !compare.operator.ignores_case =>
        {
            Some(operand.value.to_string())
        }
        _ => None,
    };
    let Observed { values: saw, decided_by, others: saw_other, .. } = seen;
    let asks_presence = compare.presence().is_some();
    let excludes = compare.operator.negated && !asks_presence;
    Compared { text, asks_presence, excludes, equals, saw, decided_by, saw_other, gap }
}

/// Where the record has no more of a path; nothing if only the last step is missing and no key looks like it.
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
        Scalar::Text(text) => format!("\"{}\"", cut(text, MAX_TEXT).escape_debug()),
        Scalar::List => "a list".to_owned(),
        Scalar::Object { empty: true } => "{}".to_owned(),
        Scalar::Object { empty: false } => "an object".to_owned(),
    }
}
