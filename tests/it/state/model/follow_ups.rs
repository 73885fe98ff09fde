//! Follow-ups against a plain statement of "Counting", rule 4: each silenced event is reported once, by the next alert of its
//! series or by the one follow-up of its last alert.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use proptest::{collection::vec, prelude::*};
use trailbell::{
    record::Record,
    rule::{AggregateValue, Rule, RuleSet},
    state::{
        Audience, Claimant, Decision, DueEntry, FollowUp, Headline, Match, MemoryTable, StoredItem, Table, decide,
        due::{slot, slot_keys},
        mark_followed_up, mark_sent, start_learning,
    },
};

use super::{
    event::{BEGIN, Event},
    reference::{Combinations, Series, Silenced},
    rules::{Kind, ModelRule, Values, combination, name},
    strategy::{Case, cases, late, wild},
};
use crate::state::world::finish;

/// Of the rules, each second one has a follow-up: its severity is 2.
fn has_follow_up(rule: usize) -> bool {
    rule.is_multiple_of(2)
}

fn rules(rules: &[ModelRule]) -> Vec<Arc<Rule>> {
    let yaml = |(at, rule): (usize, &ModelRule)| {
        ModelRule { severity: if has_follow_up(at) { 2 } else { 3 }, ..rule.clone() }.yaml(&name(at))
    };
    let text: String = rules.iter().enumerate().map(yaml).collect();
    RuleSet::parse(&format!("rules:\n{text}")).unwrap().0.rules.into_iter().map(Arc::new).collect()
}

fn clock(second: i64) -> Timestamp {
    Timestamp::from_second(BEGIN + second).unwrap()
}

/// The function, its table, and what it sent. Times are in seconds after [`BEGIN`].
struct Function {
    rules: Vec<Arc<Rule>>,
    table: MemoryTable,
    /// By the key of each series: its rule and values, and the id and the event of its last alert.
    series: BTreeMap<String, (usize, Values, String, String)>,
    /// `since` of each alert, by id.
    alerts: BTreeMap<String, ((usize, Values), Option<u64>)>,
    followed: BTreeSet<String>,
    /// The first slot that the tick has not read.
    cursor: i64,
}

/// A follow-up: how many, first, last, the listed ids, and the addresses if all are listed.
type Row = (u64, i64, i64, BTreeSet<String>, Option<BTreeSet<String>>);

impl Function {
    fn new(model: &[ModelRule], now: i64) -> Self {
        let (rules, table) = (rules(model), MemoryTable::default());
        let mut claimant = Claimant::new("begin", 500);
        assert!(finish(start_learning(&table, &mut claimant, rules.iter().map(|rule| &**rule), clock(0))));
        let (series, alerts, followed) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        Self { rules, table, series, alerts, followed, cursor: slot(BEGIN + now) }
    }

    /// Handles a delivery; `ends` before it marks what it sent.
    fn deliver(&mut self, delivery: &str, events: &[Event], now: i64, ends: bool) {
        let mut matches = Vec::new();
        for event in events {
            let record = Record::new(event.record()).unwrap();
            for (at, rule) in self.rules.iter().enumerate() {
                let of = Match::of(rule, &record, &[Audience::Alerts], clock(now));
                matches.extend(of.into_iter().map(|one| (at, values(one.values(&record)), event.identity(), one)));
            }
        }
        let only: Vec<&Match> = matches.iter().map(|(.., one)| one).collect();
        let headline = |at: usize| Some(Headline { title: matches[at].2.clone(), ..Headline::default() });
        let mut claimant = Claimant::new(delivery, 500).begun(clock(now));
        let decided = finish(decide(&self.table, &mut claimant, &only, headline, clock(now)));
        let mut sent = Vec::new();
        for (at, decision) in decided.decisions.into_iter().enumerate().chain(decided.resumed) {
            let Decision::Fire(firing) = decision else { continue };
            let (rule, values, event, _) = &matches[at];
            let alert = ((*rule, values.clone()), firing.since_last);
            let known = self.alerts.insert(firing.alert_id.clone(), alert.clone());
            assert!(known.as_ref().is_none_or(|known| *known == alert), "a retry reports the same");
            if known.is_none() {
                let last = (*rule, values.clone(), firing.alert_id.clone(), event.clone());
                self.series.insert(firing.ticket.key().to_owned(), last);
            }
            sent.push((firing.ticket, Audience::Alerts));
        }
        if !ends {
            finish(mark_sent(&self.table, &mut claimant, &sent)).unwrap();
        }
    }

    /// Sends what is due in the slots that have ended; a process may end before it is marked, and then the tick comes again.
    fn tick(&mut self, now: i64, ends: bool) -> BTreeMap<(usize, Values), Row> {
        let slots = self.cursor..slot(BEGIN + now);
        let due: Vec<DueEntry> = slots.clone().flat_map(slot_keys).flat_map(|key| self.entries(&key)).collect();
        let mut all = BTreeMap::new();
        let mut sent = Vec::new();
        for entry in due {
            let DueEntry::FollowUp { series, anchor, .. } = entry else { panic!("{entry:?}") };
            let (rule, values, alert_id, title) = &self.series[&series];
            let Some(StoredItem::Series(item)) = self.read(&series) else { panic!("{series}") };
            let found = FollowUp::of(&self.rules[*rule], &series, &item, anchor, clock(now));
            let Some(found) = found.filter(|found| sent.iter().all(|other: &FollowUp| other.id() != found.id())) else {
                continue;
            };
            assert_eq!((&found.alert_id, &found.headline.title), (alert_id, title), "of the last alert");
            all.insert((*rule, values.clone()), row(&found));
            sent.push(found);
        }
        if ends {
            // The next tick finds the same.
            return self.tick(now, false);
        }
        self.cursor = slots.end.max(slots.start);
        finish(mark_followed_up(&self.table, &sent.iter().collect::<Vec<_>>(), clock(now))).unwrap();
        for one in &sent {
            assert!(self.followed.insert(one.id()), "an alert has one follow-up");
        }
        all
    }

    fn read(&self, key: &str) -> Option<StoredItem> {
        finish(self.table.read(&[key])).unwrap().remove(0).map(|(item, _)| item)
    }

    fn entries(&self, key: &str) -> Vec<DueEntry> {
        match self.read(key) {
            Some(StoredItem::Due(entries)) => entries.iter().map(|text| DueEntry::decode(text).unwrap()).collect(),
            other => {
                assert_eq!(other, None);
                Vec::new()
            }
        }
    }
}

fn values(values: Vec<AggregateValue>) -> Values {
    let value = |value: AggregateValue| (value.field.clone(), (!value.values.is_empty()).then(|| value.to_string()));
    values.into_iter().map(value).collect()
}

fn row(found: &FollowUp) -> Row {
    assert!(!found.approximate, "nothing is near the bounds: {found:?}");
    let second = |time: Timestamp| time.as_second() - BEGIN;
    let ids: BTreeSet<String> = found.events.values.iter().cloned().collect();
    assert!(found.events.at_least || ids.len() as u64 + found.events.more == found.more, "{found:?}");
    let addresses = found.distinct.iter().find(|(field, _)| field == "ip").map(|(_, listing)| listing);
    let all = addresses.filter(|listing| listing.more == 0 && !listing.at_least);
    let all = all.map(|listing| listing.values.iter().cloned().collect());
    (found.more, second(found.first), second(found.last), ids, all)
}

/// What rule 4 says.
struct Statement {
    rules: Vec<(ModelRule, Option<Combinations>)>,
    series: BTreeMap<(usize, Values), Page>,
    addresses: BTreeMap<String, String>,
    alerts: Vec<((usize, Values), Option<u64>)>,
}

struct Page {
    series: Series,
    due: Option<i64>,
    is_followed: bool,
}

impl Statement {
    fn deliver(&mut self, events: &[Event], now: i64) {
        for event in events {
            self.addresses.insert(event.identity(), event.address());
            for (at, (rule, combinations)) in self.rules.iter_mut().enumerate() {
                let known = combinations.as_mut();
                if !known.is_none_or(|known| known.counts(&combination(event), &event.identity(), event.second)) {
                    continue;
                }
                for (values, arrival) in rule.arrivals(event) {
                    let key = (at, values);
                    let new = || Page { series: Series::new(rule.plan()), due: None, is_followed: false };
                    let page = self.series.entry(key.clone()).or_insert_with(new);
                    if let Some(alert) = page.series.arrive(&arrival) {
                        // It reports what was due, and what comes after it is its own.
                        (page.due, page.is_followed) = (None, false);
                        self.alerts.push((key, alert.since.map(|since| since as u64)));
                    }
                    if has_follow_up(at) && !page.is_followed && page.due.is_none() && page.series.more() > 0 {
                        let newest = page.series.alerts.iter().map(|alert| alert.anchor).max().unwrap();
                        page.due = Some((newest + rule.window).max(now) + 15 * 60);
                    }
                }
            }
        }
    }

    /// What is due in slots of five minutes that have ended.
    fn tick(&mut self, now: i64) -> BTreeMap<(usize, Values), (usize, Silenced)> {
        let mut all = BTreeMap::new();
        for (key, page) in &mut self.series {
            if page.due.take_if(|due| (BEGIN + *due).div_euclid(300) < (BEGIN + now).div_euclid(300)).is_some() {
                page.is_followed = true;
                all.insert(key.clone(), (page.series.more(), page.series.follow_up()));
            }
        }
        all
    }
}

/// The window of the rule becomes shorter before the follow-up is due, or the rule wants none any more.
#[test]
fn a_rule_may_change_before_its_follow_up() {
    let model = |window| {
        vec![ModelRule { window, kind: Kind::Events { threshold: 1 }, by_user: false, severity: 3, alone: false }]
    };
    let without = |rule: &Arc<Rule>| Arc::new(Rule { follow_up: Some(false), ..Rule::clone(rule) });
    let without: Vec<Arc<Rule>> = rules(&model(600)).iter().map(without).collect();
    for (changed, expected) in [(rules(&model(60)), Some(1)), (rules(&model(6_000)), Some(1)), (without, None)] {
        let mut function = Function::new(&model(600), 500);
        function.deliver("1", &[Event::plain(1, 0), Event::plain(2, 500)], 500, false);
        function.rules = changed;
        // Due at 600 + 900; the slot of five minutes ends at 1,600.
        assert_eq!(function.tick(1_599, false), BTreeMap::new());
        assert_eq!(function.tick(1_600, false).into_values().map(|row| row.0).next(), expected);
        assert_eq!(function.tick(100_000, false), BTreeMap::new());
    }
}

/// Compares what both sent.
fn agree(function: &mut Function, statement: &mut Statement, now: i64, ends: bool) -> Result<(), TestCaseError> {
    let (found, expected) = (function.tick(now, ends), statement.tick(now));
    prop_assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (key, (more, first, last, ids, addresses)) in found {
        let (expected_more, silenced) = &expected[&key];
        let times: Vec<i64> = silenced.iter().map(|(_, time)| *time).collect();
        prop_assert_eq!(usize::try_from(more).unwrap(), *expected_more, "{:?}", key);
        prop_assert_eq!(Some(&first), times.iter().min());
        prop_assert_eq!(Some(&last), times.iter().max());
        let known: BTreeSet<String> = silenced.iter().map(|(event, _)| event.clone()).collect();
        // Where values count, events of the same second are one.
        let rule = &function.rules[key.0];
        let counts_values = rule.distinct.is_some() || (rule.first_seen.is_some() && rule.threshold > 1);
        prop_assert!(ids.is_subset(&known) || counts_values, "{:?}: {:?}", ids, known);
        if let Some(addresses) = addresses.filter(|_| !counts_values) {
            let known: BTreeSet<String> = known.iter().map(|event| statement.addresses[event].clone()).collect();
            prop_assert!(addresses.is_superset(&known), "{:?} {:?}", addresses, known);
        }
    }
    Ok(())
}

/// One of these comes before each delivery: so many quarters of a window pass, and then a tick may come.
#[derive(Clone, Copy, Debug)]
struct Pause {
    quarters: i64,
    tick: bool,
    /// Whether the delivery, or the tick, ends before it marks what it sent, and comes again.
    ends: bool,
}

fn pauses() -> impl Strategy<Value = Vec<Pause>> {
    let one = (prop_oneof![2 => Just(0_i64), 1 => 1..9_i64], any::<bool>(), any::<bool>());
    vec(one.prop_map(|(quarters, tick, ends)| Pause { quarters, tick, ends }), 8)
}

fn plays(case: &Case, pauses: &[Pause]) -> Result<(), TestCaseError> {
    let mut now = case.deliveries.iter().flatten().map(|event| event.second).max().unwrap_or(0);
    let mut function = Function::new(&case.rules, now);
    let known = |rule: &ModelRule| (rule.clone(), rule.combinations());
    let rules = case.rules.iter().map(known).collect();
    let mut statement = Statement { rules, series: BTreeMap::new(), addresses: BTreeMap::new(), alerts: Vec::new() };
    let window = case.rules.iter().map(|rule| rule.window).max().unwrap_or(0);
    for (at, (delivery, pause)) in case.deliveries.iter().zip(pauses.iter().cycle()).enumerate() {
        now += pause.quarters * window / 4;
        if pause.tick {
            agree(&mut function, &mut statement, now, pause.ends)?;
        }
        if pause.ends {
            function.deliver(&at.to_string(), delivery, now, true);
        }
        function.deliver(&at.to_string(), delivery, now, false);
        statement.deliver(delivery, now);
    }
    for days in [3, 30] {
        // Everything is delivered again, which makes nothing due.
        agree(&mut function, &mut statement, now + days * 86_400, false)?;
        for (at, delivery) in case.deliveries.iter().enumerate() {
            function.deliver(&at.to_string(), delivery, now + days * 86_400, false);
        }
    }
    let mut found: Vec<_> = function.alerts.into_values().collect();
    let mut expected = statement.alerts;
    found.sort();
    expected.sort();
    prop_assert_eq!(found, expected, "what each alert reports as silenced");
    for (key, page) in &statement.series {
        prop_assert!(page.due.is_none() && (page.series.more() == 0 || page.is_followed || !has_follow_up(key.0)));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(50)) })]

    #[test]
    fn each_silenced_event_is_reported_once(case in wild(), pauses in pauses()) {
        plays(&case, &pauses)?;
    }

    #[test]
    fn each_silenced_combination_is_reported_once(case in late(), pauses in pauses()) {
        plays(&case, &pauses)?;
    }
}
