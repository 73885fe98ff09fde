//! Rules tried on known records: counts over many of them, and the tests that rules carry.
//!
//! Disabled rules are tested like others.

use serde_json::Value;

use crate::{
    engine::Finding,
    record::{Path, Record, Root, Step},
    rule::{Rule, RuleTest, Verdict},
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
    /// Matches, in the order of the engine's rules, suppressed ones among them.
    pub matches: Vec<u64>,
    /// Matches that were suppressed, in the same order.
    pub suppressed: Vec<u64>,
}

impl Counts {
    /// Nothing yet, for so many rules.
    pub fn new(rules: usize) -> Self {
        Self { matches: vec![0; rules], suppressed: vec![0; rules], ..Self::default() }
    }

    /// Counts a record that was evaluated.
    pub fn evaluated(&mut self, findings: &[Finding], repaired: bool) {
        self.evaluated += 1;
        self.repaired += u64::from(repaired);
        for finding in findings {
            let at = finding.position;
            if let (Some(matches), Some(suppressed)) = (self.matches.get_mut(at), self.suppressed.get_mut(at)) {
                *matches += 1;
                *suppressed += u64::from(finding.suppressed);
            }
        }
    }

    /// Adds the counts of other records under the same rules.
    pub fn add(&mut self, other: &Self) {
        self.evaluated += other.evaluated;
        self.repaired += other.repaired;
        self.unparsable += other.unparsable;
        for (counts, more) in [(&mut self.matches, &other.matches), (&mut self.suppressed, &other.suppressed)] {
            counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
        }
    }
}

/// What came of one test of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tested {
    /// As the test wants it.
    Passed,
    /// The rule says something else of the record.
    Failed(Verdict),
    /// The record could not be had; why.
    Broken(String),
}

/// Tries `rule` on the record of one of its tests.
pub fn run(rule: &Rule, test: &RuleTest, record: Result<Record, String>) -> Tested {
    match record.and_then(|record| changed(record, &test.set)) {
        Ok(record) => match rule.verdict(&record) {
            verdict if verdict == test.expect => Tested::Passed,
            verdict => Tested::Failed(verdict),
        },
        Err(reason) => Tested::Broken(reason),
    }
}

/// The record with other values at some paths.
pub fn changed(record: Record, changes: &[(Path, Value)]) -> Result<Record, String> {
    let mut value = record.value().clone();
    for (path, new) in changes {
        let alias: &[&str] = match path.root {
            Root::Record | Root::Element => &[],
            Root::Virtual(field) => {
                field.raw_keys().ok_or_else(|| format!("`{path}` cannot be set: it is worked out from other fields"))?
            }
        };
        let alias = alias.iter().map(|key| Step::Key((*key).to_owned()));
        let steps: Vec<Step> = alias.chain(path.steps.iter().cloned()).collect();
        set(&mut value, &steps, new).map_err(|reason| format!("`{path}` cannot be set: {reason}"))?;
    }
    Record::new(value).map_err(|_| "it is not a JSON object".to_owned())
}

/// Objects on the way are made where nothing is; without an index, every element of a list is changed.
fn set(value: &mut Value, steps: &[Step], new: &Value) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else {
        *value = new.clone();
        return Ok(());
    };
    match (value, step) {
        (Value::Array(elements), Step::Index(at)) => match elements.get_mut(*at) {
            Some(element) => set(element, rest, new),
            None => Err(format!("the list has no element {at}")),
        },
        (Value::Array(elements), Step::Key(_)) => elements.iter_mut().try_for_each(|element| set(element, steps, new)),
        (value @ Value::Null, Step::Key(_)) => {
            *value = Value::Object(serde_json::Map::new());
            set(value, steps, new)
        }
        (Value::Object(fields), Step::Key(key)) => set(fields.entry(key.as_str()).or_insert(Value::Null), rest, new),
        (_, Step::Key(key)) => Err(format!("there is text or a number where `{key}` would have to be inside")),
        (_, Step::Index(at)) => Err(format!("there is no list that could have an element {at}")),
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
        assert_eq!(set("list[1].x", json!(7)).unwrap()["list"], json!([{"x": 1}, {"x": 7}]));
        assert!(set("list[2]", json!(1)).is_err());
        assert!(set("text.x", json!(1)).is_err());
        assert!(set("user", json!("ada")).is_err());
    }
}
