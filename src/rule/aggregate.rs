//! Which matches of a rule are the same alert: those whose records have the same values at the rule's aggregate fields.
//!
//! Values are compared as lists of texts, so no value of a record can imitate two values.

use std::fmt;

use super::model::{FieldPath, Rule};
use crate::{
    digest::Digest,
    record::{Path, Record, Root, Scalar, Step, Virtual},
    untrusted::shorten_with,
};

/// A field and its values in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggregateValue {
    /// The field, as the rule names it.
    pub field: String,
    /// Its values, in the order of the record: all elements of a list, none for a missing field.
    pub values: Vec<String>,
}

/// The values separated by commas, or `null` if there are none. A long text is cut, and ends in its length and a hash.
impl fmt::Display for AggregateValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.values.is_empty() {
            return f.write_str("null");
        }
        let text = self.values.join(", ");
        if text.len() <= MAX_SHOWN {
            return f.write_str(&text);
        }
        let (characters, hash) = (text.chars().count(), Digest::of(&[&text]).hex());
        f.write_str(&shorten_with(&text, MAX_SHOWN / 4, &format!("… ({characters} characters, {hash})")))
    }
}

/// The longest text of values that is shown in full, in bytes.
const MAX_SHOWN: usize = 8_192;

impl Rule {
    /// The values that distinguish the rule's matches: within a window, two matches with the same values are one alert.
    /// The fields of `first_seen` are always included, since otherwise one new combination would silence the next.
    ///
    /// A rule without `aggregate_fields` uses `role` (or `user` where there is none), `eventName`, `eventSource`,
    /// `accountId`, and `ip` unless the actor is an assumed role, whose address changes with the machine that uses it.
    pub fn aggregate(&self, record: &Record) -> Vec<AggregateValue> {
        let mut values = match &self.aggregate_fields {
            Some(fields) => combination(fields, record),
            None => by_default(record),
        };
        let news = self.first_seen.iter().flat_map(|first_seen| combination(&first_seen.fields, record));
        for value in news {
            if !values.iter().any(|known| known.field == value.field) {
                values.push(value);
            }
        }
        values
    }
}

fn by_default(record: &Record) -> Vec<AggregateValue> {
    let short = |field| Path { root: Root::Virtual(field), steps: Vec::new() };
    let raw = |name: &str| Path { root: Root::Record, steps: vec![Step::Key(name.to_owned())] };
    let role = value("role", &short(Virtual::Role), record);
    let actor = if role.values.is_empty() { value("user", &short(Virtual::User), record) } else { role };
    let mut values = vec![
        actor,
        value("eventName", &raw("eventName"), record),
        value("eventSource", &raw("eventSource"), record),
        value("accountId", &short(Virtual::AccountId), record),
    ];
    if record.field(Virtual::UserType).as_deref() != Some("AssumedRole") {
        values.push(value("ip", &short(Virtual::Ip), record));
    }
    values
}

/// The values of a record at `fields`, in their order.
pub fn combination(fields: &[FieldPath], record: &Record) -> Vec<AggregateValue> {
    fields.iter().map(|field| value(field.written.text.trim(), &field.path, record)).collect()
}

/// An object has no text; it counts as `{}`, so it differs from a missing field but not from other objects.
fn value(field: &str, path: &Path, record: &Record) -> AggregateValue {
    let mut values = Vec::new();
    path.visit(record.root(), &mut |scalar| {
        let text = if matches!(scalar, Scalar::Object) { Some("{}".to_owned()) } else { scalar.to_text() };
        values.extend(text);
        false
    });
    AggregateValue { field: field.to_owned(), values }
}
