//! `tests/cases/overlaps.txt`: pairs of rules that match the same record of a rule's tests, each with the reason why both
//! are right.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::Path,
};

use trailbell::{
    backtest,
    record::Record,
    rule::{Rule, RuleTest, Verdict},
};

use super::error::GenerateError;
use crate::rule_and_record;

const HEAD: &str = "\
# Which other rules match the records that a rule must match, and why that is right: `rule: others`, by their ids without
# `cloudtrail-`.
";

/// Whether a reason holds for two rules.
type Evident = fn(&Rule, &Rule) -> bool;

/// Reasons that follow from the rules themselves; the first that holds applies.
const EVIDENT: &[(&str, Evident)] = &[
    ("One or both are disabled as shipped", |one, other| !one.enabled || !other.enabled),
    (
        "One or both count events, or alert on values not seen before, which one event alone does not show",
        |one, other| !one.alerts_on_each_match() || !other.alerts_on_each_match(),
    ),
    (
        "One is for the audit trail, which keeps everything of its kind; the other is for a person to look at",
        |one, other| (one.severity.number() == 3) != (other.severity.number() == 3),
    ),
    (
        "One wakes someone because of what else the act has; the other is for a person to look at, and its alert is named in the first",
        |one, other| one.severity != other.severity,
    ),
];

/// Reasons for single pairs: a rule, and another rule that matches one of its records.
const STATED: &[(&str, &[(&str, &str)])] = &[
    (
        "An image has findings of several severities, and a rule for each was requested",
        &[
            ("ecr-image-scan-findings-severity-critical", "ecr-image-scan-findings-severity-high"),
            ("ecr-image-scan-findings-severity-high", "ecr-image-scan-findings-severity-critical"),
        ],
    ),
    (
        "One is about the actor or the tool, the other about the action",
        &[
            ("ecr-put-image-scanning-configuration", "root-use"),
            ("ecr-tags-mutable", "root-use"),
            ("root-use-outside-the-office", "root-create-access-key"),
            ("cloudshell-used-for-access", "secrets-manager-batch-get"),
            ("cloudshell-used-for-access", "secrets-read-in-one-call"),
            ("tool-of-key-thieves", "sign-in-token-by-script"),
            ("tool-of-key-thieves", "sts-get-federation-token"),
        ],
    ),
    (
        "The narrower one names what makes the act worse, and fewer lists quiet it, or none",
        &[
            ("cloudwatch-delete-alarms", "cloudwatch-delete-security-alarms"),
            ("cloudwatch-delete-security-alarms", "cloudwatch-delete-alarms"),
            ("secrets-manager-batch-get", "secrets-read-in-one-call"),
            ("secrets-read-in-one-call", "secrets-manager-batch-get"),
            ("iam-add-user-to-administrators", "iam-joins-a-group"),
            ("iam-remove-permissions-boundary", "iam-rewrite-permissions-boundary"),
            ("logs-sent-to-another-account", "logs-exported"),
            ("lambda-open-under-a-condition", "lambda-shared-with-another-account"),
            ("s3-reconfigure-log-bucket", "s3-bucket-shared-with-another-account"),
            ("s3-reconfigure-log-bucket", "s3-short-lifecycle"),
            ("s3-reconfigure-log-bucket", "s3-suspend-versioning"),
        ],
    ),
    (
        "The request does both",
        &[
            ("bedrock-logging-off", "bedrock-redirect-log"),
            ("cloudtrail-narrow-event-selectors", "cloudtrail-trail-without-data-events"),
            ("data-store-open-to-the-internet", "database-restored-or-copied"),
            ("rds-open-to-the-internet", "database-restored-or-copied"),
            ("ec2-run-accelerated-instances", "ec2-run-many-or-huge-machines"),
            ("ec2-security-group-open-to-everybody", "request-omitted"),
            ("s3-default-key-of-another-account-by-a-stack-set", "s3-allow-customer-keys"),
            ("kms-key-of-no-use-to-anyone", "kms-key-denied"),
            ("sns-topic-open-to-everybody", "trailbell-change-delivery"),
            ("trailbell-change-delivery", "kms-key-locked"),
        ],
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

/// By reason and rule, the other rules that match the rule's records.
type Overlaps<'a> = BTreeMap<&'static str, BTreeMap<&'a str, BTreeSet<&'a str>>>;

/// The text of the table. `folder` is that of the rules file.
///
/// # Errors
///
/// If a record cannot be read, an overlap has no reason, or a reason has no overlap.
pub fn table(rules: &[Rule], folder: &Path) -> Result<String, GenerateError> {
    let overlaps = overlaps(rules, folder)?;
    let mut table = HEAD.to_owned();
    for reason in EVIDENT.iter().map(|(reason, _)| *reason).chain(STATED.iter().map(|(reason, _)| *reason)) {
        let pairs = overlaps.get(reason).ok_or_else(|| GenerateError::UnusedReason(reason.to_owned()))?;
        let _ = writeln!(table, "\n# {reason}.");
        for (rule, others) in pairs {
            let _ = writeln!(table, "{rule}: {}", others.iter().copied().collect::<Vec<_>>().join(", "));
        }
    }
    for (rule, other) in STATED.iter().flat_map(|(_, pairs)| *pairs) {
        if !overlaps.values().any(|pairs| pairs.get(rule).is_some_and(|others| others.contains(other))) {
            return Err(GenerateError::UnusedReason(format!("{rule}: {other}")));
        }
    }
    Ok(table)
}

fn overlaps<'a>(rules: &'a [Rule], folder: &Path) -> Result<Overlaps<'a>, GenerateError> {
    let mut overlaps = Overlaps::new();
    let mut without = BTreeSet::new();
    for rule in rules {
        for test in rule.tests.iter().filter(|test| test.expect == Verdict::Match) {
            let record = tested(rule, test, folder)?;
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
    if without.is_empty() { Ok(overlaps) } else { Err(GenerateError::NoReason(without.into_iter().collect())) }
}

/// The record of a test, with the values that the test sets.
fn tested(rule: &Rule, test: &RuleTest, folder: &Path) -> Result<Record, GenerateError> {
    let path = folder.join(&test.record);
    let file = fs::File::open(&path).map_err(|error| error.to_string());
    let record = file.and_then(|file| rule_and_record::record(file).map_err(|reason| reason.to_string()));
    let record = record.and_then(|record| backtest::changed(record, &test.set).map_err(|reason| reason.to_string()));
    record.map_err(|reason| GenerateError::BadRecord { rule: rule.name.clone(), path, reason })
}
