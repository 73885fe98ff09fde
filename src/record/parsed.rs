//! A parsed record.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    caller::Caller,
    event_time::event_time,
    json::Json,
    node::{Node, Tree, descend, text_at},
    path::{Path, Root},
    virtual_field::{Virtual, finding_of, is_insight},
    work::WorkBudget,
};
use crate::{detector::Detector, digest::Digest};

/// One parsed CloudTrail record: a JSON object.
pub struct Record {
    json: Json,
    work: WorkBudget,
}

impl Record {
    /// Makes a record of a JSON object.
    ///
    /// # Errors
    ///
    /// Returns `value` if it is not an object.
    pub fn new(value: Value) -> Result<Self, Value> {
        if value.is_object() { Ok(Self { json: value.into(), work: WorkBudget::default() }) } else { Err(value) }
    }

    /// Makes a record of a JSON object; `None` if it is not an object.
    pub(crate) fn of(json: Json) -> Option<Self> {
        matches!(json, Json::Object(_)).then(|| Self { json, work: WorkBudget::default() })
    }

    /// The whole record as a tree.
    pub fn root(&self) -> Tree<'_> {
        Tree { json: &self.json, work: &self.work }
    }

    /// A copy of the whole record as JSON.
    pub fn to_value(&self) -> Value {
        (&self.json).into()
    }

    /// The work on it; without a limit, unless one is set.
    pub fn work(&self) -> &WorkBudget {
        &self.work
    }

    /// The text of the first string, number or boolean at `path`; `None` if there is none.
    pub fn text(&self, path: &Path) -> Option<String> {
        let mut found = None;
        path.visit(self.root(), &mut |scalar| {
            found = scalar.to_text();
            found.is_some()
        });
        found
    }

    /// The text at a path of plain keys, such as `["userIdentity", "arn"]`; `None` for empty text.
    pub fn at(&self, keys: &[&str]) -> Option<String> {
        descend(self.root(), keys)?.scalar().to_text().filter(|text| !text.is_empty())
    }

    /// The value of a virtual field as text.
    pub fn field(&self, field: Virtual) -> Option<String> {
        self.text(&Path { root: Root::Virtual(field), steps: Vec::new() })
    }

    /// A short name of the principal, for people, with its account if that is not the account of the event; `None` for a record
    /// without a caller.
    pub fn principal_name(&self) -> Option<String> {
        let account = text_at(self.root(), &["recipientAccountId"]);
        Caller::of(self.root()).map(|caller| caller.principal_name(account).into_owned())
    }

    /// Whether the record has a caller that nothing in it names, as for a public object of S3.
    pub fn is_anonymous(&self) -> bool {
        self.detector().is_none() && Caller::of(self.root()).is_some_and(Caller::is_anonymous)
    }

    /// The name of the role in the ARN of the caller's session; `None` for a caller with another ARN.
    pub fn role_in_arn(&self) -> Option<String> {
        Caller::of(self.root()).and_then(Caller::role_in_arn).map(str::to_owned)
    }

    /// When the event happened, as `eventTime` reads it.
    pub fn event_time(&self) -> Option<Timestamp> {
        event_time(self.root())
    }

    /// The id of the event: `sharedEventID`, which records of the same event in two accounts share, or else `eventID`, or else
    /// a hash of the record. The start and the end of an Insight share an id too, and are two events.
    pub fn identity(&self) -> String {
        let state = || text_at(self.root(), &["insightDetails", "state"]).filter(|_| is_insight(self.root()));
        match (self.at(&["sharedEventID"]), state()) {
            (Some(shared), Some(state)) => format!("{shared} {state}"),
            (Some(shared), None) => shared,
            (None, _) => self.at(&["eventID"]).unwrap_or_else(|| Digest::of(&[&self.to_string()]).hex()),
        }
    }

    /// Whether the caller is a role: its address changes with the machine that uses it.
    pub fn is_by_role(&self) -> bool {
        Caller::of(self.root()).is_some_and(Caller::is_role)
    }

    /// Whether the event is an Insight, which compares many calls.
    pub fn is_insight(&self) -> bool {
        is_insight(self.root())
    }

    /// The detector whose finding it is; `None` for a record of CloudTrail.
    pub fn detector(&self) -> Option<&'static Detector> {
        finding_of(self.root())
    }
}

impl Clone for Record {
    fn clone(&self) -> Self {
        Self { json: self.json.clone(), work: WorkBudget::default() }
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({self})")
    }
}

/// As JSON, with the keys of each object in order.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.json).map_err(|_| fmt::Error)?)
    }
}
