//! The groups of the shipped rules: no act hides the next one that is done to something else, in another account or with
//! another result.

use std::{collections::BTreeSet, fs};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trailbell::{
    backtest, engine,
    record::{Path, Record},
    rule::{Rule, RuleSet, Verdict},
};

use crate::command::{folder, trailbell};

fn rules() -> Vec<Rule> {
    RuleSet::parse(&fs::read_to_string(file("rules.yaml")).unwrap()).unwrap().0.rules
}

fn file(name: &str) -> String {
    format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Whether the samples of a rule are findings of detectors, which are no acts and have no request.
fn is_about_findings(rule: &Rule) -> bool {
    rule.tests.iter().any(|test| {
        let sample: Value = serde_json::from_slice(&fs::read(file(&test.record)).unwrap()).unwrap();
        sample["detail-type"].is_string()
    })
}

/// The rules for single acts that people must see.
fn single_acts() -> impl Iterator<Item = Rule> {
    let urgent =
        rules().into_iter().filter(|rule| rule.enabled && rule.severity.number() <= 2 && !is_about_findings(rule));
    urgent.filter(|rule| rule.threshold == 1 && rule.sequence.is_none())
}

/// For each pair of acts: its rule, and what the second one is done to, or who does it.
const PAIRS: &[(&str, &str, &str)] = &[
    ("account-contact-operations-then-security", "Account Alternate Contact", "SECURITY"),
    ("attach-admin-user-a-then-user-b", "IAM Attach Administrator Policy", "backdoor"),
    ("cut-feed-putbucketnotification-keep-then-remove", "Trailbell Cut Feed", "trailbell-logs"),
    ("data-store-own-test-domain-then-prod", "Data Store Destroy", "prod"),
    ("eks-view-policy-then-clusteradmin", "EKS Grant Access", "AmazonEKSClusterAdminPolicy"),
    ("eventbridge-removetargets-own-rule-then-other", "EventBridge Silence Rule", "prod-alerts"),
    ("guardduty-createipset-twice", "GuardDuty Hide Findings", "evil"),
    ("guardduty-one-feature-off-then-enable-false", "GuardDuty Suspend Detector", "detector d"),
    ("imdsv1-one-instance-then-others", "EC2 Weaken Defaults", "i-2"),
    ("org-delegate-harmless-service-then-attacker-acco", "Organizations Loosen Control", "444455556666"),
    ("rds-cluster-deletionprotection-test-then-prod", "RDS Destroy", "prod"),
    ("rds-cluster-snapshot-public-test-then-prod", "Image Or Snapshot Open To Everybody", "prod"),
    ("rds-master-password-test-cluster-then-prod-clust", "RDS Change Master Password", "prod"),
    ("rds-snapshot-own-test-one-then-production", "RDS Destroy", "prod-final"),
    ("rolesanywhere-updatetrustanchor-own-then-real", "IAM Roles Anywhere Trust", "real"),
    ("root-key-denied-then-allowed", "Root Access Key Use", "CreateUser"),
    ("saml-own-provider-then-the-real-one", "IAM Create Identity Provider", "saml-provider/corp"),
    ("selectors-exclude-kms-then-no-management-events", "CloudTrail Narrow Event Selectors", "narrows trail t"),
    ("trailbell-delivery-own-topic-trailbell-x-then-un", "Trailbell Change Delivery", "trailbell-AlertTopic-9:2"),
    ("trailbell-delivery-setqueueattributes-of-own-the", "Trailbell Change Delivery", "trailbell-LogQueue-1"),
    ("trust-other-account-partner-then-attacker-on-sam", "IAM Trust Policy Names Another Account", "777788889999"),
    ("updatetrail-validation-on-then-s3-bucket-elsewhe", "CloudTrail Update Trail", "UpdateTrail on t"),
    ("write-admin-putuserpolicy-p-on-a-then-on-b", "IAM Write Administrator Policy", "backdoor"),
];

/// The same for two accounts and two people.
const PEOPLE: &[(&str, &str, &str)] = &[
    ("accounts-of-a-stranger", "STS Assume Role From Another Account", "arn:aws:iam::444455556666:role/x"),
    ("people-of-identity-center", "Identity Center Change User", "user-2"),
    ("federated-users", "IAM Create User", "erin"),
    ("people-with-one-role", "IAM Create Access Key For Another User", "bob"),
];

#[test]
fn the_second_act_of_each_pair_raises_an_alert_of_its_own() {
    let mut found: BTreeSet<String> = BTreeSet::new();
    for entry in fs::read_dir(file("tests/cases/pairs")).unwrap() {
        found.insert(entry.unwrap().file_name().into_string().unwrap());
    }
    let listed: BTreeSet<String> = PAIRS.iter().map(|(name, ..)| format!("{name}.json")).collect();
    assert_eq!(listed, found);
    let pairs = PAIRS.iter().map(|pair| ("pairs", pair)).chain(PEOPLE.iter().map(|pair| ("groups", pair)));
    for (folder, (name, rule, target)) in pairs {
        let file = format!("tests/cases/{folder}/{name}.json");
        // Titles in JSON have whole ARNs.
        let ran = trailbell(&["scan", "--alerts", "--format", "jsonl", &file]);
        let log: Value = serde_json::from_slice(&fs::read(self::file(&file)).unwrap()).unwrap();
        let (rule, last) = (format!("CloudTrail: {rule}"), log["Records"].as_array().unwrap().last().unwrap());
        let mut alerts = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let second = alerts.find(|alert| alert["rule"] == *rule && alert["eventID"] == last["eventID"]);
        let second = second.unwrap_or_else(|| panic!("{name}: {} {}", ran.stdout, ran.stderr));
        assert!(second["title"].as_str().unwrap().contains(target), "{name}: {second}");
    }
}

/// Rules of which one alert is enough for acts on several targets, and why.
const ONE_FOR_SEVERAL_TARGETS: &[(&str, &str)] =
    &[("CloudTrail: Attack Tool", "it alerts on a tool, which makes thousands of calls")];

/// Rules whose group has no `request`, and why: one target is the same act whatever else the request has.
const WITHOUT_REQUEST: &[(&str, &str)] = &[
    ("CloudTrail: ECR Image Scan Findings – Severity CRITICAL", "the findings are those of the image"),
    ("CloudTrail: ECR Image Scan Findings – Severity HIGH", "the findings are those of the image"),
    ("CloudTrail: ECR Image Scan Findings – Severity MEDIUM", "the findings are those of the image"),
    ("CloudTrail: Root Console Sign-In", "the request is empty"),
    ("CloudTrail: Root Create Access Key", "the request is empty"),
    ("CloudTrail: Console Sign-In Without MFA", "the request is empty"),
    ("CloudTrail: Sign-In Token By Script", "the request is empty"),
    ("CloudTrail: S3 Object Open To Everybody", "an act on a bucket is a call for each of its objects"),
    ("CloudTrail: S3 Encrypt With Own Key", "an act on a bucket is a call for each of its objects"),
    ("CloudTrail: S3 Encrypt With Key Of Another Account", "an act on a bucket is a call for each of its objects"),
    ("CloudTrail: S3 Ransom Note", "an act on a bucket is a call for each of its objects"),
    ("CloudTrail: EBS Snapshot Taken By Another Account", "AWS writes the event, without a request"),
    ("CloudTrail: Lambda Layer Of Another Account", "a deployment changes the rest of the request each time"),
    ("CloudTrail: Glacier Change Vault", "an act on a vault is a call for each of its archives"),
    ("CloudTrail: Bedrock Invoke With Long-Lived Key", "it alerts on the use of a model, which is many calls"),
    ("CloudTrail: Attack Tool", "it alerts on a tool, which makes thousands of calls"),
    ("CloudTrail: Break-Glass Role Used", "the role and the session are the act"),
    ("CloudTrail: Console Session Of A Machine", "each token has another request"),
    ("CloudTrail: ECR Image Pushed By A Person", "each push is another image of the repository"),
    ("CloudTrail: Findings Suppressed", "a person suppresses findings one after the other"),
    ("CloudTrail: Instance Credentials Used Elsewhere", "it alerts on the use of credentials, which is many calls"),
    ("CloudTrail: Root Command-Line Sign-In", "each sign-in has another request"),
    ("CloudTrail: Root Sign-In Failed", "the request is empty"),
    ("CloudTrail: Root Use Outside The Office", "it alerts on the address of root, which makes many calls"),
    ("CloudTrail: S3 Write To A Bucket Of Another Account", "an act on a bucket is a call for each of its objects"),
    ("CloudTrail: Sign-In Approved For Another Device", "each sign-in has another request"),
    ("CloudTrail: Stack With IAM Rights", "a stack that fails is made again, with small changes"),
];

/// A group without `request` must name its target, which a person has to decide.
#[test]
fn a_group_has_the_request_or_a_reason() {
    let has_request = |rule: &Rule| {
        let fields = rule.aggregate_fields.as_deref().unwrap_or_default();
        fields.iter().any(|field| field.written.text == "request")
    };
    // A combination that `first_seen` knows is new once.
    let acts = single_acts().filter(|rule| rule.first_seen.is_none());
    let without: BTreeSet<String> = acts.filter(|rule| !has_request(rule)).map(|rule| rule.name).collect();
    assert_eq!(without, WITHOUT_REQUEST.iter().map(|(name, _)| (*name).to_owned()).collect());
}

/// Rules whose samples name nothing but the account that the act is done to.
const ON_AN_ACCOUNT: &[&str] = &[
    "CloudTrail: Central Root Access Switched",
    "CloudTrail: Console Session Of A Machine",
    "CloudTrail: Console Sign-In Without MFA",
    "CloudTrail: IAM Bedrock Key Used Elsewhere",
    "CloudTrail: IAM Weaken Password Policy",
    "CloudTrail: Instance Credentials Used Elsewhere",
    "CloudTrail: Root Access Key Use",
    "CloudTrail: Root Console Sign-In",
    "CloudTrail: Root Create Access Key",
    "CloudTrail: Root Sign-In Failed",
    "CloudTrail: Root Use Outside The Office",
    "CloudTrail: SMS Reconnaissance",
    "CloudTrail: SSM Tree Of Parameters Read",
    "CloudTrail: Security Hub Disable",
    "CloudTrail: Sign-In Approved For Another Device",
    "CloudTrail: Sign-In Token By Script",
];

fn matches(rule: &Rule, value: &Value) -> bool {
    rule.verdict(&Record::new(value.clone()).unwrap()) == Verdict::Match
}

/// The places of the texts below a value, as JSON pointers.
fn texts(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(place.to_owned()),
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                texts(item, &format!("{place}/{at}"), found);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                texts(member, &format!("{place}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        _ => {}
    }
}

/// The same act on something else: every text of the request is another one, unless the rule does not match then. `None` if the
/// rule allows no other text.
fn on_another_target(rule: &Rule, act: &Value) -> Option<Value> {
    let mut other = act.clone();
    for block in ["requestParameters", "serviceEventDetails"] {
        let mut places = Vec::new();
        texts(&act[block], &format!("/{block}"), &mut places);
        for place in places {
            let before = other.clone();
            let text = other.pointer_mut(&place).unwrap();
            *text = json!(format!("{}2", text.as_str().unwrap()));
            if !matches(rule, &other) {
                other = before;
            }
        }
    }
    (other != *act).then_some(other)
}

/// The same act in another account.
fn in_another_account(act: &Value) -> Value {
    let mut other = act.clone();
    other["recipientAccountId"] = json!("123412341234");
    for resource in other["resources"].as_array_mut().into_iter().flatten() {
        resource["accountId"] = json!("123412341234");
    }
    other
}

/// The same act with the other result.
fn with_another_result(act: &Value) -> Value {
    let mut other = act.clone();
    let code = if other["errorCode"].is_null() { json!("AccessDenied") } else { Value::Null };
    other["errorCode"] = code;
    other["errorMessage"] = Value::Null;
    other
}

/// Whether an act failed, which a record of a sign-in states in a field of its own.
fn result(act: &Value) -> String {
    Record::new(act.clone()).unwrap().text(&Path::parse("result").unwrap()).unwrap()
}

#[test]
fn no_act_hides_one_with_another_target_account_or_result() {
    let begin: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
    let (mut records, mut expected, mut on_accounts) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut samples = 0;
    // A combination that `first_seen` knows raises no further alert.
    for rule in single_acts().filter(|rule| rule.first_seen.is_none()) {
        let for_several = ONE_FOR_SEVERAL_TARGETS.iter().any(|(name, _)| *name == rule.name);
        let mut has_target = for_several;
        for test in rule.tests.iter().filter(|test| test.expect == Verdict::Match) {
            let sample = engine::parse(&fs::read(file(&test.record)).unwrap()).unwrap().0;
            let act = backtest::changed(sample, &test.set).unwrap().to_value();
            let target = if for_several { None } else { on_another_target(&rule, &act) };
            has_target |= target.is_some();
            let failed = Some(with_another_result(&act)).filter(|other| result(other) != result(&act));
            let others = [target, Some(in_another_account(&act)), failed];
            let others = others.into_iter().flatten().filter(|other| matches(&rule, other));
            // Far from the acts of every other sample, and close to each other.
            samples += 1;
            for (at, mut record) in (0..).zip([act.clone()].into_iter().chain(others)) {
                let time = begin + SignedDuration::from_hours(72 * samples) + SignedDuration::from_mins(at);
                record["eventTime"] = json!(time.to_string());
                record["eventID"] = json!(format!("act-{}", records.len()));
                record["sharedEventID"] = Value::Null;
                records.push(record);
                expected.push((rule.id.clone(), time.to_string()));
            }
        }
        if !has_target {
            on_accounts.insert(rule.name.clone());
        }
    }
    let folder = folder("groups", &[("acts.json", json!({"Records": records}).to_string().as_bytes())]);
    let ran = trailbell(&["scan", "--alerts", "--format", "jsonl", folder.join("acts.json").to_str().unwrap()]);
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    // An alert names the other rules that match its event.
    let named = |line: &Value| {
        let others = line["also"].as_array().into_iter().flatten().map(|id| id.as_str().unwrap().to_owned());
        others.chain([text(line, "id")]).map(|id| (id, text(line, "last"))).collect::<Vec<_>>()
    };
    let alerted: BTreeSet<(String, String)> = lines.iter().flat_map(named).collect();
    let hidden: Vec<_> = expected.iter().filter(|act| !alerted.contains(act)).collect();
    assert!(
        expected.len() > 300 && hidden.is_empty(),
        "{} of {}: {hidden:#?}\n{}",
        hidden.len(),
        expected.len(),
        ran.stderr
    );
    assert_eq!(on_accounts, ON_AN_ACCOUNT.iter().map(|name| (*name).to_owned()).collect());
}
