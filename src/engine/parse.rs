//! The text of one record → [`Record`].

use memchr::memchr2_iter;
use serde::de::Deserialize;
use serde_json::{Deserializer, de::Read};
use thiserror::Error;

use crate::{
    log_file::Scan,
    record::{Json, Record, repair},
};

/// How deep a record may be nested; the record's own object counts 1. Far below what would overflow the stack.
pub const MAX_NESTING: usize = 512;

/// Why the text of a record cannot be parsed.
#[derive(Debug, Error)]
pub enum ParseError {
    /// Deeper than [`MAX_NESTING`].
    #[error("nested more than {MAX_NESTING} deep")]
    TooDeep,
    /// Not JSON.
    #[error("invalid JSON at byte {at} of the record")]
    Json {
        /// The offset at which the parser stopped, in bytes.
        at: usize,
        /// The parser's reason.
        #[source]
        source: serde_json::Error,
    },
    /// JSON, but not an object.
    #[error("not a JSON object")]
    NotObject,
    /// No bound on its text is exceeded, but the rules cannot be evaluated on it in a reasonable time.
    #[error("evaluating the rules on it takes too many steps")]
    TooMuchWork,
}

/// Parses the text of a record. Returns the record, and whether its text was invalid Unicode and was repaired first.
///
/// # Errors
///
/// If the text is not a JSON object, or is nested deeper than [`MAX_NESTING`].
pub fn parse(text: &[u8]) -> Result<(Record, bool), ParseError> {
    // Most records have fewer brackets than the limit, so their nesting need not be counted.
    let has_few = memchr2_iter(b'{', b'[', text).nth(MAX_NESTING).is_none();
    if !has_few && nesting(text) > MAX_NESTING {
        return Err(ParseError::TooDeep);
    }
    let (value, repaired) = match value(text) {
        Ok(value) => (value, false),
        Err(error) => match repair(text) {
            (repaired, true) => (value(repaired.as_bytes())?, true),
            _ => return Err(error),
        },
    };
    Ok((Record::of(value).ok_or(ParseError::NotObject)?, repaired))
}

fn value(text: &[u8]) -> Result<Json, ParseError> {
    // Validating the whole text once costs less than validating each string.
    match std::str::from_utf8(text) {
        Ok(unicode) => read(Deserializer::from_str(unicode), text),
        Err(_) => read(Deserializer::from_slice(text), text),
    }
}

fn read<'de>(mut deserializer: Deserializer<impl Read<'de>>, text: &[u8]) -> Result<Json, ParseError> {
    // The deserializer's own limit is lower, and counts from 0.
    deserializer.disable_recursion_limit();
    let value = Json::deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|source| ParseError::Json { at: offset(text, source.line(), source.column()), source })
}

/// The offset of a line and a column, the column in bytes, as `serde_json` counts them.
fn offset(text: &[u8], line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    before + column
}

/// How deep brackets outside of strings are nested, up to their end or the first mismatch.
fn nesting(text: &[u8]) -> usize {
    let mut scan = Scan::default();
    // The parser stops at the same mismatch.
    let _ = scan.run(text);
    scan.deepest()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::chain;

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(parse(nested(128).as_bytes()).is_ok());
        assert!(parse(nested(MAX_NESTING).as_bytes()).is_ok());
        assert!(parse(nested(MAX_NESTING + 1).as_bytes()).is_err());
        assert!(parse(nested(1_000_000).as_bytes()).is_err());
        // Brackets in strings do not count.
        assert!(parse(format!("{{\"a\":\"\\\"{}\"}}", "[".repeat(1000)).as_bytes()).is_ok());
    }

    #[test]
    fn errors_name_the_byte_of_the_record() {
        let check = |text: &str, expected: &str| assert_eq!(chain(&parse(text.as_bytes()).unwrap_err()), expected);
        check("{\"a\":nul}", "invalid JSON at byte 9 of the record: expected ident at line 1 column 9");
        check("{\n\"a\":\n1e400}", "invalid JSON at byte 12 of the record: number out of range at line 3 column 5");
        check("[1]", "not a JSON object");
    }
}
