//! A finding becomes an alert, and an alert becomes a message; each kind of message is one file in `kind/`, and each format is
//! one here.
//!
//! The caller of an AWS API chooses much of a record's text: no format shows a byte of it that has not passed
//! [`untrusted`](crate::untrusted).

mod also;
mod ascii_fallback;
mod caller;
mod caps;
mod chat;
mod content;
mod detected;
mod event;
mod facts;
mod format;
mod headline;
mod insight;
mod kind;
mod link;
mod markup;
mod message;
mod model;
mod next_step;
mod occurrence;
mod ocsf;
mod origin;
mod phrase;
mod place;
mod plain;
mod reason;
mod request;
mod section;
mod sheet;
mod short_name;
mod story;
mod subject;
mod text;

pub use also::CoveredRule;
pub use content::NamedRule;
pub use event::{CallOutcome, EventView};
pub use facts::EventFacts;
pub use format::{Format, render, render_ascii};
pub use headline::headline;
pub use kind::{FollowUpNotice, RollUpNotice, RollUpStage, SilentSources, Summary, Unread, short_title, title};
pub use message::{Attribute, AttributeValue, MAX_BYTES, Message};
pub use model::{Alert, AlertKind, Remembered};
pub use next_step::{NextStep, next_steps};
pub use occurrence::Occurrences;
pub use origin::Origin;
pub use sheet::Sheet;
