//! A filter as it was written: the tree with its spans, and how it is printed.
//!
//! Printing is canonical: `parse(print(e))` is `e`, and `print(parse(text))` is `text` for canonical text.

use std::fmt::{self, Write};

use super::operator::{Operator, Takes, Value};
use crate::{diagnostic::Span, record::Path};

/// A condition and its place in the filter's text.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it says.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of condition.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// All of them hold; at least two.
    And(Vec<Expr>),
    /// One of them holds; at least two.
    Or(Vec<Expr>),
    /// It does not hold.
    Not(Box<Expr>),
    /// A field against a value.
    Compare(Compare),
}

/// A field, an operator and its operands.
#[derive(Clone, Debug)]
pub struct Compare {
    /// The field.
    pub path: Path,
    /// The operator.
    pub operator: &'static Operator,
    /// Where the operator stands.
    pub operator_span: Span,
    /// One value; many after an operator that takes a list; none after one that takes nothing.
    pub operands: Vec<Operand>,
}

/// A value and its place in the filter's text.
#[derive(Clone, Debug)]
pub struct Operand {
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub span: Span,
}

/// Two conditions are the same if they say the same, wherever they stand.
impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl PartialEq for Compare {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.operator == other.operator && self.operands == other.operands
    }
}

impl PartialEq for Operand {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::And(parts) => joined(f, parts, " and "),
            ExprKind::Or(parts) => joined(f, parts, " or "),
            ExprKind::Not(inner) => {
                f.write_str("not ")?;
                bracketed(f, inner)
            }
            ExprKind::Compare(compare) => compare.fmt(f),
        }
    }
}

/// Brackets stand round every `and` and `or` that is part of another, so that nobody has to know which binds tighter.
fn joined(f: &mut fmt::Formatter<'_>, parts: &[Expr], word: &str) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(word)?;
        }
        bracketed(f, part)?;
    }
    Ok(())
}

fn bracketed(f: &mut fmt::Formatter<'_>, expr: &Expr) -> fmt::Result {
    match expr.kind {
        ExprKind::And(_) | ExprKind::Or(_) => write!(f, "({expr})"),
        ExprKind::Not(_) | ExprKind::Compare(_) => write!(f, "{expr}"),
    }
}

impl fmt::Display for Compare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.operator.spelling)?;
        match (self.operator.takes, self.operands.as_slice()) {
            (Takes::List, operands) => {
                for (at, operand) in operands.iter().enumerate() {
                    f.write_str(if at == 0 { " (" } else { ", " })?;
                    operand.value.fmt(f)?;
                }
                f.write_char(')')
            }
            (_, operands) => operands.iter().try_for_each(|operand| write!(f, " {}", operand.value)),
        }
    }
}

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
