//! Parts of a payload in messages: short, and without control characters.

use std::collections::BTreeMap;

use serde_json::{Value, value::RawValue};

use crate::untrusted::shorten_to;

/// The longest text of a payload in a message, in characters.
const MAX_SHOWN: usize = 100;
/// The most keys of a payload in a message.
const MAX_KEYS: usize = 5;

/// Text of a payload that is safe to show: shortened, and without control characters.
pub(super) fn shown(text: &str) -> String {
    shorten_to(text, MAX_SHOWN).escape_debug().to_string()
}

/// The first keys of a payload, or its type, for the message about an unknown payload.
pub(super) fn outline(text: &str) -> String {
    if let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) {
        if fields.is_empty() {
            return "it is an empty object".to_owned();
        }
        let keys: Vec<String> = fields.keys().take(MAX_KEYS).map(|key| format!("`{}`", shown(key))).collect();
        return format!("its keys are {}{}", keys.join(", "), if fields.len() > MAX_KEYS { ", …" } else { "" });
    }
    let kind = match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(_)) => "a list",
        Ok(Value::String(_)) => "a string",
        Ok(Value::Number(_)) => "a number",
        Ok(Value::Bool(_)) => "a boolean",
        Ok(Value::Null) => "null",
        Ok(Value::Object(_)) | Err(_) => "JSON that cannot be read",
    };
    format!("it is {kind}")
}
