//! The lint on suppressions that compare only what the caller chooses: which conditions prove who the caller is.

use insta::assert_snapshot;
use trailbell::{diagnostic::render, lint, rule::RuleSet};

use crate::lints::{codes, lints, rule, suppression};

const WARNED: [&str; 1] = ["chosen-by-caller"];

fn message(file: &str) -> String {
    render(&lints(file), "rules.yaml", file, false).trim_end().to_owned()
}

#[test]
fn what_a_caller_chooses_hides_every_caller() {
    for filter in [
        // Names of sessions, in every field that has them.
        r#"user = "provisioning""#,
        r#"user in ("a", "b")"#,
        r#"user starts_with "svc-""#,
        r#"user matches "^svc-""#,
        r#"user = "lambda.amazonaws.com""#,
        r#"user = "Root""#,
        r#"userIdentity.arn like "provisioning""#,
        r#"userIdentity.arn ends_with "/provisioning""#,
        r#"userIdentity.arn iends_with "/provisioning""#,
        r#"userIdentity.arn matches "/provisioning$""#,
        r#"userIdentity.arn matches "^arn:aws:sts::\d{12}:assumed-role/[^/]+/provisioning$""#,
        r#"arnRole ends_with "/provisioning""#,
        r#"userIdentity.principalId ends_with ":provisioning""#,
        r#"userIdentity.principalId contains "provisioning""#,
        // What a client sends about itself.
        r#"userAgent = "cloudformation.amazonaws.com""#,
        r#"userAgent icontains ("terraform", "pulumi")"#,
        r#"tlsDetails.clientProvidedHostHeader = "sts.amazonaws.com""#,
        r#"tlsDetails.tlsVersion = "TLSv1.3""#,
        r#"userIdentity.sessionContext.sourceIdentity = "ada""#,
        "userIdentity.sessionContext.sourceIdentity exists",
        // Text of a request, in any form.
        r#"requestParameters.roleSessionName = "deploy""#,
        r#"requestParameters.description = "created by the build""#,
        r#"requestParameters.tags.value = "build""#,
        r#"any requestParameters.tagSet.items (key = "managed-by" and value = "terraform")"#,
        r#"requestParameters.userName starts_with "svc-""#,
        r#"requestParameters.policyDocument like "s3:GetObject""#,
        r#"bucketName matches "^build-""#,
        r#"responseElements.role.roleName ends_with "-build""#,
        r#"errorMessage like "provisioning""#,
        // Conditions on the call say nothing about the caller.
        r#"user = "provisioning" and eventName = "CreateUser""#,
        r#"user = "provisioning" and awsRegion = "us-east-1" and errorCode = null and readOnly = false"#,
        r#"eventSource = "iam.amazonaws.com" and userAgent like "Terraform""#,
        r#"user = "provisioning" and userType = "AssumedRole""#,
        r#"user = "provisioning" and userType in ("IAMUser", "AssumedRole")"#,
        r#"user = "provisioning" and role exists"#,
        // The kind of identity proves the name of a user, not the client.
        r#"userAgent like "Terraform" and userType = "IAMUser""#,
        // Negation: what the caller need not write, and what an intruder need not be.
        r#"user exists and user != "ada""#,
        r#"user exists and not (user = "ada" or user = "bob")"#,
        r#"not (not user = "provisioning")"#,
        r#"not (user != "provisioning" or eventName != "CreateUser")"#,
        r#"user = "provisioning" and role exists and role != "admin""#,
        r#"user = "provisioning" and not sourceIPAddress = "192.0.2.1""#,
        r#"session = "nightly""#,
        r#"session starts_with "build-" and result = "success""#,
        r#"user = "x" and ownerAccount = "111122223333" and hour < 6 and weekday = 7"#,
        r#"user = "x" and request = "0787521d2587d575cbe0d77f36cdf130""#,
        r#"request starts_with "07""#,
        r#"principal ends_with ":ci" or principal like "ci""#,
        // One alternative is enough.
        r#"role = "provisioning" or user = "provisioning""#,
        r#"(role = "ci" and user = "x") or (eventName = "CreateUser" and userAgent like "Terraform")"#,
        r#"(role = "ci" or user = "ci") and (ip = "192.0.2.1" or userAgent like "ci")"#,
        r#"userIdentity.arn in ("arn:aws:iam::111122223333:user/ci", "arn:aws:iam::111122223333:user/x") or user = "ci""#,
    ] {
        assert_eq!(codes(&suppression(filter)), WARNED, "{filter}");
        assert_eq!(codes(&rule(filter)), [""; 0], "a rule may ask for it: {filter}");
    }
}

#[test]
fn one_fact_that_aws_writes_is_enough() {
    for filter in [
        r#"role = "provisioning""#,
        r#"role starts_with "ci-" and user = "deploy""#,
        r#"userIdentity.sessionContext.sessionIssuer.arn = "arn:aws:iam::111122223333:role/ci" and user = "x""#,
        r#"recipientAccountId = "111122223333" and user = "provisioning""#,
        r#"accountId in ("111122223333", "444455556666") and userAgent like "Terraform""#,
        r#"accessKey = "AKIAIOSFODNN7EXAMPLE" and user = "x""#,
        r#"sourceIPAddress cidr "192.0.2.0/24" and user = "provisioning""#,
        r#"ip = "cloudformation.amazonaws.com" and userAgent = "cloudformation.amazonaws.com""#,
        r#"vpcEndpointId = "vpce-1" and user = "x""#,
        r#"userIdentity.invokedBy = "cloudformation.amazonaws.com" and user = "cloudformation.amazonaws.com""#,
        r#"userIdentity.onBehalfOf.userId = "u-1" and user = "x""#,
        r#"principal = "arn:aws:iam::111122223333:role/ci" and session = "nightly""#,
        r#"principal starts_with "arn:aws:iam::111122223333:role/aws-reserved/" and user = "x""#,
        r#"network = "192.0.2.0/24" and session = "nightly""#,
        // A user's own name, and identifiers with the role, the account or the role's id.
        r#"userIdentity.userName = "provisioning""#,
        r#"user = "provisioning" and userType = "IAMUser""#,
        r#"user = "lambda.amazonaws.com" and userType in ("AWSService", "AWSAccount")"#,
        r#"user = "Root" and userIdentity.type = "Root""#,
        r#"userIdentity.arn = "arn:aws:sts::111122223333:assumed-role/ci/provisioning""#,
        r#"userIdentity.arn starts_with "arn:aws:sts::111122223333:assumed-role/ci/""#,
        r#"userIdentity.arn like ":assumed-role/ci/""#,
        r#"userIdentity.arn matches "^arn:aws:sts::\d{12}:assumed-role/ci/""#,
        r#"userIdentity.arn matches "^arn:aws:sts::\d{12}:assumed-role/AWSReservedSSO_[^/]+/ada@example.com$""#,
        r#"arnRole starts_with "assumed-role/ci/""#,
        r#"userIdentity.principalId starts_with "AROAEXAMPLE:""#,
        // What the call does, and on what.
        r#"eventName = "CreateUser" and awsRegion = "us-east-1""#,
        r#"requestParameters.bucketName = "website""#,
        r#"requestParameters.roleArn = "arn:aws:iam::111122223333:role/ci""#,
        r#"requestParameters.roleArn starts_with "arn:aws:iam::111122223333:role/ci-""#,
        "requestParameters.publiclyAccessible = false or requestParameters.kmsKeyId exists",
        r#"requestParameters.ipPermissions.items.ipRanges.items.cidrIp cidr "10.0.0.0/8""#,
        "mfaUsed = true",
        // Each alternative has one.
        r#"(role = "ci" or accountId = "111122223333") and (user = "a" or userAgent like "b")"#,
        r#"not (role != "ci" or user != "x")"#,
    ] {
        assert_eq!(codes(&suppression(filter)), [""; 0], "{filter}");
    }
}

#[test]
fn the_name_of_what_a_call_creates_is_chosen() {
    for (event, name) in [
        ("CreateUser", "userName"),
        ("CreateRole", "roleName"),
        ("CreateBucket", "bucketName"),
        ("CreateTrail", "name"),
        ("CreateFunction20150331", "functionName"),
        ("CreateSecurityGroup", "groupName"),
        ("CreateDBInstance", "dBInstanceIdentifier"),
        ("GetFederationToken", "name"),
    ] {
        let named = format!(r#"requestParameters.{name} = "build""#);
        let call = format!(r#"eventName = "{event}""#);
        let own = suppression(&format!("{call} and {named}"));
        assert_eq!(codes(&own), WARNED, "{own}");
        // The filter of the rule may ask for the call.
        let file = rule(&call) + &format!("  suppressions:\n  - |\n    {named}\n");
        let found = lints(&file);
        let places: Vec<_> = found.iter().map(|one| (one.code, &file[one.span.start..one.span.end])).collect();
        assert_eq!(places, [("chosen-by-caller", named.as_str())]);
        let proven = rule(&call) + &format!("  suppressions:\n  - |\n    {named} and role = 'ci'\n");
        assert_eq!(codes(&proven), [""; 0], "{proven}");
    }
    for (event, name) in [
        // What exists already.
        ("CreateAccessKey", "userName"),
        ("CreateLoginProfile", "userName"),
        ("DeleteUser", "userName"),
        ("PutRolePolicy", "roleName"),
    ] {
        let file = rule(&format!(r#"eventName = "{event}""#))
            + &format!("  suppressions:\n  - |\n    requestParameters.{name} = 'build'\n");
        assert_eq!(codes(&file), [""; 0], "{file}");
    }
    let either = rule(r#"eventName in ("CreateUser", "DeleteUser")"#)
        + "  suppressions:\n  - |\n    requestParameters.userName = 'build'\n";
    assert_eq!(codes(&either), [""; 0]);
    let text = r#"requestParameters.justification = "build" or requestParameters.emailSubject = "x""#;
    assert_eq!(codes(&suppression(text)), WARNED);
}

#[test]
fn a_list_is_its_values() {
    let file = |list: &str, filter: &str| format!("lists: {{names: {list}}}\n{}", suppression(filter));
    assert_eq!(codes(&file("[a]", "user in $names")), WARNED);
    assert_eq!(codes(&file("[a]", "role in $names and user = 'x'")), [""; 0]);
    assert_eq!(codes(&file("[/a]", "userIdentity.arn ends_with $names")), WARNED);
    assert_eq!(codes(&file("[assumed-role/ci/a]", "userIdentity.arn ends_with $names")), [""; 0]);
}

#[test]
fn the_suppressions_of_an_overrides_file_are_checked_too() {
    let (rules, _) = RuleSet::parse(&rule("readOnly = false")).unwrap();
    let text = "overrides: {r: {suppressions: [role = 'x' or user = 'provisioning', accountId = '111122223333']}}\n";
    let (rules, _) = rules.overridden(text).unwrap();
    let found = lint::check_overrides(&rules, None);
    let places: Vec<_> = found.iter().map(|one| (one.code, &text[one.span.start..one.span.end])).collect();
    assert_eq!(places, [("chosen-by-caller", "user = 'provisioning'")]);
}

#[test]
fn a_known_combination_can_be_repeated() {
    let file = |fields: &str| rule("readOnly = false") + &format!("  first_seen: {{fields: [{fields}]}}\n");
    for fields in [
        "user",
        "user, requestParameters.modelId",
        "userAgent, eventName",
        "userIdentity.sessionContext.sourceIdentity, awsRegion",
        "requestParameters.roleSessionName",
    ] {
        assert_eq!(codes(&file(fields)), WARNED, "{fields}");
    }
    for fields in ["session", "session, request", "session, ownerAccount"] {
        assert_eq!(codes(&file(fields)), WARNED, "{fields}");
    }
    for fields in [
        "session, principal",
        "session, network",
        "user, role",
        "user, ip",
        "userIdentity.arn",
        "userIdentity.principalId, userAgent",
        "userIdentity.userName, requestParameters.modelId",
        "recipientAccountId, userAgent",
        "accessKey",
        "eventName, awsRegion",
        "requestParameters.instanceType",
    ] {
        assert_eq!(codes(&file(fields)), [""; 0], "{fields}");
    }
}

#[test]
fn the_name_of_a_session() {
    assert_snapshot!(message(&suppression(r#"eventName = "CreateUser" and user = "provisioning""#)), @r#"
    warning[chosen-by-caller]: any caller can make `user = "provisioning"` hold, and be suppressed
     --> rules.yaml:8:34
      |
    8 |     eventName = "CreateUser" and user = "provisioning"
      |                                  ^^^^^^^^^^^^^^^^^^^^^ the caller chooses this value
      |
      = rule: r
      = note: for a role, `user` is the name of the session, which is chosen by the caller who assumes the role
      = help: add what the caller cannot choose, such as `principal = "…"`, `role = "…"`, `accountId`, `accessKey`, `ip` or `network`
    "#);
}

#[test]
fn the_name_of_a_client() {
    assert_snapshot!(message(&suppression(r#"role = "ci" or userAgent like "Terraform""#)), @r#"
    warning[chosen-by-caller]: any caller can make `userAgent like "Terraform"` hold, and be suppressed
     --> rules.yaml:8:20
      |
    8 |     role = "ci" or userAgent like "Terraform"
      |                    ^^^^^^^^^^^^^^^^^^^^^^^^^^ the caller chooses this value
      |
      = rule: r
      = help: add what the caller cannot choose, such as `principal = "…"`, `role = "…"`, `accountId`, `accessKey`, `ip` or `network`
    "#);
}

#[test]
fn a_first_seen_by_the_name_of_a_session() {
    assert_snapshot!(message(&(rule("readOnly = false") + "  first_seen: {fields: [user, requestParameters.modelId]}\n")), @r#"
    warning[chosen-by-caller]: any caller can repeat a known `user`, and is never new
     --> rules.yaml:6:25
      |
    6 |   first_seen: {fields: [user, requestParameters.modelId]}
      |                         ^^^^ the caller chooses this value
      |
      = rule: r
      = note: for a role, `user` is the name of the session, which is chosen by the caller who assumes the role
      = help: add `principal`, or write it in place of `user`
    "#);
}

#[test]
fn a_sequence_by_what_the_caller_chooses() {
    let file = "rules:\n- name: r\n  severity: 3\n  by: [recipientAccountId, userAgent]\n  sequence:\n  - {filter: eventName = \"CreateUser\"}\n  - {filter: eventName = \"CreateRole\"}\n";
    let found = crate::lints::lints(file);
    let [finding] = &found[..] else { panic!("{found:#?}") };
    assert_eq!((finding.code, finding.span.start), ("chosen-by-caller", file.find("userAgent").unwrap()));
    assert_eq!(finding.title, "any caller can change `userAgent` between two steps");
    for by in ["user", "principal", "requestParameters.userName", "ip"] {
        assert_eq!(crate::lints::lints(&file.replace("userAgent", by)), [], "{by}");
    }
}
