//! `trailbell scan --alerts`: the alerts that logs would have raised, counted by hand.

use std::path::Path;

use crate::command::{folder, trailbell};
use serde_json::{Value, json};

/// A record with this event id, time and user.
fn record(id: &str, time: &str, user: &str) -> Value {
    json!({"eventVersion": "1.08", "eventID": id, "eventTime": format!("2026-03-02T{time}Z"), "eventName": "GetObject",
        "userIdentity": {"type": "IAMUser", "userName": user}})
}

fn log(records: &[Value]) -> Vec<u8> {
    json!({"Records": records}).to_string().into_bytes()
}

/// Runs `scan --alerts` with rules of these fields on the files `0.json` and so on: the alerts, and standard error.
fn scanned(test: &str, rules: &[&str], logs: &[&[Value]]) -> (Vec<Value>, String) {
    let rules: Vec<_> = rules.iter().map(|more| format!("filter: eventName exists, {more}")).collect();
    scanned_with(test, &rules.iter().map(String::as_str).collect::<Vec<_>>(), logs)
}

fn scanned_with(test: &str, rules: &[&str], logs: &[&[Value]]) -> (Vec<Value>, String) {
    let rules: Vec<_> = rules.iter().map(|fields| format!("- {{severity: 2, {fields}}}\n")).collect();
    let rules = format!("rules:\n{}", rules.concat());
    let root = folder(&format!("alerts-{test}"), &[("rules.yaml", rules.as_bytes())]);
    for (number, records) in logs.iter().enumerate() {
        std::fs::write(root.join(format!("{number}.json")), log(records)).unwrap();
    }
    let names = (0..logs.len()).map(|number| root.join(format!("{number}.json")).display().to_string());
    let names: Vec<String> = names.collect();
    let rules = root.join("rules.yaml").display().to_string();
    let arguments = ["scan", "--alerts", "--format", "jsonl", "--rules", &rules].into_iter();
    let ran = trailbell(&arguments.chain(names.iter().map(String::as_str)).collect::<Vec<_>>());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    (ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), ran.stderr)
}

fn fields(alerts: &[Value], names: &[&str]) -> Vec<Vec<Value>> {
    alerts.iter().map(|alert| names.iter().map(|name| alert[*name].clone()).collect()).collect()
}

/// Without `aggregate_fields`, the alerts of the files in `tests/cases/groups`: each record is an alert of its own, and its
/// copy is not.
#[test]
fn acts_that_differ_in_a_fact_are_alerts_of_their_own() {
    let rules =
        folder("groups", &[("rules.yaml", b"rules: [{name: All, severity: 2, filter: eventVersion exists}]\n")]);
    let rules = rules.join("rules.yaml").display().to_string();
    let mut files = 0;
    for file in Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/groups").read_dir().unwrap() {
        let file = file.unwrap().path();
        let records = serde_json::from_slice::<Value>(&std::fs::read(&file).unwrap()).unwrap()["Records"].clone();
        let path = file.display().to_string();
        let ran = trailbell(&["scan", "--alerts", "--format", "jsonl", "--rules", &rules, &path, &path]);
        let alerts = ran.stdout.lines().count();
        assert_eq!(
            (ran.status, alerts),
            (0, records.as_array().unwrap().len()),
            "{path}\n{}{}",
            ran.stdout,
            ran.stderr
        );
        assert!(alerts >= 2);
        files += 1;
    }
    assert_eq!(files, 7);
}

/// They share an id.
#[test]
fn the_start_and_the_end_of_an_insight_are_two_events() {
    let insight = |event: &str, state: &str| {
        json!({"eventVersion": "1.11", "eventID": event, "sharedEventID": "s", "eventTime": "2026-03-02T09:00:00Z",
            "eventCategory": "Insight", "insightDetails": {"state": state, "eventName": "RunInstances"}})
    };
    let rule = ["name: Insight, filter: event_type = \"insight\""];
    let (alerts, _) =
        scanned_with("insight", &rule, &[&[insight("1", "Start"), insight("2", "End"), insight("1", "Start")]]);
    assert_eq!(fields(&alerts, &["count"]), [[json!(1)], [json!(1)]]);
}

/// Its caller chooses the name of the session, and its address changes with the machine.
#[test]
fn one_alert_for_a_role_whatever_its_session_and_its_address() {
    let role = |event: &str, session: &str, ip: &str| {
        let issuer = json!({"type": "Role", "arn": "arn:aws:iam::111122223333:role/ci", "userName": "ci"});
        json!({"eventVersion": "1.11", "eventID": event, "eventTime": "2026-03-02T09:00:00Z", "eventName": "GetObject",
            "sourceIPAddress": ip, "userIdentity": {"type": "AssumedRole", "accountId": "111122223333",
            "arn": format!("arn:aws:sts::111122223333:assumed-role/ci/{session}"), "sessionContext": {"sessionIssuer": issuer}}})
    };
    let two = [role("1", "build-1", "192.0.2.1"), role("2", "build-2", "198.51.100.2")];
    let (alerts, _) = scanned("role", &["name: Read"], &[&two]);
    assert_eq!(fields(&alerts, &["values"])[0][0]["principal"], json!("arn:aws:iam::111122223333:role/ci"));
    assert_eq!(alerts.len(), 1);
}

#[test]
fn one_alert_for_a_user_and_a_day() {
    let first = [record("1", "09:00:00", "ada"), record("2", "09:01:00", "bob"), record("3", "09:02:00", "ada")];
    // The same event again, and one that comes late.
    let second = [record("3", "09:02:00", "ada"), record("4", "08:59:00", "ada")];
    let rule = "name: Read, aggregate_fields: [user], window: 30d";
    let (alerts, tally) = scanned("day", &[rule], &[&first, &second]);
    // An alert counts what is known when its first event comes. The two events after it are in its silence.
    let (ada, bob) = (json!("2026-03-02T09:00:00Z"), json!("2026-03-02T09:01:00Z"));
    assert_eq!(
        fields(&alerts, &["time", "count", "first", "last", "since", "more", "values"]),
        [
            [ada.clone(), json!(1), ada.clone(), ada, Value::Null, json!(2), json!({"user": "ada"})],
            [bob.clone(), json!(1), bob.clone(), bob, Value::Null, Value::Null, json!({"user": "bob"})],
        ]
    );
    assert_eq!(fields(&alerts, &["rule", "id", "severity"])[0], [json!("Read"), json!("read"), json!(2)]);
    assert_ne!(alerts[0]["alert_id"], alerts[1]["alert_id"]);
    assert!(tally.contains("        2 of        5  SEV2  Read\n"), "{tally}");
    assert!(tally.ends_with("2 files, 5 records, 5 matches, 2 alerts, 3 deduplicated\n"), "{tally}");

    let again = scanned("day-again", &[rule], &[&first, &second, &first, &second]).0;
    assert_eq!(fields(&again, &["alert_id", "count"]), fields(&alerts, &["alert_id", "count"]));
}

#[test]
fn a_threshold_a_rule_on_trial_and_what_is_new() {
    let many: Vec<Value> =
        (0..5).map(|number| record(&number.to_string(), &format!("10:0{number}:00"), "ada")).collect();
    let rules = [
        "name: Five, aggregate_fields: [user], window: 1h, threshold: 5",
        "name: Six, aggregate_fields: [user], window: 1h, threshold: 6",
        "name: Trial, notify: false",
        "name: New, aggregate_fields: [eventID], first_seen: {fields: [user], learning: 0s}",
        "name: Learns, first_seen: {fields: [user]}",
    ];
    let (alerts, tally) = scanned("threshold", &rules, &[&many]);
    let mut raised = fields(&alerts, &["rule", "count"]);
    raised.sort_by_key(|alert| alert[0].to_string());
    assert_eq!(raised, [[json!("Five"), json!(5)], [json!("New"), json!(1)]]);
    // The fifth event raises the alert.
    let times = fields(&alerts, &["rule", "time"]);
    assert!(times.contains(&vec![json!("Five"), json!("2026-03-02T10:04:00Z")]), "{times:?}");
    for part in ["2 alerts", "8 already seen", "9 below threshold", "4 deduplicated", "1 learning", "1 muted"] {
        assert!(tally.contains(part), "{part} in {tally}");
    }
}

/// The next alert of a series reports how many events came into the silence of the last one, and the last one of all how many
/// came after it.
#[test]
fn what_came_into_a_silence_is_reported_once() {
    let at = |id: u32, time: &str| record(&id.to_string(), time, "ada");
    let events = [at(1, "09:00:00"), at(2, "09:10:00"), at(3, "09:20:00"), at(4, "10:00:01"), at(5, "10:30:00")];
    let (alerts, _) = scanned("since", &["name: Read, aggregate_fields: [user], window: 1h"], &[&events]);
    let none = Value::Null;
    assert_eq!(
        fields(&alerts, &["last", "since", "more"]),
        [
            [json!("2026-03-02T09:00:00Z"), none.clone(), none.clone()],
            [json!("2026-03-02T10:00:01Z"), json!(2), json!(1)]
        ]
    );
}

/// Beyond what a series holds, counts are estimates, and the line says so.
#[test]
fn estimates_are_marked() {
    let many: Vec<Value> =
        (0..3_000).map(|id| record(&id.to_string(), &format!("10:{:02}:{:02}", id / 60, id % 60), "ada")).collect();
    let rule = "name: Many, aggregate_fields: [], window: 1h, threshold: 500";
    let mut late = many.clone();
    late.push(record("late", "11:10:00", "ada"));
    let (alerts, _) = scanned("estimates", &[rule], &[&late]);
    assert_eq!(
        fields(&alerts, &["last", "about", "approximate"]),
        [
            [json!("2026-03-02T10:08:19Z"), Value::Null, Value::Null],
            [json!("2026-03-02T11:10:00Z"), json!(true), json!(true)]
        ]
    );
}

/// Vector 14 of the language, for 200 principals, each in an hour of its own, in two files in an order that hides it.
#[test]
fn every_burst_alerts_wherever_it_begins() {
    let event = |principal: u32, number: u32| {
        let second = principal * 3600 + principal * 17 % 3000 + number * 594 / 20;
        let (day, hour, minute, second) = (second / 86_400 + 1, second / 3600 % 24, second / 60 % 60, second % 60);
        let mut event = record(&format!("{principal}-{number}"), "00:00:00", &format!("user-{principal}"));
        event["eventTime"] = json!(format!("2026-03-{day:02}T{hour:02}:{minute:02}:{second:02}Z"));
        event
    };
    for (count, alerts) in [(21, 200), (20, 0)] {
        let mut events: Vec<Value> = (0..200)
            .flat_map(|principal| (0..count).map(move |number| (principal, number)))
            .map(|(a, b)| event(a, b))
            .collect();
        events.sort_by_key(|event| {
            event["eventID"]
                .as_str()
                .unwrap()
                .bytes()
                .fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()))
                .wrapping_mul(2_654_435_761)
        });
        let (one, other) = events.split_at(events.len() / 2);
        let rule = "name: Burst, aggregate_fields: [user], window: 10m, threshold: 21";
        assert_eq!(scanned("bursts", &[rule], &[one, other]).0.len(), alerts);
    }
}

/// As in the function, rules learn from the first event of all on, even if it matches no rule.
#[test]
fn learning_begins_with_the_first_event_of_all() {
    let mut quiet = record("1", "09:00:00", "ada");
    quiet.as_object_mut().unwrap().remove("eventName");
    let alerts_at = |test: &str, time: &str| {
        let mut new = record("2", "09:00:00", "eve");
        new["eventTime"] = json!(time);
        scanned(test, &["name: New, first_seen: {fields: [user], learning: 7d}"], &[&[quiet.clone()], &[new]]).0.len()
    };
    assert_eq!((alerts_at("learning", "2026-03-08T09:00:00Z"), alerts_at("learned", "2026-03-10T09:00:00Z")), (0, 1));
}

#[test]
fn alerts_beyond_the_hourly_limit_are_held_back() {
    let many: Vec<Value> =
        (0..70).map(|number| record(&number.to_string(), "10:00:00", &format!("user-{number}"))).collect();
    let (alerts, tally) = scanned("flood", &["name: Read, aggregate_fields: [user]"], &[&many]);
    // Successes have two thirds of the default of MAX_ALERTS_PER_RULE_HOUR, 60.
    assert_eq!(alerts.len(), 40);
    assert!(alerts.iter().all(|alert| alert["kind"] == "alert"), "{alerts:?}");
    assert!(tally.contains("40 alerts, 30 capped") && !tally.contains("notice"), "{tally}");
}

/// What the function sends beside alerts, with the time of the events as its clock: the notice that an hour holds alerts back and
/// its list, a follow-up after its window, and a summary of what came faster than messages may go out.
#[test]
fn notices_are_played_by_the_time_of_the_events() {
    let at = |number: usize, time: &str, user: &str, name: &str| {
        let mut record = record(&number.to_string(), time, user);
        record["eventName"] = json!(name);
        record["recipientAccountId"] = json!("111122223333");
        record
    };
    // Forty successes of a rule pass in an hour, and ten are held back. At 12 an alert, and three events in its window.
    let slow = (0..50).map(|number| at(number, &format!("10:{number:02}:00"), &format!("user-{number}"), "GetObject"));
    let series = (0..4).map(|number| at(100 + number, &format!("12:0{number}:00"), "ada", "PutObject"));
    let fast = (200..240).map(|number| at(number, "15:00:00", &format!("user-{number}"), "DeleteObject"));
    let all: Vec<Value> = slow.chain(series).chain(fast).collect();
    let rule = |name: &str| {
        format!(
            "  - {{name: {name}, severity: 2, window: 1h, aggregate_fields: [user], filter: eventName = \"{name}\"}}\n"
        )
    };
    let rules = format!("rules:\n{}{}{}", rule("GetObject"), rule("PutObject"), rule("DeleteObject"));
    let root = folder("alerts-notices", &[("rules.yaml", rules.as_bytes()), ("log.json", &log(&all))]);
    let path = |name: &str| root.join(name).display().to_string();
    let scan = |more: &[&str]| {
        let (rules, logs) = (path("rules.yaml"), path("log.json"));
        let ran = trailbell(&[&["scan", "--alerts", "--rules", &rules, &logs], more].concat());
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran
    };
    let ran = scan(&["--notices", "--format", "jsonl"]);
    let lines: Vec<Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let notices: Vec<Value> = lines.iter().filter(|line| line["kind"] != "alert").cloned().collect();
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().split(": ").next().unwrap().to_owned();
    let of = |one: &Value| ["time", "kind", "id", "title"].map(|name| text(one, name)).join(" ");
    let shown: Vec<String> = notices.iter().map(of).collect();
    assert_eq!(
        shown,
        [
            "2026-03-02T10:44:00Z roll-up getobject alerts are held back until 11:00 UTC",
            "2026-03-02T11:05:00Z roll-up getobject 10 alerts held back in an hour",
            "2026-03-02T13:20:00Z follow-up putobject 3 more events",
            "2026-03-02T15:00:12Z summary deleteobject [111122223333] Summary of 22 alerts",
        ]
    );
    assert_eq!((&notices[1]["held_back"], notices[1]["evidences"].as_array().unwrap().len()), (&json!(10), 10));
    assert_eq!(notices[2]["more"], 3);
    // The alerts are the same with notices and without, in the order of their times.
    let alerts: Vec<&Value> = lines.iter().filter(|line| line["kind"] == "alert").collect();
    let in_summary = alerts.iter().filter(|alert| alert["in_summary"] == true).count();
    assert!(
        notices[3]["title"].as_str().unwrap().starts_with(&format!("[111122223333] Summary of {in_summary} alerts")),
        "{notices:?}"
    );
    let plain = scan(&["--format", "jsonl"]);
    let without: Vec<Value> = plain.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids = |alerts: Vec<&Value>| alerts.iter().map(|alert| alert["alert_id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(alerts), ids(without.iter().collect()));
    let tally = "81 alerts (";
    assert!(
        ran.stderr.contains(tally) && ran.stderr.contains("4 notices (1 follow-up, 2 roll-ups, 1 summary)"),
        "{}",
        ran.stderr
    );
    let text = scan(&["--notices"]).stdout;
    assert!(text.contains("  SEV2  PutObject  |  follow-up: 3 more events: "), "{text}");
    let times: Vec<&str> = text.lines().map(|line| line.split_once("  ").unwrap().0).collect();
    assert!(times.is_sorted(), "{text}");
}

#[test]
fn notices_need_alerts() {
    let ran = trailbell(&["scan", "--notices", "events/bucket"]);
    assert_eq!(ran.status, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("--alerts"), "{}", ran.stderr);
}

#[test]
fn text_is_in_the_order_of_time() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("events/bucket");
    let ran = trailbell(&["scan", "--alerts", &root.display().to_string()]);
    let times: Vec<&str> = ran.stdout.lines().map(|line| line.split_once("  ").unwrap().0).collect();
    assert!(times.len() > 3 && times.is_sorted(), "{}", ran.stdout);
    assert!(ran.stdout.lines().all(|line| line.contains(" event") && line.contains("  |  ")), "{}", ran.stdout);
}
