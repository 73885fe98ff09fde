//! Messages of other services on the topic of a trail, which hold no work. AWS Control Tower, for one, gives the trail and AWS
//! Config the same topic.

use super::{
    delivery::{SkipReason, Work},
    shape::{Read, Shape},
    shown::shown,
};

/// The text, not JSON, with which a notification of AWS Config for people begins.
pub(super) const CONFIG_TEXT: &str = "View the Timeline for this Resource in ";

/// A message of AWS Config: "Notifications that AWS Config Sends to an Amazon SNS topic" in the AWS Config Developer Guide.
/// Some have `s3Bucket` and `s3ObjectKey` too, as CloudTrail's do; CloudTrail's keys are a list.
pub(super) const CONFIG: Shape = Shape {
    fields: &["messageType", "notificationCreationTime", "s3ObjectKey"],
    is: |envelope| {
        let names_a_list = envelope.get("s3ObjectKey").is_some_and(|keys| keys.get().starts_with('['));
        envelope.text_of("messageType").is_some() && envelope.has("notificationCreationTime") && !names_a_list
    },
    read: Read::Work(|envelope| {
        let kind = envelope.text_of("messageType").unwrap_or_default();
        Ok(vec![config(&kind)])
    }),
};

/// A message of AWS Control Tower about drift: "Types of governance drift" in the AWS Control Tower User Guide.
pub(super) const CONTROL_TOWER: Shape = Shape {
    fields: &["DriftType", "RemediationStep", "s3ObjectKey"],
    is: |envelope| envelope.has("DriftType") && envelope.has("RemediationStep") && !envelope.has("s3ObjectKey"),
    read: Read::Work(|envelope| {
        let kind = envelope.text_of("DriftType").unwrap_or_default();
        let what = format!("message of AWS Control Tower: {}", shown(&kind));
        Ok(vec![Work::Skip { what, reason: SkipReason::ControlTowerMessage }])
    }),
};

/// A message of AWS Config of this kind needs no work.
pub(super) fn config(kind: &str) -> Work {
    Work::Skip { what: format!("message of AWS Config: {}", shown(kind)), reason: SkipReason::ConfigMessage }
}
