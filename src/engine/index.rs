//! Which rules a record could match, told from the fields at its top.
//!
//! Sound: a rule that matches a record is always among its candidates. Each rule is filed under what is rarest of all
//! that a matching record must have, so a record costs what its own fields cost, however many rules there are; what
//! else the rule needs is checked when it comes up.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use memchr::memmem::Finder;

use super::fields::{Fields, Found, Names, is_plain};
use crate::filter::{
    Filter,
    operand::{Needs, Requires},
    rarity,
};

/// The index over the filters of a rule set, which are known by their position.
pub struct Index {
    names: Names,
    /// The fields under which rules are filed, by their numbers.
    filed: Vec<(usize, Filed)>,
    /// Rules that nothing is known of.
    always: Vec<usize>,
    /// By rule: of each list, one must hold.
    checks: Vec<Vec<Vec<Check>>>,
}

/// Rules by what a field must hold.
#[derive(Default)]
struct Filed {
    exact: HashMap<Box<[u8]>, Vec<usize>, FixedState>,
    prefixes: Vec<(Box<[u8]>, Vec<usize>)>,
    parts: Vec<(Finder<'static>, Vec<usize>)>,
    /// It need only be there.
    there: Vec<usize>,
    /// All of them.
    all: Vec<usize>,
}

/// What a field must hold.
struct Check {
    field: usize,
    value: Requires,
}

impl Index {
    /// An index over `filters`.
    pub fn new<'a>(filters: impl IntoIterator<Item = &'a Filter>) -> Self {
        let mut index = Self { names: Names::new(), filed: Vec::new(), always: Vec::new(), checks: Vec::new() };
        let mut filed: HashMap<usize, Filed> = HashMap::new();
        for (rule, filter) in filters.into_iter().enumerate() {
            let mut lists = filter.needs();
            lists.sort_by_key(|list| rarity(list));
            let names = &mut index.names;
            let mut lists = lists.into_iter().filter_map(|list| checks(names, list));
            match lists.next() {
                Some(list) => {
                    for check in list {
                        filed.entry(check.field).or_default().file(rule, check);
                    }
                }
                None => index.always.push(rule),
            }
            index.checks.push(lists.collect());
        }
        index.filed = filed.into_iter().collect();
        index
    }

    /// The names of the fields that it looks at.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Puts the positions of the filters that could match `record` into `candidates`, in order.
    pub fn candidates(&self, record: &[u8], fields: &Fields, candidates: &mut Vec<usize>) {
        candidates.clone_from(&self.always);
        for (field, filed) in &self.filed {
            filed.collect(fields.find(*field, record), candidates);
        }
        if candidates.is_empty() {
            return;
        }
        candidates.sort_unstable();
        candidates.dedup();
        candidates.retain(|rule| {
            self.checks[*rule].iter().all(|list| list.iter().any(|check| check.holds(fields.find(check.field, record))))
        });
    }
}

/// `None` if one of them cannot be told from the text of a record.
fn checks(names: &mut Names, list: Vec<Needs>) -> Option<Vec<Check>> {
    let check = |Needs { field, value }| {
        let value = match value {
            Requires::Exact(text) | Requires::Prefix(text) | Requires::Substring(text) if !is_plain(&text) => {
                Requires::Nothing
            }
            value => value,
        };
        Some(Check { field: names.add(&field)?, value })
    };
    list.into_iter().map(check).collect()
}

impl Filed {
    fn file(&mut self, rule: usize, check: Check) {
        let list = match check.value {
            Requires::Exact(text) => self.exact.entry(text.into_bytes().into()).or_default(),
            Requires::Prefix(text) => {
                under(&mut self.prefixes, |known| **known == *text.as_bytes(), || text.as_bytes().into())
            }
            Requires::Substring(text) => under(
                &mut self.parts,
                |known| known.needle() == text.as_bytes(),
                || Finder::new(text.as_bytes()).into_owned(),
            ),
            Requires::Nothing => &mut self.there,
        };
        list.push(rule);
        self.all.push(rule);
    }

    fn collect(&self, found: Found<'_>, rules: &mut Vec<usize>) {
        match found {
            Found::Absent => {}
            Found::Anything => rules.extend(&self.all),
            Found::NoText => rules.extend(&self.there),
            Found::Text(text) => {
                rules.extend(&self.there);
                rules.extend(self.exact.get(text).into_iter().flatten());
                rules.extend(
                    self.prefixes.iter().filter(|(known, _)| text.starts_with(known)).flat_map(|(_, rules)| rules),
                );
                rules.extend(
                    self.parts.iter().filter(|(known, _)| known.find(text).is_some()).flat_map(|(_, rules)| rules),
                );
            }
        }
    }
}

/// The rules under a key, which is new if need be.
fn under<K>(lists: &mut Vec<(K, Vec<usize>)>, is: impl Fn(&K) -> bool, new: impl Fn() -> K) -> &mut Vec<usize> {
    let at = lists.iter().position(|(key, _)| is(key)).unwrap_or_else(|| {
        lists.push((new(), Vec::new()));
        lists.len() - 1
    });
    &mut lists[at].1
}

impl Check {
    fn holds(&self, found: Found<'_>) -> bool {
        match (found, &self.value) {
            (Found::Absent, _) => false,
            (Found::Anything, _) | (_, Requires::Nothing) => true,
            (Found::NoText, _) => false,
            (Found::Text(text), Requires::Exact(wanted)) => text == wanted.as_bytes(),
            (Found::Text(text), Requires::Prefix(wanted)) => text.starts_with(wanted.as_bytes()),
            (Found::Text(text), Requires::Substring(wanted)) => memchr::memmem::find(text, wanted.as_bytes()).is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log_file::Scan;

    /// The candidates among `filters` for a record.
    fn check(filters: &[&str], record: &str, expected: &[usize]) {
        let filters: Vec<_> = filters.iter().map(|filter| Filter::parse(filter).unwrap()).collect();
        let index = Index::new(&filters);
        let (mut scan, mut fields, mut candidates) = (Scan::default(), Fields::default(), vec![7]);
        assert!(matches!(scan.run(record.as_bytes()), Ok(Some(_))), "{record}");
        assert!(fields.read(index.names(), record.as_bytes(), scan.quotes().unwrap()), "{record}");
        index.candidates(record.as_bytes(), &fields, &mut candidates);
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
            &[0, 1, 3, 4, 6],
        );
        check(&filters, r#"{"eventName":5}"#, &[4, 6]);
    }
}
