//! The tick: what is due is sent once, whatever fails, whenever a tick is missed, repeated or ended.

use std::{
    collections::BTreeSet,
    future::{Future, poll_fn},
    pin::pin,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    task::{Context, Poll, Waker},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Value, json};
use trailbell::{
    alert::Message,
    engine::Engine,
    handler::{Channels, Clock, Handler, InvocationLimits, Outcome, Watch},
    rule::RuleSet,
    state::{
        Budget, Change, DueEntry, HourlyAlerts, MemoryTable, Stored, StoredItem, SummaryLine, Table, TableError, Write,
        Written, due::due_key, read_all_due,
    },
};

use crate::ports::{Memory, Outbox, event, failures, image, log_file, publish_error};

const BEGIN: i64 = 1_772_442_000;
const INVOCATION: Duration = Duration::from_mins(5);

pub(super) struct At(pub(super) Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn left(&self) -> Duration {
        INVOCATION
    }

    async fn until_left(&self, _: Duration) {
        std::future::pending::<()>().await;
    }
}

pub(super) fn at(seconds: i64) -> At {
    At(Timestamp::from_second(BEGIN + seconds).unwrap())
}

pub(super) fn scheduled() -> Value {
    json!({"id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}})
}

/// A table that answers no request from the one with this number on, counted from 0, or refuses all.
#[derive(Default)]
struct Faulty {
    memory: MemoryTable,
    requests: AtomicUsize,
    ends_at: Option<usize>,
    is_down: AtomicBool,
}

impl Faulty {
    async fn step(&self) -> Result<(), TableError> {
        let request = self.requests.fetch_add(1, Ordering::Relaxed);
        if self.ends_at.is_some_and(|ends_at| request >= ends_at) {
            std::future::pending::<()>().await;
        }
        // Another invocation goes on.
        let mut is_second = false;
        poll_fn(|context| {
            if std::mem::replace(&mut is_second, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        if self.is_down.load(Ordering::Relaxed) { Err(TableError::service("throttled")) } else { Ok(()) }
    }
}

impl Table for Faulty {
    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
        self.step().await?;
        self.memory.read(keys).await
    }

    async fn write(&self, changes: &[Change]) -> Result<Written, TableError> {
        self.step().await?;
        self.memory.write(changes).await
    }
}

fn engine() -> Engine {
    Engine::new(RuleSet::parse("rules: [{name: R, severity: 1, filter: eventName = \"PutImage\"}]").unwrap().0)
}

/// Adds lines that are due at this time.
fn add(table: &MemoryTable, due: i64, ids: &[&str]) {
    for (number, id) in (0..).zip(ids) {
        let line = SummaryLine {
            alert_id: (*id).to_owned(),
            title: (*id).to_owned(),
            severity: 2,
            rule: "r".to_owned(),
            ..SummaryLine::default()
        };
        let write = Write::Add([DueEntry::Line(line).encode()].into());
        let change = Change { key: due_key(BEGIN + due, number), write, expires: None };
        assert_eq!(pollster::block_on(table.write(&[change])).unwrap(), Written::Stored);
    }
}

async fn handle(table: &impl Table, outbox: &Outbox, now: i64, payload: &Value, keeps_state: bool) -> Outcome {
    let (engine, objects, channels) =
        (engine(), Memory::default().with("a", vec![Ok(log_file(&[&image("1")]))]), Channels::only(outbox));
    let (learns, clock, limits) = (AtomicBool::new(false), at(now), InvocationLimits::default());
    let handler = Handler {
        engine: &engine,
        objects: &objects,
        channels: &channels,
        table,
        keeps_state,
        watch: &Watch::default(),
        learns: &learns,
        clock: &clock,
        limits,
    };
    let outcome = handler.handle(payload.to_string().as_bytes()).await;
    assert_eq!(outcome.check(), Ok(()), "{outcome:#?}");
    outcome
}

fn tick(table: &impl Table, outbox: &Outbox, now: i64) -> Outcome {
    pollster::block_on(handle(table, outbox, now, &scheduled(), true))
}

/// How many messages name this alert.
fn copies(outbox: &Outbox, id: &str) -> usize {
    outbox.sent.lock().unwrap().iter().filter(|message: &&Message| message.body.contains(id)).count()
}

#[test]
fn what_is_due_is_sent_once_and_a_missed_tick_loses_nothing() {
    let (table, outbox) = (MemoryTable::default(), Outbox::open());
    add(&table, 0, &["alert-one", "alert-two"]);
    assert_eq!(tick(&table, &outbox, 200).ticks, 1);
    assert_eq!(copies(&outbox, "alert-one"), 0);
    // The ticks of an hour are missed.
    add(&table, 1_000, &["alert-three"]);
    let outcome = tick(&table, &outbox, 4_000);
    assert_eq!((outcome.ticks, outcome.notices.sent), (1, 1));
    for now in [4_000, 4_001, 4_300, 90_000] {
        assert_eq!(tick(&table, &outbox, now).notices.due, 0);
    }
    assert_eq!(["alert-one", "alert-two", "alert-three"].map(|id| copies(&outbox, id)), [1, 1, 1]);
}

#[test]
fn two_ticks_at_once_send_it_once() {
    let (table, outbox) = (Faulty::default(), Outbox::open());
    add(&table.memory, 0, &["alert-one"]);
    let both = async {
        let payload = scheduled();
        let (first, second) =
            (handle(&table, &outbox, 600, &payload, true), handle(&table, &outbox, 600, &payload, true));
        futures_util::join!(first, second)
    };
    let (first, second) = pollster::block_on(both);
    assert_eq!(copies(&outbox, "alert-one"), 1);
    assert_eq!(first.ticks + second.ticks, 1);
    let skipped = |outcome: &Outcome| outcome.objects.skipped.get("tick_running").copied().unwrap_or_default();
    assert_eq!(skipped(&first) + skipped(&second), 1);
    assert!(first.answer().is_ok() && second.answer().is_ok());
}

/// Whatever the table last answered before the function ends, the next tick sends what is due; it repeats only what was
/// published and not removed yet.
#[test]
fn a_crash_loses_nothing_and_repeats_only_what_is_not_marked() {
    let mut repeated = Vec::new();
    for request in 0.. {
        let (mut table, outbox) = (Faulty { ends_at: Some(request), ..Faulty::default() }, Outbox::open());
        add(&table.memory, 0, &["alert-one"]);
        let payload = scheduled();
        let has_ended = {
            let mut running = pin!(handle(&table, &outbox, 600, &payload, true));
            let mut poll = || running.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            (0..10_000).any(|_| poll().is_ready())
        };
        if has_ended {
            assert!(request > 100);
            break;
        }
        let sent_before = copies(&outbox, "alert-one");
        table.ends_at = None;
        // While the ended invocation could still run, others wait for it; the first request is the one that reads that.
        if request > 1 {
            assert_eq!(tick(&table, &outbox, 700).ticks, 0);
        }
        tick(&table, &outbox, 1_000);
        let sent = copies(&outbox, "alert-one");
        assert_eq!(sent, sent_before.max(1) + usize::from(sent_before == 1 && sent == 2), "request {request}");
        if sent == 2 {
            repeated.push(request);
        }
        assert_eq!(tick(&table, &outbox, 2_000).notices.due, 0);
    }
    assert_eq!(repeated.len(), 1, "only between the answer of the topic and the removal: {repeated:?}");
}

/// An invocation whose clock is years ahead ends right after it stored what it works on until when.
#[test]
fn a_wrong_clock_stops_no_tick() {
    for request in [2, 3, 40] {
        let (mut table, outbox) = (Faulty { ends_at: Some(request), ..Faulty::default() }, Outbox::open());
        add(&table.memory, 0, &["alert-one"]);
        let payload = scheduled();
        {
            let mut ahead = pin!(handle(&table, &outbox, 100_000_000, &payload, true));
            let mut poll = || ahead.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!((0..10_000).all(|_| poll().is_pending()));
        }
        table.ends_at = None;
        assert_eq!(tick(&table, &outbox, 600).ticks, 1);
        assert_eq!(copies(&outbox, "alert-one"), 1);
    }
    // It may also have ended its work in the future.
    let (table, outbox) = (MemoryTable::default(), Outbox::open());
    tick(&table, &outbox, 100_000_000);
    add(&table, 0, &["alert-one"]);
    assert_eq!((tick(&table, &outbox, 600).ticks, copies(&outbox, "alert-one")), (1, 1));
}

#[test]
fn what_the_topic_does_not_take_stays_due() {
    let (table, closed) = (MemoryTable::default(), Outbox::new(|_| Some(Err(publish_error("throttled", false)))));
    add(&table, 0, &["alert-one"]);
    for now in [600, 601, 1_000, 100_000, 200_000] {
        let outcome = tick(&table, &closed, now);
        assert_eq!((outcome.ticks, outcome.notices.failed), (0, 1), "{now}");
        assert!(outcome.answer().is_err());
    }
    let outbox = Outbox::open();
    assert_eq!(tick(&table, &outbox, 200_600).ticks, 1);
    assert_eq!(copies(&outbox, "alert-one"), 1);
    assert_eq!(tick(&table, &outbox, 200_601).notices.due, 0);
}

#[test]
fn a_tick_without_its_table_fails_and_the_next_one_sends() {
    let (table, outbox) = (Faulty::default(), Outbox::open());
    add(&table.memory, 0, &["alert-one"]);
    table.is_down.store(true, Ordering::Relaxed);
    let outcome = tick(&table, &outbox, 600);
    assert_eq!(outcome.ticks, 0);
    assert_eq!(failures(&outcome), ["EventBridge event 1: what is due is not available: throttled"]);
    assert!(outcome.answer().is_err());
    table.is_down.store(false, Ordering::Relaxed);
    assert_eq!(tick(&table, &outbox, 601).ticks, 1);
    assert_eq!(copies(&outbox, "alert-one"), 1);
}

#[test]
fn a_flood_of_lines_is_sent_whole() {
    let (table, outbox) = (MemoryTable::default(), Outbox::open());
    let ids: Vec<String> = (0..20_000).map(|number| format!("alert-{number:05}.")).collect();
    add(&table, 0, &ids.iter().map(String::as_str).collect::<Vec<_>>());
    let outcome = tick(&table, &outbox, 600);
    assert_eq!((outcome.ticks, outcome.failed()), (1, 0));
    let bodies: String = outbox.sent.lock().unwrap().iter().map(|message| message.body.clone()).collect();
    let count = bodies.matches("alert-").count();
    assert!(count >= 20_000 && ids.iter().step_by(997).all(|id| bodies.contains(id.as_str())), "{count}");
}

/// Without a table, the invocation that makes something due sends it at its end, and fails with all of its messages if it
/// cannot.
#[test]
fn without_a_table_the_end_of_the_invocation_sends_what_is_due() {
    let (table, outbox) = (MemoryTable::default(), Outbox::open());
    add(&table, 100_000, &["alert-one"]);
    let outcome = pollster::block_on(handle(&table, &outbox, 0, &event(&["a"]), false));
    assert_eq!((copies(&outbox, "alert-one"), outcome.matches.alerted, outcome.notices.sent), (1, 1, 1));
    assert!(pollster::block_on(read_all_due(&table)).unwrap().is_empty());
    // A schedule has nothing to do.
    assert_eq!(pollster::block_on(handle(&table, &outbox, 0, &scheduled(), false)).ticks, 1);

    let outbox = Outbox::new(|message| {
        Some(if message.body.contains("alert-") { Err(publish_error("throttled", false)) } else { Ok(()) })
    });
    add(&table, 100_000, &["alert-two"]);
    let message = |id: &str| json!({"messageId": id, "eventSource": "aws:sqs", "body": event(&["a"]).to_string()});
    let queue = json!({"Records": [message("m1"), message("m2")]});
    let outcome = pollster::block_on(handle(&table, &outbox, 0, &queue, false));
    let answer = outcome.answer().unwrap();
    let handed_back: Vec<&str> = answer["batchItemFailures"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["itemIdentifier"].as_str())
        .collect();
    assert_eq!(handed_back, ["m1", "m2"]);
}

/// Handles an object with three events of one series, or a tick, with topics for people and for machines.
fn with_findings(table: &MemoryTable, outboxes: [&Outbox; 2], now: i64, payload: &Value) -> Outcome {
    of_rule("eventName", table, outboxes, now, payload, true)
}

/// The same with series by this field, and at most three alerts an hour.
fn of_rule(
    field: &str,
    table: &MemoryTable,
    [alerts, findings]: [&Outbox; 2],
    now: i64,
    payload: &Value,
    keeps_state: bool,
) -> Outcome {
    let rules =
        format!("rules: [{{name: R, severity: 2, filter: eventName = \"PutImage\", aggregate_fields: [{field}]}}]");
    let engine = Engine::new(RuleSet::parse(&rules).unwrap().0);
    let records = ["1", "2", "3"].map(image);
    let file = log_file(&records.each_ref().map(String::as_str));
    let objects = Memory::default().with("a", vec![Ok(file)]);
    let channels = Channels { alerts, chat: None, findings: Some(findings) };
    let handler = Handler {
        engine: &engine,
        objects: &objects,
        channels: &channels,
        table,
        keeps_state,
        watch: &Watch::default(),
        learns: &AtomicBool::new(false),
        clock: &at(now),
        limits: InvocationLimits { max_alerts_per_rule_hour: 3, ..InvocationLimits::default() },
    };
    let outcome = pollster::block_on(handler.handle(payload.to_string().as_bytes()));
    assert_eq!(outcome.check(), Ok(()), "{outcome:#?}");
    outcome
}

/// How many messages have an id with this part.
fn with_id(outbox: &Outbox, part: &str) -> usize {
    outbox.sent.lock().unwrap().iter().filter(|message| message.id.contains(part)).count()
}

/// How many messages follow alerts.
fn follow_ups(outbox: &Outbox) -> usize {
    with_id(outbox, ".more")
}

#[test]
fn what_came_after_an_alert_follows_it_once_for_each_audience() {
    let (table, alerts, findings) = (MemoryTable::default(), Outbox::open(), Outbox::open());
    let closed = Outbox::new(|_| Some(Err(publish_error("throttled", false))));
    let outcome = with_findings(&table, [&alerts, &findings], 0, &event(&["a"]));
    assert_eq!((outcome.matches.alerted, outcome.matches.deduplicated), (1, 2));
    assert_eq!(with_findings(&table, [&alerts, &findings], 600, &scheduled()).notices.due, 0);
    assert_eq!((follow_ups(&alerts), follow_ups(&findings)), (0, 0));
    // Longer than any silence.
    let outcome = with_findings(&table, [&alerts, &closed], 90_000, &scheduled());
    assert_eq!((outcome.notices.sent, outcome.ticks), (1, 0));
    assert!(outcome.answer().is_err());
    for now in [90_600, 90_601, 91_200, 200_000] {
        assert_eq!(with_findings(&table, [&alerts, &findings], now, &scheduled()).ticks, 1);
    }
    assert_eq!((follow_ups(&alerts), follow_ups(&findings)), (1, 1));
    let sent = alerts.sent.lock().unwrap();
    let follow_up = sent.last().unwrap();
    assert!(follow_up.body.contains("2 more events"), "{}", follow_up.body);
    assert_eq!(follow_up.id, format!("{}.more", sent[0].id));
}

/// Delivers records with these ids and agents, to rules of which the mildest matches those of every agent.
fn of_acts(table: &MemoryTable, outbox: &Outbox, now: i64, records: &[(&str, &str)], severe: &str) {
    let rules = format!(
        "rules:\n- {{name: Severe, severity: 1, {severe} filter: userAgent = \"x\", aggregate_fields: []}}\n\
         - {{name: Other, severity: 2, filter: userAgent = \"x\", aggregate_fields: []}}\n\
         - {{name: Wide, severity: 2, filter: eventName exists, aggregate_fields: []}}\n"
    );
    let engine = Engine::new(RuleSet::parse(&rules).unwrap_or_else(|errors| panic!("{errors:?}")).0);
    let record = |(id, agent): &(&str, &str)| {
        format!(
            r#"{{"eventVersion":"1.08","eventID":"{id}","eventName":"PutImage","eventTime":"2026-03-02T09:00:0{id}Z",
            "userAgent":"{agent}"}}"#
        )
    };
    let records: Vec<String> = records.iter().map(record).collect();
    let file = log_file(&records.iter().map(String::as_str).collect::<Vec<_>>());
    let (objects, channels) = (Memory::default().with("a", vec![Ok(file)]), Channels::only(outbox));
    let handler = Handler {
        engine: &engine,
        objects: &objects,
        channels: &channels,
        table,
        keeps_state: true,
        watch: &Watch::default(),
        learns: &AtomicBool::new(false),
        clock: &at(now),
        limits: InvocationLimits::default(),
    };
    let payload = if records.is_empty() { scheduled() } else { event(&["a"]) };
    let outcome = pollster::block_on(handler.handle(payload.to_string().as_bytes()));
    assert_eq!(outcome.check(), Ok(()), "{outcome:#?}");
}

/// The rows of follow-ups with a number of events.
fn followed(outbox: &Outbox) -> Vec<String> {
    let rows = |message: &Message| {
        let body = &message.body;
        body.lines().filter(|line| line.contains(" more event")).map(str::to_owned).collect::<Vec<_>>()
    };
    outbox.sent.lock().unwrap().iter().filter(|message| message.id.contains(".more")).flat_map(rows).collect()
}

/// Of one act, one alert tells; of the acts after it, one follow-up.
#[test]
fn rules_that_an_alert_covers_do_not_repeat_its_follow_up() {
    let (table, outbox) = (MemoryTable::default(), Outbox::open());
    of_acts(&table, &outbox, 0, &[("1", "x"), ("2", "x")], "");
    of_acts(&table, &outbox, 100, &[("3", "x")], "");
    let alert = outbox.sent.lock().unwrap()[0].id.clone();
    assert_eq!(outbox.sent(), 1);
    of_acts(&table, &outbox, 90_000, &[], "");
    let sent = outbox.sent.lock().unwrap()[1..].iter().map(|message| message.id.clone()).collect::<Vec<_>>();
    assert_eq!(sent, [format!("{alert}.more")]);
    assert!(followed(&outbox).iter().any(|line| line.contains("2 more events")), "{:?}", followed(&outbox));
}

/// A follow-up for an event that only a covered rule matches names the alert that people got.
#[test]
fn what_only_a_covered_rule_matches_follows_the_alert_that_covers_it() {
    let (table, outbox) = (MemoryTable::default(), Outbox::open());
    of_acts(&table, &outbox, 0, &[("1", "x")], "");
    of_acts(&table, &outbox, 100, &[("2", "y")], "");
    let alert = outbox.sent.lock().unwrap()[0].id.clone();
    of_acts(&table, &outbox, 90_000, &[], "");
    let sent = outbox.sent.lock().unwrap();
    assert_eq!(sent[1..].iter().map(|message| message.id.as_str()).collect::<Vec<_>>(), [format!("{alert}.wide.more")]);
    assert!(sent[1].body.contains(&alert) && sent[1].body.contains("1 more event"), "{}", sent[1].body);
}

/// A rule that wants no follow-up tells of nothing.
#[test]
fn a_covered_rule_follows_an_alert_whose_rule_does_not() {
    let (table, outbox) = (MemoryTable::default(), Outbox::open());
    of_acts(&table, &outbox, 0, &[("1", "x")], "follow_up: false,");
    of_acts(&table, &outbox, 100, &[("2", "x")], "follow_up: false,");
    let alert = outbox.sent.lock().unwrap()[0].id.clone();
    of_acts(&table, &outbox, 90_000, &[], "follow_up: false,");
    let sent = outbox.sent.lock().unwrap();
    assert_eq!(
        sent[1..].iter().map(|message| message.id.as_str()).collect::<Vec<_>>(),
        [format!("{alert}.other.more")]
    );
}

/// How many messages list what was held back.
fn lists(outbox: &Outbox) -> usize {
    with_id(outbox, ".list")
}

#[test]
fn what_the_hourly_limit_held_back_is_listed_once_when_the_hour_has_ended() {
    let (table, alerts, findings) = (MemoryTable::default(), Outbox::open(), Outbox::open());
    let closed = Outbox::new(|_| Some(Err(publish_error("throttled", false))));
    let run = |outboxes: [&Outbox; 2], now: i64, payload: &Value| {
        of_rule("sourceIPAddress", &table, outboxes, now, payload, true)
    };
    let outcome = run([&alerts, &findings], 0, &event(&["a"]));
    assert_eq!((outcome.matches.alerted, outcome.matches.capped), (1, 2));
    assert_eq!(run([&alerts, &findings], 3_000, &scheduled()).notices.due, 0);
    // Only machines take it, and then only people.
    let outcome = run([&closed, &findings], 4_300, &scheduled());
    assert_eq!((outcome.notices.failed, outcome.ticks), (1, 0));
    for now in [4_301, 4_600, 9_000] {
        assert_eq!(run([&alerts, &findings], now, &scheduled()).ticks, 1);
    }
    assert_eq!((lists(&alerts), lists(&findings)), (1, 1));
}

/// What a later release stored is neither sent nor removed, and does not hide the rest; once it can be read it is sent.
#[test]
fn an_item_that_is_not_readable_stays_due() {
    let (table, alerts, findings) = (MemoryTable::default(), Outbox::open(), Outbox::open());
    let entries = [
        DueEntry::HeldBack { key: format!("cap/r/{}", BEGIN / 3_600) },
        DueEntry::HeldBack { key: "cap/later".to_owned() },
        DueEntry::FollowUp { series: "series/r/1".to_owned(), anchor: BEGIN, sent: 0 },
        DueEntry::FollowUp { series: "later/r/1".to_owned(), anchor: BEGIN, sent: 0 },
        DueEntry::HeldBack { key: "cap/r/1".to_owned() },
    ];
    let write = |key: &str, write: Write| {
        let change = Change { key: key.to_owned(), write, expires: None };
        pollster::block_on(table.write(&[change])).unwrap();
    };
    write(&due_key(BEGIN, 0), Write::Add(entries.iter().map(DueEntry::encode).collect()));
    // Of the last entry there is no item. The items of the others are of a kind that this release does not expect.
    for entry in &entries[..4] {
        let (DueEntry::HeldBack { key } | DueEntry::FollowUp { series: key, .. }) = entry else { panic!() };
        let item = StoredItem::from(Budget::default());
        write(key, Write::Put { item, expected: None });
    }
    let left = || {
        let items = pollster::block_on(read_all_due(&table)).unwrap();
        items.into_iter().map(|item| item.entry).collect::<BTreeSet<_>>()
    };
    let stays: BTreeSet<DueEntry> = entries[..4].iter().cloned().collect();
    let run = |now: i64| with_findings(&table, [&alerts, &findings], now, &scheduled());
    // After half a day, too, when they move.
    for now in [600, 900, 50_000, 50_600] {
        add(&table, now - 400, &["alert-one"]);
        assert_eq!((run(now).notices.sent, left() == stays), (1, true), "{now}");
    }
    assert_eq!(copies(&alerts, "alert-one"), 4);
    // A release that can read them has the items that it expects.
    let mut held = HourlyAlerts { limit: 3, severity: Some(1), ..HourlyAlerts::default() };
    held.held.insert(1);
    let expected = pollster::block_on(table.read(&[&format!("cap/r/{}", BEGIN / 3_600)])).unwrap();
    let expected = expected[0].as_ref().map(|(_, version)| *version);
    write(&format!("cap/r/{}", BEGIN / 3_600), Write::Put { item: held.into(), expected });
    run(60_000);
    assert_eq!((lists(&alerts), left().len()), (1, 3));
}

/// Whatever the table last answered before the function ends, at most one list is repeated.
#[test]
fn a_crash_repeats_at_most_one_list() {
    let mut repeated = 0;
    for request in 0.. {
        let (mut table, outbox) = (Faulty { ends_at: Some(request), ..Faulty::default() }, Outbox::open());
        for number in 0..12 {
            let key = format!("cap/rule-{number}/{}", BEGIN / 3_600 - 1);
            let mut held = HourlyAlerts { limit: 3, ..HourlyAlerts::default() };
            held.held.insert(1);
            let write = Write::Put { item: held.into(), expected: None };
            let item = Change { key: key.clone(), write, expires: None };
            let write = Write::Add([DueEntry::HeldBack { key }.encode()].into());
            let entry = Change { key: due_key(BEGIN, number), write, expires: None };
            pollster::block_on(table.memory.write(&[item, entry])).unwrap();
        }
        let payload = scheduled();
        let has_ended = {
            let mut running = pin!(handle(&table, &outbox, 600, &payload, true));
            let mut poll = || running.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            (0..10_000).any(|_| poll().is_ready())
        };
        if has_ended {
            break;
        }
        table.ends_at = None;
        tick(&table, &outbox, 1_000);
        let ids: Vec<String> = outbox.sent.lock().unwrap().iter().map(|message| message.id.clone()).collect();
        let different: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(different.len(), 12, "request {request}");
        assert!(ids.len() <= 13, "request {request}: {}", ids.len());
        repeated += ids.len() - 12;
    }
    assert!(repeated > 0);
}

/// The list keeps the severity that its rule had.
#[test]
fn the_list_of_a_removed_rule_is_as_severe_as_the_rule_was() {
    for (severity, number) in [(Some(1), "1"), (Some(3), "3"), (None, "2")] {
        let (table, outbox) = (MemoryTable::default(), Outbox::open());
        let key = format!("cap/gone/{}", BEGIN / 3_600 - 1);
        let mut held = HourlyAlerts { limit: 3, severity, ..HourlyAlerts::default() };
        held.held.insert(1);
        let write = Write::Put { item: held.into(), expected: None };
        let item = Change { key: key.clone(), write, expires: None };
        let write = Write::Add([DueEntry::HeldBack { key }.encode()].into());
        let entry = Change { key: due_key(BEGIN, 0), write, expires: None };
        pollster::block_on(table.write(&[item, entry])).unwrap();
        tick(&table, &outbox, 600);
        let sent = outbox.sent.lock().unwrap();
        let attribute = sent[0].attributes.iter().find(|attribute| attribute.name == "severity").unwrap();
        assert!(format!("{:?}", attribute.value).contains(number), "{:?}", attribute.value);
    }
    // A decision keeps it.
    let (table, alerts, findings) = (MemoryTable::default(), Outbox::open(), Outbox::open());
    of_rule("sourceIPAddress", &table, [&alerts, &findings], 0, &event(&["a"]), true);
    let key = format!("cap/r/{}", BEGIN / 3_600);
    let stored = pollster::block_on(table.read(&[&key])).unwrap().remove(0).unwrap().0;
    let StoredItem::HourlyAlerts(alerts) = stored else { panic!("{stored:?}") };
    assert_eq!(alerts.severity, Some(2));
}

/// Without a table the list comes at the end of the invocation.
#[test]
fn without_a_table_the_list_comes_at_the_end_of_the_invocation() {
    let (table, alerts, findings) = (MemoryTable::default(), Outbox::open(), Outbox::open());
    let outcome = of_rule("sourceIPAddress", &table, [&alerts, &findings], 0, &event(&["a"]), false);
    assert_eq!((outcome.matches.alerted, outcome.matches.capped, outcome.notices.sent), (1, 2, 2));
    assert_eq!(lists(&alerts), 1);
}
