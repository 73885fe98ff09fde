//! The attacks of the attack lab of docs/detection.md, in the forms that their authors could have given them.

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    command::{folder, trailbell},
    real_logs,
};

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

/// The lines of `scan --alerts` over records that are alerts of severity 1 and 2.
fn alerts(name: &str, records: &[Value]) -> Vec<Value> {
    let log = json!({ "Records": records }).to_string();
    let rules = root().join("rules.yaml");
    let at = folder(name, &[("log.json", log.as_bytes())]).join("log.json");
    let ran =
        trailbell(&["scan", "--alerts", "--format", "jsonl", "--rules", rules.to_str().unwrap(), at.to_str().unwrap()]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let lines = ran.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["kind"] == "alert" && line["severity"].as_u64().unwrap() <= 2).collect()
}

/// A row of the table of techniques in docs/detection.md.
struct Technique {
    name: String,
    calls: BTreeSet<String>,
    rules: BTreeSet<String>,
}

/// The techniques of the attack lab, without the rows that are none.
fn techniques() -> Vec<Technique> {
    let page = fs::read_to_string(root().join("docs/detection.md")).unwrap();
    let rows = page.lines().skip_while(|line| !line.starts_with("| technique |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|')).map(|line| {
        let row: Vec<_> = line.trim_matches('|').split(" | ").collect();
        let calls = row[1].split('`').skip(1).step_by(2).map(str::to_owned).collect();
        let rules = row[2].split(", ").map(|rule| rule.split(" (").next().unwrap().trim().to_owned()).collect();
        Technique { name: row[0].trim().to_owned(), calls, rules }
    });
    rows.filter(|technique| !technique.name.starts_with('(')).collect()
}

/// How a record of an attack becomes another form of it, by name.
type Form = (&'static str, fn(&mut Value));

/// Techniques that left no call of their own, by their row in docs/detection.md.
const WITHOUT_A_TRACE: &[&str] = &["Delete a trail", "Change a start script"];

fn check_forms(logs: &std::path::Path) {
    let records = real_logs::records(logs, 100);
    let forms: [Form; 3] = [
        ("as it is", |_| ()),
        ("Terraform's agent", |record| record["userAgent"] = json!("APN/1.0 HashiCorp/1.0 Terraform/1.9.5")),
        ("Step Functions", |record| {
            record["userAgent"] = json!("states.amazonaws.com");
            if let Some(identity) = record["userIdentity"].as_object_mut() {
                identity.insert("invokedBy".into(), json!("states.amazonaws.com"));
            }
        }),
    ];
    let mut silent = Vec::new();
    for (at, (form, change)) in forms.iter().enumerate() {
        let mut records = records.clone();
        records.iter_mut().for_each(change);
        let found = alerts(&format!("attacks-lab-{at}"), &records);
        for Technique { name, calls, rules } in techniques() {
            let names = |alert: &Value| {
                let (rule, event) = (alert["rule"].as_str().unwrap(), alert["eventName"].as_str().unwrap());
                rules.contains(rule.trim_start_matches("CloudTrail: "))
                    || calls.iter().any(|call| event.starts_with(call))
            };
            if !WITHOUT_A_TRACE.contains(&name.as_str()) && !found.iter().any(names) {
                silent.push(format!("{name}, {form}"));
            }
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
#[ignore = "needs ../shared/data"]
fn every_technique_that_left_a_trace_raises_an_alert_in_every_form() {
    check_forms(&real_logs::all().join("invictus_stratus"));
}
