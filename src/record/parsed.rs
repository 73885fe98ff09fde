//! A parsed record.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    event_time::event_time,
    node::{Node, descend},
    path::{Path, Root},
    virtual_field::Virtual,
};

/// One parsed CloudTrail record: a JSON object.
#[derive(Clone, Debug, PartialEq)]
pub struct Record(Value);

impl Record {
    /// Makes a record of a JSON object.
    ///
    /// # Errors
    ///
    /// Returns `value` if it is not an object.
    pub fn new(value: Value) -> Result<Self, Value> {
        if value.is_object() { Ok(Self(value)) } else { Err(value) }
    }

    /// The whole record as JSON.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// The text of the first string, number or boolean at `path`; `None` if there is none.
    pub fn text(&self, path: &Path) -> Option<String> {
        let mut found = None;
        path.visit(&self.0, &mut |scalar| {
            found = scalar.to_text();
            found.is_some()
        });
        found
    }

    /// The text at a path of plain keys, such as `["userIdentity", "arn"]`; `None` for empty text.
    pub fn at(&self, keys: &[&str]) -> Option<String> {
        descend(&self.0, keys)?.scalar().to_text().filter(|text| !text.is_empty())
    }

    /// The value of a virtual field as text; `None` for empty text.
    pub fn field(&self, field: Virtual) -> Option<String> {
        self.text(&Path { root: Root::Virtual(field), steps: Vec::new() }).filter(|text| !text.is_empty())
    }

    /// When the event happened, as `eventTime` reads it.
    pub fn event_time(&self) -> Option<Timestamp> {
        event_time(&self.0)
    }

    /// The id of the event: `sharedEventID`, which records of the same event in two accounts share, or else `eventID`.
    pub fn identity(&self) -> Option<String> {
        self.at(&["sharedEventID"]).or_else(|| self.at(&["eventID"]))
    }
}
