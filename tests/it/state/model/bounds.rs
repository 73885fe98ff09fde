//! What a series keeps is bounded, and its alerts are the same as if it were not.

use serde_json::{Value, json};

use super::{
    event::{Event, time},
    scan::lines,
};

fn rules(threshold: i64) -> String {
    format!(
        "rules:\n- name: R\n  severity: 3\n  filter: eventName = \"A\"\n  aggregate_fields: []\n  window: 10m\n  threshold: {threshold}\n"
    )
}

fn events(seconds: impl IntoIterator<Item = i64>) -> Vec<Event> {
    (0..).zip(seconds).map(|(id, second)| Event::plain(id, second)).collect()
}

fn scan(test: &str, threshold: i64, deliveries: &[&[Event]]) -> Vec<Value> {
    let records: Vec<Vec<Value>> = deliveries.iter().map(|events| events.iter().map(Event::record).collect()).collect();
    lines(test, &rules(threshold), &records)
}

/// Rule 9: at a window of ten minutes, events may be six hours late up to a threshold of 30, 105 minutes at 100, and five at
/// 500. The rate of the other events is the highest that raises no alert.
#[test]
fn a_late_event_completes_its_span() {
    for (threshold, late) in [(2, 360), (30, 360), (100, 105), (500, 5)] {
        // One less than the threshold in each 601 seconds, for an hour longer than the event is late.
        let length = (late + 60) * 60;
        let others = (0..length * (threshold - 1) / 601).map(|at| at * 601 / (threshold - 1));
        let all = events(others.chain([length - late * 60]));
        let (late, others) = all.split_last().unwrap();
        let alerts = scan("late", threshold, &[others, std::slice::from_ref(late)]);
        let [alert] = alerts.as_slice() else { panic!("{threshold}: {alerts:?}") };
        // Its own span is the first with enough.
        assert_eq!((&alert["last"], &alert["count"]), (&json!(time(late.second)), &json!(threshold)));
    }
}

/// Rules 4 and 9: in a flood, an alert a window and a second reports all events that came since the last one.
#[test]
fn a_flood_is_counted() {
    const EVENTS: i64 = 4_000;
    const A_SECOND: i64 = 2;
    for threshold in [1, 3, 30] {
        let all = events((0..EVENTS).map(|at| at / A_SECOND));
        let alerts = scan("flood", threshold, &all.chunks(1_500).collect::<Vec<_>>());
        let first = (threshold - 1) / A_SECOND;
        let anchors: Vec<i64> = (0..4).map(|at| first + at * 601).filter(|at| at * A_SECOND < EVENTS).collect();
        let last: Vec<&str> = alerts.iter().map(|alert| alert["last"].as_str().unwrap()).collect();
        assert_eq!(last, anchors.iter().map(|anchor| time(*anchor)).collect::<Vec<_>>());
        // How many events there were when an alert was raised, with its own.
        let until = |at: usize| if at == 0 { threshold } else { anchors[at] * A_SECOND + 1 };
        for (at, alert) in alerts.iter().enumerate() {
            let since = (at > 0).then(|| until(at) - 1 - until(at - 1));
            assert_eq!(alert["since"].as_i64(), since, "{threshold}, {alert}");
            let more = (at + 1 == alerts.len()).then(|| EVENTS - until(at));
            assert_eq!(alert["more"].as_i64(), more, "{threshold}, {alert}");
        }
    }
}

/// Rule 9: of what a silence holds, its newest events stay, since spans that end after it hold these.
#[test]
fn a_silence_keeps_its_newest_events() {
    let flood = events([0, 0, 0].into_iter().chain(1..=600).chain([1_190]));
    let alerts = scan("newest", 3, &[&flood]);
    let last: Vec<&Value> = alerts.iter().map(|alert| &alert["last"]).collect();
    assert_eq!(json!(last), json!([time(0), time(1_190)]));
    assert_eq!(alerts[1]["since"], 600);
}
