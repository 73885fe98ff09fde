//! Log files: gzip and JSON, valid and broken, in chunks of any size.

use serde_json::json;
use trailbell::handler::{FetchError, Sends};

use crate::ports::{Memory, Outbox, answer, event, failures, gzip, handled, image, log_file};

/// A file, its name, the number of its alerts, and the reason of its failure; empty for a valid file.
type Case<'a> = (&'a str, Vec<u8>, u64, &'a str);

/// Each file is between two valid ones, which it must not affect, in chunks of several sizes.
fn check(cases: Vec<Case<'_>>) {
    for (name, file, alerts, says) in cases {
        for size in [file.len().max(1), 1 + file.len() / 3, 7] {
            let chunks = file.chunks(size).map(|chunk| Ok(chunk.to_vec())).collect();
            let good = |id: &str| vec![Ok(log_file(&[&image(id)]))];
            let objects = Memory::default().with("1st", good("before")).with(name, chunks).with("3rd", good("after"));
            let key = name.replace(' ', "+");
            let outcome = handled(&objects, &Outbox::open(), &event(&["1st", &key, "3rd"]));
            let failures = failures(&outcome);
            assert_eq!(outcome.matches.alerted, alerts + 2, "{name}: {failures:?}");
            assert_eq!(outcome.objects.processed, if says.is_empty() { 3 } else { 2 }, "{name}: {failures:?}");
            assert_eq!(failures.len(), usize::from(!says.is_empty()), "{name}: {failures:?}");
            let place = format!("s3://logs/{name} is not a complete log file: ");
            let reason = failures.first().map(|failure| failure.strip_prefix(&place).unwrap()).unwrap_or_default();
            assert!(reason.contains(says), "{name}: {reason}");
        }
    }
}

fn two() -> String {
    format!(r#"{{"Records":[{},{}]}}"#, image("1"), image("2"))
}

#[test]
fn gzip_of_several_members() {
    let text = two();
    let (head, tail) = text.split_at(40);
    check(vec![("members", [gzip(head.as_bytes()), gzip(b""), gzip(tail.as_bytes())].concat(), 2, "")]);
}

#[test]
fn gzip_with_a_truncated_trailer() {
    let file = gzip(two().as_bytes());
    check((1..=8).map(|cut| ("cut", file[..file.len() - cut].to_vec(), 2, "the gzip data ends early")).collect());
}

#[test]
fn gzip_with_a_wrong_crc() {
    let mut file = gzip(two().as_bytes());
    let crc = file.len() - 8;
    file[crc] ^= 1;
    check(vec![("crc", file, 2, "the gzip data is corrupt near its byte ")]);
}

#[test]
fn gzip_with_garbage_or_zeros_after_the_trailer() {
    let file = gzip(two().as_bytes());
    check(vec![
        ("garbage", [&file, b"garbage".as_slice()].concat(), 2, "garbage after the gzip data"),
        ("zeros", [&file, [0; 512].as_slice()].concat(), 2, ""),
    ]);
}

#[test]
fn gzip_by_name_only_and_gzip_without_the_name() {
    // The name of a file does not matter.
    check(vec![
        ("text.json.gz", b"this is no log".to_vec(), 0, "neither gzip nor a JSON object: it starts with `this`"),
        ("json.json.gz", two().into_bytes(), 2, ""),
        ("gzip.json", gzip(two().as_bytes()), 2, ""),
    ]);
}

#[test]
fn file_without_records_and_empty_file_with_the_name_of_a_log_file() {
    let name = "111122223333_CloudTrail_us-east-1_20260302T0920Z_Kq3vZt8LwXy1RbNd.json.gz";
    check(vec![
        (name, Vec::new(), 0, "the file is empty"),
        (name, gzip(b""), 0, "the file is empty"),
        ("no records", log_file(&[]), 0, ""),
    ]);
}

#[test]
fn gzip_of_a_byte_order_mark_and_json() {
    check(vec![("bom", gzip(format!("\u{feff}{}", two()).as_bytes()), 2, "")]);
}

/// S3 returns the stored bytes, whatever `Content-Encoding` is.
#[test]
fn gzip_within_gzip() {
    check(vec![("twice", gzip(&gzip(two().as_bytes())), 0, "(gzip within gzip)")]);
}

#[test]
fn json_with_records_that_are_null_missing_or_no_list() {
    check(vec![
        ("null", gzip(br#"{"Records":null}"#), 0, "`Records` must be a list and is null"),
        ("missing", gzip(br#"{"hello":1}"#), 0, "no `Records` in the file; its keys are `hello`"),
        ("object", gzip(br#"{"Records":{}}"#), 0, "`Records` must be a list and is an object"),
    ]);
}

#[test]
fn json_that_is_a_bare_list_or_lines() {
    let record = image("1");
    check(vec![
        ("list", gzip(format!("[{record}]").as_bytes()), 0, "a bare list"),
        ("lines", gzip(format!("{record}\n{record}").as_bytes()), 0, "a record on its own"),
        ("lines of files", gzip(format!("{}\n{}", two(), two()).as_bytes()), 2, "several JSON documents"),
    ]);
}

#[test]
fn json_with_two_keys_named_records() {
    let file = format!(r#"{{"Records":[{}],"Records":[{}]}}"#, image("1"), image("2"));
    check(vec![("twice", gzip(file.as_bytes()), 2, "")]);
}

#[test]
fn json_with_unknown_keys_before_and_after() {
    let file = format!(r#"{{"x":{{"Records":[{}]}},"Records":[{}],"y":[1e400,"}}"]}}"#, image("0"), image("1"));
    check(vec![("keys", gzip(file.as_bytes()), 1, "")]);
}

#[test]
fn json_with_garbage_after_it() {
    check(vec![("garbage", gzip(format!("{} x", two()).as_bytes()), 2, "garbage after the JSON")]);
}

#[test]
fn json_with_braces_quotes_and_escapes_in_strings() {
    let record = image("1").replace("1.08", r#"}]},{\"Records\":[\\\\\\\""#);
    check(vec![("strings", log_file(&[&record, &image("2")]), 2, "")]);
}

/// What is wrong with one record: the object counts as read, and the record raises an alert of its own.
#[test]
fn json_nested_10_000_deep_with_lone_surrogates_with_1e400_and_with_numbers_beyond_64_bits() {
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let lone = image("lone").replace("1.08", r"\ud800");
    let big = image("big").replace("\"1.08\"", "18446744073709551616123");
    let infinite = image("1e400").replace("\"1.08\"", "1e400");
    let file = log_file(&[&deep, &lone, &big, &infinite, &image("good")]);
    let outbox = Outbox::open();
    let outcome = handled(&Memory::default().with("a", vec![Ok(file)]), &outbox, &event(&["a"]));
    let records = &outcome.records;
    assert_eq!((records.seen, records.evaluated, records.unparsable, records.repaired), (5, 3, 2, 1));
    assert_eq!((outcome.objects.processed, outcome.matches.alerted), (1, 3));
    assert_eq!(outcome.notices, Sends { due: 2, sent: 2, ..Sends::default() });
    assert!(outcome.answer().is_ok());
    let sent = outbox.sent.lock().unwrap();
    for (record, reason) in [("0", "a record nested 10001 deep is over the limit of 128"), ("3", "number out of range")]
    {
        let first = format!("SEV2 record {record} of a CloudTrail log file could not be read: ");
        let alert = sent.iter().find(|message| message.body.starts_with(&first));
        let alert = alert.unwrap_or_else(|| panic!("{first}\n{sent:#?}"));
        assert!(alert.body[first.len()..].lines().next().unwrap().contains(reason), "{}", alert.body);
        assert!(alert.subject.starts_with("SEV2 CloudTrail record could not be read: "), "{}", alert.subject);
        assert!(alert.body.contains("\nObject    s3://logs/a\n"), "{}", alert.body);
    }
}

/// Many unreadable records: the first raise an alert each, the others one together.
#[test]
fn unreadable_records_raise_a_few_alerts_and_one_that_counts_the_rest() {
    let bad: Vec<&str> = vec!["7"; 1_000];
    let outbox = Outbox::open();
    let outcome = handled(&Memory::default().with("a", vec![Ok(log_file(&bad))]), &outbox, &event(&["a"]));
    assert_eq!((outcome.records.unparsable, outcome.notices.sent), (1_000, 21));
    let last = outbox.sent.lock().unwrap().last().unwrap().clone();
    assert!(
        last.body
            .contains("980 more records of a CloudTrail log file could not be read; they have no alerts of their own"),
        "{}",
        last.body
    );
    assert!(outcome.answer().is_ok(), "they do not fail the invocation");
}

/// An alert about an unreadable record is an alert: if it is not accepted, the object is delivered again.
#[test]
fn alert_about_an_unreadable_record_that_is_not_accepted_fails_its_object() {
    let outbox = Outbox::new(|_| Some(Err(crate::ports::publish_error("throttled", false))));
    let outcome = handled(&Memory::default().with("a", vec![Ok(log_file(&["7"]))]), &outbox, &event(&["a"]));
    assert_eq!((outcome.notices, outcome.matches.seen), (Sends { due: 1, failed: 1, ..Sends::default() }, 0));
    assert!(outcome.answer().is_err());
}

#[test]
fn body_that_ends_early_keeps_the_alerts_before() {
    let text = two();
    let (head, _) = text.split_at(text.find(r#""eventID":"2""#).unwrap());
    let chunks = vec![Ok(head.as_bytes().to_vec()), Err(FetchError::transient("connection reset"))];
    let outcome = handled(&Memory::default().with("a", chunks), &Outbox::open(), &event(&["a"]));
    assert_eq!(
        (outcome.matches.alerted, answer(&outcome)),
        (1, Err("s3://logs/a cannot be read: connection reset".to_owned()))
    );
}

#[test]
fn block_that_cloudtrail_omitted_is_counted() {
    let omitted = r#"{"eventID":"1","requestParameters":{"omitted":true,"originalSize":102401,"reason":"x"}}"#;
    let quoted = json!({"eventID": "2", "userAgent": "\"omitted\":true"}).to_string();
    let kept = r#"{"eventID":"3","requestParameters":{"omitted": false}}"#;
    let outcome = handled(
        &Memory::default().with("a", vec![Ok(log_file(&[omitted, &quoted, kept]))]),
        &Outbox::open(),
        &event(&["a"]),
    );
    assert_eq!((outcome.records.evaluated, outcome.records.omitted), (3, 1));
}
