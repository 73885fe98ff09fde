//! JSON text as it is written, walked without reading more of it than the keys: numbers keep their digits, and texts that are no
//! Unicode do no harm.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The text of a JSON value.
#[derive(Clone, Copy)]
pub(super) struct Raw<'a>(pub(super) &'a str);

impl Raw<'_> {
    pub(super) fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    /// The value of a key, of equal keys that of the last; of a list, that in its first element.
    pub(super) fn get(self, key: &str) -> Option<Self> {
        if let Some(elements) = self.elements() {
            return elements.first()?.get(key);
        }
        let Members(members) = serde_json::from_str(self.0).ok()?;
        members.into_iter().rev().find(|(name, _)| name == key.as_bytes()).map(|(_, value)| Self(value.get().trim()))
    }

    /// The value at a path.
    pub(super) fn at(self, path: &str) -> Option<Self> {
        path.split('.').try_fold(self, Self::get)
    }

    pub(super) fn elements(self) -> Option<Vec<Self>> {
        let elements: Vec<&RawValue> = self.0.starts_with('[').then(|| serde_json::from_str(self.0).ok())??;
        Some(elements.into_iter().map(|element| Self(element.get().trim())).collect())
    }

    /// The value, if it is a text with content or a number; of a list, its first element.
    pub(super) fn scalar(self) -> Option<Self> {
        match self.0.as_bytes().first()? {
            b'[' => self.elements()?.first()?.scalar(),
            b'"' => (self.0 != "\"\"").then_some(self),
            b'{' | b't' | b'f' | b'n' => None,
            _ => Some(self),
        }
    }

    /// The text of a string or a number.
    pub(super) fn text(self) -> Option<String> {
        let scalar = self.scalar()?;
        if scalar.0.starts_with('"') { serde_json::from_str(scalar.0).ok() } else { Some(scalar.0.to_owned()) }
    }
}

/// The members of an object, in their order.
struct Members<'a>(Vec<(Vec<u8>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((Bytes(key), value)) = map.next_entry()? {
            members.push((key, value));
        }
        Ok(Members(members))
    }
}

/// The bytes of a string, which may be no Unicode.
struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(BytesVisitor)
    }
}

struct BytesVisitor;

impl Visitor<'_> for BytesVisitor {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes(bytes.to_vec()))
    }
}
