//! Likely mistakes in a rules file: filters that cannot match, misspelled fields, rules that repeat each other.
//!
//! A lint warns only where it is certain, and a warning never makes a file invalid. Lints read the rules alone; only
//! `trailbell check` runs them, the function never does. The filter of a search is checked, too, except for what matters only to a
//! rule.

mod account;
mod backslash;
mod blanks;
mod catalogue;
mod check;
mod chosen;
mod condition;
mod constant;
mod contradiction;
mod data_event;
mod data_events;
mod distinct;
mod duplicate;
mod entry;
mod event;
mod expired;
mod field;
mod filter_text;
mod first_seen;
mod impossible_value;
mod logging;
mod mixed;
mod negation;
mod partial_value;
mod replaced_list;
mod schema;
mod sequence;
mod table;
mod target;
mod title_path;
mod unused_list;
mod value_form;
mod value_table;
mod wildcard;
mod wrong_operator;

pub use check::{check, check_overrides, check_search};
pub use entry::Lint;
pub use field::unknown_field;
pub use logging::{LogKind, RuleLogging, selector};
pub use table::{ALL, REFERENCE, codes};
