//! Rules of every kind that counts: as the text of a rules file, and as the plain reference reads them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    event::{Event, Items},
    reference::{Alert, Arrival, Combinations, Counted, Plan, Series},
};

/// A rule. Its name is that of its place in the list.
#[derive(Clone, Debug)]
pub struct ModelRule {
    /// In seconds.
    pub window: i64,
    pub kind: Kind,
    /// Whether each user has a series, where the kind leaves this open.
    pub by_user: bool,
    pub severity: u8,
    pub alone: bool,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Events {
        threshold: usize,
    },
    /// Different items.
    Distinct {
        threshold: usize,
    },
    /// For each step the names of its events; all steps have the same value of `made`.
    Sequence {
        steps: Vec<Vec<char>>,
    },
    /// The value of `made` of the first step is that of `used` of the second.
    Handover {
        first: Vec<char>,
        second: Vec<char>,
    },
    /// New pairs of name and address; in seconds.
    New {
        within: i64,
        learning: i64,
    },
    /// So many new pairs of name and address.
    NewCounted {
        threshold: usize,
        within: i64,
        learning: i64,
    },
}

/// The values that name a series, as an alert shows them.
pub type Values = BTreeMap<String, Option<String>>;

const USER: &str = "userIdentity.userName";
const MADE: &str = "requestParameters.made";
const USED: &str = "requestParameters.used";

impl ModelRule {
    pub fn yaml(&self, name: &str) -> String {
        let Self { severity, alone, window, .. } = self;
        let head = format!("- name: {name}\n  severity: {severity}\n  alone: {alone}\n  window: {window}s\n");
        let names = |names: &[char]| {
            let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
            format!("eventName in ({})", quoted.join(", "))
        };
        let every = names(&['A', 'B', 'C', 'D']);
        let series = format!("  aggregate_fields: [{}]\n  filter: {every}\n", if self.by_user { USER } else { "" });
        let first_seen = |within: i64, learning: i64| {
            format!(
                "  first_seen: {{fields: [eventName, sourceIPAddress], within: {within}s, learning: {learning}s}}\n"
            )
        };
        let steps = |steps: Vec<String>| format!("  sequence:\n  - {}\n", steps.join("\n  - "));
        let more = match &self.kind {
            Kind::Events { threshold } => format!("{series}  threshold: {threshold}\n"),
            Kind::Distinct { threshold } => {
                format!("{series}  threshold: {threshold}\n  distinct: requestParameters.item\n")
            }
            Kind::Sequence { steps: all } => {
                let all = all.iter().map(|step| format!("filter: {}", names(step))).collect();
                format!("{}  by: [{MADE}]\n", steps(all))
            }
            Kind::Handover { first, second } => {
                let step = |step: &[char], by: &str| format!("{{filter: '{}', by: [{by}]}}", names(step));
                steps(vec![step(first, MADE), step(second, USED)])
            }
            Kind::New { within, learning } => format!("{series}{}", first_seen(*within, *learning)),
            Kind::NewCounted { threshold, within, learning } => {
                format!("{series}  threshold: {threshold}\n{}", first_seen(*within, *learning))
            }
        };
        head + &more
    }

    pub fn plan(&self) -> Plan {
        let counted = match &self.kind {
            Kind::Events { threshold } => Counted::Events(*threshold),
            Kind::Distinct { threshold } | Kind::NewCounted { threshold, .. } => Counted::Values(*threshold),
            Kind::Sequence { steps } => Counted::Steps(steps.len()),
            Kind::Handover { .. } => Counted::Steps(2),
            Kind::New { .. } => Counted::Events(1),
        };
        Plan { window: self.window, counted }
    }

    /// Whether the rule takes part in "one act, one alert": it does not count, and may have company.
    pub fn is_sociable(&self) -> bool {
        matches!(self.kind, Kind::Events { threshold: 1 }) && !self.alone
    }

    /// What the rule knows at first, if it has begun to learn at second 0.
    pub fn combinations(&self) -> Option<Combinations> {
        match self.kind {
            Kind::New { within, learning } | Kind::NewCounted { within, learning, .. } => {
                Some(Combinations::new(within, learning))
            }
            _ => None,
        }
    }

    /// The series that an event belongs to, and how it arrives there.
    pub fn arrivals(&self, event: &Event) -> Vec<(Values, Arrival)> {
        let arrival = |values: BTreeSet<String>, steps: BTreeSet<usize>| Arrival {
            event: event.identity(),
            time: event.second,
            values,
            steps,
        };
        let mut series = Values::new();
        if self.by_user {
            series.insert(USER.to_owned(), Some(event.user_name()));
        }
        match &self.kind {
            Kind::Events { .. } => vec![(series, arrival(BTreeSet::new(), BTreeSet::new()))],
            Kind::Distinct { .. } => vec![(series, arrival(counted(&event.items), BTreeSet::new()))],
            Kind::New { .. } => {
                series.insert("eventName".to_owned(), Some(event.name.to_string()));
                series.insert("sourceIPAddress".to_owned(), Some(event.address()));
                vec![(series, arrival(BTreeSet::new(), BTreeSet::new()))]
            }
            Kind::NewCounted { .. } => {
                let values = BTreeSet::from([combination(event).join(" ")]);
                vec![(series, arrival(values, BTreeSet::new()))]
            }
            Kind::Sequence { steps } => {
                let by: Vec<_> = steps.iter().map(|names| (names.as_slice(), event.made)).collect();
                in_sequence(event, &by).into_iter().map(|(by, steps)| (by, arrival(BTreeSet::new(), steps))).collect()
            }
            Kind::Handover { first, second } => {
                let by = [(first.as_slice(), event.made), (second.as_slice(), event.used)];
                in_sequence(event, &by).into_iter().map(|(by, steps)| (by, arrival(BTreeSet::new(), steps))).collect()
            }
        }
    }
}

/// The identities of `distinct`: null is one value, and of a list each element that is not null.
fn counted(items: &Items) -> BTreeSet<String> {
    let found: BTreeSet<String> = match items {
        Items::Missing | Items::Null => BTreeSet::new(),
        Items::One(one) => BTreeSet::from([one.to_string()]),
        Items::List(list) => list.iter().flatten().map(ToString::to_string).collect(),
    };
    if found.is_empty() { BTreeSet::from(["null".to_owned()]) } else { found }
}

/// The values of `first_seen`.
pub fn combination(event: &Event) -> [String; 2] {
    [event.name.to_string(), event.address()]
}

/// The steps that an event can take, by the value that names the series. The field is that of the first step.
fn in_sequence(event: &Event, steps: &[(&[char], Option<u8>)]) -> BTreeMap<Values, BTreeSet<usize>> {
    let mut series: BTreeMap<Values, BTreeSet<usize>> = BTreeMap::new();
    for (step, (names, by)) in steps.iter().enumerate() {
        if let (true, Some(by)) = (names.contains(&event.name), by) {
            let values = Values::from([(MADE.to_owned(), Some(format!("key-{by}")))]);
            series.entry(values).or_default().insert(step);
        }
    }
    series
}

/// An alert as it is expected.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expected {
    pub rule: String,
    pub values: Values,
    pub alert: Alert,
    /// Only on the alert of a series that was raised last.
    pub more: usize,
    /// The rules that it names, whose alerts it covers.
    pub also: Vec<String>,
}

/// The rule and the series of an alert, the alert, and the rules that it names.
type RaisedAlert = ((usize, Values), Alert, Vec<String>);

/// Some rules, and every event that they ever got.
pub struct Model {
    rules: Vec<(String, ModelRule, Option<Combinations>)>,
    series: BTreeMap<(usize, Values), Series>,
    /// The alerts in the order in which they were raised, by rule and series, with the rules that each names.
    raised: Vec<RaisedAlert>,
}

impl Model {
    pub fn new(rules: &[ModelRule]) -> Self {
        let rule = |(at, rule): (usize, &ModelRule)| (name(at), rule.clone(), rule.combinations());
        Self { rules: rules.iter().enumerate().map(rule).collect(), series: BTreeMap::new(), raised: Vec::new() }
    }

    /// One event arrives. Of the alerts about it that may have company, the most severe, then the first in the file, names the
    /// others, which are not sent.
    pub fn arrive(&mut self, event: &Event) {
        let (mut raised, mut sociable) = (Vec::new(), BTreeMap::new());
        for (at, (_, rule, combinations)) in self.rules.iter_mut().enumerate() {
            let is_counted = combinations
                .as_mut()
                .is_none_or(|known| known.counts(&combination(event), &event.identity(), event.second));
            if !is_counted {
                continue;
            }
            for (values, arrival) in rule.arrivals(event) {
                let key = (at, values);
                let series = self.series.entry(key.clone()).or_insert_with(|| Series::new(rule.plan()));
                let Some(alert) = series.arrive(&arrival) else { continue };
                if rule.is_sociable() {
                    sociable.insert((rule.severity, at), (key, alert));
                } else {
                    raised.push((key, alert, Vec::new()));
                }
            }
        }
        if let Some((_, (key, alert))) = sociable.pop_first() {
            raised.push((key, alert, sociable.into_keys().map(|(_, at)| self.rules[at].0.clone()).collect()));
        }
        self.raised.extend(raised);
    }

    /// For each series the last times of the spans that have enough in them, whatever alerts cover, and how much is in the
    /// window that ends there.
    pub fn full(&self) -> BTreeMap<(String, Values), BTreeMap<i64, usize>> {
        let full = |((at, values), series): (&(usize, Values), &Series)| {
            ((self.rules[*at].0.clone(), values.clone()), series.full())
        };
        self.series.iter().map(full).collect()
    }

    /// All alerts so far, sorted.
    pub fn alerts(&self) -> Vec<Expected> {
        let expected = |(at, (key, alert, also)): (usize, &RaisedAlert)| {
            let is_last = !self.raised[at + 1..].iter().any(|(other, ..)| other == key);
            Expected {
                rule: self.rules[key.0].0.clone(),
                values: key.1.clone(),
                alert: alert.clone(),
                more: if is_last { self.series[key].more() } else { 0 },
                also: also.clone(),
            }
        };
        let mut expected: Vec<Expected> = self.raised.iter().enumerate().map(expected).collect();
        expected.sort();
        expected
    }
}

/// The name of the rule at that place.
pub fn name(at: usize) -> String {
    format!("Rule {at}")
}

/// The rules file.
pub fn rules_file(rules: &[ModelRule]) -> String {
    let rules: String = rules.iter().enumerate().map(|(at, rule)| rule.yaml(&name(at))).collect();
    format!("rules:\n{rules}")
}
