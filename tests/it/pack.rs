//! The shipped `rules.yaml`: it has the requested rules, and every rule has a description and tests that pass.

use std::{collections::BTreeMap, fs, path};

use crate::detectors::{is_about_findings, record};
use crate::{command::trailbell, real_logs};
use trailbell::{
    backtest::{self, Tested},
    filter::Filter,
    lint,
    rule::{
        Rule, RuleSet, Verdict,
        tag::{TagMeaning, meaning},
    },
};

use crate::command::loaded;

fn root() -> &'static path::Path {
    path::Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rules() -> Vec<Rule> {
    let text = fs::read_to_string(root().join("rules.yaml")).unwrap();
    let (set, warnings) = RuleSet::parse(&text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert!(warnings.is_empty(), "{warnings:#?}");
    let missing = loaded(&[&text], None).missing_tests(&|test| root().join(&test.path).is_file());
    assert!(missing.is_empty(), "{missing:#?}");
    set.rules
}

/// Exact names and severities from the rules that Threat Stack published in February 2020, and the part of each filter after `event_type` and
/// `eventSource`.
const ASKED_FOR: &[(&str, u8, &str, &str)] = &[
    ("CloudTrail: ECR Create Repository", 3, "ecr", r#"eventName = "CreateRepository""#),
    ("CloudTrail: ECR Delete Repository", 3, "ecr", r#"eventName = "DeleteRepository""#),
    (
        "CloudTrail: ECR Image Scan Findings – Severity HIGH",
        1,
        "ecr",
        r#"eventName = "DescribeImageScanFindings" and responseElements.imageScanFindings.findingSeverityCounts.HIGH > 0"#,
    ),
    (
        "CloudTrail: ECR Image Scan Findings – Severity MEDIUM",
        2,
        "ecr",
        r#"eventName = "DescribeImageScanFindings" and responseElements.imageScanFindings.findingSeverityCounts.MEDIUM > 0"#,
    ),
    ("CloudTrail: ECR Put Image", 3, "ecr", r#"eventName = "PutImage""#),
    ("CloudTrail: ECR Put Image Scanning Configuration", 3, "ecr", r#"eventName = "PutImageScanningConfiguration""#),
    ("CloudTrail: ECR Set Repository Policy", 3, "ecr", r#"eventName = "SetRepositoryPolicy""#),
    ("CloudTrail: SSM Cancel Command", 3, "ssm", r#"eventName = "CancelCommand""#),
    (
        "CloudTrail: SSM Create Component",
        3,
        "ssm",
        r#"eventName starts_with "Create" and eventName != "CreateControlChannel""#,
    ),
    ("CloudTrail: SSM Delete Component", 3, "ssm", r#"eventName starts_with "Delete""#),
    (
        "CloudTrail: SSM Information Discovery",
        3,
        "ssm",
        r#"(eventName starts_with "Describe" or eventName starts_with "List")"#,
    ),
    ("CloudTrail: SSM Resume Session", 3, "ssm", r#"eventName = "ResumeSession""#),
    ("CloudTrail: SSM Send Command", 3, "ssm", r#"eventName = "SendCommand""#),
    ("CloudTrail: SSM Session Terminated", 3, "ssm", r#"eventName = "TerminateSession""#),
    ("CloudTrail: SSM Start Automation Execution", 3, "ssm", r#"eventName = "StartAutomationExecution""#),
    ("CloudTrail: SSM Start Session", 3, "ssm", r#"eventName = "StartSession""#),
];

#[test]
fn the_requested_rules_are_shipped() {
    let rules = rules();
    assert_eq!(ASKED_FOR.len(), 16);
    let critical = "CloudTrail: ECR Image Scan Findings – Severity CRITICAL";
    let critical_filter = r#"eventName = "DescribeImageScanFindings" and responseElements.imageScanFindings.findingSeverityCounts.CRITICAL > 0"#;
    for (name, severity, service, filter) in ASKED_FOR.iter().chain([&(critical, 1, "ecr", critical_filter)]) {
        let rule = rules.iter().find(|rule| rule.name == *name).unwrap_or_else(|| panic!("there is no rule {name}"));
        assert_eq!(rule.severity.number(), *severity, "{name}");
        assert!(rule.enabled, "{name}");
        let whole = format!(r#"event_type = "cloudtrail" and eventSource = "{service}.amazonaws.com" and {filter}"#);
        assert_eq!(rule.filter.expr(), Filter::parse(&whole).unwrap().expr(), "{name}");
    }
}

#[test]
fn the_two_filters_that_threat_stack_published_are_unchanged() {
    let text = fs::read_to_string(root().join("rules.yaml")).unwrap();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for filter in [
        r#"event_type = "cloudtrail" and eventSource = "ecr.amazonaws.com" and eventName = "DescribeImageScanFindings" and responseElements.imageScanFindings.findingSeverityCounts.HIGH > 0"#,
        r#"event_type = "cloudtrail" and eventSource = "ssm.amazonaws.com" and (eventName starts_with "Describe" or eventName starts_with "List")"#,
    ] {
        assert!(words.contains(filter), "{filter}");
    }
}

/// Requested rules whose matches are not a sign of an attack in themselves.
const WITHOUT_TECHNIQUE: &[&str] = &[
    "CloudTrail: ECR Create Repository",
    "CloudTrail: ECR Image Scan Findings – Severity CRITICAL",
    "CloudTrail: ECR Image Scan Findings – Severity HIGH",
    "CloudTrail: ECR Image Scan Findings – Severity MEDIUM",
    "CloudTrail: SSM Cancel Command",
    "CloudTrail: SSM Create Component",
    "CloudTrail: SSM Delete Component",
    "CloudTrail: SSM Session Terminated",
    TEST_ALERT,
];

/// The rule for the alert that only `trailbell doctor` makes the function send.
const TEST_ALERT: &str = "Trailbell: Test Alert";

/// The lints check names of events and sources too.
#[test]
fn no_lint_finds_anything() {
    let set = RuleSet::parse(&fs::read_to_string(root().join("rules.yaml")).unwrap()).unwrap().0;
    assert_eq!(lint::check(&set, None), []);
}

#[test]
fn every_rule_says_what_it_means() {
    let mut ids = BTreeMap::new();
    for rule in rules() {
        assert!(rule.description.as_ref().is_some_and(|text| text.len() > 40), "{} has no description", rule.name);
        assert!(rule.title.is_some(), "{} has no title", rule.name);
        let technique = rule
            .tags
            .iter()
            .any(|tag| matches!(meaning(tag), Some(TagMeaning::Technique(_) | TagMeaning::SubTechnique(..))));
        assert!(technique != WITHOUT_TECHNIQUE.contains(&&*rule.name), "{} and its technique", rule.name);
        let is_own = rule.name == TEST_ALERT || is_about_findings(&rule);
        assert!(rule.name.starts_with("CloudTrail: ") || is_own, "{}", rule.name);
        assert!(rule.tags.iter().any(|tag| tag.starts_with("service.")), "{} names no service", rule.name);
        if let Some(other) = ids.insert(rule.id.clone(), rule.name.clone()) {
            panic!("{other} and {} have the same id", rule.name);
        }
    }
}

#[test]
fn every_rule_is_tried_on_records_and_passes() {
    for rule in rules() {
        for expect in [Verdict::Match, Verdict::NoMatch] {
            assert!(rule.tests.iter().any(|test| test.expect == expect), "{} has no {expect:?} test", rule.name);
        }
        for test in &rule.tests {
            let record = record(&test.record);
            assert_eq!(backtest::run(&rule, test, record), Tested::Passed, "{} on {}", rule.name, test.record);
        }
    }
}

const UNLIMITED: [&str; 2] = ["CloudTrail: EC2 Get Password Data", "CloudTrail: Claims To Be Infrastructure As Code"];

/// Limits the alerts of one rule in 10,000 events, by severity and rounded up, and those of all rules on a busy production
/// object. The requested rules have no limit, and neither has a rule that one attack in the logs raises for each machine, or one
/// about new actors, since one set of logs gives the same actor another region, and so another ARN, in each record.
#[test]
#[ignore = "needs ../shared/data"]
fn no_rule_raises_too_many_alerts() {
    let most = |severity: u64, records: u64| (if severity == 3 { 20 } else { 8 } * records).div_ceil(10_000);
    for (logs, in_all) in [("", u64::MAX), ("boogy_production_sample", 2)] {
        let folder = real_logs::all().join(logs);
        let ran = trailbell(&["scan", "--alerts", folder.to_str().unwrap()]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let tally = ran.stderr.lines().last().unwrap();
        let records: u64 = tally.split(", ").find_map(|part| part.strip_suffix(" records")?.parse().ok()).unwrap();
        let mut alerts_of_ours = 0;
        let mut rules = 0;
        for line in ran.stderr.lines() {
            // `4 of       31  SEV2  CloudTrail: New Region`
            let Some((alerts, rest)) = line.trim_start().split_once(" of ") else { continue };
            let (severity, name) = rest.split_once("SEV").unwrap().1.split_once("  ").unwrap();
            let (alerts, severity): (u64, u64) = (alerts.parse().unwrap(), severity.parse().unwrap());
            rules += 1;
            if ASKED_FOR.iter().any(|(asked, ..)| *asked == name) || UNLIMITED.contains(&name) {
                continue;
            }
            alerts_of_ours += alerts;
            assert!(alerts <= most(severity, records), "{name}: {alerts} alerts in {records} events");
        }
        assert!(rules > 0, "{}", ran.stderr);
        assert!(alerts_of_ours <= in_all, "{logs}: {alerts_of_ours} alerts");
    }
}

#[test]
fn every_filter_is_printed_and_read_again() {
    let lists = RuleSet::parse(&fs::read_to_string(root().join("rules.yaml")).unwrap()).unwrap().0.lists;
    for rule in rules() {
        let printed = rule.filter.to_string();
        let again = Filter::parse_with(&printed, &lists)
            .unwrap_or_else(|errors| panic!("{}: {printed}\n{errors:#?}", rule.name));
        assert_eq!(again.expr(), rule.filter.expr(), "{}", rule.name);
        assert_eq!(again.to_string(), printed, "{}", rule.name);
    }
}

#[test]
fn every_record_file_is_used_by_a_test() {
    let rules = rules();
    let used: Vec<&str> = rules
        .iter()
        .flat_map(|rule| {
            let records = rule.tests.iter().map(|test| test.record.as_str());
            records.chain(rule.alert_tests.iter().map(|test| test.events.as_str()))
        })
        .collect();
    // The rules in README have tests too.
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let mut files = 0;
    for service in root().join("events/records").read_dir().unwrap() {
        for file in service.unwrap().path().read_dir().unwrap() {
            let path = file.unwrap().path();
            let relative = path.strip_prefix(root()).unwrap().to_str().expect("an ASCII name");
            assert!(used.contains(&relative) || readme.contains(relative), "no rule has a test with {relative}");
            files += 1;
        }
    }
    assert!(files > 20, "{files}");
}
