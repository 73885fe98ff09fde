//! The text of a record on one line of JSON.

use std::fmt::Write;

use crate::{record::repair, untrusted::printable};

/// The text of a JSON value on one line: the same value, in its own spelling, without blanks between its parts. What no
/// terminal should get is escaped in strings (RFC 8259, section 7), and invalid Unicode is repaired.
pub fn json_line(text: &[u8]) -> String {
    let (text, _) = repair(text);
    let (mut rest, mut line) = (&*text, String::with_capacity(text.len()));
    let mut in_string = false;
    loop {
        let is_plain = |byte: &u8| byte.is_ascii_graphic() && !b"\"\\".contains(byte) || *byte == b' ' && in_string;
        let plain = rest.bytes().position(|byte| !is_plain(&byte)).unwrap_or(rest.len());
        let (before, after) = rest.split_at(plain);
        line.push_str(before);
        let Some(c) = after.chars().next() else { break };
        // A backslash and a character of ASCII after it are one escape.
        let is_escape = c == '\\' && after.as_bytes().get(1).is_some_and(u8::is_ascii_graphic);
        let (next, behind) = after.split_at(if is_escape { 2 } else { c.len_utf8() });
        rest = behind;
        in_string ^= c == '"';
        match c {
            '"' | '\\' => line.push_str(next),
            ' ' | '\t' | '\n' | '\r' if !in_string => {}
            c if printable(next).starts_with(c) => line.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a text cannot fail.
                    let _ = write!(line, "\\u{unit:04x}");
                }
            }
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_value_is_the_same_on_one_line() {
        for (text, expected) in [
            ("{ \"a\" :\r\n\t[1.0, 1e5,\n12345678901234567890123]}", r#"{"a":[1.0,1e5,12345678901234567890123]}"#),
            (r#"{"a": " b \" : c\\", "d":"é日"}"#, r#"{"a":" b \" : c\\","d":"é日"}"#),
            ("{\"a\":\"\u{9b}31m\u{202e}\u{e0001}\u{7f}\"}", "{\"a\":\"\\u009b31m\\u202e\\udb40\\udc01\\u007f\"}"),
            (r#"{"a":"\u001b[31m"}"#, r#"{"a":"\u001b[31m"}"#),
        ] {
            let line = json_line(text.as_bytes());
            assert_eq!(line, expected);
            let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            assert_eq!(value(text), value(&line));
        }
        assert_eq!(json_line(b"{\"a\":\"\xff\\ud800\"}"), "{\"a\":\"\u{fffd}\\ufffd\"}");
    }
}
