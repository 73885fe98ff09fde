//! Claims: which delivery alerts while another holds a claim, and what happens without a table.

use trailbell::state::{Audience, Claimant, Decision, Match, decide, mark_sent};

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
        let world = World::new(rule_of(threshold), &[Audience::Alerts]);
        abandoned(&world, "first", &[event(0, 1), event(0, 2)]);
        let begin = world.now.get();
        for (seconds, id) in [(0, 3), (60, 4), (899, 5)] {
            world.now.set(begin + seconds);
            assert_eq!(world.words(&format!("other {id}"), &[event(1, id)]), ["claimed_elsewhere"]);
        }
        world.now.set(begin + 900);
        let decisions = world.deliver_alone("late", &[vec![event(1, 6)]]);
        // The alert is as it was decided, and the events of the waiting deliveries are counted for the next one.
        let [Decision::Fire(firing)] = &decisions[..] else { panic!("{decisions:?}") };
        assert_eq!((firing.count, firing.since_last), (threshold.into(), None));
        assert_eq!(world.words("later", &[event(1, 7)]), ["deduplicated"]);
        assert_eq!(world.words("first", &[event(0, 1)]), ["deduplicated"]);
        assert_eq!(world.published.borrow().len(), 1);
    }
}

#[test]
fn a_retry_continues_its_own_claim() {
    let world = World::new(rule_of(1), &[Audience::Alerts]);
    abandoned(&world, "first", &[event(0, 1)]);
    assert_eq!(world.words("first", &[event(0, 1)]), ["alerted"]);
    assert_eq!(world.words("first", &[event(0, 1)]), ["deduplicated"]);
    // A delivery loses a claim that another took over.
    let world = World::new(rule_of(1), &[Audience::Alerts]);
    abandoned(&world, "first", &[event(0, 1)]);
    world.now.set(world.now.get() + 1000);
    abandoned(&world, "second", &[event(0, 2)]);
    assert_eq!(world.words("first", &[event(0, 1)]), ["claimed_elsewhere"]);
    assert_eq!(world.words("second", &[event(0, 2)]), ["alerted"]);
}

#[test]
fn a_retry_sends_only_what_is_missing() {
    let world = World::new(rule_of(1), &[Audience::Alerts, Audience::Chat]);
    let one = world.matched(&event(0, 1).record());
    let table = &world.table.memory;
    let of = |name: &str| {
        let mut claimant = Claimant::new(name, 500);
        let decided = finish(decide(table, &mut claimant, &[&one], |_| None, world.clock())).decisions.remove(0);
        (claimant, decided)
    };
    let (mut claimant, first) = of("one");
    let Decision::Fire(first) = first else { panic!("{first:?}") };
    assert_eq!(first.audiences, [Audience::Alerts, Audience::Chat]);
    finish(mark_sent(table, &mut claimant, &[(first.ticket.clone(), Audience::Alerts)])).unwrap();
    let (mut claimant, again) = of("one");
    let Decision::Fire(again) = again else { panic!("{again:?}") };
    assert_eq!((&again.audiences[..], &again.alert_id), (&[Audience::Chat][..], &first.alert_id));
    assert_eq!(of("two").1, Decision::ClaimedElsewhere);
    finish(mark_sent(table, &mut claimant, &[(again.ticket, Audience::Chat)])).unwrap();
    assert_eq!((of("one").1, of("two").1), (Decision::Deduplicated, Decision::Deduplicated));
}

/// A delivery fails with two alerts of a series, and its retry holds one event of them. Both go out.
#[test]
fn a_retry_sends_what_its_events_do_not_raise_again() {
    let world = World::new(rule_of(1), &[Audience::Alerts]);
    abandoned(&world, "first", &[event(0, 1), event(100, 2)]);
    assert_eq!(world.words("first", &[event(0, 1)]), ["alerted"]);
    let anchors: Vec<i64> = world.published.borrow().iter().map(|alert| alert.anchor).collect();
    assert_eq!(anchors, [event(0, 1).seconds(), event(100, 2).seconds()]);
    assert_eq!(world.words("first", &[event(0, 1), event(100, 2)]), ["deduplicated", "deduplicated"]);
}

/// One delivery publishes an alert once, even if it is not marked as sent.
#[test]
fn a_delivery_does_not_repeat_itself() {
    let world = World::new(rule_of(1), &[Audience::Alerts]);
    let decisions = world.deliver_alone("one", &[vec![event(0, 1), event(0, 2)], vec![event(0, 3)]]);
    let words: Vec<_> = decisions.iter().map(Decision::word).collect();
    assert_eq!(words, ["alerted", "deduplicated", "deduplicated"]);
}

/// Whenever the table becomes unavailable, a delivery publishes its alert once, marked as unremembered.
#[test]
fn without_a_table_alerts_go_out() {
    for fails_after in 1..40 {
        for fields in [
            "  aggregate_fields: [user]\n  threshold: 3\n",
            "  aggregate_fields: [user]\n  first_seen: {fields: [user]}\n",
        ] {
            let world = World::new(rule(fields), &[Audience::Alerts]);
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
    let world = World::new(rule("  notify: false\n"), &[Audience::Alerts]);
    assert_eq!(world.words("one", &[event(0, 1), event(0, 2)]), ["muted", "deduplicated"]);
    assert!(world.published.borrow().is_empty());
}

/// An event without a time has that of its delivery.
#[test]
fn an_event_without_a_time_happens_at_its_delivery() {
    let world = World::new(rule_of(1), &[Audience::Alerts]);
    let record = |id: &str| trailbell::record::Record::new(serde_json::json!({"eventID": id, "a": 1})).unwrap();
    let delivered = "2026-03-02T09:00:00Z".parse().unwrap();
    let matches = ["1", "2"].map(|id| Match::of(&world.rule, &record(id), &world.audiences, delivered).remove(0));
    let matches: Vec<&Match> = matches.iter().collect();
    let decided =
        finish(decide(&world.table.memory, &mut Claimant::new("one", 500), &matches, |_| None, world.clock()));
    let [Decision::Fire(firing), Decision::Deduplicated] = &decided.decisions[..] else { panic!("{decided:?}") };
    assert_eq!((firing.first, firing.last), (delivered, delivered));
}

/// A cross-account call is logged in both accounts as one event.
#[test]
fn a_shared_event_is_one_event() {
    let world = World::new(rule("  aggregate_fields: []\n  threshold: 2\n"), &[Audience::Alerts]);
    let record = |id: &str, shared: &str| {
        let event = serde_json::json!({"eventID": id, "sharedEventID": shared, "eventTime": "2026-03-02T09:00:00Z"});
        world.matched(&trailbell::record::Record::new(event).unwrap())
    };
    let records = [record("1", "s"), record("2", "s"), record("3", "t")];
    let [one, two, three] = records.each_ref();
    let of = |name: &str, matches: &[&Match]| {
        finish(decide(&world.table.memory, &mut Claimant::new(name, 500), matches, |_| None, world.clock())).decisions
    };
    assert_eq!(of("one", &[one, two]), [Decision::BelowThreshold { count: 1 }, Decision::Deduplicated]);
    let next = of("two", &[three]);
    assert!(matches!(next[..], [Decision::Fire(_)]), "{next:?}");
}
