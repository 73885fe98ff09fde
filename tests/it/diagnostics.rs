//! What a person sees who made a mistake in `rules.yaml`, whole and as it is printed.
use trailbell::diagnostic::{Diagnostic, render};
use trailbell::rule::{RuleSet, missing_tests};

/// Everything that is said about a file.
fn said(text: &str) -> String {
    let findings = match RuleSet::parse(text) {
        Ok((_, warnings)) => warnings,
        Err(errors) => errors,
    };
    render(&findings, "rules.yaml", text, false).trim_end().to_owned()
}

/// A file of one rule with these lines after its name.
fn rule(lines: &str) -> String {
    let lines: Vec<String> = lines.lines().map(|line| format!("    {line}\n")).collect();
    format!("rules:\n  - name: Root login\n{}", lines.concat())
}

/// The same with everything that a rule needs.
fn said_of(lines: &str) -> String {
    said(&rule(&format!("severity: 1\nfilter: user = \"root\"\n{lines}")))
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
    insta::assert_snapshot!(said(text), @r#"
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
      = help: write one text; if it begins with `[` or `{`, put it in quotes or in a block (`|`)

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

    error[missing-field]: a rule has no `filter`
     --> rules.yaml:6:5
      |
    6 |   - nam: Second
      |     ^^^^^^^^^^^ expected it among these fields
      |
      = help: add `filter: |`, and on the next line, indented, what a record must be, such as `eventName = "PutImage"`

    error[bad-severity]: `4` is not a severity
     --> rules.yaml:7:15
      |
    7 |     severity: 4
      |               ^ expected 1, 2 or 3
      |
      = help: write 1 if it must wake somebody, 2 if it is for review, 3 if it is for audit

    error[wrong-type]: a rule is text, not a map
     --> rules.yaml:8:5
      |
    8 |   - just text
      |     ^^^^^^^^^ expected a map
      |
      = help: write `name: …`, and below it `severity`, `filter` and the other fields

    error[bad-runbook]: `see wiki` is not the address of a page
      --> rules.yaml:12:14
       |
    12 |     runbook: see wiki
       |              ^^^^^^^^ expected `https://…` or `http://…`
       |
       = rule: Third
       = help: write a whole URL, or put the text into `description`

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
    insta::assert_snapshot!(said(""), @"
    error[no-rules]: the file is empty
     --> rules.yaml:1:1
      |
    1 |
      | ^ expected at least one rule
      |
      = help: write `rules:`, and below it each rule behind `- `, beginning with its `name`
    ");
    insta::assert_snapshot!(said("# nothing yet\n"), @"
    error[no-rules]: the file is empty
     --> rules.yaml:1:1
      |
    1 | # nothing yet
      | ^ expected at least one rule
      |
      = help: write `rules:`, and below it each rule behind `- `, beginning with its `name`
    ");
    insta::assert_snapshot!(said("rules:\n"), @"
    error[no-rules]: `rules` is empty
     --> rules.yaml:1:1
      |
    1 | rules:
      | ^^^^^ expected at least one rule
      |
      = help: write `rules:`, and below it each rule behind `- `, beginning with its `name`
    ");
    insta::assert_snapshot!(said("rules: []\n"), @"
    error[no-rules]: `rules` is an empty list
     --> rules.yaml:1:8
      |
    1 | rules: []
      |        ^^ expected at least one rule
      |
      = help: write `rules:`, and below it each rule behind `- `, beginning with its `name`
    ");
    insta::assert_snapshot!(said("rules:\n  name: Root login\n  severity: 1\n"), @"
    error[wrong-type]: `rules` is a map, not a list
     --> rules.yaml:2:3
      |
    2 |   name: Root login
      |   ^^^^^^^^^^^^^^^^ expected a list
      |
      = help: write `rules:`, and below it each rule behind `- `, beginning with its `name`
    ");
    insta::assert_snapshot!(said("- name: Root login\n"), @"
    error[wrong-type]: a rules file is a list, not a map
     --> rules.yaml:1:1
      |
    1 | - name: Root login
      | ^^^^^^^^^^^^^^^^^^ expected a map
      |
      = help: write `rules:`, and below it each rule behind `- `, beginning with its `name`
    ");
    insta::assert_snapshot!(said("rule:\n  - name: Root login\n"), @"
    error[unknown-key]: `rule` is not a field of a rules file
     --> rules.yaml:1:1
      |
    1 | rule:
      | ^^^^ expected `rules`?
      |
      = help: write `rules`
    ");
}

#[test]
fn unknown_keys() {
    insta::assert_snapshot!(said_of("Tags: [a]"), @"
    error[unknown-key]: `Tags` is not a field of a rule
     --> rules.yaml:5:5
      |
    5 |     Tags: [a]
      |     ^^^^ expected `tags`?
      |
      = rule: Root login
      = help: write `tags`
    ");
    insta::assert_snapshot!(said_of("colour: red"), @"
    error[unknown-key]: `colour` is not a field of a rule
     --> rules.yaml:5:5
      |
    5 |     colour: red
      |     ^^^^^^ not a field
      |
      = rule: Root login
      = help: remove it, or use `name`, `id`, `severity`, `filter`, `suppressions`, `aggregate_fields`, `window`, `threshold`, `first_seen`, `notify`, `title`, `description`, `enabled`, `tags`, `runbook`, or `tests`
    ");
    insta::assert_snapshot!(said_of("<<: {}"), @"
    error[unknown-key]: `<<` is not a field of a rule
     --> rules.yaml:5:5
      |
    5 |     <<: {}
      |     ^^ not a field
      |
      = rule: Root login
      = help: YAML 1.2 has no merge keys: write the fields out
    ");
    insta::assert_snapshot!(said_of("tests:\n  - macth: a.json\n  - match: b.json\n    sets: {a: 1}"), @"
    error[unknown-key]: `macth` is not a field of a test
     --> rules.yaml:6:9
      |
    6 |       - macth: a.json
      |         ^^^^^ expected `match`?
      |
      = rule: Root login
      = help: write `match`

    error[unknown-key]: `sets` is not a field of a test
     --> rules.yaml:8:9
      |
    8 |         sets: {a: 1}
      |         ^^^^ expected `set`?
      |
      = rule: Root login
      = help: write `set`
    ");
}

#[test]
fn missing_fields() {
    insta::assert_snapshot!(said(&rule("")), @r#"
    error[missing-field]: a rule has no `severity`
     --> rules.yaml:2:5
      |
    2 |   - name: Root login
      |     ^^^^^^^^^^^^^^^^ expected it among these fields
      |
      = rule: Root login
      = help: add `severity: `; write 1 if it must wake somebody, 2 if it is for review, 3 if it is for audit

    error[missing-field]: a rule has no `filter`
     --> rules.yaml:2:5
      |
    2 |   - name: Root login
      |     ^^^^^^^^^^^^^^^^ expected it among these fields
      |
      = rule: Root login
      = help: add `filter: |`, and on the next line, indented, what a record must be, such as `eventName = "PutImage"`
    "#);
    insta::assert_snapshot!(said("rules:\n  - severity: 1\n    filter: a = 1\n"), @"
    error[missing-field]: a rule has no `name`
     --> rules.yaml:2:5
      |
    2 |   - severity: 1
      |     ^^^^^^^^^^^ expected it among these fields
      |
      = help: add `name: `, and a text that is shown in alerts
    ");
    insta::assert_snapshot!(said_of("description:\ntags:"), @"
    error[missing-value]: `description` has no value
     --> rules.yaml:5:5
      |
    5 |     description:
      |     ^^^^^^^^^^^ expected a value
      |
      = rule: Root login
      = help: write the value, or remove the line

    error[missing-value]: `tags` has no value
     --> rules.yaml:6:5
      |
    6 |     tags:
      |     ^^^^ expected a value
      |
      = rule: Root login
      = help: write the value, or remove the line
    ");
    insta::assert_snapshot!(said_of("tests:\n  - set: {a: 1}"), @"
    error[missing-field]: a test has neither `match` nor `no_match` nor `suppressed`
     --> rules.yaml:6:9
      |
    6 |       - set: {a: 1}
      |         ^^^^^^^^^^^ expected it among these fields
      |
      = rule: Root login
      = help: write `match: `, `no_match: ` or `suppressed: `, and the path of a record
    ");
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
    insta::assert_snapshot!(said(text), @r#"
    error[bad-account]: `11112222333` is not the id of an account
     --> rules.yaml:3:3
      |
    3 |   11112222333: too short
      |   ^^^^^^^^^^^ expected twelve digits
      |
      = help: write each account as `"111122223333": production`

    error[wrong-type]: `111122223333` is a list, not text
     --> rules.yaml:4:17
      |
    4 |   111122223333: [a, list]
      |                 ^^^^^^^^^ expected text
      |
      = help: write one text; if it begins with `[` or `{`, put it in quotes or in a block (`|`)

    error[missing-value]: `444455556666` has no value
     --> rules.yaml:5:3
      |
    5 |   444455556666:
      |   ^^^^^^^^^^^^ expected a value
      |
      = help: write the value, or remove the line

    error[bad-account]: the name of the account 777788889999 cannot be shown
     --> rules.yaml:6:17
      |
    6 |   777788889999: ''
      |                 ^^ expected at least one character
      |
      = help: write a short name, such as `production`

    error[bad-account]: `production` is not the id of an account
     --> rules.yaml:7:3
      |
    7 |   production: 111122223333
      |   ^^^^^^^^^^ expected twelve digits
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
    let long = format!("rules:\n  - name: {}\n    severity: 1\n    filter: a = 1\n", "long ".repeat(41));
    insta::assert_snapshot!(said(&long), @"
    error[bad-name]: the name has 204 characters
     --> rules.yaml:2:11
      |
    2 | ...e: long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long long 
      |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ expected at most 200
      |
      = help: write a short name, and the rest into `description`
    ");
    insta::assert_snapshot!(said("rules:\n  - name: ''\n    severity: 1\n    filter: a = 1\n"), @"
    error[bad-name]: the name is empty
     --> rules.yaml:2:11
      |
    2 |   - name: ''
      |           ^^ expected at least one character
      |
      = help: write a short name, and the rest into `description`
    ");
    insta::assert_snapshot!(said("rules:\n  - name: |\n      two\n      lines\n    severity: 1\n    filter: a = 1\n"), @"
    error[bad-name]: the name has a line break or a control character
     --> rules.yaml:3:7
      |
    3 | /       two
    4 | |       lines
      | |___________^ expected one line
      |
      = help: write a short name, and the rest into `description`
    ");
    insta::assert_snapshot!(said("rules:\n  - name: 0123\n    severity: 1\n    filter: a = 1\n"), @r#"
    error[leading-zero]: `0123` would lose its leading zero
     --> rules.yaml:2:11
      |
    2 |   - name: 0123
      |           ^^^^ YAML reads this as a number
      |
      = help: quote it: `"0123"`
    "#);
    insta::assert_snapshot!(said("rules:\n  - name: 発見\n    severity: 1\n    filter: a = 1\n"), @"
    error[bad-id]: no id can be made from this name
     --> rules.yaml:2:11
      |
    2 |   - name: 発見
      |           ^^^^ it has none of `a` to `z` and `0` to `9`
      |
      = rule: 発見
      = help: add an `id`, such as `id: root-login`
    ");
}

#[test]
fn ids() {
    insta::assert_snapshot!(said_of("id: Root Login"), @"
    error[bad-id]: `Root Login` is not an id
     --> rules.yaml:5:9
      |
    5 |     id: Root Login
      |         ^^^^^^^^^^ expected 1 to 100 of `a` to `z`, `0` to `9` and `-`
      |
      = rule: Root login
      = help: write `root-login`
    ");
    insta::assert_snapshot!(said_of("id: 007"), @r#"
    error[leading-zero]: `007` would lose its leading zero
     --> rules.yaml:5:9
      |
    5 |     id: 007
      |         ^^^ YAML reads this as a number
      |
      = rule: Root login
      = help: quote it: `"007"`
    "#);
}

#[test]
fn duplicates() {
    let one = "severity: 1\n    filter: a = 1";
    let names = format!("rules:\n  - name: A b\n    {one}\n  - name: A b\n    {one}\n");
    insta::assert_snapshot!(said(&names), @"
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
      = help: give one of them another name
    ");
    let copied = format!("rules:\n  - name: A b\n    id: x\n    {one}\n  - name: A b\n    id: x\n    {one}\n");
    assert_eq!(codes(&copied), ["duplicate-name", "duplicate-id"]);
    let derived = format!("rules:\n  - name: A b\n    {one}\n  - name: \"A: B\"\n    {one}\n");
    insta::assert_snapshot!(said(&derived), @r#"
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
      = help: give one of them an `id` that no other rule has
    "#);
    let mixed = format!("rules:\n  - name: A b\n    {one}\n  - name: C\n    id: a-b\n    {one}\n");
    insta::assert_snapshot!(said(&mixed), @"
    error[duplicate-id]: two rules have the id `a-b`
     --> rules.yaml:6:9
      |
    2 |   - name: A b
      |           --- the first one, made from this name
    ...
    6 |     id: a-b
      |         ^^^ the second one
      |
      = rule: C
      = help: give one of them an `id` that no other rule has
    ");
    insta::assert_snapshot!(said_of("title: one\ntitle: two"), @"
    error[duplicate-key]: `title` is given twice
     --> rules.yaml:6:5
      |
    5 |     title: one
      |     ----- the first time
    6 |     title: two
      |     ^^^^^ the second time
      |
      = help: remove one of the two
    ");
}

#[test]
fn severities() {
    for severity in ["high", "0", "4", "1.5", "01", "+1"] {
        let errors = RuleSet::parse(&rule(&format!("severity: {severity}\nfilter: a = 1"))).unwrap_err();
        assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), ["bad-severity"], "{severity}");
    }
    insta::assert_snapshot!(said(&rule("severity: high\nfilter: a = 1")), @"
    error[bad-severity]: `high` is not a severity
     --> rules.yaml:3:15
      |
    3 |     severity: high
      |               ^^^^ expected 1, 2 or 3
      |
      = rule: Root login
      = help: write 1 if it must wake somebody, 2 if it is for review, 3 if it is for audit
    ");
    insta::assert_snapshot!(said(&rule("severity: \"1\"\nfilter: a = 1")), @r#"
    error[bad-severity]: `1` is not a severity
     --> rules.yaml:3:15
      |
    3 |     severity: "1"
      |               ^^^ expected 1, 2 or 3
      |
      = rule: Root login
      = help: write `severity: 1`, without quotes
    "#);
    insta::assert_snapshot!(said(&rule("severity: [1]\nfilter: a = 1")), @"
    error[wrong-type]: `severity` is a list, not a number
     --> rules.yaml:3:15
      |
    3 |     severity: [1]
      |               ^^^ expected a number
      |
      = rule: Root login
      = help: write 1 if it must wake somebody, 2 if it is for review, 3 if it is for audit
    ");
}

#[test]
fn wrong_types() {
    for word in ["yes", "no", "on", "off", "Yes", "\"true\"", "1"] {
        let errors = RuleSet::parse(&rule(&format!("severity: 1\nfilter: a = 1\nenabled: {word}"))).unwrap_err();
        assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), ["wrong-type"], "{word}");
    }
    insta::assert_snapshot!(said_of("enabled: off"), @"
    error[wrong-type]: `enabled` is neither true nor false
     --> rules.yaml:5:14
      |
    5 |     enabled: off
      |              ^^^ expected `true` or `false`
      |
      = rule: Root login
      = help: write `enabled: false`
    ");
    insta::assert_snapshot!(said_of("enabled: \"true\""), @r#"
    error[wrong-type]: `enabled` is neither true nor false
     --> rules.yaml:5:14
      |
    5 |     enabled: "true"
      |              ^^^^^^ expected `true` or `false`
      |
      = rule: Root login
      = help: write `enabled: true`
    "#);
    insta::assert_snapshot!(said_of("tags: {a: b}"), @"
    error[wrong-type]: `tags` is a map, not a list
     --> rules.yaml:5:11
      |
    5 |     tags: {a: b}
      |           ^^^^^^ expected a list
      |
      = rule: Root login
      = help: write `tags: [one, two]`, or each tag behind `- `
    ");
    insta::assert_snapshot!(said_of("tags: [a, 012, '', [b], ~]"), @r#"
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
      = help: write one text; if it begins with `[` or `{`, put it in quotes or in a block (`|`)

    error[missing-value]: a tag has no value
     --> rules.yaml:5:29
      |
    5 |     tags: [a, 012, '', [b], ~]
      |                             ^ expected a value
      |
      = rule: Root login
      = help: write the value, or remove the line
    "#);
    insta::assert_snapshot!(said_of("description:\n  a: b\n  c: d"), @"
    error[wrong-type]: `description` is a map, not text
     --> rules.yaml:6:7
      |
    6 |       a: b
      |       ^^^^ expected text
      |
      = rule: Root login
      = help: write one text; if it begins with `[` or `{`, put it in quotes or in a block (`|`)
    ");
    insta::assert_snapshot!(said_of("tests: a.json"), @"
    error[wrong-type]: `tests` is text, not a list
     --> rules.yaml:5:12
      |
    5 |     tests: a.json
      |            ^^^^^^ expected a list
      |
      = rule: Root login
      = help: write each test behind `- `, such as `- match: events/login.json`
    ");
    insta::assert_snapshot!(said_of("tests:\n  - a.json"), @"
    error[wrong-type]: a test is text, not a map
     --> rules.yaml:6:9
      |
    6 |       - a.json
      |         ^^^^^^ expected a map
      |
      = rule: Root login
      = help: write `match: `, `no_match: ` or `suppressed: `, and the path of a record
    ");
}

#[test]
fn runbooks() {
    insta::assert_snapshot!(said_of("runbook: ftp://wiki/root"), @"
    error[bad-runbook]: `ftp://wiki/root` is not the address of a page
     --> rules.yaml:5:14
      |
    5 |     runbook: ftp://wiki/root
      |              ^^^^^^^^^^^^^^^ expected `https://…` or `http://…`
      |
      = rule: Root login
      = help: write a whole URL, or put the text into `description`
    ");
}

#[test]
fn rule_tests() {
    insta::assert_snapshot!(said_of("tests:\n  - match: a.json\n    no_match: a.json"), @"
    error[two-outcomes]: a test has both `match` and `no_match`
     --> rules.yaml:7:9
      |
    6 |       - match: a.json
      |         ----- the other one
    7 |         no_match: a.json
      |         ^^^^^^^^ expected only one of them
      |
      = rule: Root login
      = help: make two tests of it
    ");
    insta::assert_snapshot!(said_of("tests:\n  - match: a.json\n    set: {recipientAccountId: 012345678901}"), @r#"
    error[leading-zero]: `012345678901` would lose its leading zero
     --> rules.yaml:7:35
      |
    7 |         set: {recipientAccountId: 012345678901}
      |                                   ^^^^^^^^^^^^ YAML reads this as a number
      |
      = rule: Root login
      = help: quote it: `"012345678901"`
    "#);
    insta::assert_snapshot!(said_of("tests:\n  - match: ''\n    set: x"), @"
    error[bad-path]: the path of a record is empty
     --> rules.yaml:6:16
      |
    6 |       - match: ''
      |                ^^ expected a file
      |
      = rule: Root login
      = help: write a path relative to the rules file

    error[wrong-type]: `set` is text, not a map
     --> rules.yaml:7:14
      |
    7 |         set: x
      |              ^ expected a map
      |
      = rule: Root login
      = help: write `set: {path: value}`, or each `path: value` on a line of its own
    ");
    let text = rule("severity: 1\nfilter: a = 1\ntests:\n  - match: here.json\n  - no_match: 'events/gone.json'");
    assert_eq!(RuleSet::parse(&text).unwrap().1, []);
    // A mistake elsewhere in the rule does not hide it.
    let broken = text.replace("severity: 1", "severity: 9");
    assert_eq!(missing_tests(&broken, &|path| path == "here.json").len(), 1);
    let missing = missing_tests(&text, &|path| path == "here.json");
    insta::assert_snapshot!(render(&missing, "rules.yaml", &text, false).trim_end(), @"
    error[missing-test-file]: there is no record file `events/gone.json`
     --> rules.yaml:7:19
      |
    7 |       - no_match: 'events/gone.json'
      |                   ^^^^^^^^^^^^^^^^^^ expected a file
      |
      = rule: Root login
      = help: create the file, or mend the path: it is relative to the rules file
    ");
}

#[test]
fn yaml_indentation() {
    insta::assert_snapshot!(said("rules:\n\t- name: Root login\n"), @"
    error[bad-yaml]: a tab in the indentation
     --> rules.yaml:2:1
      |
    2 |     - name: Root login
      | ^^^^ expected spaces
      |
      = help: replace the tab with spaces: YAML allows no tabs before a key or an item
    ");
    insta::assert_snapshot!(said("rules:\n  - name: Root login\n\tseverity: 1\n"), @"
    error[bad-yaml]: a tab in the indentation
     --> rules.yaml:3:1
      |
    3 |     severity: 1
      | ^^^^ expected spaces
      |
      = help: replace the tab with spaces: YAML allows no tabs before a key or an item
    ");
    insta::assert_snapshot!(said("rules:\n  - name: Root login\n    filter: |\n\ta = b\n"), @"
    error[bad-yaml]: a tab in the indentation
     --> rules.yaml:4:1
      |
    4 |     a = b
      | ^^^^ expected spaces
      |
      = help: replace the tab with spaces: YAML allows no tabs before a key or an item
    ");
    insta::assert_snapshot!(said("rules:\n  - name: Root login\n     severity: 1\n"), @"
    error[bad-yaml]: this line continues the value above it
     --> rules.yaml:3:6
      |
    3 |      severity: 1
      |      ^^^^^^^^ expected the column of the key above
      |
      = help: align all keys of a rule, with a space behind `-`
    ");
    insta::assert_snapshot!(said("rules:\n  - name: Root login\n   severity: 1\n"), @"
    error[bad-yaml]: this line fits no indentation above it
     --> rules.yaml:3:4
      |
    3 |    severity: 1
      |    ^^^^^^^^ expected the column of the line that it belongs to
      |
      = help: align the keys of a rule with each other, and the `-` of the rules too
    ");
    insta::assert_snapshot!(said("rules:\n  - name: Root login\n - name: Other\n"), @"
    error[bad-yaml]: this line fits no indentation above it
     --> rules.yaml:3:2
      |
    3 |  - name: Other
      |  ^ expected the column of the line that it belongs to
      |
      = help: align the keys of a rule with each other, and the `-` of the rules too
    ");
    insta::assert_snapshot!(said(&rule("filter: |\n  a = 1\n and b = 2")), @"
    error[bad-yaml]: a line without a key
     --> rules.yaml:5:6
      |
    5 |      and b = 2
      |      ^^^ expected `key: value`
      |
      = help: write `key: value`, or indent the line if it belongs to the value above
    ");
    insta::assert_snapshot!(said(&rule("severity\nfilter: a = 1")), @"
    error[bad-yaml]: a line without a key
     --> rules.yaml:3:5
      |
    3 |     severity
      |     ^^^^^^^^ expected `key: value`
      |
      = help: write `key: value`, or indent the line if it belongs to the value above
    ");
    insta::assert_snapshot!(said(&rule("severity:1\nfilter: a = 1")), @"
    error[bad-yaml]: a line without a key
     --> rules.yaml:3:5
      |
    3 |     severity:1
      |     ^^^^^^^^ expected `key: value`
      |
      = help: write a space behind the colon
    ");
    insta::assert_snapshot!(said("rules:\n  -name: Root login\n   severity: 1\n"), @"
    error[bad-yaml]: this line continues the value above it
     --> rules.yaml:3:4
      |
    3 |    severity: 1
      |    ^^^^^^^^ expected the column of the key above
      |
      = help: align all keys of a rule, with a space behind `-`
    ");
}

#[test]
fn yaml_values_that_need_quotes() {
    insta::assert_snapshot!(said_of("title: {{eventName}}"), @r#"
    error[bad-yaml]: an unquoted value begins with `{{`
     --> rules.yaml:5:12
      |
    5 |     title: {{eventName}}
      |            ^^^^^^^^^^^^^ YAML reads this as a map
      |
      = help: quote it: `title: "{{eventName}}"`
    "#);
    insta::assert_snapshot!(said_of("title: {{eventName}} by {{user}}"), @r#"
    error[bad-yaml]: an unquoted value begins with `{{`
     --> rules.yaml:5:12
      |
    5 |     title: {{eventName}} by {{user}}
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^ YAML reads this as a map
      |
      = help: quote it: `title: "{{eventName}} by {{user}}"`
    "#);
    insta::assert_snapshot!(said_of("title: {{eventName}}: it's \"new\""), @r#"
    error[bad-yaml]: an unquoted value begins with `{{`
     --> rules.yaml:5:12
      |
    5 |     title: {{eventName}}: it's "new"
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^ YAML reads this as a map
      |
      = help: quote it: `title: '{{eventName}}: it''s "new"'`
    "#);
    insta::assert_snapshot!(said("rules:\n  - name: CloudTrail: Root login\n"), @r#"
    error[bad-yaml]: `: ` in an unquoted value
     --> rules.yaml:2:21
      |
    2 |   - name: CloudTrail: Root login
      |                     ^ YAML reads this as a key and its value
      |
      = help: quote the value: `name: "CloudTrail: Root login"`
    "#);
    insta::assert_snapshot!(said(&rule("filter: \"root\" = user and a = 1")), @r#"
    error[bad-yaml]: text follows a quoted value
     --> rules.yaml:3:20
      |
    3 |     filter: "root" = user and a = 1
      |                    ^^^^^^^^^^^^^^^^ expected the end of the line
      |
      = note: a value that begins with a quote ends at the next one
      = help: put the filter in a block: `filter: |`, and the text indented on the next line
    "#);
    insta::assert_snapshot!(said(&rule("filter: *.user = \"root\"")), @r#"
    error[bad-yaml]: an unquoted value begins with `*`
     --> rules.yaml:3:13
      |
    3 |     filter: *.user = "root"
      |             ^ YAML reads this as an alias
      |
      = help: put the filter in a block: `filter: |`, and the text indented on the next line
    "#);
    insta::assert_snapshot!(said(&rule("filter: * = \"root\"")), @r#"
    error[bad-yaml]: an unquoted value begins with `*`
     --> rules.yaml:3:13
      |
    3 |     filter: * = "root"
      |             ^ YAML reads this as an alias
      |
      = help: put the filter in a block: `filter: |`, and the text indented on the next line
    "#);
    insta::assert_snapshot!(said(&rule("filter: @user = \"root\"")), @r#"
    error[bad-yaml]: an unquoted value begins with `@`
     --> rules.yaml:3:13
      |
    3 |     filter: @user = "root"
      |             ^ YAML reserves this character
      |
      = help: put the filter in a block: `filter: |`, and the text indented on the next line
    "#);
    insta::assert_snapshot!(said(&rule("filter: `user` = \"root\"")), @r#"
    error[bad-yaml]: an unquoted value begins with a back quote
     --> rules.yaml:3:13
      |
    3 |     filter: `user` = "root"
      |             ^ YAML reserves this character
      |
      = help: put the filter in a block: `filter: |`, and the text indented on the next line
    "#);
    insta::assert_snapshot!(said(&rule("filter: %user = \"root\"")), @r#"
    error[bad-yaml]: an unquoted value begins with `%`
     --> rules.yaml:3:13
      |
    3 |     filter: %user = "root"
      |             ^ YAML reserves this character
      |
      = help: put the filter in a block: `filter: |`, and the text indented on the next line
    "#);
    insta::assert_snapshot!(said(&rule("filter: [user] = \"root\"")), @r#"
    error[bad-yaml]: an unquoted value begins with `[`
     --> rules.yaml:3:13
      |
    3 |     filter: [user] = "root"
      |             ^ YAML reads this as a list
      |
      = help: put the filter in a block: `filter: |`, and the text indented on the next line
    "#);
    insta::assert_snapshot!(said_of("description: &user signs in"), @"
    warning[unused-anchor]: the anchor `&user` is never used
     --> rules.yaml:5:18
      |
    5 |     description: &user signs in
      |                  ^^^^^ not part of the value
      |
      = help: remove it; a value that begins with `&` must stand in quotes or a block
    ");
    insta::assert_snapshot!(said_of("description: !user signs in"), @"
    error[bad-yaml]: `!user` is a YAML tag, and a rules file has none
     --> rules.yaml:5:18
      |
    5 |     description: !user signs in
      |                  ^^^^^ expected the value
      |
      = help: remove the tag; a value that begins with `!` must stand in quotes or a block
    ");
    insta::assert_snapshot!(said(&rule("filter: | user = \"root\"")), @r#"
    error[bad-yaml]: text on the line of a `|`
     --> rules.yaml:3:15
      |
    3 |     filter: | user = "root"
      |               ^^^^^^^^^^^^^ expected the end of the line
      |
      = help: move the text to the next line, indented, or quote the value if `|` belongs to it
    "#);
    insta::assert_snapshot!(said(&rule("filter: user = \"root\" # or\n  and a = 1")), @r#"
    error[bad-yaml]: a comment cuts a value in two
     --> rules.yaml:3:27
      |
    3 |     filter: user = "root" # or
      |                           ^ expected the rest of the value
      |
      = help: put the filter in a block: `filter: |`, and the text indented on the next line
    "#);
}

#[test]
fn yaml_syntax() {
    insta::assert_snapshot!(said(&rule("id: \"root\nseverity: 1")), @r#"
    error[bad-yaml]: a quote is never closed
     --> rules.yaml:3:9
      |
    3 |     id: "root
      |         ^ opened here
      |
      = help: write `"` at the end of the value
    "#);
    insta::assert_snapshot!(said(&rule("id: 'root\nseverity: 1\ntitle: 'x'")), @"
    error[bad-yaml]: text follows a quoted value
     --> rules.yaml:5:13
      |
    5 |     title: 'x'
      |             ^^ expected the end of the line
      |
      = help: a quote is probably missing on a line above
    ");
    insta::assert_snapshot!(said(&rule("filter: \"a matches '\\d+'\"")), @r#"
    error[bad-yaml]: `\d` is no escape of a double-quoted text
     --> rules.yaml:3:25
      |
    3 |     filter: "a matches '\d+'"
      |                         ^^ expected an escape that YAML knows
      |
      = help: write `\\d`, or put the text in a block (`|`), which has no escapes
    "#);
    insta::assert_snapshot!(said(&rule("tags: [a, b}")), @"
    error[bad-yaml]: this `[` is not closed by `]`
     --> rules.yaml:3:11
      |
    3 |     tags: [a, b}
      |           ^ opened here
      |
      = help: close it; a value that begins with `[` must otherwise stand in quotes
    ");
    insta::assert_snapshot!(said(&rule("tags: [a, b")), @"
    error[bad-yaml]: this `[` is not closed by `]`
     --> rules.yaml:3:11
      |
    3 |     tags: [a, b
      |           ^ opened here
      |
      = help: close it; a value that begins with `[` must otherwise stand in quotes
    ");
    insta::assert_snapshot!(said(&rule("title: a\u{7}b")), @"
    error[bad-yaml]: a control character, U+0007
     --> rules.yaml:3:13
      |
    3 |     title: a␇b
      |             ^ not allowed in YAML
      |
      = help: remove it, or write it as an escape in double quotes
    ");
    insta::assert_snapshot!(said(&rule("filter: - a")), @"
    error[bad-yaml]: an unquoted value begins with `-`
     --> rules.yaml:3:13
      |
    3 |     filter: - a
      |             ^ YAML reads this as a list
      |
      = help: put the filter in a block: `filter: |`, and the text indented on the next line
    ");
    insta::assert_snapshot!(said(&rule("title: \"a\" and \"b\"")), @r#"
    error[bad-yaml]: text follows a quoted value
     --> rules.yaml:3:16
      |
    3 |     title: "a" and "b"
      |                ^^^^^^^ expected the end of the line
      |
      = note: a value that begins with a quote ends at the next one
      = help: quote the value: `title: '"a" and "b"'`
    "#);
    insta::assert_snapshot!(said(&rule("tags:\n  - *.example.com")), @"
    error[bad-yaml]: an unquoted value begins with `*`
     --> rules.yaml:4:9
      |
    4 |       - *.example.com
      |         ^ YAML reads this as an alias
      |
      = help: quote the value
    ");
    insta::assert_snapshot!(said(&rule("title: @{{user}} it's")), @r#"
    error[bad-yaml]: an unquoted value begins with `@`
     --> rules.yaml:3:12
      |
    3 |     title: @{{user}} it's
      |            ^ YAML reserves this character
      |
      = help: quote the value: `title: "@{{user}} it's"`
    "#);
    insta::assert_snapshot!(said_of("description: !!str 5"), @"
    error[bad-yaml]: `!!str` is a YAML tag, and a rules file has none
     --> rules.yaml:5:18
      |
    5 |     description: !!str 5
      |                  ^^^^^ expected the value
      |
      = help: remove the tag; a value that begins with `!` must stand in quotes or a block
    ");
    insta::assert_snapshot!(said_of("? [a]\n: b"), @"
    error[bad-yaml]: a list or a map is no key
     --> rules.yaml:5:7
      |
    5 |     ? [a]
      |       ^^^ expected a name
      |
      = help: quote the value if it begins with `[` or `{`
    ");
    insta::assert_snapshot!(said(&(rule("severity: 1\nfilter: a = 1") + "---\nrules: []\n")), @"
    error[bad-yaml]: a second document
     --> rules.yaml:5:1
      |
    5 | ---
      | ^^^ expected the end of the file
      |
      = help: keep all rules under one `rules:` and remove the `---` or `...`
    ");
}

#[test]
fn what_nobody_would_read_is_counted() {
    let errors = RuleSet::parse(&format!("rules:\n{}", "  - x\n".repeat(1_200))).unwrap_err();
    assert_eq!(errors.len(), 1_001);
    assert_eq!(errors[1_000].title, "200 more findings are not shown");
}

#[test]
fn aliases_are_bounded() {
    insta::assert_snapshot!(said("rules: &all\n  - *all\n"), @"
    error[bad-yaml]: `*all` stands inside itself
     --> rules.yaml:2:5
      |
    1 | rules: &all
      |        ---- this is what it names
    2 |   - *all
      |     ^^^^ expected a name from further up
      |
      = help: write the value out instead of naming it
    ");
    insta::assert_snapshot!(said(&format!("rules: {}{}\n", "[".repeat(100), "]".repeat(100))), @"
    error[bad-yaml]: nested more than 64 deep
     --> rules.yaml:1:72
      |
    1 | rules: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]...
      |                                                                        ^ one level too many
      |
      = help: a rules file needs about six levels
    ");
    let ten = |item: &str| [item; 10].join(", ");
    let levels = (1..30).map(|level| format!("a{level}: &a{level} [{}]\n", ten(&format!("*a{}", level - 1))));
    let bomb = format!("a0: &a0 [{}]\n{}", ten("x"), levels.collect::<Vec<_>>().concat());
    insta::assert_snapshot!(said(&bomb), @"
    error[bad-yaml]: the aliases of this file unfold to more than 16 MiB
     --> rules.yaml:5:9
      |
    5 | a4: &a4 [*a3, *a3, *a3, *a3, *a3, *a3, *a3, *a3, *a3, *a3]
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ the limit is passed here
      |
      = help: write the values out, or name smaller ones
    ");
    // Each level is one deeper than the one before it.
    let levels = (1..5_000).map(|level| format!("a{level}: &a{level} [*a{}]\n", level - 1));
    let tower = format!("a0: &a0 x\n{}", levels.collect::<Vec<_>>().concat());
    assert_eq!(codes(&tower), ["bad-yaml"]);
    let long = format!("a: &a {}\nrules: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(100_000));
    assert_eq!(codes(&long), ["bad-yaml"]);
    insta::assert_snapshot!(said(&"#".repeat((4 << 20) + 1)).lines().next().unwrap(), @"error[too-large]: the file has 4194305 bytes, more than 4 MiB");
}

fn codes(text: &str) -> Vec<&'static str> {
    let findings: Vec<Diagnostic> = RuleSet::parse(text).map_or_else(|errors| errors, |(_, warnings)| warnings);
    findings.iter().map(|finding| finding.code).collect()
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
    let said = said(&rule(
        "severity: 1\nfilter: a = 1\naggregate_fields: [user, a b, user]\nwindow: 1 hour\nthreshold: 0\nfirst_seen: {within: 20m, learning: a week, fields: []}\nnotify: never",
    ));
    insta::assert_snapshot!(said, @"
    error[bad-path]: `b` is not part of a field name
     --> rules.yaml:5:32
      |
    5 |     aggregate_fields: [user, a b, user]
      |                                ^ expected `.` or the end
      |
      = rule: Root login
      = help: put a name with odd characters in back-quotes, such as `` requestParameters.`a b` ``

    error[duplicate-field]: `user` stands twice in `aggregate_fields`
     --> rules.yaml:5:35
      |
    5 |     aggregate_fields: [user, a b, user]
      |                        ----       ^^^^ the second time
      |                        |
      |                        the first time
      |
      = rule: Root login
      = help: remove one of the two

    error[bad-duration]: `1 hour` is not a length of time
     --> rules.yaml:6:13
      |
    6 |     window: 1 hour
      |             ^^^^^^ expected a number and `s`, `m`, `h` or `d`
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
      = help: write 1, which is every event, or `notify: false` for a rule that only counts

    error[bad-duration]: `20m` is too short for `within`
     --> rules.yaml:8:26
      |
    8 |     first_seen: {within: 20m, learning: a week, fields: []}
      |                          ^^^ expected at least `1h`
      |
      = rule: Root login
      = help: write `within: 1h` or more

    error[bad-duration]: `a week` is not a length of time
     --> rules.yaml:8:41
      |
    8 |     first_seen: {within: 20m, learning: a week, fields: []}
      |                                         ^^^^^^ expected a number and `s`, `m`, `h` or `d`
      |
      = rule: Root login
      = help: write a number and its unit: `12h`, `7d` or `30d`

    error[empty-list]: `fields` is an empty list
     --> rules.yaml:8:57
      |
    8 |     first_seen: {within: 20m, learning: a week, fields: []}
      |                                                         ^^ expected a field
      |
      = rule: Root login
      = help: write what makes a combination, such as `fields: [user, ip]`

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
