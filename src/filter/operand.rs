//! What stands on the right of an operator, and what becomes of it there.

use std::{
    fmt::{self, Write},
    sync::Arc,
};

use crate::{number::Number, record::Scalar};

/// What stands on the right of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// One value: text, number, true or false.
    Value,
    /// One value or `null`.
    ValueOrNull,
    /// One value, or a list; the operator holds if it holds for any value of the list.
    ValueOrList,
    /// A list of values; the operator holds if it holds for any of them.
    List,
    /// Nothing.
    Nothing,
}

impl Takes {
    /// Whether a list may stand there.
    pub fn list(self) -> bool {
        matches!(self, Takes::List | Takes::ValueOrList)
    }
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
    pub expected: String,
    /// The repair.
    pub help: String,
}

impl Refusal {
    pub(super) fn of<T>(expected: impl Into<String>, help: impl Into<String>) -> Result<T, Self> {
        Err(Self { expected: expected.into(), help: help.into() })
    }
}

/// Text that a value must have for an operator to hold; what an index may rely on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requires {
    /// It is this string.
    Exact(String),
    /// It is a string that begins so.
    Prefix(String),
    /// It is a string with this in it.
    Substring(String),
    /// Nothing that can be relied on. Always sound.
    Nothing,
}

/// What a field of a record must hold for a filter to match: a value that is as required, or a list with such a value
/// in it at any depth.
#[derive(Clone)]
pub struct Needs {
    /// The keys that lead to it, one or two.
    pub keys: Vec<String>,
    /// What its value must be.
    pub value: Requires,
    /// A test that its value must pass, where the filter looks at the value itself and not only at what lies in it.
    pub test: Option<Test>,
}

impl Needs {
    /// A field that need only be there.
    pub(super) fn field(keys: &[&str]) -> Self {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Self { keys, value: Requires::Nothing, test: None }
    }

    /// How many records have it and how soon that is told, as a guess for comparing: every event has one source out of
    /// some hundred and one name out of thousands, and what lies deeper takes longer to find.
    pub fn commonness(&self) -> u8 {
        let top = match &*self.keys {
            [key] => Some(key.as_str()),
            _ => None,
        };
        match (&self.value, top) {
            (Requires::Exact(_) | Requires::Prefix(_), Some("eventName")) => 0,
            (Requires::Exact(_), Some("eventSource" | "awsRegion" | "eventType" | "recipientAccountId")) => 2,
            (Requires::Exact(_), Some(_)) => 1,
            (Requires::Prefix(_) | Requires::Substring(_), Some(_)) => 3,
            (Requires::Nothing, Some("errorCode" | "errorMessage")) => 4,
            (Requires::Nothing, Some(_)) if self.test.is_some() => 5,
            (Requires::Exact(_) | Requires::Prefix(_) | Requires::Substring(_), None) => 6,
            (Requires::Nothing, None) => 7,
            (Requires::Nothing, Some(_)) => 8,
        }
    }
}

/// As a filter writes it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
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

/// Text as an operator with raw text writes it: in the quotes that need no backslash where one already stands.
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

/// Whether a backslash belongs to such a quote.
fn escapes(text: &str, quote: char) -> bool {
    let mut escaped = false;
    text.chars().any(|c| {
        let found = escaped && c == quote;
        escaped = c == '\\' && !escaped;
        found
    })
}
