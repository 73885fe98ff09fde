#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

//! What `trailbell check` warns of: every message whole, and what it must be silent about.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use jiff::civil::date;
use serde_json::Value;
use trailbell::{
    diagnostic::{Diagnostic, Level, render},
    lint,
    rule::RuleSet,
};

fn lints(file: &str) -> Vec<Diagnostic> {
    let (rules, warnings) =
        RuleSet::parse(file).unwrap_or_else(|errors| panic!("{}", render(&errors, "f", file, false)));
    assert_eq!(warnings, [], "{file}");
    lint::check(&rules, Some(date(2026, 3, 1)))
}

/// A file of one rule with that filter.
fn rule(filter: &str) -> String {
    format!("rules:\n- name: r\n  severity: 3\n  filter: |\n    {filter}\n")
}

/// A file of one rule with that suppression.
fn suppression(filter: &str) -> String {
    rule("readOnly = false") + &format!("  suppressions:\n  - |\n    {filter}\n")
}

fn message(file: &str) -> String {
    let found = lints(file);
    assert!(found.iter().all(|finding| finding.level == Level::Warning));
    render(&found, "rules.yaml", file, false).trim_end().to_owned()
}

fn codes(file: &str) -> Vec<&'static str> {
    lints(file).iter().map(|finding| finding.code).collect()
}

#[test]
fn the_reference_lists_every_lint() {
    let rows = lint::REFERENCE.lines().filter(|line| line.starts_with('|')).skip(2);
    let rows: Vec<_> = rows.map(|row| row.trim_matches('|').trim().to_owned()).collect();
    let expected: Vec<_> = lint::ALL.iter().map(|(code, summary)| format!("`{code}` | {summary}")).collect();
    assert_eq!(rows, expected);
    let headings: Vec<_> = lint::REFERENCE.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(headings, lint::ALL.iter().map(|(code, _)| *code).collect::<Vec<_>>());
}

#[test]
fn examples_raise_their_lint_and_their_repairs_none() {
    let mut count = 0;
    for section in lint::REFERENCE.split("\n## ").skip(1) {
        let code = section.lines().next().unwrap();
        for example in section.lines().filter_map(|line| line.strip_prefix("- ")) {
            let (wrong, right) = example.split_once(" → ").unwrap();
            let file = if code == "negation-on-missing" { suppression } else { rule };
            assert_eq!(codes(&file(wrong.trim_matches('`'))), [code], "{wrong}");
            assert_eq!(codes(&file(right.trim_matches('`'))), [""; 0], "{right}");
            count += 1;
        }
    }
    assert!(count > 15);
}

#[test]
fn the_shipped_rules_are_clean() {
    assert_eq!(lints(include_str!("../rules.yaml")), []);
}

/// Folders of other people's logs and test cases, where they are present.
fn shared() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !shared.is_dir() {
        eprintln!("skipped: there are no shared logs");
        return None;
    }
    Some(shared)
}

/// Every record below a folder.
fn records(folder: &Path) -> Vec<Value> {
    let mut found = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(records(&path));
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let text = if bytes.starts_with(&[0x1f, 0x8b]) {
            std::io::read_to_string(MultiGzDecoder::new(bytes.as_slice())).unwrap()
        } else {
            String::from_utf8(bytes).unwrap()
        };
        for value in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
            match value.unwrap() {
                Value::Array(records) => found.extend(records),
                Value::Object(mut file) if file.contains_key("Records") => {
                    found.extend(file.remove("Records").unwrap().as_array().unwrap().clone());
                }
                Value::Object(case) if case.contains_key("event") => found.push(case["event"].clone()),
                record => found.push(record),
            }
        }
    }
    found
}

/// A file with a rule for each filter, and the texts of those filters that raise a finding.
fn raised(filters: &BTreeSet<String>) -> Vec<String> {
    let rules: String = filters
        .iter()
        .enumerate()
        .map(|(at, filter)| format!("- {{name: r{at}, severity: {}, filter: '{filter}'}}\n", at % 3 + 1))
        .collect();
    let found = lints(&format!("rules:\n{rules}"));
    let rules: BTreeSet<_> = found.iter().map(|finding| finding.rule.clone().unwrap()).collect();
    let named = |at: usize| rules.contains(&format!("r{at}"));
    filters.iter().enumerate().filter(|(at, _)| named(*at)).map(|(_, filter)| filter.clone()).collect()
}

fn event(source: &str, name: &str) -> String {
    format!(r#"eventSource = "{source}" and eventName = "{name}" and eventCategory = "Data""#)
}

#[test]
fn real_events_are_known() {
    // Made up by who wrote the cases: no service logs these.
    const INVENTED: &[(&str, &str)] = &[
        ("cloudtrail.amazonaws.com", "DescribeTrail"),
        ("ec2.amazonaws.com", "DeleteBucketEncryption"),
        ("ec2.amazonaws.com", "DeleteBucketPublicAccessBlock"),
        ("ec2.amazonaws.com", "PutBucketLogging"),
        ("ec2.amazonaws.com", "PutBucketVersioning"),
        ("iam.amazonaws.com", "DescribePolicy"),
        ("iam.amazonaws.com", "PutPolicy"),
        ("s3.amazonaws.com", "ListBucket"),
        ("s3.amazonaws.com", "SetQueueAttributes"),
    ];
    let Some(shared) = shared() else { return };
    let text = |record: &Value, key: &str| record[key].as_str().unwrap_or("x").to_owned();
    let filters: BTreeSet<String> = records(&shared.join("logs"))
        .iter()
        .chain(&records(&shared.join("cases")))
        .map(|record| event(&text(record, "eventSource"), &text(record, "eventName")))
        .collect();
    assert!(filters.len() > 600);
    let invented: Vec<String> = INVENTED.iter().map(|(source, name)| event(source, name)).collect();
    assert_eq!(raised(&filters), invented);
}

#[test]
fn real_fields_are_known() {
    let Some(shared) = shared() else { return };
    fn paths(value: &Value, before: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let path = format!("{before}{key}");
                    found.insert(format!("{path} exists"));
                    // Below, names are anybody's, and some are no bare words.
                    let open =
                        before.is_empty() && !matches!(key.as_str(), "userIdentity" | "tlsDetails" | "resources");
                    if !open && !key.contains("webIdFederationData") {
                        paths(value, &format!("{path}."), found);
                    }
                }
            }
            Value::Array(elements) => elements.iter().for_each(|element| paths(element, before, found)),
            _ => {}
        }
    }
    let mut filters = BTreeSet::new();
    records(&shared.join("logs")).iter().for_each(|record| paths(record, "", &mut filters));
    filters.retain(|filter| !["awsRegion", "eventTime", "eventVersion"].iter().any(|key| filter.starts_with(key)));
    assert!(filters.len() > 50, "{filters:#?}");
    assert_eq!(raised(&filters), Vec::<String>::new());
}
