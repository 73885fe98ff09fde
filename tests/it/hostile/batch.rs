//! S3 Batch Operations: a result for each task.

use serde_json::{Value, json};
use trailbell::handler::FetchError;

use crate::ports::{BUCKET, Memory, Outbox, handled, images, log_file, publish_error};

fn payload(schema: &str, keys: &[&str]) -> Value {
    let tasks = keys.iter().map(|key| {
        let mut task = json!({"taskId": format!("task of {key}"), "s3Key": key, "s3VersionId": null});
        if schema == "1.0" {
            task["s3BucketArn"] = json!(format!("arn:aws:s3:::{BUCKET}"));
        } else {
            task["s3Bucket"] = json!(BUCKET);
        }
        task
    });
    json!({"invocationSchemaVersion": schema, "invocationId": "YXNk", "job": {"id": "j"}, "tasks": tasks.collect::<Vec<_>>()})
}

fn objects() -> Memory {
    Memory::default()
        .with("good key", vec![Ok(images(1))])
        .with("bad records", vec![Ok(log_file(&["7"]))])
        .with("slow", vec![Err(FetchError::transient("HTTP status 503"))])
        .with("missing", vec![Err(FetchError::permanent("it does not exist (NoSuchKey)"))])
        .with("broken", vec![Ok(b"nolog".to_vec())])
}

#[test]
fn s3_batch_1_0_and_2_0_get_a_result_for_each_task() {
    let keys = ["good+key", "bad+records", "missing", "slow", "broken", "AWSLogs/1/CloudTrail-Digest/r/d.gz", "%ff"];
    for schema in ["1.0", "2.0"] {
        let answer = handled(&objects(), &Outbox::open(), &payload(schema, &keys)).answer().unwrap();
        let result = |key: &str, code: &str, text: &str| json!({"taskId": format!("task of {key}"), "resultCode": code, "resultString": text});
        let expected = json!({
            "invocationSchemaVersion": schema, "treatMissingKeysAs": "PermanentFailure", "invocationId": "YXNk",
            "results": [
                result("good+key", "Succeeded", "done"),
                result("bad+records", "Succeeded", "done"),
                result("missing", "PermanentFailure", "s3://logs/missing cannot be read: it does not exist (NoSuchKey)"),
                result("slow", "TemporaryFailure", "s3://logs/slow cannot be read: HTTP status 503"),
                result("broken", "PermanentFailure", "s3://logs/broken is not a complete log file: neither gzip nor a JSON object: it starts with `nolo`"),
                result(keys[5], "Succeeded", "skipped: digest_file"),
                result("%ff", "PermanentFailure", "task 6 of the event of S3 Batch Operations cannot be read: its key does not decode to UTF-8: invalid utf-8 sequence of 1 bytes from index 0"),
            ],
        });
        assert_eq!(answer, expected);
    }
}

#[test]
fn s3_batch_with_a_task_without_a_key_or_an_id() {
    let mut no_key = payload("1.0", &["good+key"]);
    no_key["tasks"][0].as_object_mut().unwrap().remove("s3Key");
    let answer = handled(&objects(), &Outbox::open(), &no_key).answer().unwrap();
    assert_eq!(answer["results"][0]["resultCode"], "PermanentFailure");
    let mut no_id = payload("1.0", &["good+key", "slow"]);
    no_id["tasks"][1].as_object_mut().unwrap().remove("taskId");
    assert!(handled(&objects(), &Outbox::open(), &no_id).answer().is_err(), "what has no name cannot be answered for");
}

#[test]
fn s3_batch_task_whose_alert_is_not_accepted_fails_temporarily() {
    let outbox = Outbox::new(|_| Some(Err(publish_error("Throttled: slow down", false))));
    let answer = handled(&objects(), &outbox, &payload("1.0", &["good+key"])).answer().unwrap();
    assert_eq!(answer["results"][0]["resultCode"], "TemporaryFailure");
}
