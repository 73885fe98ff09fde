//! `trailbell preview`: the alert of one rule for one record, as every channel gets it.

use crate::command::{folder, trailbell, trailbell_reading};
use serde_json::Value;

const PUT_IMAGE: &str = "events/records/ecr/put-image.json";
const LOG: &str = "events/bucket/trailbell-demo-logs/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz";

/// The text below each heading.
fn check(arguments: &[&str]) -> (String, [String; 3]) {
    let ran = trailbell(&[&["preview"], arguments].concat());
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{arguments:?}");
    let (before, rest) = ran.stdout.split_once("── text ─").unwrap();
    let (text, rest) = rest.split_once("── chat ─").unwrap();
    let (chat, ocsf) = rest.split_once("── ocsf ─").unwrap();
    let parts = [text, chat, ocsf].map(|part| part.trim_start_matches('─').trim().to_owned());
    (before.to_owned(), parts)
}

fn refused(arguments: &[&str], says: &str) {
    let ran = trailbell(&[&["preview"], arguments].concat());
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{arguments:?}");
    assert!(ran.stderr.starts_with("error: ") && ran.stderr.contains(says), "{arguments:?}\n{}", ran.stderr);
}

/// What is previewed is the alert that the function sends: the same id.
#[test]
fn the_alert_has_the_id_that_it_is_sent_with() {
    let ran = trailbell(&["scan", "--alerts", "--format", "jsonl", LOG]);
    for line in ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let rule = line["rule"].as_str().unwrap();
        let matches = trailbell(&["scan", "--format", "jsonl", LOG]).stdout;
        let matches: Vec<Value> = matches.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of_rule: Vec<&Value> = matches.iter().filter(|one| one["rule"] == rule).collect();
        let [only] = of_rule[..] else { continue };
        let (_, [text, ..]) = check(&[rule, LOG, "--event-id", only["eventID"].as_str().unwrap()]);
        assert!(text.contains(&format!("Alert     {}", line["alert_id"].as_str().unwrap())), "{text}");
    }
}

/// Every format has the values of the record.
#[test]
fn every_format_shows_the_same_event() {
    let (before, [text, chat, ocsf]) = check(&["CloudTrail: ECR Put Image", PUT_IMAGE]);
    assert_eq!(before, "");
    assert!(text.starts_with("Subject: SEV3 [111122223333] ci-deploy pushes image shop/web:1.42.1\n\n"));
    let [chat, ocsf]: [Value; 2] = [chat, ocsf].map(|json| serde_json::from_str(&json).unwrap());
    // "Custom notifications" in the Amazon Q Developer in chat applications guide; `class_uid` of the OCSF schema.
    assert_eq!((&chat["version"], &chat["source"]), (&"1.0".into(), &"custom".into()));
    assert_eq!(ocsf["class_uid"], 2004);
    let [chat, ocsf] = [chat, ocsf].map(|json| json.to_string());
    for fact in ["GitHubActions", "PutImage", "111122223333", "bb2adece-e2ad-49af-a023-29c3643ce7f5"] {
        for rendering in [&text, &chat, &ocsf] {
            assert!(rendering.contains(fact), "{fact}\n{rendering}");
        }
    }
}

#[test]
fn a_file_below_its_key_is_named_as_the_object() {
    let event = "e6c18431-290b-4ebb-a0ee-b1d0d5aca2e3";
    let (_, [text, ..]) = check(&["cloudtrail-ssm-start-session", LOG, "--event-id", event]);
    let object = format!("\nObject    s3://{}\n", LOG.strip_prefix("events/bucket/").unwrap());
    assert!(text.contains(&object), "{text}");
    let (_, [text, ..]) = check(&["cloudtrail-ecr-put-image", PUT_IMAGE]);
    assert!(!text.contains("\nObject "), "{text}");
}

#[test]
fn an_alert_that_would_not_be_sent_is_shown_with_the_reason() {
    let rules = "rules:
  - {name: Quiet, severity: 1, filter: eventName exists, suppressions: [eventName exists]}
  - {name: Off, severity: 1, filter: eventName exists, enabled: false}
";
    let root = folder("preview", &[("rules.yaml", rules.as_bytes())]);
    let rules = root.join("rules.yaml").display().to_string();
    let (before, _) = check(&["--rules", &rules, "Quiet", PUT_IMAGE]);
    assert!(before.contains("is suppressed"), "{before}");
    let (before, _) = check(&["--rules", &rules, "Off", PUT_IMAGE]);
    assert!(before.contains("is disabled"), "{before}");
}

#[test]
fn a_record_that_raises_no_alert_is_refused() {
    let rule = "CloudTrail: ECR Put Image";
    refused(
        &[rule, "events/records/ecr/batch-get-image.json"],
        "`trailbell explain` with the same arguments shows why",
    );
    refused(&["CloudTrail: ECR Put Imag", PUT_IMAGE], "did you mean `CloudTrail: ECR Put Image`?");
    refused(&["cloudtrail-iam-create-user", LOG], "add --event-id ID");
    refused(&[rule, "no such file"], "no such file");
    refused(&["--rules", "no such file", rule, PUT_IMAGE], "no such file");
}

/// A terminal's escape sequences begin with a control character (ECMA-48); U+202E reverses the direction of the text.
#[test]
fn no_record_can_control_the_terminal() {
    let record = r#"{"eventVersion":"1.08","eventSource":"ecr.amazonaws.com","eventName":"PutImage","eventID":"\u001b[2J\n\u202e","userAgent":"\u009b31m","userIdentity":{"userName":"a\u001b]0;x\u0007b\nSEV1"}}"#;
    let ran = trailbell_reading(&["preview", "cloudtrail-ecr-put-image", "-"], record.as_bytes());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
    assert!(!ran.stdout.contains(steers), "{:?}", ran.stdout);
    assert!(!ran.stdout.lines().any(|line| line.starts_with("SEV1")), "{}", ran.stdout);
}

/// The alert has the id that the last event of the sequence raises it with, and the values of `by`.
#[test]
fn a_rule_that_takes_more_than_one_event_says_what_it_takes() {
    let rules = "rules:
  - {name: Many, severity: 3, filter: eventName = \"B\", threshold: 21, window: 10m}
  - {name: Values, severity: 3, filter: eventName = \"B\", threshold: 5, distinct: region}
  - {name: New, severity: 3, filter: eventName = \"B\", threshold: 3, first_seen: {fields: [principal, ip]}}
  - name: Steps
    severity: 3
    window: 1h
    sequence: [{filter: eventName = \"A\", by: [requestParameters.a]}, {filter: eventName exists, by: [requestParameters.b]}]
";
    let event = |id: &str, time: &str, name: &str, parameters: &Value| {
        let mut event =
            serde_json::json!({"eventVersion": "1.08", "eventSource": "s", "userIdentity": {"userName": "ada"}});
        event["eventID"] = id.into();
        event["eventTime"] = format!("2026-03-02T{time}Z").into();
        event["eventName"] = name.into();
        event["requestParameters"] = parameters.clone();
        event
    };
    let first = event("1", "09:00:00", "A", &serde_json::json!({"a": "x"}));
    let second = event("2", "09:10:00", "B", &serde_json::json!({"b": "x"}));
    let both = serde_json::json!({"Records": [first, second]});
    let files = [
        ("rules.yaml", rules.to_owned()),
        ("a.json", first.to_string()),
        ("b.json", second.to_string()),
        ("log.json", both.to_string()),
    ];
    let root = folder("preview-counting", &files.each_ref().map(|(name, text)| (*name, text.as_bytes())));
    let path = |name: &str| root.join(name).display().to_string();
    let before = |rule: &str, file: &str| check(&["--rules", &path("rules.yaml"), rule, &path(file)]).0;
    insta::assert_snapshot!(before("Many", "b.json"), @"The rule takes 21 events within 10m. These logs have 1; the alert below is as if 20 more had come.");
    insta::assert_snapshot!(before("Values", "b.json"), @"The rule takes 5 different values of `region` within 24h. These logs have 1; the alert below is as if 4 more had come.");
    insta::assert_snapshot!(before("New", "b.json"), @"The rule takes 3 new combinations of `principal`, `ip` within 24h. These logs have 1; the alert below is as if 2 more had come.");
    insta::assert_snapshot!(before("Steps", "b.json"), @"The rule takes an event for each of 2 steps within 1h. This record can be step 2; the alert below is as if the others had come at the same time.");
    insta::assert_snapshot!(before("Steps", "a.json"), @"The rule takes an event for each of 2 steps within 1h. This record can be step 1; the alert below is as if the others had come at the same time.");
    insta::assert_snapshot!(before("Steps", "log.json"), @"The rule takes an event for each of 2 steps within 1h: the alert below is about those of these logs.");
    // What the alert counts is what the rule takes.
    let counts = |rule: &str, file: &str| {
        let (_, [text, _, ocsf]) = check(&["--rules", &path("rules.yaml"), rule, &path(file)]);
        let ocsf: Value = serde_json::from_str(&ocsf).unwrap();
        let count = [&ocsf["count"], &ocsf["unmapped"]["count_of_values"]].into_iter().find_map(Value::as_u64);
        let names = ["Count ", "Steps ", "          2 at", "Events "];
        let rows = text.lines().filter(|line| names.iter().any(|name| line.starts_with(name)));
        (count, rows.collect::<Vec<_>>().join("\n"))
    };
    assert_eq!(counts("Many", "b.json"), (Some(21), "Count     21 events\nEvents    2, and 20 more".to_owned()));
    assert_eq!(
        counts("Values", "b.json"),
        (Some(5), "Count     5 different values of region\nEvents    2, and 4 more".to_owned())
    );
    assert_eq!(
        counts("New", "b.json"),
        (Some(3), "Count     3 new combinations of principal, ip\nEvents    2, and 2 more".to_owned())
    );
    let (count, rows) = counts("Steps", "b.json");
    assert_eq!(count, Some(2));
    insta::assert_snapshot!(rows, @r#"
    Count     2 events
    Steps     1 at 2026-03-02T09:10:00Z: event "not in these logs", eventName = "A"
              2 at 2026-03-02T09:10:00Z: event 2, eventName exists
    "#);
    let (count, rows) = counts("Steps", "log.json");
    assert_eq!(count, Some(2));
    insta::assert_snapshot!(rows, @r#"
    Count     2 events, from 2026-03-02T09:00:00Z to 2026-03-02T09:10:00Z
    Steps     1 at 2026-03-02T09:00:00Z: event 1, eventName = "A"
              2 at 2026-03-02T09:10:00Z: event 2, eventName exists
    Events    1, 2 (2 in all)
    "#);
    let ran = trailbell(&["scan", "--alerts", "--format", "jsonl", "--rules", &path("rules.yaml"), &path("log.json")]);
    let alert: Value = serde_json::from_str(ran.stdout.trim()).unwrap();
    assert_eq!((&alert["rule"], &alert["values"]), (&"Steps".into(), &serde_json::json!({"requestParameters.a": "x"})));
    let (_, [text, ..]) = check(&["--rules", &path("rules.yaml"), "Steps", &path("b.json")]);
    assert!(text.contains(&format!("Alert     {}", alert["alert_id"].as_str().unwrap())), "{text}\n{alert}");
}

/// The alert of `first_seen` has the id and the values of that of `scan --alerts`, with a threshold and without.
#[test]
fn the_alert_of_new_values_is_that_of_a_scan() {
    let rules = "rules:
  - {name: Counted, severity: 3, filter: eventName exists, threshold: 2, aggregate_fields: [eventSource], first_seen: {fields: [ip], learning: 0s}}
  - {name: Default, severity: 3, filter: eventName exists, threshold: 2, first_seen: {fields: [ip], learning: 0s}}
  - {name: Single, severity: 3, filter: eventName exists, aggregate_fields: [eventSource], first_seen: {fields: [requestParameters.a], learning: 0s}}
";
    let event = |id: &str, minute: u8, ip: &str| {
        serde_json::json!({"eventVersion": "1.08", "eventID": id, "eventTime": format!("2026-03-02T09:{minute:02}:00Z"),
            "eventName": "B", "eventSource": "s", "sourceIPAddress": ip, "requestParameters": {"a": ip},
            "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/r/s"}})
    };
    let log = serde_json::json!({"Records": [event("1", 0, "192.0.2.1"), event("2", 5, "192.0.2.2")]}).to_string();
    let root = folder("preview-new", &[("rules.yaml", rules.as_bytes()), ("log.json", log.as_bytes())]);
    let path = |name: &str| root.join(name).display().to_string();
    let (rules, log) = (path("rules.yaml"), path("log.json"));
    let ran = trailbell(&["scan", "--alerts", "--format", "jsonl", "--rules", &rules, &log]);
    let alerts: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = alerts.iter().map(|alert| alert["rule"].as_str().unwrap()).collect();
    assert_eq!(names, ["Single", "Counted", "Default", "Single"], "{}", ran.stdout);
    for alert in &alerts {
        let event = if alert["last"] == "2026-03-02T09:00:00Z" { "1" } else { "2" };
        let (_, [.., ocsf]) = check(&["--rules", &rules, alert["rule"].as_str().unwrap(), &log, "--event-id", event]);
        let ocsf: Value = serde_json::from_str(&ocsf).unwrap();
        assert_eq!(ocsf["metadata"]["uid"], alert["alert_id"], "{alert}");
        let mut values = alert["values"].clone();
        values.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        assert_eq!(ocsf["unmapped"]["aggregate_values"], values, "{alert}");
    }
}

/// Twenty-five copies of disks are deleted, one every ten seconds; the rule takes twenty.
#[test]
fn the_records_of_a_file_are_counted_as_a_scan_counts_them() {
    let record: Value =
        serde_json::from_slice(&std::fs::read("events/records/ec2/terminate-instances.json").unwrap()).unwrap();
    let nth = |nth: u32| {
        let mut record = record.clone();
        record["eventName"] = "DeleteSnapshot".into();
        record["requestParameters"] = serde_json::json!({"snapshotId": format!("snap-{nth:017x}")});
        record["eventID"] = format!("00000000-0000-4000-8000-{nth:012}").into();
        record["eventTime"] = format!("2026-03-02T09:{:02}:{:02}Z", nth / 6, nth % 6 * 10).into();
        record
    };
    let log = serde_json::json!({"Records": (1..=25).map(nth).collect::<Vec<_>>()}).to_string();
    let root = folder("preview-series", &[("log.json", log.as_bytes())]);
    let log = root.join("log.json").display().to_string();
    let rule = "cloudtrail-ec2-disks-or-images-destroyed-in-bulk";
    let ran = trailbell(&["scan", "--alerts", "--format", "jsonl", &log]);
    let alerts = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let alert = alerts
        .into_iter()
        .find(|alert| alert["id"] == rule || alert["rule"] == "CloudTrail: EC2 Disks Or Images Destroyed In Bulk")
        .unwrap();
    for arguments in [&[rule, &log][..], &[rule, &log, "--event-id", "00000000-0000-4000-8000-000000000020"]] {
        let (before, [text, ..]) = check(arguments);
        assert_eq!(before, "The rule takes 20 events within 10m: the alert below is about those of these logs.\n\n");
        assert!(text.contains("\nCount     20 events, from 2026-03-02T09:00:10Z to 2026-03-02T09:03:20Z\n"), "{text}");
        assert!(text.contains(" and it succeeded, the last of 20 events\n"), "{text}");
        assert!(text.contains(&format!("\nAlert     {}", alert["alert_id"].as_str().unwrap())), "{text}\n{alert}");
    }
    let (before, [text, ..]) = check(&[rule, &log, "--event-id", "00000000-0000-4000-8000-000000000007"]);
    assert_eq!(
        before,
        "The rule takes 20 events within 10m. These logs have 7; the alert below is as if 13 more had come.\n\n"
    );
    assert!(text.contains("\nCount     20 events, from 2026-03-02T09:00:10Z to 2026-03-02T09:01:10Z\n"), "{text}");
    assert!(text.contains("000000000006, 00000000-0000-4000-8000-000000000007, and 13 more\n"), "{text}");
}

#[test]
fn a_first_seen_alert_and_an_insight_are_as_they_come() {
    let mut record: Value =
        serde_json::from_slice(&std::fs::read("events/records/ec2/run-instances.json").unwrap()).unwrap();
    for key in ["errorCode", "errorMessage"] {
        record.as_object_mut().unwrap().remove(key);
    }
    let insight = serde_json::json!({
        "eventVersion": "1.11", "eventTime": "2026-05-04T11:11:00Z", "awsRegion": "us-east-1", "eventCategory": "Insight",
        "eventID": "8f2b4c1d-3a5e-4d6f-9b7a-0c1d2e3f4a5b", "eventType": "AwsCloudTrailInsight", "recipientAccountId": "111122223333",
        "insightDetails": {"state": "Start", "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances", "insightType": "ApiCallRateInsight",
            "insightContext": {"statistics": {"baseline": {"average": 0.5}, "insight": {"average": 6}, "insightDuration": 5}}},
    });
    let rules = "rules: [{name: Unusual, severity: 2, filter: event_type = 'insight'}]";
    let (record, insight) = (record.to_string(), insight.to_string());
    let files =
        [("run.json", record.as_bytes()), ("insight.json", insight.as_bytes()), ("rules.yaml", rules.as_bytes())];
    let root = folder("preview-kinds", &files);
    let path = |name: &str| root.join(name).display().to_string();
    let (before, [text, ..]) = check(&["CloudTrail: New Region", &path("run.json")]);
    assert!(
        before.is_empty() && text.contains("\nNew       recipientAccountId = 111122223333\n          region = "),
        "{before}{text}"
    );
    assert!(text.contains("\n          not seen together in the 90d before\n"), "{text}");
    let (before, [text, ..]) = check(&["--rules", &path("rules.yaml"), "Unusual", &path("insight.json")]);
    assert!(before.is_empty() && text.contains("began: 6 calls a minute, usually 30 an hour\n"), "{before}{text}");
}
