//! A record as a tree of [`Node`]s over its text: what a filter does not look at is not parsed.
//!
//! For a record that is JSON it looks exactly like the parsed one, or [`View::take_unsure`] afterwards: where a string has
//! an escape or is no Unicode, or anything else that is not read here, the answer is the parser's.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
};

use memchr::memmem::Finder;

use super::{
    fields::{Fields, Found, Names, members, past_blanks},
    index::Field,
    parse::MAX_NESTING,
};
use crate::{
    log_file::{Scan, Strings, string_end},
    number::Number,
    record::{Node, Scalar},
};

/// One record.
pub struct View<'a> {
    text: &'a [u8],
    strings: Strings<'a>,
    names: &'a Names,
    fields: &'a Fields,
    deeper: RefCell<&'a mut Deeper>,
    unsure: Cell<bool>,
}

/// The values deeper in the record that were scanned, a few of them: rules ask about the same ones. What is scanned for
/// all rules together is bounded, since values that lie in each other are scanned again on every level.
#[derive(Default)]
pub struct Deeper {
    values: Vec<Scanned>,
    /// How many of them are of this record.
    known: usize,
    /// How many bytes of this record were scanned.
    spent: usize,
    /// From when on nothing more is scanned: then it costs less to parse the record.
    most: usize,
    scan: Scan,
}

/// An object or a list.
#[derive(Default)]
struct Scanned {
    at: usize,
    /// The offset after it; `None` where it has none.
    end: Option<usize>,
    /// Of an object: where the keys stand, and where the values begin. `None` where there are more than
    /// [`Self::MAX_MEMBERS`].
    members: Option<Vec<(Range<usize>, usize)>>,
}

/// A value of a record, known by the offset at which it begins.
#[derive(Clone, Copy)]
pub struct Projected<'a> {
    view: &'a View<'a>,
    at: usize,
    depth: usize,
}

impl<'a> View<'a> {
    /// A view of the object `text`, with its own strings, whose named fields are known.
    pub fn new(
        text: &'a [u8],
        strings: Strings<'a>,
        names: &'a Names,
        fields: &'a Fields,
        deeper: &'a mut Deeper,
    ) -> Self {
        deeper.reset(text);
        Self { text, strings, names, fields, deeper: RefCell::new(deeper), unsure: Cell::new(false) }
    }

    /// The whole record.
    pub fn root(&'a self) -> Projected<'a> {
        Projected { view: self, at: 0, depth: 1 }
    }

    /// Whether something was asked that only the parsed record can answer, since this was asked last.
    pub fn take_unsure(&self) -> bool {
        self.unsure.take()
    }

    /// What stands in a field.
    #[inline]
    pub fn find(&self, field: &Field) -> Found<'a> {
        match &field.inner {
            None => self.fields.find(field.top, self.text),
            Some(key) => self.find_inner(field.top, key),
        }
    }

    /// Whether one of the texts stands somewhere in the object that is the field of that number, or may. What is no
    /// object may still hold one that is spelled otherwise: percent-encoded in a string.
    pub fn may_hold(&self, top: usize, texts: &[Finder<'_>]) -> bool {
        let object = self.fields.plain(top, self.text).filter(|value| value.first() == Some(&b'{'));
        object.is_none_or(|object| texts.iter().any(|text| text.find(object).is_some()))
    }

    fn find_inner(&self, top: usize, key: &[u8]) -> Found<'a> {
        let Some(at) = self.fields.value(top) else {
            return if self.fields.know(top) { Found::Absent } else { Found::Anything };
        };
        let value = match self.text.get(at) {
            Some(b'{') => self.member(at, key),
            // A list of objects, or perhaps an object in a string.
            Some(b'[' | b'"') => return Found::Anything,
            _ => None,
        };
        match value.and_then(|at| Some((at, self.text.get(at)?))) {
            _ if self.take_unsure() => Found::Anything,
            None => Found::Absent,
            Some((at, b'"')) => spelled(self.text, at + 1).map_or(Found::Anything, Found::Text),
            Some((_, b'[')) => Found::Anything,
            Some(_) => Found::NoText,
        }
    }

    fn give_up<T>(&self) -> Option<T> {
        self.unsure.set(true);
        None
    }

    /// The offset of a member's value in the object at `at`, which is not the record itself. Of equal keys the last
    /// counts.
    fn member(&self, at: usize, key: &[u8]) -> Option<usize> {
        let mut deeper = self.deeper.borrow_mut();
        let Some(members) = deeper.look(self.text, at).and_then(|value| value.members.as_ref()) else {
            return self.give_up();
        };
        let mut found = None;
        for (name, value) in members {
            let name = self.text.get(name.clone())?;
            if name == key {
                found = Some(*value);
            } else if name.contains(&b'\\') {
                return self.give_up();
            }
        }
        found
    }

    /// The same in the record itself, for a key that is not among the names.
    fn own_member(&self, key: &[u8]) -> Option<usize> {
        // `Fields` has made sure that no key has a backslash.
        members(self.text, self.strings).filter(|member| member.key == key).last().map(|member| member.value)
    }

    /// The offset after the value at `at`.
    fn end(&self, at: usize) -> Option<usize> {
        match self.text.get(at)? {
            b'{' | b'[' => self.deeper.borrow_mut().look(self.text, at)?.end,
            b'"' => {
                let mut deeper = self.deeper.borrow_mut();
                let rest = self.text.get(at + 1..).filter(|_| !deeper.is_spent())?;
                let length = string_end(rest, &mut false)?;
                deeper.spent += length;
                Some(at + 1 + length)
            }
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

impl Deeper {
    const MAX_VALUES: usize = 16;
    /// How often, all in all, a record may be scanned over.
    const MAX_TIMES: usize = 8;
    /// What a scan takes, however short the value is.
    const LEAST: usize = 64;

    fn reset(&mut self, text: &[u8]) {
        (self.known, self.spent) = (0, 0);
        self.most = text.len().saturating_mul(Self::MAX_TIMES);
    }

    fn is_spent(&self) -> bool {
        self.spent > self.most
    }

    /// The value at `at`; `None` once too much was scanned.
    fn look(&mut self, text: &[u8], at: usize) -> Option<&Scanned> {
        if let Some(number) = self.values[..self.known].iter().position(|value| value.at == at) {
            return self.values.get(number);
        }
        if self.is_spent() {
            return None;
        }
        // The last one gives way where there are too many.
        let number = self.known.min(Self::MAX_VALUES - 1);
        self.known = number + 1;
        if self.values.len() == number {
            self.values.push(Scanned::default());
        }
        self.spent += self.values[number].scan(&mut self.scan, text, at).max(Self::LEAST);
        self.values.get(number)
    }
}

impl Scanned {
    /// No event has a tenth of them, and memory stays bounded.
    const MAX_MEMBERS: usize = 1024;

    /// Returns how many bytes were scanned.
    fn scan(&mut self, scan: &mut Scan, text: &[u8], at: usize) -> usize {
        scan.reset();
        let rest = text.get(at..).unwrap_or_default();
        self.at = at;
        let length = scan.run(rest).ok().flatten();
        self.end = length.map(|length| at + length);
        let strings = scan.strings().filter(|_| self.end.is_some());
        let list = self.members.take();
        self.members = strings.and_then(|strings| {
            let mut list = list.unwrap_or_default();
            list.clear();
            list.extend(members(rest, strings).take(Self::MAX_MEMBERS + 1).map(|member| {
                let begins = at + member.begins;
                (begins..begins + member.key.len(), at + member.value)
            }));
            (list.len() <= Self::MAX_MEMBERS).then_some(list)
        });
        length.unwrap_or(rest.len())
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
        scalar.or_else(|| view.give_up()).unwrap_or(Scalar::Null)
    }

    fn get(self, key: &str) -> Option<Self> {
        let view = self.view;
        if view.text.get(self.at) != Some(&b'{') {
            return None;
        }
        // Such a key could be what a repaired record has.
        if !key.is_ascii() || self.depth >= MAX_NESTING {
            return view.give_up();
        }
        let value = match (self.at, view.names.number(key.as_bytes())) {
            (0, Some(number)) => view.fields.value(number),
            (0, None) => view.own_member(key.as_bytes()),
            (at, _) => view.member(at, key.as_bytes()),
        };
        value.map(|at| Self { at, depth: self.depth + 1, ..self })
    }

    /// Nobody asks on the way to a verdict.
    fn keys(self) -> impl Iterator<Item = &'a str> {
        self.view.give_up::<()>();
        std::iter::empty()
    }

    fn elements(self) -> impl Iterator<Item = Self> {
        let view = self.view;
        let mut next = (view.text.get(self.at) == Some(&b'[')).then_some(self.at);
        std::iter::from_fn(move || {
            // The bracket, or the element before.
            let last = next.take()?;
            if self.depth >= MAX_NESTING {
                return view.give_up();
            }
            let first = last == self.at;
            let Some(end) = (if first { Some(last) } else { view.end(last) }) else { return view.give_up() };
            let at = past_blanks(view.text, end);
            let at = match view.text.get(at) {
                Some(b'[') if first => past_blanks(view.text, at + 1),
                Some(b',') if !first => past_blanks(view.text, at + 1),
                Some(b']') if !first => return None,
                _ => return view.give_up(),
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
    std::str::from_utf8(spelled(record, at)?).ok()
}

/// The same, whether it is Unicode or not.
fn spelled(record: &[u8], at: usize) -> Option<&[u8]> {
    let rest = record.get(at..)?;
    let length = memchr::memchr2(b'"', b'\\', rest)?;
    (rest[length] == b'"').then_some(&rest[..length])
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::record::Path;

    fn with_view<T>(record: &str, deeper: &mut Deeper, then: impl for<'v> FnOnce(&'v View<'v>) -> T) -> T {
        let (mut scan, mut fields, mut names) = (Scan::default(), Fields::default(), Names::new());
        names.add("known");
        let text = record.as_bytes();
        assert!(matches!(scan.run(text), Ok(Some(_))), "{record}");
        assert!(fields.read(&names, text, scan.strings().unwrap()), "{record}");
        then(&View::new(text, scan.strings().unwrap(), &names, &fields, deeper))
    }

    /// What a path shows, and whether that is sure.
    fn shown<'v>(view: &'v View<'v>, path: &Path) -> (Vec<String>, bool) {
        let mut found = Vec::new();
        path.visit(view.root(), &mut |scalar| {
            found.push(format!("{scalar:?}"));
            false
        });
        (found, !view.take_unsure())
    }

    /// Whether the text is understood; if so, it shows what the parsed record shows.
    fn check(record: &str, path: &str, understood: bool) {
        let path = Path::parse(path).unwrap();
        let (found, sure) = with_view(record, &mut Deeper::default(), |view| shown(view, &path));
        assert_eq!(sure, understood, "{path} on {record}");
        if understood {
            let mut expected = Vec::new();
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

    #[test]
    fn what_is_scanned_for_all_rules_is_bounded() {
        let strings = vec!["\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\""; 20].join(",");
        let nested = |opens: &str, closes: &str| {
            format!(
                "{{\"known\":{}1{}}}",
                opens.replace('S', &strings).repeat(100),
                closes.replace('S', &strings).repeat(100)
            )
        };
        for (record, path) in [
            (nested("[S,", "]"), "known"),
            (nested("[", ",S]"), "known"),
            (nested("[{\"a\":[S],\"known\":", "}]"), &*format!("known{}", ".known".repeat(99))),
            (format!("{{\"known\":[{}{{}}]}}", "{},".repeat(10_000)), "known.a"),
            (format!("{{\"known\":[{strings}]}}"), "known"),
        ] {
            let path = Path::parse(path).unwrap();
            let mut deeper = Deeper::default();
            let sure = with_view(&record, &mut deeper, |view| (0..1000).filter(|_| shown(view, &path).1).count());
            assert!(sure < 1000, "{path}");
            assert!(deeper.spent <= 9 * record.len() + Deeper::LEAST, "{path}: {} of {}", deeper.spent, record.len());
            // The next record is seen as ever.
            assert!(with_view("{\"known\":[[1],2]}", &mut deeper, |view| shown(view, &path).1));
        }
    }

    #[test]
    fn an_object_of_too_many_members_is_left_to_the_parser() {
        let object = |count: usize| format!("{{\"known\":{{{}}}}}", vec!["\"a\":1"; count].join(","));
        check(&object(Scanned::MAX_MEMBERS), "known.a", true);
        check(&object(Scanned::MAX_MEMBERS + 1), "known.a", false);
    }
}
