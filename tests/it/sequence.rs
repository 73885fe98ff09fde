//! Rules that count more than events, as the rules file describes them: sequences, different values, and time zones.
//! What they read of a record, and the message for each mistake.

use serde_json::{Value, json};
use trailbell::{
    diagnostic::{line_column, render},
    record::Record,
    rule::{Identities, LoadedRules, Rule, RuleSet, Verdict},
};

use crate::command::{loaded, sources};

const USERS: &str = "\
rules:
  - name: A new user with a key
    severity: 2
    window: 1h
    sequence:
      - filter: eventName = \"CreateUser\"
        by: [requestParameters.userName, recipientAccountId]
      - filter: >-
          eventName = \"CreateAccessKey\"
          or eventName like \"Create\" and requestParameters.odd exists
        by: [responseElements.accessKey.userName, recipientAccountId]
";

fn only(text: &str) -> Rule {
    RuleSet::parse(text).unwrap_or_else(|errors| panic!("{errors:#?}")).0.rules.remove(0)
}

fn record(value: Value) -> Record {
    Record::new(value).unwrap()
}

/// The series and the steps of a record, a line each.
fn arrivals(rule: &Rule, value: Value) -> Vec<String> {
    let shown = |arrival: trailbell::rule::SeriesArrival| {
        let values = arrival.values.iter().map(|value| format!("{}={:?}", value.field, value.values));
        format!("{:b} {}", arrival.steps, values.collect::<Vec<_>>().join(" "))
    };
    rule.arrivals(&record(value)).into_iter().map(shown).collect()
}

#[test]
fn a_sequence_matches_where_a_step_does() {
    let rule = only(USERS);
    let verdict = |name: &str| rule.verdict(&record(json!({"eventName": name, "requestParameters": {}})));
    assert_eq!(verdict("CreateUser"), Verdict::Match);
    assert_eq!(verdict("CreateAccessKey"), Verdict::Match);
    assert_eq!(verdict("CreateRole"), Verdict::NoMatch);
    assert_eq!(rule.steps().len(), 2);
    assert!(rule.written.is_none() && rule.written_filters().count() == 2);
}

#[test]
fn the_values_of_by_are_the_series_of_a_step() {
    let rule = only(USERS);
    let user = json!({"eventName": "CreateUser", "requestParameters": {"userName": "eve"}, "recipientAccountId": "1"});
    assert_eq!(arrivals(&rule, user), [r#"1 requestParameters.userName=["eve"] recipientAccountId=["1"]"#]);
    // The same series, though the second step reads the name elsewhere.
    let key = |name: Value| json!({"eventName": "CreateAccessKey", "responseElements": {"accessKey": {"userName": name}}, "recipientAccountId": "1"});
    assert_eq!(
        arrivals(&rule, key(json!("eve"))),
        [r#"10 requestParameters.userName=["eve"] recipientAccountId=["1"]"#]
    );
    // A null leaves the step out; a list is one value, as in `aggregate_fields`.
    assert!(arrivals(&rule, key(Value::Null)).is_empty());
    assert!(arrivals(&rule, key(json!([null]))).is_empty());
    assert_eq!(
        arrivals(&rule, key(json!(["a", "b"])))[0],
        r#"10 requestParameters.userName=["a", "b"] recipientAccountId=["1"]"#
    );
    // A record may be several steps, in one series or in several.
    let both = |other: &str| {
        json!({"eventName": "CreateUser", "requestParameters": {"userName": "eve", "odd": 1},
            "responseElements": {"accessKey": {"userName": other}}, "recipientAccountId": "1"})
    };
    assert_eq!(arrivals(&rule, both("eve")), [r#"11 requestParameters.userName=["eve"] recipientAccountId=["1"]"#]);
    let apart = arrivals(&rule, both("ada"));
    assert_eq!(apart.len(), 2);
    assert!(
        apart[0].starts_with("1 ")
            && apart[0].contains("eve")
            && apart[1].starts_with("10 ")
            && apart[1].contains("ada")
    );
}

#[test]
fn a_common_by_is_that_of_every_step() {
    let text = "rules:\n- name: r\n  severity: 3\n  by: [user]\n  sequence:\n  - {filter: a = 1}\n  - {filter: a = 2}\n  - {filter: a > 0}\n";
    let rule = only(text);
    let user = |a: u32| json!({"a": a, "userIdentity": {"userName": "ada"}});
    assert_eq!(arrivals(&rule, user(1)), [r#"101 user=["ada"]"#]);
    assert_eq!(arrivals(&rule, user(2)), [r#"110 user=["ada"]"#]);
}

#[test]
fn what_a_rule_counts() {
    let rule = |fields: &str| only(&format!("rules:\n- name: r\n  severity: 3\n  filter: a = 1\n{fields}"));
    let counted = |rule: &Rule, value: Value| match rule.identities(&record(value)) {
        Identities::Event => vec!["event".to_owned()],
        Identities::Values(values) => {
            values.iter().map(|one| one.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")).collect()
        }
    };
    let plain = rule("  threshold: 3\n");
    assert_eq!(counted(&plain, json!({})), ["event"]);
    let distinct = rule("  threshold: 3\n  distinct: requestParameters.ids\n");
    let ids = |ids: Value| counted(&distinct, json!({"requestParameters": {"ids": ids}}));
    assert_eq!(ids(json!("a")), ["a"]);
    assert_eq!(ids(json!(["a", null, "b", "a", 5])), ["a", "b", "5"]);
    for none in [json!(null), json!([]), json!([null])] {
        assert_eq!(ids(none), ["null"]);
    }
    // Null is not the text `null`.
    assert_ne!(
        distinct.identities(&record(json!({}))),
        distinct.identities(&record(json!({"requestParameters": {"ids": "null"}})))
    );
    let first = rule("  threshold: 3\n  aggregate_fields: [user]\n  first_seen: {fields: [ip, region]}\n");
    assert_eq!(counted(&first, json!({"sourceIPAddress": "192.0.2.1"})), ["192.0.2.1+null"]);
    // With a threshold the combination is counted; without, it makes the series.
    let fields = |rule: &Rule| {
        rule.arrivals(&record(json!({}))).remove(0).values.into_iter().map(|value| value.field).collect::<Vec<_>>()
    };
    assert_eq!(fields(&first), ["user"]);
    let single = rule("  aggregate_fields: [user]\n  first_seen: {fields: [ip, region]}\n");
    assert_eq!(
        (fields(&single), counted(&single, json!({}))),
        (vec!["user".to_owned(), "ip".to_owned(), "region".to_owned()], vec!["event".to_owned()])
    );
}

#[test]
fn lists_of_overrides_reach_the_steps() {
    let text = "lists: {names: [CreateUser]}\nrules:\n- name: r\n  severity: 3\n  by: [user]\n  sequence:\n  - {filter: eventName in $names}\n  - {filter: a = 2}\n";
    let (rules, _) = RuleSet::parse(text).unwrap().0.overridden("lists: {names: [CreateRole]}\n").unwrap();
    let named =
        |name: &str| arrivals(&rules.rules[0], json!({"eventName": name, "userIdentity": {"userName": "ada"}})).len();
    assert_eq!((named("CreateUser"), named("CreateRole")), (0, 1));
    assert_eq!(rules.rules[0].verdict(&record(json!({"eventName": "CreateRole"}))), Verdict::Match);
}

#[test]
fn time_zones_are_those_of_iana() {
    let zone = |overrides: Option<&str>| {
        loaded(&["rules: [{name: r, severity: 1, filter: a = 1}]\n"], overrides).rules.timezone
    };
    assert_eq!(zone(None).name(), "UTC");
    assert_eq!(zone(Some("timezone: Europe/Berlin\n")).name(), "Europe/Berlin");
}

/// A rule with a sequence: these lines after its name and severity, indented.
fn rule(lines: &str) -> String {
    let lines: Vec<String> = lines.lines().map(|line| format!("    {line}\n")).collect();
    format!("rules:\n  - name: Keys\n    severity: 2\n{}", lines.concat())
}

fn shown(text: &str) -> String {
    let errors = RuleSet::parse(text).err().unwrap_or_default();
    render(&errors, "rules.yaml", text, false).trim_end().to_owned()
}

/// A line for each finding: its code, its place, and the repair.
fn brief(text: &str) -> String {
    let errors = RuleSet::parse(text).err().unwrap_or_default();
    let line = |finding: &trailbell::diagnostic::Diagnostic| {
        let (line, column) = line_column(text, finding.span.start);
        format!("{} {line}:{column} {}", finding.code, finding.help.as_deref().unwrap_or_default())
    };
    errors.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Code and repair of each finding.
fn help_of(findings: &[trailbell::diagnostic::Diagnostic]) -> String {
    let line =
        |one: &trailbell::diagnostic::Diagnostic| format!("{} {}", one.code, one.help.as_deref().unwrap_or_default());
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_does_not_fit_a_sequence() {
    let text = rule(
        "filter: a = 1\nthreshold: 5\ndistinct: user\nfirst_seen: {fields: [ip]}\naggregate_fields: [user]\nby: [user]\nsequence:\n- filter: a = 1\n- filter: a = 2",
    );
    insta::assert_snapshot!(shown(&text), @"
    error[not-in-sequence]: `filter` does not fit a `sequence`
      --> rules.yaml:4:5
       |
     4 |     filter: a = 1
       |     ^^^^^^ the rule has a `sequence`
    ...
    10 |     sequence:
       |     -------- the sequence
       |
       = rule: Keys
       = help: remove it: each step of a sequence has a `filter` of its own

    error[not-in-sequence]: `threshold` does not fit a `sequence`
      --> rules.yaml:5:5
       |
     5 |     threshold: 5
       |     ^^^^^^^^^ the rule has a `sequence`
    ...
    10 |     sequence:
       |     -------- the sequence
       |
       = rule: Keys
       = help: remove it: a sequence raises an alert once each of its steps has an event

    error[not-in-sequence]: `distinct` does not fit a `sequence`
      --> rules.yaml:6:5
       |
     6 |     distinct: user
       |     ^^^^^^^^ the rule has a `sequence`
    ...
    10 |     sequence:
       |     -------- the sequence
       |
       = rule: Keys
       = help: remove it: a sequence counts its steps, not values

    error[not-in-sequence]: `first_seen` does not fit a `sequence`
      --> rules.yaml:7:5
       |
     7 |     first_seen: {fields: [ip]}
       |     ^^^^^^^^^^ the rule has a `sequence`
    ...
    10 |     sequence:
       |     -------- the sequence
       |
       = rule: Keys
       = help: remove it, and write another rule for what is seen first

    error[not-in-sequence]: `aggregate_fields` does not fit a `sequence`
      --> rules.yaml:8:5
       |
     8 |     aggregate_fields: [user]
       |     ^^^^^^^^^^^^^^^^ the rule has a `sequence`
     9 |     by: [user]
    10 |     sequence:
       |     -------- the sequence
       |
       = rule: Keys
       = help: remove it, and name in `by` the fields whose values distinguish the alerts of a sequence
    ");
}

#[test]
fn the_number_of_steps() {
    let steps = |number: usize| rule(&format!("by: [user]\nsequence:\n{}", "- filter: a = 1\n".repeat(number)));
    insta::assert_snapshot!(shown(&steps(1)), @"
    error[bad-sequence]: a sequence of 1 step
     --> rules.yaml:5:5
      |
    5 |     sequence:
      |     ^^^^^^^^ expected 2 to 5 steps
      |
      = rule: Keys
      = help: write at least 2 steps, or a `filter` in place of `sequence` for single events
    ");
    insta::assert_snapshot!(shown(&steps(6)), @"
    error[bad-sequence]: a sequence of 6 steps
     --> rules.yaml:5:5
      |
    5 |     sequence:
      |     ^^^^^^^^ expected 2 to 5 steps
      |
      = rule: Keys
      = help: remove steps that the others imply, or write two rules
    ");
    insta::assert_snapshot!(shown(&rule("by: [user]\nsequence: []")), @"
    error[bad-sequence]: a sequence of 0 steps
     --> rules.yaml:5:15
      |
    5 |     sequence: []
      |               ^^ expected 2 to 5 steps
      |
      = rule: Keys
      = help: write at least 2 steps, or a `filter` in place of `sequence` for single events
    ");
    insta::assert_snapshot!(brief(&rule("by: [user]\nsequence: a = 1")), @r#"wrong-type 5:15 write each step after `- `, such as `- filter: eventName = "CreateUser"`"#);
}

#[test]
fn mistakes_in_by() {
    insta::assert_snapshot!(shown(&rule("sequence:\n- filter: a = 1\n- filter: a = 2")), @"
    error[missing-field]: a sequence has no `by`
     --> rules.yaml:4:5
      |
    4 |     sequence:
      |     ^^^^^^^^ missing here
      |
      = rule: Keys
      = help: add the fields whose values all steps share, such as `by: [requestParameters.userName]`, to the rule or to each step
    ");
    insta::assert_snapshot!(shown(&rule("sequence:\n- filter: a = 1\n  by: [user]\n- filter: a = 2")), @"
    error[missing-field]: a step has no `by`
     --> rules.yaml:7:7
      |
    7 |     - filter: a = 2
      |       ^^^^^^^^^^^^^ missing from this step
      |
      = rule: Keys
      = help: add `by`, with as many fields as the other steps have
    ");
    insta::assert_snapshot!(shown(&rule(
        "sequence:\n- filter: a = 1\n  by: [user]\n- filter: a = 2\n  by: [user, ip]"
    )), @"
    error[by-lengths]: the steps have `by` of different lengths
     --> rules.yaml:8:7
      |
    6 |       by: [user]
      |       -- 1 field
    7 |     - filter: a = 2
    8 |       by: [user, ip]
      |       ^^ 2 fields
      |
      = rule: Keys
      = help: write as many fields in each `by`: the first of each step are compared, then the second, and so on
    ");
    insta::assert_snapshot!(shown(&rule("by: [user]\nsequence:\n- filter: a = 1\n  by: [user]\n- filter: a = 2")), @"
    error[two-bys]: both the rule and a step have `by`
     --> rules.yaml:7:7
      |
    4 |     by: [user]
      |     -- the `by` of the rule
    ...
    7 |       by: [user]
      |       ^^ the `by` of the step
      |
      = rule: Keys
      = help: remove one of the two: `by` of the rule is that of all steps
    ");
    insta::assert_snapshot!(shown(&rule("filter: a = 1\nby: [user]")), @"
    error[by-without-sequence]: `by` is a field of a `sequence`
     --> rules.yaml:5:5
      |
    5 |     by: [user]
      |     ^^ no `sequence` here
      |
      = rule: Keys
      = help: write `aggregate_fields` for the fields that distinguish alerts, or add the `sequence`
    ");
    insta::assert_snapshot!(brief(&rule("by: []\nsequence:\n- filter: a = 1\n- filter: a = 2")), @"empty-list 4:9 add the fields whose values all steps share, such as `by: [requestParameters.userName]`, to the rule or to each step");
    insta::assert_snapshot!(brief(&rule("by: [user, a b]\nsequence:\n- filter: a = 1\n- filter: a = 2")), @"bad-path 4:18 put a name with special characters in back-quotes, such as `` requestParameters.`a b` ``");
}

#[test]
fn mistakes_in_a_step() {
    insta::assert_snapshot!(brief(&rule("by: [user]\nsequence:\n- a = 1\n- name: x\n- filter:\n- filter: a == 1")), @"
    wrong-type 6:7 write `filter: …`, and `by: [field]` where the rule has no `by`
    unknown-key 7:7 remove it, or use `filter` or `by`
    missing-field 7:7 add `filter: |`, and on the next line, indented, the condition of the events of this step
    missing-value 8:7 write a value, or remove the key
    unknown-operator 9:17 write `=`
    ");
    insta::assert_snapshot!(brief(&rule("by: [user]\nsequense:\n- filter: a = 1\n- filter: a = 2")), @"
    by-without-sequence 4:5 write `aggregate_fields` for the fields that distinguish alerts, or add the `sequence`
    unknown-key 5:5 write `sequence`
    ");
}

#[test]
fn a_mistake_in_a_step_has_its_place_in_every_style() {
    for step in [
        "- filter: eventName == \"CreateUser\"",
        "- filter: |\n    eventName == \"CreateUser\"",
        "- filter: >-\n    eventName\n    == \"CreateUser\"",
        "- filter: 'eventName == \"CreateUser\"'",
        "- filter: \"eventName == \\\"CreateUser\\\"\"",
        "- {filter: 'eventName == \"CreateUser\"'}",
    ] {
        let text = rule(&format!("by: [user]\nsequence:\n- filter: a = 1\n{step}"));
        let errors = RuleSet::parse(&text).unwrap_err();
        let [error] = &errors[..] else { panic!("{errors:#?}") };
        assert_eq!((error.code, &text[error.span.start..error.span.end]), ("unknown-operator", "=="), "{step}");
        assert_eq!((error.help.as_deref(), error.rule.as_deref()), (Some("write `=`"), Some("Keys")));
    }
}

#[test]
fn mistakes_in_distinct() {
    insta::assert_snapshot!(shown(&rule("filter: a = 1\ndistinct: user")), @"
    error[distinct]: a rule with `distinct` has no `threshold`
     --> rules.yaml:5:5
      |
    5 |     distinct: user
      |     ^^^^^^^^ counts the different values of a field
      |
      = rule: Keys
      = help: add how many different values raise an alert, such as `threshold: 10`, or remove `distinct`
    ");
    insta::assert_snapshot!(shown(&rule("filter: a = 1\ndistinct: user\nthreshold: 1")), @"
    error[distinct]: a rule with `distinct` has a `threshold` of 1
     --> rules.yaml:5:5
      |
    5 |     distinct: user
      |     ^^^^^^^^ counts the different values of a field
    6 |     threshold: 1
      |                - every value raises an alert
      |
      = rule: Keys
      = help: write `threshold: 2` or more, or name the field in `aggregate_fields` in place of `distinct`
    ");
    insta::assert_snapshot!(shown(&rule("filter: a = 1\ndistinct: user\nthreshold: 2\nfirst_seen: {fields: [ip]}")), @"
    error[distinct]: both `distinct` and `first_seen` decide what is counted
     --> rules.yaml:5:5
      |
    5 |     distinct: user
      |     ^^^^^^^^ counts different values
    6 |     threshold: 2
    7 |     first_seen: {fields: [ip]}
      |     ---------- counts new combinations
      |
      = rule: Keys
      = help: remove `distinct`: `first_seen` with a `threshold` counts new combinations of its `fields`
    ");
    insta::assert_snapshot!(brief(&rule("filter: a = 1\ndistinct: [user]\nthreshold: 2")), @"wrong-type 5:15 write one field, such as `distinct: requestParameters.secretId`");
    insta::assert_snapshot!(brief(&rule("filter: a = 1\ndistinct: a b\nthreshold: 2")), @"bad-path 5:17 put a name with special characters in back-quotes, such as `` requestParameters.`a b` ``");
    insta::assert_snapshot!(brief(&rule("filter: a = 1\ndistinct: user\nthreshold: many")), @"bad-threshold 6:16 write how many events raise an alert, such as `threshold: 5`");
}

#[test]
fn mistakes_in_time_zones() {
    let rules = "rules: [{name: r, severity: 1, filter: a = 1}]\n";
    let read = |zone: &str| {
        let sources = sources(&[rules], Some(&format!("timezone: {zone}\n")));
        (LoadedRules::read(&sources).findings, sources)
    };
    let (findings, files) = read("Berlin");
    insta::assert_snapshot!(files.render(&findings, false).trim_end(), @"
    error[bad-timezone]: `Berlin` is not a time zone
     --> overrides.yaml:1:11
      |
    1 | timezone: Berlin
      |           ^^^^^^ expected the name of a time zone
      |
      = help: write `Europe/Berlin`
    ");
    let zones = [
        "Europe/Berln",
        "Europe/New York",
        "america/new york",
        "+02:00",
        "GMT+2",
        "Etc/UTC+2",
        "UTC-05:30",
        "PST",
        "Buenos Aires",
        "''",
        "5",
        "Mars/Olympus",
    ];
    insta::assert_snapshot!(zones.map(|zone| help_of(&read(zone).0)).join("\n"), @"
    bad-timezone write `Europe/Berlin`
    bad-timezone write `America/New_York`
    bad-timezone write `America/New_York`
    bad-timezone name a place that has these hours, such as `Europe/Berlin`, or write `UTC`
    bad-timezone name a place that has these hours, such as `Europe/Berlin`, or write `UTC`
    bad-timezone name a place that has these hours, such as `Europe/Berlin`, or write `UTC`
    bad-timezone name a place that has these hours, such as `Europe/Berlin`, or write `UTC`
    bad-timezone write the name of a zone of the IANA time zone database, such as `Europe/Berlin`, or `UTC`
    bad-timezone write `America/Argentina/Buenos_Aires` or `America/Buenos_Aires`
    bad-timezone write the name of a zone of the IANA time zone database, such as `Europe/Berlin`, or `UTC`
    bad-timezone name a place that has these hours, such as `Europe/Berlin`, or write `UTC`
    bad-timezone write the name of a zone of the IANA time zone database, such as `Europe/Berlin`, or `UTC`
    ");
    insta::assert_snapshot!(help_of(&read("").0), @"missing-value write a value, or remove the key");
    // It is that of all rules, so no rules file has one.
    insta::assert_snapshot!(brief(&format!("timezone: Asia/Tokyo
{rules}")), @"misplaced-timezone 1:1 move it into `overrides.yaml`, in the folder of `rules.yaml`, since it is that of all rules: `timezone: Asia/Tokyo`");
}

#[test]
fn mistakes_in_lengths_are_mended_within_their_bounds() {
    let fields = [
        "window: 24",
        "window: 45 days",
        "window: 8w",
        "window: P1M",
        "window: 90 s",
        "threshold: 501",
        "by: ''",
        "aggregate_fields: ''",
        "first_seen: {fields: [user], within: 7}",
    ];
    let lengths = fields.map(|field| brief(&rule(&format!("filter: a = 1\n{field}"))));
    insta::assert_snapshot!(lengths.join("\n"), @"
    bad-duration 5:13 write `window: 24m`, `window: 24h`, or `window: 24d`
    bad-duration 5:13 write a number and its unit, such as `30m`, `1h`, `24h` or `7d`
    bad-duration 5:13 write a number and its unit, such as `30m`, `1h`, `24h` or `7d`
    bad-duration 5:13 write a number and its unit, such as `30m`, `1h`, `24h` or `7d`
    bad-duration 5:13 write `window: 90s`
    bad-threshold 5:16 write `threshold: 500` or less
    by-without-sequence 5:5 write `aggregate_fields` for the fields that distinguish alerts, or add the `sequence`
    wrong-type 5:9 write `by: [user, eventName]`, or each field after `- ` on its own line
    wrong-type 5:23 write `aggregate_fields: [user, eventName]`, or each field after `- ` on its own line
    bad-duration 5:42 write `within: 7h` or `within: 7d`
    ");
}
