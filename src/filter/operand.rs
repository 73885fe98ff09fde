//! The values on the right of an operator, and the tests that an operator makes of them.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    sync::Arc,
};

use crate::{number::Number, record::Scalar};

/// What an operator takes on its right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One value: text, number, true or false.
    Value,
    /// One value, `null` or `{}`.
    ValueOrNull,
    /// One value, or a list; the operator holds if it holds for any value of the list.
    ValueOrList,
    /// A list of values; the operator holds if it holds for any of them.
    List,
    /// The id of an account, another field with accounts, or a list of ids, named lists and fields.
    Accounts,
    /// Nothing.
    Nothing,
}

impl Takes {
    /// Whether it takes a list.
    pub fn list(self) -> bool {
        matches!(self, Takes::List | Takes::ValueOrList | Takes::Accounts)
    }
}

/// A value that is written in a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, and the operand of an operator that takes nothing.
    Null,
    /// `{}`
    EmptyObject,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text in quotes.
    Text(String),
}

impl Value {
    /// The value as a record would have it.
    pub fn as_scalar(&self) -> Scalar<'_> {
        match self {
            Value::Null => Scalar::Null,
            Value::EmptyObject => Scalar::Object { empty: true },
            Value::Bool(value) => Scalar::Bool(*value),
            Value::Number(number) => Scalar::Number(*number),
            Value::Text(text) => Scalar::Text(text),
        }
    }
}

/// Whether an operator with its operand holds for one scalar.
pub type Test = Arc<dyn Fn(Scalar<'_>) -> bool + Send + Sync>;

/// Why an operator does not take an operand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expected}")]
pub struct OperandError {
    /// What the operator expects.
    pub expected: String,
    /// The repair, in words that can be typed.
    pub help: String,
}

impl OperandError {
    /// An operator that expects something else, and the repair.
    pub(super) fn new(expected: impl Into<String>, help: impl Into<String>) -> Self {
        Self { expected: expected.into(), help: help.into() }
    }
}

/// The named lists of a rules file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lists(pub BTreeMap<String, Vec<Value>>);

impl Lists {
    /// The values of the list of that name, without its `$`.
    pub fn get(&self, name: &str) -> Option<&[Value]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// The names of all lists.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// As a filter spells it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::EmptyObject => f.write_str("{}"),
            Value::Bool(value) => value.fmt(f),
            Value::Number(number) => number.fmt(f),
            Value::Text(text) => quoted(f, text),
        }
    }
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_control() => write!(f, "\\u{{{:x}}}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

/// Prints text for an operator that takes raw text, in the quotes that need no backslash where the text already has one.
///
/// # Errors
///
/// `f` returns an error.
pub fn print_raw(f: &mut impl Write, text: &str) -> fmt::Result {
    let quote = if escapes(text, '"') { '\'' } else { '"' };
    f.write_char(quote)?;
    let mut escaped = false;
    for c in text.chars() {
        if c == quote && !escaped {
            f.write_char('\\')?;
        }
        escaped = c == '\\' && !escaped;
        f.write_char(c)?;
    }
    f.write_char(quote)
}

/// Whether a backslash escapes such a quote.
fn escapes(text: &str, quote: char) -> bool {
    let mut escaped = false;
    text.chars().any(|c| {
        let found = escaped && c == quote;
        escaped = c == '\\' && !escaped;
        found
    })
}
