//! Values, parts of values and operators that can never hold: which fields have closed sets or forms, and what to write.
//!
//! The possible values are those of AWS's pages that `src/lint/value_table.rs` names, and of published records.

use insta::assert_snapshot;
use trailbell::{diagnostic::render, lint, rule::RuleSet};

use crate::lints::{codes, lints, rule, suppression};

fn message(filter: &str) -> String {
    let file = rule(filter);
    render(&lints(&file), "rules.yaml", &file, false).trim_end().to_owned()
}

/// The code and the repair of the one warning of a filter.
fn repair(file: &str) -> (&'static str, String) {
    let found = lints(file);
    let [finding] = &found[..] else { panic!("{file}\n{found:#?}") };
    (finding.code, finding.help.clone().unwrap())
}

fn check(code: &str, cases: &[(&str, &str)]) {
    for (filter, help) in cases {
        assert_eq!(
            repair(&rule(filter)),
            (lint::codes().find(|(known, _)| *known == code).unwrap().0, (*help).to_owned()),
            "{filter}"
        );
    }
}

#[test]
fn values_outside_of_a_closed_set() {
    check(
        "impossible-value",
        &[
            (r#"userType = "User""#, r#"write `"IAMUser"`"#),
            (r#"userIdentity.type = "assumed-role""#, r#"write `"AssumedRole"`"#),
            (r#"userType in ("SSO", "Root")"#, r#"write `"IdentityCenterUser"`"#),
            (r#"userType like "user""#, r#"write `"User"`"#),
            (r#"userType = "Administrator""#, "write one of the values that AWS lists"),
            (r#"userIdentity.sessionContext.sessionIssuer.type = "AssumedRole""#, r#"write `"Role"`"#),
            (r#"awsRegion = "us-east1""#, r#"write `"us-east-1"`"#),
            (r#"region = "eu-west-1b""#, r#"write `"eu-west-1"`"#),
            (r#"region = "US_GOV_WEST_1""#, r#"write `"us-gov-west-1"`"#),
            (r#"awsRegion starts_with "europe""#, "write one of the values that AWS lists"),
            (r#"awsRegion matches "^atlantis-""#, "write one of the values that AWS lists"),
            (r#"eventType = "AwsApicall""#, r#"write `"AwsApiCall"`"#),
            (r#"eventType = "AWS Console Sign In via CloudTrail""#, r#"write `"AwsConsoleSignIn"`"#),
            (r#"eventCategory = "network""#, r#"write `"NetworkActivity"`"#),
            (r#"managementEvent = "yes""#, r#"write `"true"`"#),
            ("readOnly = 0", r#"write `"false"`"#),
            (r#"userIdentity.sessionContext.attributes.mfaAuthenticated = "Yes""#, r#"write `"true"`"#),
            (r#"responseElements.ConsoleLogin = "success""#, r#"write `"Success"`"#),
            (r#"responseElements.CheckMfa = "failed""#, r#"write `"Failure"`"#),
            (r#"additionalEventData.MFAUsed = "true""#, r#"write `"Yes"`"#),
            ("additionalEventData.MFAUsed = false", r#"write `"No"`"#),
            (r#"tlsDetails.tlsVersion = "1.0""#, r#"write `"TLSv1"`"#),
            (r#"tlsDetails.tlsVersion in ("TLSv1", "TLS 1.1")"#, r#"write `"TLSv1.1"`"#),
            (r#"userIdentity.sessionContext.ec2RoleDelivery = "IMDSv2""#, r#"write `"2.0"`"#),
            (r#"insightDetails.state = "started""#, r#"write `"Start"`"#),
            (r#"responseElements.imageScanFindings.findings.severity = "Critical""#, r#"write `"CRITICAL"`"#),
        ],
    );
}

#[test]
fn identifiers_of_another_form() {
    check(
        "impossible-value",
        &[
            (r#"recipientAccountId = "12345""#, "write an account id of twelve digits"),
            (r#"recipientAccountId = "1111-2222-3333""#, r#"write `"111122223333"`"#),
            ("recipientAccountId = 11112222333", "write an account id of twelve digits"),
            (r#"accountId in ("arn:aws:iam::111122223333:root", "444455556666")"#, r#"write `"111122223333"`"#),
            (r#"ownerAccount = "production""#, "write an account id of twelve digits"),
            (r#"any resources (accountId = "1")"#, "write an account id of twelve digits"),
            (r#"accessKey = "akiaiosfodnn7example""#, r#"write `"AKIAIOSFODNN7EXAMPLE"`"#),
            (r#"accessKey like "akia""#, r#"write `"AKIA"`"#),
            (r#"accessKey = "AKIA""#, r#"write `accessKey starts_with "AKIA"`"#),
            (
                r#"userIdentity.accessKeyId = "AIDACKCEVSQ6C2EXAMPLE""#,
                r#"write `userIdentity.principalId = "AIDACKCEVSQ6C2EXAMPLE"`"#,
            ),
            (
                r#"userIdentity.principalId = "arn:aws:iam::111122223333:user/ada""#,
                r#"write `userIdentity.arn = "arn:aws:iam::111122223333:user/ada"`"#,
            ),
            (
                r#"role = "arn:aws:iam::111122223333:role/ops""#,
                r#"write `userIdentity.sessionContext.sessionIssuer.arn = "arn:aws:iam::111122223333:role/ops"`"#,
            ),
            (
                r#"role in ("ops", "arn:aws:sts::111122223333:assumed-role/ops/ada")"#,
                r#"write `userIdentity.arn = "arn:aws:sts::111122223333:assumed-role/ops/ada"` in place of this value"#,
            ),
            (r#"role = "teams/ops""#, r#"write `"ops"`"#),
            (
                r#"user = "arn:aws:iam::111122223333:user/ada""#,
                r#"write `userIdentity.arn = "arn:aws:iam::111122223333:user/ada"`"#,
            ),
            (r#"userIdentity.arn = "ada""#, r#"write `user = "ada"`"#),
            (r#"userIdentity.arn starts_with "user/""#, r#"write `arnRole starts_with "user/"`"#),
            (r#"userIdentity.sessionContext.sessionIssuer.arn = "ops""#, r#"write `role = "ops"`"#),
            (r#"userIdentity.invokedBy = "cloudformation""#, r#"write `"cloudformation.amazonaws.com"`"#),
            (
                r#"eventID = "3F1D4B0E-2F0C-4C4E-9A8E-0D6A5B4C3F21""#,
                r#"write `"3f1d4b0e-2f0c-4c4e-9a8e-0d6a5b4c3f21"`"#,
            ),
            (r#"vpcEndpointId = "vpc-0a1b2c3d""#, "write the id of a VPC endpoint, such as `vpce-0a1b2c3d`"),
            (r#"apiVersion = "v1""#, "write a version such as `2015-12-01`"),
            // As a number, 1.10 is 1.1.
            ("eventVersion = 1.10", r#"write `"1.10"`"#),
            (r#"eventTime = "2026-03-01T12:30:00+01:00""#, r#"write `"2026-03-01T11:30:00Z"`"#),
            (r#"eventSource starts_with "S3""#, r#"write `"s3"`"#),
            (r#"resources.type = "Bucket""#, "write a type of resource, such as `AWS::S3::Bucket`"),
            (r#"bucketName = "s3://logs/2026""#, r#"write `"logs"`"#),
            (r#"bucketName = "arn:aws:s3:::logs""#, r#"write `"logs"`"#),
        ],
    );
}

#[test]
fn addresses_networks_and_errors() {
    check(
        "impossible-value",
        &[
            (r#"ip = "10.0.0.0/8""#, r#"write `ip cidr "10.0.0.0/8"`"#),
            (r#"ip != "2001:db8::/32""#, r#"write `not ip cidr "2001:db8::/32"`"#),
            (r#"ip in ("10.0.0.0/8", "192.0.2.1")"#, r#"write `ip cidr "10.0.0.0/8"` in place of this value"#),
            (r#"sourceIPAddress like "10.0.0.0/8""#, r#"write `sourceIPAddress cidr "10.0.0.0/8"`"#),
            (r#"ip = "192.168.""#, r#"write `ip cidr "192.168.0.0/16"`"#),
            (r#"ip = "192.0.2.1:443""#, r#"write `"192.0.2.1"`"#),
            (r#"ip = "localhost""#, "write an IP address or the host name of a service"),
            (r#"network = "192.0.2.1""#, r#"write `ip = "192.0.2.1"`"#),
            (r#"network = "10.0.0.0/8""#, r#"write `ip cidr "10.0.0.0/8"`"#),
            (r#"errorCode = "Success""#, "write `errorCode = null`"),
            (r#"error != "OK""#, "write `error != null`"),
            (r#"errorCode in ("None", "AccessDenied")"#, "write `errorCode = null` in place of this value"),
            (r#"errorCode = "Access Denied""#, r#"write `"AccessDenied"`"#),
        ],
    );
}

#[test]
fn times_in_another_unit() {
    check(
        "impossible-value",
        &[
            ("timestamp > 1767225600", "write `1767225600000`"),
            ("timestamp = 1767225600000000", "write `1767225600000`"),
            ("timestamp <= 1767225600000000000", "write `1767225600000`"),
            (r#"timestamp = "2026-01-01T00:00:00Z""#, "write `1767225600000`"),
            ("timestamp > 20260101", "write a time in milliseconds, such as `1767225600000` for 2026-01-01T00:00:00Z"),
        ],
    );
    let label = |filter: &str| lints(&rule(filter))[0].label.clone();
    for (filter, expected) in [
        ("timestamp > 1767225600", "always true"),
        ("timestamp >= 1767225600", "always true"),
        ("timestamp < 1767225600", "never true"),
        ("timestamp = 1767225600", "never true"),
        ("timestamp != 1767225600", "always true"),
        ("not timestamp > 1767225600", "never true"),
        ("not timestamp < 1767225600", "always true"),
        ("timestamp > 1767225600000000", "never true"),
        ("timestamp < 1767225600000000", "always true"),
    ] {
        assert_eq!(label(filter), expected, "{filter}");
    }
}

#[test]
fn a_label_says_what_the_value_does() {
    let label = |filter: &str| lints(&rule(filter))[0].label.clone();
    for (filter, expected) in [
        (r#"userType = "User""#, "never true"),
        (r#"userType != "User""#, "always true, because of the negation"),
        (r#"not userType = "User""#, "always true, because of the negation"),
        (r#"not userType != "User""#, "never true"),
        (r#"userType in ("User", "Root")"#, "finds nothing"),
        (r#"not userType in ("User", "Root")"#, "excludes nothing"),
    ] {
        assert_eq!(label(filter), expected, "{filter}");
    }
    // The rule has the warning where it names the list.
    let file = format!("lists: {{kinds: [User]}}\n{}", rule("userType in $kinds"));
    let found = lints(&file);
    let places: Vec<_> = found.iter().map(|one| (one.code, &file[one.span.start..one.span.end])).collect();
    assert_eq!(places, [("impossible-value", "$kinds")]);
}

#[test]
fn parts_of_values() {
    check(
        "partial-value",
        &[
            (r#"userAgent = "aws-cli""#, r#"write `userAgent starts_with ("aws-cli/", "[aws-cli/")`"#),
            (r#"userAgent != "boto3""#, r#"write `not userAgent starts_with ("Boto3/", "[Boto3/")`"#),
            (
                r#"userAgent in ("Terraform", "x")"#,
                r#"write `userAgent starts_with ("Terraform/", "[Terraform/")` in place of this value"#,
            ),
            (r#"errorCode = "UnauthorizedOperation""#, r#"write `errorCode ends_with "UnauthorizedOperation"`"#),
            (
                r#"error in ("AccessDenied", "UnauthorizedOperation")"#,
                r#"add `"Client.UnauthorizedOperation"` to the list"#,
            ),
            (
                r#"eventSource = "ec2.amazonaws.com" and errorCode != "InvalidGroup.NotFound""#,
                r#"write `not errorCode ends_with "InvalidGroup.NotFound"`"#,
            ),
        ],
    );
}

#[test]
fn operators_that_never_hold() {
    check(
        "wrong-operator",
        &[
            (
                r#"requestParameters contains "x""#,
                r#"write the field that is meant, such as `requestParameters.bucketName contains "x"`"#,
            ),
            (
                r#"responseElements != "x""#,
                r#"write the field that is meant, such as `responseElements.bucketName != "x"`"#,
            ),
            (r#"userIdentity = "ada""#, r#"write the field that is meant, such as `userIdentity.userName = "ada"`"#),
            (r#"any resources (it like "prod")"#, r#"write the field that is meant, such as `it.ARN like "prod"`"#),
            ("eventTime > 5", "write `timestamp`, the same time in milliseconds since 1970"),
            ("eventName > 5", "compare `eventName` with `=`, `in` or `starts_with`"),
            (
                r#"awsRegion cidr "10.0.0.0/8""#,
                "write `sourceIPAddress cidr …`, or compare `awsRegion` with `=` or `like`",
            ),
            (r#"network cidr "10.0.0.0/8""#, r#"write `ip cidr "10.0.0.0/8"`"#),
            (r#"timestamp starts_with "2026""#, "write `eventTime starts_with …`, the same time as text"),
        ],
    );
    let file = suppression(r#"requestParameters != "x""#);
    let found = lints(&file);
    assert!(found.iter().any(|one| one.notes == ["this suppression hides every match of its rule"]), "{found:#?}");
}

#[test]
fn names_of_events_in_the_spelling_of_others() {
    check(
        "unknown-event-name",
        &[
            (
                r#"eventName = "s3:PutBucketPolicy""#,
                r#"write `eventSource = "s3.amazonaws.com" and eventName = "PutBucketPolicy"`"#,
            ),
            (
                r#"eventName in ("iam:createuser", "DeleteUser")"#,
                r#"write `eventSource = "iam.amazonaws.com" and eventName = "CreateUser"`"#,
            ),
            (r#"eventName = "delete-trail""#, r#"write `"DeleteTrail"`"#),
            (r#"eventName = "create_user""#, r#"write `"CreateUser"`"#),
            (r#"eventName = "createuser""#, r#"write `"CreateUser"`"#),
            (r#"eventName starts_with "describe""#, r#"write `"Describe"`"#),
            (r#"eventName like "AccessKEY""#, r#"write `"AccessKey"`"#),
            (r#"eventSource = "iam.amazonaws.com" and eventName ends_with "policy""#, r#"write `"Policy"`"#),
        ],
    );
}

#[test]
fn values_that_may_be_right_get_no_warning() {
    for filter in [
        r#"userType in ("IAMUser", "AssumedRole", "IdentityCenterUser", "WebIdentityUser", "Unknown", "Role")"#,
        r#"userType iequals "iamuser" or userType icontains "user""#,
        r#"eventType in ("AwsApiCall", "AwsConsoleSignIn", "AwsConsoleSignin", "AwsVpceEvent")"#,
        r#"awsRegion in ("us-gov-west-1", "cn-north-1", "eusc-de-east-1", "us-isob-east-1", "mx-central-1")"#,
        r#"region starts_with "eu-" or region like "gov" or region matches "^ap-(south|north)east-""#,
        r#"readOnly = "true" or managementEvent = false or sessionCredentialFromConsole = "true""#,
        "userIdentity.sessionContext.attributes.mfaAuthenticated = true",
        r#"additionalEventData.MFAUsed in ("Yes", "NO") or tlsDetails.tlsVersion in ("TLSv1", "TLSv1.1")"#,
        // Numbers are equal to their text.
        "recipientAccountId = 111122223333 or eventVersion = 1.08",
        r#"eventVersion in ("1.0", "1.05", "1.11") or eventVersion starts_with "1.""#,
        r#"accountId = "ANONYMOUS_PRINCIPAL" or accountId starts_with "1111""#,
        r#"accessKey starts_with "ASIA" or accessKey = "ABIAIOSFODNN7EXAMPLE""#,
        r#"userIdentity.principalId starts_with "AROA" or userIdentity.principalId = "111122223333""#,
        r#"role = "AWSReservedSSO_Admin_0123456789abcdef" or arnRole starts_with "assumed-role/ops/""#,
        r#"principal = "arn:aws:iam::111122223333:role/ops" or session = "i-0123456789abcdef0""#,
        r#"userIdentity.arn starts_with "arn:aws-us-gov:" or userIdentity.arn like ":assumed-role/ops/""#,
        r#"userIdentity.invokedBy = "AWS Internal" or userIdentity.invokedBy like "cloudformation""#,
        r#"ip in ("192.0.2.1", "2001:db8::1", "AWS Internal", "cloudformation.amazonaws.com")"#,
        r#"ip starts_with "10." or ip cidr ("10.0.0.0/8", "192.0.2.1")"#,
        r#"network in ("192.0.2.0/24", "2001:db8::/48")"#,
        r#"eventID = "3f1d4b0e-2f0c-4c4e-9a8e-0d6a5b4c3f21" or sharedEventID starts_with "3f1d""#,
        r#"vpcEndpointId = "vpce-0a1b2c3d" or vpcEndpointId starts_with "vpce""#,
        r#"apiVersion in ("2015-12-01", "20140328", "2020_05_31", "55606")"#,
        r#"eventTime starts_with "2026-03-01T" or eventTime = "2026-03-01T12:30:00Z""#,
        r#"errorCode in ("AccessDenied", "Client.UnauthorizedOperation", "UnauthorizedOperation")"#,
        r#"errorCode = "UnauthorizedOperation" or errorCode starts_with "Client.""#,
        r#"eventSource = "sts.amazonaws.com" and errorCode = "UnauthorizedOperation""#,
        r#"errorCode ends_with ".NotFound" or errorCode like "Unauthorized""#,
        r#"userAgent = "aws-cli/2.33.2" or userAgent starts_with "Boto3/" or userAgent like "terraform""#,
        r#"bucketName = "arn:aws:s3:us-east-1:111122223333:accesspoint/logs" or bucketName like "logs""#,
        "timestamp > 1767225600000 and timestamp > 0 and timestamp != field requestParameters.time",
        "requestParameters = {} or responseElements exists or userIdentity = null",
        "requestParameters.maxResults > 100 or apiVersion > 20140000 or eventVersion >= 1.05",
        r#"requestParameters.cidrIp = "0.0.0.0/0" or requestParameters.cidrIp cidr "10.0.0.0/8""#,
        r#"eventName starts_with "Describe" or eventName icontains "delete" or eventName like "AccessKey""#,
        r#"eventType = "AwsServiceEvent" and eventName like "something""#,
        r#"eventSource starts_with "s3" or eventSource ends_with ".amazonaws.com""#,
        // The author's own fields.
        r#"`awsRegion` = "moon-1" or userIdentity.`type` = "Robot" or `eventTime` > 5"#,
        "userIdentity.sessionContext.signInSessionArn exists and userIdentity.invokedByDelegate.accountId exists",
        "userIdentity.inScopeOf.issuerType exists and userIdentity.inScopeOf.credentialsIssuedTo exists",
    ] {
        // Some of these are mixtures on purpose.
        let found: Vec<_> = codes(&rule(filter)).into_iter().filter(|code| *code != "mixed-and-or").collect();
        assert_eq!(found, [""; 0], "{filter}");
    }
}

#[test]
fn a_search_is_checked_too() {
    let filter = trailbell::filter::Filter::parse(r#"userType = "User""#).unwrap();
    let found = lint::check_search(&filter, r#"userType = "User""#);
    assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), ["impossible-value"]);
}

#[test]
fn a_list_of_the_overrides_is_checked_where_it_is_written() {
    let file = format!("lists: {{regions: [us-east-1]}}\n{}", rule("awsRegion in $regions"));
    let (rules, _) = RuleSet::parse(&file).unwrap();
    assert_eq!(lint::check(&rules, None), []);
    let text = "lists: {regions: [us-east1]}\n";
    let (rules, _) = rules.overridden(text).unwrap();
    let found = lint::check_overrides(&rules, None);
    let places: Vec<_> = found.iter().map(|one| (one.code, &text[one.span.start..one.span.end])).collect();
    assert_eq!(places, [("impossible-value", "regions")]);
}

#[test]
fn whole_messages() {
    assert_snapshot!(message(r#"readOnly = false and userType in ("User", "Root")"#), @r#"
    warning[impossible-value]: `userType` is never `"User"`
     --> rules.yaml:5:39
      |
    5 |     readOnly = false and userType in ("User", "Root")
      |                                       ^^^^^^ finds nothing
      |
      = rule: r
      = note: the values are `IAMUser`, `AssumedRole`, `Root`, `AWSService`, `AWSAccount`, `FederatedUser`, `IdentityCenterUser`, `Role`, `WebIdentityUser`, `SAMLUser`, `Directory`, or `Unknown` (CloudTrail userIdentity element, 2026-11-30)
      = help: write `"IAMUser"`
    "#);
    assert_snapshot!(message(r#"not ip in ("10.0.0.0/8")"#), @r#"
    warning[impossible-value]: `ip` is never `"10.0.0.0/8"`
     --> rules.yaml:5:16
      |
    5 |     not ip in ("10.0.0.0/8")
      |                ^^^^^^^^^^^^ always true, because of the negation
      |
      = rule: r
      = note: it is an IP address or the host name of a service (CloudTrail record contents for management, data, and network activity events)
      = help: write `ip cidr "10.0.0.0/8"`
    "#);
    assert_snapshot!(message(r#"awsRegion != "us-east1""#), @r#"
    warning[impossible-value]: `awsRegion` is never `"us-east1"`
     --> rules.yaml:5:18
      |
    5 |     awsRegion != "us-east1"
      |                  ^^^^^^^^^^ always true, because of the negation
      |
      = rule: r
      = note: AWS lists 48 values (AWS Regions, and partitions.json of botocore 1.43.127, 2026-11-30)
      = help: write `"us-east-1"`
    "#);
    assert_snapshot!(message("timestamp > 1767225600"), @r#"
    warning[impossible-value]: `timestamp` is compared with a time in seconds
     --> rules.yaml:5:17
      |
    5 |     timestamp > 1767225600
      |                 ^^^^^^^^^^ always true
      |
      = rule: r
      = note: `timestamp` is the time of the event in milliseconds since 1970
      = help: write `1767225600000`
    "#);
    assert_snapshot!(message(r#"errorCode = "UnauthorizedOperation""#), @r#"
    warning[partial-value]: `errorCode` is `"Client.UnauthorizedOperation"` where Amazon EC2 writes `UnauthorizedOperation`
     --> rules.yaml:5:17
      |
    5 |     errorCode = "UnauthorizedOperation"
      |                 ^^^^^^^^^^^^^^^^^^^^^^^ only the end of the code
      |
      = rule: r
      = note: CloudTrail writes `Client.` or `Server.` before the errors of Amazon EC2
      = help: write `errorCode ends_with "UnauthorizedOperation"`
    "#);
    assert_snapshot!(message(r#"userAgent = "aws-cli""#), @r#"
    warning[partial-value]: `userAgent` is never `"aws-cli"` alone
     --> rules.yaml:5:17
      |
    5 |     userAgent = "aws-cli"
      |                 ^^^^^^^^^ clients add their version
      |
      = rule: r
      = note: agents are such as `aws-cli/2.1`; Amazon S3 puts brackets around them
      = help: write `userAgent starts_with ("aws-cli/", "[aws-cli/")`
    "#);
    assert_snapshot!(message(r#"not requestParameters contains "x""#), @r#"
    warning[wrong-operator]: `requestParameters` is an object, which `contains` never finds
     --> rules.yaml:5:9
      |
    5 |     not requestParameters contains "x"
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ always true, because of the negation
      |
      = rule: r
      = help: write the field that is meant, such as `requestParameters.bucketName contains "x"`
    "#);
    assert_snapshot!(message("eventTime > 5"), @r#"
    warning[wrong-operator]: `eventTime` is no number, which `>` compares
     --> rules.yaml:5:5
      |
    5 |     eventTime > 5
      |     ^^^^^^^^^^^^^ never true
      |
      = rule: r
      = help: write `timestamp`, the same time in milliseconds since 1970
    "#);
}

#[test]
fn fields_of_a_title_and_of_a_description() {
    let file = rule("readOnly = false")
        + "  title: '{{eventName}} by {{usr}}[[ from {{sourceIpAddress|ip}}]]'\n  description: 'See {{userIdentity.username}}.'\n";
    assert_snapshot!(render(&lints(&file), "rules.yaml", &file, false).trim_end(), @r#"
    warning[title-path]: the title has `{{sourceIpAddress}}`, which is no field of a record
     --> rules.yaml:2:9
      |
    2 | - name: r
      |         ^ its alerts show `undefined` there
      |
      = rule: r
      = help: write `sourceIPAddress`

    warning[title-path]: the title has `{{usr}}`, which is no field of a record
     --> rules.yaml:2:9
      |
    2 | - name: r
      |         ^ its alerts show `undefined` there
      |
      = rule: r
      = help: write `user`

    warning[title-path]: the description has `{{userIdentity.username}}`, which is no field of a record
     --> rules.yaml:2:9
      |
    2 | - name: r
      |         ^ its alerts show `undefined` there
      |
      = rule: r
      = help: write `userIdentity.userName`
    "#);
    let file = rule("readOnly = false")
        + "  title: '{{eventName}} {{requestParameters.any.thing}} {{`processName`}} {{user|userIdentity.invokedBy}}'\n";
    assert_eq!(lints(&file), []);
}
