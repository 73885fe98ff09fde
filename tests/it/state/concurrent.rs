//! Concurrent deliveries that crash at any point: at least one alerts, and repetitions are rare.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::Pin,
};

use proptest::prelude::*;
use trailbell::{
    rule::Rule,
    state::{Decision, EventWindow, StoredItem, Table, entry::WindowEntry, window::windows},
};

use crate::state::{
    reference::{Bucket, buckets, members},
    sequential::{deliveries, rule_of},
    world::{Event, Published, World, distinct, poll},
};

/// What happens next: a delivery continues by some steps, or crashes and is repeated, or time passes.
#[derive(Clone, Copy, Debug)]
enum Move {
    Step { delivery: prop::sample::Index, steps: u8 },
    Crash { delivery: prop::sample::Index },
    Wait { minutes: i64 },
}

fn schedule(crashes: bool) -> impl Strategy<Value = Vec<Move>> {
    let step = (any::<prop::sample::Index>(), 1_u8..12).prop_map(|(delivery, steps)| Move::Step { delivery, steps });
    let crash = any::<prop::sample::Index>().prop_map(|delivery| Move::Crash { delivery });
    let wait = (1_i64..40).prop_map(|minutes| Move::Wait { minutes });
    let others = u32::from(crashes);
    prop::collection::vec(prop_oneof![8 => step, others => crash, others => wait], 0..120)
}

/// The longest time of an invocation, in seconds: it is then terminated, and its delivery repeated
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LONGEST: i64 = 15 * 60;

type Running<'a> = Pin<Box<dyn Future<Output = Vec<Decision>> + 'a>>;

fn begin<'a>(world: &'a World, name: &'a str, batches: &'a [Vec<Event>]) -> Running<'a> {
    Box::pin(world.deliver(name, batches))
}

fn fill<'a>(
    now: i64,
    running: &mut Vec<(usize, Running<'a>, i64)>,
    waiting: &mut Vec<usize>,
    begin: &impl Fn(usize) -> Running<'a>,
) {
    while running.len() < 2
        && let Some(next) = waiting.pop()
    {
        running.push((next, begin(next), now));
    }
}

/// Runs deliveries concurrently, at most two at once, until all are done.
fn run(world: &World, deliveries: &[Vec<Vec<Event>>], schedule: &[Move]) {
    let names: Vec<String> = (0..deliveries.len()).map(|number| format!("delivery {number}")).collect();
    let begin = |at: usize| begin(world, &names[at], &deliveries[at]);
    let mut waiting: Vec<usize> = (0..deliveries.len()).rev().collect();
    let mut running: Vec<(usize, Running<'_>, i64)> = Vec::new();
    fill(world.now.get(), &mut running, &mut waiting, &begin);
    for next in schedule {
        if running.is_empty() {
            return;
        }
        match next {
            Move::Step { delivery, steps } => {
                let at = delivery.index(running.len());
                if (0..*steps).any(|_| poll(&mut running[at].1).is_some()) {
                    drop(running.remove(at));
                    fill(world.now.get(), &mut running, &mut waiting, &begin);
                }
            }
            Move::Crash { delivery } => {
                let at = delivery.index(running.len());
                let number = running[at].0;
                running[at] = (number, begin(number), world.now.get());
            }
            Move::Wait { minutes } => {
                world.now.set(world.now.get() + minutes * 60);
                for (number, running, begun) in &mut running {
                    if world.now.get() - *begun >= LONGEST {
                        (*running, *begun) = (begin(*number), world.now.get());
                    }
                }
            }
        }
    }
    while let Some((_, first, _)) = running.first_mut() {
        if poll(first).is_some() {
            drop(running.remove(0));
            fill(world.now.get(), &mut running, &mut waiting, &begin);
        }
    }
}

/// The windows of a rule with enough of these events, each with the windows half a window apart that share events with
/// it.
fn full(rule: &Rule, events: &BTreeSet<Event>) -> BTreeMap<Bucket, BTreeSet<Bucket>> {
    let all: BTreeSet<Bucket> = events.iter().flat_map(|event| buckets(rule, event)).collect();
    let enough = all.into_iter().filter(|bucket| members(rule, events, *bucket).len() >= rule.threshold as usize);
    let beside = |bucket: &Bucket| -> BTreeSet<Bucket> {
        members(rule, events, *bucket).iter().flat_map(|event| buckets(rule, event)).collect()
    };
    enough.map(|bucket| (bucket, beside(&bucket))).collect()
}

/// Whether the table has the mark that a channel took an alert of the bucket.
fn is_sent(world: &World, bucket: &Bucket, channel: &str) -> bool {
    let event = Event { user: bucket.user, minute: 0, id: 0 };
    let at = bucket.start + world.rule.window.as_secs() / 4;
    let found = windows(&event.series(&world.rule), world.rule.window, world.rule.threshold, at);
    let window: &EventWindow = found.iter().find(|window| window.start == bucket.start).unwrap();
    let get = |key: &str| match poll(&mut Box::pin(world.table.memory.read(&[key]))).unwrap().unwrap().remove(0) {
        Some((StoredItem::WindowEntry(entry), _)) => entry,
        _ => WindowEntry::default(),
    };
    get(&window.key).sent.contains(channel)
}

/// Checks that every full window, or one that shares events with it, had its alert on every channel.
fn none_is_lost(world: &World, events: &BTreeSet<Event>) {
    let published = world.published.borrow();
    let length = world.rule.window.as_secs();
    for bucket in full(&world.rule, events).into_keys() {
        for channel in &world.channels {
            let near = published.iter().any(|alert| {
                let apart = (alert.start - bucket.start).abs();
                let apart_at_most = if world.rule.threshold > 1 { length } else { 0 };
                alert.user == bucket.user && alert.channel == *channel && apart <= apart_at_most
            });
            assert!(near, "{bucket:?} on {channel}: {published:#?}");
        }
    }
}

/// Checks that the table has the marks of every full window, or of one that shares events with it.
fn all_is_marked(world: &World, events: &BTreeSet<Event>) {
    for (bucket, beside) in full(&world.rule, events) {
        for channel in &world.channels {
            assert!(beside.iter().any(|bucket| is_sent(world, bucket, channel)), "{bucket:?} on {channel}");
        }
    }
}

/// Checks that no alert counts more events than there are.
fn none_is_wrong(world: &World, events: &BTreeSet<Event>) {
    let full = full(&world.rule, events);
    for alert in world.published.borrow().iter() {
        let of = |bucket: &Bucket| bucket.user == alert.user && bucket.start == alert.start;
        let near = full.iter().any(|(bucket, beside)| of(bucket) || beside.iter().any(of));
        assert!(near, "{alert:?} has no full window");
        let all: BTreeSet<Bucket> = events.iter().flat_map(|event| buckets(&world.rule, event)).collect();
        let own = members(&world.rule, events, *all.iter().find(|bucket| of(bucket)).unwrap());
        assert!(alert.count <= own.len() as u64, "{alert:?} of {own:?}");
    }
}

/// What is published when everything is delivered once more, a day later, under the same names and under others.
fn again(world: &World, deliveries: &[Vec<Vec<Event>>]) -> Vec<Published> {
    world.published.take();
    world.now.set(world.now.get() + 86_400);
    for (number, delivery) in deliveries.iter().enumerate() {
        world.deliver_alone(&format!("delivery {number}"), delivery);
        world.deliver_alone(&format!("a copy of {number}"), delivery);
    }
    world.published.take()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_500, ..ProptestConfig::default() })]

    #[test]
    fn a_crash_at_any_point_never_loses_an_alert(
        deliveries in deliveries(), threshold in 1_u32..4, schedule in schedule(true), chat: bool
    ) {
        let channels: &[&str] = if chat { &["text", "chat"] } else { &["text"] };
        let world = World::new(rule_of(threshold), channels);
        run(&world, &deliveries, &schedule);
        let events = distinct(&deliveries);
        none_is_lost(&world, &events);
        none_is_wrong(&world, &events);
        // A crash may leave a claim behind, which the next delivery in the window takes over. Then all alerts are out.
        again(&world, &deliveries);
        prop_assert_eq!(again(&world, &deliveries), []);
    }

    #[test]
    fn without_a_crash_no_alert_is_published_twice(
        deliveries in deliveries(), threshold in 1_u32..4, schedule in schedule(false)
    ) {
        let world = World::new(rule_of(threshold), &["text", "chat"]);
        run(&world, &deliveries, &schedule);
        let events = distinct(&deliveries);
        none_is_lost(&world, &events);
        all_is_marked(&world, &events);
        none_is_wrong(&world, &events);
        let published = world.published.take();
        let mut known = BTreeSet::new();
        for alert in &published {
            prop_assert!(known.insert((&alert.alert_id, &alert.channel)), "{:?} is published twice", alert);
        }
        if threshold == 1 {
            let windows: BTreeSet<_> = published.iter().map(|alert| (alert.user, alert.start)).collect();
            let expected: BTreeSet<_> = full(&world.rule, &events).into_keys().map(|bucket| (bucket.user, bucket.start)).collect();
            prop_assert_eq!(windows, expected);
        }
        prop_assert_eq!(again(&world, &deliveries), []);
    }
}
