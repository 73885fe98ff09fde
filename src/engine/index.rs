//! Which rules a record could match, told from the fields at its top and one below.
//!
//! Sound: a rule that matches a record is always among its candidates. Each rule is filed under what is rarest of all
//! that a matching record must have, so a record costs what its own fields cost, however many rules there are; what
//! else the rule needs is checked when it comes up.

use std::{collections::HashMap, slice, sync::Arc};

use foldhash::fast::RandomState;
use memchr::memmem::Finder;

use super::{
    fields::{Found, Names, is_plain},
    projected::View,
};
use crate::{
    filter::{
        Filter,
        needs::{Needs, Requires, rarity},
        operand::Test,
    },
    record::Scalar,
};

/// The index over the filters of a rule set, which are known by their position.
pub struct Index {
    /// The names that filed rules are found by. They are few, so that most of a record is passed over.
    filed_names: Names,
    /// Those, with the same numbers, and all others that rules look at.
    names: Names,
    /// The fields under which rules are filed.
    filed: Vec<(Field, Filed)>,
    /// Rules that nothing is known of.
    always: Vec<usize>,
    /// By rule: of each list, one must hold.
    checks: Vec<Vec<Vec<Check>>>,
}

/// A field of a record.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Field {
    /// The number of the name that it has or lies under.
    pub top: usize,
    /// Its key where it lies in the object of that name.
    pub inner: Option<Box<[u8]>>,
}

/// Rules by what a field must hold.
#[derive(Default)]
struct Filed {
    exact: HashMap<Box<[u8]>, Vec<usize>, RandomState>,
    /// Its value must pass the test.
    tests: Vec<(Test, usize)>,
    /// It need only be there.
    there: Vec<usize>,
    /// All of them.
    all: Vec<usize>,
    /// For a field that lies deeper: texts of which one stands in the record, in quotes, if any of the rules matches. To
    /// look for them costs less than to find the field.
    texts: Vec<Finder<'static>>,
}

/// What a field must hold.
struct Check {
    field: Field,
    /// Where it lies deeper: its key, in quotes. To look for it costs less than to find the field.
    key: Option<Finder<'static>>,
    value: Requires,
    test: Option<Test>,
}

/// What values have been found to select. Most fields have few values in a log file, so a test on the field that a rule is
/// filed under, however slow, is made once for each value and not once for each record.
#[derive(Default)]
pub struct Memory {
    /// Whose.
    index: Option<Arc<Index>>,
    /// As [`Index::filed`].
    selected: Vec<Selected>,
}

/// By value of a field: the rules that it selects.
struct Selected {
    rules: HashMap<Box<[u8]>, Box<[usize]>, RandomState>,
    /// How many bytes may still be remembered before all is forgotten.
    left: usize,
    most: usize,
}

impl Memory {
    /// The fields share this many bytes.
    const MAX_BYTES: usize = 4 << 20;

    fn of(&mut self, index: &Arc<Index>) -> &mut [Selected] {
        if !self.index.as_ref().is_some_and(|known| Arc::ptr_eq(known, index)) {
            self.index = Some(Arc::clone(index));
            let most = Self::MAX_BYTES / index.filed.len().max(1);
            self.selected = index.filed.iter().map(|_| Selected::new(most)).collect();
        }
        &mut self.selected
    }
}

impl Selected {
    /// What a value takes beside its own bytes and its rules.
    const ENTRY: usize = 64;

    fn new(most: usize) -> Self {
        Self { rules: HashMap::default(), left: most, most }
    }

    fn remember(&mut self, value: &[u8], rules: Box<[usize]>) {
        let bytes = Self::ENTRY + value.len() + size_of_val(&*rules);
        if bytes > self.most {
            return;
        }
        if bytes > self.left {
            *self = Self::new(self.most);
        }
        self.left -= bytes;
        self.rules.insert(value.into(), rules);
    }
}

impl Index {
    /// An index over `filters`.
    pub fn new<'a>(filters: impl IntoIterator<Item = &'a Filter>) -> Self {
        let (mut names, mut by_field, mut always) = (Names::new(), HashMap::<Field, Filed>::new(), Vec::new());
        let mut unfiled = Vec::new();
        for (rule, filter) in filters.into_iter().enumerate() {
            let mut lists = filter.needs();
            lists.sort_by_key(|list| rarity(list));
            let mut lists = lists.into_iter();
            match lists.find_map(|list| checks(&mut names, list)) {
                Some(list) => {
                    for check in list {
                        by_field.entry(check.field.clone()).or_default().file(rule, check);
                    }
                }
                None => always.push(rule),
            }
            unfiled.push((filter, lists));
        }
        let filed_names = names.clone();
        // What the filter itself may look at is found together with what is checked before it.
        for field in unfiled.iter().flat_map(|(filter, _)| filter.fields()) {
            names.add(field);
        }
        let mut known = |lists: std::vec::IntoIter<_>| lists.filter_map(|list| checks(&mut names, list)).collect();
        let checks = unfiled.into_iter().map(|(_, lists)| known(lists)).collect();
        let with_texts = |(field, mut filed): (Field, Filed)| {
            filed.texts = field.inner.as_ref().map(|key| filed.texts(key)).unwrap_or_default();
            (field, filed)
        };
        let filed = by_field.into_iter().map(with_texts).collect();
        Self { filed_names, names, filed, always, checks }
    }

    /// The names of the fields that rules are filed under.
    pub fn filed_names(&self) -> &Names {
        &self.filed_names
    }

    /// The names of all fields that rules look at.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Puts the positions of the filters that could match a record into `candidates`, in order, as far as the fields that
    /// are known tell.
    pub fn candidates(self: &Arc<Self>, record: &View<'_>, memory: &mut Memory, candidates: &mut Vec<usize>) {
        candidates.clone_from(&self.always);
        for ((field, filed), memory) in self.filed.iter().zip(memory.of(self)) {
            if filed.texts.is_empty() || record.may_hold(field.top, &filed.texts) {
                filed.collect(record.find(field), memory, candidates);
            }
        }
        if candidates.is_empty() {
            return;
        }
        candidates.sort_unstable();
        candidates.dedup();
        candidates.retain(|rule| self.may_match(record, *rule));
    }

    /// Whether the record has what else the filter at that position needs, as far as the fields that are known tell.
    pub fn may_match(&self, record: &View<'_>, rule: usize) -> bool {
        self.checks[rule].iter().all(|list| list.iter().any(|check| check.holds(record)))
    }
}

/// `None` if one of them cannot be told from the text of a record.
fn checks(names: &mut Names, list: Vec<Needs>) -> Option<Vec<Check>> {
    let check = |Needs { keys, value, test }: Needs| {
        let (top, inner) = keys.split_first()?;
        let inner = match inner {
            [key] if is_plain(key) => Some(key.as_bytes().into()),
            [] => None,
            _ => return None,
        };
        let key = inner.as_deref().map(quoted);
        Some(Check { field: Field { top: names.add(top)?, inner }, key, value, test })
    };
    list.into_iter().map(check).collect()
}

fn quoted(text: &[u8]) -> Finder<'static> {
    Finder::new(&[b"\"", text, b"\""].concat()).into_owned()
}

impl Filed {
    const MAX_TEXTS: usize = 4;

    fn file(&mut self, rule: usize, check: Check) {
        match (check.value, check.test) {
            (Requires::Exact(text), _) if is_plain(&text) => {
                self.exact.entry(text.into_bytes().into()).or_default().push(rule);
            }
            (_, Some(test)) => self.tests.push((test, rule)),
            _ => self.there.push(rule),
        }
        self.all.push(rule);
    }

    /// The values, if they are few and all that rules want of the field, or else its key.
    fn texts(&self, key: &[u8]) -> Vec<Finder<'static>> {
        match (&*self.tests, &*self.there) {
            ([], []) if self.exact.len() <= Self::MAX_TEXTS => self.exact.keys().map(|text| quoted(text)).collect(),
            _ => vec![quoted(key)],
        }
    }

    fn collect(&self, found: Found<'_>, memory: &mut Selected, rules: &mut Vec<usize>) {
        match found {
            Found::Absent => {}
            Found::Anything => rules.extend(&self.all),
            // A number or a name has no quotes, and may pass a test; it is no text that is looked up.
            Found::NoText => rules.extend(self.there.iter().chain(self.tests.iter().map(|(_, rule)| rule))),
            Found::Text(text) if self.tests.is_empty() => rules.extend(self.select(text)),
            Found::Text(text) => {
                if let Some(selected) = memory.rules.get(text) {
                    rules.extend(selected);
                    return;
                }
                let selected: Box<[usize]> = self.select(text).collect();
                rules.extend(&selected);
                memory.remember(text, selected);
            }
        }
    }

    fn select(&self, text: &[u8]) -> impl Iterator<Item = usize> {
        let known = if self.tests.is_empty() { None } else { std::str::from_utf8(text).ok() };
        // What is no Unicode may be repaired to text that passes.
        let passing = self.tests.iter().filter(move |(test, _)| known.is_none_or(|text| test(Scalar::Text(text))));
        let exact = self.exact.get(text).into_iter().flatten();
        self.there.iter().chain(exact).chain(passing.map(|(_, rule)| rule)).copied()
    }
}

impl Check {
    fn holds(&self, record: &View<'_>) -> bool {
        let found = match &self.key {
            Some(key) if !record.may_hold(self.field.top, slice::from_ref(key)) => Found::Absent,
            _ => record.find(&self.field),
        };
        match (found, &self.value) {
            (Found::Absent, _) | (Found::NoText, Requires::Exact(_) | Requires::Prefix(_) | Requires::Substring(_)) => {
                false
            }
            (Found::Text(text), Requires::Exact(wanted)) if is_plain(wanted) => text == wanted.as_bytes(),
            (Found::Text(text), Requires::Prefix(wanted)) if is_plain(wanted) => text.starts_with(wanted.as_bytes()),
            // The filter itself asks no more than this would.
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::{fields::Fields, projected::Deeper},
        log_file::Scan,
    };

    /// The candidates among `filters` for a record.
    fn check(filters: &[&str], record: &str, expected: &[usize]) {
        let filters: Vec<_> = filters.iter().map(|filter| Filter::parse(filter).unwrap()).collect();
        let index = Arc::new(Index::new(&filters));
        let (mut scan, mut fields, mut candidates) = (Scan::default(), Fields::default(), vec![7]);
        assert!(matches!(scan.run(record.as_bytes()), Ok(Some(_))), "{record}");
        assert!(fields.read(index.filed_names(), record.as_bytes(), scan.strings().unwrap()), "{record}");
        let mut deeper = Deeper::default();
        let view = View::new(record.as_bytes(), scan.strings().unwrap(), index.filed_names(), &fields, &mut deeper);
        index.candidates(&view, &mut Memory::default(), &mut candidates);
        assert!(fields.read(index.names(), record.as_bytes(), scan.strings().unwrap()), "{record}");
        let view = View::new(record.as_bytes(), scan.strings().unwrap(), index.names(), &fields, &mut deeper);
        candidates.retain(|rule| index.may_match(&view, *rule));
        assert_eq!(candidates, expected, "{record}");
    }

    #[test]
    fn only_rules_whose_fields_are_there_are_candidates() {
        let filters = [
            r#"eventName = "PutImage" and eventSource = "ecr.amazonaws.com""#,
            r#"eventName in ("PutImage", "DeleteImage") or eventSource starts_with "kms""#,
            r#"eventName like "Image" and error exists"#,
            r#"requestParameters.bucketName = "b""#,
            r#"not eventName = "PutImage""#,
            r#"any resources (ARN = "x") and eventName != "PutImage""#,
            r#"user = "Root""#,
        ];
        check(&filters, r#"{"eventName":"PutImage","eventSource":"ecr.amazonaws.com"}"#, &[0, 1, 4, 6]);
        check(&filters, r#"{"eventName":"PutImage","eventSource":"s3.amazonaws.com"}"#, &[1, 4, 6]);
        check(
            &filters,
            r#"{"eventName":"GetImages","eventSource":"kms.amazonaws.com","errorCode":"x"}"#,
            &[1, 2, 4, 6],
        );
        check(&filters, r#"{"eventName":["x"],"resources":null}"#, &[1, 4, 5, 6]);
        check(
            &filters,
            r#"{"eventName":"\u0050","eventSource":"ecr.amazonaws.com","requestParameters":{}}"#,
            &[0, 1, 4, 6],
        );
        check(&filters, r#"{"eventName":5}"#, &[4, 6]);
        // One below the top.
        check(&filters, r#"{"requestParameters":{"bucketName":"b"}}"#, &[3, 4, 6]);
        check(&filters, r#"{"requestParameters":{"bucketName":"c"}}"#, &[4, 6]);
        check(&filters, r#"{"requestParameters":{"bucketName":"\u0062"}}"#, &[3, 4, 6]);
        check(&filters, r#"{"requestParameters":{"bucket\u004eame":"b"}}"#, &[3, 4, 6]);
        check(&filters, r#"{"requestParameters":{"bucketName":["b"]}}"#, &[3, 4, 6]);
        check(&filters, r#"{"requestParameters":"{\"bucketName\":\"b\"}"}"#, &[3, 4, 6]);
        check(&filters, r#"{"requestParameters":"%7B%22bucketName%22%3A%22b%22%7D"}"#, &[3, 4, 6]);
        check(&filters, r#"{"requestParameters":[{"bucketName":"b"}]}"#, &[3, 4, 6]);
        check(&filters, r#"{"requestParameters":null}"#, &[4, 6]);
    }

    #[test]
    fn memory_is_bounded() {
        let mut selected = Selected::new(10_000);
        for number in 0..1000 {
            selected.remember(format!("{number:0100}").as_bytes(), vec![number].into());
            let rules = selected.rules.iter();
            let bytes = rules.map(|(value, rules)| Selected::ENTRY + value.len() + size_of_val(&**rules));
            assert!(bytes.sum::<usize>() <= 10_000);
            // The last one is known until others need its place.
            assert!(selected.rules.contains_key(format!("{number:0100}").as_bytes()));
        }
        assert!(selected.rules.len() > 10);
        selected.remember(&[b'a'; 10_000], Box::default());
        assert!(!selected.rules.contains_key(&[b'a'; 10_000][..]));
    }
}
