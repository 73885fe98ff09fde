//! Findings of Inspector: "Amazon EventBridge event schema for Amazon Inspector events" in the Amazon Inspector User Guide.

use super::entry::{Detector, Fields, Severity};

pub(super) static INSPECTOR: Detector = Detector {
    word: "inspector",
    name: "Inspector",
    source: "aws.inspector2",
    detail_types: &["Inspector2 Finding"],
    list: None,
    fields: Fields {
        id: &["findingArn"],
        kind: &["packageVulnerabilityDetails.vulnerabilityId", "codeVulnerabilityDetails.detectorName", "type"],
        title: &["title"],
        description: &["description"],
        severity: Severity::At(&["severity"], &[]),
        status: &["status"],
        account: &["awsAccountId"],
        time: &["updatedAt"],
        resource: &["resources.id"],
        resource_type: &["resources.type"],
        ..Fields::NONE
    },
    page: Some("inspector/v2/home?region={region}#/findings/all"),
};
