//! The table of shapes, and the reading of a payload by the first shape that it has.

use super::{
    cloudtrail, cloudwatch_logs,
    delivery::{Delivery, Sender, SkipReason, Unit, Work},
    envelope::{Envelope, ShapeTable},
    error::{PartError, TriggerError},
    eventbridge, s3, s3_batch,
    shape::{Read, Shape},
    shared_topic, sns, sqs,
};

/// All shapes. A payload is read by the first shape that it has.
const SHAPES: &[&Shape] = &[
    &s3_batch::TASKS,
    &sqs::MESSAGES,
    &cloudwatch_logs::SUBSCRIPTION,
    &sns::RECORDS,
    &s3::NOTIFICATION,
    &s3::TEST_EVENT,
    &eventbridge::EVENT,
    &sns::NOTIFICATION,
    &shared_topic::CONFIG,
    &shared_topic::CONTROL_TOWER,
    &cloudtrail::MESSAGE,
];

/// What an envelope needs of the table.
pub(super) const KNOWN: ShapeTable = ShapeTable {
    field: |name| SHAPES.iter().flat_map(|shape| shape.fields).find(|field| **field == name).copied(),
    open,
};

/// SQS and SNS make two; a payload that is nested deeper than this is not from AWS.
const MAX_DEPTH: usize = 5;

/// Reads the payload of an invocation.
///
/// # Errors
///
/// The payload is not JSON of a known shape. A part of a list that cannot be read is [`Work::Malformed`] instead.
pub fn decode(payload: &[u8]) -> Result<Delivery, TriggerError> {
    let text = str::from_utf8(payload).map_err(TriggerError::NotUtf8)?;
    let envelope = Envelope::read(text, 0, KNOWN)?;
    match shape(&envelope).map(|shape| &shape.read) {
        Some(Read::Delivery(read)) => read(&envelope),
        Some(Read::Work(read)) => {
            let units = vec![Unit { id: None, message: None, work: read(&envelope)? }];
            Ok(Delivery { sender: Sender::Service, is_redelivered: false, units })
        }
        None => Err(envelope.unknown()),
    }
}

/// The work of the text that a message holds, at this depth of nesting.
fn open(text: &str, depth: usize) -> Result<Vec<Work>, TriggerError> {
    if depth > MAX_DEPTH {
        return Err(TriggerError::UnknownShape(PartError::Nested(MAX_DEPTH)));
    }
    if text == cloudtrail::VALIDATION_MESSAGE {
        let what = "validation message of CloudTrail".to_owned();
        return Ok(vec![Work::Skip { what, reason: SkipReason::ValidationMessage }]);
    }
    if text.starts_with(shared_topic::CONFIG_TEXT) {
        return Ok(vec![shared_topic::config("text for people")]);
    }
    let envelope = Envelope::read(text, depth, KNOWN)?;
    match shape(&envelope).map(|shape| &shape.read) {
        Some(Read::Work(read)) => read(&envelope),
        Some(Read::Delivery(_)) | None => Err(envelope.unknown()),
    }
}

fn shape(envelope: &Envelope<'_>) -> Option<&'static Shape> {
    let is_outermost = envelope.depth == 0;
    let mut shapes = SHAPES.iter().filter(|shape| is_outermost || matches!(shape.read, Read::Work(_)));
    shapes.find(|shape| (shape.is)(envelope)).copied()
}
