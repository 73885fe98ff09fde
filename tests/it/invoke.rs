//! Whole invocations: alerts are published whatever else fails, and every failure is reported.

use std::collections::BTreeMap;

use crate::command::{Ran, folder, trailbell};
use crate::ports::{
    BUCKET, Memory, Outbox, RULES, event, failures, gzip, handled, image, images, log_file, publish_error,
};
use serde_json::json;
use trailbell::handler::{FetchError, Sends};

/// The ids of the rules of the alerts that were printed, in order: for each object the most urgent first; alerts about unreadable records have none.
fn alerts(ran: &Ran) -> Vec<String> {
    let attributes = ran.stdout.lines().filter_map(|line| line.strip_prefix("Attributes "));
    attributes
        .filter_map(|line| line.split(' ').find_map(|pair| pair.strip_prefix("rule=cloudtrail-")))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_sample_invocations() {
    let ran = trailbell(&["invoke", "events/invocations/s3-put.json"]);
    assert_eq!(
        alerts(&ran),
        [
            "ecr-image-scan-findings-severity-critical",
            "ecr-image-scan-findings-severity-high",
            "ecr-put-image",
            "lambda-change-function",
            "ssm-start-session",
            "ecr-delete-repository",
            "ssm-session-terminated",
            "ecr-repository-open-to-everybody",
            "ecr-set-repository-policy",
        ]
    );
    assert_eq!(
        ran.stderr,
        "2 objects read, 1 skipped (digest file), 46 records evaluated, 9 alerts published, 0 failed\n"
    );
    assert_eq!(ran.status, 0);

    let ran = trailbell(&["invoke", "events/invocations/s3-put-missing-object.json"]);
    assert_eq!(alerts(&ran), ["ssm-resume-session"]);
    assert!(ran.stderr.starts_with("error: s3://trailbell-demo-logs/AWSLogs/111122223333/"), "{}", ran.stderr);
    assert!(ran.stderr.contains(" does not exist"), "{}", ran.stderr);
    assert!(
        ran.stderr.ends_with("1 object read, 5 records evaluated, 1 alert published, 1 failed\n"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.status, 1);

    let ran = trailbell(&["invoke", "events/invocations/s3-test-event.json"]);
    assert!(ran.stderr.contains("1 skipped (test event)"), "{}", ran.stderr);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""));

    let ran = trailbell(&["invoke", "events/invocations/not-an-s3-event.json"]);
    assert!(ran.stderr.contains("1 skipped (unknown event)"), "{}", ran.stderr);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, ""));
}

#[test]
fn an_alert_is_printed_as_it_is_sent() {
    let ran = trailbell(&["invoke", "events/invocations/s3-put-missing-object.json"]);
    let alert_id = ran.stdout.split("alert_id=").nth(1).unwrap().split_whitespace().next().unwrap();
    assert_eq!(alert_id.len(), 32);
    // The record is in the sample bucket.
    for part in [
        "Subject    SEV3 [111122223333] legacy-backup resumes session (AccessDenied)\n",
        "Attributes severity=3 rule=cloudtrail-ssm-resume-session account=111122223333 region=us-east-1 \
         event_source=ssm.amazonaws.com event_name=ResumeSession actor=legacy-backup outcome=AccessDenied",
        "s3://trailbell-demo-logs/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/02/",
    ] {
        assert!(ran.stdout.contains(part), "{part}\n{}", ran.stdout);
    }
    let again = trailbell(&["invoke", "events/invocations/s3-put-missing-object.json"]);
    assert_eq!(again.stdout, ran.stdout, "the same event makes the same alert");
}

/// A broken file.
struct Broken {
    name: &'static str,
    file: Vec<u8>,
    /// The number of its alerts.
    alerts: usize,
    /// The function's message after the object's name.
    says: &'static str,
    /// The message of `scan`, which reads more shapes.
    scan_says: Option<&'static str>,
}

fn broken(name: &'static str, file: Vec<u8>, alerts: usize, says: &'static str) -> Broken {
    Broken { name, file, alerts, says, scan_says: None }
}

fn bad_input() -> Vec<Broken> {
    let (one, two) = (image("1"), image("2"));
    let whole = log_file(&[&one, &two]);
    let mut wrong_checksum = whole.clone();
    // RFC 1952: the last eight bytes are the CRC and the length.
    let crc = whole.len() - 8;
    wrong_checksum[crc] ^= 1;
    let filler: Vec<String> = (0_u32..4000)
        .map(|at| format!(r#"{{"eventID":"{:08x}","eventName":"GetObject"}}"#, at.wrapping_mul(2_654_435_761)))
        .collect();
    let mut many = vec![one.as_str()];
    many.extend(filler.iter().map(String::as_str));
    let long = log_file(&many);
    let deep = format!(r#"{{"eventName":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let large = format!(r#"{{"eventID":"{}"}}"#, "x".repeat(3_000_000));
    vec![
        broken("truncated-gzip", long[..long.len() / 2].to_vec(), 1, "the gzip data ends early, inside record "),
        broken("no-trailer", whole[..crc].to_vec(), 2, "the gzip data ends early, after 2 records"),
        broken("wrong-crc", wrong_checksum, 2, "the gzip data is corrupt near its byte "),
        broken("garbage-after-gzip", [whole.as_slice(), b"garbage"].concat(), 2, "garbage after the gzip data"),
        broken("not-gzip", b"this is no log".to_vec(), 0, "neither gzip nor a JSON object: it starts with `this`"),
        broken("111122223333_CloudTrail_us-east-1_20260302T0920Z_empty", Vec::new(), 0, "the file is empty"),
        broken("ends-early", gzip(format!(r#"{{"Records":[{one},{{"eventName":"#).as_bytes()), 1, "inside record 1"),
        Broken {
            scan_says: Some("record 0: neither a record (no `eventVersion`, no `eventID`) nor `Records`"),
            ..broken("no-records", gzip(br#"{"hello":1}"#), 0, "no `Records` in the file; its keys are `hello`")
        },
        broken("records-null", gzip(br#"{"Records":null}"#), 0, "`Records` must be a list and is null"),
        broken("no-object", log_file(&[&one, "7", &two]), 2, "record 1: a record must be an object and is a number"),
        broken("null", log_file(&["null", &one]), 1, "record 0: a record must be an object and is null"),
        broken(
            "deep",
            log_file(&[&one, &deep, &two]),
            2,
            "record 1: a record nested 10001 deep is over the limit of 128",
        ),
        broken("large", log_file(&[&one, &large, &two]), 2, "record 1: a record of 3000014 bytes is over the limit"),
        broken("no-json", log_file(&[&one, &one.replace("\"1\"", "'1'"), &two]), 2, "record 1: "),
        broken("number", log_file(&[&one.replace("\"1\"", "1e400"), &two]), 1, "record 0: invalid JSON at byte "),
    ]
}

#[test]
fn bad_input_does_not_affect_other_objects_in_the_function() {
    for Broken { name, file, alerts: expected, says, .. } in bad_input() {
        let good = |id: &str| log_file(&[&image(id)]);
        let root = folder(
            &format!("invoke-{name}"),
            &[
                ("rules.yaml", RULES.as_bytes()),
                ("event.json", event(&["before", name, "after"]).to_string().as_bytes()),
                ("logs/before", &good("before")),
                (&format!("logs/{name}"), &file),
                ("logs/after", &good("after")),
            ],
        );
        let [rules, payload] = ["rules.yaml", "event.json"].map(|name| root.join(name).display().to_string());
        let buckets = root.display().to_string();
        let ran = trailbell(&["invoke", "--rules", &rules, &payload, "--buckets", &buckets]);
        assert_eq!(alerts(&ran), vec!["ecr-put-image"; expected + 2], "{name}\n{}", ran.stderr);
        // A bad record is an alert; a bad object fails its delivery.
        if let Some((record, reason)) = says.strip_prefix("record ").and_then(|says| says.split_once(": ")) {
            let line = "=".repeat(100);
            let alerts = ran.stdout.split(&line);
            let alert: Vec<&str> = alerts.filter(|alert| alert.contains("rule=trailbell-unread-record ")).collect();
            let [alert] = alert[..] else { panic!("{name}: {alert:?}") };
            for part in [
                "Subject    SEV2 CloudTrail record could not be read: ",
                &format!("\nSEV2 record {record} of a CloudTrail log file could not be read: "),
                reason,
                &format!("\nObject    s3://{BUCKET}/{name}\n"),
            ] {
                assert!(alert.contains(part), "{name}: {part}\n{alert}");
            }
            let counts = format!(" 1 unparsable, {} alerts published, 0 failed\n", expected + 3);
            assert!(ran.stderr.ends_with(&counts), "{name}: {counts}\n{}", ran.stderr);
            assert_eq!(ran.status, 0, "{name}");
            continue;
        }
        let object = format!("error: s3://{BUCKET}/{name} is not a complete log file: ");
        let reason = ran.stderr.lines().find_map(|line| line.strip_prefix(&object));
        assert!(reason.is_some_and(|reason| reason.contains(says)), "{name}: {says}\n{}", ran.stderr);
        assert!(ran.stderr.ends_with(" 1 failed\n"), "{name}\n{}", ran.stderr);
        assert_eq!(ran.status, 1, "{name}");
    }
}

#[test]
fn bad_input_does_not_affect_other_files_in_a_scan() {
    for Broken { name, file, alerts: expected, says, scan_says } in bad_input() {
        let good = log_file(&[&image("3")]);
        let file_name = format!("b-{name}.json.gz");
        let root = folder(&format!("scan-{name}"), &[("a.json.gz", &good), (&file_name, &file), ("c.json.gz", &good)]);
        let ran = trailbell(&["scan", "--format", "jsonl", &root.display().to_string()]);
        assert_eq!(ran.stdout.lines().count(), expected + 2, "{name}\n{}", ran.stderr);
        let path = format!("error: {}: ", root.join(&file_name).display());
        let reason = ran.stderr.lines().find_map(|line| line.strip_prefix(&path));
        assert!(
            reason.is_some_and(|reason| reason.contains(scan_says.unwrap_or(says))),
            "{name}: {says}\n{}",
            ran.stderr
        );
        let tally = ran.stderr.lines().last().unwrap();
        assert!(tally.starts_with("3 files, "), "{name}: {tally}");
        assert!(tally.contains("1 unparsable") != tally.contains("1 failed"), "{name}: {tally}");
        assert_eq!(ran.status, 1, "{name}");
    }
}

#[test]
fn a_lone_surrogate_is_repaired_evaluated_and_counted() {
    let record = image("1").replace("1.08", r"1.08\ud800");
    let file = log_file(&[&record]);
    let root = folder("surrogate", &[("logs/key", &file), ("e.json", event(&["key"]).to_string().as_bytes())]);
    let (payload, buckets) = (root.join("e.json").display().to_string(), root.display().to_string());
    let ran = trailbell(&["invoke", &payload, "--buckets", &buckets]);
    assert_eq!(ran.stderr, "1 object read, 1 record evaluated, 1 repaired, 1 alert published, 0 failed\n");
    assert_eq!(ran.status, 0);
    let ran = trailbell(&["scan", &root.join("logs/key").display().to_string()]);
    assert!(ran.stderr.ends_with("1 file, 1 record, 1 match, 1 repaired\n"), "{}", ran.stderr);
    assert_eq!(ran.status, 0);
}

#[test]
fn keys_are_decoded_and_never_leave_the_folder() {
    let good = log_file(&[&image("1")]);
    let root = folder("keys", &[("outside", &good), ("buckets/logs/a b/c+d=é%.gz", &good)]);
    let payload = event(&["a+b/c%2Bd%3D%C3%A9%25.gz", "../../outside", "..%2F..%2Foutside", "/etc/hostname", "a+b"]);
    let path = root.join("e.json");
    std::fs::write(&path, payload.to_string()).unwrap();
    let buckets = root.join("buckets").display().to_string();
    let ran = trailbell(&["invoke", &path.display().to_string(), "--buckets", &buckets]);
    assert_eq!(alerts(&ran), ["ecr-put-image"], "{}", ran.stderr);
    assert!(ran.stdout.contains("s3://logs/a b/c+d=é%.gz"), "{}", ran.stdout);
    assert_eq!(ran.stderr.matches("the key is not a path inside a folder").count(), 3, "{}", ran.stderr);
    // A folder is not an object.
    assert!(ran.stderr.contains("error: s3://logs/a b cannot be read: "), "{}", ran.stderr);
    assert!(ran.stderr.ends_with("1 object read, 1 record evaluated, 1 alert published, 4 failed\n"), "{}", ran.stderr);
    assert_eq!(ran.status, 1);
}

#[test]
fn invoke_without_rules_or_folders_does_not_start() {
    let event = "events/invocations/s3-put.json";
    let root = folder("invoke-cannot", &[("bad.yaml", b"rules: 5\n"), ("event.json", b"{")]);
    let at = |name: &str| root.join(name).display().to_string();
    for arguments in [
        vec!["invoke", "no such event.json"],
        vec!["invoke", "--rules", "no such rules.yaml", event],
        vec!["invoke", "--rules", &at("bad.yaml"), event],
        vec!["invoke"],
    ] {
        let ran = trailbell(&arguments);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{arguments:?}\n{}", ran.stderr);
        assert!(ran.stderr.contains("error"), "{arguments:?}");
    }
    // The function cannot read the payload: a failed delivery.
    let ran = trailbell(&["invoke", &at("event.json")]);
    assert!(ran.stderr.starts_with("error: the payload is not JSON"), "{}", ran.stderr);
    assert_eq!(ran.status, 1);
}

#[test]
fn several_objects_and_one_that_is_denied() {
    let objects = Memory::default().with("a", vec![Ok(log_file(&[&image("1")]))]).with("c", vec![Ok(images(2))]);
    let outbox = Outbox::open();
    let outcome = handled(&objects, &outbox, &event(&["a", "b", "c"]));
    assert_eq!(
        (outcome.objects.processed, outcome.records.evaluated, outcome.matches.seen, outcome.matches.alerted),
        (2, 3, 3, 3)
    );
    assert_eq!(failures(&outcome), ["s3://logs/b cannot be read: access denied"]);
    assert_eq!(outbox.sent(), 3);
}

#[test]
fn batches_are_as_large_as_sns_accepts() {
    let objects = Memory::default().with("a", vec![Ok(images(18))]);
    let outbox = Outbox::open();
    let outcome = handled(&objects, &outbox, &event(&["a"]));
    assert_eq!(*outbox.batches.lock().unwrap(), [10, 8]);
    assert_eq!(outcome.matches.alerted, 18);
    let mut ids: Vec<String> = outbox.sent.lock().unwrap().iter().map(|message| message.id.clone()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 18, "every alert has an id of its own");
}

#[test]
fn a_refused_message_fails_alone() {
    let objects = Memory::default().with("a", vec![Ok(images(12))]);
    let outbox = Outbox::new(|message| {
        let refused = message.body.contains("event-3\n") || message.body.contains("event-11\n");
        Some(if refused { Err(publish_error("throttled", false)) } else { Ok(()) })
    });
    let outcome = handled(&objects, &outbox, &event(&["a"]));
    assert_eq!((outcome.matches.seen, outcome.matches.alerted, outbox.sent()), (12, 10, 10));
    let failures = failures(&outcome);
    assert_eq!(failures.len(), 2, "{failures:?}");
    assert!(
        failures.iter().all(|failure| failure
            .ends_with("from s3://logs/a was not published: topic did not accept the message: throttled")),
        "{failures:?}"
    );
}

#[test]
fn many_failures_are_counted_and_shown_in_few_lines() {
    let nothing = format!("{{\"Records\":[{}5,{}]}}", "5,".repeat(100_000), image("1"));
    let objects = Memory::default().with("a", vec![Ok(gzip(nothing.as_bytes()))]).with("b", vec![Ok(images(1))]);
    let outbox = Outbox::open();
    let outcome = handled(&objects, &outbox, &event(&["a", "b"]));
    assert_eq!((outcome.records.unparsable, outcome.failed(), outcome.matches.alerted), (100_001, 0, 2));
    assert_eq!(outcome.notices, Sends { due: 21, sent: 21, ..Sends::default() });
    let sent = outbox.sent.lock().unwrap();
    let more = sent
        .iter()
        .filter(|message| message.body.contains("99981 more records of a CloudTrail log file could not be read"));
    assert_eq!(more.count(), 1, "{sent:#?}");
}

#[test]
fn an_unknown_payload_is_shown_in_few_lines() {
    let payload = json!({"Records": vec![json!({"eventSource": "x".repeat(10_000), "eventName": "", "s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}}); 500]});
    let outcome = handled(&Memory::default(), &Outbox::open(), &payload);
    let failures = failures(&outcome);
    assert_eq!((outcome.failed(), failures.len()), (500, 21));
    assert!(failures.iter().all(|failure| failure.len() < 300), "{failures:?}");
}

#[test]
fn a_message_without_an_answer_counts_as_failed() {
    let objects = Memory::default().with("a", vec![Ok(images(4))]);
    let outbox = Outbox::new(|message| (!message.body.contains("event-1\n")).then_some(Ok(())));
    let outcome = handled(&objects, &outbox, &event(&["a"]));
    assert_eq!((outcome.matches.alerted, outbox.sent()), (1, 1));
    let failures = failures(&outcome);
    assert_eq!(failures.len(), 3, "{failures:?}");
    assert!(
        failures
            .iter()
            .all(|failure| failure.ends_with("alerts did not accept the message: the channel gave no answer")),
        "{failures:?}"
    );
}

#[test]
fn a_body_that_ends_early_keeps_the_alerts_before() {
    // Not gzipped, so that the first chunk holds a whole record.
    let halves = |file: &str| {
        let [one, two, three] = [1, 2, 3].map(|number| image(&format!("{file}{number}")));
        let json = format!(r#"{{"Records":[{one},{two},{three}]}}"#).into_bytes();
        let cut = r#"{"Records":["#.len() + one.len() + 20;
        (json[..cut].to_vec(), json[cut..].to_vec())
    };
    let ((a, more_of_a), (b, _), (c, more_of_c)) = (halves("a"), halves("b"), halves("c"));
    let reset = || Err(FetchError::transient("connection reset"));
    let objects = Memory::default()
        .with("a", vec![Ok(a), reset(), Ok(more_of_a)])
        .with("b", vec![Ok(b)])
        .with("c", vec![Ok(c), Ok(Vec::new()), Ok(more_of_c)]);
    let outbox = Outbox::open();
    let outcome = handled(&objects, &outbox, &event(&["a", "b", "c"]));
    assert_eq!((outcome.objects.processed, outcome.matches.alerted, outbox.sent()), (1, 5, 5));
    let failures = failures(&outcome);
    assert_eq!(failures[0], "s3://logs/a cannot be read: connection reset");
    assert!(
        failures[1].starts_with("s3://logs/b is not a complete log file: the JSON ends early at byte "),
        "{failures:?}"
    );
    assert!(failures[1].ends_with("inside record 1"), "{failures:?}");
    assert_eq!(failures.len(), 2);
}

#[test]
fn bad_parts_of_a_payload_are_counted() {
    let mut payload = event(&["a", "100%ff", "AWSLogs/1/CloudTrail-Digest/us-east-1/d.json.gz"]);
    let records = payload["Records"].as_array_mut().unwrap();
    records.push(json!({"eventSource": "aws:s3"}));
    records.push(json!({"eventSource": "aws:s3", "eventName": "ObjectRemoved:Delete",
        "s3": {"bucket": {"name": BUCKET}, "object": {"key": "gone"}}}));
    let objects = Memory::default().with("a", vec![Ok(images(1))]);
    let outbox = Outbox::open();
    let outcome = handled(&objects, &outbox, &payload);
    assert_eq!((outcome.objects.processed, outcome.matches.alerted), (1, 1));
    assert_eq!(outcome.objects.skipped, BTreeMap::from([("digest_file".to_owned(), 1), ("not_created".to_owned(), 1)]));
    let failures = failures(&outcome);
    assert!(failures[0].starts_with("record 1 of the S3 event cannot be read"), "{failures:?}");
    assert!(failures[1].starts_with("record 3 of the S3 event cannot be read"), "{failures:?}");
    assert_eq!(failures.len(), 2);
}
