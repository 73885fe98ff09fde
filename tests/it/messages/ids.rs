//! The ids of alerts and of their threads.

use serde_json::{Value, json};
use trailbell::alert::Alert;

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

#[test]
fn a_thread_is_of_one_rule_and_the_same_values() {
    let thread = |values: &[(&str, Option<&str>)]| {
        let owned = values.iter().map(|(path, value)| ((*path).to_owned(), value.map(str::to_owned)));
        let mut alert = window();
        alert.occurrences.values = owned.collect();
        // Neither the event nor the count matters.
        alert.occurrences.count += values.len() as u64;
        (Alert::id(&[]), alert.thread_id()).1
    };
    assert_eq!(thread(&[("user", Some("a"))]), thread(&[("user", Some("a"))]));
    for other in [&[("user", Some("b"))][..], &[("role", Some("a"))], &[("user", None)], &[], &[("user", Some(""))]] {
        assert_ne!(thread(&[("user", Some("a"))]), thread(other), "{other:?}");
    }
    assert_ne!(thread(&[("user", None)]), thread(&[("user", Some(""))]));
    assert_ne!(thread(&[("a", Some("b")), ("c", None)]), thread(&[("a", Some("bc")), ("", None)]));
    assert_eq!(alert_of(rules(), 0, put_image(), None).thread_id(), ended(3, 0).thread_id());
    assert_ne!(
        alert_of(rules(), 0, put_image(), None).thread_id(),
        alert_of(rules(), 1, put_image(), None).thread_id()
    );
}
