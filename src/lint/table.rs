//! The lint table, in the order of `lints.md`.

use super::{
    account, backslash, blanks, chosen, constant, data_event, distinct, duplicate, entry::Lint, event, expired, field,
    first_seen, impossible_value, mixed, negation, partial_value, sequence, target, title_path, unused_list, wildcard,
    wrong_operator,
};

/// Every lint.
pub const ALL: &[&Lint] = &[
    &field::LINT,
    &title_path::LINT,
    &constant::LINT,
    &impossible_value::LINT,
    &partial_value::LINT,
    &wrong_operator::LINT,
    &blanks::LINT,
    &event::LINT,
    &data_event::LINT,
    &negation::LINT,
    &chosen::LINT,
    &account::LINT,
    &mixed::LINT,
    &wildcard::LINT,
    &backslash::LINT,
    &duplicate::LINT,
    &first_seen::LINT,
    &distinct::LINT,
    &sequence::LINT,
    &target::LINT,
    &unused_list::LINT,
    &expired::LINT,
];

/// All lints with an example of each, as `trailbell help lints` prints them.
pub const REFERENCE: &str = include_str!("lints.md");

/// The code of every lint, and what it finds.
pub fn codes() -> impl Iterator<Item = (&'static str, &'static str)> {
    ALL.iter().flat_map(|lint| lint.codes.iter().copied())
}
