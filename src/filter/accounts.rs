//! The accounts that `in_account` and `foreign_to` compare with: ids, and the accounts of other fields of the record.

use std::{collections::HashSet, sync::Arc};

use foldhash::fast::RandomState;

use super::{
    ast::Compare,
    needs::{Needs, Requires},
    observer::Observer,
    operand::Test,
    operator::{AccountId, Meaning, account_of},
};
use crate::record::{Node, Path, Place, Scalar, Scalars, WorkBudget, Zone, test_steps};

/// The right side of such an operator, compiled.
#[derive(Clone)]
pub struct Accounts {
    /// Whether an account must not be among these.
    foreign: bool,
    /// The ids.
    known: Arc<HashSet<AccountId, RandomState>>,
    /// Other fields, whose accounts count too.
    fields: Box<[Path]>,
}

impl Accounts {
    /// The accounts on the right side of `compare`, whose ids, those of named lists included, are `known`.
    pub fn new(compare: &Compare, known: Vec<AccountId>) -> Self {
        Self {
            foreign: compare.operator.meaning == Meaning::Foreign,
            known: Arc::new(known.into_iter().collect()),
            fields: compare.right.fields().map(|field| field.path.clone()).collect(),
        }
    }

    /// The fields on the right side.
    pub fn fields(&self) -> &[Path] {
        &self.fields
    }

    /// Makes the hours and the weekdays that it reads those of a time zone.
    pub fn set_zone(&mut self, zone: Zone) {
        self.fields.iter_mut().for_each(|path| path.set_zone(zone));
    }

    /// What a value in the field of these keys must be, for an index: of these, at least one.
    pub fn needs(&self, keys: &[&str]) -> Vec<Needs> {
        let (known, foreign, any) = (Arc::clone(&self.known), self.foreign, !self.fields.is_empty());
        if known.is_empty() && !foreign && !any {
            return Vec::new();
        }
        let passes = move |id: &AccountId| if foreign { !known.contains(id) } else { any || known.contains(id) };
        let test: Test = Arc::new(move |scalar| account_of(scalar).is_some_and(|id| passes(&id)));
        let only = self.known.iter().next().filter(|_| !foreign && !any && self.known.len() == 1);
        let digits = only.and_then(|id| std::str::from_utf8(id).ok());
        let value = digits.map_or(Requires::Nothing, |digits| Requires::Substring(digits.to_owned()));
        vec![Needs { value, test: Some(test), ..Needs::field(keys) }]
    }
}

/// The accounts of the other fields of one record, which are read once for all values on the left.
#[derive(Default)]
pub struct AccountsOfFields(Option<HashSet<AccountId, RandomState>>);

impl AccountsOfFields {
    /// Whether the operator holds for a value on the left. Once the budget of the record's work is used up, the result is void.
    pub fn hold<'r, 'e, R: Node<'r>, E: Node<'e>, O: Observer>(
        &mut self,
        accounts: &Accounts,
        scalar: Scalar<'_>,
        record: R,
        element: Place<E>,
        observer: &mut O,
    ) -> bool {
        if O::THOROUGH {
            self.read(accounts, record, element, observer);
        }
        let Some(id) = account(scalar, record.work()) else { return false };
        let among = accounts.known.contains(&id) || self.read(accounts, record, element, observer).contains(&id);
        among != accounts.foreign
    }

    fn read<'r, 'e, R: Node<'r>, E: Node<'e>, O: Observer>(
        &mut self,
        accounts: &Accounts,
        record: R,
        element: Place<E>,
        observer: &mut O,
    ) -> &HashSet<AccountId, RandomState> {
        self.0.get_or_insert_with(|| {
            let mut found = HashSet::default();
            for path in &accounts.fields {
                path.walk(
                    record,
                    element,
                    &mut Scalars(&mut |other| {
                        observer.saw_other(other);
                        found.extend(account(other, record.work()));
                        false
                    }),
                );
            }
            found
        })
    }
}

fn account(scalar: Scalar<'_>, work: &WorkBudget) -> Option<AccountId> {
    let bytes = if let Scalar::Text(text) = scalar { text.len() } else { 0 };
    work.spend(test_steps(bytes)).then(|| account_of(scalar)).flatten()
}
