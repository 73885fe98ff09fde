//! Rules with `first_seen` alert on a new combination of values once, and not while they learn.

use std::collections::BTreeMap;

use proptest::prelude::*;
use trailbell::rule::Rule;

use crate::state::{
    reference::buckets,
    world::{BEGIN, Event, World, rule},
};

const DAY: i64 = 24 * 60;

fn of_days(within: i64, learning: i64) -> Rule {
    rule(&format!(
        "  aggregate_fields: [user]\n  window: 1h\n  first_seen: {{fields: [user], within: {within}d, learning: {learning}d}}\n"
    ))
}

fn seen(user: u8, minute: i64, id: u16) -> Event {
    Event { user, minute, id }
}

#[test]
fn a_rule_learns_and_then_alerts() {
    let world = World::new(of_days(30, 7), &["text"]);
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

/// Learning starts with the earliest event, even if that arrives late.
#[test]
fn learning_goes_by_the_time_of_events() {
    let world = World::new(of_days(30, 7), &["text"]);
    assert_eq!(world.words("1", &[seen(0, 10 * DAY, 1)]), ["learning"]);
    assert_eq!(world.words("2", &[seen(1, 2 * DAY, 2)]), ["learning"]);
    assert_eq!(world.words("3", &[seen(2, 9 * DAY, 3)]), ["alerted"]);
    assert_eq!(world.words("4", &[seen(3, 9 * DAY - 1, 4)]), ["learning"]);
}

/// A delivery that crashes after the combination was stored is repeated, and alerts.
#[test]
fn a_crash_never_loses_a_new_combination() {
    for steps in 0..80 {
        let world = World::new(of_days(30, 0), &["text"]);
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

/// A reference that stores every time of a combination and searches all of them.
#[derive(Default)]
struct Reference {
    seen: Vec<Event>,
    new: BTreeMap<u8, u16>,
    alerted: Vec<crate::state::reference::Bucket>,
}

impl Reference {
    fn word(&mut self, rule: &Rule, event: &Event) -> &'static str {
        let first_seen = rule.first_seen.as_ref().unwrap();
        let within = first_seen.within.as_secs();
        let near = |other: &&Event| other.user == event.user && (other.seconds() - event.seconds()).abs() <= within;
        let known = self.seen.iter().any(|other| near(&other));
        let opener = known && self.new.get(&event.user) == Some(&event.id);
        self.seen.push(*event);
        if known && !opener {
            return "already_seen";
        }
        self.new.insert(event.user, event.id);
        let begin = self.seen.iter().map(Event::seconds).min().unwrap();
        if event.seconds() < begin + first_seen.learning.as_secs() {
            return "learning";
        }
        let bucket = buckets(rule, event)[0];
        if self.alerted.contains(&bucket) {
            return "deduplicated";
        }
        self.alerted.push(bucket);
        "alerted"
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    /// Events are late by less than the time that they are known for, and some are repeated at once.
    #[test]
    fn first_seen_agrees_with_the_reference(
        events in prop::collection::vec((0_u8..4, 0_i64..DAY, 0_i64..DAY, any::<bool>()), 1..40), learning in 0_i64..6
    ) {
        let world = World::new(of_days(2, learning), &["text"]);
        let (mut reference, mut minute) = (Reference::default(), 0);
        for (id, (user, later, late, again)) in (0_u16..).zip(events) {
            minute += later;
            let event = seen(user, DAY + minute - late, id);
            for copy in 0..=u8::from(again) {
                let word = world.words(&format!("{id} {copy}"), &[event]);
                prop_assert_eq!(word, [reference.word(&world.rule, &event)], "{:?} of {}", event, BEGIN);
            }
        }
    }
}
