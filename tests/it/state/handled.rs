//! The state as the handler uses it: whole invocations that share a table.

use std::{
    sync::{Mutex, atomic::AtomicBool},
    time::Duration,
};

use trailbell::{
    alert::Message,
    engine::Engine,
    handler::{
        Body, Channel, Channels, Chat, Clock, FetchError, Handler, InvocationLimits, Objects, Outcome, PublishError,
        Watch,
    },
    object::ObjectId,
    rule::{RuleSet, Severity},
    state::{Audience, Change, MemoryTable, Stored, Table, TableError, Written},
};

use crate::ports::{Memory, Outbox, Ticking, event, failures, image, log_file, publish_error};

const RULE: &str = "{name: Image pushed, severity: 1, filter: eventName = \"PutImage\", aggregate_fields: [eventName]";

/// A table that is unavailable.
pub struct Broken;

impl Table for Broken {
    async fn read(&self, _: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
        Err(TableError::service("AccessDeniedException"))
    }

    async fn write(&self, _: &[Change]) -> Result<Written, TableError> {
        Err(TableError::service("AccessDeniedException"))
    }
}

/// A channel that accepts messages while it is switched on.
struct Switch {
    takes: Mutex<bool>,
    sent: Mutex<Vec<Message>>,
}

impl Switch {
    fn on() -> Self {
        Self { takes: Mutex::new(true), sent: Mutex::default() }
    }

    fn turn(&self, takes: bool) {
        *self.takes.lock().unwrap() = takes;
    }

    fn sent(&self) -> usize {
        self.sent.lock().unwrap().len()
    }
}

impl Channel for Switch {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        if !*self.takes.lock().unwrap() {
            return messages.iter().map(|_| Err(publish_error("HTTP status 500", false))).collect();
        }
        self.sent.lock().unwrap().extend_from_slice(messages);
        messages.iter().map(|_| Ok(())).collect()
    }
}

/// An engine for one rule with these additional fields.
fn engine(more: &str) -> Engine {
    Engine::new(RuleSet::parse(&format!("rules:\n- {RULE}{more}}}\n")).unwrap().0)
}

fn objects(files: &[(&str, &[&str])]) -> Memory {
    files.iter().fold(Memory::default(), |objects, (key, events)| {
        let records: Vec<String> = events.iter().map(|id| image(id)).collect();
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        objects.with(key, vec![Ok(log_file(&records))])
    })
}

/// One invocation for these objects.
pub fn handled(
    engine: &Engine,
    table: &impl Table,
    channels: &Channels<impl Channel>,
    objects: &Memory,
    keys: &[&str],
    most: u32,
) -> Outcome {
    let limits = InvocationLimits { max_alerts_per_rule_hour: most, ..InvocationLimits::default() };
    let handler = Handler {
        engine,
        objects,
        channels,
        table,
        keeps_state: true,
        watch: &Watch::default(),
        learns: &AtomicBool::new(false),
        clock: &Ticking::never(),
        limits,
    };
    let outcome = pollster::block_on(handler.handle(event(keys).to_string().as_bytes()));
    assert_eq!(outcome.check(), Ok(()), "{outcome:#?}");
    outcome
}

fn bodies(outbox: &Outbox) -> Vec<String> {
    outbox.sent.lock().unwrap().iter().map(|message| message.body.clone()).collect()
}

#[test]
fn an_object_that_is_delivered_twice_raises_no_second_alert() {
    let (engine, table, outbox) = (engine(""), MemoryTable::default(), Outbox::open());
    let objects = objects(&[("a", &["1", "2", "3"])]);
    let channels = Channels::only(&outbox);
    let first = handled(&engine, &table, &channels, &objects, &["a"], 60);
    assert_eq!((first.matches.alerted, first.matches.deduplicated), (1, 2));
    let second = handled(&engine, &table, &channels, &objects, &["a"], 60);
    assert_eq!((second.matches.alerted, second.matches.deduplicated, outbox.sent()), (0, 3, 1));
}

#[test]
fn an_alert_is_sent_again_only_to_the_channel_that_did_not_accept_it() {
    let (engine, table) = (engine(""), MemoryTable::default());
    let (people, chat) = (Switch::on(), Switch::on());
    let channels =
        Channels { alerts: &people, chat: Some(Chat { channel: &chat, mildest: Severity::REVIEW }), findings: None };
    let objects = objects(&[("a", &["1"])]);

    chat.turn(false);
    let first = handled(&engine, &table, &channels, &objects, &["a"], 60);
    assert_eq!((first.matches.alerted, people.sent(), chat.sent()), (1, 1, 0));
    assert!(first.answer().is_err(), "{first:#?}");
    chat.turn(true);
    let second = handled(&engine, &table, &channels, &objects, &["a"], 60);
    assert_eq!((second.matches.alerted, second.matches.deduplicated), (0, 1));
    assert_eq!((people.sent(), chat.sent(), second.answer().is_ok()), (1, 1, true));

    // And the other way round: a match counts as alerted only once the alert topic accepted its alert.
    people.turn(false);
    let objects = self::objects(&[("b", &["2"])]);
    let engine = self::engine(", window: 1m, id: other");
    let third = handled(&engine, &table, &channels, &objects, &["b"], 60);
    assert_eq!((third.matches.failed, third.sends[&Audience::Chat].sent), (1, 1));
    people.turn(true);
    let fourth = handled(&engine, &table, &channels, &objects, &["b"], 60);
    assert_eq!((fourth.matches.alerted, people.sent(), chat.sent()), (1, 2, 2));
}

#[test]
fn without_its_table_the_function_alerts_and_reports_it() {
    let (engine, outbox) = (engine(", threshold: 5, notify: true"), Outbox::open());
    let objects = objects(&[("a", &["1", "2"])]);
    let outcome = handled(&engine, &Broken, &Channels::only(&outbox), &objects, &["a"], 60);
    assert_eq!((outcome.matches.alerted, outcome.matches.deduplicated, outcome.unremembered), (1, 1, 1));
    assert_eq!(failures(&outcome), Vec::<String>::new());
    assert!(outcome.answer().is_ok());
    let body = &bodies(&outbox)[0];
    assert!(body.contains("earlier alerts could not be looked up"), "{body}");
}

#[test]
fn a_table_that_never_answers_is_abandoned_in_time() {
    struct Silent;
    impl Table for Silent {
        async fn read(&self, _: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
            std::future::pending().await
        }

        async fn write(&self, _: &[Change]) -> Result<Written, TableError> {
            std::future::pending().await
        }
    }
    /// A clock on which time passes only while the handler waits.
    struct Passing(Mutex<Duration>);
    impl Clock for Passing {
        fn now(&self) -> jiff::Timestamp {
            jiff::Timestamp::UNIX_EPOCH
        }

        fn left(&self) -> Duration {
            *self.0.lock().unwrap()
        }

        async fn until_left(&self, left: Duration) {
            let mut now = self.0.lock().unwrap();
            *now = (*now).min(left);
        }
    }
    let (engine, outbox) = (engine(""), Outbox::open());
    let objects = objects(&[("a", &["1"]), ("b", &["2"]), ("c", &["3"])]);
    let clock = Passing(Mutex::new(Duration::from_mins(1)));
    let handler = Handler {
        engine: &engine,
        objects: &objects,
        channels: &Channels::only(&outbox),
        table: &Silent,
        keeps_state: true,
        watch: &Watch::default(),
        learns: &AtomicBool::new(false),
        clock: &clock,
        limits: InvocationLimits::default(),
    };
    let outcome = pollster::block_on(handler.handle(event(&["a", "b", "c"]).to_string().as_bytes()));
    assert_eq!(outcome.check(), Ok(()));
    // The handler waits once and not again; it reads all objects, and nothing is delivered again.
    assert_eq!((outcome.objects.processed, outcome.matches.alerted, outcome.unremembered, outbox.sent()), (3, 3, 3, 3));
    assert!(outcome.answer().is_ok());
    assert!(clock.left() >= Duration::from_secs(50), "{:?}", clock.left());
}

#[test]
fn each_outcome_of_a_match_is_counted() {
    let check = |more: &str, events: &[&str], expected: &[(&str, u64)]| {
        let outbox = Outbox::open();
        let objects = objects(&[("a", events)]);
        let table = MemoryTable::default();
        let outcome = handled(&engine(more), &table, &Channels::only(&outbox), &objects, &["a"], 60);
        let counted: Vec<_> = outcome.matches.outcomes().into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, expected, "{more}");
    };
    check("", &["1", "2"], &[("alerted", 1), ("deduplicated", 1)]);
    // A muted rule counts the alerts that it would raise.
    check(", notify: false", &["1", "2"], &[("deduplicated", 1), ("muted", 1)]);
    check(", threshold: 3", &["1", "2"], &[("below_threshold", 2)]);
    check(", threshold: 3", &["1", "2", "3"], &[("alerted", 1), ("below_threshold", 2)]);
    // An event that is delivered twice is one event.
    check(", threshold: 2", &["1", "1"], &[("deduplicated", 1), ("below_threshold", 1)]);
    check(", first_seen: {fields: [ip], learning: 7d}", &["1", "2"], &[("learning", 2)]);
    // One new combination does not suppress another.
    check(", first_seen: {fields: [ip], learning: 0s}", &["1", "2"], &[("alerted", 2)]);
    check(", first_seen: {fields: [eventName], learning: 0s}", &["1", "2"], &[("alerted", 1), ("already_seen", 1)]);
}

#[test]
fn beyond_the_hourly_limit_one_notice_reports_held_back_alerts() {
    let (outbox, table) = (Outbox::open(), MemoryTable::default());
    let text = format!("rules:\n- {}}}\n", RULE.replace("[eventName]", "[ip]").replace("severity: 1", "severity: 2"));
    let engine = Engine::new(RuleSet::parse(&text).unwrap().0);
    let objects = objects(&[("a", &["1", "2", "3", "4", "5"]), ("b", &["6", "7"])]);
    let channels = Channels::only(&outbox);
    let first = handled(&engine, &table, &channels, &objects, &["a"], 2);
    assert_eq!((first.matches.alerted, first.matches.capped), (1, 4));
    assert_eq!((first.notices.due, first.notices.sent, outbox.sent()), (1, 1, 2));
    assert!(
        bodies(&outbox)[1].contains("the rule Image pushed raises more alerts than its hourly limit allows"),
        "{}",
        bodies(&outbox)[1]
    );
    let second = handled(&engine, &table, &channels, &objects, &["b"], 2);
    assert_eq!((second.matches.alerted, second.matches.capped, outbox.sent()), (0, 2, 2));
}

/// Learning starts with the first event that is evaluated, not with the first match: otherwise a rule would learn from
/// the attack itself.
#[test]
fn a_rule_learns_from_the_first_event_on() {
    let text = format!("rules:\n- {RULE}, first_seen: {{fields: [ip], learning: 7d}}}}\n");
    let (engine, table, outbox) =
        (Engine::new(RuleSet::parse(&text).unwrap().0), MemoryTable::default(), Outbox::open());
    let at = |id: &str, day: u8, name: &str| {
        format!(
            r#"{{"eventID":"{id}","eventName":"{name}","sourceIPAddress":"{id}","eventTime":"2026-03-{day:02}T09:00:00Z"}}"#
        )
    };
    let file = |record: String| vec![Ok(log_file(&[&record]))];
    let objects = Memory::default()
        .with("quiet", file(at("1", 1, "GetObject")))
        .with("early", file(at("2", 7, "PutImage")))
        .with("late", file(at("3", 9, "PutImage")));
    let channels = Channels::only(&outbox);
    for (key, alerted, learning) in [("quiet", 0, 0), ("early", 0, 1), ("late", 1, 0)] {
        let outcome = handled(&engine, &table, &channels, &objects, &[key], 60);
        assert_eq!((outcome.matches.alerted, outcome.matches.learning), (alerted, learning), "{key}");
    }
}

/// A clock that is at this second.
struct At(i64);
impl Clock for At {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_second(self.0).unwrap()
    }

    fn left(&self) -> Duration {
        Duration::from_mins(5)
    }

    async fn until_left(&self, _: Duration) {
        std::future::pending::<()>().await;
    }
}

/// A held-back alert does not block other deliveries after the hour.
#[test]
fn a_held_back_alert_leaves_no_claim() {
    let (table, outbox) = (MemoryTable::default(), Outbox::open());
    let text = format!("rules:\n- {}}}\n", RULE.replace("[eventName]", "[ip]").replace("severity: 1", "severity: 2"));
    let engine = Engine::new(RuleSet::parse(&text).unwrap().0);
    let of = |id: &str, ip: &str| {
        let record = format!(
            r#"{{"eventID":"{id}","eventName":"PutImage","sourceIPAddress":"{ip}","eventTime":"1970-01-01T00:55:00Z"}}"#
        );
        vec![Ok(log_file(&[&record]))]
    };
    let objects = Memory::default().with("a", of("1", "x")).with("b", of("2", "y")).with("c", of("3", "y"));
    let limits = InvocationLimits { max_alerts_per_rule_hour: 1, ..InvocationLimits::default() };
    let mut alerted = Vec::new();
    for (key, now) in [("a", 3300), ("b", 3310), ("c", 3660)] {
        let (clock, channels) = (At(now), Channels::only(&outbox));
        let learns = AtomicBool::new(false);
        let handler = Handler {
            engine: &engine,
            objects: &objects,
            channels: &channels,
            table: &table,
            keeps_state: true,
            watch: &Watch::default(),
            learns: &learns,
            clock: &clock,
            limits,
        };
        let outcome = pollster::block_on(handler.handle(event(&[key]).to_string().as_bytes()));
        assert_eq!(outcome.check(), Ok(()));
        alerted.push((outcome.matches.alerted, outcome.matches.capped, outcome.matches.claimed_elsewhere));
    }
    assert_eq!(alerted, [(1, 0, 0), (0, 1, 0), (1, 0, 0)]);
}

#[test]
fn a_retry_of_an_object_continues_its_claim() {
    // The object's name is the owner of its claims: a retry continues where the first attempt stopped.
    let (engine, table, people) = (engine(""), MemoryTable::default(), Switch::on());
    let objects = objects(&[("a", &["1"]), ("b", &["2"])]);
    let channels = Channels::only(&people);
    people.turn(false);
    let first = handled(&engine, &table, &channels, &objects, &["a"], 60);
    assert_eq!((first.matches.failed, first.answer().is_err()), (1, true));
    people.turn(true);
    // Another object must not alert in its place while the first may be repeated.
    let other = handled(&engine, &table, &channels, &objects, &["b"], 60);
    assert_eq!((other.matches.claimed_elsewhere, people.sent()), (1, 0));
    let again = handled(&engine, &table, &channels, &objects, &["a"], 60);
    assert_eq!((again.matches.alerted, people.sent()), (1, 1));
    let last = handled(&engine, &table, &channels, &objects, &["b"], 60);
    assert_eq!((last.matches.deduplicated, people.sent()), (1, 1));
}

/// So a replay agrees with the first attempt about when the event happened.
#[test]
fn an_event_without_a_time_happened_when_its_object_was_stored() {
    struct Stored(Option<Vec<u8>>);
    impl Body for Stored {
        type Chunk = Vec<u8>;

        fn modified(&self) -> Option<jiff::Timestamp> {
            jiff::Timestamp::from_second(1_772_442_000).ok()
        }

        async fn next(&mut self) -> Result<Option<Vec<u8>>, FetchError> {
            Ok(self.0.take())
        }
    }
    struct Bucket;
    impl Objects for Bucket {
        type Body = Stored;

        async fn get(&self, _: &ObjectId) -> Result<Stored, FetchError> {
            Ok(Stored(Some(log_file(&[&image("1")]))))
        }
    }
    let (engine, outbox) = (engine(""), Outbox::open());
    for now in [1_772_442_060, 1_772_449_999] {
        let (clock, channels, table) = (At(now), Channels::only(&outbox), MemoryTable::default());
        let (learns, limits) = (AtomicBool::new(false), InvocationLimits::default());
        let handler = Handler {
            engine: &engine,
            objects: &Bucket,
            channels: &channels,
            table: &table,
            keeps_state: true,
            watch: &Watch::default(),
            learns: &learns,
            clock: &clock,
            limits,
        };
        let outcome = pollster::block_on(handler.handle(event(&["a"]).to_string().as_bytes()));
        assert_eq!(outcome.matches.alerted, 1);
    }
    let sent = outbox.sent.lock().unwrap();
    assert_eq!((sent.len(), &sent[0].id), (2, &sent[1].id));
}
