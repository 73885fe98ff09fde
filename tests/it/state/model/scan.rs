//! `trailbell scan --alerts` on deliveries, which it plays in the order of their paths, against the reference.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    event::{BEGIN, Event, time},
    reference::Alert,
    rules::{Expected, Model, ModelRule, Values, name, rules_file},
    strategy::{Case, cases, late, wild},
};
use crate::command::{folder, trailbell};

/// The alerts of a scan, sorted, and the id of each.
pub struct Scanned {
    pub alerts: Vec<Expected>,
    pub ids: BTreeMap<(String, Values, i64), String>,
}

/// Scans deliveries of events.
pub fn scan(test: &str, rules: &str, deliveries: &[Vec<Event>]) -> Scanned {
    let records: Vec<Vec<Value>> = deliveries.iter().map(|events| events.iter().map(Event::record).collect()).collect();
    let (mut alerts, mut ids) = (Vec::new(), BTreeMap::new());
    for line in lines(test, rules, &records) {
        assert_ne!(line["about"], true, "nothing is near the bounds: {line}");
        let alert = expected(&line);
        let key = (alert.rule.clone(), alert.values.clone(), alert.alert.anchor);
        let id = line["alert_id"].as_str().unwrap().to_owned();
        assert_eq!(ids.insert(key, id), None, "one alert for an anchor: {line}");
        alerts.push(alert);
    }
    let different: BTreeSet<&String> = ids.values().collect();
    assert_eq!(different.len(), ids.len(), "each alert has an id of its own");
    alerts.sort();
    Scanned { alerts, ids }
}

/// The lines of a scan of deliveries, each a file of its own, after one with an event at second 0 that no rule wants.
pub fn lines(test: &str, rules: &str, deliveries: &[Vec<Value>]) -> Vec<Value> {
    let first = json!({"eventVersion": "1.08", "eventID": "first", "eventTime": time(0), "eventName": "Begin",
        "eventSource": "model.amazonaws.com"});
    let mut files = vec![("rules.yaml".to_owned(), rules.to_owned()), file(0, &[first])];
    files.extend(deliveries.iter().enumerate().map(|(number, records)| file(number + 1, records)));
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let root = folder(&format!("model-{test}"), &files);
    let path = |name: &str| root.join(name).display().to_string();
    let ran = trailbell(&["scan", "--rules", &path("rules.yaml"), "--alerts", "--format", "jsonl", &path("logs")]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn file(number: usize, records: &[Value]) -> (String, String) {
    (format!("logs/{number:04}.json"), json!({"Records": records}).to_string())
}

/// A line as the reference describes an alert, without the events of the steps.
fn expected(line: &Value) -> Expected {
    let time = |key: &str| line[key].as_str().unwrap().parse::<Timestamp>().unwrap().as_second() - BEGIN;
    let count = |key: &str| line[key].as_u64().map(|count| usize::try_from(count).unwrap());
    let values = line["values"].as_object().unwrap().iter();
    Expected {
        rule: line["rule"].as_str().unwrap().to_owned(),
        values: values.map(|(field, value)| (field.clone(), value.as_str().map(str::to_owned))).collect(),
        alert: Alert {
            anchor: time("last"),
            count: count("count").unwrap(),
            first: time("first"),
            last: time("last"),
            since: count("since"),
            chain: Vec::new(),
        },
        more: count("more").unwrap_or(0),
        also: line["also"].as_array().into_iter().flatten().map(named).collect(),
    }
}

/// The name of the rule with this id.
fn named(id: &Value) -> String {
    let number = id.as_str().unwrap().strip_prefix("rule-").unwrap();
    name(number.parse().unwrap())
}

/// What the reference expects of deliveries.
pub fn reference(rules: &[ModelRule], deliveries: &[Vec<Event>]) -> Vec<Expected> {
    let mut model = Model::new(rules);
    for event in deliveries.iter().flatten() {
        model.arrive(event);
    }
    let mut alerts = model.alerts();
    for alert in &mut alerts {
        alert.alert.chain.clear();
    }
    alerts
}

/// Scans the deliveries of a case, and the same in reverse, and compares both with the reference.
fn agrees(test: &str, case: &Case) -> Result<(), TestCaseError> {
    let rules = rules_file(&case.rules);
    let mut ids = BTreeMap::new();
    for deliveries in [&case.deliveries, &case.reversed()] {
        let found = scan(test, &rules, deliveries);
        prop_assert_eq!(&found.alerts, &reference(&case.rules, deliveries), "{}", rules);
        for (key, id) in found.ids {
            let known = ids.entry(key.clone()).or_insert_with(|| id.clone());
            prop_assert_eq!(&*known, &id, "the id depends on rule, values and anchor alone: {:?}", key);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(50)) })]

    #[test]
    fn alerts_of_deliveries_in_any_order_agree(case in wild()) {
        agrees("wild", &case)?;
    }

    /// What a rule with `first_seen` knows is exact for events that are late by less than `within`.
    #[test]
    fn alerts_on_new_combinations_agree(case in late()) {
        agrees("late", &case)?;
    }
}
