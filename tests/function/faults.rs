//! Faults of S3 and SNS on the wire: how many requests are sent, what is handed back, and that nothing is lost.
//!
//! Every fault first affects one of two messages of a queue, then an event that Lambda would repeat; then it ends, and
//! what was handed back is delivered again.

use std::{collections::BTreeSet, io::Write};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::{
    emulator::Emulator,
    peer::{End, Peer, Reply},
    process::free_port,
    scene::{Scene, records},
};

/// A fault, and the expected result.
struct Case {
    name: &'static str,
    /// What happens to the first request and so on; the last reply serves all others.
    script: Vec<Reply>,
    attempts: usize,
    /// The logged reason of the failure; empty where the function recovers.
    says: &'static str,
    /// The alerts about the faulty object that are published.
    alerted: &'static [&'static str],
}

/// A log file of this name: two records with an alert each, and room between them. It is stored, not compressed, so
/// that the first record is there before the second.
fn log_file(name: &str) -> Vec<u8> {
    let record = |id: String| {
        let mut record = records()["Records"][0].clone();
        record["sourceIPAddress"] = json!(id);
        record["eventID"] = json!(id);
        record
    };
    let file =
        json!({"Records": [record(format!("{name}-1")), {"eventID": "x".repeat(40_000)}, record(format!("{name}-2"))]});
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(file.to_string().as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// The first half of the file with the fault.
fn half() -> Vec<u8> {
    log_file("bad")[..20_000].to_vec()
}

/// A body that is promised whole, of which half comes, and then this.
fn part(end: End) -> Vec<Reply> {
    vec![Reply::Part(200, log_file("bad").len(), half(), end)]
}

fn error(status: u16, code: &str) -> Reply {
    Reply::text(status, format!("<Error><Code>{code}</Code><Message>no</Message></Error>"))
}

/// Messages of a queue, each about the object of its name.
fn queue(scene: &Scene, names: &[&str]) -> String {
    let message = |name: &&str| {
        json!({"messageId": name, "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:012345678901:q",
            "body": scene.event(&[&format!("{name}.json.gz")])})
    };
    json!({"Records": names.iter().map(message).collect::<Vec<_>>()}).to_string()
}

/// The messages that a queue would deliver again.
fn handed_back(answer: &Value) -> Vec<&str> {
    let items = answer["batchItemFailures"].as_array().unwrap();
    items.iter().map(|item| item["itemIdentifier"].as_str().unwrap()).collect()
}

/// The events that alerts have come for; one may come twice.
fn alerted(scene: &Scene) -> BTreeSet<String> {
    let event = |message: &Value| {
        let body = message["Message"].as_str().unwrap();
        body.lines().find_map(|line| line.strip_prefix("Event     ")).unwrap().to_owned()
    };
    scene.cloud.receive(&scene.all).iter().map(event).collect()
}

fn set(events: &[&str]) -> BTreeSet<String> {
    events.iter().map(|event| (*event).to_owned()).collect()
}

struct Stage {
    scene: Scene,
    peer: Peer,
    function: Emulator,
}

impl Stage {
    /// A function with `peer` before `service`, on two objects.
    fn new(name: &str, service: &str, peer: Peer, settings: &[(&str, &str)]) -> Self {
        let scene = Scene::mild(name);
        for object in ["bad", "good"] {
            scene.cloud.put(&scene.bucket, &format!("{object}.json.gz"), &log_file(object));
        }
        let mut all = vec![(service, peer.endpoint()), ("READ_TIMEOUT_MS", "400"), ("CONNECT_TIMEOUT_MS", "100")];
        all.extend(settings);
        let function = scene.function(&all);
        Self { scene, peer, function }
    }

    /// The faulty object in a queue beside a good one, then in an event of its own, then without the fault.
    fn check(&self, case: &Case, harmed: &[&str]) {
        let Case { name, script, attempts, says, alerted: known } = case;
        let before = self.function.log().len();
        self.peer.play(script.clone());
        let answer = self.function.invoke(&queue(&self.scene, &["bad", "good"])).success();
        let back = handed_back(&answer);
        assert_eq!(self.peer.asked(), *attempts, "{name}");
        assert_eq!(back, if says.is_empty() { &[][..] } else { harmed }, "{name}");
        let done: Vec<&str> = known.iter().copied().chain(["good-1", "good-2"]).collect();
        let done: Vec<&str> =
            done.into_iter().filter(|event| !back.contains(&"good") || known.contains(event)).collect();
        assert_eq!(alerted(&self.scene), set(&done), "{name}");
        let log = self.function.log().split_off(before);
        let errors: Vec<_> = log.iter().filter(|line| line["level"] == "ERROR" && line["unit"] == "bad").collect();
        assert_eq!(errors.is_empty(), says.is_empty(), "{name}: {log:#?}");
        for line in errors {
            assert_eq!((&line["bucket"], &line["key"]), (&json!(self.scene.bucket), &json!("bad.json.gz")), "{name}");
            assert!(line["reason"].as_str().unwrap().contains(says), "{name}: {line}");
        }

        self.peer.play(script.clone());
        let event = self.scene.event(&["bad.json.gz"]);
        let failed = self.function.invoke(&event).error();
        assert_eq!(failed.is_some(), !says.is_empty(), "{name}: {failed:?}");
        assert!(failed.unwrap_or_default().contains(says), "{name}");
        assert_eq!(self.peer.asked(), *attempts, "{name}");
        assert_eq!(alerted(&self.scene), set(known), "{name}");

        self.peer.play(vec![Reply::Pass]);
        self.function.invoke(&event).success();
        assert_eq!(alerted(&self.scene), set(&["bad-1", "bad-2"]), "{name}: it is lost");
    }
}

const NONE: &[&str] = &[];
const FIRST: &[&str] = &["bad-1"];
const BOTH: &[&str] = &["bad-1", "bad-2"];

/// Only requests that may succeed are repeated, and never after the body has started: its alerts may be out.
#[test]
fn s3_faults_hand_back_their_message_and_no_other() {
    let always = |name, reply, attempts, says| Case { name, script: vec![reply], attempts, says, alerted: NONE };
    let begun = |name, script, says| Case { name, script, attempts: 1, says, alerted: FIRST };
    let cases = [
        always("500", error(500, "InternalError"), 5, "InternalError: no"),
        always("503", error(503, "SlowDown"), 5, "SlowDown: no"),
        always("503 without a word", Reply::text(503, ""), 5, "HTTP status 503"),
        always("429", error(429, "SlowDown"), 5, "SlowDown: no"),
        always("throttled", error(400, "ThrottlingException"), 5, "ThrottlingException: no"),
        always(
            "403",
            error(403, "AccessDenied"),
            1,
            "it may not be read (AccessDenied); allow the function's role s3:GetObject",
        ),
        always("404", error(404, "NoSuchKey"), 1, "it does not exist (NoSuchKey)"),
        always("closed before the answer", Reply::Nothing(End::Closed), 5, "dispatch failure"),
        always("reset before the answer", Reply::Nothing(End::Reset), 5, "dispatch failure"),
        always("silence before the answer", Reply::Nothing(End::Silence), 5, "timeout: HTTP read timeout occurred"),
        always(
            "silence in the answer that refuses",
            Reply::Part(503, 99, b"<Error>".to_vec(), End::Silence),
            5,
            "timed out",
        ),
        always("cut off in the answer that refuses", Reply::Part(503, 99, b"<Error>".to_vec(), End::Closed), 5, "503"),
        begun("reset in the body", part(End::Reset), "the connection broke: "),
        begun("closed in the body", part(End::Closed), "the connection broke: "),
        begun("silence in the body", part(End::Silence), "the connection stalled: no byte for 400 ms"),
        begun("half a body that says it is whole", vec![Reply::Whole(200, half())], "the gzip data ends early"),
    ];
    let stage = Stage::new("s3-faults", "AWS_ENDPOINT_URL_S3", Peer::before("/bad.json.gz", vec![Reply::Pass]), &[]);
    for case in &cases {
        stage.check(case, &["bad"]);
    }
    for (faults, attempts) in [(1, 2), (4, 5)] {
        for fault in [error(503, "SlowDown"), Reply::Nothing(End::Reset), Reply::Nothing(End::Closed)] {
            let mut script = vec![fault; faults];
            script.push(Reply::Pass);
            stage.check(&Case { name: "it recovers", script, attempts, says: "", alerted: BOTH }, &["bad"]);
        }
    }
}

/// A trickle of bytes is not silence: the time reserve ends it, and the messages after it are not started.
#[test]
fn s3_trickle_ends_by_the_time_reserve() {
    let settings = [("AWS_LAMBDA_FUNCTION_TIMEOUT", "4"), ("TIME_RESERVE_MS", "2000")];
    let peer = Peer::before("/bad.json.gz", vec![Reply::Pass]);
    let stage = Stage::new("s3-trickle", "AWS_ENDPOINT_URL_S3", peer, &settings);
    let case =
        Case { name: "trickle", script: part(End::Trickle), attempts: 1, says: "ran out of time", alerted: FIRST };
    stage.check(&case, &["bad", "good"]);
}

/// An alert counts as published once SNS has answered in full; until then its message is delivered again.
#[test]
fn sns_faults_hand_back_their_message_and_no_other() {
    let fault = |name, reply, attempts, says, alerted| Case { name, script: vec![reply], attempts, says, alerted };
    let refusal = |status, code: &str| {
        let error = format!("<Error><Type>Receiver</Type><Code>{code}</Code><Message>no</Message></Error>");
        Reply::text(status, format!("<ErrorResponse>{error}</ErrorResponse>"))
    };
    let begun = |end| Reply::Part(200, 999, b"<PublishBatchResponse>".to_vec(), end);
    let cases = [
        fault("500", refusal(500, "InternalFailure"), 5, "InternalFailure: no", NONE),
        fault("503", refusal(503, "ServiceUnavailable"), 5, "ServiceUnavailable: no", NONE),
        fault("503 without a word", Reply::text(503, ""), 5, "HTTP status 503", NONE),
        fault("throttled", refusal(400, "Throttling"), 5, "Throttling: no", NONE),
        fault("403", refusal(403, "AuthorizationError"), 1, "AuthorizationError: no", NONE),
        fault("404", refusal(404, "NotFound"), 1, "NotFound: no", NONE),
        fault("closed before the answer", Reply::Nothing(End::Closed), 5, "dispatch failure", NONE),
        fault("reset before the answer", Reply::Nothing(End::Reset), 5, "dispatch failure", NONE),
        fault("silence before the answer", Reply::Nothing(End::Silence), 5, "HTTP read timeout occurred", NONE),
        fault("reset in the answer", begun(End::Reset), 5, "Connection reset by peer", NONE),
        fault("closed in the answer", begun(End::Closed), 5, "end of file before message length", NONE),
        fault("silence in the answer", begun(End::Silence), 5, "timed out", NONE),
        fault("trickle", begun(End::Trickle), 5, "timed out", NONE),
        fault(
            "half an answer that says it is whole",
            Reply::text(200, "<PublishBatchResponse>"),
            1,
            "error parsing XML",
            NONE,
        ),
        fault("the answer is lost", Reply::Lost, 5, "dispatch failure", BOTH),
    ];
    let stage = Stage::new("sns-faults", "AWS_ENDPOINT_URL_SNS", Peer::before("bad-1", vec![Reply::Pass]), &[]);
    for case in &cases {
        stage.check(case, &["bad"]);
    }
    for fault in
        [refusal(503, "ServiceUnavailable"), refusal(400, "Throttling"), Reply::Nothing(End::Reset), Reply::Lost]
    {
        let script = vec![fault, Reply::Pass];
        stage.check(&Case { name: "it recovers", script, attempts: 2, says: "", alerted: BOTH }, &["bad"]);
    }
}

/// No connection at all: a name that does not exist (RFC 6761, section 6.4), and a closed port.
#[test]
fn a_service_that_cannot_be_reached_loses_nothing() {
    let scene = Scene::mild("unreachable");
    scene.cloud.put(&scene.bucket, "bad.json.gz", &log_file("bad"));
    let event = queue(&scene, &["bad"]);
    let closed_port = format!("http://127.0.0.1:{}", free_port());
    for service in ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SNS"] {
        for (endpoint, says) in [("http://nowhere.invalid", "dns error"), (&closed_port, "tcp connect error")] {
            // Only the SDK sees the attempts.
            let function = scene.function(&[(service, endpoint), ("RUST_LOG", "info,aws_smithy_runtime=debug")]);
            let answer = function.invoke(&event).success();
            assert_eq!(handed_back(&answer), ["bad"], "{service}={endpoint}");
            let log = function.log();
            let failed = log.iter().filter(|line| line["level"] == "ERROR" && line["unit"] == "bad");
            let reasons: Vec<_> = failed.map(|line| line["reason"].as_str().unwrap()).collect();
            assert!(!reasons.is_empty() && reasons.iter().all(|reason| reason.contains(says)), "{reasons:?}");
            let begins = |line: &&Value| {
                line["message"].as_str().is_some_and(|message| message.starts_with("beginning attempt #"))
            };
            let attempts = log.iter().filter(begins).count();
            assert_eq!(attempts, if service.ends_with("S3") { 5 } else { 1 + 5 }, "{service}={endpoint}");
            assert_eq!(alerted(&scene), set(NONE));
        }
    }
    assert_eq!(handed_back(&scene.function(&[]).invoke(&event).success()), NONE);
    assert_eq!(alerted(&scene), set(BOTH));
}

/// Alerts are published as soon as an object is read, not at the end of the invocation.
#[test]
fn a_function_that_is_killed_has_published_what_it_had_found() {
    let peer = Peer::before("/bad.json.gz", vec![Reply::Nothing(End::Silence)]);
    let stage = Stage::new("killed", "AWS_ENDPOINT_URL_S3", peer, &[("READ_TIMEOUT_MS", "20000")]);
    let event = queue(&stage.scene, &["good", "bad"]);
    let connection = stage.function.begin(&event);
    stage.function.wait_until(|| stage.peer.asked() > 0 && alerted(&stage.scene) == set(&["good-1", "good-2"]));
    drop((stage.function, connection));
    let again = stage.scene.function(&[]).invoke(&event).success();
    assert_eq!(handed_back(&again), NONE);
    assert_eq!(alerted(&stage.scene), set(&["bad-1", "bad-2", "good-1", "good-2"]));
}
