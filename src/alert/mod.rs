//! A finding becomes an alert, and an alert becomes a message; each format is one file.
//!
//! The caller of an AWS API chooses much of a record's text: no format shows a byte of it that has not passed
//! [`untrusted`](crate::untrusted).

mod ascii_fallback;
mod caps;
mod chat;
mod event;
mod format;
mod insight;
mod link;
mod message;
mod model;
mod occurrence;
mod ocsf;
mod origin;
mod phrase;
mod reason;
mod story;
mod text;

pub use event::{CallOutcome, EventView};
pub use format::{Format, render, render_ascii};
pub use message::{Attribute, AttributeValue, MAX_BYTES, Message};
pub use model::{Alert, AlertKind, HeldBack, Occurrences, Remembered, Unread, title};
pub use origin::Origin;
