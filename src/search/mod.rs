//! Searches of logs: which files and which records are wanted, in which order they come, and what of each is shown.

mod column;
mod csv;
mod delivery_span;
mod json_line;
mod key_range;
mod order;
mod period;
mod pivot;
mod tally;

pub use column::{Column, FoundRecord};
pub use csv::csv_line;
pub use delivery_span::{DeliverySpan, Depth, depth, kind_of_folder};
pub use json_line::json_line;
pub use key_range::{KeyRange, ListedKey};
pub use order::{EventKey, SavedKey, is_same_event};
pub use period::{Period, PeriodError, parse_length};
pub use pivot::{MissingPivot, Pivots};
pub use tally::{Tally, TallyRows};
