//! The values at a path as one text, for people.

use super::{
    node::{Node, Scalar},
    parsed::Record,
    path::{Path, Place, Visitor},
};
use crate::untrusted::shorten_to;

/// How many steps the values of a path may take.
const MAX_WORK: u64 = 1_000_000;

/// How much of the values is shown.
#[derive(Clone, Copy, Debug)]
pub struct JoinedLimits {
    /// Beyond so many bytes, the values end in `…`.
    pub values: usize,
    /// Beyond so many characters, the JSON of an object does.
    pub object: usize,
}

impl Record {
    /// The values at a path, joined with commas; an object is JSON without blanks. `None` if there is no value but empty ones.
    pub fn joined(&self, path: &Path, limits: JoinedLimits) -> Option<String> {
        let mut values = Values { found: Vec::new(), bytes: 0, limits };
        let fill = || path.walk(self.root(), Place::record(self.root()), &mut values);
        if self.work().bounded(MAX_WORK, fill).unwrap_or(true) && !values.found.is_empty() {
            values.found.push("…".to_owned());
        }
        (!values.found.is_empty()).then(|| values.found.join(", "))
    }
}

/// The values that were seen, and their length.
struct Values {
    found: Vec<String>,
    bytes: usize,
    limits: JoinedLimits,
}

impl Visitor for Values {
    fn visit<'n, N: Node<'n>>(&mut self, place: Place<N>) -> bool {
        let text = match place.node.scalar() {
            _ if !place.node.work().spend(1) => return true,
            Scalar::List => return place.node.elements().any(|element| self.visit(place.with(element))),
            Scalar::Object { empty: false } => {
                let mut json = String::new();
                write_json(place.node, self.limits.object, &mut json);
                Some(shorten_to(&json, self.limits.object))
            }
            scalar => scalar.to_text().filter(|text| !text.is_empty()),
        };
        let Some(text) = text else { return false };
        self.bytes += text.len() + 2;
        self.found.push(shorten_to(&text, self.limits.values));
        self.bytes > self.limits.values
    }
}

/// Adds a value as JSON without blanks, until there is more than may be shown.
fn write_json<'n, N: Node<'n>>(node: N, most: usize, json: &mut String) {
    let quoted = |text: &str| serde_json::Value::from(shorten_to(text, most)).to_string();
    match node.scalar() {
        _ if json.len() / 4 > most => {}
        Scalar::Null => json.push_str("null"),
        Scalar::Text(text) => json.push_str(&quoted(text)),
        Scalar::List => {
            json.push('[');
            for (at, element) in node.elements().take(most).enumerate() {
                json.push_str(if at > 0 { "," } else { "" });
                write_json(element, most, json);
            }
            json.push(']');
        }
        Scalar::Object { .. } => {
            json.push('{');
            for (at, key) in node.keys().take(most).enumerate() {
                json.push_str(if at > 0 { "," } else { "" });
                json.push_str(&quoted(key));
                json.push(':');
                if let Some(member) = node.get(key) {
                    write_json(member, most, json);
                }
            }
            json.push('}');
        }
        scalar => json.push_str(&scalar.to_text().unwrap_or_default()),
    }
}
