//! Rules on known records: counts over many records, and the tests that rules carry.

mod counts;
mod decisive;
mod edit;
mod rule_test;

pub use counts::Counts;
pub use decisive::Decisive;
pub use edit::{EditError, Misspelling, StepError, changed, misspelled};
pub use rule_test::{Tested, run};
