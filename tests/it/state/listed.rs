//! What an alert lists of the values that its rule counts.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use trailbell::{
    record::Record,
    rule::RuleSet,
    state::{Audience, Claimant, Decision, Firing, Match, MemoryTable, decide},
};

const RULE: &str = "rules: [{name: R, severity: 2, filter: eventName exists, aggregate_fields: [eventName], threshold: 11, \
    distinct: requestParameters.v}]";

/// The alert that one event with this many values raises.
fn alert_of_values(count: usize) -> Firing {
    let rule = Arc::new(RuleSet::parse(RULE).unwrap().0.rules.remove(0));
    let now: Timestamp = "2026-03-02T09:05:00Z".parse().unwrap();
    let values: Vec<_> = (0..count).map(|number| format!("v{number}")).collect();
    let event = json!({"eventID": "1", "eventName": "E", "eventTime": "2026-03-02T09:00:00Z", "requestParameters": {"v": values}});
    let matches = Match::of(&rule, &Record::new(event).unwrap(), &[Audience::Alerts], now);
    let (table, mut claimant) = (MemoryTable::default(), Claimant::new("object", 60));
    let decided = pollster::block_on(decide(&table, &mut claimant, &[&matches[0]], |_| None, now));
    let [Decision::Fire(firing)] = &decided.decisions[..] else { panic!("{decided:?}") };
    firing.clone()
}

#[test]
fn values_of_one_event_are_listed_with_the_number_of_the_rest() {
    for count in [11, 12, 30, 1_250] {
        let firing = alert_of_values(count);
        let (field, listing) = firing.distinct.iter().find(|(field, _)| field == "requestParameters.v").unwrap();
        assert_eq!((firing.count, firing.approximate), (count as u64, false), "{field}");
        assert_eq!((listing.values.len(), listing.more, listing.at_least), (10, count as u64 - 10, false), "{count}");
    }
}

#[test]
fn more_values_than_an_item_holds_are_an_estimate() {
    let firing = alert_of_values(5_000);
    let (_, listing) = firing.distinct.iter().find(|(field, _)| field == "requestParameters.v").unwrap();
    assert!(firing.count >= 1_250 && firing.approximate && listing.at_least, "{firing:?}");
}
