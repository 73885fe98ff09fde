//! The lists that users fill: which rules they quiet, and which nothing quiets.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::json;
use trailbell::{
    backtest,
    record::{Path, Record},
    rule::{RuleSet, Verdict},
};

use crate::detectors::record;

fn file(name: &str) -> String {
    format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The shipped rules, whose list of automation roles has these items.
fn rules(automation_roles: &BTreeSet<String>) -> RuleSet {
    let text = fs::read_to_string(file("rules.yaml")).unwrap();
    let (list, filled) = ("\n  automation_roles: []", format!("\n  automation_roles: {}", json!(automation_roles)));
    assert!(text.contains(list), "the list ships filled");
    RuleSet::parse(&text.replace(list, &filled)).unwrap().0
}

/// The records that the tests of a rule expect it to match.
fn matched(set: &RuleSet, id: &str) -> Vec<Record> {
    let rule = set.rules.iter().find(|rule| rule.id == id).unwrap();
    let matched = rule.tests.iter().filter(|test| test.expect == Verdict::Match);
    matched.map(|test| backtest::changed(record(&test.record), &test.set).unwrap()).collect()
}

fn from_terraform(record: &Record) -> Record {
    let agent = (Path::parse("userAgent").unwrap(), json!("APN/1.0 HashiCorp/1.0 Terraform/1.9.5"));
    backtest::changed(record.clone(), &[agent]).unwrap()
}

fn principal(record: &Record) -> String {
    record.text(&Path::parse("principal").unwrap()).unwrap()
}

/// The ids of the rules that name a list.
fn naming(set: &RuleSet, list: &str) -> Vec<String> {
    let named = set.rules.iter().filter(|rule| rule.filter.to_string().contains(&format!("${list}")));
    named.map(|rule| rule.id.clone()).collect()
}

#[test]
fn deployments_are_quiet_by_role_and_by_agent_only_while_the_list_is_empty() {
    let shipped = rules(&BTreeSet::new());
    let mut ids = naming(&shipped, "infrastructure_as_code");
    // It reports the agent that quiets the others.
    ids.retain(|id| id != "cloudtrail-claims-to-be-infrastructure-as-code");
    assert!(ids.len() > 30, "{}", ids.len());
    let principals = ids.iter().flat_map(|id| matched(&shipped, id)).map(|record| principal(&record)).collect();
    let (theirs, others) = (rules(&principals), rules(&["arn:aws:iam::999988887777:role/ci".to_owned()].into()));
    for id in &ids {
        let rule = |set: &RuleSet| set.rules.iter().find(|rule| rule.id == *id).unwrap().clone();
        for record in matched(&shipped, id) {
            let terraform = from_terraform(&record);
            let verdicts = [
                (&shipped, &terraform, Verdict::NoMatch),
                (&theirs, &record, Verdict::NoMatch),
                (&others, &record, Verdict::Match),
                (&others, &terraform, Verdict::Match),
            ];
            for (at, (set, record, expected)) in verdicts.into_iter().enumerate() {
                assert_eq!(rule(set).verdict(record), expected, "{id}, {at}: {}", record.to_value());
            }
        }
    }
}

/// What a caller chooses quiets no rule of severity 1, and no list of deployments does.
#[test]
fn nothing_quiets_what_wakes_someone() {
    let set = rules(&BTreeSet::new());
    // A deployment's own act, which a rule of severity 2 without any list reports in its place.
    let lowered = "cloudtrail-vpc-delete-flow-logs";
    let reported = set.rules.iter().find(|rule| rule.id == "cloudtrail-vpc-delete-flow-logs-in-a-deployment").unwrap();
    assert!(reported.severity.number() == 2 && !reported.filter.to_string().contains('$'));
    let excepted = ["cloudtrail-iam-changed-by-a-machine", lowered];
    for rule in set.rules.iter().filter(|rule| rule.severity.number() == 1 && !excepted.contains(&rule.id.as_str())) {
        let filter = rule.filter.to_string();
        for list in ["automation_roles", "infrastructure_as_code", "security_tools", "layer_accounts"] {
            assert!(!filter.contains(&format!("${list}")), "{}: {list}", rule.id);
        }
        assert!(!filter.contains("not userAgent") && !filter.contains("userAgent !="), "{}", rule.id);
        assert!(!filter.contains("invokedBy = null"), "{}", rule.id);
    }
}

/// The rules of severity 1 that exclude what a list names, as docs/lists.md states.
const EXCLUDING: &[(&str, &[&str])] = &[
    ("CloudTrail: Config Stop Recorder", &["stack_set_roles"]),
    ("CloudTrail: IAM Changed By A Machine", &["automation_roles"]),
    ("CloudTrail: Instance Credentials Used Elsewhere", &["egress_networks", "trusted_accounts"]),
    ("CloudTrail: Root Use Outside The Office", &["office_networks"]),
    ("CloudTrail: S3 Default Key Of Another Account", &["stack_set_roles", "trusted_accounts"]),
    ("CloudTrail: S3 Encrypt With Key Of Another Account", &["trusted_accounts"]),
    ("CloudTrail: VPC Delete Flow Logs", &["automation_roles", "infrastructure_as_code"]),
];

#[test]
fn lists_exclude_from_severity_1_only_what_the_page_states() {
    const LISTS: &[&str] = &[
        "automation_roles",
        "controllers",
        "egress_networks",
        "infrastructure_as_code",
        "layer_accounts",
        "log_delivery_accounts",
        "office_networks",
        "security_tools",
        "stack_set_roles",
        "trusted_accounts",
        "trusted_organizations",
    ];
    let set = rules(&BTreeSet::new());
    let mut found = BTreeMap::new();
    for rule in set.rules.iter().filter(|rule| rule.severity.number() == 1) {
        let named: BTreeSet<&str> = rule.written_filters().flat_map(|(filter, _)| filter.lists()).collect();
        let named: Vec<&str> = LISTS.iter().copied().filter(|list| named.contains(list)).collect();
        if !named.is_empty() {
            found.insert(rule.name.as_str(), named);
        }
    }
    let expected: BTreeMap<&str, Vec<&str>> = EXCLUDING.iter().map(|(name, lists)| (*name, lists.to_vec())).collect();
    assert_eq!(found, expected);
    // What stack sets do is lowered, and never silent.
    for lowered in [
        "cloudtrail-config-recorder-stopped-by-a-stack-set",
        "cloudtrail-s3-default-key-of-another-account-by-a-stack-set",
    ] {
        assert!(
            set.rules.iter().any(|rule| rule.id == lowered && rule.severity.number() == 2 && rule.enabled),
            "{lowered}"
        );
    }
    let page = fs::read_to_string(file("docs/lists.md")).unwrap();
    for (name, _) in EXCLUDING {
        let name = name.trim_start_matches("CloudTrail: ");
        assert!(
            page.split_whitespace().collect::<Vec<_>>().join(" ").contains(name),
            "docs/lists.md does not name {name}"
        );
    }
}

/// docs/detection.md names the rules of severity 1 and 2 that a user agent quiets.
#[test]
fn agents_quiet_only_the_rules_that_the_page_names() {
    let set = rules(&BTreeSet::new());
    let quieted = |filter: &str| {
        filter.contains("not ($automation_roles = null and userAgent")
            || filter.contains("not (userAgent")
            || filter.contains("not userAgent")
    };
    let urgent = set.rules.iter().filter(|rule| rule.severity.number() <= 2);
    let found: Vec<&str> = urgent
        .filter(|rule| rule.written_filters().any(|(filter, _)| quieted(&filter.to_string())))
        .map(|rule| rule.name.trim_start_matches("CloudTrail: "))
        .collect();
    let page = fs::read_to_string(file("docs/detection.md")).unwrap();
    let section = page.split("\n## ").find(|part| part.starts_with("What looks like everyday work")).unwrap();
    let section = section.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(found.len() > 3 && found.iter().all(|name| section.contains(name)), "{found:?}");
    assert_eq!(found.len(), 5, "the page states that all others match with every agent: {found:?}");
}

#[test]
fn lists_that_users_fill_ship_empty() {
    let set = rules(&BTreeSet::new());
    for list in [
        "automation_roles",
        "trusted_accounts",
        "security_tools",
        "break_glass_roles",
        "egress_networks",
        "office_networks",
        "own_names",
    ] {
        assert!(set.lists.get(list).is_none_or(<[_]>::is_empty), "{list}");
    }
}
