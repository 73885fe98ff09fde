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
    state::{
        Change, Claimant, Decision, Match, Stored, StoredItem, Table, Version, Written, decide, entry::LastAlert,
        mark_sent,
    },
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
    DynamoDb::new(&config.await, name, settings.timeouts.retry_base)
}

/// The change of an item, in place of the version that was read.
fn change(key: &str, item: StoredItem, expected: Option<u64>) -> Change {
    Change { key: key.to_owned(), item, expected: expected.map(Version), expires: None }
}

/// The item of one key.
async fn item(table: &DynamoDb, key: &str) -> Option<Stored> {
    table.read(&[key]).await.unwrap().remove(0)
}

fn last(reported: u64) -> StoredItem {
    StoredItem::LastAlert(LastAlert { windows: vec!["a \"window\"".to_owned(), "é".to_owned()], reported })
}

/// An error of DynamoDB with this code, and what else it has.
fn error(code: &str, more: serde_json::Value) -> Reply {
    let mut body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "slow down"});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
    Reply::text(400, body.to_string())
}

fn throttled() -> Reply {
    error("ThrottlingException", json!({}))
}

/// A canceled transaction, with the reason of each of its items
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>).
fn canceled(reasons: &[&str]) -> Reply {
    let reasons: Vec<_> = reasons.iter().map(|reason| json!({"Code": reason, "Message": "no"})).collect();
    error("TransactionCanceledException", json!({"CancellationReasons": reasons}))
}

/// The answer to `BatchGetItem`: items with these keys, and keys that are left unprocessed.
fn batch(found: &[&str], unprocessed: &[&str]) -> Reply {
    let item = |key: &&str| json!({"pk": {"S": key}, "version": {"N": "7"}, "item": {"S": last(1).encode()}});
    let found: Vec<_> = found.iter().map(item).collect();
    let keys: Vec<_> = unprocessed.iter().map(|key| json!({"pk": {"S": key}})).collect();
    let unprocessed = if keys.is_empty() { json!({}) } else { json!({"t": {"Keys": keys, "ConsistentRead": true}}) };
    Reply::text(200, json!({"Responses": {"t": found}, "UnprocessedKeys": unprocessed}).to_string())
}

#[tokio::test]
async fn a_write_replaces_only_what_was_read() {
    let cloud = Cloud::get();
    cloud.table("versions");
    let table = table(cloud.endpoint(), "versions").await;
    let expires: Timestamp = "2026-04-06T09:00:00Z".parse().unwrap();
    let until = |change: Change| Change { expires: Some(expires), ..change };
    assert_eq!(item(&table, "k").await, None);
    assert_eq!(table.write(&[until(change("k", last(1), None))]).await.unwrap(), Written::Stored);
    assert_eq!(table.write(&[change("k", last(2), None)]).await.unwrap(), Written::Conflicts(vec![0]));
    assert_eq!(item(&table, "k").await, Some((last(1), Version(1))));
    assert_eq!(table.write(&[until(change("k", last(3), Some(1)))]).await.unwrap(), Written::Stored);
    assert_eq!(table.write(&[change("k", last(4), Some(1))]).await.unwrap(), Written::Conflicts(vec![0]));
    assert_eq!(table.write(&[change("other", last(5), Some(1))]).await.unwrap(), Written::Conflicts(vec![0]));
    assert_eq!(item(&table, "k").await, Some((last(3), Version(2))));
    assert_eq!(table.write(&[change("other", last(6), None)]).await.unwrap(), Written::Stored);
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

/// Of several items all are written or none, and the answer names those that other deliveries wrote.
#[tokio::test]
async fn a_transaction_stores_all_items_or_none() {
    let cloud = Cloud::get();
    cloud.table("batches");
    let peer = Peer::start(vec![Reply::Pass]);
    let table = table(peer.endpoint(), "batches").await;
    let key = |number: usize| format!("k{number:03}");
    let new: Vec<Change> = (0..100).map(|number| change(&key(number), last(1), None)).collect();
    assert_eq!(table.write(&new).await.unwrap(), Written::Stored);
    let next = |number: usize, expected| change(&key(number), last(2), expected);
    let changes = [next(0, Some(1)), next(1, None), next(2, Some(2)), next(300, None)];
    assert_eq!(table.write(&changes).await.unwrap(), Written::Conflicts(vec![1, 2]));
    assert_eq!(peer.asked(), 2);
    let keys: Vec<String> = (0..150).rev().map(key).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let read = table.read(&keys).await.unwrap();
    let expected = keys.iter().map(|key| (*key < "k100").then(|| (last(1), Version(1))));
    assert_eq!(read, expected.collect::<Vec<_>>());
    assert_eq!(peer.asked(), 4);
    assert_eq!(item(&table, "k300").await, None);
}

#[tokio::test]
async fn throttled_requests_are_repeated() {
    let peer = Peer::start(vec![throttled(), throttled(), throttled(), batch(&["k"], &[])]);
    assert_eq!(item(&table(peer.endpoint(), "t").await, "k").await, Some((last(1), Version(7))));
    assert_eq!(peer.asked(), 4);
    let peer = Peer::start(vec![throttled()]);
    let patient = table(peer.endpoint(), "t").await;
    let one = [change("k", last(1), None)];
    let two = [change("k", last(1), None), change("l", last(1), None)];
    for changes in [&one[..], &two[..]] {
        let error = patient.write(changes).await.unwrap_err();
        assert_eq!(chain(&error), "the request to the table `t` failed: ThrottlingException: slow down");
    }
    assert_eq!(peer.asked(), 10);

    // What is left unprocessed is requested again.
    let peer = Peer::start(vec![batch(&["a"], &["b", "c"]), batch(&["c"], &["b"]), batch(&[], &[])]);
    let read = table(peer.endpoint(), "t").await.read(&["a", "b", "c"]).await.unwrap();
    assert_eq!(read.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(peer.asked(), 3);
    let peer = Peer::start(vec![batch(&[], &["a"])]);
    let error = table(peer.endpoint(), "t").await.read(&["a"]).await.unwrap_err();
    assert_eq!(chain(&error), "the table `t` is throttled: 5 requests left keys unprocessed");

    // A transaction that is canceled for want of capacity is repeated; one that another request runs into was lost.
    let slow = || canceled(&["None", "ThrottlingError"]);
    let peer = Peer::start(vec![slow(), canceled(&["ProvisionedThroughputExceeded", "None"]), Reply::text(200, "{}")]);
    assert_eq!(table(peer.endpoint(), "t").await.write(&two).await.unwrap(), Written::Stored);
    assert_eq!(peer.asked(), 3);
    let peer = Peer::start(vec![slow()]);
    let error = chain(&table(peer.endpoint(), "t").await.write(&two).await.unwrap_err());
    assert!(error.contains("TransactionCanceledException"), "{error}");
    assert_eq!(peer.asked(), 5);
    let peer = Peer::start(vec![canceled(&["None", "TransactionConflict"])]);
    assert_eq!(table(peer.endpoint(), "t").await.write(&two).await.unwrap(), Written::Conflicts(vec![1]));
    let peer = Peer::start(vec![error_of_conflict()]);
    assert_eq!(table(peer.endpoint(), "t").await.write(&one).await.unwrap(), Written::Conflicts(vec![0]));
}

fn error_of_conflict() -> Reply {
    error("TransactionConflictException", json!({}))
}

/// An item of another transaction may be refused for its content: that is an error, and no conflict.
#[tokio::test]
async fn a_refused_transaction_is_an_error() {
    let peer = Peer::start(vec![canceled(&["None", "ValidationError"])]);
    let two = [change("k", last(1), None), change("l", last(1), None)];
    assert!(table(peer.endpoint(), "t").await.write(&two).await.is_err());
    assert_eq!(peer.asked(), 1);
}

#[tokio::test]
async fn an_unavailable_table_is_an_error_that_names_the_repair() {
    let missing = table(Cloud::get().endpoint(), "nowhere").await.read(&["k"]).await.unwrap_err();
    assert!(missing.to_string().contains("`nowhere` does not exist"), "{missing}");
    let denied = json!({"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "no"}).to_string();
    let peer = Peer::start(vec![Reply::text(400, denied)]);
    let denied = table(peer.endpoint(), "t").await;
    let two = [change("k", last(1), None), change("l", last(1), None)];
    let errors = [
        denied.read(&["k"]).await.unwrap_err(),
        denied.write(&two[..1]).await.unwrap_err(),
        denied.write(&two).await.unwrap_err(),
    ];
    for error in errors {
        assert!(error.to_string().contains("dynamodb:BatchGetItem and dynamodb:PutItem"), "{error}");
    }
    assert_eq!(peer.asked(), 3);
    let odd = json!({"pk": {"S": "k"}, "version": {"N": "1"}, "item": {"S": "{}"}});
    let peer = Peer::start(vec![Reply::text(200, json!({"Responses": {"t": [odd]}}).to_string())]);
    assert!(table(peer.endpoint(), "t").await.read(&["k"]).await.is_err());
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
    let conflict = error("ConditionalCheckFailedException", json!({}));
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
