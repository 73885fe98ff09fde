//! The operator table: everything about an operator stands in its one entry.
//!
//! Parser, suggestions, `trailbell help filter`, the index and the tests read the table. It lies in one file for each
//! kind of operator; to add one is to add an entry to the file of its kind.

mod network;
mod pattern;
mod text;
mod value;

pub use value::present;

use super::operand::{Refusal, Requires, Takes, Test, Value};
use crate::record::Scalar;

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
    /// Whether text on its right is taken as it stands, backslashes and all.
    pub raw: bool,
    /// Whether it is the exact complement of what `compile` makes.
    pub negated: bool,
    /// What it means on one scalar, given its operand; shown no list, since the elements come one by one.
    pub compile: fn(&Value) -> Result<Test, Refusal>,
    /// What it means on two fields, where it can stand between them; shown no null.
    pub between: Option<fn(Scalar<'_>, Scalar<'_>) -> bool>,
    /// What a value must be for it to hold.
    pub requires: fn(&Value) -> Requires,
    /// A filter, a record, and whether it matches.
    pub examples: &'static [(&'static str, &'static str, bool)],
}

impl PartialEq for Operator {
    fn eq(&self, other: &Self) -> bool {
        self.spelling == other.spelling
    }
}

/// What most entries have in common.
const PLAIN: Operator = Operator {
    spelling: "",
    summary: "",
    extension: true,
    takes: Takes::Value,
    raw: false,
    negated: false,
    compile: value::equals,
    between: None,
    requires: nothing,
    examples: &[],
};

/// Every operator of the language.
pub fn all() -> impl Iterator<Item = &'static Operator> {
    [value::OPERATORS, text::OPERATORS, pattern::OPERATORS, network::OPERATORS].into_iter().flatten()
}

/// The operator of that spelling, in any case.
pub fn named(spelling: &str) -> Option<&'static Operator> {
    all().find(|operator| operator.spelling.eq_ignore_ascii_case(spelling))
}

fn nothing(_: &Value) -> Requires {
    Requires::Nothing
}

/// The text of an operand, for operators that see nothing else.
fn as_text(operand: &Value) -> Result<&str, Refusal> {
    match operand {
        Value::Text(text) => Ok(text),
        Value::Number(_) | Value::Bool(_) => Refusal::of("expected text", format!("quote it: `\"{operand}\"`")),
        Value::Null => Refusal::of("expected text", "to test for no value, write `= null`"),
    }
}
