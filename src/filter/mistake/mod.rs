//! What people write by mistake, and the answer to each.
//!
//! Every function makes one diagnostic: the title says what is wrong, the label what was expected here, and the
//! help what to type instead.

mod right;

pub use right::*;

use crate::{
    diagnostic::{Diagnostic, Span, shorten},
    filter::operator,
    record::Path,
};

/// Characters that operators are written with, in this language or another.
pub const OPERATOR_SYMBOLS: &str = "=<>!~&|^%*+/?:";

/// What stands where something else was expected; empty at the end of the filter.
#[derive(Clone, Debug)]
pub struct Found {
    /// The text up to the next blank or bracket.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

impl Found {
    fn named(&self) -> String {
        match self.text.as_str() {
            "" => "the end of the filter".to_owned(),
            "\n" | "\r" => "the end of the line".to_owned(),
            blank if blank.trim().is_empty() => "a blank".to_owned(),
            text => format!("`{}`", shorten(text)),
        }
    }
}

/// Text in back-quotes, whatever back-quotes are in it.
fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

const LIKELY_OPERATORS: &str = "expected `=`, `!=`, `in`, `like` or another operator";

/// The filter is longer than [`super::parser::MAX_LENGTH`].
pub fn too_long(length: usize) -> Diagnostic {
    let limit = super::parser::MAX_LENGTH;
    Diagnostic::error(
        "filter-too-long",
        format!("the filter has {length} bytes, more than the {limit} allowed"),
        Span::new(0, 0),
        "expected a shorter filter",
    )
    .help("split it into several rules")
}

/// The filter is blank.
pub fn empty() -> Diagnostic {
    Diagnostic::error("empty-filter", "the filter is empty", Span::new(0, 0), "expected a condition")
        .help("write a condition, such as `eventName = \"PutImage\"`")
}

/// Conditions lie too deep in each other.
pub fn too_deep(span: Span) -> Diagnostic {
    let limit = super::parser::MAX_NESTING;
    Diagnostic::error(
        "nested-too-deep",
        format!("conditions are nested more than {limit} deep"),
        span,
        "expected fewer brackets and `not`s around this",
    )
    .help("split the filter into several rules")
}

/// Something that is no condition.
pub fn expected_condition(found: Found) -> Diagnostic {
    if let Some(answer) = foreign(&found) {
        return answer;
    }
    let expected = "expected a field name, `not` or `(`";
    let diagnostic = |title: String| Diagnostic::error("expected-condition", title, found.span, expected);
    match found.text.chars().next() {
        None => diagnostic("the filter ends where a condition should stand".to_owned())
            .help("write a condition, such as `eventName = \"PutImage\"`, or drop the last word"),
        Some('"' | '\'' | '0'..='9') => diagnostic(format!("{} stands where a field should stand", found.named()))
            .help("write a field and an operator on the left of each value, such as `eventName = \"PutImage\"`"),
        Some(_) => diagnostic(format!("{} is not the beginning of a condition", found.named()))
            .help("write a condition, such as `eventName = \"PutImage\"`"),
    }
}

/// `and` or `or` with no condition before it.
pub fn misplaced_connective(word: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "expected-condition",
        format!("`{word}` has no condition before it"),
        span,
        "expected a field name, `not` or `(`",
    )
    .help(format!("write a condition before it, or remove it; a field of that name is written `` `{word}` ``"))
}

/// Something that follows a complete condition and does not belong there.
pub fn after_condition(found: Found) -> Diagnostic {
    if let Some(answer) = foreign(&found) {
        return answer;
    }
    if found.text.starts_with(')') {
        return Diagnostic::error(
            "unmatched-bracket",
            "`)` has no `(` before it",
            found.span,
            "expected the end of the filter",
        )
        .help("remove it, or add the `(`");
    }
    if ["#", "--", "//"].iter().any(|comment| found.text.starts_with(comment)) {
        return Diagnostic::error(
            "comment",
            "a filter holds no comments",
            found.span,
            "expected `and`, `or` or the end of the filter",
        )
        .help("write the comment in a line of its own above `filter:`, behind a `#`");
    }
    let help = match found.text.as_str() {
        "," | ";" => "write `and` or `or` in its place; only lists in brackets have commas",
        _ => "join conditions with `and` or `or`; put a value that has blanks in quotes",
    };
    Diagnostic::error(
        "expected-connective",
        format!("{} follows a complete condition", found.named()),
        found.span,
        "expected `and`, `or` or the end of the filter",
    )
    .help(help)
}

/// Something that follows a path where only a path may stand.
pub fn after_path(found: Found) -> Diagnostic {
    Diagnostic::error(
        "bad-path",
        format!("{} is not part of a field name", found.named()),
        found.span,
        "expected `.` or the end",
    )
    .help("put a name with odd characters in back-quotes, such as `` requestParameters.`a b` ``")
}

/// A bracket that is never closed.
pub fn unclosed_bracket(found: Found, bracket: Span) -> Diagnostic {
    if let Some(answer) = foreign(&found) {
        return answer;
    }
    Diagnostic::error("unclosed-bracket", "`(` is never closed", found.span, "expected `)`, `and` or `or`")
        .context(bracket, "opened here")
        .help("add the `)`")
}

/// Two back-quotes with nothing in between.
pub fn empty_name(span: Span) -> Diagnostic {
    Diagnostic::error("empty-name", "a field name is empty", span, "expected a name")
        .help("write the name, or remove the back-quotes")
}

/// A `.` with no name behind it.
pub fn expected_segment(found: Found) -> Diagnostic {
    let title = match found.text.as_str() {
        "" => "no name follows a `.`".to_owned(),
        _ => format!("{} follows a `.`", found.named()),
    };
    let place: String = found.text.chars().take_while(char::is_ascii_digit).collect();
    let help = match found.text.chars().next() {
        Some('*') => "leave it out: a path walks through lists by itself".to_owned(),
        Some('[') => "leave out the `.`: a place in a list follows its name, such as `items[0]`".to_owned(),
        Some('0'..='9') => {
            format!("write a place in a list as `[{place}]`, without the `.`, and a name in back-quotes")
        }
        _ => "write the name; one with odd characters stands in back-quotes".to_owned(),
    };
    Diagnostic::error("expected-name", title, found.span, "expected a name").help(help)
}

/// Something in square brackets that is no place in a list.
pub fn bad_index(inside: &str, closed: bool, span: Span) -> Diagnostic {
    let shown = shorten(inside);
    let title =
        if closed { format!("`[{shown}]` is no place in a list") } else { format!("`[{shown}` is never closed") };
    let help = match inside {
        _ if !closed => "write a place such as `[0]`",
        "" | "*" => "leave it out: a path walks through lists by itself",
        _ if inside.starts_with(['"', '\'']) => {
            "write the name behind a `.`; one with odd characters stands in back-quotes"
        }
        _ => "write a place such as `[0]`, counted from 0",
    };
    Diagnostic::error("bad-index", title, span, "expected a number in brackets").help(help)
}

/// No field behind `any`.
pub fn expected_list_field(found: Found) -> Diagnostic {
    Diagnostic::error("expected-field", format!("{} follows `any`", found.named()), found.span, "expected a field")
        .help("name the list and what one of its elements must be: `any resources (type = \"AWS::S3::Object\")`")
}

/// `any` and a field, and then no bracket.
pub fn expected_block(found: Found, path: &Path) -> Diagnostic {
    let help = match path.to_string().as_str() {
        "`in`" | "of" if !found.text.is_empty() => format!("write `any {} (…)`", found.text),
        _ if operator::named(&found.text).is_some() || foreign(&found).is_some() => {
            format!(
                "leave out `any`, for a path walks through lists by itself, or write {}",
                code(&format!("any {path} (…)"))
            )
        }
        _ => format!("put what one element must be in brackets: {}", code(&format!("any {path} (…)"))),
    };
    let title = format!("{} follows {}", found.named(), code(&format!("any {}", shorten(&path.to_string()))));
    Diagnostic::error("expected-block", title, found.span, "expected `(`").help(help)
}

/// Habits of other languages that can stand anywhere.
fn foreign(found: &Found) -> Option<Diagnostic> {
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

/// What a curly quote is called, and the straight one.
fn curly(c: char) -> Option<(&'static str, char)> {
    match c {
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{ab}' | '\u{bb}' => Some(("a curly double quote", '"')),
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{b4}' => Some(("a curly single quote", '\'')),
        _ => None,
    }
}

/// `&&`, `||` and `!`, which are words here.
fn connective(symbols: &str, span: Span) -> Option<Diagnostic> {
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
