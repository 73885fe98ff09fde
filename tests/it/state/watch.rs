//! What the tick watches: each account and region of which logs arrive, and the e-mail addresses.

use std::{
    sync::{Mutex, atomic::AtomicBool},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use trailbell::{
    alert::Message,
    handler::{Channel, Channels, Clock, Handler, InvocationLimits, Outcome, PublishError, Watch},
    state::{MemoryTable, Table},
};

use super::tick::{at, scheduled};
use crate::ports::{Memory, Outbox, engine, event, gzip, publish_error};

const ACCOUNT: &str = "111122223333";
const HOUR: i64 = 3_600;

/// A topic with these subscribers.
struct Topic {
    outbox: Outbox,
    confirmed: Mutex<Result<Vec<String>, String>>,
}

impl Channel for Topic {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        self.outbox.publish(messages).await
    }

    async fn confirmed_addresses(&self) -> Result<Option<Vec<String>>, PublishError> {
        let confirmed = self.confirmed.lock().unwrap().clone();
        confirmed.map(Some).map_err(|reason| PublishError::not_accepted("topic", reason))
    }
}

/// A deployed function: its table, its topic, its process.
struct World {
    table: MemoryTable,
    topic: Topic,
    watch: Watch,
}

impl World {
    fn new(watch: Watch) -> Self {
        let topic = Topic { outbox: Outbox::open(), confirmed: Mutex::new(Ok(Vec::new())) };
        Self { table: MemoryTable::default(), topic, watch }
    }

    fn of_sources() -> Self {
        Self::new(Watch::new(Some(Duration::from_hours(2)), Vec::new()))
    }

    fn handle(&self, now: i64, objects: &Memory, payload: &Value) -> Outcome {
        let handler = Handler {
            engine: engine(),
            objects,
            channels: &Channels::only(&self.topic),
            table: &self.table,
            keeps_state: true,
            watch: &self.watch,
            learns: &AtomicBool::new(false),
            clock: &at(now),
            limits: InvocationLimits::default(),
        };
        let outcome = pollster::block_on(handler.handle(payload.to_string().as_bytes()));
        assert_eq!(outcome.check(), Ok(()), "{outcome:#?}");
        outcome
    }

    /// Ticks every five minutes from one time until another, in hours; how many sources the ticks of the last hour found silent.
    fn ticks(&self, from: i64, to: i64) -> u64 {
        let mut silent = Vec::new();
        for now in (from * HOUR..to * HOUR).step_by(300) {
            silent.push(self.handle(now, &Memory::default(), &scheduled()).silent_sources);
        }
        silent.iter().rev().take(12).sum()
    }

    /// A log file with this name arrives; it need not be readable.
    fn deliver_file(&self, region: &str, now: i64, name: &str) {
        let key = format!("AWSLogs/{ACCOUNT}/CloudTrail/{region}/2026/03/02/{name}.json.gz");
        self.handle(now * HOUR, &Memory::default(), &event(&[key]));
    }

    /// A log file that was delivered at once.
    fn deliver(&self, region: &str, hours: impl IntoIterator<Item = i64>) {
        for hour in hours {
            let time = at(hour * HOUR).now().strftime("%Y%m%dT%H%MZ");
            self.deliver_file(region, hour, &format!("{ACCOUNT}_CloudTrail_{region}_{time}_Kq3vZt8LwXy1RbNd"));
        }
    }

    fn subjects(&self) -> Vec<String> {
        self.topic.outbox.sent.lock().unwrap().iter().map(|message| message.subject.clone()).collect()
    }
}

#[test]
fn a_region_that_falls_silent_raises_one_alert() {
    let world = World::of_sources();
    world.deliver("eu-west-1", 0..168);
    assert_eq!(world.ticks(167, 170), 0);
    assert_eq!(world.subjects(), [""; 0]);
    assert_eq!(world.ticks(170, 190), 1);
    // The last hour in which a log file came is 167, of the 2nd of March at 9.
    assert_eq!(world.subjects(), ["SEV2 [111122223333] No CloudTrail logs from eu-west-1 since 2026-03-09 08:00 UTC"]);
    let body = world.topic.outbox.sent.lock().unwrap()[0].body.clone();
    println!("{body}");
    assert!(body.contains("the longest gap of the week before was 1 h"), "{body}");
    // Logs arrive again, and end again.
    world.deliver("eu-west-1", [190]);
    assert_eq!(world.ticks(190, 192), 0);
    assert_eq!(world.ticks(192, 280), 1);
    assert_eq!(world.subjects().len(), 2, "{:?}", world.subjects());
}

#[test]
fn sources_that_fall_silent_at_once_share_an_alert_for_each_tick() {
    let world = World::of_sources();
    for region in 1..=40 {
        world.deliver(&format!("region-{region}"), (0..168).step_by(4));
    }
    assert_eq!(world.ticks(165, 190), 40);
    let subjects = world.subjects();
    assert!(subjects.len() <= 12, "{subjects:?}");
    let bodies: String = world.topic.outbox.sent.lock().unwrap().iter().map(|message| message.body.clone()).collect();
    for region in 1..=40 {
        assert!(bodies.contains(&format!("111122223333 region-{region}")), "{region}: {bodies}");
    }
}

#[test]
fn one_busy_region_hides_no_silent_one() {
    let world = World::of_sources();
    world.deliver("us-east-1", 0..200);
    world.deliver("eu-west-1", 0..168);
    assert_eq!(world.ticks(190, 199), 1);
    assert_eq!(world.subjects().len(), 1);
}

#[test]
fn an_outage_of_the_function_raises_no_alert() {
    let world = World::of_sources();
    world.deliver("eu-west-1", 0..168);
    world.ticks(160, 168);
    // For two days nothing was handled; the ticks come before the log files that waited.
    assert_eq!(world.ticks(216, 217), 0);
    world.deliver("eu-west-1", [217]);
    assert_eq!(world.ticks(217, 219), 0);
    assert_eq!(world.subjects(), [""; 0]);
}

#[test]
fn log_files_that_are_evaluated_again_are_no_arrivals() {
    let world = World::of_sources();
    world.deliver("eu-west-1", 0..168);
    world.ticks(166, 168);
    // One of long ago, and the newest, as the doctor gives it.
    for hour in 168..180 {
        world.deliver_file("eu-west-1", hour, "111122223333_CloudTrail_eu-west-1_20260302T0920Z_Kq3vZt8LwXy1RbNd");
        world.deliver_file("eu-west-1", hour, "111122223333_CloudTrail_eu-west-1_20260309T0800Z_Kq3vZt8LwXy1RbNd");
    }
    assert_eq!(world.ticks(168, 181), 1);
}

#[test]
fn old_log_files_make_no_source_that_is_silent() {
    let world = World::of_sources();
    world.ticks(990, 1_000);
    for hour in 0..168 {
        let time = at(hour * HOUR).now().strftime("%Y%m%dT%H%MZ");
        world.deliver_file("eu-west-1", 1_000, &format!("{ACCOUNT}_CloudTrail_eu-west-1_{time}_Kq3vZt8LwXy1RbNd"));
    }
    assert_eq!(world.ticks(1_000, 1_010), 0);
    assert_eq!(world.subjects(), [""; 0]);
}

#[test]
fn the_test_alert_of_the_doctor_is_no_arrival() {
    let world = World::of_sources();
    let detail = json!({"eventVersion": "1.11", "eventID": "1", "recipientAccountId": ACCOUNT, "awsRegion": "eu-west-1",
        "eventSource": "doctor.trailbell"});
    let event =
        json!({"id": "1", "source": "aws.trailbell", "detail-type": "AWS API Call via CloudTrail", "detail": detail});
    for hour in 0..168 {
        world.handle(hour * HOUR, &Memory::default(), &event);
    }
    assert_eq!(world.ticks(166, 190), 0);
}

#[test]
fn an_alert_that_is_not_taken_comes_with_the_next_round() {
    let mut world = World::of_sources();
    world.deliver("eu-west-1", 0..168);
    world.ticks(166, 168);
    world.topic.outbox = Outbox::new(|_| Some(Err(publish_error("denied", false))));
    let mut failed = 0;
    for now in (168 * HOUR..171 * HOUR).step_by(300) {
        failed += world.handle(now, &Memory::default(), &scheduled()).failed();
    }
    assert_eq!(failed, 1);
    world.topic.outbox = Outbox::open();
    world.ticks(171, 172);
    assert_eq!(world.subjects().len(), 1);
}

#[test]
fn events_of_eventbridge_and_of_cloudwatch_logs_are_arrivals() {
    let record = |region: &str| json!({"eventVersion": "1.11", "eventID": "1", "recipientAccountId": ACCOUNT, "awsRegion": region});
    let event = json!({"id": "1", "source": "aws.iam", "detail-type": "AWS API Call via CloudTrail", "detail": record("eu-west-1")});
    let logs = |stream: &str, region: &str| {
        let message = record(region).to_string();
        let data = json!({"messageType": "DATA_MESSAGE", "logGroup": "trail", "logStream": stream,
            "logEvents": [{"id": "1", "timestamp": 1, "message": message}]});
        json!({"awslogs": {"data": BASE64_STANDARD.encode(gzip(data.to_string().as_bytes()))}})
    };
    let world = World::of_sources();
    for hour in 0..168 {
        world.handle(hour * HOUR, &Memory::default(), &event);
        world.handle(hour * HOUR, &Memory::default(), &logs("111122223333_CloudTrail_eu-west-2", "eu-west-2"));
        world.handle(
            hour * HOUR,
            &Memory::default(),
            &logs("o-exampleorgid_222233334444_CloudTrail_eu-west-3_2", "eu-west-3"),
        );
        world.handle(hour * HOUR, &Memory::default(), &logs("another", "eu-west-4"));
    }
    assert_eq!(world.ticks(166, 190), 3);
}

/// Of several processes each may write an arrival, and none waits for an hour that another began.
#[test]
fn several_processes_record_an_arrival_every_hour() {
    let mut world = World::of_sources();
    let mut others: Vec<Watch> = (0..2).map(|_| Watch::new(Some(Duration::from_hours(2)), Vec::new())).collect();
    for (file, turn) in (0..7 * 24 * 12).zip([0, 1, 1, 0, 1].into_iter().cycle()) {
        // A file every five minutes, for one process after the other.
        let minutes = file * 5;
        let time = at(minutes * 60).now().strftime("%Y%m%dT%H%MZ");
        let key = format!(
            "AWSLogs/{ACCOUNT}/CloudTrail/eu-west-1/2026/03/02/{ACCOUNT}_CloudTrail_eu-west-1_{time}_Kq3vZt8LwXy1RbNd.json.gz"
        );
        std::mem::swap(&mut world.watch, &mut others[turn]);
        world.handle(minutes * 60, &Memory::default(), &event(&[key]));
    }
    let stored = pollster::block_on(world.table.read(&["source/111122223333/eu-west-1"])).unwrap().remove(0).unwrap().0;
    let trailbell::state::StoredItem::Arrivals(arrivals) = stored else { panic!("{stored:?}") };
    let longest = arrivals.days.iter().map(|(_, gap)| *gap).max();
    assert_eq!(longest, Some(HOUR), "{arrivals:?}");
}

#[test]
fn a_switched_off_watch_stores_nothing() {
    let world = World::new(Watch::default());
    world.deliver("eu-west-1", 0..168);
    assert_eq!(world.ticks(166, 190), 0);
    assert!(pollster::block_on(world.table.read(&["source/111122223333/eu-west-1"])).unwrap()[0].is_none());
}

#[test]
fn addresses_that_have_not_confirmed_are_counted() {
    let addresses = ["security@example.com", "ops@example.com"].map(str::to_owned);
    let world = World::new(Watch::new(None, addresses.to_vec()));
    let unconfirmed = |now: i64| world.handle(now, &Memory::default(), &scheduled()).mail_unconfirmed;
    assert_eq!(unconfirmed(0), 2);
    *world.topic.confirmed.lock().unwrap() = Ok(vec!["Security@Example.com".to_owned(), "x@example.com".to_owned()]);
    assert_eq!(unconfirmed(300), 1);
    *world.topic.confirmed.lock().unwrap() = Ok(addresses.to_vec());
    assert_eq!(unconfirmed(600), 0);
    // Who has confirmed is not known: the alarm goes off if that lasts, and the tick goes on.
    *world.topic.confirmed.lock().unwrap() = Err("AuthorizationError".to_owned());
    let outcome = world.handle(900, &Memory::default(), &scheduled());
    assert_eq!((outcome.mail_unconfirmed, outcome.failed(), outcome.ticks), (1, 0, 1));
}
