//! `docs/detection.md` lists exactly what the rules find in logs that others published.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use crate::{
    command::{Ran, trailbell},
    real_logs,
};
use serde_json::Value;
use trailbell::{
    backtest, engine,
    record::{Path, Record},
    rule::{RuleSet, Verdict},
};

/// A call, as the page names it: the service and the name of the event.
type Call = (String, String);

/// The prefix of nearly all rule names, which the page omits.
const PREFIX: &str = "CloudTrail: ";

fn file(name: &str) -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The part of the page under this heading.
fn section(title: &str) -> String {
    let page = fs::read_to_string(file("docs/detection.md")).unwrap();
    let parts = page.split("\n## ").collect::<Vec<_>>();
    let found = parts.iter().find_map(|part| part.strip_prefix(title));
    found.unwrap_or_else(|| panic!("there is no section {title}")).to_owned()
}

/// The cells of each row of the table in which the first heading is this.
fn table(section: &str, heading: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let lines = section.lines().skip_while(|line| !line.starts_with(&format!("| {heading} |")));
    let rows: Vec<_> = lines.skip(2).take_while(|line| line.starts_with('|')).map(cells).collect();
    assert!(!rows.is_empty(), "there is no table of {heading}");
    rows
}

/// The texts in back-quotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether the text contains the words, wherever its lines break.
fn says(text: &str, words: &str) -> bool {
    text.split_whitespace().collect::<Vec<_>>().join(" ").contains(words)
}

fn scan(arguments: &[&str], folder: &std::path::Path) -> Ran {
    let ran = trailbell(&[&["scan"], arguments, &[folder.to_str().unwrap()]].concat());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    ran
}

/// Name, severity, alerts, matches and covered alerts of each rule that a scan's tally names, in the order of the rules.
fn alerts(folder: &std::path::Path) -> Vec<(String, u8, u64, u64, u64)> {
    let ran = scan(&["--alerts"], folder);
    // `4 of       31  SEV2  CloudTrail: New Region  (2 covered)`
    let read = |line: &str| {
        let (alerts, rest) = line.trim_start().split_once(" of ")?;
        let (matches, rest) = rest.split_once("SEV")?;
        let (severity, name) = rest.split_once("  ")?;
        let (name, covered) =
            name.split_once("  (").map_or((name, "0"), |(name, rest)| (name, &rest[..rest.find(' ').unwrap()]));
        let name = name.strip_prefix(PREFIX).unwrap_or(name).to_owned();
        let number = |text: &str| text.trim().parse::<u64>().unwrap();
        Some((name, severity.parse().unwrap(), number(alerts), number(matches), number(covered)))
    };
    ran.stderr.lines().filter_map(read).collect()
}

/// Each rule with each call that it matches.
fn matches(folder: &std::path::Path) -> BTreeSet<(String, Call)> {
    let found = scan(&["--format", "jsonl"], folder).stdout;
    let read = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let rule = text("rule");
        (rule.strip_prefix(PREFIX).unwrap_or(&rule).to_owned(), call(&text("eventSource"), text("eventName")))
    };
    found.lines().map(read).collect()
}

fn call(source: &str, name: String) -> Call {
    (source.strip_suffix(".amazonaws.com").unwrap_or(source).to_owned(), name)
}

#[test]
fn the_attack_lab_is_as_the_page_says() {
    check_attack_lab(&real_logs::sample().join("invictus_stratus.json.gz"));
}

#[test]
#[ignore = "needs ../shared/data"]
fn the_whole_attack_lab_is_as_the_page_says() {
    check_attack_lab(&real_logs::all().join("invictus_stratus"));
}

fn check_attack_lab(logs: &std::path::Path) {
    let section = section("An attack lab");
    let rules = RuleSet::parse(&fs::read_to_string(file("rules.yaml")).unwrap()).unwrap().0.rules;
    let mut named: BTreeMap<String, (u8, Vec<Vec<String>>)> = BTreeMap::new();
    let rows = table(&section, "technique");
    for row in &rows {
        for cell in row[2].split(", ").filter(|cell| *cell != "–") {
            let (name, severity) = cell.rsplit_once(" (").unwrap_or_else(|| panic!("{cell} has no severity"));
            let severity = severity.trim_end_matches(')').parse().unwrap();
            let rule = rules.iter().find(|rule| rule.name == format!("{PREFIX}{name}"));
            assert_eq!(rule.map(|rule| rule.severity.number()), Some(severity), "{name}");
            named.entry(name.to_owned()).or_insert((severity, Vec::new())).1.push(quoted(&row[1]));
        }
    }
    let techniques = rows.iter().filter(|row| !row[0].starts_with('(')).count();
    assert!(says(&section, &format!("{techniques} techniques left")), "{techniques} techniques");

    let matches = matches(logs);
    for (rule, (_, rows)) in &named {
        for calls in rows {
            let seen = calls.iter().any(|call| {
                matches.iter().any(|(matched, (_, event))| matched == rule && event.starts_with(call.as_str()))
            });
            assert!(seen, "{rule} matches none of {calls:?}");
        }
    }
    let raised: BTreeMap<_, _> = alerts(logs)
        .into_iter()
        .filter(|alert| alert.2 + alert.4 > 0)
        .map(|(name, severity, ..)| (name, severity))
        .collect();
    let listed: BTreeMap<_, _> = named.into_iter().map(|(name, (severity, _))| (name, severity)).collect();
    assert_eq!(listed, raised, "left: the page, right: scan --alerts");
}

/// `Call`: Rule, Rule<br>`Call`: Rule
fn cell(service: &str, text: &str) -> BTreeSet<(String, Call)> {
    let mut found = BTreeSet::new();
    for line in text.split("<br>").filter(|line| !line.is_empty()) {
        let (event, rules) = line.split_once(": ").unwrap_or_else(|| panic!("{line} names no rule"));
        let event = event.trim_matches('`').to_owned();
        found.extend(rules.split(", ").map(|rule| (rule.to_owned(), (service.to_owned(), event.clone()))));
    }
    found
}

/// The record as it would be if a person had made the call successfully.
fn allowed_by_hand(record: &Record) -> Record {
    let by_hand = [
        ("errorCode", Value::Null),
        ("userAgent", Value::from("aws-cli/2.33.7")),
        ("userIdentity.invokedBy", Value::Null),
    ];
    backtest::changed(record.clone(), &by_hand.map(|(field, value)| (Path::parse(field).unwrap(), value))).unwrap()
}

#[test]
fn each_of_the_calls_is_as_the_page_says() {
    let logs = real_logs::sample().join("traildiscover_api_examples.json.gz");
    let rules = RuleSet::parse(&fs::read_to_string(file("rules.yaml")).unwrap()).unwrap().0.rules;
    let single: Vec<_> = rules.iter().filter(|rule| rule.enabled && rule.alerts_on_each_match()).collect();
    let name = |name: &str| name.strip_prefix(PREFIX).unwrap_or(name).to_owned();
    let fired: BTreeSet<_> =
        matches(&logs).into_iter().filter(|(rule, _)| single.iter().any(|one| name(&one.name) == *rule)).collect();

    let (mut waiting, mut changes) = (BTreeSet::new(), BTreeSet::new());
    // Events by their outcome, in the order of the page's first table.
    let (mut counts, mut failed) = ([0; 4], 0);
    {
        for given in real_logs::records_of(&logs) {
            let text = |key: &str| given[key].as_str().unwrap_or_default().to_owned();
            let call = call(&text("eventSource"), text("eventName"));
            let record = engine::parse(given.to_string().as_bytes()).unwrap().0;
            let by_hand = allowed_by_hand(&record);
            let matched = |record: &Record| {
                single
                    .iter()
                    .filter(|rule| rule.verdict(record) == Verdict::Match)
                    .map(|rule| name(&rule.name))
                    .collect::<Vec<_>>()
            };
            failed += u32::from(!text("errorCode").is_empty());
            let outcome = if !matched(&record).is_empty() {
                0
            } else if let waits = matched(&by_hand)
                && !waits.is_empty()
            {
                waiting.extend(waits.into_iter().map(|rule| (rule, call.clone())));
                1
            } else if given["readOnly"] == true {
                3
            } else {
                changes.insert(format!("{}:{}", call.0, call.1));
                2
            };
            counts[outcome] += 1;
        }
    }

    let section = section("One event for each API");
    let total: u32 = counts.iter().sum();
    assert!(says(&section, &format!("{total} events, {failed} of them denied or failed")), "{total}, {failed}");
    let tally = |rule: &str| {
        let found = alerts(&logs).into_iter().find(|alert| alert.0 == rule).unwrap();
        (found.2, found.3)
    };
    let ((quiet, denied), (raised, read)) = (tally("Denied Calls"), tally("Discovery With A Long-Lived Key"));
    assert_eq!((quiet, raised), (0, 1), "alerts");
    assert!(says(&section, &format!("here {denied} and {read} match")), "{denied}, {read}");
    let listed: Vec<u32> = table(&section, "outcome").iter().map(|row| row[1].parse().unwrap()).collect();
    assert_eq!(listed, counts, "left: the page, right: measured");
    let (mut listed_fired, mut listed_waiting) = (BTreeSet::new(), BTreeSet::new());
    for row in table(&section, "service") {
        listed_fired.extend(cell(&row[0], &row[1]));
        listed_waiting.extend(cell(&row[0], &row[2]));
    }
    assert_eq!(listed_fired, fired, "fired; left: the page, right: scan");
    assert_eq!(listed_waiting, waiting, "waits; left: the page, right: measured");
    let listed_changes: BTreeSet<_> =
        quoted(section.split_once("Changes without a rule:").unwrap().1).into_iter().collect();
    assert_eq!(listed_changes, changes, "changes without a rule; left: the page, right: measured");
}

#[test]
#[ignore = "needs ../shared/data"]
fn the_alerts_are_as_many_as_the_page_says() {
    let all = real_logs::all();
    let busy = all.join("boogy_production_sample");
    // The rules of the first release.
    let first = |name: &str| name.starts_with("ECR ") || name.starts_with("SSM ");
    let all = alerts(&all);
    let loudest = |severities: &[u8]| {
        let alerts = all.iter().filter(|alert| severities.contains(&alert.1));
        let most = alerts.clone().map(|alert| alert.2).max().unwrap();
        (most, alerts.filter(|alert| alert.2 == most).map(|alert| alert.0.clone()).collect::<Vec<_>>())
    };
    let (woken, woken_by) = loudest(&[1, 2]);
    let (kept, kept_by) = loudest(&[3]);
    let busy = alerts(&busy);
    let sum = |asked: bool| busy.iter().filter(|alert| first(&alert.0) == asked).map(|alert| alert.2).sum::<u64>();
    let rows = table(&section("How many alerts the rules raise"), "logs and rules");
    let listed: Vec<u64> = rows.iter().map(|row| row[1].parse().unwrap()).collect();
    assert_eq!(listed, [woken, kept, sum(true), sum(false)], "left: the page, right: scan --alerts");
    for (row, rules) in rows.iter().zip([woken_by, kept_by]) {
        assert!(rules.iter().any(|rule| row[0].ends_with(rule.as_str())), "{} is not one of {rules:?}", row[0]);
    }
}
