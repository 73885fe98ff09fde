//! Where in a filter's text the names of a path stand.
//!
//! The tree knows the places of conditions and operators; a path begins where its condition does, or behind `any` or
//! `field`.

use crate::{
    diagnostic::Span,
    filter::{
        ast::{Compare, Expr},
        continues_bare_word,
    },
};

/// One name of a path.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    pub span: Span,
    /// Whether it stands in back-quotes.
    pub quoted: bool,
}

/// The names of the path that a comparison begins with.
pub fn left(text: &str, expr: &Expr) -> Vec<Name> {
    names(text, inside_brackets(text, expr.span.start))
}

/// The names of the path behind `field`.
pub fn right(text: &str, compare: &Compare) -> Vec<Name> {
    names(text, behind_word(text, skip(text, compare.operator_span.end, char::is_whitespace)))
}

/// The names of the path behind `any`.
pub fn any(text: &str, expr: &Expr) -> Vec<Name> {
    names(text, behind_word(text, inside_brackets(text, expr.span.start)))
}

/// The names of a path that is the whole text.
pub fn alone(text: &str) -> Vec<Name> {
    names(text, skip(text, 0, char::is_whitespace))
}

/// The span of a whole path.
pub fn whole(names: &[Name]) -> Span {
    match names {
        [first, .., last] => first.span.to(last.span),
        [one] => one.span,
        [] => Span::default(),
    }
}

/// A condition in brackets begins at the outermost.
fn inside_brackets(text: &str, start: usize) -> usize {
    skip(text, start, |c| c == '(' || c.is_whitespace())
}

fn behind_word(text: &str, start: usize) -> usize {
    skip(text, skip(text, start, continues_bare_word), char::is_whitespace)
}

fn skip(text: &str, start: usize, skipped: impl Fn(char) -> bool) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    text.len() - rest.trim_start_matches(skipped).len()
}

fn names(text: &str, mut at: usize) -> Vec<Name> {
    let mut names = Vec::new();
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let quoted = rest.starts_with('`');
        let end = match rest.strip_prefix('`') {
            Some(name) => at + name.find('`').map_or(rest.len(), |length| length + 2),
            None => skip(text, at, continues_bare_word),
        };
        names.push(Name { span: Span::new(at, end), quoted });
        at = end;
        while text[at..].starts_with('[') {
            at += text[at..].find(']').map_or(text.len() - at, |length| length + 1);
        }
        if !text[at..].starts_with('.') {
            return names;
        }
        at += 1;
    }
}
