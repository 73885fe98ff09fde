//! Rules against raw records.
//!
//! [`Engine::evaluate`] is fast: it parses a record only if a rule matches it, or may match it where a field that the rule
//! reads is written with escapes. [`Engine::evaluate_plainly`] is simple: it parses every record and evaluates every rule.
//! Both find the same matches; `tests/it/oracle.rs` compares them. [`Sieve`] does the same for one filter without a rule.

mod evaluate;
mod fields;
mod index;
mod nested;
mod parse;
mod projected;
mod sieve;

pub use evaluate::{Engine, Evaluated, Finding, Scratch};
pub use parse::{MAX_NESTING, ParseError, parse};
pub use sieve::Sieve;
