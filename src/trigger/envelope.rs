//! The outermost object of a payload: the fields that the shapes read, not yet parsed.

use std::fmt;

use serde::{
    Deserialize, Deserializer, de,
    de::{DeserializeOwned, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    delivery::Work,
    error::{PartError, TriggerError},
    shown::outline,
};

/// What an envelope needs of the table of shapes, which it cannot import: shapes read envelopes.
#[derive(Clone, Copy)]
pub(super) struct ShapeTable {
    /// The name of a field, if any shape reads that field.
    pub(super) field: fn(&str) -> Option<&'static str>,
    /// The work of the text that a message holds, at this depth of nesting.
    pub(super) open: fn(&str, usize) -> Result<Vec<Work>, TriggerError>,
}

/// The fields of a payload that any shape reads.
pub(super) struct Envelope<'a> {
    /// The whole payload.
    pub(super) text: &'a str,
    /// How many messages it is nested in.
    pub(super) depth: usize,
    fields: Vec<(&'static str, &'a RawValue)>,
    known: ShapeTable,
}

impl<'a> Envelope<'a> {
    /// Reads the fields of a payload. A repeated field can hide work, so it is an error.
    pub(super) fn read(text: &'a str, depth: usize, known: ShapeTable) -> Result<Self, TriggerError> {
        serde_json::from_str::<&RawValue>(text).map_err(TriggerError::NotJson)?;
        if !text.trim_start().starts_with('{') {
            return Err(TriggerError::UnknownShape(PartError::Unlike(outline(text))));
        }
        let fields = serde_json::Deserializer::from_str(text).deserialize_map(Fields(known));
        Ok(Self { text, depth, fields: fields.map_err(|error| TriggerError::UnknownShape(error.into()))?, known })
    }

    /// The work of a text that the payload holds.
    pub(super) fn open(&self, text: &str) -> Result<Vec<Work>, TriggerError> {
        (self.known.open)(text, self.depth + 1)
    }

    /// A field, if the payload has it with any value other than null.
    pub(super) fn get(&self, field: &str) -> Option<&'a RawValue> {
        self.fields.iter().find(|(name, _)| *name == field).map(|(_, value)| *value)
    }

    /// Whether the payload has a field with any value other than null.
    pub(super) fn has(&self, field: &str) -> bool {
        self.get(field).is_some()
    }

    /// A field as text, if it is text.
    pub(super) fn text_of(&self, field: &str) -> Option<String> {
        text_of(self.get(field))
    }

    /// A field as a value.
    pub(super) fn parse<T: DeserializeOwned>(&self, field: &'static str) -> Result<T, PartError> {
        parse(self.get(field), field)
    }

    /// The elements of the list `Records`; none if there is no such list.
    pub(super) fn records(&self) -> Vec<&'a RawValue> {
        elements(self.get("Records"), "Records").unwrap_or_default()
    }

    /// The error of a payload that has no known shape.
    pub(super) fn unknown(&self) -> TriggerError {
        TriggerError::UnknownShape(PartError::Unlike(outline(self.text)))
    }
}

/// The fields that any shape reads, each at most once.
struct Fields(ShapeTable);

impl<'a> Visitor<'a> for Fields {
    type Value = Vec<(&'static str, &'a RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut fields = Vec::new();
        let mut seen = Vec::new();
        while let Some(name) = map.next_key_seed(KnownName(self.0))? {
            let Some(name) = name else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if seen.contains(&name) {
                return Err(de::Error::duplicate_field(name));
            }
            seen.push(name);
            let value: &RawValue = map.next_value()?;
            if value.get() != "null" {
                fields.push((name, value));
            }
        }
        Ok(fields)
    }
}

/// The name of a field, if any shape reads that field.
struct KnownName(ShapeTable);

impl<'a> DeserializeSeed<'a> for KnownName {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KnownName {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok((self.0.field)(name))
    }
}

/// The elements of a list, of which there is at least one.
pub(super) fn elements<'a>(list: Option<&'a RawValue>, field: &'static str) -> Result<Vec<&'a RawValue>, PartError> {
    let list = list.ok_or(PartError::Missing(field))?;
    let Few(list) = serde_json::from_str(list.get()).map_err(|_| PartError::NotList(field))?;
    match list.len() {
        0 => Err(PartError::Empty(field)),
        1..=MAX_PARTS => Ok(list),
        _ => Err(PartError::TooMany(MAX_PARTS)),
    }
}

/// The most parts of a payload. A queue delivers at most 10,000 messages at once ("Using Lambda with Amazon SQS" in the AWS
/// Lambda Developer Guide), and no other service as many.
pub(super) const MAX_PARTS: usize = 10_000;

/// The elements of a list, at most one more than [`MAX_PARTS`].
struct Few<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Few<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(FewVisitor).map(Self)
    }
}

struct FewVisitor;

impl<'a> Visitor<'a> for FewVisitor {
    type Value = Vec<&'a RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while list.len() <= MAX_PARTS {
            match elements.next_element()? {
                Some(element) => list.push(element),
                None => return Ok(list),
            }
        }
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(list)
    }
}

/// The service that sent a record of `Records`, such as `aws:sqs`.
pub(super) fn event_source(record: &RawValue) -> Option<String> {
    /// SNS writes the field with a capital letter.
    #[derive(Deserialize)]
    struct RecordSource<'a> {
        #[serde(rename = "eventSource", borrow)]
        usual: Option<&'a RawValue>,
        #[serde(rename = "EventSource", borrow)]
        of_sns: Option<&'a RawValue>,
    }
    let RecordSource { usual, of_sns } = serde_json::from_str(record.get()).ok()?;
    text_of(usual).or_else(|| text_of(of_sns))
}

/// A field as a value.
pub(super) fn parse<T: DeserializeOwned>(value: Option<&RawValue>, field: &'static str) -> Result<T, PartError> {
    let value = value.ok_or(PartError::Missing(field))?;
    serde_json::from_str(value.get()).map_err(|error| PartError::Field { field, error: error.into() })
}

/// A value as text, if it is text.
pub(super) fn text_of(value: Option<&RawValue>) -> Option<String> {
    value.and_then(|value| serde_json::from_str(value.get()).ok())
}
