//! Two functions at once, whose processes end at any point: no alert is lost, none is sent twice without an end, and each
//! anchor has one id.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
};

use proptest::{collection::vec, prelude::*};

use super::{
    event::Event,
    rules::{Kind, Model, ModelRule, Values, combination},
    strategy::{Case, cases, fresh, wild},
    world::{Running, Sent, World},
};
use crate::state::world::poll;

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Move {
    /// An invocation continues by some steps.
    Step {
        function: u8,
        steps: u8,
    },
    /// A process ends, and its delivery comes again.
    End {
        function: u8,
    },
    Wait {
        minutes: i64,
    },
    /// A topic refuses its next messages.
    Refuse {
        people: bool,
        messages: u32,
    },
}

fn schedule(ends: bool) -> impl Strategy<Value = Vec<Move>> {
    let step = (0_u8..2, 1_u8..12).prop_map(|(function, steps)| Move::Step { function, steps });
    let end = (0_u8..2).prop_map(|function| Move::End { function });
    let wait = (1_i64..40).prop_map(|minutes| Move::Wait { minutes });
    let refuse = (any::<bool>(), 1_u32..3).prop_map(|(people, messages)| Move::Refuse { people, messages });
    let others = u32::from(ends);
    vec(prop_oneof![8 => step, others => end, others => wait, 1 => refuse], 0..100)
}

/// The longest time of an invocation, in seconds
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LONGEST: i64 = 15 * 60;

/// The invocations: at most two at once, each with its delivery and the time of its begin; and the deliveries that wait.
struct Functions<'a> {
    world: &'a World,
    running: Vec<(usize, Running<'a>, i64)>,
    waiting: Vec<usize>,
}

impl<'a> Functions<'a> {
    fn new(world: &'a World, deliveries: usize) -> Self {
        let mut functions = Self { world, running: Vec::new(), waiting: (0..deliveries).rev().collect() };
        functions.fill();
        functions
    }

    fn fill(&mut self) {
        while self.running.len() < 2
            && let Some(next) = self.waiting.pop()
        {
            self.running.push((next, self.world.invoke(next), self.world.now()));
        }
    }

    /// One step of an invocation. A delivery that failed comes again.
    fn step(&mut self, at: usize) {
        let Some((delivery, running, _)) = self.running.get_mut(at) else { return };
        let delivery = *delivery;
        if let Some(outcome) = poll(running) {
            drop(self.running.remove(at));
            if outcome.answer().is_err() {
                self.waiting.insert(0, delivery);
            }
            self.fill();
        }
    }

    /// The process ends, and the delivery comes again at once or later.
    fn end(&mut self, at: usize) {
        let (delivery, ..) = self.running.remove(at);
        let place = if self.waiting.len().is_multiple_of(2) { 0 } else { self.waiting.len() };
        self.waiting.insert(place, delivery);
        self.fill();
    }

    fn next(&mut self, next: Move) {
        match next {
            _ if self.running.is_empty() => {}
            Move::Step { function, steps } => {
                let at = usize::from(function) % self.running.len();
                for _ in 0..steps {
                    self.step(at);
                }
            }
            Move::End { function } => self.end(usize::from(function) % self.running.len()),
            Move::Wait { minutes } => {
                self.world.wait(minutes * 60);
                while let Some(at) = self.running.iter().position(|(.., begin)| self.world.now() - begin >= LONGEST) {
                    self.end(at);
                }
            }
            Move::Refuse { people, messages } => {
                let topic = if people { &self.world.alerts } else { &self.world.findings };
                topic.refuses.store(messages, Ordering::Relaxed);
            }
        }
    }

    /// Runs by a schedule, and then to the end of all deliveries.
    fn play(&mut self, schedule: &[Move]) {
        for next in schedule {
            self.next(*next);
        }
        self.finish();
    }

    /// Runs to the end of all deliveries.
    fn finish(&mut self) {
        while !self.running.is_empty() {
            self.step(0);
        }
    }
}

/// Every event by series, with all that is known in the end.
fn known(case: &Case) -> Model {
    let mut model = Model::new(&case.rules);
    for event in case.deliveries.iter().flatten() {
        model.arrive(event);
    }
    model
}

/// Rule 3: wherever a span has enough events, an alert has its anchor within a window; and no two anchors are nearer.
fn covers(world: &World, case: &Case) -> Result<(), TestCaseError> {
    let mut anchors: BTreeMap<(String, Values), BTreeSet<i64>> = BTreeMap::new();
    for sent in world.sent() {
        let shown = case.deliveries.iter().flatten().find(|event| event.identity() == sent.event).unwrap();
        for name in &sent.also {
            // A rule that is named has no alert of its own about the event, and is at least as mild.
            let (own, other) = (world.rule(&sent.rule), world.rule(name));
            prop_assert!(own.is_sociable() && other.is_sociable(), "{} names {}", sent.rule, name);
            prop_assert!((own.severity, &sent.rule) < (other.severity, name), "{} names {}", sent.rule, name);
            for (values, arrival) in other.arrivals(shown) {
                anchors.entry((name.clone(), values)).or_default().insert(arrival.time);
            }
        }
        anchors.entry((sent.rule, sent.values)).or_default().insert(sent.anchor);
    }
    let full = known(case).full();
    for (series, lasts) in &full {
        let window = world.rule(&series.0).window;
        for last in lasts.keys() {
            let near = anchors.get(series).is_some_and(|all| all.iter().any(|anchor| (anchor - last).abs() <= window));
            prop_assert!(near, "no alert for the span of {:?} that ends at {}: {:?}", series, last, anchors);
        }
    }
    for (series, anchors) in &anchors {
        let window = world.rule(&series.0).window;
        let anchors: Vec<&i64> = anchors.iter().collect();
        prop_assert!(anchors.windows(2).all(|pair| pair[1] - pair[0] > window), "{:?}: {:?}", series, anchors);
    }
    for sent in world.sent() {
        let most = full.get(&(sent.rule.clone(), sent.values.clone())).and_then(|lasts| lasts.get(&sent.anchor));
        prop_assert!(most.is_some_and(|most| sent.count <= *most), "{:?}: its window has {:?}", sent, most);
        prop_assert!((sent.anchor - world.rule(&sent.rule).window..=sent.anchor).contains(&sent.first));
    }
    Ok(())
}

/// An anchor has one id, and every copy of its alert says the same; different anchors have different ids.
fn agrees_with_itself(world: &World) -> Result<(), TestCaseError> {
    let mut by_id: BTreeMap<String, Sent> = BTreeMap::new();
    let mut by_anchor: BTreeMap<(String, Values, i64), String> = BTreeMap::new();
    for sent in world.sent() {
        prop_assert!(!sent.unremembered);
        let anchor = (sent.rule.clone(), sent.values.clone(), sent.anchor);
        prop_assert_eq!(by_anchor.entry(anchor).or_insert_with(|| sent.id.clone()), &sent.id);
        // A delivery that takes the alert over shows a record of its own, and names the rules that match it.
        let sent = Sent { event: String::new(), also: Vec::new(), ..sent };
        prop_assert_eq!(by_id.entry(sent.id.clone()).or_insert_with(|| sent.clone()), &sent);
    }
    Ok(())
}

/// What is sent when everything is delivered again after some days.
fn again(world: &World, deliveries: usize, days: i64) -> Vec<String> {
    world.take();
    world.wait(days * 86_400);
    Functions::new(world, deliveries).finish();
    world.take()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(50)) })]

    #[test]
    fn a_process_that_ends_at_any_point_loses_no_alert(case in wild(), schedule in schedule(true), days in 0_i64..35) {
        let world = World::new(&case.rules, &case.deliveries);
        let mut functions = Functions::new(&world, case.deliveries.len());
        functions.play(&schedule);
        covers(&world, &case)?;
        agrees_with_itself(&world)?;
        let [people, machines] = [world.read_by_people(&case), world.read_by_machines(&case)];
        prop_assert_eq!(people, machines, "both topics took every alert, each by itself or in another one");
        prop_assert_eq!(again(&world, case.deliveries.len(), days), [] as [&str; 0]);
    }

    #[test]
    fn without_an_end_no_alert_is_sent_twice(case in wild(), schedule in schedule(false), days in 0_i64..35) {
        let world = World::new(&case.rules, &case.deliveries);
        let mut functions = Functions::new(&world, case.deliveries.len());
        functions.play(&schedule);
        covers(&world, &case)?;
        agrees_with_itself(&world)?;
        prop_assert!(world.copies().values().all(|copies| *copies == 1), "{:?}", world.copies());
        prop_assert_eq!(again(&world, case.deliveries.len(), days), [] as [&str; 0]);
    }

    #[test]
    fn a_combination_is_new_once(case in fresh(), schedule in schedule(true), days in 0_i64..35) {
        let world = World::new(&case.rules, &case.deliveries);
        let mut functions = Functions::new(&world, case.deliveries.len());
        functions.play(&schedule);
        each_is_new_once(&world, &case)?;
        agrees_with_itself(&world)?;
        prop_assert_eq!(again(&world, case.deliveries.len(), days), [] as [&str; 0]);
    }
}

/// Rule 8, wherever processes end: each combination is new once.
fn each_is_new_once(world: &World, case: &Case) -> Result<(), TestCaseError> {
    let combinations: BTreeSet<[String; 2]> = case.deliveries.iter().flatten().map(combination).collect();
    let ids: BTreeMap<String, Values> = world.sent().into_iter().map(|sent| (sent.id, sent.values)).collect();
    if let Kind::NewCounted { threshold, .. } = case.rules[0].kind {
        prop_assert_eq!(ids.len(), usize::from(combinations.len() >= threshold));
        return Ok(());
    }
    let value = |values: &Values, field: &str| values[field].clone().unwrap();
    let mut found: Vec<[String; 2]> =
        ids.values().map(|values| [value(values, "eventName"), value(values, "sourceIPAddress")]).collect();
    found.sort();
    prop_assert_eq!(found, combinations.into_iter().collect::<Vec<_>>());
    Ok(())
}

/// A process ends before every one of its steps in turn; another delivery of the same series comes, and then its own again,
/// before and after claims may be taken over.
#[test]
fn a_process_ends_before_every_step() {
    let rules =
        vec![ModelRule { window: 600, kind: Kind::Events { threshold: 3 }, by_user: true, severity: 3, alone: false }];
    let event = |id: u16, user: u8, second: i64| Event { user, ..Event::plain(id, second) };
    // Two alerts of the first delivery; one of the second, if the first does not come before it.
    let first =
        (0..2).flat_map(|user| (0..3).map(move |at| event(10 * u16::from(user) + at, user, i64::from(at) * 100)));
    let second = (0..3).map(|at| event(20 + at, 0, i64::from(at) * 100 + 50));
    let case = Case { rules, deliveries: vec![first.collect(), second.collect()] };
    for minutes in [0, 20] {
        for steps in 0.. {
            let world = World::new(&case.rules, &case.deliveries);
            let mut running = world.invoke(0);
            let is_done = (0..steps).any(|_| poll(&mut running).is_some());
            drop(running);
            world.wait(minutes * 60);
            for delivery in [1, 0] {
                let mut running = world.invoke(delivery);
                while poll(&mut running).is_none() {}
            }
            covers(&world, &case).unwrap();
            agrees_with_itself(&world).unwrap();
            assert!(world.copies().values().all(|copies| *copies <= 2), "{:?}", world.copies());
            assert_eq!(again(&world, 2, 1), [] as [&str; 0], "after {steps} steps");
            if is_done {
                assert!(steps > 8, "{steps}");
                break;
            }
        }
    }
}

/// A process ends before every one of its steps in turn, and its delivery never comes again: another one of the same series
/// sends the alert once the claim is free.
#[test]
fn another_delivery_sends_what_was_left() {
    let rules =
        vec![ModelRule { window: 600, kind: Kind::Events { threshold: 3 }, by_user: true, severity: 3, alone: false }];
    let events = |first: u16| (first..first + 3).map(|id| Event::plain(id, i64::from(id) * 10)).collect();
    let case = Case { rules, deliveries: vec![events(0), events(3)] };
    for steps in 0.. {
        let world = World::new(&case.rules, &case.deliveries);
        let mut running = world.invoke(0);
        let is_done = (0..steps).any(|_| poll(&mut running).is_some());
        drop(running);
        world.wait(15 * 60);
        let mut running = world.invoke(1);
        while poll(&mut running).is_none() {}
        covers(&world, &case).unwrap();
        assert_eq!(world.copies().len(), 2, "both topics took one alert after {steps} steps");
        if is_done {
            break;
        }
    }
}

/// The table fails from each of its uses on: the invocation does not fail and sends the alert. Once the table works again,
/// a copy may come, and after it none.
#[test]
fn a_table_that_fails_at_any_use_holds_back_no_alert() {
    let rules =
        vec![ModelRule { window: 600, kind: Kind::Events { threshold: 3 }, by_user: false, severity: 3, alone: false }];
    let case = Case { rules, deliveries: vec![(0..4).map(|at| Event::plain(at, i64::from(at) * 10)).collect()] };
    for use_that_fails in 1.. {
        let world = World::new(&case.rules, &case.deliveries);
        let fails_after = |at| world.table.fails_after.store(at, Ordering::Relaxed);
        fails_after(use_that_fails);
        Functions::new(&world, 1).finish();
        let is_used_less = world.table.uses() < use_that_fails;
        let sent = world.sent();
        let [alert] = sent.as_slice() else { panic!("use {use_that_fails}: {sent:?}") };
        assert!((0..=30).contains(&alert.anchor), "use {use_that_fails}: {alert:?}");
        assert_eq!(world.copies().len(), 2, "both topics");
        fails_after(0);
        again(&world, 1, 0);
        assert_eq!(again(&world, 1, 1), [] as [&str; 0], "use {use_that_fails}");
        if is_used_less {
            assert!(use_that_fails > 3 && !alert.unremembered, "{use_that_fails}");
            break;
        }
        assert!(use_that_fails > 1 || alert.unremembered);
    }
}
