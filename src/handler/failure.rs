//! Failures, and how they are logged.
//!
//! A failure names the place, what happened and why; it never contains text of a record.

use std::error::Error as _;

use thiserror::Error;

use super::port::{FetchError, IsolationError, PublishError};
use crate::{
    alert::Origin, diagnostic::chain, log_file::LogFileError, object::ObjectId, state::TableError,
    trigger::TriggerError,
};

/// Something that was not done, for which its delivery is repeated.
#[derive(Debug, Error)]
pub enum Failure {
    /// The payload, or a part of it, was not understood.
    #[error(transparent)]
    Trigger(#[from] TriggerError),
    /// An object could not be fetched.
    #[error("s3://{}/{} cannot be read", object.bucket, object.key)]
    Fetch {
        /// The object.
        object: ObjectId,
        /// The cause.
        #[source]
        error: FetchError,
    },
    /// An object was fetched, but is not a complete log file.
    #[error("s3://{}/{} is not a complete log file", object.bucket, object.key)]
    LogFile {
        /// The object.
        object: ObjectId,
        /// The cause.
        #[source]
        error: LogFileError,
    },
    /// An object has more bytes, as stored, than may be read.
    #[error("s3://{}/{} has more than {limit} bytes as stored", object.bucket, object.key)]
    TooLarge {
        /// The object.
        object: ObjectId,
        /// The limit.
        limit: u64,
    },
    /// The invocation had no time left.
    #[error("{origin}: ran out of time")]
    OutOfTime {
        /// What was to be read.
        origin: Origin,
    },
    /// The queue keeps messages in order, and one before it failed.
    #[error("not started: an earlier message failed, and the queue keeps messages in order")]
    NotStarted,
    /// An alert was not accepted.
    #[error("alert {id} from {origin} was not published")]
    Publish {
        /// What the alert is about.
        origin: Origin,
        /// The index of the record there, from 0, where the alert is about one.
        record: Option<u64>,
        /// The alert's id.
        id: String,
        /// The cause.
        #[source]
        error: PublishError,
    },
    /// More alerts of an object failed than are reported one by one.
    #[error("{count} more alerts from {origin} were not published")]
    MoreAlerts {
        /// What they are about.
        origin: Origin,
        /// How many.
        count: u64,
    },
    /// What is due could not be read, or the state of the tick not stored.
    #[error("{origin}: what is due is not available")]
    Due {
        /// The event of the schedule.
        origin: Origin,
        /// The cause.
        #[source]
        error: TableError,
    },
    /// What the invocation made due was not sent, and no table keeps it.
    #[error("{count} alerts or notices that were due at the end of the invocation were not sent")]
    NotSentAtEnd {
        /// How many.
        count: u64,
    },
    /// An item ended the process that handled it.
    #[error("{origin} was not handled")]
    Killed {
        /// The item.
        origin: Origin,
        /// What happened to the process.
        #[source]
        error: IsolationError,
    },
    /// A failure in another process, which logged it.
    #[error("{message}")]
    Reported {
        /// The failure and its causes.
        message: String,
        /// How many failures it counts as.
        count: u64,
        /// Whether a repetition would fail the same way.
        is_permanent: bool,
    },
    /// More parts of a payload failed than are reported one by one.
    #[error("{count} more parts of the payload failed")]
    MoreParts {
        /// How many.
        count: u64,
    },
}

impl Failure {
    /// How many failures it counts as.
    pub fn count(&self) -> u64 {
        match self {
            Failure::MoreAlerts { count, .. } | Failure::MoreParts { count } | Failure::Reported { count, .. } => {
                *count
            }
            _ => 1,
        }
    }

    /// Whether a repetition would fail the same way.
    pub fn is_permanent(&self) -> bool {
        match self {
            Failure::Trigger(_) | Failure::LogFile { .. } | Failure::TooLarge { .. } => true,
            Failure::Fetch { error, .. } => matches!(error, FetchError::Permanent(_)),
            Failure::Reported { is_permanent, .. } => *is_permanent,
            _ => false,
        }
    }

    /// Logs one line for an operator; `unit` is the message or task that is repeated.
    pub(super) fn log(&self, unit: Option<&str>) {
        let reason = match self {
            Failure::Trigger(error) => chain(error),
            _ => self.source().map_or_else(|| self.to_string(), chain),
        };
        let ((bucket, key), source) = (self.object().unzip(), self.origin().and_then(Origin::message));
        let what = match self {
            Failure::Trigger(_) | Failure::MoreParts { .. } => "payload not understood",
            Failure::Fetch { .. } => "object not fetched",
            Failure::LogFile { .. } | Failure::TooLarge { .. } => "object not readable",
            Failure::OutOfTime { .. } => "not done in time",
            Failure::NotStarted => "message not started",
            Failure::Killed { .. } => "process ended by an item",
            Failure::Due { .. } => "what is due is not available",
            Failure::NotSentAtEnd { .. } => "not everything that was due is sent",
            Failure::Reported { .. } => return,
            Failure::MoreAlerts { .. } => "more alerts not published",
            Failure::Publish { record, id, error, .. } => {
                let (topic, error) = error.parts();
                let reason = chain(error);
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
            Failure::OutOfTime { origin }
            | Failure::Publish { origin, .. }
            | Failure::MoreAlerts { origin, .. }
            | Failure::Due { origin, .. }
            | Failure::Killed { origin, .. } => Some(origin),
            _ => None,
        }
    }
}
