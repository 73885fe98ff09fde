//! Operators that compare text with a prefix, a suffix, a substring or, ignoring case, with a whole text.

use std::sync::Arc;

use super::entry::{Meaning, Operator, as_text};
use crate::{
    filter::{
        needs::Requires,
        operand::{OperandError, Takes, Test, Value},
    },
    record::Scalar,
};

/// The entries of the table.
pub(super) static OPERATORS: &[&Operator] =
    &[&STARTS_WITH, &ENDS_WITH, &LIKE, &CONTAINS, &IEQUALS, &ISTARTS_WITH, &IENDS_WITH, &ICONTAINS];

/// `starts_with`
pub static STARTS_WITH: Operator = Operator {
    summary: "begins with the text",
    extension: false,
    takes: Takes::ValueOrList,
    requires: |operand| part(operand, Requires::Prefix),
    between: Some(|a, b| texts(a, b, |text, part| text.starts_with(part))),
    examples: &[
        (r#"eventName starts_with "Describe""#, r#"{"eventName": "DescribeImages"}"#, true),
        (r#"eventName starts_with "Describe""#, r#"{"eventName": "describeImages"}"#, false),
    ],
    ..Operator::new("starts_with", Meaning::Prefix, |operand| text(operand, |text, part| text.starts_with(part)))
};

/// `ends_with`
pub static ENDS_WITH: Operator = Operator {
    summary: "ends with the text",
    extension: false,
    takes: Takes::ValueOrList,
    requires: |operand| part(operand, Requires::Substring),
    between: Some(|a, b| texts(a, b, |text, part| text.ends_with(part))),
    examples: &[
        (r#"userIdentity.arn ends_with "/admin""#, r#"{"userIdentity": {"arn": "arn:aws:iam::1:user/admin"}}"#, true),
        (r#"userIdentity.arn ends_with "/admin""#, r#"{"userIdentity": {"arn": "arn:aws:iam::1:user/adm"}}"#, false),
    ],
    ..Operator::new("ends_with", Meaning::Suffix, |operand| text(operand, |text, part| text.ends_with(part)))
};

/// `like`
pub static LIKE: Operator = Operator {
    summary: "has the text somewhere in it; no character is special",
    extension: false,
    takes: Takes::ValueOrList,
    requires: |operand| part(operand, Requires::Substring),
    between: Some(|a, b| texts(a, b, |text, part| text.contains(part))),
    examples: &[
        (r#"group like "fail""#, r#"{"group": ["invalid_login", "authentication_failed"]}"#, true),
        (r#"userAgent like "kali""#, r#"{"userAgent": "Boto3/1.34 Linux"}"#, false),
    ],
    ..Operator::new("like", Meaning::Substring, |operand| text(operand, |text, part| text.contains(part)))
};

/// `contains`
pub static CONTAINS: Operator = Operator {
    summary: "another word for `like`",
    takes: Takes::ValueOrList,
    between: Some(|a, b| texts(a, b, |text, part| text.contains(part))),
    requires: |operand| part(operand, Requires::Substring),
    examples: &[
        (r#"userAgent contains ("kali", "parrot")"#, r#"{"userAgent": "aws-cli/2 kali"}"#, true),
        (r#"userAgent contains ("kali", "parrot")"#, r#"{"userAgent": "aws-cli/2 Kali"}"#, false),
    ],
    ..Operator::new("contains", Meaning::Substring, |operand| text(operand, |text, part| text.contains(part)))
};

/// `iequals`
pub static IEQUALS: Operator = Operator {
    ignores_case: true,
    summary: "equals the text, ignoring the case of ASCII letters",
    takes: Takes::ValueOrList,
    between: Some(|a, b| texts(a, b, str::eq_ignore_ascii_case)),
    examples: &[
        (r#"eventName iequals "putimage""#, r#"{"eventName": "PutImage"}"#, true),
        (r#"eventName iequals "putimage""#, r#"{"eventName": "PutImages"}"#, false),
    ],
    ..Operator::new("iequals", Meaning::Equal, |operand| text(operand, str::eq_ignore_ascii_case))
};

/// `istarts_with`
pub static ISTARTS_WITH: Operator = Operator {
    ignores_case: true,
    summary: "begins with the text, ignoring the case of ASCII letters",
    takes: Takes::ValueOrList,
    between: Some(|a, b| texts(a, b, |text, part| lower(text).starts_with(&lower(part)))),
    examples: &[
        (r#"eventName istarts_with "describe""#, r#"{"eventName": "DescribeImages"}"#, true),
        (r#"eventName istarts_with "describe""#, r#"{"eventName": "ListImages"}"#, false),
    ],
    ..Operator::new("istarts_with", Meaning::Prefix, |operand| folded(operand, |text, part| text.starts_with(part)))
};

/// `iends_with`
pub static IENDS_WITH: Operator = Operator {
    ignores_case: true,
    summary: "ends with the text, ignoring the case of ASCII letters",
    takes: Takes::ValueOrList,
    between: Some(|a, b| texts(a, b, |text, part| lower(text).ends_with(&lower(part)))),
    examples: &[
        (r#"userIdentity.arn iends_with "/ADMIN""#, r#"{"userIdentity": {"arn": "arn:aws:iam::1:user/admin"}}"#, true),
        (r#"userIdentity.arn iends_with "/ADMIN""#, r#"{"userIdentity": {"arn": "arn:aws:iam::1:user/adm"}}"#, false),
    ],
    ..Operator::new("iends_with", Meaning::Suffix, |operand| folded(operand, |text, part| text.ends_with(part)))
};

/// `icontains`
pub static ICONTAINS: Operator = Operator {
    ignores_case: true,
    summary: "has the text somewhere in it, ignoring the case of ASCII letters",
    takes: Takes::ValueOrList,
    between: Some(|a, b| texts(a, b, |text, part| lower(text).contains(&lower(part)))),
    examples: &[
        (r#"userAgent icontains "kali""#, r#"{"userAgent": "aws-cli/2 Kali"}"#, true),
        (r#"userAgent icontains "kali""#, r#"{"userAgent": "aws-cli/2"}"#, false),
    ],
    ..Operator::new("icontains", Meaning::Substring, |operand| folded(operand, |text, part| text.contains(part)))
};

/// A test that only text passes.
fn text(operand: &Value, holds: fn(&str, &str) -> bool) -> Result<Test, OperandError> {
    let part = as_text(operand)?.to_owned();
    Ok(Arc::new(move |scalar| texts(scalar, Scalar::Text(&part), holds)))
}

/// A test that only text passes; it compares after converting ASCII letters to lower case.
fn folded(operand: &Value, holds: fn(&str, &str) -> bool) -> Result<Test, OperandError> {
    let part = lower(as_text(operand)?);
    Ok(Arc::new(move |scalar| matches!(scalar, Scalar::Text(text) if holds(&lower(text), &part))))
}

fn texts(a: Scalar<'_>, b: Scalar<'_>, holds: fn(&str, &str) -> bool) -> bool {
    matches!((a, b), (Scalar::Text(a), Scalar::Text(b)) if holds(a, b))
}

fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

fn part(operand: &Value, requires: fn(String) -> Requires) -> Requires {
    match operand {
        Value::Text(text) if !text.is_empty() => requires(text.clone()),
        _ => Requires::Nothing,
    }
}
