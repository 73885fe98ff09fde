//! Changes to a record, as the `set` of a rule's test describes them.

use serde_json::{Map, Value};
use thiserror::Error;

use crate::{
    diagnostic::nearest,
    record::{Path, Record, Root, Step},
};

/// Why a change cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EditError {
    /// The path is a virtual field that has no place in the record.
    #[error("`{0}` cannot be set: it is computed from {fields}; set what it is computed from", fields = sources(.0))]
    Computed(Path),
    /// The path does not fit the record.
    #[error("`{path}` cannot be set")]
    Step {
        /// The path.
        path: Path,
        /// The step that does not fit.
        #[source]
        source: StepError,
    },
    /// The record would no longer be an object.
    #[error("not a JSON object")]
    NotObject,
}

/// The fields that the value of a path is computed from.
fn sources(path: &Path) -> String {
    path.fields().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ")
}

/// The step of a path that does not fit a record.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StepError {
    /// A list is too short.
    #[error("the list has no element {0}")]
    NoElement(usize),
    /// A key leads into a value that is not an object.
    #[error("the value that should contain `{0}` is not an object")]
    NotObject(String),
    /// A key leads into a text, which may hold JSON.
    #[error("the value that should contain `{0}` is text: set the whole text, with the JSON in it")]
    Text(String),
    /// An index leads into a value that is not a list.
    #[error("the value that should have an element {0} is not a list")]
    NotList(usize),
}

/// The record with new values at some paths. Missing objects are created; a key that leads into a list applies to every
/// element.
///
/// # Errors
///
/// If a path is a computed field or does not fit the record.
pub fn changed(record: Record, changes: &[(Path, Value)]) -> Result<Record, EditError> {
    let mut value = record.to_value();
    for (path, new) in changes {
        let alias: &[&str] = match path.root {
            Root::Record | Root::Element => &[],
            Root::Virtual(field) => field.raw_keys().ok_or_else(|| EditError::Computed(path.clone()))?,
        };
        let alias = alias.iter().map(|key| Step::Key((*key).to_owned()));
        let steps: Vec<Step> = alias.chain(path.steps.iter().cloned()).collect();
        set(&mut value, &steps, new).map_err(|source| EditError::Step { path: path.clone(), source })?;
    }
    Record::new(value).map_err(|_| EditError::NotObject)
}

/// A key that a change adds to a record, though the record has one that looks like it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the record has no `{added}`, so it is added; did you mean `{similar}`?")]
pub struct Misspelling {
    /// The key that the record does not have.
    pub added: String,
    /// The key of the record.
    pub similar: String,
}

/// The keys of changes that look misspelled.
pub fn misspelled(record: &Record, changes: &[(Path, Value)]) -> Vec<Misspelling> {
    let value = record.to_value();
    let paths = changes.iter().map(|(path, _)| path).filter(|path| path.root == Root::Record);
    paths.filter_map(|path| misspelling(&value, &path.steps)).collect()
}

fn misspelling(value: &Value, steps: &[Step]) -> Option<Misspelling> {
    let (step, rest) = steps.split_first()?;
    match (value, step) {
        (Value::Array(elements), Step::Index(at)) => misspelling(elements.get(*at)?, rest),
        (Value::Array(elements), Step::Key(_)) => misspelling(elements.first()?, steps),
        (Value::Object(fields), Step::Key(key)) => match fields.get(key) {
            Some(value) => misspelling(value, rest),
            None => nearest(key, fields.keys().map(String::as_str))
                .map(|similar| Misspelling { added: key.clone(), similar: similar.to_owned() }),
        },
        _ => None,
    }
}

fn set(value: &mut Value, steps: &[Step], new: &Value) -> Result<(), StepError> {
    let Some((step, rest)) = steps.split_first() else {
        *value = new.clone();
        return Ok(());
    };
    match (value, step) {
        (Value::Array(elements), Step::Index(at)) => match elements.get_mut(*at) {
            Some(element) => set(element, rest, new),
            None => Err(StepError::NoElement(*at)),
        },
        (Value::Array(elements), Step::Key(_)) => elements.iter_mut().try_for_each(|element| set(element, steps, new)),
        (value @ Value::Null, Step::Key(_)) => {
            *value = Value::Object(Map::new());
            set(value, steps, new)
        }
        (Value::Object(fields), Step::Key(key)) => set(fields.entry(key.as_str()).or_insert(Value::Null), rest, new),
        (Value::String(_), Step::Key(key)) => Err(StepError::Text(key.clone())),
        (_, Step::Key(key)) => Err(StepError::NotObject(key.clone())),
        (_, Step::Index(at)) => Err(StepError::NotList(*at)),
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
            changed(record, &[(Path::parse(path).unwrap(), new)]).map(|record| record.to_value())
        };
        assert_eq!(set("a.b", json!(2)).unwrap()["a"], json!({"b": 2}));
        assert_eq!(set("a.c.d", json!([1])).unwrap()["a"], json!({"b": 1, "c": {"d": [1]}}));
        assert_eq!(set("none.x", json!(null)).unwrap()["none"], json!({"x": null}));
        assert_eq!(set("list.x", json!(7)).unwrap()["list"], json!([{"x": 7}, {"x": 7}]));
        assert_eq!(set("error", json!("AccessDenied")).unwrap()["errorCode"], json!("AccessDenied"));
        assert_eq!(set("accountId", json!("1")).unwrap()["userIdentity"]["accountId"], json!("1"));
        assert_eq!(set("list[1].x", json!(7)).unwrap()["list"], json!([{"x": 1}, {"x": 7}]));
        assert!(set("list[2]", json!(1)).is_err());
        assert!(set("text.x", json!(1)).is_err());
        assert!(set("user", json!("ada")).is_err());
        assert!(set("role", json!("admin")).is_err());
    }

    #[test]
    fn a_key_that_looks_misspelled_is_found() {
        let record = Record::new(json!({"parameters": {"bucketName": "b"}, "list": [{"port": 22}]})).unwrap();
        let found = |path: &str| {
            let found = misspelled(&record, &[(Path::parse(path).unwrap(), json!(1))]);
            found.into_iter().map(|one| (one.added, one.similar)).collect::<Vec<_>>()
        };
        let pair = |added: &str, similar: &str| vec![(added.to_owned(), similar.to_owned())];
        assert_eq!(found("paramters.bucketName"), pair("paramters", "parameters"));
        assert_eq!(found("parameters.bucketname"), pair("bucketname", "bucketName"));
        assert_eq!(found("list[0].prot"), pair("prot", "port"));
        assert_eq!(found("list.prot"), pair("prot", "port"));
        for right in
            ["parameters.bucketName", "parameters.key", "other", "user", "list[3].prot", "parameters.bucketName.x"]
        {
            assert_eq!(found(right), [], "{right}");
        }
    }
}
