//! The counts of an invocation as CloudWatch reads them: "Specification: Embedded metric format" in the CloudWatch User
//! Guide.

use std::collections::BTreeMap;

use crate::ports::{Memory, Outbox, event, handled, images, log_file, publish_error};
use serde_json::{Value, json};
use trailbell::{
    handler::{Outcome, Sends},
    state::Audience,
};

const FUNCTION: &str = "trailbell";

/// The metrics of a document with their values; whatever the specification demands of it holds.
fn check(document: &Value) -> BTreeMap<String, u64> {
    assert!(document.to_string().len() <= 256 * 1024 && !document.to_string().contains('\n'));
    let metadata = document["_aws"].as_object().unwrap();
    assert_eq!(metadata.keys().collect::<Vec<_>>(), ["CloudWatchMetrics", "Timestamp"]);
    assert!(metadata["Timestamp"].is_u64(), "milliseconds since 1970");
    let [directive] = &metadata["CloudWatchMetrics"].as_array().unwrap()[..] else { panic!("{document}") };
    assert_eq!(directive.as_object().unwrap().keys().collect::<Vec<_>>(), ["Dimensions", "Metrics", "Namespace"]);
    let namespace = directive["Namespace"].as_str().unwrap();
    assert!((1..=1024).contains(&namespace.len()) && !namespace.starts_with("AWS/"));
    for set in directive["Dimensions"].as_array().unwrap() {
        let set = set.as_array().unwrap();
        assert!(set.len() <= 30);
        for dimension in set {
            // A dimension refers to a member at the top, which must be text.
            let value = document[dimension.as_str().unwrap()].as_str().unwrap();
            assert!((1..=1024).contains(&value.len()));
        }
    }
    let metrics = directive["Metrics"].as_array().unwrap();
    assert!((1..=100).contains(&metrics.len()));
    let mut named = BTreeMap::new();
    for metric in metrics {
        let name = metric["Name"].as_str().unwrap();
        assert_eq!(metric.as_object().unwrap().keys().collect::<Vec<_>>(), ["Name", "Unit"]);
        assert_eq!(metric["Unit"], if name == "lag_seconds" { "Seconds" } else { "Count" });
        // So does a metric, and it must be a number, or at most a hundred.
        let value = match document[name].as_array() {
            Some(values) => {
                assert!((1..=100).contains(&values.len()));
                values.iter().map(|value| value.as_u64().unwrap()).max().unwrap()
            }
            None => document[name].as_u64().unwrap_or_else(|| panic!("{name} in {document}")),
        };
        assert!(named.insert(name.to_owned(), value).is_none(), "{name} is named twice");
    }
    named
}

fn metrics(outcome: &Outcome) -> BTreeMap<String, u64> {
    let documents = outcome.metrics(FUNCTION, "2026-03-02T09:20:00.123Z".parse().unwrap());
    for document in &documents {
        assert_eq!(document["_aws"]["Timestamp"], 1_772_443_200_123_u64);
        assert_eq!(document["FunctionName"], FUNCTION);
        check(document);
    }
    let document = &documents[0];
    // A log line that is searched has every count, also those that are no metric because they are zero.
    assert_eq!(document["matches_muted"], 0);
    check(document)
}

#[test]
fn a_document_that_is_not_valid_is_found() {
    let metric = |name: &str| json!({"Name": name, "Unit": "Count"});
    let document = |dimension: &str, metrics: Vec<Value>, value: Value| {
        let directive = json!({"Namespace": "n", "Dimensions": [[dimension]], "Metrics": metrics});
        json!({"_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive]}, "f": "f", "a": value})
    };
    check(&document("f", vec![metric("a")], json!(1)));
    for wrong in [
        document("g", vec![metric("a")], json!(1)),
        document("f", vec![metric("b")], json!(1)),
        document("f", vec![metric("a")], json!("1")),
        document("f", vec![metric("a"), metric("a")], json!(1)),
        document("f", vec![], json!(1)),
    ] {
        assert!(std::panic::catch_unwind(|| check(&wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn an_invocation_without_alerts_has_metrics_at_zero_that_alarms_can_watch() {
    let objects = Memory::default().with("a", vec![Ok(log_file(&[r#"{"eventID":"1"}"#]))]);
    let metrics = metrics(&handled(&objects, &Outbox::open(), &event(&["a"])));
    for name in ["objects_failed", "records_unparsable", "matches_failed", "sends_failed", "handed_back"] {
        assert_eq!(metrics.get(name), Some(&0), "{metrics:?}");
    }
    assert_eq!((metrics["objects"], metrics["records"]), (1, 1));
    assert!(!metrics.contains_key("records_repaired"), "what is never interesting at zero costs nothing");
}

#[test]
fn alarms_and_dashboard_of_the_template_name_what_is_counted() {
    let template = include_str!("../../template.yaml");
    let mut outcome = Outcome::default();
    for audience in [Audience::Alerts, Audience::Chat, Audience::Findings] {
        outcome.sends.insert(audience, Sends::default());
    }
    outcome.lags.push(1);
    outcome.alerts.insert(("a-rule".to_owned(), 1), 1);
    let documents = outcome.metrics(FUNCTION, "2026-03-02T09:20:00Z".parse().unwrap());
    let document = &documents[0];

    let shown = template.split("[\"trailbell\", \"").skip(1).map(|rest| rest.split_once('"').unwrap().0);
    let shown: Vec<_> = shown.collect();
    assert!(shown.len() > 20, "{shown:?}");
    for name in shown {
        assert!(
            documents.iter().any(|document| check(document).contains_key(name) || document[name].is_u64()),
            "the dashboard shows `{name}`, which nothing counts"
        );
    }

    let at_zero = check(document);
    let watched = template.split("Namespace: trailbell\n      MetricName: ").skip(1);
    let names: Vec<_> = watched.map(|rest| rest.lines().next().unwrap()).collect();
    assert_eq!(names.len(), 11, "{names:?}");
    for name in names {
        assert!(at_zero.contains_key(name), "an alarm watches `{name}`, which is no metric while it is zero");
    }
}

#[test]
fn what_went_wrong_is_counted() {
    let objects = Memory::default().with("a", vec![Ok(images(3))]).with("b", vec![Ok(log_file(&["7"]))]);
    let outbox = Outbox::new(|message| {
        let is_first = message.body.contains("event-0\n");
        Some(if is_first { Err(publish_error("throttled", false)) } else { Ok(()) })
    });
    let digest = "AWSLogs/1/CloudTrail-Digest/us-east-1/d.json.gz";
    let metrics = metrics(&handled(&objects, &outbox, &event(&["a", "b", "gone", digest])));
    for (name, count) in [
        ("objects", 4),
        ("objects_processed", 2),
        ("objects_failed", 1),
        ("skipped_digest_file", 1),
        ("skipped_forged_event", 0),
        ("cloudtrail_files", 3),
        ("records", 4),
        ("records_unparsable", 1),
        ("notices_sent", 1),
        ("matches", 3),
        ("matches_alerted", 2),
        ("matches_failed", 1),
        ("sent_alerts", 3),
        ("failed_alerts", 1),
        ("sends_failed", 1),
        ("handed_back", 1),
    ] {
        assert_eq!(metrics.get(name), Some(&count), "{name} in {metrics:?}");
    }
}

/// A forged event costs no one an alert: it is no failure, nothing comes again, and its count has an alarm.
#[test]
fn a_forged_event_is_counted_and_fails_nothing() {
    let forged = json!({"id": "x", "detail-type": "AWS API Call via CloudTrail", "source": "com.attacker",
        "detail": {"eventID": "1", "eventSource": "ecr.amazonaws.com", "eventName": "PutImage"}});
    let outbox = Outbox::open();
    let outcome = handled(&Memory::default(), &outbox, &forged);
    assert!(outcome.answer().is_ok());
    let metrics = metrics(&outcome);
    for (name, count) in [("skipped_forged_event", 1), ("records", 0), ("objects_failed", 0), ("cloudtrail_files", 0)] {
        assert_eq!(metrics.get(name), Some(&count), "{name} in {metrics:?}");
    }
    assert!(outbox.sent.lock().unwrap().is_empty());
}

#[test]
fn alerts_are_counted_by_rule_and_by_severity_and_timed() {
    let record = r#"{"eventID":"1","eventSource":"ecr.amazonaws.com","eventName":"PutImage","eventTime":"1969-12-31T23:50:00Z"}"#;
    let objects = Memory::default().with("a", vec![Ok(log_file(&[record]))]).with("b", vec![Ok(log_file(&["7"]))]);
    let outcome = handled(&objects, &Outbox::open(), &event(&["a", "b"]));
    // The clock of the test shows the start of 1970.
    assert_eq!(outcome.lags, [600]);
    let documents = outcome.metrics(FUNCTION, "2026-03-02T09:20:00Z".parse().unwrap());
    let by_rule: Vec<_> = documents[1..].iter().map(|one| [&one["Rule"], &one["Severity"], &one["alerts"]]).collect();
    assert_eq!(
        by_rule,
        [
            [&json!("cloudtrail-ecr-put-image"), &json!("3"), &json!(1)],
            [&json!("trailbell-unread-record"), &json!("2"), &json!(1)],
        ]
    );
    assert_eq!(
        documents[1]["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
        json!([["FunctionName", "Severity"], ["FunctionName", "Rule"]])
    );
}

#[test]
fn a_payload_that_is_not_understood_is_counted_too() {
    let metrics = metrics(&handled(&Memory::default(), &Outbox::open(), &json!({})));
    assert_eq!((metrics["objects"], metrics["objects_failed"], metrics["handed_back"]), (1, 1, 1));
}
