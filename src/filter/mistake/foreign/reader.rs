//! The part of a filter that has not been read, and what in it is not of this language.

use crate::{diagnostic::Span, filter::mistake::OPERATOR_SYMBOLS};

/// Something that this language does not have.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// The code of the finding.
    pub code: &'static str,
    /// The title of the finding.
    pub title: String,
}

/// Reads a text of any language. A copy of it is a place to go back to.
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact about the language or the text")]
#[derive(Clone, Debug)]
pub struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// Whether it is in an `any`.
    pub inside: bool,
    /// Whether `*` in the text of an `=` is a wildcard.
    pub globs: bool,
    /// Whether `%` in the text of a `like` is a wildcard, and a text without it is the whole value.
    pub sql: bool,
    /// Whether a `:` inside a word is part of it.
    pub colons: bool,
    /// The first thing that this language does not have.
    pub foreign: Option<Foreign>,
    /// The place of the operator, where it is all that has to change.
    pub operator: Option<Span>,
    /// Whether more than the operator has to change.
    pub elsewhere: bool,
    /// How many brackets and `not`s are open.
    pub depth: usize,
}

/// How deep conditions may be nested.
pub const MAX_DEPTH: usize = 64;

impl<'t> Reader<'t> {
    /// A reader at the beginning of a text.
    pub fn new(text: &'t str, inside: bool) -> Self {
        Self {
            text,
            at: 0,
            inside,
            globs: false,
            sql: false,
            colons: false,
            foreign: None,
            operator: None,
            elsewhere: false,
            depth: 0,
        }
    }

    /// The reader of a language in which `*` in the text of an `=` is a wildcard.
    pub fn with_globs(self) -> Self {
        Self { globs: true, ..self }
    }

    /// The reader of SQL.
    pub fn with_sql(self) -> Self {
        Self { sql: true, ..self }
    }

    /// How many bytes have been read.
    pub fn at(&self) -> usize {
        self.at
    }

    /// What has not been read.
    pub fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What was read since a place.
    pub fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Goes on by some bytes of whole characters.
    pub fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Records something that this language does not have.
    pub fn mark(&mut self, code: &'static str, title: impl FnOnce() -> String) {
        self.elsewhere = true;
        if self.foreign.is_none() {
            self.foreign = Some(Foreign { code, title: title() });
        }
    }

    /// Skips blanks.
    pub fn blanks(&mut self) {
        let rest = self.rest();
        self.skip(rest.len() - rest.trim_start_matches(is_blank).len());
    }

    /// The next character, in ASCII where it only looks different.
    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next().map(plain)
    }

    /// Skips the next character, if it is this one.
    pub fn eat(&mut self, c: char) -> bool {
        let found = self.rest().chars().next().filter(|found| plain(*found) == c);
        self.skip(found.map_or(0, char::len_utf8));
        found.is_some()
    }

    /// Skips a character after blanks, if it is this one.
    pub fn eat_after_blanks(&mut self, c: char) -> bool {
        let before = self.at;
        self.blanks();
        let found = self.eat(c);
        if !found {
            self.at = before;
        }
        found
    }

    /// A word of letters, digits and `_`, with the `-` and the `:` inside it.
    pub fn word(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let mut end = 0;
        for (at, c) in rest.char_indices() {
            let next = rest[at + c.len_utf8()..].chars().next();
            let joins = (c == '-' || c == ':' && self.colons) && at > 0 && next.is_some_and(char::is_alphanumeric);
            let first = c.is_ascii_alphabetic() || matches!(c, '_' | '@' | '$');
            if !(first || joins || at > 0 && c.is_ascii_digit()) {
                break;
            }
            end = at + c.len_utf8();
        }
        self.skip(end);
        (end > 0).then_some(&rest[..end])
    }

    /// The next word, without reading it.
    pub fn next_word(&self) -> Option<&'t str> {
        let mut copy = self.clone();
        copy.blanks();
        copy.word()
    }

    /// Skips a word after blanks, in any case.
    pub fn eat_word(&mut self, word: &str) -> bool {
        let before = self.at;
        self.blanks();
        if self.word().is_some_and(|found| found.eq_ignore_ascii_case(word)) {
            return true;
        }
        self.at = before;
        false
    }

    /// The run of symbols at this place, in ASCII, and its length in the text.
    pub fn symbols(&self) -> (String, usize) {
        let (mut run, mut length) = (String::new(), 0);
        for c in self.rest().chars() {
            match c {
                '≠' => run.push_str("!="),
                '≤' => run.push_str("<="),
                '≥' => run.push_str(">="),
                c if OPERATOR_SYMBOLS.contains(plain(c)) => run.push(plain(c)),
                _ => break,
            }
            length += c.len_utf8();
        }
        (run, length)
    }

    /// Whether a condition can end here.
    pub fn at_end(&self) -> bool {
        let mut copy = self.clone();
        copy.blanks();
        let rest = copy.rest();
        let ends = ["&&", "||", "∧", "∨", "#", "--", "//", ",", ";", ")", "}", "）"];
        let word = copy.next_word().unwrap_or_default();
        rest.is_empty()
            || ends.iter().any(|end| rest.starts_with(end))
            || rest.starts_with(['&', '|'])
            || ["and", "or"].iter().any(|end| word.eq_ignore_ascii_case(end))
    }
}

/// Whether a character separates words: a blank, or one that cannot be seen.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// The ASCII character that looks like this one.
pub fn plain(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xff01 + 0x21).unwrap_or(c),
        '‐' | '‑' | '–' | '—' | '−' => '-',
        _ => c,
    }
}
