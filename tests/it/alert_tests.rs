//! `trailbell test` on tests that count alerts: the numbers are counted by hand from the fields of the rule.

use std::fmt::Write;

use crate::command::{Ran, folder, trailbell};
use serde_json::{Value, json};

/// The rule with these fields and its tests, on files of events.
fn tested(name: &str, fields: &str, tests: &[&str], files: &[(&str, &[Value])]) -> Ran {
    let mut rules = format!("rules:\n- name: Reads\n  severity: 2\n{fields}  tests:\n");
    for test in tests {
        let _ = writeln!(rules, "  - {test}");
    }
    let root = folder(&format!("alert-tests-{name}"), &[("rules.yaml", rules.as_bytes())]);
    for (file, records) in files {
        std::fs::write(root.join(file), json!({"Records": records}).to_string()).unwrap();
    }
    let mut ran = trailbell(&["test", &root.join("rules.yaml").display().to_string()]);
    ran.stdout = ran.stdout.replace(&root.display().to_string(), "FOLDER");
    ran
}

/// An event of a user on the second of March, or on a later day.
fn event(id: u32, day: u32, time: &str, user: &str) -> Value {
    json!({"eventVersion": "1.08", "eventID": id.to_string(), "eventTime": format!("2026-03-{day:02}T{time}Z"),
        "eventName": "GetObject", "sourceIPAddress": "192.0.2.1", "userIdentity": {"type": "IAMUser", "userName": user}})
}

const FILTER: &str = "  filter: eventName = \"GetObject\"\n  aggregate_fields: [user]\n";

#[test]
fn a_threshold() {
    let fields = format!("{FILTER}  threshold: 3\n  window: 10m\n");
    let events: Vec<Value> = vec![
        event(1, 2, "09:00:00", "ada"),
        event(2, 2, "09:02:00", "ada"),
        event(3, 2, "09:02:30", "bob"),
        event(2, 2, "09:02:00", "ada"),
        event(4, 2, "09:04:00", "ada"),
    ];
    let ran = tested("threshold", &fields, &["{alerts: 1, events: e.json}"], &[("e.json", &events)]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "1 passed, 0 failed\n"));
    // The repeated event does not count.
    let ran = tested("few", &fields, &["{alerts: 0, events: e.json}"], &[("e.json", &events[..4])]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "1 passed, 0 failed\n"));
    let ran = tested(
        "wrong",
        &fields,
        &["{alerts: 2, events: e.json}", "{alerts: 0, events: e.json}"],
        &[("e.json", &events)],
    );
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(ran.stdout, @"
    FAILED Reads
           FOLDER/rules.yaml:9: e.json: the events must raise 2 alerts, but they raise 1
           2026-03-02T09:00:00Z to 2026-03-02T09:04:00Z, 3 events, user: ada

    FAILED Reads
           FOLDER/rules.yaml:10: e.json: the events must raise 0 alerts, but they raise 1
           2026-03-02T09:00:00Z to 2026-03-02T09:04:00Z, 3 events, user: ada

    0 passed, 2 failed
    ");
}

#[test]
fn what_does_not_count() {
    let events = [event(1, 2, "09:00:00", "ada"), event(2, 2, "09:04:00", "bob")];
    // A disabled and a muted rule are tested too; a suppressed event raises nothing.
    for more in ["  enabled: false\n", "  notify: false\n"] {
        let ran = tested("off", &format!("{FILTER}{more}"), &["{alerts: 2, events: e.json}"], &[("e.json", &events)]);
        assert_eq!((ran.status, ran.stdout.as_str()), (0, "1 passed, 0 failed\n"), "{more}");
    }
    let suppressed = format!("{FILTER}  suppressions: [user = \"bob\"]\n");
    let tests = ["{alerts: 1, events: e.json}", "{alerts: 0, events: e.json, set: {userIdentity.userName: bob}}"];
    let ran = tested("suppressed", &suppressed, &tests, &[("e.json", &events)]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "2 passed, 0 failed\n"));
}

#[test]
fn first_seen_learns_from_the_first_event_on() {
    let fields = format!("{FILTER}  first_seen: {{fields: [user], learning: 2d}}\n");
    let events = [
        event(1, 2, "09:00:00", "ada"),
        event(2, 3, "09:00:00", "bob"),
        event(3, 5, "09:00:00", "bob"),
        event(4, 5, "09:00:00", "eve"),
    ];
    let ran = tested("first-seen", &fields, &["{alerts: 1, events: e.json}"], &[("e.json", &events)]);
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "1 passed, 0 failed\n"));
}

#[test]
fn events_that_cannot_be_read() {
    let broken = [json!({"eventVersion": "1.08", "eventID": "1"}), json!(5)];
    let tests = [
        "{alerts: 0, events: gone.json}",
        "{alerts: 0, events: empty.json}",
        "{alerts: 0, events: broken.json}",
        "{alerts: 0, events: one.json, set: {eventID.x: 1}}",
    ];
    let one = [event(1, 2, "09:00:00", "ada")];
    let ran =
        tested("unreadable", FILTER, &tests, &[("empty.json", &[]), ("broken.json", &broken), ("one.json", &one)]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(ran.stdout, @"
    FAILED Reads
           FOLDER/rules.yaml:7: gone.json: No such file or directory (os error 2)

    FAILED Reads
           FOLDER/rules.yaml:8: empty.json: the file holds no record

    FAILED Reads
           FOLDER/rules.yaml:9: broken.json: record 1 cannot be read: a record must be an object and is a number

    FAILED Reads
           FOLDER/rules.yaml:10: one.json: record 0 cannot be changed as the test says: `eventID.x` cannot be set: the value that should contain `x` is not an object

    0 passed, 4 failed
    ");
}
