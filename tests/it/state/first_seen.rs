//! Rules with `first_seen` alert on a new combination of values once, and not while they learn.

use std::sync::Arc;

use proptest::prelude::*;
use trailbell::{rule::Rule, state::Audience};

use crate::state::world::{BEGIN, Event, World, rule};

const DAY: i64 = 24 * 60;

fn of_days(within: i64, learning: i64) -> Arc<Rule> {
    rule(&format!(
        "  aggregate_fields: [user]\n  window: 1h\n  first_seen: {{fields: [user], within: {within}d, learning: {learning}d}}\n"
    ))
}

fn seen(user: u8, minute: i64, id: u16) -> Event {
    Event { user, minute, id }
}

#[test]
fn a_rule_learns_and_then_alerts() {
    let world = World::new(of_days(30, 7), &[Audience::Alerts]);
    assert_eq!(world.words("1", &[seen(0, 0, 1), seen(0, 5, 2)]), ["learning", "already_seen"]);
    assert_eq!(world.words("2", &[seen(1, 7 * DAY - 1, 3)]), ["learning"]);
    assert_eq!(world.words("3", &[seen(2, 7 * DAY, 4)]), ["alerted"]);
    // A learned combination is known for 30 days after its last event.
    assert_eq!(world.words("4", &[seen(0, 30 * DAY + 5, 5)]), ["already_seen"]);
    assert_eq!(world.words("5", &[seen(0, 60 * DAY + 5, 6)]), ["already_seen"]);
    assert_eq!(world.words("6", &[seen(0, 90 * DAY + 6, 7)]), ["alerted"]);
    // Neither a retry nor a second delivery changes anything.
    for name in ["3", "a copy"] {
        assert_eq!(world.words(name, &[seen(2, 7 * DAY, 4)]), ["deduplicated"]);
    }
    assert_eq!(world.published.borrow().len(), 2);
}

/// Learning starts with the first event that is evaluated, and events from before it do not move it.
#[test]
fn learning_starts_once() {
    let world = World::new(of_days(30, 7), &[Audience::Alerts]);
    assert_eq!(world.words("1", &[seen(0, 10 * DAY, 1)]), ["learning"]);
    assert_eq!(world.words("2", &[seen(1, 2 * DAY, 2)]), ["learning"]);
    assert_eq!(world.words("3", &[seen(2, 17 * DAY - 1, 3)]), ["learning"]);
    assert_eq!(world.words("4", &[seen(3, 17 * DAY, 4)]), ["alerted"]);
}

/// What was known once stays known at a replay, whatever was new since.
#[test]
fn a_replay_of_an_old_event_is_not_new() {
    let world = World::new(
        rule("  aggregate_fields: [user]\n  window: 10m\n  first_seen: {fields: [user], within: 6h, learning: 0s}\n"),
        &[Audience::Alerts],
    );
    let events = [seen(0, 0, 1), seen(0, 60, 2), seen(0, 2 * DAY, 3)];
    let words = ["alerted", "already_seen", "alerted"];
    for (event, word) in events.iter().zip(words) {
        assert_eq!(world.words(&event.id.to_string(), &[*event]), [word]);
    }
    for event in events.iter().rev() {
        world.words(&event.id.to_string(), &[*event]);
        world.words("a copy", &[*event]);
    }
    assert_eq!(world.published.borrow().len(), 2);
}

/// With a threshold, new combinations are counted: the fields of `first_seen` are not part of the series.
#[test]
fn new_combinations_are_counted() {
    let fields = "  aggregate_fields: []\n  threshold: 3\n  first_seen: {fields: [user], learning: 0s}\n";
    let world = World::new(rule(fields), &[Audience::Alerts]);
    let words = world.words("1", &[seen(0, 0, 1), seen(0, 1, 2), seen(1, 2, 3), seen(1, 3, 4), seen(2, 4, 5)]);
    assert_eq!(words, ["below_threshold", "already_seen", "below_threshold", "already_seen", "alerted"]);
    assert_eq!(world.published.borrow()[0].count, 3);
}

/// An alert that its delivery did not send goes out with the next event of the combination, even if that is known by then.
#[test]
fn a_known_event_takes_over_an_alert_that_was_not_sent() {
    let world = World::new(of_days(30, 0), &[Audience::Alerts]);
    let batch = [vec![seen(0, 0, 1)]];
    let mut delivery = Box::pin(world.deliver("one", &batch));
    while world.published.borrow().is_empty() {
        assert!(crate::state::world::poll(&mut delivery).is_none());
    }
    drop(delivery);
    assert_eq!(world.words("two", &[seen(0, 1, 2)]), ["already_seen"]);
    world.now.set(BEGIN + 15 * 60);
    assert_eq!(world.words("three", &[seen(0, 2, 3)]), ["alerted"]);
    assert_eq!(world.words("four", &[seen(0, 3, 4)]), ["already_seen"]);
}

/// Two deliveries fail with the same alert, one after the other. The retry of the second sends it.
#[test]
fn the_retry_of_a_known_event_continues_what_it_took_over() {
    let world = World::new(of_days(30, 0), &[Audience::Alerts]);
    let abandoned = |name: &str, events: &[Event]| {
        let batch = [events.to_vec()];
        let mut delivery = Box::pin(world.deliver(name, &batch));
        let begun = world.published.borrow().len();
        while world.published.borrow().len() == begun {
            assert!(crate::state::world::poll(&mut delivery).is_none());
        }
        world.published.borrow_mut().clear();
    };
    abandoned("one", &[seen(0, 0, 1)]);
    world.now.set(BEGIN + 33 * 60);
    abandoned("two", &[seen(0, 1, 2), seen(0, 2, 3)]);
    assert_eq!(world.words("one", &[seen(0, 0, 1)]), ["claimed_elsewhere"]);
    assert_eq!(world.words("two", &[seen(0, 1, 2), seen(0, 2, 3)]), ["alerted", "already_seen"]);
    assert_eq!(world.published.borrow()[0].count, 1);
    // What is known counts nowhere, and nothing is sent twice.
    assert_eq!(world.words("one", &[seen(0, 0, 1)]), ["deduplicated"]);
    assert_eq!(world.words("two", &[seen(0, 1, 2)]), ["already_seen"]);
}

/// A delivery that crashes after the combination was stored is repeated, and alerts.
#[test]
fn a_crash_never_loses_a_new_combination() {
    for steps in 0..80 {
        let world = World::new(of_days(30, 0), &[Audience::Alerts]);
        let batch = [vec![seen(0, 0, 1), seen(1, 0, 2)]];
        let mut delivery = Box::pin(world.deliver("one", &batch));
        for _ in 0..steps {
            if crate::state::world::poll(&mut delivery).is_some() {
                break;
            }
        }
        drop(delivery);
        // Another delivery has the same combination before the first is repeated.
        world.words("other", &[seen(0, 1, 3)]);
        world.words("one", &batch[0]);
        for user in 0..2 {
            assert!(world.published.borrow().iter().any(|alert| alert.user == user), "{user} after {steps} steps");
        }
    }
}

/// A reference that keeps every event and searches all of them.
#[derive(Default)]
struct Reference {
    seen: Vec<Event>,
    /// The events that were new.
    new: Vec<Event>,
}

impl Reference {
    fn word(&mut self, rule: &Rule, event: &Event) -> &'static str {
        let first_seen = rule.first_seen.as_ref().unwrap();
        let within = first_seen.within.as_secs();
        let is_near = |other: &Event| other.user == event.user && (other.seconds() - event.seconds()).abs() <= within;
        let (again, was_new) = (self.seen.contains(event), self.new.contains(event));
        let is_new = was_new || !self.seen.iter().any(is_near);
        self.seen.push(*event);
        if !is_new {
            return "already_seen";
        }
        self.new.push(*event);
        let learning = first_seen.learning.as_secs();
        if learning > 0 && event.seconds() < self.seen[0].seconds() + learning {
            return "learning";
        }
        // New events are farther apart than a window, so each raises an alert.
        if again { "deduplicated" } else { "alerted" }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    /// Events come in any order, and any of them is repeated.
    #[test]
    fn first_seen_agrees_with_the_reference(
        events in prop::collection::vec((0_u8..3, 0_i64..20 * DAY), 1..30),
        repeated in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        learning in 0_i64..6
    ) {
        let world = World::new(of_days(2, learning), &[Audience::Alerts]);
        let mut reference = Reference::default();
        let events: Vec<Event> = (0_u16..).zip(events).map(|(id, (user, minute))| seen(user, minute, id)).collect();
        let again = repeated.iter().map(|at| events[at.index(events.len())]);
        for (number, event) in events.iter().copied().chain(again).enumerate() {
            let word = world.words(&number.to_string(), &[event]);
            prop_assert_eq!(word, [reference.word(&world.rule, &event)], "{:?}", event);
        }
    }
}
