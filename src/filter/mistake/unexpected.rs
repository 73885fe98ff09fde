//! Text that the grammar does not expect, and the habits of other languages that explain it.

use crate::diagnostic::{Diagnostic, Span, shorten};

/// Characters that spell operators, in this language or another.
pub const OPERATOR_SYMBOLS: &str = "=<>!~&|^%*+/?:";

/// What a finding about an operator expects.
pub const LIKELY_OPERATORS: &str = "expected `=`, `!=`, `in`, `like` or another operator";

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
    if matches!(first, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}') {
        let title = format!("an invisible character (U+{:04X}) is in the filter", u32::from(first));
        let span = Span::new(found.span.start, found.span.start + first.len_utf8());
        return Some(
            Diagnostic::error("invisible-character", title, span, "expected a blank or nothing").help("remove it"),
        );
    }
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

/// Symbols for the words of this language, longer ones first.
const SYMBOLS: &[(&str, &str)] =
    &[("&&", "and"), ("||", "or"), ("&", "and"), ("|", "or"), ("!", "not"), ("∧", "and"), ("∨", "or"), ("¬", "not")];

/// The length of a symbol for `word` at the beginning of a text.
pub fn symbol_for(word: &str, text: &str) -> Option<usize> {
    let (symbol, meant) = SYMBOLS.iter().find(|(symbol, _)| text.starts_with(symbol))?;
    // `!=` begins no condition.
    let operator = text[symbol.len()..].starts_with(['=', '~']);
    (*meant == word && !operator).then_some(symbol.len())
}

/// The answer to `&&`, `||` and `!`, which are words in this language.
pub fn connective(symbols: &str, span: Span) -> Option<Diagnostic> {
    let (_, word) = SYMBOLS.iter().find(|(symbol, _)| *symbol == symbols)?;
    Some(symbol_for_word(symbols, word, span))
}

/// The answer to a symbol that is a word in this language.
pub fn symbol_for_word(symbol: &str, word: &str, span: Span) -> Diagnostic {
    let title = format!("`{symbol}` is not part of the language");
    Diagnostic::error("symbol-for-word", title, span, format!("expected `{word}`")).help(format!("write `{word}`"))
}
