//! What a phone shows of an alert: 45 characters in a line, wrapped at words, and 15 lines on the first screen.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use serde_json::{Value, json};
use trailbell::{
    alert::{Alert, Format, render},
    engine::{Engine, Evaluated, Finding, Scratch},
    log_file::RawRecord,
    record::Record,
    rule::RuleSet,
};

use super::{insights::insight, sample};
use crate::real_logs;

const WIDTH: usize = 45;
const SCREEN: usize = 15;

pub fn shipped() -> RuleSet {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules.yaml")).unwrap();
    RuleSet::parse(&text).unwrap().0
}

/// The text in lines of a phone; a word that is too long for a line is broken.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_inclusive(' ') {
            let mut rest: Vec<char> = word.chars().collect();
            let length = line.chars().count();
            if length > 0 && length + word.trim_end().chars().count() > WIDTH {
                lines.push(std::mem::take(&mut line));
            }
            while rest.len() > WIDTH {
                lines.push(rest.drain(..WIDTH).collect());
            }
            line.extend(rest);
        }
        lines.push(line);
    }
    lines
}

#[test]
fn a_phone_wraps_at_words() {
    let long = "x".repeat(50);
    let text = format!("{} {}\n\n{long} y", "a".repeat(40), "b".repeat(5));
    let expected = ["a".repeat(40) + " ", "b".repeat(5), String::new(), "x".repeat(45), "x".repeat(5) + " y"];
    assert_eq!(wrapped(&text), expected);
}

/// The first sentence of what to do.
fn first_sentence(description: &str) -> String {
    let sentence = description.split(". ").next().unwrap_or_default();
    sentence.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the first screen shows, as one line.
fn screen(alert: &Alert) -> String {
    let lines = wrapped(&render(Format::TEXT, alert).body);
    let words = lines.iter().take(SCREEN).flat_map(|line| line.split_whitespace());
    words.collect::<Vec<_>>().join(" ")
}

fn check(rule: &str, record: Value, expected: &[&str]) {
    check_with(&shipped(), rule, record, expected);
}

/// Who, what, where, how bad, and what to do.
fn check_with(rules: &RuleSet, rule: &str, record: Value, expected: &[&str]) {
    let rule = rules.rules.iter().find(|one| one.id == rule).unwrap_or_else(|| panic!("no {rule}"));
    let record = Arc::new(Record::new(record).unwrap());
    assert!(rule.filter.matches(record.root()), "{}", rule.id);
    let finding = Finding { rule: Arc::new(rule.clone()), position: 0, suppressed: false, record };
    let alert = Alert::new(finding, None, &rules.accounts);
    let screen = screen(&alert);
    let advice = first_sentence(rule.description.as_deref().unwrap());
    let severity = format!("SEV{} ", rule.severity.number());
    assert!(screen.starts_with(&severity), "{severity} in {screen}");
    for part in expected.iter().copied().chain(["account 111122223333", "region us-east-1", &*advice]) {
        assert!(screen.contains(part), "{part:?} of {} in {screen}", rule.id);
    }
}

#[test]
fn the_first_screen_says_who_what_where_how_bad_and_what_to_do() {
    check(
        "cloudtrail-root-console-sign-in",
        sample("signin/console-login-root.json"),
        &["Root called ConsoleLogin", "succeeded"],
    );
    check(
        "cloudtrail-s3-bucket-shared-with-another-account",
        sample("s3/put-bucket-policy.json"),
        &["legacy-backup called PutBucketPolicy"],
    );
    check(
        "cloudtrail-ssm-start-session",
        sample("ssm/start-session.json"),
        &["session sam.okafor of the role ops-admin", "StartSession"],
    );
    check("cloudtrail-sts-assume-role-from-another-account", sample("sts/assume-role-external.json"), &["AssumeRole"]);
    check(
        "cloudtrail-ssm-resume-session",
        sample("ssm/resume-session-denied.json"),
        &["legacy-backup called ResumeSession", "failed: AccessDenied"],
    );
    check("cloudtrail-ecr-put-image", sample("ecr/put-image.json"), &["GitHubActions", "PutImage"]);
    check("cloudtrail-iam-create-access-key", sample("iam/create-access-key.json"), &["CreateAccessKey"]);
    // An Identity Center user, and a service.
    let mut record = sample("ssm/start-session.json");
    record["userIdentity"] = json!({
        "type": "IdentityCenterUser", "accountId": "111122223333",
        "onBehalfOf": {"userId": "544894e8-80c1-707f-60e3-3ba6510dfac1", "identityStoreArn": "arn:aws:identitystore::111122223333:identitystore/d-9067642ac7"},
        "credentialId": "EXAMPLEVHULjJdTUdPJfofVa1sufHDoj7aYcOYcxFVllWR_Whr1fEXAMPLE",
    });
    check(
        "cloudtrail-ssm-start-session",
        record.clone(),
        &["544894e8-80c1-707f-60e3-3ba6510dfac1 called StartSession"],
    );
    record["userIdentity"] = json!({"type": "AWSService", "invokedBy": "ssm.amazonaws.com"});
    check("cloudtrail-ssm-start-session", record, &["ssm.amazonaws.com called StartSession"]);
    let rules = "rules: [{name: Insight, severity: 2, filter: event_type = 'insight', description: A rate is not usual. Find out why.}]";
    let unusual = insight("Start", "ApiCallRateInsight");
    let expected = ["unusual rate of calls of RunInstances", "6 calls a minute, usually 2.57 a day"];
    check_with(&RuleSet::parse(rules).unwrap().0, "insight", unusual, &expected);
}

/// For each alert of the shipped rules on these records: where what to do begins in the text, in characters, and how many lines of a
/// phone it takes until its first sentence ends.
fn measured(logs: &Path) -> (Vec<usize>, Vec<usize>) {
    let (engine, mut scratch) = (Engine::new(shipped()), Scratch::default());
    let mut measures: BTreeMap<(String, String), (usize, usize)> = BTreeMap::new();
    for record in real_logs::records(logs, 100) {
        let text = record.to_string();
        let Evaluated::Record { findings, .. } = engine.evaluate(RawRecord::of(text.as_bytes()), &mut scratch) else {
            panic!("{text}")
        };
        for finding in findings {
            let Some(description) = finding.rule.description.clone() else { continue };
            let key = (finding.rule.id.clone(), record["eventID"].to_string());
            let body = render(Format::TEXT, &Alert::new(finding, None, engine.accounts())).body;
            let sentence = first_sentence(&description);
            let start = body.find("\n\n").map(|gap| gap + 2).unwrap();
            assert!(body[start..].starts_with(sentence.split(' ').next().unwrap()), "{body}");
            let (mut seen, mut lines) = (String::new(), 0);
            for line in wrapped(&body) {
                lines += 1;
                seen += &line.split_whitespace().flat_map(|word| [" ", word]).collect::<String>();
                if seen.contains(&sentence) {
                    break;
                }
            }
            assert!(seen.contains(&sentence), "{sentence} in {body}");
            measures.insert(key, (body[..start].chars().count(), lines));
        }
    }
    measures.into_values().unzip()
}

fn check_measures(logs: &Path) {
    let (mut starts, mut lines) = measured(logs);
    starts.sort_unstable();
    lines.sort_unstable();
    let at = |sorted: &[usize], percent: usize| sorted[(sorted.len() - 1) * percent / 100];
    println!(
        "{} alerts: what to do begins after {} characters (median; {} at most), and is shown in {} lines (median; {} for 95 %, {} at most)",
        starts.len(),
        at(&starts, 50),
        at(&starts, 100),
        at(&lines, 50),
        at(&lines, 95),
        at(&lines, 100)
    );
    assert!(starts.len() > 100 && at(&starts, 50) <= 250 && at(&lines, 50) <= 10 && at(&lines, 95) <= SCREEN);
}

#[test]
fn what_to_do_is_on_the_first_screen() {
    check_measures(&real_logs::sample());
}

#[test]
#[ignore = "needs ../shared/data"]
fn what_to_do_is_on_the_first_screen_on_all_published_logs() {
    check_measures(&real_logs::all());
}
