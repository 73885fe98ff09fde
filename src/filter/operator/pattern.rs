//! Regular expressions.

use std::sync::Arc;

use regex::RegexBuilder;

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
    match RegexBuilder::new(pattern).size_limit(MAX_PATTERN).dfa_size_limit(MAX_PATTERN).build() {
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
