//! What one event means is said once: where a record of one rule's tests raises another rule too, that has a reason. The
//! pairs stand in `tests/cases/overlaps.txt`, by reason. `WRITE_DOCS=1` writes that file anew, for its difference to be
//! reviewed.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write,
    fs,
    path::Path,
};

use trailbell::{
    backtest, engine,
    rule::{Rule, RuleSet, Verdict},
};

const HEAD: &str = "\
# Which other rules match the records that a rule must match, and why that is right: `rule: others`, by their ids without
# `cloudtrail-`.
";

/// Whether a reason holds for two rules.
type Evident = fn(&Rule, &Rule) -> bool;

/// Reasons that the rules themselves give; the first that holds is taken.
const EVIDENT: &[(&str, Evident)] = &[
    ("One or both are switched off as shipped", |one, other| !one.enabled || !other.enabled),
    (
        "One or both count, or tell of what was never seen before, which is another thing to know than the one event",
        |one, other| counts(one) || counts(other),
    ),
    (
        "One is for the audit trail, which keeps everything of its kind; the other is for somebody to look at",
        |one, other| (one.severity.number() == 3) != (other.severity.number() == 3),
    ),
];

fn counts(rule: &Rule) -> bool {
    rule.threshold > 1 || rule.first_seen.is_some()
}

/// Reasons of pairs in particular: a rule, and the other that matches one of its records.
const STATED: &[(&str, &[(&str, &str)])] = &[
    (
        "An image has findings of several severities, and each was asked for as a rule",
        &[
            ("ecr-image-scan-findings-severity-critical", "ecr-image-scan-findings-severity-high"),
            ("ecr-image-scan-findings-severity-high", "ecr-image-scan-findings-severity-critical"),
        ],
    ),
    ("One tells who it was, the other what was done", &[("ecr-put-image-scanning-configuration", "root-use")]),
    (
        "One wakes somebody since it is trailbell itself, the other says what was done",
        &[("trailbell-cut-feed", "eventbridge-silence-rule")],
    ),
    (
        "One wakes somebody since it is the bucket of the logs, the other says what will be lost",
        &[("s3-change-log-bucket", "s3-short-lifecycle"), ("s3-change-log-bucket", "s3-suspend-versioning")],
    ),
];

fn short(rule: &Rule) -> &str {
    rule.id.strip_prefix("cloudtrail-").unwrap_or(&rule.id)
}

fn reason(rule: &Rule, other: &Rule) -> Option<&'static str> {
    let pair = (short(rule), short(other));
    let evident = EVIDENT.iter().find(|(_, holds)| holds(rule, other)).map(|(reason, _)| *reason);
    evident.or_else(|| STATED.iter().find(|(_, pairs)| pairs.contains(&pair)).map(|(reason, _)| *reason))
}

#[test]
fn no_record_is_matched_by_a_rule_that_is_not_meant() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = RuleSet::parse(&fs::read_to_string(root.join("rules.yaml")).unwrap()).unwrap().0.rules;
    let mut overlaps: BTreeMap<&str, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    let mut without = BTreeSet::new();
    for rule in &rules {
        for test in rule.tests.iter().filter(|test| test.expect == Verdict::Match) {
            let record = engine::parse(&fs::read(root.join(&test.record)).unwrap()).unwrap().0;
            let record = backtest::changed(record, &test.set).unwrap();
            for other in rules.iter().filter(|other| other.id != rule.id && other.verdict(&record) == Verdict::Match) {
                match reason(rule, other) {
                    Some(reason) => {
                        overlaps.entry(reason).or_default().entry(short(rule)).or_default().insert(short(other));
                    }
                    None => _ = without.insert(format!("{}: {}", short(rule), short(other))),
                }
            }
        }
    }
    assert!(without.is_empty(), "without a reason: {without:#?}");

    let mut table = HEAD.to_owned();
    for reason in EVIDENT.iter().map(|(reason, _)| reason).chain(STATED.iter().map(|(reason, _)| reason)) {
        let pairs = overlaps.get(reason).unwrap_or_else(|| panic!("no pair needs the reason: {reason}"));
        writeln!(table, "\n# {reason}.").unwrap();
        for (rule, others) in pairs {
            writeln!(table, "{rule}: {}", others.iter().copied().collect::<Vec<_>>().join(", ")).unwrap();
        }
    }
    for (rule, other) in STATED.iter().flat_map(|(_, pairs)| *pairs) {
        let found = overlaps.values().any(|pairs| pairs.get(rule).is_some_and(|others| others.contains(other)));
        assert!(found, "{rule} and {other} need no reason any more");
    }
    let file = root.join("tests/cases/overlaps.txt");
    if env::var_os("WRITE_DOCS").is_some() {
        fs::write(&file, &table).unwrap();
    }
    let reviewed = fs::read_to_string(&file).unwrap_or_default();
    let new: Vec<_> = table.lines().filter(|line| !reviewed.lines().any(|known| known == *line)).collect();
    let gone: Vec<_> = reviewed.lines().filter(|line| !table.lines().any(|now| now == *line)).collect();
    assert!(table == reviewed, "now:\n{}\n\nreviewed:\n{}", new.join("\n"), gone.join("\n"));
}
