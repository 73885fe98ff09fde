//! Findings of Macie: "Amazon EventBridge event schema for Macie findings" in the Amazon Macie User Guide.

use super::entry::{Detector, Fields, Severity};

pub(super) static MACIE: Detector = Detector {
    word: "macie",
    name: "Macie",
    source: "aws.macie",
    detail_types: &["Macie Finding"],
    list: None,
    fields: Fields {
        id: &["id"],
        kind: &["type"],
        title: &["title"],
        description: &["description"],
        severity: Severity::At(
            &["severity.description", "severity.score"],
            &[(3.0, "high"), (2.0, "medium"), (1.0, "low")],
        ),
        account: &["accountId"],
        region: &["region"],
        time: &["updatedAt"],
        resource: &[
            "resourcesAffected.s3Object.path",
            "resourcesAffected.s3Bucket.arn",
            "resourcesAffected.s3Bucket.name",
        ],
        resource_type: &["category"],
        address: &["policyDetails.actor.ipAddressDetails.ipAddressV4"],
        caller: &[
            ("type", "policyDetails.actor.userIdentity.type"),
            ("arn", "policyDetails.actor.userIdentity.assumedRole.arn"),
            ("userName", "policyDetails.actor.userIdentity.iamUser.userName"),
        ],
        ..Fields::NONE
    },
    page: Some("macie/home?region={region}#findings?macros=current&itemId={id}"),
};
