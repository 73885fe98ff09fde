//! The messages that CloudTrail itself publishes to a topic. Their keys are not encoded.

use super::{
    delivery::Work,
    envelope::{Envelope, elements},
    error::PartError,
    s3::created,
    shape::{Read, Shape},
};

/// The text, not JSON, that CloudTrail publishes when a topic is configured for a trail.
pub(super) const VALIDATION_MESSAGE: &str = "CloudTrail validation message.";

/// The message about new log files: "Configuring Amazon SNS notifications for CloudTrail" in the AWS CloudTrail User Guide.
pub(super) const MESSAGE: Shape = Shape {
    fields: &["s3Bucket", "s3ObjectKey"],
    is: |envelope| envelope.has("s3Bucket") && envelope.has("s3ObjectKey"),
    read: Read::Work(|envelope| objects(envelope).map_err(|error| error.of("the message of CloudTrail"))),
};

fn objects(envelope: &Envelope<'_>) -> Result<Vec<Work>, PartError> {
    let bucket: String = envelope.parse("s3Bucket")?;
    elements(envelope.get("s3ObjectKey"), "s3ObjectKey")?;
    let keys: Vec<String> = envelope.parse("s3ObjectKey")?;
    Ok(keys.into_iter().map(|key| created(bucket.clone(), key)).collect())
}
