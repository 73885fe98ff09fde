//! JSON whose texts are safe to show.

use serde_json::{Map, Value};

use crate::{alert::caps::TextCaps, untrusted};

/// The value without its null and empty members, and with every text made safe to show; `None` if nothing remains.
pub fn safe(value: Value, caps: &TextCaps) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) => {
            let text = untrusted::line(&text, caps.value);
            (!text.is_empty()).then_some(Value::String(text))
        }
        Value::Array(items) => {
            let items: Vec<_> = items.into_iter().filter_map(|item| safe(item, caps)).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        Value::Object(members) => {
            let member = |(key, value): (String, Value)| {
                // Only a description keeps its lines.
                let value = match value {
                    Value::String(text) if key == "desc" => {
                        let text = untrusted::lines(&text, caps.description);
                        (!text.is_empty()).then_some(Value::String(text))
                    }
                    value => safe(value, caps),
                };
                Some((untrusted::line(&key, caps.value), value?))
            };
            let members: Map<_, _> = members.into_iter().filter_map(member).collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
        other => Some(other),
    }
}

/// Whether a text has a printable character, as a required member must have.
pub fn is_visible(text: &str) -> bool {
    !untrusted::line(text, usize::MAX).is_empty()
}
