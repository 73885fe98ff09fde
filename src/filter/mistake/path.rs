//! Mistakes in paths.

use super::unexpected::Unexpected;
use crate::diagnostic::{Diagnostic, Span, shorten};

/// Text that follows a path where only a path is allowed.
pub fn after_path(found: Unexpected) -> Diagnostic {
    Diagnostic::error(
        "bad-path",
        format!("{} is not part of a field name", found.named()),
        found.span,
        "expected `.` or the end",
    )
    .help("put a name with special characters in back-quotes, such as `` requestParameters.`a b` ``")
}

/// Two back-quotes with nothing between them.
pub fn empty_name(span: Span) -> Diagnostic {
    Diagnostic::error("empty-name", "a field name is empty", span, "expected a name")
        .help("write the name, or remove the back-quotes")
}

/// No name after a `.`.
pub fn expected_segment(found: Unexpected) -> Diagnostic {
    let title = match found.text.as_str() {
        "" => "no name follows a `.`".to_owned(),
        _ => format!("{} follows a `.`", found.named()),
    };
    let place: String = found.text.chars().take_while(char::is_ascii_digit).collect();
    let help = match found.text.chars().next() {
        Some('*') => "remove it: a path searches lists by itself".to_owned(),
        Some('[') => "remove the `.`: a list index follows the name, such as `items[0]`".to_owned(),
        Some('0'..='9') => {
            format!("write a list index as `[{place}]`, without the `.`, and a name in back-quotes")
        }
        _ => "write the name; put a name with special characters in back-quotes".to_owned(),
    };
    Diagnostic::error("expected-name", title, found.span, "expected a name").help(help)
}

/// Text in square brackets that is no list index.
pub fn bad_index(inside: &str, closed: bool, span: Span) -> Diagnostic {
    let shown = shorten(inside);
    let title = if closed { format!("`[{shown}]` is not a list index") } else { format!("`[{shown}` is never closed") };
    let help = match inside {
        _ if !closed => "write an index such as `[0]`",
        "" | "*" => "remove it: a path searches lists by itself",
        _ if inside.starts_with(['"', '\'']) => {
            "write the name after a `.`; put a name with special characters in back-quotes"
        }
        _ => "write an index such as `[0]`, counted from 0",
    };
    Diagnostic::error("bad-index", title, span, "expected a number in brackets").help(help)
}
