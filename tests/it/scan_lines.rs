//! The JSON lines of `scan` name the event, who caused it, and the file that holds its record: compared with the records themselves.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Value, json};

use crate::{
    command::{folder, trailbell},
    real_logs,
};

/// The records of all files of a folder, by event id, each with its file. An id that several records have, as in published
/// samples, names none of them.
fn records(folder: &Path) -> BTreeMap<String, (Value, String)> {
    let (mut found, mut several) = (BTreeMap::new(), Vec::new());
    for path in real_logs::files(folder) {
        for record in real_logs::records_of(&path) {
            let Some(id) = record["eventID"].as_str().map(str::to_owned) else { continue };
            if found.insert(id.clone(), (record, path.display().to_string())).is_some() {
                several.push(id);
            }
        }
    }
    found.retain(|id, _| !several.contains(id));
    found
}

/// The members of a line, compared with the record of its event.
fn check(line: &Value, records: &BTreeMap<String, (Value, String)>) -> bool {
    let Some((record, file)) = records.get(line["eventID"].as_str().unwrap()) else { return false };
    for (member, pointer) in [
        ("eventTime", "/eventTime"),
        ("eventSource", "/eventSource"),
        ("eventName", "/eventName"),
        ("ip", "/sourceIPAddress"),
        ("accessKey", "/userIdentity/accessKeyId"),
        ("region", "/awsRegion"),
    ] {
        // Empty text counts as missing.
        let expected = record.pointer(pointer).filter(|value| *value != "");
        assert_eq!(&line[member], expected.unwrap_or(&Value::Null), "{member}: {line}");
    }
    let account = record.get("recipientAccountId").or_else(|| record.pointer("/userIdentity/accountId"));
    assert_eq!(&line["account"], account.unwrap_or(&Value::Null), "{line}");
    assert_eq!(line["file"], **file, "{line}");
    if let Some(code) = record.get("errorCode") {
        assert_eq!((&line["result"], &line["outcome"]), (&json!("failure"), code), "{line}");
    }
    // The ARN of a user is the principal itself, and its name is the user. One published record has the ARN of a session.
    if record["userIdentity"]["type"] == "IAMUser"
        && let Some(arn) = record["userIdentity"]["arn"].as_str()
    {
        let principal = if arn.contains(":assumed-role/") { arn.rsplit_once('/').unwrap().0 } else { arn };
        assert_eq!(line["principal"], principal, "{line}");
        assert_eq!(line["user"], record["userIdentity"]["userName"], "{line}");
    }
    assert!(line["title"].is_string() && line["principal"] != "", "{line}");
    true
}

#[test]
fn lines_hold_the_facts_of_the_event() {
    let logs = real_logs::sample();
    let records = records(&logs);
    for arguments in [&["scan", "--format", "jsonl"][..], &["scan", "--alerts", "--format", "jsonl"]] {
        let ran = trailbell(&[arguments, &[&logs.display().to_string()]].concat());
        let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let checked = lines.iter().filter(|line| check(line, &records)).count();
        assert!(checked > 20, "{checked} of {} lines", lines.len());
    }
}

/// The last event of a series raises the alert, and the alert names the file that holds that event.
#[test]
fn an_alert_names_the_file_of_the_event_that_raised_it() {
    let record = |id: &str, minute: &str| {
        json!({"eventVersion": "1.11", "eventID": id, "eventTime": format!("2026-03-02T09:{minute}:00Z"), "eventName": "X",
            "awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.1", "errorCode": "AccessDenied",
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ada", "userName": "ada"}})
        .to_string()
    };
    let rules = "rules: [{name: Two, severity: 2, filter: eventVersion exists, threshold: 2, aggregate_fields: []}]\n";
    let (first, second) = (record("1", "00"), record("2", "01"));
    let files = [("rules.yaml", rules), ("a.json", first.as_str()), ("b.json", second.as_str())];
    let root = folder("scan-lines", &files.map(|(name, text)| (name, text.as_bytes())));
    let [rules, one, two] = ["rules.yaml", "a.json", "b.json"].map(|name| root.join(name).display().to_string());
    let ran = trailbell(&["scan", "--alerts", "--format", "jsonl", "--rules", &rules, &one, &two]);
    let line: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(Path::new(line["file"].as_str().unwrap()) == fs::canonicalize(&two).unwrap(), "{line}");
    let members = ["eventID", "ip", "accessKey", "region", "result", "outcome", "account", "principal"];
    assert_eq!(
        members.map(|member| line[member].clone()),
        [
            json!("2"),
            json!("192.0.2.1"),
            Value::Null,
            json!("eu-west-1"),
            json!("failure"),
            json!("AccessDenied"),
            Value::Null,
            json!("arn:aws:iam::111122223333:user/ada"),
        ]
    );
}
