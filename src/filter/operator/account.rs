//! The AWS account that a value belongs to.
//!
//! An ARN is `arn:partition:service:region:account:resource`: "Amazon Resource Names (ARNs)" in the AWS General Reference.

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
pub(super) static OPERATORS: &[&Operator] = &[&IN_ACCOUNT, &FOREIGN_TO];

/// `in_account`
pub static IN_ACCOUNT: Operator = Operator {
    summary: "has an account, as an ARN or an account id, that is among these",
    takes: Takes::Accounts,
    requires: |operand| match operand {
        Value::Text(id) => Requires::Substring(id.clone()),
        _ => Requires::Nothing,
    },
    examples: &[
        (
            r#"userIdentity.arn in_account "999988887777""#,
            r#"{"userIdentity": {"arn": "arn:aws:iam::999988887777:role/x-111122223333"}}"#,
            true,
        ),
        (
            r#"userIdentity.arn in_account "111122223333""#,
            r#"{"userIdentity": {"arn": "arn:aws:iam::999988887777:role/x-111122223333"}}"#,
            false,
        ),
        (
            r#"requestParameters.principal in_account ("111122223333", field recipientAccountId)"#,
            r#"{"recipientAccountId": "999988887777", "requestParameters": {"principal": "999988887777"}}"#,
            true,
        ),
    ],
    ..Operator::new("in_account", Meaning::Account, |operand| account(operand, true))
};

/// `foreign_to`
pub static FOREIGN_TO: Operator = Operator {
    summary: "has an account, as an ARN or an account id, that is not among these",
    takes: Takes::Accounts,
    examples: &[
        (
            "requestParameters.principal foreign_to field recipientAccountId",
            r#"{"recipientAccountId": "111122223333", "requestParameters": {"principal": "arn:aws:iam::999988887777:root"}}"#,
            true,
        ),
        (
            "requestParameters.principal foreign_to field recipientAccountId",
            r#"{"recipientAccountId": "111122223333", "requestParameters": {"principal": "arn:aws:iam::111122223333:root"}}"#,
            false,
        ),
        (
            r#"requestParameters.principal foreign_to ("111122223333", "999988887777")"#,
            r#"{"requestParameters": {"principal": ["*", "s3.amazonaws.com", "999988887777"]}}"#,
            false,
        ),
    ],
    ..Operator::new("foreign_to", Meaning::Foreign, |operand| account(operand, false))
};

/// The twelve digits of an account.
pub type AccountId = [u8; 12];

/// The account of a value: the fifth part of an ARN, or the whole text, where that is twelve digits.
pub fn account_of(scalar: Scalar<'_>) -> Option<AccountId> {
    let Scalar::Text(text) = scalar else { return None };
    id(text.strip_prefix("arn:").map_or(Some(text), |rest| rest.split(':').nth(3))?)
}

fn id(text: &str) -> Option<AccountId> {
    AccountId::try_from(text.as_bytes()).ok().filter(|id| id.iter().all(u8::is_ascii_digit))
}

/// The account id that an operand is.
///
/// # Errors
///
/// The operand is not text of twelve digits.
pub fn as_account(operand: &Value) -> Result<AccountId, OperandError> {
    let text = as_text(operand)?;
    id(text).ok_or_else(|| OperandError::new("expected an account id, which has twelve digits", repair(text)))
}

/// What the author of `text` meant.
fn repair(text: &str) -> String {
    let digits: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match account_of(Scalar::Text(text)).and_then(|id| String::from_utf8(id.into()).ok()) {
        Some(id) => format!("write only the account of the ARN: `\"{id}\"`"),
        None if text.starts_with('$') => format!("write `{text}` for the list of that name, without quotes"),
        None if is_number && digits.len() == 12 => format!("write `\"{digits}\"`"),
        None if is_number && digits.len() < 12 => {
            format!("write all twelve digits; if only zeros are missing, `\"{digits:0>12}\"`")
        }
        None if text == "*" => "`*` has no account; write `= \"*\"`".to_owned(),
        None => "write an id such as `\"111122223333\"`, or compare text with `=` or `starts_with`".to_owned(),
    }
}

/// The test with one account, which is `wanted` or excluded.
fn account(operand: &Value, wanted: bool) -> Result<Test, OperandError> {
    let id = as_account(operand)?;
    Ok(Arc::new(move |scalar| account_of(scalar).is_some_and(|account| (account == id) == wanted)))
}
