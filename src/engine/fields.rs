//! The fields of an object, told from its text by where its own strings stand, without parsing it.
//!
//! Right for every object that is JSON: its keys are the strings before a colon, and of equal keys the last counts, as
//! for `serde_json`. Keys are compared as they are spelled, so an object with a backslash in a key is not understood.

#![expect(
    clippy::inline_always,
    reason = "it is done for every key of every record, and a call costs more than the work"
)]

use crate::log_file::Strings;

/// A field of an object.
pub struct Member<'a> {
    /// As it is spelled, without its quotes.
    pub key: &'a [u8],
    /// The offset of the key's first byte.
    pub begins: usize,
    /// The offset of its value.
    pub value: usize,
    /// The offset of the value's closing quote, if it is a string.
    pub closes: Option<usize>,
    /// The offset of the next string, or the end of the text: the value ends before it.
    pub until: usize,
}

/// The members of the object that `text` begins with; `strings` are its own.
pub fn members<'a>(text: &'a [u8], mut strings: Strings<'a>) -> Members<'a> {
    let next = strings.next();
    Members { text, strings, next }
}

/// What [`members`] gives.
pub struct Members<'a> {
    text: &'a [u8],
    strings: Strings<'a>,
    /// The string that was looked at last.
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

/// The offset of the first byte from `at` on that is no white space.
#[inline]
pub fn past_blanks(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = text.get(at) {
        at += 1;
    }
    at
}

/// Names of fields that are asked for, each known by a number from 0.
#[derive(Clone)]
pub struct Names {
    known: Vec<Box<[u8]>>,
    /// By shape: one of the names that have it. Most keys of a record have the shape of no name.
    by_shape: Box<[u16; SHAPES]>,
    /// By number: another name of the same shape.
    others: Vec<u16>,
}

const SHAPES: usize = 1024;
/// No name.
const NONE: u16 = u16::MAX;

impl Names {
    /// None yet.
    pub fn new() -> Self {
        Self { known: Vec::new(), by_shape: Box::new([NONE; SHAPES]), others: Vec::new() }
    }

    /// The number of a name, which is a new one if need be; `None` if it cannot be told from its spelling.
    pub fn add(&mut self, name: &str) -> Option<usize> {
        if let Some(number) = self.number(name.as_bytes()) {
            return Some(number);
        }
        let number = u16::try_from(self.known.len()).ok().filter(|number| *number != NONE && is_plain(name))?;
        self.known.push(name.as_bytes().into());
        self.others.push(std::mem::replace(&mut self.by_shape[shape(name.as_bytes())], number));
        Some(number.into())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// The number of a name.
    #[inline(always)]
    pub fn number(&self, key: &[u8]) -> Option<usize> {
        let mut number = self.by_shape[shape(key)];
        while number != NONE {
            if same(&self.known[usize::from(number)], key) {
                return Some(number.into());
            }
            number = self.others[usize::from(number)];
        }
        None
    }
}

/// Whether text stands in a JSON string as it is, unless by an escape. Text that is no ASCII could also have been
/// repaired.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
}

/// `one == other`, for keys: they are short, so calling the library's comparison takes longer than comparing.
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

/// Its length and its last bytes, mixed.
#[inline(always)]
fn shape(key: &[u8]) -> usize {
    let last = key.last_chunk::<4>().map_or(0, |last| u32::from_le_bytes(*last));
    ((last.wrapping_mul(0x9e37_79b1) >> 22) as usize ^ key.len()) % SHAPES
}

/// Where the named fields of one record are.
#[derive(Default)]
pub struct Fields {
    /// By number of name.
    places: Vec<Place>,
    plain: bool,
}

/// Offsets, of which 0 means none.
#[derive(Clone, Copy, Default)]
struct Place {
    value: u32,
    closes: u32,
    until: u32,
}

/// What stands in a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found<'a> {
    /// The field is not there.
    Absent,
    /// A string as it is.
    Text(&'a [u8]),
    /// A string with escapes, or a list, or a field that was not asked for: it may hold any text.
    Anything,
    /// A value that is no text.
    NoText,
}

impl Fields {
    /// Finds the fields of a record; false if they are not understood.
    pub fn read(&mut self, names: &Names, text: &[u8], strings: Strings<'_>) -> bool {
        self.places.clear();
        self.places.resize(names.len(), Place::default());
        self.plain = strings.plain;
        let Ok(_) = u32::try_from(text.len()) else { return false };
        for Member { key, value, closes, until, .. } in members(text, strings) {
            match names.number(key) {
                #[expect(clippy::cast_possible_truncation, reason = "no offset is greater than the length")]
                Some(number) => {
                    let closes = closes.unwrap_or(0) as u32;
                    self.places[number] = Place { value: value as u32, closes, until: until as u32 };
                }
                None if !self.plain && key.contains(&b'\\') => return false,
                None => {}
            }
        }
        true
    }

    /// Whether the field of that number was asked for.
    pub fn know(&self, number: usize) -> bool {
        number < self.places.len()
    }

    /// The offset of a field's value.
    pub fn value(&self, number: usize) -> Option<usize> {
        self.places.get(number).map(|place| place.value as usize).filter(|value| *value > 0)
    }

    /// The text in which a field's value lies, if nothing in it is escaped.
    pub fn plain<'a>(&self, number: usize, text: &'a [u8]) -> Option<&'a [u8]> {
        let place = self.places.get(number).filter(|_| self.plain)?;
        text.get(place.value as usize..place.until as usize)
    }

    /// What stands in a field of `text`.
    #[inline]
    pub fn find<'a>(&self, number: usize, text: &'a [u8]) -> Found<'a> {
        let Some(place) = self.places.get(number) else { return Found::Anything };
        let (value, closes) = (place.value as usize, place.closes as usize);
        match text.get(value) {
            _ if value == 0 => Found::Absent,
            Some(b'"') if closes > 0 => match text.get(value + 1..closes) {
                Some(inside) if self.plain || !inside.contains(&b'\\') => Found::Text(inside),
                _ => Found::Anything,
            },
            Some(b'"' | b'[') | None => Found::Anything,
            Some(_) => Found::NoText,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log_file::Scan;

    fn read(text: &str) -> Option<(Fields, Names)> {
        let mut names = Names::new();
        for name in ["eventName", "eventTime", "a", "b", ""] {
            names.add(name).unwrap();
        }
        let mut scan = Scan::default();
        assert!(matches!(scan.run(text.as_bytes()), Ok(Some(length)) if length == text.len()), "{text}");
        let mut fields = Fields::default();
        fields.read(&names, text.as_bytes(), scan.strings()?).then_some((fields, names))
    }

    #[test]
    fn the_value_of_a_field_is_found() {
        let check = |text: &str, name: &str, expected: Found<'_>| {
            let (fields, names) = read(text).expect(text);
            let found = fields.find(names.number(name.as_bytes()).unwrap(), text.as_bytes());
            assert_eq!(found, expected, "{name} in {text}");
        };
        check(r#"{"eventName":"PutImage","eventTime":"x"}"#, "eventName", Found::Text(b"PutImage"));
        check("{ \"eventName\"\t:\r\n \"PutImage\" }", "eventName", Found::Text(b"PutImage"));
        check(r#"{"eventName":""}"#, "eventName", Found::Text(b""));
        check(r#"{"":"x"}"#, "", Found::Text(b"x"));
        // Of equal keys the last counts.
        check(r#"{"a":"b","a":"c"}"#, "a", Found::Text(b"c"));
        check(r#"{"a":"b","a":null}"#, "a", Found::NoText);
        // Neither a value nor what lies deeper is a key.
        check(r#"{"a":"b","x":"b","y":{"b":"a"}}"#, "b", Found::Absent);
        check(r#"{"x":"\"b\":","a":"b"}"#, "b", Found::Absent);
        check(r#"{"a":["b"],"b":1}"#, "a", Found::Anything);
        check(r#"{"a":"b\n","b":1}"#, "a", Found::Anything);
        check(r#"{"a":{"a":"b"}}"#, "a", Found::NoText);
        check(r#"{"a":{"a":"b"},"b":-1}"#, "b", Found::NoText);
    }

    #[test]
    fn an_escape_in_a_key_is_not_understood() {
        assert!(read(r#"{"event\u004eame":"PutImage"}"#).is_none());
        assert!(read(r#"{"a":"\u004e","c":{"event\u004eame":"PutImage"}}"#).is_some());
    }

    #[test]
    fn names_are_told_apart() {
        let mut names = Names::new();
        let many: Vec<String> = (0..2000).map(|number| format!("name{number}")).collect();
        for (number, name) in many.iter().enumerate() {
            assert_eq!(names.add(name), Some(number));
        }
        for (number, name) in many.iter().enumerate() {
            assert_eq!(names.add(name), Some(number));
            assert_eq!(names.number(name.as_bytes()), Some(number));
        }
        assert_eq!(names.number(b"name"), None);
        for odd in ["é", "a\"", "\\", "\n"] {
            assert_eq!(names.add(odd), None);
        }
    }
}
