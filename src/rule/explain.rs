//! Why a rule says what it says of a record: its filter and its suppressions with the values they saw.
//!
//! The verdict is drawn as [`Rule::verdict`] draws it, from the same matching with somebody looking on.

use super::model::{Rule, Suppression, SuppressionStatus, Verdict};
use crate::{
    filter::{self, Explanation},
    record::Record,
};

/// What a rule says of a record, and why.
#[derive(Clone, Debug)]
pub struct RuleExplanation {
    /// What it says.
    pub verdict: Verdict,
    /// Its filter.
    pub filter: Explanation,
    /// Its suppressions, in the order of the file; those that do not count are among them.
    pub suppressions: Vec<SuppressionExplanation>,
}

/// What a suppression says of a record, and why.
#[derive(Clone, Debug)]
pub struct SuppressionExplanation {
    /// Whether the record falls under it.
    pub holds: bool,
    /// Whether it counts for a record of that time.
    pub standing: SuppressionStatus,
    /// Its filter, whether it counts or not.
    pub filter: Explanation,
}

impl Rule {
    /// What the rule says of a record, and why.
    pub fn explain(&self, record: &Record) -> RuleExplanation {
        let filter = filter::explain(&self.filter, record.value());
        let suppressions: Vec<_> = self.suppressions.iter().map(|one| one.explain(record)).collect();
        let verdict = Verdict::of(filter.held, suppressions.iter().any(|one| one.holds));
        RuleExplanation { verdict, filter, suppressions }
    }
}

impl Suppression {
    fn explain(&self, record: &Record) -> SuppressionExplanation {
        let standing = self.standing(record);
        let filter = filter::explain(&self.filter, record.value());
        SuppressionExplanation { holds: standing == SuppressionStatus::InForce && filter.held, standing, filter }
    }
}
