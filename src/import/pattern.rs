//! Sigma's texts, in which `*` stands for any characters and `?` for one.
//!
//! A backslash before a wildcard or a backslash takes its meaning away; before anything else it is itself ("Escaping" in
//! the Sigma rules specification).

use std::fmt::Write;

/// A text with wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Never empty, and never beside another.
    Text(String),
    /// `*`; never beside another.
    Any,
    /// `?`
    One,
}

/// What a pattern asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Shape<'p> {
    /// Whatever there is.
    Anything,
    /// This text.
    Equals(&'p str),
    /// A text that begins so.
    StartsWith(&'p str),
    /// A text that ends so.
    EndsWith(&'p str),
    /// A text with this in it.
    Contains(&'p str),
    /// What only a regular expression can say.
    Mixed,
}

impl Pattern {
    /// Reads a text as Sigma writes it.
    pub fn parse(text: &str) -> Self {
        let mut pattern = Self(Vec::new());
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '*' => pattern.push(Part::Any),
                '?' => pattern.push(Part::One),
                '\\' => match chars.clone().next() {
                    Some(escaped @ ('*' | '?' | '\\')) => {
                        chars.next();
                        pattern.push_text(escaped);
                    }
                    _ => pattern.push_text('\\'),
                },
                c => pattern.push_text(c),
            }
        }
        pattern
    }

    /// With anything before it.
    pub fn after_anything(mut self) -> Self {
        if self.0.first() != Some(&Part::Any) {
            self.0.insert(0, Part::Any);
        }
        self
    }

    /// With anything behind it.
    pub fn before_anything(mut self) -> Self {
        self.push(Part::Any);
        self
    }

    /// What it asks for.
    pub fn shape(&self) -> Shape<'_> {
        match self.0.as_slice() {
            [] => Shape::Equals(""),
            [Part::Any] => Shape::Anything,
            [Part::Text(text)] => Shape::Equals(text),
            [Part::Text(text), Part::Any] => Shape::StartsWith(text),
            [Part::Any, Part::Text(text)] => Shape::EndsWith(text),
            [Part::Any, Part::Text(text), Part::Any] => Shape::Contains(text),
            _ => Shape::Mixed,
        }
    }

    /// Whether a letter outside of ASCII in it has a case.
    pub fn has_foreign_case(&self) -> bool {
        self.texts().any(|text| text.chars().any(|c| !c.is_ascii() && has_case(c)))
    }

    /// Whether a letter in it has a case.
    pub fn has_case(&self) -> bool {
        self.texts().any(|text| text.chars().any(has_case))
    }

    /// The regular expression that says the same.
    pub fn regex(&self, ignore_case: bool) -> String {
        let mut regex = match (ignore_case, self.0.iter().all(|part| matches!(part, Part::Text(_)))) {
            (true, true) => "(?i)".to_owned(),
            (true, false) => "(?is)".to_owned(),
            (false, true) => String::new(),
            (false, false) => "(?s)".to_owned(),
        };
        let (first, last) = (self.0.first() == Some(&Part::Any), self.0.last() == Some(&Part::Any));
        let inner = self.0.get(usize::from(first)..self.0.len() - usize::from(last)).unwrap_or_default();
        regex.push_str(if first { "" } else { "^" });
        for part in inner {
            match part {
                Part::Any => regex.push_str(".*"),
                Part::One => regex.push('.'),
                Part::Text(text) => escape(&mut regex, text),
            }
        }
        regex.push_str(if last { "" } else { "$" });
        regex
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Any | Part::One => None,
        })
    }

    fn push(&mut self, wildcard: Part) {
        if wildcard != Part::Any || self.0.last() != Some(&Part::Any) {
            self.0.push(wildcard);
        }
    }

    fn push_text(&mut self, c: char) {
        match self.0.last_mut() {
            Some(Part::Text(text)) => text.push(c),
            _ => self.0.push(Part::Text(c.into())),
        }
    }
}

fn has_case(c: char) -> bool {
    !c.to_lowercase().eq([c]) || !c.to_uppercase().eq([c])
}

/// Line breaks and other control characters cannot stand in a filter as they are.
fn escape(regex: &mut String, text: &str) {
    for c in regex::escape(text).chars() {
        if c.is_control() {
            // Writing to a string cannot fail.
            let _ = write!(regex, "\\x{{{:x}}}", u32::from(c));
        } else {
            regex.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of "Escaping" in the Sigma rules specification.
    #[test]
    fn wildcards_and_escapes() {
        let check = |text: &str, expected: Shape<'_>| assert_eq!(Pattern::parse(text).shape(), expected, "{text}");
        check("", Shape::Equals(""));
        check("a", Shape::Equals("a"));
        check(r"a\b", Shape::Equals(r"a\b"));
        check(r"a\\b", Shape::Equals(r"a\b"));
        check(r"a\\\b", Shape::Equals(r"a\\b"));
        check(r"a\\\\b", Shape::Equals(r"a\\b"));
        check(r"a\", Shape::Equals(r"a\"));
        check(r"a\*\?", Shape::Equals("a*?"));
        check(r"a\\*", Shape::StartsWith(r"a\"));
        check(r"a\\\*", Shape::Equals(r"a\*"));
        check("a**", Shape::StartsWith("a"));
        check("*a", Shape::EndsWith("a"));
        check("*a*", Shape::Contains("a"));
        check("**", Shape::Anything);
        check("?", Shape::Mixed);
        check("a*b", Shape::Mixed);
    }

    #[test]
    fn regular_expressions() {
        let check = |text: &str, expected: &str| assert_eq!(Pattern::parse(text).regex(true), expected, "{text}");
        check("a*b", "(?is)^a.*b$");
        check("*a?b*", "(?is)a.b");
        check("?", "(?is)^.$");
        check("a.b", r"(?i)^a\.b$");
        check("a\n*b", r"(?is)^a\x{a}.*b$");
        assert_eq!(Pattern::parse("a*b").regex(false), "(?s)^a.*b$");
        assert_eq!(Pattern::parse("*").regex(false), "(?s)");
    }

    #[test]
    fn anything_is_added_once() {
        assert_eq!(Pattern::parse("*a*").after_anything().before_anything(), Pattern::parse("*a*"));
        assert_eq!(Pattern::parse("").after_anything().before_anything().shape(), Shape::Anything);
    }
}
