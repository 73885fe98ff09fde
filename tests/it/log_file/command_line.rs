//! The shapes that only the command line reads.

use insta::assert_snapshot;
use trailbell::log_file::{FileShape, Limits};

use super::{any, read_in, shown};

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

#[test]
fn reads_lookup_events() {
    let event = |record: &str| serde_json::json!({"EventId": "x", "CloudTrailEvent": record}).to_string();
    assert_eq!(
        any(format!(r#"{{"Events":[{},{}],"NextToken":"t"}}"#, event(RECORD), event(&format!("{OTHER}\n")))),
        format!("{RECORD}\n{OTHER}\nend")
    );
    assert_eq!(any(r#"{"Events":[]}"#), "end");
    assert_eq!(any(r#"{"Events":[{"CloudTrailEvent":"{\"a\":\"\\ud800\"}"}]}"#), "{\"a\":\"\\ud800\"}\nend");
    let deep = event(&format!("{{\"a\":{}{}}}", "[".repeat(128), "]".repeat(128)));
    assert_snapshot!(any(format!(
        r#"{{"Events":[{},{},{},{},{deep},{{"EventId":"x"}},{{"CloudTrailEvent":{{}}}},7,{}]}}"#,
        event("[]"), event(""), event("{"), event("{}}"), event("{}"),
    )), @r"
    unparsable: a record must be an object and is a list
    unparsable: a record must be an object and is not JSON
    unparsable: an element of `Events` without a record in its `CloudTrailEvent`
    unparsable: an element of `Events` without a record in its `CloudTrailEvent`
    unparsable: a record nested 129 deep is over the limit of 128
    unparsable: an element of `Events` without a record in its `CloudTrailEvent`
    unparsable: an element of `Events` without a record in its `CloudTrailEvent`
    unparsable: a record must be an object and is a number
    {}
    end
    ");
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
