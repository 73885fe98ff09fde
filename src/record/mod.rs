//! One CloudTrail record, a path into it, and the virtual fields.
//!
//! The shape of a record is AWS's: "CloudTrail record contents" in the CloudTrail User Guide.

mod document;
mod json;
mod path;
mod repair;
mod virtual_field;

use serde_json::Value;

pub(crate) use json::Json;
pub use path::{ElementVisitor, Path, Place, Root, Scalars, Step, Visitor, each_element};
pub(crate) use repair::repair;
pub use virtual_field::Virtual;

use crate::number::Number;

/// One parsed CloudTrail record: a JSON object.
#[derive(Clone, Debug, PartialEq)]
pub struct Record(Value);

impl Record {
    /// The record that `value` is; gives `value` back if it is no object.
    pub fn new(value: Value) -> Result<Self, Value> {
        if value.is_object() { Ok(Self(value)) } else { Err(value) }
    }

    /// The whole record as JSON.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The text of the first non-null value at `path`, numbers and booleans included; `None` where there is none.
    pub fn text(&self, path: &Path) -> Option<String> {
        let mut found = None;
        path.visit(&self.0, &mut |scalar| {
            found = scalar.to_text();
            found.is_some()
        });
        found
    }

    /// The text at a path of plain keys, such as `["userIdentity", "arn"]`. Empty text counts as none.
    pub fn at(&self, keys: &[&str]) -> Option<String> {
        let found = keys.iter().try_fold(&self.0, |value, key| value.get(key))?;
        Node::scalar(found).to_text().filter(|text| !text.is_empty())
    }

    /// The value of a virtual field as text.
    pub fn field(&self, field: Virtual) -> Option<String> {
        self.text(&Path { root: Root::Virtual(field), steps: Vec::new() }).filter(|text| !text.is_empty())
    }

    /// What tells this event from all others: `sharedEventID` (one event seen by two accounts is one event), else
    /// `eventID`; `None` for a record that has neither.
    pub fn identity(&self) -> Option<String> {
        self.at(&["sharedEventID"]).or_else(|| self.at(&["eventID"]))
    }
}

/// What a record looks like to a filter: a tree that can be walked without knowing how it is stored.
pub trait Node<'a>: Copy {
    /// This node, without its children.
    fn scalar(self) -> Scalar<'a>;
    /// The member of an object; `None` if this is no object or has no such key.
    fn get(self, key: &str) -> Option<Self>;
    /// The elements of a list; nothing if this is no list.
    fn elements(self) -> impl Iterator<Item = Self>;
    /// The keys of an object; nothing if this is no object.
    fn keys(self) -> impl Iterator<Item = &'a str>;
}

impl<'a> Node<'a> for &'a Value {
    fn scalar(self) -> Scalar<'a> {
        match self {
            Value::Null => Scalar::Null,
            Value::Bool(value) => Scalar::Bool(*value),
            Value::Number(number) => Number::from_json(number).map_or(Scalar::Null, Scalar::Number),
            Value::String(text) => Scalar::Text(text),
            Value::Array(_) => Scalar::List,
            Value::Object(_) => Scalar::Object,
        }
    }

    fn get(self, key: &str) -> Option<Self> {
        Value::get(self, key)
    }

    fn elements(self) -> impl Iterator<Item = Self> {
        self.as_array().map(Vec::as_slice).unwrap_or_default().iter()
    }

    fn keys(self) -> impl Iterator<Item = &'a str> {
        self.as_object().into_iter().flat_map(|members| members.keys().map(String::as_str))
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
    /// A list; its elements are visited on their own.
    List,
    /// An object; it compares with nothing but `null`.
    Object,
}

impl Scalar<'_> {
    /// As a person would write it; `None` for null, lists and objects.
    pub fn to_text(self) -> Option<String> {
        match self {
            Scalar::Bool(value) => Some(value.to_string()),
            Scalar::Number(number) => Some(number.to_string()),
            Scalar::Text(text) => Some(text.to_owned()),
            Scalar::Null | Scalar::List | Scalar::Object => None,
        }
    }
}
