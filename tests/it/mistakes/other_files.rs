//! Keys of other rule formats in a rule, and files of other kinds in place of the rules file.

use trailbell::{diagnostic::Diagnostic, rule::RuleSet};

fn findings(text: &str) -> Vec<Diagnostic> {
    RuleSet::parse(text).map(|_| ()).expect_err(text)
}

#[test]
fn keys_of_other_formats_lead_to_ours() {
    let rule = "rules:\n  - name: A\n    severity: 1\n    filter: a = 1\n";
    for (key, field) in [
        ("query", "filter"),
        ("condition", "filter"),
        ("rule", "filter"),
        ("expression", "filter"),
        ("detection", "filter"),
        ("mitre", "tags"),
        ("labels", "tags"),
        ("MITRE_ATTACK", "tags"),
        ("level", "severity"),
        ("risk_score", "severity"),
        ("alert", "name"),
        ("rule-name", "name"),
        ("falsepositives", "suppressions"),
        ("exceptions", "suppressions"),
        ("timeframe", "window"),
        ("groupBy", "aggregate_fields"),
        ("references", "runbook"),
        ("message", "description"),
        ("active", "enabled"),
    ] {
        let found = findings(&format!("{rule}    {key}: x\n"));
        assert_eq!(found.len(), 1, "{key}: {found:?}");
        assert_eq!(
            (found[0].code, found[0].help.as_deref()),
            ("unknown-key", Some(&*format!("write `{field}`"))),
            "{key}"
        );
    }
    // `disabled: true` is `enabled: false`.
    let help = findings(&format!("{rule}    disabled: true\n"))[0].help.clone();
    assert_eq!(help.as_deref(), Some("write `enabled` with the opposite value"));
    // The field that is meant is not also missing.
    assert_eq!(findings("rules:\n  - name: A\n    level: 1\n    query: a = 1\n").len(), 2);
}

#[test]
fn a_file_of_another_kind_has_one_answer() {
    let record = r#"{"eventVersion": "1.08", "eventName": "PutObject", "eventSource": "s3.amazonaws.com"}"#;
    let sigma = "title: Stop\nlogsource:\n  product: aws\ndetection:\n  selection:\n    eventName: StopLogging\n  condition: selection\n";
    for (text, what, command) in [
        (record, "a CloudTrail record", "`trailbell scan FILE`"),
        (&*format!("{{\"Records\": [{record}]}}"), "a CloudTrail log file", "`trailbell scan FILE`"),
        (&*format!("{record}\n{record}\n"), "a CloudTrail record", "`trailbell scan FILE`"),
        (&*format!("[{record}]"), "a list of CloudTrail records", "`trailbell scan FILE`"),
        (r#"{"Records": [{"eventVersion": "1.0"#, "a CloudTrail log, and not complete JSON", "`trailbell scan FILE`"),
        (
            &*format!("{{\"detail-type\": \"AWS API Call via CloudTrail\", \"detail\": {record}}}"),
            "an event of EventBridge",
            "`trailbell scan FILE`",
        ),
        (sigma, "a Sigma rule", "`trailbell import FILE`"),
        (&*format!("---\n{sigma}---\n{sigma}"), "a Sigma rule", "`trailbell import FILE`"),
        (r#"{"alert_policy": {"rules": []}}"#, "an export of Threat Stack's rules", "`trailbell import FILE`"),
        (
            r#"{"rules": [{"name": "a", "ruleId": "1", "filter": "x = 1"}]}"#,
            "an export of Threat Stack's rules",
            "`trailbell import FILE`",
        ),
        ("AnalysisType: rule\nRuleID: A\nEnabled: true\n", "a rule of Panther", "`trailbell help filter`"),
        ("from x import y\n\ndef rule(event):\n    return True\n", "a rule of Panther", "`trailbell help filter`"),
        (
            "[metadata]\nmaturity = \"production\"\n\n[rule]\nquery = \"x\"\n",
            "a rule of Elastic Security",
            "`trailbell help filter`",
        ),
        ("overrides:\n  a:\n    enabled: false\n", "an overrides file", "`trailbell check rules.yaml`"),
        ("AWSTemplateFormatVersion: \"2010-09-09\"\nResources: {}\n", "a CloudFormation template", "`rules.yaml`"),
        ("<!DOCTYPE html>\n<html></html>\n", "a page in HTML or XML", "`Raw`"),
    ] {
        let found = findings(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        let help = found[0].help.clone().unwrap_or_default();
        assert!(found[0].title.contains(what) && help.contains(command), "{text}: {found:?}");
        assert!(text.is_char_boundary(found[0].span.end) && found[0].span.start < found[0].span.end, "{text}");
    }
}

#[test]
fn a_broken_rules_file_is_still_a_rules_file() {
    for text in [
        "rules:\n  - name: A\n    detection: x\n",
        "rule:\n  - name: A\n    severity: 1\n    filter: a = 1\n",
        "lists: {a: [b]}\n",
        "{\"rules\": [{\"name\": \"A\", \"severity\": 1, \"filter\": \"a =\"}]}",
        "",
        "- name: A\n  severity: 1\n",
        "{{",
    ] {
        assert!(findings(text).iter().all(|finding| finding.code != "other-file"), "{text}");
    }
}
