//! What goes to a channel, within what SNS takes.
//!
//! A message that exists has a subject that SNS takes, no empty attribute and no more than ten of them.

use super::{Alert, Event, Kind, Unread};
use crate::{diagnostic::counted, untrusted};

/// SNS takes no more: the body and the attributes together ("Publish" in the SNS API Reference).
pub const MAX_BYTES: usize = 262_144;

/// SNS: "less than 100 characters" (the same).
const MAX_SUBJECT: usize = 99;

/// What goes to a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The alert's id.
    pub id: String,
    /// Printable ASCII, 1 to 99 characters.
    pub subject: String,
    /// Text or JSON, by its rendering.
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

/// `SEV1 <rule>: <title>`, printable ASCII, as much as fits; of an unread record why it could not be read.
pub fn subject(alert: &Alert) -> String {
    let (name, title) = (alert.rule_name(), alert.title());
    let headline = match &alert.kind {
        Kind::Unread(Unread::Record { reason, .. }) => format!("{name}: {reason}"),
        Kind::Unread(Unread::More { count }) => format!("{name}: {}", counted(*count, "more record")),
        _ if title == name => title,
        _ => format!("{name}: {title}"),
    };
    let line = untrusted::line(&headline, usize::MAX);
    let subject = untrusted::ascii(&format!("SEV{} {line}", alert.severity().number()));
    if subject.len() <= MAX_SUBJECT {
        return subject;
    }
    let kept: String = subject.chars().take(MAX_SUBJECT - 3).collect();
    kept.trim_end().to_owned() + "..."
}

/// What subscribers can filter by.
pub fn attributes(alert: &Alert) -> Vec<Attribute> {
    let event = alert.event();
    let text = |text: Option<String>| AttributeValue::Text(text.unwrap_or_default());
    let at = |key: &str| text(event.and_then(|event| event.at(&[key])));
    let attributes = [
        ("severity", AttributeValue::Number(alert.severity().number().into())),
        ("rule", AttributeValue::Text(alert.rule_id().to_owned())),
        ("account", text(alert.account())),
        ("region", text(alert.region())),
        ("event_source", at("eventSource")),
        ("event_name", at("eventName")),
        ("actor", text(event.map(Event::actor))),
        ("outcome", text(event.map(|event| event.outcome().word()))),
        ("tags", AttributeValue::List(alert.tags().to_vec())),
        ("alert_id", AttributeValue::Text(alert.id.clone())),
    ];
    attributes.into_iter().filter_map(|(name, value)| Attribute::new(name, value)).collect()
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
