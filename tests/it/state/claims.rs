//! Claims: which delivery alerts while another holds a claim, and what happens without a table.

use trailbell::state::{Claimant, Decision, Match, decide, mark_sent};

use crate::state::{
    sequential::rule_of,
    world::{Event, World, finish, poll, rule},
};

fn event(minute: i64, id: u16) -> Event {
    Event { user: 0, minute, id }
}

/// A delivery that makes a claim and is never repeated.
fn abandoned(world: &World, name: &str, events: &[Event]) {
    let batch = [events.to_vec()];
    let mut delivery = Box::pin(world.deliver(name, &batch));
    let begun = world.published.borrow().len();
    while world.published.borrow().len() == begun {
        assert!(poll(&mut delivery).is_none(), "it never published");
    }
    world.published.borrow_mut().truncate(begun);
}

#[test]
fn a_foreign_claim_holds_for_15_minutes() {
    for threshold in [1, 2] {
        let world = World::new(rule_of(threshold), &["text"]);
        abandoned(&world, "first", &[event(0, 1), event(0, 2)]);
        let begin = world.now.get();
        for (seconds, id) in [(0, 3), (60, 4), (899, 5)] {
            world.now.set(begin + seconds);
            assert_eq!(world.words(&format!("other {id}"), &[event(1, id)]), ["claimed_elsewhere"]);
        }
        world.now.set(begin + 900);
        let decisions = world.deliver_alone("late", &[vec![event(1, 6)]]);
        let [Decision::Fire(firing)] = &decisions[..] else { panic!("{decisions:?}") };
        // The events of the waiting deliveries are counted.
        assert_eq!(firing.count, 6);
        assert_eq!(world.words("later", &[event(1, 7)]), ["deduplicated"]);
        assert_eq!(world.words("first", &[event(0, 1)]), ["deduplicated"]);
        assert_eq!(world.published.borrow().len(), 1);
    }
}

#[test]
fn a_retry_continues_its_own_claim() {
    let world = World::new(rule_of(1), &["text"]);
    abandoned(&world, "first", &[event(0, 1)]);
    assert_eq!(world.words("first", &[event(0, 1)]), ["alerted"]);
    assert_eq!(world.words("first", &[event(0, 1)]), ["deduplicated"]);
    // A delivery loses a claim that another took over.
    let world = World::new(rule_of(1), &["text"]);
    abandoned(&world, "first", &[event(0, 1)]);
    world.now.set(world.now.get() + 1000);
    abandoned(&world, "second", &[event(0, 2)]);
    assert_eq!(world.words("first", &[event(0, 1)]), ["claimed_elsewhere"]);
    assert_eq!(world.words("second", &[event(0, 2)]), ["alerted"]);
}

#[test]
fn a_retry_sends_only_what_is_missing() {
    let world = World::new(rule_of(1), &["text", "chat"]);
    let record = event(0, 1).record();
    let matches = [Match { rule: &world.rule, record: &record, channels: &world.channels }];
    let now = world.clock();
    let table = &world.table.memory;
    let first = finish(async {
        let mut claimant = Claimant::new("one", 500);
        let decisions = decide(table, &mut claimant, &matches, now).await;
        let [Decision::Fire(firing)] = &decisions[..] else { panic!("{decisions:?}") };
        mark_sent(table, &mut claimant, &firing.ticket, "text").await.unwrap();
        firing.clone()
    });
    assert_eq!(first.channels, ["text", "chat"]);
    let again = finish(decide(table, &mut Claimant::new("one", 500), &matches, now));
    let [Decision::Fire(firing)] = &again[..] else { panic!("{again:?}") };
    assert_eq!((firing.channels.as_slice(), &firing.alert_id), (["chat".to_owned()].as_slice(), &first.alert_id));
    let other = finish(decide(table, &mut Claimant::new("two", 500), &matches, now));
    assert_eq!(other, [Decision::ClaimedElsewhere]);
}

/// One delivery publishes an alert once, even if it is not marked as sent.
#[test]
fn a_delivery_does_not_repeat_itself() {
    let world = World::new(rule_of(1), &["text"]);
    let decisions = world.deliver_alone("one", &[vec![event(0, 1), event(0, 2)], vec![event(0, 3)]]);
    let words: Vec<_> = decisions.iter().map(Decision::word).collect();
    assert_eq!(words, ["alerted", "deduplicated", "deduplicated"]);
    let Decision::Fire(firing) = &decisions[0] else { panic!() };
    assert_eq!(firing.count, 2);
}

/// Whenever the table becomes unavailable, a delivery publishes its alert once, marked as unremembered.
#[test]
fn without_a_table_alerts_go_out() {
    for fails_after in 1..40 {
        for fields in [
            "  aggregate_fields: [user]\n  threshold: 3\n",
            "  aggregate_fields: [user]\n  first_seen: {fields: [user]}\n",
        ] {
            let world = World::new(rule(fields), &["text"]);
            world.table.fails_after.store(fails_after, std::sync::atomic::Ordering::Relaxed);
            let events: Vec<Event> = (0..6).map(|id| Event { user: 1, minute: i64::from(id), id }).collect();
            let decisions = world.deliver_alone("one", &[events[..3].to_vec(), events[3..].to_vec()]);
            let fired = decisions.iter().filter_map(|decision| match decision {
                Decision::Fire(firing) => Some(firing.unremembered),
                _ => None,
            });
            let fired: Vec<bool> = fired.collect();
            if fails_after < world.table.uses() {
                let expected = if fields.contains("first_seen") { fired.len() <= 1 } else { fired.len() == 1 };
                assert!(expected, "{fails_after}: {decisions:?}");
            }
            if fails_after == 1 {
                assert_eq!(fired, [true], "{decisions:?}");
                // The delivery uses the table once, and not again.
                assert_eq!(world.table.uses(), 1);
            }
        }
    }
}

#[test]
fn a_rule_that_does_not_notify_is_counted_only() {
    let world = World::new(rule("  notify: false\n"), &["text"]);
    assert_eq!(world.words("one", &[event(0, 1), event(0, 2)]), ["muted", "deduplicated"]);
    assert!(world.published.borrow().is_empty());
}

/// An event without a time is in the current window.
#[test]
fn an_event_without_a_time_happens_now() {
    let world = World::new(rule_of(1), &["text"]);
    let record = |id: &str| trailbell::record::Record::new(serde_json::json!({"eventID": id, "a": 1})).unwrap();
    let (one, two) = (record("1"), record("2"));
    let matches = [&one, &two].map(|record| Match { rule: &world.rule, record, channels: &world.channels });
    let decisions = finish(decide(&world.table.memory, &mut Claimant::new("one", 500), &matches, world.clock()));
    let [Decision::Fire(firing), Decision::Deduplicated] = &decisions[..] else { panic!("{decisions:?}") };
    assert_eq!((firing.first, firing.last), (world.clock(), world.clock()));
    assert!((firing.window.0..firing.window.1).contains(&world.clock()));
}

/// A cross-account call is logged in both accounts as one event.
#[test]
fn a_shared_event_is_one_event() {
    let world = World::new(rule("  aggregate_fields: []\n  threshold: 2\n"), &["text"]);
    let record = |id: &str, shared: &str| {
        let event = serde_json::json!({"eventID": id, "sharedEventID": shared, "eventTime": "2026-03-02T09:00:00Z"});
        trailbell::record::Record::new(event).unwrap()
    };
    let records = [record("1", "s"), record("2", "s"), record("3", "t")];
    let matches: Vec<_> =
        records.iter().map(|record| Match { rule: &world.rule, record, channels: &world.channels }).collect();
    let table = &world.table.memory;
    let first = finish(decide(table, &mut Claimant::new("one", 500), &matches[..2], world.clock()));
    assert_eq!(first, [Decision::BelowThreshold { count: 1 }, Decision::BelowThreshold { count: 1 }]);
    let next = finish(decide(table, &mut Claimant::new("two", 500), &matches[2..], world.clock()));
    assert!(matches!(next[..], [Decision::Fire(_)]), "{next:?}");
}
