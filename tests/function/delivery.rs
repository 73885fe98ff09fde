//! From an S3 event to the messages in a queue, and what happens when something is in the way.

use serde_json::{Value, json};

use crate::{
    cloud::Queue,
    peer::{Peer, Reply},
    scene::{Scene, event, gzip, log_file, records, subject},
};

const KEY: &str = "AWSLogs/012345678901/CloudTrail/eu-central-1/2026/03/02/file one+two=\u{e9}.json.gz";

#[test]
fn a_severe_alert_passes_the_filter_policy_and_a_mild_one_does_not() {
    let scene = Scene::new("severity");
    scene.cloud.put(&scene.bucket, KEY, &log_file());
    let function = scene.function(&[]);
    function.invoke(&scene.event(&[KEY])).success();

    let metrics = function.log().into_iter().find(|line| line["_aws"].is_object()).unwrap();
    assert_eq!((&metrics["matches_alerted"], &metrics["records"]), (&json!(2), &json!(3)), "{metrics}");
    assert!(metrics["FunctionName"].as_str().is_some_and(|name| !name.is_empty()), "{metrics}");

    let urgent = scene.cloud.receive(&scene.urgent);
    assert_eq!(urgent.len(), 1, "{urgent:#?}");
    let (message, attributes) = (&urgent[0], &urgent[0]["MessageAttributes"]);
    let (kind, value) = (&attributes["severity"]["Type"], &attributes["severity"]["Value"]);
    assert_eq!((kind, value), (&json!("Number"), &json!("1")));
    assert_eq!(attributes["rule"]["Value"], "cloudtrail-ecr-put-image");
    for (name, value) in [
        ("account", "012345678901"),
        ("region", "eu-central-1"),
        ("event_source", "ecr.amazonaws.com"),
        ("event_name", "PutImage"),
        ("actor", "mallory"),
        ("outcome", "success"),
    ] {
        assert_eq!(attributes[name]["Value"], value, "{name}");
    }
    assert!(attributes.as_object().unwrap().len() <= 10, "raw delivery to SQS drops messages with more");
    assert!(subject(message).contains("CloudTrail: ECR Put Image"), "{}", subject(message));
    assert!((1..100).contains(&subject(message).len()));
    assert!(subject(message).bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    let body = message["Message"].as_str().unwrap();
    for fact in [
        "CloudTrail: ECR Put Image",
        "An image was pushed.",
        "mallory",
        "IAMUser",
        "AKIAIOSFODNN7EXAMPLE",
        "PutImage",
        "ecr.amazonaws.com",
        "012345678901",
        "eu-central-1",
        "198.51.100.7",
        "aws-cli/2.30.0",
        "2026-03-02",
        "6d3f1c1e-0000-4000-8000-000000000001",
        &format!("s3://{}/{KEY}", scene.bucket),
    ] {
        assert!(body.contains(fact), "`{fact}` is not in\n{body}");
    }

    let mut all = scene.cloud.receive(&scene.all);
    all.sort_by_key(|alert| alert["MessageAttributes"]["severity"]["Value"].to_string());
    let severities: Vec<_> = all.iter().map(|alert| &alert["MessageAttributes"]["severity"]["Value"]).collect();
    assert_eq!(severities, ["1", "3"]);
    assert_eq!(all[1]["MessageAttributes"]["outcome"]["Value"], "AccessDenied");
}

#[test]
fn every_audience_has_a_topic_of_its_own() {
    let scene = Scene::new("audiences");
    let (chat, findings) = (scene.cloud.topic("audiences-chat"), scene.cloud.topic("audiences-findings"));
    let queue = |topic, name| scene.cloud.subscribe(topic, name, json!({}));
    let (in_chat, found) = (queue(&chat, "audiences-chat"), queue(&findings, "audiences-findings"));
    scene.cloud.put(&scene.bucket, KEY, &log_file());
    let function = scene.function(&[("CHAT_TOPIC_ARN", &chat), ("FINDING_TOPIC_ARN", &findings)]);
    let answer = function.invoke(&scene.event(&[KEY])).success();
    assert_eq!(answer["sends"]["chat"], json!({"sent": 1, "summarised": 0, "failed": 0}), "{answer}");

    let read = |queue: &Queue| -> Vec<Value> {
        let messages = scene.cloud.receive(queue).into_iter();
        messages.map(|message| serde_json::from_str(message["Message"].as_str().unwrap()).unwrap()).collect()
    };
    assert_eq!(scene.cloud.receive(&scene.all).len(), 2);
    let in_chat = read(&in_chat);
    assert_eq!(in_chat.len(), 1, "severity 3 is too mild for a chat");
    assert_eq!(
        in_chat[0]["content"]["title"],
        "SEV1 [012345678901] CloudTrail: ECR Put Image: `PutImage` by `mallory`"
    );
    let names: Vec<_> = read(&found).iter().map(|finding| finding["api"]["operation"].clone()).collect();
    assert_eq!(names, ["PutImage", "DescribeParameters"]);

    // The chat topic is gone: the alert is out, and the event is delivered again.
    scene.cloud.delete_topic(&chat);
    assert!(function.invoke(&scene.event(&[KEY])).error().unwrap().contains(&chat));
    assert_eq!(scene.cloud.receive(&scene.all).len(), 2);
}

/// The function decompresses the stored bytes itself, whatever `Content-Encoding` is.
#[test]
fn a_content_encoding_changes_nothing() {
    let scene = Scene::new("encoded");
    let plain = records().to_string();
    for (key, bytes) in [("zipped.json.gz", log_file()), ("plain.json", plain.into_bytes())] {
        scene.cloud.put(&scene.bucket, key, &bytes);
        assert_eq!(scene.cloud.encoding(&scene.bucket, key).as_deref(), Some("gzip"));
        scene.function(&[]).invoke(&scene.event(&[key])).success();
        assert_eq!(scene.cloud.receive(&scene.all).len(), 2, "{key}");
    }
}

#[test]
fn more_alerts_than_a_request_takes_arrive_in_full() {
    let scene = Scene::new("many");
    let many = (0..25).map(|number| {
        let mut record = records()["Records"][0].clone();
        record["eventID"] = json!(format!("event-{number:02}"));
        record["sourceIPAddress"] = json!(format!("198.51.100.{number}"));
        record
    });
    let file = json!({"Records": many.collect::<Vec<_>>()}).to_string();
    scene.cloud.put(&scene.bucket, "many.json.gz", &gzip(file.as_bytes()));
    scene.function(&[]).invoke(&scene.event(&["many.json.gz"])).success();
    assert_eq!(scene.cloud.receive(&scene.all).len(), 25);
}

#[test]
fn a_table_remembers_from_one_function_to_the_next() {
    let scene = Scene::new("remembered");
    scene.cloud.put(&scene.bucket, KEY, &log_file());
    scene.cloud.table("remembered");
    // Two functions that share a table, and a third without one.
    for (table, alerted, deduplicated, unremembered) in
        [("remembered", 2, 0, 0), ("remembered", 0, 2, 0), ("no-such-table", 2, 0, 2)]
    {
        let function = scene.function(&[("STATE_TABLE_NAME", table)]);
        let answer = function.invoke(&scene.event(&[KEY])).success();
        let matches = &answer["matches"];
        let counts = [&matches["alerted"], &matches["deduplicated"], &answer["unremembered"]];
        assert_eq!(counts, [&json!(alerted), &json!(deduplicated), &json!(unremembered)], "{answer}");
        let log = function.log();
        let reported = log.iter().filter(|line| line["reason"].as_str().is_some_and(|why| why.contains(table)));
        assert_eq!(reported.count(), usize::from(unremembered > 0), "one line has the reason");
    }
    assert_eq!(scene.cloud.receive(&scene.all).len(), 4);
}

#[test]
fn what_cannot_be_read_fails_the_invocation_after_all_else_is_done() {
    let scene = Scene::new("unreadable");
    scene.cloud.put(&scene.bucket, "good.json.gz", &log_file());
    scene.cloud.put(&scene.bucket, "garbage.json.gz", b"not gzip at all");
    let log_file = log_file();
    scene.cloud.put(&scene.bucket, "short.json.gz", &log_file[..log_file.len() / 2]);
    let function = scene.function(&[]);
    let nowhere = "unreadable-nowhere";
    for (bucket, key) in [
        (scene.bucket.as_str(), "missing.json.gz"),
        (nowhere, "good.json.gz"),
        (&scene.bucket, "garbage.json.gz"),
        (&scene.bucket, "short.json.gz"),
    ] {
        let answer = function.invoke(&event(&[(bucket, key), (&scene.bucket, "good.json.gz")]));
        assert!(answer.error().is_some(), "{bucket}/{key}: {answer:?}");
        assert!(scene.cloud.receive(&scene.all).len() >= 2, "{bucket}/{key}: the other object's alerts");
        let log = function.log();
        let is_named = |line: &&Value| line["bucket"] == bucket && line["key"] == key && line["level"] == "ERROR";
        let line = log.iter().find(is_named).unwrap_or_else(|| panic!("no error for {bucket}/{key} in {log:#?}"));
        assert!(line["reason"].is_string(), "{line}");
    }
}

#[test]
fn a_refused_object_names_the_missing_permission() {
    let scene = Scene::new("refused");
    let denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>".to_owned();
    let peer = Peer::start(vec![Reply::text(403, denied)]);
    let function = scene.function(&[("AWS_ENDPOINT_URL_S3", peer.endpoint())]);
    assert!(function.invoke(&scene.event(&["a.json.gz"])).error().is_some());
    assert!(function.output().contains("s3:GetObject"), "{}", function.output());
    assert_eq!(peer.asked(), 1, "a refusal is not asked again");
}

#[test]
fn no_failure_uses_up_the_attempts_of_another() {
    let scene = Scene::new("attempts");
    let peer = Peer::start(vec![Reply::text(503, "")]);
    let function = scene.function(&[("AWS_ENDPOINT_URL_S3", peer.endpoint())]);
    let keys: Vec<String> = (0..60).map(|number| format!("{number}.json.gz")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    for invocation in 1..=2 {
        assert!(function.invoke(&scene.event(&keys)).error().is_some());
        assert_eq!(peer.asked(), invocation * keys.len() * 5);
    }
}

fn published(id: usize) -> String {
    format!("<member><Id>{id}</Id><MessageId>m</MessageId></member>")
}

fn failed(id: usize, code: &str, is_senders: bool) -> String {
    format!("<member><Id>{id}</Id><Code>{code}</Code><SenderFault>{is_senders}</SenderFault></member>")
}

fn answer(successful: &str, failed: &str) -> Reply {
    let result = format!("<Successful>{successful}</Successful><Failed>{failed}</Failed>");
    let body = format!("<PublishBatchResult>{result}</PublishBatchResult>");
    Reply::text(200, format!("<PublishBatchResponse>{body}</PublishBatchResponse>"))
}

fn refusal(status: u16, code: &str) -> Reply {
    let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>");
    Reply::text(status, format!("<ErrorResponse>{error}</ErrorResponse>"))
}

/// SNS's answers to two alerts: how many requests the function sends, and whether both alerts count as published.
#[test]
fn answers_of_sns_are_read_entry_by_entry() {
    let scene = Scene::mild("answers");
    scene.cloud.put(&scene.bucket, "a.json.gz", &log_file());
    let check = |script: Vec<Reply>, requests: usize, is_published: bool| {
        let peer = Peer::start(script);
        let function = scene.function(&[("AWS_ENDPOINT_URL_SNS", peer.endpoint())]);
        let outcome = function.invoke(&scene.event(&["a.json.gz"]));
        assert_eq!(outcome.error().is_none(), is_published, "{outcome:?}\n{}", function.output());
        assert_eq!(peer.asked(), requests, "{}", function.output());
    };
    let both = || answer(&(published(0) + &published(1)), "");
    check(vec![both()], 1, true);
    // Throttling, with all its codes.
    for (status, code) in [(400, "Throttling"), (400, "KMSThrottling"), (429, "Throttled"), (503, "ServiceUnavailable")]
    {
        check(vec![refusal(status, code), both()], 2, true);
    }
    // Half of it is published, and the other half sent again.
    check(vec![answer(&published(0), &failed(1, "InternalError", false)), answer(&published(1), "")], 2, true);
    check(vec![answer(&published(0), &failed(1, "KMSThrottling", true)), answer(&published(1), "")], 2, true);
    // Not listed as published.
    check(vec![answer("", "")], 5, false);
    check(vec![answer(&published(7), "")], 5, false);
    // Refused for its content: sent once more, alone and in a plainer form.
    let one_is_refused = || answer(&published(0), &failed(1, "InvalidParameter", true));
    check(vec![one_is_refused(), answer(&published(0), "")], 2, true);
    check(vec![one_is_refused(), answer("", &failed(0, "InvalidParameter", true))], 2, false);
    check(vec![one_is_refused(), refusal(400, "InvalidParameter")], 2, false);
    // A request that is refused for one message is sent again message by message.
    let (first, second) = (|| answer(&published(0), ""), || answer(&published(1), ""));
    check(vec![refusal(400, "InvalidParameter"), first(), second()], 3, true);
    check(vec![refusal(400, "BatchRequestTooLong"), first(), second()], 3, true);
    for refused in [(400, "BatchRequestTooLong"), (400, "InvalidParameter"), (413, "RequestEntityTooLarge")] {
        let refused = || refusal(refused.0, refused.1);
        check(vec![refusal(400, "BatchRequestTooLong"), first(), refused(), answer(&published(0), "")], 4, true);
        check(vec![refusal(400, "BatchRequestTooLong"), first(), refused()], 4, false);
    }
    // A request that is refused for its sender is not.
    check(vec![refusal(403, "AuthorizationError")], 1, false);
    check(vec![refusal(404, "NotFound")], 1, false);
}

#[test]
fn a_topic_that_is_gone_fails_the_invocation() {
    let scene = Scene::new("gone");
    scene.cloud.put(&scene.bucket, "a.json.gz", &log_file());
    scene.cloud.delete_topic(&scene.topic);
    let function = scene.function(&[]);
    assert!(function.invoke(&scene.event(&["a.json.gz"])).error().is_some());
    assert!(function.log().iter().any(|line| line["level"] == "ERROR" && line["topic"] == scene.topic.as_str()));
}

#[test]
fn an_unknown_payload_is_an_error_and_a_test_event_is_not() {
    let scene = Scene::new("payloads");
    let function = scene.function(&[]);
    for unknown in ["{}", "[]", "\"text\"", "null", r#"{"Records": [{"eventSource": "aws:other"}]}"#, "no json"] {
        assert!(function.invoke(unknown).error().is_some(), "{unknown}");
    }
    let test = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-03-02T09:20:14.271Z","Bucket":"b"}"#;
    function.invoke(test).success();
}
