//! One act, one alert: which rules an alert names, and what becomes of theirs when something fails.

use std::sync::atomic::{AtomicU64, Ordering};

use trailbell::{
    alert::{AttributeValue, Message},
    engine::Engine,
    handler::{Channels, Chat, Outcome},
    rule::{RuleSet, Severity},
    state::{Change, MAX_CHANGES, MemoryTable, Stored, Table, TableError, Written},
};

use crate::{
    ports::{Memory, Outbox, image, log_file, publish_error},
    state::handled::{Broken, handled},
};

/// A table that fails from this use on, if it is not 0.
#[derive(Default)]
struct Failing {
    memory: MemoryTable,
    from: u64,
    used: AtomicU64,
}

impl Failing {
    fn check(&self) -> Result<(), TableError> {
        let used = self.used.fetch_add(1, Ordering::Relaxed) + 1;
        if self.from > 0 && used >= self.from { Err(TableError::service("no table")) } else { Ok(()) }
    }
}

impl Table for Failing {
    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
        self.check()?;
        self.memory.read(keys).await
    }

    async fn write(&self, changes: &[Change]) -> Result<Written, TableError> {
        self.check()?;
        assert!(changes.len() <= MAX_CHANGES);
        self.memory.write(changes).await
    }
}

/// An engine for rules on each image, each with its name and further fields. An alert is for events from one address.
fn engine(rules: &[&str]) -> Engine {
    let rule = |fields: &&str| {
        let filter = if fields.contains("filter:") { "" } else { ", filter: eventName = \"PutImage\"" };
        let values = if fields.contains("aggregate_fields:") { "" } else { ", aggregate_fields: [ip]" };
        format!("- {{name: {fields}{filter}{values}}}\n")
    };
    let text: String = rules.iter().map(rule).collect();
    Engine::new(RuleSet::parse(&format!("rules:\n{text}")).unwrap_or_else(|errors| panic!("{errors:?}")).0)
}

fn objects(files: &[(&str, &[&str])]) -> Memory {
    files.iter().fold(Memory::default(), |objects, (key, events)| {
        let records: Vec<String> = events.iter().map(|id| image(id)).collect();
        objects.with(key, vec![Ok(log_file(&records.iter().map(String::as_str).collect::<Vec<_>>()))])
    })
}

/// The rule of a message, and the rules that its text names beside it.
fn named(message: &Message) -> (String, Vec<String>) {
    let rule = message.body.lines().find_map(|line| line.strip_prefix("Rule      ")).unwrap();
    let rows =
        message.body.lines().skip_while(|line| !line.starts_with("Also      ")).take_while(|line| !line.is_empty());
    (rule.split(" (").next().unwrap().to_owned(), rows.map(|line| line[10..].to_owned()).collect())
}

/// The messages that an outbox took since this was asked last, sorted.
fn take(outbox: &Outbox) -> Vec<(String, Vec<String>)> {
    let mut taken: Vec<_> = outbox.sent.lock().unwrap().drain(..).map(|message| named(&message)).collect();
    taken.sort();
    taken
}

fn own(rule: &str, also: &[&str]) -> (String, Vec<String>) {
    (rule.to_owned(), also.iter().map(|rule| (*rule).to_owned()).collect())
}

fn deliver(engine: &Engine, table: &impl Table, outbox: &Outbox, objects: &Memory, key: &str) -> Outcome {
    handled(engine, table, &Channels::only(outbox), objects, &[key], 500)
}

#[test]
fn the_most_severe_rule_names_those_that_have_no_alert_of_their_own() {
    let engine = engine(&[
        "Mild, severity: 3, tags: [service.ecr, mild]",
        "Severe, severity: 1, tags: [service.ecr]",
        "Severe too, severity: 1",
        "Counts, severity: 2, threshold: 2",
        "New, severity: 2, first_seen: {fields: [ip], learning: 0s}",
        "Alone, severity: 2, alone: true",
        "Trial, severity: 1, notify: false",
        "Suppressed, severity: 1, suppressions: [eventName exists]",
        "Other, severity: 1, filter: eventName = \"x\"",
    ]);
    let (table, outbox, objects) = (MemoryTable::default(), Outbox::open(), objects(&[("a", &["1"])]));
    let outcome = deliver(&engine, &table, &outbox, &objects, "a");
    let tags = |message: &Message| {
        let tags = message.attributes.iter().find(|attribute| attribute.name == "tags").unwrap();
        if let AttributeValue::List(tags) = &tags.value { tags.clone() } else { Vec::new() }
    };
    let severe = outbox.sent.lock().unwrap().iter().find(|message| named(message).0 == "Severe").map(tags);
    assert_eq!(severe.unwrap(), ["kind.alert", "service.ecr", "also.severe-too", "also.mild", "mild"]);
    let expected = [own("Alone", &[]), own("New", &[]), own("Severe", &["SEV1 Severe too", "SEV3 Mild"])];
    assert_eq!(take(&outbox), expected);
    let matches = &outcome.matches;
    assert_eq!((matches.seen, matches.alerted, matches.covered), (8, 3, 2));
    assert_eq!((matches.below_threshold, matches.muted, matches.suppressed["suppressed"]), (1, 1, 1));
    let again = deliver(&engine, &table, &outbox, &objects, "a");
    assert_eq!((take(&outbox), again.matches.covered, again.matches.alerted), (Vec::new(), 0, 0));
}

/// A milder rule of which only the first alert was covered alerts by itself once the more severe one is silent.
#[test]
fn a_silenced_rule_covers_nothing() {
    let engine = engine(&["Severe, severity: 1, aggregate_fields: []", "Mild, severity: 3"]);
    let (table, outbox) = (MemoryTable::default(), Outbox::open());
    let objects = objects(&[("a", &["1", "1", "2"]), ("b", &["1"])]);
    let outcome = deliver(&engine, &table, &outbox, &objects, "a");
    assert_eq!(take(&outbox), [own("Mild", &[]), own("Severe", &["SEV3 Mild"])]);
    assert_eq!((outcome.matches.alerted, outcome.matches.covered, outcome.matches.deduplicated), (2, 1, 3));
    // The series of the covered alert is silent, too.
    let outcome = deliver(&engine, &table, &outbox, &objects, "b");
    assert_eq!((take(&outbox), outcome.matches.deduplicated), (Vec::new(), 2));
}

#[test]
fn an_alert_tells_how_many_events_of_a_covered_rule_no_one_was_told_of() {
    let engine =
        engine(&["Severe, severity: 1, window: 1m, filter: userAgent = \"x\"", "Mild, severity: 3, window: 1h"]);
    let record = |id: u8, time: &str, agent: &str| {
        format!(
            r#"{{"eventVersion":"1.08","eventID":"{id}","eventName":"PutImage","eventTime":"2026-03-02T{time}Z",
            "userAgent":"{agent}","sourceIPAddress":"192.0.2.1"}}"#
        )
    };
    let records = [record(1, "09:00:00", ""), record(2, "09:30:00", ""), record(3, "11:00:00", "x")];
    let file = log_file(&records.each_ref().map(String::as_str));
    let (table, outbox) = (MemoryTable::default(), Outbox::open());
    deliver(&engine, &table, &outbox, &Memory::default().with("a", vec![Ok(file)]), "a");
    let also = "SEV3 Mild, 1 event since its previous alert";
    assert_eq!(take(&outbox), [own("Mild", &[]), own("Severe", &[also])]);
}

#[test]
fn a_rule_whose_hour_is_full_covers_nothing() {
    // Successes of severity 1 have a larger limit.
    let engine = engine(&["Severe, severity: 2", "Mild, severity: 3"]);
    let (table, outbox) = (MemoryTable::default(), Outbox::open());
    let objects = objects(&[("a", &["1"]), ("b", &["2"])]);
    let once = |key: &str| handled(&engine, &table, &Channels::only(&outbox), &objects, &[key], 1);
    once("a");
    assert_eq!(take(&outbox), [own("Severe", &["SEV3 Mild"])]);
    // The covered alert took nothing of the hour of its rule.
    let outcome = once("b");
    assert_eq!((outcome.matches.alerted, outcome.matches.capped, outcome.matches.covered), (1, 1, 0));
    assert!(outbox.sent.lock().unwrap().iter().any(|message| named(message) == own("Mild", &[])));
}

#[test]
fn the_retry_of_one_channel_covers_what_its_first_attempt_covered() {
    let engine = engine(&["Severe, severity: 1", "Review, severity: 2", "Mild, severity: 3"]);
    let (table, people) = (MemoryTable::default(), Outbox::open());
    let objects = objects(&[("a", &["1"])]);
    let attempt = |chat: &Outbox| {
        let chat = Chat { channel: chat, mildest: Severity::REVIEW };
        let channels = Channels { alerts: &people, chat: Some(chat), findings: None };
        handled(&engine, &table, &channels, &objects, &["a"], 500)
    };
    let outcome = attempt(&Outbox::new(|_| Some(Err(publish_error("InternalError", false)))));
    assert_eq!((outcome.matches.alerted, outcome.matches.covered, people.sent()), (1, 2, 1));
    let chat = Outbox::open();
    let outcome = attempt(&chat);
    assert_eq!((outcome.matches.deduplicated, outcome.matches.covered), (3, 0));
    assert_eq!((people.sent(), chat.sent(), outcome.answer().is_ok()), (1, 1, true));
    assert!(chat.sent.lock().unwrap()[0].body.contains("Also: SEV2 `Review`"));
    assert_eq!((attempt(&chat).matches.deduplicated, people.sent(), chat.sent()), (3, 1, 1));
}

#[test]
fn an_alert_that_did_not_arrive_is_decided_again_in_the_same_way() {
    let engine = engine(&["Severe, severity: 1", "Mild, severity: 3"]);
    let (table, objects) = (MemoryTable::default(), objects(&[("a", &["1"])]));
    let closed = Outbox::new(|_| Some(Err(publish_error("InternalError", false))));
    let outcome = deliver(&engine, &table, &closed, &objects, "a");
    assert_eq!((outcome.matches.failed, outcome.matches.covered), (1, 1));
    // The same object by another way waits for both.
    let outbox = Outbox::open();
    let copies = self::objects(&[("b", &["1"])]);
    let other = deliver(&engine, &table, &outbox, &copies, "b");
    assert_eq!((other.matches.claimed_elsewhere, outbox.sent()), (2, 0));
    let outcome = deliver(&engine, &table, &outbox, &objects, "a");
    assert_eq!(take(&outbox), [own("Severe", &["SEV3 Mild"])]);
    assert_eq!((outcome.matches.alerted, outcome.matches.covered), (1, 1));
}

/// Where SNS refuses a message for its content, twice, the next rule's alert takes its place.
#[test]
fn the_next_rule_alerts_in_place_of_a_refused_message() {
    let engine =
        engine(&["Refused, severity: 1", "Refused too, severity: 2", "Review, severity: 2", "Mild, severity: 3"]);
    let (table, objects) = (MemoryTable::default(), objects(&[("a", &["1"])]));
    let refuses = |message: &Message| {
        let is_refused = message.subject.contains("Refused");
        Some(if is_refused { Err(publish_error("InvalidParameter", true)) } else { Ok(()) })
    };
    let (people, machines) = (Outbox::new(refuses), Outbox::open());
    let channels = Channels { alerts: &people, chat: None, findings: Some(&machines) };
    let attempt = || handled(&engine, &table, &channels, &objects, &["a"], 500);
    let outcome = attempt();
    assert_eq!(take(&people), [own("Review", &["SEV3 Mild"])]);
    assert_eq!((outcome.matches.failed, outcome.matches.alerted, outcome.matches.covered), (2, 1, 1));
    assert!(outcome.answer().is_err());
    assert_eq!(machines.sent(), 1, "that topic took the most severe");
    // Of the retry only the refused ones are left.
    let outcome = attempt();
    assert_eq!((outcome.matches.failed, outcome.matches.deduplicated, people.sent(), machines.sent()), (2, 2, 0, 1));
}

/// The items of one record's matches do not fit into one request.
#[test]
fn a_record_that_120_rules_match_raises_one_alert() {
    let rules: Vec<String> = (1..=120).map(|at| format!("R{at}, severity: {}", 3 - at / 41)).collect();
    let engine = engine(&rules.iter().map(String::as_str).collect::<Vec<_>>());
    let objects = objects(&[("a", &["1", "2"])]);
    let (table, outbox) = (Failing::default(), Outbox::open());
    let outcome = deliver(&engine, &table, &outbox, &objects, "a");
    assert_eq!((outcome.matches.alerted, outcome.matches.covered), (2, 238));
    // The first of those of severity 1, which are the last in the file.
    for (rule, also) in take(&outbox) {
        assert_eq!((rule.as_str(), also.len(), also[0].as_str()), ("R82", 21, "SEV1 R83"));
        assert_eq!(also[20], "and 99 more rules");
    }
    assert_eq!(deliver(&engine, &table, &outbox, &objects, "a").matches.deduplicated, 240);
}

/// Without the table, and where it fails at any use.
#[test]
fn an_outage_of_the_table_divides_no_act() {
    let rules: Vec<String> = (1..=60).map(|at| format!("R{at}, severity: 2")).collect();
    let engine = engine(&rules.iter().map(String::as_str).collect::<Vec<_>>());
    let objects = objects(&[("a", &["1"])]);
    let outbox = Outbox::open();
    let outcome = deliver(&engine, &Broken, &outbox, &objects, "a");
    assert_eq!((outcome.matches.alerted, outcome.matches.covered, outcome.unremembered), (1, 59, 1));
    assert_eq!(take(&outbox)[0].0, "R1");
    for from in 1..12 {
        let table = Failing { from, ..Failing::default() };
        let outcome = deliver(&engine, &table, &outbox, &objects, "a");
        assert_eq!((outcome.matches.alerted, outcome.matches.covered), (1, 59), "{from}");
        assert_eq!(take(&outbox)[0].0, "R1");
    }
}
