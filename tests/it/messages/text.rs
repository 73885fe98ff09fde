//! The messages that people read in an e-mail.

use serde_json::{Value, json};
use trailbell::{
    alert::{Alert, Format, Message, Origin, Unread, render},
    rule::RuleSet,
};

use crate::messages::{RULES, alert, alert_of, origin, put_image, sample, unread, whole, window};

fn text(alert: &Alert) -> Message {
    render(Format::TEXT, alert)
}

/// The value of the row with this name.
fn row(alert: &Alert, name: &str) -> String {
    let body = text(alert).body;
    let row = body.lines().find_map(|line| line.strip_prefix(&format!("{name:<10}"))).map(str::to_owned);
    row.unwrap_or_else(|| panic!("no {name} in\n{body}"))
}

#[test]
fn an_alert_shows_who_did_what_where_when_and_why() {
    let message = text(&alert(0, put_image()));
    insta::assert_snapshot!(whole(&message), @r#"
    SEV2 [production] GitHubActions put image shop/web

    SEV2 session GitHubActions of the role ci-deploy called PutImage at ecr.amazonaws.com, and it succeeded
    in account 111122223333 (production), region us-east-1, from 2001:db8:4:12::a5, at 2026-03-02T09:07:33Z

    An image was pushed.

    Compare its digest with the one that the build made.
    Runbook   https://example.com/runbooks/ecr

    What      repositoryName = shop/web
              imageTag = 1.42.1
              registryId = 111122223333
              imageManifest.config.digest = sha256:b79606fb3afea5bd1609ed40b622142f1c98125abcfe89a76a661b0e8e343910
              imageManifest.config.mediaType = application/vnd.docker.container.image.v1+json
              imageManifest.config.size = 6591
              imageManifest.layers.digest = sha256:a1ff6329f7ad6e82bdb1913d90a3f79d00a7f1484be30328dbd6cd41c8ee1cf3
              imageManifest.layers.mediaType = application/vnd.docker.image.rootfs.diff.tar.gzip
              imageManifest.layers.size = 3401613
              imageManifest.layers.digest = sha256:2fc4b93057fb5d56e5d6982bf20d79ed1f01f821f78f64f1969bc06668c93688
              imageManifest.layers.size = 18240977
              and 5 more
    Resource  arn:aws:ecr:us-east-1:111122223333:repository/shop/web

    Who       AssumedRole arn:aws:sts::111122223333:assumed-role/ci-deploy/GitHubActions
    Session   issued by arn:aws:iam::111122223333:role/ci-deploy, since 2026-03-02T09:05:48Z
              federated by arn:aws:iam::111122223333:oidc-provider/token[.]actions[.]githubusercontent[.]com
    Key       ASIACIDEPLOY2EXAMPLE
    Client    docker/29.1.3 go/go1.25.5 git-…cker-Client/29.1.3 \(linux\))

    Event     bb2adece-e2ad-49af-a023-29c3643ce7f5

    Next      Ask the owner of the role ci-deploy who or what used it, and look up who began the session GitHubActions; its caller chose that name
              Look up what this access key did up to an hour before and after, with credentials of account 111122223333 (production), in us-east-1
              aws cloudtrail lookup-events --region us-east-1 --lookup-attributes 'AttributeKey=AccessKeyId,AttributeValue=ASIACIDEPLOY2EXAMPLE' --start-time 2026-03-02T08:07:33Z --end-time 2026-03-02T10:07:33Z
              Search the account's log files, with access to their bucket, for what this access key did up to an hour before and after, in all regions
              trailbell search --around bb2adece-e2ad-49af-a023-29c3643ce7f5 --same accessKey --since 2026-03-02T08:07:33Z --until 2026-03-02T10:07:33Z 's3://logs/AWSLogs/111122223333/'
              Open the event in the console: sign in to account 111122223333 (production) first
              https://us-east-1.console.aws.amazon.com/cloudtrailv2/home?region=us-east-1#/events/bb2adece-e2ad-49af-a023-29c3643ce7f5
              If this is expected: suppress the rule for this caller until 2026-04-01, in overrides.yaml
              aws cloudtrail lookup-events --region us-east-1 --lookup-attributes 'AttributeKey=EventId,AttributeValue=bb2adece-e2ad-49af-a023-29c3643ce7f5' --output json | trailbell suppress cloudtrail-ecr-put-image - --by principal
              overrides:
                cloudtrail-ecr-put-image:
                  suppressions:
                    - filter: principal = "arn:aws:iam::111122223333:role/ci-deploy"
                      reason: event bb2adece-e2ad-49af-a023-29c3643ce7f5
                      expires: 2026-04-01

    Why       eventName = "PutImage"
              mfaUsed = false

    Object    s3://logs/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz
              https://console.aws.amazon.com/s3/object/logs?prefix=AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz
    Rule      CloudTrail: ECR Put Image (cloudtrail-ecr-put-image)
    Alert     96bbf9ae8eaf69d0b68a8507c86aa119
    "#);
    let attributes: Vec<String> = message
        .attributes
        .iter()
        .map(|attribute| format!("{} {} {}", attribute.name, attribute.data_type(), attribute.string_value()))
        .collect();
    insta::assert_snapshot!(attributes.join("\n"), @r#"
    severity Number 2
    rule String cloudtrail-ecr-put-image
    account String 111122223333
    region String us-east-1
    event_source String ecr.amazonaws.com
    event_name String PutImage
    actor String GitHubActions
    outcome String success
    tags String.Array ["kind.alert","service.ecr","attack.T1525"]
    alert_id String 96bbf9ae8eaf69d0b68a8507c86aa119
    "#);
}

#[test]
fn a_denied_call_shows_its_error() {
    let alert = alert(2, sample("ssm/resume-session-denied.json"));
    assert_eq!(text(&alert).subject, "SEV1 [production] legacy-backup may not ResumeSession");
    let first = "SEV1 legacy-backup called ResumeSession at ssm.amazonaws.com, and it failed: AccessDenied\n";
    assert!(text(&alert).body.starts_with(first), "{}", text(&alert).body);
    assert_eq!(row(&alert, "Why"), "error exists (it is \"AccessDenied\")");
    let refused = "User: arn:aws:iam::111122223333:user/legacy-backup is not authorized to perform: ";
    assert!(row(&alert, "Error").starts_with(refused), "{}", row(&alert, "Error"));
    assert_eq!(outcome(&alert), "AccessDenied");
}

#[test]
fn an_alert_for_many_events_shows_their_count() {
    let body = text(&window()).body;
    let lead = "SEV2 session GitHubActions of the role ci-deploy called PutImage at ecr.amazonaws.com, and it succeeded, the last of about 1200 events\n";
    assert!(body.starts_with(lead), "{body}");
    let from = body.find("Count ").unwrap();
    insta::assert_snapshot!(body[from..].split("\n\n").next().unwrap(), @"
    Count     about 1200 events, from 2026-03-02T08:00:00Z to 2026-03-02T09:07:33Z
              about 70 events since the previous alert
    In common role = ci-deploy
              `odd key` = null
    State     earlier alerts could not be looked up: this alert may be a repeat, and its count may be too low
    Event     bb2adece-e2ad-49af-a023-29c3643ce7f5
    ");
}

#[test]
fn an_unread_record_is_shown_with_its_object() {
    insta::assert_snapshot!(whole(&text(&unread())), @r#"
    SEV2 [production] CloudTrail record could not be read: expected `,` or `}` at line 1 column 80

    SEV2 record 12 of a CloudTrail log file could not be read: "expected `,` or `}` at line 1 column 80"
    in the log of account 111122223333 (production), region us-east-1, delivered at 2026-03-02T09:20:00Z

    No rule has evaluated what could not be read, so an alert can be missing. If CloudTrail itself wrote it like this, the damage is harmless. If anyone else did, it can hide an attack: read it by hand. All other records have been evaluated.

    Next      Read the object AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz in the bucket logs

    Object    s3://logs/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz
              https://console.aws.amazon.com/s3/object/logs?prefix=AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz
    Rule      CloudTrail record could not be read (trailbell-unread-record)
    Alert     dca214a322649ac32194e24b20bd4abb
    "#);
}

#[test]
fn further_unread_records_are_one_alert() {
    let more = Alert::unread(Unread::More { count: 980 }, Some(origin("k")), &crate::messages::rules().accounts);
    insta::assert_snapshot!(whole(&text(&more)), @"
    SEV2 CloudTrail record could not be read: 980 more records

    SEV2 980 more records of a CloudTrail log file could not be read; they have no alerts of their own
    in the log of an unknown account

    No rule has evaluated what could not be read, so an alert can be missing. If CloudTrail itself wrote it like this, the damage is harmless. If anyone else did, it can hide an attack: read it by hand. All other records have been evaluated.

    Next      Read the object k in the bucket logs

    Object    s3://logs/k
    Rule      CloudTrail record could not be read (trailbell-unread-record)
    Alert     d409ce76faaf84be245755ceb6e85383
    ");
}

#[test]
fn an_unread_record_of_a_message_is_shown_with_the_message() {
    let place = Some(Origin::Message("EventBridge event 7bf73129-1428-4cd3-a780-95db273d1602".to_owned()));
    let unread = Unread::Record { index: 0, reason: "a record must be an object and is null".to_owned() };
    insta::assert_snapshot!(whole(&text(&Alert::unread(unread, place.clone(), &crate::messages::rules().accounts))), @r#"
    SEV2 CloudTrail record could not be read: a record must be an object and is null

    SEV2 record 0 of a message could not be read: "a record must be an object and is null"
    in "EventBridge event 7bf73129-1428-4cd3-a780-95db273d1602"

    No rule has evaluated what could not be read, so an alert can be missing. If CloudTrail itself wrote it like this, the damage is harmless. If anyone else did, it can hide an attack: read it by hand. All other records have been evaluated.

    Next      Find the message EventBridge event 7bf73129-1428-4cd3-a780-95db273d1602

    Message   EventBridge event 7bf73129-1428-4cd3-a780-95db273d1602
    Rule      CloudTrail record could not be read (trailbell-unread-record)
    Alert     654f6148cbd03b282e8b6be11f2a61e9
    "#);
    let matched = text(&alert_of(crate::messages::rules(), 1, json!({"eventName": "X"}), place)).body;
    assert!(matched.contains("\nMessage   EventBridge event 7bf73129-1428-4cd3-a780-95db273d1602\n"), "{matched}");
}

#[test]
fn a_record_without_details_makes_an_alert() {
    insta::assert_snapshot!(whole(&text(&alert_of(crate::messages::rules(), 1, json!({"eventName": "X"}), Some(origin("k"))))), @r#"
    SEV3 Nothing to say: X by unknown

    SEV3 an unknown user called X, and it succeeded
    in an unknown account, in an unknown region, at an unknown time

    Rules may  be  odd too

    Event     without an id

    Why       eventName exists (it is "X")

    Object    s3://logs/k
    Rule      Nothing to say (nothing-to-say)
    Alert     e70f1f7cd27732cc8a02d43c06b16e50
    "#);
}

fn outcome(alert: &Alert) -> String {
    text(alert).attributes.iter().find(|attribute| attribute.name == "outcome").unwrap().string_value()
}

#[test]
fn a_sign_in_with_a_wrong_password_is_a_failure() {
    let alert = alert(
        1,
        json!({
            "eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com", "errorMessage": "Failed authentication",
            "userIdentity": {"type": "IAMUser", "userName": "bob"}, "responseElements": {"ConsoleLogin": "Failure"},
        }),
    );
    assert_eq!(row(&alert, "Error"), "Failed authentication");
    assert_eq!(outcome(&alert), "failed");
}

/// The rows about the caller for an identity.
fn actor(identity: Value) -> String {
    let body =
        text(&alert(1, json!({"eventName": "X", "recipientAccountId": "111122223333", "userIdentity": identity}))).body;
    let from = body.find("\nWho").unwrap();
    body[from..body.find("\n\nEvent").unwrap()].trim().to_owned()
}

#[test]
fn a_session_shows_who_issued_it_and_on_whose_behalf() {
    insta::assert_snapshot!(actor(json!({
        "type": "AssumedRole", "arn": "arn:aws:sts::444455556666:assumed-role/ops/ada", "accountId": "444455556666",
        "invokedBy": "cloudformation.amazonaws.com", "accessKeyId": "ASIAEXAMPLE",
        "onBehalfOf": {"userId": "u-1"},
        "sessionContext": {
            "sessionIssuer": {"type": "Role", "arn": "arn:aws:iam::444455556666:role/ops", "userName": "ops"},
            "sourceIdentity": "ada lovelace", "attributes": {"mfaAuthenticated": "true", "creationDate": "2026-03-02T08:00:00Z"},
            "webIdFederationData": {"federatedProvider": "arn:aws:iam::444455556666:oidc-provider/idp.example.com"},
        },
    })), @"
    Who       AssumedRole arn:aws:sts::444455556666:assumed-role/ops/ada
    Session   issued by arn:aws:iam::444455556666:role/ops, since 2026-03-02T08:00:00Z
              source identity ada lovelace
              federated by arn:aws:iam::444455556666:oidc-provider/idp[.]example[.]com
              on behalf of the user u-1
              invoked by cloudformation.amazonaws.com
    MFA       yes
    Key       ASIAEXAMPLE
    ");
    insta::assert_snapshot!(actor(json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"})), @"Who       Root arn:aws:iam::111122223333:root");
    insta::assert_snapshot!(actor(json!({"type": "AWSService", "invokedBy": "lambda.amazonaws.com"})), @"
    Who       AWSService
              invoked by lambda.amazonaws.com
    ");
}

#[test]
fn a_condition_keeps_its_blanks() {
    let rules = RULES.replace("filter: eventName exists", "filter: eventName = \"A  B\"");
    let alert = alert_of(RuleSet::parse(&rules).unwrap().0, 1, json!({"eventName": "A  B"}), None);
    assert_eq!(row(&alert, "Why"), "eventName = \"A  B\"");
}

#[test]
fn links_lead_to_the_console_of_the_partition() {
    for (region, console) in [
        ("eu-central-1", "https://eu-central-1.console.aws.amazon.com/cloudtrailv2/home?region=eu-central-1#/events/"),
        (
            "us-gov-east-1",
            "https://us-gov-east-1.console.amazonaws-us-gov.com/cloudtrailv2/home?region=us-gov-east-1#/events/",
        ),
        (
            "cn-northwest-1",
            "https://cn-northwest-1.console.amazonaws.cn/cloudtrailv2/home?region=cn-northwest-1#/events/",
        ),
    ] {
        let mut record = put_image();
        record["awsRegion"] = json!(region);
        let body = text(&alert(0, record)).body;
        assert!(body.contains(&format!("\n          {console}bb2adece-e2ad-49af-a023-29c3643ce7f5\n")), "{body}");
    }
    for (key, value) in [("awsRegion", "evil.example/#"), ("eventID", "x/../../evil")] {
        let mut record = put_image();
        record[key] = json!(value);
        let body = text(&alert(0, record)).body;
        assert!(!body.contains("cloudtrailv2"), "{body}");
    }
}

/// The first line names the account of a caller from another one, and the first step is one that someone can take.
#[test]
fn each_kind_of_caller_has_a_lead_and_a_question() {
    let of = |event: &str, identity: Value| {
        let record = json!({"eventName": "X", "eventType": event, "recipientAccountId": "111122223333", "userIdentity": identity});
        let alert = alert(1, record);
        let lead = text(&alert).body.lines().next().unwrap().trim_start_matches("SEV3 ").to_owned();
        [lead, row(&alert, "Next")]
    };
    let account = "444455556666";
    for (identity, expected) in [
        (
            json!({"type": "Root", "accountId": "111122223333", "arn": "arn:aws:iam::111122223333:root"}),
            [
                "Root called X, and it succeeded",
                "Ask who holds the root credentials of the account 111122223333 (production) whether it was them",
            ],
        ),
        (
            json!({"type": "Root", "accountId": account, "arn": "arn:aws:iam::444455556666:root"}),
            [
                "Root of account 444455556666 called X, and it succeeded",
                "Find out who owns the account 444455556666, whether you know it, and who there used Root",
            ],
        ),
        (
            json!({"type": "IAMUser", "accountId": "111122223333", "userName": "ada"}),
            ["ada called X, and it succeeded", "Ask the owner of the user ada whether it was them"],
        ),
        (
            json!({"type": "AWSAccount", "accountId": account, "principalId": "AROAEXAMPLE:scan"}),
            [
                "AROAEXAMPLE:scan of account 444455556666 called X, and it succeeded",
                "Find out who owns the account 444455556666, whether you know it, and who there used AROAEXAMPLE:scan",
            ],
        ),
        (
            json!({"type": "AssumedRole", "accountId": account, "arn": "arn:aws:sts::444455556666:assumed-role/ops/ada", "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "ops"}}}),
            [
                "session ada of the role ops of account 444455556666 called X, and it succeeded",
                "Find out who owns the account 444455556666, whether you know it, and who there used session ada of the role ops",
            ],
        ),
        (
            json!({"type": "AWSService", "invokedBy": "lambda.amazonaws.com"}),
            [
                "lambda.amazonaws.com called X, and it succeeded",
                "No one can be asked, since the service lambda.amazonaws.com acted by itself: find out for which resource or user",
            ],
        ),
        (
            json!({"type": "IdentityCenterUser", "accountId": "111122223333", "onBehalfOf": {"userId": "u-1"}}),
            ["u-1 called X, and it succeeded", "Find the user u-1 in IAM Identity Center, and ask whether it was them"],
        ),
    ] {
        assert_eq!(of("AwsApiCall", identity), expected);
    }
    // What a service writes of itself is no call.
    let service = json!({"accountId": account, "invokedBy": "ec2.amazonaws.com"});
    assert_eq!(
        of("AwsServiceEvent", service),
        [
            "ec2.amazonaws.com for account 444455556666 reported X",
            "No one can be asked, since the service ec2.amazonaws.com acted for another account: find out who owns the account 444455556666"
        ]
    );
    let person = json!({"type": "Unknown", "accountId": "111122223333", "userName": "ada"});
    assert_eq!(of("AwsServiceEvent", person)[0], "ada called X, and it succeeded");
}

/// No one can be asked whether it was them, and it is no user of that name.
#[test]
fn a_caller_without_an_identity() {
    let lead = |identity: Value| {
        let alert = alert(0, json!({"eventName": "GetObject", "userIdentity": identity.clone()}));
        render(Format::TEXT, &alert).body.lines().next().unwrap().to_owned()
    };
    let anonymous = json!({"type": "AWSAccount", "principalId": "", "accountId": "anonymous"});
    assert_eq!(lead(anonymous), "SEV2 an anonymous caller called GetObject, and it succeeded");
    let user = json!({"type": "IAMUser", "userName": "anonymous", "arn": "arn:aws:iam::111122223333:user/anonymous"});
    assert_eq!(lead(user), "SEV2 anonymous called GetObject, and it succeeded");
}
