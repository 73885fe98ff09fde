//! Events of AWS's detectors: each finding is a record with the names that rules use, and only rules for findings match it.
//!
//! The samples in `events/findings` are made up after the guides that the files in `src/detector` name. `tests/aws/test_findings.py`
//! holds those of GuardDuty, Inspector, Macie and Security Hub against AWS's API models.

use std::{fs, path::Path, sync::Arc};

use serde_json::{Value, json};
use trailbell::{
    alert::{Alert, Format, Origin, render},
    detector::DETECTORS,
    diagnostic::chain,
    engine::{self, Engine, Evaluated},
    record::Record,
    rule::{Rule, RuleSet},
    trigger::{Work, decode},
};

fn file(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

fn sample(name: &str) -> Value {
    serde_json::from_slice(&file(&format!("events/findings/{name}.json"))).unwrap()
}

/// The record in a file of samples: CloudTrail's as it is, or that of the finding of a detector's event.
pub fn record(path: &str) -> Record {
    let text = file(path);
    let event: Value = serde_json::from_slice(&text).unwrap();
    if event.get("detail-type").is_none() {
        return engine::parse(&text).unwrap().0;
    }
    let [record] = <[Record; 1]>::try_from(records(&event)).unwrap();
    record
}

/// Whether a rule is about findings of detectors.
pub fn is_about_findings(rule: &Rule) -> bool {
    rule.filter.to_string().starts_with("event_type")
        && !rule.filter.to_string().contains(r#"event_type = "cloudtrail""#)
}

fn work(event: &Value) -> Vec<Work> {
    decode(event.to_string().as_bytes()).unwrap().units.into_iter().flat_map(|unit| unit.work).collect()
}

fn records(event: &Value) -> Vec<Record> {
    let text = |work| match work {
        Work::Record { text, .. } => engine::parse(text.as_bytes()).unwrap().0,
        other => panic!("{other:?}"),
    };
    work(event).into_iter().map(text).collect()
}

/// What becomes of an event, a line for each finding.
fn shown(event: &Value) -> Vec<String> {
    let line = |work: &Work| match work {
        Work::Record { .. } => "record".to_owned(),
        Work::Skip { reason, .. } => format!("skip {}", reason.word()),
        Work::Malformed(error) => chain(error),
        other => panic!("{other:?}"),
    };
    match decode(event.to_string().as_bytes()) {
        Ok(delivery) => delivery.units.iter().flat_map(|unit| &unit.work).map(line).collect(),
        Err(error) => vec![chain(&error)],
    }
}

fn matched(rules: &str, record: &Record) -> Vec<String> {
    let rules = RuleSet::parse(rules).unwrap().0;
    match Engine::new(rules).evaluate_plainly(record.to_string().as_bytes()) {
        Evaluated::Record { findings, .. } => findings.iter().map(|finding| finding.rule.name.clone()).collect(),
        other @ Evaluated::Unparsable(_) => panic!("{other:?}"),
    }
}

const A: &str = "111122223333";

#[test]
fn a_finding_has_the_names_that_rules_use() {
    let user = format!("{A}:AIDAEXAMPLEID");
    let group = format!("arn:aws:ec2:us-west-2:{A}:security-group/sg-0123456789abcdef0");
    // The sample, and the event type, event name, region, time, resource, source's severity, level and principal.
    let cases: &[(&str, [&str; 8])] = &[
        (
            "guardduty-ssh-brute-force",
            [
                "guardduty",
                "UnauthorizedAccess:EC2/SSHBruteForce",
                "us-east-1",
                "2026-03-02T09:15:02.456Z",
                "i-0abcdef1234567890",
                "2",
                "low",
                A,
            ],
        ),
        (
            "guardduty-instance-credentials-elsewhere",
            [
                "guardduty",
                "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
                "us-east-1",
                "2026-03-02T09:15:02.456Z",
                "web-server",
                "8",
                "high",
                "111122223333:AROAEXAMPLEID",
            ],
        ),
        (
            "guardduty-bucket-anonymous",
            [
                "guardduty",
                "Policy:S3/BucketAnonymousAccessGranted",
                "us-east-1",
                "2026-03-02T09:15:02.456Z",
                "arn:aws:s3:::example-reports",
                "5",
                "medium",
                &user,
            ],
        ),
        (
            "ecr-scan-critical",
            ["ecr_scan", "ECR Image Scan", "us-east-1", "2026-03-02T02:36:48Z", "shop/web", "", "critical", A],
        ),
        (
            "ecr-scan-high",
            ["ecr_scan", "ECR Image Scan", "us-east-1", "2026-03-02T02:36:48Z", "shop/web", "", "high", A],
        ),
        ("ecr-scan-clean", ["ecr_scan", "ECR Image Scan", "us-east-1", "2026-03-02T02:36:48Z", "shop/web", "", "", A]),
        (
            "inspector-package",
            [
                "inspector",
                "CVE-2021-44228",
                "us-east-1",
                "2026-03-02T16:10:00Z",
                "i-0abcdef1234567890",
                "CRITICAL",
                "critical",
                A,
            ],
        ),
        (
            "inspector-port",
            [
                "inspector",
                "NETWORK_REACHABILITY",
                "us-east-1",
                "2026-03-02T16:10:00Z",
                "i-0abcdef1234567890",
                "MEDIUM",
                "medium",
                A,
            ],
        ),
        (
            "securityhub-root-key",
            [
                "securityhub",
                "IAM.4",
                "us-west-2",
                "2026-03-02T09:00:00Z",
                "AWS::::Account:111122223333",
                "CRITICAL",
                "critical",
                A,
            ],
        ),
        (
            "securityhub-security-group",
            ["securityhub", "EC2.2", "us-west-2", "2026-03-02T09:00:00Z", &group, "HIGH", "high", A],
        ),
        (
            "securityhub-ocsf",
            [
                "securityhub",
                "Effects",
                "us-east-1",
                "2026-03-02T09:10:00Z",
                "arn:aws:iam::111122223333:role/web-server",
                "High",
                "high",
                A,
            ],
        ),
        (
            "access-analyzer-public",
            [
                "access_analyzer",
                "Access Analyzer Finding",
                "us-west-2",
                "2026-03-02T07:41:23Z",
                "arn:aws:s3:::example-public",
                "",
                "",
                A,
            ],
        ),
        (
            "access-analyzer-other-account",
            [
                "access_analyzer",
                "Access Analyzer Finding",
                "us-west-2",
                "2026-03-02T07:41:23Z",
                "arn:aws:iam::111122223333:role/partner",
                "",
                "",
                A,
            ],
        ),
        (
            "macie-bucket-public",
            [
                "macie",
                "Policy:IAMUser/S3BucketPublic",
                "us-east-1",
                "2026-03-02T09:05:00Z",
                "arn:aws:s3:::example-people",
                "High",
                "high",
                "arn:aws:sts::111122223333:assumed-role/ops",
            ],
        ),
        (
            "macie-sensitive-data",
            [
                "macie",
                "SensitiveData:S3Object/Personal",
                "us-east-1",
                "2026-03-02T09:05:00Z",
                "example-people/people.csv",
                "Medium",
                "medium",
                A,
            ],
        ),
        (
            "health-credentials-exposed",
            [
                "health",
                "AWS_RISK_CREDENTIALS_EXPOSED",
                "us-east-1",
                "2026-03-02T15:27:57Z",
                "AKIAIOSFODNN7EXAMPLE",
                "",
                "",
                A,
            ],
        ),
        (
            "health-abuse",
            [
                "health",
                "AWS_ABUSE_DOS_REPORT",
                "us-east-1",
                "2026-03-02T15:27:57Z",
                "arn:aws:ec2:us-east-1:111122223333:instance/i-0abcdef1234567890",
                "",
                "",
                A,
            ],
        ),
        (
            "config-non-compliant",
            [
                "config",
                "s3-bucket-public-read-prohibited",
                "us-east-1",
                "2026-03-02T10:00:00Z",
                "example-reports",
                "",
                "",
                A,
            ],
        ),
        (
            "config-compliant",
            ["config", "encrypted-volumes", "us-east-1", "2026-03-02T10:00:00Z", "vol-0123456789abcdef0", "", "", A],
        ),
        ("alarm-root-use", ["alarm", "RootUse", "us-east-1", "2026-03-02T17:04:40Z", "RootUse", "", "", A]),
        ("alarm-back-to-ok", ["alarm", "Errors", "us-east-1", "2026-03-02T17:04:40Z", "Errors", "", "", A]),
    ];
    for (name, expected) in cases {
        let record = record(&format!("events/findings/{name}.json"));
        let json = record.to_value();
        let at = |path: &str| match json.pointer(path) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string().trim_end_matches(".0").to_owned(),
            None => String::new(),
        };
        let short = |name| record.field(trailbell::record::Virtual::named(name).unwrap()).unwrap_or_default();
        let found = [
            short("event_type"),
            at("/eventName"),
            short("region"),
            at("/eventTime"),
            at("/finding/resource"),
            at("/finding/severity"),
            at("/finding/level"),
            short("principal"),
        ];
        assert_eq!(found, expected.map(str::to_owned), "{name}");
        assert_eq!([short("accountId"), short("ownerAccount"), at("/recipientAccountId")], [A, A, A], "{name}");
        assert_eq!(json["eventID"], sample(name)["id"], "{name}");
    }
    for detector in DETECTORS {
        assert!(cases.iter().filter(|(_, [word, ..])| *word == detector.word).count() >= 2, "{}", detector.word);
    }
}

#[test]
fn rules_of_cloudtrail_match_no_finding_and_rules_of_findings_no_record_of_cloudtrail() {
    let rules = "rules:
- {name: All Calls, severity: 3, filter: 'event_type = \"cloudtrail\"'}
- {name: Any, severity: 3, filter: error = null}
- {name: Not Missing, severity: 3, filter: 'eventName != \"X\" and not userAgent = \"y\"'}
- {name: GuardDuty, severity: 3, filter: 'event_type = \"guardduty\"'}
- {name: Level, severity: 3, filter: 'finding.level = null or finding.level != \"x\"', suppressions: ['event_type = \"cloudtrail\"']}
- {name: Below, severity: 3, filter: 'detail.severity >= 7'}
- name: Steps
  severity: 3
  window: 1h
  by: [accountId]
  sequence: [{filter: 'event_type = \"guardduty\"'}, {filter: error = null}]
";
    let call = record("events/records/ecr/put-image.json");
    assert_eq!(matched(rules, &call), ["All Calls", "Any", "Not Missing", "Level", "Steps"]);
    let found = record("events/findings/guardduty-instance-credentials-elsewhere.json");
    assert_eq!(matched(rules, &found), ["GuardDuty", "Level", "Below", "Steps"]);
    let sequence = RuleSet::parse(rules).unwrap().0.rules.pop().unwrap();
    let steps = |record| sequence.arrivals(record).iter().map(|one| one.steps).collect::<Vec<_>>();
    assert_eq!((steps(&found), steps(&call)), (vec![1], vec![2]));
    // None of those that ship matches what is not its own.
    let shipped = String::from_utf8(file("rules.yaml")).unwrap();
    for name in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("events/findings")).unwrap() {
        let event: Value = serde_json::from_slice(&fs::read(name.unwrap().path()).unwrap()).unwrap();
        for record in records(&event) {
            let word = record.field(trailbell::record::Virtual::EventType).unwrap();
            let rules = RuleSet::parse(&shipped).unwrap().0.rules;
            for rule in rules.iter().filter(|rule| rule.verdict(&record) != trailbell::rule::Verdict::NoMatch) {
                assert!(rule.filter.to_string().contains(&format!("\"{word}\"")), "{}", rule.name);
            }
        }
    }
}

#[test]
fn each_finding_of_a_batch_is_a_record_of_its_own() {
    let mut event = sample("securityhub-two-controls");
    let both = records(&event);
    let names: Vec<_> = both.iter().map(|record| record.to_value()["eventName"].clone()).collect();
    assert_eq!(names, ["IAM.4", "EC2.2"]);
    assert_eq!(both.iter().map(|one| one.to_value()["detail"]["findings"].as_array().unwrap().len()).sum::<usize>(), 2);
    assert_ne!(both[0].identity(), both[1].identity());
    // Delivered again, they are the same events.
    assert_eq!(records(&event)[1].identity(), both[1].identity());
    let one = event["detail"]["findings"][0].clone();
    let mut many = vec![one; 100];
    many[7] = json!("no finding");
    event["detail"]["findings"] = Value::Array(many);
    let lines = shown(&event);
    assert_eq!(lines.len(), 100);
    assert_eq!(lines.iter().filter(|line| *line == "record").count(), 99);
    let id = event["id"].as_str().unwrap();
    assert_eq!(lines[7], format!("finding 7 of EventBridge event {id} cannot be read: a finding must be an object"));
}

/// Sources and types that no detector has: none is lost without a count.
#[test]
fn an_event_of_another_source_is_skipped_refused_or_an_error() {
    let with = |kind: &str, source: &str| {
        let mut event = sample("guardduty-ssh-brute-force");
        event["detail-type"] = json!(kind);
        event["source"] = json!(source);
        shown(&event)
    };
    for detector in DETECTORS {
        for kind in detector.detail_types {
            for source in ["mine", "aws.partner/example.com/x", "aws", "", "aws."] {
                assert_eq!(with(kind, source), ["skip forged_event"], "{kind} of {source}");
            }
        }
    }
    assert_eq!(with("GuardDuty Finding", "aws.ec2"), ["skip unknown_event"]);
    assert_eq!(with("GuardDuty Malware Protection Object Scan Result", "aws.guardduty"), ["skip unknown_event"]);
    assert_eq!(with("Config Configuration Item Change", "aws.config"), ["skip config_message"]);
    assert!(with("Something", "mine")[0].contains("the payload has no known shape"));
}

#[test]
fn a_finding_with_missing_parts_is_a_record_and_one_without_any_is_an_error() {
    let with = |name: &str, pointer: &str, value: Value| {
        let mut event = sample(name);
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    let error = |event: &Value| shown(event).pop().unwrap();
    assert!(error(&with("macie-sensitive-data", "/detail", json!(null))).ends_with("it has no `detail`"));
    assert!(error(&with("macie-sensitive-data", "/detail", json!("text"))).ends_with("a finding must be an object"));
    let hub = |value| error(&with("securityhub-root-key", "/detail/findings", value));
    assert!(hub(json!([])).ends_with("its `findings` is empty"));
    assert!(hub(json!({"Id": "x"})).ends_with("its `findings` is not a list"));
    assert!(error(&with("securityhub-root-key", "/detail", json!({}))).ends_with("it has no `findings`"));
    // Of a version that is not known, or without anything that is known, it is a finding of its account still.
    for event in [
        with("guardduty-ssh-brute-force", "/detail", json!({})),
        with(
            "guardduty-ssh-brute-force",
            "/detail",
            json!({"schemaVersion": "9.9", "severity": {"value": 8}, "resource": 5}),
        ),
        with("securityhub-root-key", "/detail/findings", json!([{"SchemaVersion": "2099-01-01", "Severity": []}])),
    ] {
        let [record] = <[Record; 1]>::try_from(records(&event)).unwrap();
        let json = record.to_value();
        assert_eq!(json["recipientAccountId"], json!(A));
        assert_eq!(json["eventTime"], event["time"]);
        assert_eq!(json["finding"].get("level"), None);
    }
    let mut bare = json!({"detail-type": "GuardDuty Finding", "source": "aws.guardduty", "detail": {"severity": 5}});
    let [one] = <[Record; 1]>::try_from(records(&bare)).unwrap();
    bare["detail"]["severity"] = json!(6);
    assert_ne!(one.identity(), records(&bare)[0].identity());
}

/// The largest event of EventBridge has 256 KB.
#[test]
fn a_large_event_keeps_its_text_as_it_is_written() {
    let mut event = sample("guardduty-ssh-brute-force").to_string();
    let filler = "x".repeat(250_000);
    event = event.replace(
        r#""archived":false"#,
        &format!(r#""archived":false,"big":1.0e2,"lone":"\ud800","filler":"{filler}""#),
    );
    let work = decode(event.as_bytes()).unwrap().units.remove(0).work.remove(0);
    let Work::Record { text, .. } = work else { panic!() };
    assert!(text.contains(r#""big":1.0e2,"lone":"\ud800""#) && text.len() > 250_000);
    assert_eq!(engine::parse(text.as_bytes()).unwrap().0.detector().unwrap().word, "guardduty");
}

fn alert_of(name: &str, rule: &str) -> Alert {
    let rules = RuleSet::parse(&String::from_utf8(file("rules.yaml")).unwrap()).unwrap().0;
    let record = record(&format!("events/findings/{name}.json"));
    match Engine::new(rules).evaluate_plainly(record.to_string().as_bytes()) {
        Evaluated::Record { findings, .. } => {
            let finding = findings.into_iter().find(|finding| finding.rule.id == rule).unwrap();
            Alert::new(finding, Some(Origin::Message("EventBridge event x".to_owned())), &Arc::default())
        }
        other @ Evaluated::Unparsable(_) => panic!("{other:?}"),
    }
}

#[test]
fn an_alert_shows_what_was_found_where_and_how_bad_it_is() {
    let alert = alert_of("guardduty-instance-credentials-elsewhere", "guardduty-finding-of-high-severity");
    let text = render(Format::TEXT, &alert).body;
    for part in [
        "GuardDuty reports UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration",
        "on web-server, severity high",
        "111122223333",
        "us-east-1",
        "Credentials for the EC2 instance role web-server were used from an external IP address",
        "8 (high)",
        "web-server (AccessKey)",
        "https://us-east-1.console.aws.amazon.com/guardduty/home?region=us-east-1#/findings?macros=current&fId=16afba5c5c43e07c9e3e5e2e544e95df",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    for call in [" called ", "succeeded", "lookup-events", "anonymous", "unknown"] {
        assert!(!text.contains(call), "{call}\n{text}");
    }
    let ocsf: Value = serde_json::from_str(&render(Format::OCSF, &alert).body).unwrap();
    assert_eq!(ocsf["finding_info"]["data_sources"], json!(["GuardDuty"]));
    assert_eq!(ocsf.get("api"), None);
    assert_eq!(ocsf["unmapped"]["finding"]["severity"], json!("8"));
    assert_eq!(ocsf["unmapped"]["finding"]["id"], json!("16afba5c5c43e07c9e3e5e2e544e95df"));
    assert_eq!(ocsf["resources"], json!([{"type": "AccessKey", "uid": "web-server"}]));
    assert!(ocsf["finding_info"]["src_url"].as_str().unwrap().ends_with("fId=16afba5c5c43e07c9e3e5e2e544e95df"));
}

/// No text of a finding leads a reader to another site.
#[test]
fn the_link_of_a_finding_has_only_checked_parts() {
    let mut event = sample("guardduty-instance-credentials-elsewhere");
    event["detail"]["id"] = json!("x&redirect=https://evil.example/#@");
    let [record] = <[Record; 1]>::try_from(records(&event)).unwrap();
    let link = trailbell::alert::EventView(&record).detected().unwrap().page().unwrap();
    assert!(link.ends_with("fId=x%26redirect%3Dhttps%3A%2F%2Fevil%2Eexample%2F%23%40"), "{link}");
    event["detail"]["region"] = json!("evil.example/");
    let [record] = <[Record; 1]>::try_from(records(&event)).unwrap();
    assert_eq!(trailbell::alert::EventView(&record).detected().unwrap().page(), None);
}
