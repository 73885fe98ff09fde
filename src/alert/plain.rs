//! The form of a message that any channel takes: for one that was refused in its full form.

use super::{Attribute, AttributeValue, Message, untrusted};

/// The longest body, in characters.
const MAX_BODY: usize = 2_000;

impl Message {
    /// The same message in printable ASCII, with the beginning of its body, and of its attributes those that
    /// subscriptions filter by most: severity, rule and `alert_id`.
    pub fn plainer(&self) -> Self {
        let lines = ascii_lines(&self.body);
        let kept = |attribute: &&Attribute| matches!(attribute.name, "severity" | "rule" | "alert_id");
        let plain = |attribute: &Attribute| Attribute {
            name: attribute.name,
            value: match &attribute.value {
                AttributeValue::Text(text) => AttributeValue::Text(untrusted::ascii(text)),
                other => other.clone(),
            },
        };
        Self {
            id: self.id.clone(),
            subject: untrusted::ascii(&self.subject),
            body: ascii_lines(&untrusted::cut(&lines, MAX_BODY)),
            attributes: self.attributes.iter().filter(kept).map(plain).collect(),
        }
    }
}

fn ascii_lines(text: &str) -> String {
    text.lines().map(untrusted::ascii).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plainer_form_keeps_what_matters() {
        let attribute = |name, value| Attribute { name, value };
        let message = Message {
            id: "id".to_owned(),
            subject: "SEV1 x".to_owned(),
            body: format!("première ligne 😀\nsecond\n{}", "é".repeat(10_000)),
            attributes: vec![
                attribute("severity", AttributeValue::Number(1)),
                attribute("rule", AttributeValue::Text("r".to_owned())),
                attribute("actor", AttributeValue::Text("é".to_owned())),
                attribute("tags", AttributeValue::List(vec!["a".to_owned()])),
                attribute("alert_id", AttributeValue::Text("id".to_owned())),
            ],
        };
        let plain = message.plainer();
        assert!(plain.body.starts_with("premi?re ligne ?\nsecond\n???"), "{}", plain.body);
        assert!(plain.body.bytes().all(|byte| byte == b'\n' || (b' '..=b'~').contains(&byte)), "{}", plain.body);
        assert!(plain.body.len() <= MAX_BODY + 10 && plain.body.ends_with(" characters)"), "{}", plain.body);
        let names: Vec<_> = plain.attributes.iter().map(|attribute| attribute.name).collect();
        assert_eq!(
            (plain.id, plain.subject, names),
            ("id".to_owned(), "SEV1 x".to_owned(), vec!["severity", "rule", "alert_id"])
        );
    }
}
