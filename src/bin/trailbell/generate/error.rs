//! Why a file cannot be generated.

use std::{io, path::PathBuf};

use thiserror::Error;

/// An error of the generators.
#[derive(Debug, Error)]
pub enum GenerateError {
    #[error("the rule `{rule}` has no tag `service.…` with a title: add a title to `rules_page.rs`")]
    NoTitle { rule: String },
    #[error("no rule has the tag `service.{tag}`: remove its title from `rules_page.rs`")]
    NoRule { tag: &'static str },
    #[error("the record {} of a test of `{rule}` cannot be used: {reason}", path.display())]
    BadRecord { rule: String, path: PathBuf, reason: String },
    #[error("rules match the records of others without a reason; add one to `overlaps.rs`, or change the records:\n{}", .0.join("\n"))]
    NoReason(Vec<String>),
    #[error("no two rules need this reason any more, remove it from `overlaps.rs`: {0}")]
    UnusedReason(String),
    #[error("{} cannot be written", path.display())]
    Write { path: PathBuf, source: io::Error },
}
