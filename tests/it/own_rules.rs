//! The page on own rules shows the rules of `docs/examples`, which pass their tests, and what its commands print.

use std::{collections::HashSet, fmt::Write, fs, path::Path};

use trailbell::{
    filter::{Filter, ast::Expr},
    rule::RuleSet,
};

use crate::{
    command::{command, folder, trailbell},
    pack_clauses::without_a_part,
};

const FILE: &str = "docs/examples/own-rules.yaml";

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The blocks of the page in that language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let begins = format!("\n```{language}\n");
    page.split(&begins).skip(1).map(|rest| rest.split_once("```").unwrap().0).collect()
}

/// What is before the rules of a file, and each rule.
fn parts(file: &str) -> (&str, Vec<&str>) {
    let (top, rules) = file.split_once("\nrules:\n").unwrap();
    let starts: Vec<usize> = rules.match_indices("\n  - name: ").map(|(at, _)| at + 1).collect();
    let ends = starts.iter().skip(1).copied().chain([rules.len()]);
    (top, starts.iter().zip(ends).map(|(&start, end)| rules[start..end].trim_end()).collect())
}

/// Where the filters of a rule are in its text, behind `filter: `.
fn filters(rule: &str) -> Vec<(usize, usize)> {
    let starts = rule.match_indices("filter: ").map(|(at, key)| at + key.len());
    let found = starts.map(|start| {
        let mut end = start;
        for (at, line) in rule[start..].split_inclusive('\n').enumerate() {
            if at > 0 && !(rule[start..].starts_with(['>', '|']) && line.starts_with("      ")) {
                break;
            }
            end += line.len();
        }
        (start, end)
    });
    found.collect()
}

/// Conditions that say all they mean, which the tests on a page may leave out.
const PLAIN: [&str; 4] = ["eventSource = ", "eventName = ", "eventName in ", "errorCode = null"];

/// The conditions of a rules file of one rule, with overrides beside it, that no test of the rule needs.
pub fn unneeded(name: &str, top: &str, rule: &str, overrides: &str) -> Vec<String> {
    let set = RuleSet::parse(&format!("{top}\nrules:\n{rule}\n")).unwrap().0;
    let mut found = Vec::new();
    for (start, end) in filters(rule) {
        let passes = |filter: &Expr| {
            let filter = serde_json::to_string(&filter.to_string()).unwrap();
            let rules = format!("{top}\nrules:\n{}{filter}\n{}\n", &rule[..start], &rule[end..]);
            let files = [("rules.yaml", rules.as_bytes()), ("overrides.yaml", overrides.as_bytes())];
            let file = folder(name, &files).join("rules.yaml");
            trailbell(&["test", file.to_str().unwrap()]).status == 0
        };
        let text = rule[start..end].trim_start_matches([' ', '>', '|', '-', '\n']);
        let filter = Filter::parse_with(text, &set.lists).unwrap();
        assert!(passes(filter.expr()), "{rule}");
        let parts = without_a_part(filter.expr(), &set.lists).into_iter();
        let parts = parts.filter(|(_, part)| !PLAIN.iter().any(|plain| part.starts_with(plain)));
        found.extend(parts.filter(|(changed, _)| passes(changed)).map(|(_, dropped)| dropped));
    }
    found
}

#[test]
fn the_examples_are_checked_and_tested() {
    let rules = RuleSet::parse(&read(FILE)).unwrap().0.rules;
    assert_eq!(rules.len(), 12);
    for rule in &rules {
        let tests = rule.tests.len() + rule.alert_tests.len();
        assert!(tests > 3 && rule.description.is_some(), "{}", rule.name);
    }
    let ran = trailbell(&["check", FILE]);
    let printed = ran.stdout + &ran.stderr;
    assert!(printed.contains("12 rules, 0 errors, 0 warnings"), "{printed}");
    let ran = trailbell(&["test", FILE]);
    let tests: usize = rules.iter().map(|rule| rule.tests.len() + rule.alert_tests.len()).sum();
    assert_eq!(ran.stdout, format!("{tests} passed, 0 failed\n"), "{}", ran.stderr);
}

#[test]
fn the_tests_of_the_examples_need_every_condition() {
    let file = read(FILE);
    let (top, rules) = parts(&file);
    let records = format!(": {}/docs/examples/records/", env!("CARGO_MANIFEST_DIR"));
    let mut found = String::new();
    for rule in rules {
        let overrides = read("docs/examples/overrides.yaml");
        for condition in unneeded("own-rules-conditions", top, &rule.replace(": records/", &records), &overrides) {
            let _ = writeln!(found, "{}: {condition}", rule.lines().next().unwrap());
        }
    }
    assert!(found.is_empty(), "{found}");
}

#[test]
fn every_record_of_the_examples_is_tested() {
    let rules = RuleSet::parse(&read(FILE)).unwrap().0.rules;
    let named: HashSet<&str> = rules
        .iter()
        .flat_map(|rule| {
            let records = rule.tests.iter().map(|test| test.record.as_str());
            records.chain(rule.alert_tests.iter().map(|test| test.events.as_str()))
        })
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/records");
    let there: HashSet<String> = folder
        .read_dir()
        .unwrap()
        .map(|entry| format!("records/{}", entry.unwrap().file_name().to_str().unwrap()))
        .collect();
    assert_eq!(there.iter().map(String::as_str).collect::<HashSet<_>>(), named);
}

#[test]
fn the_page_shows_the_examples() {
    let (page, file) = (read("docs/own-rules.md"), read(FILE));
    let shown: Vec<&str> = blocks(&page, "yaml").into_iter().filter(|block| block.starts_with("  - ")).collect();
    let (_, rules) = parts(&file);
    assert_eq!(shown.iter().map(|block| block.trim_end()).collect::<Vec<_>>(), rules);
    assert!(page.contains("has [twelve rules](#twelve-rules) to copy"));
    let lists = blocks(&page, "yaml").into_iter().find(|block| block.starts_with("lists:\n")).unwrap();
    assert!(lists.lines().all(|line| file.contains(&format!("{line}\n"))), "the file has other items than\n{lists}");
}

/// A reader begins in an empty folder, and types what the page has.
#[test]
fn the_page_shows_what_its_commands_print() {
    let page = read("docs/own-rules.md");
    let (record, rule) = (blocks(&page, "json")[0], blocks(&page, "yaml")[0]);
    assert_eq!(record, read("docs/examples/records/create-user.json"));
    let files = [("rules.d/own.yaml", rule.as_bytes()), ("rules.d/records/create-user.json", record.as_bytes())];
    let folder = folder("own-rules", &files);
    let examples = blocks(&page, "console");
    assert_eq!(examples.len(), 4);
    for example in examples {
        let (typed, shown) = example.split_once('\n').unwrap();
        let arguments: Vec<&str> = typed.strip_prefix("$ trailbell ").unwrap().split(' ').collect();
        let output = command(&arguments).current_dir(&folder).output().unwrap();
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(printed, shown, "{typed}");
    }
}
