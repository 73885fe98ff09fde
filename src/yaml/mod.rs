//! YAML text → a tree of values, each with its place in the file.
//!
//! The tree keeps every scalar as it is written; the reader of a field decides whether it is a text, a number or a boolean.

mod field;
mod scalar;
mod synonym;
mod syntax;
mod tree;

pub(crate) use field::{YamlField, YamlMap, json, optional, parsed, text};
pub use scalar::Scalar;
pub(crate) use tree::{MAX_FILE_BYTES, YamlDocument, YamlKind, YamlNode, parse, parse_at, too_large};
