//! Rules of other systems → a rules file: exports of Threat Stack's rules, and Sigma rules for CloudTrail.
//!
//! Nothing is dropped silently: whatever a rule cannot express is a [`Problem`], and becomes a comment in its place.

mod condition;
mod detection;
mod draft;
mod expr;
mod field;
mod field_test;
mod file;
mod modifier;
mod name;
mod pattern;
mod problem;
mod sigma;
mod threat_stack;

pub use file::{Imported, Importer, import};
pub use problem::{Loss, Problem};
