//! What the handler asks of the world: objects, a channel for alerts, and the time.
//!
//! It knows S3, SNS and the clock by these traits only; `aws/` and `local/` have what stands behind them.

use std::{future::Future, time::Duration};

use jiff::Timestamp;
use thiserror::Error;

use crate::{alert::Message, object::ObjectId};

/// The port to S3.
pub trait Objects: Sync {
    /// An object that is being read.
    type Body: Body;

    /// Begins to read an object.
    fn get(&self, object: &ObjectId) -> impl Future<Output = Result<Self::Body, FetchError>> + Send;
}

/// The bytes of an object, chunk by chunk.
pub trait Body: Send {
    /// Some bytes.
    type Chunk: AsRef<[u8]> + Send;

    /// The next bytes; `None` at the end.
    fn next(&mut self) -> impl Future<Output = Result<Option<Self::Chunk>, FetchError>> + Send;
}

/// The port to SNS.
pub trait Channel: Sync {
    /// The most messages that one call takes.
    const BATCH: usize = 10;

    /// Sends messages, at most [`Channel::BATCH`]; the answers stand in the order of the messages.
    fn publish(&self, messages: &[Message]) -> impl Future<Output = Vec<Result<(), PublishError>>> + Send;
}

impl<C: Channel> Channel for &C {
    const BATCH: usize = C::BATCH;

    fn publish(&self, messages: &[Message]) -> impl Future<Output = Vec<Result<(), PublishError>>> + Send {
        (**self).publish(messages)
    }
}

/// The port to the time.
pub trait Clock: Sync {
    /// The time of day.
    fn now(&self) -> Timestamp;

    /// How long it is until the invocation is ended by force.
    fn left(&self) -> Duration;

    /// Waits until no more than this is left.
    fn until_left(&self, left: Duration) -> impl Future<Output = ()> + Send;
}

/// Why an object could not be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{reason}")]
pub struct FetchError {
    /// What is wrong.
    pub reason: String,
    /// Whether it will be the same the next time, as for an object that is not there.
    pub is_lasting: bool,
}

impl FetchError {
    /// An error that may be gone the next time.
    pub fn passing(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_lasting: false }
    }

    /// An error that will be there the next time.
    pub fn lasting(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_lasting: true }
    }
}

/// Why a message was not accepted.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{channel}: {reason}")]
pub struct PublishError {
    /// Where it should have gone, such as the ARN of a topic.
    pub channel: String,
    /// What the channel says.
    pub reason: String,
    /// Whether it is the message itself that is refused, so that another form of it may be taken.
    pub is_refusal: bool,
}
