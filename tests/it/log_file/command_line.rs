//! The shapes that only the command line reads.

use insta::assert_snapshot;
use serde_json::{Value, json};
use trailbell::log_file::{FileShape, Limits};

use super::{any, gzip, read, read_in, shown};

const RECORD: &str = r#"{"eventVersion":"1.08","a":{"Records":[]}}"#;
const OTHER: &str = r#"{ "b": [{}], "eventID": "x", "Events": [1] }"#;

#[test]
fn reads_every_shape() {
    let both = format!("{RECORD}\n{OTHER}\nend");
    assert_eq!(any(format!(r#"{{"x":1,"Records":[{RECORD},{OTHER}],"y":[]}}"#)), both);
    assert_eq!(any(format!(" [{RECORD} , {OTHER}]\n")), both);
    assert_eq!(any(format!("{RECORD}\n{OTHER}\n")), both);
    assert_eq!(any(format!("{RECORD}{OTHER}")), both);
    assert_eq!(any(format!("[{RECORD}]\n{{\"Records\":[{OTHER}]}}")), both);
    assert_eq!(any(RECORD), format!("{RECORD}\nend"));
    assert_eq!(any("[]"), "end");
}

const BOTH: &str = r#"{"eventVersion":"1.08","a":{"Records":[]}}
{ "b": [{}], "eventID": "x", "Events": [1] }
end"#;

/// The text as a JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[test]
fn reads_lookup_events_with_any_query() {
    let event = |record: &str| json!({"EventId": "x", "EventName": "y", "CloudTrailEvent": record}).to_string();
    let (one, two) = (event(RECORD), event(&format!("{OTHER}\n")));
    let (first, second) = (quoted(RECORD), quoted(OTHER));
    for file in [
        format!(r#"{{"Events":[{one},{two}],"NextToken":"t"}}"#),
        // Events
        format!("[{one},{two}]"),
        // Events[].CloudTrailEvent, and with --output text
        format!("[{first},\n{second}]"),
        format!("{RECORD}\t{OTHER}\n"),
        // Events[].[EventName, CloudTrailEvent], and with --output text
        format!(r#"[["y",{first}],["y",{second}]]"#),
        format!("00000000-0000-4000-8000-000000000001\t{RECORD}\n00000000-0000-4000-8000-000000000002\t{OTHER}\n"),
        // Events[].{name: EventName, event: CloudTrailEvent}
        format!(r#"[{{"name":"y","event":{first}}},{{"name":"y","event":{second}}}]"#),
        // {found: Events}, and [Events]
        format!(r#"{{"found":[{one},{two}]}}"#),
        format!("[[{one},{two}]]"),
        // A page or an event at a time
        format!(r#"{{"Events":[{one}]}} {{"Events":[{two}]}}"#),
        format!("{one}\n{two}"),
        format!("{first}\n{second}\n"),
        format!(r#"["y",{first}] ["y",{second}]"#),
    ] {
        assert_eq!(any(&file), BOTH, "{file}");
    }
    assert_eq!(any(first), format!("{RECORD}\nend"));
    assert_eq!(any(r#"{"Events":[]}"#), "end");
    let lone = quoted(r#"{"eventID":"\ud800"}"#);
    assert_eq!(any(format!(r#"{{"Events":[{{"CloudTrailEvent":{lone}}}]}}"#)), "{\"eventID\":\"\\ud800\"}\nend");
}

#[test]
fn an_element_without_a_record_is_refused() {
    let event = |record: &str| json!({"EventId": "x", "CloudTrailEvent": record}).to_string();
    let deep = event(&format!("{{\"eventID\":{}{}}}", "[".repeat(128), "]".repeat(128)));
    assert_snapshot!(any(format!(
        r#"{{"Events":[{},{},{},{},{deep},{{"EventId":"x"}},{{"CloudTrailEvent":{{}}}},7,{RECORD},{}]}}"#,
        event("[]"), event(""), event("{"), event("{}}"), event("{}"),
    )), @r#"
    unparsable: no CloudTrail record in `CloudTrailEvent`
    unparsable: no CloudTrail record in `CloudTrailEvent`
    unparsable: no CloudTrail record in `CloudTrailEvent`
    unparsable: no CloudTrail record in `CloudTrailEvent`
    unparsable: a record nested 129 deep is over the limit of 128
    unparsable: not a CloudTrail record: it has neither `eventVersion` nor `eventID`; its keys are `EventId`
    unparsable: no CloudTrail record in `CloudTrailEvent`
    unparsable: a record must be an object and is a number
    {"eventVersion":"1.08","a":{"Records":[]}}
    unparsable: no CloudTrail record in `CloudTrailEvent`
    end
    "#);
    assert_snapshot!(any(r#"{"QueryResultRows":[[{"eventID":"x"},{"eventName":"y"}]]}"#), @"
    unparsable: neither a record (no `eventVersion`, no `eventID`) nor `Records`; its keys are `QueryResultRows`
    end
    ");
    let s3 = r#"{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put"}"#;
    for list in [format!("[{s3}]"), format!(r#"{{"Records":[{s3}]}}"#), s3.to_owned(), format!("[[{s3}]]")] {
        let refused = "unparsable: not a CloudTrail record: its `eventSource` is that of a notification (`aws:…`)\nend";
        assert_eq!(any(&list), refused, "{list}");
    }
    let refused =
        "unparsable: not a CloudTrail record: it has neither `eventVersion` nor `eventID`; its keys are `a`\nend";
    for list in [r#"[{"a":1}]"#, r#"{"Records":[{"a":1}]}"#, r#"[{"Records":[{"a":1}]}]"#, r#"{"logEvents":[{"a":1}]}"#]
    {
        assert_eq!(any(list), refused, "{list}");
    }
    assert_snapshot!(any(r#"["StopLogging",null] [7,{"eventID":"x"},"y"] {"Records":["z"]}"#), @r#"
    unparsable: a record must be an object and is null
    unparsable: a record must be an object and is null
    unparsable: a record must be an object and is a number
    {"eventID":"x"}
    unparsable: a record must be an object and is a string
    unparsable: a record must be an object and is a string
    end
    "#);
}

#[test]
fn reads_events_of_eventbridge_and_log_events() {
    let bridge = |record: &str| {
        format!(r#"{{"version":"0","detail-type":"AWS API Call via CloudTrail","source":"aws.iam","detail":{record}}}"#)
    };
    let (one, two) = (bridge(RECORD), bridge(OTHER));
    let log = |record: &str| json!({"id": "1", "timestamp": 1, "message": record}).to_string();
    let payload = |kind: &str, events: &str| {
        format!(r#"{{"messageType":"{kind}","owner":"111122223333","logGroup":"g","logEvents":[{events}]}}"#)
    };
    let (first, second) = (log(RECORD), log(OTHER));
    let control = payload("CONTROL_MESSAGE", &log("CWL CONTROL MESSAGE: Checking health of destination Firehose."));
    for file in [
        format!("{one}\n{two}\n"),
        format!("[{one},{two}]"),
        payload("DATA_MESSAGE", &format!("{first},{second}")),
        // Firehose writes payloads without anything between them.
        control + &payload("DATA_MESSAGE", &first) + &payload("DATA_MESSAGE", &second),
        format!("[{},{}]", payload("DATA_MESSAGE", &first), payload("DATA_MESSAGE", &second)),
        // `aws logs filter-log-events`
        format!(r#"{{"events":[{first},{second}],"searchedLogStreams":[]}}"#),
        // An export of CloudWatch Logs, and `aws logs tail`
        format!("2026-05-04T10:11:12.000Z {RECORD}\n2026-05-04T10:11:12.000Z {OTHER}\n"),
        format!("2026-05-04T10:11:12+00:00 stream_1 {RECORD}\n2026-05-04T10:11:12+00:00 stream_1 {OTHER}\n"),
    ] {
        assert_eq!(any(&file), BOTH, "{file}");
    }
    // `aws logs get-query-results`
    let row =
        |record: &str| json!([{"field": "@message", "value": record}, {"field": "@ptr", "value": "p"}]).to_string();
    assert_eq!(any(format!(r#"{{"results":[{},{}],"status":"Complete"}}"#, row(RECORD), row(OTHER))), BOTH);
    let members = [gzip(payload("DATA_MESSAGE", &first).as_bytes()), gzip(payload("DATA_MESSAGE", &second).as_bytes())];
    assert_eq!(shown(&read(FileShape::Any, &members.concat())), BOTH);
    let other = r#"{"detail-type":"Object Created","source":"aws.s3","detail":{"version":"0"}}"#;
    assert_snapshot!(any(other.to_owned() + &payload("DATA_MESSAGE", &log("2 111122223333 eni-1 ACCEPT OK"))), @"
    unparsable: no CloudTrail record in `detail`
    unparsable: no CloudTrail record in `message`
    end
    ");
}

#[test]
fn rows_of_athena_have_the_names_of_columns() {
    let row = |member: &str| {
        format!(
            r#"{{"eventversion":"1.08","useridentity":{{"type":"AssumedRole","principalid":"p","accountid":"1","sessioncontext":{{"sessionissuer":{{"username":"r"}},"attributes":{{"mfaauthenticated":"false"}}}}}},"eventname":"StopLogging","sourceipaddress":"203.0.113.9","readonly":"false","resources":[{{"arn":"a","accountid":"1","type":"t"}}],"eventid":"x","region":"us-east-1",{member}}}"#
        )
    };
    let expected = json!({"eventVersion": "1.08", "userIdentity": {"type": "AssumedRole", "principalId": "p",
        "accountId": "1", "sessionContext": {"sessionIssuer": {"userName": "r"},
        "attributes": {"mfaAuthenticated": "false"}}}, "eventName": "StopLogging", "sourceIPAddress": "203.0.113.9",
        "readOnly": false, "resources": [{"ARN": "a", "accountId": "1", "type": "t"}], "eventID": "x",
        "region": "us-east-1", "requestParameters": {"userName": "wren"}});
    let certain = row(r#""requestparameters":"{\"userName\":\"wren\"}""#);
    for file in [certain.clone(), format!("[{certain}]"), format!("{certain}\n")] {
        let read = any(&file);
        let record: Value = serde_json::from_str(read.strip_suffix("\nend").unwrap()).unwrap();
        assert_eq!(record, expected);
    }
    assert_snapshot!(any(row(r#""responseelements":"{keyid=1}""#)), @"
    unparsable: a row of a table whose `responseElements` is not JSON; select it as JSON
    end
    ");
    assert_snapshot!(any(r#"{"eventid":"x","user":"y"}"#), @"
    unparsable: neither a record (no `eventVersion`, no `eventID`) nor `Records`; its keys are `eventid`, `user`
    end
    ");
}

#[test]
fn a_broken_line_affects_no_other() {
    for broken in [
        r#"{"eventID":"a""#,
        r#"{"eventID":"a"#,
        r#"{"eventID":"a","b":{"c":[1"#,
        r#"{"eventID":"a","b":]}"#,
        r#"{"eventID" "a"}"#,
        r#"{"eventID":"a"}}"#,
        "null",
        "# a comment",
        r#"D":"a"}"#,
        r#""{\"eventID"#,
    ] {
        for file in [format!("{RECORD}\n{broken}\n{OTHER}\n"), format!("{RECORD}\r\n{broken}\r\n\n{OTHER}")] {
            let read = any(&file);
            let others: Vec<&str> =
                read.lines().filter(|line| !line.starts_with("unparsable: a broken line")).collect();
            let has_own = broken.ends_with("}}");
            assert_eq!(others.len(), if has_own { 4 } else { 3 }, "{file}\n{read}");
            assert_eq!((others[0], *others.last().unwrap()), (RECORD, "end"), "{file}\n{read}");
            assert_eq!(read.lines().count(), others.len() + 1, "{file}\n{read}");
        }
        let first = any(format!("{broken}\n{RECORD}\n"));
        assert!(first.ends_with(&format!("{RECORD}\nend")) && first.contains("a broken line"), "{broken}\n{first}");
        let last = any(format!("{RECORD}\n{broken}"));
        assert!(last.starts_with(&format!("{RECORD}\n")) && last.contains("error: "), "{broken}\n{last}");
    }
}

#[test]
fn records_that_are_not_on_one_line_may_have_brackets_at_the_beginning_of_lines() {
    assert_eq!(any("{\n\"eventID\":\n{\n}\n}"), "{\n\"eventID\":\n{\n}\n}\nend");
    assert_eq!(any(format!("[\n{RECORD},\n{OTHER}\n]")), BOTH);
    assert_eq!(any(format!("{{\"Records\":[\n{RECORD},\n{OTHER}\n]}}")), BOTH);
}

#[test]
fn other_formats_are_named_with_what_makes_them_readable() {
    let shown = |bytes: &[u8]| shown(&read(FileShape::Any, bytes));
    assert_snapshot!(shown(b"PK\x03\x04\x14\0\0\0"), @"error: neither gzip nor a JSON object: it starts with the bytes 50 4b 03 04 (zip); unpack it first: `unzip`");
    assert_snapshot!(shown(b"\x28\xb5\x2f\xfd\x04"), @"error: neither gzip nor a JSON object: it starts with the bytes 28 b5 2f fd (zstd); unpack it first: `unzstd`");
    assert_snapshot!(shown(b"BZh91AY"), @"error: neither gzip nor a JSON object: it starts with `BZh9` (bzip2); unpack it first: `bunzip2`");
    assert_snapshot!(shown(b"PAR1\x15"), @"error: neither gzip nor a JSON object: it starts with `PAR1` (Parquet); convert it to JSON first, for instance with Athena's `UNLOAD`");
    assert_snapshot!(shown(b"\"eventversion\",\"eventname\",\"eventid\"\n\"1\",\"{\"\n"), @r#"error: neither gzip nor a JSON object: it starts with `\"eve` (CSV); have it written as JSON; Athena does with `UNLOAD`"#);
    assert_snapshot!(shown(b"\xff\xfe{\0"), @"error: neither gzip nor a JSON object: it starts with the bytes ff fe 7b 00 (UTF-16); save it as UTF-8");
}

#[test]
fn a_document_of_another_kind_does_not_affect_the_others() {
    assert_snapshot!(any(format!("{RECORD}\n{{\"a\":1}}\n{{}}\n{RECORD}")), @r#"
    {"eventVersion":"1.08","a":{"Records":[]}}
    unparsable: neither a record (no `eventVersion`, no `eventID`) nor `Records`; its keys are `a`
    unparsable: neither a record (no `eventVersion`, no `eventID`) nor `Records`; it has no keys
    {"eventVersion":"1.08","a":{"Records":[]}}
    end
    "#);
    assert_snapshot!(any(format!("[{RECORD}]\n{{\"a\":1}}")), @r#"
    {"eventVersion":"1.08","a":{"Records":[]}}
    unparsable: neither a record (no `eventVersion`, no `eventID`) nor `Records`; its keys are `a`
    end
    "#);
    assert_snapshot!(any(format!("{RECORD}\nnull")), @r#"
    {"eventVersion":"1.08","a":{"Records":[]}}
    error: garbage after the JSON, from byte 43: `n`
    "#);
}

#[test]
fn the_limits_are_for_single_records_and_not_for_a_log_file() {
    let limits = Limits { max_record_bytes: 100, max_nesting: 3, ..Limits::default() };
    let outcome = |file: &str| {
        let chunks: Vec<&[u8]> = file.as_bytes().chunks(10).collect();
        shown(&read_in(FileShape::Any, limits, &chunks))
    };
    let long = format!(r#"{{"eventID":"{}"}}"#, "x".repeat(100_000));
    assert_snapshot!(outcome(&format!("{long}\n{RECORD}")), @r#"
    unparsable: a record of 100014 bytes is over the limit of 100
    {"eventVersion":"1.08","a":{"Records":[]}}
    end
    "#);
    assert_snapshot!(outcome(r#"{"eventID":[[[]]]}{"eventID":[[]]}"#), @r#"
    unparsable: a record nested 4 deep is over the limit of 3
    {"eventID":[[]]}
    end
    "#);
    let many = vec![RECORD; 5000];
    let file = format!(r#"{{"eventID":"{}","Records":[{}]}}"#, "x".repeat(100_000), many.join(","));
    assert_eq!(outcome(&file), many.join("\n") + "\nend");
}
