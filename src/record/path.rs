//! A way into a record.
//!
//! Everything that reads a record goes through [`Path::visit`], so that filters, titles and alerts mean the same by the
//! same name.

use serde_json::Value;

use super::{Node, Scalar, Virtual, document::document};

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Root {
    /// The raw record.
    Record,
    /// A virtual field.
    Virtual(Virtual),
    /// The element that the innermost `any` looks at.
    Element,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The member of that name.
    Key(String),
    /// The element at that place of a list, from 0.
    Index(usize),
}

/// A way into a record, such as `requestParameters.bucketName` or `user`.
///
/// It walks through lists: `a.b` on `{"a": [{"b": 1}, {"b": 2}]}` reaches 1 and 2. Below
/// the blocks that services write it also walks into JSON that a string holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    /// Where it begins.
    pub root: Root,
    /// The steps from there.
    pub steps: Vec<Step>,
}

/// The parts of a record in which services put JSON into strings; nowhere else is a string parsed.
const BLOCKS: &[&str] = &["requestParameters", "responseElements", "serviceEventDetails", "additionalEventData"];

/// How many strings may lie in each other.
const MAX_STRINGS: u8 = 4;

/// A node, and whether strings below it may be entered.
#[derive(Clone, Copy, Debug)]
pub struct Place<N> {
    /// The node.
    pub node: N,
    strings: Strings,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strings {
    /// At the top of a record: below a block they may.
    Top,
    /// Outside of the blocks they may not.
    Closed,
    /// Below a block: so many more.
    Open(u8),
}

impl<N> Place<N> {
    /// A whole record.
    pub fn record(node: N) -> Self {
        Self { node, strings: Strings::Top }
    }

    /// Another node, such as an element, of which the same holds.
    pub fn with<M>(&self, node: M) -> Place<M> {
        Place { node, strings: self.strings }
    }

    fn member<M>(&self, key: &str, node: M) -> Place<M> {
        let strings = match self.strings {
            Strings::Top if BLOCKS.contains(&key) => Strings::Open(MAX_STRINGS),
            Strings::Top | Strings::Closed => Strings::Closed,
            open @ Strings::Open(_) => open,
        };
        Place { node, strings }
    }
}

/// Who is shown the places that a path reaches.
pub trait Visitor {
    /// Looks at a place, which is a list if the path ends at one; true ends the walk.
    fn visit<'n, N: Node<'n>>(&mut self, place: Place<N>) -> bool;
}

impl Path {
    /// Whether its value is worked out from the record and need not stand in it.
    pub fn is_worked_out(&self) -> bool {
        matches!(self.root, Root::Virtual(field) if field.raw_keys().is_none())
    }

    /// The keys that it begins with, at most `most`, and whether it ends there; none where it does not begin in the
    /// record, or its value is worked out.
    pub fn first_keys(&self, most: usize) -> (Vec<&str>, bool) {
        let raw = match self.root {
            Root::Virtual(field) => field.raw_keys(),
            Root::Record => Some(&[][..]),
            Root::Element => None,
        };
        let Some(raw) = raw else { return (Vec::new(), false) };
        let steps = self.steps.iter().map_while(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        });
        let keys: Vec<_> = raw.iter().copied().chain(steps).take(most).collect();
        let ends = keys.len() == raw.len() + self.steps.len();
        (keys, ends)
    }

    /// The fields at the top of a record at which it may look.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let worked_out: &[&str] = match self.root {
            Root::Virtual(field) => field.sources(),
            Root::Record | Root::Element => &[],
        };
        self.first_keys(1).0.into_iter().chain(worked_out.iter().copied())
    }

    /// Shows the visitor every place that the path reaches, in order, until it has seen enough; returns whether it has.
    /// `element` is what the innermost `any` looks at: outside of any, the record.
    pub fn walk<'r, 'e, R: Node<'r>, E: Node<'e>>(
        &self,
        record: R,
        element: Place<E>,
        visitor: &mut impl Visitor,
    ) -> bool {
        match self.root {
            Root::Record => walk(Place::record(record), &[], &self.steps, visitor),
            Root::Element => walk(element, &[], &self.steps, visitor),
            Root::Virtual(field) => match field.raw_keys() {
                Some(keys) => walk(Place::record(record), keys, &self.steps, visitor),
                None => self.steps.is_empty() && visitor.visit(Place::record(Computed(field.work_out(record)))),
            },
        }
    }

    /// Shows `see` every value that the path reaches in a record, in order, until it returns true; returns whether it
    /// did. A list is never shown, its elements are, at every depth; a missing key shows nothing.
    pub fn visit<'r>(&self, record: impl Node<'r>, see: &mut dyn FnMut(Scalar<'_>) -> bool) -> bool {
        self.walk(record, Place::record(record), &mut Scalars(see))
    }
}

/// Shows a closure the scalars, and of lists the elements.
pub struct Scalars<'f>(pub &'f mut dyn FnMut(Scalar<'_>) -> bool);

impl Visitor for Scalars<'_> {
    fn visit<'n, N: Node<'n>>(&mut self, place: Place<N>) -> bool {
        match place.node.scalar() {
            Scalar::List => place.node.elements().any(|element| self.visit(place.with(element))),
            scalar => (self.0)(scalar),
        }
    }
}

/// Shows a visitor the elements of lists at every depth, and what is no list as it is; `inside` says whether it lay in
/// a list.
pub fn each_element<'n, N: Node<'n>>(place: Place<N>, inside: bool, visit: &mut impl ElementVisitor) -> bool {
    match place.node.scalar() {
        Scalar::List => place.node.elements().any(|element| each_element(place.with(element), true, visit)),
        Scalar::Text(text) if let Some(value) = entered(&place, text) => {
            each_element(Place { node: &value.0, strings: value.1 }, inside, visit)
        }
        _ => visit.element(place, inside),
    }
}

/// Who is shown the elements of a list.
pub trait ElementVisitor {
    /// Looks at an element; true ends the walk.
    fn element<'n, N: Node<'n>>(&mut self, place: Place<N>, inside: bool) -> bool;
}

/// `keys` come before `steps`.
fn walk<'n, N: Node<'n>>(place: Place<N>, keys: &[&str], steps: &[Step], visitor: &mut impl Visitor) -> bool {
    let node = place.node;
    if keys.is_empty() && steps.is_empty() {
        return visitor.visit(place);
    }
    match (node.scalar(), keys, steps) {
        (Scalar::Object, [key, rest @ ..], _) => {
            node.get(key).is_some_and(|member| walk(place.member(key, member), rest, steps, visitor))
        }
        (Scalar::Object, [], [Step::Key(key), rest @ ..]) => {
            node.get(key).is_some_and(|member| walk(place.member(key, member), keys, rest, visitor))
        }
        (Scalar::List, [], [Step::Index(at), rest @ ..]) => {
            node.elements().nth(*at).is_some_and(|element| walk(place.with(element), keys, rest, visitor))
        }
        (Scalar::List, ..) => node.elements().any(|element| walk(place.with(element), keys, steps, visitor)),
        (Scalar::Text(text), ..) => entered(&place, text)
            .is_some_and(|(value, strings)| walk(Place { node: &value, strings }, keys, steps, visitor)),
        _ => false,
    }
}

/// The JSON object or list that a string holds, plain or percent-encoded, if strings may be entered here.
fn entered<N>(place: &Place<N>, text: &str) -> Option<(Value, Strings)> {
    let Strings::Open(left @ 1..) = place.strings else { return None };
    document(text).map(|value| (value, Strings::Open(left - 1)))
}

/// A value that stands nowhere in the record.
#[derive(Clone, Copy)]
struct Computed<'a>(Scalar<'a>);

impl<'a> Node<'a> for Computed<'a> {
    fn scalar(self) -> Scalar<'a> {
        self.0
    }

    fn get(self, _: &str) -> Option<Self> {
        None
    }

    fn elements(self) -> impl Iterator<Item = Self> {
        std::iter::empty()
    }

    fn keys(self) -> impl Iterator<Item = &'a str> {
        std::iter::empty()
    }
}
