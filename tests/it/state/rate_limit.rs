//! The hourly limit: beyond it a roll-up reports how many alerts of a rule are held back.

use trailbell::state::{Audience, Claimant, Decision, decide, mark_sent};

use crate::state::world::{BEGIN, Event, World, finish, rule};

/// The start of an hour of the clock.
const HOUR: i64 = (BEGIN / 3600 + 1) * 3600;

fn world(most: u32) -> World {
    let mut world = World::new(rule("  aggregate_fields: [user]\n"), &[Audience::Alerts]);
    world.most_an_hour = most;
    world.now.set(HOUR + 60);
    world
}

fn of(user: u8) -> Event {
    Event { user, minute: 0, id: user.into() }
}

#[test]
fn beyond_the_limit_a_roll_up_covers_all_alerts() {
    let world = world(3);
    let users: Vec<Event> = (0..6).map(of).collect();
    let decisions = world.deliver_alone("one", &[users]);
    let words: Vec<_> = decisions.iter().map(Decision::word).collect();
    assert_eq!(words, ["alerted", "alerted", "alerted", "capped", "capped", "capped"]);
    assert!(matches!(decisions[4..], [Decision::Capped { .. }, Decision::Capped { .. }]));
    let Decision::RollUp(roll_up) = &decisions[3] else { panic!() };
    assert_eq!((roll_up.limit, roll_up.held, roll_up.until.as_second()), (3, 3, HOUR + 3600));
    // Another delivery in the same hour is counted and publishes nothing.
    assert_eq!(world.words("two", &[of(6), of(7)]), ["capped", "capped"]);
    // A retry changes nothing: an alert that passed stays passed.
    assert_eq!(world.words("one", &[of(0), of(3)]), ["deduplicated", "capped"]);
    // In the next hour the first alert reports how many were held back, and the second does not.
    world.now.set(HOUR + 3600);
    let decisions = world.deliver_alone("three", &[vec![of(8), of(9)]]);
    let held: Vec<u64> = decisions
        .iter()
        .map(|decision| match decision {
            Decision::Fire(firing) => firing.held_before,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(held, [5, 0]);
    // A held-back alert goes out if its events are delivered again.
    assert_eq!(world.words("one", &[of(3)]), ["alerted"]);
}

#[test]
fn a_delivery_that_crashes_sends_its_roll_up_at_its_retry() {
    let world = world(1);
    let batch = [vec![of(0), of(1), of(2)]];
    let mut delivery = Box::pin(world.deliver("one", &batch));
    while world.published.borrow().is_empty() {
        assert!(crate::state::world::poll(&mut delivery).is_none());
    }
    drop(delivery);
    // No alert was marked as sent.
    assert_eq!(world.words("one", &batch[0]), ["alerted", "capped", "capped"]);
    assert_eq!(world.words("one", &batch[0]), ["deduplicated", "capped", "capped"]);
}

#[test]
fn rules_are_counted_on_their_own() {
    let one = world(1);
    assert_eq!(one.words("one", &[of(0)]), ["alerted"]);
    let text = "rules:\n- {name: S, severity: 1, filter: a = 1, aggregate_fields: [user]}\n";
    let mut other = world(1);
    other.rule = trailbell::rule::RuleSet::parse(text).unwrap().0.rules.remove(0).into();
    other.table = one.table;
    assert_eq!(other.words("one", &[of(1), of(2)]), ["alerted", "capped"]);
}

/// A roll-up goes to every channel, and the next hour has its own.
#[test]
fn a_roll_up_is_of_its_hour_and_channel() {
    let mut world = world(1);
    world.audiences.push(Audience::Chat);
    assert_eq!(world.words("one", &[of(0)]), ["alerted"]);
    let capped = |name: &str, user: u8, now: i64| {
        let one = world.matched(&of(user).record());
        let mut claimant = Claimant::new(name, 1);
        let now = jiff::Timestamp::from_second(now).unwrap();
        let mut decided = finish(decide(&world.table.memory, &mut claimant, &[&one], |_| None, now));
        (claimant, decided.decisions.remove(0))
    };
    let take = |mut claimant: Claimant, decision: Decision, audience: Audience| {
        let Decision::RollUp(roll_up) = decision else { panic!("{decision:?}") };
        finish(mark_sent(&world.table.memory, &mut claimant, &[(roll_up.ticket.clone(), audience)])).unwrap();
        roll_up
    };
    let (claimant, decision) = capped("two", 1, HOUR + 120);
    assert_eq!(take(claimant, decision, Audience::Alerts).audiences, [Audience::Alerts, Audience::Chat]);
    assert_eq!(capped("three", 2, HOUR + 180).1, Decision::Capped { held: 2 });
    let (claimant, decision) = capped("two", 1, HOUR + 180);
    let first = take(claimant, decision, Audience::Chat);
    assert_eq!((first.audiences, first.held), (vec![Audience::Chat], 2));
    assert_eq!(capped("two", 1, HOUR + 180).1, Decision::Capped { held: 2 });

    // A roll-up that is marked after its hour does not count for the next hour.
    let (_, decision) = capped("late", 3, HOUR + 3600 + 60);
    assert!(matches!(decision, Decision::Fire(_)), "{decision:?}");
    let (late, on_its_way) = capped("late", 4, HOUR + 3600 + 60);
    assert!(matches!(capped("next", 5, HOUR + 7200).1, Decision::Fire(_)));
    let roll_up = take(late, on_its_way, Audience::Alerts);
    assert_ne!(roll_up.alert_id, first.alert_id);
    let (_, decision) = capped("next", 6, HOUR + 7200);
    let Decision::RollUp(next) = decision else { panic!("{decision:?}") };
    assert_eq!(next.audiences, [Audience::Alerts, Audience::Chat]);
}

/// A roll-up goes out again at ten times as many held-back alerts; of one batch only the last goes out.
#[test]
fn a_roll_up_comes_again_for_ten_times_as_many() {
    let world = world(1);
    let roll_ups = |name: &str, users: std::ops::Range<u8>| -> Vec<u64> {
        let decisions = world.deliver_alone(name, &[users.map(of).collect()]);
        let held = decisions.iter().filter_map(|decision| match decision {
            Decision::RollUp(roll_up) => Some(roll_up.held),
            _ => None,
        });
        held.collect()
    };
    assert_eq!(roll_ups("one", 0..4), [3]);
    assert_eq!(roll_ups("two", 4..10), Vec::<u64>::new());
    assert_eq!(roll_ups("three", 10..12), [11]);
    assert_eq!(roll_ups("four", 12..150), [149]);
    assert_eq!(roll_ups("five", 150..200), Vec::<u64>::new());
}

/// An alert that is held back in one batch is held back in the next, and does not count as sent.
#[test]
fn a_held_back_alert_does_not_count_as_sent() {
    let world = world(1);
    let batches = [vec![of(0), of(1)], vec![of(1), of(2)], vec![of(0)]];
    let decisions = world.deliver_alone("one", &batches);
    let words: Vec<_> = decisions.iter().map(Decision::word).collect();
    assert_eq!(words, ["alerted", "capped", "capped", "capped", "deduplicated"]);
    let held: Vec<u64> = decisions
        .iter()
        .filter_map(|decision| match decision {
            Decision::RollUp(roll_up) => Some(roll_up.held),
            Decision::Capped { held } => Some(*held),
            _ => None,
        })
        .collect();
    assert_eq!(held, [1, 1, 2]);
}

/// Without a table the limit still holds: each delivery counts its own alerts.
#[test]
fn without_a_table_the_limit_holds_within_a_delivery() {
    let world = world(2);
    world.table.fails_after.store(1, std::sync::atomic::Ordering::Relaxed);
    let words = world.words("one", &(0..5).map(of).collect::<Vec<_>>());
    assert_eq!(words, ["alerted", "alerted", "capped", "capped", "capped"]);
    assert_eq!(world.table.uses(), 1);
}
