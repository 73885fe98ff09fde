//! What the command line sees of a deployed stack: plain values, and the one file that asks AWS for them.

mod client;
mod seen;
mod stack;

pub use client::Aws;
pub use seen::{
    BucketNotification, BucketNotifications, Cause, FunctionAnswer, FunctionState, Mapping, QueuedMessage, Seen,
    Subscription, TableDescription, TimeToLive, TrailLogging, Unseen, Unusable,
};
#[cfg(test)]
pub use stack::tests;
pub use stack::{Stack, StackSource};
