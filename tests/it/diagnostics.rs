//! The message for each mistake in `rules.yaml`: whole for one mistake of each code, and elsewhere its code, place and repair.
use trailbell::diagnostic::{Diagnostic, line_column, render};
use trailbell::rule::RuleSet;

use crate::command::loaded;

const BLOCK: &str = "put the filter in a block: `filter: |`, and the text indented on the next line";

const TEST: &str = "write `match:`, `no_match:` or `suppressed:`, and the path of a record file; or the number of `alerts:`, and `events:` with the path of a file of records";

const TAG: &str = "remove the tag; a value that begins with `!` needs quotes or a block";

/// The findings about a rules file, warnings included.
fn findings(text: &str) -> Vec<Diagnostic> {
    RuleSet::parse(text).map_or_else(|errors| errors, |(_, warnings)| warnings)
}

/// The findings about record files, of which only `here.json` exists.
fn missing_tests(text: &str) -> Vec<Diagnostic> {
    loaded(&[text], None).missing_tests(&|test| test.path == "here.json")
}

/// All that is printed about a file.
fn shown(text: &str) -> String {
    render(&findings(text), "rules.yaml", text, false).trim_end().to_owned()
}

/// A line for each finding: its code, its place, and the repair.
fn brief(text: &str) -> String {
    let line = |finding: &Diagnostic| {
        let (line, column) = line_column(text, finding.span.start);
        format!("{} {line}:{column} {}", finding.code, finding.help.as_deref().unwrap_or_default())
            .trim_end()
            .to_owned()
    };
    findings(text).iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A file of one rule with these lines after its name.
fn rule(lines: &str) -> String {
    let lines: Vec<String> = lines.lines().map(|line| format!("    {line}\n")).collect();
    format!("rules:\n  - name: Root login\n{}", lines.concat())
}

/// A file of one rule with all required fields and these lines.
fn complete(lines: &str) -> String {
    rule(&format!("severity: 1\nfilter: user = \"root\"\n{lines}"))
}

#[test]
fn all_errors_of_all_rules_come_at_once() {
    let text = "\
rules:
  - name: First
    sevreity: 1
    filter: [a, b]
    enabled: yes
  - nam: Second
    severity: 4
  - just text
  - name: Third
    severity: 2
    filter: eventName = \"PutImage\"
    runbook: see wiki
    tags: attack.T1098
    title: {{eventName}}
";
    insta::assert_snapshot!(shown(text), @r#"
    error[unknown-key]: `sevreity` is not a field of a rule
     --> rules.yaml:3:5
      |
    3 |     sevreity: 1
      |     ^^^^^^^^ expected `severity`?
      |
      = rule: First
      = help: write `severity`

    error[wrong-type]: `filter` is a list, not text
     --> rules.yaml:4:13
      |
    4 |     filter: [a, b]
      |             ^^^^^^ expected text
      |
      = rule: First
      = help: write one text; put it in quotes or in a block (`|`) if it begins with `[` or `{`

    error[wrong-type]: `enabled` is neither true nor false
     --> rules.yaml:5:14
      |
    5 |     enabled: yes
      |              ^^^ expected `true` or `false`
      |
      = rule: First
      = help: write `enabled: true`

    error[unknown-key]: `nam` is not a field of a rule
     --> rules.yaml:6:5
      |
    6 |   - nam: Second
      |     ^^^ expected `name`?
      |
      = help: write `name`

    error[missing-field]: a rule has neither `filter` nor `sequence`
     --> rules.yaml:6:5
      |
    6 |   - nam: Second
      |     ^^^^^^^^^^^ missing from these fields
      |
      = help: add `filter: |`, and on the next line, indented, the condition of the records to match, such as `eventName = "PutImage"`

    error[bad-severity]: `4` is not a severity
     --> rules.yaml:7:15
      |
    7 |     severity: 4
      |               ^ expected 1, 2 or 3
      |
      = help: write 1 if an alert needs immediate action, 2 for review, 3 for audit

    error[wrong-type]: a rule is text, not a map
     --> rules.yaml:8:5
      |
    8 |   - just text
      |     ^^^^^^^^^ expected a map
      |
      = help: write `name: …`, and below it `severity`, `filter` and the other fields

    error[bad-runbook]: `see wiki` is not a web address
      --> rules.yaml:12:14
       |
    12 |     runbook: see wiki
       |              ^^^^^^^^ expected `https://…` or `http://…`
       |
       = rule: Third
       = help: write a complete URL, or put the text into `description`

    error[wrong-type]: `tags` is text, not a list
      --> rules.yaml:13:11
       |
    13 |     tags: attack.T1098
       |           ^^^^^^^^^^^^ expected a list
       |
       = rule: Third
       = help: write `tags: [attack.T1098]`

    error[bad-yaml]: an unquoted value begins with `{{`
      --> rules.yaml:14:12
       |
    14 |     title: {{eventName}}
       |            ^^^^^^^^^^^^^ YAML reads this as a map
       |
       = help: quote it: `title: "{{eventName}}"`
    "#);
}

#[test]
fn a_file_without_rules() {
    const RULES: &str = "write `rules:`, and below it each rule after `- `, beginning with its `name`";
    insta::assert_snapshot!(shown(""), @"
    error[no-rules]: the file is empty
     --> rules.yaml:1:1
      |
    1 |
      | ^ expected at least one rule
      |
      = help: write `rules:`, and below it each rule after `- `, beginning with its `name`
    ");
    assert_eq!(brief("# nothing yet\n"), format!("no-rules 1:1 {RULES}"));
    assert_eq!(brief("rules:\n"), format!("no-rules 1:1 {RULES}"));
    assert_eq!(brief("rules: []\n"), format!("no-rules 1:8 {RULES}"));
    assert_eq!(brief("rules:\n  name: Root login\n  severity: 1\n"), format!("wrong-type 2:3 {RULES}"));
    assert_eq!(brief("- name: Root login\n"), format!("wrong-type 1:1 {RULES}"));
    insta::assert_snapshot!(brief("rule:\n  - name: Root login\n"), @"unknown-key 1:1 write `rules`");
}

#[test]
fn unknown_keys() {
    insta::assert_snapshot!(brief(&complete("Tags: [a]")), @"unknown-key 5:5 write `tags`");
    insta::assert_snapshot!(brief(&complete("color: red")), @"unknown-key 5:5 remove it, or use `name`, `id`, `severity`, `filter`, `sequence`, `by`, `suppressions`, `aggregate_fields`, `window`, `threshold`, `distinct`, `first_seen`, `notify`, `alone`, `follow_up`, `title`, `description`, `enabled`, `tags`, `runbook`, or `tests`");
    insta::assert_snapshot!(brief(&complete("<<: {}")), @"unknown-key 5:5 YAML 1.2 has no merge keys: write out the fields");
    insta::assert_snapshot!(brief(&complete("tests:\n  - macth: a.json\n  - match: b.json\n    sets: {a: 1}")), @"
    unknown-key 6:9 write `match`
    unknown-key 8:9 write `set`
    ");
}

#[test]
fn missing_fields() {
    insta::assert_snapshot!(brief(&rule("")), @r#"
    missing-field 2:5 add `severity:`; write 1 if an alert needs immediate action, 2 for review, 3 for audit
    missing-field 2:5 add `filter: |`, and on the next line, indented, the condition of the records to match, such as `eventName = "PutImage"`
    "#);
    insta::assert_snapshot!(brief("rules:\n  - severity: 1\n    filter: a = 1\n"), @"missing-field 2:5 add `name:` and a text, which alerts show");
    insta::assert_snapshot!(shown(&complete("description:\ntags:")), @"
    error[missing-value]: `description` has no value
     --> rules.yaml:5:5
      |
    5 |     description:
      |     ^^^^^^^^^^^ expected a value
      |
      = rule: Root login
      = help: write a value, or remove the key

    error[missing-value]: `tags` has no value
     --> rules.yaml:6:5
      |
    6 |     tags:
      |     ^^^^ expected a value
      |
      = rule: Root login
      = help: write a value, or remove the key
    ");
    assert_eq!(brief(&complete("tests:\n  - set: {a: 1}")), format!("missing-field 6:9 {TEST}"));
}

#[test]
fn accounts() {
    let text = "\
accounts:
  \"012345678901\": production
  11112222333: too short
  111122223333: [a, list]
  444455556666:
  777788889999: ''
  production: 111122223333
account: {}
rules:
  - name: Root login
    severity: 1
    filter: user = \"Root\"
";
    insta::assert_snapshot!(shown(text), @r#"
    error[bad-account]: `11112222333` is not an AWS account id
     --> rules.yaml:3:3
      |
    3 |   11112222333: too short
      |   ^^^^^^^^^^^ expected 12 digits
      |
      = help: write each account as `"111122223333": production`

    error[wrong-type]: `111122223333` is a list, not text
     --> rules.yaml:4:17
      |
    4 |   111122223333: [a, list]
      |                 ^^^^^^^^^ expected text
      |
      = help: write one text; put it in quotes or in a block (`|`) if it begins with `[` or `{`

    error[missing-value]: `444455556666` has no value
     --> rules.yaml:5:3
      |
    5 |   444455556666:
      |   ^^^^^^^^^^^^ expected a value
      |
      = help: write a value, or remove the key

    error[bad-account]: the name of account `777788889999` cannot be shown in alerts
     --> rules.yaml:6:17
      |
    6 |   777788889999: ''
      |                 ^^ expected at least one character
      |
      = help: write a short name, such as `production`

    error[bad-account]: `production` is not an AWS account id
     --> rules.yaml:7:3
      |
    7 |   production: 111122223333
      |   ^^^^^^^^^^ expected 12 digits
      |
      = help: write each account as `"111122223333": production`

    error[unknown-key]: `account` is not a field of a rules file
     --> rules.yaml:8:1
      |
    8 | account: {}
      | ^^^^^^^ expected `accounts`?
      |
      = help: write `accounts`
    "#);
}

#[test]
fn names() {
    const NAME: &str = "write a short name, and put the rest into `description`";
    let long = format!("rules:\n  - name: {}\n    severity: 1\n    filter: a = 1\n", "long ".repeat(41));
    insta::assert_snapshot!(shown(&long), @"
    error[bad-name]: the name has 204 characters
     --> rules.yaml:2:11
      |
    2 | ...e: long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long 
      |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ expected at most 200
      |
      = help: write a short name, and put the rest into `description`
    ");
    assert_eq!(brief("rules:\n  - name: ''\n    severity: 1\n    filter: a = 1\n"), format!("bad-name 2:11 {NAME}"));
    assert_eq!(
        brief("rules:\n  - name: |\n      two\n      lines\n    severity: 1\n    filter: a = 1\n"),
        format!("bad-name 3:7 {NAME}")
    );
    insta::assert_snapshot!(shown("rules:\n  - name: 0123\n    severity: 1\n    filter: a = 1\n"), @r#"
    error[leading-zero]: `0123` would lose its leading zero
     --> rules.yaml:2:11
      |
    2 |   - name: 0123
      |           ^^^^ YAML reads this as a number
      |
      = help: quote it: `"0123"`
    "#);
    insta::assert_snapshot!(shown("rules:\n  - name: 発見\n    severity: 1\n    filter: a = 1\n"), @"
    error[bad-id]: this name cannot be made into an id
     --> rules.yaml:2:11
      |
    2 |   - name: 発見
      |           ^^^^ expected one of `a` to `z` or `0` to `9`
      |
      = rule: 発見
      = help: add an `id`, such as `id: root-login`
    ");
}

#[test]
fn ids() {
    insta::assert_snapshot!(brief(&complete("id: Root Login")), @"bad-id 5:9 write `root-login`");
    insta::assert_snapshot!(brief(&complete("id: 007")), @r#"leading-zero 5:9 quote it: `"007"`"#);
}

#[test]
fn duplicates() {
    let one = "severity: 1\n    filter: a = 1";
    let names = format!("rules:\n  - name: A b\n    {one}\n  - name: A b\n    {one}\n");
    insta::assert_snapshot!(shown(&names), @"
    error[duplicate-name]: two rules are named `A b`
     --> rules.yaml:5:11
      |
    2 |   - name: A b
      |           --- the first one
    ...
    5 |   - name: A b
      |           ^^^ the second one
      |
      = rule: A b
      = help: rename one of the two
    ");
    let copied = format!("rules:\n  - name: A b\n    id: x\n    {one}\n  - name: A b\n    id: x\n    {one}\n");
    assert_eq!(codes(&copied), ["duplicate-name", "duplicate-id"]);
    let derived = format!("rules:\n  - name: A b\n    {one}\n  - name: \"A: B\"\n    {one}\n");
    insta::assert_snapshot!(shown(&derived), @r#"
    error[duplicate-id]: two rules have the id `a-b`
     --> rules.yaml:5:11
      |
    2 |   - name: A b
      |           --- the first one, made from this name
    ...
    5 |   - name: "A: B"
      |           ^^^^^^ the second one, made from this name
      |
      = rule: A: B
      = help: give one of the two an `id` that no other rule has
    "#);
    let mixed = format!("rules:\n  - name: A b\n    {one}\n  - name: C\n    id: a-b\n    {one}\n");
    insta::assert_snapshot!(brief(&mixed), @"duplicate-id 6:9 give one of the two an `id` that no other rule has");
    insta::assert_snapshot!(shown(&complete("title: one\ntitle: two")), @"
    error[duplicate-key]: the key `title` occurs twice
     --> rules.yaml:6:5
      |
    5 |     title: one
      |     ----- the first one
    6 |     title: two
      |     ^^^^^ the second one
      |
      = help: remove one of the two
    ");
}

#[test]
fn severities() {
    const SEVERITY: &str = "write 1 if an alert needs immediate action, 2 for review, 3 for audit";
    for severity in ["high", "0", "4", "1.5", "01", "+1"] {
        let errors = RuleSet::parse(&rule(&format!("severity: {severity}\nfilter: a = 1"))).unwrap_err();
        assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), ["bad-severity"], "{severity}");
    }
    assert_eq!(brief(&rule("severity: high\nfilter: a = 1")), format!("bad-severity 3:15 {SEVERITY}"));
    insta::assert_snapshot!(brief(&rule("severity: \"1\"\nfilter: a = 1")), @"bad-severity 3:15 write `severity: 1`, without quotes");
    assert_eq!(brief(&rule("severity: [1]\nfilter: a = 1")), format!("wrong-type 3:15 {SEVERITY}"));
}

#[test]
fn wrong_types() {
    for word in ["yes", "no", "on", "off", "Yes", "\"true\"", "1"] {
        let errors = RuleSet::parse(&rule(&format!("severity: 1\nfilter: a = 1\nenabled: {word}"))).unwrap_err();
        assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), ["wrong-type"], "{word}");
    }
    insta::assert_snapshot!(brief(&complete("enabled: off")), @"wrong-type 5:14 write `enabled: false`");
    insta::assert_snapshot!(brief(&complete("enabled: \"true\"")), @"wrong-type 5:14 write `enabled: true`");
    insta::assert_snapshot!(brief(&complete("tags: {a: b}")), @"wrong-type 5:11 write `tags: [one, two]`, or each tag after `- ` on its own line");
    insta::assert_snapshot!(shown(&complete("tags: [a, 012, '', [b], ~]")), @r#"
    error[leading-zero]: `012` would lose its leading zero
     --> rules.yaml:5:15
      |
    5 |     tags: [a, 012, '', [b], ~]
      |               ^^^ YAML reads this as a number
      |
      = rule: Root login
      = help: quote it: `"012"`

    error[bad-tag]: a tag is empty
     --> rules.yaml:5:20
      |
    5 |     tags: [a, 012, '', [b], ~]
      |                    ^^ expected a word
      |
      = rule: Root login
      = help: remove it, or write a tag such as `service.iam`

    error[wrong-type]: a tag is a list, not text
     --> rules.yaml:5:24
      |
    5 |     tags: [a, 012, '', [b], ~]
      |                        ^^^ expected text
      |
      = rule: Root login
      = help: write one text; put it in quotes or in a block (`|`) if it begins with `[` or `{`

    error[missing-value]: a tag has no value
     --> rules.yaml:5:29
      |
    5 |     tags: [a, 012, '', [b], ~]
      |                             ^ expected a value
      |
      = rule: Root login
      = help: write a value, or remove the key
    "#);
    insta::assert_snapshot!(brief(&complete("description:\n  a: b\n  c: d")), @"wrong-type 6:7 write one text; put it in quotes or in a block (`|`) if it begins with `[` or `{`");
    insta::assert_snapshot!(brief(&complete("tests: a.json")), @"wrong-type 5:12 write each test after `- `, such as `- match: events/login.json`");
    assert_eq!(brief(&complete("tests:\n  - a.json")), format!("wrong-type 6:9 {TEST}"));
}

#[test]
fn runbooks() {
    insta::assert_snapshot!(brief(&complete("runbook: ftp://wiki/root")), @"bad-runbook 5:14 write a complete URL, or put the text into `description`");
}

#[test]
fn rule_tests() {
    insta::assert_snapshot!(shown(&complete("tests:\n  - match: a.json\n    no_match: a.json")), @"
    error[two-outcomes]: a test has both `match` and `no_match`
     --> rules.yaml:7:9
      |
    6 |       - match: a.json
      |         ----- the first one
    7 |         no_match: a.json
      |         ^^^^^^^^ expected only one of the two
      |
      = rule: Root login
      = help: split it into two tests
    ");
    insta::assert_snapshot!(brief(&complete("tests:\n  - match: a.json\n    set: {recipientAccountId: 012345678901}")), @r#"leading-zero 7:35 quote it: `"012345678901"`"#);
    insta::assert_snapshot!(shown(&complete("tests:\n  - match: ''\n    set: x")), @"
    error[bad-path]: the path of a record file is empty
     --> rules.yaml:6:16
      |
    6 |       - match: ''
      |                ^^ expected the path of a file
      |
      = rule: Root login
      = help: write the path of a record file, relative to the rules file

    error[wrong-type]: `set` is text, not a map
     --> rules.yaml:7:14
      |
    7 |         set: x
      |              ^ expected a map
      |
      = rule: Root login
      = help: write `set: {path: value}`, or each `path: value` on its own line
    ");
    insta::assert_snapshot!(brief(&complete("tests:\n  - alerts: 1\n  - events: a.json\n  - {alerts: many, events: ''}\n  - {alerts: 1, events: a.json, suppressed: b.json}")), @"
    missing-field 6:9 add `events:`, and the path of a file of records with their times
    missing-field 7:9 write how many alerts the events raise, such as `alerts: 1`
    bad-alerts 8:18 write how many alerts the events raise, such as `alerts: 1`
    bad-path 8:32 write the path of a record file, relative to the rules file
    two-outcomes 9:10 split it into two tests
    ");
    insta::assert_snapshot!(shown(&complete("tests:\n  - match: a.json\n    events: b.json")), @"
    error[two-outcomes]: a test has both `match` and `events`
     --> rules.yaml:7:9
      |
    6 |       - match: a.json
      |         ----- a file of one record
    7 |         events: b.json
      |         ^^^^^^ files of events are for `alerts`
      |
      = rule: Root login
      = help: remove it, or write `alerts: 1` in place of `match`
    ");
    let text = rule(
        "severity: 1\nfilter: a = 1\ntests:\n  - match: here.json\n  - no_match: 'events/gone.json'\n  - {alerts: 1, events: here.json}\n  - {alerts: 1, events: gone.json}",
    );
    assert_eq!(RuleSet::parse(&text).unwrap().1, []);
    // A mistake elsewhere in the rule does not hide the finding.
    let broken = text.replace("severity: 1", "severity: 9");
    assert_eq!(missing_tests(&broken).len(), 2);
    let missing = missing_tests(&text);
    insta::assert_snapshot!(render(&missing, "rules.yaml", &text, false).trim_end(), @"
    error[missing-test-file]: the record file `events/gone.json` does not exist
     --> rules.yaml:7:19
      |
    7 |       - no_match: 'events/gone.json'
      |                   ^^^^^^^^^^^^^^^^^^ expected the path of a file
      |
      = rule: Root login
      = help: create the file, or correct the path, which is relative to the rules file

    error[missing-test-file]: the record file `gone.json` does not exist
     --> rules.yaml:9:29
      |
    9 |       - {alerts: 1, events: gone.json}
      |                             ^^^^^^^^^ expected the path of a file
      |
      = rule: Root login
      = help: create the file, or correct the path, which is relative to the rules file
    ");
}

#[test]
fn yaml_indentation() {
    const KEY: &str = "write `key: value`, or indent the line if it belongs to the value above";
    const SPACE: &str = "align all keys of a rule, and write a space after `-`";
    const ALIGN: &str = "align the keys of a rule with each other, and the `-` of all rules with each other";
    const TAB: &str = "replace the tab with spaces: YAML does not allow tabs before a key or an item";
    assert_eq!(brief("rules:\n\t- name: Root login\n"), format!("bad-yaml 2:1 {TAB}"));
    assert_eq!(brief("rules:\n  - name: Root login\n\tseverity: 1\n"), format!("bad-yaml 3:1 {TAB}"));
    assert_eq!(brief("rules:\n  - name: Root login\n    filter: |\n\ta = b\n"), format!("bad-yaml 4:1 {TAB}"));
    assert_eq!(brief("rules:\n  - name: Root login\n     severity: 1\n"), format!("bad-yaml 3:6 {SPACE}"));
    assert_eq!(brief("rules:\n  - name: Root login\n   severity: 1\n"), format!("bad-yaml 3:4 {ALIGN}"));
    assert_eq!(brief("rules:\n  - name: Root login\n - name: Other\n"), format!("bad-yaml 3:2 {ALIGN}"));
    assert_eq!(brief(&rule("filter: |\n  a = 1\n and b = 2")), format!("bad-yaml 5:6 {KEY}"));
    assert_eq!(brief(&rule("severity\nfilter: a = 1")), format!("bad-yaml 3:5 {KEY}"));
    insta::assert_snapshot!(brief(&rule("severity:1\nfilter: a = 1")), @"bad-yaml 3:5 write a space after the colon");
    assert_eq!(brief("rules:\n  -name: Root login\n   severity: 1\n"), format!("bad-yaml 3:4 {SPACE}"));
}

#[test]
fn yaml_values_that_need_quotes() {
    insta::assert_snapshot!(brief(&complete("title: {{eventName}}")), @r#"bad-yaml 5:12 quote it: `title: "{{eventName}}"`"#);
    insta::assert_snapshot!(brief(&complete("title: {{eventName}} by {{user}}")), @r#"bad-yaml 5:12 quote it: `title: "{{eventName}} by {{user}}"`"#);
    insta::assert_snapshot!(brief(&complete("title: {{eventName}}: it's \"new\"")), @r#"bad-yaml 5:12 quote it: `title: '{{eventName}}: it''s "new"'`"#);
    insta::assert_snapshot!(brief("rules:\n  - name: CloudTrail: Root login\n"), @r#"bad-yaml 2:21 quote the value: `name: "CloudTrail: Root login"`"#);
    assert_eq!(brief(&rule("filter: \"root\" = user and a = 1")), format!("bad-yaml 3:20 {BLOCK}"));
    assert_eq!(brief(&rule("filter: *.user = \"root\"")), format!("bad-yaml 3:13 {BLOCK}"));
    assert_eq!(brief(&rule("filter: * = \"root\"")), format!("bad-yaml 3:13 {BLOCK}"));
    assert_eq!(brief(&rule("filter: @user = \"root\"")), format!("bad-yaml 3:13 {BLOCK}"));
    assert_eq!(brief(&rule("filter: `user` = \"root\"")), format!("bad-yaml 3:13 {BLOCK}"));
    assert_eq!(brief(&rule("filter: %user = \"root\"")), format!("bad-yaml 3:13 {BLOCK}"));
    assert_eq!(brief(&rule("filter: [user] = \"root\"")), format!("bad-yaml 3:13 {BLOCK}"));
    insta::assert_snapshot!(shown(&complete("description: &user signs in")), @"
    warning[unused-anchor]: the anchor `&user` is never used
     --> rules.yaml:5:18
      |
    5 |     description: &user signs in
      |                  ^^^^^ YAML does not read this as part of the value
      |
      = help: remove it; a value that begins with `&` needs quotes or a block
    ");
    assert_eq!(brief(&complete("description: !user signs in")), format!("bad-yaml 5:18 {TAG}"));
    insta::assert_snapshot!(brief(&rule("filter: | user = \"root\"")), @"bad-yaml 3:15 move the text to the next line, indented, or quote the value if `|` is part of it");
    assert_eq!(brief(&rule("filter: user = \"root\" # or\n  and a = 1")), format!("bad-yaml 3:27 {BLOCK}"));
}

#[test]
fn yaml_syntax() {
    const CLOSE: &str = "close it, or quote the value if it begins with `[`";
    insta::assert_snapshot!(brief(&rule("id: \"root\nseverity: 1")), @r#"bad-yaml 3:9 write `"` at the end of the value"#);
    insta::assert_snapshot!(brief(&rule("id: 'root\nseverity: 1\ntitle: 'x'")), @"bad-yaml 5:13 look for a missing quote on a line above");
    insta::assert_snapshot!(brief(&rule("filter: \"a matches '\\d+'\"")), @r"bad-yaml 3:25 write `\\d`, or put the text in a block (`|`), which has no escapes");
    assert_eq!(brief(&rule("tags: [a, b}")), format!("bad-yaml 3:11 {CLOSE}"));
    assert_eq!(brief(&rule("tags: [a, b")), format!("bad-yaml 3:11 {CLOSE}"));
    insta::assert_snapshot!(brief(&rule("title: a\u{7}b")), @"bad-yaml 3:13 remove it, or write it as an escape in double quotes");
    assert_eq!(brief(&rule("filter: - a")), format!("bad-yaml 3:13 {BLOCK}"));
    insta::assert_snapshot!(brief(&rule("title: \"a\" and \"b\"")), @r#"bad-yaml 3:16 quote the value: `title: '"a" and "b"'`"#);
    insta::assert_snapshot!(brief(&rule("tags:\n  - *.example.com")), @"bad-yaml 4:9 quote the value");
    insta::assert_snapshot!(brief(&rule("title: @{{user}} it's")), @r#"bad-yaml 3:12 quote the value: `title: "@{{user}} it's"`"#);
    assert_eq!(brief(&complete("description: !!str 5")), format!("bad-yaml 5:18 {TAG}"));
    insta::assert_snapshot!(brief(&complete("? [a]\n: b")), @"bad-yaml 5:7 quote the value if it begins with `[` or `{`");
    insta::assert_snapshot!(brief(&(rule("severity: 1\nfilter: a = 1") + "---\nrules: []\n")), @"bad-yaml 5:1 keep all rules under one `rules:` and remove the `---` or `...`");
}

#[test]
fn findings_beyond_a_thousand_are_counted() {
    let errors = RuleSet::parse(&format!("rules:\n{}", "  - x\n".repeat(1_200))).unwrap_err();
    assert_eq!(errors.len(), 1_001);
    assert_eq!(errors[1_000].title, "200 more findings are not shown");
}

#[test]
fn aliases_are_bounded() {
    insta::assert_snapshot!(brief("rules: &all\n  - *all\n"), @"bad-yaml 2:5 write out the value instead of the alias");
    insta::assert_snapshot!(brief(&format!("rules: {}{}\n", "[".repeat(100), "]".repeat(100))), @"bad-yaml 1:72 a rules file needs about six levels");
    let ten = |item: &str| [item; 10].join(", ");
    let levels = (1..30).map(|level| format!("a{level}: &a{level} [{}]\n", ten(&format!("*a{}", level - 1))));
    let bomb = format!("a0: &a0 [{}]\n{}", ten("x"), levels.collect::<Vec<_>>().concat());
    insta::assert_snapshot!(brief(&bomb), @"bad-yaml 5:9 write out the values, or give names to smaller ones");
    // Each level is one deeper than the one before it.
    let levels = (1..5_000).map(|level| format!("a{level}: &a{level} [*a{}]\n", level - 1));
    let tower = format!("a0: &a0 x\n{}", levels.collect::<Vec<_>>().concat());
    assert_eq!(codes(&tower), ["bad-yaml"]);
    let long = format!("a: &a {}\nrules: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(100_000));
    assert_eq!(codes(&long), ["bad-yaml"]);
    insta::assert_snapshot!(shown(&"#".repeat((4 << 20) + 1)).lines().next().unwrap(), @"error[too-large]: the file has 4194305 bytes, more than 4 MiB");
}

fn codes(text: &str) -> Vec<&'static str> {
    findings(text).iter().map(|finding| finding.code).collect()
}

#[test]
fn how_matches_become_alerts() {
    for window in
        ["90", "1 hour", "24H", "1h30m", "-1h", "1.5h", "01h", "h", "30s", "31d", "99999999999999999999d", "PT1H"]
    {
        let errors = RuleSet::parse(&rule(&format!("severity: 1\nfilter: a = 1\nwindow: {window}"))).unwrap_err();
        assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), ["bad-duration"], "{window}");
    }
    for threshold in ["0", "501", "-1", "+5", "05", "1.5", "many", "'5'"] {
        let errors = RuleSet::parse(&rule(&format!("severity: 1\nfilter: a = 1\nthreshold: {threshold}"))).unwrap_err();
        assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), ["bad-threshold"], "{threshold}");
    }
    let text = rule(
        "severity: 1\nfilter: a = 1\naggregate_fields: [user, a b, user]\nwindow: 1 hour\nthreshold: 0\nfirst_seen: {within: 20m, learning: a week, fields: []}\nnotify: never",
    );
    insta::assert_snapshot!(shown(&text), @"
    error[bad-path]: `b` is not part of a field name
     --> rules.yaml:5:32
      |
    5 |     aggregate_fields: [user, a b, user]
      |                                ^ expected `.` or the end
      |
      = rule: Root login
      = help: put a name with special characters in back-quotes, such as `` requestParameters.`a b` ``

    error[duplicate-field]: `user` occurs twice in `aggregate_fields`
     --> rules.yaml:5:35
      |
    5 |     aggregate_fields: [user, a b, user]
      |                        ----       ^^^^ the second one
      |                        |
      |                        the first one
      |
      = rule: Root login
      = help: remove one of the two

    error[bad-duration]: `1 hour` is not a duration
     --> rules.yaml:6:13
      |
    6 |     window: 1 hour
      |             ^^^^^^ expected a number and `s`, `m`, `h` or `d`, without a space
      |
      = rule: Root login
      = help: write `window: 1h`

    error[bad-threshold]: `0` is not a threshold
     --> rules.yaml:7:16
      |
    7 |     threshold: 0
      |                ^ expected a whole number from 1 to 500
      |
      = rule: Root login
      = help: write 1 for an alert on every event, or `notify: false` for a rule that only counts

    error[bad-duration]: `20m` is too short for `within`
     --> rules.yaml:8:26
      |
    8 |     first_seen: {within: 20m, learning: a week, fields: []}
      |                          ^^^ expected at least `6h`
      |
      = rule: Root login
      = help: write `within: 6h` or more

    error[bad-duration]: `a week` is not a duration
     --> rules.yaml:8:41
      |
    8 |     first_seen: {within: 20m, learning: a week, fields: []}
      |                                         ^^^^^^ expected a number and `s`, `m`, `h` or `d`, without a space
      |
      = rule: Root login
      = help: write a number and its unit, such as `12h`, `7d` or `30d`

    error[empty-list]: `fields` is an empty list
     --> rules.yaml:8:57
      |
    8 |     first_seen: {within: 20m, learning: a week, fields: []}
      |                                                         ^^ expected a field
      |
      = rule: Root login
      = help: write the fields whose values make a combination, such as `fields: [user, ip]`

    error[wrong-type]: `notify` is neither true nor false
     --> rules.yaml:9:13
      |
    9 |     notify: never
      |             ^^^^^ expected `true` or `false`
      |
      = rule: Root login
      = help: write true or false, without quotes
    ");
}
