//! Findings of GuardDuty: "GuardDuty EventBridge events" and "Severity levels of GuardDuty findings" in the Amazon GuardDuty
//! User Guide.

use super::entry::{Detector, Fields, Severity};

pub(super) static GUARDDUTY: Detector = Detector {
    word: "guardduty",
    name: "GuardDuty",
    source: "aws.guardduty",
    detail_types: &["GuardDuty Finding"],
    list: None,
    fields: Fields {
        id: &["id"],
        kind: &["type"],
        title: &["title"],
        description: &["description"],
        severity: Severity::At(&["severity"], &[(9.0, "critical"), (7.0, "high"), (4.0, "medium"), (1.0, "low")]),
        account: &["accountId"],
        region: &["region"],
        time: &["updatedAt", "service.eventLastSeen"],
        // A finding about a bucket has the keys of the caller, too, and one about a container has its instance.
        resource: &[
            "resource.lambdaDetails.functionArn",
            "resource.rdsDbInstanceDetails.dbInstanceArn",
            "resource.s3BucketDetails.arn",
            "resource.s3BucketDetails.name",
            "resource.eksClusterDetails.arn",
            "resource.ecsClusterDetails.arn",
            "resource.instanceDetails.instanceId",
            "resource.ebsVolumeDetails.scannedVolumeDetails.volumeArn",
            "resource.containerDetails.id",
            "resource.accessKeyDetails.userName",
            "resource.accessKeyDetails.accessKeyId",
        ],
        resource_type: &["resource.resourceType"],
        address: &[
            "service.action.awsApiCallAction.remoteIpDetails.ipAddressV4",
            "service.action.networkConnectionAction.remoteIpDetails.ipAddressV4",
            "service.action.portProbeAction.portProbeDetails.remoteIpDetails.ipAddressV4",
            "service.action.kubernetesApiCallAction.remoteIpDetails.ipAddressV4",
            "service.action.rdsLoginAttemptAction.remoteIpDetails.ipAddressV4",
        ],
        caller: &[
            ("type", "resource.accessKeyDetails.userType"),
            ("userName", "resource.accessKeyDetails.userName"),
            ("principalId", "resource.accessKeyDetails.principalId"),
            ("accessKeyId", "resource.accessKeyDetails.accessKeyId"),
        ],
        ..Fields::NONE
    },
    page: Some("guardduty/home?region={region}#/findings?macros=current&fId={id}"),
};
