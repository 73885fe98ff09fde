//! JSON that a service wrote into a string.
//!
//! Invalid Unicode and numbers out of range are repaired, so that an attacker cannot hide the rest of a document behind them.

use std::borrow::Cow;

use super::{json::Json, repair::repair};
use crate::log_file::string_end;
use percent_encoding::percent_decode_str;

/// The object or list that a string holds, plain or percent-encoded.
pub fn document(text: &str) -> Option<Json> {
    plain(text).or_else(|| {
        let decoded = text.contains('%').then(|| percent_decode_str(text).decode_utf8_lossy())?;
        matches!(decoded, Cow::Owned(_)).then(|| plain(&decoded)).flatten()
    })
}

fn plain(text: &str) -> Option<Json> {
    let is_blank = |c: char| c.is_whitespace() || c == BYTE_ORDER_MARK;
    let text = text.trim_matches(is_blank);
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let value = |text: &str| serde_json::from_str(text).ok();
    value(text).or_else(|| {
        let (repaired, _) = repair(text.as_bytes());
        value(&with_numbers_in_range(&repaired))
    })
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The text with every number that is too large for a float in quotes, so that it is read as text.
fn with_numbers_in_range(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '"' => 1 + string_end(&rest.as_bytes()[1..], &mut false).unwrap_or(rest.len() - 1),
            '-' | '0'..='9' => rest.find(|c: char| !is_numeric(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (piece, after) = rest.split_at(length);
        let too_large = is_numeric(c) && piece.parse::<f64>().is_ok_and(f64::is_infinite);
        let quote = if too_large { "\"" } else { "" };
        out.extend([quote, piece, quote]);
        rest = after;
    }
    out
}

fn is_numeric(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_that_are_too_large_become_text() {
        let check = |text: &str, expected: &str| assert_eq!(with_numbers_in_range(text), expected);
        check("[1e400,-1E+400,1e308,0,-5.5]", r#"["1e400","-1E+400",1e308,0,-5.5]"#);
        check(r#"{"1e400":"1e400\\",":\"":[1e400]}"#, r#"{"1e400":"1e400\\",":\"":["1e400"]}"#);
        check(r#"{"é\"1e400":1e-400,"#, r#"{"é\"1e400":1e-400,"#);
        check("[true,-,1e400e,inf,-inf,\"1e400", "[true,-,1e400e,inf,-inf,\"1e400");
        check(&format!("[{}]", "9".repeat(400)), &format!("[\"{}\"]", "9".repeat(400)));
    }
}
