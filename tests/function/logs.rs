//! The function's log: JSON lines, one for each failure with its place and reason, one summary, and nothing of the
//! content of records.

use serde_json::{Value, json};

use crate::{
    peer::{Peer, Reply},
    scene::{Scene, gzip},
};

/// Part of every value of every record, and of the function's credentials.
const MARK: &str = "zq9mark";
const SECRET: &str = "zq9secret/of+the/function";
const TOKEN: &str = "zq9token//of+the/session=";

/// A record that the first rule matches, with the mark in every value.
fn marked(id: &str) -> Value {
    let mark = |what: &str| json!(format!("{MARK} {what}\n\u{1b}[31m"));
    json!({
        "eventVersion": "1.11", "eventID": format!("{MARK}-{id}"), "eventSource": "ecr.amazonaws.com",
        "eventName": "PutImage", "eventTime": "2026-03-02T09:15:00Z", "awsRegion": mark("region"),
        "sourceIPAddress": mark(&format!("address {id}")), "userAgent": mark("agent"), "errorCode": mark("code"),
        "errorMessage": mark("message"), "recipientAccountId": mark("account"),
        "requestParameters": {MARK: mark("key"), "repositoryName": mark("repository"), "list": [mark("item")]},
        "responseElements": {"x": mark("response")}, "additionalEventData": {"y": mark("more")},
        "userIdentity": {"type": mark("type"), "userName": mark("user"), "arn": mark("arn"), "accessKeyId": mark("key id"),
            "sessionContext": {"sessionIssuer": {"arn": mark("role")}}},
    })
}

fn file(records: &[String]) -> Vec<u8> {
    gzip(format!(r#"{{"Records":[{}]}}"#, records.join(",")).as_bytes())
}

/// A function with these log levels, after an invocation with a failure of every kind.
fn after_failures(name: &str, levels: &str) -> (Scene, String, Vec<Value>) {
    let scene = Scene::new(name);
    let put = |key: &str, bytes: &[u8]| scene.cloud.put(&scene.bucket, key, bytes);
    put("good", &file(&[marked("1").to_string()]));
    put("refused", &file(&["{}".to_owned(), marked("refused").to_string()]));
    // Unreadable records: not objects, malformed at various places, too deep.
    let broken = |from: &str, to: &str| marked("2").to_string().replacen(from, to, 1);
    let deep = format!(r#"{{"{MARK}":{}"{MARK}"{}}}"#, "[".repeat(200), "]".repeat(200));
    let unparsable = [
        format!("\"{MARK}\""),
        broken(r#""errorCode":"#, r#""errorCode":nul"#),
        broken(r#""errorCode":"#, r#""errorCode":1e400,"x":"#),
        broken(r#""errorCode":"#, r#""errorCode" "#),
        broken(r"zq9mark agent\n", "zq9mark agent\n"),
        deep,
    ];
    put("unparsable", &file(&unparsable));
    let whole = file(&[marked("3").to_string()]);
    put("short", &whole[..whole.len() - 4]);
    put("list", &gzip(format!(r#"["{MARK}"]"#).as_bytes()));
    put("text", &gzip(format!(r#"{{"Records":"{MARK}"}}"#).as_bytes()));
    put("after", &gzip(format!(r#"{{"Records":[]}} {MARK}"#).as_bytes()));
    put("inside", &gzip(format!(r#"{{"Records":[{} {MARK}]}}"#, marked("4")).as_bytes()));

    let refusal = "<ErrorResponse><Error><Code>AuthorizationError</Code><Message>no</Message></Error></ErrorResponse>";
    let peer = Peer::before("zq9mark-refused", vec![Reply::text(403, refusal)]);
    let function = scene.function(&[
        ("AWS_ENDPOINT_URL_SNS", peer.endpoint()),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_SESSION_TOKEN", TOKEN),
        ("RUST_LOG", levels),
    ]);
    let keys = ["good", "refused", "unparsable", "short", "list", "text", "after", "inside", "missing"];
    let messages = keys.map(|key| {
        json!({"messageId": format!("m-{key}"), "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:r:1:q",
            "body": scene.event(&[key])})
    });
    let record =
        json!({"id": "e-1", "detail-type": "AWS API Call via CloudTrail", "source": "aws.ecr", "detail": marked("5")});
    let in_payload = json!({"messageId": "m-record", "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:r:1:q",
        "body": record.to_string().replacen(r#""errorCode":"#, r#""errorCode":nul"#, 1)});
    let mut payload = json!({"Records": messages});
    payload["Records"].as_array_mut().unwrap().push(in_payload);
    function.invoke(&payload.to_string()).success();
    (scene, function.output(), function.log())
}

/// Each failure is one line with its place and its reason.
#[test]
fn a_failure_is_one_line_with_its_place_and_reason() {
    let (scene, output, log) = after_failures("log-lines", "");
    let errors: Vec<&Value> = log.iter().filter(|line| line["level"] == "ERROR").collect();
    let of = |key: &str| errors.iter().filter(|line| line["key"] == key).copied().collect::<Vec<_>>();
    for (key, lines, message) in [
        ("good", 0, ""),
        ("refused", 1, "alert not published"),
        ("unparsable", 6, "record not readable"),
        ("short", 1, "object not readable"),
        ("list", 1, "object not readable"),
        ("text", 1, "object not readable"),
        ("after", 1, "object not readable"),
        ("inside", 1, "object not readable"),
        ("missing", 1, "object not fetched"),
    ] {
        assert_eq!(of(key).len(), lines, "{key}: {:#?}", of(key));
        for (number, line) in of(key).iter().enumerate() {
            assert_eq!((&line["bucket"], &line["message"]), (&json!(scene.bucket), &json!(message)), "{line}");
            assert!(line["reason"].as_str().is_some_and(|reason| reason.len() > 1), "{line}");
            match message {
                // A record has an index, and nothing is delivered again for it.
                "record not readable" => assert_eq!(line["record"], number, "{line}"),
                _ => assert_eq!(line["unit"], format!("m-{key}"), "{line}"),
            }
        }
    }
    assert_eq!(of("refused")[0]["record"], 1);
    let in_payload: Vec<_> = errors.iter().filter(|line| line["unit"] == "m-record").collect();
    assert_eq!(in_payload.len(), 1, "{output}");
    assert_eq!(errors.len(), 14, "{errors:#?}");
    let done: Vec<&Value> = log.iter().filter(|line| line["message"] == "done").collect();
    assert_eq!((done.len(), &done[0]["failed"], &done[0]["handed_back"]), (1, &json!(8), &json!(8)), "{done:?}");
    // Every line of the function is JSON; the emulator's own lines are not.
    let own = |line: &&str| line.starts_with('{') || line.contains("panic");
    assert!(output.lines().filter(own).all(|line| serde_json::from_str::<Value>(line).is_ok()), "{output}");
}

#[test]
fn no_word_of_a_record_is_in_the_log() {
    let (_, output, _) = after_failures("log-content", "info");
    for word in [MARK, SECRET, TOKEN] {
        let leaks: Vec<_> = output.lines().filter(|line| line.contains(word)).collect();
        assert!(leaks.is_empty(), "{leaks:#?}");
    }
}

#[test]
fn no_credential_is_in_the_log_at_any_level() {
    let (_, output, log) = after_failures("log-trace", "trace");
    assert!(log.iter().any(|line| line["level"] == "TRACE"), "{output}");
    for word in [SECRET, TOKEN, "zq9secret", "zq9token"] {
        let leaks: Vec<_> = output.lines().filter(|line| line.contains(word)).collect();
        assert!(leaks.is_empty(), "{leaks:#?}");
    }
}
