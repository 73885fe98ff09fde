//! Repairs invalid Unicode in the text of a record, so that an attacker cannot hide a record behind it.

use std::borrow::Cow;

/// Replaces every lone surrogate escape and every invalid UTF-8 sequence by U+FFFD. Returns the text, and whether it was changed.
pub fn repair(text: &[u8]) -> (Cow<'_, str>, bool) {
    let valid = String::from_utf8_lossy(text);
    if let Some(repaired) = without_lone_surrogates(&valid) {
        return (Cow::Owned(repaired), true);
    }
    let repaired = matches!(valid, Cow::Owned(_));
    (valid, repaired)
}

/// `None` if the text has no lone surrogate.
fn without_lone_surrogates(text: &str) -> Option<String> {
    let mut repaired: Option<String> = None;
    let mut copied = 0;
    let mut at = 0;
    while let Some(backslash) = memchr::memchr(b'\\', &text.as_bytes()[at..]).map(|found| at + found) {
        let rest = &text.as_bytes()[backslash..];
        at = backslash + 2;
        match escaped_unit(rest) {
            Some(0xD800..=0xDBFF) if matches!(rest.get(6..).and_then(escaped_unit), Some(0xDC00..=0xDFFF)) => at += 10,
            Some(0xD800..=0xDFFF) => {
                let out = repaired.get_or_insert_default();
                out.push_str(&text[copied..backslash]);
                out.push_str("\\ufffd");
                copied = backslash + 6;
                at = copied;
            }
            _ => {}
        }
        if at >= text.len() {
            break;
        }
    }
    let mut repaired = repaired?;
    repaired.push_str(&text[copied..]);
    Some(repaired)
}

/// The UTF-16 code unit of a `\uXXXX` at the start of `text`.
fn escaped_unit(text: &[u8]) -> Option<u16> {
    let hex = text.strip_prefix(b"\\u")?.get(..4)?;
    let hex = std::str::from_utf8(hex).ok().filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u16::from_str_radix(hex, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lone_surrogates_are_repaired() {
        let check = |text: &str, expected: &str| {
            let (repaired, changed) = repair(text.as_bytes());
            assert_eq!(repaired, expected);
            assert_eq!(changed, text != expected);
        };
        check(r#"{"a":"plain"}"#, r#"{"a":"plain"}"#);
        check(r#"{"a":"\ud83d\ude00"}"#, r#"{"a":"\ud83d\ude00"}"#);
        check(r#"{"a":"\ud83d"}"#, r#"{"a":"\ufffd"}"#);
        check(r#"{"a":"\ude00\ud83d"}"#, r#"{"a":"\ufffd\ufffd"}"#);
        check(r#"{"a":"\ud83d\ud83d\ude00x"}"#, r#"{"a":"\ufffd\ud83d\ude00x"}"#);
        check(r#"{"a":"\\ud83d"}"#, r#"{"a":"\\ud83d"}"#);
        check(r#"{"a":"\\\uDEADé"}"#, r#"{"a":"\\\ufffdé"}"#);
        check(r"\ud83", r"\ud83");
        check(r"\", r"\");
        check("é\\", "é\\");
    }

    #[test]
    fn invalid_utf_8_becomes_the_replacement_character() {
        assert_eq!(repair(b"{\"a\":\"\xff\xfe\"}"), (Cow::Borrowed("{\"a\":\"\u{fffd}\u{fffd}\"}"), true));
    }
}
