//! Why a rule matches a record or not: its filter and its suppressions with the values that they compared.
//!
//! The verdict is that of [`Rule::verdict`]: the same matcher runs, and an observer records what it compares.

use super::{
    aggregate::{AggregateValue, combination},
    model::{Rule, SequenceStep, Suppression, SuppressionStatus, Verdict},
};
use crate::{filter::Explanation, record::Record};

/// The verdict of a rule on a record, and the reasons.
#[derive(Clone, Debug)]
pub struct RuleExplanation {
    /// The verdict.
    pub verdict: Verdict,
    /// The result of the rule's filter, condition by condition.
    pub filter: Explanation,
    /// The result of each step of the rule's sequence.
    pub steps: Vec<StepExplanation>,
    /// The result of each suppression, in the order of the file, expired ones included.
    pub suppressions: Vec<SuppressionExplanation>,
}

/// Whether a record may be a step of a sequence, and the reasons.
#[derive(Clone, Debug)]
pub struct StepExplanation {
    /// The result of its filter.
    pub filter: Explanation,
    /// The values of the record at the fields of `by`. Where one has none, the record is no event of this step.
    pub by: Vec<AggregateValue>,
}

/// Whether a suppression covers a record, and the reasons.
#[derive(Clone, Debug)]
pub struct SuppressionExplanation {
    /// Whether it suppresses the match.
    pub holds: bool,
    /// Whether it is in force at the time of the record.
    pub status: SuppressionStatus,
    /// The result of its filter, whether it is in force or not.
    pub filter: Explanation,
}

impl Rule {
    /// The verdict of the rule on a record, and the reasons.
    pub fn explain(&self, record: &Record) -> RuleExplanation {
        let filter = self.filter.explain(record.root());
        let suppressions: Vec<_> = self.suppressions.iter().map(|one| one.explain(record)).collect();
        let verdict =
            Verdict::of(filter.held && self.filter.is_about(record), suppressions.iter().any(|one| one.holds));
        let steps = self.steps().iter().map(|step| step.explain(record)).collect();
        RuleExplanation { verdict, filter, steps, suppressions }
    }
}

impl StepExplanation {
    /// Whether the record may be an event of this step.
    pub fn counts(&self) -> bool {
        self.filter.held && self.by.iter().all(|value| !value.values.is_empty())
    }
}

impl SequenceStep {
    fn explain(&self, record: &Record) -> StepExplanation {
        StepExplanation { filter: self.filter.explain(record.root()), by: combination(&self.by, record) }
    }
}

impl Suppression {
    fn explain(&self, record: &Record) -> SuppressionExplanation {
        let status = self.status(record);
        let filter = self.filter.explain(record.root());
        SuppressionExplanation { holds: status == SuppressionStatus::InForce && filter.held, status, filter }
    }
}
