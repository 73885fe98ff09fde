//! Rules tried on known records: counts over many of them, and the tests that rules carry.
//!
//! A test is decided by the filter alone, whether or not its rule is enabled.

use serde_json::Value;

use crate::{
    engine::Finding,
    record::{Path, Record, Root},
    rule::{Expect, Rule, RuleTest},
};

/// What came of many records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records that were evaluated, repaired ones among them.
    pub evaluated: u64,
    /// Records whose text had to be mended first.
    pub repaired: u64,
    /// Records that could not be read.
    pub unparsable: u64,
    /// Matches, in the order of the engine's rules.
    pub matches: Vec<u64>,
}

impl Counts {
    /// Nothing yet, for so many rules.
    pub fn new(rules: usize) -> Self {
        Self { matches: vec![0; rules], ..Self::default() }
    }

    /// Counts a record that was evaluated.
    pub fn evaluated(&mut self, findings: &[Finding], repaired: bool) {
        self.evaluated += 1;
        self.repaired += u64::from(repaired);
        for finding in findings {
            if let Some(matches) = self.matches.get_mut(finding.position) {
                *matches += 1;
            }
        }
    }

    /// Adds the counts of other records under the same rules.
    pub fn add(&mut self, other: &Self) {
        self.evaluated += other.evaluated;
        self.repaired += other.repaired;
        self.unparsable += other.unparsable;
        for (matches, more) in self.matches.iter_mut().zip(&other.matches) {
            *matches += more;
        }
    }
}

/// What came of one test of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As the test wants it.
    Passed,
    /// The filter says otherwise.
    Failed,
    /// The record could not be had; why.
    Broken(String),
}

/// Tries `rule` on the record of one of its tests.
pub fn run(rule: &Rule, test: &RuleTest, record: Result<Record, String>) -> Verdict {
    let record = record.and_then(|record| changed(record, &test.set));
    match record {
        Ok(record) if rule.filter.matches(record.value()) == (test.expect == Expect::Match) => Verdict::Passed,
        Ok(_) => Verdict::Failed,
        Err(reason) => Verdict::Broken(reason),
    }
}

/// The record with other values at some paths.
pub fn changed(record: Record, changes: &[(Path, Value)]) -> Result<Record, String> {
    let mut value = record.value().clone();
    for (path, new) in changes {
        let keys: Vec<&str> = match path.root {
            Root::Record => path.keys.iter().map(String::as_str).collect(),
            Root::Virtual(field) => match field.raw_keys() {
                Some(keys) => keys.iter().copied().chain(path.keys.iter().map(String::as_str)).collect(),
                None => return Err(format!("`{path}` cannot be set: it is worked out from other fields")),
            },
        };
        set(&mut value, &keys, new).map_err(|reason| format!("`{path}` cannot be set: {reason}"))?;
    }
    Record::new(value).map_err(|_| "it is not a JSON object".to_owned())
}

/// Objects on the way are made where nothing is; in a list, every element is changed.
fn set(value: &mut Value, keys: &[&str], new: &Value) -> Result<(), String> {
    let Some((key, rest)) = keys.split_first() else {
        *value = new.clone();
        return Ok(());
    };
    match value {
        Value::Array(elements) => elements.iter_mut().try_for_each(|element| set(element, keys, new)),
        Value::Null => {
            *value = Value::Object(serde_json::Map::new());
            set(value, keys, new)
        }
        Value::Object(fields) => set(fields.entry(*key).or_insert(Value::Null), rest, new),
        _ => Err(format!("there is text or a number where `{key}` would have to be inside")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_set_along_paths() {
        let set = |path: &str, new: Value| {
            let record =
                Record::new(json!({"a": {"b": 1}, "list": [{"x": 1}, {}], "none": null, "text": "t"})).unwrap();
            changed(record, &[(Path::parse(path).unwrap(), new)]).map(|record| record.value().clone())
        };
        assert_eq!(set("a.b", json!(2)).unwrap()["a"], json!({"b": 2}));
        assert_eq!(set("a.c.d", json!([1])).unwrap()["a"], json!({"b": 1, "c": {"d": [1]}}));
        assert_eq!(set("none.x", json!(null)).unwrap()["none"], json!({"x": null}));
        assert_eq!(set("list.x", json!(7)).unwrap()["list"], json!([{"x": 7}, {"x": 7}]));
        assert_eq!(set("error", json!("AccessDenied")).unwrap()["errorCode"], json!("AccessDenied"));
        assert_eq!(
            set("role", json!("admin")).unwrap()["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"],
            json!("admin")
        );
        assert!(set("text.x", json!(1)).is_err());
        assert!(set("user", json!("ada")).is_err());
    }
}
