//! The ids of alerts and of their threads.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use trailbell::rule::RuleSet;

use crate::messages::{alert_of, notices::ended, origin, put_image, rules, unread, window};

#[test]
fn the_same_event_and_rule_always_make_the_same_id() {
    let id = |rule, record: &Value, key| alert_of(rules(), rule, record.clone(), Some(origin(key))).id;
    let (first, mut shared) = (put_image(), put_image());
    assert_eq!(id(0, &first, "a"), id(0, &first, "b"));
    assert_ne!(id(0, &first, "a"), id(1, &first, "a"));
    shared["sharedEventID"] = json!("s");
    let mut other_account = shared.clone();
    other_account["eventID"] = json!("another");
    assert_eq!(id(0, &shared, "a"), id(0, &other_account, "a"));
    assert_ne!(id(0, &shared, "a"), id(0, &first, "a"));
    // Without an id in the record, the id is made of the whole record.
    let nameless = |user: &str| json!({"eventName": "X", "userIdentity": {"userName": user}});
    assert_eq!(id(0, &nameless("a"), "k"), id(0, &nameless("a"), "k"));
    assert_ne!(id(0, &nameless("a"), "k"), id(0, &nameless("b"), "k"));
}

#[test]
fn ids_are_hexadecimal_and_of_one_length() {
    for alert in [window(), unread()] {
        for id in [alert.id.clone(), alert.thread_id()] {
            assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        }
    }
}

/// A rule that counts by a list, so that a caller can choose how many values there are, and by a field that can be missing.
const BY_LIST: &str = "rules: [
    {name: A, severity: 1, filter: eventName exists, aggregate_fields: [requestParameters.names, requestParameters.x]},
    {name: B, severity: 1, filter: eventName exists, aggregate_fields: [requestParameters.names, requestParameters.x]},
    {name: C, severity: 1, filter: eventName exists}]";

#[test]
fn a_thread_is_of_one_rule_and_the_same_values() {
    let rules = RuleSet::parse(BY_LIST).unwrap().0;
    let thread = |rule, parameters: Value| {
        let mut record = put_image();
        record["requestParameters"] = parameters;
        // Neither the event nor its time is a part of it.
        let alert = |record: &Value| alert_of(rules.clone(), rule, record.clone(), Some(origin("k"))).thread_id();
        let mut later = record.clone();
        (later["eventID"], later["eventTime"]) = (json!("another"), json!("2026-03-03T09:07:33Z"));
        assert_eq!(alert(&record), alert(&later));
        alert(&record)
    };
    let threads = [
        thread(0, json!({"names": ["a", "b"], "x": "c"})),
        thread(1, json!({"names": ["a", "b"], "x": "c"})),
        // No caller joins the thread of other values, however these are written.
        thread(0, json!({"names": ["a, b"], "x": "c"})),
        thread(0, json!({"names": ["a"], "x": "b, c"})),
        thread(0, json!({"names": ["a", "b", "c"]})),
        thread(0, json!({"names": ["a", "b"], "x": "null"})),
        thread(0, json!({"names": ["a", "b"]})),
        thread(0, json!({"names": ["a", "b"], "x": ""})),
        thread(0, json!({"names": [], "x": "c"})),
        thread(0, json!({})),
        thread(0, json!({"names": "a".repeat(10_000)})),
        thread(0, json!({"names": "a".repeat(10_001)})),
    ];
    assert_eq!(threads.iter().collect::<BTreeSet<_>>().len(), threads.len(), "{threads:#?}");
    // By default a thread is of the call, and not of its parameters.
    assert_eq!(thread(2, json!({"names": ["a"]})), thread(2, json!({"names": ["b"]})));
    // A roll-up is about several series of a rule.
    assert_ne!(alert_of(super::rules(), 0, put_image(), None).thread_id(), ended(3, 0).thread_id());
}
