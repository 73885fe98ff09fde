//! The budget of the alert topic as an invocation keeps it, on a clock that passes only while the invocation waits.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Value, json};
use trailbell::{
    alert::{AttributeValue, Message},
    engine::Engine,
    handler::{Channel, Channels, Chat, Clock, Handler, InvocationLimits, MailBudget, Outcome, PublishError, Watch},
    rule::{RuleSet, Severity},
    state::{
        Audience, Change, DueEntry, MemoryTable, Stored, StoredItem, SummaryLine, Table, TableError, Write, Written,
        due::due_key,
    },
};

use crate::ports::{Memory, event, failures, log_file};

/// 2026-03-02T09:00:00Z, the start of a slot of due entries, in milliseconds.
const BEGIN: i64 = 1_772_442_000_000;

/// The time of day and what is left of the invocation, in milliseconds.
struct World {
    now: Mutex<(i64, i64)>,
    table: MemoryTable,
    /// How long the table takes to answer.
    table_takes: i64,
    /// Whether the table remains when the invocation ends.
    keeps_state: bool,
    /// Whether the table refuses requests, and whether its sets are full.
    is_broken: AtomicBool,
    is_full: AtomicBool,
    alerts: Topic,
    chat: Topic,
}

/// The messages that a topic took and when, by the number of the request.
#[derive(Default)]
struct Topic(Mutex<Vec<(i64, usize, Message)>>);

impl World {
    fn new(table_takes: i64) -> Self {
        Self {
            now: Mutex::new((BEGIN, 0)),
            table: MemoryTable::default(),
            table_takes,
            keeps_state: true,
            is_broken: AtomicBool::new(false),
            is_full: AtomicBool::new(false),
            alerts: Topic::default(),
            chat: Topic::default(),
        }
    }

    fn pass(&self, milliseconds: i64) {
        let mut now = self.now.lock().unwrap();
        *now = (now.0 + milliseconds, now.1 - milliseconds);
    }

    fn since_begin(&self) -> i64 {
        self.now.lock().unwrap().0 - BEGIN
    }

    /// One invocation for an object, with this much time.
    fn invoke(&self, key: &str, records: &[String], mail: Option<MailBudget>, left: Duration) -> Outcome {
        let records: Vec<&str> = records.iter().map(String::as_str).collect();
        let objects = Memory::default().with(key, vec![Ok(log_file(&records))]);
        self.handle(&event(&[key]), &objects, mail, left)
    }

    /// A tick, a quarter of an hour later.
    fn tick(&self) -> Outcome {
        self.pass(15 * 60 * 1_000);
        self.scheduled(MAIL, MINUTES)
    }

    fn scheduled(&self, mail: Option<MailBudget>, left: Duration) -> Outcome {
        let schedule = json!({"version": "0", "id": "b3f7c2a0-5d18-4e6b-9a43-71e0c8d2f95b", "detail-type": "Scheduled Event",
            "source": "aws.events", "account": "111122223333", "time": "2026-03-02T09:15:00Z", "region": "us-east-1",
            "resources": ["arn:aws:events:us-east-1:111122223333:rule/tick"], "detail": {}});
        self.handle(&schedule, &Memory::default(), mail, left)
    }

    fn handle(&self, payload: &Value, objects: &Memory, mail: Option<MailBudget>, left: Duration) -> Outcome {
        self.now.lock().unwrap().1 = i64::try_from(left.as_millis()).unwrap();
        let channels = Channels {
            alerts: ToTopic(self, &self.alerts),
            chat: Some(Chat { channel: ToTopic(self, &self.chat), mildest: Severity::new(3).unwrap() }),
            findings: None,
        };
        let limits = InvocationLimits { max_alerts_per_rule_hour: 500, mail, ..InvocationLimits::default() };
        let (engine, learns) = (engine(), AtomicBool::new(false));
        let handler = Handler {
            engine: &engine,
            objects,
            channels: &channels,
            table: self,
            keeps_state: self.keeps_state,
            watch: &Watch::default(),
            learns: &learns,
            clock: self,
            limits,
        };
        let outcome = pollster::block_on(handler.handle(payload.to_string().as_bytes()));
        assert_eq!(outcome.check(), Ok(()), "{outcome:#?}");
        outcome
    }

    /// The lines that are stored for the next summaries.
    fn lines(&self) -> Vec<SummaryLine> {
        let slots = (BEGIN / 1000..BEGIN / 1000 + 3600).step_by(300);
        let keys: BTreeSet<String> = slots.flat_map(|at| (0..16).map(move |shard| due_key(at, shard))).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let line = |text: &String| match DueEntry::decode(text) {
            Some(DueEntry::Line(line)) => line,
            other => panic!("{other:?}"),
        };
        let lines = |stored: Option<Stored>| match stored {
            Some((StoredItem::Due(entries), _)) => entries.iter().map(line).collect(),
            None => Vec::new(),
            other => panic!("{other:?}"),
        };
        pollster::block_on(self.table.read(&keys)).unwrap().into_iter().flat_map(lines).collect()
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now.lock().unwrap().0).unwrap()
    }

    fn left(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.now.lock().unwrap().1).unwrap_or(0))
    }

    async fn until_left(&self, left: Duration) {
        let wait = self.left().saturating_sub(left);
        self.pass(i64::try_from(wait.as_millis()).unwrap());
    }
}

impl World {
    fn answer(&self) -> Result<(), TableError> {
        self.pass(self.table_takes);
        let is_broken = self.is_broken.load(Ordering::Relaxed);
        if is_broken { Err(TableError::service("AccessDeniedException")) } else { Ok(()) }
    }
}

impl Table for World {
    fn due_keys(&self) -> Vec<String> {
        self.table.due_keys()
    }

    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
        self.answer()?;
        self.table.read(keys).await
    }

    async fn write(&self, changes: &[Change]) -> Result<Written, TableError> {
        self.answer()?;
        let adds = changes.iter().enumerate().filter(|(_, change)| matches!(change.write, Write::Add(_)));
        let adds: Vec<usize> = adds.map(|(at, _)| at).collect();
        if self.is_full.load(Ordering::Relaxed) && !adds.is_empty() {
            return Ok(Written::Full(adds));
        }
        self.table.write(changes).await
    }
}

/// A topic that takes some time for each request.
struct ToTopic<'a>(&'a World, &'a Topic);

impl Channel for ToTopic<'_> {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        self.0.pass(20);
        let mut taken = self.1.0.lock().unwrap();
        let request = taken.last().map_or(0, |(_, request, _)| request + 1);
        let now = self.0.now.lock().unwrap().0;
        taken.extend(messages.iter().map(|message| (now, request, message.clone())));
        messages.iter().map(|_| Ok(())).collect()
    }
}

impl Topic {
    fn ids(&self) -> BTreeSet<String> {
        self.0.lock().unwrap().iter().map(|(.., message)| message.id.clone()).collect()
    }

    /// When the messages of these severities arrived, in milliseconds since the begin.
    fn arrivals(&self, severities: &[i64]) -> Vec<i64> {
        let taken = self.0.lock().unwrap();
        let wanted = taken.iter().filter(|(.., message)| severities.contains(&severity(message)));
        wanted.map(|(time, ..)| time - BEGIN).collect()
    }

    /// How many messages each request had.
    fn requests(&self) -> Vec<usize> {
        let mut requests = BTreeMap::<usize, usize>::new();
        for (_, request, _) in &*self.0.lock().unwrap() {
            *requests.entry(*request).or_default() += 1;
        }
        requests.into_values().collect()
    }
}

fn severity(message: &Message) -> i64 {
    let attribute = message.attributes.iter().find(|attribute| attribute.name == "severity").unwrap();
    let AttributeValue::Number(severity) = attribute.value else { panic!("{message:?}") };
    severity
}

/// The most of these times that are in any second.
fn in_a_second(times: &[i64]) -> usize {
    times.iter().map(|from| times.iter().filter(|time| (*from..from + 1_000).contains(time)).count()).max().unwrap_or(0)
}

/// A rule for each severity, which alerts on every event.
fn engine() -> Engine {
    let rule = |severity: u8| {
        json!({"name": format!("Severity {severity}"), "severity": severity, "filter": format!("eventName = \"S{severity}\""),
            "aggregate_fields": ["eventID"]})
    };
    let rules = json!({"rules": [rule(3), rule(2), rule(1)]}).to_string();
    Engine::new(RuleSet::parse(&rules).unwrap().0)
}

/// Events that the rule of this severity matches.
fn records(severity: u8, is_success: bool, count: usize) -> Vec<String> {
    let record = |at: usize| {
        let id = format!("{severity}{is_success}{at}");
        // Callers of their own, so that the hourly limit holds nothing back.
        let mut record = json!({"eventID": id, "eventName": format!("S{severity}"),
            "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::111122223333:user/{id}")},
            "eventTime": "2026-03-02T08:55:00Z", "awsRegion": "eu-west-1", "recipientAccountId": "111122223333"});
        if !is_success {
            record["errorCode"] = json!("AccessDenied");
        }
        record.to_string()
    };
    (0..count).map(record).collect()
}

const MAIL: Option<MailBudget> = Some(MailBudget { per_minute: 60, mildest: Severity::REVIEW });
const MINUTES: Duration = Duration::from_mins(5);

/// What the topics and the summaries have of the alerts, of which there are `count`.
fn check_all(world: &World, outcome: &Outcome, count: usize) {
    let (sent, lines) = (world.alerts.ids(), world.lines());
    let lines: BTreeSet<String> = lines.into_iter().map(|line| line.alert_id).collect();
    assert_eq!(sent.intersection(&lines).count(), 0);
    assert_eq!(sent.union(&lines).count(), count);
    assert_eq!(world.chat.ids().len(), count, "a chat has every alert");
    assert_eq!(outcome.matches.alerted, u64::try_from(count).unwrap());
    let sends = outcome.sends[&Audience::Alerts];
    assert_eq!((sends.sent, sends.summarised), (sent.len().try_into().unwrap(), lines.len().try_into().unwrap()));
}

#[test]
fn alerts_that_are_mailed_go_out_singly_and_the_most_urgent_first() {
    let world = World::new(5);
    let all = [records(3, true, 12), records(2, true, 4), records(1, false, 1), records(1, true, 3)].concat();
    let outcome = world.invoke("a", &all, MAIL, MINUTES);
    check_all(&world, &outcome, 20);
    assert_eq!(world.lines(), []);
    let (urgent, all) = (world.alerts.arrivals(&[1]), world.alerts.arrivals(&[1, 2]));
    assert_eq!((urgent.len(), all.len(), in_a_second(&all)), (4, 8, 5));
    assert!(urgent.iter().all(|time| time < &1_000), "{urgent:?}");
    // Three others in two seconds, and the second three after two more.
    assert_eq!(all.iter().filter(|time| **time < 2_000).count(), 5, "{all:?}");
    assert!(world.since_begin() < 5_000);
    // What is not mailed waits for nothing: ten at once.
    let audit = world.alerts.arrivals(&[3]);
    assert!(audit.len() == 12 && in_a_second(&audit) >= 10, "{audit:?}");
    assert_eq!(world.chat.requests().iter().max(), Some(&10));
    let mut requests = world.alerts.requests();
    requests.sort_unstable();
    assert_eq!(requests, [1, 1, 1, 1, 1, 1, 1, 1, 2, 10], "what is mailed has a request of its own");
}

/// Beside three requests to the table, each message has one for its token, and the first one more to read the budget.
#[test]
fn each_message_that_is_mailed_takes_one_request() {
    for (messages, requests) in [(1, 3 + 2), (2, 3 + 3), (5, 3 + 6)] {
        let world = World::new(5);
        world.invoke("a", &records(1, true, messages), MAIL, MINUTES);
        // A request to the table takes 5 ms, and a publish of the topics 20; the chat gets one batch.
        let publishes = i64::try_from(messages).unwrap() + 1;
        assert_eq!(world.since_begin() - 20 * publishes, 5 * requests, "{messages}");
    }
}

#[test]
fn notice_without_a_token_stays_due_and_has_not_failed() {
    let (world, mail) = (World::new(5), Some(MailBudget { per_minute: 2, mildest: Severity::REVIEW }));
    world.invoke("a", &records(2, true, 3), mail, MINUTES);
    world.pass(15 * 60 * 1_000);
    // The fourth alert takes the only message of this minute that is not for successes of severity 1.
    assert_eq!(world.invoke("b", &records(2, true, 4), mail, MINUTES).notices.due, 0);
    let outcome = world.scheduled(mail, Duration::from_secs(15));
    assert_eq!((outcome.ticks, outcome.notices.due, outcome.failed(), world.lines().len()), (0, 0, 0, 2));
    assert!(outcome.answer().is_ok());
    let outcome = world.scheduled(mail, MINUTES);
    assert_eq!((outcome.ticks, outcome.notices.sent, outcome.failed(), world.lines().len()), (1, 1, 0, 0));
}

#[test]
fn without_a_budget_everything_goes_out_at_once() {
    let world = World::new(5);
    let outcome = world.invoke("a", &records(2, true, 40), None, MINUTES);
    check_all(&world, &outcome, 40);
    assert_eq!((world.lines(), world.alerts.requests()), (vec![], vec![10; 4]));
}

/// Everything is in a message or in a stored line, and is not sent again when the object is delivered again.
#[test]
fn flood_ends_in_a_summary_and_is_sent_once() {
    let world = World::new(5);
    let all = [records(2, true, 200), records(1, true, 100)].concat();
    let outcome = world.invoke("a", &all, MAIL, MINUTES);
    check_all(&world, &outcome, 300);
    let (sent, urgent) = (world.alerts.arrivals(&[1, 2]), world.alerts.arrivals(&[1]));
    assert!(in_a_second(&sent) <= 5, "{sent:?}");
    // Five in two seconds for the twenty seconds that it waits at most, and no more than sixty in the minute.
    assert!((40..=60).contains(&sent.len()), "{}", sent.len());
    assert!(urgent.len() >= 25, "{}", urgent.len());
    assert!((18_000..=35_000).contains(&world.since_begin()), "{}", world.since_begin());
    let line = world.lines().into_iter().find(|line| line.severity == 1).unwrap();
    assert_eq!(
        (line.rule.as_str(), line.is_success, line.account.as_str(), line.region.as_str(), line.time),
        ("severity-1", true, "111122223333", "eu-west-1", BEGIN / 1000 - 300)
    );
    assert!(line.event.starts_with("1true") && !line.title.is_empty(), "{line:?}");
    assert_eq!(outcome.summary()["sends"]["alerts"]["summarised"], json!(300 - sent.len()));

    // The tick reports the rest, in one message here, whose severity is that of its most urgent line.
    let lines = world.lines();
    let tick = world.tick();
    assert_eq!((tick.notices.sent, tick.notices.failed, world.lines().len()), (1, 0, 0));
    let taken = world.alerts.0.lock().unwrap();
    let summary = &taken.last().unwrap().2;
    assert_eq!(severity(summary), 1);
    for line in lines {
        assert!(summary.body.contains(&line.event), "{line:?} is not in {}", summary.body);
    }
    drop(taken);

    let before = (world.alerts.ids().len(), world.lines().len());
    let again = world.invoke("a", &all, MAIL, MINUTES);
    assert_eq!((again.matches.alerted, again.matches.deduplicated), (0, 300));
    assert_eq!((world.alerts.ids().len(), world.lines().len()), before);
}

/// Milder alerts must not use up the time that an urgent one could wait.
#[test]
fn urgent_alerts_find_their_tokens_in_a_flood_of_others() {
    let world = World::new(5);
    let file = |records: &[String]| log_file(&records.iter().map(String::as_str).collect::<Vec<_>>());
    let objects = Memory::default()
        .with("a", vec![Ok(file(&records(2, true, 300)))])
        .with("b", vec![Ok(file(&records(1, true, 20)))]);
    world.handle(&event(&["a", "b"]), &objects, MAIL, MINUTES);
    assert_eq!(world.alerts.arrivals(&[1]).len(), 20);
    let milder = world.alerts.arrivals(&[2]).len();
    assert!(milder <= 30, "half of the minute: {milder}");
}

/// The time for reading is not spent on waits.
#[test]
fn no_alert_waits_within_the_time_reserve() {
    let world = World::new(5);
    let outcome = world.invoke("a", &records(2, true, 20), MAIL, Duration::from_secs(3));
    check_all(&world, &outcome, 20);
    assert_eq!(world.alerts.ids().len(), 3, "those of the first two seconds");
    assert!(world.since_begin() < 1_500, "{}", world.since_begin());
}

/// A token is used in the second for which it was taken, or not at all.
#[test]
fn tokens_that_come_late_are_not_used() {
    for takes in [300, 700, 1_100, 2_600] {
        let world = World::new(takes);
        let all = [records(2, true, 10), records(1, true, 10)].concat();
        let outcome = world.invoke("a", &all, MAIL, MINUTES);
        check_all(&world, &outcome, 20);
        let sent = world.alerts.arrivals(&[1, 2]);
        assert!(!sent.is_empty() && in_a_second(&sent) <= 5, "{takes}: {sent:?}");
        assert!(world.since_begin() < 70_000, "{takes}: {}", world.since_begin());
    }
}

/// The bounds of an invocation hold without the table.
#[test]
fn an_outage_of_the_table_lets_no_flood_through() {
    let world = World::new(5);
    world.is_broken.store(true, Ordering::Relaxed);
    let all = [records(2, true, 50), records(1, true, 50)].concat();
    let outcome = world.invoke("a", &all, MAIL, MINUTES);
    let sent = world.alerts.arrivals(&[1, 2]);
    assert!(in_a_second(&sent) <= 5 && sent.len() >= 40, "{sent:?}");
    assert_eq!((outcome.matches.alerted, outcome.unremembered), (100, 100));
    // What had no token is in a summary at the end of the invocation, since nothing keeps it.
    let sends = outcome.sends[&Audience::Alerts];
    assert_eq!((sends.sent + sends.summarised, sends.failed), (101, 0), "{sends:?}");
    assert_eq!((outcome.notices.sent, world.lines().len(), sent.len()), (1, 0, sends.sent.try_into().unwrap()));
}

/// Without a table nothing remains for a later tick: the invocation sends the summary itself.
#[test]
fn without_a_table_the_invocation_ends_with_its_summary() {
    let world = World { keeps_state: false, ..World::new(0) };
    let outcome = world.invoke("a", &records(2, true, 100), MAIL, MINUTES);
    let sends = outcome.sends[&Audience::Alerts];
    assert_eq!((sends.sent + sends.summarised, sends.failed, outcome.notices.sent), (101, 0, 1), "{sends:?}");
    assert!(in_a_second(&world.alerts.arrivals(&[2])) <= 5 && world.lines().is_empty());
}

/// The summary of a flood waits for its token, and others of the flood cannot take it.
#[test]
fn what_is_due_waits_for_its_token() {
    let world = World::new(5);
    world.invoke("a", &records(2, true, 100), MAIL, MINUTES);
    world.pass(15 * 60 * 1_000);
    for key in ["b", "c", "d"] {
        let more: Vec<String> = records(2, true, 100).iter().map(|record| record.replace("2true", key)).collect();
        world.invoke(key, &more, MAIL, MINUTES);
    }
    world.pass(-15 * 60 * 1_000);
    let tick = world.tick();
    assert!((1..=2).contains(&tick.notices.sent) && tick.notices.failed == 0, "{:?}", tick.notices);
    assert!(in_a_second(&world.alerts.arrivals(&[2])) <= 5);
}

/// However long that takes: here nearly a minute, since an alert has just taken the only token that is not for urgent ones.
#[test]
fn what_is_due_waits_longer_than_any_alert() {
    let (world, mail) = (World::new(5), Some(MailBudget { per_minute: 2, mildest: Severity::REVIEW }));
    world.invoke("a", &records(2, true, 3), mail, MINUTES);
    assert_eq!(world.lines().len(), 2);
    world.pass(15 * 60 * 1_000);
    world.invoke("b", &records(2, false, 1), mail, MINUTES);
    let before = world.since_begin();
    let tick = world.scheduled(mail, MINUTES);
    assert_eq!((tick.notices.sent, tick.ticks, world.lines().len()), (1, 1, 0));
    assert!((55_000..=61_000).contains(&(world.since_begin() - before)), "{}", world.since_begin() - before);
}

/// An alert whose line is not stored has failed, and goes out when its object is delivered again.
#[test]
fn lines_that_are_not_stored_fail_the_delivery() {
    let world = World::new(5);
    world.is_full.store(true, Ordering::Relaxed);
    let all = records(2, true, 60);
    let outcome = world.invoke("a", &all, MAIL, MINUTES);
    let sends = outcome.sends[&Audience::Alerts];
    assert!(sends.sent > 0 && sends.summarised == 0 && sends.sent + sends.failed == 60, "{sends:?}");
    assert_eq!(outcome.matches.failed, sends.failed);
    assert!(outcome.answer().is_err());
    assert!(failures(&outcome)[0].contains("the next summary"), "{:?}", failures(&outcome));

    world.is_full.store(false, Ordering::Relaxed);
    let again = world.invoke("a", &all, MAIL, MINUTES);
    assert_eq!((again.matches.alerted, again.matches.deduplicated), (sends.failed, sends.sent));
    assert_eq!(world.alerts.ids().len() + world.lines().len(), 60);
}

/// Notices keep to the budget, too: the alerts about unreadable records have severity 2.
#[test]
fn notices_without_a_token_are_lines() {
    let world = World::new(5);
    let all: Vec<String> = (0..30).map(|at| at.to_string()).collect();
    let outcome = world.invoke("a", &all, MAIL, MINUTES);
    let notices = outcome.notices;
    assert_eq!((notices.due, notices.sent + notices.summarised, notices.failed), (21, 21, 0));
    assert!(in_a_second(&world.alerts.arrivals(&[2])) <= 5 && notices.summarised > 0, "{notices:?}");
    assert_eq!(world.lines().len(), usize::try_from(notices.summarised).unwrap());
    assert!(world.lines().iter().all(|line| !line.is_success && line.rule == "trailbell-unread-record"));
}
