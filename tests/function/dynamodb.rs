//! The state in a DynamoDB table: concurrent deliveries, failing requests, and a missing table.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicUsize},
};

use aws_sdk_dynamodb::config::{Credentials, Region};
use jiff::Timestamp;
use serde_json::json;
use trailbell::{
    aws::{DynamoDb, Settings, config_loader},
    diagnostic::chain,
    record::Record,
    rule::{Rule, RuleSet},
    state::{Claimant, Decision, Match, Put, StoredItem, Table, Version, decide, entry::LastAlert, mark_sent},
};

use crate::{
    cloud::Cloud,
    peer::{Peer, Reply},
};

async fn table(endpoint: &str, name: &str) -> DynamoDb {
    let variables = [
        ("ALERT_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:alerts"),
        ("RETRY_BASE_MS", "1"),
        ("READ_TIMEOUT_MS", "5000"),
    ];
    let variable =
        |wanted: &str| variables.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned());
    let settings = Settings::read(variable).unwrap();
    let config = config_loader(settings.timeouts)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(endpoint)
        .load();
    DynamoDb::new(&config.await, name)
}

fn last(reported: u64) -> StoredItem {
    StoredItem::LastAlert(LastAlert { windows: vec!["a \"window\"".to_owned(), "é".to_owned()], reported })
}

fn throttled() -> Reply {
    let body = json!({"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "slow down"});
    Reply::text(400, body.to_string())
}

#[tokio::test]
async fn a_write_replaces_only_what_was_read() {
    let cloud = Cloud::get();
    cloud.table("versions");
    let table = table(cloud.endpoint(), "versions").await;
    let expires: Timestamp = "2026-04-06T09:00:00Z".parse().unwrap();
    assert_eq!(table.get("k").await.unwrap(), None);
    assert_eq!(table.put("k", &last(1), None, Some(expires)).await.unwrap(), Put::Stored);
    assert_eq!(table.put("k", &last(2), None, None).await.unwrap(), Put::Conflict);
    assert_eq!(table.get("k").await.unwrap(), Some((last(1), Version(1))));
    assert_eq!(table.put("k", &last(3), Some(Version(1)), Some(expires)).await.unwrap(), Put::Stored);
    assert_eq!(table.put("k", &last(4), Some(Version(1)), None).await.unwrap(), Put::Conflict);
    assert_eq!(table.put("other", &last(5), Some(Version(1)), None).await.unwrap(), Put::Conflict);
    assert_eq!(table.get("k").await.unwrap(), Some((last(3), Version(2))));
    assert_eq!(table.put("other", &last(6), None, None).await.unwrap(), Put::Stored);
    let kept_until: BTreeMap<String, Option<String>> = cloud
        .items("versions")
        .iter()
        .map(|item| {
            let expires = item["expires"]["N"].as_str().map(str::to_owned);
            (item["pk"]["S"].as_str().unwrap().to_owned(), expires)
        })
        .collect();
    assert_eq!(kept_until["k"].as_deref(), Some("1775466000"));
    assert_eq!(kept_until["other"], None);
}

#[tokio::test]
async fn throttled_requests_are_repeated() {
    let found = json!({"Item": {"pk": {"S": "k"}, "version": {"N": "7"}, "item": {"S": last(1).encode()}}}).to_string();
    let peer = Peer::start(vec![throttled(), throttled(), throttled(), Reply::text(200, found)]);
    let patient = table(peer.endpoint(), "t").await;
    assert_eq!(patient.get("k").await.unwrap(), Some((last(1), Version(7))));
    assert_eq!(peer.asked(), 4);
    let peer = Peer::start(vec![throttled()]);
    let error = table(peer.endpoint(), "t").await.put("k", &last(1), None, None).await.unwrap_err();
    assert_eq!(chain(&error), "the request to the table `t` failed: ThrottlingException: slow down");
    assert_eq!(peer.asked(), 5);
}

#[tokio::test]
async fn an_unavailable_table_is_an_error_that_names_the_repair() {
    let missing = table(Cloud::get().endpoint(), "nowhere").await.get("k").await.unwrap_err();
    assert!(missing.to_string().contains("`nowhere` does not exist"), "{missing}");
    let denied = json!({"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "no"}).to_string();
    let peer = Peer::start(vec![Reply::text(400, denied)]);
    let denied = table(peer.endpoint(), "t").await;
    for error in [denied.get("k").await.unwrap_err(), denied.put("k", &last(1), None, None).await.unwrap_err()] {
        assert!(error.to_string().contains("dynamodb:PutItem"), "{error}");
    }
    assert_eq!(peer.asked(), 2);
    let odd = json!({"Item": {"pk": {"S": "k"}, "version": {"N": "1"}, "item": {"S": "{}"}}}).to_string();
    let peer = Peer::start(vec![Reply::text(200, odd)]);
    assert!(table(peer.endpoint(), "t").await.get("k").await.is_err());
}

fn rule(fields: &str) -> Rule {
    let text = format!("rules:\n- name: R\n  severity: 1\n  filter: a = 1\n  aggregate_fields: [user]\n{fields}");
    RuleSet::parse(&text).unwrap().0.rules.remove(0)
}

fn record(id: usize) -> Record {
    let who = json!({"type": "IAMUser", "userName": format!("user-{}", id % 3)});
    let event = json!({"eventID": id.to_string(), "eventTime": "2026-03-02T09:00:00Z", "userIdentity": who});
    Record::new(event).unwrap()
}

/// Decides and publishes as the handler does, and counts the alerts in `fired`.
async fn deliver(table: Arc<DynamoDb>, rule: Arc<Rule>, name: String, records: Vec<Record>, fired: Arc<AtomicUsize>) {
    let channels = ["text".to_owned()];
    let matches: Vec<_> = records.iter().map(|record| Match { rule: &rule, record, channels: &channels }).collect();
    let now: Timestamp = "2026-03-02T09:05:00Z".parse().unwrap();
    let mut claimant = Claimant::new(&name, 60);
    for decision in decide(&*table, &mut claimant, &matches, now).await {
        if let Decision::Fire(firing) = decision {
            assert!(!firing.unremembered);
            fired.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            mark_sent(&*table, &mut claimant, &firing.ticket, "text").await.unwrap();
        }
    }
}

/// Six concurrent deliveries, with one request of sixteen throttled: each of three users raises one alert, and all
/// events are counted.
#[tokio::test]
async fn concurrent_deliveries_alert_once() {
    let cloud = Cloud::get();
    for (name, fields, each) in [("at-once-1", "", 4), ("at-once-5", "  threshold: 5\n", 4)] {
        cloud.table(name);
        let passed = std::iter::repeat_n(Reply::Pass, 15);
        let script = std::iter::once(throttled()).chain(passed).cycle().take(3_000).collect();
        let peer = Peer::start(script);
        let (table, rule) = (Arc::new(table(peer.endpoint(), name).await), Arc::new(rule(fields)));
        let fired = Arc::new(AtomicUsize::new(0));
        for _ in 0..2 {
            let tasks: Vec<_> = (0..6)
                .map(|number| {
                    let records = (number * each..(number + 1) * each).map(record).collect();
                    let (table, rule, fired) = (Arc::clone(&table), Arc::clone(&rule), Arc::clone(&fired));
                    tokio::spawn(deliver(table, rule, format!("object {number}"), records, fired))
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            // The second time all are delivered again, and nothing is published.
            assert_eq!(fired.load(std::sync::atomic::Ordering::Relaxed), 3, "{name}");
        }
        let windows = cloud.items(name).into_iter().filter_map(|item| {
            match StoredItem::decode(item["item"]["S"].as_str().unwrap()).unwrap() {
                StoredItem::WindowEntry(entry) => Some(entry.events.count()),
                _ => None,
            }
        });
        let windows: Vec<u64> = windows.collect();
        assert!(windows.iter().all(|count| *count == 8), "{windows:?}");
        assert!(peer.asked() > 60, "{}", peer.asked());
    }
}

/// Whatever happens to one request of an alert, the alert is published once, marked, and not published again.
#[tokio::test]
async fn a_single_failed_request_changes_nothing() {
    let cloud = Cloud::get();
    let conflict =
        json!({"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "no"});
    let conflict = Reply::text(400, conflict.to_string());
    let passed = || Reply::Pass;
    // Of window, bound and series: read, write, read, write, read; and once it is sent, read, write, read, write.
    let writes = [1, 3, 6, 8];
    let (rule, mut number) = (Arc::new(rule("")), 0);
    for (fault, places) in
        [(throttled(), (0..9).collect()), (Reply::Lost, (0..9).collect()), (conflict, writes.to_vec())]
    {
        for at in places {
            number += 1;
            let name = format!("fault-{number}");
            cloud.table(&name);
            let script = (0..at).map(|_| passed()).chain([fault.clone(), passed()]).collect();
            let peer = Peer::start(script);
            let fired = Arc::new(AtomicUsize::new(0));
            let table = Arc::new(table(peer.endpoint(), &name).await);
            for object in ["one", "one", "a copy"] {
                let (table, rule, fired) = (Arc::clone(&table), Arc::clone(&rule), Arc::clone(&fired));
                deliver(table, rule, object.to_owned(), vec![record(0)], fired).await;
            }
            assert_eq!(fired.load(std::sync::atomic::Ordering::Relaxed), 1, "request {at}");
            let sent = cloud.items(&name).into_iter().filter_map(|item| {
                match StoredItem::decode(item["item"]["S"].as_str().unwrap()).unwrap() {
                    StoredItem::WindowEntry(entry) => Some((entry.events.count(), entry.sent.contains("text"))),
                    _ => None,
                }
            });
            assert_eq!(sent.collect::<Vec<_>>(), [(1, true)], "request {at}");
        }
    }
}
