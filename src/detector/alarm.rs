//! Changes of the state of CloudWatch alarms: "Alarm events and EventBridge" in the Amazon CloudWatch User Guide.

use super::entry::{Detector, Fields};

pub(super) static ALARM: Detector = Detector {
    word: "alarm",
    name: "CloudWatch alarm",
    source: "aws.cloudwatch",
    detail_types: &["CloudWatch Alarm State Change"],
    list: None,
    fields: Fields {
        kind: &["alarmName"],
        description: &["state.reason", "configuration.description"],
        status: &["state.value"],
        resource: &["alarmName"],
        ..Fields::NONE
    },
    page: Some("cloudwatch/home?region={region}#alarmsV2:"),
};
