//! Rules of one's own beside those that ship: which files are read, in which order, and where findings point.

use std::fs;
#[cfg(unix)]
use std::os::unix::fs::symlink;

use serde_json::Value;
use trailbell::{
    diagnostic::{Level, line_column},
    lint,
    record::Record,
    rule::{LoadedRules, Sources},
};

use crate::command::{Ran, command, folder, loaded, ran, sources, trailbell, trailbell_reading};

const PACK: &str = "# pack: trailbell
lists:
  robots: [ci]
rules:
  - {name: Put Image, severity: 3, filter: eventName = \"PutImage\" and not user in $robots and errorCode = null}
";
const OWN: &str = "lists: {people: [ada]}
accounts: {\"111122223333\": ours}
rules:
  - {name: Ada, severity: 3, filter: eventName = \"PutImage\" and user in $people and not user in $robots, title: ada}
";
const RECORD: &str = r#"{"eventVersion":"1.08","eventTime":"2026-03-02T09:00:00Z","eventName":"PutImage","eventID":"1","userIdentity":{"type":"IAMUser","userName":"ada"}}"#;

/// Runs in a folder.
fn within(folder: &std::path::Path, arguments: &[&str]) -> Ran {
    ran(command(arguments).current_dir(folder).output().unwrap())
}

/// The place of each finding, `file:line:column`, with its code.
fn places(sources: &Sources) -> Vec<String> {
    let place = |finding: &trailbell::diagnostic::Diagnostic| {
        let file = sources.file_of(finding.span).unwrap();
        let (line, column) = line_column(&file.text, file.located().local(finding.span).start);
        format!("{}:{line}:{column} {}", file.path, finding.code)
    };
    LoadedRules::read(sources).findings.iter().map(place).collect()
}

#[test]
fn lists_are_those_of_all_files_and_own_rules_come_first() {
    let loaded = loaded(&[PACK, OWN], None);
    assert_eq!(loaded.findings, []);
    let ids: Vec<_> = loaded.rules.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["ada", "put-image"]);
    assert_eq!(loaded.rules.accounts.name("111122223333"), Some("ours"));
    assert_eq!(lint::check(&loaded.rules, None), []);
}

#[test]
fn of_two_alerts_of_one_severity_the_own_one_covers_the_other() {
    let root = folder(
        "folder-rank",
        &[("rules.yaml", PACK.as_bytes()), ("rules.d/own.yaml", OWN.as_bytes()), ("put.json", RECORD.as_bytes())],
    );
    let ran = within(&root, &["scan", "--alerts", "--format", "jsonl", "put.json"]);
    let alerts: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(alerts.len(), 1, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(alerts[0]["id"], "ada");
}

#[test]
fn a_mistake_is_shown_in_the_file_that_holds_it() {
    let wrong = "rules:\n  - {name: Bad, severity: 9, filter: eventName == \"A\"}\n";
    let sources = sources(&[wrong, PACK, "rules: ["], Some("overrides: {put-image: {severity: 7}}\n"));
    assert_eq!(
        places(&sources),
        [
            "1.yaml:2:27 bad-severity",
            "1.yaml:2:48 unknown-operator",
            "3.yaml:1:8 bad-yaml",
            "overrides.yaml:1:35 bad-severity"
        ]
    );
}

#[test]
fn ids_names_lists_and_accounts_are_unique_over_all_files() {
    let other = "lists: {robots: [x], mine: [y]}
accounts: {\"111122223333\": theirs, \"111122223334\": more}
rules:
  - {name: Put Image, severity: 3, filter: eventName = \"B\" and user in $mine}
  - {name: Else, id: ada, severity: 3, filter: eventName = \"C\"}
";
    let sources = sources(&[PACK, OWN, other], None);
    assert_eq!(
        places(&sources),
        [
            "3.yaml:1:9 duplicate-list",
            "3.yaml:2:12 duplicate-account",
            "3.yaml:4:12 duplicate-name",
            "3.yaml:5:22 duplicate-id"
        ]
    );
    let findings = LoadedRules::read(&sources).findings;
    insta::assert_snapshot!(sources.render(&findings[..1], false).trim_end(), @"
    error[duplicate-list]: two files have a list `robots`
     --> 3.yaml:1:9
      |
    1 | lists: {robots: [x], mine: [y]}
      |         ^^^^^^ the second one
      |
     ::: 1.yaml:3:3
      |
    3 |   robots: [ci]
      |   ------ the first one
      |
      = help: give one of the two another name; to replace a list of the rules that ship, write it into `overrides.yaml`
    ");
}

#[test]
fn lints_of_rules_that_parse_are_shown_beside_errors() {
    let rules = "lists: {unused: [a]}
rules:
  - {name: A, severity: 9, filter: eventName = \"PutImage\"}
  - {name: B, severity: 3, filter: eventName = \" PutImage\"}
";
    let loaded = loaded(&[rules], None);
    assert!(!loaded.is_usable());
    let found = lint::check(&loaded.rules, None);
    let codes: Vec<_> = found.iter().map(|finding| finding.code).collect();
    // The rule with the error may be the one that uses the list.
    assert!(codes.contains(&"edge-blanks") && !codes.contains(&"unused-list"), "{codes:?}");
}

#[test]
fn a_list_in_a_file_that_cannot_be_read_is_not_unknown() {
    let broken = "lists: {people: [ada]\nrules: []\n";
    let sources = sources(&[PACK, "rules:\n  - {name: A, severity: 3, filter: user in $people}\n", broken], None);
    assert!(places(&sources).iter().all(|place| place.starts_with("3.yaml")), "{:?}", places(&sources));
}

#[test]
fn overrides_change_every_field_that_they_may() {
    let overrides = "overrides:
  ada:
    title: '{{user}} pushes'
    description: 'New: {{user}}'
    runbook: https://example.com/runbook
    tags: [team.images]
    aggregate_fields: [user]
    threshold: 3
    distinct: requestParameters.repositoryName
    alone: true
    follow_up: false
timezone: Europe/Berlin
lists: {added: [x]}
";
    let loaded = loaded(&[PACK, OWN], Some(overrides));
    assert_eq!(loaded.findings, []);
    let ada = loaded.rules.find("ada").unwrap();
    let record = Record::new(serde_json::from_str(RECORD).unwrap()).unwrap();
    let fields =
        |fields: &[trailbell::rule::FieldPath]| fields.iter().map(|field| field.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(ada.title.as_ref().unwrap().fill(&record), "ada pushes");
    assert_eq!(ada.description.as_deref(), Some("New: {{user}}"));
    assert_eq!(ada.advice.as_ref().unwrap().fill(&record), "New: ada");
    assert_eq!(ada.runbook.as_deref(), Some("https://example.com/runbook"));
    assert_eq!(ada.tags, ["team.images"]);
    assert_eq!(fields(ada.aggregate_fields.as_ref().unwrap()), ["user"]);
    assert_eq!(fields(std::slice::from_ref(ada.distinct.as_ref().unwrap())), ["requestParameters.repositoryName"]);
    assert_eq!((ada.threshold, ada.alone, ada.follow_up), (3, true, Some(false)));
    assert_eq!(loaded.rules.timezone.name(), "Europe/Berlin");
}

#[test]
fn an_override_that_does_not_fit_the_rule_is_refused() {
    let rules = "rules:
- {name: S, severity: 1, by: [user], sequence: [{filter: eventName = \"A\"}, {filter: eventName = \"B\"}]}
- {name: F, severity: 1, filter: eventName = \"A\", first_seen: {fields: [ip]}}
- {name: E, severity: 1, filter: eventName = \"A\"}
";
    let overrides = "overrides:
  s: {aggregate_fields: [user], distinct: user}
  f: {distinct: user, threshold: 2}
  e: {distinct: user}
";
    let found = places(&sources(&[rules], Some(overrides)));
    let expected = ["2:7 not-in-sequence", "2:33 not-in-sequence", "3:7 distinct", "4:7 distinct"];
    assert_eq!(found, expected.map(|place| format!("overrides.yaml:{place}")));
}

/// An `overrides.yaml` of the rules that ship can be beside rules of other files, such as those of a walk-through.
#[test]
fn overrides_of_rules_that_are_not_loaded_are_passed_over() {
    let overrides = "overrides: {put-image: {severity: 1}, adda: {severity: 3}}\nlists: {robots: [x]}\n";
    let alone = "rules:\n  - {name: Ada, severity: 2, filter: eventName = \"PutImage\"}\n";
    let loaded = loaded(&[alone], Some(overrides));
    assert_eq!(loaded.passed_over, ["adda", "put-image"]);
    // An id that is nearly one of those that are loaded is likely to be that one.
    let found: Vec<_> = loaded.findings.iter().map(|finding| (finding.level, finding.code)).collect();
    assert_eq!(found, [(Level::Warning, "unknown-rule")]);
    // Beside the rules that ship, it is an error.
    let loaded = self::loaded(&[PACK, alone], Some(overrides));
    let found: Vec<_> = loaded.findings.iter().map(|finding| (finding.level, finding.code)).collect();
    assert_eq!(found, [(Level::Error, "unknown-rule")]);
    assert!(loaded.passed_over.is_empty());
}

#[test]
fn a_rule_may_use_a_list_that_only_the_overrides_have() {
    let rule = "rules:\n  - {name: A, severity: 3, filter: eventName = \"A\" and user in $mine}\n";
    assert_eq!(loaded(&[rule], Some("lists: {mine: [ada]}\n")).findings, []);
    assert_eq!(loaded(&[rule], None).findings[0].code, "unknown-list");
}

/// What a list is filled with decides tests of own rules, not those of rules that ship, which have to pass for every user.
#[test]
fn tests_of_own_rules_use_the_lists_in_force() {
    let pack = PACK.replace("errorCode = null}", "errorCode = null, tests: [{match: put.json}]}");
    let own = OWN.replace("title: ada}", "title: ada, tests: [{no_match: ../put.json}]}");
    let files: [(&str, &[u8]); 4] = [
        ("rules.yaml", pack.as_bytes()),
        ("rules.d/own.yaml", own.as_bytes()),
        ("put.json", RECORD.as_bytes()),
        ("overrides.yaml", b"lists: {robots: [ada]}\noverrides: {ada: {suppressions: ['eventName = \"PutImage\"']}}\n"),
    ];
    let root = folder("folder-lists", &files);
    let ran = within(&root, &["test"]);
    assert_eq!(
        (ran.status, ran.stdout.lines().last()),
        (0, Some("2 passed, 0 failed")),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
}

#[test]
fn every_command_reads_the_whole_folder() {
    let own = OWN.replace("title: ada", "title: ada, tests: [{match: put.json}, {no_match: ../bob.json}]");
    let bob = RECORD.replace("ada", "bob");
    let root = folder(
        "folder-commands",
        &[
            ("rules.yaml", PACK.as_bytes()),
            ("rules.d/team/own.yaml", own.as_bytes()),
            ("rules.d/team/put.json", RECORD.as_bytes()),
            ("rules.d/B.YML", b"accounts: {\"111122223334\": b}"),
            ("rules.d/bob.json", bob.as_bytes()),
            ("rules.d/.own.yaml.swp.yaml", b"not yaml: ["),
            ("overrides.yaml", b"overrides: {ada: {severity: 1, aggregate_fields: [principal, request]}}\n"),
        ],
    );
    let run = |arguments: &[&str], status: i32, expected: &str| {
        let ran = within(&root, arguments);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.status, status, "{arguments:?}\n{all}");
        assert!(all.contains(expected), "{arguments:?}\n{all}");
    };
    run(
        &["check"],
        0,
        "rules.d/B.YML, rules.d/team/own.yaml, rules.yaml and 1 more file: 2 rules, 0 errors, 0 warnings",
    );
    run(&["test"], 0, "2 passed, 0 failed");
    run(&["scan", "rules.d/team/put.json"], 0, "SEV1  Ada");
    run(&["explain", "ada", "rules.d/team/put.json"], 0, "Ada: matches");
    run(&["preview", "ada", "rules.d/team/put.json"], 0, "SEV1");
    run(&["rules", "ADA"], 0, "SEV1  on   ada  Ada  rules.d/team/own.yaml:4");
    run(&["rules", "adda"], 0, "no rule has `adda` in its id, name, tags or file; is it `ada`?");
    run(&["lists"], 0, "people");
    run(&["coverage"], 0, "Ada");
    run(&["report", "--out", "-", "rules.d/team/put.json"], 0, "Ada");
    run(&["sql", "--dialect", "duckdb", "--rule", "ada", "."], 0, "ada");
    run(&["suppress", "ada", "rules.d/team/put.json", "--by", "principal"], 0, "Add this to overrides.yaml");
    // The same by path, and single files.
    let path = root.display().to_string();
    let ran = trailbell(&["check", &path]);
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    run(&["check", "rules.yaml"], 0, "2 rules");
    run(&["check", "rules.d/team/own.yaml", "rules.yaml"], 0, "2 rules");
    run(&["check", "./rules.yaml", "rules.d/../rules.d/team/own.yaml"], 0, "2 rules");
    run(&["check", "rules.d"], 1, "there is no list `$robots`");
    run(&["check", "-"], 1, "the file is empty");
    let ran =
        trailbell_reading(&["check", "-"], b"rules:\n  - {name: A, severity: 3, filter: eventName = \"PutImage\"}\n");
    assert!(ran.stdout.contains("-: 1 rule, 0 errors"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn without_a_rules_file_the_rules_that_ship_are_used() {
    let own = "rules:\n  - {name: Ada, severity: 3, filter: eventName = \"PutImage\" and not principal in $automation_roles, tests: [{match: put.json}]}\n";
    let root =
        folder("folder-shipped", &[("rules.d/own.yaml", own.as_bytes()), ("rules.d/put.json", RECORD.as_bytes())]);
    let ran = within(&root, &["scan", "rules.d/put.json"]);
    assert!(ran.stdout.contains("SEV3  Ada"), "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stderr.contains("note: no rules.yaml here, so these are the rules that ship with trailbell 0.1.0"),
        "{}",
        ran.stderr
    );
    let ran = within(&root, &["test"]);
    assert_eq!(
        (ran.status, ran.stdout.lines().last()),
        (0, Some("1 passed, 0 failed")),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    let ran = within(&root, &["check", "--deny", "warnings"]);
    assert_eq!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);
    let empty = folder("folder-nothing", &[("put.json", RECORD.as_bytes())]);
    let ran = within(&empty, &["rules", "root"]);
    assert!(ran.stdout.contains("rules.yaml of trailbell 0.1.0:"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn files_that_cannot_be_rules_are_refused_clearly() {
    let root = folder(
        "folder-bad",
        &[
            ("rules.yaml", PACK.as_bytes()),
            ("rules.d/latin.yaml", b"# caf\xe9\n"),
            ("nothing/readme.txt", b"x"),
            ("one/rules.yaml", PACK.as_bytes()),
            ("one/overrides.yaml", b"{}"),
            ("two/a.yaml", b"rules: [{name: A, severity: 3, filter: eventName = \"A\"}]"),
            ("two/overrides.yaml", b"accounts: {}"),
        ],
    );
    let run = |arguments: &[&str], status: i32, expected: &str| {
        let ran = within(&root, arguments);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.status, status, "{arguments:?}\n{all}");
        assert!(all.contains(expected), "{arguments:?}\n{all}");
    };
    run(&["check"], 2, "rules.d/latin.yaml is not UTF-8: byte 5");
    run(
        &["check", "nothing"],
        2,
        "nothing has no rules: there is no `rules.yaml`, no `rules.d` and no other `*.yaml` in it",
    );
    run(&["check", "gone.yaml"], 2, "gone.yaml cannot be read");
    run(&["check", "one", "two"], 2, "both one/overrides.yaml and two/overrides.yaml are overrides");
    fs::write(root.join("rules.d/latin.yaml"), "").unwrap();
    run(&["check"], 0, "warning[no-rules]: the file is empty");
    run(&["check", "--deny", "warnings"], 1, "; warnings are denied");
    fs::write(root.join("rules.d/latin.yaml"), vec![b'#'; 6 << 20]).unwrap();
    run(&["check"], 2, "rules.d/latin.yaml has more than 5 MiB: a rules file has at most 4");
    fs::write(root.join("rules.d/latin.yaml"), PACK).unwrap();
    run(&["check"], 1, "duplicate-name");
    fs::remove_file(root.join("rules.d/latin.yaml")).unwrap();
    #[cfg(unix)]
    {
        symlink("..", root.join("rules.d/circle")).unwrap();
        run(&["check"], 2, "rules.d/circle is a link in a circle");
        fs::remove_file(root.join("rules.d/circle")).unwrap();
        symlink("gone", root.join("rules.d/dangling.yaml")).unwrap();
        run(&["check"], 2, "rules.d/dangling.yaml cannot be read: No such file or directory (os error 2)\n");
        fs::remove_file(root.join("rules.d/dangling.yaml")).unwrap();
    }
    for number in 0..1000 {
        let rule = format!(
            "rules:\n  - {{name: R{number}, severity: 3, filter: eventName = \"PutImage\" and user = \"{number}\"}}\n"
        );
        fs::write(root.join(format!("rules.d/{number:04}.yaml")), rule).unwrap();
    }
    run(&["check"], 0, "rules.d/0000.yaml, rules.d/0001.yaml, rules.d/0002.yaml and 998 more files: 1001 rules");
}

#[test]
fn findings_are_also_json_annotations_and_sarif() {
    let own = "rules:\n  - {name: Ünd, severity: 3, filter: eventName = \" PutImage\"}\n  - {name: Ünd, id: x, severity: 4, filter: eventName = \"A\"}\n";
    let root = folder("folder-formats", &[("rules.yaml", PACK.as_bytes()), ("rules.d/a b.yaml", own.as_bytes())]);
    let ran = within(&root, &["check", "--format", "sarif"]);
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["version"], "2.1.0");
    let run = &document["runs"][0];
    let ids: Vec<&str> =
        run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        assert!(ids.contains(&result["ruleId"].as_str().unwrap()), "{result}");
        assert!(matches!(result["level"].as_str().unwrap(), "error" | "warning" | "note"), "{result}");
        assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "rules.d/a%20b.yaml");
    }
    let named = results.iter().find(|result| result["ruleId"] == "duplicate-name").unwrap();
    // `Ünd` is one character longer in bytes.
    let region = &named["locations"][0]["physicalLocation"]["region"];
    assert_eq!(
        [&region["startLine"], &region["startColumn"], &region["endColumn"]].map(|one| one.as_u64().unwrap()),
        [3, 12, 15]
    );
    assert_eq!(named["relatedLocations"][0]["message"]["text"], "the first one");
    let ran = within(&root, &["check", "--format", "github"]);
    assert!(
        ran.stdout.contains("::error file=rules.d/a b.yaml,line=3,col=12,title=duplicate-name::"),
        "{}",
        ran.stdout
    );
}
