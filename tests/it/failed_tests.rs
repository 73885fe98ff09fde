//! `trailbell test` on tests of one record that fail: which conditions decided, what they saw, and how to look closer.

use crate::command::{command, folder};
use serde_json::{Value, json};

/// What the one test of a rule prints, other than the first line and the last ones.
fn failed(name: &str, fields: &str, test: &str, record: &Value) -> String {
    let rules =
        format!("lists: {{admins: [ada, grace]}}\nrules:\n- name: A rule\n  severity: 2\n{fields}  tests: [{test}]\n");
    let files = [("rules.yaml", rules.as_bytes()), ("r.json", record.to_string().as_bytes())]
        .map(|(name, text)| (name, text.to_vec()));
    let files = files.each_ref().map(|(name, text)| (*name, text.as_slice()));
    let root = folder(&format!("failed-tests-{name}"), &files);
    let output = command(&["test"]).current_dir(&root).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let inside = printed.strip_prefix("FAILED A rule\n").unwrap().strip_suffix("\n\n0 passed, 1 failed\n").unwrap();
    inside.lines().map(|line| line.strip_prefix("       ").unwrap()).collect::<Vec<_>>().join("\n")
}

fn record() -> Value {
    let network = |port: u16, network: &str| json!({"fromPort": port, "ipRanges": {"items": [{"cidrIp": network}]}});
    json!({
        "eventVersion": "1.08", "eventTime": "2026-03-02T09:00:00Z", "eventName": "PutBucketPublicAccessBlock",
        "userAgent": "aws-cli/2", "userIdentity": {"type": "IAMUser", "userName": "ada"},
        "requestParameters": {"blockPublicAcls": true, "items": [network(443, "10.0.0.0/8"), network(22, "10.0.0.0/8")]},
    })
}

const BLOCK: &str = "  filter: |
    eventName starts_with \"PutBucket\"
    and (requestParameters.blockPublicAcls = false
      or eventName = \"PutBucketAcl\" and requestParameters.acl = \"public\")
    and not userAgent like \"terraform\"\n";

#[test]
fn a_condition_that_is_false_is_named_with_its_line() {
    // The second alternative needs two changes, the first one.
    insta::assert_snapshot!(failed("or", BLOCK, "{match: r.json}", &record()), @"
    rules.yaml:10: r.json: the rule must match this record, but it does not match it
    because none of the 2 alternatives is true; nearest is (line 7):
              requestParameters.blockPublicAcls = false is false: saw true (line 7)
    see: trailbell explain a-rule r.json
    ");
    let set = "{match: r.json, set: {eventName: GetBucket, requestParameters.blockPublicAcls: false, userAgent: a terraform}}";
    insta::assert_snapshot!(failed("and", BLOCK, set, &record()), @r#"
    rules.yaml:10: r.json: the rule must match this record, but it does not match it
    because eventName starts_with "PutBucket" is false: saw "GetBucket" (line 6)
        and not userAgent like "terraform" is false: saw "a terraform" (line 9)
    see: trailbell explain a-rule r.json --set eventName=GetBucket --set requestParameters.blockPublicAcls=false --set 'userAgent=a terraform'
    "#);
    let fields = "  filter: eventName exists and not (userAgent like \"aws\" and (user = \"ada\" or user = \"eve\"))\n";
    insta::assert_snapshot!(failed("not", fields, "{match: r.json}", &record()), @r#"
    rules.yaml:6: r.json: the rule must match this record, but it does not match it
    because not (…) is false, since (line 5):
              userAgent like "aws" is true: saw "aws-cli/2" (line 5)
              user = "ada" is true (line 5)
    see: trailbell explain a-rule r.json
    "#);
    let fields = "  filter: requestParameters.blockPublicACLs = true and $admins = null\n";
    insta::assert_snapshot!(failed("gap", fields, "{match: r.json}", &record()), @"
    rules.yaml:6: r.json: the rule must match this record, but it does not match it
    because requestParameters.blockPublicACLs = true is false: saw nothing: there is no requestParameters.blockPublicACLs, but blockPublicAcls (line 5)
        and $admins = null is false: the list has 2 values (line 5)
    see: trailbell explain a-rule r.json
    ");
}

#[test]
fn a_condition_that_is_true_is_named_where_none_may_be() {
    let set = "{no_match: r.json, set: {requestParameters.blockPublicAcls: false}}";
    insta::assert_snapshot!(failed("true", BLOCK, set, &record()), @r#"
    rules.yaml:10: r.json: the rule must not match this record, but it matches it
    because eventName starts_with "PutBucket" is true: saw "PutBucketPublicAccessBlock" (line 6)
        and requestParameters.blockPublicAcls = false is true (line 7)
        and not userAgent like "terraform" is true: saw "aws-cli/2" (line 9)
    see: trailbell explain a-rule r.json --set requestParameters.blockPublicAcls=false
    "#);
    let fields = "  filter: user = \"ada\" or userAgent like \"aws\" or userAgent like \"x\"\n";
    insta::assert_snapshot!(failed("true-or", fields, "{no_match: r.json}", &record()), @r#"
    rules.yaml:6: r.json: the rule must not match this record, but it matches it
    because 2 of 3 alternatives are true (line 5):
              user = "ada" is true (line 5)
              userAgent like "aws" is true: saw "aws-cli/2" (line 5)
    see: trailbell explain a-rule r.json
    "#);
}

#[test]
fn elements_of_a_list_are_named() {
    let any = "  filter: any requestParameters.items (fromPort = 22 and any ipRanges.items (cidrIp = \"0.0.0.0/0\"))\n";
    insta::assert_snapshot!(failed("any", any, "{match: r.json}", &record()), @r#"
    rules.yaml:6: r.json: the rule must match this record, but it does not match it
    because any requestParameters.items: none of 2 elements satisfies it; nearest is element 1 (line 5):
              any ipRanges.items: its one element does not satisfy it (line 5):
                cidrIp = "0.0.0.0/0" is false: saw "10.0.0.0/8" (line 5)
    see: trailbell explain a-rule r.json
    "#);
    insta::assert_snapshot!(failed("any-empty", any, "{match: r.json, set: {requestParameters.items: null}}", &record()), @"
    rules.yaml:6: r.json: the rule must match this record, but it does not match it
    because any requestParameters.items is false: found no element (line 5)
    see: trailbell explain a-rule r.json --set requestParameters.items=null
    ");
    let any = "  filter: any requestParameters.items (ipRanges.items.cidrIp = \"10.0.0.0/8\")\n";
    insta::assert_snapshot!(failed("any-true", any, "{no_match: r.json}", &record()), @r#"
    rules.yaml:6: r.json: the rule must not match this record, but it matches it
    because any requestParameters.items: 2 of 2 elements satisfy it; the first is element 0 (line 5):
              ipRanges.items.cidrIp = "10.0.0.0/8" is true (line 5)
    see: trailbell explain a-rule r.json
    "#);
}

#[test]
fn suppressions_that_hold_and_do_not_are_named() {
    let fields = "  filter: eventName exists
  suppressions:
  - user = \"eve\"
  - {filter: user in $admins and eventName exists, reason: the admins do that}
  - {filter: eventName exists, expires: 2026-03-01}\n";
    insta::assert_snapshot!(failed("holds", fields, "{match: r.json}", &record()), @r#"
    rules.yaml:10: r.json: the rule must match this record, but it suppresses it
    because suppression 2 of 3 holds (line 8, the admins do that):
              user in $admins is true: saw "ada" (line 8)
              eventName exists is true: saw "PutBucketPublicAccessBlock" (line 8)
    see: trailbell explain a-rule r.json
    "#);
    insta::assert_snapshot!(failed("holds-not", fields, "{suppressed: r.json, set: {userIdentity.userName: bob}}", &record()), @r#"
    rules.yaml:10: r.json: the rule must match this record and suppress it, but it matches it
    because suppression 1 of 3 does not hold (line 7):
              user = "eve" is false: saw "bob" (line 7)
        and suppression 2 of 3 does not hold (line 8, the admins do that):
              user in $admins is false: saw "bob" (line 8)
        and suppression 3 of 3 ended at 2026-03-02T00:00:00Z, and the event is of 2026-03-02T09:00:00Z (line 9)
    see: trailbell explain a-rule r.json --set userIdentity.userName=bob
    "#);
    insta::assert_snapshot!(failed("no-suppression", "  filter: eventName exists\n", "{suppressed: r.json}", &record()), @"
    rules.yaml:6: r.json: the rule must match this record and suppress it, but it matches it
    because the rule has no `suppressions`
    see: trailbell explain a-rule r.json
    ");
}

#[test]
fn steps_of_a_sequence_are_named() {
    let fields = "  sequence:
  - {filter: eventName = \"CreateUser\" and user exists, by: [user]}
  - {filter: eventName = \"AttachUserPolicy\", by: [user]}\n";
    insta::assert_snapshot!(failed("steps", fields, "{match: r.json}", &record()), @r#"
    rules.yaml:8: r.json: the rule must match this record, but it does not match it
    because step 1 of 2 does not match:
              eventName = "CreateUser" is false: saw "PutBucketPublicAccessBlock" (line 6)
        and step 2 of 2 does not match:
              eventName = "AttachUserPolicy" is false: saw "PutBucketPublicAccessBlock" (line 7)
    see: trailbell explain a-rule r.json
    "#);
    insta::assert_snapshot!(failed("steps-true", fields, "{no_match: r.json, set: {eventName: CreateUser}}", &record()), @r#"
    rules.yaml:8: r.json: the rule must not match this record, but it matches it
    because step 1 of 2 matches:
              eventName = "CreateUser" is true (line 6)
              user exists is true: saw "ada" (line 6)
    see: trailbell explain a-rule r.json --set eventName=CreateUser
    "#);
}

#[test]
fn many_conditions_are_counted() {
    let filter = (0..30).map(|n| format!("n{n} = {n}")).collect::<Vec<_>>().join(" and ");
    let text = failed("many", &format!("  filter: {filter}\n"), "{match: r.json}", &record());
    assert_eq!(text.lines().filter(|line| line.contains(" is false: saw nothing (line 5)")).count(), 13, "{text}");
    assert!(text.contains("\n        … 17 more: `trailbell explain` shows them\n"), "{text}");
    let text =
        failed("alternatives", &format!("  filter: {}\n", filter.replace("and", "or")), "{match: r.json}", &record());
    assert!(text.contains("because none of the 30 alternatives is true (line 5):\n"), "{text}");
    assert!(text.contains("\n          … and 27 more\n"), "{text}");
}

/// The command of a failed test shows the verdict that the test saw.
#[test]
fn the_command_shows_the_same_record() {
    let set = "{match: r.json, set: {userIdentity.userName: \"it's $x `a`\", requestParameters.items: [1, \"two words\"], eventName: \"true\"}}";
    let fields = "  filter: userIdentity.userName = \"it's $x `a`\" and requestParameters.items = \"two words\" and eventName != \"true\"\n";
    let text = failed("command", fields, set, &record());
    let line = text.lines().find_map(|line| line.strip_prefix("see: trailbell ")).unwrap();
    let root = folder("failed-tests-command-run", &[("r.json", record().to_string().as_bytes())]);
    std::fs::copy(root.parent().unwrap().join("failed-tests-command/rules.yaml"), root.join("rules.yaml")).unwrap();
    let command = format!("'{}' {line}", env!("CARGO_BIN_EXE_trailbell"));
    let output = std::process::Command::new("sh").args(["-c", &command]).current_dir(&root).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let outcomes: Vec<&str> = shown.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(outcomes, ["A", "false", "true", "true", "false"], "{command}\n{shown}");
}

/// A set key that the record does not have, but for its spelling, is probably meant for the other.
#[test]
fn a_misspelled_key_of_a_test_is_named() {
    let text =
        failed("misspelled", BLOCK, "{match: r.json, set: {requestParameters.blockPublicACLs: false}}", &record());
    let note = "note: `set`: the record has no `blockPublicACLs`, so it is added; did you mean `blockPublicAcls`?";
    assert!(text.lines().any(|line| line == note), "{text}");
}
