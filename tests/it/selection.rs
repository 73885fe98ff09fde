//! `--filter`, `--since` and `--until` of `scan`: which records it is about.

use crate::command::{Ran, folder, trailbell};

const RULES: &str = "rules:\n  - name: Images\n    severity: 3\n    filter: eventSource = \"ecr.amazonaws.com\"\n";

fn record(id: &str, time: &str, name: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.08","eventTime":"{time}","eventSource":"ecr.amazonaws.com","eventName":"{name}","eventID":"{id}"}}"#
    )
}

fn scan(test: &str, arguments: &[&str]) -> Ran {
    let records = [
        record("last-of-march-1", "2026-03-01T23:59:59Z", "PutImage"),
        record("first-of-march-2", "2026-03-02T00:00:00Z", "PutImage"),
        record("last-of-march-2", "2026-03-02T23:59:59Z", "GetImage"),
        record("first-of-march-3", "2026-03-03T00:00:00Z", "PutImage"),
        record("no-time", "-", "PutImage"),
    ];
    let root = folder(test, &[("rules.yaml", RULES.as_bytes()), ("log.json", records.join("\n").as_bytes())]);
    let (rules, log) = (root.join("rules.yaml"), root.join("log.json"));
    let fixed = ["scan", "--format", "jsonl", "--rules", rules.to_str().unwrap(), log.to_str().unwrap()];
    trailbell(&[&fixed, arguments].concat())
}

/// The event ids of the lines.
fn ids(ran: &Ran) -> Vec<String> {
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let id =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["eventID"].as_str().unwrap().to_owned();
    ran.stdout.lines().map(id).collect()
}

#[test]
fn a_day_is_included_as_a_whole_and_a_record_without_a_time_is_never_left_out() {
    let ran = scan("selection-day", &["--since", "2026-03-02", "--until", "2026-03-02"]);
    assert_eq!(ids(&ran), ["first-of-march-2", "last-of-march-2", "no-time"]);
    let ran = scan("selection-since", &["--since", "2026-03-03T00:00:00Z"]);
    assert_eq!(ids(&ran), ["first-of-march-3", "no-time"]);
    let ran = scan("selection-until", &["--until", "2026-03-02T00:00:00Z"]);
    assert_eq!(ids(&ran), ["last-of-march-1", "no-time"]);
}

#[test]
fn a_filter_selects_what_rules_see() {
    let ran = scan("selection-filter", &["--filter", r#"eventName = "GetImage""#]);
    assert_eq!(ids(&ran), ["last-of-march-2"]);
    assert!(ran.stderr.contains("5 records, 1 match"), "{}", ran.stderr);
    let ran = scan("selection-nothing", &["--filter", r#"eventName = "DeleteImage""#]);
    assert_eq!(ids(&ran), [""; 0]);
}

#[test]
fn alerts_count_only_selected_events() {
    let ran = scan("selection-alerts", &["--alerts", "--since", "2026-03-02", "--until", "2026-03-02"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("5 records, 3 matches"), "{}", ran.stderr);
}

#[test]
fn likely_mistakes_in_a_filter_are_warnings() {
    for (filter, code, place) in [
        (r#"evntName = "GetImage""#, "unknown-field", 1),
        (r#"eventName = "DescribeSecret" and eventName = "GetImage""#, "never-matches", 34),
        (r#"eventName like "Get*""#, "literal-wildcard", 16),
        (r#"eventSource = "ecr.amazonaws.com" and eventName = "PutImag""#, "unknown-event-name", 51),
    ] {
        let ran = scan("selection-likely", &["--filter", filter]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("warning[{code}]")), "{filter}: {}", ran.stderr);
        assert!(ran.stderr.contains(&format!("--> --filter:1:{place}")), "{filter}: {}", ran.stderr);
        assert!(ran.stderr.contains("0 errors, 1 warning"), "{filter}: {}", ran.stderr);
    }
    // What matters only to a rule, which the caller must not evade, or whose events a trail may not log.
    for filter in [r#"not userAgent icontains "terraform""#, r#"eventName = "GetObject""#] {
        let ran = scan("selection-rule", &["--filter", filter]);
        assert!(!ran.stderr.contains("warning"), "{filter}: {}", ran.stderr);
    }
}

#[test]
fn mistakes_in_arguments_are_shown_at_their_place() {
    let ran = scan("selection-mistake", &["--filter", "eventName == \"GetImage\""]);
    assert_eq!((ran.status, ran.stdout.as_str()), (2, ""));
    for part in ["error[unknown-operator]", "--> --filter:1:11", "write `=`", "1 error, 0 warnings"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    for (argument, value, part) in [
        ("--since", "yesterday", "`yesterday` is not a time"),
        ("--until", "2026-02-30", "`2026-02-30` is not a time"),
        ("--since", "\u{1b}[31mred", "is not a time"),
    ] {
        let ran = scan("selection-time", &[argument, value]);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains(part) && !ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
    }
    let ran = scan("selection-empty", &["--since", "2026-03-03", "--until", "2026-03-02"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("the period is empty"), "{}", ran.stderr);
}
