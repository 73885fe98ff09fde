//! Eight very different alerts of shipped rules, whole and in every format. Look at each as the person who reads it on a phone.

use std::sync::Arc;

use serde_json::{Value, json};
use trailbell::{
    alert::{Alert, Format, render},
    engine::Finding,
    record::Record,
    rule::RuleSet,
};

use super::{KEY, insights::insight, ocsf::ocsf, origin, phone::shipped, sample, whole};

/// The account of the records has a name, as `overrides.yaml` gives it one.
fn named() -> RuleSet {
    let overrides = "accounts: {\"111122223333\": production}\n";
    shipped().overridden(overrides).unwrap().0
}

fn alert(rules: &RuleSet, rule: &str, record: Value) -> Alert {
    let rule = rules.rules.iter().find(|one| one.id == rule).unwrap_or_else(|| panic!("no {rule}"));
    let record = Arc::new(Record::new(record).unwrap());
    assert!(rule.filter.matches(record.root()), "{}", rule.id);
    let finding = Finding { rule: Arc::new(rule.clone()), position: 0, suppressed: false, record };
    Alert::new(finding, Some(origin(KEY)), &rules.accounts)
}

fn check(name: &str, alert: &Alert) {
    insta::assert_snapshot!(format!("{name}.text"), whole(&render(Format::TEXT, alert)));
    let chat: Value = serde_json::from_str(&render(Format::CHAT, alert).body).unwrap();
    insta::assert_snapshot!(format!("{name}.chat"), format!("{chat:#}"));
    insta::assert_snapshot!(format!("{name}.ocsf"), format!("{:#}", ocsf(alert)));
}

#[test]
fn the_root_user_signs_in() {
    let record = sample("signin/console-login-root.json");
    check("root", &alert(&named(), "cloudtrail-root-console-sign-in", record));
}

#[test]
fn a_bucket_is_open_to_everybody() {
    let mut record = sample("s3/put-bucket-policy.json");
    record["requestParameters"]["bucketPolicy"]["Statement"][0]["Principal"] = json!("*");
    check("bucket", &alert(&named(), "cloudtrail-s3-bucket-open-to-everybody", record));
}

#[test]
fn a_shell_on_an_instance() {
    check("shell", &alert(&named(), "cloudtrail-ssm-start-session", sample("ssm/start-session.json")));
}

#[test]
fn another_account_assumes_a_role() {
    let record = sample("sts/assume-role-external.json");
    check("role", &alert(&named(), "cloudtrail-sts-assume-role-from-another-account", record));
}

/// The identity is that of "CloudTrail userIdentity element" in the AWS CloudTrail User Guide.
#[test]
fn a_user_of_identity_center() {
    let mut record = sample("ssm/start-session.json");
    record["userIdentity"] = json!({
        "type": "IdentityCenterUser", "accountId": "111122223333",
        "onBehalfOf": {
            "userId": "544894e8-80c1-707f-60e3-3ba6510dfac1",
            "identityStoreArn": "arn:aws:identitystore::111122223333:identitystore/d-9067642ac7",
        },
        "credentialId": "EXAMPLEVHULjJdTUdPJfofVa1sufHDoj7aYcOYcxFVllWR_Whr1fEXAMPLE",
    });
    check("identity-center", &alert(&named(), "cloudtrail-ssm-start-session", record));
}

#[test]
fn a_service_acts_for_another_account() {
    let record = sample("ec2/shared-snapshot-volume-created.json");
    check("service", &alert(&named(), "cloudtrail-ebs-snapshot-taken-by-another-account", record));
}

#[test]
fn a_call_that_fails() {
    let record = sample("ssm/resume-session-denied.json");
    check("failure", &alert(&named(), "cloudtrail-ssm-resume-session", record));
}

/// No shipped rule is about CloudTrail Insights.
#[test]
fn an_unusual_rate() {
    let rules = "
accounts: {\"111122223333\": production}
rules:
  - name: Unusual Rate
    severity: 2
    filter: event_type = 'insight' and insightDetails.state = 'Start'
    title: 'Calls of {{insightDetails.eventName}} are unusual'
    description: A rate of calls or errors is not usual. Find out who calls, and stop it unless it is expected.
";
    let (rules, _) = RuleSet::parse(rules).unwrap();
    check("insight", &alert(&rules, "unusual-rate", insight("Start", "ApiCallRateInsight")));
}
