//! How many requests to the table an object takes.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use trailbell::{
    engine::Engine,
    handler::{Channels, Outcome},
    rule::RuleSet,
    state::{Change, MAX_CHANGES, MemoryTable, Stored, Table, TableError, Written},
};

use crate::{
    ports::{Memory, Outbox, image, log_file},
    state::handled::handled,
};

/// A table that counts its requests, each with the number of its items.
#[derive(Default)]
struct Counting {
    memory: MemoryTable,
    requests: Mutex<Vec<(&'static str, usize)>>,
    /// Whether another delivery writes the items of the next write first.
    loses: AtomicBool,
    /// How long each request takes.
    wait: std::time::Duration,
}

impl Counting {
    fn take(&self) -> Vec<(&'static str, usize)> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }

    fn count(&self, what: &'static str, items: usize) {
        std::thread::sleep(self.wait);
        self.requests.lock().unwrap().push((what, items));
    }
}

impl Table for Counting {
    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
        keys.chunks(MAX_CHANGES).for_each(|keys| self.count("read", keys.len()));
        self.memory.read(keys).await
    }

    async fn write(&self, changes: &[Change]) -> Result<Written, TableError> {
        self.count("write", changes.len());
        assert!(changes.len() <= MAX_CHANGES);
        if self.loses.swap(false, Ordering::Relaxed) {
            self.memory.write(&changes[..1]).await?;
        }
        self.memory.write(changes).await
    }
}

fn engine(rules: &[&str]) -> Engine {
    let rule = |(number, more): (usize, &&str)| {
        format!("- {{name: R{number}, severity: 1, filter: eventName = \"PutImage\", {more}}}\n")
    };
    let rules: String = rules.iter().enumerate().map(rule).collect();
    Engine::new(RuleSet::parse(&format!("rules:\n{rules}")).unwrap().0)
}

/// An object with this many events, each from an address of its own.
fn object(events: usize) -> Memory {
    let records: Vec<String> = (0..events).map(|id| image(&id.to_string())).collect();
    Memory::default().with("a", vec![Ok(log_file(&records.iter().map(String::as_str).collect::<Vec<_>>()))])
}

fn deliver(table: &Counting, engine: &Engine, objects: &Memory) -> (Outcome, Vec<(&'static str, usize)>) {
    let outbox = Outbox::open();
    (handled(engine, table, &Channels::only(&outbox), objects, &["a"], 500), table.take())
}

#[test]
fn alerts_take_three_requests_silence_two_and_a_replay_one() {
    let (table, engine, objects) = (Counting::default(), engine(&["aggregate_fields: [ip]"]), object(99));
    let (outcome, requests) = deliver(&table, &engine, &objects);
    assert_eq!(outcome.matches.alerted, 99);
    assert_eq!(requests, [("read", 100), ("write", 100), ("write", 99)]);
    assert_eq!(deliver(&table, &engine, &objects).1, [("read", 100)]);

    let (table, engine) = (Counting::default(), self::engine(&["aggregate_fields: [ip], threshold: 2"]));
    let (outcome, requests) = deliver(&table, &engine, &objects);
    assert_eq!((outcome.matches.below_threshold, requests), (99, vec![("read", 100), ("write", 99)]));
    assert_eq!(deliver(&table, &engine, &objects).1, [("read", 100)]);
}

#[test]
fn a_thousand_matches_of_one_series_take_three_requests() {
    let (table, engine, objects) = (Counting::default(), engine(&["aggregate_fields: []"]), object(1_000));
    let (outcome, requests) = deliver(&table, &engine, &objects);
    assert_eq!((outcome.matches.alerted, outcome.matches.deduplicated), (1, 999));
    // The third is what makes the follow-up due.
    assert_eq!(requests, [("read", 2), ("write", 3), ("write", 1)]);
}

/// Each hundred items take as many requests as one.
#[test]
fn a_thousand_alerts_take_three_requests_for_each_hundred_items() {
    for (alone, alerted) in [(true, 1_000), (false, 500)] {
        let rules = [
            format!("aggregate_fields: [ip], alone: {alone}"),
            format!("id: other, aggregate_fields: [ip], alone: {alone}"),
        ];
        let (table, engine, objects) =
            (Counting::default(), engine(&rules.each_ref().map(String::as_str)), object(500));
        let (outcome, requests) = deliver(&table, &engine, &objects);
        assert_eq!((outcome.matches.alerted, outcome.matches.covered), (alerted, 1_000 - alerted));
        // 1,000 series, with the limits of two rules in each batch; the marks of what an alert covers go with its own.
        assert_eq!(requests.len(), 3 * 1_000_usize.div_ceil(98), "{requests:?}");
    }
}

#[test]
fn a_lost_race_takes_two_more_requests() {
    let (table, engine, objects) = (Counting::default(), engine(&["aggregate_fields: [ip]"]), object(2));
    table.loses.store(true, Ordering::Relaxed);
    let (outcome, requests) = deliver(&table, &engine, &objects);
    assert_eq!(outcome.matches.alerted, 2);
    assert_eq!(requests[..2], [("read", 3), ("write", 3)]);
    assert_eq!(requests[2], ("read", 1));
    assert_eq!(requests.len(), 5, "{requests:?}");
}

/// Rules with `first_seen` start to learn with two requests, once in a process.
#[test]
fn what_is_new_is_read_with_the_series() {
    let rules = ["aggregate_fields: [ip], first_seen: {fields: [ip], learning: 0s}"; 1];
    let (table, engine, objects) = (Counting::default(), engine(&rules), object(40));
    let (outcome, requests) = deliver(&table, &engine, &objects);
    assert_eq!(outcome.matches.alerted, 40);
    // A series and a combination for each event, the limit, and when learning started.
    assert_eq!(requests, [("read", 1), ("write", 1), ("read", 82), ("write", 81), ("write", 40)]);
}

/// A series whose combinations of values do not fit into one request is decided about in several, one after the other.
#[test]
fn a_series_of_more_items_than_a_request_takes_is_counted_as_one() {
    let rules = ["aggregate_fields: [], threshold: 150, first_seen: {fields: [ip], learning: 0s}"];
    let (table, engine, objects) = (Counting::default(), engine(&rules), object(200));
    let (outcome, requests) = deliver(&table, &engine, &objects);
    let counts = (outcome.matches.below_threshold, outcome.matches.alerted, outcome.matches.deduplicated);
    assert_eq!(counts, (149, 1, 50));
    assert!(requests.iter().all(|(_, items)| *items <= MAX_CHANGES), "{requests:?}");
    let (outcome, requests) = deliver(&table, &engine, &objects);
    assert_eq!(outcome.matches.deduplicated, 200);
    assert!(requests.iter().all(|(what, _)| *what == "read"), "{requests:?}");
}

/// `cargo test --features aws --test it -- --ignored --nocapture a_thousand_alerts_behind_a_table_of_5_ms`
#[test]
#[ignore = "measures time, by hand"]
fn a_thousand_alerts_behind_a_table_of_5_ms() {
    let rules = ["aggregate_fields: [ip], alone: true", "id: other, aggregate_fields: [ip], alone: true"];
    let table = Counting { wait: std::time::Duration::from_millis(5), ..Counting::default() };
    let (engine, objects) = (engine(&rules), object(500));
    let begun = std::time::Instant::now();
    let (outcome, requests) = deliver(&table, &engine, &objects);
    println!("{} alerts, {} requests, {:?}", outcome.matches.alerted, requests.len(), begun.elapsed());
}
