//! A message in printable ASCII, for a channel that refused the message as it was.
//!
//! JSON keeps its meaning; in other text, `?` replaces each character without an ASCII equivalent.

use std::fmt::Write;

use super::message::{Attribute, AttributeValue};
use crate::untrusted;

/// Text in printable ASCII, with its lines.
pub fn lines(text: &str) -> String {
    text.lines().map(untrusted::ascii).collect::<Vec<_>>().join("\n")
}

/// JSON in printable ASCII. It holds other characters only inside strings, where they become escapes (RFC 8259, section 7).
pub fn json(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii
}

/// The attributes `severity`, `rule` and `alert_id`, in printable ASCII, and of `tags` the kind of the message: what
/// subscriptions choose messages by.
pub fn attributes(attributes: &[Attribute]) -> Vec<Attribute> {
    let kept = |attribute: &&Attribute| matches!(attribute.name, "severity" | "rule" | "tags" | "alert_id");
    let plain = |attribute: &Attribute| {
        let value = match &attribute.value {
            AttributeValue::Text(text) => AttributeValue::Text(untrusted::ascii(text)),
            // The first tag is ours and names the kind; the others are the rule's.
            AttributeValue::List(tags) => AttributeValue::List(tags.iter().take(1).cloned().collect()),
            AttributeValue::Number(_) => attribute.value.clone(),
        };
        Attribute { name: attribute.name, value }
    };
    attributes.iter().filter(kept).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_its_lines() {
        assert_eq!(lines("première “ligne” 😀\n\nsecond\n"), "premi?re \"ligne\" ?\n\nsecond");
    }

    #[test]
    fn json_keeps_its_meaning() {
        let text = r#"{"é":"“😀” \"\\ \u00e9 ＼"}"#;
        let plain = json(text);
        assert!(plain.is_ascii(), "{plain}");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&plain), read(text));
    }

    #[test]
    fn the_attributes_that_subscriptions_filter_by_are_kept() {
        let attribute = |name, value| Attribute { name, value };
        let all = [
            attribute("severity", AttributeValue::Number(1)),
            attribute("rule", AttributeValue::Text("r\u{e9}".to_owned())),
            attribute("actor", AttributeValue::Text("é".to_owned())),
            attribute("tags", AttributeValue::List(["kind.summary", "é"].map(str::to_owned).into())),
            attribute("alert_id", AttributeValue::Text("id".to_owned())),
        ];
        let kept: Vec<_> = attributes(&all).iter().map(|one| (one.name, one.string_value())).collect();
        let pairs = [("severity", "1"), ("rule", "r?"), ("tags", r#"["kind.summary"]"#), ("alert_id", "id")];
        assert_eq!(kept, pairs.map(|(name, value)| (name, value.to_owned())));
    }
}
