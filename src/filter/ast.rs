//! A filter as it was written: the tree with its spans, and how it is printed.
//!
//! Printing is canonical: `parse(print(e))` is `e`, and `print(parse(text))` is `text` for canonical text.

use std::fmt::{self, Write};

use super::{
    operand::{Value, print_raw},
    operator::Operator,
};
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
    /// It holds for one element of a list; paths inside begin at the element.
    Any(Path, Box<Expr>),
    /// A field against a value.
    Compare(Compare),
}

/// A field, an operator and what stands on its right.
#[derive(Clone, Debug)]
pub struct Compare {
    /// The field.
    pub path: Path,
    /// The operator.
    pub operator: &'static Operator,
    /// Where the operator stands.
    pub operator_span: Span,
    /// What stands on its right.
    pub right: Right,
}

/// What stands on the right of an operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Right {
    /// Nothing.
    Nothing,
    /// One value.
    Value(Operand),
    /// Values in parentheses; at least one.
    List(Vec<Operand>),
    /// A list of the rules file, by its name.
    Named(Name),
    /// Another field.
    Field(Path),
}

/// A value and its place in the filter's text.
#[derive(Clone, Debug)]
pub struct Operand {
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub span: Span,
}

/// The name of a list, without its `$`, and its place in the filter's text.
#[derive(Clone, Debug)]
pub struct Name {
    /// The name.
    pub name: String,
    /// Where it stands, with its `$`.
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
        self.path == other.path && self.operator == other.operator && self.right == other.right
    }
}

impl PartialEq for Operand {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f, false)
    }
}

impl Expr {
    /// The comparisons in it with named lists, and the names.
    pub fn listed(&self) -> Vec<(&Compare, &Name)> {
        match &self.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().flat_map(Expr::listed).collect(),
            ExprKind::Not(inner) | ExprKind::Any(_, inner) => inner.listed(),
            ExprKind::Compare(compare) => match &compare.right {
                Right::Named(name) => vec![(compare, name)],
                _ => Vec::new(),
            },
        }
    }

    /// Prints it as it stands at the top of a filter, or inside of an `any`.
    pub fn write_to(&self, f: &mut impl Write, inside: bool) -> fmt::Result {
        match &self.kind {
            ExprKind::And(parts) => joined(f, parts, " and ", inside),
            ExprKind::Or(parts) => joined(f, parts, " or ", inside),
            ExprKind::Not(inner) => {
                f.write_str("not ")?;
                bracketed(f, inner, inside)
            }
            ExprKind::Any(path, inner) => {
                f.write_str("any ")?;
                path.write_to(f, inside)?;
                f.write_str(" (")?;
                inner.write_to(f, true)?;
                f.write_char(')')
            }
            ExprKind::Compare(compare) => compare.write_to(f, inside),
        }
    }
}

/// Brackets stand round every `and` and `or` that is part of another, so that nobody has to know which binds tighter.
fn joined(f: &mut impl Write, parts: &[Expr], word: &str, inside: bool) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            f.write_str(word)?;
        }
        bracketed(f, part, inside)?;
    }
    Ok(())
}

fn bracketed(f: &mut impl Write, expr: &Expr, inside: bool) -> fmt::Result {
    match expr.kind {
        ExprKind::And(_) | ExprKind::Or(_) => {
            f.write_char('(')?;
            expr.write_to(f, inside)?;
            f.write_char(')')
        }
        ExprKind::Not(_) | ExprKind::Any(..) | ExprKind::Compare(_) => expr.write_to(f, inside),
    }
}

impl Compare {
    /// Prints it as it stands at the top of a filter, or inside of an `any`.
    pub fn write_to(&self, f: &mut impl Write, inside: bool) -> fmt::Result {
        self.path.write_to(f, inside)?;
        write!(f, " {}", self.operator.spelling)?;
        let value = |f: &mut dyn Write, value: &Value| match value {
            Value::Text(text) if self.operator.raw => {
                let mut raw = String::new();
                print_raw(&mut raw, text)?;
                f.write_str(&raw)
            }
            value => write!(f, "{value}"),
        };
        match &self.right {
            Right::Nothing => Ok(()),
            Right::Value(operand) => {
                f.write_char(' ')?;
                value(f, &operand.value)
            }
            Right::List(operands) => {
                for (at, operand) in operands.iter().enumerate() {
                    f.write_str(if at == 0 { " (" } else { ", " })?;
                    value(f, &operand.value)?;
                }
                f.write_char(')')
            }
            Right::Named(list) => write!(f, " ${}", list.name),
            Right::Field(path) => {
                f.write_str(" field ")?;
                path.write_to(f, inside)
            }
        }
    }
}
