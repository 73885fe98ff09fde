//! The states of the splitter, and what a step gives.

use std::ops::Range;

use super::error::Unparsable;

/// Where the text of a record is in the window, or of what may hold records.
pub(super) enum Cut {
    /// A record of a log file.
    Record(Range<usize>),
    /// A value of any shape, whose brackets are nested this deep.
    Value { text: Range<usize>, in_list: bool, depth: usize },
    /// Something else.
    Refused(Unparsable),
}

#[derive(Clone, Copy)]
pub(super) enum SplitState {
    Before(Next),
    In(Token),
    /// After an error, before the next line that begins a document.
    SkipLine,
}

/// What comes next after white space.
#[derive(Clone, Copy)]
pub(super) enum Next {
    /// A document or the end of the file.
    Document,
    /// A key of the object, or its end if it is empty.
    Key { or_end: bool },
    /// The colon after a key.
    Colon,
    /// A value of the object or the list, or the end of the list if it is empty.
    Value { or_end: bool },
    /// A comma, or the end of the object or the list.
    Comma,
}

#[derive(Clone, Copy)]
pub(super) enum Token {
    /// A key of the object.
    Key,
    /// A value with brackets.
    Value,
    /// A string.
    Text,
    /// A number, `true`, `false` or `null`.
    Word,
}

pub(super) enum SplitStep {
    /// The state changed.
    Continue,
    /// More bytes are needed.
    NeedMore,
    Cut(Cut),
}

impl Next {
    /// What is valid here, for a message.
    pub(super) fn expected(self, in_list: bool) -> &'static str {
        match (self, in_list) {
            (Self::Document, _) => "a document",
            (Self::Key { or_end: true }, _) => "a key or `}`",
            (Self::Key { or_end: false }, _) => "a key",
            (Self::Colon, _) => "`:`",
            (Self::Value { .. }, _) => "a value",
            (Self::Comma, true) => "`,` or `]`",
            (Self::Comma, false) => "`,` or `}`",
        }
    }
}

impl SplitStep {
    pub(super) fn refused(reason: Unparsable) -> Self {
        Self::Cut(Cut::Refused(reason))
    }
}

/// Whether this text begins with a string that holds an object or a list as JSON.
pub(super) fn holds_json(text: &[u8]) -> bool {
    let inner = text.get(1..).unwrap_or_default().trim_ascii_start();
    text.first() == Some(&b'"') && matches!(inner.first(), Some(b'{' | b'['))
}

/// White space of RFC 8259, section 2.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
