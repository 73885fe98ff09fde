//! Conditions in the words of other languages → what they mean in this one.
//!
//! A reader accepts SQL, Sigma, KQL, Lucene, jq, `JSONPath`, Python, PowerShell and CloudWatch's patterns at once, because an author
//! mixes them. What it reads is a tree of this language, so a repair is printed from the tree, and always parses.

mod call;
mod comparison;
mod event_pattern;
mod field;
mod operator;
mod operator_word;
mod pattern;
mod query;
mod reader;
mod rewrite;
mod value;

pub use field::{is_foreign_name, misnamed};
pub use query::whole;
pub use rewrite::{begins_condition, condition, operator_meant};
