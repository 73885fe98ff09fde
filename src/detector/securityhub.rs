//! Findings of Security Hub, a list in each event. Those of Security Hub CSPM have the AWS Security Finding Format, and those of
//! Security Hub have OCSF: "EventBridge event formats" in the AWS Security Hub User Guide.

use super::entry::{Detector, Fields, Severity};

pub(super) static SECURITY_HUB: Detector = Detector {
    word: "securityhub",
    name: "Security Hub",
    source: "aws.securityhub",
    detail_types: &["Security Hub Findings - Imported", "Findings Imported V2"],
    list: Some("findings"),
    fields: Fields {
        id: &["Id", "finding_info.uid"],
        kind: &[
            "Compliance.SecurityControlId",
            "GeneratorId",
            "Types",
            "compliance.control",
            "finding_info.types",
            "type_name",
        ],
        title: &["Title", "finding_info.title"],
        description: &["Description", "finding_info.desc"],
        severity: Severity::At(
            &["Severity.Label", "severity", "Severity.Normalized"],
            &[(90.0, "critical"), (70.0, "high"), (40.0, "medium"), (1.0, "low"), (0.0, "informational")],
        ),
        status: &["Workflow.Status", "status"],
        account: &["AwsAccountId", "cloud.account.uid"],
        region: &["Region", "cloud.region"],
        time: &["UpdatedAt", "finding_info.modified_time_dt", "finding_info.modified_time", "time"],
        resource: &["Resources.Id", "resources.uid"],
        resource_type: &["Resources.Type", "resources.type"],
        address: &["Network.SourceIpV4", "Action.AwsApiCallAction.RemoteIpDetails.IpAddressV4"],
        ..Fields::NONE
    },
    page: Some("securityhub/home?region={region}#/findings"),
};
