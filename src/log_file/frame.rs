//! The objects and lists that the splitter is inside of, and the keys of these objects.

use std::borrow::Cow;

use super::{
    error::{JsonKind, Unparsable},
    keys::Keys,
    scan::string_end,
};

/// An object or a list whose members are cut one by one.
pub(super) enum Frame {
    Object(TopObject),
    List(ElementList),
}

/// An object that is a document, or that begins with a list of records.
#[derive(Default)]
pub(super) struct TopObject {
    pub(super) keys: Keys,
    /// Whether it has a list of records.
    pub(super) has_list: bool,
    /// Whether it has a key that only records have.
    pub(super) is_record: bool,
    /// The deepest nesting of its values.
    pub(super) deepest: usize,
}

/// A list of records, or of what holds them.
pub(super) struct ElementList {
    /// How many items were cut before the list.
    pub(super) items_before: u64,
    /// How many elements are plain values, such as the names beside the records in the rows of
    /// `--query 'Events[].[EventName, CloudTrailEvent]'`, and the kind of the last.
    pub(super) plain: u64,
    pub(super) kind: JsonKind,
    /// Whether it has elements that are objects or lists, so that it is no such row.
    pub(super) has_brackets: bool,
}

impl ElementList {
    /// Notes an element that is a plain value, or refuses it, if it cannot be a name beside a record.
    pub(super) fn plain_value(&mut self, kind: JsonKind) -> Option<Unparsable> {
        if self.has_brackets {
            return Some(Unparsable::NotObject(kind));
        }
        self.plain += 1;
        self.kind = kind;
        None
    }
}

/// Keys under which a list of records, or of what holds records, is written: by CloudTrail, by `lookup-events`, by a
/// subscription of CloudWatch Logs and by `aws logs filter-log-events`.
pub(super) const LIST_KEYS: [&str; 4] = ["Records", "Events", "logEvents", "events"];

const QUOTED_LIST_KEYS: [&[u8]; 4] = [b"\"Records\"", b"\"Events\"", b"\"logEvents\"", b"\"events\""];

/// Whether the first member of the object that begins `text` is such a list; `None`: more bytes decide.
pub(super) fn begins_with_list(text: &[u8]) -> Option<bool> {
    /// More than the bracket, the key and the colon, with some white space.
    const LOOK: usize = 64;
    let look = &text[..text.len().min(LOOK)];
    let undecided = if look.len() < LOOK { None } else { Some(false) };
    let rest = look.get(1..).unwrap_or_default().trim_ascii_start();
    let Some(key) = QUOTED_LIST_KEYS.iter().find(|key| rest.starts_with(key)) else {
        let may_become = QUOTED_LIST_KEYS.iter().any(|key| key.starts_with(rest));
        return if may_become { undecided } else { Some(false) };
    };
    let rest = rest[key.len()..].trim_ascii_start();
    match rest.split_first() {
        Some((b':', rest)) => rest.trim_ascii_start().first().map_or(undecided, |first| Some(*first == b'[')),
        Some(_) => Some(false),
        None => undecided,
    }
}

/// A key of an object, up to a maximum length.
#[derive(Default)]
pub(super) struct ObjectKey {
    text: Vec<u8>,
    escaped: bool,
}

impl ObjectKey {
    /// Longer than the keys compared here, even if each of their letters is escaped.
    const MAX_BYTES: usize = 128;

    /// Reads the key from `bytes` up to its closing quote. Returns the offset after the quote.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Option<usize> {
        let end = string_end(bytes, &mut self.escaped);
        let part = &bytes[..end.map_or(bytes.len(), |end| end - 1)];
        self.text.extend(part.iter().take(Self::MAX_BYTES - self.text.len()));
        end
    }

    /// The key without escapes, or as it is spelled if its escapes are invalid.
    pub(super) fn name(&self) -> Cow<'_, [u8]> {
        if !self.text.contains(&b'\\') {
            return Cow::Borrowed(&self.text);
        }
        let quoted = [b"\"", &*self.text, b"\""].concat();
        serde_json::from_slice(&quoted).map_or(Cow::Borrowed(&*self.text), |name: String| Cow::Owned(name.into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_member_of_an_object_tells_that_it_is_a_list_of_records() {
        for (text, expected) in [
            (r#"{"Records":[{}]}"#, Some(true)),
            ("{ \"logEvents\" :\n [", Some(true)),
            (r#"{"Records":{"#, Some(false)),
            (r#"{"Records","#, Some(false)),
            (r#"{"eventVersion":"#, Some(false)),
            (r#"{"eve"#, None),
            (r#"{"events""#, None),
            (r#"{"events": "#, None),
            ("{", None),
            ("{}", Some(false)),
            (r#"{"a":{"Records":["#, Some(false)),
        ] {
            assert_eq!(begins_with_list(text.as_bytes()), expected, "{text}");
        }
        let blanks = format!("{{{}\"Records\":[", " ".repeat(100));
        assert_eq!(begins_with_list(blanks.as_bytes()), Some(false));
    }
}
