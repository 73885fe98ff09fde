//! Runs the tests that rules carry. Disabled rules are tested too.

use super::edit::{EditError, changed};
use crate::{
    record::Record,
    rule::{Rule, RuleTest, Verdict},
};

/// The result of one test of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tested {
    /// The verdict is the expected one.
    Passed,
    /// The verdict of the rule, which is not the expected one.
    Failed(Verdict),
    /// The changes of the test cannot be made to the record.
    Broken(EditError),
}

/// Runs a test of `rule` on the record that the test names.
pub fn run(rule: &Rule, test: &RuleTest, record: Record) -> Tested {
    match changed(record, &test.set) {
        Ok(record) => match rule.verdict(&record) {
            verdict if verdict == test.expect => Tested::Passed,
            verdict => Tested::Failed(verdict),
        },
        Err(error) => Tested::Broken(error),
    }
}
