//! The page of `trailbell report`: alerts as data inside of one HTML file, which a script of its own shows.
//!
//! The page loads nothing: its policy permits its own script and its own style by their hashes, and nothing else. All text of
//! alerts and records is compressed data, which the script shows as text.

mod entry;
mod html;
mod kept;
mod packed;
mod page;
mod recent;

pub use entry::ReportAlert;
pub use kept::{KeptAlerts, PageData, PageLimits};
pub use page::{PAGE_BEGINS, ReportHead, page};
pub use recent::RecentRecords;
