//! One delivery after the other: exactly what the reference gives, and nothing more when files are delivered again.

use proptest::prelude::*;
use trailbell::state::{
    Decision, Distinct, StoredItem,
    entry::{HourlyAlerts, WindowEntry},
    key::event_hash,
};

use crate::state::{
    reference::Reference,
    world::{Event, World, rule},
};

/// Some events of few users, in deliveries in any order, with repetitions.
pub fn deliveries() -> impl Strategy<Value = Vec<Vec<Vec<Event>>>> {
    let event = (0_u8..2, 0_i64..300).prop_map(|(user, minute)| (user, minute));
    prop::collection::vec(event, 1..14).prop_flat_map(|events| {
        let events: Vec<Event> = (0_u16..).zip(events).map(|(id, (user, minute))| Event { user, minute, id }).collect();
        let batch = prop::collection::vec(prop::sample::select(events), 1..5);
        prop::collection::vec(prop::collection::vec(batch, 1..3), 1..7)
    })
}

pub fn rule_of(threshold: u32) -> trailbell::rule::Rule {
    rule(&format!("  aggregate_fields: [user]\n  window: 60m\n  threshold: {threshold}\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn decisions_agree_with_the_reference(deliveries in deliveries(), threshold in 1_u32..5) {
        let world = World::new(rule_of(threshold), &["text"]);
        let mut reference = Reference::default();
        let mut words = Vec::new();
        for (number, delivery) in deliveries.iter().enumerate() {
            let decisions = world.deliver_alone(&format!("delivery {number}"), delivery);
            words.extend(decisions.iter().map(Decision::word));
            for batch in delivery {
                reference.batch(&world.rule, batch);
            }
            world.now.set(world.now.get() + 60);
        }
        let published: Vec<_> = world.published.take().into_iter().map(|mut alert| {
            alert.alert_id.clear();
            alert
        }).collect();
        prop_assert_eq!(published, reference.alerts);
        prop_assert_eq!(words, reference.words);
    }

    #[test]
    fn repeated_deliveries_raise_nothing(deliveries in deliveries(), threshold in 1_u32..5, days in 0_i64..30) {
        let world = World::new(rule_of(threshold), &["text", "chat"]);
        for (number, delivery) in deliveries.iter().enumerate() {
            world.deliver_alone(&format!("delivery {number}"), delivery);
        }
        world.published.take();
        world.now.set(world.now.get() + days * 86_400);
        for (number, delivery) in deliveries.iter().enumerate().rev() {
            world.deliver_alone(&format!("delivery {number}"), delivery);
            world.deliver_alone(&format!("a copy of {number}"), delivery);
        }
        prop_assert_eq!(world.published.take(), []);
    }
}

/// Neither the windows that alert nor the counts depend on the order of arrival.
#[test]
fn windows_do_not_depend_on_the_order() {
    let events: Vec<Event> = (0..40).map(|id| Event { user: 0, minute: i64::from(id) * 7, id }).collect();
    let starts = |events: &[Event]| {
        let world = World::new(rule_of(1), &["text"]);
        for event in events {
            world.deliver_alone(&event.id.to_string(), &[vec![*event]]);
        }
        let mut starts: Vec<_> =
            world.published.take().iter().map(|alert| (alert.start, alert.alert_id.clone())).collect();
        starts.sort();
        starts
    };
    let backwards: Vec<Event> = events.iter().rev().copied().collect();
    assert_eq!(starts(&events), starts(&backwards));
    // 40 events in 274 minutes are in five or six windows of an hour.
    assert!((5..=6).contains(&starts(&events).len()));
}

/// Each series starts its windows at a time of its own, which never changes.
#[test]
fn phases_are_spread() {
    let rule = rule_of(1);
    let phase = |user: u8, minute| Event { user, minute, id: 0 }.series(&rule).phase(3600);
    let phases: std::collections::BTreeSet<i64> = (0..200).map(|user| phase(user, 0)).collect();
    assert!(phases.len() > 150 && phases.iter().all(|phase| (0..3600).contains(phase)));
    let quarters: std::collections::BTreeSet<i64> = phases.iter().map(|phase| phase / 900).collect();
    assert_eq!(quarters.len(), 4);
    assert_eq!(phase(7, 0), phase(7, 12_345));
}

/// The end of a window divides no burst: whatever the phase, a window of one of the two grids contains all of it.
#[test]
fn a_burst_is_seen_wherever_it_falls() {
    for minute in 0..120 {
        let world = World::new(rule_of(4), &["text"]);
        let burst = |id: u16| Event { user: 1, minute: minute + i64::from(id) * 9, id };
        let words: Vec<_> = (0..4).flat_map(|id| world.words(&id.to_string(), &[burst(id)])).collect();
        assert_eq!(words, ["below_threshold", "below_threshold", "below_threshold", "alerted"], "{minute}");
    }
}

/// An endless stream alerts again in every window, and reports the events in between.
#[test]
fn a_stream_is_not_silenced_for_ever() {
    for threshold in [1, 3] {
        let world = World::new(rule_of(threshold), &["text"]);
        for id in 0..600 {
            world.words(&id.to_string(), &[Event { user: 0, minute: i64::from(id), id }]);
        }
        let published = world.published.take();
        assert!((10..=12).contains(&published.len()), "{threshold}: {published:#?}");
        assert!(published.windows(2).all(|pair| (30..=90).contains(&((pair[1].last - pair[0].last) / 60))));
        assert!(published[1..].iter().all(|alert| alert.since_last.is_some_and(|count| (1..90).contains(&count))));
    }
}

/// Beyond 500 events the count is an estimate and is marked so.
#[test]
fn many_events_are_counted_approximately() {
    let world = World::new(rule_of(1), &["text"]);
    let events: Vec<Event> = (0..2_000).map(|id| Event { user: 0, minute: 0, id }).collect();
    let decisions = world.deliver_alone("many", &[events]);
    let Decision::Fire(firing) = &decisions[0] else { panic!("{decisions:?}") };
    assert!(firing.approximate && (1_600..2_400).contains(&firing.count), "{firing:?}");
    let few = World::new(rule_of(1), &["text"]);
    let events: Vec<Event> = (0..500).map(|id| Event { user: 0, minute: 0, id }).collect();
    let decisions = few.deliver_alone("few", &[events]);
    let Decision::Fire(firing) = &decisions[0] else { panic!("{decisions:?}") };
    assert!(!firing.approximate && firing.count == 500, "{firing:?}");
}

/// An item stays far below the 400 KB limit of DynamoDB, however many events there are
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
#[test]
fn items_are_bounded() {
    let mut events = Distinct::default();
    for id in 0..20_000 {
        events.insert(event_hash(&id.to_string()));
    }
    let window = StoredItem::from(WindowEntry { events: events.clone(), ..WindowEntry::default() });
    let limit = StoredItem::from(HourlyAlerts { passed: events.clone(), held: events, ..HourlyAlerts::default() });
    for item in [window, limit] {
        assert!(item.encode().len() < 20_000);
        assert_eq!(StoredItem::decode(&item.encode()).unwrap(), item);
    }
}
