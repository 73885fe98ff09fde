//! Test events, keys, and events without a new object.

use serde_json::{Value, json};
use trailbell::handler::FetchError;

use crate::{
    hostile::alerted,
    ports::{BUCKET, Memory, Outbox, event, failures, handled, image, images, log_file, queue},
};

fn test_event() -> String {
    json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2014-10-13T15:57:02.089Z", "Bucket": BUCKET})
        .to_string()
}

fn notification(message: &str) -> String {
    json!({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:111122223333:t", "Message": message}).to_string()
}

fn one_object() -> Memory {
    Memory::default().with("a", vec![Ok(images(1))])
}

fn nothing_failed() -> Value {
    json!({"batchItemFailures": []})
}

#[test]
fn test_event_bare_in_sqs_in_sns_and_sns_in_sqs() {
    for body in [test_event(), notification(&test_event())] {
        let (outcome, events) = alerted(&one_object(), &queue(&[("m", body)]));
        assert_eq!((outcome.objects.skipped["test_event"], events.len()), (1, 0));
        assert_eq!(outcome.answer(), Ok(nothing_failed()));
    }
    let sns = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": test_event()}}]});
    let (outcome, _) = alerted(&one_object(), &sns);
    assert_eq!(outcome.objects.skipped["test_event"], 1);
    assert!(outcome.answer().is_ok());
}

#[test]
fn test_event_among_notifications() {
    let good = event(&["a"]).to_string();
    let messages =
        [("1", good.clone()), ("2", test_event()), ("3", notification(&test_event())), ("4", notification(&good))];
    let (outcome, events) = alerted(&one_object(), &queue(&messages));
    // The object is named twice, and its events raise one alert.
    assert_eq!((outcome.objects.processed, outcome.objects.skipped["test_event"], events.len()), (2, 2, 1));
    assert_eq!(outcome.matches.deduplicated, 1);
    assert_eq!(outcome.answer(), Ok(nothing_failed()));
}

#[test]
fn empty_records_are_an_error() {
    let (outcome, _) = alerted(&one_object(), &json!({"Records": []}));
    assert_eq!(
        crate::ports::answer(&outcome),
        Err("the payload has no known shape: its `Records` is empty".to_owned())
    );
    let messages = [("1", r#"{"Records":[]}"#.to_owned()), ("2", event(&["a"]).to_string())];
    let (outcome, events) = alerted(&one_object(), &queue(&messages));
    assert_eq!(outcome.answer(), Ok(json!({"batchItemFailures": [{"itemIdentifier": "1"}]})));
    assert_eq!(events, ["event-0"]);
}

#[test]
fn unknown_json_is_an_error() {
    for payload in [json!({"hello": "world"}), json!({}), json!([]), json!(7), json!({"Records": [{"x": 1}]})] {
        let (outcome, _) = alerted(&one_object(), &payload);
        assert!(outcome.answer().is_err(), "{payload}");
        assert_eq!((outcome.objects.seen, outcome.objects.failed), (1, 1), "{payload}");
    }
}

/// S3 encodes keys in its events; EventBridge does not.
#[test]
fn keys_with_plus_percent_blank_dots_and_slash() {
    for (sent, key) in [
        ("red+flower.json.gz", "red flower.json.gz"),
        ("a%2Bb", "a+b"),
        ("a%20b", "a b"),
        ("100%25", "100%"),
        ("100%", "100%"),
        ("%E6%97%A5%E5%BF%97/%C3%A9", "日志/é"),
        ("a/../b", "a/../b"),
        ("../../etc/passwd", "../../etc/passwd"),
    ] {
        let objects = Memory::default().with(key, vec![Ok(images(1))]);
        let (outcome, events) = alerted(&objects, &event(&[sent]));
        assert_eq!((outcome.objects.processed, events.len()), (1, 1), "{sent}");
        let created = json!({"source": "aws.s3", "detail-type": "Object Created",
            "detail": {"bucket": {"name": BUCKET}, "object": {"key": key}}});
        let (outcome, events) = alerted(&objects, &created);
        assert_eq!((outcome.objects.processed, events.len()), (1, 1), "{key}");
    }
    // The console of S3 shows such an object as a folder.
    let outcome = alerted(&Memory::default(), &event(&["folder/"])).0;
    assert_eq!((outcome.objects.skipped["folder"], outcome.objects.failed), (1, 0));
}

#[test]
fn keys_of_eventbridge_with_a_literal_percent_2b_are_not_decoded() {
    let objects = Memory::default().with("a%2Bb+c", vec![Ok(images(1))]);
    let created = json!({"source": "aws.s3", "detail-type": "Object Created",
        "detail": {"bucket": {"name": BUCKET}, "object": {"key": "a%2Bb+c"}}});
    assert_eq!(alerted(&objects, &created).1.len(), 1);
    let cloudtrail = json!({"s3Bucket": BUCKET, "s3ObjectKey": ["a%2Bb+c"]});
    let sns = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": cloudtrail.to_string()}}]});
    assert_eq!(alerted(&objects, &sns).1.len(), 1);
}

#[test]
fn keys_with_digest_in_the_prefix_or_the_name_of_the_trail_are_read() {
    for key in [
        "Digest/AWSLogs/111122223333/CloudTrail/us-east-1/a.json.gz",
        "CloudTrail-Digest/AWSLogs/111122223333/CloudTrail/us-east-1/a.json.gz",
        "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/111122223333_CloudTrail-Digest_us-east-1.json.gz",
    ] {
        let objects = Memory::default().with(key, vec![Ok(images(1))]);
        assert_eq!(alerted(&objects, &event(&[key])).1.len(), 1, "{key}");
    }
}

#[test]
fn events_of_removal_and_restoration_are_skipped_and_copies_are_read() {
    let record = |name: &str, key: &str| json!({"eventSource": "aws:s3", "eventName": name, "s3": {"bucket": {"name": BUCKET}, "object": {"key": key}}});
    let payload = json!({"Records": [
        record("ObjectRemoved:Delete", "gone"), record("ObjectRemoved:DeleteMarkerCreated", "gone"),
        record("ObjectRestore:Post", "b"), record("ObjectRestore:Completed", "b"), record("ObjectCreated:Copy", "a"),
    ]});
    let (outcome, events) = alerted(&one_object(), &payload);
    assert_eq!((outcome.objects.skipped["not_created"], outcome.objects.processed, events.len()), (4, 1, 1));
    assert!(outcome.answer().is_ok());
}

/// In a queue and from S3: the alerts of the good object are published, and the message with the bad ones is delivered again.
#[test]
fn message_with_one_404_one_403_and_one_good() {
    let objects = one_object()
        .with("missing", vec![Err(FetchError::permanent("it does not exist (NoSuchKey)"))])
        .with("denied", vec![Err(FetchError::permanent("it may not be read (AccessDenied)"))]);
    let payload = event(&["missing", "denied", "a"]);
    let (outcome, events) = alerted(&objects, &payload);
    assert_eq!((outcome.objects.processed, outcome.objects.failed, events.len()), (1, 2, 1));
    let reason = "s3://logs/missing cannot be read: it does not exist (NoSuchKey) (and 1 more failure)";
    assert_eq!(crate::ports::answer(&outcome), Err(reason.to_owned()));
    let messages = [("bad", payload.to_string()), ("good", event(&["a"]).to_string())];
    let (outcome, events) = alerted(&objects, &queue(&messages));
    assert_eq!(outcome.answer(), Ok(json!({"batchItemFailures": [{"itemIdentifier": "bad"}]})));
    // The good object is in both messages.
    assert_eq!((outcome.objects.processed, events.len()), (2, 1));
}

#[test]
fn batch_of_several_buckets() {
    let record = |bucket: &str| json!({"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": bucket}, "object": {"key": "k"}}});
    let objects = Memory::default()
        .with("k", vec![Ok(log_file(&[&image("1")]))])
        .with("other/k", vec![Ok(log_file(&[&image("2")]))]);
    let outbox = Outbox::open();
    let outcome = handled(&objects, &outbox, &json!({"Records": [record(BUCKET), record("other"), record("third")]}));
    assert_eq!(failures(&outcome), ["s3://third/k cannot be read: access denied"]);
    let sent = outbox.sent.lock().unwrap();
    assert!(sent[0].body.contains("s3://logs/k\n") && sent[1].body.contains("s3://other/k\n"), "{sent:#?}");
}
