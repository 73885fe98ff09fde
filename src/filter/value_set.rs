//! Many values on the right side of an operator, against which a value is tested at once.
//!
//! A test of each in turn would make the comparison of two long lists quadratic. Only substrings are tested in turn.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashSet},
};

use foldhash::fast::RandomState;

use super::{
    ast::Operand,
    operand::{Test, Value},
    operator::{Meaning, Operator},
};
use crate::{
    number::Number,
    record::{Scalar, WorkBudget, test_steps},
};

/// The values of a list or of another field, under one operator.
#[derive(Clone)]
pub struct ValueSet {
    operator: &'static Operator,
    texts: HashSet<Box<[u8]>, RandomState>,
    /// The lengths of the texts.
    lengths: BTreeSet<usize>,
    /// In ascending order.
    numbers: Vec<Number>,
    /// The numbers that texts spell canonically, in ascending order.
    spelled: Vec<Number>,
    bools: [bool; 2],
}

impl ValueSet {
    /// From how many values on a set takes less time than a test of each.
    pub const LEAST: usize = 8;

    /// Whether an operator can test all values at once: one that compares fields, other than a search for substrings.
    pub fn suits(operator: &Operator) -> bool {
        match operator.meaning {
            Meaning::Equal | Meaning::Member | Meaning::Prefix | Meaning::Suffix => true,
            Meaning::Order(_)
            | Meaning::Substring
            | Meaning::Pattern
            | Meaning::Network
            | Meaning::Account
            | Meaning::Foreign
            | Meaning::Present => false,
        }
    }

    /// No values; add all, and then call [`Self::sort`].
    pub fn new(operator: &'static Operator) -> Self {
        Self {
            operator,
            texts: HashSet::default(),
            lengths: BTreeSet::new(),
            numbers: Vec::new(),
            spelled: Vec::new(),
            bools: [false; 2],
        }
    }

    /// Adds a value. Nothing is equal to null, a list or an object.
    pub fn add(&mut self, scalar: Scalar<'_>) {
        match scalar {
            Scalar::Text(text) => {
                self.spelled.extend(Number::parse_canonical(text));
                self.lengths.insert(text.len());
                self.texts.insert(self.folded(text).into());
            }
            Scalar::Number(number) => self.numbers.push(number),
            Scalar::Bool(value) => self.bools[usize::from(value)] = true,
            Scalar::Null | Scalar::List | Scalar::Object { .. } => {}
        }
    }

    /// Ends the adding of values.
    pub fn sort(&mut self) {
        for numbers in [&mut self.numbers, &mut self.spelled] {
            numbers.sort_by(|one, other| one.partial_cmp(other).unwrap_or(Ordering::Equal));
        }
    }

    /// Whether the operator holds for the value and any of these. Once the budget of `work` is used up, the result is void.
    pub fn holds(&self, scalar: Scalar<'_>, work: &WorkBudget) -> bool {
        let bytes = if let Scalar::Text(text) = scalar { text.len() } else { 0 };
        if !work.spend(4 * test_steps(bytes)) {
            return false;
        }
        match (self.operator.meaning, scalar) {
            (Meaning::Order(_), _) => self.is_ordered(scalar),
            (Meaning::Equal, _) if !self.operator.ignores_case => self.equals(scalar),
            (Meaning::Member, _) => self.equals(scalar),
            (Meaning::Equal | Meaning::Prefix | Meaning::Suffix | Meaning::Substring, Scalar::Text(text)) => {
                self.holds_for_text(&self.folded(text), work)
            }
            (
                Meaning::Equal
                | Meaning::Prefix
                | Meaning::Suffix
                | Meaning::Substring
                | Meaning::Pattern
                | Meaning::Network
                | Meaning::Account
                | Meaning::Foreign
                | Meaning::Present,
                _,
            ) => false,
        }
    }

    fn equals(&self, scalar: Scalar<'_>) -> bool {
        let is_in = |numbers: &[Number], number: Number| {
            numbers.binary_search_by(|known| known.partial_cmp(&number).unwrap_or(Ordering::Less)).is_ok()
        };
        match scalar {
            Scalar::Text(text) => {
                self.texts.contains(text.as_bytes())
                    || matches!(text, "true" | "false") && self.bools[usize::from(text == "true")]
                    || !self.numbers.is_empty()
                        && Number::parse_canonical(text).is_some_and(|number| is_in(&self.numbers, number))
            }
            Scalar::Number(number) => is_in(&self.numbers, number) || is_in(&self.spelled, number),
            Scalar::Bool(value) => self.bools[usize::from(value)] || self.texts.contains(value.to_string().as_bytes()),
            Scalar::Null | Scalar::List | Scalar::Object { .. } => false,
        }
    }

    /// A value that is less than any is less than the greatest, and so on.
    fn is_ordered(&self, scalar: Scalar<'_>) -> bool {
        let ends = [&self.numbers, &self.spelled].into_iter().flat_map(|numbers| [numbers.first(), numbers.last()]);
        let holds = |end: Number| self.operator.between.is_some_and(|holds| holds(scalar, Scalar::Number(end)));
        ends.flatten().copied().any(holds)
    }

    fn holds_for_text(&self, text: &[u8], work: &WorkBudget) -> bool {
        let part = |length: usize| match self.operator.meaning {
            Meaning::Prefix => text.get(..length),
            _ => text.get(text.len() - length..),
        };
        match self.operator.meaning {
            Meaning::Equal => self.texts.contains(text),
            Meaning::Prefix | Meaning::Suffix => self.lengths.range(..=text.len()).any(|length| {
                work.spend(test_steps(*length)) && part(*length).is_some_and(|part| self.texts.contains(part))
            }),
            Meaning::Substring => self
                .texts
                .iter()
                .any(|part| work.spend(test_steps(text.len())) && memchr::memmem::find(text, part).is_some()),
            Meaning::Member
            | Meaning::Order(_)
            | Meaning::Pattern
            | Meaning::Network
            | Meaning::Account
            | Meaning::Foreign
            | Meaning::Present => false,
        }
    }

    fn folded(&self, text: &str) -> Vec<u8> {
        if self.operator.ignores_case { text.to_ascii_lowercase().into() } else { text.into() }
    }
}

/// The tests of the values on the right side.
#[derive(Clone)]
pub struct Tests {
    /// One by one.
    pub each: Box<[Test]>,
    /// All of them at once, where they are many and the operator can do that.
    pub all: Option<Box<ValueSet>>,
    /// How many times the work of a search for a text each takes.
    pub weight: u64,
}

impl Tests {
    /// The tests of these operands.
    pub fn new(each: Vec<Test>, operator: &'static Operator, operands: &[Operand]) -> Self {
        let is_null = |operand: &Operand| operand.value == Value::Null;
        let suits = each.len() >= ValueSet::LEAST && ValueSet::suits(operator) && !operands.iter().any(is_null);
        let all = suits.then(|| {
            let mut set = ValueSet::new(operator);
            for operand in operands {
                set.add(operand.value.as_scalar());
            }
            set.sort();
            Box::new(set)
        });
        let weight = match operator.meaning {
            Meaning::Pattern => 8,
            _ if operator.ignores_case => 4,
            _ => 1,
        };
        Self { each: each.into(), all, weight }
    }

    /// Whether the value passes one. Once the budget of `work` is used up, the result is void.
    pub fn pass(&self, scalar: Scalar<'_>, work: &WorkBudget) -> bool {
        if let Some(set) = &self.all {
            return set.holds(scalar, work);
        }
        let bytes = if let Scalar::Text(text) = scalar { text.len() } else { 0 };
        work.spend(self.each.len() as u64 * self.weight * test_steps(bytes))
            && self.each.iter().any(|test| test(scalar))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::operator::all;

    /// The result is that of a test of each value.
    #[test]
    fn a_set_holds_what_one_of_its_values_holds() {
        let number = |text: &str| Scalar::Number(Number::parse(text).unwrap());
        let mut scalars: Vec<_> =
            ["0", "-1", "1", "1.0", "1.5", "1e3", "9007199254740993", "-0", "18446744073709551615"].map(number).into();
        scalars.extend(
            ["", "a", "A", "ab", "Ab", "b", "éa", "É", "1", "1.0", "1.5", "-1", "true", "false", "TRUE", "1000"]
                .map(Scalar::Text),
        );
        scalars.extend([Scalar::Null, Scalar::Bool(true), Scalar::Bool(false), Scalar::List]);
        scalars.extend([true, false].map(|empty| Scalar::Object { empty }));
        for operator in all() {
            let Some(between) = operator.between else { continue };
            for first in 0..scalars.len() {
                for last in first..scalars.len() {
                    let values = &scalars[first..last];
                    let mut set = ValueSet::new(operator);
                    for value in values {
                        set.add(*value);
                    }
                    set.sort();
                    for scalar in &scalars {
                        let is_some = |value: &&Scalar<'_>| **value != Scalar::Null && *scalar != Scalar::Null;
                        let expected = values.iter().filter(is_some).any(|value| between(*scalar, *value));
                        let found = set.holds(*scalar, &WorkBudget::default());
                        assert_eq!(found, expected, "{scalar:?} {} {values:?}", operator.spelling);
                    }
                }
            }
        }
    }
}
