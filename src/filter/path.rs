//! A path as a filter spells it: read and printed by one set of rules.

use std::{borrow::Cow, fmt};

use super::{operator, parser};
use crate::{
    diagnostic::Diagnostic,
    record::{Path, Root, Step, Virtual},
};

impl Path {
    /// Reads a path that stands alone, such as `requestParameters.bucketName`; the spans of the errors lie in `text`.
    pub fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        parser::parse_path(text).map_err(|diagnostic| vec![*diagnostic])
    }

    /// As a filter writes it: names that are no bare word, that a virtual field hides or that look like a keyword stand
    /// in back-quotes. Inside of an `any`, names belong to its element and the record has a name of its own.
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

/// As a filter writes it outside of any `any`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_to(f, false)
    }
}

/// Whether a name needs no back-quotes: `[A-Za-z_@$][A-Za-z0-9_@$:-]*`.
fn is_bare_word(name: &str) -> bool {
    name.starts_with(starts_bare_word) && name.chars().all(continues_bare_word)
}

/// Whether a bare name may begin with `c`.
pub fn starts_bare_word(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '_' | '@' | '$')
}

/// Whether a bare name may go on with `c`.
pub fn continues_bare_word(c: char) -> bool {
    starts_bare_word(c) || c.is_ascii_digit() || matches!(c, ':' | '-')
}

/// Whether a name means something to the grammar, so that a field of that name is best written in back-quotes.
fn is_keyword(name: &str) -> bool {
    const WORDS: &[&str] = &["and", "or", "not", "any", "field", "true", "false", "null"];
    WORDS.iter().any(|word| name.eq_ignore_ascii_case(word)) || operator::named(name).is_some()
}
