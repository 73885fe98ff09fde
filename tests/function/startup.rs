//! If the function cannot start, it reports why to Lambda and on standard error, in the words of `trailbell check`.

use std::{fs, path::PathBuf, process::Command};

use serde_json::Value;

use crate::{bootstrap, runtime_api};

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:alerts";

#[test]
fn a_valid_function_asks_for_work() {
    let rules = rules("sound", "rules:\n  - name: a\n    severity: 1\n    filter: eventName = \"A\"\n");
    let start = runtime_api::start(bootstrap(), &[("ALERT_TOPIC_ARN", TOPIC), ("RULES_FILE", rules.to_str().unwrap())]);
    assert_eq!(start.request.line, "GET /2018-06-01/runtime/invocation/next");
}

#[test]
fn bad_rules_are_posted_as_check_prints_them() {
    let rules = rules("bad", "rules:\n  - name: a\n    severity: 4\n    filter: eventName == \"A\"\n");
    let rules = rules.to_str().unwrap();
    let message = refused(&[("ALERT_TOPIC_ARN", TOPIC), ("RULES_FILE", rules)]);
    assert!(message.contains("error[unknown-operator]"), "{message}");

    let check = Command::new(env!("CARGO_BIN_EXE_trailbell")).args(["check", rules]).output().unwrap();
    let output = String::from_utf8(check.stdout).unwrap() + &String::from_utf8(check.stderr).unwrap();
    assert!(output.contains(message.trim_end()), "check prints\n{output}\nand the function\n{message}");
}

#[test]
fn bad_overrides_are_posted_with_their_place() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("startup-overrides");
    fs::create_dir_all(&folder).unwrap();
    let rules = folder.join("rules.yaml");
    fs::write(&rules, "# pack: trailbell\nrules:\n  - name: a\n    severity: 1\n    filter: eventName = \"A\"\n")
        .unwrap();
    fs::write(folder.join("overrides.yaml"), "overrides:\n  b: {enabled: false}\n").unwrap();
    let message = refused(&[("ALERT_TOPIC_ARN", TOPIC), ("RULES_FILE", rules.to_str().unwrap())]);
    assert!(message.contains("error[unknown-rule]") && message.contains("overrides.yaml:2:3"), "{message}");
}

#[test]
fn a_mistake_in_a_file_of_ones_own_is_posted_with_its_place() {
    let rules = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("startup-own/rules.yaml");
    let own = rules.with_file_name("rules.d");
    fs::create_dir_all(&own).unwrap();
    fs::write(&rules, "rules:\n  - name: a\n    severity: 1\n    filter: eventName = \"A\"\n").unwrap();
    fs::write(own.join("team.yaml"), "rules:\n  - {name: b, severity: 4, filter: eventName = \"A\"}\n").unwrap();
    let message = refused(&[("ALERT_TOPIC_ARN", TOPIC), ("RULES_FILE", rules.to_str().unwrap())]);
    assert!(message.contains("error[bad-severity]") && message.contains("rules.d/team.yaml:2:25"), "{message}");
}

#[test]
fn a_missing_rule_file_is_named() {
    let message = refused(&[("ALERT_TOPIC_ARN", TOPIC), ("RULES_FILE", "/nowhere/rules.yaml")]);
    assert!(message.contains("/nowhere/rules.yaml"), "{message}");
}

#[test]
fn all_bad_settings_are_named_at_once() {
    let message = refused(&[("READ_TIMEOUT_MS", "soon"), ("RETRY_BASE_MS", "-1")]);
    for name in ["ALERT_TOPIC_ARN", "READ_TIMEOUT_MS", "RETRY_BASE_MS"] {
        assert!(message.contains(name), "{message}");
    }
}

fn rules(name: &str, text: &str) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("startup-{name}.yaml"));
    fs::write(&file, text).unwrap();
    file
}

/// The message of the init error, which standard error must have, too.
fn refused(settings: &[(&str, &str)]) -> String {
    let start = runtime_api::start(bootstrap(), settings);
    assert_eq!(start.request.line, "POST /2018-06-01/runtime/init/error");
    assert_eq!(start.status.code(), Some(1));
    let error: Value = serde_json::from_str(&start.request.body).unwrap();
    let kind = format!("lambda-runtime-function-error-type: {}", error["errorType"].as_str().unwrap());
    assert!(start.request.headers.contains(&kind), "{:?}", start.request.headers);
    let message = error["errorMessage"].as_str().unwrap().to_owned();
    assert!(start.stderr.contains(&message), "stderr says\n{}", start.stderr);
    message
}
