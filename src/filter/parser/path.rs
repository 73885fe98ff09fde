//! A path as a filter spells it: parsed and printed by one set of rules.

use std::{borrow::Cow, fmt};

use winnow::{Parser, combinator::opt, error::ErrMode, stream::Location, token::take_while};

use super::token::{Input, Parsed, continues_bare_word, cut, starts_bare_word, unexpected, whole, word};
use crate::{
    diagnostic::{Diagnostic, Span},
    filter::{
        ast::{Segment, SpannedPath},
        mistake, operator,
    },
    record::{Path, Root, Step, Virtual},
};

impl Path {
    /// Parses a text that is one path, such as `requestParameters.bucketName`.
    ///
    /// # Errors
    ///
    /// The first mistake in the text; its spans are bytes of `text`.
    pub fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        SpannedPath::parse(text).map(|parsed| parsed.path)
    }

    /// Prints the path as a filter spells it: a name is in back-quotes if it is no bare word, if a virtual field or a named
    /// list hides it or if it is a keyword. In an `any`, names are those of the element, and `record` is the record.
    ///
    /// # Errors
    ///
    /// `f` returns an error.
    pub fn write_to(&self, f: &mut impl fmt::Write, inside_any: bool) -> fmt::Result {
        let mut first = true;
        let mut begin = |f: &mut dyn fmt::Write, text: &str| {
            let dot = if std::mem::take(&mut first) { "" } else { "." };
            write!(f, "{dot}{text}")
        };
        let relative = match self.root {
            Root::Element => {
                if !matches!(self.steps.first(), Some(Step::Key(_))) {
                    begin(f, "it")?;
                }
                true
            }
            Root::Record | Root::Virtual(_) => {
                if inside_any || self.steps.is_empty() && self.root == Root::Record {
                    begin(f, "record")?;
                }
                false
            }
        };
        if let Root::Virtual(field) = self.root {
            begin(f, field.name())?;
        }
        for (at, step) in self.steps.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => {
                    let leads = at == 0 && !matches!(self.root, Root::Virtual(_));
                    let hidden = leads
                        && (is_keyword(key)
                            || key.starts_with('$')
                            || !relative && mistake::is_foreign_name(key)
                            || !relative && Virtual::named(key).is_some()
                            || relative && matches!(key.as_str(), "it" | "record"));
                    let plain = is_bare_word(key) && !hidden;
                    begin(f, &if plain { Cow::Borrowed(key.as_str()) } else { Cow::Owned(format!("`{key}`")) })?;
                }
            }
        }
        Ok(())
    }
}

/// As a filter spells it outside of `any`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f, false)
    }
}

/// Whether a name needs no back-quotes: `[A-Za-z_@$][A-Za-z0-9_@$:-]*`.
fn is_bare_word(name: &str) -> bool {
    name.starts_with(starts_bare_word) && name.chars().all(continues_bare_word)
}

/// Whether a name has a meaning in the grammar, so that a field of that name is printed in back-quotes.
fn is_keyword(name: &str) -> bool {
    const WORDS: &[&str] = &["and", "or", "not", "any", "field", "true", "false", "null"];
    WORDS.iter().any(|word| name.eq_ignore_ascii_case(word)) || operator::named(name).is_some()
}

impl SpannedPath {
    /// Parses a text that is one path.
    ///
    /// # Errors
    ///
    /// The first mistake in the text; its spans are bytes of `text`.
    pub fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        let parsed =
            whole(text, |input| path(input, false), mistake::after_path).map_err(|diagnostic| vec![*diagnostic])?;
        match mistake::misnamed(&parsed, text) {
            Some((finding, _)) => Err(vec![finding]),
            None => Ok(parsed),
        }
    }
}

/// A path; backtracks where there is none at all. `inside` an `any`, names are those of its element.
pub fn path(input: &mut Input<'_>, inside: bool) -> Parsed<SpannedPath> {
    let (first, segment) = name(input)?;
    let mut segments = vec![segment];
    let (root, steps) = match (first.as_str(), Virtual::named(&first)) {
        ("it", _) if inside && !segment.quoted => (Root::Element, Vec::new()),
        ("record", _) if inside && !segment.quoted => record(input, &mut segments)?,
        _ if inside => (Root::Element, vec![Step::Key(first)]),
        (_, Some(field)) if !segment.quoted => (Root::Virtual(field), Vec::new()),
        _ => (Root::Record, vec![Step::Key(first)]),
    };
    let mut path = Path { root, steps };
    loop {
        if opt('.').parse_next(input)?.is_some() {
            let (name, segment) = further_name(input)?;
            segments.push(segment);
            path.steps.push(Step::Key(name));
        } else if opt('[').parse_next(input)?.is_some() {
            path.steps.push(Step::Index(index(input)?));
        } else {
            return Ok(SpannedPath { path, segments });
        }
    }
}

/// The part after `record` in an `any`: a path as it is written outside of `any`.
fn record(input: &mut Input<'_>, segments: &mut Vec<Segment>) -> Parsed<(Root, Vec<Step>)> {
    if opt('.').parse_next(input)?.is_none() {
        return Ok((Root::Record, Vec::new()));
    }
    let (first, segment) = further_name(input)?;
    segments.push(segment);
    Ok(match Virtual::named(&first).filter(|_| !segment.quoted) {
        Some(field) => (Root::Virtual(field), Vec::new()),
        None => (Root::Record, vec![Step::Key(first)]),
    })
}

/// A name after a `.`.
fn further_name(input: &mut Input<'_>) -> Parsed<(String, Segment)> {
    match name(input) {
        Err(ErrMode::Backtrack(_)) => Err(cut(mistake::expected_segment(unexpected(input)))),
        name => name,
    }
}

/// A list index after its `[`.
fn index(input: &mut Input<'_>) -> Parsed<usize> {
    let start = input.current_token_start() - 1;
    let inside: &str = take_while(0.., |c: char| c != ']' && !c.is_whitespace()).parse_next(input)?;
    let closed = opt(']').parse_next(input)?.is_some();
    let digits = inside.bytes().all(|byte| byte.is_ascii_digit());
    match inside.parse() {
        Ok(index) if closed && digits => Ok(index),
        _ => Err(cut(mistake::bad_index(inside, closed, Span::new(start, input.current_token_start())))),
    }
}

/// A name, bare or in back-quotes.
fn name(input: &mut Input<'_>) -> Parsed<(String, Segment)> {
    let opening = input.current_token_start();
    if opt('`').parse_next(input)?.is_none() {
        let name = word(input)?.to_owned();
        let span = Span::new(opening, input.current_token_start());
        return Ok((name, Segment { span, quoted: false }));
    }
    let name = take_while(0.., |c| !matches!(c, '`' | '\n' | '\r')).parse_next(input)?;
    match opt('`').parse_next(input)? {
        Some(_) if name.is_empty() => Err(cut(mistake::empty_name(Span::new(opening, opening + 2)))),
        Some(_) => {
            let span = Span::new(opening, input.current_token_start());
            Ok((name.to_owned(), Segment { span, quoted: true }))
        }
        None => Err(cut(mistake::unclosed_quote('`', name, unexpected(input), Span::new(opening, opening + 1)))),
    }
}
