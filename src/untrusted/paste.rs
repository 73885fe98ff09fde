//! Values in text that people paste: into a shell, and into a YAML file.
//!
//! An attacker chooses names and keys, and a person who reads an alert pastes them. So a value is in a command only if it has
//! nothing but letters, digits and signs that neither a POSIX shell, nor its quotes, nor a filter gives a meaning.

use std::fmt::Write;

use uuid::{Uuid, fmt::Hyphenated};

use super::text::printable;

/// The longest name that AWS gives is the key of an object, in bytes.
const MAX_PLAIN: usize = 1_024;

/// Whether a text has only `[A-Za-z0-9_+=,.@:/-]`, and between one and 1,024 of them.
pub fn is_plain(text: &str) -> bool {
    (1..=MAX_PLAIN).contains(&text.len()) && text.bytes().all(is_plain_byte)
}

fn is_plain_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte)
}

/// Whether a text is a UUID with hyphens and without braces or a prefix, as every `eventID` is.
pub fn is_uuid(text: &str) -> bool {
    text.len() == Hyphenated::LENGTH && Uuid::try_parse(text).is_ok()
}

/// A value as one argument of a command for a POSIX shell, in single quotes; `None` for one that is not [plain](is_plain).
pub fn argument(value: &str) -> Option<String> {
    is_plain(value).then(|| format!("'{value}'"))
}

/// A text of the user's own files as one word of a command for a POSIX shell ("2.2.2 Single-Quotes" in XCU, POSIX.1-2024): as it
/// is where that is certainly the same word, or else in single quotes.
pub fn shell_word(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// A value of the shorthand syntax of the AWS CLI, `Key=value,Key=value`, within an argument of a command for a POSIX shell;
/// `None` for one that is not [plain](is_plain). A value with a comma is a list there, unless it is in double quotes; and
/// `=` begins no value ("Using shorthand syntax in the AWS CLI" in the AWS Command Line Interface User Guide).
pub fn shorthand(value: &str) -> Option<String> {
    is_plain(value).then(|| if value.contains([',', '=']) { format!("\"{value}\"") } else { value.to_owned() })
}

/// A text on one line as a value of YAML: as it is where that is certainly the same text, or else in double quotes ("7.3.1.
/// Double-Quoted Style" in YAML 1.2.2).
pub fn yaml(text: &str) -> String {
    let is_bare = |byte: u8| is_plain_byte(byte) || matches!(byte, b' ' | b'"');
    // A first letter makes it neither a number, nor a date, nor an indicator; the words for `null` and booleans have no blank.
    let is_text = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.contains(' ');
    if is_text && text.bytes().all(is_bare) && !text.contains(": ") && !text.ends_with([':', ' ']) {
        return text.to_owned();
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if printable(c.encode_utf8(&mut [0; 4])).starts_with(c) => quoted.push(c),
            // Writing to a text cannot fail.
            c => drop(write!(quoted, "\\U{:08x}", u32::from(c))),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_value_has_no_sign_with_a_meaning() {
        for plain in ["a", "-rf", "ada@example.com", "arn:aws:iam::111122223333:role/a/b+c=d,e.f_g", &"x".repeat(1024)]
        {
            assert!(is_plain(plain), "{plain}");
        }
        for other in (0..=127).map(char::from).filter(|c| !c.is_ascii_alphanumeric() && !"_+=,.@:/-".contains(*c)) {
            assert!(!is_plain(&format!("a{other}b")), "{other:?}");
        }
        for other in ["", "é", "a\u{ff07}b", "ada\u{200b}", &"x".repeat(1025)] {
            assert!(!is_plain(other), "{other}");
        }
    }

    #[test]
    fn a_word_of_ones_own_is_quoted_where_a_shell_needs_it() {
        for (text, expected) in
            [("a=b", "a=b"), ("", "''"), ("a b", "'a b'"), ("$x", "'$x'"), ("a'b", r"'a'\''b'"), ("é", "'é'")]
        {
            assert_eq!(shell_word(text), expected);
        }
    }

    #[test]
    fn a_value_is_quoted_or_omitted() {
        assert_eq!(argument("a=b").as_deref(), Some("'a=b'"));
        assert_eq!(argument("a'b"), None);
        assert_eq!(shorthand("AKIAIOSFODNN7EXAMPLE").as_deref(), Some("AKIAIOSFODNN7EXAMPLE"));
        assert_eq!(shorthand("a,b").as_deref(), Some("\"a,b\""));
        assert_eq!(shorthand("=b").as_deref(), Some("\"=b\""));
        assert_eq!(shorthand("a b"), None);
    }

    #[test]
    fn an_event_id_is_a_uuid() {
        assert!(is_uuid("e6c18431-290b-4ebb-a0ee-b1d0d5aca2e3"));
        for other in ["", "x", "e6c18431290b4ebba0eeb1d0d5aca2e3", "e6c18431-290b-4ebb-a0ee-b1d0d5aca2e3/"] {
            assert!(!is_uuid(other), "{other}");
        }
    }

    #[test]
    fn a_text_in_yaml_is_bare_only_where_it_stays_the_same() {
        assert_eq!(yaml("role = \"ops\""), "role = \"ops\"");
        for (text, expected) in [
            ("null", "\"null\""),
            ("a: b", "\"a: b\""),
            ("a b:", "\"a b:\""),
            ("a #b", "\"a #b\""),
            ("- a", "\"- a\""),
            ("a = 'b\\'", "\"a = 'b\\\\'\""),
            ("a \"\n\u{202e}é", "\"a \\\"\\U0000000a\\U0000202eé\""),
        ] {
            assert_eq!(yaml(text), expected);
        }
    }
}
