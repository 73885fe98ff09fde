//! Measures of messages on published logs: they are printed, and they have bounds.

use std::{collections::BTreeMap, fs, path::Path};

use trailbell::{
    alert::{Alert, Format, render},
    engine::{Engine, Evaluated, Scratch},
    log_file::RawRecord,
    rule::RuleSet,
};

use crate::real_logs;

/// The subjects of the alerts of all rules on these records, one for a rule, a principal and an event, with whether the rule's
/// name in front of the title would have had it cut.
fn subjects(logs: &Path) -> Vec<(String, bool)> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules.yaml")).unwrap();
    let (engine, mut scratch) = (Engine::new(RuleSet::parse(&text).unwrap().0), Scratch::default());
    let mut subjects = BTreeMap::new();
    for record in real_logs::records(logs, 100) {
        let text = record.to_string();
        let found = engine.evaluate(RawRecord::of(text.as_bytes()), &mut scratch);
        let Evaluated::Record { findings, .. } = found else { panic!("{text}") };
        for finding in findings {
            let (name, who) = (finding.rule.name.clone(), finding.record.principal_name());
            let event = finding.record.at(&["eventName"]);
            let alert = Alert::new(finding, None, engine.accounts());
            let with_name = format!("SEV1 {name}: {}", alert.title()).chars().count() > 99;
            let subject = render(Format::TEXT, &alert).subject;
            subjects.entry((name, who, event)).or_insert((subject, with_name));
        }
    }
    subjects.into_values().collect()
}

fn check(logs: &Path) {
    let subjects = subjects(logs);
    let of = |is: &dyn Fn(&(String, bool)) -> bool| subjects.iter().filter(|subject| is(subject)).count();
    let (cut, with_name) = (of(&|(subject, _)| subject.contains("...")), of(&|(_, with_name)| *with_name));
    let undefined = of(&|(subject, _)| subject.contains("undefined"));
    let ends = of(&|(subject, _)| subject.ends_with("..."));
    println!(
        "of {} subjects {cut} are cut, {ends} of them at the end; {with_name} with names of rules",
        subjects.len()
    );
    assert!(subjects.len() > 100 && undefined == 0, "{undefined} of {}", subjects.len());
    assert!(cut * 4 < subjects.len() && cut * 2 < with_name, "{cut} of {}, {with_name} with names", subjects.len());
    assert!(ends * 10 < subjects.len(), "{ends} of {}", subjects.len());
}

#[test]
fn few_subjects_are_cut() {
    check(&real_logs::sample());
}

#[test]
#[ignore = "needs ../shared/data"]
fn few_subjects_are_cut_on_all_published_logs() {
    check(&real_logs::all());
}
