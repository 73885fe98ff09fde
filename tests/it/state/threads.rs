//! The thread of a series in a chat: all of its alerts and what follows them, and nothing else.

use std::sync::atomic::AtomicBool;

use serde_json::{Value, json};
use trailbell::{
    engine::Engine,
    handler::{Channels, Chat, Handler, InvocationLimits, Watch},
    rule::{RuleSet, Severity},
    state::MemoryTable,
};

use crate::{
    ports::{Memory, Outbox, event, log_file},
    state::tick::{at, scheduled},
};

const RULES: &str = "rules: [
    {name: R, severity: 1, filter: eventName = \"DeleteSnapshot\", aggregate_fields: [principal, requestParameters.id]},
    {name: Other, severity: 2, filter: eventName = \"DeleteSnapshot\", aggregate_fields: [principal, requestParameters.id]}]";

/// What the chat has got so far: each id with its thread.
struct World {
    table: MemoryTable,
    chat: Outbox,
    alerts: Outbox,
}

impl World {
    fn new() -> Self {
        Self { table: MemoryTable::default(), chat: Outbox::open(), alerts: Outbox::open() }
    }

    /// Delivers events on these snapshots, or a tick without any; returns the ids and the threads of the new notifications.
    fn run(&self, now: i64, snapshots: &[&str]) -> Vec<(String, String)> {
        let record = |(number, id): (usize, &&str)| {
            json!({
                "eventVersion": "1.08", "eventID": format!("{now}-{number}"), "eventName": "DeleteSnapshot",
                "eventTime": at(now).0.to_string(), "requestParameters": {"id": id},
                "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ada"},
            })
            .to_string()
        };
        let records: Vec<String> = snapshots.iter().enumerate().map(record).collect();
        let file = log_file(&records.iter().map(String::as_str).collect::<Vec<_>>());
        let key = format!("k{now}");
        let objects = Memory::default().with(&key, vec![Ok(file)]);
        let engine = Engine::new(RuleSet::parse(RULES).unwrap().0);
        let chat = Some(Chat { channel: &self.chat, mildest: Severity::REVIEW });
        let handler = Handler {
            engine: &engine,
            objects: &objects,
            channels: &Channels { alerts: &self.alerts, chat, findings: None },
            table: &self.table,
            keeps_state: true,
            watch: &Watch::default(),
            learns: &AtomicBool::new(false),
            clock: &at(now),
            limits: InvocationLimits::default(),
        };
        let before = self.chat.sent();
        let payload = if snapshots.is_empty() { scheduled() } else { event(&[&key]) };
        let outcome = pollster::block_on(handler.handle(payload.to_string().as_bytes()));
        assert_eq!(outcome.check(), Ok(()), "{outcome:#?}");
        let sent = self.chat.sent.lock().unwrap();
        let thread = |body: &str| serde_json::from_str::<Value>(body).unwrap()["metadata"]["threadId"].clone();
        let new = sent.iter().skip(before);
        new.map(|message| (message.id.clone(), thread(&message.body).as_str().unwrap().to_owned())).collect()
    }
}

const DAY: i64 = 86_400;

#[test]
fn a_series_has_one_thread() {
    let world = World::new();
    let first = world.run(0, &["snap-1"]);
    let [(id, thread)] = &first[..] else { panic!("{first:?}") };
    assert_eq!(world.run(60, &["snap-1", "snap-1"]), []);
    // The follow-up comes after the window, and then another alert.
    let followed = world.run(DAY + 4_000, &[]);
    assert_eq!(followed, [(format!("{id}.more"), thread.clone())]);
    let again = world.run(2 * DAY, &["snap-1"]);
    assert!(matches!(&again[..], [(other, same)] if other != id && same == thread), "{again:?}");
}

#[test]
fn another_victim_has_another_thread() {
    let world = World::new();
    let threads: Vec<String> =
        world.run(0, &["snap-1", "snap-2", "snap-1, snap-2"]).into_iter().map(|one| one.1).collect();
    let different: std::collections::BTreeSet<_> = threads.iter().collect();
    assert_eq!((threads.len(), different.len()), (3, 3), "{threads:?}");
}
