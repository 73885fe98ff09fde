//! The lint table, in the order of `lints.md`.

use super::{
    account, backslash, blanks, chosen, constant, data_event, distinct, duplicate, entry::Lint, event, expired, field,
    first_seen, mixed, negation, sequence, target, unused_list, wildcard,
};

/// Every lint.
pub const ALL: &[&Lint] = &[
    &field::LINT,
    &constant::LINT,
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
