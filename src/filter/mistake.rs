//! What people write by mistake, and the answer to each.
//!
//! Every function makes one diagnostic: the title says what is wrong, the label what was expected here, and the
//! help what to type instead.

use super::operator::{self, OPERATORS, Operator, Takes};
use crate::{
    diagnostic::{Diagnostic, Span, nearest},
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
            text => format!("`{text}`"),
        }
    }
}

const LIKELY_OPERATORS: &str = "expected `=`, `!=`, `in`, `like` or another operator";

/// The filter is longer than [`super::parser::MAX_LENGTH`].
pub fn too_long(length: usize) -> Diagnostic {
    let limit = super::parser::MAX_LENGTH;
    Diagnostic::error(
        "filter-too-long",
        format!("the filter has {length} bytes, more than the {limit} allowed"),
        Span::new(0, 1),
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

/// A list that goes on with something else than `,` or `)`.
pub fn unclosed_list(found: Found, bracket: Span) -> Diagnostic {
    let (title, help) = if found.text.is_empty() {
        ("a list is never closed".to_owned(), "add the `)`")
    } else {
        (format!("{} follows a value of a list", found.named()), "put `,` between the values and `)` after the last")
    };
    Diagnostic::error("unclosed-list", title, found.span, "expected `,` or `)`")
        .context(bracket, "the list begins here")
        .help(help)
}

/// A quote that is never closed on its line; `text` is what stands inside.
pub fn unclosed_quote(quote: char, text: &str, found: Found, opening: Span) -> Diagnostic {
    let (name, expected) = match quote {
        '`' => ("a back-quote", "expected a back-quote".to_owned()),
        _ => ("a quote", format!("expected `{quote}`")),
    };
    let title =
        if found.text.is_empty() { format!("{name} is never closed") } else { "a line break inside quotes".to_owned() };
    let help = match text.chars().find(|c| curly(*c).is_some()) {
        _ if quote == '`' => "close the back-quote after the name".to_owned(),
        Some(curly) => format!("write `{quote}` in place of the curly `{curly}`"),
        None if text.ends_with(quote) => {
            format!("write `\\\\` for a backslash: `\\{quote}` is a quote inside the text")
        }
        None => format!("close it with `{quote}`; a line break in a value is written `\\n`"),
    };
    Diagnostic::error("unclosed-quote", title, Span::new(found.span.start, found.span.start), expected)
        .context(opening, "opened here")
        .help(help)
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
    let help = match found.text.chars().next() {
        Some('*') => "leave it out: a path walks through lists by itself",
        _ => "write the name; one with odd characters stands in back-quotes",
    };
    Diagnostic::error("expected-name", title, found.span, "expected a name").help(help)
}

/// A field with no operator behind it.
pub fn expected_operator(found: Found, path: &Path) -> Diagnostic {
    if let Some(answer) = foreign(&found) {
        return answer;
    }
    let help = if let Some(name) = path.to_string().strip_suffix(':') {
        format!("write `{name} =`; a `:` at the end belongs to the name")
    } else if found.text.starts_with(['"', '\'']) {
        format!("put an operator between field and value, such as `{path} = …`")
    } else {
        format!("to ask only whether it has a value, write `{path} exists`")
    };
    Diagnostic::error(
        "expected-operator",
        format!("{} stands where an operator should follow `{path}`", found.named()),
        found.span,
        LIKELY_OPERATORS,
    )
    .help(help)
}

/// A word or symbol that is no operator; `next` is what follows it.
pub fn unknown_operator(spelling: &str, span: Span, path: &Path, next: &str) -> Diagnostic {
    let lower = spelling.to_ascii_lowercase();
    if matches!(lower.as_str(), "and" | "or") {
        return expected_operator(Found { text: spelling.to_owned(), span }, path);
    }
    if lower != "!"
        && let Some(answer) = connective(spelling, span)
    {
        return answer;
    }
    let help = match lower.as_str() {
        "not" => negated(path, next),
        "is" if next.eq_ignore_ascii_case("not") => "write `!=`, or `!= null` for any value".to_owned(),
        "is" => "write `=`, or `= null` for no value".to_owned(),
        "==" | "===" | ":" | "eq" | "equals" => "write `=`".to_owned(),
        "!" | "<>" | "!==" | "ne" | "=!" => "write `!=`".to_owned(),
        "=<" | "le" | "lte" => "write `<=`".to_owned(),
        "=>" | "ge" | "gte" => "write `>=`".to_owned(),
        "lt" => "write `<`".to_owned(),
        "gt" => "write `>`".to_owned(),
        "~" | "=~" | "~=" | "has" | "includes" => "write `like`, which looks for text anywhere in the value".to_owned(),
        _ => match nearest(&lower, OPERATORS.iter().map(|operator| operator.spelling)) {
            Some(known) => format!("write `{known}`"),
            None if path.to_string() == "`exists`" => format!("write `{spelling} exists`"),
            None => "the operators are listed by `trailbell help filter`; a name with a blank stands in back-quotes"
                .to_owned(),
        },
    };
    Diagnostic::error("unknown-operator", format!("`{spelling}` is not an operator"), span, LIKELY_OPERATORS).help(help)
}

/// The repair of `path not next …`.
fn negated(path: &Path, next: &str) -> String {
    match operator::named(next) {
        Some(Operator { takes: Takes::Nothing, spelling, .. }) => format!("write `not {path} {spelling}`"),
        Some(Operator { takes: Takes::List, spelling, .. }) => format!("write `not ({path} {spelling} (…))`"),
        Some(Operator { spelling, .. }) => format!("write `not ({path} {spelling} …)`"),
        None if next.eq_ignore_ascii_case("null") => format!("write `{path} != null`"),
        None => format!("write `{path} != …`; to negate a condition, put `not` before it"),
    }
}

/// No value where an operator needs one.
pub fn expected_value(found: Found, operator: &Operator) -> Diagnostic {
    if let Some(answer) = foreign(&found) {
        return answer;
    }
    let spelling = operator.spelling;
    let title = match found.text.chars().next() {
        Some('(' | '[') => format!("`{spelling}` takes one value, not a list"),
        _ => format!("{} stands where `{spelling}` needs a value", found.named()),
    };
    let help = match found.text.chars().next() {
        Some('(' | '[') if operator.takes == Takes::ValueOrNull => {
            "write `in` to compare with each value of a list, such as `eventName in (\"a\", \"b\")`"
        }
        Some('(' | '[') => "write a condition for each value, and join them with `or`",
        Some(')') if operator.takes == Takes::List => "write at least one value, and no `,` after the last",
        Some('.') => "write a digit before the point, such as `0.5`",
        Some('+') => "write the number without `+`",
        _ => "write text in quotes, a number, `true` or `false`",
    };
    Diagnostic::error("expected-value", title, found.span, "expected a value").help(help)
}

/// No list where an operator needs one.
pub fn expected_list(found: Found, operator: &Operator) -> Diagnostic {
    if let Some(answer) = foreign(&found) {
        return answer;
    }
    let help = match found.text.chars().next() {
        Some('"' | '\'') => format!("write `{} ({})`", operator.spelling, found.text),
        Some('A'..='Z' | 'a'..='z') => format!("write `{} (\"{}\")`", operator.spelling, found.text),
        _ => format!("write `{} (\"a\", \"b\")`", operator.spelling),
    };
    Diagnostic::error(
        "expected-list",
        format!("{} stands where `{}` needs a list", found.named(), operator.spelling),
        found.span,
        "expected `(`",
    )
    .help(help)
}

/// `null` after an operator that compares with something.
pub fn null_not_here(span: Span, operator: &Operator) -> Diagnostic {
    Diagnostic::error(
        "null-not-here",
        format!("`null` cannot follow `{}`", operator.spelling),
        span,
        "expected a value",
    )
    .help("to ask for no value, write `= null`; to ask for one, write `!= null`")
}

/// A word that should be text.
pub fn unquoted(found: Found) -> Diagnostic {
    Diagnostic::error(
        "unquoted-text",
        format!("{} is not in quotes", found.named()),
        found.span,
        "expected text in quotes",
    )
    .help(format!("write `\"{}\"`", found.text.replace(['"', '\''], "")))
}

/// A number such as an account id that begins with a zero.
pub fn leading_zero(text: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "leading-zero",
        format!("the number `{text}` begins with a zero"),
        span,
        "expected text in quotes",
    )
    .note("a number has no leading zero; an account id is text")
    .help(format!("quote it: `\"{text}\"`"))
}

/// A number that no float can hold.
pub fn number_too_large(found: Found) -> Diagnostic {
    Diagnostic::error(
        "number-too-large",
        format!("{} is too large", found.named()),
        found.span,
        "expected a number up to 1.8e308",
    )
    .help("write a smaller number, or quote it to compare it as text")
}

/// `\u` with something else than a character's number behind it.
pub fn bad_code_point(span: Span) -> Diagnostic {
    Diagnostic::error(
        "bad-escape",
        "`\\u` needs the number of a character",
        span,
        "expected `\\u{…}` with one to six hexadecimal digits",
    )
    .help("write, for example, `\\u{e9}` for é")
}

/// A backslash before a letter that has no meaning.
pub fn unknown_escape(letter: Option<char>, start: usize) -> Diagnostic {
    let shown = letter.map(String::from).unwrap_or_default();
    Diagnostic::error(
        "bad-escape",
        format!("`\\{shown}` is not an escape"),
        Span::new(start, start + 1 + shown.len()),
        "expected `\\\\`, `\\\"`, `\\'`, `\\n`, `\\r`, `\\t` or `\\u{…}`",
    )
    .help(format!("for a backslash write `\\\\`: `\\\\{shown}`"))
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
