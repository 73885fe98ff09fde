//! JSON text → a tree of values.
//!
//! No key has a special meaning. When `serde_json` itself reads a value, it treats keys such as
//! `$serde_json::private::RawValue` specially, so a record could hide text or be refused. The tree takes at most some twenty
//! times the memory of its text, whatever the text is; a `serde_json::Value` can take a hundred times.

use std::fmt;

use serde::{
    de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor},
    ser::{Serialize, Serializer},
};
use serde_json::{Number, Value};

/// A value as it is written; of equal keys the last counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    Text(Box<str>),
    /// A list.
    List(Box<[Json]>),
    /// The members of an object in the order of their keys, each key once.
    Object(Box<[(Box<str>, Json)]>),
}

impl Json {
    /// The member of that key; `None` if this is not an object or has no such key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.binary_search_by(|(name, _)| (**name).cmp(key)).ok().map(|at| &members[at].1)
    }

    /// The elements; nothing if this is not a list.
    pub fn elements(&self) -> &[Self] {
        if let Self::List(elements) = self { elements } else { &[] }
    }

    /// The members; nothing if this is not an object.
    pub fn members(&self) -> &[(Box<str>, Self)] {
        if let Self::Object(members) = self { members } else { &[] }
    }

    fn object(mut members: Vec<(Box<str>, Self)>) -> Self {
        if !members.is_sorted_by(|(one, _), (next, _)| one < next) {
            // The sort is stable, so the last of equal keys is the first of them in the reversed order.
            members.reverse();
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            members.dedup_by(|(one, _), (first, _)| one == first);
        }
        Self::Object(members.into())
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::Number(number),
            Value::String(text) => Self::Text(text.into()),
            Value::Array(elements) => Self::List(elements.into_iter().map(Self::from).collect()),
            Value::Object(members) => {
                Self::object(members.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
            }
        }
    }
}

impl From<&Json> for Value {
    fn from(json: &Json) -> Self {
        match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => Value::Number(number.clone()),
            Json::Text(text) => Value::String(text.to_string()),
            Json::List(elements) => elements.iter().map(Value::from).collect(),
            Json::Object(members) => members.iter().map(|(key, value)| (key.to_string(), Value::from(value))).collect(),
        }
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(elements) => serializer.collect_seq(elements),
            Self::Object(members) => serializer.collect_map(members.iter().map(|(key, value)| (key, value))),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    #[inline]
    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            list.push(element);
        }
        Ok(Json::List(list.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some((key, value)) = members.next_entry::<Box<str>, Json>()? {
            object.push((key, value));
        }
        Ok(Json::object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let json: Json = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&json).unwrap(), expected, "{text}");
        assert_eq!(Json::from(Value::from(&json)), json, "{text}");
        for (key, value) in json.members() {
            assert_eq!(json.get(key), Some(value), "{text}");
        }
    }

    #[test]
    fn every_value_is_read_as_it_is_written() {
        check(r#"{"a":[null,true,"\u0041",[]],"b":{}}"#, r#"{"a":[null,true,"A",[]],"b":{}}"#);
        check(r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#);
        check(r#"{"b":1,"a":2,"b":3,"a":4,"b":5}"#, r#"{"a":4,"b":5}"#);
        check("[0,-1,18446744073709551615,0.1]", "[0,-1,18446744073709551615,0.1]");
    }

    #[test]
    fn no_key_has_a_special_meaning() {
        for key in ["$serde_json::private::RawValue", "$serde_json::private::Number"] {
            for value in ["\"5\"", "5", "\"{\\\"a\\\":5}\"", "{}"] {
                let text = format!("{{\"{key}\":{value}}}");
                check(&text, &text);
            }
        }
    }
}
