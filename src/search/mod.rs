//! Searches of logs: which records are wanted, in which order they come, and what of each is shown.

mod column;
mod csv;
mod json_line;
mod order;
mod period;
mod pivot;
mod tally;

pub use column::{Column, FoundRecord};
pub use csv::csv_line;
pub use json_line::json_line;
pub use order::{EventKey, SavedKey, is_same_event};
pub use period::{Period, PeriodError, parse_length};
pub use pivot::{MissingPivot, Pivots};
pub use tally::{Tally, TallyRows};
