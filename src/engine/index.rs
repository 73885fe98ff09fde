//! The rules that a record may match, found from the fields at the top of the record and one level below.
//!
//! Sound: a rule that matches a record is always among the candidates. Each rule is filed under the rarest of the fields
//! that a matching record must have, so the cost of a record depends on its own fields and not on the number of rules. What
//! else the rule needs is checked once the rule is a candidate.

use std::{collections::HashMap, slice, sync::Arc};

use foldhash::fast::RandomState;
use memchr::memmem::Finder;

use super::{
    fields::{FieldNames, FieldValue, IndexedField, is_plain},
    projected::View,
};
use crate::{
    filter::{
        Filter,
        needs::{Needs, Requires, rarity},
        operand::Test,
    },
    record::{Scalar, test_steps},
};

/// The index over the filters of a rule set. Rules are numbered by their position in it.
pub struct Index {
    /// The names of the fields that rules are filed under. They are few, so most keys of a record are skipped.
    filed_names: FieldNames,
    /// The same names with the same numbers, and the names of all other fields that rules read.
    names: FieldNames,
    /// The fields that rules are filed under.
    filed: Vec<(IndexedField, FiledRules)>,
    /// Rules that need no field that the index can look up.
    always: Vec<usize>,
    /// By rule: of each list, one precondition must hold.
    preconditions: Vec<Vec<Vec<Precondition>>>,
}

/// The rules that are filed under one field, by the value that they need.
#[derive(Default)]
struct FiledRules {
    exact: HashMap<Box<[u8]>, Vec<usize>, RandomState>,
    /// Rules for which the value must pass a test.
    tests: Vec<(Test, usize)>,
    /// Rules for which the field must only be present.
    present: Vec<usize>,
    /// All of these rules.
    all: Vec<usize>,
    /// For a field below the top: a record that matches any of the rules has one of these texts in quotes. A search for
    /// them costs less than finding the field.
    texts: Vec<Finder<'static>>,
}

/// What a record must have in one field to match a rule.
struct Precondition {
    field: IndexedField,
    /// The key in quotes, for a field below the top. A search for it costs less than finding the field.
    key: Option<Finder<'static>>,
    value: Requires,
    test: Option<Test>,
}

/// The rules that a value selects, remembered for each field. Most fields have few values in a log file, so a test runs
/// once for each value and not once for each record.
#[derive(Default)]
pub struct SelectionCache {
    /// The index that the selections are from.
    index: Option<Arc<Index>>,
    /// In the order of [`Index::filed`].
    fields: Vec<FieldSelections>,
}

/// The rules that each value of one field selects.
struct FieldSelections {
    rules: HashMap<Box<[u8]>, Box<[usize]>, RandomState>,
    /// How many more bytes fit before the selections are dropped.
    left: usize,
    most: usize,
}

impl SelectionCache {
    /// How many bytes the selections of all fields may have.
    const MAX_BYTES: usize = 4 << 20;

    fn of(&mut self, index: &Arc<Index>) -> &mut [FieldSelections] {
        if !self.index.as_ref().is_some_and(|known| Arc::ptr_eq(known, index)) {
            self.index = Some(Arc::clone(index));
            let most = Self::MAX_BYTES / index.filed.len().max(1);
            self.fields = index.filed.iter().map(|_| FieldSelections::new(most)).collect();
        }
        &mut self.fields
    }
}

impl FieldSelections {
    /// The bytes of an entry beside its value and its rules.
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
        let (mut names, mut by_field, mut always) =
            (FieldNames::new(), HashMap::<IndexedField, FiledRules>::new(), Vec::new());
        let mut unfiled = Vec::new();
        for (rule, filter) in filters.into_iter().enumerate() {
            let mut lists = filter.needs();
            lists.sort_by_key(|list| rarity(list));
            let mut lists = lists.into_iter();
            match lists.find_map(|list| preconditions(&mut names, list)) {
                Some(list) => {
                    for precondition in list {
                        by_field.entry(precondition.field.clone()).or_default().file(rule, precondition);
                    }
                }
                None => always.push(rule),
            }
            unfiled.push((filter, lists));
        }
        let filed_names = names.clone();
        // The fields that the filter itself reads are found in the same pass as those of its preconditions.
        for field in unfiled.iter().flat_map(|(filter, _)| filter.fields()) {
            names.add(field);
        }
        let mut known =
            |lists: std::vec::IntoIter<_>| lists.filter_map(|list| preconditions(&mut names, list)).collect();
        let preconditions = unfiled.into_iter().map(|(_, lists)| known(lists)).collect();
        let with_texts = |(field, mut filed): (IndexedField, FiledRules)| {
            filed.texts = field.inner.as_ref().map(|key| filed.texts(key)).unwrap_or_default();
            (field, filed)
        };
        let filed = by_field.into_iter().map(with_texts).collect();
        Self { filed_names, names, filed, always, preconditions }
    }

    /// The names of the fields that rules are filed under.
    pub fn filed_names(&self) -> &FieldNames {
        &self.filed_names
    }

    /// The names of all fields that rules read.
    pub fn names(&self) -> &FieldNames {
        &self.names
    }

    /// Fills `candidates` with the rules that the record may match, in order. Fields that `record` does not cover count as
    /// possible matches.
    pub fn candidates(self: &Arc<Self>, record: &View<'_>, cache: &mut SelectionCache, candidates: &mut Vec<usize>) {
        candidates.clone_from(&self.always);
        for ((field, filed), selections) in self.filed.iter().zip(cache.of(self)) {
            if filed.texts.is_empty() || record.may_hold(field.top, &filed.texts) {
                filed.collect(record, record.find(field), selections, candidates);
            }
        }
        if candidates.is_empty() {
            return;
        }
        candidates.sort_unstable();
        candidates.dedup();
        candidates.retain(|rule| self.may_match(record, *rule));
    }

    /// Whether the record may meet the other preconditions of a rule. Fields that `record` does not cover count as met.
    pub fn may_match(&self, record: &View<'_>, rule: usize) -> bool {
        self.preconditions[rule].iter().all(|list| list.iter().any(|precondition| precondition.may_hold(record)))
    }
}

/// `None` if one of them cannot be checked in the text of a record.
fn preconditions(names: &mut FieldNames, list: Vec<Needs>) -> Option<Vec<Precondition>> {
    let precondition = |Needs { keys, value, test }: Needs| {
        let (top, inner) = keys.split_first()?;
        let inner = match inner {
            [key] if is_plain(key) => Some(key.as_bytes().into()),
            [] => None,
            _ => return None,
        };
        let key = inner.as_deref().map(quoted);
        Some(Precondition { field: IndexedField { top: names.add(top)?, inner }, key, value, test })
    };
    list.into_iter().map(precondition).collect()
}

fn quoted(text: &[u8]) -> Finder<'static> {
    Finder::new(&[b"\"", text, b"\""].concat()).into_owned()
}

impl FiledRules {
    const MAX_TEXTS: usize = 4;

    fn file(&mut self, rule: usize, precondition: Precondition) {
        match (precondition.value, precondition.test) {
            (Requires::Exact(text), _) if is_plain(&text) => {
                self.exact.entry(text.into_bytes().into()).or_default().push(rule);
            }
            (_, Some(test)) => self.tests.push((test, rule)),
            _ => self.present.push(rule),
        }
        self.all.push(rule);
    }

    /// The values, if they are few and every rule needs one of them; otherwise the key.
    fn texts(&self, key: &[u8]) -> Vec<Finder<'static>> {
        match (&*self.tests, &*self.present) {
            ([], []) if self.exact.len() <= Self::MAX_TEXTS => self.exact.keys().map(|text| quoted(text)).collect(),
            _ => vec![quoted(key)],
        }
    }

    fn collect(
        &self,
        record: &View<'_>,
        found: FieldValue<'_>,
        selections: &mut FieldSelections,
        rules: &mut Vec<usize>,
    ) {
        match found {
            FieldValue::Absent => {}
            FieldValue::Unknown => rules.extend(&self.all),
            // A value that is not text equals none of the exact texts, and may pass a test.
            FieldValue::NotText => rules.extend(self.present.iter().chain(self.tests.iter().map(|(_, rule)| rule))),
            FieldValue::Text(text) if self.tests.is_empty() => rules.extend(self.select(text)),
            FieldValue::Text(text) => {
                if let Some(selected) = selections.rules.get(text) {
                    rules.extend(selected);
                    return;
                }
                if !record.spend(self.tests.len() as u64 * test_steps(text.len())) {
                    rules.extend(&self.all);
                    return;
                }
                let selected: Box<[usize]> = self.select(text).collect();
                rules.extend(&selected);
                selections.remember(text, selected);
            }
        }
    }

    fn select(&self, text: &[u8]) -> impl Iterator<Item = usize> {
        let known = if self.tests.is_empty() { None } else { std::str::from_utf8(text).ok() };
        // Invalid Unicode may be repaired to text that passes.
        let passing = self.tests.iter().filter(move |(test, _)| known.is_none_or(|text| test(Scalar::Text(text))));
        let exact = self.exact.get(text).into_iter().flatten();
        self.present.iter().chain(exact).chain(passing.map(|(_, rule)| rule)).copied()
    }
}

impl Precondition {
    fn may_hold(&self, record: &View<'_>) -> bool {
        let found = match &self.key {
            Some(key) if !record.may_hold(self.field.top, slice::from_ref(key)) => FieldValue::Absent,
            _ => record.find(&self.field),
        };
        match (found, &self.value) {
            (FieldValue::Absent, _)
            | (FieldValue::NotText, Requires::Exact(_) | Requires::Prefix(_) | Requires::Substring(_)) => false,
            (FieldValue::Text(text), Requires::Exact(wanted)) if is_plain(wanted) => text == wanted.as_bytes(),
            (FieldValue::Text(text), Requires::Prefix(wanted)) if is_plain(wanted) => {
                text.starts_with(wanted.as_bytes())
            }
            // The filter tests the value itself.
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::{fields::RecordFields, nested::NestedValues},
        log_file::Scan,
    };

    /// Compares the candidates among `filters` for a record.
    fn check(filters: &[&str], record: &str, expected: &[usize]) {
        let filters: Vec<_> = filters.iter().map(|filter| Filter::parse(filter).unwrap()).collect();
        let index = Arc::new(Index::new(&filters));
        let (mut scan, mut fields, mut candidates) = (Scan::default(), RecordFields::default(), vec![7]);
        assert!(matches!(scan.run(record.as_bytes()), Ok(Some(_))), "{record}");
        assert!(fields.read(index.filed_names(), record.as_bytes(), scan.strings().unwrap()), "{record}");
        let mut nested = NestedValues::default();
        let view = View::new(record.as_bytes(), scan.strings().unwrap(), index.filed_names(), &fields, &mut nested);
        index.candidates(&view, &mut SelectionCache::default(), &mut candidates);
        assert!(fields.read(index.names(), record.as_bytes(), scan.strings().unwrap()), "{record}");
        let view = View::new(record.as_bytes(), scan.strings().unwrap(), index.names(), &fields, &mut nested);
        candidates.retain(|rule| index.may_match(&view, *rule));
        assert_eq!(candidates, expected, "{record}");
    }

    #[test]
    fn only_rules_whose_fields_are_present_are_candidates() {
        let filters = [
            r#"eventName = "PutImage" and eventSource = "ecr.amazonaws.com""#,
            r#"eventName in ("PutImage", "DeleteImage") or eventSource starts_with "kms""#,
            r#"eventName like "Image" and error exists"#,
            r#"requestParameters.bucketName = "b""#,
            r#"not eventName = "PutImage""#,
            r#"any resources (ARN = "x") and eventName != "PutImage""#,
            r#"event_type = "insight""#,
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
        // One level below the top.
        check(&filters, r#"{"requestParameters":{"bucketName":"b"}}"#, &[3, 4, 6]);
        check(&filters, r#"{"requestParameters":{"bucketName":"c"}}"#, &[4, 6]);
        check(&filters, r#"{"requestParameters":{"bucketName":"\u0062"}}"#, &[3, 4, 6]);
        check(&filters, r#"{"requestParameters":{"bucket\u004eame":"b"}}"#, &[3, 4, 6]);
        check(&filters, r#"{"requestParameters":{"bucketName":["b"]}}"#, &[3, 4, 6]);
        check(&filters, r#"{"requestParameters":"{\"bucketName\":\"b\"}"}"#, &[3, 4, 6]);
        check(&filters, r#"{"requestParameters":"%7B%22bucketName%22%3A%22b%22%7D"}"#, &[3, 4, 6]);
        check(&filters, r#"{"requestParameters":[{"bucketName":"b"}]}"#, &[3, 4, 6]);
        check(&filters, r#"{"requestParameters":null}"#, &[4, 6]);
        // What a computed field cannot be without.
        let filters = [r#"user = "Root""#, r#"role = "ci""#, "hour > 5", r#"result = "failure""#, "not role = \"ci\""];
        check(&filters, "{}", &[3, 4]);
        check(&filters, r#"{"userIdentity":{},"eventTime":"x"}"#, &[0, 2, 3, 4]);
        check(&filters, r#"{"userIdentity":{"sessionContext":null}}"#, &[0, 1, 3, 4]);
    }

    #[test]
    fn the_cache_is_bounded() {
        let mut selections = FieldSelections::new(10_000);
        for number in 0..1000 {
            selections.remember(format!("{number:0100}").as_bytes(), vec![number].into());
            let rules = selections.rules.iter();
            let bytes = rules.map(|(value, rules)| FieldSelections::ENTRY + value.len() + size_of_val(&**rules));
            assert!(bytes.sum::<usize>() <= 10_000);
            // The last value is remembered until others need its space.
            assert!(selections.rules.contains_key(format!("{number:0100}").as_bytes()));
        }
        assert!(selections.rules.len() > 10);
        selections.remember(&[b'a'; 10_000], Box::default());
        assert!(!selections.rules.contains_key(&[b'a'; 10_000][..]));
    }
}
