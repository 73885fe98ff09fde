//! One object `{"Records": […]}`, valid and broken.

use insta::assert_snapshot;
use trailbell::log_file::{FileItem, FileShape, Limits, Reader};

use super::{TWO, TWO_READ, any, log_file, read, read_in};

#[test]
fn records_must_be_a_list() {
    assert_snapshot!(log_file(r#"{"Records":null}"#), @"error: `Records` must be a list and is null (byte 11)");
    assert_snapshot!(log_file(r#"{"Records":{"a":{}}}"#), @"error: `Records` must be a list and is an object (byte 11)");
    assert_snapshot!(any(r#"{"Records":null}"#), @"error: `Records` must be a list and is null (byte 11)");
}

#[test]
fn an_object_without_records_names_its_keys() {
    assert_snapshot!(log_file("{}"), @"error: no `Records` in the file; it has no keys");
    assert_snapshot!(log_file(r#"{"digestStartTime":"x","a\nb":{"Records":[]}}"#), @r"error: no `Records` in the file; its keys are `digestStartTime`, `a\nb`");
    assert_snapshot!(log_file(r#"{"1":1,"2":2,"3":3,"4":4,"5":5,"6":6,"7":7,"8":8,"9":9,"10":{}}"#), @"error: no `Records` in the file; its keys are `1`, `2`, `3`, `4`, `5`, `6`, `7`, `8` and 2 more");
}

#[test]
fn other_shapes_are_for_the_command_line() {
    assert_snapshot!(log_file(r#"[{"eventID":"x"}]"#), @r#"error: a bare list, not one object `{"Records": […]}`; `trailbell scan` reads this"#);
    assert_snapshot!(log_file(r#"{"eventID":"x"}"#), @r#"error: a record on its own, not one object `{"Records": […]}`; `trailbell scan` reads this"#);
    assert_snapshot!(log_file("{\"eventID\":\"x\"}\n{\"eventID\":\"y\"}"), @r#"error: a record on its own, not one object `{"Records": […]}`; `trailbell scan` reads this"#);
    assert_snapshot!(log_file(format!("{TWO}\n{TWO}")), @r#"
    {"a":1}
    {"b":2}
    error: several JSON documents (JSON lines), not one object `{"Records": […]}`; `trailbell scan` reads this
    "#);
}

#[test]
fn every_key_named_records_is_read() {
    assert_snapshot!(log_file(r#"{"Records":[{"a":1}],"Records":[{"b":2}],"Rec\u006frds":[{"c":3}]}"#), @r#"
    {"a":1}
    {"b":2}
    {"c":3}
    end
    "#);
}

#[test]
fn other_keys_are_skipped_before_and_after() {
    let other = r#""x":{"Records":[{"no":1}]},"y":[[{}],"]}"],"z":-1.5e400,"":null,"records":[1],"\"Records":[2]"#;
    assert_eq!(log_file(format!(r#"{{{other},"Records":[{{"a":1}},{{"b":2}}],{other}}}"#)), TWO_READ);
}

#[test]
fn garbage_after_the_document_is_reported_after_the_records() {
    assert_snapshot!(log_file(format!("{TWO}\n garbage")), @r#"
    {"a":1}
    {"b":2}
    error: garbage after the JSON, from byte 31: `g`
    "#);
    assert_snapshot!(log_file(format!("{TWO}\0")), @r#"
    {"a":1}
    {"b":2}
    error: garbage after the JSON, from byte 29: 0x00
    "#);
    assert_snapshot!(log_file(format!("{TWO}}}")), @r#"
    {"a":1}
    {"b":2}
    error: garbage after the JSON, from byte 29: `}`
    "#);
}

#[test]
fn text_in_strings_is_not_structure() {
    let records = [
        r#"{"userAgent":"}]},{\"eventVersion\":\"1.08\""}"#,
        r#"{"a\"]}":"\\","b":"\\\"}","c":"\\\\"}"#,
        r#"{"a":"[[[{{{","b":["\"","\u0022}"]}"#,
        r#"{"lone":"\ud800","big":1e400,"id":18446744073709551616}"#,
    ];
    let file = format!(r#"{{"Records":[{}]}}"#, records.join(","));
    assert_eq!(log_file(file), records.join("\n") + "\nend");
}

#[test]
fn bytes_that_are_not_utf_8_are_left_as_they_are() {
    let mut reader = Reader::new(FileShape::LogFile, Limits::default());
    let mut input: &[u8] = b"{\"Records\":[{\"a\":\"\xff\xc0\"}]}";
    let text = b"{\"a\":\"\xff\xc0\"}";
    assert!(matches!(reader.next(&mut input).unwrap(), Some(FileItem::Record(record)) if record.text == text));
}

#[test]
fn white_space_may_be_anywhere() {
    assert_snapshot!(log_file("\n{ \"Records\"\t:\r\n[ { \"a\" : 1 } , {\n} ] , \"x\" : 1 }\n\n"), @r#"
    { "a" : 1 }
    {
    }
    end
    "#);
}

#[test]
fn an_element_that_is_not_an_object_does_not_affect_the_others() {
    assert_snapshot!(log_file(r#"{"Records":[null,5,{"a":1},"},{",[{"b":[]}],true,{},oops,-1 ,{"b":2}]}"#), @r#"
    unparsable: a record must be an object and is null
    unparsable: a record must be an object and is a number
    {"a":1}
    unparsable: a record must be an object and is a string
    unparsable: a record must be an object and is a list
    unparsable: a record must be an object and is a boolean
    {}
    unparsable: a record must be an object and is not JSON
    unparsable: a record must be an object and is a number
    {"b":2}
    end
    "#);
}

#[test]
fn deep_nesting_does_not_affect_the_other_records() {
    let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    let file = format!("{{\"Records\":[{},{},{},{}]}}", nested(128), nested(129), objects(10_000), "{}");
    let outcome = log_file(&file);
    let (first, rest) = outcome.split_once('\n').unwrap();
    assert_eq!(first, nested(128));
    assert_snapshot!(rest, @r"
    unparsable: a record nested 129 deep is over the limit of 128
    unparsable: a record nested 10000 deep is over the limit of 128
    {}
    end
    ");
    let skipped = format!("{{\"x\":{},\"Records\":[{{\"a\":1}},{{\"b\":2}}]}}", objects(10_000));
    assert_eq!(log_file(skipped), TWO_READ);
}

#[test]
fn a_long_record_does_not_affect_the_others() {
    let limits = Limits { max_record_bytes: 20, ..Limits::default() };
    let file = r#"{"Records":[{"a":"789012345678"},{"a":"7890123456789"},{"b":2}]}"#;
    for size in [1, 7, 1000] {
        let chunks: Vec<&[u8]> = file.as_bytes().chunks(size).collect();
        let outcome = read_in(FileShape::LogFile, limits, &chunks);
        assert_eq!(outcome.items[0], r#"{"a":"789012345678"}"#);
        assert_eq!(outcome.items[1], "unparsable: a record of 21 bytes is over the limit of 20");
        assert_eq!(outcome.items[2..], [r#"{"b":2}"#]);
        assert_eq!(outcome.end, Ok(()));
    }
}

#[test]
fn records_up_to_the_limit_are_complete() {
    let record = |length: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(length - 8));
    let records = [record(1 << 20), record((1 << 20) + 1), record(70_000), record(8), record(1 << 20)];
    let file = format!(r#"{{"Records":[{}]}}"#, records.join(","));
    let chunks: Vec<&[u8]> = file.as_bytes().chunks(10_000).collect();
    let outcome = read_in(FileShape::LogFile, Limits::default(), &chunks);
    for (index, record) in records.iter().enumerate() {
        let expected =
            if index == 1 { "unparsable: a record of 1048577 bytes is over the limit of 1048576" } else { record };
        assert!(outcome.items[index] == expected, "record {index}");
    }
    assert_eq!(outcome.end, Ok(()));
}

#[test]
fn a_text_cut_anywhere_is_an_error_after_its_records() {
    for length in 1..TWO.len() {
        let outcome = read(FileShape::LogFile, &TWO.as_bytes()[..length]);
        assert!(TWO_READ.starts_with(&outcome.items.join("\n")), "{length}: {outcome:?}");
        let end = outcome.end.unwrap_err();
        assert!(end.starts_with(&format!("the JSON ends early at byte {length}, ")), "{length}: {end}");
    }
    assert_snapshot!(log_file(r#"{"Records":[{"a":1},{"b":"#), @r#"
    {"a":1}
    error: the JSON ends early at byte 25, inside record 1
    "#);
    assert_snapshot!(log_file(r#"{"Records":[{"a":1}"#), @r#"
    {"a":1}
    error: the JSON ends early at byte 19, after 1 record
    "#);
    assert_snapshot!(any(r#"{"eventID":"#), @"error: the JSON ends early at byte 11, inside record 0");
}

#[test]
fn broken_structure_is_reported_after_the_records() {
    let broken = [
        r#"{"Records":[{"a":1}{"b":2}]}"#,
        r#"{"Records":[{"a":1},]}"#,
        r#"{"Records":[,{"a":1}]}"#,
        r#"{"Records":[{"a":1}}"#,
        r#"{"Records":[{"a":1},{"b":[1}]}"#,
        r#"{"Records":[{"a":1},{"b":1]]}"#,
        r#"{"Records":[{"a":1}],}"#,
        r#"{"Records":[{"a":1}]]"#,
        r#"{"Records" [{"a":1}]}"#,
        r#"{"Records":}"#,
        r"{Records:[]}",
        r#"{,"Records":[]}"#,
    ];
    let outcomes: Vec<String> = broken.iter().map(|file| format!("{file}\n{}\n", log_file(file))).collect();
    assert_snapshot!(outcomes.join("\n"), @r#"
    {"Records":[{"a":1}{"b":2}]}
    {"a":1}
    error: the JSON is broken at byte 19, after 1 record: expected `,` or `]`, found `{`

    {"Records":[{"a":1},]}
    {"a":1}
    error: the JSON is broken at byte 20, after 1 record: expected a value, found `]`

    {"Records":[,{"a":1}]}
    error: the JSON is broken at byte 12, before any record: expected a value, found `,`

    {"Records":[{"a":1}}
    {"a":1}
    error: the JSON is broken at byte 19, after 1 record: expected `,` or `]`, found `}`

    {"Records":[{"a":1},{"b":[1}]}
    {"a":1}
    error: the JSON is broken at byte 27, inside record 1: expected `,` or `]`, found `}`

    {"Records":[{"a":1},{"b":1]]}
    {"a":1}
    error: the JSON is broken at byte 26, inside record 1: expected `,` or `}`, found `]`

    {"Records":[{"a":1}],}
    {"a":1}
    error: the JSON is broken at byte 21, after 1 record: expected a key, found `}`

    {"Records":[{"a":1}]]
    {"a":1}
    error: the JSON is broken at byte 20, after 1 record: expected `,` or `}`, found `]`

    {"Records" [{"a":1}]}
    error: the JSON is broken at byte 11, before any record: expected `:`, found `[`

    {"Records":}
    error: the JSON is broken at byte 11, before any record: expected a value, found `}`

    {Records:[]}
    error: the JSON is broken at byte 1, before any record: expected a key or `}`, found `R`

    {,"Records":[]}
    error: the JSON is broken at byte 1, before any record: expected a key or `}`, found `,`
    "#);
}
