//! A record as a tree of [`Node`]s over its text: only the values that a filter reads are parsed.
//!
//! For a record that is JSON it shows the same values as the parsed record, or [`View::take_unsure`] returns true: a string
//! with an escape or with invalid Unicode, and anything else that is not read here, is left to the parser.

use std::cell::{Cell, RefCell};

use memchr::memmem::Finder;

use super::{
    fields::{FieldNames, FieldValue, IndexedField, RecordFields, members, past_blanks},
    nested::NestedValues,
    parse::MAX_NESTING,
};
use crate::{
    log_file::{Strings, string_end},
    number::Number,
    record::{Node, Scalar, WorkBudget},
};

/// How many steps the rules may take on the text of one record. Beyond that, the parsed record has a budget of its own.
const MAX_WORK: u64 = 20_000_000;
/// How many bytes a search for a text passes in a step.
const SEARCHED_A_STEP: u64 = 4;

/// One record.
pub struct View<'a> {
    text: &'a [u8],
    strings: Strings<'a>,
    names: &'a FieldNames,
    fields: &'a RecordFields,
    nested: RefCell<&'a mut NestedValues>,
    unsure: Cell<bool>,
    work: WorkBudget,
}

/// A value of a record, identified by its offset.
#[derive(Clone, Copy)]
pub struct Projected<'a> {
    view: &'a View<'a>,
    at: usize,
    depth: usize,
}

impl<'a> View<'a> {
    /// A view of the object `text`; `strings` are the object's own strings, and `fields` those of its fields in `names`.
    pub fn new(
        text: &'a [u8],
        strings: Strings<'a>,
        names: &'a FieldNames,
        fields: &'a RecordFields,
        nested: &'a mut NestedValues,
    ) -> Self {
        nested.reset(text);
        Self {
            text,
            strings,
            names,
            fields,
            nested: RefCell::new(nested),
            unsure: Cell::new(false),
            work: WorkBudget::within(MAX_WORK),
        }
    }

    /// The whole record.
    pub fn root(&'a self) -> Projected<'a> {
        Projected { view: self, at: 0, depth: 1 }
    }

    /// Whether a value was read since the last call that only the parsed record can show, or the budget of work is used up.
    pub fn take_unsure(&self) -> bool {
        self.unsure.take() | self.work.is_exhausted()
    }

    /// Uses some steps of the budget. False once it is used up: the caller then answers as if the record might match.
    pub fn spend(&self, steps: u64) -> bool {
        self.work.spend(steps)
    }

    /// The value of a field.
    #[inline]
    pub fn find(&self, field: &IndexedField) -> FieldValue<'a> {
        match &field.inner {
            None => self.fields.find(field.top, self.text),
            Some(key) => self.find_inner(field.top, key),
        }
    }

    /// Whether the object in field `top` may contain one of the texts. A value that is not an object may contain them in
    /// another spelling, such as percent-encoded.
    pub fn may_hold(&self, top: usize, texts: &[Finder<'_>]) -> bool {
        let object = self.fields.plain(top, self.text).filter(|value| value.first() == Some(&b'{'));
        let is_found = |object: &[u8]| {
            let steps = (object.len() * texts.len()) as u64 / SEARCHED_A_STEP;
            !self.spend(steps) || texts.iter().any(|text| text.find(object).is_some())
        };
        object.is_none_or(is_found)
    }

    fn find_inner(&self, top: usize, key: &[u8]) -> FieldValue<'a> {
        let Some(at) = self.fields.value(top) else {
            return if self.fields.covers(top) { FieldValue::Absent } else { FieldValue::Unknown };
        };
        let value = match self.text.get(at) {
            Some(b'{') => self.member(at, key),
            // A list of objects, or possibly an object in a string.
            Some(b'[' | b'"') => return FieldValue::Unknown,
            _ => None,
        };
        match value.and_then(|at| Some((at, self.text.get(at)?))) {
            _ if self.take_unsure() => FieldValue::Unknown,
            None => FieldValue::Absent,
            Some((at, b'"')) => spelled(self.text, at + 1).map_or(FieldValue::Unknown, FieldValue::Text),
            Some((_, b'[')) => FieldValue::Unknown,
            Some(_) => FieldValue::NotText,
        }
    }

    /// Leaves the answer to the parsed record.
    fn give_up<T>(&self) -> Option<T> {
        self.unsure.set(true);
        None
    }

    /// The offset of a member's value in the object at `at`, which is not the record itself. Of equal keys the last counts.
    fn member(&self, at: usize, key: &[u8]) -> Option<usize> {
        let mut nested = self.nested.borrow_mut();
        let Some(members) = nested.look(self.text, at).and_then(|value| value.members.as_ref()) else {
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

    /// The offset of a member's value in the record itself, for a key that is not in `names`.
    fn own_member(&self, key: &[u8]) -> Option<usize> {
        // `RecordFields::read` refuses keys with a backslash.
        members(self.text, self.strings).filter(|member| member.key == key).last().map(|member| member.value)
    }

    /// The offset after the value at `at`.
    fn end(&self, at: usize) -> Option<usize> {
        match self.text.get(at)? {
            b'{' | b'[' => self.nested.borrow_mut().look(self.text, at)?.end,
            b'"' => {
                let mut nested = self.nested.borrow_mut();
                let rest = self.text.get(at + 1..).filter(|_| !nested.is_spent())?;
                let length = string_end(rest, &mut false)?;
                nested.spent += length;
                Some(at + 1 + length)
            }
            _ => Some(at + self.word(at).len()),
        }
    }

    /// The number, `true`, `false` or `null` that begins at `at`.
    fn word(&self, at: usize) -> &'a [u8] {
        let rest = self.text.get(at..).unwrap_or_default();
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        &rest[..rest.iter().take_while(|byte| is_part(byte)).count()]
    }
}

impl<'a> Node<'a> for Projected<'a> {
    fn scalar(self) -> Scalar<'a> {
        let view = self.view;
        let scalar = match view.text.get(self.at) {
            Some(b'{') => {
                let first = past_blanks(view.text, self.at + 1);
                Some(Scalar::Object { empty: view.text.get(first) == Some(&b'}') })
            }
            Some(b'[') => Some(Scalar::List),
            Some(b'"') => text(view.text, self.at + 1).map(Scalar::Text),
            _ => match view.word(self.at) {
                b"null" => Some(Scalar::Null),
                b"true" => Some(Scalar::Bool(true)),
                b"false" => Some(Scalar::Bool(false)),
                // Parsed by `serde_json`, so that every number is the same as in the parsed record.
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
        // A repaired record may have such a key.
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

    fn work(self) -> &'a WorkBudget {
        &self.view.work
    }

    /// Matching never lists keys.
    fn keys(self) -> impl Iterator<Item = &'a str> {
        self.view.give_up::<()>();
        std::iter::empty()
    }

    fn elements(self) -> impl Iterator<Item = Self> {
        let view = self.view;
        let mut next = (view.text.get(self.at) == Some(&b'[')).then_some(self.at);
        std::iter::from_fn(move || {
            // The opening bracket, or the element before.
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

/// The content of the string that begins at `at`; `None` if it has an escape or is invalid Unicode.
fn text(record: &[u8], at: usize) -> Option<&str> {
    std::str::from_utf8(spelled(record, at)?).ok()
}

/// The bytes of the string that begins at `at`; `None` if it has an escape.
fn spelled(record: &[u8], at: usize) -> Option<&[u8]> {
    let rest = record.get(at..)?;
    let length = memchr::memchr2(b'"', b'\\', rest)?;
    (rest[length] == b'"').then_some(&rest[..length])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::nested::NestedValue,
        log_file::Scan,
        record::{Path, Record},
    };

    fn with_view<T>(record: &str, nested: &mut NestedValues, then: impl for<'v> FnOnce(&'v View<'v>) -> T) -> T {
        let (mut scan, mut fields, mut names) = (Scan::default(), RecordFields::default(), FieldNames::new());
        names.add("known");
        let text = record.as_bytes();
        assert!(matches!(scan.run(text), Ok(Some(_))), "{record}");
        assert!(fields.read(&names, text, scan.strings().unwrap()), "{record}");
        then(&View::new(text, scan.strings().unwrap(), &names, &fields, nested))
    }

    /// The values at a path, and whether the view is sure of them.
    fn shown<'v>(view: &'v View<'v>, path: &Path) -> (Vec<String>, bool) {
        let mut found = Vec::new();
        path.visit(view.root(), &mut |scalar| {
            found.push(format!("{scalar:?}"));
            false
        });
        (found, !view.take_unsure())
    }

    /// If the view is `expected_sure`, it must show what the parsed record shows.
    fn check(record: &str, path: &str, expected_sure: bool) {
        let path = Path::parse(path).unwrap();
        let (found, sure) = with_view(record, &mut NestedValues::default(), |view| shown(view, &path));
        assert_eq!(sure, expected_sure, "{path} on {record}");
        if expected_sure {
            let mut expected = Vec::new();
            let record_of_text = Record::new(serde_json::from_str(record).unwrap()).unwrap();
            path.visit(record_of_text.root(), &mut |scalar| {
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
    fn leaves_odd_spellings_to_the_parser() {
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
    fn the_bytes_scanned_for_all_rules_are_bounded() {
        let strings = vec!["\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\""; 20].join(",");
        let wrapped = |opens: &str, closes: &str| {
            format!(
                "{{\"known\":{}1{}}}",
                opens.replace('S', &strings).repeat(100),
                closes.replace('S', &strings).repeat(100)
            )
        };
        for (record, path) in [
            (wrapped("[S,", "]"), "known"),
            (wrapped("[", ",S]"), "known"),
            (wrapped("[{\"a\":[S],\"known\":", "}]"), &*format!("known{}", ".known".repeat(99))),
            (format!("{{\"known\":[{}{{}}]}}", "{},".repeat(10_000)), "known.a"),
            (format!("{{\"known\":[{strings}]}}"), "known"),
        ] {
            let path = Path::parse(path).unwrap();
            let mut nested = NestedValues::default();
            let sure = with_view(&record, &mut nested, |view| (0..1000).filter(|_| shown(view, &path).1).count());
            assert!(sure < 1000, "{path}");
            assert!(
                nested.spent <= 9 * record.len() + NestedValues::LEAST,
                "{path}: {} of {}",
                nested.spent,
                record.len()
            );
            // The next record is read as usual.
            assert!(with_view("{\"known\":[[1],2]}", &mut nested, |view| shown(view, &path).1));
        }
    }

    #[test]
    fn an_object_with_too_many_members_is_left_to_the_parser() {
        let object = |count: usize| format!("{{\"known\":{{{}}}}}", vec!["\"a\":1"; count].join(","));
        check(&object(NestedValue::MAX_MEMBERS), "known.a", true);
        check(&object(NestedValue::MAX_MEMBERS + 1), "known.a", false);
    }
}
