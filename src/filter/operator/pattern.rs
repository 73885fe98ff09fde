//! Regular expressions.

use std::sync::Arc;

use regex::RegexBuilder;

use super::{Operator, PLAIN, as_text};
use crate::{
    filter::operand::{Refusal, Takes, Test, Value},
    record::Scalar,
};

/// The entries of the table.
pub static OPERATORS: &[Operator] = &[Operator {
    spelling: "matches",
    summary: "has a match of the regular expression somewhere in it",
    takes: Takes::ValueOrList,
    raw: true,
    compile: pattern,
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
    ..PLAIN
}];

/// The memory that a compiled regular expression may take, in bytes.
const MAX_PATTERN: usize = 1 << 20;

/// Syntax and speed are those of the [regex crate](https://docs.rs/regex): linear in the text, whatever the pattern.
fn pattern(operand: &Value) -> Result<Test, Refusal> {
    let pattern = as_text(operand)?;
    match RegexBuilder::new(pattern).size_limit(MAX_PATTERN).dfa_size_limit(MAX_PATTERN).build() {
        Ok(regex) => Ok(Arc::new(move |scalar| matches!(scalar, Scalar::Text(text) if regex.is_match(text)))),
        Err(regex::Error::CompiledTooBig(_)) => {
            Refusal::of("expected a smaller regular expression", "repeat less, such as `{1,20}` in place of `{1,2000}`")
        }
        Err(error) => {
            // Its last line says what is wrong, those before it draw the place.
            let error = error.to_string();
            let what = error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            Refusal::of(
                format!("expected a regular expression: {what}"),
                "mend it, or write `\\` before a character that is meant as itself",
            )
        }
    }
}
