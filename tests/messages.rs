#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

//! The messages that go to SNS: what a person reads, and that SNS takes them whatever a record says.

use std::{path::Path, sync::Arc};

use proptest::prelude::*;
use serde_json::{Value, json};
use trailbell::{
    alert::{Alert, AttributeValue, Message, Origin, text},
    engine::Finding,
    record::Record,
    rule::RuleSet,
};

const RULES: &str = r#"
rules:
  - name: "CloudTrail: ECR Put Image"
    severity: 2
    filter: eventName = "PutImage"
    title: "{{user}} put image {{requestParameters.repositoryName}}"
    description: |
      An image was pushed.

      Compare its digest with the one that the build made.
    tags: [service.ecr, attack.T1525]
    runbook: https://example.com/runbooks/ecr
  - name: Nothing to say
    severity: 3
    filter: eventName exists
    title: ""
    description: "Rules may\x01 be\u200b odd too\0"
    tags: ["\u200b"]
"#;

fn message(rule: usize, record: Value, key: &str) -> Message {
    let rule = Arc::new(RuleSet::parse(RULES).unwrap().0.rules.swap_remove(rule));
    let finding = Finding { rule, position: 0, suppressed: false, record: Arc::new(Record::new(record).unwrap()) };
    text::render(&Alert::new(finding, Origin::Object { bucket: "logs".to_owned(), key: key.to_owned() }))
}

fn put_image() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("events/records/ecr/put-image.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn an_alert_says_who_did_what_where_when_and_why() {
    let message = message(0, put_image(), "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/file.json.gz");
    insta::assert_snapshot!(message.subject, @"SEV2 CloudTrail: ECR Put Image: GitHubActions put image shop/web");
    insta::assert_snapshot!(message.body, @r#"
    GitHubActions put image shop/web

    Severity  2 (review)
    Rule      CloudTrail: ECR Put Image

    Who       GitHubActions (AssumedRole), role ci-deploy
              access key ASIACIDEPLOY2EXAMPLE, without MFA
    What      PutImage at ecr.amazonaws.com
              succeeded
    Where     account 111122223333, region us-east-1
              from 2001:db8:4:12::a5 with docker/29.1.3 go/go1.25.5 git-commit/fbf3ed2 kernel/6.11.0-1018-azure os/linux arch/amd64 UpstreamClient(Docker-Client/29.1.3 \(linux\))
    When      2026-03-02T09:07:33Z

    An image was pushed.

    Compare its digest with the one that the build made.

    Runbook   https://example.com/runbooks/ecr
    Matched   eventName = "PutImage"
    Event     bb2adece-e2ad-49af-a023-29c3643ce7f5
    Object    s3://logs/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/file.json.gz
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
    tags String.Array ["service.ecr","attack.T1525"]
    alert_id String 96bbf9ae8eaf69d0b68a8507c86aa119
    "#);
}

#[test]
fn a_record_that_says_nothing_makes_an_alert_too() {
    let message = message(1, json!({"eventName": "X"}), "k");
    insta::assert_snapshot!(format!("{}\n\n{}", message.subject, message.body), @"
    SEV3 Nothing to say: X by unknown

    X by unknown

    Severity  3 (for the record)
    Rule      Nothing to say

    Who       unknown
    What      X
              succeeded
    Where     account unknown, region unknown
    When      unknown

    Rules may  be  odd too

    Matched   eventName exists
    Event     without an id
    Object    s3://logs/k
    Alert     e70f1f7cd27732cc8a02d43c06b16e50
    ");
}

#[test]
fn a_sign_in_with_a_wrong_password_says_so() {
    let record = json!({
        "eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com", "errorMessage": "Failed authentication",
        "userIdentity": {"type": "IAMUser", "userName": "bob"}, "responseElements": {"ConsoleLogin": "Failure"},
    });
    let message = message(1, record, "k");
    assert!(message.body.contains("          failed: Failed authentication\n"), "{}", message.body);
    assert!(
        message.attributes.iter().any(|attribute| attribute.name == "outcome" && attribute.string_value() == "failed")
    );
}

#[test]
fn what_matched_is_shown_as_it_is_written() {
    let text = RULES.replace("filter: eventName exists", "filter: eventName = \"A  B\"");
    let rule = Arc::new(RuleSet::parse(&text).unwrap().0.rules.swap_remove(1));
    let record = Arc::new(Record::new(json!({"eventName": "A  B"})).unwrap());
    let finding = Finding { rule, position: 0, suppressed: false, record };
    let message = text::render(&Alert::new(finding, Origin::Object { bucket: "b".to_owned(), key: "k".to_owned() }));
    assert!(message.body.contains("Matched   eventName = \"A  B\"\n"), "{}", message.body);
}

#[test]
fn a_denied_call_says_so() {
    let mut record = put_image();
    record["errorCode"] = json!("AccessDenied");
    record["errorMessage"] = json!("User: x is not authorized\nto perform: ecr:PutImage");
    let message = message(0, record, "k");
    assert!(
        message.body.contains("failed: AccessDenied (User: x is not authorized to perform: ecr:PutImage)"),
        "{}",
        message.body
    );
    assert!(
        message
            .attributes
            .iter()
            .any(|attribute| attribute.name == "outcome" && attribute.string_value() == "AccessDenied")
    );
}

#[test]
fn the_same_event_and_rule_always_make_the_same_id() {
    let id = |rule, record: &Value, key| message(rule, record.clone(), key).id;
    let (first, mut shared) = (put_image(), put_image());
    assert_eq!(id(0, &first, "a"), id(0, &first, "b"));
    assert_ne!(id(0, &first, "a"), id(1, &first, "a"));
    shared["sharedEventID"] = json!("s");
    let mut other_account = shared.clone();
    other_account["eventID"] = json!("another");
    assert_eq!(id(0, &shared, "a"), id(0, &other_account, "a"));
    assert_ne!(id(0, &shared, "a"), id(0, &first, "a"));
    // Without any id the record itself tells it from others.
    let nameless = |user: &str| json!({"eventName": "X", "userIdentity": {"userName": user}});
    assert_eq!(id(0, &nameless("a"), "k"), id(0, &nameless("a"), "k"));
    assert_ne!(id(0, &nameless("a"), "k"), id(0, &nameless("b"), "k"));
}

/// What SNS takes, by "Publish" and "Amazon SNS message attributes" in its documentation; the strictest reading of each.
fn check(message: &Message) -> Result<(), TestCaseError> {
    let subject = &message.subject;
    prop_assert!((1..100).contains(&subject.len()), "{subject:?}");
    prop_assert!(subject.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{subject:?}");
    prop_assert!(subject.starts_with("SEV"), "{subject:?}");
    prop_assert!(!message.body.is_empty());
    prop_assert!(message.body.chars().all(|c| c == '\n' || !unfit(c)), "{:?}", message.body);
    prop_assert!(message.attributes.len() <= 10);
    let mut size = message.body.len();
    for attribute in &message.attributes {
        let (name, value) = (attribute.name, attribute.string_value());
        prop_assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)), "{name}");
        prop_assert!(!value.is_empty(), "{name}");
        prop_assert!(!value.chars().any(unfit), "{name}: {value:?}");
        match &attribute.value {
            AttributeValue::Text(_) => prop_assert_eq!(attribute.data_type(), "String"),
            AttributeValue::Number(_) => {
                prop_assert!(attribute.data_type() == "Number" && value.parse::<i32>().is_ok());
            }
            AttributeValue::List(items) => {
                prop_assert!(
                    attribute.data_type() == "String.Array"
                        && serde_json::from_str::<Vec<String>>(&value).unwrap() == *items
                );
            }
        }
        size += name.len() + attribute.data_type().len() + value.len();
    }
    prop_assert_eq!(message.bytes(), size);
    prop_assert!(size <= 262_144, "{size}");
    Ok(())
}

/// Control characters, and code points that XML, and with it SNS, does not take.
fn unfit(c: char) -> bool {
    c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{1fffe}' | '\u{fdd0}'..='\u{fdef}')
}

/// Text that an attacker may choose: a user agent, a name, an error message.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("\n".to_owned()),
        Just("\r\nSeverity  1 (act now)".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("\u{2028}\u{85}\u{b}\u{0}\u{1b}[31m".to_owned()),
        Just("<!channel> @here [link](https://example.com)".to_owned()),
        Just("日本語 😀 é".to_owned()),
        Just("\u{ffff}\u{fffe}\u{feff}\u{fdd0}\u{1fffe}\u{3164}".to_owned()),
        Just("\"}{\\".to_owned()),
        any::<String>(),
        (1_usize..3_000).prop_map(|length| "A".repeat(length)),
        (1_usize..100_000).prop_map(|length| "\u{10ffff}".repeat(length)),
    ];
    prop::collection::vec(pieces, 0..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn sns_takes_every_message(texts in prop::collection::vec(hostile(), 14), key in hostile(), rule in 0_usize..2) {
        let text = |at: usize| texts[at].as_str();
        let record = json!({
            "eventName": text(0), "eventSource": text(1), "awsRegion": text(2), "recipientAccountId": text(3),
            "userIdentity": {"type": text(4), "userName": text(5), "accessKeyId": text(6), "sessionContext": {"sessionIssuer": {"userName": text(7)}}},
            "errorCode": text(8), "errorMessage": text(9), "sourceIPAddress": text(10), "userAgent": text(11), "eventTime": text(12),
            "eventID": text(13), "requestParameters": {"repositoryName": text(0)},
        });
        check(&message(rule, record, &key))?;
    }

    /// Every line of a body is ours: whatever a record says, the lines begin as they do for a harmless one.
    #[test]
    fn no_value_forges_a_line(agent in hostile(), name in hostile()) {
        let mut record = put_image();
        let names = |message: &Message| -> Vec<String> {
            message.body.lines().map(|line| line.chars().take(10).collect()).collect()
        };
        let (harmless, first) = (names(&message(0, record.clone(), "k")), |lines: Vec<String>| lines.into_iter().skip(1).collect::<Vec<_>>());
        record["userAgent"] = json!(format!("x{agent}"));
        record["userIdentity"]["userName"] = json!(format!("x{name}"));
        prop_assert_eq!(first(names(&message(0, record, "k"))), first(harmless));
    }
}
