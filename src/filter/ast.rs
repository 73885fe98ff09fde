//! The syntax tree of a filter, with spans, and its printer.
//!
//! The printed form is canonical: `parse(print(e))` is `e`, and `print(parse(text))` is `text` for canonical text.

use std::{
    fmt::{self, Write},
    slice,
};

use super::{
    operand::{Value, print_raw},
    operator::{Meaning, Operator},
};
use crate::{
    diagnostic::Span,
    record::{Path, Zone},
};

/// A condition.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it requires.
    pub kind: ExprKind,
    /// Its place in the filter's text, brackets around it included.
    pub span: Span,
}

/// The kinds of condition.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// All of these hold; at least two.
    And(Vec<Expr>),
    /// One of these holds; at least two.
    Or(Vec<Expr>),
    /// This does not hold.
    Not(Box<Expr>),
    /// The condition holds for one element of the list at the path; paths in the condition begin at the element.
    Any(SpannedPath, Box<Expr>),
    /// A comparison of a field.
    Compare(Compare),
    /// A list of the rules file has no value, or has one.
    List {
        /// Its name.
        list: ListName,
        /// Whether it has none.
        empty: bool,
    },
}

/// A field, an operator and the operator's right side.
#[derive(Clone, Debug)]
pub struct Compare {
    /// The field on the left.
    pub left: SpannedPath,
    /// The operator.
    pub operator: &'static Operator,
    /// The place of the operator in the filter's text.
    pub operator_span: Span,
    /// The right side.
    pub right: Right,
}

/// A path with the place of each of its names.
#[derive(Clone, Debug)]
pub struct SpannedPath {
    /// The path.
    pub path: Path,
    /// The names that the path is written with, in order; empty for a path that was not read from text. Indexes are no
    /// names; `it`, `record` and the names of virtual fields are.
    pub segments: Vec<Segment>,
}

/// One name of a path.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Its place in the text, with its back-quotes.
    pub span: Span,
    /// Whether it is written in back-quotes.
    pub quoted: bool,
}

/// The right side of an operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Right {
    /// Nothing.
    Nothing,
    /// One item.
    One(RightItem),
    /// Items in parentheses; at least one.
    List(Vec<RightItem>),
}

/// What an operator compares with.
#[derive(Clone, Debug, PartialEq)]
pub enum RightItem {
    /// A value.
    Value(Operand),
    /// The values of a list of the rules file, by its name.
    Named(ListName),
    /// The values of another field.
    Field(SpannedPath),
}

impl Right {
    /// Its items; none if it is nothing.
    pub fn items(&self) -> &[RightItem] {
        match self {
            Right::Nothing => &[],
            Right::One(item) => slice::from_ref(item),
            Right::List(items) => items,
        }
    }

    /// The other fields that it names.
    pub fn fields(&self) -> impl Iterator<Item = &SpannedPath> {
        self.items().iter().filter_map(|item| match item {
            RightItem::Field(path) => Some(path),
            RightItem::Value(_) | RightItem::Named(_) => None,
        })
    }

    fn set_zone(&mut self, zone: Zone) {
        let items = match self {
            Right::Nothing => &mut [],
            Right::One(item) => slice::from_mut(item),
            Right::List(items) => items,
        };
        for item in items {
            if let RightItem::Field(other) = item {
                other.path.set_zone(zone);
            }
        }
    }

    /// The lists that it names.
    pub fn lists(&self) -> impl Iterator<Item = &ListName> {
        self.items().iter().filter_map(|item| match item {
            RightItem::Named(list) => Some(list),
            RightItem::Value(_) | RightItem::Field(_) => None,
        })
    }
}

/// A value.
#[derive(Clone, Debug)]
pub struct Operand {
    /// The value.
    pub value: Value,
    /// Its place in the filter's text.
    pub span: Span,
}

/// The name of a list.
#[derive(Clone, Debug)]
pub struct ListName {
    /// The name, without its `$`.
    pub name: String,
    /// Its place in the filter's text, with its `$`.
    pub span: Span,
}

impl Expr {
    /// Makes the hours and the weekdays that it names those of a time zone.
    pub(super) fn set_zone(&mut self, zone: Zone) {
        match &mut self.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter_mut().for_each(|part| part.set_zone(zone)),
            ExprKind::Not(inner) => inner.set_zone(zone),
            ExprKind::Any(list, inner) => {
                list.path.set_zone(zone);
                inner.set_zone(zone);
            }
            ExprKind::Compare(Compare { left, right, .. }) => {
                left.path.set_zone(zone);
                right.set_zone(zone);
            }
            ExprKind::List { .. } => {}
        }
    }
}

/// Equality ignores spans: equal conditions require the same.
impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl PartialEq for Compare {
    fn eq(&self, other: &Self) -> bool {
        self.left == other.left && self.operator == other.operator && self.right == other.right
    }
}

impl PartialEq for Operand {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialEq for SpannedPath {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl From<Path> for SpannedPath {
    fn from(path: Path) -> Self {
        Self { path, segments: Vec::new() }
    }
}

impl SpannedPath {
    /// The place of the whole path; the beginning of the text for a path that was not read from text.
    pub fn span(&self) -> Span {
        match self.segments.as_slice() {
            [first, .., last] => first.span.to(last.span),
            [one] => one.span,
            [] => Span::default(),
        }
    }
}

impl PartialEq for ListName {
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
    /// Its comparisons with named lists, each with the name.
    pub fn listed(&self) -> Vec<(&Compare, &ListName)> {
        match &self.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().flat_map(Expr::listed).collect(),
            ExprKind::Not(inner) | ExprKind::Any(_, inner) => inner.listed(),
            ExprKind::Compare(compare) => compare.right.lists().map(|name| (compare, name)).collect(),
            ExprKind::List { .. } => Vec::new(),
        }
    }

    /// The named lists in it, each as often as it is written.
    pub fn lists(&self) -> Vec<&ListName> {
        match &self.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) => parts.iter().flat_map(Expr::lists).collect(),
            ExprKind::Not(inner) | ExprKind::Any(_, inner) => inner.lists(),
            ExprKind::Compare(compare) => compare.right.lists().collect(),
            ExprKind::List { list, .. } => vec![list],
        }
    }

    /// Prints the condition; `inside` is whether it is part of an `any`.
    ///
    /// # Errors
    ///
    /// `f` returns an error.
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
                path.path.write_to(f, inside)?;
                f.write_str(" (")?;
                inner.write_to(f, true)?;
                f.write_char(')')
            }
            ExprKind::Compare(compare) => compare.write_to(f, inside),
            ExprKind::List { list, empty } => write!(f, "${} {} null", list.name, if *empty { "=" } else { "!=" }),
        }
    }
}

/// Puts every `and` and `or` that is part of another in brackets, so that readers need not know which binds tighter.
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
        ExprKind::Not(_) | ExprKind::Any(..) | ExprKind::Compare(_) | ExprKind::List { .. } => expr.write_to(f, inside),
    }
}

impl Compare {
    /// For `exists`, `= null` and `!= null`, whether it asks for a value (true) or for none; nothing for other comparisons.
    pub fn presence(&self) -> Option<bool> {
        match &self.right {
            _ if self.operator.meaning == Meaning::Present => Some(!self.operator.negated),
            Right::One(RightItem::Value(Operand { value: Value::Null, .. })) => Some(self.operator.negated),
            Right::Nothing | Right::One(_) | Right::List(_) => None,
        }
    }

    /// Prints the comparison; `inside` is whether it is part of an `any`.
    ///
    /// # Errors
    ///
    /// `f` returns an error.
    pub fn write_to(&self, f: &mut impl Write, inside: bool) -> fmt::Result {
        self.left.path.write_to(f, inside)?;
        write!(f, " {}", self.operator.spelling)?;
        match &self.right {
            Right::Nothing => Ok(()),
            Right::One(item) => {
                f.write_char(' ')?;
                self.write_item(item, f, inside)
            }
            Right::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    f.write_str(if at == 0 { " (" } else { ", " })?;
                    self.write_item(item, f, inside)?;
                }
                f.write_char(')')
            }
        }
    }

    fn write_item(&self, item: &RightItem, f: &mut impl Write, inside: bool) -> fmt::Result {
        match item {
            RightItem::Value(Operand { value: Value::Text(text), .. }) if self.operator.raw => print_raw(f, text),
            RightItem::Value(operand) => write!(f, "{}", operand.value),
            RightItem::Named(list) => write!(f, "${}", list.name),
            RightItem::Field(path) => {
                f.write_str("field ")?;
                path.path.write_to(f, inside)
            }
        }
    }
}
