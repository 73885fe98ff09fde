//! One invocation: decode → fetch → evaluate → decide → publish, and which deliveries must be repeated.
//!
//! Alerts are published before the invocation ends, and the failure of one object or one message stops no other. The
//! [`Outcome`] holds every failure, so that nothing is acknowledged before it is done.

mod answer;
mod channels;
mod decide;
mod due_notices;
mod evaluate;
mod failure;
mod invocation;
mod isolation;
mod metrics;
mod outbox;
mod outcome;
mod outgoing;
mod pace;
mod port;
mod prefetch;
mod report;
mod setup;
mod silence;
mod tick;
mod time_budget;
mod watch;

pub use answer::{InvocationError, Retry};
pub use channels::{Channels, Chat};
pub use failure::Failure;
pub use isolation::{IsolatedItem, Isolation};
pub use outcome::{CountMismatch, Matches, ObjectCounts, Outcome, RecordCounts, Sends, UnitOutcome};
pub use port::{Body, Channel, Clock, FetchError, IsolationError, Objects, PublishError};
pub use report::Report;
pub use setup::{Handler, InvocationLimits, MailBudget};
pub use watch::Watch;
