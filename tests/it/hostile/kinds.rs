//! Duplicate events, and kinds of objects.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::ports::{Memory, Outbox, event, gzip, handled, image, log_file};

/// The ids of the alerts that payloads raise, one after the other.
fn alert_ids(objects: &Memory, payloads: &[Value]) -> BTreeSet<String> {
    let outbox = Outbox::open();
    for payload in payloads {
        let outcome = handled(objects, &outbox, payload);
        assert!(outcome.answer().is_ok());
    }
    let sent = outbox.sent.lock().unwrap();
    assert!(!sent.is_empty());
    sent.iter().map(|message| message.id.clone()).collect()
}

#[test]
fn event_id_twice_in_a_file_in_two_files_in_two_invocations_and_in_two_trails() {
    let one = image("the-same");
    let objects = Memory::default()
        .with("twice", vec![Ok(log_file(&[&one, &one]))])
        .with("AWSLogs/1/CloudTrail/trail-a.gz", vec![Ok(log_file(&[&one]))])
        .with("AWSLogs/1/CloudTrail/trail-b.gz", vec![Ok(log_file(&[&one]))]);
    let payloads = [
        event(&["twice"]),
        event(&["AWSLogs/1/CloudTrail/trail-a.gz", "AWSLogs/1/CloudTrail/trail-b.gz"]),
        event(&["AWSLogs/1/CloudTrail/trail-a.gz"]),
    ];
    assert_eq!(alert_ids(&objects, &payloads).len(), 1, "the same event is the same alert");
}

#[test]
fn event_ids_of_a_pair_with_one_shared_event_id() {
    let seen_by = |account: &str| {
        json!({"eventName": "PutImage", "eventSource": "ecr.amazonaws.com", "eventID": account, "sharedEventID": "shared",
            "recipientAccountId": account, "resources": [{"accountId": "2", "ARN": "arn:aws:ecr:eu-west-1:2:repository/x"}]})
        .to_string()
    };
    let objects = Memory::default().with("a", vec![Ok(log_file(&[&seen_by("1"), &seen_by("2")]))]);
    assert_eq!(alert_ids(&objects, &[event(&["a"])]).len(), 1);
}

#[test]
fn event_that_comes_by_s3_and_by_eventbridge() {
    let objects = Memory::default().with("a", vec![Ok(log_file(&[&image("1")]))]);
    let detail: Value = serde_json::from_str(&image("1")).unwrap();
    let record =
        json!({"id": "x", "detail-type": "AWS API Call via CloudTrail", "source": "aws.ecr", "detail": detail});
    assert_eq!(alert_ids(&objects, &[event(&["a"]), record]).len(), 1);
}

#[test]
fn kinds_with_records_are_read_and_others_are_counted_by_reason() {
    let root = "AWSLogs/o-exampleorg1/111122223333";
    for (kind, skipped) in [
        ("CloudTrail", None),
        ("CloudTrail-Insight", None),
        ("CloudTrail-NetworkActivity", None),
        ("CloudTrail-Digest", Some("digest_file")),
        ("CloudTrail-Aggregated", Some("aggregated_file")),
    ] {
        let key = format!("{root}/{kind}/us-east-1/2026/03/02/a.json.gz");
        let objects = Memory::default().with(&key, vec![Ok(log_file(&[&image("1")]))]);
        let outcome = handled(&objects, &Outbox::open(), &event(&[&key]));
        assert_eq!(outcome.objects.processed, u64::from(skipped.is_none()), "{kind}");
        assert_eq!(outcome.objects.skipped.keys().next().map(String::as_str), skipped, "{kind}");
        assert!(outcome.answer().is_ok());
    }
}

#[test]
fn kinds_of_paths_with_and_without_organization_in_other_partitions_and_below_a_prefix() {
    for key in [
        "AWSLogs/111122223333/CloudTrail/us-east-1/a.json.gz",
        "AWSLogs/o-exampleorg1/111122223333/CloudTrail/us-east-1/a.json.gz",
        "AWSLogs/111122223333/CloudTrail/us-gov-west-1/a.json.gz",
        "AWSLogs/111122223333/CloudTrail/cn-northwest-1/a.json.gz",
        "AWSLogs/111122223333/CloudTrail/us-iso-east-1/a.json.gz",
        "some/prefix/with/slashes/AWSLogs/111122223333/CloudTrail/us-east-1/a.json.gz",
    ] {
        let objects = Memory::default().with(key, vec![Ok(log_file(&[&image("1")]))]);
        assert_eq!(handled(&objects, &Outbox::open(), &event(&[key])).matches.alerted, 1, "{key}");
    }
}

/// A digest whose key does not show it; its content follows "CloudTrail digest file structure" in the CloudTrail User Guide.
#[test]
fn digest_is_recognized_by_its_first_keys() {
    let digest = json!({"awsAccountId": "111122223333", "digestStartTime": "2026-03-02T09:15:00Z",
        "digestEndTime": "2026-03-02T10:15:00Z", "digestS3Bucket": "logs", "digestS3Object": "k", "logFiles": []});
    let objects = Memory::default().with("copy.json.gz", vec![Ok(gzip(digest.to_string().as_bytes()))]);
    let outcome = handled(&objects, &Outbox::open(), &event(&["copy.json.gz"]));
    assert_eq!((outcome.objects.skipped["digest_file"], outcome.objects.failed), (1, 0));
    assert!(outcome.answer().is_ok());
}

#[test]
fn insights_are_evaluated_as_their_own_event_type() {
    let insight = r#"{"eventType":"AwsCloudTrailInsight","eventCategory":"Insight","eventID":"1","insightDetails":{"state":"Start","eventSource":"ecr.amazonaws.com","eventName":"PutImage"}}"#;
    let rules = "rules:\n  - {name: I, severity: 2, filter: 'event_type = \"insight\"'}\n  - {name: C, severity: 2, filter: 'event_type = \"cloudtrail\"'}\n";
    let engine = trailbell::engine::Engine::new(trailbell::rule::RuleSet::parse(rules).unwrap().0);
    let key = "AWSLogs/111122223333/CloudTrail-Insight/us-east-1/a.json.gz";
    let objects = Memory::default().with(key, vec![Ok(log_file(&[insight]))]);
    let outbox = Outbox::open();
    let (clock, limits) = (crate::ports::Ticking::never(), trailbell::handler::InvocationLimits::default());
    crate::ports::handled_by(&engine, &objects, &outbox, &clock, limits, &event(&[key]));
    let subjects: Vec<_> = outbox.sent.lock().unwrap().iter().map(|message| message.subject.clone()).collect();
    assert!(matches!(&subjects[..], [one] if one.starts_with("SEV2 I: ")), "{subjects:?}");
}
