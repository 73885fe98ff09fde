//! Warnings about two rules are true for every record.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};
use trailbell::{diagnostic::render, lint, rule::RuleSet};

use crate::arbitrary::{LISTS, expr, record_of};

/// Conditions on one field and on several.
const CONDITIONS: &[&str] = &[
    r#"eventName = "A""#,
    r#"eventName != "A""#,
    r#"eventName in ("A", "AB")"#,
    r#"eventName starts_with "A""#,
    r#"not eventName contains "B""#,
    "eventName exists",
    "errorCode = null",
    r#"error = "A""#,
    r#"requestParameters.a = "A""#,
    r#"requestParameters.a != "A""#,
    r#"any requestParameters.a (it = "A")"#,
    r#"requestParameters.a like "B""#,
];

fn filters() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => select(CONDITIONS).prop_map(str::to_owned),
        1 => (select(CONDITIONS), select(CONDITIONS)).prop_map(|(a, b)| format!("({a} or {b})")),
        1 => (select(CONDITIONS), select(CONDITIONS)).prop_map(|(a, b)| format!("not ({a} and {b})")),
    ];
    vec(part, 1..4).prop_map(|parts| parts.join(" and "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Duplicates match the same records, and a shadowed rule matches none that the other rule does not.
    #[test]
    fn shadows_are_sure(one in filters(), other in filters()) {
        let file = format!("rules:\n- name: a\n  severity: 3\n  filter: |\n    {one}\n- name: b\n  severity: 3\n  filter: |\n    {other}\n");
        let (rules, _) = RuleSet::parse(&file).unwrap();
        let texts = [Value::Null, json!("A"), json!("AB"), json!("B")];
        let values = [Value::Null, json!("A"), json!(["A", "B"]), json!(["AB"]), json!([])];
        for finding in lint::check(&rules, None) {
            let (narrow, wide) = if finding.rule.as_deref() == Some("a") { (0, 1) } else { (1, 0) };
            for at in 0..texts.len() * texts.len() * values.len() {
                let (name, error) = (&texts[at % 4], &texts[at / 4 % 4]);
                let value = &values[at / 16];
                let record = json!({"eventName": name, "errorCode": error, "requestParameters": {"a": value}});
                let matches = |at: usize| rules.rules[at].filter.matches(record_of(&record).root());
                match finding.code {
                    "duplicate-rule" => prop_assert_eq!(matches(0), matches(1), "{}\n{}", file, record),
                    "shadowed-rule" => prop_assert!(!matches(narrow) || matches(wide), "{}\n{}", file, record),
                    _ => {}
                }
            }
        }
    }

    /// The lints accept every filter, and every span is in the file.
    #[test]
    fn every_filter_can_be_checked(filter in expr(), suppression in expr()) {
        let quoted = |filter: &str| serde_json::to_string(filter).unwrap();
        let (filter, suppression) = (quoted(&filter.to_string()), quoted(&suppression.to_string()));
        let file = format!("{LISTS}\nrules:\n- name: r\n  severity: 3\n  filter: {filter}\n  suppressions:\n  - {suppression}\n");
        let Ok((rules, _)) = RuleSet::parse(&file) else { return Ok(()) };
        let found = lint::check(&rules, None);
        for finding in &found {
            prop_assert!(finding.span.start < finding.span.end, "{:?}", finding);
            prop_assert!(file.get(finding.span.start..finding.span.end).is_some(), "{:?}", finding);
        }
        render(&found, "f", &file, false);
    }
}
