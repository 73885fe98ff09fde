//! The fields of an object, found in its text from the offsets of its strings, without parsing it.
//!
//! Correct for every object that is JSON: its keys are the strings before a colon, and of equal keys the last counts, as
//! in `serde_json`. Keys are compared as they are spelled, so an object with a backslash in a key is refused.

#![expect(
    clippy::inline_always,
    reason = "these functions run for every key of every record, and a call costs more than their work"
)]

use crate::log_file::Strings;

/// A field of an object.
pub struct Member<'a> {
    /// The key as it is spelled, without its quotes.
    pub key: &'a [u8],
    /// The offset of the key's first byte.
    pub begins: usize,
    /// The offset of the value.
    pub value: usize,
    /// The offset of the value's closing quote, if the value is a string.
    pub closes: Option<usize>,
    /// The offset of the next string, or the end of the text: the value ends before it.
    pub until: usize,
}

/// The members of the object that `text` begins with; `strings` are the object's own strings.
pub fn members<'a>(text: &'a [u8], mut strings: Strings<'a>) -> Members<'a> {
    let next = strings.next();
    Members { text, strings, next }
}

/// The iterator that [`members`] returns.
pub struct Members<'a> {
    text: &'a [u8],
    strings: Strings<'a>,
    /// The string after the last member.
    next: Option<[usize; 2]>,
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Member<'a>> {
        loop {
            let [opens, closes] = self.next?;
            self.next = self.strings.next();
            let colon = past_blanks(self.text, closes + 1);
            if self.text.get(colon) != Some(&b':') {
                continue;
            }
            let value = past_blanks(self.text, colon + 1);
            let closing = match self.next {
                Some([opens, closes]) if opens == value => {
                    self.next = self.strings.next();
                    Some(closes)
                }
                _ => None,
            };
            let key = self.text.get(opens + 1..closes)?;
            let until = self.next.map_or(self.text.len(), |[opens, _]| opens);
            return Some(Member { key, begins: opens + 1, value, closes: closing, until });
        }
    }
}

/// The offset of the first byte from `at` on that is not white space.
#[inline]
pub fn past_blanks(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = text.get(at) {
        at += 1;
    }
    at
}

/// A field that rules are filed under or that they check.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IndexedField {
    /// The number of the field's name at the top of the record.
    pub top: usize,
    /// The key inside the object of that name, for a field one level below the top.
    pub inner: Option<Box<[u8]>>,
}

/// The names of the fields that rules read, numbered from 0: a hash table from name to number.
#[derive(Clone)]
pub struct FieldNames {
    known: Vec<Box<[u8]>>,
    /// By hash: the number of the last name with that hash. Most keys of a record hash to an empty bucket.
    buckets: Box<[u16; BUCKETS]>,
    /// By number: the name before it in the same bucket.
    next: Vec<u16>,
}

const BUCKETS: usize = 1024;
/// The end of a bucket.
const NONE: u16 = u16::MAX;

impl FieldNames {
    /// No names yet.
    pub fn new() -> Self {
        Self { known: Vec::new(), buckets: Box::new([NONE; BUCKETS]), next: Vec::new() }
    }

    /// The number of a name, which is added if it is new; `None` if the name has more than one spelling in JSON, or there are
    /// too many names.
    pub fn add(&mut self, name: &str) -> Option<usize> {
        if let Some(number) = self.number(name.as_bytes()) {
            return Some(number);
        }
        let number = u16::try_from(self.known.len()).ok().filter(|number| *number != NONE && is_plain(name))?;
        self.known.push(name.as_bytes().into());
        self.next.push(std::mem::replace(&mut self.buckets[hash(name.as_bytes())], number));
        Some(number.into())
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// The number of a name.
    #[inline(always)]
    pub fn number(&self, key: &[u8]) -> Option<usize> {
        let mut number = self.buckets[hash(key)];
        while number != NONE {
            if same(&self.known[usize::from(number)], key) {
                return Some(number.into());
            }
            number = self.next[usize::from(number)];
        }
        None
    }
}

/// Whether a JSON string spells the text as it is, unless it uses escapes that it does not need. Text outside of ASCII is
/// not plain, since it may also come from a repair.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
}

/// `one == other`, for keys: they are short, so a call of the library's comparison takes longer than comparing them here.
#[inline(always)]
fn same(one: &[u8], other: &[u8]) -> bool {
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    match (one.last_chunk::<8>(), other.last_chunk::<8>()) {
        (Some(last), Some(other_last)) if one.len() == other.len() => {
            let (words, other_words) = (one.as_chunks::<8>().0, other.as_chunks::<8>().0);
            word(last) == word(other_last) && words.iter().zip(other_words).all(|(one, other)| word(one) == word(other))
        }
        (None, None) => one.iter().eq(other),
        _ => false,
    }
}

/// A hash of the length and the last bytes.
#[inline(always)]
fn hash(key: &[u8]) -> usize {
    let last = key.last_chunk::<4>().map_or(0, |last| u32::from_le_bytes(*last));
    ((last.wrapping_mul(0x9e37_79b1) >> 22) as usize ^ key.len()) % BUCKETS
}

/// Where the named fields of one record are.
#[derive(Default)]
pub struct RecordFields {
    /// By number of name.
    offsets: Vec<FieldOffsets>,
    plain: bool,
}

/// Offsets in the text of a record; 0 means none.
#[derive(Clone, Copy, Default)]
struct FieldOffsets {
    value: u32,
    closes: u32,
    until: u32,
}

/// The value of a field, as far as its text shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FieldValue<'a> {
    /// The record has no such field.
    Absent,
    /// A string without escapes.
    Text(&'a [u8]),
    /// Any value: a string with escapes, a list, or a field that was not looked for.
    Unknown,
    /// Neither a string nor a list.
    NotText,
}

impl RecordFields {
    /// Finds the fields of a record. Returns false if a key is escaped or the record is too long.
    pub fn read(&mut self, names: &FieldNames, text: &[u8], strings: Strings<'_>) -> bool {
        self.offsets.clear();
        self.offsets.resize(names.len(), FieldOffsets::default());
        self.plain = strings.plain;
        let Ok(_) = u32::try_from(text.len()) else { return false };
        for Member { key, value, closes, until, .. } in members(text, strings) {
            match names.number(key) {
                #[expect(clippy::cast_possible_truncation, reason = "no offset is greater than the length")]
                Some(number) => {
                    let closes = closes.unwrap_or(0) as u32;
                    self.offsets[number] = FieldOffsets { value: value as u32, closes, until: until as u32 };
                }
                None if !self.plain && key.contains(&b'\\') => return false,
                None => {}
            }
        }
        true
    }

    /// Whether the last [`Self::read`] looked for the field of that number.
    pub fn covers(&self, number: usize) -> bool {
        number < self.offsets.len()
    }

    /// The offset of a field's value.
    pub fn value(&self, number: usize) -> Option<usize> {
        self.offsets.get(number).map(|offsets| offsets.value as usize).filter(|value| *value > 0)
    }

    /// A part of `text` that begins with the field's value and holds all of it, if no string of the record has an escape.
    pub fn plain<'a>(&self, number: usize, text: &'a [u8]) -> Option<&'a [u8]> {
        let offsets = self.offsets.get(number).filter(|_| self.plain)?;
        text.get(offsets.value as usize..offsets.until as usize)
    }

    /// The value of a field; `text` is the record that was read.
    #[inline]
    pub fn find<'a>(&self, number: usize, text: &'a [u8]) -> FieldValue<'a> {
        let Some(offsets) = self.offsets.get(number) else { return FieldValue::Unknown };
        let (value, closes) = (offsets.value as usize, offsets.closes as usize);
        match text.get(value) {
            _ if value == 0 => FieldValue::Absent,
            Some(b'"') if closes > 0 => match text.get(value + 1..closes) {
                Some(inside) if self.plain || !inside.contains(&b'\\') => FieldValue::Text(inside),
                _ => FieldValue::Unknown,
            },
            Some(b'"' | b'[') | None => FieldValue::Unknown,
            Some(_) => FieldValue::NotText,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log_file::Scan;

    fn read(text: &str) -> Option<(RecordFields, FieldNames)> {
        let mut names = FieldNames::new();
        for name in ["eventName", "eventTime", "a", "b", ""] {
            names.add(name).unwrap();
        }
        let mut scan = Scan::default();
        assert!(matches!(scan.run(text.as_bytes()), Ok(Some(length)) if length == text.len()), "{text}");
        let mut fields = RecordFields::default();
        fields.read(&names, text.as_bytes(), scan.strings()?).then_some((fields, names))
    }

    #[test]
    fn the_value_of_a_field_is_found() {
        let check = |text: &str, name: &str, expected: FieldValue<'_>| {
            let (fields, names) = read(text).expect(text);
            let found = fields.find(names.number(name.as_bytes()).unwrap(), text.as_bytes());
            assert_eq!(found, expected, "{name} in {text}");
        };
        check(r#"{"eventName":"PutImage","eventTime":"x"}"#, "eventName", FieldValue::Text(b"PutImage"));
        check("{ \"eventName\"\t:\r\n \"PutImage\" }", "eventName", FieldValue::Text(b"PutImage"));
        check(r#"{"eventName":""}"#, "eventName", FieldValue::Text(b""));
        check(r#"{"":"x"}"#, "", FieldValue::Text(b"x"));
        // Of equal keys the last counts.
        check(r#"{"a":"b","a":"c"}"#, "a", FieldValue::Text(b"c"));
        check(r#"{"a":"b","a":null}"#, "a", FieldValue::NotText);
        // Neither a value nor a nested key is a key.
        check(r#"{"a":"b","x":"b","y":{"b":"a"}}"#, "b", FieldValue::Absent);
        check(r#"{"x":"\"b\":","a":"b"}"#, "b", FieldValue::Absent);
        check(r#"{"a":["b"],"b":1}"#, "a", FieldValue::Unknown);
        check(r#"{"a":"b\n","b":1}"#, "a", FieldValue::Unknown);
        check(r#"{"a":{"a":"b"}}"#, "a", FieldValue::NotText);
        check(r#"{"a":{"a":"b"},"b":-1}"#, "b", FieldValue::NotText);
    }

    #[test]
    fn a_key_with_an_escape_is_refused() {
        assert!(read(r#"{"event\u004eame":"PutImage"}"#).is_none());
        assert!(read(r#"{"a":"\u004e","c":{"event\u004eame":"PutImage"}}"#).is_some());
    }

    #[test]
    fn names_get_different_numbers() {
        let mut names = FieldNames::new();
        let many: Vec<String> = (0..2000).map(|number| format!("name{number}")).collect();
        for (number, name) in many.iter().enumerate() {
            assert_eq!(names.add(name), Some(number));
        }
        for (number, name) in many.iter().enumerate() {
            assert_eq!(names.add(name), Some(number));
            assert_eq!(names.number(name.as_bytes()), Some(number));
        }
        assert_eq!(names.number(b"name"), None);
        // Names of the same length with the same end: every byte is compared.
        let name = "additionalEventData!";
        assert_eq!(names.add(name), Some(many.len()));
        for at in 0..name.len() {
            let mut other = name.as_bytes().to_vec();
            other[at] = b'#';
            assert_eq!(names.number(&other), None, "{at}");
        }
        for odd in ["é", "a\"", "\\", "\n"] {
            assert_eq!(names.add(odd), None);
        }
    }
}
