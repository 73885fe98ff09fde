//! The budget of the alert topic over several functions: SNS disables an e-mail subscription that gets more than ten messages
//! a second.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use trailbell::state::DueEntry;

use crate::{
    emulator::Emulator,
    peer::{Peer, Reply},
    quick_table::QuickTable,
    scene::{Scene, gzip},
};

const FUNCTIONS: usize = 3;
/// A hundred events for each rule, so that its hourly limit holds nothing back.
const RULES: usize = 10;
const EVENTS: usize = 100;

/// Half of the rules have severity 1, and half 2; each event raises an alert.
fn rules() -> String {
    let rule = |at: usize| {
        json!({"name": format!("Rule {at}"), "severity": at % 2 + 1, "filter": format!("eventName = \"Call{at}\""),
            "aggregate_fields": ["eventID"]})
    };
    json!({"rules": (0..RULES).map(rule).collect::<Vec<_>>()}).to_string()
}

fn record(rule: usize, event: usize) -> Value {
    let id = format!("event-{rule}-{event:03}");
    json!({"eventVersion": "1.11", "eventID": id, "eventName": format!("Call{rule}"), "eventTime": "2026-03-02T09:15:00Z",
        "recipientAccountId": "111122223333", "awsRegion": "eu-west-1",
        "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::111122223333:user/{id}"), "userName": id}})
}

/// The most of these times that are in any span of this length.
fn fullest(times: &[Instant], span: Duration) -> usize {
    let within = |from: &Instant| times.iter().filter(|time| **time >= *from && **time < *from + span).count();
    times.iter().map(within).max().unwrap_or(0)
}

/// Runs something, and measures for how long the machine let a thread wait that wanted to run, at most.
fn with_longest_stall<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let (mut longest, nap) = (Duration::ZERO, Duration::from_millis(10));
            while !is_done.load(Ordering::Relaxed) {
                let from = Instant::now();
                thread::sleep(nap);
                longest = longest.max(from.elapsed().saturating_sub(nap));
            }
            longest
        });
        let result = run();
        is_done.store(true, Ordering::Relaxed);
        (result, watch.join().unwrap())
    })
}

#[test]
fn three_functions_send_at_most_five_alerts_in_a_second() {
    let scene = Scene::new("mail");
    std::fs::write(&scene.rules, rules()).unwrap();
    let (table, sns) = (QuickTable::start(), Peer::before("PublishBatch", vec![Reply::Pass]));
    let settings = [
        ("STATE_TABLE_NAME", "mail"),
        ("AWS_ENDPOINT_URL_DYNAMODB", table.endpoint()),
        ("AWS_ENDPOINT_URL_SNS", sns.endpoint()),
        ("MAX_ALERTS_PER_RULE_HOUR", "500"),
        ("AWS_LAMBDA_FUNCTION_TIMEOUT", "120"),
    ];
    let keys: Vec<String> = (0..FUNCTIONS).map(|number| format!("{number}.json.gz")).collect();
    for (number, key) in keys.iter().enumerate() {
        // Each object has events of every rule.
        let records: Vec<Value> = (0..RULES * EVENTS)
            .filter(|at| at % FUNCTIONS == number)
            .map(|at| record(at / EVENTS, at % EVENTS))
            .collect();
        scene.cloud.put(&scene.bucket, key, &gzip(json!({"Records": records}).to_string().as_bytes()));
    }
    let functions: Vec<Emulator> = keys.iter().map(|_| scene.function(&settings)).collect();
    let (answers, stall) = with_longest_stall(|| {
        thread::scope(|scope| {
            let invoke = |(function, key): (&Emulator, &String)| function.invoke(&scene.event(&[key])).success();
            let running: Vec<_> = functions.iter().zip(&keys).map(|one| scope.spawn(move || invoke(one))).collect();
            running.into_iter().map(|one| one.join().unwrap()).collect::<Vec<Value>>()
        })
    });

    let sum =
        |pointer: &str| answers.iter().map(|answer| answer.pointer(pointer).unwrap().as_u64().unwrap()).sum::<u64>();
    let (sent, summarised) = (sum("/sends/alerts/sent"), sum("/sends/alerts/summarised"));
    let all = u64::try_from(RULES * EVENTS).unwrap();
    assert_eq!((sum("/matches/alerted"), sent + summarised, sum("/unremembered")), (all, all, 0), "{answers:?}");
    assert!(sent >= 10, "the functions wait for tokens: {sent}");

    // A function cannot use its tokens in time where the machine does not let it run.
    let span = if stall < Duration::from_millis(300) {
        Duration::from_secs(1)
    } else {
        Duration::from_secs(1).saturating_sub(stall)
    };
    let arrivals = sns.arrivals();
    assert_eq!(arrivals.len(), usize::try_from(sent).unwrap(), "one message in each request");
    let most = fullest(&arrivals, span);
    assert!(most <= 5, "{most} messages in {span:?} of {arrivals:?}");

    // However long the machine stalls, tokens of some ten seconds arrive in ten.
    let most = fullest(&arrivals, Duration::from_secs(10));
    assert!(most <= 35, "{most} messages in ten seconds of {arrivals:?}");

    let ids = |queue| {
        let messages = scene.cloud.receive(queue);
        let id = |message: &Value| message["MessageAttributes"]["alert_id"]["Value"].as_str().unwrap().to_owned();
        messages.iter().map(id).collect::<Vec<String>>()
    };
    let messages = ids(&scene.all);
    let mut reported: BTreeSet<String> = messages.iter().cloned().collect();
    assert_eq!((messages.len(), reported.len()), (arrivals.len(), arrivals.len()));
    for item in table.items() {
        for entry in item["item"]["SS"].as_array().into_iter().flatten() {
            let Some(DueEntry::Line(line)) = DueEntry::decode(entry.as_str().unwrap()) else { panic!("{entry}") };
            assert!(reported.insert(line.alert_id.clone()), "in a message and in a summary: {line:?}");
        }
    }
    assert_eq!(reported.len(), RULES * EVENTS);

    // The slot of the lines ends in some minutes; here it is one that has ended.
    let ended = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() / 300 - 1;
    table.rename(|key| {
        let (slot, shard) = key.strip_prefix("due/")?.split_once('/')?;
        // Lines of two slots stay in two.
        Some(format!("due/{}/{shard}", ended - slot.parse::<u64>().unwrap() % 2))
    });
    let tick = json!({"version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
        "source": "aws.events", "account": "123456789012", "time": "2026-03-02T09:20:00Z", "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/tick"], "detail": {}});
    let answer = functions[0].invoke(&tick.to_string()).success();
    let messages = scene.cloud.receive(&scene.all);
    let is_summary =
        |message: &Value| message["MessageAttributes"]["tags"]["Value"].as_str().unwrap().contains("\"kind.summary\"");
    assert!(!messages.is_empty() && messages.iter().all(is_summary), "{answer}\n{messages:?}");
    let texts: String = messages.iter().map(|message| message["Message"].as_str().unwrap()).collect();
    let listed = texts.matches("09:15 event-").count();
    assert_eq!(listed, usize::try_from(summarised).unwrap(), "{texts}");
    for item in table.items() {
        assert!(item["item"].get("SS").is_none(), "what was sent is no longer due: {item}");
    }
}
