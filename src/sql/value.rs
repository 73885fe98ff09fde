//! The values that a path reaches, as expressions of SQL.

use super::{
    condition::{Bound, Condition},
    dialect::Dialect,
};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, or `NULL`.
    Text,
    /// The text of a field that records have as text or as a boolean.
    Flag,
    /// A number, or `NULL`.
    Number,
    /// True or false, or `NULL`.
    Bool,
    /// JSON of any type that is no list, or `NULL`.
    Json,
}

/// One value, or `NULL` for none.
#[derive(Clone, Debug)]
pub struct Item {
    /// The expression.
    pub sql: String,
    /// What it is.
    pub kind: Kind,
}

/// The values that a path reaches.
#[derive(Clone, Debug)]
pub enum Values {
    /// At most one. Where the condition holds, it may be another.
    One(Item, Option<Condition>),
    /// The elements of a list.
    Many {
        /// The list; it may be `NULL` if its elements are text.
        list: String,
        /// What its elements are.
        kind: Kind,
    },
    /// An object, of which only this much is known.
    Whole {
        /// Whether it is there.
        present: Condition,
        /// Whether it has no keys, where that is known.
        empty: Option<Condition>,
    },
    /// None in any record.
    Nothing,
    /// A value that the table does not have, and why.
    Unknown(String),
}

impl Item {
    /// A value of this kind.
    pub fn new(sql: impl Into<String>, kind: Kind) -> Self {
        Self { sql: sql.into(), kind }
    }

    /// It as text.
    pub fn text(&self, dialect: Dialect) -> String {
        match self.kind {
            Kind::Json => dialect.scalar(&self.sql),
            Kind::Text | Kind::Flag => self.sql.clone(),
            Kind::Number | Kind::Bool => format!("CAST({} AS VARCHAR)", self.sql),
        }
    }

    /// Whether it is text.
    pub fn is_text(&self, dialect: Dialect, bound: Bound) -> Condition {
        match self.kind {
            Kind::Text => Condition::Always,
            Kind::Flag => bound.unknown(),
            Kind::Number | Kind::Bool => Condition::Never,
            Kind::Json => format!("starts_with({}, '\"')", dialect.printed(&self.sql)).into(),
        }
    }

    /// Whether it is a JSON number.
    pub fn is_number(&self, dialect: Dialect) -> Condition {
        match self.kind {
            Kind::Text | Kind::Flag | Kind::Bool => Condition::Never,
            Kind::Number => Condition::Always,
            Kind::Json => dialect.matches(&dialect.printed(&self.sql), r"\A[-0-9]").into(),
        }
    }

    /// Whether it is there.
    pub fn is_present(&self, dialect: Dialect) -> Condition {
        match self.kind {
            Kind::Json => format!("{} <> 'null'", dialect.printed(&self.sql)).into(),
            Kind::Text | Kind::Flag | Kind::Number | Kind::Bool => Condition::Present(self.sql.clone()),
        }
    }
}
