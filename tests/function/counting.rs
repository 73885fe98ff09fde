//! Two functions at once on one table: each anchor of a series is alerted on once, whatever either of them has seen.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use serde_json::{Value, json};

use crate::{
    emulator::Emulator,
    model::{
        event::{BEGIN, Event, Items},
        rules::{Kind, Model, ModelRule, Values, rules_file},
    },
    peer::{Peer, Reply},
    scene::{Scene, gzip},
};

const WINDOW: i64 = 600;
const OBJECTS: u16 = 24;

fn rules() -> Vec<ModelRule> {
    let kinds = [
        Kind::Events { threshold: 1 },
        Kind::Events { threshold: 4 },
        Kind::Distinct { threshold: 3 },
        Kind::Sequence { steps: vec![vec!['A'], vec!['B']] },
    ];
    kinds.into_iter().map(|kind| ModelRule { window: WINDOW, kind, by_user: true, severity: 3, alone: false }).collect()
}

/// Some events in each object, of series that the other objects have too; their times are in no order.
fn objects() -> Vec<Vec<Event>> {
    let event = |object: u16, at: u16| {
        let id = object * 10 + at;
        // 7919 is prime to the number of seconds, so these are all different.
        let second = i64::from(id) * 7_919 % (6 * WINDOW);
        let [one, two, three] = [3, 10, 7].map(|by| u8::try_from(id / by % 4).unwrap());
        let name = if id.is_multiple_of(2) { 'A' } else { 'B' };
        Event { user: one % 2, name, items: Items::One(two), made: Some(three % 2), ..Event::plain(id, second) }
    };
    (0..OBJECTS).map(|object| (0..5).map(|at| event(object, at)).collect()).collect()
}

/// Both functions take the next object, each by itself, until none is left.
fn deliver(scene: &Scene, functions: &[&Emulator], keys: &[String]) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for function in functions {
            scope.spawn(|| {
                while let Some(key) = keys.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let answer = function.invoke(&scene.event(&[key])).success();
                    assert_eq!(answer["unremembered"], json!(0), "{answer}\n{}", function.output());
                }
            });
        }
    });
}

#[test]
fn two_functions_alert_once_on_each_anchor() {
    let scene = Scene::new("two-functions");
    let rules = rules();
    std::fs::write(&scene.rules, rules_file(&rules)).unwrap();
    scene.cloud.table("two-functions");
    let table = Peer::start(vec![Reply::Pass]);
    let topic = scene.cloud.topic("two-functions-found");
    let found = scene.cloud.subscribe(&topic, "two-functions-found", json!({}));
    let settings = [
        ("STATE_TABLE_NAME", "two-functions"),
        ("AWS_ENDPOINT_URL_DYNAMODB", table.endpoint()),
        ("FINDING_TOPIC_ARN", topic.as_str()),
        ("MAX_ALERTS_PER_RULE_HOUR", "500"),
    ];
    let (one, other) = (scene.function(&settings), scene.function(&settings));
    let (objects, mut model) = (objects(), Model::new(&rules));
    let mut keys: Vec<String> = (0..objects.len()).map(|number| format!("{number}.json.gz")).collect();
    for (key, events) in keys.iter().zip(&objects) {
        let records: Vec<Value> = events.iter().map(Event::record).collect();
        scene.cloud.put(&scene.bucket, key, &gzip(json!({"Records": records}).to_string().as_bytes()));
        for event in events {
            model.arrive(event);
        }
    }
    deliver(&scene, &[&one, &other], &keys);

    let mut anchors: BTreeMap<(String, Values), BTreeSet<i64>> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for message in scene.cloud.receive(&found) {
        let finding: Value = serde_json::from_str(message["Message"].as_str().unwrap()).unwrap();
        let info = &finding["finding_info"];
        let anchor = info["last_seen_time"].as_i64().unwrap() / 1000 - BEGIN;
        let rule = info["analytic"]["name"].as_str().unwrap().to_owned();
        let series = (rule, serde_json::from_value(finding["unmapped"]["aggregate_values"].clone()).unwrap());
        assert!(anchors.entry(series).or_default().insert(anchor), "twice: {finding}");
        assert!(ids.insert(info["uid"].to_string()), "an id of two anchors: {finding}");
    }
    for ((rule, values), lasts) in model.full() {
        let near = |last: &i64| {
            let anchors = anchors.get(&(rule.clone(), values.clone()));
            anchors.is_some_and(|anchors| anchors.iter().any(|anchor| (anchor - last).abs() <= WINDOW))
        };
        let missed: Vec<&i64> = lasts.keys().filter(|last| !near(last)).collect();
        assert!(missed.is_empty(), "{rule} {values:?} {missed:?}: {anchors:?}");
    }
    for (series, anchors) in &anchors {
        let anchors: Vec<&i64> = anchors.iter().collect();
        assert!(anchors.windows(2).all(|pair| pair[1] - pair[0] > WINDOW), "{series:?}: {anchors:?}");
    }
    let alerted: BTreeSet<&String> = anchors.keys().map(|(rule, _)| rule).collect();
    assert_eq!(alerted.len(), rules.len(), "every rule alerts: {anchors:?}");

    // All are delivered again, each by either function, twice.
    keys.extend(keys.clone());
    keys.reverse();
    deliver(&scene, &[&one, &other], &keys);
    assert_eq!(scene.cloud.receive(&found).len(), 0);
}
