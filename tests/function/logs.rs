//! What the function writes: JSON lines, one for each thing that failed with where it is and why, one summary, and
//! nothing of what records say.

use serde_json::{Value, json};

use crate::{
    peer::{Peer, Reply},
    scene::{Scene, gzip},
};

/// Stands in every value of every record, and in the function's credentials.
const MARK: &str = "zq9mark";
const SECRET: &str = "zq9secret/of+the/function";
const TOKEN: &str = "zq9token//of+the/session=";

/// A record that the first rule wants and that is marked all over.
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

/// A function with these levels after an invocation in which something of every kind has failed.
fn after_failures(name: &str, levels: &str) -> (Scene, String, Vec<Value>) {
    let scene = Scene::new(name);
    let put = |key: &str, bytes: &[u8]| scene.cloud.put(&scene.bucket, key, bytes);
    put("good", &file(&[marked("1").to_string()]));
    put("refused", &file(&["{}".to_owned(), marked("refused").to_string()]));
    // Records that cannot be read: no objects, broken at various places, too deep.
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
    (scene, function.said(), function.log())
}

/// One line for each failed thing, and in it where it is and why.
#[test]
fn a_failed_thing_is_one_line_that_says_where_and_why() {
    let (scene, said, log) = after_failures("log-lines", "");
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
                // The place of a record is known, and nothing comes again for the sake of it.
                "record not readable" => assert_eq!(line["record"], number, "{line}"),
                _ => assert_eq!(line["unit"], format!("m-{key}"), "{line}"),
            }
        }
    }
    assert_eq!(of("refused")[0]["record"], 1);
    let in_payload: Vec<_> = errors.iter().filter(|line| line["unit"] == "m-record").collect();
    assert_eq!(in_payload.len(), 1, "{said}");
    assert_eq!(errors.len(), 14, "{errors:#?}");
    let done: Vec<&Value> = log.iter().filter(|line| line["message"] == "done").collect();
    assert_eq!((done.len(), &done[0]["failed"], &done[0]["handed_back"]), (1, &json!(8), &json!(8)), "{done:?}");
    // All that the function writes is JSON; the emulator's own lines are not.
    let own = |line: &&str| line.starts_with('{') || line.contains("panic");
    assert!(said.lines().filter(own).all(|line| serde_json::from_str::<Value>(line).is_ok()), "{said}");
}

#[test]
fn no_word_of_a_record_is_in_the_log() {
    let (_, said, _) = after_failures("log-content", "info");
    for word in [MARK, SECRET, TOKEN] {
        let told: Vec<_> = said.lines().filter(|line| line.contains(word)).collect();
        assert!(told.is_empty(), "{told:#?}");
    }
}

/// Whatever is asked for.
#[test]
fn no_credential_is_in_the_log_at_any_level() {
    let (_, said, log) = after_failures("log-trace", "trace");
    assert!(log.iter().any(|line| line["level"] == "TRACE"), "{said}");
    for word in [SECRET, TOKEN, "zq9secret", "zq9token"] {
        let told: Vec<_> = said.lines().filter(|line| line.contains(word)).collect();
        assert!(told.is_empty(), "{told:#?}");
    }
}
