//! Other people's logs and test cases raise nothing.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

use crate::lints::lints;

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
    let rules: Vec<String> = filters
        .iter()
        .enumerate()
        .map(|(at, filter)| format!("- {{name: r{at}, severity: {}, filter: '{filter}'}}\n", at % 3 + 1))
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

/// Filters that ask for each field whose name AWS gives.
fn paths(value: &Value, before: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = format!("{before}{key}");
                found.insert(format!("{path} exists"));
                // Below, names are anybody's, and some are no bare words.
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
    let Some(shared) = shared() else { return };
    let mut filters = BTreeSet::new();
    for record in records(&shared.join("logs")) {
        paths(&record, "", &mut filters);
    }
    filters.retain(|filter| !["awsRegion", "eventTime", "eventVersion"].iter().any(|key| filter.starts_with(key)));
    assert!(filters.len() > 50, "{filters:#?}");
    assert_eq!(raised(&filters), Vec::<String>::new());
}
