//! Paths into a record.
//!
//! Filters, titles and alerts read a record by [`Path::visit`], so a name means the same in all of them.

use super::{
    node::{Node, Scalar, Tree},
    virtual_field::Virtual,
    work::{VISIT, WorkBudget},
    zone::Zone,
};

/// Where a path starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Root {
    /// The raw record.
    Record,
    /// A virtual field.
    Virtual(Virtual),
    /// The current element of the innermost `any`.
    Element,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The member of that name.
    Key(String),
    /// The element of a list at that index, from 0.
    Index(usize),
}

/// A path into a record, such as `requestParameters.bucketName` or `user`.
///
/// It descends into every element of a list: `a.b` on `{"a": [{"b": 1}, {"b": 2}]}` reaches 1 and 2. In the blocks that
/// services write, it also descends into JSON that a string contains.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    /// Where it starts.
    pub root: Root,
    /// The steps from there.
    pub steps: Vec<Step>,
}

/// The blocks of a record in which services write JSON into strings. Strings elsewhere are not parsed.
const BLOCKS: &[&str] = &["requestParameters", "responseElements", "serviceEventDetails", "additionalEventData"];

/// How deep strings with JSON may be nested.
const MAX_STRINGS: u8 = 4;

/// A node, and whether JSON in strings below it is read.
#[derive(Clone, Copy, Debug)]
pub struct Place<N> {
    /// The node.
    pub node: N,
    strings: JsonInStrings,
    /// Whether an empty text counts as missing, as it does below a virtual field.
    is_virtual: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JsonInStrings {
    /// At the top of a record: read inside the blocks.
    Top,
    /// Outside of the blocks: not read.
    Closed,
    /// Inside a block: read, this many levels deep.
    Open(u8),
}

impl<N> Place<N> {
    /// The root of a record.
    pub fn record(node: N) -> Self {
        Self { node, strings: JsonInStrings::Top, is_virtual: false }
    }

    /// The root of a record, for the value of a virtual field.
    fn of_virtual(node: N) -> Self {
        Self { is_virtual: true, ..Self::record(node) }
    }

    /// Another node at the same level, such as an element.
    pub fn with<M>(&self, node: M) -> Place<M> {
        Place { node, strings: self.strings, is_virtual: self.is_virtual }
    }

    /// Whether its value counts as missing although the record has it.
    fn is_missing(&self, value: Scalar<'_>) -> bool {
        self.is_virtual && value == Scalar::Text("")
    }

    fn member<M>(&self, key: &str, node: M) -> Place<M> {
        let strings = match self.strings {
            JsonInStrings::Top if BLOCKS.contains(&key) => JsonInStrings::Open(MAX_STRINGS),
            JsonInStrings::Top | JsonInStrings::Closed => JsonInStrings::Closed,
            open @ JsonInStrings::Open(_) => open,
        };
        Place { strings, ..self.with(node) }
    }
}

/// Visits the places that a path reaches.
pub trait Visitor {
    /// Visits a place, which is a list if the path ends at one. Returns true to end the walk.
    fn visit<'n, N: Node<'n>>(&mut self, place: Place<N>) -> bool;
}

impl Path {
    /// Whether its value is computed from the record and may not occur in it.
    pub fn is_computed(&self) -> bool {
        matches!(self.root, Root::Virtual(field) if field.raw_keys().is_none())
    }

    /// Makes hours and weekdays those of a time zone.
    pub fn set_zone(&mut self, zone: Zone) {
        if let Root::Virtual(field) = &mut self.root {
            *field = field.in_zone(zone);
        }
    }

    /// The keys of a value, at most `most` and possibly none, without which it reaches nothing.
    pub fn needed_keys(&self, most: usize) -> Vec<&str> {
        match self.root {
            Root::Virtual(field) if self.is_computed() => field.holder().iter().copied().take(most).collect(),
            _ => self.first_keys(most).0,
        }
    }

    /// The keys that it starts with, at most `most`, and whether it ends after them; none if it does not start at the record,
    /// or if its value is computed.
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

    /// The fields at the top of a record that it may read.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let computed: &[&str] = match self.root {
            Root::Virtual(field) => field.sources(),
            Root::Record | Root::Element => &[],
        };
        self.first_keys(1).0.into_iter().chain(computed.iter().copied())
    }

    /// Shows the visitor every place that the path reaches, in order, until it returns true or the budget of the work is used
    /// up. Returns whether it ended early.
    /// `element` is the current element of the innermost `any`; outside of any `any`, the record.
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
                Some(keys) => walk(Place::of_virtual(record), keys, &self.steps, visitor),
                None if self.steps.is_empty() => {
                    let value = field.compute(record);
                    visitor.visit(Place::of_virtual(Computed(value.scalar(), record.work())))
                }
                None => false,
            },
        }
    }

    /// Passes every value that the path reaches in a record to `see`, in order, until it returns true. Returns whether it did.
    /// For a list it passes the elements, at every depth; for a missing key it passes nothing.
    pub fn visit<'r>(&self, record: impl Node<'r>, see: &mut dyn FnMut(Scalar<'_>) -> bool) -> bool {
        self.walk(record, Place::record(record), &mut Scalars(see))
    }
}

/// Passes scalars to a closure, and the elements of lists.
pub struct Scalars<'f>(pub &'f mut dyn FnMut(Scalar<'_>) -> bool);

impl Visitor for Scalars<'_> {
    fn visit<'n, N: Node<'n>>(&mut self, place: Place<N>) -> bool {
        match place.node.scalar() {
            _ if !place.node.work().spend(VISIT) => true,
            empty if place.is_missing(empty) => false,
            Scalar::List => place.node.elements().any(|element| self.visit(place.with(element))),
            scalar => (self.0)(scalar),
        }
    }
}

/// Shows a visitor the elements of lists at every depth, and any other value as it is. `inside` is whether the place is in a
/// list.
pub fn each_element<'n, N: Node<'n>>(place: Place<N>, inside: bool, visit: &mut impl ElementVisitor) -> bool {
    match place.node.scalar() {
        _ if !place.node.work().spend(VISIT) => true,
        empty if place.is_missing(empty) => false,
        Scalar::List => place.node.elements().any(|element| each_element(place.with(element), true, visit)),
        Scalar::Text(text) if let Some(document) = entered(&place, text) => each_element(document, inside, visit),
        _ => visit.element(place, inside),
    }
}

/// Visits the elements of a list.
pub trait ElementVisitor {
    /// Visits an element; `inside` is whether it is in a list. Returns true to end the walk.
    fn element<'n, N: Node<'n>>(&mut self, place: Place<N>, inside: bool) -> bool;
}

/// Walks `keys` first, then `steps`.
fn walk<'n, N: Node<'n>>(place: Place<N>, keys: &[&str], steps: &[Step], visitor: &mut impl Visitor) -> bool {
    let node = place.node;
    if keys.is_empty() && steps.is_empty() {
        return visitor.visit(place);
    }
    match (node.scalar(), keys, steps) {
        _ if !node.work().spend(VISIT) => true,
        (Scalar::Object { .. }, [key, rest @ ..], _) => {
            node.get(key).is_some_and(|member| walk(place.member(key, member), rest, steps, visitor))
        }
        (Scalar::Object { .. }, [], [Step::Key(key), rest @ ..]) => {
            node.get(key).is_some_and(|member| walk(place.member(key, member), keys, rest, visitor))
        }
        (Scalar::List, [], [Step::Index(at), rest @ ..]) => {
            node.elements().nth(*at).is_some_and(|element| walk(place.with(element), keys, rest, visitor))
        }
        (Scalar::List, ..) => node.elements().any(|element| walk(place.with(element), keys, steps, visitor)),
        (Scalar::Text(text), ..) => entered(&place, text).is_some_and(|document| walk(document, keys, steps, visitor)),
        _ => false,
    }
}

/// The JSON object or list in a string, plain or percent-encoded, if JSON in strings is read here.
fn entered<'n, N: Node<'n>>(place: &Place<N>, text: &'n str) -> Option<Place<Tree<'n>>> {
    let JsonInStrings::Open(left @ 1..) = place.strings else { return None };
    let work = place.node.work();
    let json = work.document(text)?;
    Some(Place { strings: JsonInStrings::Open(left - 1), ..place.with(Tree { json, work }) })
}

/// A value that does not occur in the record.
#[derive(Clone, Copy)]
struct Computed<'a>(Scalar<'a>, &'a WorkBudget);

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

    fn work(self) -> &'a WorkBudget {
        self.1
    }
}
