//! Rules on known records: counts over many records, and the tests that rules carry.

mod counts;
mod edit;
mod rule_test;

pub use counts::Counts;
pub use edit::{EditError, StepError, changed};
pub use rule_test::{Tested, run};
