//! Small examples whose alerts are worked out by hand from the language's text, for the reference and for the command line.

use super::{
    event::{Event, Items},
    reference::Alert,
    rules::{Kind, Model, ModelRule, Values, rules_file},
    scan,
};

/// Ten minutes.
const WINDOW: i64 = 600;

/// Events of one series in the order of their arrival, each a delivery of its own: number, time.
fn plain(events: &[(u16, i64)]) -> Vec<Event> {
    events.iter().map(|(id, second)| Event::plain(*id, *second)).collect()
}

/// Events with the items that are counted, numbered by their order.
fn items(events: &[(i64, Items)]) -> Vec<Event> {
    let event =
        |(id, (second, items)): (u16, &(i64, Items))| Event { items: items.clone(), ..Event::plain(id, *second) };
    (0..).zip(events).map(event).collect()
}

/// Events of sequences, numbered by their order: name, time.
fn steps(events: &[(char, i64)]) -> Vec<Event> {
    let event =
        |(id, (name, second)): (u16, &(char, i64))| Event { name: *name, made: Some(1), ..Event::plain(id, *second) };
    (0..).zip(events).map(event).collect()
}

/// An alert: count, first, last, since.
type Row = (usize, i64, i64, Option<usize>);

/// Compares the alerts of one series with those expected, in the order of raising, and what is more in the end.
fn check(kind: Kind, events: &[Event], rows: &[Row], more: usize) {
    let rule = ModelRule { window: WINDOW, kind, by_user: false, severity: 3, alone: false };
    let mut model = Model::new(std::slice::from_ref(&rule));
    for event in events {
        model.arrive(event);
    }
    let raised = model.alerts();
    let mut expected: Vec<Row> = rows.to_vec();
    expected.sort_by_key(|(.., last, _)| *last);
    let row = |alert: &Alert| (alert.count, alert.first, alert.last, alert.since);
    let found: Vec<Row> = raised.iter().map(|alert| row(&alert.alert)).collect();
    assert_eq!(found, expected, "the reference on {events:?}");
    let last_raised = rows.last().map(|(.., last, _)| *last);
    for alert in &raised {
        assert_eq!(alert.alert.anchor, alert.alert.last);
        assert_eq!(alert.more, if Some(alert.alert.last) == last_raised { more } else { 0 }, "{alert:?}");
    }
    let deliveries: Vec<Vec<Event>> = events.iter().map(|event| vec![event.clone()]).collect();
    let name = std::thread::current().name().unwrap_or_default().replace("::", "-");
    let scanned = scan::scan(&name, &rules_file(std::slice::from_ref(&rule)), &deliveries);
    assert_eq!(scanned.alerts, scan::reference(std::slice::from_ref(&rule), &deliveries), "{events:?}");
}

fn events_of(threshold: usize) -> Kind {
    Kind::Events { threshold }
}

/// Rule 1: a span is at most `window` if last − first ≤ window.
#[test]
fn a_span_may_be_as_long_as_the_window() {
    check(events_of(3), &plain(&[(1, 0), (2, 300), (3, 600)]), &[(3, 0, 600, None)], 0);
    check(events_of(3), &plain(&[(1, 0), (2, 300), (3, 601)]), &[], 0);
    check(events_of(3), &plain(&[(2, 300), (3, 601), (4, 1)]), &[(3, 1, 601, None)], 0);
    check(events_of(3), &plain(&[(1, 0), (2, 300), (3, 601), (4, 1)]), &[(3, 0, 300, None)], 1);
}

/// Rule 2: events that are known do nothing, and a burst is found wherever it begins and in any order.
#[test]
fn different_events_count_once_in_any_order() {
    check(events_of(3), &plain(&[(1, 0), (2, 5), (2, 5), (1, 0)]), &[], 0);
    check(events_of(3), &plain(&[(3, 900), (1, 500), (2, 1100)]), &[(3, 500, 1100, None)], 0);
    // The same event with another time is the same event.
    check(events_of(2), &plain(&[(1, 0), (1, 9)]), &[], 0);
}

/// Rule 2: of several spans that an event completes, the earliest last time is the anchor.
#[test]
fn the_earliest_last_time_is_the_anchor() {
    // 350 completes 0–350 and 350–700; 700 is then silenced, and no alert has reported it.
    check(events_of(2), &plain(&[(1, 0), (2, 700), (3, 350)]), &[(2, 0, 350, None)], 1);
    check(events_of(2), &plain(&[(2, 700), (1, 90), (3, 350)]), &[(2, 90, 350, None)], 1);
    // 350 completes only the span that ends at 700.
    check(events_of(3), &plain(&[(1, 400), (2, 700), (3, 350)]), &[(3, 350, 700, None)], 0);
}

/// Rule 3: an alert covers what is at most a window before or after its anchor.
#[test]
fn an_alert_silences_before_and_after() {
    // 601 is the next anchor. It counts 1–601, and 600 came after the alert at 0.
    check(events_of(1), &plain(&[(1, 0), (2, 600), (3, 601)]), &[(1, 0, 0, None), (2, 600, 601, Some(1))], 0);
    // Before as well: 400 is silenced by the anchor 1000, and 399 is not.
    check(events_of(1), &plain(&[(1, 1000), (2, 400), (3, 399)]), &[(1, 1000, 1000, None), (1, 399, 399, Some(1))], 0);
    check(events_of(1), &plain(&[(1, 1000), (2, 401)]), &[(1, 1000, 1000, None)], 1);
}

/// Rule 4: silenced events count towards spans that end after the silence.
#[test]
fn silenced_events_count_towards_later_spans() {
    // 0, 10 alert at 10. 600 is silenced; with 700 it is a span of two that ends after the silence.
    let events = plain(&[(1, 0), (2, 10), (3, 600), (4, 700)]);
    check(events_of(2), &events, &[(2, 0, 10, None), (2, 600, 700, Some(1))], 0);
}

/// Rule 4: each silenced event is reported once, by the next alert or by a follow-up, and never as the alert's own.
#[test]
fn silenced_events_are_reported_once() {
    let events = plain(&[(1, 0), (2, 100), (3, 200), (4, 1000), (5, 1100), (6, 2000), (7, 2100)]);
    let rows = [(1, 0, 0, None), (1, 1000, 1000, Some(2)), (1, 2000, 2000, Some(1))];
    check(events_of(1), &events, &rows, 1);
    // The late 50 completes the span 50–620, is silenced by the anchor 10, and is the alert's own event.
    let events = plain(&[(1, 0), (2, 10), (3, 620), (4, 50)]);
    check(events_of(2), &events, &[(2, 0, 10, None), (2, 50, 620, Some(0))], 0);
    // What an alert counted, the next one does not report: 610 is in neither silence, and 605 is silenced only later.
    let events = plain(&[(1, 0), (2, 0), (3, 605), (4, 610), (5, 1211), (6, 1212)]);
    check(events_of(2), &events, &[(2, 0, 0, None), (2, 605, 610, Some(0)), (2, 1211, 1212, Some(0))], 0);
}

/// Rule 5: an alert describes what is known when it is decided.
#[test]
fn an_alert_counts_what_is_known_at_the_decision() {
    // Three more events of the same window arrive after the alert.
    check(events_of(2), &plain(&[(1, 10), (2, 20), (3, 5), (4, 15), (5, 20)]), &[(2, 10, 20, None)], 3);
    // Before the anchor a window, exactly.
    check(
        events_of(1),
        &plain(&[(1, 0), (2, 1200), (3, 1800), (4, 1801)]),
        &[(1, 0, 0, None), (1, 1200, 1200, Some(0)), (2, 1800, 1801, Some(1))],
        0,
    );
}

/// Rule 6: the identities are the values, of which null is one; of a list each element that is not null counts.
#[test]
fn distinct_counts_values() {
    let distinct = |threshold| Kind::Distinct { threshold };
    check(distinct(2), &items(&[(0, Items::One(1)), (10, Items::One(1)), (20, Items::One(1))]), &[], 0);
    check(distinct(2), &items(&[(0, Items::Missing), (10, Items::Null), (20, Items::List(vec![]))]), &[], 0);
    let null = items(&[(0, Items::Null), (10, Items::List(vec![Some(1), None]))]);
    check(distinct(2), &null, &[(2, 0, 10, None)], 0);
    check(distinct(3), &null, &[], 0);
    check(distinct(2), &items(&[(7, Items::List(vec![Some(1), Some(2)]))]), &[(2, 7, 7, None)], 0);
    // A value counts at each of its times: the first 1 is too early for the span 5–605.
    let events = items(&[(0, Items::One(1)), (605, Items::One(2)), (5, Items::One(1))]);
    check(distinct(2), &events, &[(2, 5, 605, None)], 0);
    // Two values silenced, each several times.
    let silenced = [(0, 1), (0, 2), (10, 3), (20, 3), (30, 4), (900, 5), (1000, 6)];
    let silenced: Vec<_> = silenced.iter().map(|(time, item)| (*time, Items::One(*item))).collect();
    check(distinct(2), &items(&silenced), &[(2, 0, 0, None), (2, 900, 1000, Some(2))], 0);
}

/// Rule 7: an event for each step, in order of time, within the window; the anchor is the last step's time.
#[test]
fn a_sequence_needs_an_event_for_each_step() {
    let two = || Kind::Sequence { steps: vec![vec!['A'], vec!['B']] };
    check(two(), &steps(&[('A', 0), ('B', 600)]), &[(2, 0, 600, None)], 0);
    check(two(), &steps(&[('A', 0), ('B', 601)]), &[], 0);
    check(two(), &steps(&[('B', 90), ('A', 0)]), &[(2, 0, 90, None)], 0);
    check(two(), &steps(&[('B', 5), ('A', 5)]), &[(2, 5, 5, None)], 0);
    check(two(), &steps(&[('B', 5), ('A', 6)]), &[], 0);
    check(two(), &steps(&[('B', 5), ('B', 6)]), &[], 0);
    // An event may take either step, but not both.
    let either = || Kind::Sequence { steps: vec![vec!['A', 'B'], vec!['A', 'B']] };
    check(either(), &steps(&[('A', 0)]), &[], 0);
    check(either(), &steps(&[('A', 0), ('A', 30)]), &[(2, 0, 30, None)], 0);
    // The first B that has an A before it; what comes in the silence after it is counted as silenced.
    let three = || Kind::Sequence { steps: vec![vec!['A'], vec!['B'], vec!['C']] };
    let events = steps(&[('A', 0), ('C', 100), ('C', 300), ('B', 200), ('C', 250)]);
    check(three(), &events, &[(4, 0, 300, None)], 1);
}

/// Rule 7: of several chains the latest, compared from the end.
#[test]
fn the_latest_chain_is_named() {
    let rule = ModelRule {
        window: WINDOW,
        kind: Kind::Sequence { steps: vec![vec!['A'], vec!['B'], vec!['C']] },
        by_user: false,
        severity: 3,
        alone: false,
    };
    let mut model = Model::new(&[rule]);
    for event in steps(&[('A', 0), ('A', 20), ('B', 10), ('B', 30), ('A', 40), ('C', 50)]) {
        model.arrive(&event);
    }
    let alerts = model.alerts();
    // C at 50, B at 30, and of the A before it that at 20.
    assert_eq!(alerts[0].alert.chain, ["event-1", "event-3", "event-5"]);
}

/// Rule 7: a null in `by` leaves a step out, and steps may name what they have in common by different fields.
#[test]
fn steps_meet_by_value() {
    let handover = Kind::Handover { first: vec!['A'], second: vec!['B'] };
    let event = |id, name, second, made, used| Event { name, made, used, ..Event::plain(id, second) };
    let events = [event(1, 'A', 0, Some(1), Some(2)), event(2, 'B', 1, Some(1), Some(2)), event(3, 'B', 2, None, None)];
    check(handover.clone(), &events, &[], 0);
    let events = [event(1, 'A', 0, Some(1), None), event(2, 'B', 9, Some(2), Some(1))];
    check(handover, &events, &[(2, 0, 9, None)], 0);
}

const HOURS: i64 = 3600;

/// Rule 8, without a threshold: a combination is known for a while before and after its events, and its series is its own.
#[test]
fn new_combinations_alert() {
    let new = |learning| Kind::New { within: 6 * HOURS, learning };
    let alert = |at: i64, since| (1, at, at, since);
    let rows = [alert(0, None), alert(18 * HOURS + 1, Some(0))];
    check(new(0), &plain(&[(1, 0), (2, 6 * HOURS), (3, 12 * HOURS), (4, 18 * HOURS + 1)]), &rows, 0);
    // Known before its event, too.
    check(new(0), &plain(&[(1, 6 * HOURS), (2, 0)]), &[alert(6 * HOURS, None)], 0);
    // Learnt until, but not including, the end of the learning; a learnt combination is known, and counts nowhere.
    check(new(HOURS), &plain(&[(1, HOURS - 1), (2, 2 * HOURS)]), &[], 0);
    check(new(HOURS), &plain(&[(1, HOURS)]), &[alert(HOURS, None)], 0);
    check(new(HOURS), &plain(&[(1, HOURS - 1), (2, 2 * HOURS), (1, HOURS - 1)]), &[], 0);
}

/// Rule 8, with a threshold: new combinations are counted, in one series.
#[test]
fn new_combinations_are_counted() {
    let counted = |threshold| Kind::NewCounted { threshold, within: 6 * HOURS, learning: HOURS };
    let event = |id, second, address| Event { address, ..Event::plain(id, second) };
    let events = [event(1, 0, 1), event(2, HOURS, 1), event(3, HOURS, 2), event(4, HOURS + 600, 3)];
    check(counted(2), &events, &[(2, HOURS, HOURS + 600, None)], 0);
    check(counted(3), &events, &[], 0);
    // Known combinations are no identities, however often they come.
    let events = [event(1, HOURS, 1), event(2, HOURS + 1, 1), event(3, HOURS + 2, 1)];
    check(counted(2), &events, &[], 0);
}

/// Rule 8: combinations of a rule are known in all of its series, and without a threshold each has a series of its own.
#[test]
fn combinations_are_known_to_the_whole_rule() {
    let rule = ModelRule {
        window: WINDOW,
        kind: Kind::New { within: 6 * HOURS, learning: 0 },
        by_user: true,
        severity: 3,
        alone: false,
    };
    let event = |id, user, address| Event { user, address, ..Event::plain(id, i64::from(id)) };
    let deliveries = [vec![event(1, 0, 1), event(2, 1, 1), event(3, 1, 2), event(4, 1, 3)]];
    let expected = scan::reference(std::slice::from_ref(&rule), &deliveries);
    let values = |user: &str, address: &str| {
        let value = |field: &str, value: &str| (field.to_owned(), Some(value.to_owned()));
        Values::from([value("userIdentity.userName", user), value("eventName", "A"), value("sourceIPAddress", address)])
    };
    let found: Vec<Values> = expected.iter().map(|alert| alert.values.clone()).collect();
    let mut by_hand = [values("user-0", "192.0.2.1"), values("user-1", "192.0.2.2"), values("user-1", "192.0.2.3")];
    by_hand.sort();
    assert_eq!(found, by_hand);
    assert_eq!(scan::scan("known", &rules_file(&[rule]), &deliveries).alerts, expected);
}
