//! Finds where a JSON object or list ends, and where its own strings are, from brackets and quotes only.
//!
//! A scan continues where it stopped, so no byte is read twice however the text arrives. It also records the quotes of
//! strings directly inside the value, which is enough to find the fields of an object.

use super::block::{BLOCK, Block, inside};

/// A scan of one value that begins with a bracket.
#[derive(Default)]
pub(crate) struct Scan {
    depth: usize,
    deepest: usize,
    /// One bit for each open bracket, the last one lowest: whether it is `[`.
    lists: u128,
    in_string: bool,
    escaped: bool,
    /// How many bytes earlier calls scanned.
    scanned: usize,
    quotes: Vec<Quotes>,
    backslash: bool,
}

/// The quotes of a value's own strings in one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quotes {
    /// The offset of the block in the value.
    at: u32,
    /// Bit n is a quote at byte n of the block.
    set: u64,
}

/// The strings directly inside a value: pairs of the offsets of the opening and of the closing quote, from the value's first
/// byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Strings<'a> {
    quotes: &'a [Quotes],
    block: Quotes,
    /// Whether the scanned blocks have no backslash, so that no string has an escape. Most records have none.
    pub(crate) plain: bool,
}

#[expect(clippy::copy_iterator, reason = "each reader of a record starts from the first string")]
impl Iterator for Strings<'_> {
    type Item = [usize; 2];

    #[inline]
    fn next(&mut self) -> Option<[usize; 2]> {
        Some([self.quote()?, self.quote()?])
    }
}

impl Strings<'_> {
    #[inline]
    fn quote(&mut self) -> Option<usize> {
        while self.block.set == 0 {
            self.block = *self.quotes.split_off_first()?;
        }
        let at = self.block.at as usize + self.block.set.trailing_zeros() as usize;
        self.block.set &= self.block.set - 1;
        Some(at)
    }
}

/// A closing bracket of the wrong kind.
pub(crate) struct Mismatch {
    /// The offset of the bracket in the bytes of the call.
    pub(super) at: usize,
    /// What is valid there, for a message.
    pub(super) expected: &'static str,
}

impl Scan {
    /// In a value that is nested deeper than this, brackets are counted and their kinds are no longer compared.
    const COMPARED: usize = u128::BITS as usize;

    /// Quotes in more blocks than this are not recorded. It is ten times what any event has, and bounds the memory.
    const MAX_BLOCKS: usize = 4096;

    /// Prepares for another value.
    pub(crate) fn reset(&mut self) {
        let mut quotes = std::mem::take(&mut self.quotes);
        quotes.clear();
        *self = Self { quotes, ..Self::default() };
    }

    /// Continues the scan. `Some(n)`: the value ends before byte n; `None`: it continues after these bytes.
    ///
    /// # Errors
    ///
    /// If a closing bracket does not match the opening one.
    pub(crate) fn run(&mut self, bytes: &[u8]) -> Result<Option<usize>, Mismatch> {
        let mut start = 0;
        while start < bytes.len() {
            let (block, length) = Block::of(&bytes[start..]);
            self.backslash |= block.backslashes != 0;
            let any = block.backslashes != 0 || self.escaped;
            let escaped = if any { block.escaped(&mut self.escaped) } else { 0 };
            if length < BLOCK {
                // The block is padded with spaces, of which its last byte may have escaped the first.
                self.escaped = escaped >> length & 1 == 1;
            }
            let quotes = block.quotes & !escaped;
            let strings = inside(quotes) ^ if self.in_string { u64::MAX } else { 0 };
            self.in_string = strings >> (BLOCK - 1) == 1;
            let mut brackets = block.brackets & !strings;
            let (mut unseen, mut own) = (u64::MAX, 0);
            while brackets != 0 {
                let bit = brackets & brackets.wrapping_neg();
                if self.depth == 1 {
                    own |= quotes & unseen & (bit - 1);
                }
                let at = start + bit.trailing_zeros() as usize;
                self.bracket(bytes[at]).map_err(|expected| Mismatch { at, expected })?;
                if self.depth == 0 {
                    self.record(own, start);
                    return Ok(Some(at + 1));
                }
                brackets ^= bit;
                unseen = !(bit | (bit - 1));
            }
            if self.depth == 1 {
                own |= quotes & unseen;
            }
            self.record(own, start);
            start += length;
        }
        self.scanned += bytes.len();
        Ok(None)
    }

    /// The greatest number of brackets that were open at once.
    pub(crate) fn deepest(&self) -> usize {
        self.deepest
    }

    /// The value's own strings, as far as it was scanned; `None` if there are too many.
    pub(crate) fn strings(&self) -> Option<Strings<'_>> {
        let block = Quotes { at: 0, set: 0 };
        let plain = !self.backslash;
        (self.quotes.len() < Self::MAX_BLOCKS).then_some(Strings { quotes: &self.quotes, block, plain })
    }

    #[inline]
    fn record(&mut self, set: u64, start: usize) {
        if set != 0 && self.quotes.len() < Self::MAX_BLOCKS {
            // An offset beyond 4 GiB is not truncated: the value then counts as one with too many strings.
            match u32::try_from(self.scanned + start) {
                Ok(at) => self.quotes.push(Quotes { at, set }),
                Err(_) => self.quotes.resize(Self::MAX_BLOCKS, Quotes { at: 0, set: 0 }),
            }
        }
    }

    #[inline]
    fn bracket(&mut self, byte: u8) -> Result<(), &'static str> {
        match byte {
            b'{' | b'[' => {
                self.open(byte == b'[');
                Ok(())
            }
            _ => self.close(byte == b']'),
        }
    }

    #[inline]
    fn open(&mut self, list: bool) {
        self.lists = self.lists << 1 | u128::from(list);
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
    }

    #[inline]
    fn close(&mut self, list: bool) -> Result<(), &'static str> {
        let opened = self.lists & 1 == 1;
        self.lists >>= 1;
        self.depth = self.depth.saturating_sub(1);
        match opened {
            _ if opened == list || self.deepest > Self::COMPARED => Ok(()),
            true => Err("`,` or `]`"),
            false => Err("`,` or `}`"),
        }
    }
}

/// The end of a string whose opening quote is before `bytes`: `Some(n)` if its closing quote is byte n - 1. `escaped` carries a
/// backslash from one call to the next.
pub(crate) fn string_end(bytes: &[u8], escaped: &mut bool) -> Option<usize> {
    let mut at = usize::from(*escaped);
    loop {
        let rest = bytes.get(at..)?;
        *escaped = false;
        at += memchr::memchr2(b'"', b'\\', rest)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
        *escaped = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The end and the strings are the same for pieces of any length.
    fn check(text: &str, end: Option<usize>, own: &[&str]) {
        let text = text.as_bytes();
        for piece in (1..=text.len()).rev() {
            let mut scan = Scan::default();
            let mut found = None;
            for (number, bytes) in text.chunks(piece).enumerate() {
                if let Some(length) = scan.run(bytes).unwrap_or_else(|_| panic!("{piece}")) {
                    found = Some(number * piece + length);
                    break;
                }
            }
            assert_eq!(found, end, "{piece}");
            let strings = scan.strings().unwrap();
            let strings: Vec<_> =
                strings.map(|[opens, closes]| std::str::from_utf8(&text[opens + 1..closes]).unwrap()).collect();
            assert_eq!(strings, own, "{piece}");
        }
    }

    #[test]
    fn only_the_strings_directly_inside_are_found() {
        check(r#"{"a":"b","c":{"d":"e"},"f":["g"],"h":1},"x""#, Some(39), &["a", "b", "c", "f", "h"]);
        check(r#"{"a\"b":"{\\","c" : "}]\\\" \u0022"} "#, Some(36), &["a\\\"b", "{\\\\", "c", "}]\\\\\\\" \\u0022"]);
        check(r#"["a",{"b":[["c"]]},"d"]"#, Some(23), &["a", "d"]);
        check(r#"{"a":"b","c":{"d"#, None, &["a", "b", "c"]);
        let long = format!("{{\"a\":\"{}\",\"b\":[\"{}\"],\"c\":0}}", "\\\\".repeat(100), "x\\\"".repeat(70));
        check(&long, Some(long.len()), &["a", &"\\\\".repeat(100), "b", "c"]);
    }

    #[test]
    fn too_many_strings_are_not_recorded() {
        let list = |count: usize| format!("[{}]", vec!["\"\""; count].join(","));
        let known = |count: usize| {
            let mut scan = Scan::default();
            assert!(matches!(scan.run(list(count).as_bytes()), Ok(Some(_))));
            scan.strings().is_some()
        };
        assert!(known(100));
        assert!(!known(Scan::MAX_BLOCKS * BLOCK / 3));
    }
}
