#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

//! What one event means is said once: where a record of one rule's tests raises another rule too, that is on purpose and
//! stands in `tests/cases/overlaps.txt`. `WRITE_DOCS=1` writes that file anew, for its difference to be reviewed.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write,
    fs,
    path::Path,
};

use trailbell::{
    backtest, engine,
    rule::{RuleSet, Verdict},
};

const HEAD: &str = "\
# Which other rules match the records that a rule must match: `rule: others`, by their ids without `cloudtrail-`.
# A line is right if a person who reads both alerts learns something from each, or the other rule is of a milder
# severity and for the record, or counts.
#
# - change-*, *-change-*, *-create-*, root-use and ecr-set-repository-policy are for the record of every change; the other
#   rule of the line says what is wrong with this one.
# - denied-call, denied-calls, console-guessed, console-sprayed, *-in-bulk, discovery-* and new-* count or remember: their
#   news is how often, or that it never was before; the other rule's is the event.
# - trailbell-* and root-* say whose thing it is, or who did it; the other rule says what was done.
# - s3-change-log-bucket and iam-quarantine-policy say on what it was done, the other rule what.
";

#[test]
fn no_record_is_matched_by_a_rule_that_is_not_meant() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = RuleSet::parse(&fs::read_to_string(root.join("rules.yaml")).unwrap()).unwrap().0.rules;
    let short = |id: &str| id.strip_prefix("cloudtrail-").unwrap_or(id).to_owned();
    let mut overlaps: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for rule in &rules {
        for test in rule.tests.iter().filter(|test| test.expect == Verdict::Match) {
            let record = engine::parse(&fs::read(root.join(&test.record)).unwrap()).unwrap().0;
            let record = backtest::changed(record, &test.set).unwrap();
            let others = rules.iter().filter(|other| other.id != rule.id && other.verdict(&record) == Verdict::Match);
            overlaps.entry(short(&rule.id)).or_default().extend(others.map(|other| short(&other.id)));
        }
    }
    let mut table = HEAD.to_owned();
    for (rule, others) in overlaps.iter().filter(|(_, others)| !others.is_empty()) {
        writeln!(table, "{rule}: {}", others.iter().map(String::as_str).collect::<Vec<_>>().join(", ")).unwrap();
    }
    let file = root.join("tests/cases/overlaps.txt");
    if env::var_os("WRITE_DOCS").is_some() {
        fs::write(&file, &table).unwrap();
    }
    let reviewed = fs::read_to_string(&file).unwrap_or_default();
    let new: Vec<_> = table.lines().filter(|line| !reviewed.lines().any(|known| known == *line)).collect();
    let gone: Vec<_> = reviewed.lines().filter(|line| !table.lines().any(|now| now == *line)).collect();
    assert!(new.is_empty() && gone.is_empty(), "now:\n{}\n\nreviewed:\n{}", new.join("\n"), gone.join("\n"));
}
