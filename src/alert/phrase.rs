//! Text that knows whose words it is made of, so that every channel can show each as it must.

/// Words in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Phrase(Vec<Part>);

/// Words, by who chose them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// This program.
    Ours(String),
    /// Whoever wrote the rules: true, but not in any channel's markup.
    Rule(String),
    /// Perhaps an attacker.
    Theirs(String),
    /// The same, in quotes that it cannot leave.
    Quoted(String),
    /// This program, from parts that it has looked at.
    Link(String),
}

impl Phrase {
    /// Words of this program.
    pub fn ours(text: impl Into<String>) -> Self {
        Self::default().then(text)
    }

    /// A value of a record.
    pub fn theirs(text: impl Into<String>) -> Self {
        Self::default().with(Part::Theirs(text.into()))
    }

    /// More words of this program.
    pub fn then(self, text: impl Into<String>) -> Self {
        self.with(Part::Ours(text.into()))
    }

    /// And a value of a record.
    pub fn value(self, text: impl Into<String>) -> Self {
        self.with(Part::Theirs(text.into()))
    }

    /// And something else.
    pub fn with(mut self, part: Part) -> Self {
        self.0.push(part);
        self
    }

    /// Words of this program and a value behind them, where there is a value.
    pub fn maybe(self, before: &str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.then(before).value(value),
            None => self,
        }
    }

    /// Its parts.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The phrase as a channel shows it.
    pub fn show(&self, show: impl Fn(&Part) -> String) -> String {
        self.0.iter().map(show).collect()
    }
}
