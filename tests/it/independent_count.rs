//! The shipped rules find the same matches in real logs as a few lines of Rust that share no code with the engine.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use crate::{command::trailbell, real_logs};

/// The required rules as Rust: the service, the name, and the condition on the event name and the record.
type Wanted = (&'static str, &'static str, fn(&str, &Value) -> bool);

const WANTED: &[Wanted] = &[
    ("ecr", "CloudTrail: ECR Create Repository", |name, _| name == "CreateRepository"),
    ("ecr", "CloudTrail: ECR Delete Repository", |name, _| name == "DeleteRepository"),
    ("ecr", "CloudTrail: ECR Image Scan Findings – Severity CRITICAL", |name, record| {
        found(name, record, "CRITICAL")
    }),
    ("ecr", "CloudTrail: ECR Image Scan Findings – Severity HIGH", |name, record| found(name, record, "HIGH")),
    ("ecr", "CloudTrail: ECR Image Scan Findings – Severity MEDIUM", |name, record| found(name, record, "MEDIUM")),
    ("ecr", "CloudTrail: ECR Put Image", |name, _| name == "PutImage"),
    ("ecr", "CloudTrail: ECR Put Image Scanning Configuration", |name, _| name == "PutImageScanningConfiguration"),
    ("ecr", "CloudTrail: ECR Set Repository Policy", |name, _| name == "SetRepositoryPolicy"),
    ("ssm", "CloudTrail: SSM Cancel Command", |name, _| name == "CancelCommand"),
    ("ssm", "CloudTrail: SSM Create Component", |name, _| name.starts_with("Create") && name != "CreateControlChannel"),
    ("ssm", "CloudTrail: SSM Delete Component", |name, _| name.starts_with("Delete")),
    ("ssm", "CloudTrail: SSM Information Discovery", |name, _| {
        name.starts_with("Describe") || name.starts_with("List")
    }),
    ("ssm", "CloudTrail: SSM Resume Session", |name, _| name == "ResumeSession"),
    ("ssm", "CloudTrail: SSM Send Command", |name, _| name == "SendCommand"),
    ("ssm", "CloudTrail: SSM Session Terminated", |name, _| name == "TerminateSession"),
    ("ssm", "CloudTrail: SSM Start Automation Execution", |name, _| name == "StartAutomationExecution"),
    ("ssm", "CloudTrail: SSM Start Session", |name, _| name == "StartSession"),
];

fn found(name: &str, record: &Value, severity: &str) -> bool {
    let count = &record["responseElements"]["imageScanFindings"]["findingSeverityCounts"][severity];
    name == "DescribeImageScanFindings" && count.as_f64().is_some_and(|count| count > 0.0)
}

fn wants((service, _, asks): &Wanted, record: &Value) -> bool {
    let insight = record["eventCategory"] == "Insight" || record["eventType"] == "AwsCloudTrailInsight";
    let source = record["eventSource"].as_str().unwrap_or_default();
    !insight
        && source == format!("{service}.amazonaws.com")
        && asks(record["eventName"].as_str().unwrap_or_default(), record)
}

/// The number of matches by rule, event and file.
type Matches = BTreeMap<(String, String, String), u64>;

fn count(folder: &Path, matches: &mut Matches, records: &mut u64) {
    for path in real_logs::files(folder) {
        for record in real_logs::records_of(&path) {
            *records += 1;
            for (_, rule, _) in WANTED.iter().filter(|rule| wants(rule, &record)) {
                let event = record["eventID"].as_str().unwrap_or_default().to_owned();
                *matches.entry(((*rule).to_owned(), event, path.display().to_string())).or_default() += 1;
            }
        }
    }
}

#[test]
fn the_sample_has_the_matches_of_an_independent_count() {
    check(&real_logs::sample(), 100, 1000);
}

#[test]
#[ignore = "needs ../shared/data"]
fn all_real_logs_have_the_matches_of_an_independent_count() {
    check(&real_logs::all(), 100, 5000);
}

fn check(logs: &Path, least_matches: u64, least_records: u64) {
    let (mut expected, mut records) = (Matches::new(), 0);
    count(logs, &mut expected, &mut records);
    assert!(expected.values().sum::<u64>() > least_matches && records > least_records, "the logs are not all there");

    let ran = trailbell(&["scan", "--format", "jsonl", &logs.display().to_string()]);
    let mut found = Matches::new();
    for line in ran.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        // Other rules are not counted here.
        if WANTED.iter().any(|(_, name, _)| *name == text("rule")) {
            *found.entry((text("rule"), text("eventID"), text("file"))).or_default() += 1;
        }
    }
    for (at, count) in &expected {
        assert_eq!(found.get(at), Some(count), "{at:?}");
    }
    for (at, count) in &found {
        assert_eq!(expected.get(at), Some(count), "{at:?}");
    }
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(!ran.stderr.contains("failed") && !ran.stderr.contains("unparsable"), "{}", ran.stderr);
    assert!(ran.stderr.lines().last().unwrap().contains(&format!("{records} records")), "{}", ran.stderr);
}
