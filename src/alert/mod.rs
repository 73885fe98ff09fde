//! A finding becomes an alert, and an alert becomes a message; one file a rendering.
//!
//! What a record says is written by whoever made the call: no rendering shows a byte of it that has not been through
//! [`untrusted`].

mod plain;
pub mod text;
mod title;
pub mod unreadable;
pub mod untrusted;

use std::fmt::{self, Display};

use sha2::{Digest, Sha256};

pub use title::Title;

use crate::{
    engine::Finding,
    record::{Record, Virtual},
};

/// Something that a person should know of.
#[derive(Clone, Debug)]
pub struct Alert {
    /// The same rule and the same event always make the same id, also after a retry: 32 hexadecimal digits.
    pub id: String,
    /// Which rule matched which record.
    pub finding: Finding,
    /// Where the record was read.
    pub origin: Origin,
}

/// Where a record was read; shown as one line, not yet fit for readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An object in S3.
    Object {
        /// The bucket.
        bucket: String,
        /// The key, decoded.
        key: String,
    },
    /// A message that held the record itself, such as `EventBridge event 7bf73129-1428-4cd3-a780-95db273d1602`.
    Message(String),
}

impl Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Object { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Origin::Message(message) => f.write_str(message),
        }
    }
}

impl Alert {
    /// The alert for a finding at `origin`.
    pub fn new(finding: Finding, origin: Origin) -> Self {
        let id = hash(&[&finding.rule.id, &identity(&finding.record)]);
        Self { id, finding, origin }
    }

    fn record(&self) -> &Record {
        &self.finding.record
    }

    /// Who did it, as a short name.
    pub fn actor(&self) -> String {
        actor(self.record())
    }

    /// The account that the event belongs to.
    pub fn account(&self) -> Option<String> {
        self.record().at(&["recipientAccountId"]).or_else(|| self.record().at(&["userIdentity", "accountId"]))
    }

    /// `success`, the error code, or `failed` where there is none.
    pub fn outcome(&self) -> String {
        outcome(self.record()).unwrap_or_else(|| "success".to_owned())
    }

    /// What subscribers can filter by; see [`Attribute`].
    pub fn attributes(&self) -> Vec<Attribute> {
        let rule = &self.finding.rule;
        let event = |keys: &[&str]| AttributeValue::Text(self.record().at(keys).unwrap_or_default());
        let attributes = [
            ("severity", AttributeValue::Number(rule.severity.number().into())),
            ("rule", AttributeValue::Text(rule.id.clone())),
            ("account", AttributeValue::Text(self.account().unwrap_or_default())),
            ("region", event(&["awsRegion"])),
            ("event_source", event(&["eventSource"])),
            ("event_name", event(&["eventName"])),
            ("actor", AttributeValue::Text(self.actor())),
            ("outcome", AttributeValue::Text(self.outcome())),
            ("tags", AttributeValue::List(rule.tags.clone())),
            ("alert_id", AttributeValue::Text(self.id.clone())),
        ];
        attributes.into_iter().filter_map(|(name, value)| Attribute::new(name, value)).collect()
    }
}

/// The rule's title with the record's values; where that is empty, what was called by whom.
pub fn title(finding: &Finding) -> String {
    let title = finding.rule.title.as_ref().map(|title| title.fill(&finding.record));
    if let Some(title) = title.filter(|title| !title.trim().is_empty()) {
        return title;
    }
    let event = finding.record.at(&["eventName"]).unwrap_or_else(|| "an unnamed event".to_owned());
    format!("{event} by {}", actor(&finding.record))
}

/// How a call failed: its error code, or `failed` where there is none, as for a sign-in with a wrong password; `None`
/// for a call that did not.
fn outcome(record: &Record) -> Option<String> {
    let sign_in = || record.at(&["responseElements", "ConsoleLogin"]).is_some_and(|outcome| outcome == "Failure");
    let failed = || (record.at(&["errorMessage"]).is_some() || sign_in()).then(|| "failed".to_owned());
    record.field(Virtual::Error).or_else(failed)
}

fn actor(record: &Record) -> String {
    record.field(Virtual::User).unwrap_or_else(|| "unknown".to_owned())
}

/// `sharedEventID`, else `eventID`, else a hash of the record.
fn identity(record: &Record) -> String {
    record.identity().unwrap_or_else(|| hash(&[&record.value().to_string()]))
}

/// 128 bits of SHA-256 over the parts, each with its length, in hexadecimal.
fn hash(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let digest = hasher.finalize();
    let (half, _) = digest.split_at(16);
    half.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// What goes to a channel; [`Message::plainer`] is its simplest form.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The alert's id.
    pub id: String,
    /// Printable ASCII, 1 to 99 characters.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// At most ten.
    pub attributes: Vec<Attribute>,
}

impl Message {
    /// What SNS counts against its limit of 262,144 bytes: the body, and of every attribute the name, the type and the
    /// value ("Publish" in the SNS API Reference).
    pub fn bytes(&self) -> usize {
        let attribute =
            |attribute: &Attribute| attribute.name.len() + attribute.data_type().len() + attribute.string_value().len();
        self.body.len() + self.attributes.iter().map(attribute).sum::<usize>()
    }
}

/// A message attribute as SNS has it ("Amazon SNS message attributes" in the SNS Developer Guide): never empty, at most
/// ten on a message, since raw delivery to SQS allows no more.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: AttributeValue,
}

/// The data types of SNS attributes that are used here.
#[derive(Clone, Debug, PartialEq)]
pub enum AttributeValue {
    /// `String`.
    Text(String),
    /// `Number`.
    Number(i64),
    /// `String.Array`.
    List(Vec<String>),
}

impl Attribute {
    /// The longest text of a value, in characters.
    const MAX_LENGTH: usize = 256;
    /// The longest list; no subscription can filter by more values than 150.
    const MAX_ITEMS: usize = 50;

    /// The attribute with its value made safe; `None` where nothing is left of it.
    fn new(name: &'static str, value: AttributeValue) -> Option<Self> {
        let value = match value {
            AttributeValue::Text(text) => AttributeValue::Text(untrusted::line(&text, Self::MAX_LENGTH)),
            AttributeValue::List(items) => {
                let items = items.iter().map(|item| untrusted::line(item, Self::MAX_LENGTH));
                AttributeValue::List(items.filter(|item| !item.is_empty()).take(Self::MAX_ITEMS).collect())
            }
            number @ AttributeValue::Number(_) => number,
        };
        let empty = match &value {
            AttributeValue::Text(text) => text.is_empty(),
            AttributeValue::List(items) => items.is_empty(),
            AttributeValue::Number(_) => false,
        };
        (!empty).then_some(Self { name, value })
    }

    /// SNS's name for its type.
    pub fn data_type(&self) -> &'static str {
        match self.value {
            AttributeValue::Text(_) => "String",
            AttributeValue::Number(_) => "Number",
            AttributeValue::List(_) => "String.Array",
        }
    }

    /// Its value as SNS takes it: a list as JSON.
    pub fn string_value(&self) -> String {
        match &self.value {
            AttributeValue::Text(text) => text.clone(),
            AttributeValue::Number(number) => number.to_string(),
            AttributeValue::List(items) => serde_json::Value::from(items.clone()).to_string(),
        }
    }
}
