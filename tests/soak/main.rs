//! A long run of deliveries through the function's own handler, with faults of S3, SNS and the table, deadlines and duplicates,
//! all from one seed. What is handed back is delivered again until nothing is left, and a schedule sends what is due, although
//! some of its ticks are missed, doubled or fail. Then nothing may be lost.
//!
//! `SOAK_RECORDS`, `SOAK_FAULTS` and `SOAK_SEED` set how many records and faults a run has, and its seed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

#[allow(dead_code, reason = "the other tests need more of it")]
#[path = "../it/ports.rs"]
mod ports;
mod random;
mod state;
mod world;

use std::{
    collections::HashSet,
    sync::{Mutex, atomic::AtomicBool},
    time::Duration,
};

use serde_json::{Value, json};
use trailbell::{
    diagnostic::chain,
    engine::Engine,
    handler::{Channels, Chat, Handler, InvocationLimits, MailBudget, Outcome, Watch},
    rule::{RuleSet, Severity},
    state::Audience,
};

use ports::{BUCKET, event};
use state::{BEGIN, InvocationClock, Requests, State};
use world::{Name, RULES, S3, Topic, World};

/// The most milliseconds between two invocations, and those between two ticks.
const MOST_BETWEEN: usize = 40_000;
const TICK: i64 = 300_000;
/// So few that some alerts have no token, and some are held back.
const ALERTS_PER_MINUTE: u32 = 4;
const ALERTS_PER_HOUR: u32 = 330;
/// What failures say for which there was no time.
const LATE: [&str; 3] = ["ran out of time", "no answer in time", "no message was allowed while there was time"];

/// What is delivered, and delivered again, as one.
#[derive(Clone)]
struct Unit {
    /// The same whenever it is delivered.
    id: usize,
    objects: Vec<usize>,
    /// Or a record in the payload itself.
    record: Option<String>,
    due: Vec<Name>,
    /// Whether it was delivered twice; it is never delivered a third time, or the run might never end.
    is_twice: bool,
}

/// A sender, with the units that it has yet to deliver.
enum Sender {
    Queue { is_fifo: bool, messages: Vec<Unit> },
    Events(Vec<Unit>),
    Batch(Vec<Unit>),
}

impl Sender {
    fn units(&mut self) -> &mut Vec<Unit> {
        match self {
            Sender::Queue { messages: units, .. } | Sender::Events(units) | Sender::Batch(units) => units,
        }
    }

    /// The most units of one invocation.
    fn most(&self) -> usize {
        if let Sender::Events(_) = self { 1 } else { 10 }
    }

    fn payload(&self, units: &[Unit]) -> Value {
        let ids = units.iter().zip(0..);
        match self {
            Sender::Events(_) => units[0].body(),
            Sender::Queue { is_fifo, .. } => {
                let queue = format!("arn:aws:sqs:us-east-1:111122223333:logs{}", if *is_fifo { ".fifo" } else { "" });
                let message = |(unit, id): (&Unit, usize)| {
                    json!({"messageId": id.to_string(), "body": unit.body().to_string(), "eventSource": "aws:sqs",
                        "eventSourceARN": queue})
                };
                json!({"Records": ids.map(message).collect::<Vec<_>>()})
            }
            Sender::Batch(_) => {
                let task = |(unit, id): (&Unit, usize)| {
                    json!({"taskId": id.to_string(), "s3Key": unit.objects[0].to_string(), "s3VersionId": null,
                        "s3BucketArn": format!("arn:aws:s3:::{BUCKET}")})
                };
                json!({"invocationSchemaVersion": "1.0", "invocationId": "i", "job": {"id": "j"},
                    "tasks": ids.map(task).collect::<Vec<_>>()})
            }
        }
    }

    /// The indices of the units that the answer hands back.
    fn handed_back(&self, outcome: &Outcome) -> Vec<usize> {
        let place = |id: &Value| id.as_str().unwrap().parse().unwrap();
        match (self, outcome.answer()) {
            (Sender::Events(_), answer) => answer.err().map(|_| 0).into_iter().collect(),
            (Sender::Queue { .. }, answer) => {
                let items = answer.unwrap()["batchItemFailures"].as_array().unwrap().clone();
                items.iter().map(|item| place(&item["itemIdentifier"])).collect()
            }
            (Sender::Batch(_), answer) => {
                let results = answer.unwrap()["results"].as_array().unwrap().clone();
                let failed = results.iter().filter(|result| result["resultCode"] != "Succeeded");
                failed.map(|result| place(&result["taskId"])).collect()
            }
        }
    }
}

impl Unit {
    fn body(&self) -> Value {
        match &self.record {
            Some(record) => {
                json!({"id": format!("delivery-{}", self.id), "detail-type": "AWS API Call via CloudTrail", "source": "aws.x",
                "detail": serde_json::from_str::<Value>(record).unwrap()})
            }
            None => event(&self.objects.iter().map(ToString::to_string).collect::<Vec<_>>()),
        }
    }

    /// Whether both have the same content.
    fn is(&self, other: &Unit) -> bool {
        (&self.objects, &self.record) == (&other.objects, &other.record)
    }

    /// Whether a fault of this invocation is a reason to hand the unit back.
    fn is_harmed(&self, world: &World) -> bool {
        let is_broken = self.objects.iter().any(|object| world.broken.contains(object));
        is_broken || self.due.iter().any(|name| world.is_refused(*name))
    }
}

/// The units of a run with this many events, in log files, most of which have a message or an event of their own.
fn units(world: &mut World, records: usize) -> [Sender; 4] {
    let mut senders = [
        Sender::Queue { is_fifo: false, messages: Vec::new() },
        Sender::Queue { is_fifo: true, messages: Vec::new() },
        Sender::Events(Vec::new()),
        Sender::Batch(Vec::new()),
    ];
    let (mut next, mut id) = (0, 0);
    while next < records {
        let sender = world.random.below(senders.len());
        let mut unit = Unit { id, objects: Vec::new(), record: None, due: Vec::new(), is_twice: false };
        if world.random.percent(60) && sender != 3 {
            let (text, due) = world.record(next, 25);
            (unit.record, unit.due) = (Some(text), due);
            next += 1;
        } else {
            let objects = if sender == 3 { 1 } else { 1 + world.random.below(3) };
            for _ in 0..objects {
                let count = 1 + world.random.below(30);
                let (object, due) = world.put(next..next + count);
                unit.objects.push(object);
                unit.due.extend(due);
                next += count;
            }
        }
        senders[sender].units().push(unit);
        id += 1;
    }
    senders
}

/// One invocation: the outcome, and whether its time was short.
fn invoke(engine: &Engine, world: &Mutex<World>, state: &State, payload: &Value) -> (Outcome, bool) {
    let topic = |audience| Topic(audience, world);
    let channels = Channels {
        alerts: topic(Audience::Alerts),
        chat: Some(Chat { channel: topic(Audience::Chat), mildest: Severity::REVIEW }),
        findings: Some(topic(Audience::Findings)),
    };
    let clock = {
        let mut world = world.lock().unwrap();
        world.begin();
        state.pass(world.random.below(MOST_BETWEEN) as u64);
        let tick = if world.random.percent(15) { 1 + world.random.below(400) } else { 0 };
        InvocationClock::new(state, 3_000, tick as u64)
    };
    let limits = InvocationLimits {
        time_reserve: Duration::from_secs(1),
        max_alerts_per_rule_hour: ALERTS_PER_HOUR,
        mail: Some(MailBudget { per_minute: ALERTS_PER_MINUTE, mildest: Severity::REVIEW }),
        ..InvocationLimits::default()
    };
    let (objects, table, learns) = (S3(world), Requests(&state.table, world), AtomicBool::new(false));
    let handler = Handler {
        engine,
        objects: &objects,
        channels: &channels,
        table: &table,
        keeps_state: true,
        watch: &Watch::default(),
        learns: &learns,
        clock: &clock,
        limits,
    };
    let outcome = pollster::block_on(handler.handle(payload.to_string().as_bytes()));
    assert_eq!(outcome.check(), Ok(()), "{outcome:#?}");
    let is_late =
        outcome.failures().map(|failure| chain(failure)).any(|text| LATE.iter().any(|late| text.contains(late)));
    let mut world = world.lock().unwrap();
    world.faults += usize::from(is_late);
    world.summarised += outcome.sends.values().map(|sends| sends.summarised).sum::<u64>();
    (outcome, is_late)
}

/// The ticks that are due by now. One can be missed, come twice, or fail, and then it comes again or not.
fn tick(engine: &Engine, world: &Mutex<World>, state: &State, next: &mut i64) {
    let schedule = json!({"id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}});
    while *next <= state.now() {
        *next += TICK;
        let (is_missed, is_doubled) = {
            let mut world = world.lock().unwrap();
            let (is_missed, is_doubled) = (world.random.percent(10), world.random.percent(10));
            world.faults += usize::from(is_missed || is_doubled);
            (is_missed, is_doubled)
        };
        if is_missed {
            continue;
        }
        let mut left = if is_doubled { 2 } else { 1 };
        while left > 0 {
            left -= 1;
            let (outcome, _) = invoke(engine, world, state, &schedule);
            if outcome.failed() > 0 && world.lock().unwrap().random.percent(50) {
                left += 1;
            }
        }
    }
}

/// The units of one invocation. Senders deliver at least once: some units come twice, in one invocation or later.
fn take(world: &mut World, sender: &mut Sender) -> Vec<Unit> {
    let mut taken = Vec::new();
    for _ in 0..(1 + world.random.below(sender.most())).min(sender.units().len()) {
        let place = world.random.below(sender.units().len());
        taken.push(sender.units().swap_remove(place));
    }
    if world.random.percent(10) && !taken[0].is_twice {
        world.faults += 1;
        taken[0].is_twice = true;
        let again = taken[0].clone();
        if taken.len() < sender.most() { taken.push(again) } else { sender.units().push(again) }
    }
    taken
}

/// Delivers some units, and keeps what was handed back.
fn deliver(engine: &Engine, world: &Mutex<World>, state: &State, sender: &mut Sender) {
    let taken = take(&mut world.lock().unwrap(), sender);
    let (outcome, is_late) = invoke(engine, world, state, &sender.payload(&taken));
    let back = sender.handed_back(&outcome);
    assert_eq!(back.is_empty(), outcome.failed() == 0, "{outcome:#?}");
    let is_fifo = matches!(sender, Sender::Queue { is_fifo: true, .. });
    judge(&world.lock().unwrap(), &taken, &back, &outcome, (is_late, is_fifo));
    sender.units().extend(back.into_iter().map(|place| taken[place].clone()));
}

/// Compares an answer with what failed. What was acknowledged and not sent has to be sent later, and nothing else sends it.
fn judge(world: &World, taken: &[Unit], back: &[usize], outcome: &Outcome, (is_late, is_fifo): (bool, bool)) {
    let first = back.first().copied();
    for (place, unit) in taken.iter().enumerate() {
        if back.contains(&place) {
            // After a failure in a FIFO queue the following messages come back without a fault of their own; of two
            // equal messages, the second may have succeeded.
            let is_twice = taken.iter().filter(|other| other.is(unit)).count() > 1;
            let is_harmed =
                is_late || world.is_disturbed || is_twice || is_fifo && Some(place) > first || unit.is_harmed(world);
            assert!(is_harmed, "handed back for nothing: {place}\n{outcome:#?}");
        } else {
            assert!(!is_fifo || Some(place) < first.or(Some(taken.len())), "the order is lost\n{outcome:#?}");
        }
    }
    for unit in taken.iter().filter(|unit| unit.is_harmed(world)) {
        let is_back = |place: &usize| taken[*place].is(unit);
        assert!(back.iter().any(is_back), "a failure that was not handed back: {:?}\n{outcome:#?}", unit.objects);
    }
}

/// Prints how to repeat the run if it fails.
struct Plan {
    records: usize,
    faults: usize,
    seed: u64,
}

impl Plan {
    fn read() -> Self {
        let number = |name: &str, default: u64| -> u64 {
            std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
        };
        let size = |name, default| usize::try_from(number(name, default)).unwrap();
        Self { records: size("SOAK_RECORDS", 10_000), faults: size("SOAK_FAULTS", 500), seed: number("SOAK_SEED", 1) }
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { records, faults, seed } = self;
            eprintln!("again: SOAK_RECORDS={records} SOAK_FAULTS={faults} SOAK_SEED={seed} cargo test --test soak");
        }
    }
}

#[test]
fn nothing_is_lost_whatever_happens() {
    let plan = Plan::read();
    let engine = Engine::new(RuleSet::parse(RULES).unwrap().0);
    let mut world = World::new(plan.seed);
    let mut senders = units(&mut world, plan.records);
    let due: HashSet<Name> =
        senders.iter_mut().flat_map(|sender| sender.units().clone()).flat_map(|unit| unit.due).collect();
    let (world, state) = (Mutex::new(world), State::new());
    let (mut invocations, mut next_tick) = (0, BEGIN + TICK);
    while senders.iter_mut().any(|sender| !sender.units().is_empty()) {
        let sender = world.lock().unwrap().random.below(senders.len());
        if !senders[sender].units().is_empty() {
            deliver(&engine, &world, &state, &mut senders[sender]);
            tick(&engine, &world, &state, &mut next_tick);
            invocations += 1;
            assert!(invocations < 10 * plan.records, "it does not end");
            if invocations % 50_000 == 0 {
                let left: usize = senders.iter_mut().map(|sender| sender.units().len()).sum();
                println!("{invocations} invocations, {left} units left");
            }
        }
    }
    // The last hour ends, and faults go on.
    for more in 0.. {
        let Some(missing) = world.lock().unwrap().missing(&due) else { break };
        assert!(more < 500, "{missing}");
        state.pass(TICK.unsigned_abs());
        tick(&engine, &world, &state, &mut next_tick);
    }
    let world = world.into_inner().unwrap();
    for (audience, name) in world.accepted() {
        assert!(due.contains(&name) && name.audiences().contains(&audience), "{name:?} is not due");
    }
    assert!(due.len() > plan.records / 10, "{} alerts are too few", due.len());
    // What a refused alert covered has one of its own.
    assert!(world.covered.intersection(&world.alone).next().is_some(), "no covered match had an alert of its own");
    assert!(world.covered.difference(&world.alone).next().is_some(), "every match had an alert of its own");
    assert!(world.faults >= plan.faults, "{} faults are too few", world.faults);
    assert!(world.summarised > 0 && world.in_summaries > 0, "no alert was in a summary");
    assert!(world.in_lists > 0, "no alert was in the list of an hour");
    println!(
        "seed {}: {invocations} invocations, {} alerts, of which {} in summaries and {} in lists, {} faults",
        plan.seed,
        due.len(),
        world.in_summaries,
        world.in_lists,
        world.faults
    );
}
