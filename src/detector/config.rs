//! Changes of compliance with rules of AWS Config: "Monitoring AWS Config with Amazon EventBridge" in the AWS Config Developer
//! Guide.

use super::entry::{Detector, Fields};

pub(super) static CONFIG: Detector = Detector {
    word: "config",
    name: "AWS Config",
    source: "aws.config",
    detail_types: &["Config Rules Compliance Change"],
    list: None,
    fields: Fields {
        kind: &["configRuleName"],
        description: &["newEvaluationResult.annotation"],
        status: &["newEvaluationResult.complianceType"],
        account: &["awsAccountId"],
        region: &["awsRegion"],
        time: &["newEvaluationResult.resultRecordedTime", "notificationCreationTime"],
        resource: &["resourceId"],
        resource_type: &["resourceType"],
        ..Fields::NONE
    },
    page: Some("config/home?region={region}#/rules"),
};
