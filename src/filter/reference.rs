//! The text of the language reference.

/// The language reference, as `trailbell help filter` prints it.
pub const REFERENCE: &str = include_str!("reference.md");
