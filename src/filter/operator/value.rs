//! Operators on values of every type: equality, membership, order and presence.

use std::{cmp::Ordering, sync::Arc};

use super::entry::{Meaning, Operator, Order};
use crate::{
    filter::{
        needs::Requires,
        operand::{OperandError, Takes, Test, Value},
    },
    number::Number,
    record::Scalar,
};

/// The entries of the table.
pub(super) static OPERATORS: &[&Operator] =
    &[&EQUAL, &NOT_EQUAL, &LESS, &LESS_OR_EQUAL, &GREATER, &GREATER_OR_EQUAL, &IN, &EXISTS];

/// `=`
pub static EQUAL: Operator = Operator {
    summary: "equals; `= null` holds where there is no value, `= {}` for an object without keys",
    extension: false,
    takes: Takes::ValueOrNull,
    requires: exact,
    between: Some(same),
    examples: &[
        (r#"eventName = "PutImage""#, r#"{"eventName": "PutImage"}"#, true),
        (r#"eventName = "PutImage""#, r#"{"eventName": "putimage"}"#, false),
        (r#"sigid = "5902""#, r#"{"sigid": 5902}"#, true),
        ("readOnly = true", r#"{"readOnly": "true"}"#, true),
        ("errorCode = null", r#"{"eventName": "PutImage"}"#, true),
        ("errorCode = null", r#"{"errorCode": ""}"#, false),
        ("requestParameters = {}", r#"{"requestParameters": {}}"#, true),
        ("requestParameters = {}", r#"{"requestParameters": {"a": 1}}"#, false),
    ],
    ..Operator::new("=", Meaning::Equal, equals)
};

/// `!=`
pub static NOT_EQUAL: Operator = Operator {
    summary: "does not equal: the exact complement of `=`, true where there is no value",
    extension: false,
    takes: Takes::ValueOrNull,
    negated: true,
    requires: exact,
    between: Some(same),
    examples: &[
        (r#"awsRegion != "us-east-1""#, r#"{"awsRegion": "eu-west-1"}"#, true),
        (r#"awsRegion != "us-east-1""#, "{}", true),
        (r#"group != "a""#, r#"{"group": ["a", "b"]}"#, false),
        ("errorCode != null", r#"{"errorCode": "AccessDenied"}"#, true),
    ],
    ..Operator::new("!=", Meaning::Equal, equals)
};

/// `<`
pub static LESS: Operator = Operator {
    summary: "is less than",
    takes: Takes::Value,
    between: Some(|a, b| ordered(a, b, Ordering::is_lt)),
    examples: &[
        ("maxSessionDuration < 7200", r#"{"maxSessionDuration": 3600}"#, true),
        ("maxSessionDuration < 7200", "{}", false),
    ],
    ..Operator::new("<", Meaning::Order(Order::Less), |operand| ordering(operand, Ordering::is_lt))
};

/// `<=`
pub static LESS_OR_EQUAL: Operator = Operator {
    summary: "is less than or equal to",
    takes: Takes::Value,
    between: Some(|a, b| ordered(a, b, Ordering::is_le)),
    examples: &[("fromPort <= 22", r#"{"fromPort": 22}"#, true), ("fromPort <= 22", r#"{"fromPort": 23}"#, false)],
    ..Operator::new("<=", Meaning::Order(Order::LessOrEqual), |operand| ordering(operand, Ordering::is_le))
};

/// `>`
pub static GREATER: Operator = Operator {
    summary: "is greater than",
    extension: false,
    takes: Takes::Value,
    between: Some(|a, b| ordered(a, b, Ordering::is_gt)),
    examples: &[
        ("findings.HIGH > 0", r#"{"findings": {"HIGH": 2}}"#, true),
        ("findings.HIGH > 0", r#"{"findings": {"HIGH": "2"}}"#, true),
        ("findings.HIGH > 0", r#"{"findings": {}}"#, false),
    ],
    ..Operator::new(">", Meaning::Order(Order::Greater), |operand| ordering(operand, Ordering::is_gt))
};

/// `>=`
pub static GREATER_OR_EQUAL: Operator = Operator {
    summary: "is greater than or equal to",
    takes: Takes::Value,
    between: Some(|a, b| ordered(a, b, Ordering::is_ge)),
    examples: &[("toPort >= 22", r#"{"toPort": 22}"#, true), ("toPort >= 22", r#"{"toPort": 21}"#, false)],
    ..Operator::new(">=", Meaning::Order(Order::GreaterOrEqual), |operand| ordering(operand, Ordering::is_ge))
};

/// `in`
pub static IN: Operator = Operator {
    summary: "equals any value of a list",
    takes: Takes::List,
    requires: exact,
    examples: &[
        (r#"eventName in ("StopLogging", "DeleteTrail")"#, r#"{"eventName": "DeleteTrail"}"#, true),
        (r#"eventName in ("StopLogging", "DeleteTrail")"#, r#"{"eventName": "CreateTrail"}"#, false),
    ],
    ..Operator::new("in", Meaning::Member, equals)
};

/// `exists`
pub static EXISTS: Operator = Operator {
    summary: "has a value: the same as `!= null`",
    takes: Takes::Nothing,
    examples: &[
        ("errorCode exists", r#"{"errorCode": "AccessDenied"}"#, true),
        ("errorCode exists", r#"{"errorCode": null}"#, false),
        ("requestParameters exists", r#"{"requestParameters": {}}"#, true),
    ],
    ..Operator::new("exists", Meaning::Present, |_| Ok(present()))
};

/// Values of one type compare natively; a number or boolean equals the text that spells it canonically. `= null` is about
/// everything that a path reaches and not about one scalar, so the matcher tests whether none of it is [`present`].
#[expect(clippy::unnecessary_wraps, reason = "the signature is the table's")]
fn equals(operand: &Value) -> Result<Test, OperandError> {
    Ok(match operand.clone() {
        Value::Null => Arc::new(|scalar| scalar == Scalar::Null),
        Value::EmptyObject => Arc::new(|scalar| scalar == Scalar::Object { empty: true }),
        Value::Bool(wanted) => Arc::new(move |scalar| same(scalar, Scalar::Bool(wanted))),
        Value::Number(wanted) => Arc::new(move |scalar| same(scalar, Scalar::Number(wanted))),
        Value::Text(wanted) => Arc::new(move |scalar| same(scalar, Scalar::Text(&wanted))),
    })
}

/// The test that every value except null passes.
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

/// Compares numbers, and text that spells a number canonically; anything else is neither less nor greater.
fn ordering(operand: &Value, holds: fn(Ordering) -> bool) -> Result<Test, OperandError> {
    let limit = match operand {
        Value::Number(number) => Some(*number),
        Value::Text(text) => Number::parse(text),
        Value::Null | Value::EmptyObject | Value::Bool(_) => None,
    };
    match limit {
        Some(limit) => Ok(Arc::new(move |scalar| ordered(scalar, Scalar::Number(limit), holds))),
        None => Err(OperandError::new(
            "expected a number",
            "write a number such as `10`, or compare text with `=`, `starts_with` or `like`",
        )),
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

/// A number or boolean may equal the text that spells it, and then has no quotes in the record.
fn exact(operand: &Value) -> Requires {
    match operand {
        Value::Text(text) if Number::parse_canonical(text).is_none() && text != "true" && text != "false" => {
            Requires::Exact(text.clone())
        }
        _ => Requires::Nothing,
    }
}
