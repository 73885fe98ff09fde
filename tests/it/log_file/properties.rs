//! Properties of every file, real or generated.

use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;
use trailbell::log_file::{FileShape, Limits};

use super::{Outcome, gzip, read_in};
use crate::real_logs;

/// With either shape, the records are those that `serde_json` finds.
fn check_records(logs: &Path) {
    for path in real_logs::files(logs) {
        let file = std::fs::read(&path).unwrap();
        let expected = real_logs::records_of(&path);
        let chunks: Vec<&[u8]> = file.chunks(1000).collect();
        for shape in [FileShape::LogFile, FileShape::Any] {
            let outcome = read_in(shape, Limits::default(), &chunks);
            assert_eq!(outcome.end, Ok(()), "{}", path.display());
            let found: Vec<Value> = outcome.items.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
            assert!(!found.is_empty() && found == expected, "{}", path.display());
        }
    }
}

#[test]
fn real_logs_have_the_records_that_serde_json_finds() {
    check_records(&real_logs::sample());
}

#[test]
#[ignore = "needs ../shared/data"]
fn all_real_logs_have_the_records_that_serde_json_finds() {
    check_records(&real_logs::all());
}

/// Strings that look like structure.
fn hostile_string() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::collection::vec(
            proptest::sample::select(vec![
                "{",
                "}",
                "[",
                "]",
                "\"",
                "\\",
                ",",
                ":",
                "\n",
                "é",
                "\u{1f600}",
                "Records",
                "\0"
            ]),
            0..12
        )
        .prop_map(|parts| parts.concat()),
        any_string(),
    ]
}

fn any_string() -> impl Strategy<Value = String> {
    proptest::arbitrary::any::<String>()
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        proptest::arbitrary::any::<bool>().prop_map(Value::from),
        proptest::arbitrary::any::<i64>().prop_map(Value::from),
        hostile_string().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from), object(inner.boxed()),]
    })
}

fn object(value: BoxedStrategy<Value>) -> impl Strategy<Value = Value> {
    proptest::collection::vec((hostile_string(), value), 0..5)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// Texts of the command line's shapes: documents on lines, some cut or garbled, in wrappers of each kind.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let record = object(json_value().boxed()).prop_map(|mut record| {
        record["eventID"] = Value::from("x");
        record
    });
    let line = (record, 0..10, proptest::arbitrary::any::<proptest::sample::Index>()).prop_map(|(record, how, cut)| {
        let text = record.to_string();
        match how {
            0 => text[..(0..=text.len())
                .rev()
                .find(|at| *at <= cut.index(text.len()) && text.is_char_boundary(*at))
                .unwrap_or(0)]
                .to_owned(),
            1 => Value::from(text).to_string(),
            2 => serde_json::json!({"logEvents": [{"message": text}, {"message": "CWL CONTROL MESSAGE"}]}).to_string(),
            3 => serde_json::json!([["name", text], [record]]).to_string(),
            4 => serde_json::json!({"detail-type": "x", "detail": record}).to_string(),
            5 => serde_json::json!([{"Records": [record, 7]}, "x"]).to_string(),
            6 => format!("2026-05-04T10:11:12Z {text}"),
            7 => serde_json::to_string_pretty(&record).unwrap(),
            8 => "no JSON".to_owned(),
            _ => text,
        }
    });
    let separator = proptest::sample::select(vec!["\n", "\n", "\r\n", " ", ""]);
    proptest::collection::vec((line, separator), 1..6)
        .prop_map(|lines| lines.iter().flat_map(|(line, end)| [line.as_str(), end]).collect::<String>().into_bytes())
}

fn records() -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(object(json_value().boxed()), 0..6)
}

fn text(records: &[Value], pretty: bool) -> String {
    let file = serde_json::json!({"x": records.first(), "Records": records, "y": records.last()});
    if pretty { serde_json::to_string_pretty(&file) } else { serde_json::to_string(&file) }.unwrap()
}

/// `file` in chunks whose lengths repeat `lengths`.
fn chopped<'a>(mut file: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    for length in lengths.iter().cycle() {
        if file.is_empty() {
            break;
        }
        let (chunk, rest) = file.split_at((*length).min(file.len()));
        chunks.push(chunk);
        file = rest;
    }
    chunks
}

/// A valid file, plain or gzip, with some bytes replaced, inserted or removed.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![proptest::sample::select(br#"{}[]",:\ 0n"#.to_vec()), proptest::arbitrary::any::<u8>()];
    let mutation = (proptest::arbitrary::any::<proptest::sample::Index>(), 0..3, byte);
    (records(), proptest::arbitrary::any::<(bool, bool)>(), proptest::collection::vec(mutation, 1..6)).prop_map(
        |(records, (pretty, zipped), mutations)| {
            let json = text(&records, pretty).into_bytes();
            let mut file = if zipped { gzip(&json) } else { json };
            for (at, how, byte) in mutations {
                let at = at.index(file.len());
                match how {
                    0 => file[at] = byte,
                    1 => file.insert(at, byte),
                    _ if file.len() > 1 => drop(file.remove(at)),
                    _ => {}
                }
            }
            file
        },
    )
}

fn lengths() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![Just(vec![1]), proptest::collection::vec(1_usize..40, 1..6)]
}

proptest! {
    #[test]
    fn the_records_are_those_that_serde_json_finds(records in records(), pretty: bool) {
        let outcome = read_in(FileShape::LogFile, Limits::default(), &[text(&records, pretty).as_bytes()]);
        prop_assert_eq!(outcome.end, Ok(()));
        let found: Vec<Value> = outcome.items.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        prop_assert_eq!(found, records);
    }

    #[test]
    fn chunks_and_gzip_change_nothing(records in records(), pretty: bool, lengths in lengths()) {
        let json = text(&records, pretty);
        let zipped = gzip(json.as_bytes());
        for shape in [FileShape::LogFile, FileShape::Any] {
            let whole = read_in(shape, Limits::default(), &[json.as_bytes()]);
            prop_assert_eq!(&read_in(shape, Limits::default(), &chopped(json.as_bytes(), &lengths)), &whole);
            prop_assert_eq!(&read_in(shape, Limits::default(), &chopped(&zipped, &lengths)), &whole);
        }
    }

    #[test]
    fn chunks_change_nothing_in_a_damaged_file(file in mutated(), lengths in lengths()) {
        let limits = Limits { max_decompressed_bytes: 1 << 20, max_record_bytes: 60, max_nesting: 3 };
        // Where corruption is detected depends on the length of the chunks.
        let known = |mut outcome: Outcome| {
            if outcome.end.as_ref().is_err_and(|error| error.starts_with("the gzip data is corrupt")) {
                outcome.end = Ok(());
            }
            outcome
        };
        for shape in [FileShape::LogFile, FileShape::Any] {
            let whole = known(read_in(shape, limits, &[&file]));
            prop_assert_eq!(known(read_in(shape, limits, &chopped(&file, &lengths))), whole);
        }
    }

    #[test]
    fn chunks_change_nothing_in_lines_of_any_shape(file in lines(), lengths in lengths(), short: bool) {
        let max_record_bytes = if short { 30 } else { 1000 };
        let limits = Limits { max_decompressed_bytes: 1 << 20, max_record_bytes, max_nesting: 6 };
        let whole = read_in(FileShape::Any, limits, &[&file]);
        prop_assert_eq!(&read_in(FileShape::Any, limits, &chopped(&file, &lengths)), &whole);
        let mut zipped = read_in(FileShape::Any, limits, &chopped(&gzip(&file), &lengths));
        zipped.end = zipped.end.map_err(|error| error.replace("gzip, but not of", "neither gzip nor"));
        prop_assert_eq!(&zipped, &whole);
    }

    #[test]
    fn arbitrary_bytes_never_panic(file: Vec<u8>, zipped: bool) {
        let file = if zipped { gzip(&file) } else { file };
        for shape in [FileShape::LogFile, FileShape::Any] {
            read_in(shape, Limits::default(), &[&file]);
        }
    }
}
