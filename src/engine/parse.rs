//! The text of one record → [`Record`].

use memchr::memchr2_iter;
use serde::de::Deserialize;
use serde_json::{Deserializer, Value, de::Read};

use crate::{
    log_file::Scan,
    record::{Json, Record, repair},
};

/// How deep a record may be nested at all; its own object counts 1. Far below what would end the stack.
pub const MAX_NESTING: usize = 512;

/// The record, and whether its text had to be mended; or why it is none.
pub fn parse(text: &[u8]) -> Result<(Record, bool), String> {
    // Most have fewer brackets, however they are nested.
    let has_few = memchr2_iter(b'{', b'[', text).nth(MAX_NESTING).is_none();
    if !has_few && nesting(text) > MAX_NESTING {
        return Err(format!("it is nested more than {MAX_NESTING} deep"));
    }
    let (value, repaired) = match value(text) {
        Ok(value) => (value, false),
        Err(error) => match repair(text) {
            (mended, true) => (value(mended.as_bytes())?, true),
            _ => return Err(error),
        },
    };
    let record = Record::new(value).map_err(|_| "it is not a JSON object".to_owned())?;
    Ok((record, repaired))
}

fn value(text: &[u8]) -> Result<Value, String> {
    // To look at all of it once costs less than at each string on its own.
    match std::str::from_utf8(text) {
        Ok(unicode) => read(Deserializer::from_str(unicode), text),
        Err(_) => read(Deserializer::from_slice(text), text),
    }
}

fn read<'de>(mut deserializer: Deserializer<impl Read<'de>>, text: &[u8]) -> Result<Value, String> {
    // Its own limit is lower, and counts from 0.
    deserializer.disable_recursion_limit();
    let value = Json::deserialize(&mut deserializer).and_then(|Json(value)| deserializer.end().map(|()| value));
    value.map_err(|error| {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        format!("{message} at byte {} of the record", offset(text, error.line(), error.column()))
    })
}

/// The offset of a line and a column, the column in bytes, as `serde_json` counts them.
fn offset(text: &[u8], line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    before + column
}

/// How deep brackets lie in each other, outside of strings, up to where they end or do not fit.
fn nesting(text: &[u8]) -> usize {
    let mut scan = Scan::default();
    // Where they do not fit, the parser goes no further either.
    let _ = scan.run(text);
    scan.deepest()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn mistakes_are_placed_in_the_record() {
        let said = |text: &str| parse(text.as_bytes()).unwrap_err();
        assert_eq!(said("{\"a\":nul}"), "expected ident at byte 9 of the record");
        assert_eq!(said("{\n\"a\":\n1e400}"), "number out of range at byte 12 of the record");
        assert_eq!(said("[1]"), "it is not a JSON object");
    }
}
