//! Something that was not done, and how it is said.
//!
//! Nothing of an event's content is in it: where it is, what happened, and why.

use std::error::Error as _;

use thiserror::Error;

use super::{FetchError, PublishError};
use crate::{alert::Origin, log_file::LogFileError, object::ObjectId, trigger::TriggerError};

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
        /// The place of the record there, from 0, where the alert is about one.
        record: Option<u64>,
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
        let ((bucket, key), source) = (self.object().unzip(), self.origin().and_then(Origin::message));
        let what = match self {
            Failure::Trigger(_) | Failure::MoreParts { .. } => "payload not understood",
            Failure::Fetch { .. } => "object not fetched",
            Failure::LogFile { .. } | Failure::TooLarge { .. } => "object not readable",
            Failure::OutOfTime { .. } => "not done in time",
            Failure::NotBegun => "message not begun",
            Failure::MoreAlerts { .. } => "more alerts not published",
            Failure::Publish { record, id, error, .. } => {
                let (topic, reason) = (&error.channel, &error.reason);
                tracing::error!(bucket, key, source, unit, record, alert = id, topic, reason, "alert not published");
                return;
            }
        };
        tracing::error!(bucket, key, source, unit, reason, "{what}");
    }

    fn object(&self) -> Option<(&str, &str)> {
        match self {
            Failure::Fetch { object, .. } | Failure::LogFile { object, .. } | Failure::TooLarge { object, .. } => {
                Some(object.parts())
            }
            _ => self.origin()?.object().map(ObjectId::parts),
        }
    }

    fn origin(&self) -> Option<&Origin> {
        match self {
            Failure::OutOfTime { origin } | Failure::Publish { origin, .. } | Failure::MoreAlerts { origin, .. } => {
                Some(origin)
            }
            _ => None,
        }
    }
}
