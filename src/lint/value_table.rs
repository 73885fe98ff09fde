//! The values that a field can have, where AWS lists them or documents their form: a table that one lint reads.
//!
//! Each entry names its page. A value that AWS adds belongs here. What published logs have and no page lists is marked as
//! rare: it is possible, and no repair suggests it.

use super::value_form::{self as form, Form};

/// The day of these lists: check newer pages against them.
pub const READ: &str = "2026-11-30";

/// The values of one field.
pub struct FieldValues {
    /// The keys of the field from the record down, with `.` between them, or the name of a computed field.
    pub path: &'static str,
    /// What is known about them.
    pub values: Values,
    /// The page of AWS that documents them.
    pub page: &'static str,
}

/// What is known about the values of a field.
pub enum Values {
    /// Each is one of these.
    Listed(Listed),
    /// Each has this form.
    Formed(&'static Form),
}

/// The values of a closed set.
pub struct Listed {
    /// Those that AWS documents, the most frequent first.
    pub documented: &'static [&'static str],
    /// Those that only logs have.
    pub rare: &'static [&'static str],
    /// Words that people write in place of one, in lower case, without what is neither a letter nor a digit.
    pub meant: &'static [(&'static str, &'static str)],
}

/// What is known about the values of a field.
pub fn look_up(path: &str) -> Option<&'static FieldValues> {
    TABLE.iter().find(|entry| entry.path == path)
}

const RECORD: &str = "CloudTrail record contents for management, data, and network activity events";
const IDENTITY: &str = "CloudTrail userIdentity element";
const SIGN_IN: &str = "AWS Management Console sign-in events";
const INSIGHTS: &str = "CloudTrail record contents for Insights events for trails";
const IDENTIFIERS: &str = "IAM identifiers";
const ARNS: &str = "Identify AWS resources with Amazon Resource Names (ARNs)";
const ACCOUNTS: &str = "View AWS account identifiers";
const REGIONS: &str = "AWS Regions, and partitions.json of botocore 1.43.127";
const SCANS: &str = "ImageScanFinding in the Amazon ECR API Reference";
const OWN: &str = "the short names in `trailbell help filter`";

const TABLE: &[FieldValues] = &[
    listed("userIdentity.type", IDENTITY, KINDS),
    listed(
        "userIdentity.sessionContext.sessionIssuer.type",
        IDENTITY,
        Listed {
            documented: &["Role", "Root", "IAMUser"],
            rare: &["FederatedUser", "AWSAccount"],
            meant: &[("assumedrole", "Role"), ("user", "IAMUser")],
        },
    ),
    listed("userIdentity.sessionContext.attributes.mfaAuthenticated", IDENTITY, FLAG),
    listed("userIdentity.sessionContext.assumedRoot", IDENTITY, FLAG),
    listed(
        "userIdentity.sessionContext.ec2RoleDelivery",
        IDENTITY,
        Listed { documented: &["1.0", "2.0"], rare: &[], meant: &[("imdsv1", "1.0"), ("imdsv2", "2.0")] },
    ),
    listed("eventType", RECORD, EVENT_TYPES),
    listed(
        "eventCategory",
        RECORD,
        Listed {
            documented: &["Management", "Data", "NetworkActivity", "Insight"],
            rare: &["Aggregated", "Finding"],
            meant: &[("insights", "Insight"), ("network", "NetworkActivity"), ("dataevent", "Data")],
        },
    ),
    listed("readOnly", RECORD, FLAG),
    listed("managementEvent", RECORD, FLAG),
    listed("sessionCredentialFromConsole", RECORD, FLAG),
    listed("awsRegion", REGIONS, ALL_REGIONS),
    listed(
        "tlsDetails.tlsVersion",
        RECORD,
        Listed {
            documented: &["TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1"],
            rare: &[],
            meant: &[
                ("10", "TLSv1"),
                ("11", "TLSv1.1"),
                ("12", "TLSv1.2"),
                ("13", "TLSv1.3"),
                ("tls1", "TLSv1"),
                ("tls10", "TLSv1"),
                ("tlsv10", "TLSv1"),
                ("tls11", "TLSv1.1"),
                ("tls12", "TLSv1.2"),
                ("tls13", "TLSv1.3"),
            ],
        },
    ),
    listed(
        "addendum.reason",
        RECORD,
        Listed { documented: &["DELIVERY_DELAY", "UPDATED_DATA", "SERVICE_OUTAGE"], rare: &[], meant: &[] },
    ),
    listed(
        "insightDetails.state",
        INSIGHTS,
        Listed { documented: &["Start", "End"], rare: &[], meant: &[("started", "Start"), ("ended", "End")] },
    ),
    listed(
        "insightDetails.insightType",
        INSIGHTS,
        Listed {
            documented: &["ApiCallRateInsight", "ApiErrorRateInsight"],
            rare: &[],
            meant: &[("apicallrate", "ApiCallRateInsight"), ("apierrorrate", "ApiErrorRateInsight")],
        },
    ),
    listed(
        "finding.level",
        OWN,
        Listed {
            documented: &["critical", "high", "medium", "low", "informational"],
            rare: &[],
            meant: &[("info", "informational"), ("moderate", "medium"), ("severe", "critical"), ("fatal", "critical")],
        },
    ),
    listed("responseElements.ConsoleLogin", SIGN_IN, OUTCOME),
    listed("responseElements.CheckMfa", SIGN_IN, OUTCOME),
    listed("responseElements.SwitchRole", SIGN_IN, OUTCOME),
    listed("responseElements.ExitRole", SIGN_IN, OUTCOME),
    listed("responseElements.RenewRole", SIGN_IN, OUTCOME),
    listed("responseElements.PasswordRecoveryRequested", SIGN_IN, OUTCOME),
    listed("responseElements.PasswordRecoveryCompleted", SIGN_IN, OUTCOME),
    listed("responseElements.PasswordUpdated", SIGN_IN, OUTCOME),
    listed("serviceEventDetails.CredentialVerification", SIGN_IN, OUTCOME),
    listed("serviceEventDetails.UserAuthentication", SIGN_IN, OUTCOME),
    listed("additionalEventData.MFAUsed", SIGN_IN, YES_OR_NO),
    listed("additionalEventData.MobileVersion", SIGN_IN, YES_OR_NO),
    listed("responseElements.imageScanFindings.findings.severity", SCANS, SEVERITY),
    listed("responseElements.imageScanFindings.enhancedFindings.severity", SCANS, SEVERITY),
    formed("recipientAccountId", ACCOUNTS, &form::ACCOUNT),
    formed("userIdentity.accountId", ACCOUNTS, &form::CALLER_ACCOUNT),
    formed("userIdentity.sessionContext.sessionIssuer.accountId", ACCOUNTS, &form::ACCOUNT),
    formed("userIdentity.invokedByDelegate.accountId", ACCOUNTS, &form::ACCOUNT),
    formed("userIdentity.inScopeOf.sourceAccount", ACCOUNTS, &form::ACCOUNT),
    formed("resources.accountId", ACCOUNTS, &form::ACCOUNT),
    formed("vpcEndpointAccountId", ACCOUNTS, &form::ACCOUNT),
    formed("ownerAccount", OWN, &form::ACCOUNT),
    formed("userIdentity.accessKeyId", IDENTIFIERS, &form::ACCESS_KEY),
    formed("userIdentity.principalId", IDENTIFIERS, &form::PRINCIPAL_ID),
    formed("userIdentity.sessionContext.sessionIssuer.principalId", IDENTIFIERS, &form::PRINCIPAL_ID),
    formed("userIdentity.userName", IDENTIFIERS, &form::USER_NAME),
    formed("userIdentity.sessionContext.sessionIssuer.userName", IDENTIFIERS, &form::ROLE_NAME),
    formed("user", OWN, &form::USER_NAME),
    formed("role", OWN, &form::ROLE_NAME),
    formed("session", OWN, &form::SESSION_NAME),
    formed("arnRole", OWN, &form::ARN_END),
    formed("userIdentity.arn", ARNS, &form::CALLER_ARN),
    formed("userIdentity.sessionContext.sessionIssuer.arn", ARNS, &form::ROLE_ARN),
    formed("userIdentity.sessionContext.signInSessionArn", ARNS, &form::ARN),
    formed("userIdentity.onBehalfOf.identityStoreArn", ARNS, &form::ARN),
    formed("userIdentity.inScopeOf.sourceArn", ARNS, &form::ARN),
    formed("userIdentity.invokedBy", IDENTITY, &form::SERVICE),
    formed("resources.type", RECORD, &form::RESOURCE_TYPE),
    formed("sourceIPAddress", RECORD, &form::ADDRESS),
    formed("network", OWN, &form::NETWORK),
    formed("eventID", RECORD, &form::UUID),
    formed("sharedEventID", RECORD, &form::UUID),
    formed("vpcEndpointId", RECORD, &form::VPC_ENDPOINT),
    formed("eventTime", RECORD, &form::TIME),
    formed("userIdentity.sessionContext.attributes.creationDate", IDENTITY, &form::TIME),
    formed("eventVersion", RECORD, &form::VERSION),
    formed("apiVersion", RECORD, &form::API_VERSION),
    formed("eventSource", RECORD, &form::SOURCE),
    formed("errorCode", RECORD, &form::ERROR),
    formed("requestParameters.bucketName", "Bucket naming rules in the Amazon S3 User Guide", &form::BUCKET),
];

const fn listed(path: &'static str, page: &'static str, values: Listed) -> FieldValues {
    FieldValues { path, values: Values::Listed(values), page }
}

const fn formed(path: &'static str, page: &'static str, form: &'static Form) -> FieldValues {
    FieldValues { path, values: Values::Formed(form), page }
}

const KINDS: Listed = Listed {
    documented: &[
        "IAMUser",
        "AssumedRole",
        "Root",
        "AWSService",
        "AWSAccount",
        "FederatedUser",
        "IdentityCenterUser",
        "Role",
        "WebIdentityUser",
        "SAMLUser",
        "Directory",
        "Unknown",
    ],
    rare: &[],
    meant: &[
        ("user", "IAMUser"),
        ("users", "IAMUser"),
        ("iam", "IAMUser"),
        ("rootuser", "Root"),
        ("rootaccount", "Root"),
        ("iamrole", "AssumedRole"),
        ("assumerole", "AssumedRole"),
        ("rolesession", "AssumedRole"),
        ("session", "AssumedRole"),
        ("service", "AWSService"),
        ("account", "AWSAccount"),
        ("anonymous", "AWSAccount"),
        ("crossaccount", "AWSAccount"),
        ("federated", "FederatedUser"),
        ("sso", "IdentityCenterUser"),
        ("ssouser", "IdentityCenterUser"),
        ("identitycenter", "IdentityCenterUser"),
        ("saml", "SAMLUser"),
        ("webidentity", "WebIdentityUser"),
        ("oidc", "WebIdentityUser"),
    ],
};

const EVENT_TYPES: Listed = Listed {
    documented: &[
        "AwsApiCall",
        "AwsServiceEvent",
        "AwsConsoleSignIn",
        "AwsConsoleAction",
        "AwsCloudTrailInsight",
        "AwsVpceEvent",
    ],
    rare: &["AwsConsoleSignin", "AwsVpceEvents", "AwsAggregatedEvent"],
    meant: &[
        ("apicall", "AwsApiCall"),
        ("awsapicallviacloudtrail", "AwsApiCall"),
        ("serviceevent", "AwsServiceEvent"),
        ("awsserviceeventviacloudtrail", "AwsServiceEvent"),
        ("consolesignin", "AwsConsoleSignIn"),
        ("consolelogin", "AwsConsoleSignIn"),
        ("awsconsolelogin", "AwsConsoleSignIn"),
        ("awsconsolesigninviacloudtrail", "AwsConsoleSignIn"),
        ("consoleaction", "AwsConsoleAction"),
        ("insight", "AwsCloudTrailInsight"),
        ("awsinsight", "AwsCloudTrailInsight"),
        ("vpceevent", "AwsVpceEvent"),
    ],
};

/// CloudTrail writes these as booleans or as text; both compare as equal.
const FLAG: Listed = Listed {
    documented: &["true", "false"],
    rare: &[],
    meant: &[("yes", "true"), ("1", "true"), ("on", "true"), ("no", "false"), ("0", "false"), ("off", "false")],
};

const OUTCOME: Listed = Listed {
    documented: &["Success", "Failure"],
    rare: &[],
    meant: &[
        ("successful", "Success"),
        ("succeeded", "Success"),
        ("ok", "Success"),
        ("true", "Success"),
        ("failed", "Failure"),
        ("fail", "Failure"),
        ("error", "Failure"),
        ("denied", "Failure"),
        ("false", "Failure"),
    ],
};

const YES_OR_NO: Listed = Listed {
    documented: &["Yes", "No"],
    rare: &["YES", "NO"],
    meant: &[("true", "Yes"), ("1", "Yes"), ("y", "Yes"), ("false", "No"), ("0", "No"), ("n", "No")],
};

const SEVERITY: Listed = Listed {
    documented: &["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"],
    rare: &["UNTRIAGED"],
    meant: &[("info", "INFORMATIONAL"), ("unknown", "UNDEFINED"), ("moderate", "MEDIUM"), ("important", "HIGH")],
};

const ALL_REGIONS: Listed = Listed {
    documented: &[
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-central-1",
        "ca-west-1",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "me-west-1",
        "mx-central-1",
        "sa-east-1",
        "sa-west-1",
        "cn-north-1",
        "cn-northwest-1",
        "eusc-de-east-1",
        "us-gov-east-1",
        "us-gov-west-1",
        "us-iso-east-1",
        "us-iso-west-1",
        "us-isob-east-1",
        "us-isob-west-1",
        "us-isof-east-1",
        "us-isof-south-1",
        "eu-isoe-west-1",
    ],
    rare: &[],
    // Global services log in `us-east-1`.
    meant: &[("global", "us-east-1"), ("awsglobal", "us-east-1")],
};
