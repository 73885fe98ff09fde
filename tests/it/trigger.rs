//! Every shape of payloads: its work is found by the rules of the shape, and what cannot be read is an error.

use std::io::Write;

use crate::real_logs::payload;
use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use trailbell::{
    diagnostic::chain,
    trigger::{Sender, TriggerError, Unit, Work, decode},
};

/// The work of a payload, one line for each item; the line of a unit with an id begins with the id.
fn shown(payload: &Value) -> String {
    shown_bytes(payload.to_string().as_bytes())
}

fn shown_bytes(payload: &[u8]) -> String {
    match decode(payload) {
        Err(error) => format!("error: {}", chain(&error)),
        Ok(delivery) => {
            let lines: Vec<String> = delivery.units.iter().flat_map(unit).collect();
            lines.join("\n")
        }
    }
}

fn unit(unit: &Unit) -> impl Iterator<Item = String> {
    let id = unit.id.as_ref().map(|id| format!("[{id}] ")).unwrap_or_default();
    assert!(!unit.work.is_empty(), "a unit without work is lost silently");
    let lines = |work: &Work| match work {
        Work::LogEvents(events) => {
            let record = |(text, origin)| Work::Record { text, origin };
            events.iter().map(record).map(|work| line(&work)).collect::<Vec<_>>()
        }
        work => vec![line(work)],
    };
    unit.work.iter().flat_map(lines).map(move |work| format!("{id}{work}"))
}

fn line(work: &Work) -> String {
    match work {
        Work::Object(object) => format!("object {} {}", object.bucket, object.key),
        Work::Record { text, origin } => format!("record {text} from {origin}"),
        Work::Skip { what, reason } => format!("skip {}: {what}", reason.word()),
        Work::Malformed(error) => format!("bad: {}", chain(error)),
        Work::LogEvents(events) => events.to_string(),
        Work::Tick { origin } => format!("tick of {origin}"),
    }
}

fn check(cases: &[(&Value, &str)]) {
    for (payload, expected) in cases {
        assert_eq!(shown(payload), *expected, "{payload:#}");
    }
}

fn s3(event: &str, key: &str) -> Value {
    json!({"eventVersion": "2.3", "eventSource": "aws:s3", "eventName": event,
        "s3": {"bucket": {"name": "logs"}, "object": {"key": key}}})
}

fn s3_event(keys: &[&str]) -> Value {
    json!({"Records": keys.iter().map(|key| s3("ObjectCreated:Put", key)).collect::<Vec<_>>()})
}

fn test_event() -> Value {
    json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2014-10-13T15:57:02.089Z", "Bucket": "logs",
        "RequestId": "5582815E1AEA5ADF", "HostId": "8cLeGAmw098X5cv4Zkwcmw1TItRi"})
}

fn created(key: &str) -> Value {
    json!({"version": "0", "id": "17793124", "detail-type": "Object Created", "source": "aws.s3",
        "detail": {"version": "0", "bucket": {"name": "logs"}, "object": {"key": key}, "reason": "PutObject"}})
}

/// CloudTrail's own message.
fn cloudtrail(keys: &[&str]) -> Value {
    json!({"s3Bucket": "logs", "s3ObjectKey": keys})
}

/// The payload with which SNS invokes a function.
fn sns(message: impl ToString) -> Value {
    json!({"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {"Type": "Notification",
        "TopicArn": "arn:aws:sns:us-east-1:111122223333:logs", "Message": message.to_string()}}]})
}

/// The message that SNS sends to a queue.
fn notification(message: impl ToString) -> Value {
    json!({"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:us-east-1:111122223333:logs",
        "Message": message.to_string()})
}

fn sqs(bodies: &[String]) -> Value {
    let message = |(index, body): (usize, &String)| {
        json!({"messageId": format!("m{index}"), "body": body, "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:logs"})
    };
    json!({"Records": bodies.iter().enumerate().map(message).collect::<Vec<_>>()})
}

fn logs(content: &Value) -> Value {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content.to_string().as_bytes()).unwrap();
    json!({"awslogs": {"data": BASE64_STANDARD.encode(encoder.finish().unwrap())}})
}

const RECORD: &str = r#"{"eventVersion":"1.08","eventName":"PutImage","big":1e400,"lone":"\ud800"}"#;

fn api_call(kind: &str) -> Vec<u8> {
    format!(r#"{{"version":"0","id":"7bf73129","detail-type":"{kind}","source":"aws.ecr","detail":{RECORD}}}"#)
        .into_bytes()
}

#[test]
fn every_payload_is_read_inside_messages_of_sns_and_sqs() {
    let inner = [
        // Keys are encoded as in HTML forms.
        (s3_event(&["red+flower%2B.gz", "b"]).to_string(), vec!["object logs red flower+.gz", "object logs b"]),
        // Keys are not encoded.
        (created("a+b%2Bc").to_string(), vec!["object logs a+b%2Bc"]),
        (cloudtrail(&["a+b%2Bc", "d"]).to_string(), vec!["object logs a+b%2Bc", "object logs d"]),
        (test_event().to_string(), vec!["skip test_event: s3:TestEvent"]),
        (
            "CloudTrail validation message.".to_owned(),
            vec!["skip validation_message: validation message of CloudTrail"],
        ),
        (
            String::from_utf8(api_call("AWS API Call via CloudTrail")).unwrap(),
            vec![
                r#"record {"eventVersion":"1.08","eventName":"PutImage","big":1e400,"lone":"\ud800"} from EventBridge event 7bf73129"#,
            ],
        ),
    ];
    for (text, work) in inner {
        if !text.starts_with("CloudTrail") {
            assert_eq!(shown_bytes(text.as_bytes()), work.join("\n"));
        }
        assert_eq!(shown(&sns(&text)), work.join("\n"), "SNS");
        let in_queue: Vec<String> = work.iter().map(|work| format!("[m0] {work}")).collect();
        for (name, body) in [
            ("SQS", text.clone()),
            ("SNS in SQS", notification(&text).to_string()),
            ("SNS for a function, in SQS", sns(&text).to_string()),
            ("SNS in SNS in SQS", notification(notification(&text)).to_string()),
        ] {
            assert_eq!(shown(&sqs(&[body])), in_queue.join("\n"), "{name}");
        }
    }
}

/// EventBridge Scheduler sends a text as the detail
/// (<https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html>).
#[test]
fn an_event_of_a_schedule_is_a_tick() {
    let event = |source: &str, detail: Value| json!({"version": "0", "id": "7", "detail-type": "Scheduled Event", "source": source, "detail": detail});
    let in_queue = json!({"Records": [{"eventSource": "aws:sqs", "messageId": "m",
        "body": event("aws.events", json!({})).to_string()}]});
    check(&[
        (&event("aws.events", json!({})), "tick of EventBridge event 7"),
        (&event("aws.scheduler", json!("{}")), "tick of EventBridge event 7"),
        (&in_queue, "[m] tick of EventBridge event 7"),
        (&event("mine", json!({})), "skip forged_event: EventBridge event 7 `Scheduled Event` of `mine`"),
    ]);
}

#[test]
fn the_detail_of_an_eventbridge_event_is_a_record() {
    for kind in [
        "AWS API Call via CloudTrail",
        "AWS Console Sign In via CloudTrail",
        "AWS Service Event via CloudTrail",
        "AWS Insight via CloudTrail",
    ] {
        assert_eq!(shown_bytes(&api_call(kind)), format!("record {RECORD} from EventBridge event 7bf73129"));
    }
    let no_detail = json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.ecr", "id": "x"});
    check(&[(&no_detail, "error: EventBridge event x cannot be read: it has no `detail`")]);
}

/// `PutEvents` refuses sources that begin with `aws.`, and accepts any other text: `PutEventsRequestEntry` in the Amazon
/// EventBridge API Reference. A partner's source begins with `aws.partner/`.
#[test]
fn an_event_that_no_service_of_aws_sent_is_refused_wherever_it_arrives() {
    let sources =
        ["com.attacker.app", "", "aws", "aws.", "AWS.ecr", " aws.ecr", "xaws.ecr", "aws.partner/a.com/b", "a\u{1b}"];
    let sources = sources.map(Value::from).into_iter().chain([Value::Null, json!(5), json!(["aws.ecr"])]);
    for source in sources {
        for kind in ["AWS API Call via CloudTrail", "AWS Insight via CloudTrail", "Object Created", "Object Deleted"] {
            let mut event = created("k");
            (event["source"], event["detail-type"]) = (source.clone(), json!(kind));
            let name = source.as_str().unwrap_or_default().escape_debug();
            let refused = format!("skip forged_event: EventBridge event 17793124 `{kind}` of `{name}`");
            assert_eq!(shown(&event), refused);
            assert_eq!(shown(&sns(&event)), refused);
            let bodies = [event.to_string(), notification(&event).to_string(), s3_event(&["a"]).to_string()];
            let work = format!("[m0] {refused}\n[m1] {refused}\n[m2] object logs a");
            assert_eq!(shown(&sqs(&bodies)), work);
        }
    }
    let mut event = created("k");
    event.as_object_mut().unwrap().remove("source");
    assert!(shown(&event).starts_with("skip forged_event: "));
    // A real event, by another account's bus: account and region are those of its origin.
    let forwarded = json!({"id": "x", "detail-type": "AWS API Call via CloudTrail", "source": "aws.iam",
        "account": "444455556666", "region": "us-east-1", "detail": {"awsRegion": "eu-west-1"}});
    check(&[(&forwarded, r#"record {"awsRegion":"eu-west-1"} from EventBridge event x"#)]);
}

#[test]
fn each_event_of_a_log_subscription_is_a_record() {
    let event = |id: &str, message: &str| json!({"id": id, "timestamp": 1, "message": message});
    let data = json!({"messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "trail", "logStream": "s_1",
        "subscriptionFilters": ["f"], "logEvents": [event("31953106", RECORD), event("31953107", "no json")]});
    let control = json!({"messageType": "CONTROL_MESSAGE", "logEvents": [event("", "CWL CONTROL MESSAGE")]});
    check(&[
        (
            &logs(&data),
            r#"record {"eventVersion":"1.08","eventName":"PutImage","big":1e400,"lone":"\ud800"} from CloudWatch Logs trail/s_1, event 31953106
record no json from CloudWatch Logs trail/s_1, event 31953107"#,
        ),
        (&logs(&control), "skip control_message: control message of CloudWatch Logs"),
        (
            &logs(&json!({"messageType": "DATA_MESSAGE", "logEvents": []})),
            "error: the event of CloudWatch Logs cannot be read: its `logEvents` is empty",
        ),
        (
            &logs(&json!({"messageType": "OTHER"})),
            "error: the event of CloudWatch Logs cannot be read: its `messageType` is `OTHER`, expected `DATA_MESSAGE` or `CONTROL_MESSAGE`",
        ),
        (
            &json!({"awslogs": {"data": "H4sIAAAAAAAAA"}}),
            "error: the event of CloudWatch Logs cannot be read: its `data` is not base64: Invalid input length: 13",
        ),
        (
            &json!({"awslogs": {"data": "H4sIAAAAAAAAAA=="}}),
            "error: the event of CloudWatch Logs cannot be read: its `data` cannot be decompressed: it ends early",
        ),
        (
            &json!({"awslogs": {}}),
            "error: the event of CloudWatch Logs cannot be read: its `awslogs` has another type: missing field `data`",
        ),
    ]);
}

#[test]
fn a_log_subscription_that_decompresses_to_too_much_is_an_error() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    (0..65).for_each(|_| encoder.write_all(&vec![b' '; 1 << 20]).unwrap());
    let payload = json!({"awslogs": {"data": BASE64_STANDARD.encode(encoder.finish().unwrap())}});
    let error =
        "error: the event of CloudWatch Logs cannot be read: its `data` is more than 67108864 bytes when decompressed";
    check(&[(&payload, error)]);
}

#[test]
fn each_task_of_s3_batch_operations_is_an_object() {
    let tasks = |schema: &str, tasks: Value| json!({"invocationSchemaVersion": schema, "invocationId": "i", "job": {"id": "j"}, "tasks": tasks});
    let one = tasks(
        "1.0",
        json!([
            {"taskId": "t1", "s3Key": "a+b%2Bc", "s3VersionId": "1", "s3BucketArn": "arn:aws-us-gov:s3:::logs"},
            {"taskId": "t2", "s3Key": "AWSLogs/1/CloudTrail-Digest/r/d.gz", "s3VersionId": null, "s3BucketArn": "arn:aws:s3:::logs"},
            {"taskId": "t3", "s3BucketArn": "arn:aws:s3:::logs"},
            {"taskId": "t4", "s3Key": "%ff", "s3BucketArn": "arn:aws:s3:::logs"},
            {"s3Key": "a", "s3BucketArn": "arn:aws:s3:::"},
        ]),
    );
    let two = json!({"invocationSchemaVersion": "2.0", "invocationId": "i", "job": {"id": "j", "userArguments": {"k": "v"}},
        "tasks": [{"taskId": "t1", "s3Key": "a+b", "s3VersionId": null, "s3Bucket": "logs"}]});
    check(&[
        (
            &one,
            "[t1] object logs a b+c\n\
             [t2] skip digest_file: AWSLogs/1/CloudTrail-Digest/r/d.gz\n\
             [t3] bad: task 2 of the event of S3 Batch Operations cannot be read: it has no `s3Key`\n\
             [t4] bad: task 3 of the event of S3 Batch Operations cannot be read: its key does not decode to UTF-8: invalid utf-8 sequence of 1 bytes from index 0\n\
             bad: task 4 of the event of S3 Batch Operations cannot be read: its `s3BucketArn` names no bucket",
        ),
        (&two, "[t1] object logs a b"),
        (&tasks("1.0", json!([])), "error: the event of S3 Batch Operations cannot be read: its `tasks` is empty"),
        (&tasks("1.0", json!({})), "error: the event of S3 Batch Operations cannot be read: its `tasks` is not a list"),
        (
            &tasks("3.0", json!([])),
            "error: the event of S3 Batch Operations cannot be read: its `invocationSchemaVersion` is `3.0`, expected `1.0` or `2.0`",
        ),
        (
            &json!({"tasks": []}),
            "error: the event of S3 Batch Operations cannot be read: it has no `invocationSchemaVersion`",
        ),
    ]);
    let sender = decode(two.to_string().as_bytes()).unwrap().sender;
    assert_eq!(sender, Sender::Batch { schema: "2.0".to_owned(), invocation: "i".to_owned() });
}

#[test]
fn only_new_objects_are_read() {
    let records = json!({"Records": [
        s3("ObjectCreated:Put", "put"),
        s3("ObjectCreated:Copy", "copy"),
        s3("ObjectCreated:Post", "post"),
        s3("ObjectCreated:CompleteMultipartUpload", "multipart"),
        s3("s3:ObjectCreated:Put", "as configured"),
        s3("ObjectRemoved:Delete", "gone"),
        s3("ObjectRestore:Completed", "restored"),
        s3("ObjectCreated:Put", "AWSLogs/1/CloudTrail-Aggregated/us-east-1/a.gz"),
    ]});
    let eventbridge = |kind: &str| {
        let mut event = created("k");
        event["detail-type"] = json!(kind);
        event
    };
    check(&[
        (
            &records,
            "object logs put\nobject logs copy\nobject logs post\nobject logs multipart\nobject logs as configured\n\
             skip not_created: ObjectRemoved:Delete gone\nskip not_created: ObjectRestore:Completed restored\n\
             skip aggregated_file: AWSLogs/1/CloudTrail-Aggregated/us-east-1/a.gz",
        ),
        (&eventbridge("Object Deleted"), "skip not_created: Object Deleted k"),
        (&eventbridge("Object Restore Completed"), "skip not_created: Object Restore Completed k"),
    ]);
}

#[test]
fn a_test_event_with_records_is_a_notification() {
    let mut payload = s3_event(&["a"]);
    payload["Event"] = json!("s3:TestEvent");
    check(&[(&payload, "object logs a")]);
}

#[test]
fn subscription_messages_in_a_queue_need_no_work() {
    for kind in ["SubscriptionConfirmation", "UnsubscribeConfirmation"] {
        let mut message = notification("You have chosen to subscribe to the topic");
        message["Type"] = json!(kind);
        let work = format!(
            "[m0] skip subscription_message: {kind} of arn:aws:sns:us-east-1:111122223333:logs\n[m1] object logs a"
        );
        assert_eq!(shown(&sqs(&[message.to_string(), s3_event(&["a"]).to_string()])), work);
    }
}

#[test]
fn a_bad_message_does_not_affect_the_others() {
    let bodies = [
        s3_event(&["a"]).to_string(),
        "this is not json at all {{{".to_owned(),
        r#"{"Records":[]}"#.to_owned(),
        r#"{"hello":1}"#.to_owned(),
        String::new(),
        test_event().to_string(),
        r#"{"Records":[{"eventSource":"aws:sqs","messageId":"x","body":"{}"}]}"#.to_owned(),
    ];
    let work = "[m0] object logs a\n\
         [m1] bad: the payload is not JSON: expected ident at line 1 column 2\n\
         [m2] bad: the payload has no known shape: its `Records` is empty\n\
         [m3] bad: the payload has no known shape: its keys are `hello`\n\
         [m4] bad: the payload is not JSON: EOF while parsing a value at line 1 column 0\n\
         [m5] skip test_event: s3:TestEvent\n\
         [m6] bad: record 0 of the S3 event cannot be read: missing field `eventName`";
    check(&[(&sqs(&bodies), work)]);
}

#[test]
fn a_message_without_an_id_has_no_id_in_its_unit() {
    let mut payload = sqs(&[s3_event(&["a"]).to_string(), s3_event(&["b"]).to_string()]);
    payload["Records"][0].as_object_mut().unwrap().remove("messageId");
    payload["Records"][1]["messageId"] = json!("");
    payload["Records"].as_array_mut().unwrap().extend([json!(5), s3("ObjectCreated:Put", "c")]);
    check(&[(
        &payload,
        "object logs a\nobject logs b\n\
         bad: message 2 of the SQS event cannot be read: it is not an object with each field once\n\
         bad: message 3 of the SQS event cannot be read: its `eventSource` is `aws:s3`, expected `aws:sqs`",
    )]);
}

#[test]
fn a_fifo_queue_is_recognized_by_its_arn() {
    let mut payload = sqs(&[s3_event(&["a"]).to_string()]);
    assert_eq!(decode(payload.to_string().as_bytes()).unwrap().sender, Sender::Queue { is_fifo: false });
    payload["Records"][0]["eventSourceARN"] = json!("arn:aws:sqs:us-east-1:111122223333:logs.fifo");
    assert_eq!(decode(payload.to_string().as_bytes()).unwrap().sender, Sender::Queue { is_fifo: true });
}

#[test]
fn a_bad_record_does_not_affect_the_others() {
    let mut future = s3("ObjectCreated:Put", "k");
    future["eventVersion"] = json!("3.0");
    let records = json!({"Records": [
        {"eventSource": "aws:s3"}, s3("ObjectCreated:Put", "a"), s3("ObjectCreated:Put", "%ff"),
        {"eventSource": "aws:ses", "eventName": "x", "s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}},
        null, future,
    ]});
    check(&[(
        &records,
        "bad: record 0 of the S3 event cannot be read: missing field `eventName`\n\
         object logs a\n\
         bad: record 2 of the S3 event cannot be read: its key does not decode to UTF-8: invalid utf-8 sequence of 1 bytes from index 0\n\
         bad: record 3 of the S3 event cannot be read: its `eventSource` is `aws:ses`, expected `aws:s3`\n\
         bad: record 4 of the S3 event cannot be read: invalid type: null, expected struct S3Record\n\
         bad: record 5 of the S3 event cannot be read: its `eventVersion` is `3.0`, expected `2` with any minor version",
    )]);
}

#[test]
fn a_payload_of_an_unknown_shape_is_an_error_with_its_first_keys() {
    let unknown = |rest: &str| format!("error: the payload has no known shape: {rest}");
    for (payload, rest) in [
        (json!({}), "it is an empty object"),
        (json!([]), "it is a list"),
        (json!(null), "it is null"),
        (json!("x"), "it is a string"),
        (json!({"Records": null}), "its keys are `Records`"),
        (json!({"Records": []}), "its `Records` is empty"),
        (json!({"Records": {}}), "its `Records` is not a list"),
        (json!({"zeta": 1, "a\u{1b}": 2}), "its keys are `a\\u{1b}`, `zeta`"),
        (json!({"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1}), "its keys are `a`, `b`, `c`, `d`, `e`, …"),
        (
            json!({"source": "aws.ec2", "detail-type": "Scheduled Event", "detail": {}}),
            "an EventBridge event `Scheduled Event` of `aws.ec2`; its keys are `detail`, `detail-type`, `source`",
        ),
    ] {
        assert_eq!(shown(&payload), unknown(rest), "{payload}");
    }
    assert!(matches!(decode(b"{\"Records\""), Err(TriggerError::NotJson(_))));
    assert!(matches!(decode(b"\xff"), Err(TriggerError::NotUtf8(_))));
    // A repeated key could hide the value of the first.
    assert!(shown_bytes(br#"{"Records":[],"Records":[]}"#).contains("duplicate field `Records`"));
    let deep = (0..9).fold(s3_event(&["a"]), |inner, _| notification(inner));
    assert_eq!(shown(&deep), unknown("it is nested in more than 5 messages"));
}

/// Payloads of other projects, with the work that those projects and the documentation of AWS give them.
#[test]
fn payloads_of_other_projects_are_read() {
    let object = "object lambda-artifacts-deafc19498e3f2df b21b84d653bb07b05b1e6b33684dc11b";
    for (name, work) in [
        ("cloudtrail-rs/s3-event-object-created", vec![object]),
        ("cloudtrail-rs/s3-event-urlencoded-key", vec!["object ct-siem-sync my file=a.json.gz"]),
        ("cloudtrail-rs/sns-s3-event", vec![object]),
        ("cloudtrail-rs/sqs-s3-event", vec!["[059f36b4-87a3-44ab-83d2-661975830a7d] object lambda-artifacts-"]),
        ("cloudtrail-rs/sqs-sns-event", vec!["[2e1424d4-f796-459a-8184-9c92662be6da] object lambda-artifacts-"]),
        ("cloudtrail-rs/s3-test-event", vec!["skip test_event"]),
        ("cloudtrail-rs/sns-s3-test-event", vec!["skip test_event"]),
        (
            "cloudtrail-rs/sqs-batch-partial-garbage",
            vec![
                "[059f36b4-87a3-44ab-83d2-661975830a7d] object lambda-artifacts-",
                "[bad00000-0000-0000-0000-000000000002] bad: ",
                "[2e1424d4-f796-459a-8184-9c92662be6da] object ct-siem-sync second-sibling-object.json.gz",
            ],
        ),
        ("cloudtrail-rs/eventbridge-object-created", vec!["object amzn-s3-demo-bucket1 example-key"]),
        ("cloudtrail-rs/eventbridge-object-created-plus-key", vec!["object "]),
        ("cloudtrail-rs/eventbridge-object-created-unsupported-version", vec!["error: "]),
        ("cloudtrail-rs/eventbridge-object-deleted", vec!["skip not_created"]),
        ("cloudtrail-rs/eventbridge-object-restore-completed", vec!["skip not_created"]),
        ("cloudtrail-rs/eventbridge-object-annotation-created", vec!["skip not_created"]),
        ("example-s3-event", vec!["object sourcebucket Happy Face.jpg"]),
        ("example-s3-event-with-decoded", vec!["object sourcebucket Happy Face.jpg"]),
        ("example-sns-event", vec!["bad: the payload is not JSON"]),
        ("example-sns-event-obj", vec!["bad: the payload has no known shape: its keys are `bar`, `foo`"]),
        ("example-sqs-event", vec!["[MessageID_1] bad: the payload is not JSON"]),
        ("example-sqs-event-obj", vec!["[MessageID_1] bad: the payload has no known shape: its keys are `a`, `b`"]),
        ("example-sqs-api-event-obj", vec!["error: the payload has no known shape: its keys are `Messages`"]),
        ("example-eventbridge-schedule", vec!["tick of EventBridge event 53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa"]),
        (
            "example-eventbridge-event-obj",
            vec!["skip unknown_event: EventBridge event 7bf73129-1428-4cd3-a780-95db273d1602 `EC2 Instance"],
        ),
        ("example-cloudwatch_logs-event", vec!["record ", "record "]),
        ("example-cloudwatch-alarm-metric", vec!["error: the payload has no known shape"]),
        ("example-cloudwatch-cloudtrail-assumed-role", vec!["error: the payload has no known shape"]),
    ] {
        let found = shown_bytes(&payload(name));
        let found: Vec<&str> = found.lines().collect();
        assert_eq!(found.len(), work.len(), "{name}: {found:#?}");
        for (found, work) in found.iter().zip(work) {
            assert!(found.starts_with(work), "{name}: {found}");
        }
    }
}

/// A payload of six megabytes can have millions of parts, each of which takes some hundred bytes once it is read.
#[test]
fn a_payload_has_at_most_ten_thousand_parts() {
    let many = |field: &str, part: &str, count: usize| -> Value {
        serde_json::from_str(&format!("{{\"{field}\":[{}]}}", vec![part; count].join(","))).unwrap()
    };
    let lines = |payload: &Value| shown(payload).lines().count();
    assert_eq!(lines(&many("Records", "{}", 10_000)), 10_000);
    let refused = "error: the payload has no known shape: it has more than 10000 parts";
    for payload in [many("Records", "{}", 10_001), many("Records", r#"{"eventSource":"aws:sqs"}"#, 1_000_000)] {
        assert_eq!(shown(&payload), refused);
    }
    let mut keys = many("s3ObjectKey", "\"a\"", 1_000_000);
    keys["s3Bucket"] = json!("logs");
    assert!(shown(&keys).ends_with("it has more than 10000 parts"), "{}", shown(&keys));
    // The messages of a queue have a limit together, and those within it are not affected.
    let body = many("Records", "{}", 9_000).to_string();
    let units = decode(sqs(&vec![body; 4]).to_string().as_bytes()).unwrap().units;
    assert_eq!(units.iter().map(|unit| unit.work.len()).collect::<Vec<_>>(), [9_000, 9_000, 1, 1]);
}
