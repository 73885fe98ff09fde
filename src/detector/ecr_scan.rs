//! Image scans of ECR: "Event for a completed image scan" in "Amazon ECR events and EventBridge" of the Amazon ECR User Guide.

use super::entry::{Detector, Fields, Severity};

pub(super) static ECR_SCAN: Detector = Detector {
    word: "ecr_scan",
    name: "ECR image scan",
    source: "aws.ecr",
    detail_types: &["ECR Image Scan"],
    list: None,
    fields: Fields {
        severity: Severity::Counts("finding-severity-counts"),
        status: &["scan-status"],
        resource: &["repository-name"],
        ..Fields::NONE
    },
    page: Some("ecr/private-registry/repositories?region={region}"),
};
