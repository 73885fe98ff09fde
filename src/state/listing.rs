//! Distinct texts, of which not all are kept.

use super::series::Listed;

/// Distinct texts of the events of a series, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The texts that are kept, as the records have them: they are not safe to show.
    pub values: Vec<String>,
    /// How many more there are.
    pub more: u64,
    /// Whether there can be still more of them.
    pub at_least: bool,
}

impl Listing {
    /// How many texts there are, as far as they were counted.
    pub fn count(&self) -> u64 {
        self.more.saturating_add(self.values.len() as u64)
    }
}

impl From<Listed<'_>> for Listing {
    fn from(listed: Listed<'_>) -> Self {
        Self {
            values: listed.values.into_iter().map(str::to_owned).collect(),
            more: listed.more as u64,
            at_least: listed.incomplete,
        }
    }
}
