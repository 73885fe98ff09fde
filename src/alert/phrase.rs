//! Text that keeps track of who chose its words, so that every format can escape each part as it must.

/// Parts in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phrase(Vec<PhrasePart>);

/// A part of a phrase, by who chose its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhrasePart {
    /// Words of this program.
    Ours(String),
    /// Words of the author of the rules: trusted, but without the markup of any format.
    Rule(String),
    /// A value of a record, which an attacker can have chosen.
    Theirs(String),
    /// The same, in quotes with all quotes inside escaped.
    Quoted(String),
    /// A link that this program made of checked parts.
    Link(String),
}

impl Phrase {
    /// A phrase that begins with words of this program.
    pub fn ours(text: impl Into<String>) -> Self {
        Self::default().then(text)
    }

    /// A phrase that begins with a value of a record.
    pub fn theirs(text: impl Into<String>) -> Self {
        Self::default().value(text)
    }

    /// Adds words of this program.
    pub fn then(self, text: impl Into<String>) -> Self {
        self.with(PhrasePart::Ours(text.into()))
    }

    /// Adds a value of a record.
    pub fn value(self, text: impl Into<String>) -> Self {
        self.with(PhrasePart::Theirs(text.into()))
    }

    /// Adds a part.
    pub fn with(mut self, part: PhrasePart) -> Self {
        self.0.push(part);
        self
    }

    /// Adds the parts of another phrase.
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Adds words of this program and a value, if there is a value.
    pub fn maybe(self, before: &str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.then(before).value(value),
            None => self,
        }
    }

    /// Its parts.
    pub fn parts(&self) -> &[PhrasePart] {
        &self.0
    }

    /// The phrase in a format that shows each part with `show`.
    pub fn show(&self, show: impl Fn(&PhrasePart) -> String) -> String {
        self.0.iter().map(show).collect()
    }
}

/// A name and a phrase; a row with an empty name continues the row above.
#[derive(Clone, Debug)]
pub struct Row {
    /// One word.
    pub name: &'static str,
    /// The text of the row.
    pub phrase: Phrase,
}

impl Row {
    /// A row of its name and its text.
    pub fn new(name: &'static str, phrase: Phrase) -> Self {
        Self { name, phrase }
    }
}
