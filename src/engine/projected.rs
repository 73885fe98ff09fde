//! A record as a tree of [`Node`]s over its text: what a filter does not look at is not parsed.
//!
//! For a record that is JSON it looks exactly like the parsed one, or [`View::is_unsure`] afterwards: where a string has
//! an escape or is no Unicode, or anything else that is not read here, the answer is the parser's.

use std::cell::{Cell, RefCell};

use super::{
    fields::{Fields, Names, members, past_blanks},
    parse::MAX_NESTING,
};
use crate::{
    log_file::{Scan, string_end},
    number::Number,
    record::{Node, Scalar},
};

/// One record.
pub struct View<'a> {
    text: &'a [u8],
    quotes: &'a [u32],
    names: &'a Names,
    fields: &'a Fields,
    inner: RefCell<&'a mut Inner>,
    unsure: Cell<bool>,
}

/// The value deeper in the record that was scanned last: the next question is often about the same.
#[derive(Default)]
pub struct Inner {
    at: usize,
    end: Option<usize>,
    scan: Scan,
}

/// A value of a record, known by the offset at which it begins.
#[derive(Clone, Copy)]
pub struct Projected<'a> {
    view: &'a View<'a>,
    at: usize,
    depth: usize,
}

impl<'a> View<'a> {
    /// A view of the object `text`, whose own strings have these quotes and whose named fields are known.
    pub fn new(text: &'a [u8], quotes: &'a [u32], names: &'a Names, fields: &'a Fields, inner: &'a mut Inner) -> Self {
        inner.at = 0;
        Self { text, quotes, names, fields, inner: RefCell::new(inner), unsure: Cell::new(false) }
    }

    /// The whole record.
    pub fn root(&'a self) -> Projected<'a> {
        Projected { view: self, at: 0, depth: 1 }
    }

    /// Whether something was asked since the last time that only the parsed record can answer.
    pub fn is_unsure(&self) -> bool {
        self.unsure.take()
    }

    fn unsure<T>(&self) -> Option<T> {
        self.unsure.set(true);
        None
    }

    /// The offset of a member's value in the object at `at`, which is not the record itself.
    fn member(&self, at: usize, key: &[u8]) -> Option<usize> {
        let mut inner = self.inner.borrow_mut();
        inner.look(self.text, at);
        match (inner.end, inner.scan.quotes()) {
            (Some(_), Some(quotes)) => self.last(self.text.get(at..)?, quotes, key).map(|value| at + value),
            _ => self.unsure(),
        }
    }

    /// The offset of the value of the last member of that name.
    fn last(&self, text: &[u8], quotes: &[u32], key: &[u8]) -> Option<usize> {
        let mut found = None;
        for member in members(text, quotes) {
            if member.key == key {
                found = Some(member.value);
            } else if member.key.contains(&b'\\') {
                return self.unsure();
            }
        }
        found
    }

    /// The offset after the value at `at`.
    fn end(&self, at: usize) -> Option<usize> {
        match self.text.get(at)? {
            b'{' | b'[' => {
                let mut inner = self.inner.borrow_mut();
                inner.look(self.text, at);
                inner.end
            }
            b'"' => string_end(self.text.get(at + 1..)?, &mut false).map(|length| at + 1 + length),
            _ => Some(at + self.word(at).len()),
        }
    }

    /// The number or the name that begins at `at`.
    fn word(&self, at: usize) -> &'a [u8] {
        let rest = self.text.get(at..).unwrap_or_default();
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        &rest[..rest.iter().take_while(|byte| is_part(byte)).count()]
    }
}

impl Inner {
    fn look(&mut self, text: &[u8], at: usize) {
        if self.at != at {
            self.at = at;
            self.scan.reset();
            self.end = text.get(at..).and_then(|rest| self.scan.run(rest).ok().flatten()).map(|length| at + length);
        }
    }
}

impl<'a> Node<'a> for Projected<'a> {
    fn scalar(self) -> Scalar<'a> {
        let view = self.view;
        let scalar = match view.text.get(self.at) {
            Some(b'{') => Some(Scalar::Object),
            Some(b'[') => Some(Scalar::List),
            Some(b'"') => text(view.text, self.at + 1).map(Scalar::Text),
            _ => match view.word(self.at) {
                b"null" => Some(Scalar::Null),
                b"true" => Some(Scalar::Bool(true)),
                b"false" => Some(Scalar::Bool(false)),
                // By the parser itself, so that every number is the same here and there.
                word => {
                    serde_json::from_slice(word).ok().and_then(|number| Number::from_json(&number)).map(Scalar::Number)
                }
            },
        };
        scalar.or_else(|| view.unsure()).unwrap_or(Scalar::Null)
    }

    fn get(self, key: &str) -> Option<Self> {
        let view = self.view;
        if view.text.get(self.at) != Some(&b'{') {
            return None;
        }
        // Such a key could be what a repaired record has.
        if !key.is_ascii() || self.depth >= MAX_NESTING {
            return view.unsure();
        }
        let value = match (self.at, view.names.number(key.as_bytes())) {
            (0, Some(number)) => view.fields.value(number),
            (0, None) => view.last(view.text, view.quotes, key.as_bytes()),
            (at, _) => view.member(at, key.as_bytes()),
        };
        value.map(|at| Self { at, depth: self.depth + 1, ..self })
    }

    /// Nobody asks on the way to a verdict.
    fn keys(self) -> impl Iterator<Item = &'a str> {
        self.view.unsure::<()>();
        std::iter::empty()
    }

    fn elements(self) -> impl Iterator<Item = Self> {
        let view = self.view;
        let mut next = (view.text.get(self.at) == Some(&b'[')).then_some(self.at);
        std::iter::from_fn(move || {
            // The bracket, or the element before.
            let last = next.take()?;
            if self.depth >= MAX_NESTING {
                return view.unsure();
            }
            let first = last == self.at;
            let Some(end) = (if first { Some(last) } else { view.end(last) }) else { return view.unsure() };
            let at = past_blanks(view.text, end);
            let at = match view.text.get(at) {
                Some(b'[') if first => past_blanks(view.text, at + 1),
                Some(b',') if !first => past_blanks(view.text, at + 1),
                Some(b']') if !first => return None,
                _ => return view.unsure(),
            };
            if first && view.text.get(at) == Some(&b']') {
                return None;
            }
            next = Some(at);
            Some(Self { at, depth: self.depth + 1, ..self })
        })
    }
}

/// The string that begins at `at`; `None` unless it is as it stands there.
fn text(record: &[u8], at: usize) -> Option<&str> {
    let rest = record.get(at..)?;
    let length = memchr::memchr2(b'"', b'\\', rest)?;
    if rest[length] == b'"' { std::str::from_utf8(&rest[..length]).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::record::Path;

    /// Whether the text is understood; if so, it shows what the parsed record shows.
    fn check(record: &str, path: &str, understood: bool) {
        let (mut scan, mut fields, mut names, mut inner) =
            (Scan::default(), Fields::default(), Names::new(), Inner::default());
        names.add("known");
        let text = record.as_bytes();
        assert!(matches!(scan.run(text), Ok(Some(_))), "{record}");
        assert!(fields.read(&names, text, scan.quotes().unwrap()), "{record}");
        let view = View::new(text, scan.quotes().unwrap(), &names, &fields, &mut inner);
        let path = Path::parse(path).unwrap();
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        path.visit(view.root(), &mut |scalar| {
            found.push(format!("{scalar:?}"));
            false
        });
        assert_eq!(view.is_unsure(), !understood, "{path} on {record}");
        if understood {
            let value: Value = serde_json::from_str(record).unwrap();
            path.visit(&value, &mut |scalar| {
                expected.push(format!("{scalar:?}"));
                false
            });
            assert_eq!(found, expected, "{path} on {record}");
        }
    }

    #[test]
    fn shows_what_the_parsed_record_shows() {
        for (record, path) in [
            (r#"{"a":"b"}"#, "a"),
            (r#"{"known":"b"}"#, "known"),
            (r#"{"known":{"a":[1,-0,2.5e3,18446744073709551615,true,false,null,"x"]}}"#, "known.a"),
            ("{ \"a\" : [ { \"b\" : 1 } , { } , [ { \"b\" :[2 ,[ ] ] } ] , 3 ] }", "a.b"),
            (r#"{"a":[[1,2],[3]]}"#, "a[1][0]"),
            (r#"{"a":[[1,2],[3]]}"#, "a[7]"),
            (r#"{"a":[],"b":1}"#, "a"),
            (r#"{"a":{"b":1,"c":{"b":2},"b":"last"},"b":3}"#, "a.b"),
            (r#"{"known":1,"a":{"b":1},"a":{"c":"\u0041"},"known":2}"#, "known"),
            (r#"{"a":{"b":1},"a":{"c":2}}"#, "a.b"),
            (r#"{"a":{"b":"\u0041","c":2}}"#, "a.c"),
            (r#"{"requestParameters":{"tags":"[1,2,{}]"}}"#, "requestParameters.tags"),
            (r#"{"userIdentity":{"arn":"arn:aws:iam::1:user/a/b","type":"IAMUser"}}"#, "user"),
            (r#"{"userIdentity":{"arn":"arn:aws:iam::1:user/a/b","type":"Root"}}"#, "user"),
            ("{}", "a"),
        ] {
            check(record, path, true);
        }
    }

    #[test]
    fn leaves_to_the_parser_what_is_spelled_oddly() {
        check(r#"{"a":"\u0041"}"#, "a", false);
        check(r#"{"a":"b\\"}"#, "a", false);
        check(r#"{"a":{"\u0062":1}}"#, "a.b", false);
        check(r#"{"a":{"\u0062":1,"b":2}}"#, "a.b", false);
        check(r#"{"a":1e400}"#, "a", false);
        check(r#"{"a":01}"#, "a", false);
        check(r#"{"a":nul}"#, "a", false);
        check(r#"{"a":[1 2]}"#, "a", false);
        check(r#"{"a":{"é":1}}"#, "a.`é`", false);
        check(&format!("{{\"a\":{}{}}}", "[".repeat(600), "]".repeat(600)), "a", false);
    }
}
