//! `docs/rules.md`, `docs/data-events.md` and `tests/cases/overlaps.txt` are what `trailbell generate` writes from the rules.

use std::{fs, path::Path};

use crate::command::{folder, trailbell};

#[test]
fn the_generated_files_are_current() {
    let ran = trailbell(&["generate", "--check"]);
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""), "run `make docs`");
}

#[test]
fn a_file_that_is_not_current_is_shown_and_written_again() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let [rules, page, events, table] =
        ["rules.yaml", "docs/rules.md", "docs/data-events.md", "tests/cases/overlaps.txt"]
            .map(|file| fs::read_to_string(root.join(file)).unwrap());
    // The records that the tests of rules name are beside the rules file.
    let rules = rules.replace(": events/", &format!(": {}/events/", root.display()));
    let old = page.replacen("## S3\n", "## Old\n", 1);
    let files = [
        ("rules.yaml", &rules),
        ("docs/rules.md", &old),
        ("docs/data-events.md", &events),
        ("tests/cases/overlaps.txt", &table),
    ];
    let copy = folder("generate", &files.map(|(name, text)| (name, text.as_bytes())));
    let path = copy.join("rules.yaml").display().to_string();

    let ran = trailbell(&["generate", "--check", &path]);
    let shown = "docs/rules.md is not current: run `make docs`\n- ## Old\n+ ## S3\n";
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (1, shown, ""));
    assert_eq!(fs::read_to_string(copy.join("docs/rules.md")).unwrap(), old, "a check writes nothing");

    let ran = trailbell(&["generate", &path]);
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    assert_eq!(fs::read_to_string(copy.join("docs/rules.md")).unwrap(), page);
}

/// What the page lists is what AWS's guide lists as data events, by type of resource.
#[test]
fn the_page_of_data_events_lists_rules_by_type_with_the_selectors() {
    let rules = "rules:\n\
        - {name: Objects, severity: 1, tags: [service.s3], filter: 'eventSource = \"s3.amazonaws.com\" and eventName in (\"PutObject\", \"PutBucketAcl\")'}\n\
        - {name: Items, severity: 2, filter: 'eventSource = \"dynamodb.amazonaws.com\" and eventName = \"GetItem\"'}\n\
        - {name: Topics, severity: 3, enabled: false, filter: 'eventSource = \"sns.amazonaws.com\" and eventName = \"Publish\"'}\n\
        - {name: Users, severity: 3, filter: 'eventSource = \"iam.amazonaws.com\" and eventName = \"CreateUser\"'}\n";
    let copy = folder("data-events", &[("rules.yaml", rules.as_bytes())]);
    let ran = trailbell(&["check", copy.join("rules.yaml").to_str().unwrap()]);
    let notes: Vec<_> = ran.stdout.lines().filter(|line| line.starts_with("note: ")).collect();
    assert_eq!(
        notes,
        [
            "note: 1 enabled rule needs a trail that logs data events of AWS::DynamoDB::Table: `items`",
            "note: 1 enabled rule needs a trail that logs data events of AWS::S3::Object: `objects` (in part)",
        ]
    );
    assert_eq!(ran.status, 0);
    // Machines get findings only.
    let ran = trailbell(&["check", "--format", "json", copy.join("rules.yaml").to_str().unwrap()]);
    assert!(!ran.stdout.contains("note: "), "{}", ran.stdout);
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/data-events.md")).unwrap();
    let (_, json) = page.split_once("```json\n").unwrap();
    let selectors: serde_json::Value = serde_json::from_str(json.split_once("```").unwrap().0).unwrap();
    let types = |one: &serde_json::Value| one["FieldSelectors"][1]["Equals"][0].as_str().map(str::to_owned);
    let types: Vec<_> = selectors.as_array().unwrap().iter().filter_map(types).collect();
    // The shipped rules that have `eventCategory = "Data"` are about objects and snapshots.
    for resource in ["AWS::S3::Object", "AWS::EC2::Snapshot"] {
        assert!(types.iter().any(|one| one == resource), "{types:?}");
    }
    for id in ["cloudtrail-s3-", "cloudtrail-ebs-"] {
        assert!(page.contains(&format!("| `{id}")), "{id}: {page}");
    }
}
