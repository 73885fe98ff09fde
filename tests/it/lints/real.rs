//! Published logs and the test cases of other tools raise no lint.

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;

use crate::{
    lints::lints,
    real_logs::{all, cases, records, sample},
};

/// A file with a rule for each filter, and the texts of those filters that raise a finding.
fn raised(filters: &BTreeSet<String>) -> Vec<String> {
    let rules: Vec<String> = filters
        .iter()
        .enumerate()
        .map(|(at, filter)| {
            format!("- {{name: r{at}, severity: {}, filter: '{filter}', aggregate_fields: [request]}}\n", at % 3 + 1)
        })
        .collect();
    let found = lints(&format!("rules:\n{}", rules.concat()));
    let rules: BTreeSet<_> = found.iter().map(|finding| finding.rule.clone().unwrap()).collect();
    let named = |at: usize| rules.contains(&format!("r{at}"));
    filters.iter().enumerate().filter(|(at, _)| named(*at)).map(|(_, filter)| filter.clone()).collect()
}

fn event(source: &str, name: &str) -> String {
    format!(r#"eventSource = "{source}" and eventName = "{name}" and eventCategory = "Data""#)
}

#[test]
fn real_events_are_known() {
    check_events(&sample());
}

#[test]
#[ignore = "needs ../shared/data"]
fn events_of_all_real_logs_are_known() {
    check_events(&all());
}

fn check_events(logs: &Path) {
    // The authors of the cases invented these: no service logs them.
    const INVENTED: &[(&str, &str)] = &[
        ("cloudtrail.amazonaws.com", "DescribeTrail"),
        ("ec2.amazonaws.com", "DeleteBucketEncryption"),
        ("ec2.amazonaws.com", "DeleteBucketPublicAccessBlock"),
        ("ec2.amazonaws.com", "PutBucketLogging"),
        ("ec2.amazonaws.com", "PutBucketVersioning"),
        ("iam.amazonaws.com", "DescribePolicy"),
        ("iam.amazonaws.com", "PutPolicy"),
        ("imagination", "empty_event"),
        ("s3.amazonaws.com", "ListBucket"),
        ("s3.amazonaws.com", "SetQueueAttributes"),
    ];
    let text = |record: &Value, key: &str| record[key].as_str().unwrap_or("x.amazonaws.com").to_owned();
    let cases = ["panther", "streamalert", "fivexl"].map(cases).concat();
    let filters: BTreeSet<String> = records(logs, 1000)
        .iter()
        .chain(cases.iter().map(|case| &case["event"]))
        .map(|record| event(&text(record, "eventSource"), &text(record, "eventName")))
        .collect();
    assert!(filters.len() > 600);
    let invented: Vec<String> = INVENTED.iter().map(|(source, name)| event(source, name)).collect();
    assert_eq!(raised(&filters), invented);
}

/// What each field whose values AWS lists, or whose form it documents, is equal to in a record.
fn equalities(value: &Value, before: &str, found: &mut BTreeSet<String>) {
    let open = ["requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"];
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = format!("{before}{key}");
                let signs_in = ["ConsoleLogin", "CheckMfa", "MFAUsed", "MobileVersion", "severity", "bucketName"];
                // The names in open blocks are those of services, and these have tests of their own.
                let inside = open.iter().any(|block| path.starts_with(&format!("{block}.")));
                let skipped = ["eventName", "eventSource", "requestID"].contains(&path.as_str());
                if !skipped && !path.contains("webIdFederationData") && (!inside || signs_in.contains(&key.as_str())) {
                    equalities(value, &format!("{path}."), found);
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| equalities(element, before, found)),
        Value::String(text) if !text.contains(['\'', '"', '\\', '\n']) && text.trim() == text => {
            found.insert(format!("{} = \"{text}\"", before.trim_end_matches('.')));
        }
        Value::Bool(flag) => {
            found.insert(format!("{} = {flag}", before.trim_end_matches('.')));
        }
        _ => {}
    }
}

/// What the publishers of the logs wrote over real values: placeholders, and accounts with too few or too many digits.
const CHANGED: &[&str] = &[
    "EXAMPLE",
    "****",
    "xxxx",
    "\"0000\"",
    "\"00000\"",
    "\"03412312600\"",
    "\"11111111111111\"",
    "\"1111222233334444\"",
    "\"11112223334444\"",
    "\"1345351435\"",
    "\"access-key-id\"",
    "\"notasecret\"",
];

/// Whether a publisher changed the value: one of them appended `r` to regions, and numbers inside ids and regions to others.
fn is_changed(filter: &str) -> bool {
    let scrambled =
        |value: &str| value.split('-').count() == 5 && value.chars().all(|c| c == '-' || c.is_ascii_hexdigit());
    let Some((path, value)) = filter.trim_end_matches('"').split_once(" = \"") else { return false };
    CHANGED.iter().any(|changed| filter.contains(changed))
        || path == "awsRegion" && value.ends_with('r')
        || path == "eventID" && scrambled(value)
}

#[test]
fn real_values_are_possible() {
    check_values(&sample());
}

#[test]
#[ignore = "needs ../shared/data"]
fn values_of_all_real_logs_are_possible() {
    check_values(&all());
}

fn check_values(logs: &Path) {
    let mut filters = BTreeSet::new();
    for record in records(logs, 1000) {
        equalities(&record, "", &mut filters);
    }
    assert!(filters.len() > 1000, "{}", filters.len());
    let mut wrong = Vec::new();
    // Each rule is compared with every other.
    for some in filters.into_iter().collect::<Vec<_>>().chunks(200) {
        wrong.extend(raised(&some.iter().cloned().collect()));
    }
    wrong.retain(|filter| !is_changed(filter));
    assert_eq!(wrong, Vec::<String>::new());
}

/// Filters that name each field whose name AWS defines.
fn paths(value: &Value, before: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = format!("{before}{key}");
                found.insert(format!("{path} exists"));
                // Services and users choose the names below, and some are not bare words.
                let open = before.is_empty() && !matches!(key.as_str(), "userIdentity" | "tlsDetails" | "resources");
                if !open && !key.contains("webIdFederationData") {
                    paths(value, &format!("{path}."), found);
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| paths(element, before, found)),
        _ => {}
    }
}

#[test]
fn real_fields_are_known() {
    check_fields(&sample());
}

#[test]
#[ignore = "needs ../shared/data"]
fn fields_of_all_real_logs_are_known() {
    check_fields(&all());
}

fn check_fields(logs: &Path) {
    let mut filters = BTreeSet::new();
    for record in records(logs, 1000) {
        paths(&record, "", &mut filters);
    }
    filters.retain(|filter| !["awsRegion", "eventTime", "eventVersion"].iter().any(|key| filter.starts_with(key)));
    assert!(filters.len() > 50, "{filters:#?}");
    assert_eq!(raised(&filters), Vec::<String>::new());
}
