//! Searches of logs: which records are wanted.

mod period;

pub use period::{Period, PeriodError};
