//! The vectors of the language that count.

use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

use super::{
    event::{Event, time},
    scan::lines,
    strategy::cases,
};

const BURSTS: &str =
    "rules:\n- name: Burst\n  severity: 3\n  filter: eventName = \"A\"\n  aggregate_fields: [userIdentity.userName]
  window: 10m\n  threshold: 21\n";

/// So many users, each in an hour of its own, with so many events evenly over `length` seconds, from any second of the hour on.
fn bursts(users: u16, count: u16, length: i64) -> impl Strategy<Value = Vec<Event>> {
    proptest::collection::vec(0_i64..2_900, usize::from(users)).prop_flat_map(move |begins| {
        let burst = |(user, begin): (u16, i64)| {
            let event = move |number: u16| {
                let second = begin + i64::from(user) * 3_600 + i64::from(number) * length / i64::from(count - 1);
                Event { user: u8::try_from(user).unwrap(), ..Event::plain(user * count + number, second) }
            };
            (0..count).map(event)
        };
        Just((0..users).zip(begins).flat_map(burst).collect::<Vec<_>>()).prop_shuffle()
    })
}

/// Vector 14, in files of any length.
fn check(test: &str, events: &[Event], files: &[Index], alerts: usize) {
    let mut deliveries = vec![Vec::new(); files.len() + 1];
    for (at, event) in events.iter().enumerate() {
        let before = files.iter().filter(|end| end.index(events.len()) < at).count();
        deliveries[before].push(event.record());
    }
    let found = lines(test, BURSTS, &deliveries);
    assert_eq!(found.len(), alerts, "{found:?}");
    let users: std::collections::BTreeSet<String> = found.iter().map(|line| line["values"].to_string()).collect();
    assert_eq!(users.len(), alerts, "one alert for each user");
    for alert in &found {
        assert_eq!((&alert["count"], &alert["since"], &alert["more"]), (&json!(21), &Value::Null, &Value::Null));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 0, ..ProptestConfig::with_cases(cases(1)) })]

    #[test]
    fn each_of_200_bursts_alerts(
        long_enough in bursts(200, 21, 594), few in bursts(200, 20, 594), slow in bursts(200, 21, 630),
        files in proptest::collection::vec(any::<Index>(), 2..9),
    ) {
        check("bursts", &long_enough, &files, 200);
        check("few", &few, &files, 0);
        check("slow", &slow, &files, 0);
    }
}

/// A record of an API call.
fn call(id: u16, name: &str, second: i64, parameters: Value) -> Value {
    json!({"eventVersion": "1.08", "eventID": format!("event-{id}"), "eventTime": time(second), "eventName": name,
        "eventSource": "model.amazonaws.com", "recipientAccountId": "111122223333",
        "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": "eve",
            "arn": "arn:aws:iam::111122223333:user/eve"}, "requestParameters": parameters})
}

/// Vector 15.
#[test]
fn ten_secrets_alert_and_twelve_reads_of_one_do_not() {
    let rules = "rules:\n- name: Secrets\n  severity: 3\n  filter: eventName = \"GetSecretValue\"
  aggregate_fields: [userIdentity.userName]\n  threshold: 10\n  distinct: requestParameters.secretId\n  window: 1h\n";
    let reads = |secrets: &[u16]| {
        let read = |(id, secret)| {
            vec![call(id, "GetSecretValue", i64::from(id) * 60, json!({"secretId": format!("secret-{secret}")}))]
        };
        (0..).zip(secrets.iter().copied()).map(read).collect::<Vec<_>>()
    };
    assert_eq!(lines("one-secret", rules, &reads(&[7; 12])), [] as [Value; 0]);
    assert_eq!(lines("nine-secrets", rules, &reads(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 1, 2])), [] as [Value; 0]);
    let found = lines("ten-secrets", rules, &reads(&[1, 2, 3, 4, 4, 4, 5, 6, 7, 8, 9, 10]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0]["count"], &found[0]["last"]), (&json!(10), &json!(time(660))));
}

/// Vector 16.
#[test]
fn a_user_and_a_key_for_it_are_a_sequence() {
    let rules =
        "rules:\n- name: Backdoor\n  severity: 3\n  window: 1h\n  sequence:\n  - filter: eventName = \"CreateUser\"
  - filter: eventName = \"CreateAccessKey\"\n  by: [requestParameters.userName]\n";
    let user = |id, second, name: &str| vec![call(id, "CreateUser", second, json!({"userName": name}))];
    let key = |id, second, name: &str| vec![call(id, "CreateAccessKey", second, json!({"userName": name}))];
    let count = |deliveries: &[Vec<Value>]| {
        let found = lines("backdoor", rules, deliveries);
        for alert in &found {
            assert_eq!(alert["values"], json!({"requestParameters.userName": "mallory"}));
        }
        found.len()
    };
    assert_eq!(count(&[key(1, 0, "mallory"), key(2, 60, "mallory")]), 0);
    assert_eq!(count(&[user(1, 0, "mallory"), key(2, 60, "mallory")]), 1);
    assert_eq!(count(&[key(2, 60, "mallory"), user(1, 0, "mallory")]), 1, "the second file comes first");
    assert_eq!(count(&[user(1, 0, "mallory"), key(2, 3_600, "mallory")]), 1);
    assert_eq!(count(&[user(1, 0, "mallory"), key(2, 61 * 60, "mallory")]), 0);
    assert_eq!(count(&[user(1, 0, "mallory"), key(2, 60, "alice")]), 0);
    assert_eq!(count(&[key(2, 0, "mallory"), user(1, 60, "mallory")]), 0, "in the order of time");
    // A key for oneself names no user: it is no step.
    let own = vec![call(2, "CreateAccessKey", 60, Value::Null)];
    assert_eq!(count(&[user(1, 0, "mallory"), own]), 0);
}
