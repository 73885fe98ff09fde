//! The state in a DynamoDB table: concurrent deliveries, failing requests, and a missing table.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::AtomicUsize},
};

use aws_sdk_dynamodb::config::{Credentials, Region};
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde_json::json;
use trailbell::{
    aws::{DynamoDb, Settings, config_loader},
    diagnostic::chain,
    record::Record,
    rule::{Rule, RuleSet},
    state::{
        Audience, Change, Claimant, Decision, Match, Stored, StoredItem, Table, Version, Write, Written, decide,
        entry::LearningStart,
        key::{Series, learning_key, limit_key},
        mark_sent,
        series::{Arrival, Delivery, Kind, Plan, SeriesItem},
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
    Change { key: key.to_owned(), write: Write::Put { item, expected: expected.map(Version) }, expires: None }
}

/// The item of one key.
async fn item(table: &DynamoDb, key: &str) -> Option<Stored> {
    table.read(&[key]).await.unwrap().remove(0)
}

fn last(from: i64) -> StoredItem {
    StoredItem::from(LearningStart { from })
}

/// A series, which is stored as bytes.
fn series(name: &str) -> StoredItem {
    let (mut series, arrival) = (SeriesItem::default(), Arrival { name: name.to_owned(), ..Arrival::default() });
    let plan = Plan { window: 60, threshold: 2, kind: Kind::Events };
    series.arrive(&plan, &arrival, Delivery { owner: 1, began: 0, now: 0 });
    series.into()
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
    let item =
        |key: &&str| json!({"pk": {"S": key}, "version": {"N": "7"}, "item": {"S": "{\"lessons\":{\"from\":1}}"}});
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
    assert_eq!(table.write(&[change("a \"series\" é", series("é"), None)]).await.unwrap(), Written::Stored);
    assert_eq!(item(&table, "a \"series\" é").await, Some((series("é"), Version(1))));
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

/// Sets grow and shrink whatever their version, alone and in transactions, and together with items that are put or not at all.
#[tokio::test]
async fn sets_take_what_is_added_and_lose_what_is_removed() {
    let cloud = Cloud::get();
    cloud.table("sets");
    let table = table(cloud.endpoint(), "sets").await;
    let expires: Timestamp = "2026-04-06T09:00:00Z".parse().unwrap();
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<BTreeSet<_>>();
    let set = |key: &str, write: Write| Change { key: key.to_owned(), write, expires: Some(expires) };
    let add = |key: &str, more: &[&str]| set(key, Write::Add(texts(more)));
    let remove = |key: &str, gone: &[&str]| set(key, Write::Remove(texts(gone)));
    let due = |entries: &[&str], version: u64| Some((StoredItem::Due(texts(entries)), Version(version)));
    let written = Written::Stored;

    assert_eq!(table.write(&[add("a", &["x", "é \"y\""])]).await.unwrap(), written);
    assert_eq!(table.write(&[add("a", &["x", "z"])]).await.unwrap(), written);
    assert_eq!(item(&table, "a").await, due(&["x", "z", "é \"y\""], 2));
    assert_eq!(cloud.items("sets")[0]["expires"]["N"], "1775466000");
    assert_eq!(table.write(&[remove("a", &["x", "not there"])]).await.unwrap(), written);
    assert_eq!(table.write(&[remove("a", &["z", "é \"y\""])]).await.unwrap(), written);
    assert_eq!(item(&table, "a").await, due(&[], 4));
    assert_eq!(table.write(&[add("a", &["x"])]).await.unwrap(), written);
    // An item that is made by a removal is deleted by the table, too.
    assert_eq!(table.write(&[remove("none", &["x"])]).await.unwrap(), written);
    assert_eq!(item(&table, "none").await, due(&[], 1));

    let both = |expected| [change("k", last(1), expected), add("a", &["t"]), add("b", &["u"]), remove("a2", &["x"])];
    assert_eq!(table.write(&both(None)).await.unwrap(), written);
    assert_eq!(
        table.write(&[change("k", last(2), None), add("a", &["not"])]).await.unwrap(),
        Written::Conflicts(vec![0])
    );
    assert_eq!(table.write(&both(Some(1))).await.unwrap(), written);
    assert_eq!(item(&table, "a").await, due(&["t", "x"], 7));
    assert_eq!(item(&table, "b").await, due(&["u"], 2));
    assert_eq!(item(&table, "k").await, Some((last(1), Version(2))));
}

/// DynamoDB stores no item of more than 400 KB, unlike moto
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
#[tokio::test]
async fn a_set_without_room_is_no_error_of_the_table() {
    let too_large = "Item size to update has exceeded the maximum allowed size";
    let reasons = json!([{"Code": "None"}, {"Code": "ValidationError", "Message": too_large}]);
    let refused = error("TransactionCanceledException", json!({"CancellationReasons": reasons}));
    let alone = error("ValidationException", json!({"message": too_large}));
    let peer = Peer::start(vec![refused, alone]);
    let table = table(peer.endpoint(), "t").await;
    let add = Change { key: "a".to_owned(), write: Write::Add(["x".to_owned()].into()), expires: None };
    let both = [change("k", last(1), None), add];
    assert_eq!(table.write(&both).await.unwrap(), Written::Full(vec![1]));
    assert_eq!(table.write(&both[1..]).await.unwrap(), Written::Full(vec![0]));
    assert_eq!(peer.asked(), 2);
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
        assert!(
            error.to_string().contains("dynamodb:BatchGetItem, dynamodb:PutItem and dynamodb:UpdateItem"),
            "{error}"
        );
    }
    assert_eq!(peer.asked(), 3);
    let odd = json!({"pk": {"S": "k"}, "version": {"N": "1"}, "item": {"S": "{}"}});
    let peer = Peer::start(vec![Reply::text(200, json!({"Responses": {"t": [odd]}}).to_string())]);
    assert!(table(peer.endpoint(), "t").await.read(&["k"]).await.is_err());
}

fn rule(fields: &str) -> Arc<Rule> {
    let text = format!("rules:\n- name: R\n  severity: 2\n  filter: a = 1\n  aggregate_fields: [user]\n{fields}");
    Arc::new(RuleSet::parse(&text).unwrap().0.rules.remove(0))
}

const TIME: i64 = 1_772_442_000;

fn record(id: usize) -> Record {
    let who = json!({"type": "IAMUser", "userName": format!("user-{}", id % 3)});
    let time = Timestamp::from_second(TIME).unwrap().to_string();
    Record::new(json!({"eventID": id.to_string(), "eventTime": time, "userIdentity": who})).unwrap()
}

/// Decides and publishes as the handler does, and counts the alerts in `fired`.
async fn deliver(table: Arc<DynamoDb>, rule: Arc<Rule>, name: String, records: Vec<Record>, fired: Arc<AtomicUsize>) {
    let now: Timestamp = "2026-03-02T09:05:00Z".parse().unwrap();
    let matches: Vec<Match> =
        records.iter().flat_map(|record| Match::of(&rule, record, &[Audience::Alerts], now)).collect();
    let mut claimant = Claimant::new(&name, 60);
    let matches: Vec<&Match> = matches.iter().collect();
    let decided = decide(&*table, &mut claimant, &matches, |_| None, now).await;
    assert!(decided.resumed.is_empty());
    let mut sent = Vec::new();
    for decision in decided.decisions {
        if let Decision::Fire(firing) = decision {
            assert!(!firing.unremembered);
            fired.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            sent.push((firing.ticket, Audience::Alerts));
        }
    }
    mark_sent(&*table, &mut claimant, &sent).await.unwrap();
}

/// The number of events of each series, and whether all of its alerts are sent.
fn stored_series(cloud: &Cloud, table: &str, rule: &Rule) -> Vec<(usize, bool)> {
    let plan = Plan { window: rule.window.as_secs(), threshold: rule.threshold, kind: Kind::Events };
    let bytes = cloud.items(table).into_iter().filter_map(|item| {
        let bytes = BASE64_STANDARD.decode(item["item"]["B"].as_str()?).unwrap();
        Some(SeriesItem::decode(&bytes).unwrap())
    });
    let counted = |series: SeriesItem| {
        let events = series.events(&plan, TIME);
        (events.values.len() + events.more, series.pending().is_empty())
    };
    bytes.map(counted).collect()
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
        let (table, rule) = (Arc::new(table(peer.endpoint(), name).await), rule(fields));
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
        assert_eq!(stored_series(cloud, name, &rule), [(8, true); 3], "{name}");
        assert!(peer.asked() > 20, "{}", peer.asked());
    }
}

/// Whatever happens to one request of an alert, the alert is published once, marked, and not published again.
#[tokio::test]
async fn a_single_failed_request_changes_nothing() {
    let cloud = Cloud::get();
    let (rule, mut number) = (rule(""), 0);
    // A reading, a transaction of the series and the hourly limit, and the mark.
    let conflicts = [
        (canceled(&["ConditionalCheckFailed", "None"]), 1),
        (canceled(&["None", "TransactionConflict"]), 1),
        (error("ConditionalCheckFailedException", json!({})), 2),
    ];
    let faults = (0..3).flat_map(|at| [(throttled(), at), (Reply::Lost, at)]);
    for (fault, at) in faults.chain(conflicts) {
        number += 1;
        let name = format!("fault-{number}");
        cloud.table(&name);
        let script = (0..at).map(|_| Reply::Pass).chain([fault, Reply::Pass]).collect();
        let peer = Peer::start(script);
        let fired = Arc::new(AtomicUsize::new(0));
        let table = Arc::new(table(peer.endpoint(), &name).await);
        for object in ["one", "one", "a copy"] {
            let (table, rule, fired) = (Arc::clone(&table), Arc::clone(&rule), Arc::clone(&fired));
            deliver(table, rule, object.to_owned(), vec![record(0)], fired).await;
        }
        assert_eq!(fired.load(std::sync::atomic::Ordering::Relaxed), 1, "request {at}");
        assert_eq!(stored_series(cloud, &name, &rule), [(1, true)], "request {at}");
    }
}

/// A table of a deployed stack, with the items of the format before series, after an update: what was seen stays known, the
/// hourly limit holds, and a series that was silenced by a window alerts once more.
#[tokio::test]
async fn an_update_of_a_stack_raises_no_flood_and_loses_no_alert() {
    let cloud = Cloud::get();
    cloud.table("updated");
    let new = rule("  first_seen: {fields: [user], learning: 1s}\n");
    let user = |name: &str| {
        let who = json!({"type": "IAMUser", "userName": name});
        move |id: &str| {
            let event = json!({"eventID": id, "eventTime": "1970-01-01T09:00:05Z", "userIdentity": who});
            Record::new(event).unwrap()
        }
    };
    let known = Series::new(&new, &new.aggregate(&user("known")("0"))).sightings_key();
    for line in include_str!("../cases/stored_items.jsonl").lines() {
        let kind = line.split('"').nth(1).unwrap();
        let key = match kind {
            "lessons" => learning_key(&new, new.first_seen.as_ref().unwrap()),
            "sightings" => known.clone(),
            "cap" => limit_key(&new, 9),
            other => format!("{other}/r/0123456789abcdef0123456789abcdef"),
        };
        cloud.put_item("updated", &key, line);
    }
    assert_eq!(cloud.items("updated").len(), 6);
    let peer = Peer::start(vec![Reply::Pass]);
    let table = table(peer.endpoint(), "updated").await;
    // The hour of the stored limit, in which one alert went out: of three, successes have two.
    let now = Timestamp::from_second(9 * 3600 + 10).unwrap();
    let deliver = async |name: &str, rule: &Arc<Rule>, records: &[Record]| {
        let matches = records.iter().flat_map(|record| Match::of(rule, record, &[Audience::Alerts], now));
        let matches: Vec<Match> = matches.collect();
        let mut claimant = Claimant::new(name, 3);
        let decided = decide(&table, &mut claimant, &matches.iter().collect::<Vec<_>>(), |_| None, now).await;
        let ticket = |decision: &Decision| match decision {
            Decision::Fire(firing) => Some((firing.ticket.clone(), Audience::Alerts)),
            _ => None,
        };
        let sent: Vec<_> = decided.decisions.iter().filter_map(ticket).collect();
        mark_sent(&table, &mut claimant, &sent).await.unwrap();
        decided.decisions.iter().map(Decision::word).collect::<Vec<_>>()
    };
    let records = [user("known")("1"), user("ada")("2"), user("bob")("3"), user("eve")("4")];
    let words = deliver("one", &new, &records).await;
    assert_eq!(words, ["already_seen", "alerted", "capped", "capped"]);
    let ongoing = rule("  id: ongoing\n");
    assert_eq!(deliver("two", &ongoing, &[user("ada")("5"), user("ada")("6")]).await, ["alerted", "deduplicated"]);
    assert_eq!(deliver("three", &ongoing, &[user("ada")("7")]).await, ["deduplicated"]);
    assert_eq!(deliver("one", &new, &records).await[..3], ["already_seen", "deduplicated", "capped"]);
}
