//! Why a rule says what it says of a record: its filter and its suppressions with the values they saw.
//!
//! The verdict is drawn as [`Rule::verdict`] draws it, from the same matching with somebody looking on.

use jiff::Timestamp;

use super::{Rule, Suppression, Verdict};
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
    pub standing: Standing,
    /// Its filter, whether it counts or not.
    pub filter: Explanation,
}

/// Whether a suppression counts for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    InForce,
    /// It does not: the event happened at a time past its end.
    Expired {
        /// Its end.
        end: Timestamp,
        /// When the event happened.
        time: Timestamp,
    },
    /// It does not: it has an end, and the record does not say when the event happened.
    UnknownTime,
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
        SuppressionExplanation { holds: standing == Standing::InForce && filter.held, standing, filter }
    }
}
