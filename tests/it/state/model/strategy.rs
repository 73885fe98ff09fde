//! Random rules, events and deliveries of them.

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select, subsequence},
};

use super::{
    event::{Event, Items},
    rules::{Kind, ModelRule},
};

/// Rules and what they get.
#[derive(Clone, Debug)]
pub struct Case {
    pub rules: Vec<ModelRule>,
    pub deliveries: Vec<Vec<Event>>,
}

impl Case {
    /// The time of the event with this identity.
    pub fn second(&self, identity: &str) -> i64 {
        self.deliveries.iter().flatten().find(|event| event.identity() == identity).unwrap().second
    }

    /// The same events in another order or in other deliveries.
    pub fn reversed(&self) -> Vec<Vec<Event>> {
        if self.rules.iter().any(|rule| matches!(rule.kind, Kind::New { .. } | Kind::NewCounted { .. })) {
            // In another order, events would be later than their combinations are known.
            return self.deliveries.concat().into_iter().map(|event| vec![event]).collect();
        }
        self.deliveries.iter().rev().map(|delivery| delivery.iter().rev().cloned().collect()).collect()
    }
}

/// How many cases a test has: this number, times `MODEL_CASES`.
pub fn cases(number: u32) -> u32 {
    number * std::env::var("MODEL_CASES").map_or(1, |times| times.parse().unwrap())
}

const WITHIN: i64 = 6 * 3600;

/// Deliveries in any order, some of them again, in part or split differently.
pub fn wild() -> impl Strategy<Value = Case> {
    let window = select(vec![60, 600, 7_200]);
    let case = (window, any::<bool>()).prop_flat_map(|(window, few)| {
        let rules = vec(rule(window, counting(few)), 1..6);
        let (quarters, most) = if few { (9, 20) } else { (25, 40) };
        let times = vec((0_i64..quarters, jitter()), 1..most);
        let events = times.prop_flat_map(move |times| {
            let seconds: Vec<i64> = times.iter().map(|(quarter, jitter)| quarter * window / 4 + jitter).collect();
            events(seconds).prop_shuffle()
        });
        (rules, events, any::<[bool; 2]>())
    });
    case.prop_flat_map(|(rules, events, [again, repeated])| {
        let all = events.len();
        let copies = subsequence(events.clone(), if again { 0..=all } else { 0..=0 }).prop_shuffle();
        let splits = vec(any::<Index>(), 0..12);
        (Just(rules), Just(events), copies, splits).prop_map(move |(rules, mut events, copies, splits)| {
            events.extend(copies);
            let mut deliveries = split(&events, &splits.iter().map(|at| at.index(events.len())).collect::<Vec<_>>());
            if repeated {
                deliveries.extend(deliveries.clone());
            }
            Case { rules, deliveries }
        })
    })
}

/// Rules of which some know combinations, and events that are late by less than these are known.
pub fn late() -> impl Strategy<Value = Case> {
    let window = select(vec![600, WITHIN / 2, WITHIN, 2 * WITHIN]);
    window.prop_flat_map(|window| {
        let learning = select(vec![0, 1, window, 2 * WITHIN]);
        let new = learning.prop_flat_map(|learning| {
            prop_oneof![
                Just(Kind::New { within: WITHIN, learning }),
                (2_usize..5).prop_map(move |threshold| Kind::NewCounted { threshold, within: WITHIN, learning }),
            ]
        });
        let rules = vec(rule(window, new), 1..5);
        let times = vec((0_i64..6, jitter(), 0_i64..5, jitter()), 1..40);
        let events = times.prop_flat_map(|times| {
            let mut latest = WITHIN;
            let seconds: Vec<i64> = times
                .iter()
                .map(|(later, jitter, late, early)| {
                    latest = latest.max(latest + later * WITHIN / 2 + jitter);
                    (latest - late * WITHIN / 4 + early).clamp(latest - WITHIN + 1, latest)
                })
                .collect();
            events(seconds)
        });
        (rules, events, vec(any::<Index>(), 0..12), any::<bool>()).prop_map(|(rules, events, splits, again)| {
            let mut deliveries = split(&events, &splits.iter().map(|at| at.index(events.len())).collect::<Vec<_>>());
            if again {
                deliveries = deliveries.into_iter().flat_map(|delivery| [delivery.clone(), delivery]).collect();
            }
            Case { rules, deliveries }
        })
    })
}

/// One rule for new combinations that counts no two events of one of them, and events that are all within its memory; so in
/// any order, one event is new for each combination.
pub fn fresh() -> impl Strategy<Value = Case> {
    let within = WITHIN;
    let new = (any::<bool>(), Just(Kind::New { within, learning: 0 }));
    let counted = (2_usize..5).prop_map(move |threshold| (false, Kind::NewCounted { threshold, within, learning: 0 }));
    let rule = prop_oneof![new, counted].prop_map(move |(by_user, kind)| ModelRule {
        window: 2 * within,
        kind,
        by_user,
        severity: 3,
        alone: false,
    });
    let events = vec(0..=WITHIN, 1..16).prop_flat_map(events);
    (rule, events, vec(any::<Index>(), 0..6)).prop_map(|(rule, events, splits)| {
        let deliveries = split(&events, &splits.iter().map(|at| at.index(events.len())).collect::<Vec<_>>());
        Case { rules: vec![rule], deliveries }
    })
}

/// Mostly none, so that spans are often exactly as long as the window, and else one second.
fn jitter() -> impl Strategy<Value = i64> {
    prop_oneof![4 => Just(0_i64), 1 => Just(-1), 1 => Just(1)]
}

fn rule(window: i64, kind: impl Strategy<Value = Kind>) -> impl Strategy<Value = ModelRule> {
    let alone = proptest::bool::weighted(0.2);
    let all = (kind, any::<bool>(), 1_u8..=3, alone);
    all.prop_map(move |(kind, by_user, severity, alone)| ModelRule { window, kind, by_user, severity, alone })
}

/// What counts without a memory for combinations; sequences of `few` events have many ways to be one.
fn counting(few: bool) -> impl Strategy<Value = Kind> {
    let names = move || {
        let names = if few { vec!['A', 'B'] } else { vec!['A', 'B', 'C', 'D'] };
        subsequence(names, 1..=2)
    };
    prop_oneof![
        // Rules that do not count, so that they cover each other.
        Just(Kind::Events { threshold: 1 }),
        (1_usize..6).prop_map(|threshold| Kind::Events { threshold }),
        (2_usize..5).prop_map(|threshold| Kind::Distinct { threshold }),
        vec(names(), 2..=4).prop_map(|steps| Kind::Sequence { steps }),
        (names(), names()).prop_map(|(first, second)| Kind::Handover { first, second }),
    ]
}

/// Events at these times.
fn events(seconds: Vec<i64>) -> impl Strategy<Value = Vec<Event>> {
    let items = prop_oneof![
        1 => Just(Items::Missing),
        1 => Just(Items::Null),
        4 => (0_u8..4).prop_map(Items::One),
        2 => vec(proptest::option::weighted(0.8, 0_u8..4), 0..3).prop_map(Items::List),
    ];
    let key = || proptest::option::weighted(0.9, 0_u8..2);
    let one = (0_u8..2, select(vec!['A', 'B', 'C', 'D']), items, key(), key(), 0_u8..2);
    vec(one, seconds.len()).prop_map(move |all| {
        let event = |((id, second), (user, name, items, made, used, address))| Event {
            id,
            second,
            user,
            name,
            items,
            made,
            used,
            address,
        };
        (0..).zip(seconds.iter().copied()).zip(all).map(event).collect()
    })
}

/// Divides events into deliveries at these places.
fn split(events: &[Event], places: &[usize]) -> Vec<Vec<Event>> {
    let mut deliveries = vec![Vec::new()];
    for (at, event) in events.iter().enumerate() {
        if places.contains(&at) {
            deliveries.push(Vec::new());
        }
        deliveries.last_mut().unwrap().push(event.clone());
    }
    deliveries
}
