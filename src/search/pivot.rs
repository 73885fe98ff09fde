//! What other events must have in common with one event.

use thiserror::Error;

use super::column::{Column, FoundRecord};
use crate::{
    diagnostic::one_of,
    untrusted::{line, shorten_to},
};

/// Fields that tell who made a call, for the message about an event that lacks one.
const USUAL: &str = "accessKey,principal,user,role,session,ip,userAgent,region";
/// How much of a value a message shows, in characters.
const MAX_SHOWN: usize = 60;

/// Fields, each with the value of one event.
#[derive(Clone, Debug)]
pub struct Pivots(Vec<(Column, String)>);

/// The event has no value that others could have in common with it.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("the event has no {}; it has {has}", one_of(missing))]
pub struct MissingPivot {
    /// The fields that it lacks, in back-quotes.
    missing: Vec<String>,
    /// Some that it has, with their values.
    has: String,
}

impl Pivots {
    /// The fields with their values in a record.
    ///
    /// # Errors
    ///
    /// If the record has no value at one of them.
    pub fn of(columns: Vec<Column>, found: FoundRecord<'_>) -> Result<Self, MissingPivot> {
        let (pivots, missing): (Vec<_>, Vec<_>) =
            columns.into_iter().map(|column| (column.value(found), column)).partition(|(value, _)| value.is_some());
        if missing.is_empty() {
            let known = pivots.into_iter().filter_map(|(value, column)| Some((column, value?)));
            return Ok(Self(known.collect()));
        }
        let missing = missing.iter().map(|(_, column)| format!("`{}`", shorten_to(column.name(), MAX_SHOWN))).collect();
        let usual = Column::parse_list(USUAL).unwrap_or_default();
        let has = |column: &Column| Some(format!("`{}` ({})", column.name(), line(&column.value(found)?, MAX_SHOWN)));
        let has: Vec<_> = usual.iter().filter_map(has).collect();
        Err(MissingPivot { missing, has: if has.is_empty() { "no caller".to_owned() } else { has.join(", ") } })
    }

    /// Whether a record has the same values at all of the fields.
    pub fn agrees(&self, found: FoundRecord<'_>) -> bool {
        self.0.iter().all(|(column, value)| column.value(found).as_ref() == Some(value))
    }

    /// The fields and values, as they can be shown.
    pub fn shown(&self) -> String {
        let shown = |(column, value): &(Column, String)| format!("{} {}", column.name(), line(value, MAX_SHOWN));
        self.0.iter().map(shown).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::record::Record;

    fn record(key: &str, ip: Value) -> Record {
        let identity = json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ada", "accessKeyId": key});
        Record::new(json!({"userIdentity": identity, "sourceIPAddress": ip})).unwrap()
    }

    fn pivots(fields: &str, record: &Record) -> Result<Pivots, MissingPivot> {
        Pivots::of(Column::parse_list(fields).unwrap(), FoundRecord { record, file: "a", index: 0 })
    }

    #[test]
    fn all_values_must_agree() {
        let anchor = record("AKIAIOSFODNN7EXAMPLE", json!("192.0.2.7"));
        let pivots = pivots("accessKey,ip", &anchor).unwrap();
        assert_eq!(pivots.shown(), "accessKey AKIAIOSFODNN7EXAMPLE, ip 192.0.2.7");
        let agrees = |key: &str, ip| pivots.agrees(FoundRecord { record: &record(key, ip), file: "b", index: 1 });
        assert!(agrees("AKIAIOSFODNN7EXAMPLE", json!("192.0.2.7")));
        assert!(!agrees("AKIAIOSFODNN7EXAMPLE", json!("192.0.2.8")));
        assert!(!agrees("AKIAIOSFODNN7EXAMPLE", Value::Null));
        assert!(!agrees("AKIAIOSFODNN7EXAMPL", json!("192.0.2.7")));
    }

    #[test]
    fn a_missing_value_is_an_error_that_names_others() {
        let error = pivots("session,ip,accessKey", &record("", json!("192.0.2.7\u{1b}[31m"))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the event has no `session` or `accessKey`; it has `principal` (arn:aws:iam::111122223333:user/ada), \
             `user` (ada), `ip` (192.0.2.7 [31m)"
        );
        let nothing = Record::new(json!({})).unwrap();
        assert_eq!(pivots("ip", &nothing).unwrap_err().to_string(), "the event has no `ip`; it has no caller");
    }
}
