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
        event(2, 2, "09:04:00", "ada"),
        event(3, 2, "09:05:00", "bob"),
        event(2, 2, "09:04:00", "ada"),
        event(4, 2, "09:10:00", "ada"),
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
           2026-03-02T09:00:00Z to 2026-03-02T09:10:00Z, 3 events, user: ada
           4 of 5 events match the filter; 1 not counted, since the `eventID` came before
           `threshold` is 3 within 10m; the most is 3 events, of user: ada
           2 combinations of user; one alert covers each for 10m

    FAILED Reads
           FOLDER/rules.yaml:10: e.json: the events must raise 0 alerts, but they raise 1
           2026-03-02T09:00:00Z to 2026-03-02T09:10:00Z, 3 events, user: ada
           4 of 5 events match the filter; 1 not counted, since the `eventID` came before
           `threshold` is 3 within 10m; the most is 3 events, of user: ada
           2 combinations of user; one alert covers each for 10m

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
           FOLDER/rules.yaml:10: one.json: record 0 cannot be changed as the test says: `eventID.x` cannot be set: the value that should contain `x` is text: set the whole text, with the JSON in it

    0 passed, 4 failed
    ");
}

fn passes(name: &str, fields: &str, tests: &[(u64, &[Value])]) {
    let files: Vec<_> = tests.iter().enumerate().map(|(at, (_, events))| (format!("{at}.json"), *events)).collect();
    let files: Vec<_> = files.iter().map(|(name, events)| (name.as_str(), *events)).collect();
    let tests: Vec<_> =
        tests.iter().enumerate().map(|(at, (alerts, _))| format!("{{alerts: {alerts}, events: {at}.json}}")).collect();
    let ran = tested(name, fields, &tests.iter().map(String::as_str).collect::<Vec<_>>(), &files);
    assert_eq!((ran.status, ran.stdout), (0, format!("{} passed, 0 failed\n", tests.len())));
}

/// The event with changes at its top.
fn with(mut event: Value, changes: Value) -> Value {
    event.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    event
}

#[test]
fn different_values() {
    let read = |id: u32, secret: Value| {
        with(event(id, 2, "09:00:00", "ada"), json!({"requestParameters": {"secretId": secret}}))
    };
    let fields = format!("{FILTER}  threshold: 10\n  window: 1h\n  distinct: requestParameters.secretId\n");
    let one: Vec<_> = (0..12).map(|id| read(id, json!("a"))).collect();
    let ten: Vec<_> = (0..10).map(|id| read(id, json!(id.to_string()))).collect();
    // Nine values, and those without one.
    let null: Vec<_> = (0..11).map(|id| read(id, if id < 9 { json!(id) } else { Value::Null })).collect();
    let list = [read(1, json!(["0", "1", "2", "3", "4", null])), read(2, json!(["4", "5", "6", "7", "8", "9"]))];
    let wrong = tested("distinct-wrong", &fields, &["{alerts: 0, events: e.json}"], &[("e.json", &ten)]);
    let line = "       2026-03-02T09:00:00Z to 2026-03-02T09:00:00Z, 10 different values, user: ada\n";
    assert!(wrong.stdout.contains(line), "{}", wrong.stdout);
    passes("distinct", &fields, &[(0, &one), (1, &ten), (0, &ten[..9]), (1, &null), (0, &null[..9]), (1, &list)]);
}

#[test]
fn a_sequence() {
    let fields = "  window: 1h\n  sequence:
  - {filter: eventName = \"CreateUser\", by: [requestParameters.userName]}
  - {filter: eventName = \"CreateAccessKey\", by: [responseElements.accessKey.userName]}\n";
    let user = |id: u32, time: &str, name: Value| {
        with(event(id, 2, time, "ada"), json!({"eventName": "CreateUser", "requestParameters": {"userName": name}}))
    };
    let key = |id: u32, time: &str, name: Value| {
        let response = json!({"accessKey": {"userName": name}});
        with(event(id, 2, time, "bob"), json!({"eventName": "CreateAccessKey", "responseElements": response}))
    };
    let [eve, bob] = [json!("eve"), json!("bob")];
    let keys = [key(1, "09:00:00", eve.clone()), key(2, "09:10:00", eve.clone())];
    let both = [user(1, "09:00:00", eve.clone()), key(2, "10:00:00", eve.clone())];
    let late = [both[1].clone(), both[0].clone()];
    let apart = [user(1, "09:00:00", eve.clone()), key(2, "10:01:00", eve.clone())];
    let before = [key(1, "09:00:00", eve.clone()), user(2, "09:10:00", eve.clone())];
    let other = [user(1, "09:00:00", eve), key(2, "09:10:00", bob)];
    let null = [user(1, "09:00:00", Value::Null), key(2, "09:10:00", Value::Null)];
    let tests: [(u64, &[Value]); 7] =
        [(0, &keys), (1, &both), (1, &late), (0, &apart), (0, &before), (0, &other), (0, &null)];
    passes("sequence", fields, &tests);
}

#[test]
fn new_combinations() {
    let fields = "  filter: eventName = \"GetObject\"\n  aggregate_fields: [eventName]\n  threshold: 3\n  window: 1h
  first_seen: {fields: [user], learning: 1d, within: 30d}\n";
    let begin = event(0, 2, "09:00:00", "ada");
    let at = |id: u32, user: &str| event(id, 4, &format!("09:{id:02}:00"), user);
    // What is learnt counts nowhere, and a combination is new once.
    let two = [begin.clone(), at(1, "ada"), at(2, "bob"), at(3, "eve"), at(4, "eve")];
    let three = [begin, at(1, "bob"), at(2, "eve"), at(3, "ada"), at(4, "sam")];
    passes("combinations", fields, &[(0, &two), (1, &three)]);
}

/// The lines of a failed test below its alerts.
fn reasons(name: &str, fields: &str, alerts: u64, events: &[Value]) -> Vec<String> {
    let ran = tested(name, fields, &[&format!("{{alerts: {alerts}, events: e.json}}")], &[("e.json", events)]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    let lines = ran.stdout.lines().map(str::trim).skip_while(|line| !line.contains("match the filter"));
    lines.take_while(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn a_failed_test_shows_what_the_events_count() {
    let events: Vec<Value> =
        [(1, "09:00:00", "ada"), (2, "09:09:00", "ada"), (3, "09:11:00", "ada"), (4, "09:11:00", "bob")]
            .map(|(id, time, user)| event(id, 2, time, user))
            .to_vec();
    let fields = "  filter: eventName = \"GetObject\"\n  aggregate_fields: [user, requestParameters.key]\n  threshold: 3\n  window: 10m\n  suppressions: [user = \"bob\"]\n";
    assert_eq!(
        reasons("counts", fields, 1, &events),
        [
            "4 of 4 events match the filter, 1 of them suppressed",
            "`requestParameters.key` has no value in 3 of 3 matches",
            "`threshold` is 3 within 10m; the most is 2 events, of user: ada, requestParameters.key: null",
            "1 combination of user, requestParameters.key; one alert covers each for 10m",
        ]
    );
    let fields = "  filter: eventName = \"GetObject\"\n  aggregate_fields: [eventName]\n  distinct: user\n  threshold: 3\n  window: 10m\n";
    assert_eq!(
        reasons("distinct", fields, 1, &events),
        [
            "4 of 4 events match the filter",
            "`threshold` is 3 within 10m; the most is 2 different values, of eventName: GetObject",
            "1 combination of eventName; one alert covers each for 10m",
        ]
    );
    let fields = format!("{FILTER}  first_seen: {{fields: [user], learning: 2d}}\n");
    assert_eq!(
        reasons("learning", &fields, 1, &events[..3]),
        [
            "3 of 3 events match the filter",
            "`first_seen` learns until 2026-03-04T09:00:00Z, for 2d: 3 of 3 matches are before",
            "1 combination of user; one alert covers each for 24h",
        ]
    );
    let fields = "  window: 10m\n  sequence:\n  - {filter: eventName = \"GetObject\", by: [user]}\n  - {filter: eventName exists, by: [requestParameters.key]}\n";
    assert_eq!(
        reasons("steps", fields, 1, &events[..2]),
        [
            "2 of 2 events match the filter",
            "step 1 of 2: 2 events",
            "step 2 of 2: 2 events, 2 without a value at `by`",
            "1 combination of user; one alert covers each for 10m",
        ]
    );
    assert_eq!(
        reasons("no-match", "  filter: eventName = \"PutObject\"\n", 1, &events[..2]),
        [
            "0 of 2 events match the filter",
            "the first event does not match:",
            "because eventName = \"PutObject\" is false: saw \"GetObject\" (line 4)",
        ]
    );
}
