//! The rules that a valid `rules.yaml` becomes, and the place of a mistake in each YAML style.

use crate::arbitrary::record_of;
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::json;
use trailbell::record::{Path, Record};
use trailbell::rule::{Rule, RuleSet, Verdict};

fn rules(text: &str) -> Vec<Rule> {
    match RuleSet::parse(text) {
        Ok((set, warnings)) if warnings.is_empty() => set.rules,
        other => panic!("{other:?}"),
    }
}

fn only(fields: &str) -> Rule {
    rules(&format!("rules:\n  - name: A rule\n    severity: 2\n    filter: a = 1\n{fields}")).remove(0)
}

#[test]
fn how_matches_become_alerts() {
    let plain = only("");
    assert!(plain.aggregate_fields.is_none() && plain.first_seen.is_none() && plain.notify);
    assert_eq!((plain.window, plain.threshold), (SignedDuration::from_hours(24), 1));
    let rule = only(
        "    aggregate_fields: [user, 'a.`b c`[0]']\n    window: 90m\n    threshold: 5\n    notify: false
    first_seen: {fields: [userIdentity.arn, awsRegion], within: 60d, learning: 12h}\n",
    );
    let fields: Vec<_> = rule.aggregate_fields.iter().flatten().map(|field| field.path.clone()).collect();
    assert_eq!(fields, ["user", "a.`b c`[0]"].map(|path| Path::parse(path).unwrap()));
    assert_eq!((rule.window, rule.threshold, rule.notify), (SignedDuration::from_mins(90), 5, false));
    let first_seen = rule.first_seen.unwrap();
    let fields: Vec<_> = first_seen.fields.iter().map(|field| field.written.text.as_str()).collect();
    assert_eq!(fields, ["userIdentity.arn", "awsRegion"]);
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    assert_eq!((first_seen.within, first_seen.learning), (days(60), SignedDuration::from_hours(12)));
    let usual = only("    first_seen: {fields: [ip]}\n").first_seen.unwrap();
    assert_eq!((usual.within, usual.learning), (days(30), days(7)));
    let short = only("    first_seen: {fields: [ip], within: 2d}\n").first_seen.unwrap();
    assert_eq!((short.within, short.learning), (days(2), days(2)));
    for (text, seconds) in [("1m", 60), ("60s", 60), ("30d", 2_592_000), ("720h", 2_592_000), ("61s", 61)] {
        assert_eq!(only(&format!("    window: {text}\n")).window, SignedDuration::from_secs(seconds), "{text}");
    }
}

#[test]
fn a_rule_is_alone_only_if_the_file_says_so() {
    assert!(!only("").alone && !only("    alone: false\n").alone);
    assert!(only("    alone: true\n").alone);
}

#[test]
fn the_severe_rules_follow_up() {
    for (severity, expected) in [(1, true), (2, true), (3, false)] {
        let of =
            |more: &str| rules(&format!("rules: [{{name: A, filter: a = 1, severity: {severity}{more}}}]")).remove(0);
        assert_eq!(of("").follows_up(), expected, "{severity}");
        assert!(of(", follow_up: true").follows_up() && !of(", follow_up: false").follows_up());
    }
}

/// The values of a record that distinguish alerts, as the table of rule fields in the README defines them.
#[test]
fn matches_differ_by_their_aggregate_values() {
    let check = |rule: &Rule, record: serde_json::Value, expected: &[&str]| {
        let values = rule.aggregate(&Record::new(record).unwrap());
        let shown: Vec<_> = values.iter().map(|value| format!("{}={value}", value.field)).collect();
        assert_eq!(shown, expected);
    };
    let usual = only("");
    let role = json!({"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Admin/ada",
        "accountId": "111122223333", "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "Admin",
        "arn": "arn:aws:iam::111122223333:role/Admin"}}});
    check(
        &usual,
        json!({"eventName": "E", "eventSource": "s", "sourceIPAddress": "192.0.2.1", "userIdentity": role,
            "recipientAccountId": "444455556666"}),
        &[
            "principal=arn:aws:iam::111122223333:role/Admin",
            "eventName=E",
            "eventSource=s",
            "ownerAccount=444455556666",
            "result=success",
        ],
    );
    let user = json!({"type": "IAMUser", "userName": "ada", "arn": "arn:aws:iam::111122223333:user/ada"});
    check(
        &usual,
        json!({"eventName": "E", "eventSource": "s", "sourceIPAddress": "192.0.2.1", "userIdentity": user,
            "errorCode": "AccessDenied", "resources": [{"accountId": "444455556666"}]}),
        &[
            "principal=arn:aws:iam::111122223333:user/ada",
            "eventName=E",
            "eventSource=s",
            "ownerAccount=444455556666",
            "result=failure",
            "ip=192.0.2.1",
        ],
    );
    check(
        &usual,
        json!({}),
        &["principal=null", "eventName=null", "eventSource=null", "ownerAccount=null", "result=success", "ip=null"],
    );
    check(
        &usual,
        json!({"eventType": "AwsCloudTrailInsight", "awsRegion": "eu-west-1", "recipientAccountId": "111122223333",
            "insightDetails": {"state": "Start", "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances",
            "insightType": "ApiCallRateInsight"}}),
        &[
            "insightDetails.eventSource=ec2.amazonaws.com",
            "insightDetails.eventName=RunInstances",
            "insightDetails.insightType=ApiCallRateInsight",
            "insightDetails.state=Start",
            "recipientAccountId=111122223333",
            "awsRegion=eu-west-1",
        ],
    );
    let chosen = only("    aggregate_fields: [requestParameters.a.b, c]\n");
    let nested = json!({"requestParameters": {"a": [{"b": "x"}, {"b": ["y", null, 5]}]}, "c": {"d": 1}});
    check(&chosen, nested, &["requestParameters.a.b=x, y, 5", "c={}"]);
    check(&only("    aggregate_fields: []\n"), json!({"c": 1}), &[]);
    // A value that contains a comma is not two values.
    let values = |a: serde_json::Value| chosen.aggregate(&Record::new(json!({"c": a})).unwrap());
    assert_ne!(values(json!(["x", "y"])), values(json!("x, y")));
}

#[test]
fn accounts_have_names() {
    let text = "accounts:\n  \"012345678901\": audit\n  111122223333: Production EU\nrules:\n- {name: a, severity: 1, filter: a = 1}\n";
    let accounts = RuleSet::parse(text).unwrap().0.accounts;
    assert_eq!(accounts.name("012345678901"), Some("audit"));
    assert_eq!(accounts.name("111122223333"), Some("Production EU"));
}

#[test]
fn a_rule_with_all_its_fields() {
    let text = "\
rules:
  - name: 'CloudTrail: ECR Image Scan Findings – Severity HIGH'
    severity: 1
    filter: |
      eventName = \"DescribeImageScanFindings\"
        and responseElements.imageScanFindings.findingSeverityCounts.HIGH > 0
    title: \"{{eventName}} by {{user}}\"
    description: >-
      one
      line
    enabled: false
    tags: [attack.T1098, service.ecr]
    runbook: https://example.com/ecr#high
    tests:
      - match: events/a.json
        set: {a.b: 1, c: [x, ~]}
      - no_match: events/b.json
  - {name: Other, id: second, severity: 3, filter: a = 1}
";
    let rules = rules(text);
    let [first, second] = &rules[..] else { panic!("{rules:?}") };
    assert_eq!(first.name, "CloudTrail: ECR Image Scan Findings – Severity HIGH");
    assert_eq!(first.id, "cloudtrail-ecr-image-scan-findings-severity-high");
    assert_eq!(&text[first.span.start..first.span.end], format!("'{}'", first.name));
    assert_eq!(first.severity.number(), 1);
    assert!(first.title.is_some());
    assert_eq!(first.description.as_deref(), Some("one line"));
    assert!(!first.enabled);
    assert_eq!(first.tags, ["attack.T1098", "service.ecr"]);
    assert_eq!(first.runbook.as_deref(), Some("https://example.com/ecr#high"));
    let tests: Vec<_> = first.tests.iter().map(|test| (test.expect, test.record.as_str())).collect();
    assert_eq!(tests, [(Verdict::Match, "events/a.json"), (Verdict::NoMatch, "events/b.json")]);
    assert_eq!(&text[first.tests[1].span.start..first.tests[1].span.end], "events/b.json");
    let set = vec![(Path::parse("a.b").unwrap(), json!(1)), (Path::parse("c").unwrap(), json!(["x", null]))];
    assert_eq!(first.tests[0].set, set);
    assert_eq!((second.id.as_str(), second.severity.number(), second.enabled), ("second", 3, true));
    assert!(second.title.is_none() && second.tests.is_empty() && second.tags.is_empty());
}

#[test]
fn a_rule_is_found_by_id_and_by_name() {
    let (set, _) = RuleSet::parse("rules:\n  - {name: A b, severity: 1, filter: a = 1}\n").unwrap();
    assert_eq!(set.find("a-b").map(|rule| rule.name.as_str()), Some("A b"));
    assert_eq!(set.find("A b").map(|rule| rule.id.as_str()), Some("a-b"));
    assert!(set.find("a b").is_none());
}

#[test]
fn words_stay_words() {
    for word in ["NO", "off", "y", "true", "5", "1e3", "0", "0.5", "0x1f", "2024-01-01"] {
        assert_eq!(only(&format!("    tags: [{word}]\n")).tags, [word]);
    }
    assert_eq!(only("    tags: ['0123', \"null\"]\n").tags, ["0123", "null"]);
}

#[test]
fn words_of_lists_stay_words() {
    let text = "\
lists:
  words: [NO, off, yes, true, ada, '5', 0x1f, \"012345678901\"]
rules:
  - {name: A, severity: 1, filter: a in $words}
";
    let rule = rules(text).remove(0);
    for word in ["NO", "off", "yes", "true", "ada", "5", "012345678901"] {
        assert!(rule.filter.matches(record_of(&json!({"a": word})).root()), "{word}");
    }
    assert!(rule.filter.matches(record_of(&json!({"a": 31})).root()));
    for other in [json!(false), json!("no"), json!("12345678901"), json!(12_345_678_901_u64)] {
        assert!(!rule.filter.matches(record_of(&json!({"a": other})).root()), "{other}");
    }
}

/// A backslash of the filter is one of the regular expression; how many the file needs for it depends on the YAML style.
#[test]
fn backslashes_depend_on_the_yaml_style() {
    for filter in [
        r#"a matches "^\d+$" or a = "C:\\x""#,
        r#"'a matches "^\d+$" or a = "C:\\x"'"#,
        r#""a matches \"^\\d+$\" or a = \"C:\\\\x\"""#,
        "|\n      a matches \"^\\d+$\" or a = \"C:\\\\x\"",
    ] {
        let rule = rules(&format!("rules:\n  - name: A\n    severity: 1\n    filter: {filter}\n")).remove(0);
        let verdicts =
            ["123", "C:\\x", "\\d", "C:\\\\x"].map(|text| rule.filter.matches(record_of(&json!({"a": text})).root()));
        assert_eq!(verdicts, [true, true, false, false], "{filter}");
    }
}

#[test]
fn ids_are_slugs_of_names() {
    let long = "a".repeat(150);
    for (name, id) in [
        ("CloudTrail: SSM Start Session", "cloudtrail-ssm-start-session"),
        ("--x  Y..z--", "x-y-z"),
        ("Ärger & 2 Söhne", "rger-2-s-hne"),
        (long.as_str(), &long[..100]),
    ] {
        let text = format!("rules:\n  - name: '{name}'\n    severity: 1\n    filter: a = 1\n");
        assert_eq!(rules(&text)[0].id, id);
    }
}

/// The core schema of YAML 1.2.2, section 10.3.2, for values that JSON has.
#[test]
fn values_of_tests_follow_the_core_schema() {
    for (yaml, value) in [
        ("~", json!(null)),
        ("null", json!(null)),
        ("", json!(null)),
        ("true", json!(true)),
        ("FALSE", json!(false)),
        ("yes", json!("yes")),
        ("NO", json!("NO")),
        ("0", json!(0)),
        ("-19", json!(-19)),
        ("+12", json!(12)),
        ("0o14", json!(12)),
        ("0xC", json!(12)),
        ("12e03", json!(12000.0)),
        ("-2E+05", json!(-200_000.0)),
        (".5", json!(0.5)),
        ("1.", json!(1.0)),
        ("18446744073709551615", json!(u64::MAX)),
        (".", json!(".")),
        ("1.2.3", json!("1.2.3")),
        ("1e", json!("1e")),
        ("0x", json!("0x")),
        ("'5'", json!("5")),
        ("\"null\"", json!("null")),
        ("2024-01-01", json!("2024-01-01")),
        ("10.0.0.0/8", json!("10.0.0.0/8")),
        ("{a: [1, {b: x}]}", json!({"a": [1, {"b": "x"}]})),
    ] {
        let rule = only(&format!("    tests:\n      - match: a.json\n        set:\n          k: {yaml}\n"));
        assert_eq!(rule.tests[0].set[0].1, value, "{yaml}");
    }
}

#[test]
fn aliases_repeat_a_value() {
    let text = "\
rules:
  - {name: A, severity: 1, filter: &f a = 1, tags: &t [x, y]}
  - {name: B, severity: 1, filter: *f , tags: *t }
";
    assert_eq!(rules(text)[1].tags, ["x", "y"]);
}

/// The text has one error, whose caret is under `==`.
fn check(style: &str, text: &str) {
    let errors = RuleSet::parse(text).expect_err(style);
    let [error] = &errors[..] else { panic!("{style}: {errors:?}") };
    assert_eq!(text.get(error.span.start..error.span.end), Some("=="), "{style}: {:?} in\n{text}", error.span);
    assert_eq!(error.rule.as_deref(), Some("é1"), "{style}");
}

#[test]
fn the_caret_is_under_the_mistake_in_every_style() {
    for (style, filter) in [
        ("plain", "a = \"é\" and b == \"x\""),
        ("plain over lines", "a = \"é\"\n      and b\n\n\n        == \"x\""),
        ("plain after the key", "\n      a = \"é\" and\n      b == \"x\""),
        ("single quotes", "'a = \"é''s\" and b == \"x\"'"),
        ("single quotes over lines", "'a = \"é''s\"   \n\n      and b ==\n   \"x\"'"),
        ("double quotes", r#""a = \"é\" and b == \"x\"""#),
        ("double quotes with escapes", r#""a = \"\u00e9\x20\U0001F600 \ud83d\ude00\/\"\t\n\x20and b == \"x\"""#),
        ("double quotes over lines", "\"a = \\\"é\\\"  \n\n      and \\\n      b \\\n\n    \\  == \\\"x\\\"\""),
        ("literal", "|\n      a = \"é\"\n      and b == \"x\""),
        ("literal with a blank line", "|\n\n      a = \"é\"\n  \n      \n        and b == \"x\"\n\n"),
        ("literal, strip", "|-\n      a = \"é\"\n      and b == \"x\""),
        ("literal, keep", "|+\n      a = \"é\"\n      and b == \"x\"\n\n"),
        ("literal, indentation", "|2\n        a = \"é\"\n      and b == \"x\""),
        ("literal, both", "|2-  # why\n      a = \"é\"\n       and b == \"x\""),
        ("folded", ">\n      a = \"é\"\n      and b == \"x\""),
        ("folded, one line", ">\n      a = \"é\" and b == \"x\""),
        ("folded, strip", ">-\n      a = \"é\"\n      and\n      b == \"x\"\n\n"),
        ("folded, keep", ">+\n      a = \"é\"\n\n      and b == \"x\"\n\n"),
        ("folded, more indented", ">\n\n      a = \"é\"\n        and c = 1\n\n        and\n      b == \"x\""),
        ("folded, indentation", ">1-\n       a = \"é\"\n\n     and b == \"x\""),
        ("anchored", "&a |\n      a = \"é\" and b == \"x\"\n    tags: [*a ]"),
    ] {
        let before = format!("# ü\nrules:\n  - name: é1\n    severity: 1\n    filter: {filter}\n    enabled: true\n");
        let last = format!("rules:\n  - name: é1\n    severity: 1\n    filter: {filter}");
        for text in [before, last] {
            check(style, &text);
            check(&format!("{style}, CRLF"), &text.replace('\n', "\r\n"));
            check(&format!("{style}, BOM"), &format!("\u{feff}{text}"));
        }
    }
    check("flow map", "rules: [{name: é1, severity: 1, filter: b == 2}]");
    check("flow map over lines", "rules: [{name: é1, severity: 1, filter: a = \"é\"\n\n and b == 2}]");
}

#[test]
fn an_error_at_the_end_points_after_the_last_word() {
    // A finding about something missing does not point to the line break at the end of the block.
    let text = "rules:\n  - name: é1\n    severity: 1\n    filter: |\n      b ==\n\n    enabled: true\n";
    check("at the end", text);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = RuleSet::parse(&text);
    }

    #[test]
    fn no_text_of_yaml_characters_panics(text in "[a:'\"\\\\|>{}\\[\\]&*!%@`~#,?0-9é\u{feff}\r\n\t -]{0,80}") {
        read_and_print(&text);
        read_and_print(&format!("rules:\n  - name: x\n    filter: {text}\n    severity: 1\n"));
        read_and_print(&format!("rules:\n  - name: x\n    tests: [{{set: {{{text}}}}}]\n"));
    }
}

fn read_and_print(text: &str) {
    if let Err(errors) = RuleSet::parse(text) {
        assert!(!errors.is_empty());
        assert!(errors.iter().all(|error| error.span.start <= error.span.end && error.span.end <= text.len()));
        let _ = trailbell::diagnostic::render(&errors, "rules.yaml", text, false);
    }
}
