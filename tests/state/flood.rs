//! Too many alerts of a rule in an hour become one that says so.

use trailbell::state::Decision;

use crate::world::{BEGIN, Event, World, rule};

/// The beginning of an hour of the clock.
const HOUR: i64 = (BEGIN / 3600 + 1) * 3600;

fn world(most: u32) -> World {
    let mut world = World::new(rule("  aggregate_fields: [user]\n"), &["text"]);
    world.most_an_hour = most;
    world.now.set(HOUR + 60);
    world
}

fn of(user: u8) -> Event {
    Event { user, minute: 0, id: user.into() }
}

#[test]
fn beyond_the_bound_one_alert_speaks_for_all() {
    let world = world(3);
    let users: Vec<Event> = (0..6).map(of).collect();
    let decisions = world.deliver_alone("one", &[users]);
    let words: Vec<_> = decisions.iter().map(Decision::word).collect();
    assert_eq!(words, ["alerted", "alerted", "alerted", "capped", "capped", "capped"]);
    assert!(matches!(decisions[4..], [Decision::Capped { .. }, Decision::Capped { .. }]));
    let Decision::RollUp(roll_up) = &decisions[3] else { panic!() };
    assert_eq!((roll_up.most, roll_up.held, roll_up.until.as_second()), (3, 3, HOUR + 3600));
    // Another delivery of the hour adds to it and says nothing.
    assert_eq!(world.words("two", &[of(6), of(7)]), ["capped", "capped"]);
    // Retries change nothing: what went out went out.
    assert_eq!(world.words("one", &[of(0), of(3)]), ["deduplicated", "capped"]);
    // In the next hour the first alert says what was held back, the second does not.
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
    // What was held back speaks if it comes again.
    assert_eq!(world.words("one", &[of(3)]), ["alerted"]);
}

#[test]
fn who_breaks_off_says_it_when_he_comes_again() {
    let world = world(1);
    let batch = [vec![of(0), of(1), of(2)]];
    let mut delivery = Box::pin(world.deliver("one", &batch));
    while world.published.borrow().is_empty() {
        assert!(crate::world::poll(&mut delivery).is_none());
    }
    drop(delivery);
    // Not even the first was marked.
    assert_eq!(world.words("one", &batch[0]), ["alerted", "capped", "capped"]);
    assert_eq!(world.words("one", &batch[0]), ["deduplicated", "capped", "capped"]);
}

#[test]
fn rules_are_counted_on_their_own() {
    let one = world(1);
    assert_eq!(one.words("one", &[of(0)]), ["alerted"]);
    let text = "rules:\n- {name: S, severity: 1, filter: a = 1, aggregate_fields: [user]}\n";
    let mut other = world(1);
    other.rule = trailbell::rule::RuleSet::parse(text).unwrap().0.rules.remove(0);
    other.table = one.table;
    assert_eq!(other.words("one", &[of(1), of(2)]), ["alerted", "capped"]);
}
