//! When an event happened.

use jiff::Timestamp;

use super::node::{Node, Scalar};

/// The `eventTime` of a record, such as `2026-03-02T09:00:00Z`; `None` if it is absent or not a time.
///
/// "The date and time the request was completed, in coordinated universal time (UTC)":
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>.
pub(super) fn event_time<'a>(record: impl Node<'a>) -> Option<Timestamp> {
    match record.get("eventTime")?.scalar() {
        Scalar::Text(time) => time.parse().ok(),
        _ => None,
    }
}
