//! The fast and the plain evaluation find the same matches, however a record is spelled.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::ControlFlow,
    path::Path as File,
};

use crate::{
    arbitrary::{IDENTITY_TEXTS, LISTS, NAMES, NUMBERS, TEXTS, expr, identified_record},
    real_logs,
};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::Value as Json;
use trailbell::{
    diagnostic::chain,
    engine::{Engine, Evaluated, Scratch},
    filter::operand::Value,
    local,
    log_file::{FileItem, FileShape, Limits, RawRecord, Reader},
    record::{Path, Record, Root, Step, Virtual},
    rule::RuleSet,
};

/// An engine with one rule for each filter.
fn engine<S: AsRef<str>>(filters: &[S]) -> Engine {
    let rule = |(at, filter): (usize, &S)| {
        let filter = serde_json::to_string(filter.as_ref()).unwrap();
        format!("  - name: rule {at}\n    severity: 3\n    filter: {filter}\n")
    };
    let text = format!("{}\nrules:\n{}", LISTS, filters.iter().enumerate().map(rule).collect::<String>());
    Engine::new(RuleSet::parse(&text).unwrap_or_else(|errors| panic!("{text}\n{errors:#?}")).0)
}

/// The positions of the rules that match, which both evaluations must agree on; `None` for text that is not a record.
fn matches(engine: &Engine, scratch: &mut Scratch, record: &[u8]) -> Option<Vec<usize>> {
    let found = agreed(engine, scratch, RawRecord::of(record));
    let is_readable = record.starts_with(b"{") && matches!(engine.evaluate_plainly(record), Evaluated::Record { .. });
    // A reader passes the strings that it found in the record to the engine.
    for chunk in [1, 7, 64, usize::MAX] {
        let file = [b"{\"Records\":[{\"eventName\":\"PutImage\"},", record, b"]}"].concat();
        let mut reader = Reader::new(FileShape::LogFile, Limits::default());
        let mut seen = false;
        for mut input in file.chunks(chunk.min(file.len())) {
            while let Ok(Some(item)) = reader.next(&mut input) {
                if let FileItem::Record(read) = item
                    && read.text == record
                {
                    seen = true;
                    assert_eq!(agreed(engine, scratch, read), found, "in pieces of {chunk}");
                }
            }
        }
        assert!(seen || !is_readable, "in pieces of {chunk}: {}", String::from_utf8_lossy(record));
    }
    found
}

fn agreed(engine: &Engine, scratch: &mut Scratch, record: RawRecord<'_>) -> Option<Vec<usize>> {
    let shown = || {
        let rules: Vec<_> = engine.rules().iter().map(|rule| rule.filter.to_string()).collect();
        format!("{}\n{}", String::from_utf8_lossy(record.text), rules.join("\n"))
    };
    match (engine.evaluate(record, scratch), engine.evaluate_plainly(record.text)) {
        (
            Evaluated::Record { findings: quick, repaired: quick_repaired },
            Evaluated::Record { findings: plain, repaired: plain_repaired },
        ) => {
            let positions = |findings: &[trailbell::engine::Finding]| -> Vec<usize> {
                findings.iter().map(|finding| finding.position).collect()
            };
            assert_eq!(positions(&quick), positions(&plain), "{}", shown());
            for (one, other) in quick.iter().zip(&plain) {
                assert_eq!(one.record, other.record, "{}", shown());
            }
            // A record that no rule matches is not parsed, and so not repaired.
            assert!(!quick_repaired || plain_repaired, "{}", shown());
            assert!(plain.is_empty() || quick_repaired == plain_repaired, "{}", shown());
            Some(positions(&plain))
        }
        (Evaluated::Unparsable(quick), Evaluated::Unparsable(plain)) => {
            assert_eq!(chain(&quick), chain(&plain), "{}", shown());
            None
        }
        // No rule matches it, so no alert is lost.
        (Evaluated::Record { findings, .. }, Evaluated::Unparsable(_)) => {
            assert!(findings.is_empty(), "{}", shown());
            None
        }
        (Evaluated::Unparsable(reason), Evaluated::Record { .. }) => panic!("{reason}\n{}", shown()),
    }
}

/// One rule on one record in several spellings; each must match.
fn check_all_match(filter: &str, spellings: &[&[u8]]) {
    let engine = engine(&[filter]);
    for record in spellings {
        let found = matches(&engine, &mut Scratch::default(), record);
        assert_eq!(found, Some(vec![0]), "{filter}\non {}", String::from_utf8_lossy(record));
    }
}

#[test]
fn no_spelling_hides_a_value() {
    check_all_match(
        r#"eventName = "PutImage""#,
        &[
            br#"{"eventName":"PutImage"}"#,
            b" {\t\"eventName\"\r\n :\n \"PutImage\" } ",
            br#"{"eventName":"Put\u0049mage"}"#,
            br#"{"event\u004eame":"PutImage"}"#,
            br#"{"\u0065\u0076entName":"\u0050\u0075\u0074\u0049\u006d\u0061\u0067\u0065"}"#,
            br#"{"eventName":["GetImage",["PutImage"]]}"#,
            br#"{"eventName":"GetImage","eventName":"PutImage"}"#,
            br#"{"x":{"eventName":"GetImage"},"eventName":"PutImage"}"#,
            br#"{"x":"\ud800","eventName":"PutImage"}"#,
            b"{\"x\":\"\xff\",\"eventName\":\"PutImage\"}",
        ],
    );
    check_all_match(
        r#"userAgent starts_with "aws-cli/2""#,
        &[
            br#"{"userAgent":"aws-cli/2.1"}"#,
            br#"{"userAgent":"aws-cli\/2.1"}"#,
            br#"{"userAgent":"aws-cli\u002f2.1"}"#,
        ],
    );
    check_all_match(
        r#"requestParameters.bucketName = "b""#,
        &[
            br#"{"requestParameters":{"bucketName":"b"}}"#,
            br#"{"requestParameters":{ "bucketName" : ["a",["b"]] }}"#,
            br#"{"requestParameters":{"bucketName":"a","bucketName":"b"}}"#,
            br#"{"requestParameters":{"bucketN\u0061me":"b"}}"#,
            br#"{"requestParameters":{"bucketName":"\u0062"}}"#,
            br#"{"requestParameters":[{"bucketName":"a"},{"bucketName":"b"}]}"#,
            br#"{"requestParameters":"{\"bucketName\":\"b\"}"}"#,
            br#"{"requestParameters":"%7B%22bucketName%22%3A%22b%22%7D"}"#,
            br#"{"requestParameters":["%7B%22bucketName%22%3A%22b%22%7D"]}"#,
        ],
    );
    check_all_match(r#"x like "a\"b\\c\n""#, &[br#"{"x":"-a\"b\\c\n-"}"#, br#"{"x":"-a\u0022b\u005cc\u000A-"}"#]);
    check_all_match(
        r#"x = "é😀""#,
        &["{\"x\":\"é😀\"}".as_bytes(), br#"{"x":"\u00e9\ud83d\ude00"}"#, br#"{"x":"\u00E9\uD83D\uDE00"}"#],
    );
    // Invalid Unicode is read as U+FFFD.
    check_all_match(
        "x = \"a\u{fffd}b\"",
        &[br#"{"x":"a\ud800b"}"#, br#"{"x":"a\udc00b"}"#, b"{\"x\":\"a\xffb\"}", "{\"x\":\"a\u{fffd}b\"}".as_bytes()],
    );
    check_all_match("x = 5902", &[br#"{"x":5902}"#, br#"{"x":"5902"}"#, br#"{"x":5902.0}"#, br#"{"x":59.02e2}"#]);
    check_all_match(
        r#"x = "5902""#,
        &[br#"{"x":5902}"#, br#"{"x":"5902"}"#, br#"{"x":5902.0}"#, br#"{"x":"\u0035902"}"#],
    );
    check_all_match(r#"x in ("true", "no")"#, &[br#"{"x":true}"#, br#"{"x":"true"}"#, br#"{"x":"no"}"#]);
    check_all_match(
        "x = 18446744073709551615 and y = -9223372036854775808",
        &[
            br#"{"x":18446744073709551615,"y":-9223372036854775808}"#,
            br#"{"y":"-9223372036854775808","x":"18446744073709551615"}"#,
        ],
    );
}

/// Keys that `serde_json` uses for its own types. In a record they are ordinary keys.
#[test]
fn no_key_has_a_special_meaning() {
    let rules = [
        "a = 5",
        "a.b = 1",
        r#"requestParameters.policyDocument.Statement.Principal = "*""#,
        "requestParameters.containerDefinitions.privileged = true",
    ];
    let engine = engine(&rules);
    for key in ["$serde_json::private::RawValue", "$serde_json::private::Number"] {
        let check = |record: &str, expected: &[usize]| {
            let record = record.replace("KEY", key);
            let found = matches(&engine, &mut Scratch::default(), record.as_bytes());
            assert_eq!(found.as_deref(), Some(expected), "{record}");
        };
        check(r#"{"a":{"KEY":"5"}}"#, &[]);
        check(r#"{"a":{"KEY":"{\"b\":1}"}}"#, &[]);
        check(r#"{"a":{"KEY":"x","b":1}}"#, &[1]);
        check(r#"{"KEY":"{\"a\":5}"}"#, &[]);
        check(
            r#"{"requestParameters":{"policyDocument":"{\"Statement\":[{\"Principal\":\"*\",\"Condition\":{\"StringLike\":{\"KEY\":\"*\"}}}]}"}}"#,
            &[2],
        );
        check(
            r#"{"requestParameters":{"containerDefinitions":[{"privileged":true,"dockerLabels":{"KEY":"x"}}]}}"#,
            &[3],
        );
    }
}

#[test]
fn no_odd_spelling_hides_a_document_in_a_string() {
    let check = |spellings: &[&[u8]]| {
        check_all_match(r#"requestParameters.policyDocument.Statement.Principal = "*""#, spellings);
    };
    check(&[
        br#"{"requestParameters":{"policyDocument":"{\"Statement\":[{\"Principal\":\"*\"}]}"}}"#,
        br#"{"requestParameters":{"policyDocument":"%7B%22Statement%22:%7B%22Principal%22:%22*%22%7D%7D"}}"#,
    ]);
    // Invalid Unicode.
    check(&[
        br#"{"requestParameters":{"policyDocument":"{\"Sid\":\"\\ud800\",\"Statement\":{\"Principal\":\"*\"}}"}}"#,
        br#"{"requestParameters":{"policyDocument":"%7B%22Sid%22:%22%FF%22,%22Statement%22:%7B%22Principal%22:%22*%22%7D%7D"}}"#,
        br#"{"requestParameters":{"policyDocument":"%7B%22Sid%22:%22%5Cudc00%22,%22Statement%22:%7B%22Principal%22:%22*%22%7D%7D"}}"#,
        b"{\"requestParameters\":{\"policyDocument\":\"%7B%22Sid%22:%22\xff%22,%22Statement%22:%7B%22Principal%22:%22*%22%7D%7D\"}}",
    ]);
    // A number that is too large.
    check(&[
        br#"{"requestParameters":{"policyDocument":"{\"Sid\":1e400,\"Statement\":{\"Principal\":\"*\"}}"}}"#,
        br#"{"requestParameters":{"policyDocument":"%7B%22Sid%22:[-1e400],%22Statement%22:%7B%22Principal%22:%22*%22%7D%7D"}}"#,
    ]);
    check_all_match(
        r#"requestParameters.a.b exists and requestParameters.a.b = "1e400""#,
        &[br#"{"requestParameters":{"a":"{\"b\":1e400}"}}"#, br#"{"requestParameters":{"a":"%7B%22b%22:1e400%7D"}}"#],
    );
    // A byte order mark, and blanks that JSON does not allow.
    check(&[
        br#"{"requestParameters":{"policyDocument":"\ufeff{\"Statement\":{\"Principal\":\"*\"}}"}}"#,
        "{\"requestParameters\":{\"policyDocument\":\"\u{feff}%7B%22Statement%22:%7B%22Principal%22:%22*%22%7D%7D\"}}"
            .as_bytes(),
        br#"{"requestParameters":{"policyDocument":"%EF%BB%BF%7B%22Statement%22:%7B%22Principal%22:%22*%22%7D%7D"}}"#,
        br#"{"requestParameters":{"policyDocument":"\u00a0{\"Statement\":{\"Principal\":\"*\"}}\u2003"}}"#,
    ]);
}

/// The state that is kept between records and rules does not change a result.
#[test]
fn records_and_rules_do_not_affect_each_other() {
    let two = engine(&[r#"a.b = "v""#, r#"a.b like "zz""#]);
    assert_eq!(matches(&two, &mut Scratch::default(), br#"{"a":{"b":"zz"}}"#), Some(vec![1]));

    let one = engine(&["a.b = 1"]);
    let mut scratch = Scratch::default();
    assert_eq!(matches(&one, &mut scratch, br#"{"a":{"xx":"b"}}"#), Some(vec![]));
    assert_eq!(matches(&one, &mut scratch, br#"{"a":{"b":1}}"#), Some(vec![0]));
    // Without a reader.
    for (record, expected) in [(br#"{"a":{"xx":"b"}}"#.as_slice(), vec![]), (br#"{"a":{"b":1}}"#, vec![0])] {
        assert_eq!(agreed(&one, &mut scratch, RawRecord::of(record)), Some(expected));
    }

    let mut scratch = Scratch::default();
    for (filter, expected) in [(r#"eventName like "x""#, vec![]), (r#"eventName like "y""#, vec![0])] {
        assert_eq!(matches(&engine(&[filter]), &mut scratch, br#"{"eventName":"y"}"#), Some(expected));
    }
}

/// Pieces of white space.
const BLANKS: &[&str] = &["", "", "", " ", "\n", "\t\r\n  "];

/// Invalid Unicode, and text that is close to it.
const BROKEN: &[&[u8]] = &[
    br"\ud800",
    br"\udc00",
    br"Put\ud800Image",
    br"\ud83d\u0041",
    br"\ude00\ud83d",
    br"\\ud800",
    br"\u0000",
    b"Put\xffImage",
    b"\xc3",
    b"\xed\xa0\x80",
    b"PutImage\xf0\x9f",
];

/// How one character of a string is written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spelling {
    /// Literally, if JSON allows it.
    Plain,
    /// As a backslash and a letter, if JSON has such an escape.
    Short,
    /// As `\uXXXX`.
    Number,
}

/// A JSON string with the content `text`.
fn spelled(text: &str, how: &[Spelling]) -> Vec<u8> {
    const SHORT: &[(char, char)] =
        &[('"', '"'), ('\\', '\\'), ('/', '/'), ('\n', 'n'), ('\t', 't'), ('\r', 'r'), ('\u{8}', 'b'), ('\u{c}', 'f')];
    let mut out = String::from("\"");
    for (c, how) in text.chars().zip(how.iter().cycle()) {
        let allowed = c >= ' ' && !matches!(c, '"' | '\\');
        let short = SHORT.iter().find(|(from, _)| *from == c).map(|(_, letter)| letter);
        match (how, short) {
            (Spelling::Short, Some(letter)) => out.extend(['\\', *letter]),
            (Spelling::Plain | Spelling::Short, _) if allowed => out.push(c),
            _ => out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}"))),
        }
    }
    out.push('"');
    out.into_bytes()
}

/// Mostly without escapes: a key with an escape causes the whole record to be parsed, which would test little.
fn how() -> impl Strategy<Value = Vec<Spelling>> {
    use Spelling::{Number, Plain, Short};
    prop_oneof![
        5 => Just(vec![Plain]),
        3 => vec(select(vec![Plain, Short]), 1..6),
        1 => vec(select(vec![Plain, Short, Number]), 1..6),
    ]
}

/// The text of a JSON object as an attacker may write it.
fn hostile_record() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        5 => select(TEXTS).prop_map(str::to_owned),
        2 => (select(TEXTS), select(TEXTS)).prop_map(|(one, other)| format!("{one}{other}")),
        // Text that looks like a field, inside a string.
        1 => (select(NAMES), select(TEXTS)).prop_map(|(name, text)| format!("{{\"{name}\":\"{text}\"}}")),
        // The same percent-encoded, without a quote or a backslash.
        1 => (select(NAMES), select(TEXTS)).prop_map(|(name, text)| format!("%7B%22{name}%22%3A%22{text}%22%7D")),
    ];
    let numbers = NUMBERS.iter().copied().chain(["1e400", "123456789012345678901234567890", "1E2", "-0.0", "5902e0"]);
    let leaf = prop_oneof![
        12 => (text, how()).prop_map(|(text, how)| spelled(&text, &how)),
        5 => select(numbers.collect::<Vec<_>>()).prop_map(|number| number.as_bytes().to_vec()),
        2 => select(vec!["true", "false", "null"]).prop_map(|word| word.as_bytes().to_vec()),
        1 => select(BROKEN).prop_map(|inside| [b"\"", inside, b"\""].concat()),
    ];
    let value = leaf.prop_recursive(3, 16, 4, |inner| {
        // Sometimes more elements than the engine keeps.
        let length = prop_oneof![12 => 0..4_usize, 1 => 17..22_usize];
        let elements = length.prop_flat_map({
            let inner = inner.clone();
            move |length| vec(inner.clone(), length)
        });
        let list = (elements, select(BLANKS)).prop_map(|(values, blank)| {
            let comma = [blank.as_bytes(), b",", blank.as_bytes()].concat();
            [b"[".as_slice(), &values.join(comma.as_slice()), blank.as_bytes(), b"]"].concat()
        });
        prop_oneof![list, object(inner)]
    });
    // Sometimes nested deeper.
    let wrapped = (select(NAMES), any::<bool>(), 2..6_usize, value.clone()).prop_map(|(name, list, times, value)| {
        (0..times).fold(value, |value, _| {
            if list {
                [b"[".as_slice(), &value, b",null]"].concat()
            } else {
                [format!("{{\"{name}\":").as_bytes(), &value, b"}"].concat()
            }
        })
    });
    object(prop_oneof![15 => value, 1 => wrapped])
}

/// Names in any order, some more than once.
fn object(value: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    vec((select(NAMES), how(), select(BLANKS), value), 0..6).prop_map(|fields| {
        let fields: Vec<Vec<u8>> = fields
            .into_iter()
            .map(|(name, how, blank, value)| {
                let blank = blank.as_bytes();
                [blank, &spelled(name, &how), blank, b":", blank, &value, blank].concat()
            })
            .collect();
        [b"{".as_slice(), &fields.join(b",".as_slice()), b"}"].concat()
    })
}

/// Comparisons of a path with text that the index can use: at the top of the record and one level below.
fn indexed() -> impl Strategy<Value = String> {
    let block = select(vec!["requestParameters", "userIdentity", "a"]);
    let keys = prop_oneof![
        select(NAMES).prop_map(|name| vec![name]),
        (block, select(NAMES)).prop_map(|(block, name)| vec![block, name]),
    ];
    let parts = (keys, select(vec!["=", "starts_with", "ends_with", "like"]), select(TEXTS));
    let clause = parts.prop_map(|(keys, operator, text)| {
        let path = Path { root: Root::Record, steps: keys.into_iter().map(|key| Step::Key(key.to_owned())).collect() };
        format!("{path} {operator} {}", Value::Text(text.to_owned()))
    });
    vec(clause, 1..3).prop_map(|clauses| clauses.join(" and "))
}

/// Comparisons of a virtual field with what it can be.
fn computed() -> impl Strategy<Value = String> {
    let names: Vec<&str> = Virtual::ALL.iter().map(|(_, name, _)| *name).collect();
    let texts: Vec<&str> =
        IDENTITY_TEXTS.iter().chain(&["ada", "ann", "ops", "success", "failure", "7", "23"]).copied().collect();
    let test = prop_oneof![
        3 => select(texts).prop_map(|text| format!("= {}", Value::Text(text.to_owned()))),
        1 => Just("exists".to_owned()),
        1 => Just("like \"a\"".to_owned()),
        1 => Just("= field record_or_not".to_owned()),
        1 => Just("!= field userIdentity.userName".to_owned()),
        1 => Just("= field principal".to_owned()),
    ];
    let clause = (select(names), test, any::<bool>())
        .prop_map(|(name, test, not)| format!("{}{name} {test}", if not { "not " } else { "" }));
    (vec(clause, 1..3), select(vec![" and ", " or "])).prop_map(|(clauses, word)| clauses.join(word))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn both_ways_agree_on_any_rules_and_any_spelling(
        filters in vec(prop_oneof![expr().prop_map(|expr| expr.to_string()), indexed()], 1..6),
        records in vec(hostile_record(), 1..6),
    ) {
        let engine = engine(&filters);
        // One scratch for all records: a record must not affect the next.
        let mut scratch = Scratch::default();
        for record in &records {
            matches(&engine, &mut scratch, record);
        }
    }

    #[test]
    fn both_ways_agree_on_what_is_computed(
        filters in vec(computed(), 1..8), records in vec(identified_record(), 1..4), escaped in any::<bool>(),
    ) {
        let engine = engine(&filters);
        let mut scratch = Scratch::default();
        for record in &records {
            let text = record.to_string();
            // A letter in another spelling is not read in the text of the record.
            let text = if escaped { text.replace("arn", "\\u0061rn").replace("userI", "\\u0075serI") } else { text };
            matches(&engine, &mut scratch, text.as_bytes());
        }
    }

    #[test]
    fn a_value_is_found_in_any_spelling(
        name in select(NAMES), text in select(TEXTS), hows in vec(how(), 4), blank in select(BLANKS),
    ) {
        let path = Path { root: Root::Record, steps: vec![Step::Key(name.to_owned())] };
        let value = Value::Text(text.to_owned());
        let engine = engine(&[
            format!("{path} = {value}"), format!("{path} like {value}"), format!("{path} starts_with {value}"),
            format!("{path} ends_with {value}"), format!("{path} in (\"-\", {value})"), format!("not {path} != {value}"),
        ]);
        for how in &hows {
            let record = [b"{", spelled(name, how).as_slice(), blank.as_bytes(), b":", &spelled(text, how), b"}"].concat();
            prop_assert_eq!(matches(&engine, &mut Scratch::default(), &record), Some(vec![0, 1, 2, 3, 4, 5]));
        }
    }

    #[test]
    fn both_ways_agree_on_damaged_records(
        filters in vec(indexed(), 1..4), record in hostile_record(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut record = record;
        let at = at.index(record.len());
        record[at] = byte;
        matches(&engine(&filters), &mut Scratch::default(), &record);
    }
}

/// The texts of all records of these logs; there must be more than the given number.
fn real_records(logs: &File, more_than: usize) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    for path in real_logs::files(logs) {
        let read = local::read(fs::File::open(&path).unwrap(), Limits::default(), &|_| {}, &mut |item| {
            match item {
                FileItem::Record(record) => records.push(record.text.to_vec()),
                FileItem::Unparsable { index, reason } => panic!("{}: record {index}: {reason}", path.display()),
            }
            ControlFlow::Continue(())
        });
        read.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    assert!(records.len() > more_than, "{} in {}", records.len(), logs.display());
    records
}

/// Every scalar of a record with its path.
fn scalars(value: &Json, keys: &mut Vec<String>, found: &mut BTreeMap<(String, String), (Vec<String>, Json)>) {
    match value {
        Json::Object(fields) => {
            for (key, value) in fields {
                keys.push(key.clone());
                scalars(value, keys, found);
                keys.pop();
            }
        }
        Json::Array(elements) => elements.iter().for_each(|element| scalars(element, keys, found)),
        Json::Null => {}
        scalar => {
            found.entry((keys.join("."), scalar.to_string())).or_insert_with(|| (keys.clone(), scalar.clone()));
        }
    }
}

/// Filters that match a value of a record, with every operator that can.
fn filters_for(keys: &[String], value: &Json) -> Vec<String> {
    let path = Path { root: Root::Record, steps: keys.iter().cloned().map(Step::Key).collect() };
    if keys.iter().any(|key| key.is_empty() || key.contains(['`', '\n', '\r'])) {
        return Vec::new();
    }
    let quoted = |text: &str| Value::Text(text.to_owned()).to_string();
    match value {
        Json::String(text) => {
            let chars: Vec<char> = text.chars().take(300).collect();
            let part = |from: usize, to: usize| quoted(&chars[from.min(to)..to].iter().collect::<String>());
            let (third, length) = (chars.len() / 3, chars.len());
            if text.chars().count() > length {
                return vec![
                    format!("{path} starts_with {}", part(0, length)),
                    format!("{path} like {}", part(third, length)),
                ];
            }
            vec![
                format!("{path} = {}", quoted(text)),
                format!("{path} like {}", part(third, length - third)),
                format!("{path} starts_with {}", part(0, length - third)),
                format!("{path} ends_with {}", part(third, length)),
                format!("{path} in ({}, {})", quoted("no such value"), quoted(text)),
                format!("{path} = {} or {path} = 5902", quoted(text)),
                format!("not {path} != {} and eventVersion exists", quoted(text)),
            ]
        }
        Json::Number(number) => {
            vec![format!("{path} = {number}"), format!("{path} = \"{number}\""), format!("{path} >= {number}")]
        }
        Json::Bool(value) => vec![format!("{path} = {value}"), format!("{path} = \"{value}\"")],
        _ => Vec::new(),
    }
}

/// Filters that match a record by each virtual field: by two values of it, and by any.
fn filters_for_virtual_fields(records: &[Vec<u8>]) -> Vec<String> {
    let record = |text: &Vec<u8>| Record::new(serde_json::from_slice(text).unwrap()).unwrap();
    let records: Vec<Record> = records.iter().map(record).collect();
    let mut filters = Vec::new();
    for (field, name, _) in Virtual::ALL {
        let values: BTreeSet<String> = records.iter().filter_map(|record| record.field(*field)).collect();
        let ends = [values.first(), values.last()].into_iter().flatten();
        let ends: Vec<_> = ends.map(|value| format!("{name} = {}", Value::Text(value.clone()))).collect();
        assert!(!ends.is_empty(), "no record has a value for {name}");
        filters.extend(ends);
        filters.push(format!("{name} exists and not {name} = null"));
    }
    filters
}

#[test]
fn text_that_only_looks_like_the_value_does_not_match() {
    let engine = engine(&[r#"eventName = "PutImage""#, r#"eventName starts_with "Put""#, r#"eventName like "mag""#]);
    for record in [
        br#"{"x":{"eventName":"PutImage"}}"#.as_slice(),
        br#"{"x":"\"eventName\":\"PutImage\"","eventName":"Get"}"#,
        br#"{"eventName":{"PutImage":"PutImage"}}"#,
        br#"{"PutImage":"eventName"}"#,
        br#"{"eventName":"PutImage","eventName":"Get"}"#,
        br#"{"eventName":"\\u0050ut","x":"PutImage"}"#,
    ] {
        let found = matches(&engine, &mut Scratch::default(), record);
        assert_eq!(found, Some(vec![]), "{}", String::from_utf8_lossy(record));
    }
}

#[test]
fn records_that_no_rule_matches_are_not_parsed() {
    let engine =
        engine(&[r#"eventSource = "ecr.amazonaws.com" and (eventName = "PutImage" or eventName = "DeleteImage")"#]);
    let mut scratch = Scratch::default();
    let mut is_parsed = |record: &str| match engine.evaluate(RawRecord::of(record.as_bytes()), &mut scratch) {
        Evaluated::Unparsable(_) => true,
        Evaluated::Record { .. } => false,
    };
    // Each record is invalid, so parsing it fails.
    assert!(is_parsed(r#"{"eventSource":"ecr.amazonaws.com","eventName":"PutImage",}"#));
    assert!(is_parsed(r#"{"eventSource":"ecr.amazonaws.com","eventName":"DeleteImage",}"#));
    assert!(is_parsed(r#"{"eventSource":"ecr.amazonaws.com","eventName":"Put\u0049mage",}"#));
    assert!(is_parsed(r#"{"\u0065ventSource":"x",}"#));
    assert!(!is_parsed(r#"{"x":"\u0041",}"#));
    assert!(!is_parsed(r#"{"eventSource":"ecr.amazonaws.com","eventName":"PutImage","eventName":"x",}"#));
    assert!(!is_parsed(r#"{"eventSource":"ecr.amazonaws.com","eventName":"PutImages",}"#));
    assert!(!is_parsed(r#"{"eventName":"PutImage",}"#));
    assert!(!is_parsed("{,}"));
}

#[test]
fn both_evaluations_agree_on_real_logs() {
    check_real(&real_records(&real_logs::sample(), 1_000));
}

#[test]
#[ignore = "needs ../shared/data"]
fn both_evaluations_agree_on_all_real_logs() {
    check_real(&real_records(&real_logs::all(), 5_000));
}

fn check_real(records: &[Vec<u8>]) {
    let rules = fs::read_to_string(File::new(env!("CARGO_MANIFEST_DIR")).join("rules.yaml")).unwrap();
    let shipped = Engine::new(RuleSet::parse(&rules).unwrap().0);
    let mut scratch = Scratch::default();
    let mut found = BTreeMap::new();
    let mut shipped_matches = 0;
    for record in records {
        shipped_matches += agreed(&shipped, &mut scratch, RawRecord::of(record)).expect("a real record").len();
        scalars(&serde_json::from_slice(record).unwrap(), &mut Vec::new(), &mut found);
    }
    assert!(shipped_matches > 100, "{shipped_matches}");
    // A few dozen values of every type, spread over all paths.
    let mut filters = Vec::new();
    let (texts, others): (Vec<_>, Vec<_>) = found.into_values().partition(|(_, value)| value.is_string());
    for values in [texts, others] {
        let step = (values.len() / 12).max(1);
        filters.extend(values.iter().step_by(step).flat_map(|(keys, value)| filters_for(keys, value)));
    }
    assert!(filters.len() > 60, "{}", filters.len());
    filters.extend(filters_for_virtual_fields(records));
    let engine = engine(&filters);
    let mut hits = vec![0; filters.len()];
    for record in records {
        for position in agreed(&engine, &mut scratch, RawRecord::of(record)).expect("a real record") {
            hits[position] += 1;
        }
    }
    for (filter, hits) in filters.iter().zip(hits) {
        assert!(hits > 0, "made from a record, and matches none: {filter}");
    }
}
