//! Regular expressions.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError, Weak},
};

use regex::{Regex, RegexBuilder};

use super::entry::{Meaning, Operator, as_text};
use crate::{
    filter::operand::{OperandError, Takes, Test, Value},
    record::Scalar,
};

/// The entries of the table.
pub(super) static OPERATORS: &[&Operator] = &[&MATCHES];

/// `matches`
pub static MATCHES: Operator = Operator {
    summary: "has a match of the regular expression somewhere in it",
    takes: Takes::ValueOrList,
    raw: true,
    examples: &[
        (
            r#"requestParameters.instanceId matches "^i-[0-9a-f]{8,17}$""#,
            r#"{"requestParameters": {"instanceId": "i-0abc1234"}}"#,
            true,
        ),
        (
            r#"requestParameters.instanceId matches "^i-\d+$""#,
            r#"{"requestParameters": {"instanceId": "i-0abc1234"}}"#,
            false,
        ),
        (r#"eventName matches ("^Put", "^Delete")"#, r#"{"eventName": "DeleteTrail"}"#, true),
    ],
    ..Operator::new("matches", Meaning::Pattern, pattern)
};

/// The most memory that a compiled regular expression may take, in bytes.
const MAX_PATTERN: usize = 1 << 20;

/// The syntax is that of the [regex crate](https://docs.rs/regex), whose matching time is linear in the text.
fn pattern(operand: &Value) -> Result<Test, OperandError> {
    let pattern = as_text(operand)?;
    match compiled(pattern) {
        Ok(regex) => Ok(Arc::new(move |scalar| matches!(scalar, Scalar::Text(text) if regex.is_match(text)))),
        Err(regex::Error::CompiledTooBig(_)) => Err(OperandError::new(
            "expected a smaller regular expression",
            "use smaller repetitions, such as `{1,20}` in place of `{1,2000}`",
        )),
        Err(error) => {
            // The last line of the message names the problem; those before it draw the place.
            let error = error.to_string();
            let what = error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            Err(OperandError::new(
                format!("expected a regular expression: {what}"),
                "fix the expression, or write `\\` before a character that has no special meaning here",
            ))
        }
    }
}

/// The patterns in use. Most are of named lists, which many filters name, and compiling one takes longer than reading a rule.
static IN_USE: LazyLock<Mutex<HashMap<String, Weak<Regex>>>> = LazyLock::new(Mutex::default);

fn compiled(pattern: &str) -> Result<Arc<Regex>, regex::Error> {
    let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(regex) = in_use.get(pattern).and_then(Weak::upgrade) {
        return Ok(regex);
    }
    let regex = RegexBuilder::new(pattern).size_limit(MAX_PATTERN).dfa_size_limit(MAX_PATTERN).build()?;
    let regex = Arc::new(regex);
    in_use.retain(|_, other| other.strong_count() > 0);
    in_use.insert(pattern.to_owned(), Arc::downgrade(&regex));
    Ok(regex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_compiled_once_as_long_as_it_is_in_use() {
        const PATTERN: &str = "^a pattern of this test$";
        let one = compiled(PATTERN).unwrap();
        assert!(Arc::ptr_eq(&one, &compiled(PATTERN).unwrap()));
        drop(one);
        compiled("^another of this test$").unwrap();
        assert!(!IN_USE.lock().unwrap().contains_key(PATTERN));
    }
}
