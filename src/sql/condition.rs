//! A condition in SQL, and whether it holds for too many records or for too few.

use std::fmt;

/// Which records a condition that cannot be exact holds for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// At least those for which the filter's condition holds.
    AtLeast,
    /// At most those.
    AtMost,
}

impl Bound {
    /// The bound of a condition whose complement has this one.
    pub fn of_complement(self) -> Self {
        match self {
            Bound::AtLeast => Bound::AtMost,
            Bound::AtMost => Bound::AtLeast,
        }
    }

    /// What holds where nothing is known.
    pub fn unknown(self) -> Condition {
        match self {
            Bound::AtLeast => Condition::Always,
            Bound::AtMost => Condition::Never,
        }
    }
}

/// A condition in SQL. One that SQL finds neither true nor false, because a value is `NULL`, does not hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// It always holds.
    Always,
    /// It never holds.
    Never,
    /// An expression, which binds tighter than `AND`.
    Sql(String),
    /// The value of an expression is there.
    Present(String),
    /// The value of an expression is not there.
    Missing(String),
    /// All of these; at least two.
    All(Vec<Condition>),
    /// One of these; at least two.
    AnyOf(Vec<Condition>),
}

impl Condition {
    /// A condition that holds where all of these do.
    pub fn all(parts: impl IntoIterator<Item = Condition>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Condition::Always => {}
                Condition::Never => return Condition::Never,
                Condition::All(parts) => kept.extend(parts),
                part => kept.push(part),
            }
        }
        match kept.len() {
            0 => Condition::Always,
            1 => kept.pop().unwrap_or(Condition::Always),
            _ => Condition::All(kept),
        }
    }

    /// A condition that holds where one of these does.
    pub fn any_of(parts: impl IntoIterator<Item = Condition>) -> Self {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Condition::Never => {}
                Condition::Always => return Condition::Always,
                Condition::AnyOf(parts) => kept.extend(parts),
                part => kept.push(part),
            }
        }
        match kept.len() {
            0 => Condition::Never,
            1 => kept.pop().unwrap_or(Condition::Never),
            _ => Condition::AnyOf(kept),
        }
    }

    /// The complement, which holds where this one is false or `NULL`.
    pub fn complement(self) -> Self {
        match self {
            Condition::Always => Condition::Never,
            Condition::Never => Condition::Always,
            Condition::Present(value) => Condition::Missing(value),
            Condition::Missing(value) => Condition::Present(value),
            held => Condition::Sql(format!("NOT COALESCE({held}, FALSE)")),
        }
    }

    /// As a condition or its complement.
    pub fn or_complement(self, holds: bool) -> Self {
        if holds { self } else { self.complement() }
    }

    /// The parts of which all must hold.
    pub fn parts(&self) -> &[Condition] {
        match self {
            Condition::All(parts) => parts,
            whole => std::slice::from_ref(whole),
        }
    }
}

/// As SQL, on one line.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            Condition::Always => return f.write_str("TRUE"),
            Condition::Never => return f.write_str("FALSE"),
            Condition::Sql(sql) => return f.write_str(sql),
            Condition::Present(value) => return write!(f, "{value} IS NOT NULL"),
            Condition::Missing(value) => return write!(f, "{value} IS NULL"),
            Condition::All(parts) => (parts, " AND "),
            Condition::AnyOf(parts) => (parts, " OR "),
        };
        for (at, part) in parts.iter().enumerate() {
            let word = if at > 0 { word } else { "" };
            match part {
                Condition::All(_) | Condition::AnyOf(_) => write!(f, "{word}({part})")?,
                part => write!(f, "{word}{part}")?,
            }
        }
        Ok(())
    }
}

impl From<String> for Condition {
    fn from(sql: String) -> Self {
        Condition::Sql(sql)
    }
}
