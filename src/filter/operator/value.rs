//! Operators on values of every type: equality, order, lists and presence.

use std::{cmp::Ordering, sync::Arc};

use super::{Operator, PLAIN};
use crate::{
    filter::operand::{Refusal, Requires, Takes, Test, Value},
    number::Number,
    record::Scalar,
};

/// The entries of the table.
pub static OPERATORS: &[Operator] = &[
    Operator {
        spelling: "=",
        summary: "equals; `= null` holds where there is no value",
        extension: false,
        takes: Takes::ValueOrNull,
        compile: equals,
        requires: exact,
        between: Some(same),
        examples: &[
            (r#"eventName = "PutImage""#, r#"{"eventName": "PutImage"}"#, true),
            (r#"eventName = "PutImage""#, r#"{"eventName": "putimage"}"#, false),
            (r#"sigid = "5902""#, r#"{"sigid": 5902}"#, true),
            ("readOnly = true", r#"{"readOnly": "true"}"#, true),
            ("errorCode = null", r#"{"eventName": "PutImage"}"#, true),
            ("errorCode = null", r#"{"errorCode": ""}"#, false),
        ],
        ..PLAIN
    },
    Operator {
        spelling: "!=",
        summary: "does not equal: the exact complement of `=`, true where there is no value",
        extension: false,
        takes: Takes::ValueOrNull,
        negated: true,
        compile: equals,
        requires: exact,
        between: Some(same),
        examples: &[
            (r#"awsRegion != "us-east-1""#, r#"{"awsRegion": "eu-west-1"}"#, true),
            (r#"awsRegion != "us-east-1""#, "{}", true),
            (r#"group != "a""#, r#"{"group": ["a", "b"]}"#, false),
            ("errorCode != null", r#"{"errorCode": "AccessDenied"}"#, true),
        ],
        ..PLAIN
    },
    Operator {
        spelling: "<",
        summary: "is less than",
        takes: Takes::Value,
        compile: |operand| ordering(operand, Ordering::is_lt),
        between: Some(|a, b| ordered(a, b, Ordering::is_lt)),
        examples: &[
            ("maxSessionDuration < 7200", r#"{"maxSessionDuration": 3600}"#, true),
            ("maxSessionDuration < 7200", "{}", false),
        ],
        ..PLAIN
    },
    Operator {
        spelling: "<=",
        summary: "is less than or equal to",
        takes: Takes::Value,
        compile: |operand| ordering(operand, Ordering::is_le),
        between: Some(|a, b| ordered(a, b, Ordering::is_le)),
        examples: &[("fromPort <= 22", r#"{"fromPort": 22}"#, true), ("fromPort <= 22", r#"{"fromPort": 23}"#, false)],
        ..PLAIN
    },
    Operator {
        spelling: ">",
        summary: "is greater than",
        extension: false,
        takes: Takes::Value,
        compile: |operand| ordering(operand, Ordering::is_gt),
        between: Some(|a, b| ordered(a, b, Ordering::is_gt)),
        examples: &[
            ("findings.HIGH > 0", r#"{"findings": {"HIGH": 2}}"#, true),
            ("findings.HIGH > 0", r#"{"findings": {"HIGH": "2"}}"#, true),
            ("findings.HIGH > 0", r#"{"findings": {}}"#, false),
        ],
        ..PLAIN
    },
    Operator {
        spelling: ">=",
        summary: "is greater than or equal to",
        takes: Takes::Value,
        compile: |operand| ordering(operand, Ordering::is_ge),
        between: Some(|a, b| ordered(a, b, Ordering::is_ge)),
        examples: &[("toPort >= 22", r#"{"toPort": 22}"#, true), ("toPort >= 22", r#"{"toPort": 21}"#, false)],
        ..PLAIN
    },
    Operator {
        spelling: "in",
        summary: "equals any value of a list",
        takes: Takes::List,
        compile: equals,
        requires: exact,
        examples: &[
            (r#"eventName in ("StopLogging", "DeleteTrail")"#, r#"{"eventName": "DeleteTrail"}"#, true),
            (r#"eventName in ("StopLogging", "DeleteTrail")"#, r#"{"eventName": "CreateTrail"}"#, false),
        ],
        ..PLAIN
    },
    Operator {
        spelling: "exists",
        summary: "has a value: the same as `!= null`",
        takes: Takes::Nothing,
        compile: |_| Ok(present()),
        examples: &[
            ("errorCode exists", r#"{"errorCode": "AccessDenied"}"#, true),
            ("errorCode exists", r#"{"errorCode": null}"#, false),
            ("requestParameters exists", r#"{"requestParameters": {}}"#, true),
        ],
        ..PLAIN
    },
];

/// Same types compare natively; a number or boolean equals the text that spells it canonically. `= null` speaks of
/// all that a path reaches, not of one scalar, so the matcher asks whether none is [`present`].
#[expect(clippy::unnecessary_wraps, reason = "the signature is the table's")]
pub fn equals(operand: &Value) -> Result<Test, Refusal> {
    Ok(match operand.clone() {
        Value::Null => Arc::new(|scalar| scalar == Scalar::Null),
        Value::Bool(wanted) => Arc::new(move |scalar| same(scalar, Scalar::Bool(wanted))),
        Value::Number(wanted) => Arc::new(move |scalar| same(scalar, Scalar::Number(wanted))),
        Value::Text(wanted) => Arc::new(move |scalar| same(scalar, Scalar::Text(&wanted))),
    })
}

/// Whether there is a value.
pub fn present() -> Test {
    Arc::new(|scalar| scalar != Scalar::Null)
}

fn same(a: Scalar<'_>, b: Scalar<'_>) -> bool {
    match (a, b) {
        (Scalar::Text(a), Scalar::Text(b)) => a == b,
        (Scalar::Number(a), Scalar::Number(b)) => a == b,
        (Scalar::Bool(a), Scalar::Bool(b)) => a == b,
        (Scalar::Number(number), Scalar::Text(text)) | (Scalar::Text(text), Scalar::Number(number)) => {
            Number::parse_canonical(text) == Some(number)
        }
        (Scalar::Bool(value), Scalar::Text(text)) | (Scalar::Text(text), Scalar::Bool(value)) => {
            text == if value { "true" } else { "false" }
        }
        _ => false,
    }
}

/// Numbers, and text that spells a number canonically; anything else is neither less nor greater.
fn ordering(operand: &Value, holds: fn(Ordering) -> bool) -> Result<Test, Refusal> {
    let limit = match operand {
        Value::Number(number) => Some(*number),
        Value::Text(text) => Number::parse(text),
        Value::Null | Value::Bool(_) => None,
    };
    match limit {
        Some(limit) => Ok(Arc::new(move |scalar| ordered(scalar, Scalar::Number(limit), holds))),
        None => Refusal::of(
            "expected a number",
            "write a number such as `10`, or compare text with `=`, `starts_with` or `like`",
        ),
    }
}

fn ordered(a: Scalar<'_>, b: Scalar<'_>, holds: fn(Ordering) -> bool) -> bool {
    let number = |scalar| match scalar {
        Scalar::Number(value) => Some(value),
        Scalar::Text(text) => Number::parse_canonical(text),
        _ => None,
    };
    let order = number(a).zip(number(b)).and_then(|(a, b)| a.partial_cmp(&b));
    order.is_some_and(holds)
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
