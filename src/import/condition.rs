//! Sigma's condition → one condition of a filter, composed of the selections that it names.
//!
//! The size of the result is bounded by the maximum of a filter, however often a selection is repeated.

use std::collections::BTreeSet;

use thiserror::Error;

use super::{
    detection::SelectionError,
    expr::{and, not, or},
    name::suggestion,
};
use crate::{diagnostic::shorten, filter::ast::Expr};

/// How deep brackets and `not` may be nested; a filter allows no more.
const MAX_NESTING: usize = 64;
/// The maximum length of the result when printed, in bytes; a filter allows no more.
const MAX_LENGTH: usize = 16 * 1024;

/// A named selection: its condition, or why it cannot be converted.
pub type Selection = (String, Result<Expr, SelectionError>);

/// Why a condition cannot be converted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConditionError {
    /// An aggregation.
    #[error("the part of the condition after `|` counts events, and a filter sees one event")]
    Aggregation,
    /// A word that cannot follow the one before it.
    #[error("the condition cannot continue with `{0}`")]
    Unexpected(String),
    /// Nested deeper than a filter.
    #[error("the condition is nested more than {MAX_NESTING} deep")]
    TooDeep,
    /// A bracket that is not closed.
    #[error("a `(` of the condition is not closed")]
    NotClosed,
    /// The end in the place of a selection.
    #[error("the condition ends where a selection is expected")]
    NoSelection,
    /// The end after `of`.
    #[error("the condition ends after `{0} of`")]
    EndsAfterOf(String),
    /// A quantifier that does not exist.
    #[error("`{0} of` must be `1 of`, `any of` or `all of`")]
    Quantifier(String),
    /// A name without a selection.
    #[error("the condition names the selection `{name}`, which does not exist{suggestion}")]
    UnknownSelection {
        /// The name, shortened.
        name: String,
        /// As [`suggestion`] returns it.
        suggestion: String,
    },
    /// A pattern without a selection.
    #[error("the condition names `{0}`, which matches no selection")]
    NoMatch(String),
    /// A selection that cannot be converted.
    #[error("`{name}`")]
    Selection {
        /// The name, shortened.
        name: String,
        /// Why.
        #[source]
        source: SelectionError,
    },
    /// Longer than a filter.
    #[error("its filter would be longer than {} KiB", MAX_LENGTH >> 10)]
    TooLong,
}

/// Reads the conditions of a rule, which are alternatives.
pub struct Conditions<'s> {
    selections: &'s [Selection],
    /// The names of the selections that a condition uses.
    pub used: BTreeSet<&'s str>,
    length: usize,
}

impl<'s> Conditions<'s> {
    /// For conditions over these selections.
    pub fn new(selections: &'s [Selection]) -> Self {
        Self { selections, used: BTreeSet::new(), length: 0 }
    }

    /// Reads one condition.
    ///
    /// # Errors
    ///
    /// If the condition is invalid or a filter cannot express it.
    pub fn read(&mut self, text: &str) -> Result<Expr, ConditionError> {
        if text.contains('|') {
            return Err(ConditionError::Aggregation);
        }
        let mut rest = words(text);
        let expr = self.or(&mut rest, 0)?;
        match rest.first() {
            None => Ok(expr),
            Some(word) => Err(ConditionError::Unexpected(shorten(word))),
        }
    }

    fn or(&mut self, rest: &mut Words<'_>, depth: usize) -> Result<Expr, ConditionError> {
        let mut parts = vec![self.and(rest, depth)?];
        while rest.take("or") {
            parts.push(self.and(rest, depth)?);
        }
        Ok(or(parts))
    }

    fn and(&mut self, rest: &mut Words<'_>, depth: usize) -> Result<Expr, ConditionError> {
        let mut parts = vec![self.unary(rest, depth)?];
        while rest.take("and") {
            parts.push(self.unary(rest, depth)?);
        }
        Ok(and(parts))
    }

    fn unary(&mut self, rest: &mut Words<'_>, depth: usize) -> Result<Expr, ConditionError> {
        if depth >= MAX_NESTING {
            return Err(ConditionError::TooDeep);
        }
        if rest.take("not") {
            return self.unary(rest, depth + 1).map(not);
        }
        if rest.take("(") {
            let inner = self.or(rest, depth + 1)?;
            return if rest.take(")") { Ok(inner) } else { Err(ConditionError::NotClosed) };
        }
        let Some(word) = rest.next() else {
            return Err(ConditionError::NoSelection);
        };
        if !rest.take("of") {
            return self.one(word);
        }
        let Some(pattern) = rest.next() else {
            return Err(ConditionError::EndsAfterOf(shorten(word)));
        };
        let parts = self.matching(pattern)?;
        match word.to_ascii_lowercase().as_str() {
            "1" | "any" => Ok(or(parts)),
            "all" => Ok(and(parts)),
            _ => Err(ConditionError::Quantifier(shorten(word))),
        }
    }

    fn one(&mut self, name: &str) -> Result<Expr, ConditionError> {
        let selections = self.selections;
        if let Some(selection) = selections.iter().find(|(known, _)| known == name) {
            return self.use_selection(selection);
        }
        let suggestion = suggestion(name, selections.iter().map(|(known, _)| known.as_str()));
        Err(ConditionError::UnknownSelection { name: shorten(name), suggestion })
    }

    /// The selections that match a pattern. Names that begin with `_` match only patterns that begin with `_`.
    fn matching(&mut self, pattern: &str) -> Result<Vec<Expr>, ConditionError> {
        let selections = self.selections;
        let pattern = if pattern.eq_ignore_ascii_case("them") { "*" } else { pattern };
        let named = selections
            .iter()
            .filter(|(name, _)| matches(pattern, name) && (pattern.starts_with('_') || !name.starts_with('_')));
        let parts = named.map(|selection| self.use_selection(selection)).collect::<Result<Vec<_>, _>>()?;
        if parts.is_empty() {
            return Err(ConditionError::NoMatch(shorten(pattern)));
        }
        Ok(parts)
    }

    fn use_selection(&mut self, (name, condition): &'s Selection) -> Result<Expr, ConditionError> {
        self.used.insert(name);
        match condition {
            Ok(expr) => {
                self.length += expr.to_string().len();
                if self.length > MAX_LENGTH {
                    return Err(ConditionError::TooLong);
                }
                Ok(expr.clone())
            }
            Err(error) => Err(ConditionError::Selection { name: shorten(name), source: error.clone() }),
        }
    }
}

/// The rest of a condition.
struct Words<'t>(std::iter::Peekable<std::vec::IntoIter<&'t str>>);

impl<'t> Words<'t> {
    fn first(&mut self) -> Option<&'t str> {
        self.0.peek().copied()
    }

    fn next(&mut self) -> Option<&'t str> {
        self.0.next()
    }

    /// Consumes the word if it is next, in any case. Returns whether it was.
    fn take(&mut self, word: &str) -> bool {
        self.0.next_if(|next| next.eq_ignore_ascii_case(word)).is_some()
    }
}

fn words(text: &str) -> Words<'_> {
    let mut words = Vec::new();
    for chunk in text.split_whitespace() {
        let mut rest = chunk;
        while !rest.is_empty() {
            let length = match rest.find(['(', ')']) {
                Some(0) => 1,
                Some(length) => length,
                None => rest.len(),
            };
            let (word, after) = rest.split_at(length);
            words.push(word);
            rest = after;
        }
    }
    Words(words.into_iter().peekable())
}

/// Whether a name matches a pattern, in which `*` matches any characters.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, others)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let (middle, last) = others.rsplit_once('*').unwrap_or(("", others));
    for part in middle.split('*') {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_patterns() {
        for (pattern, name, expected) in [
            ("a*", "a", true),
            ("a*", "ab", true),
            ("a*", "ba", false),
            ("*", "", true),
            ("*a", "ba", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "axbxc", true),
            ("a*b*c", "ac", false),
            ("a*a", "a", false),
            ("a", "ab", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
