//! Rules of other tools, written in our language and tested with the cases by which those tools test their own rules.
//!
//! The rules in `tests/cases` are ours and have the ids of theirs; the README there names the sources of the cases.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::real_logs;
use trailbell::{
    backtest::{self, Tested},
    engine::{self, Engine, Evaluated, Scratch},
    log_file::RawRecord,
    rule::{Rule, RuleSet, Verdict},
};

/// The tools, with the number of cases of each.
const TOOLS: &[(&str, usize)] = &[("panther", 224), ("streamalert", 54), ("fivexl", 10)];

/// An event, and the rules that must and must not match it.
struct Case {
    name: String,
    event: Vec<u8>,
    verdicts: BTreeMap<String, bool>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

fn rules(tool: &str) -> RuleSet {
    let text = fs::read_to_string(folder().join(tool).with_extension("yaml")).unwrap();
    let (set, warnings) = RuleSet::parse(&text).unwrap_or_else(|errors| panic!("{tool}: {errors:#?}"));
    assert!(warnings.is_empty(), "{tool}: {warnings:#?}");
    set
}

/// An id of theirs, spelled like ours: `AWS.EC2.StopInstances` becomes `aws-ec2-stopinstances`.
fn id(theirs: &Value) -> String {
    theirs.as_str().unwrap().to_ascii_lowercase().replace(['.', '_'], "-")
}

/// The rules that a case triggers.
fn triggered(tool: &str, case: &Value) -> BTreeSet<String> {
    let ids = match tool {
        // A file of cases has the name of a file of rules, which is not always that of a rule.
        "streamalert" => case["trigger_rules"].as_array().unwrap().iter().map(id).collect(),
        // All rules have one id, and a case has the name of the rule that it tests.
        "fivexl" => BTreeSet::from([id(&case["test_name"])]),
        _ => BTreeSet::from([id(&case["rule_id"])]),
    };
    if tool == "streamalert" || case["expected"] == true { ids } else { BTreeSet::new() }
}

/// The cases. A case has an expected verdict for every rule that any case of its file triggers.
fn cases(tool: &str) -> Vec<Case> {
    let cases = real_logs::cases(tool);
    let mut files = BTreeMap::<String, BTreeSet<String>>::new();
    for case in &cases {
        files.entry(id(&case["rule_id"])).or_default().extend(triggered(tool, case));
    }
    // A file whose cases trigger nothing tests the rule with its name.
    for (file, rules) in files.iter_mut().filter(|(_, rules)| rules.is_empty()) {
        rules.insert(file.clone());
    }
    let case = |case: &Value| {
        let triggered = triggered(tool, case);
        let rules = &files[&id(&case["rule_id"])];
        Case {
            name: format!("{}: {}", case["rule_id"].as_str().unwrap(), case["test_name"].as_str().unwrap()),
            event: serde_json::to_vec(&case["event"]).unwrap(),
            verdicts: rules.iter().map(|rule| (rule.clone(), triggered.contains(rule))).collect(),
        }
    };
    cases.iter().map(case).collect()
}

/// The ids of the rules that match.
fn matches(engine: &Engine, event: &[u8]) -> BTreeSet<String> {
    match engine.evaluate(RawRecord::of(event), &mut Scratch::default()) {
        Evaluated::Record { findings, .. } => findings.iter().map(|finding| finding.rule.id.clone()).collect(),
        Evaluated::Unparsable(reason) => panic!("{reason}"),
    }
}

#[test]
fn every_case_of_every_tool_is_decided_as_its_author_wants() {
    let mut wrong = Vec::new();
    for (tool, count) in TOOLS {
        let cases = cases(tool);
        let engine = Engine::new(rules(tool));
        let mut passed = 0;
        for case in &cases {
            let matches = matches(&engine, &case.event);
            let before = wrong.len();
            for (rule, wanted) in &case.verdicts {
                assert!(engine.rules().iter().any(|known| known.id == *rule), "{tool} has no rule {rule}");
                if matches.contains(rule) != *wanted {
                    let what = if *wanted { "does not match, and must" } else { "matches, and must not" };
                    wrong.push(format!("{tool}: {rule} {what}: {}", case.name));
                }
            }
            passed += usize::from(wrong.len() == before);
        }
        println!("{tool}: {passed} of {}", cases.len());
        assert_eq!(cases.len(), *count, "{tool}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_is_about_a_case() {
    for (tool, _) in TOOLS {
        let cases = cases(tool);
        let known: BTreeSet<_> = cases.iter().flat_map(|case| case.verdicts.keys().cloned()).collect();
        let ours: BTreeSet<_> = rules(tool).rules.into_iter().map(|rule| rule.id).collect();
        assert_eq!(ours, known, "{tool}");
    }
}

fn has_match(rule: &Rule) -> bool {
    rule.tests.iter().any(|test| test.expect == Verdict::Match)
}

/// Some rules have only cases that must not match; a rule that never matches would pass them.
#[test]
fn every_rule_can_match() {
    let events: Vec<_> = TOOLS.iter().flat_map(|(tool, _)| cases(tool)).map(|case| case.event).collect();
    for (tool, _) in TOOLS {
        let set = rules(tool);
        let mut loud: BTreeSet<_> =
            set.rules.iter().filter(|rule| has_match(rule)).map(|rule| rule.id.clone()).collect();
        let engine = Engine::new(set);
        loud.extend(events.iter().flat_map(|event| matches(&engine, event)));
        for rule in engine.rules() {
            assert!(loud.contains(&rule.id), "no event matches {} of {tool}", rule.id);
        }
    }
}

#[test]
fn tests_of_our_own_pass() {
    for (tool, _) in TOOLS {
        for rule in rules(tool).rules {
            for test in &rule.tests {
                let text = fs::read(folder().join(&test.record)).unwrap();
                let record = engine::parse(&text).unwrap().0;
                assert_eq!(backtest::run(&rule, test, record), Tested::Passed, "{} on {}", rule.id, test.record);
            }
        }
    }
}
