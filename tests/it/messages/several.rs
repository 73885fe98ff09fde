//! What an alert lists of the events that it is for.

use serde_json::{Value, json};
use trailbell::{
    alert::{Alert, Format, Occurrences, render},
    rule::RuleSet,
    state::Listing,
};

use crate::messages::{alert, alert_of, json as rendered, ocsf::violations, put_image};

fn listing(values: &[&str], more: u64, at_least: bool) -> Listing {
    Listing { values: values.iter().map(|&value| value.to_owned()).collect(), more, at_least }
}

/// An alert for many events, with these in which they differ.
fn series(distinct: &[(&str, Listing)], events: Listing) -> Alert {
    let mut alert = alert(0, put_image());
    let distinct = distinct.iter().map(|(field, listing)| ((*field).to_owned(), listing.clone())).collect();
    alert.occurrences = Occurrences { count: 30, distinct, events, ..alert.occurrences };
    alert
}

/// The rows of the text from the first of these rows on.
fn rows(alert: &Alert) -> Vec<String> {
    let body = render(Format::TEXT, alert).body;
    let lines =
        body.lines().skip_while(|line| !["Steps ", "Different ", "Events "].iter().any(|name| line.starts_with(name)));
    lines.take_while(|line| !line.starts_with("Event ")).map(str::to_owned).collect()
}

/// The description of the notification and the facts of the finding that the schema has no attribute for.
fn others(alert: &Alert) -> (String, Value) {
    let finding = rendered(alert, Format::OCSF);
    let mut found = Vec::new();
    violations("detection_finding", &finding, "finding", &mut found);
    assert!(found.is_empty(), "{found:#?}");
    let chat = rendered(alert, Format::CHAT);
    (chat["content"]["description"].as_str().unwrap().to_owned(), finding["unmapped"].clone())
}

const TWELVE: [&str; 12] = ["u01", "u02", "u03", "u04", "u05", "u06", "u07", "u08", "u09", "u10", "u11", "u12"];

#[test]
fn ten_values_are_listed_and_the_others_counted() {
    let fields = [
        ("principal", listing(&TWELVE, 0, false)),
        ("ownerAccount", listing(&["111122223333", "444455556666"], 0, false)),
        ("ip", listing(&["192.0.2.1", "192.0.2.2"], 5, true)),
        ("requestParameters.secretId", listing(&["a"], 0, true)),
    ];
    let alert = series(&fields, listing(&TWELVE[..3], 27, false));
    assert_eq!(
        rows(&alert),
        [
            "Different principal: u01, u02, u03, u04, u05, u06, u07, u08, u09, u10, and 2 more",
            "          ownerAccount: 111122223333, 444455556666 (2 in all)",
            "          ip: 192.0.2.1, 192.0.2.2, and at least 5 more",
            "          requestParameters.secretId: a, and perhaps more",
            "Events    u01, u02, u03, and 27 more",
        ]
    );
    let (chat, unmapped) = others(&alert);
    for line in [
        "Different: `principal`: `u01`, `u02`, `u03`, `u04`, `u05`, `u06`, `u07`, `u08`, `u09`, `u10`, and 2 more\n",
        "\n`ip`: `192.0.2.1`, `192.0.2.2`, and at least 5 more\n",
        "\nEvents: `u01`, `u02`, `u03`, and 27 more\n",
    ] {
        assert!(chat.contains(line), "{chat}");
    }
    let listed = &unmapped["distinct_values"];
    assert_eq!(listed["principal"], json!({"values": TWELVE[..10], "not_listed": 2}));
    assert_eq!(listed["ownerAccount"], json!({"values": ["111122223333", "444455556666"]}));
    assert_eq!(
        listed["ip"],
        json!({"values": ["192.0.2.1", "192.0.2.2"], "not_listed": 5, "not_listed_is_minimum": true})
    );
    assert_eq!(unmapped["event_ids"], json!({"values": TWELVE[..3], "not_listed": 27}));
}

#[test]
fn of_long_values_a_chat_lists_fewer() {
    let long: Vec<String> =
        (10..22).map(|at| format!("arn:aws:sts::111122223333:assumed-role/{}/{at}", "r".repeat(60))).collect();
    let long = Listing { values: long, more: 0, at_least: true };
    let alert = series(&[("principal", long.clone()), ("target", long.clone())], listing(&TWELVE, 0, false));
    let chat = others(&alert).0;
    let row = |name: &str| chat.lines().find(|line| line.starts_with(name)).map(str::to_owned).unwrap_or_default();
    assert!(row("Different: `principal`").ends_with("/10`, and at least 11 more"), "{chat}");
    assert!(row("`target`: ").ends_with("/10`, and at least 11 more"), "{chat}");
    assert_eq!(row("Events"), "Events: `u01`, and 11 more");
    assert!(rows(&alert)[0].ends_with("/19, and at least 2 more"), "{:?}", rows(&alert));
}

#[test]
fn what_the_record_shows_is_not_listed() {
    let fields = [("ip", listing(&["192.0.2.1"], 0, false)), ("principal", Listing::default())];
    let mut alert = series(&fields, listing(&["e1"], 0, false));
    assert_eq!(rows(&alert).len(), 0);
    alert = series(&[("ip", listing(&TWELVE, 0, false))], listing(&TWELVE, 0, false));
    alert.occurrences.count = 1;
    assert!(rows(&alert).is_empty(), "an alert for one event");
    assert_eq!((&others(&alert).1["event_ids"], &others(&alert).1["distinct_values"]), (&Value::Null, &Value::Null));
    alert.occurrences.since_last = Some(3);
    assert_eq!(rows(&alert).len(), 2);
}

#[test]
fn a_listed_value_is_no_two_values_and_no_link() {
    let fields = [("ip", listing(&["a", "b, c", "https://evil.example/x\nEvents    forged"], 0, false))];
    let alert = series(&fields, Listing::default());
    assert_eq!(rows(&alert), ["Different ip: a, \"b, c\", \"https[:][//]evil[.]example/x Events forged\" (3 in all)"]);
    assert!(others(&alert).0.contains("`ip`: `a`, `b, c`, `https[:][//]evil[.]example/x Events forged` (3 in all)"));
}

#[test]
fn a_rule_that_counts_values_or_combinations_says_so() {
    let count = |fields: &str| {
        let rules = format!("rules: [{{name: Many, severity: 2, filter: eventName exists, threshold: 10, {fields}}}]");
        let mut alert = alert_of(RuleSet::parse(&rules).unwrap().0, 0, put_image(), None);
        alert.occurrences.count = 12;
        alert.occurrences.since_last = Some(1);
        let finding = rendered(&alert, Format::OCSF);
        let values = &finding["unmapped"]["count_of_values"];
        let events = (&finding["count"], &finding["finding_info"]["related_events_count"]);
        let twelve = json!(12);
        let expected = if fields.starts_with("window") { (&twelve, &Value::Null) } else { (&Value::Null, &twelve) };
        assert_eq!(((events.0, values), events.0), (expected, events.1), "{fields}");
        let body = render(Format::TEXT, &alert).body;
        let rows = body.lines().skip_while(|line| !line.starts_with("Count")).take(2).map(|line| line[10..].to_owned());
        rows.collect::<Vec<_>>()
    };
    assert_eq!(count("window: 1h"), ["12 events", "1 event since the previous alert"]);
    assert_eq!(
        count("distinct: requestParameters.secretId"),
        ["12 different values of requestParameters.secretId", "1 different value since the previous alert"]
    );
    assert_eq!(
        count("first_seen: {fields: [role, eventName], within: 30d}"),
        ["12 new combinations of role, eventName", "1 new combination since the previous alert"]
    );
}

#[test]
fn a_step_shows_what_it_looks_for() {
    let rules = "rules: [{name: S, severity: 2, window: 1h, by: [user], sequence: [{filter: eventName = \"A\"}, {filter: eventName exists}]}]";
    let mut alert = alert_of(RuleSet::parse(rules).unwrap().0, 0, put_image(), None);
    let step = |id: &str| ("2026-05-04T10:00:00Z".parse().unwrap(), id.to_owned());
    alert.occurrences.count = 2;
    alert.occurrences.steps = vec![step("e1"), step("e2")];
    assert_eq!(
        rows(&alert),
        [
            "Steps     1 at 2026-05-04T10:00:00Z: event e1, eventName = \"A\"",
            "          2 at 2026-05-04T10:00:00Z: event e2, eventName exists",
        ]
    );
    let (_, unmapped) = others(&alert);
    assert_eq!(
        (&unmapped["steps"][0]["filter"], &unmapped["steps"][1]["filter"]),
        (&json!("eventName = \"A\""), &json!("eventName exists"))
    );
}

/// Each event has one evidence, that of the record first, and each address in which the events differ is an observable.
#[test]
fn every_listed_event_is_an_evidence() {
    let own = "bb2adece-e2ad-49af-a023-29c3643ce7f5";
    let fields = [
        ("ip", listing(&["192.0.2.1", "AWS Internal"], 5, false)),
        ("principal", listing(&["arn:aws:iam::111122223333:user/ada", "x"], 0, false)),
    ];
    let finding = rendered(&series(&fields, listing(&["u01", own, "u02"], 27, false)), Format::OCSF);
    let evidences = finding["evidences"].as_array().unwrap();
    let ids: Vec<_> = evidences.iter().map(|one| one["uid"].as_str().unwrap()).collect();
    assert_eq!(ids, [own, "u01", "u02"]);
    assert_eq!(
        (&evidences[0]["actor"]["user"]["name"], &evidences[1]["data"]),
        (&json!("GitHubActions"), &json!({"event_id": "u01"}))
    );
    let observed = finding["observables"].as_array().unwrap();
    let of = |type_id: u8| {
        observed
            .iter()
            .filter(|one| one["type_id"] == type_id)
            .map(|one| (one["name"].as_str().unwrap(), one["value"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of(2),
        [("evidences[0].src_endpoint.ip", "2001:db8:4:12::a5"), ("unmapped.distinct_values.ip.values[0]", "192.0.2.1")]
    );
    assert_eq!(
        of(31)[1..],
        [
            ("unmapped.distinct_values.principal.values[0]", "arn:aws:iam::111122223333:user/ada"),
            ("unmapped.distinct_values.principal.values[1]", "x")
        ]
    );
    assert_eq!(finding["unmapped"]["event_ids"]["not_listed"], 27);
}

#[test]
fn an_alert_for_something_new_says_what_is_new() {
    let new = |first_seen: &str| {
        let rules = format!("rules: [{{name: N, severity: 2, filter: eventName exists, {first_seen}}}]");
        let alert = alert_of(RuleSet::parse(&rules).unwrap().0, 0, put_image(), None);
        let (body, finding) = (render(Format::TEXT, &alert).body, rendered(&alert, Format::OCSF));
        assert_eq!(finding["unmapped"]["first_seen"]["within"].is_string(), body.contains("\nNew "), "{finding}");
        let rows = body.lines().skip_while(|line| !line.starts_with("New "));
        rows.take_while(|line| !line.starts_with("Event ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        new("first_seen: {fields: [role, requestParameters.x], within: 30d}"),
        [
            "New       role = ci-deploy",
            "          requestParameters.x = null",
            "          not seen together in the 30d before",
        ]
    );
    assert_eq!(new("first_seen: {fields: [eventName], within: 6h}")[1], "          not seen in the 6h before");
    assert!(new("threshold: 3, first_seen: {fields: [eventName]}").is_empty(), "several are new");
    assert!(new("window: 1h").is_empty());
}

#[test]
fn the_events_of_a_sequence_are_in_the_order_of_its_steps() {
    let mut alert = alert(0, put_image());
    let step = |time: &str, id: &str| (time.parse().unwrap(), id.to_owned());
    alert.occurrences.count = 2;
    alert.occurrences.steps = vec![step("2026-05-04T10:00:00Z", "e1"), step("2026-05-04T10:20:00Z", "e2")];
    assert_eq!(
        rows(&alert),
        ["Steps     1 at 2026-05-04T10:00:00Z: event e1", "          2 at 2026-05-04T10:20:00Z: event e2"]
    );
    let finding = rendered(&alert, Format::OCSF);
    assert_eq!(
        finding["evidences"].as_array().unwrap()[1..],
        [
            json!({"uid": "e1", "name": "CloudTrail event", "data": {"event_id": "e1", "step": 1, "time": "2026-05-04T10:00:00Z"}}),
            json!({"uid": "e2", "name": "CloudTrail event", "data": {"event_id": "e2", "step": 2, "time": "2026-05-04T10:20:00Z"}}),
        ]
    );
    let (chat, unmapped) = others(&alert);
    assert!(
        chat.contains("Steps: 1 at 2026-05-04T10:00:00Z: event `e1`\n2 at 2026-05-04T10:20:00Z: event `e2`\n"),
        "{chat}"
    );
    assert_eq!(
        unmapped["steps"],
        json!([{"time": "2026-05-04T10:00:00Z", "event_id": "e1"}, {"time": "2026-05-04T10:20:00Z", "event_id": "e2"}])
    );
}
