//! Findings of IAM Access Analyzer: "Monitoring AWS Identity and Access Management Access Analyzer with Amazon EventBridge" in
//! the IAM User Guide. They have no severity.

use super::entry::{Detector, Fields};

pub(super) static ACCESS_ANALYZER: Detector = Detector {
    word: "access_analyzer",
    name: "IAM Access Analyzer",
    source: "aws.access-analyzer",
    detail_types: &["Access Analyzer Finding", "Unused Access Finding for IAM entities", "Internal Access Finding"],
    list: None,
    fields: Fields {
        id: &["id"],
        kind: &["findingType"],
        status: &["status"],
        account: &["accountId"],
        region: &["region"],
        time: &["updatedAt"],
        resource: &["resource"],
        resource_type: &["resourceType"],
        ..Fields::NONE
    },
    page: Some("access-analyzer/home?region={region}#/findings"),
};
