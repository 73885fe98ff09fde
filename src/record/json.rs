//! JSON text → a tree of values.
//!
//! No key has a special meaning. When `serde_json` itself reads a `Value`, it treats keys such as
//! `$serde_json::private::RawValue` specially, so a record could hide text or be refused.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A value as it is written; of equal keys the last counts.
pub struct Json(pub Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor).map(Json)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    #[inline]
    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Json(element)) = elements.next_element()? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, Json(value))) = members.next_entry()? {
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let Json(value) = serde_json::from_str(text).unwrap();
        assert_eq!(value.to_string(), expected, "{text}");
    }

    #[test]
    fn every_value_is_read_as_it_is_written() {
        check(r#"{"a":[null,true,"\u0041",[]],"b":{}}"#, r#"{"a":[null,true,"A",[]],"b":{}}"#);
        check(r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#);
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
