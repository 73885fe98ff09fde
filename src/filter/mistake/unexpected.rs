//! Text that the grammar does not expect, and the habits of other languages that explain it.

use crate::diagnostic::{Diagnostic, Span, shorten};

/// Characters that spell operators, in this language or another.
pub const OPERATOR_SYMBOLS: &str = "=<>!~&|^%*+/?:";

/// Text where the grammar expects something else; empty at the end of the filter.
#[derive(Clone, Debug)]
pub struct Unexpected {
    /// The text up to the next blank or bracket.
    pub text: String,
    /// Its place in the filter's text.
    pub span: Span,
}

impl Unexpected {
    /// The text as a title names it.
    pub fn named(&self) -> String {
        match self.text.as_str() {
            "" => "the end of the filter".to_owned(),
            "\n" | "\r" => "the end of the line".to_owned(),
            blank if blank.trim().is_empty() => "a blank".to_owned(),
            text => format!("`{}`", shorten(text)),
        }
    }
}

/// Text in back-quotes, as Markdown has it where the text contains back-quotes.
pub fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// The answer to a habit of other languages, if the text is one that can occur anywhere.
pub fn foreign(found: &Unexpected) -> Option<Diagnostic> {
    let symbols: String = found.text.chars().take_while(|c| OPERATOR_SYMBOLS.contains(*c)).collect();
    let first = found.text.chars().next()?;
    let Some((name, straight)) = curly(first) else {
        return connective(&symbols, Span::new(found.span.start, found.span.start + symbols.len()));
    };
    let span = Span::new(found.span.start, found.span.start + first.len_utf8());
    Some(
        Diagnostic::error("curly-quote", format!("`{first}` is {name}"), span, "expected a straight quote")
            .help(format!("write `{straight}` at both ends of the value")),
    )
}

/// The name of a curly quote, and the straight one.
pub fn curly(c: char) -> Option<(&'static str, char)> {
    match c {
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{ab}' | '\u{bb}' => Some(("a curly double quote", '"')),
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{b4}' => Some(("a curly single quote", '\'')),
        _ => None,
    }
}

/// The answer to `&&`, `||` and `!`, which are words in this language.
pub fn connective(symbols: &str, span: Span) -> Option<Diagnostic> {
    let word = match symbols {
        "&&" | "&" => "and",
        "||" | "|" => "or",
        "!" => "not",
        _ => return None,
    };
    Some(
        Diagnostic::error(
            "symbol-for-word",
            format!("`{symbols}` is not part of the language"),
            span,
            format!("expected `{word}`"),
        )
        .help(format!("write `{word}`")),
    )
}
