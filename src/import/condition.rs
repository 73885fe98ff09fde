//! Sigma's condition → one condition of a filter, made of the selections that it names.
//!
//! What it may grow to is bounded by what a filter may have, whatever it repeats.

use std::collections::BTreeSet;

use super::{
    detection::{and, not, or},
    likely,
};
use crate::{diagnostic::shorten, filter::ast::Expr};

/// How deep brackets and `not` may lie in each other; a filter allows no more.
const MAX_NESTING: usize = 64;
/// How long the result may be, printed; a filter may be no longer.
const MAX_LENGTH: usize = 16 * 1024;

/// A selection by its name: its condition, or why there is none.
pub type Selection = (String, Result<Expr, String>);

/// Reads conditions of a rule that stand together as alternatives.
pub struct Conditions<'s> {
    selections: &'s [Selection],
    /// The selections that are named.
    pub used: BTreeSet<&'s str>,
    length: usize,
}

impl<'s> Conditions<'s> {
    /// With the selections that they may name.
    pub fn new(selections: &'s [Selection]) -> Self {
        Self { selections, used: BTreeSet::new(), length: 0 }
    }

    /// Reads one; the error is the reason why it cannot be said in a filter.
    pub fn read(&mut self, text: &str) -> Result<Expr, String> {
        if text.contains('|') {
            return Err("what follows the `|` of the condition counts events, and a filter sees one".to_owned());
        }
        let mut rest = words(text);
        let expr = self.or(&mut rest, 0)?;
        match rest.first() {
            None => Ok(expr),
            Some(word) => Err(format!("the condition cannot go on with `{}`", shorten(word))),
        }
    }

    fn or(&mut self, rest: &mut Words<'_>, depth: usize) -> Result<Expr, String> {
        let mut parts = vec![self.and(rest, depth)?];
        while rest.take("or") {
            parts.push(self.and(rest, depth)?);
        }
        Ok(or(parts))
    }

    fn and(&mut self, rest: &mut Words<'_>, depth: usize) -> Result<Expr, String> {
        let mut parts = vec![self.unary(rest, depth)?];
        while rest.take("and") {
            parts.push(self.unary(rest, depth)?);
        }
        Ok(and(parts))
    }

    fn unary(&mut self, rest: &mut Words<'_>, depth: usize) -> Result<Expr, String> {
        if depth >= MAX_NESTING {
            return Err(format!("the condition is nested more than {MAX_NESTING} deep"));
        }
        if rest.take("not") {
            return self.unary(rest, depth + 1).map(not);
        }
        if rest.take("(") {
            let inner = self.or(rest, depth + 1)?;
            return if rest.take(")") { Ok(inner) } else { Err("a `(` of the condition is never closed".to_owned()) };
        }
        let Some(word) = rest.next() else {
            return Err("the condition ends where a selection is expected".to_owned());
        };
        if !rest.take("of") {
            return self.one(word);
        }
        let Some(pattern) = rest.next() else {
            return Err(format!("the condition ends behind `{} of`", shorten(word)));
        };
        let parts = self.matching(pattern)?;
        match word.to_ascii_lowercase().as_str() {
            "1" | "any" => Ok(or(parts)),
            "all" => Ok(and(parts)),
            _ => Err(format!("`{} of` is none of `1 of`, `any of` and `all of`", shorten(word))),
        }
    }

    fn one(&mut self, name: &str) -> Result<Expr, String> {
        let selections = self.selections;
        match selections.iter().find(|(known, _)| known == name) {
            Some(selection) => self.use_selection(selection),
            None => Err(match likely(name, selections.iter().map(|(known, _)| known.as_str())) {
                Some(known) => {
                    format!("the condition names `{}`, which is not there: did you mean `{known}`?", shorten(name))
                }
                None => format!("the condition names `{}`, which is not there", shorten(name)),
            }),
        }
    }

    /// Names that begin with `_` belong to a pattern only if it begins so too.
    fn matching(&mut self, pattern: &str) -> Result<Vec<Expr>, String> {
        let selections = self.selections;
        let pattern = if pattern.eq_ignore_ascii_case("them") { "*" } else { pattern };
        let named = selections
            .iter()
            .filter(|(name, _)| matches(pattern, name) && (pattern.starts_with('_') || !name.starts_with('_')));
        let parts = named.map(|selection| self.use_selection(selection)).collect::<Result<Vec<_>, _>>()?;
        if parts.is_empty() {
            return Err(format!("the condition asks for `{}`, and no selection is named so", shorten(pattern)));
        }
        Ok(parts)
    }

    fn use_selection(&mut self, (name, condition): &'s Selection) -> Result<Expr, String> {
        self.used.insert(name);
        match condition {
            Ok(expr) => {
                self.length += expr.to_string().len();
                if self.length > MAX_LENGTH {
                    return Err(format!("its filter would be longer than {} KiB", MAX_LENGTH >> 10));
                }
                Ok(expr.clone())
            }
            Err(reason) => Err(format!("`{}`: {reason}", shorten(name))),
        }
    }
}

/// What is left of a condition.
struct Words<'t>(std::iter::Peekable<std::vec::IntoIter<&'t str>>);

impl<'t> Words<'t> {
    fn first(&mut self) -> Option<&'t str> {
        self.0.peek().copied()
    }

    fn next(&mut self) -> Option<&'t str> {
        self.0.next()
    }

    /// Takes the word if it comes next, in any case.
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

/// Whether a name fits a pattern, in which `*` stands for any characters.
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
    fn names_fit_patterns() {
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
