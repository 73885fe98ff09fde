//! A shape of payloads, as an entry of the table of shapes.

use super::{
    delivery::{Delivery, Work},
    envelope::Envelope,
    error::TriggerError,
};

/// A shape of payloads. Each is a constant in the file of its service.
pub(super) struct Shape {
    /// The fields of the payload that this shape reads.
    pub(super) fields: &'static [&'static str],
    /// Whether a payload has this shape.
    pub(super) is: fn(&Envelope<'_>) -> bool,
    /// How it is read.
    pub(super) read: Read,
}

/// How a payload is read.
pub(super) enum Read {
    /// As a delivery of several units, which no other message can hold.
    Delivery(fn(&Envelope<'_>) -> Result<Delivery, TriggerError>),
    /// As work. A message of SNS or SQS can hold such a payload, too.
    Work(fn(&Envelope<'_>) -> Result<Vec<Work>, TriggerError>),
}
