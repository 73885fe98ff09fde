//! The table as a whole, in the order of the language reference.

use super::{account, entry::Operator, network, pattern, text, value};

/// Every operator of the language.
pub fn all() -> impl Iterator<Item = &'static Operator> {
    [value::OPERATORS, text::OPERATORS, pattern::OPERATORS, network::OPERATORS, account::OPERATORS]
        .into_iter()
        .flatten()
        .copied()
}

/// The operator of that spelling, in any case.
pub fn named(spelling: &str) -> Option<&'static Operator> {
    all().find(|operator| operator.spelling.eq_ignore_ascii_case(spelling))
}
