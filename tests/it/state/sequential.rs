//! One delivery after the other: what alerts, whatever the order of events and however often files are delivered.

use std::{collections::BTreeSet, sync::Arc};

use proptest::prelude::*;
use trailbell::{
    rule::Rule,
    state::{
        Audience, Decision, Distinct, HourlyAlerts, StoredItem,
        entry::{ItemBody, Sighting, Sightings},
        key::event_hash,
    },
};

use crate::state::world::{Event, World, distinct, rule};

/// Some events of few users, in deliveries in any order, with repetitions.
pub fn deliveries() -> impl Strategy<Value = Vec<Vec<Vec<Event>>>> {
    let event = (0_u8..2, 0_i64..300).prop_map(|(user, minute)| (user, minute));
    prop::collection::vec(event, 1..14).prop_flat_map(|events| {
        let events: Vec<Event> = (0_u16..).zip(events).map(|(id, (user, minute))| Event { user, minute, id }).collect();
        let batch = prop::collection::vec(prop::sample::select(events), 1..5);
        prop::collection::vec(prop::collection::vec(batch, 1..3), 1..7)
    })
}

pub fn rule_of(threshold: u32) -> Arc<Rule> {
    rule(&format!("  aggregate_fields: [user]\n  window: 60m\n  threshold: {threshold}\n"))
}

/// The events of a user in the window up to a time.
pub fn window<'e>(rule: &Rule, events: &'e BTreeSet<Event>, user: u8, last: i64) -> Vec<&'e Event> {
    let length = rule.window.as_secs();
    events.iter().filter(|event| event.user == user && (0..=length).contains(&(last - event.seconds()))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 600, ..ProptestConfig::default() })]

    /// However the events of a delivery are cut into batches, they raise the same alerts.
    #[test]
    fn batches_change_nothing(deliveries in deliveries(), threshold in 1_u32..5) {
        let [cut, whole] = [false, true].map(|whole| {
            let world = World::new(rule_of(threshold), &[Audience::Alerts]);
            for (number, delivery) in deliveries.iter().enumerate() {
                let joined = [delivery.concat()];
                world.deliver_alone(&number.to_string(), if whole { &joined } else { delivery });
            }
            world.published.take()
        });
        prop_assert_eq!(cut, whole);
    }

    #[test]
    fn repeated_deliveries_raise_nothing(deliveries in deliveries(), threshold in 1_u32..5, days in 0_i64..30) {
        let world = World::new(rule_of(threshold), &[Audience::Alerts, Audience::Chat]);
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

    /// Wherever a window holds enough events, an alert is at most a window before or after its last event; and the alerts of
    /// a series are more than a window apart.
    #[test]
    fn every_burst_has_one_alert(deliveries in deliveries(), threshold in 1_u32..5) {
        let world = World::new(rule_of(threshold), &[Audience::Alerts]);
        for (number, delivery) in deliveries.iter().enumerate() {
            world.deliver_alone(&number.to_string(), delivery);
        }
        let (events, length) = (distinct(&deliveries), world.rule.window.as_secs());
        let mut alerts = world.published.take();
        for event in &events {
            let is_full = window(&world.rule, &events, event.user, event.seconds()).len() >= threshold as usize;
            let is_near = alerts.iter().any(|alert| alert.user == event.user && (alert.anchor - event.seconds()).abs() <= length);
            prop_assert!(!is_full || is_near, "{:?}: {:#?}", event, alerts);
        }
        alerts.sort();
        for pair in alerts.windows(2).filter(|pair| pair[0].user == pair[1].user) {
            prop_assert!((pair[1].anchor - pair[0].anchor).abs() > length, "{:#?}", pair);
        }
        for alert in alerts {
            let counted = window(&world.rule, &events, alert.user, alert.anchor);
            prop_assert!(alert.count >= threshold.into() && alert.count <= counted.len() as u64, "{:?}: {:?}", alert, counted);
        }
    }
}

/// 21 events in 9 minutes 54 seconds are one burst, wherever they begin and in whatever order they come; 20 are none, and
/// 21 in 10 minutes 30 seconds are none (vector 14 of the language).
#[test]
fn a_burst_is_found_wherever_it_begins() {
    let events = |count: u16, from: i64, tenths: i64| -> Vec<(i64, u16)> {
        let steps = i64::from(count - 1);
        (0..count).map(|id| (from + i64::from(id) * tenths / 10 / steps, (id * 8) % count)).collect()
    };
    for (count, tenths, alerts) in [(21, 5_940, 1), (20, 5_940, 0), (21, 6_300, 0)] {
        for from in (0..1_200).step_by(97) {
            let world =
                World::new(rule("  aggregate_fields: []\n  threshold: 21\n  window: 10m\n"), &[Audience::Alerts]);
            let mut events = events(count, from, tenths);
            // Another order, and several files.
            events.sort_by_key(|(_, order)| *order);
            for (number, file) in events.chunks(6).enumerate() {
                let records: Vec<_> = file
                    .iter()
                    .map(|(second, id)| {
                        let time = jiff::Timestamp::from_second(1_772_000_000 + second).unwrap().to_string();
                        let event = serde_json::json!({"eventID": id.to_string(), "eventTime": time, "a": 1});
                        world.matched(&trailbell::record::Record::new(event).unwrap())
                    })
                    .collect();
                world.deliver_matches(&number.to_string(), &records);
            }
            assert_eq!(world.published.borrow().len(), alerts, "{count} from {from}");
        }
    }
}

/// An endless stream alerts again after every window, and reports the events in between.
#[test]
fn a_stream_is_not_silenced_for_ever() {
    for threshold in [1, 3] {
        let world = World::new(rule_of(threshold), &[Audience::Alerts]);
        for id in 0..600 {
            world.words(&id.to_string(), &[Event { user: 0, minute: i64::from(id), id }]);
        }
        let published = world.published.take();
        let first = published[0].anchor;
        // The window is closed: the next alert is 61 minutes later. Its own event is not among those in between.
        let anchors: Vec<i64> = published.iter().map(|alert| (alert.anchor - first) / 60).collect();
        assert_eq!(
            anchors,
            (0..10).map(|number| number * 61).filter(|minute| *minute < 601 - i64::from(threshold)).collect::<Vec<_>>()
        );
        assert!(published[1..].iter().all(|alert| alert.since_last == Some(60)), "{published:#?}");
    }
}

/// An item of less than 400 KB fits into DynamoDB, and a hundred of less than 40 KB into a transaction
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
#[test]
fn items_are_bounded() {
    let mut events = Distinct::default();
    for id in 0..20_000 {
        events.insert(event_hash(&id.to_string()));
    }
    let limit = StoredItem::from(HourlyAlerts { held: events, ..HourlyAlerts::default() });
    let world = World::new(rule_of(1), &[Audience::Alerts]);
    for id in 0..400 {
        world.words(&id.to_string(), &[Event { user: 0, minute: i64::from(id) * 10_000, id }]);
    }
    let sighting = Sighting { from: i64::MIN, to: i64::MIN, opener: u64::MAX };
    let sightings = StoredItem::from(Sightings { newest: sighting, earlier: vec![sighting; 149] });
    for item in [limit, sightings] {
        let ItemBody::Text(text) = item.encode() else { panic!() };
        assert!(text.len() < 40_000, "{}", text.len());
        assert_eq!(StoredItem::decode(&item.encode()).unwrap(), item);
    }
}

/// A match that comes twice in a delivery raises its alert once.
#[test]
fn an_event_twice_in_a_batch_is_one_event() {
    let world = World::new(rule_of(2), &[Audience::Alerts]);
    let event = Event { user: 0, minute: 0, id: 1 };
    let decisions = world.deliver_alone("one", &[vec![event, event, Event { id: 2, ..event }, event]]);
    let words: Vec<_> = decisions.iter().map(Decision::word).collect();
    assert_eq!(words, ["below_threshold", "deduplicated", "alerted", "deduplicated"]);
}
