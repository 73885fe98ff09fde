//! What the command line sees of a deployed stack: plain values, and the two files that ask AWS for them.

mod client;
mod seen;
mod stack;
mod watch;

pub use client::Aws;
pub use seen::{
    Alarm, BucketNotification, BucketNotifications, Cause, EventRule, FunctionAnswer, FunctionState, LogFile, Mapping,
    QueueSettings, QueuedMessage, Seen, StackResource, Subscription, TableDescription, TimeToLive, TrailLogging,
    TrailStatus, Unseen, Unusable,
};
#[cfg(test)]
pub use stack::tests;
pub use stack::{Stack, StackSource};
