//! The bodies of the fuzz targets: each accepts any bytes, and panics if the library breaks a guarantee.
//!
//! `tests/it/fuzz.rs` runs them with stable Rust as part of `make test`, `fuzz_targets/` under cargo-fuzz.

use std::{io::Write, sync::OnceLock, time::Duration};

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use trailbell::{
    alert::{Alert, Format, render as message},
    diagnostic::{Diagnostic, chain, render},
    engine::{self, Engine, Evaluated, Finding, ParseError, Scratch},
    filter::{Filter, Lists, Observer},
    log_file::{FileItem, FileShape, Limits, RawRecord, Reader},
    record::{Path, Record},
    rule::{RuleSet, Title},
    state::series::{Arrival, Delivery, Kind, MAX_BYTES, Plan, Sample, SeriesItem},
    trigger,
};

/// A name and a body.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("filter", filter),
    ("rules", rules),
    ("log_file", log_file),
    ("record", record),
    ("trigger", trigger),
    ("title", title),
    ("path", path),
    ("work", work),
    ("series", series),
];

/// The text of a filter: an error points into the text; a printed filter parses to the same filter; an observer does not change
/// the result.
pub fn filter(input: &[u8]) {
    let text = &String::from_utf8_lossy(input);
    let filter = match Filter::parse_with(text, &fixed().lists) {
        Ok(filter) => filter,
        Err(errors) => return check_findings(&errors, text),
    };
    let printed = filter.to_string();
    let again = match Filter::parse_with(&printed, &fixed().lists) {
        Ok(again) => again,
        // Canonical text has blanks and brackets that the original may lack.
        Err(errors) => {
            assert!(matches!(errors[0].code, "filter-too-long" | "nested-too-deep"), "{printed}\n{errors:#?}");
            return;
        }
    };
    assert_eq!(again.expr(), filter.expr(), "{printed}");
    assert_eq!(again.to_string(), printed);
    for record in &fixed().records {
        let holds = filter.matches(record.root());
        assert_eq!(again.matches(record.root()), holds, "{printed}");
        assert_eq!(filter.matches_observed(record.root(), &mut Thorough), holds, "{printed}");
    }
}

/// The text of a rules file: a finding points into the text and can be printed; the explanation of a rule agrees with its
/// verdict.
pub fn rules(input: &[u8]) {
    let text = &String::from_utf8_lossy(input);
    match RuleSet::parse(text) {
        Err(errors) => check_findings(&errors, text),
        Ok((set, warnings)) => {
            assert!(!set.rules.is_empty());
            if !warnings.is_empty() {
                check_findings(&warnings, text);
            }
            for rule in &set.rules {
                assert!(std::ptr::eq(rule, set.find(&rule.id).unwrap_or_else(|| panic!("{} is not found", rule.id))));
                assert!(text.get(rule.span.start..rule.span.end).is_some());
                for record in &fixed().records {
                    assert_eq!(rule.explain(record).verdict, rule.verdict(record));
                }
            }
        }
    }
}

/// The bytes of a log file: neither the size of the chunks nor compression changes the result; no record exceeds a limit.
pub fn log_file(input: &[u8]) {
    let loose = Limits { max_record_bytes: 1 << 16, ..Limits::default() };
    let tight = Limits { max_decompressed_bytes: 2000, max_record_bytes: 200, max_nesting: 5 };
    let compressed = (!input.is_empty() && !input.starts_with(b"\x1f")).then(|| compressed(input));
    for shape in [FileShape::LogFile, FileShape::Any] {
        for limits in [loose, tight] {
            let whole = read(input, input.len().max(1), shape, limits);
            for chunk in [1, 2 + input.len() / 3] {
                assert_eq!(read(input, chunk, shape, limits), whole, "chunks of {chunk}, {shape:?}, {limits:?}");
            }
            if let Some(compressed) = &compressed {
                let (items, _) = read(compressed, compressed.len(), shape, limits);
                assert_eq!(items, whole.0, "compressed, {shape:?}, {limits:?}");
            }
        }
    }
}

/// The text of a record: both evaluations find the same matches, and a copy of the record is the same alert.
pub fn record(input: &[u8]) {
    let Fixed { engine, .. } = fixed();
    let positions = |findings: &[Finding]| -> Vec<_> {
        findings.iter().map(|finding| (finding.position, finding.suppressed)).collect()
    };
    match (engine.evaluate(RawRecord::of(input), &mut Scratch::default()), engine.evaluate_plainly(input)) {
        (Evaluated::Record { findings: quick, .. }, Evaluated::Record { findings: plain, .. }) => {
            assert_eq!(positions(&quick), positions(&plain));
            for Finding { rule, record, .. } in &plain {
                assert!(
                    !record.identity().is_empty() && rule.aggregate(record) == rule.aggregate(&record.as_ref().clone())
                );
            }
        }
        // A record that matches no rule is not parsed.
        (Evaluated::Record { findings, .. }, Evaluated::Unparsable(_)) => assert!(findings.is_empty()),
        (Evaluated::Unparsable(quick), Evaluated::Unparsable(plain)) => assert_eq!(chain(&quick), chain(&plain)),
        (Evaluated::Unparsable(error), Evaluated::Record { .. }) => panic!("only the fast evaluation fails: {error}"),
    }
}

/// The payload of an invocation: it becomes work or an error, never nothing.
pub fn trigger(input: &[u8]) {
    match trigger::decode(input) {
        Ok(delivery) => {
            assert!(!delivery.units.is_empty());
            assert!(delivery.units.iter().all(|unit| !unit.work.is_empty()));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The template of a title: an error points into the text.
pub fn title(input: &[u8]) {
    let text = &String::from_utf8_lossy(input);
    match Title::parse(text) {
        Err(errors) => check_findings(&errors, text),
        Ok(title) => {
            let filled = fixed().records.iter().map(|record| title.fill(record));
            assert!(text.contains("{{") || filled.into_iter().all(|filled| filled == **text));
        }
    }
}

/// The text of a path: an error points into the text, and a printed path parses to the same path.
pub fn path(input: &[u8]) {
    let text = &String::from_utf8_lossy(input);
    match Path::parse(text) {
        Err(errors) => check_findings(&errors, text),
        Ok(path) => {
            let printed = path.to_string();
            assert_eq!(Path::parse(&printed).as_ref(), Ok(&path), "{printed}");
            for record in &fixed().records {
                record.text(&path);
            }
        }
    }
}

/// The bytes of a stored series: an item that is read as it was written, or an error; and whatever happens to an item, it remains
/// within its bound.
pub fn series(input: &[u8]) {
    let Ok(item) = SeriesItem::decode(input) else { return };
    assert_eq!(SeriesItem::decode(&item.encode()).as_ref(), Ok(&item));
    for (kind, window) in [(Kind::Events, 600), (Kind::Values, 0), (Kind::Sequence { steps: 2 }, i64::MAX)] {
        let (mut item, plan) = (item.clone(), Plan { window, threshold: 2, kind });
        for id in [1_u64, 2, 3] {
            let time = item.pending().first().map_or(0, |alert| alert.anchor).saturating_add_unsigned(id);
            let samples = vec![Sample { field: 3, text: "x".repeat(99) }];
            let (event, name) = (id << 40, id.to_string());
            let arrival = Arrival { time, event, values: vec![event], steps: 3, name, samples, ..Arrival::default() };
            let by = Delivery { owner: id, began: 0, now: i64::MAX };
            item.arrive(&plan, &arrival, by);
            item.take_over(&plan, &arrival, by);
        }
        item.make_follow_up_due(&plan, |anchor| anchor.to_string());
        let anchor = item.last_anchor().unwrap_or_default();
        item.events(&plan, anchor);
        item.listed(3, &plan, anchor);
        let due = item.follow_up(&plan, anchor).map(|due| due.reported);
        if let Some(reported) = &due {
            item.followed_up(anchor, reported);
        }
        assert!(due.is_none() || item.follow_up(&plan, anchor).is_none());
        let bytes = item.encode();
        assert!(bytes.len() <= MAX_BYTES);
        assert_eq!(SeriesItem::decode(&bytes).as_ref(), Ok(&item));
    }
}

/// A piece of a record, repeated until the record is long: as the element of a list, as a list in a string, and as members of an
/// object. Both evaluations find the same matches, or the fast one reports that the record takes too many steps; and neither it
/// nor the alerts take long.
pub fn work(input: &[u8]) {
    let piece = String::from_utf8_lossy(input);
    let Ok(value) = serde_json::from_str::<Value>(&piece) else { return };
    let piece = value.to_string();
    let count = MAX_LENGTH / (piece.len() + 12);
    let list = format!("[{}]", vec![&*piece; count].join(","));
    let members = (0..count).map(|number| format!("\"{number}\":{piece}")).collect::<Vec<_>>().join(",");
    let text = Value::from(list.as_str());
    let call = r#""eventName":["PutImage","GetImage"],"eventSource":"ecr.amazonaws.com""#;
    for fields in [
        format!(r#""userAgent":{list},"userIdentity":{{"accountId":{list}}},"recipientAccountId":{list}"#),
        format!(r#""requestParameters":{{"items":{list},"values":{list}}}"#),
        format!(
            r#""requestParameters":{{"policyDocument":{{"Statement":{text}}},"instanceId":{text},"values":{text}}}"#
        ),
        format!(r#""requestParameters":{{{members}}},"a":{list},"b":{list}"#),
        format!(r#""requestParameters":{{"CreateFleetRequest":{{{members}}},"a":{list}}},"resources":{list}"#),
        format!(r#""requestParameters":{list},"resources":{{"accountId":{list}}},"userIdentity":{{{members}}}"#),
        format!(r#""eventName":{list},"ip":{text},"requestParameters":{{"policyDocument":{text}}}"#),
    ] {
        bounded(&format!("{{{call},{fields}}}"));
    }
}

/// How long the records of [`work`] are: as long as a record can be, or less where nothing is optimized.
const MAX_LENGTH: usize = if cfg!(debug_assertions) { 1 << 12 } else { 1 << 18 };
/// Twenty times the processor time of an ordinary record, and as much again for what the sanitizers cost.
const MAX_TIME: Duration = Duration::from_secs(3);

fn bounded(text: &str) {
    let Fixed { engine, .. } = fixed();
    let started = processor_time();
    let quick = engine.evaluate(RawRecord::of(text.as_bytes()), &mut Scratch::default());
    if let Evaluated::Record { findings, .. } = &quick {
        for finding in findings {
            let alert = Alert::new(finding.clone(), None, engine.accounts());
            for format in Format::ALL {
                assert!(message(format, &alert).bytes() <= 262_144);
            }
        }
    }
    let taken = processor_time().saturating_sub(started);
    assert!(taken < MAX_TIME, "{taken:?}");
    match (quick, engine.evaluate_plainly(text.as_bytes())) {
        (Evaluated::Record { findings: quick, .. }, Evaluated::Record { findings: plain, .. }) => {
            let positions = |findings: &[Finding]| findings.iter().map(|one| one.position).collect::<Vec<_>>();
            assert_eq!(positions(&quick), positions(&plain));
        }
        (Evaluated::Unparsable(ParseError::TooMuchWork), _) => {}
        (quick, plain) => panic!("{quick:?} and {plain:?}"),
    }
}

/// How long this thread has run, without the time that it waited for a processor: `/proc/thread-self/schedstat`
/// (<https://docs.kernel.org/scheduler/sched-stats.html>). Zero where there is no such file.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(stat.split(' ').next().and_then(|nanoseconds| nanoseconds.parse().ok()).unwrap_or(0))
}

/// What the bodies need besides their input.
struct Fixed {
    lists: Lists,
    engine: Engine,
    records: Vec<Record>,
}

fn fixed() -> &'static Fixed {
    static FIXED: OnceLock<Fixed> = OnceLock::new();
    FIXED.get_or_init(|| {
        let (rules, _) = RuleSet::parse(include_str!("rules.yaml")).unwrap_or_else(|errors| panic!("{errors:#?}"));
        let records = include_str!("records.jsonl").lines();
        let records = records.map(|line| engine::parse(line.as_bytes()).unwrap_or_else(|error| panic!("{error}")).0);
        Fixed { lists: rules.lists.clone(), records: records.collect(), engine: Engine::new(rules) }
    })
}

/// An observer of every condition.
struct Thorough;

impl Observer for Thorough {
    const THOROUGH: bool = true;
}

fn check_findings(findings: &[Diagnostic], text: &str) {
    assert!(!findings.is_empty());
    for finding in findings {
        for span in finding.context.iter().map(|(span, _)| span).chain([&finding.span]) {
            assert!(text.get(span.start..span.end).is_some(), "{finding:#?}");
        }
        assert!(!finding.title.is_empty() && !finding.label.is_empty(), "{finding:#?}");
    }
    assert!(!render(findings, "rules.yaml", text, false).is_empty());
}

/// The items of a file, and its end.
type ReadFile = (Vec<Result<Vec<u8>, String>>, Result<(), String>);

fn read(input: &[u8], chunk: usize, shape: FileShape, limits: Limits) -> ReadFile {
    let mut reader = Reader::new(shape, limits);
    let mut items = Vec::new();
    for mut chunk in input.chunks(chunk) {
        loop {
            let index = match reader.next(&mut chunk) {
                Err(error) => return (items, Err(error.to_string())),
                Ok(None) => break,
                Ok(Some(FileItem::Record(record))) => {
                    assert!(record.text.len() <= limits.max_record_bytes);
                    assert!(record.text.starts_with(b"{") && record.text.ends_with(b"}"));
                    items.push(Ok(record.text.to_owned()));
                    record.index
                }
                Ok(Some(FileItem::Unparsable { index, reason })) => {
                    items.push(Err(reason.to_string()));
                    index
                }
            };
            assert_eq!(index + 1, items.len() as u64);
        }
        assert!(chunk.is_empty());
    }
    (items, reader.finish().map_err(|error| error.to_string()))
}

fn compressed(input: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(input).and_then(|()| encoder.finish());
    written.unwrap_or_else(|error| panic!("{error}"))
}
