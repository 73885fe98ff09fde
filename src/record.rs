//! One CloudTrail record, a path into it, and the virtual fields.
//!
//! Everything that reads a record goes through [`Path::visit`], so that filters, titles and alerts mean the same
//! by the same name. The shape of a record is AWS's: "CloudTrail record contents" in the CloudTrail User Guide.

use std::fmt;

use serde_json::Value;

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
        self.text(&Path { root: Root::Virtual(field), keys: Vec::new() }).filter(|text| !text.is_empty())
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

/// The virtual names: a thin layer over the raw record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Virtual {
    /// `insight` or `cloudtrail`.
    EventType,
    /// Who did it, as a short name.
    User,
    /// The name of the role behind a session.
    Role,
    /// `userIdentity.type`.
    UserType,
    /// `userIdentity.accountId`.
    AccountId,
    /// `userIdentity.accessKeyId`.
    AccessKey,
    /// The part of `userIdentity.arn` after its last `:`.
    ArnRole,
    /// `sourceIPAddress`.
    Ip,
    /// `awsRegion`.
    Region,
    /// `errorCode`.
    Error,
    /// `requestParameters.bucketName`.
    BucketName,
    /// Whether the caller had passed multi-factor authentication.
    MfaUsed,
    /// `eventTime` in milliseconds since 1970.
    Timestamp,
}

impl Virtual {
    /// Every virtual field with its name and what it stands for.
    pub const ALL: &[(Virtual, &str, &str)] = &[
        (Virtual::EventType, "event_type", "`\"insight\"` for a CloudTrail Insights event, else `\"cloudtrail\"`"),
        (
            Virtual::User,
            "user",
            "`Root`, the user name, the end of the ARN, `invokedBy` or `principalId`: the first there is",
        ),
        (Virtual::Role, "role", "`userIdentity.sessionContext.sessionIssuer.userName`"),
        (Virtual::UserType, "userType", "`userIdentity.type`"),
        (Virtual::AccountId, "accountId", "`userIdentity.accountId`"),
        (Virtual::AccessKey, "accessKey", "`userIdentity.accessKeyId`"),
        (Virtual::ArnRole, "arnRole", "the part of `userIdentity.arn` after its last `:`"),
        (Virtual::Ip, "ip", "`sourceIPAddress`"),
        (Virtual::Region, "region", "`awsRegion`"),
        (Virtual::Error, "error", "`errorCode`"),
        (Virtual::BucketName, "bucketName", "`requestParameters.bucketName`"),
        (
            Virtual::MfaUsed,
            "mfaUsed",
            "true or false: `additionalEventData.MFAUsed`, else the session's `mfaAuthenticated`",
        ),
        (Virtual::Timestamp, "timestamp", "`eventTime` in milliseconds since 1970"),
    ];

    /// The virtual field of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(field, ..)| *field)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(field, ..)| *field == self).map_or("", |(_, name, _)| name)
    }

    /// The raw keys that it is another name for; `None` where its value is worked out.
    pub fn raw_keys(self) -> Option<&'static [&'static str]> {
        Some(match self {
            Virtual::Role => &["userIdentity", "sessionContext", "sessionIssuer", "userName"],
            Virtual::UserType => &["userIdentity", "type"],
            Virtual::AccountId => &["userIdentity", "accountId"],
            Virtual::AccessKey => &["userIdentity", "accessKeyId"],
            Virtual::Ip => &["sourceIPAddress"],
            Virtual::Region => &["awsRegion"],
            Virtual::Error => &["errorCode"],
            Virtual::BucketName => &["requestParameters", "bucketName"],
            Virtual::EventType | Virtual::User | Virtual::ArnRole | Virtual::MfaUsed | Virtual::Timestamp => {
                return None;
            }
        })
    }

    /// The value that is worked out; null for a field that only stands for raw keys.
    fn work_out<'a>(self, record: impl Node<'a>) -> Scalar<'a> {
        let text = |keys: &[&str]| match descend(record, keys).map(Node::scalar) {
            Some(Scalar::Text(text)) => Some(text),
            _ => None,
        };
        let arn = || text(&["userIdentity", "arn"]);
        match self {
            Virtual::EventType => {
                let insight =
                    text(&["eventCategory"]) == Some("Insight") || text(&["eventType"]) == Some("AwsCloudTrailInsight");
                Scalar::Text(if insight { "insight" } else { "cloudtrail" })
            }
            Virtual::User if text(&["userIdentity", "type"]) == Some("Root") => Scalar::Text("Root"),
            Virtual::User => text(&["userIdentity", "userName"])
                .or_else(|| arn()?.rsplit_once('/').map(|(_, name)| name))
                .or_else(|| text(&["userIdentity", "invokedBy"]))
                .or_else(|| text(&["userIdentity", "principalId"]))
                .map_or(Scalar::Null, Scalar::Text),
            Virtual::ArnRole => {
                arn().map_or(Scalar::Null, |arn| Scalar::Text(arn.rsplit_once(':').map_or(arn, |(_, role)| role)))
            }
            Virtual::MfaUsed => mfa_used(record).map_or(Scalar::Null, Scalar::Bool),
            Virtual::Timestamp => text(&["eventTime"])
                .and_then(|time| time.parse::<jiff::Timestamp>().ok())
                .map_or(Scalar::Null, |time| Scalar::Number(Number::Int(time.as_millisecond().into()))),
            _ => Scalar::Null,
        }
    }
}

/// `additionalEventData.MFAUsed` decides where it is present; else the session's attribute.
fn mfa_used<'a>(record: impl Node<'a>) -> Option<bool> {
    let session = &["userIdentity", "sessionContext", "attributes", "mfaAuthenticated"];
    match descend(record, &["additionalEventData", "MFAUsed"]).map(Node::scalar) {
        None | Some(Scalar::Null) => match descend(record, session)?.scalar() {
            Scalar::Text(text) => Some(text == "true"),
            Scalar::Bool(value) => Some(value),
            _ => None,
        },
        Some(Scalar::Text(text)) => Some(text.eq_ignore_ascii_case("yes")),
        Some(_) => Some(false),
    }
}

fn descend<'a, N: Node<'a>>(record: N, keys: &[&str]) -> Option<N> {
    keys.iter().try_fold(record, |node, key| node.get(key))
}

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Root {
    /// The raw record.
    Record,
    /// A virtual field.
    Virtual(Virtual),
}

/// A way into a record, such as `requestParameters.bucketName` or `user`.
///
/// It walks through lists: `a.b` on `{"a": [{"b": 1}, {"b": 2}]}` reaches 1 and 2.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path {
    /// Where it begins.
    pub root: Root,
    /// The keys from there.
    pub keys: Vec<String>,
}

impl Path {
    /// Whether its value is worked out from the record and need not stand in it.
    pub fn is_worked_out(&self) -> bool {
        matches!(self.root, Root::Virtual(field) if field.raw_keys().is_none())
    }

    /// Shows `see` every value that the path reaches, in order, until it returns true; returns whether it did.
    ///
    /// A list is never shown, its elements are, at every depth; a missing key shows nothing.
    pub fn visit<'a>(&self, record: impl Node<'a>, see: &mut dyn FnMut(Scalar<'a>) -> bool) -> bool {
        match self.root {
            Root::Record => walk(record, &self.keys, see),
            Root::Virtual(field) => match field.raw_keys() {
                Some(keys) => walk_alias(record, keys, &self.keys, see),
                None => self.keys.is_empty() && see(field.work_out(record)),
            },
        }
    }
}

fn walk<'a>(node: impl Node<'a>, keys: &[String], see: &mut dyn FnMut(Scalar<'a>) -> bool) -> bool {
    match (node.scalar(), keys) {
        (Scalar::List, _) => node.elements().any(|element| walk(element, keys, see)),
        (scalar, []) => see(scalar),
        (Scalar::Object, [key, rest @ ..]) => node.get(key).is_some_and(|member| walk(member, rest, see)),
        _ => false,
    }
}

fn walk_alias<'a>(
    node: impl Node<'a>,
    alias: &[&str],
    keys: &[String],
    see: &mut dyn FnMut(Scalar<'a>) -> bool,
) -> bool {
    match (node.scalar(), alias) {
        (_, []) => walk(node, keys, see),
        (Scalar::List, _) => node.elements().any(|element| walk_alias(element, alias, keys, see)),
        (Scalar::Object, [key, rest @ ..]) => node.get(key).is_some_and(|member| walk_alias(member, rest, keys, see)),
        _ => false,
    }
}

/// As a filter writes it: names that are no bare word, that a virtual field hides or that look like a keyword
/// stand in back-quotes.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Root::Virtual(field) = self.root {
            f.write_str(field.name())?;
        }
        for (at, key) in self.keys.iter().enumerate() {
            let first = at == 0 && self.root == Root::Record;
            if !first {
                f.write_str(".")?;
            }
            let hidden = first && (Virtual::named(key).is_some() || crate::filter::is_keyword(key));
            if is_bare_word(key) && !hidden { f.write_str(key)? } else { write!(f, "`{key}`")? }
        }
        Ok(())
    }
}

/// Whether a name needs no back-quotes: `[A-Za-z_@$][A-Za-z0-9_@$:-]*`.
fn is_bare_word(name: &str) -> bool {
    name.starts_with(starts_bare_word) && name.chars().all(continues_bare_word)
}

/// Whether a bare name may begin with `c`.
pub fn starts_bare_word(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '_' | '@' | '$')
}

/// Whether a bare name may go on with `c`.
pub fn continues_bare_word(c: char) -> bool {
    starts_bare_word(c) || c.is_ascii_digit() || matches!(c, ':' | '-')
}
