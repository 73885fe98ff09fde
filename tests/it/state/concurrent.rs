//! Concurrent deliveries that crash at any point: at least one alerts, and repetitions are rare.

use std::{collections::BTreeSet, pin::Pin};

use proptest::prelude::*;
use trailbell::state::{Audience, Decision};

use crate::state::{
    sequential::{deliveries, rule_of, window},
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

/// Checks that every window with enough events has an alert on every channel, at most a window before or after its last
/// event.
fn none_is_lost(world: &World, events: &BTreeSet<Event>) {
    let (published, length) = (world.published.borrow(), world.rule.window.as_secs());
    let is_full = |event: &&Event| {
        window(&world.rule, events, event.user, event.seconds()).len() >= world.rule.threshold as usize
    };
    for event in events.iter().filter(is_full) {
        for audience in &world.audiences {
            let is_near = published.iter().any(|alert| {
                alert.user == event.user
                    && alert.audience == *audience
                    && (alert.anchor - event.seconds()).abs() <= length
            });
            assert!(is_near, "{event:?} for {audience:?}: {published:#?}");
        }
    }
}

/// Checks that every alert has its events, and that those of a series are more than a window apart.
fn none_is_wrong(world: &World, events: &BTreeSet<Event>) {
    let (published, length) = (world.published.borrow(), world.rule.window.as_secs());
    for alert in published.iter() {
        let own = window(&world.rule, events, alert.user, alert.anchor);
        assert!(own.iter().any(|event| event.seconds() == alert.anchor), "{alert:?}");
        assert!(alert.count >= world.rule.threshold.into() && alert.count <= own.len() as u64, "{alert:?} of {own:?}");
        for other in published.iter().filter(|other| other.user == alert.user) {
            assert_eq!(other.anchor == alert.anchor, other.alert_id == alert.alert_id);
            let apart = (other.anchor - alert.anchor).abs();
            assert!(apart == 0 || apart > length, "{alert:?} and {other:?}");
        }
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
        let audiences = [Audience::Alerts, Audience::Chat];
        let world = World::new(rule_of(threshold), &audiences[..=usize::from(chat)]);
        run(&world, &deliveries, &schedule);
        let events = distinct(&deliveries);
        none_is_lost(&world, &events);
        none_is_wrong(&world, &events);
        // A crash may leave a claim behind, which the next delivery of the series takes over. Then all alerts are out.
        again(&world, &deliveries);
        prop_assert_eq!(again(&world, &deliveries), []);
    }

    #[test]
    fn without_a_crash_no_alert_is_published_twice(
        deliveries in deliveries(), threshold in 1_u32..4, schedule in schedule(false)
    ) {
        let world = World::new(rule_of(threshold), &[Audience::Alerts, Audience::Chat]);
        run(&world, &deliveries, &schedule);
        let events = distinct(&deliveries);
        none_is_lost(&world, &events);
        none_is_wrong(&world, &events);
        let published = world.published.take();
        let mut known = BTreeSet::new();
        for alert in &published {
            prop_assert!(known.insert((&alert.alert_id, alert.audience)), "{:?} is published twice", alert);
        }
        prop_assert_eq!(again(&world, &deliveries), []);
    }
}
