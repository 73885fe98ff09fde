#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

//! `overrides.yaml`: what it changes of the rules beside it, and that every mistake in it is said with its place.

mod command;

use command::{folder, trailbell};
use jiff::SignedDuration;
use serde_json::{Value, json};
use trailbell::{
    diagnostic::line_column,
    record::Record,
    rule::{Rule, RuleSet, Verdict, overrides_beside_errors},
};

const RULES: &str = r#"lists:
  robots: [ci, nightly]
rules:
  - name: Put Image
    severity: 3
    filter: eventName = "PutImage"
    suppressions: ["user = 'build'"]
    tests:
      - match: put.json
  - name: Root
    id: root-use
    severity: 2
    filter: userIdentity.type = "Root"
    window: 1h
    notify: false
    enabled: false
"#;

const PUT: &str = r#"{"eventVersion":"1.08","eventTime":"2026-03-02T09:00:00Z","eventName":"PutImage","eventID":"1","userIdentity":{"type":"IAMUser","userName":"ci"}}"#;

fn rules(overrides: &str) -> Vec<Rule> {
    let rules = RuleSet::parse(RULES).unwrap().0;
    let (rules, warnings) = rules.overridden(overrides).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert!(warnings.is_empty(), "{warnings:#?}");
    rules.rules
}

#[test]
fn what_is_given_is_changed_and_the_rest_stays() {
    let of = |rule: &Rule| {
        let window = rule.window.as_hours();
        (rule.enabled, rule.severity.number(), rule.suppressions.len(), window, rule.threshold, rule.notify)
    };
    let written = [(true, 3, 1, 24, 1, true), (false, 2, 0, 1, 1, false)];
    for nothing in ["", "# nothing yet\n", "overrides: {}\n", "overrides:\n  put-image: {}\n"] {
        assert_eq!(rules(nothing).iter().map(of).collect::<Vec<_>>(), written, "{nothing}");
    }
    let changed = rules(
        "overrides:
  put-image: {enabled: false, severity: 1, window: 2h, threshold: 5, notify: false}
  root-use: {enabled: true, notify: true}\n",
    );
    let expected = [(false, 1, 1, 2, 5, false), (true, 2, 0, 1, 1, true)];
    assert_eq!(changed.iter().map(of).collect::<Vec<_>>(), expected);
    assert_eq!(changed[1].window, SignedDuration::from_hours(1));
}

#[test]
fn suppressions_are_added_and_may_use_the_lists() {
    let changed = rules(
        "overrides:
  put-image:
    suppressions:
      - filter: user in $robots
        reason: they push all day
        expires: 2026-12-31\n",
    );
    let verdict = |user: &str, time: &str| {
        let record = json!({"eventName": "PutImage", "eventTime": time,
            "userIdentity": {"type": "IAMUser", "userName": user}});
        changed[0].verdict(&Record::new(record).unwrap())
    };
    assert_eq!(verdict("ada", "2026-03-02T09:00:00Z"), Verdict::Match);
    assert_eq!(verdict("build", "2026-03-02T09:00:00Z"), Verdict::Suppressed);
    assert_eq!(verdict("nightly", "2026-03-02T09:00:00Z"), Verdict::Suppressed);
    assert_eq!(verdict("nightly", "2027-01-01T00:00:00Z"), Verdict::Match);
}

/// Code, line, column, and help of every finding.
fn check(overrides: &str, expected: &[(&str, usize, usize, &str)]) {
    let Err(errors) = RuleSet::parse(RULES).unwrap().0.overridden(overrides) else {
        panic!("no mistake in {overrides}")
    };
    let found: Vec<_> = errors
        .iter()
        .map(|error| {
            let (line, column) = line_column(overrides, error.span.start);
            (error.code, line, column, error.help.as_deref().unwrap_or_default())
        })
        .collect();
    assert_eq!(found, expected, "{overrides}");
}

#[test]
fn every_mistake_is_said_at_its_place() {
    let unknown = |id: &str| format!("overrides:\n  {id}: {{enabled: false}}\n");
    check(&unknown("put-imgae"), &[("unknown-rule", 2, 3, "write `put-image`")]);
    check(&unknown("Put Image"), &[("unknown-rule", 2, 3, "write `put-image`")]);
    check(&unknown("Root"), &[("unknown-rule", 2, 3, "write `root-use`")]);
    let help = "remove it, or look in the rules file: an `id`, or the name in lower case with `-` between words";
    check(&unknown("something-else-entirely"), &[("unknown-rule", 2, 3, help)]);
    check(
        "overrides:\n  root-use: {enabled: true}\n  root-use: {notify: true}\n",
        &[("duplicate-key", 3, 3, "remove one of the two")],
    );
    check("overides:\n  root-use: {enabled: true}\n", &[("unknown-key", 1, 1, "write `overrides`")]);
    let form = "write the id of the rule, and below it, indented, such as `enabled: false`";
    check("overrides:\n  root-use: off\n", &[("wrong-type", 2, 13, form)]);
    check(
        "overrides:
  root-use:
    enabled: no
    sevrity: 1
    severity: 4
    window: 1 hour
    threshold: 0
    suppressions: [eventName == \"A\"]
  nobody-has-this: {}
  put-image: {suppressions: ['user in $robot']}\n",
        &[
            ("wrong-type", 3, 14, "write `enabled: false`"),
            ("unknown-key", 4, 5, "write `severity`"),
            ("bad-severity", 5, 15, "write 1 if it must wake somebody, 2 if it is for review, 3 if it is for audit"),
            ("bad-duration", 6, 13, "write `window: 1h`"),
            ("bad-threshold", 7, 16, "write 1, which is every event, or `notify: false` for a rule that only counts"),
            ("unknown-operator", 8, 30, "write `=`"),
            ("unknown-rule", 9, 3, help),
            ("unknown-list", 10, 39, "write `$robots`"),
        ],
    );
}

#[test]
fn mistakes_in_both_files_are_said_at_once() {
    let codes = |rules: &str, overrides: &str| {
        assert!(RuleSet::parse(rules).is_err());
        overrides_beside_errors(overrides, rules).iter().map(|error| error.code).collect::<Vec<_>>()
    };
    let unknown =
        "overrides:\n  gone: {enabled: false}\n  root-use: {severity: 9, suppressions: ['user in $robots']}\n";
    assert_eq!(codes(&RULES.replace("severity: 3", "severity: 5"), unknown), ["unknown-rule", "bad-severity"]);
    // A rule without an id may be the one that is meant.
    assert_eq!(codes(&RULES.replace("id: root-use", "id: ROOT"), unknown), ["bad-severity"]);
    assert_eq!(codes("rules: [", unknown), [""; 0]);
}

#[test]
fn every_command_reads_it() {
    let overrides = "overrides:\n  put-image:\n    severity: 1\n    suppressions: ['user = \"ci\"']\n";
    let root = folder(
        "overrides",
        &[("rules.yaml", RULES.as_bytes()), ("overrides.yaml", overrides.as_bytes()), ("put.json", PUT.as_bytes())],
    );
    let path = |name: &str| root.join(name).display().to_string();
    let (rules, file) = (path("rules.yaml"), path("put.json"));
    let run = |arguments: &[&str], status: i32, said: &str| {
        let ran = trailbell(arguments);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.status, status, "{arguments:?}\n{all}");
        assert!(all.contains(said), "{arguments:?}\n{all}");
    };
    let tally = format!("{rules}, {}: 2 rules, 0 errors, 1 warning", path("overrides.yaml"));
    // The list that nothing uses.
    run(&["check", &rules], 0, &tally);
    // The rule's own tests are about the rule as it was written.
    run(&["test", &rules], 0, "1 passed, 0 failed");
    run(&["scan", "--rules", &rules, "--format", "jsonl", &file], 0, r#""suppressed":true"#);
    run(&["explain", "--rules", &rules, "put-image", &file], 0, "suppression 2 of 2: holds");
    run(&["preview", "--rules", &rules, "put-image", &file], 0, "The match is suppressed");
    run(&["coverage", "--rules", &rules], 0, "Put Image (1)");

    let wrong = "overrides:\n  put-imgae: {}\n";
    let root = folder(
        "overrides-wrong",
        &[("rules.yaml", RULES.as_bytes()), ("overrides.yaml", wrong.as_bytes()), ("put.json", PUT.as_bytes())],
    );
    let (rules, file) = (root.join("rules.yaml").display().to_string(), root.join("put.json").display().to_string());
    let place = format!("{}:2:3", root.join("overrides.yaml").display());
    run(&["check", &rules], 1, &place);
    run(&["test", &rules], 2, &place);
    run(&["scan", "--rules", &rules, &file], 2, &place);
    run(&["explain", "--rules", &rules, "put-image", &file], 2, &place);
    run(&["preview", "--rules", &rules, "put-image", &file], 2, &place);
    run(&["coverage", "--rules", &rules], 2, &place);
    run(&["invoke", "--rules", &rules, "events/invocations/s3-put.json"], 2, &place);
    let json: Value = serde_json::from_str(trailbell(&["check", "--format", "json", &rules]).stdout.trim()).unwrap();
    assert_eq!((&json["line"], &json["column"], &json["code"]), (&json!(2), &json!(3), &json!("unknown-rule")));
    assert_eq!(json["path"], root.join("overrides.yaml").display().to_string());
}
