//! Something that was not done, and how it is said.
//!
//! Nothing of an event's content is in it: where it is, what happened, and why.

use std::error::Error as _;

use thiserror::Error;

use super::{FetchError, PublishError};
use crate::{
    alert::Origin,
    log_file::LogFileError,
    trigger::{ObjectId, TriggerError},
};

/// Something that was not done, and so makes its delivery come again.
#[derive(Debug, Error)]
pub enum Failure {
    /// The payload, or a part of it, was not understood.
    #[error(transparent)]
    Trigger(#[from] TriggerError),
    /// An object could not be fetched.
    #[error("s3://{}/{}: {error}", object.bucket, object.key)]
    Fetch {
        /// Which.
        object: ObjectId,
        /// Why.
        #[source]
        error: FetchError,
    },
    /// An object was fetched, but is no whole log file.
    #[error("s3://{}/{}: {error}", object.bucket, object.key)]
    LogFile {
        /// Which.
        object: ObjectId,
        /// Why.
        #[source]
        error: LogFileError,
    },
    /// An object is longer, as it is stored, than may be read.
    #[error("s3://{}/{}: more than {limit} bytes as it is stored", object.bucket, object.key)]
    TooLarge {
        /// Which.
        object: ObjectId,
        /// The limit.
        limit: u64,
    },
    /// There was no time left.
    #[error("{origin}: the time is used up")]
    OutOfTime {
        /// For what.
        origin: Origin,
    },
    /// A queue that keeps an order, and something before it failed.
    #[error("a message before it failed, and its queue keeps them in order")]
    NotBegun,
    /// An alert was not accepted.
    #[error("alert {id} from {origin}: {error}")]
    Publish {
        /// What the alert is about.
        origin: Origin,
        /// The alert's id.
        id: String,
        /// Why.
        #[source]
        error: PublishError,
    },
    /// More alerts of an object failed than are worth a line each.
    #[error("{origin}: {count} more alerts failed")]
    MoreAlerts {
        /// What they are about.
        origin: Origin,
        /// How many.
        count: u64,
    },
    /// More parts of a payload failed than are worth a line each.
    #[error("{count} more parts of the payload failed")]
    MoreParts {
        /// How many.
        count: u64,
    },
}

impl Failure {
    /// How many failures it stands for.
    pub fn count(&self) -> u64 {
        match self {
            Failure::MoreAlerts { count, .. } | Failure::MoreParts { count } => *count,
            _ => 1,
        }
    }

    /// Whether it would be the same the next time.
    pub fn is_lasting(&self) -> bool {
        match self {
            Failure::Trigger(_) | Failure::LogFile { .. } | Failure::TooLarge { .. } => true,
            Failure::Fetch { error, .. } => error.is_lasting,
            _ => false,
        }
    }

    /// One line for an operator; `unit` is the message or task that will come again.
    pub(super) fn log(&self, unit: Option<&str>) {
        let reason = self.source().map_or_else(|| self.to_string(), ToString::to_string);
        let place = self.place();
        let (bucket, key) = place.as_ref().map(Placed::object).unwrap_or_default();
        let source = place.as_ref().and_then(Placed::message);
        let what = match self {
            Failure::Trigger(_) | Failure::MoreParts { .. } => "payload not understood",
            Failure::Fetch { .. } => "object not fetched",
            Failure::LogFile { .. } | Failure::TooLarge { .. } => "object not readable",
            Failure::OutOfTime { .. } => "not done in time",
            Failure::NotBegun => "message not begun",
            Failure::MoreAlerts { .. } => "more alerts not published",
            Failure::Publish { id, error, .. } => {
                let (topic, reason) = (&error.channel, &error.reason);
                tracing::error!(bucket, key, source, unit, alert = id, topic, reason, "alert not published");
                return;
            }
        };
        tracing::error!(bucket, key, source, unit, reason, "{what}");
    }

    fn place(&self) -> Option<Placed<'_>> {
        match self {
            Failure::Fetch { object, .. } | Failure::LogFile { object, .. } | Failure::TooLarge { object, .. } => {
                Some(Placed { bucket: &object.bucket, key: &object.key, message: None })
            }
            Failure::OutOfTime { origin } | Failure::Publish { origin, .. } | Failure::MoreAlerts { origin, .. } => {
                Some(Placed::of(origin))
            }
            Failure::Trigger(_) | Failure::NotBegun | Failure::MoreParts { .. } => None,
        }
    }
}

/// Where something is, in the fields of a log line.
pub(super) struct Placed<'a> {
    bucket: &'a str,
    key: &'a str,
    message: Option<&'a str>,
}

impl<'a> Placed<'a> {
    pub(super) fn of(origin: &'a Origin) -> Self {
        match origin {
            Origin::Object { bucket, key } => Self { bucket, key, message: None },
            Origin::Message(message) => Self { bucket: "", key: "", message: Some(message) },
        }
    }

    /// Bucket and key, where it is an object.
    pub(super) fn object(&self) -> (Option<&'a str>, Option<&'a str>) {
        if self.message.is_some() { (None, None) } else { (Some(self.bucket), Some(self.key)) }
    }

    /// What held the record, where it is no object.
    pub(super) fn message(&self) -> Option<&'a str> {
        self.message
    }
}
