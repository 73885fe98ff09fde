//! The message that a channel publishes.
//!
//! Every message has a subject that SNS accepts and at most ten attributes, none of them empty.

use super::{event::EventView, model::Alert};
use crate::untrusted;

/// The limit of SNS for the body and the attributes together ("Publish" in the Amazon SNS API Reference).
pub const MAX_BYTES: usize = 262_144;

/// What a channel publishes.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The alert's id.
    pub id: String,
    /// Printable ASCII, 1 to 99 characters.
    pub subject: String,
    /// Text or JSON, by its format.
    pub body: String,
    /// At most ten attributes.
    pub attributes: Vec<Attribute>,
}

impl Message {
    /// The bytes that SNS counts against [`MAX_BYTES`]: the body, and the name, the type and the value of every attribute.
    pub fn bytes(&self) -> usize {
        let attribute =
            |attribute: &Attribute| attribute.name.len() + attribute.data_type().len() + attribute.string_value().len();
        self.body.len() + self.attributes.iter().map(attribute).sum::<usize>()
    }
}

/// The attributes that subscriptions can filter by.
pub fn attributes(alert: &Alert) -> Vec<Attribute> {
    let (event, call) = (alert.event(), alert.call());
    let text = |text: Option<String>| AttributeValue::Text(text.unwrap_or_default());
    let attributes = [
        ("severity", AttributeValue::Number(alert.severity().number().into())),
        ("rule", AttributeValue::Text(alert.rule_id().to_owned())),
        ("account", text(alert.account())),
        ("region", text(alert.region())),
        ("event_source", text(event.and_then(EventView::event_source))),
        ("event_name", text(event.and_then(EventView::event_name))),
        ("actor", text(call.map(EventView::actor))),
        ("outcome", text(call.map(|call| call.outcome().word()))),
        ("tags", AttributeValue::List(alert.tags())),
        ("alert_id", AttributeValue::Text(alert.id.clone())),
    ];
    attributes.into_iter().filter_map(|(name, value)| Attribute::new(name, value)).collect()
}

/// A message attribute ("Amazon SNS message attributes" in the Amazon SNS Developer Guide). A message has at most ten,
/// since raw message delivery to SQS supports no more.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// The name.
    pub name: &'static str,
    /// The value; it is never empty.
    pub value: AttributeValue,
}

/// A value of one of the data types that are used here.
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
    /// The longest text, in characters.
    const MAX_LENGTH: usize = 256;
    /// The longest list. A filter policy of a subscription has at most 150 values.
    const MAX_ITEMS: usize = 50;

    /// The attribute with its value made safe to show; `None` if nothing printable remains.
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

    /// The name of its data type in SNS.
    pub fn data_type(&self) -> &'static str {
        match self.value {
            AttributeValue::Text(_) => "String",
            AttributeValue::Number(_) => "Number",
            AttributeValue::List(_) => "String.Array",
        }
    }

    /// The value as SNS takes it: a list is JSON.
    pub fn string_value(&self) -> String {
        match &self.value {
            AttributeValue::Text(text) => text.clone(),
            AttributeValue::Number(number) => number.to_string(),
            AttributeValue::List(items) => serde_json::Value::from(items.clone()).to_string(),
        }
    }
}
