//! The shapes of payloads: the payload of an invocation becomes a [`Delivery`]. Each service has a file.
//!
//! A payload of an unknown shape is an error, never an empty delivery; items that need no work are listed, with the reason.

mod cloudtrail;
mod cloudwatch_logs;
mod decode;
mod delivery;
mod envelope;
mod error;
mod eventbridge;
mod log_events;
mod s3;
mod s3_batch;
mod shape;
mod shared_topic;
mod shown;
mod sns;
mod sqs;

pub use decode::decode;
pub use delivery::{Delivery, QueuedMessage, Sender, SkipReason, Unit, Work};
pub use error::{JsonError, PartError, TriggerError};
pub use log_events::LogEvents;
