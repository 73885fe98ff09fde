#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

//! What `docs/detection.md` says that the rules see is what they see in the published logs that it names.

mod command;

use std::{collections::BTreeSet, fs, path::Path};

use command::trailbell;
use serde_json::Value;
use trailbell::rule::{Rule, RuleSet};

fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn rules() -> Vec<Rule> {
    RuleSet::parse(&file("rules.yaml")).unwrap().0.rules
}

/// The rows of the table that begins with this head, cell by cell.
fn table(head: &str) -> Vec<Vec<String>> {
    let page = file("docs/detection.md");
    let rows = page.lines().skip_while(|line| !line.starts_with(head)).skip(2).take_while(|line| line.starts_with('|'));
    let rows: Vec<_> =
        rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect();
    assert!(!rows.is_empty(), "no table {head}");
    rows
}

/// A folder of published logs, where they are at hand.
fn logs(name: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/logs").join(name);
    if !folder.is_dir() {
        eprintln!("skipped: there are no logs in {}", folder.display());
        return None;
    }
    Some(folder.to_str().unwrap().to_owned())
}

/// `DeleteTrail`: a rule, in each cell of this column, as (service, event, rule).
fn claims(column: usize) -> BTreeSet<(String, String, String)> {
    let mut claims = BTreeSet::new();
    for row in table("| service | fired |") {
        for claim in row[column].split("<br>").filter(|claim| !claim.is_empty()) {
            let (event, rule) = claim.split_once(": ").unwrap();
            claims.insert((row[0].clone(), event.trim_matches('`').to_owned(), format!("CloudTrail: {rule}")));
        }
    }
    claims
}

#[test]
fn every_rule_of_an_event_is_a_rule() {
    let names: BTreeSet<String> = rules().iter().map(|rule| rule.name.clone()).collect();
    for (service, event, rule) in claims(1).into_iter().chain(claims(2)) {
        assert!(names.contains(&rule), "{service} {event}: there is no {rule}");
    }
}

/// Rules that count are not in the table.
#[test]
fn what_fired_on_an_event_is_what_fires() {
    let Some(folder) = logs("traildiscover_api_examples") else { return };
    let counts: BTreeSet<String> = rules()
        .iter()
        .filter(|rule| rule.threshold > 1 || rule.first_seen.is_some())
        .map(|rule| rule.name.clone())
        .collect();
    let ran = trailbell(&["scan", "--format", "jsonl", &folder]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let fires: BTreeSet<_> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|found| ["eventSource", "eventName", "rule"].map(|key| found[key].as_str().unwrap().to_owned()))
        .filter(|[.., rule]| !counts.contains(rule))
        .map(|[source, event, rule]| (source.split('.').next().unwrap().to_owned(), event, rule))
        .collect();
    assert_eq!(claims(1), fires);
}

#[test]
fn the_rules_of_the_attack_lab_raise_their_alerts() {
    let named: BTreeSet<(String, String)> = table("| technique | in the log |")
        .iter()
        .flat_map(|row| row[2].split("), ").map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|rule| {
            let (name, severity) = rule.rsplit_once(" (")?;
            Some((format!("CloudTrail: {name}"), severity.trim_end_matches(')').to_owned()))
        })
        .collect();
    assert!(named.len() > 20, "{named:?}");
    let rules = rules();
    for (name, severity) in &named {
        let rule = rules.iter().find(|rule| *rule.name == **name);
        let rule = rule.unwrap_or_else(|| panic!("there is no {name}"));
        assert_eq!(rule.severity.number().to_string(), *severity, "{name}");
    }
    let Some(folder) = logs("invictus_stratus") else { return };
    let ran = trailbell(&["scan", "--alerts", &folder]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for (name, severity) in &named {
        // `1 of       29  SEV2  CloudTrail: EC2 Get Password Data`
        let end = format!("SEV{severity}  {name}");
        let line = ran.stderr.lines().find(|line| line.ends_with(&end));
        assert!(line.is_some_and(|line| !line.trim_start().starts_with("0 of")), "{name}: {line:?}");
    }
}
