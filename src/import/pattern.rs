//! Sigma's texts, in which `*` matches any characters and `?` matches one.
//!
//! A backslash before a wildcard or a backslash makes it literal; before any other character it is literal itself ("Escaping"
//! in the Sigma rules specification).

use std::fmt::Write;

/// A text with wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<PatternPart>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum PatternPart {
    /// Never empty, and never next to another.
    Text(String),
    /// `*`; never next to another.
    Any,
    /// `?`
    One,
}

/// What a pattern matches.
#[derive(Debug, PartialEq, Eq)]
pub enum PatternShape<'p> {
    /// Any value.
    Anything,
    /// This text.
    Equals(&'p str),
    /// A text with this prefix.
    StartsWith(&'p str),
    /// A text with this suffix.
    EndsWith(&'p str),
    /// A text that contains this text.
    Contains(&'p str),
    /// What only a regular expression can express.
    Mixed,
}

impl Pattern {
    /// Parses a text as Sigma writes it.
    pub fn parse(text: &str) -> Self {
        let mut pattern = Self(Vec::new());
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '*' => pattern.push(PatternPart::Any),
                '?' => pattern.push(PatternPart::One),
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

    /// The pattern with `*` before it.
    pub fn after_anything(mut self) -> Self {
        if self.0.first() != Some(&PatternPart::Any) {
            self.0.insert(0, PatternPart::Any);
        }
        self
    }

    /// The pattern with `*` after it.
    pub fn before_anything(mut self) -> Self {
        self.push(PatternPart::Any);
        self
    }

    /// What it matches.
    pub fn shape(&self) -> PatternShape<'_> {
        match self.0.as_slice() {
            [] => PatternShape::Equals(""),
            [PatternPart::Any] => PatternShape::Anything,
            [PatternPart::Text(text)] => PatternShape::Equals(text),
            [PatternPart::Text(text), PatternPart::Any] => PatternShape::StartsWith(text),
            [PatternPart::Any, PatternPart::Text(text)] => PatternShape::EndsWith(text),
            [PatternPart::Any, PatternPart::Text(text), PatternPart::Any] => PatternShape::Contains(text),
            _ => PatternShape::Mixed,
        }
    }

    /// Whether it has a letter outside of ASCII with upper and lower case.
    pub fn has_foreign_case(&self) -> bool {
        self.texts().any(|text| text.chars().any(|c| !c.is_ascii() && has_case(c)))
    }

    /// Whether it has a letter with upper and lower case.
    pub fn has_case(&self) -> bool {
        self.texts().any(|text| text.chars().any(has_case))
    }

    /// The equivalent regular expression.
    pub fn regex(&self, ignore_case: bool) -> String {
        let mut regex = match (ignore_case, self.0.iter().all(|part| matches!(part, PatternPart::Text(_)))) {
            (true, true) => "(?i)".to_owned(),
            (true, false) => "(?is)".to_owned(),
            (false, true) => String::new(),
            (false, false) => "(?s)".to_owned(),
        };
        let (first, last) = (self.0.first() == Some(&PatternPart::Any), self.0.last() == Some(&PatternPart::Any));
        let inner = self.0.get(usize::from(first)..self.0.len() - usize::from(last)).unwrap_or_default();
        regex.push_str(if first { "" } else { "^" });
        for part in inner {
            match part {
                PatternPart::Any => regex.push_str(".*"),
                PatternPart::One => regex.push('.'),
                PatternPart::Text(text) => escape(&mut regex, text),
            }
        }
        regex.push_str(if last { "" } else { "$" });
        regex
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            PatternPart::Text(text) => Some(text.as_str()),
            PatternPart::Any | PatternPart::One => None,
        })
    }

    fn push(&mut self, wildcard: PatternPart) {
        if wildcard != PatternPart::Any || self.0.last() != Some(&PatternPart::Any) {
            self.0.push(wildcard);
        }
    }

    fn push_text(&mut self, c: char) {
        match self.0.last_mut() {
            Some(PatternPart::Text(text)) => text.push(c),
            _ => self.0.push(PatternPart::Text(c.into())),
        }
    }
}

fn has_case(c: char) -> bool {
    !c.to_lowercase().eq([c]) || !c.to_uppercase().eq([c])
}

/// Line breaks and other control characters must be escaped in a filter.
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
        let check =
            |text: &str, expected: PatternShape<'_>| assert_eq!(Pattern::parse(text).shape(), expected, "{text}");
        check("", PatternShape::Equals(""));
        check("a", PatternShape::Equals("a"));
        check(r"a\b", PatternShape::Equals(r"a\b"));
        check(r"a\\b", PatternShape::Equals(r"a\b"));
        check(r"a\\\b", PatternShape::Equals(r"a\\b"));
        check(r"a\\\\b", PatternShape::Equals(r"a\\b"));
        check(r"a\", PatternShape::Equals(r"a\"));
        check(r"a\*\?", PatternShape::Equals("a*?"));
        check(r"a\\*", PatternShape::StartsWith(r"a\"));
        check(r"a\\\*", PatternShape::Equals(r"a\*"));
        check("a**", PatternShape::StartsWith("a"));
        check("*a", PatternShape::EndsWith("a"));
        check("*a*", PatternShape::Contains("a"));
        check("**", PatternShape::Anything);
        check("?", PatternShape::Mixed);
        check("a*b", PatternShape::Mixed);
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
        assert_eq!(Pattern::parse("").after_anything().before_anything().shape(), PatternShape::Anything);
    }
}
