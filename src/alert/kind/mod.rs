//! The kinds of messages, a file each: what a message is about, its subject, its first lines and its rows.

mod follow_up;
mod matched;
mod roll_up;
mod silent;
mod summary;
mod unread;

pub use follow_up::FollowUpNotice;
pub use matched::{short_title, title};
pub use roll_up::{RollUpNotice, RollUpStage};
pub use silent::SilentSources;
pub use summary::Summary;
pub use unread::Unread;
