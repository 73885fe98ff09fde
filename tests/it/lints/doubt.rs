//! Filters and rules that resemble a mistake and get no warning.

use jiff::civil::date;
use trailbell::{lint, rule::RuleSet};

use crate::lints::{codes, rule, suppression};

#[test]
fn filters_that_may_be_right_get_no_warning() {
    for filter in [
        // Fields: open blocks, back-quotes, elements, indexes, virtual fields, fields of enriched and edge events.
        "requestParameters.sourceIpAddress exists",
        "`sourceIpAddress` exists",
        r#"`user` = "alice""#,
        r#"any requestParameters.items (cidrIp = "0.0.0.0/0" and record.eventName exists)"#,
        r#"any resources (type = "AWS::S3::Object" and ARN like "prod" and it exists)"#,
        "resources[0].accountId != field recipientAccountId",
        r#"role = "admin" or accessKey starts_with "ASIA" or mfaUsed = true or timestamp > 0"#,
        "userIdentity.sessionContext.webIdFederationData.attributes.sub exists",
        "eventContext.tagContext.resourceTags exists or edgeDeviceDetails.type exists or insightDetails.state exists",
        r#"requestParameters.policyDocument.Statement[0].Principal.AWS = "*""#,
        "requestParameters.omitted = true",
        // Conditions that can hold together.
        r#"userAgent = "a" and userAgent = "b""#,
        r#"requestParameters.groups = "a" and requestParameters.groups = "b""#,
        r#"resources.type = "AWS::S3::Bucket" and resources.type = "AWS::S3::Object""#,
        r#"eventName starts_with "Get" and eventName ends_with "Policy""#,
        r#"eventName != "GetUser" and eventName != "GetRole""#,
        r#"errorCode = "AccessDenied" or errorCode = null"#,
        r#"event_type = "cloudtrail""#,
        "mfaUsed != true",
        // Blanks that people write.
        r#"requestParameters.name = "a ""#,
        r#"errorMessage = "no ""#,
        r#"userAgent like " Kali ""#,
        // Events that no API model has.
        r#"eventSource = "lambda.amazonaws.com" and eventName = "CreateFunction20150331""#,
        r#"eventSource = "lambda.amazonaws.com" and eventName = "UpdateFunctionCode20150331v2""#,
        r#"eventSource = "cloudfront.amazonaws.com" and eventName = "CreateDistribution2020_05_31""#,
        r#"eventSource = "s3.amazonaws.com" and eventName in ("PutBucketPublicAccessBlock", "GetBucketReplication")"#,
        r#"eventSource = "signin.amazonaws.com" and eventName in ("ConsoleLogin", "CheckMfa", "SwitchRole")"#,
        r#"eventSource = "kms.amazonaws.com" and eventName = "DeleteKey""#,
        r#"eventSource = "monitoring.amazonaws.com" and eventName = "DeleteAlarms""#,
        r#"eventSource = "cloudwatch.amazonaws.com" and eventName = "CreateAlert""#,
        r#"eventSource = "states.amazonaws.com" and eventName = "CreateStateMachine""#,
        r#"eventSource = "ses.amazonaws.com" and eventName = "VerifyEmailIdentity""#,
        r#"eventSource = "cognito-idp.amazonaws.com" and eventName = "Login_POST""#,
        r#"eventSource = "elasticmapreduce.amazonaws.com" and eventName = "RunJobFlow""#,
        r#"eventSource = "autoscaling.amazonaws.com" and eventName = "RegisterScalableTarget""#,
        r#"eventSource = "iam.amazonaws.com" and eventType = "AwsServiceEvent" and eventName = "CreateUsr""#,
        r#"eventSource = "iam.amazonaws.com" and eventName = "SomethingNewAltogether""#,
        r#"eventSource = "new-service.amazonaws.com" and eventName = "CreateUsr""#,
        r#"eventName = "ConsoleLogin""#,
        r#"eventSource like "iam" and eventName = "RunInstances""#,
        r#"(eventSource = "iam.amazonaws.com" or eventSource = "ec2.amazonaws.com") and eventName = "RunInstances""#,
        // Data events that the filter requires explicitly, and calls that are data events of some sources only.
        r#"eventName = "GetObject" and eventCategory = "Data""#,
        r#"eventName = "GetObject" and managementEvent = false"#,
        r#"eventSource = "s3.amazonaws.com" and eventName != "GetObject""#,
        r#"eventName = "Query""#,
        // Parentheses, and only one kind of word.
        "(errorCode exists and readOnly = true) or readOnly = false",
        "((errorCode exists) and (readOnly = true)) or readOnly = false",
        "errorCode exists and (readOnly = true or managementEvent = true)",
        // Stars in policies, and percent signs in encoded text.
        r#"requestParameters.policyDocument like "\"Action\":\"*\"""#,
        r#"requestParameters.policyDocument.Statement.Resource = "*""#,
        r#"requestParameters.key like "%2Fetc%2F""#,
        r#"requestParameters.name like "100%""#,
        // Backslashes that are meant.
        r#"userIdentity.userName matches "^CORP\\david$""#,
        r#"userIdentity.userName matches "^\d+\.\w""#,
        r#"requestParameters.path matches "C:\\[a-z]+""#,
        // Account ids where no ARN is, and the beginning of one.
        r#"requestParameters.bucketName like "111122223333""#,
        r#"requestParameters.repositoryUri like "111122223333.dkr.ecr""#,
        r#"userIdentity.arn starts_with "arn:aws:iam::111122223333:""#,
        r#"userIdentity.arn like "arn:aws:iam::111122223333:user/ada""#,
        r#"requestParameters.roleArn like "11112222333" or requestParameters.roleArn ends_with "/1111222233334""#,
        "requestParameters.bucketName contains field recipientAccountId",
        "requestParameters.roleArn ends_with field requestParameters.roleName",
        r#"not requestParameters.roleArn foreign_to "111122223333""#,
        r#"recipientAccountId exists and not recipientAccountId in_account "111122223333""#,
        "eventName = {} or requestParameters = {}",
        // `!=` in a rule matches more records, not fewer.
        r#"errorCode != "AccessDenied""#,
    ] {
        assert_eq!(codes(&rule(filter)), [""; 0], "{filter}");
    }
}

#[test]
fn suppressions_that_may_be_right_get_no_warning() {
    for filter in [
        r#"errorCode exists and errorCode != "AccessDenied""#,
        r#"errorCode starts_with "Client." and errorCode != "Client.UnauthorizedOperation""#,
        r#"eventName != "DeleteTrail""#,
        "errorCode = null",
        "not errorCode exists",
        r#"userIdentity.type != "Root" and sourceIPAddress cidr "10.0.0.0/8""#,
        r#"event_type != "insight" and role = "alice""#,
    ] {
        assert_eq!(codes(&suppression(filter)), [""; 0], "{filter}");
    }
}

#[test]
fn yaml_reads_two_backslashes_as_one_in_double_quotes() {
    let file = |filter: &str| format!("rules:\n- {{name: r, severity: 3, filter: {filter}}}\n");
    assert_eq!(codes(&file(r#""userIdentity.userName matches '^svc-\\d+$'""#)), [""; 0]);
    assert_eq!(codes(&file(r#"'userIdentity.userName matches "^svc-\\d+$"'"#)), ["doubled-backslash"]);
}

#[test]
fn a_suppression_covers_its_last_day() {
    let file = rule("readOnly = false") + "  suppressions: [{filter: role = 'alice', expires: 2026-02-28}]\n";
    let (rules, _) = RuleSet::parse(&file).unwrap();
    let on = |today| lint::check(&rules, today).len();
    assert_eq!((on(None), on(Some(date(2026, 2, 28))), on(Some(date(2026, 3, 1)))), (0, 0, 1));
}

#[test]
fn rules_differ_by_more_than_their_filters() {
    let two = |one: &str, other: &str| format!("rules:\n- {{name: a, {one}}}\n- {{name: b, {other}}}\n");
    let (plain, more) =
        ("severity: 3, filter: readOnly = false", "severity: 3, filter: readOnly = false and errorCode exists");
    for (one, other, expected) in [
        (plain, plain, &["duplicate-rule"][..]),
        (plain, &format!("{plain}, enabled: false"), &[]),
        (plain, &format!("{plain}, suppressions: [role = 'alice']"), &[]),
        (plain, "severity: 1, filter: not readOnly != false", &["duplicate-rule", "no-target"]),
        (plain, more, &["shadowed-rule"]),
        (more, plain, &["shadowed-rule"]),
        (plain, &more.replace('3', "2"), &["no-target"]),
        (&format!("{plain}, suppressions: [role = 'alice']"), more, &[]),
        (&format!("{plain}, enabled: false"), more, &[]),
        (plain, "severity: 3, filter: readOnly = true", &[]),
        (plain, "severity: 3, filter: readOnly = false or errorCode exists", &["shadowed-rule"]),
    ] {
        assert_eq!(codes(&two(one, other)), expected, "{one} / {other}");
    }
}

#[test]
fn sequences_that_may_be_right_get_no_warning() {
    let steps = |one: &str, two: &str| format!("rules:\n- name: r\n  severity: 3\n  sequence:\n  - {one}\n  - {two}\n");
    for (one, two) in [
        // The same call twice, of which the second is by whom the first gave rights.
        (
            "{filter: eventName = \"AssumeRole\", by: [requestParameters.roleArn]}",
            "{filter: eventName = \"AssumeRole\", by: [userIdentity.arn]}",
        ),
        // A field that may be a list.
        (
            "{filter: 'requestParameters.name = \"a\"', by: [requestParameters.name]}",
            "{filter: 'requestParameters.name = \"b\"', by: [requestParameters.name]}",
        ),
        (
            "{filter: 'eventName in (\"A\", \"GetUser\")', by: [eventName]}",
            "{filter: 'eventName in (\"GetUser\", \"B\")', by: [eventName]}",
        ),
        (
            "{filter: 'region = \"eu-west-1\" or readOnly = true', by: [region]}",
            "{filter: 'region = \"us-east-1\"', by: [region]}",
        ),
        (
            "{filter: 'eventName in (\"ConsoleLogin\", \"GetUser\")', by: [requestParameters.a]}",
            "{filter: eventName = \"GetUser\", by: [user]}",
        ),
        (
            "{filter: eventName = \"ConsoleLogin\", by: [user]}",
            "{filter: eventName = \"GetUser\", by: [requestParameters.a]}",
        ),
        // Only the fields of `by` must be equal.
        ("{filter: eventName = \"CreateUser\", by: [user]}", "{filter: eventName = \"CreateRole\", by: [user]}"),
        ("{filter: 'error = null or error = \"A\"', by: [error]}", "{filter: error exists, by: [error]}"),
    ] {
        assert_eq!(codes(&steps(one, two)), [""; 0], "{one} {two}");
    }
}

#[test]
fn rules_that_need_no_target_get_no_warning() {
    let delete = "eventName = \"DeleteTrail\"";
    for (severity, filter, fields) in [
        (3, delete, ""),
        (1, delete, "threshold: 5"),
        (1, delete, "first_seen: {fields: [principal]}"),
        (1, delete, "aggregate_fields: [principal, requestParameters.name]"),
        (1, delete, "aggregate_fields: [principal, resources.ARN]"),
        (1, delete, "aggregate_fields: [eventID]"),
        (1, delete, "aggregate_fields: [principal, request]"),
        // The target is one of several fields.
        (1, delete, "{aggregate_fields: [request], title: '{{requestParameters.a | requestParameters.b}}'}"),
        (1, delete, "{aggregate_fields: [request], title: '{{requestParameters.a}} of {{requestParameters.b}}'}"),
        (1, delete, "{aggregate_fields: [request, requestParameters.a], title: '{{requestParameters.a}}'}"),
        // Nothing is acted on but the caller.
        (1, "eventSource = \"signin.amazonaws.com\" and eventName = \"ConsoleLogin\"", ""),
        (1, "event_type = \"insight\"", ""),
        (1, "eventName = \"CreateAccessKey\" and requestParameters.userName = null", ""),
        // The rule is about the caller.
        (1, "userAgent icontains \"pacu\"", "aggregate_fields: [principal]"),
        (1, "userAgent icontains \"pacu\"", "aggregate_fields: []"),
    ] {
        let fields = fields.strip_prefix('{').and_then(|fields| fields.strip_suffix('}')).unwrap_or(fields);
        let more = if fields.is_empty() { String::new() } else { format!(", {fields}") };
        let file = format!("rules:\n- {{name: r, severity: {severity}, filter: '{filter}'{more}}}\n");
        assert_eq!(codes(&file), [""; 0], "{file}");
    }
    let by_default = "rules:\n- {name: r, severity: 1, filter: 'userAgent icontains \"pacu\"'}\n";
    assert_eq!(codes(by_default), ["no-target"]);
}

/// What a list without values makes constant is not: users fill it.
#[test]
fn conditions_on_an_empty_list_get_no_warning() {
    for filter in [
        "user in $none",
        "not user in $none",
        "event_type in $none",
        "eventName = \"GetUser\" and eventName in $none",
        "readOnly = false and not eventName in $none",
        "$none = null and readOnly = false",
        "$none = null or readOnly = false",
        "$none = null and $none != null",
        "not $none = null",
        "requestParameters.roleArn foreign_to $none",
        "requestParameters.roleArn foreign_to ($none, field recipientAccountId) or eventName starts_with $none",
    ] {
        let file = rule(filter).replace("rules:", "lists: {none: []}\nrules:");
        assert_eq!(codes(&file), [""; 0], "{filter}");
    }
    // Two empty lists are not one.
    let file = "lists: {a: [], b: []}\nrules:\n- {name: one, severity: 3, filter: eventName in $a}\n\
        - {name: two, severity: 3, filter: eventName in $b}\n- {name: three, severity: 3, filter: $a = null and readOnly = true}\n\
        - {name: four, severity: 3, filter: $b = null and readOnly = true}\n";
    assert_eq!(codes(file), [""; 0]);
}
