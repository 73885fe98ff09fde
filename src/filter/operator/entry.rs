//! What one entry of the operator table holds.

use crate::{
    filter::{
        needs::Requires,
        operand::{OperandError, Takes, Test, Value},
    },
    record::Scalar,
};

/// One entry of the table.
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact about an operator")]
#[derive(Debug)]
pub struct Operator {
    /// How it is written, in lower case.
    pub spelling: &'static str,
    /// What it asks of a value.
    pub meaning: Meaning,
    /// Whether it ignores the case of ASCII letters.
    pub ignores_case: bool,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Whether it is an extension of Threat Stack's published language.
    pub extension: bool,
    /// What it takes on its right.
    pub takes: Takes,
    /// Whether backslashes in the text on its right are kept.
    pub raw: bool,
    /// Whether it is the exact complement of what `compile` returns.
    pub negated: bool,
    /// Makes the test of one scalar from the operand. The test never sees a list: it sees the elements one by one.
    pub compile: fn(&Value) -> Result<Test, OperandError>,
    /// Compares two fields, where the operator can do that. It never sees null.
    pub between: Option<fn(Scalar<'_>, Scalar<'_>) -> bool>,
    /// What a value must be for the operator to hold.
    pub requires: fn(&Value) -> Requires,
    /// A filter, a record, and whether the filter matches the record.
    pub examples: &'static [(&'static str, &'static str, bool)],
}

/// What an operator asks of a value, apart from case and negation.
///
/// Lints match on it without a wildcard, so a new meaning compiles only once each of them treats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It equals the operand.
    Equal,
    /// It equals one value of a list.
    Member,
    /// It is a number that is less or greater than the operand.
    Order(Order),
    /// It begins with the text.
    Prefix,
    /// It ends with the text.
    Suffix,
    /// The text is somewhere in it.
    Substring,
    /// The regular expression matches somewhere in it.
    Pattern,
    /// It is an IP address in the network.
    Network,
    /// Its account is the operand.
    Account,
    /// It has an account, and that is not the operand.
    Foreign,
    /// It is there.
    Present,
}

/// How a number relates to the operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Operator {
    /// An entry with what no entry can leave out. All else is as most extensions have it: one operand, case counts, and an
    /// index cannot rely on anything.
    pub(super) const fn new(
        spelling: &'static str,
        meaning: Meaning,
        compile: fn(&Value) -> Result<Test, OperandError>,
    ) -> Self {
        Self {
            spelling,
            meaning,
            ignores_case: false,
            summary: "",
            extension: true,
            takes: Takes::Value,
            raw: false,
            negated: false,
            compile,
            between: None,
            requires: |_| Requires::Nothing,
            examples: &[],
        }
    }
}

impl Operator {
    /// Whether it compares with another field.
    pub fn takes_field(&self) -> bool {
        self.between.is_some() || self.takes == Takes::Accounts
    }
}

impl PartialEq for Operator {
    fn eq(&self, other: &Self) -> bool {
        self.spelling == other.spelling
    }
}

impl Eq for Operator {}

/// The text of an operand, for operators that take text only.
///
/// # Errors
///
/// The operand is not text.
pub(super) fn as_text(operand: &Value) -> Result<&str, OperandError> {
    match operand {
        Value::Text(text) => Ok(text),
        Value::Number(_) | Value::Bool(_) => {
            Err(OperandError::new("expected text", format!("quote it: `\"{operand}\"`")))
        }
        Value::Null => Err(OperandError::new("expected text", "to test for no value, write `= null`")),
        Value::EmptyObject => Err(OperandError::new("expected text", "to test for an empty object, write `= {}`")),
    }
}
