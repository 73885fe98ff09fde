//! Operators on text: its beginning, its end and its parts, with and without regard to case.

use std::sync::Arc;

use super::{Operator, PLAIN, as_text};
use crate::{
    filter::operand::{Refusal, Requires, Takes, Test, Value},
    record::Scalar,
};

/// The entries of the table.
pub static OPERATORS: &[Operator] = &[
    Operator {
        spelling: "starts_with",
        summary: "begins with the text",
        extension: false,
        takes: Takes::ValueOrList,
        compile: |operand| text(operand, |text, part| text.starts_with(part)),
        requires: |operand| part(operand, Requires::Prefix),
        between: Some(|a, b| texts(a, b, |text, part| text.starts_with(part))),
        examples: &[
            (r#"eventName starts_with "Describe""#, r#"{"eventName": "DescribeImages"}"#, true),
            (r#"eventName starts_with "Describe""#, r#"{"eventName": "describeImages"}"#, false),
        ],
        ..PLAIN
    },
    Operator {
        spelling: "ends_with",
        summary: "ends with the text",
        extension: false,
        takes: Takes::ValueOrList,
        compile: |operand| text(operand, |text, part| text.ends_with(part)),
        requires: |operand| part(operand, Requires::Substring),
        between: Some(|a, b| texts(a, b, |text, part| text.ends_with(part))),
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
        ..PLAIN
    },
    Operator {
        spelling: "like",
        summary: "has the text somewhere in it; no character is special",
        extension: false,
        takes: Takes::ValueOrList,
        compile: |operand| text(operand, |text, part| text.contains(part)),
        requires: |operand| part(operand, Requires::Substring),
        between: Some(|a, b| texts(a, b, |text, part| text.contains(part))),
        examples: &[
            (r#"group like "fail""#, r#"{"group": ["invalid_login", "authentication_failed"]}"#, true),
            (r#"userAgent like "kali""#, r#"{"userAgent": "Boto3/1.34 Linux"}"#, false),
        ],
        ..PLAIN
    },
    Operator {
        spelling: "contains",
        summary: "another word for `like`",
        takes: Takes::ValueOrList,
        compile: |operand| text(operand, |text, part| text.contains(part)),
        between: Some(|a, b| texts(a, b, |text, part| text.contains(part))),
        requires: |operand| part(operand, Requires::Substring),
        examples: &[
            (r#"userAgent contains ("kali", "parrot")"#, r#"{"userAgent": "aws-cli/2 kali"}"#, true),
            (r#"userAgent contains ("kali", "parrot")"#, r#"{"userAgent": "aws-cli/2 Kali"}"#, false),
        ],
        ..PLAIN
    },
    Operator {
        spelling: "iequals",
        summary: "equals the text, ignoring the case of ASCII letters",
        takes: Takes::ValueOrList,
        compile: |operand| text(operand, str::eq_ignore_ascii_case),
        between: Some(|a, b| texts(a, b, str::eq_ignore_ascii_case)),
        examples: &[
            (r#"eventName iequals "putimage""#, r#"{"eventName": "PutImage"}"#, true),
            (r#"eventName iequals "putimage""#, r#"{"eventName": "PutImages"}"#, false),
        ],
        ..PLAIN
    },
    Operator {
        spelling: "istarts_with",
        summary: "begins with the text, ignoring the case of ASCII letters",
        takes: Takes::ValueOrList,
        compile: |operand| folded(operand, |text, part| text.starts_with(part)),
        between: Some(|a, b| texts(a, b, |text, part| lower(text).starts_with(&lower(part)))),
        examples: &[
            (r#"eventName istarts_with "describe""#, r#"{"eventName": "DescribeImages"}"#, true),
            (r#"eventName istarts_with "describe""#, r#"{"eventName": "ListImages"}"#, false),
        ],
        ..PLAIN
    },
    Operator {
        spelling: "iends_with",
        summary: "ends with the text, ignoring the case of ASCII letters",
        takes: Takes::ValueOrList,
        compile: |operand| folded(operand, |text, part| text.ends_with(part)),
        between: Some(|a, b| texts(a, b, |text, part| lower(text).ends_with(&lower(part)))),
        examples: &[
            (
                r#"userIdentity.arn iends_with "/ADMIN""#,
                r#"{"userIdentity": {"arn": "arn:aws:iam::1:user/admin"}}"#,
                true,
            ),
            (
                r#"userIdentity.arn iends_with "/ADMIN""#,
                r#"{"userIdentity": {"arn": "arn:aws:iam::1:user/adm"}}"#,
                false,
            ),
        ],
        ..PLAIN
    },
    Operator {
        spelling: "icontains",
        summary: "has the text somewhere in it, ignoring the case of ASCII letters",
        takes: Takes::ValueOrList,
        compile: |operand| folded(operand, |text, part| text.contains(part)),
        between: Some(|a, b| texts(a, b, |text, part| lower(text).contains(&lower(part)))),
        examples: &[
            (r#"userAgent icontains "kali""#, r#"{"userAgent": "aws-cli/2 Kali"}"#, true),
            (r#"userAgent icontains "kali""#, r#"{"userAgent": "aws-cli/2"}"#, false),
        ],
        ..PLAIN
    },
];

/// Sees text only.
fn text(operand: &Value, holds: fn(&str, &str) -> bool) -> Result<Test, Refusal> {
    let part = as_text(operand)?.to_owned();
    Ok(Arc::new(move |scalar| texts(scalar, Scalar::Text(&part), holds)))
}

/// The same on text whose ASCII letters are in lower case.
fn folded(operand: &Value, holds: fn(&str, &str) -> bool) -> Result<Test, Refusal> {
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
