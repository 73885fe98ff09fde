//! `overrides.yaml`: what it changes in the rules, and the place and the repair of each mistake in it.

use std::{collections::BTreeSet, fs, path::Path};

use crate::command::{folder, loaded, trailbell};
use jiff::SignedDuration;
use serde_json::{Value, json};
use trailbell::{
    diagnostic::line_column,
    lint,
    record::Record,
    rule::{Rule, RuleSet, Verdict},
};

const RULES: &str = r#"lists:
  robots: [ci, nightly]
rules:
  - name: Put Image
    severity: 3
    filter: eventName = "PutImage"
    aggregate_fields: [requestParameters.repositoryName]
    suppressions: ["userIdentity.userName = 'build'"]
    tests:
      - match: put.json
  - name: Root
    id: root-use
    severity: 2
    filter: userIdentity.type = "Root"
    aggregate_fields: [request]
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
    // The default of follow-ups is that of the severity in force.
    let of = |rule: &Rule| (rule.alone, rule.follows_up());
    assert_eq!(rules("").iter().map(of).collect::<Vec<_>>(), [(false, false), (false, true)]);
    let severe = rules("overrides:\n  put-image: {severity: 1, alone: true}\n  root-use: {follow_up: false}\n");
    assert_eq!(severe.iter().map(of).collect::<Vec<_>>(), [(true, true), (false, false)]);
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

/// Rules that use lists in a filter, in a nested condition and in a suppression, and names of accounts.
const LISTS: &str = r#"# pack: trailbell
lists:
  partners: ["000000000000"]
  tools: [terraform]
  extras: [x]
accounts:
  "111122223333": theirs
  "111122223334": theirs too
rules:
  - name: Stranger
    severity: 2
    filter: eventName = "AssumeRole" and not accountId in $partners
    aggregate_fields: [principal, requestParameters.roleArn]
  - name: Partner
    severity: 3
    filter: accountId in $partners and not any resources (accountId contains $partners)
    suppressions: ["userAgent contains $tools"]
    tests:
      - match: partner.json
  - name: Neither
    severity: 3
    filter: eventName = "PutImage" and userAgent contains $tools
"#;

fn call(account: &str, agent: &str) -> Record {
    let identity = json!({"type": "AWSAccount", "accountId": account});
    Record::new(json!({"eventName": "AssumeRole", "userAgent": agent, "userIdentity": identity})).unwrap()
}

#[test]
fn a_list_replaces_the_list_of_the_same_name() {
    let verdicts = |overrides: &str, account: &str, agent: &str| {
        let rules = RuleSet::parse(LISTS).unwrap().0.overridden(overrides).unwrap().0;
        let record = call(account, agent);
        rules.rules.iter().map(|rule| rule.verdict(&record)).collect::<Vec<_>>()
    };
    let (none, all, silent) = (Verdict::NoMatch, Verdict::Match, Verdict::Suppressed);
    let mine = "lists:\n  partners: ['012345678901', '444455556666']\n";
    for (overrides, account, agent, expected) in [
        ("", "000000000000", "aws-cli", [none, all, none]),
        ("", "012345678901", "aws-cli", [all, none, none]),
        (mine, "000000000000", "aws-cli", [all, none, none]),
        (mine, "012345678901", "aws-cli", [none, all, none]),
        (mine, "444455556666", "aws-cli", [none, all, none]),
        // The other list is unchanged.
        (mine, "012345678901", "terraform", [none, silent, none]),
        ("lists: {tools: [pulumi]}", "000000000000", "terraform", [none, all, none]),
        ("lists: {tools: [pulumi]}", "000000000000", "pulumi", [none, silent, none]),
        // A list that no filter uses, and no list.
        ("lists: {extras: [y]}", "000000000000", "terraform", [none, silent, none]),
        ("lists: {}", "000000000000", "terraform", [none, silent, none]),
        // A suppression of the overrides uses the replaced list.
        (
            "overrides: {partner: {suppressions: [userAgent in $tools]}}\nlists: {tools: [pulumi]}",
            "000000000000",
            "pulumi",
            [none, silent, none],
        ),
    ] {
        assert_eq!(verdicts(overrides, account, agent), expected, "{overrides}, {account}, {agent}");
    }
}

#[test]
fn accounts_are_added_and_those_of_the_overrides_win() {
    let of = |overrides: &str| {
        let rules = RuleSet::parse(LISTS).unwrap().0.overridden(overrides).unwrap().0;
        ["111122223333", "111122223334", "012345678901"].map(|id| rules.accounts.name(id).map(str::to_owned))
    };
    let names = |names: [&str; 3]| names.map(|name| Some(name.to_owned()).filter(|name| !name.is_empty()));
    assert_eq!(of(""), names(["theirs", "theirs too", ""]));
    let mine = "accounts: {'111122223334': mine, '012345678901': new}";
    assert_eq!(of(mine), names(["theirs", "mine", "new"]));
}

#[test]
fn the_shipped_rules_do_not_match_accounts_that_overrides_trust() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("rules.yaml")).unwrap();
    let record = fs::read(root.join("events/records/sts/assume-role-external.json")).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    assert_eq!(record["userIdentity"]["accountId"], "777788889999");
    let matches = |overrides: &str| {
        let (rules, warnings) = RuleSet::parse(&text).unwrap().0.overridden(overrides).unwrap();
        assert_eq!(warnings, []);
        let record = Record::new(record.clone()).unwrap();
        let found = rules.rules.iter().filter(|rule| rule.filter.to_string().contains("$trusted_accounts"));
        let found = found.filter(|rule| rule.filter.matches(record.root()));
        found.map(|rule| rule.id.clone()).collect::<BTreeSet<_>>()
    };
    let takes = ["cloudtrail-new-account-takes-a-role", "cloudtrail-sts-assume-role-from-another-account"];
    assert_eq!(matches("lists: {trusted_accounts: ['777788889998']}"), takes.map(str::to_owned).into());
    assert_eq!(matches("lists: {trusted_accounts: ['777788889998', '777788889999']}"), BTreeSet::new());
}

/// A rules file may leave lists for users to fill; a user may empty one, too.
#[test]
fn lists_are_filled_and_emptied() {
    let rules = "lists: {trusted: [], roles: [], tools: [terraform]}
rules:
- {name: foreign, severity: 1, filter: 'accountId foreign_to ($trusted, field recipientAccountId)'}
- {name: person, severity: 1, filter: '$roles = null or not role in $roles'}
- name: steps
  severity: 1
  by: [accountId]
  sequence:
  - {filter: $roles != null and role in $roles}
  - {filter: accountId foreign_to $trusted}
- {name: tool, severity: 1, filter: 'userAgent contains $tools', suppressions: [$roles exists and role in $roles]}
";
    let record = Record::new(json!({
        "userAgent": "terraform", "recipientAccountId": "111122223333",
        "userIdentity": {"accountId": "444455556666", "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "ci"}}},
    }));
    let record = record.unwrap();
    let check = |overrides: &str, expected: [Verdict; 4]| {
        let (rules, warnings) = RuleSet::parse(rules).unwrap().0.overridden(overrides).unwrap();
        assert_eq!(warnings, [], "{overrides}");
        let verdicts: Vec<_> = rules.rules.iter().map(|rule| rule.verdict(&record)).collect();
        assert_eq!(verdicts, expected, "{overrides}");
    };
    let (none, all, silent) = (Verdict::NoMatch, Verdict::Match, Verdict::Suppressed);
    check("", [all, all, all, all]);
    check("lists: {trusted: ['444455556666']}", [none, all, none, all]);
    // YAML reads an id without quotes as a number.
    check("lists: {trusted: [444455556666]}", [none, all, none, all]);
    check("lists: {trusted: ['999988887777'], roles: [ci]}", [all, none, all, silent]);
    check("lists: {trusted: ['444455556666'], roles: [ci]}", [none, none, all, silent]);
    check("lists: {tools: []}", [all, all, all, none]);
    let refused =
        RuleSet::parse(rules).unwrap().0.overridden("lists: {trusted: ['444455556666', x, 22]}").err().unwrap();
    let places: Vec<_> = refused.iter().map(|error| (error.code, error.span.start)).collect();
    assert_eq!(places, [("wrong-operand", 34), ("wrong-operand", 37)]);
}

/// The codes of the findings in overrides of a rules file that has errors itself, as a file of rules that ship.
fn beside_errors(overrides: &str, rules: &str) -> Vec<&'static str> {
    let rules = format!("# pack: trailbell\n{rules}");
    let findings = loaded(&[&rules], Some(overrides)).findings;
    findings.iter().filter(|finding| finding.span.start > rules.len()).map(|finding| finding.code).collect()
}

/// Code, line, column, and help of every finding.
fn check(overrides: &str, expected: &[(&str, usize, usize, &str)]) {
    check_beside(RULES, overrides, expected);
}

fn check_beside(rules: &str, overrides: &str, expected: &[(&str, usize, usize, &str)]) {
    let Err(errors) = RuleSet::parse(rules).unwrap().0.overridden(overrides) else {
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
fn every_mistake_is_reported_at_its_place() {
    let unknown = |id: &str| format!("overrides:\n  {id}: {{enabled: false}}\n");
    check(&unknown("put-imgae"), &[("unknown-rule", 2, 3, "write `put-image`")]);
    check(&unknown("Put Image"), &[("unknown-rule", 2, 3, "write `put-image`")]);
    check(&unknown("Root"), &[("unknown-rule", 2, 3, "write `root-use`")]);
    let help = "remove it, or look the id up: `trailbell rules` lists all ids";
    check(&unknown("something-else-entirely"), &[("unknown-rule", 2, 3, help)]);
    check(
        "overrides:\n  root-use: {enabled: true}\n  root-use: {notify: true}\n",
        &[("duplicate-key", 3, 3, "remove one of the two")],
    );
    check("overides:\n  root-use: {enabled: true}\n", &[("unknown-key", 1, 1, "write `overrides`")]);
    let form = "write the id of the rule, and below it, indented, the fields to change, such as `enabled: false`";
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
  no-such-rule: {}
  put-image: {suppressions: ['user in $robot']}\n",
        &[
            ("wrong-type", 3, 14, "write `enabled: false`"),
            ("unknown-key", 4, 5, "write `severity`"),
            ("bad-severity", 5, 15, "write 1 if an alert needs immediate action, 2 for review, 3 for audit"),
            ("bad-duration", 6, 13, "write `window: 1h`"),
            (
                "bad-threshold",
                7,
                16,
                "write 1 for an alert on every event, or `notify: false` for a rule that only counts",
            ),
            ("unknown-operator", 8, 30, "write `=`"),
            ("unknown-rule", 9, 3, help),
            ("unknown-list", 10, 39, "write `$robots`"),
        ],
    );
}

#[test]
fn a_threshold_must_fit_the_rule() {
    let rules = "rules:\n- {name: S, severity: 1, by: [user], sequence: [{filter: a = 1}, {filter: a = 2}]}
- {name: D, severity: 1, filter: a = 1, distinct: user, threshold: 5}\n";
    let changed = "overrides:\n  s: {window: 2h}\n  d: {threshold: 2}\n";
    let (set, _) = RuleSet::parse(rules).unwrap().0.overridden(changed).unwrap();
    assert_eq!((set.rules[0].window, set.rules[1].threshold), (SignedDuration::from_hours(2), 2));
    let overrides = "overrides:\n  s: {threshold: 5}\n  d: {threshold: 1}\n";
    let expected = [
        ("not-in-sequence", 2, 7, "remove it: a sequence raises an alert once each of its steps has an event"),
        ("distinct", 3, 18, "write `threshold: 2` or more"),
    ];
    check_beside(rules, overrides, &expected);
    // The same where the rules file has an error elsewhere.
    let broken = rules.replace("severity: 1, by", "severity: 9, by");
    assert_eq!(beside_errors(overrides, &broken), ["not-in-sequence", "distinct"]);
}

#[test]
fn every_mistake_in_lists_and_accounts_is_reported_at_its_place() {
    let check = |overrides: &str, expected: &[_]| check_beside(LISTS, overrides, expected);
    let entry = "write each list as `name: [\"one\", \"two\"]`, or as `name: []` if it has no items";
    let account = "write each account as `\"111122223333\": production`";
    let absent = "write a value, or remove the key";
    check("lists: [a]", &[("wrong-type", 1, 8, entry)]);
    check("lists:\naccounts:\n", &[("missing-value", 1, 1, absent), ("missing-value", 2, 1, absent)]);
    check("list: {tools: [a]}", &[("unknown-key", 1, 1, "write `lists`")]);
    check("accounts: [a]", &[("wrong-type", 1, 11, account)]);
    check(
        "{}",
        &[("missing-field", 1, 1, "write `overrides:`, and below it the id of each rule with the fields to change")],
    );
    check(
        "lists:
  partner: ['111122223333']
  something-else-entirely: [a]
  partners: 111122223333
  tools: []
  extras: [0123, ~, [a], {b: c}]\n",
        &[
            ("unknown-list", 2, 3, "write `partners`; a list of your own needs a name that is less similar"),
            ("wrong-type", 4, 13, entry),
            ("leading-zero", 6, 12, "quote it: `\"0123\"`"),
            ("wrong-type", 6, 18, "write text, such as `\"admin\"`, or a number"),
            ("wrong-type", 6, 21, "write text, such as `\"admin\"`, or a number"),
            ("wrong-type", 6, 26, "write text, such as `\"admin\"`, or a number"),
        ],
    );
    check(
        "lists: {tools: [a], tools: [b]}\naccounts: {'111122223333': a, '111122223333': b}\n",
        &[("duplicate-key", 1, 21, "remove one of the two"), ("duplicate-key", 2, 31, "remove one of the two")],
    );
    check(
        "accounts:
  11112222333: a
  production: '111122223333'
  '111122223333': ' '
  '111122223334': [a]\n",
        &[
            ("bad-account", 2, 3, account),
            ("bad-account", 3, 3, account),
            ("bad-account", 4, 19, "write a short name, such as `production`"),
            ("wrong-type", 5, 19, "write one text; put it in quotes or in a block (`|`) if it begins with `[` or `{`"),
        ],
    );
    // A value that filters of the rules file do not accept is reported once at the item, however many filters use the list.
    check(
        "overrides:
  partner: {suppressions: [userAgent contains $partners]}
lists:
  tools: [a, 5, b]
  partners: ['000000000000', 444455556666]\n",
        &[
            ("wrong-operand", 2, 47, "quote it: `\"444455556666\"`"),
            ("wrong-operand", 4, 14, "quote it: `\"5\"`"),
            ("wrong-operand", 5, 30, "quote it: `\"444455556666\"`"),
        ],
    );
}

#[test]
fn mistakes_in_both_files_are_reported_together() {
    let codes = |rules: &str, overrides: &str| {
        assert!(RuleSet::parse(rules).is_err());
        beside_errors(overrides, rules)
    };
    let unknown =
        "overrides:\n  gone: {enabled: false}\n  root-use: {severity: 9, suppressions: ['user in $robots']}\n";
    assert_eq!(codes(&RULES.replace("severity: 3", "severity: 5"), unknown), ["unknown-rule", "bad-severity"]);
    // The override may be meant for the rule whose id is broken.
    assert_eq!(codes(&RULES.replace("id: root-use", "id: ROOT"), unknown), ["bad-severity"]);
    assert_eq!(codes("rules: [", unknown), ["bad-severity"]);

    let lists = "lists: {robot: [a], robots: []}\noverrides: {put-image: {suppressions: [user in $robots]}}\n";
    assert_eq!(codes(&RULES.replace("severity: 3", "severity: 5"), lists), ["unknown-list"]);
    // With a misspelled `lists`, the names of the lists are unknown.
    assert_eq!(codes(&RULES.replace("lists:", "list:"), lists), [""; 0]);
    assert_eq!(codes("rules: 5", unknown), ["bad-severity", "unknown-list"]);
}

#[test]
fn every_command_reads_it() {
    let overrides = "overrides:\n  put-image:\n    severity: 1\n    suppressions: ['userIdentity.userName = \"ci\"']\n";
    let root = folder(
        "overrides",
        &[("rules.yaml", RULES.as_bytes()), ("overrides.yaml", overrides.as_bytes()), ("put.json", PUT.as_bytes())],
    );
    let path = |name: &str| root.join(name).display().to_string();
    let (rules, file) = (path("rules.yaml"), path("put.json"));
    let run = |arguments: &[&str], status: i32, expected: &str| {
        let ran = trailbell(arguments);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.status, status, "{arguments:?}\n{all}");
        assert!(all.contains(expected), "{arguments:?}\n{all}");
    };
    let tally = format!("{rules}, {}: 2 rules, 0 errors, 1 warning", path("overrides.yaml"));
    // The warning is about a list that no filter uses.
    run(&["check", &rules], 0, &tally);
    // The tests of a rule use the rule without overrides.
    run(&["test", &rules], 0, "1 passed, 0 failed");
    run(&["scan", "--rules", &rules, "--format", "jsonl", &file], 0, r#""suppressed":true"#);
    run(&["explain", "--rules", &rules, "put-image", &file], 0, "suppression 2 of 2: holds");
    run(&["preview", "--rules", &rules, "put-image", &file], 0, "The match is suppressed");
    run(&["coverage", "--rules", &rules], 0, "Put Image (1)");

    let wrong = "overrides:\n  put-imgae: {}\n";
    let pack = format!("# pack: trailbell\n{RULES}");
    let root = folder(
        "overrides-wrong",
        &[("rules.yaml", pack.as_bytes()), ("overrides.yaml", wrong.as_bytes()), ("put.json", PUT.as_bytes())],
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
    let shown = trailbell(&["check", "--format", "json", &rules]).stdout;
    let json: Value = serde_json::from_str(shown.lines().last().unwrap()).unwrap();
    assert_eq!((&json["line"], &json["column"], &json["code"]), (&json!(2), &json!(3), &json!("unknown-rule")));
    assert_eq!(json["path"], root.join("overrides.yaml").display().to_string());
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let root = folder(
        "overrides-unreadable",
        &[("rules.yaml", RULES.as_bytes()), ("overrides.yaml", b"# caf\xe9\n"), ("put.json", PUT.as_bytes())],
    );
    let ran = trailbell(&["check", &root.join("rules.yaml").display().to_string()]);
    let path = root.join("overrides.yaml").display().to_string();
    assert_eq!(ran.status, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains(&format!("{path} is not UTF-8: byte 5 is")), "{}", ran.stderr);
    // A rules file of that name has no overrides.
    fs::write(root.join("overrides.yaml"), RULES).unwrap();
    let ran = trailbell(&["check", &path]);
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    fs::remove_file(root.join("overrides.yaml")).unwrap();
    let ran = trailbell(&["check", &path]);
    assert_eq!(ran.status, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains(&format!("{path} cannot be read: ")), "{}", ran.stderr);
}

#[test]
fn every_command_uses_the_lists_and_the_accounts() {
    let record = |account: &str| {
        let record = json!({"eventVersion": "1.08", "eventTime": "2026-03-02T09:00:00Z", "eventName": "AssumeRole",
            "eventSource": "sts.amazonaws.com", "eventID": account, "recipientAccountId": account,
            "userIdentity": {"type": "AWSAccount", "accountId": account}});
        record.to_string()
    };
    let overrides = "lists: {partners: ['012345678901']}\naccounts: {'012345678901': the auditors}\n";
    let (partner, stranger) = (record("000000000000"), record("012345678901"));
    let root = folder(
        "overrides-lists",
        &[
            ("rules.yaml", LISTS.as_bytes()),
            ("overrides.yaml", overrides.as_bytes()),
            ("partner.json", partner.as_bytes()),
            ("mine.json", stranger.as_bytes()),
        ],
    );
    let path = |name: &str| root.join(name).display().to_string();
    let (rules, partner, mine) = (path("rules.yaml"), path("partner.json"), path("mine.json"));
    let run = |arguments: &[&str], status: i32, expected: &str| {
        let ran = trailbell(arguments);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.status, status, "{arguments:?}\n{all}");
        assert!(all.contains(expected), "{arguments:?}\n{all}");
    };
    // The warnings are about a list that no filter uses, and about a suppression by user agent.
    run(&["check", &rules], 0, "3 rules, 0 errors, 2 warnings");
    // The test of the rule needs 000000000000 as a partner, as it is without overrides.
    run(&["test", &rules], 0, "1 passed, 0 failed");
    run(&["scan", "--rules", &rules, &partner], 0, "SEV2  Stranger");
    run(&["scan", "--rules", &rules, &mine], 0, "SEV3  Partner");
    run(&["explain", "--rules", &rules, "stranger", &mine], 0, "Stranger: does not match");
    run(&["preview", "--rules", &rules, "partner", &mine], 0, "the auditors");
    run(&["coverage", "--rules", &rules], 0, "Partner");

    fs::write(root.join("overrides.yaml"), "lists: {tools: [5]}\n").unwrap();
    let place = format!("{}:1:17", path("overrides.yaml"));
    run(&["check", &rules], 1, &place);
    for command in ["scan", "explain", "preview"] {
        let rule: &[&str] = if command == "scan" { &[] } else { &["partner"] };
        run(&[&[command, "--rules", &rules], rule, &[&*mine]].concat(), 2, &place);
    }
    run(&["test", &rules], 2, &place);
    run(&["coverage", "--rules", &rules], 2, &place);
}

#[test]
fn a_warning_about_a_replaced_list_is_in_the_overrides() {
    let check = |overrides: &str, expected: &[(&str, usize)]| {
        let rules = "lists:
  names: [PutImage, ' ListImages']
rules:
  - {name: One, severity: 3, filter: 'eventName in $names and eventSource = \"ecr.amazonaws.com\"'}
  - {name: Two, severity: 3, filter: 'awsRegion = \"eu-west-1\" and eventName in $names'}
";
        let (rules, _) = RuleSet::parse(rules).unwrap().0.overridden(overrides).unwrap();
        // The rules file has a warning about its own list.
        let of_rules: Vec<_> = lint::check(&rules, None).iter().map(|finding| finding.title.clone()).collect();
        assert_eq!(of_rules, ["`\" ListImages\"` begins or ends with a blank"; 2], "{overrides}");
        let found = lint::check_overrides(&rules, None);
        let found: Vec<_> = found.iter().map(|one| (one.title.as_str(), one.span.start)).collect();
        assert_eq!(found, expected, "{overrides}");
    };
    check("", &[]);
    check("lists: {names: [PutImage]}", &[]);
    check("lists: {names: [PutImage, ' ListImages']}", &[]);
    check("lists: {names: [' PutImage']}", &[("`\" PutImage\"` begins or ends with a blank", 8)]);
}
