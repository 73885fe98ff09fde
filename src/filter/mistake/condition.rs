//! Mistakes in the structure of a filter: its length, its nesting, its brackets and what joins conditions.

use super::unexpected::{Unexpected, code, foreign};
use crate::{
    diagnostic::{Diagnostic, Span, shorten},
    filter::operator,
    record::Path,
};

/// The filter has `length` bytes, more than `limit`.
pub fn too_long(length: usize, limit: usize) -> Diagnostic {
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

/// Conditions are nested deeper than `limit`.
pub fn too_deep(span: Span, limit: usize) -> Diagnostic {
    Diagnostic::error(
        "nested-too-deep",
        format!("conditions are nested more than {limit} deep"),
        span,
        "expected fewer brackets and `not`s around this",
    )
    .help("split the filter into several rules")
}

/// Text that is no condition.
pub fn expected_condition(found: Unexpected) -> Diagnostic {
    if let Some(answer) = foreign(&found) {
        return answer;
    }
    let expected = "expected a field name, `not` or `(`";
    let diagnostic = |title: String| Diagnostic::error("expected-condition", title, found.span, expected);
    match found.text.chars().next() {
        None => diagnostic("the filter ends where it needs a condition".to_owned())
            .help("write a condition, such as `eventName = \"PutImage\"`, or remove the last word"),
        Some('"' | '\'' | '0'..='9') => diagnostic(format!("expected a field, found {}", found.named()))
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
    .help(format!("remove it, or write a condition before it; a field of that name is written `` `{word}` ``"))
}

/// A `,` or `;` at the end of the filter.
pub fn trailing(symbol: &str, span: Span) -> Diagnostic {
    let title = format!("`{symbol}` follows the last condition");
    Diagnostic::error("expected-connective", title, span, "expected the end of the filter").help("remove it")
}

/// Text that follows a complete condition and does not belong there.
pub fn after_condition(found: Unexpected) -> Diagnostic {
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
    let help = match found.text.as_str() {
        "," | ";" => "write `and` or `or` instead; only lists in brackets have commas",
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

/// A comment, which YAML has and a filter has not.
pub fn comment(span: Span) -> Diagnostic {
    let title = "a filter cannot contain comments";
    Diagnostic::error("comment", title, span, "expected `and`, `or` or the end of the filter")
        .help("remove it, or write it on a line of its own above `filter:`, after a `#`")
}

/// A bracket that is never closed.
pub fn unclosed_bracket(found: Unexpected, bracket: Span) -> Diagnostic {
    if let Some(answer) = foreign(&found) {
        return answer;
    }
    Diagnostic::error("unclosed-bracket", "`(` is never closed", found.span, "expected `)`, `and` or `or`")
        .context(bracket, "opened here")
        .help("add the `)`")
}

/// No field after `any`.
pub fn expected_list_field(found: Unexpected) -> Diagnostic {
    Diagnostic::error("expected-field", format!("{} follows `any`", found.named()), found.span, "expected a field")
        .help("name the list and what one of its elements must be: `any resources (type = \"AWS::S3::Object\")`")
}

/// No bracket after `any` and a field.
pub fn expected_block(found: Unexpected, path: &Path) -> Diagnostic {
    let help = match path.to_string().as_str() {
        "`in`" | "of" if !found.text.is_empty() => format!("write `any {} (…)`", found.text),
        _ if operator::named(&found.text).is_some() || foreign(&found).is_some() => {
            format!(
                "remove `any`, because a path searches lists by itself, or write {}",
                code(&format!("any {path} (…)"))
            )
        }
        _ => format!("put what one element must be in brackets: {}", code(&format!("any {path} (…)"))),
    };
    let title = format!("{} follows {}", found.named(), code(&format!("any {}", shorten(&path.to_string()))));
    Diagnostic::error("expected-block", title, found.span, "expected `(`").help(help)
}
