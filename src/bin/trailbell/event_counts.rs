//! What the events of a test count for a rule: why they raise more or fewer alerts than the test expects.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use trailbell::{
    diagnostic::{Span, counted},
    record::Record,
    rule::{AggregateValue, FieldPath, Identities, Rule, Verdict, show_duration},
    untrusted::{printable, shorten_to},
};

use crate::decided;

/// The longest description of a series, in characters.
const MAX_SERIES: usize = 160;

/// The fields of a series with their values.
type Values = Vec<(String, String)>;

/// The time of an event, and what is counted of it.
type Counted = (Timestamp, Vec<String>);

/// What the events so far count.
pub struct EventCounts<'r> {
    rule: &'r Rule,
    events: u64,
    /// Events with an id that came before, which count once.
    repeated: u64,
    ids: HashSet<String>,
    /// The first event that the filter does not match.
    other: Option<Record>,
    matches: u64,
    suppressed: u64,
    /// When the rule has learned, of `first_seen`.
    learned: Option<Timestamp>,
    /// The matches before that.
    learning: u64,
    /// The matches that count, by series: their times and what is counted of them.
    series: BTreeMap<Values, Vec<Counted>>,
    /// Of the matches that count, those without a value at a field.
    missing: BTreeMap<String, u64>,
    /// Of each step of a sequence: its events, and those of them that have a value at each field of `by`.
    steps: Vec<(u64, u64)>,
}

impl<'r> EventCounts<'r> {
    /// Those of no event.
    pub fn new(rule: &'r Rule) -> Self {
        Self {
            rule,
            events: 0,
            repeated: 0,
            ids: HashSet::new(),
            other: None,
            matches: 0,
            suppressed: 0,
            learned: None,
            learning: 0,
            series: BTreeMap::new(),
            missing: BTreeMap::new(),
            steps: vec![(0, 0); rule.steps().len()],
        }
    }

    /// Counts an event.
    pub fn add(&mut self, record: &Record) {
        self.events += 1;
        let time = record.event_time();
        if self.events == 1
            && let Some(first_seen) = &self.rule.first_seen
        {
            self.learned = time.and_then(|time| time.checked_add(first_seen.learning).ok());
        }
        if record.at(&["eventID"]).is_some_and(|id| !self.ids.insert(id)) {
            self.repeated += 1;
            return;
        }
        match self.rule.verdict(record) {
            Verdict::NoMatch => {
                self.other.get_or_insert_with(|| record.clone());
                return;
            }
            Verdict::Suppressed => {
                self.matches += 1;
                self.suppressed += 1;
                return;
            }
            Verdict::Match => self.matches += 1,
        }
        let time = time.unwrap_or_default();
        self.learning += u64::from(self.learned.is_some_and(|learned| time < learned));
        for field in self.named_fields() {
            let has_value = field.path.visit(record.root(), &mut |scalar| scalar.to_text().is_some());
            *self.missing.entry(field.name().to_owned()).or_default() += u64::from(!has_value);
        }
        for (step, (events, complete)) in self.rule.explain(record).steps.iter().zip(&mut self.steps) {
            *events += u64::from(step.filter.held);
            *complete += u64::from(step.counts());
        }
        let counted = match self.rule.identities(record) {
            Identities::Event => vec![self.ids.len().to_string()],
            Identities::Values(values) => values.iter().map(|values| shown(values)).collect(),
        };
        for arrival in self.rule.arrivals(record) {
            let key = arrival.values.iter().map(|value| (value.field.clone(), value.to_string())).collect();
            self.series.entry(key).or_default().push((time, counted.clone()));
        }
    }

    /// The fields that the rule names, other than those of `by`.
    fn named_fields(&self) -> impl Iterator<Item = &'r FieldPath> + use<'r> {
        let first_seen = self.rule.first_seen.iter().flat_map(|first_seen| &first_seen.fields);
        self.rule.aggregate_fields.iter().flatten().chain(&self.rule.distinct).chain(first_seen)
    }

    /// What the counts came to, a line each; `line` is the number of the line of the rules file where a place is.
    pub fn lines(&self, line: &dyn Fn(Span) -> usize) -> Vec<String> {
        let rule = self.rule;
        let note =
            |count: u64, what: &str| if count > 0 { what.replace("{}", &count.to_string()) } else { String::new() };
        let mut lines = vec![format!(
            "{} of {} match the filter{}{}",
            self.matches,
            counted(self.events, "event"),
            note(self.suppressed, ", {} of them suppressed"),
            note(self.repeated, "; {} not counted, since the `eventID` came before"),
        )];
        if self.matches == 0
            && let Some(other) = &self.other
        {
            lines.push("the first event does not match:".to_owned());
            lines.extend(decided::because(rule, &rule.explain(other), Verdict::Match, line));
        }
        let alerting = self.matches - self.suppressed;
        if alerting == 0 {
            return lines;
        }
        if let (Some(first_seen), Some(learned)) = (&rule.first_seen, self.learned.filter(|_| self.learning > 0)) {
            let length = show_duration(first_seen.learning);
            let before = self.learning;
            lines.push(format!(
                "`first_seen` learns until {learned}, for {length}: {before} of {alerting} matches are before"
            ));
        }
        for (field, missing) in self.missing.iter().filter(|(_, missing)| **missing > 0) {
            lines.push(format!("`{field}` has no value in {missing} of {alerting} matches"));
        }
        for (at, (events, complete)) in self.steps.iter().enumerate() {
            let lacking = events - complete;
            let lacking = if lacking == 0 { String::new() } else { format!(", {lacking} without a value at `by`") };
            lines.push(format!("step {} of {}: {}{lacking}", at + 1, self.steps.len(), counted(*events, "event")));
        }
        let window = show_duration(rule.window);
        if rule.threshold > 1 {
            let of = |(key, events): (&Values, &Vec<_>)| (most_within(events, rule), described(key));
            if let Some((most, series)) = self.series.iter().map(of).max_by_key(|(most, _)| *most) {
                let (threshold, noun) = (rule.threshold, rule.counted());
                lines.push(format!(
                    "`threshold` is {threshold} within {window}; the most is {}, of {series}",
                    counted(most, noun)
                ));
            }
        }
        let series = counted(self.series.len() as u64, "combination");
        let fields =
            self.series.keys().next().map(|key| key.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>());
        let fields = fields.filter(|fields| !fields.is_empty()).map(|fields| format!(" of {}", fields.join(", ")));
        lines.push(format!("{series}{}; one alert covers each for {window}", fields.unwrap_or_default()));
        lines.into_iter().map(|line| printable(&line)).collect()
    }
}

/// The largest count of one series within the rule's window.
fn most_within(events: &[Counted], rule: &Rule) -> u64 {
    let mut events: Vec<_> = events.iter().collect();
    events.sort_by_key(|(time, _)| *time);
    let (mut start, mut most) = (0, 0);
    let mut within: BTreeMap<&str, u64> = BTreeMap::new();
    for (time, counted) in &events {
        for value in counted {
            *within.entry(value).or_default() += 1;
        }
        while let Some((_, leaving)) = events.get(start).filter(|(first, _)| time.duration_since(*first) > rule.window)
        {
            for value in leaving {
                if let Some(count) = within.get_mut(value.as_str()) {
                    *count -= 1;
                    if *count == 0 {
                        within.remove(value.as_str());
                    }
                }
            }
            start += 1;
        }
        most = most.max(within.len());
    }
    most as u64
}

fn shown(values: &[AggregateValue]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn described(series: &[(String, String)]) -> String {
    let values: Vec<_> = series.iter().map(|(field, value)| format!("{field}: {value}")).collect();
    shorten_to(&values.join(", "), MAX_SERIES)
}
