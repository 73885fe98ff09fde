//! The operator table: everything about an operator stands in its one entry.
//!
//! Parser, suggestions, `trailbell help filter`, the index and the tests read the table; to add an operator is to
//! add an entry to [`OPERATORS`].

use std::{cmp::Ordering, sync::Arc};

use crate::{number::Number, record::Scalar};

/// What stands on the right of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One value: text, number, true or false.
    Value,
    /// One value or `null`.
    ValueOrNull,
    /// A list of values in parentheses; the operator holds if it holds for any of them.
    List,
    /// Nothing.
    Nothing,
}

/// A value that is written in a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, and the operand of an operator that takes nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text in quotes.
    Text(String),
}

/// Whether an operator with its operand holds for one scalar.
pub type Test = Arc<dyn Fn(Scalar<'_>) -> bool + Send + Sync>;

/// Why an operator refuses an operand: what was expected in its place, and the repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What was expected.
    pub expected: &'static str,
    /// The repair.
    pub help: String,
}

/// Text that a record must hold somewhere for an operator to hold; what an index may rely on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requires {
    /// A whole string value.
    Exact(String),
    /// The beginning of a string value.
    Prefix(String),
    /// A part of a string value.
    Substring(String),
    /// Nothing that can be relied on. Always sound.
    Nothing,
}

/// One entry of the table.
#[derive(Debug)]
pub struct Operator {
    /// How it is written, in lower case.
    pub spelling: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Whether it is an extension of Threat Stack's published language.
    pub extension: bool,
    /// What stands on its right.
    pub takes: Takes,
    /// Whether it is the exact complement of what `compile` makes.
    pub negated: bool,
    /// What it means on one scalar, given its operand; shown no list, since the elements come one by one.
    pub compile: fn(&Value) -> Result<Test, Refusal>,
    /// What a record must hold for it to hold.
    pub requires: fn(&Value) -> Requires,
    /// A filter, a record, and whether it matches.
    pub examples: &'static [(&'static str, &'static str, bool)],
}

impl PartialEq for Operator {
    fn eq(&self, other: &Self) -> bool {
        self.spelling == other.spelling
    }
}

/// Every operator of the language.
pub static OPERATORS: &[Operator] = &[
    Operator {
        spelling: "=",
        summary: "equals; `= null` holds where there is no value",
        extension: false,
        takes: Takes::ValueOrNull,
        negated: false,
        compile: equals,
        requires: exact,
        examples: &[
            (r#"eventName = "PutImage""#, r#"{"eventName": "PutImage"}"#, true),
            (r#"eventName = "PutImage""#, r#"{"eventName": "putimage"}"#, false),
            (r#"sigid = "5902""#, r#"{"sigid": 5902}"#, true),
            ("readOnly = true", r#"{"readOnly": "true"}"#, true),
            ("errorCode = null", r#"{"eventName": "PutImage"}"#, true),
            ("errorCode = null", r#"{"errorCode": ""}"#, false),
        ],
    },
    Operator {
        spelling: "!=",
        summary: "does not equal: the exact complement of `=`, true where there is no value",
        extension: false,
        takes: Takes::ValueOrNull,
        negated: true,
        compile: equals,
        requires: exact,
        examples: &[
            (r#"awsRegion != "us-east-1""#, r#"{"awsRegion": "eu-west-1"}"#, true),
            (r#"awsRegion != "us-east-1""#, "{}", true),
            (r#"group != "a""#, r#"{"group": ["a", "b"]}"#, false),
            ("errorCode != null", r#"{"errorCode": "AccessDenied"}"#, true),
        ],
    },
    Operator {
        spelling: "<",
        summary: "is less than",
        extension: true,
        takes: Takes::Value,
        negated: false,
        compile: |operand| ordering(operand, Ordering::is_lt),
        requires: nothing,
        examples: &[
            ("maxSessionDuration < 7200", r#"{"maxSessionDuration": 3600}"#, true),
            ("maxSessionDuration < 7200", "{}", false),
        ],
    },
    Operator {
        spelling: "<=",
        summary: "is less than or equal to",
        extension: true,
        takes: Takes::Value,
        negated: false,
        compile: |operand| ordering(operand, Ordering::is_le),
        requires: nothing,
        examples: &[("fromPort <= 22", r#"{"fromPort": 22}"#, true), ("fromPort <= 22", r#"{"fromPort": 23}"#, false)],
    },
    Operator {
        spelling: ">",
        summary: "is greater than",
        extension: false,
        takes: Takes::Value,
        negated: false,
        compile: |operand| ordering(operand, Ordering::is_gt),
        requires: nothing,
        examples: &[
            ("findings.HIGH > 0", r#"{"findings": {"HIGH": 2}}"#, true),
            ("findings.HIGH > 0", r#"{"findings": {"HIGH": "2"}}"#, true),
            ("findings.HIGH > 0", r#"{"findings": {}}"#, false),
        ],
    },
    Operator {
        spelling: ">=",
        summary: "is greater than or equal to",
        extension: true,
        takes: Takes::Value,
        negated: false,
        compile: |operand| ordering(operand, Ordering::is_ge),
        requires: nothing,
        examples: &[("toPort >= 22", r#"{"toPort": 22}"#, true), ("toPort >= 22", r#"{"toPort": 21}"#, false)],
    },
    Operator {
        spelling: "starts_with",
        summary: "begins with the text",
        extension: false,
        takes: Takes::Value,
        negated: false,
        compile: |operand| text(operand, |text, part| text.starts_with(part)),
        requires: |operand| part(operand, Requires::Prefix),
        examples: &[
            (r#"eventName starts_with "Describe""#, r#"{"eventName": "DescribeImages"}"#, true),
            (r#"eventName starts_with "Describe""#, r#"{"eventName": "describeImages"}"#, false),
        ],
    },
    Operator {
        spelling: "ends_with",
        summary: "ends with the text",
        extension: false,
        takes: Takes::Value,
        negated: false,
        compile: |operand| text(operand, |text, part| text.ends_with(part)),
        requires: |operand| part(operand, Requires::Substring),
        examples: &[
            (
                r#"userIdentity.arn ends_with "/admin""#,
                r#"{"userIdentity": {"arn": "arn:aws:iam::1:user/admin"}}"#,
                true,
            ),
            (
                r#"userIdentity.arn ends_with "/admin""#,
                r#"{"userIdentity": {"arn": "arn:aws:iam::1:user/adm"}}"#,
                false,
            ),
        ],
    },
    Operator {
        spelling: "like",
        summary: "has the text somewhere in it; no character is special",
        extension: false,
        takes: Takes::Value,
        negated: false,
        compile: |operand| text(operand, |text, part| text.contains(part)),
        requires: |operand| part(operand, Requires::Substring),
        examples: &[
            (r#"group like "fail""#, r#"{"group": ["invalid_login", "authentication_failed"]}"#, true),
            (r#"userAgent like "kali""#, r#"{"userAgent": "Boto3/1.34 Linux"}"#, false),
        ],
    },
    Operator {
        spelling: "in",
        summary: "equals any value of a list",
        extension: true,
        takes: Takes::List,
        negated: false,
        compile: equals,
        requires: exact,
        examples: &[
            (r#"eventName in ("StopLogging", "DeleteTrail")"#, r#"{"eventName": "DeleteTrail"}"#, true),
            (r#"eventName in ("StopLogging", "DeleteTrail")"#, r#"{"eventName": "CreateTrail"}"#, false),
        ],
    },
    Operator {
        spelling: "exists",
        summary: "has a value: the same as `!= null`",
        extension: true,
        takes: Takes::Nothing,
        negated: false,
        compile: |_| Ok(Arc::new(|scalar| scalar != Scalar::Null)),
        requires: nothing,
        examples: &[
            ("errorCode exists", r#"{"errorCode": "AccessDenied"}"#, true),
            ("errorCode exists", r#"{"errorCode": null}"#, false),
            ("requestParameters exists", r#"{"requestParameters": {}}"#, true),
        ],
    },
];

/// The operator of that spelling, in any case.
pub fn named(spelling: &str) -> Option<&'static Operator> {
    OPERATORS.iter().find(|operator| operator.spelling.eq_ignore_ascii_case(spelling))
}

/// Same types compare natively; a number or boolean equals the text that spells it canonically. `= null` speaks of
/// all that a path reaches, not of one scalar, so the matcher asks it as the complement of `exists`.
#[expect(clippy::unnecessary_wraps, reason = "the signature is the table's")]
fn equals(operand: &Value) -> Result<Test, Refusal> {
    Ok(match operand.clone() {
        Value::Null => Arc::new(|scalar| scalar == Scalar::Null),
        Value::Bool(wanted) => Arc::new(move |scalar| match scalar {
            Scalar::Bool(value) => value == wanted,
            Scalar::Text(text) => text == spelled(wanted),
            _ => false,
        }),
        Value::Number(wanted) => Arc::new(move |scalar| match scalar {
            Scalar::Number(value) => value == wanted,
            Scalar::Text(text) => Number::parse_canonical(text).is_some_and(|value| value == wanted),
            _ => false,
        }),
        Value::Text(wanted) => {
            let number = Number::parse_canonical(&wanted);
            Arc::new(move |scalar| match scalar {
                Scalar::Text(text) => text == wanted,
                Scalar::Number(value) => number == Some(value),
                Scalar::Bool(value) => wanted == spelled(value),
                _ => false,
            })
        }
    })
}

fn spelled(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// Numbers, and text that spells a number canonically; anything else is neither less nor greater.
fn ordering(operand: &Value, holds: fn(Ordering) -> bool) -> Result<Test, Refusal> {
    let limit = match operand {
        Value::Number(number) => Some(*number),
        Value::Text(text) => Number::parse(text),
        Value::Null | Value::Bool(_) => None,
    };
    let limit = limit.ok_or_else(|| Refusal {
        expected: "expected a number",
        help: "write a number such as `10`, or compare text with `=`, `starts_with` or `like`".to_owned(),
    })?;
    Ok(Arc::new(move |scalar| {
        let value = match scalar {
            Scalar::Number(value) => Some(value),
            Scalar::Text(text) => Number::parse_canonical(text),
            _ => None,
        };
        value.and_then(|value| value.partial_cmp(&limit)).is_some_and(holds)
    }))
}

/// Sees text only.
fn text(operand: &Value, holds: fn(&str, &str) -> bool) -> Result<Test, Refusal> {
    match operand.clone() {
        Value::Text(part) => Ok(Arc::new(move |scalar| matches!(scalar, Scalar::Text(text) if holds(text, &part)))),
        Value::Number(number) => Err(Refusal { expected: "expected text", help: format!("quote it: `\"{number}\"`") }),
        Value::Bool(value) => Err(Refusal { expected: "expected text", help: format!("quote it: `\"{value}\"`") }),
        Value::Null => {
            Err(Refusal { expected: "expected text", help: "to test for no value, write `= null`".to_owned() })
        }
    }
}

/// A number or boolean may equal the text that spells it, and then stands in the record without quotes.
fn exact(operand: &Value) -> Requires {
    match operand {
        Value::Text(text) if Number::parse_canonical(text).is_none() && text != "true" && text != "false" => {
            Requires::Exact(text.clone())
        }
        _ => Requires::Nothing,
    }
}

fn part(operand: &Value, requires: fn(String) -> Requires) -> Requires {
    match operand {
        Value::Text(text) if !text.is_empty() => requires(text.clone()),
        _ => Requires::Nothing,
    }
}

fn nothing(_: &Value) -> Requires {
    Requires::Nothing
}
