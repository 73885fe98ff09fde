//! A record as a filter sees it: a tree of nodes, however it is stored.

use super::{json::Json, work::WorkBudget};
use crate::number::Number;

/// A node of a record: a tree that can be walked without knowing how it is stored.
pub trait Node<'a>: Copy {
    /// This node, without its children.
    fn scalar(self) -> Scalar<'a>;
    /// The member of an object; `None` if this is not an object or has no such key.
    fn get(self, key: &str) -> Option<Self>;
    /// The elements of a list; nothing if this is not a list.
    fn elements(self) -> impl Iterator<Item = Self>;
    /// The keys of an object; nothing if this is not an object.
    fn keys(self) -> impl Iterator<Item = &'a str>;
    /// The work on the record that it belongs to.
    fn work(self) -> &'a WorkBudget;
}

/// A node of a parsed record, or of a document in one of its strings.
#[derive(Clone, Copy)]
pub struct Tree<'a> {
    pub(super) json: &'a Json,
    pub(super) work: &'a WorkBudget,
}

impl<'a> Node<'a> for Tree<'a> {
    fn scalar(self) -> Scalar<'a> {
        match self.json {
            Json::Null => Scalar::Null,
            Json::Bool(value) => Scalar::Bool(*value),
            Json::Number(number) => Number::from_json(number).map_or(Scalar::Null, Scalar::Number),
            Json::Text(text) => Scalar::Text(text),
            Json::List(_) => Scalar::List,
            Json::Object(members) => Scalar::Object { empty: members.is_empty() },
        }
    }

    fn get(self, key: &str) -> Option<Self> {
        self.json.get(key).map(|json| Self { json, ..self })
    }

    fn elements(self) -> impl Iterator<Item = Self> {
        self.json.elements().iter().map(move |json| Self { json, ..self })
    }

    fn keys(self) -> impl Iterator<Item = &'a str> {
        self.json.members().iter().map(|(key, _)| &**key)
    }

    fn work(self) -> &'a WorkBudget {
        self.work
    }
}

/// What an operator sees of a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    /// JSON `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(&'a str),
    /// A list; operators see its elements one by one.
    List,
    /// An object; it compares with `null` and `{}` only.
    Object {
        /// Whether it has no keys.
        empty: bool,
    },
}

impl Scalar<'_> {
    /// The text of a string, a number or a boolean; `None` for null, lists and objects.
    pub fn to_text(self) -> Option<String> {
        match self {
            Scalar::Bool(value) => Some(value.to_string()),
            Scalar::Number(number) => Some(number.to_string()),
            Scalar::Text(text) => Some(text.to_owned()),
            Scalar::Null | Scalar::List | Scalar::Object { .. } => None,
        }
    }
}

/// The text at a path of plain keys; `None` for empty text, and for any other value.
pub(super) fn text_at<'a, N: Node<'a>>(record: N, keys: &[&str]) -> Option<&'a str> {
    match descend(record, keys)?.scalar() {
        Scalar::Text(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// The node at a path of plain keys.
pub(super) fn descend<'a, N: Node<'a>>(record: N, keys: &[&str]) -> Option<N> {
    keys.iter().try_fold(record, |node, key| node.get(key))
}
