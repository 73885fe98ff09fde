//! The ports of the handler: objects, a channel for alerts, and the time.
//!
//! The handler knows S3, SNS and the clock by these traits only; `aws/` and `local/` implement them.

use std::{
    error::Error,
    future::{Future, ready},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use thiserror::Error;

use crate::{alert::Message, object::ObjectId};

/// The port to S3.
pub trait Objects: Sync {
    /// An object that is being read.
    type Body: Body;

    /// Starts to read an object.
    ///
    /// # Errors
    ///
    /// The object does not exist, may not be read, or its store gives no answer.
    fn get(&self, object: &ObjectId) -> impl Future<Output = Result<Self::Body, FetchError>> + Send;
}

/// The bytes of an object, chunk by chunk.
pub trait Body: Send {
    /// Some bytes.
    type Chunk: AsRef<[u8]> + Send;

    /// When the object was last modified, if its store reports that.
    fn modified(&self) -> Option<Timestamp> {
        None
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    ///
    /// The connection broke or stalled.
    fn next(&mut self) -> impl Future<Output = Result<Option<Self::Chunk>, FetchError>> + Send;
}

/// The port to SNS.
pub trait Channel: Sync {
    /// The most messages that one call takes.
    const BATCH: usize = 10;

    /// Sends at most [`Channel::BATCH`] messages. The results are in the order of the messages.
    fn publish(&self, messages: &[Message]) -> impl Future<Output = Vec<Result<(), PublishError>>> + Send;

    /// The e-mail addresses that have confirmed that they want the messages; `None` if the channel has no such addresses.
    ///
    /// # Errors
    ///
    /// The channel does not tell.
    fn confirmed_addresses(&self) -> impl Future<Output = Result<Option<Vec<String>>, PublishError>> + Send {
        ready(Ok(None))
    }
}

impl<C: Channel> Channel for &C {
    const BATCH: usize = C::BATCH;

    fn publish(&self, messages: &[Message]) -> impl Future<Output = Vec<Result<(), PublishError>>> + Send {
        (**self).publish(messages)
    }

    fn confirmed_addresses(&self) -> impl Future<Output = Result<Option<Vec<String>>, PublishError>> + Send {
        (**self).confirmed_addresses()
    }
}

/// The port to the time.
pub trait Clock: Sync {
    /// The time of day.
    fn now(&self) -> Timestamp;

    /// How much time is left until the invocation is terminated.
    fn left(&self) -> Duration;

    /// Waits until no more than `left` is left.
    fn until_left(&self, left: Duration) -> impl Future<Output = ()> + Send;
}

type SharedError = Arc<dyn Error + Send + Sync>;

/// Why an object could not be read: the store's error, and whether a repetition can succeed.
#[derive(Clone, Debug, Error)]
pub enum FetchError {
    /// The next attempt may succeed.
    #[error(transparent)]
    Transient(SharedError),
    /// The next attempt fails the same way, as for an object that does not exist.
    #[error(transparent)]
    Permanent(SharedError),
}

impl FetchError {
    /// An error after which the next attempt may succeed.
    pub fn transient(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Transient(Arc::from(error.into()))
    }

    /// An error that the next attempt meets again.
    pub fn permanent(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Permanent(Arc::from(error.into()))
    }
}

/// Why a message was not accepted.
#[derive(Clone, Debug, Error)]
pub enum PublishError {
    /// The channel refuses this message; it may accept the alert in another form.
    #[error("{channel} refused the message")]
    Refused {
        /// Such as the ARN of a topic.
        channel: String,
        /// The channel's reason.
        #[source]
        error: SharedError,
    },
    /// The channel did not accept the message for another reason.
    #[error("{channel} did not accept the message")]
    NotAccepted {
        /// Such as the ARN of a topic.
        channel: String,
        /// The channel's reason.
        #[source]
        error: SharedError,
    },
}

impl PublishError {
    /// An error of the message itself.
    pub fn refused(channel: impl Into<String>, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Refused { channel: channel.into(), error: Arc::from(error.into()) }
    }

    /// An error for another reason.
    pub fn not_accepted(channel: impl Into<String>, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::NotAccepted { channel: channel.into(), error: Arc::from(error.into()) }
    }

    /// The channel, such as the ARN of a topic, and its reason.
    pub fn parts(&self) -> (&str, &(dyn Error + 'static)) {
        match self {
            Self::Refused { channel, error } | Self::NotAccepted { channel, error } => (channel, &**error),
        }
    }
}

/// Why another process did not handle an item.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum IsolationError {
    /// No other process can be started. Nothing is wrong with the item, which is handled in this process.
    #[error("no process can be started")]
    Unavailable,
    /// The process ended before it had handled the item.
    #[error("the process that handled it ended ({0}): it may need more memory than the function has")]
    Ended(String),
    /// The process was ended, since it took longer than this.
    #[error("the process that handled it was ended after {} s", .0.as_secs())]
    TooSlow(Duration),
}
