//! The text of the language reference.

/// The language reference, as `trailbell help filter` prints it.
pub const REFERENCE: &str = include_str!("reference.md");

/// The last section of the reference, the idioms, as `trailbell help idioms` prints it.
#[must_use]
pub fn idioms() -> &'static str {
    REFERENCE.find("## Idioms\n").and_then(|at| REFERENCE.get(at..)).unwrap_or_default()
}
