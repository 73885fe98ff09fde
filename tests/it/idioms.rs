//! The idioms of the language reference match what their questions ask for, and nothing close to it.
//!
//! `tests/cases/idioms.yaml` holds the tests of each idiom, by its heading. An idiom and its tests become a rules file.

use std::{collections::BTreeMap, fmt::Write};

use trailbell::filter::{REFERENCE, idioms};

use crate::{
    command::{folder, trailbell},
    own_rules::unneeded,
};

const CASES: &str = include_str!("../cases/idioms.yaml");

/// The tests of an idiom, as YAML.
fn cases() -> BTreeMap<&'static str, String> {
    let mut cases = BTreeMap::<_, String>::new();
    let mut heading = "";
    for line in CASES.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('"') {
            heading = name.strip_suffix("\":").unwrap();
            assert!(cases.insert(heading, String::new()).is_none(), "`{heading}` is there twice");
        } else if !line.is_empty() {
            let _ = writeln!(cases.get_mut(heading).unwrap(), "    {line}");
        }
    }
    cases
}

/// The headings of the idioms, and their text.
fn sections() -> Vec<(&'static str, &'static str)> {
    idioms().split("\n### ").skip(1).map(|section| section.split_once('\n').unwrap()).collect()
}

/// The one block of that language.
fn block<'a>(section: &'a str, language: &str) -> Option<&'a str> {
    let (_, rest) = section.split_once(&format!("```{language}\n"))?;
    Some(rest.split_once("```").unwrap().0)
}

/// The rules file of an idiom without its tests.
fn rules(heading: &str, section: &str) -> String {
    let Some(filter) = block(section, "text") else {
        return block(section, "yaml")
            .unwrap_or_else(|| panic!("`{heading}` has neither a filter nor a rule"))
            .to_owned();
    };
    let mut rules = format!("rules:\n  - name: \"{heading}\"\n    severity: 3\n    filter: |-\n");
    for line in filter.lines() {
        let _ = writeln!(rules, "      {line}");
    }
    rules
}

/// The rules file of an idiom with its tests.
fn tested(heading: &str, section: &str, tests: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let tests = tests.replace(": events/", &format!(": {root}/events/")).replace(": docs/", &format!(": {root}/docs/"));
    format!("{}    tests:\n{tests}", rules(heading, section))
}

#[test]
fn idioms_match_what_they_ask_for() {
    let mut cases = cases();
    let sections = sections();
    assert!(sections.len() > 17, "{}", sections.len());
    for (heading, section) in sections {
        let tests = cases.remove(heading).unwrap_or_else(|| panic!("tests/cases/idioms.yaml has no `{heading}`"));
        let silent = |test: &str| test.starts_with("no_match: ") || test.starts_with("alerts: 0");
        let (silent, raised): (Vec<_>, Vec<_>) =
            tests.lines().filter_map(|line| line.strip_prefix("      - ")).partition(|test| silent(test));
        assert!(
            !silent.is_empty() && !raised.is_empty(),
            "`{heading}` needs a record that matches, and one that does not"
        );
        let count = silent.len() + raised.len();
        let rules = tested(heading, section, &tests);
        let file = folder("idiom", &[("rules.yaml", rules.as_bytes())]).join("rules.yaml");
        let file = file.to_str().unwrap();
        let ran = trailbell(&["check", file]);
        let printed = ran.stdout + &ran.stderr;
        assert!(
            printed.contains("1 rule, 0 errors, 0 warnings"),
            "{heading}
{printed}"
        );
        let ran = trailbell(&["test", file]);
        assert_eq!(ran.stdout, format!("{count} passed, 0 failed\n"), "{heading}\n{}", ran.stderr);
    }
    assert!(cases.is_empty(), "the reference has no idioms of these headings: {:?}", cases.keys());
}

#[test]
fn idioms_are_a_topic_of_help_and_the_end_of_the_reference() {
    assert!(idioms().starts_with("## Idioms\n") && REFERENCE.ends_with(idioms()));
    assert_eq!(trailbell(&["help", "idioms"]).stdout, idioms());
}

#[test]
fn the_records_of_an_idiom_need_every_condition() {
    let cases = cases();
    let mut found = String::new();
    for (heading, section) in sections() {
        let rules = tested(heading, section, &cases[heading]);
        let (top, rule) = rules.split_once("rules:\n").unwrap();
        for condition in unneeded("idiom-conditions", top, rule, "") {
            let _ = writeln!(found, "{heading}: {condition}");
        }
    }
    assert!(found.is_empty(), "{found}");
}
