//! Messages of a queue that fail come again soon, and not only when the queue shows them by itself.

use serde_json::{Value, json};

use crate::{
    peer::{Peer, Reply},
    scene::{Scene, log_file},
};

const QUEUE: &str = "arn:aws:sqs:us-east-1:012345678901:logs";

fn message(scene: &Scene, name: &str, deliveries: u32) -> Value {
    json!({"messageId": name, "receiptHandle": format!("receipt of {name}"), "eventSource": "aws:sqs", "eventSourceARN": QUEUE,
        "body": scene.event(&[&format!("{name}.json.gz")]),
        "attributes": {"ApproximateReceiveCount": deliveries.to_string()}})
}

/// The messages of all requests, with the seconds after which they are visible.
fn changes(peer: &Peer) -> Vec<(String, u64)> {
    let mut changes = Vec::new();
    for body in peer.bodies() {
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["QueueUrl"], "https://sqs.us-east-1.amazonaws.com/012345678901/logs");
        let entries = body["Entries"].as_array().unwrap();
        assert!((1..=10).contains(&entries.len()), "{body}");
        for entry in entries {
            let receipt = entry["ReceiptHandle"].as_str().unwrap();
            changes.push((receipt.to_owned(), entry["VisibilityTimeout"].as_u64().unwrap()));
        }
    }
    changes
}

#[test]
fn failed_messages_are_visible_after_a_minute_and_later_each_time() {
    let scene = Scene::mild("retries");
    scene.cloud.put(&scene.bucket, "good.json.gz", &log_file());
    let peer = Peer::start(vec![Reply::text(200, r#"{"Successful": [], "Failed": []}"#)]);
    let function = scene.function(&[("AWS_ENDPOINT_URL_SQS", peer.endpoint())]);
    let deliveries = [1, 2, 3, 4, 5, 60, 1, 1, 1, 1, 1];
    let mut messages = vec![message(&scene, "good", 1)];
    messages.extend(deliveries.iter().zip(0..).map(|(count, at)| message(&scene, &format!("missing-{at}"), *count)));
    let answer = function.invoke(&json!({"Records": messages}).to_string());
    assert_eq!(serde_json::from_str::<Value>(&answer.body).unwrap()["batchItemFailures"].as_array().unwrap().len(), 11);
    let seconds = [60, 300, 1_500, 1_800, 1_800, 1_800, 60, 60, 60, 60, 60];
    let expected: Vec<_> =
        seconds.iter().zip(0..).map(|(after, at)| (format!("receipt of missing-{at}"), *after)).collect();
    assert_eq!(changes(&peer), expected);

    // Without a failure, nothing is asked of the queue.
    function.invoke(&json!({"Records": [message(&scene, "good", 2)]}).to_string());
    assert_eq!(changes(&peer).len(), 11);
}

#[test]
fn a_queue_that_refuses_shows_the_message_later() {
    let scene = Scene::mild("retries-refused");
    let denied = r#"{"__type": "com.amazonaws.sqs#AccessDeniedException", "message": "no"}"#;
    let peer = Peer::start(vec![Reply::text(400, denied)]);
    let function = scene.function(&[("AWS_ENDPOINT_URL_SQS", peer.endpoint())]);
    let answer = function.invoke(&json!({"Records": [message(&scene, "missing", 1)]}).to_string());
    let failed = &serde_json::from_str::<Value>(&answer.body).unwrap()["batchItemFailures"];
    assert_eq!(*failed, json!([{"itemIdentifier": "missing"}]));
    assert_eq!(peer.asked(), 1);
    assert!(
        function.output().contains("failed messages come again only when their queue shows them"),
        "{}",
        function.output()
    );
}

/// A message without a receipt, as of an older sender, fails like any other.
#[test]
fn a_message_without_a_receipt_is_handed_back() {
    let scene = Scene::mild("retries-without");
    let peer = Peer::start(vec![Reply::text(500, "")]);
    let function = scene.function(&[("AWS_ENDPOINT_URL_SQS", peer.endpoint())]);
    let mut message = message(&scene, "missing", 1);
    message.as_object_mut().unwrap().remove("receiptHandle");
    let answer = function.invoke(&json!({"Records": [message]}).to_string());
    assert!(answer.body.contains(r#""itemIdentifier":"missing""#), "{}", answer.body);
    assert_eq!(peer.asked(), 0);
}
