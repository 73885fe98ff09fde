//! A match as the state takes it: what of its record counts. It is small, and holds no record.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    audience::Audience,
    held::HeldLine,
    key::{Series, caller, event_id, learning_key, limit_key},
    listing::Listing,
    series::{Arrival, Kind, Plan, Sample},
};
use crate::{
    record::{Path, Record, Root, Step, Virtual},
    rule::{AggregateValue, FieldPath, Identities, Rule, SeriesArrival, combination},
    untrusted::shorten_to,
};

/// The longest text of a match, in characters.
const MAX_TEXT: usize = 160;
/// The most values of a field that one match shows.
const MAX_SAMPLES: usize = 11;
/// The most values of a match that are counted: one more than an item holds, so that the count of more is an estimate.
const MAX_VALUES: usize = 1_251;

/// Where a match was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The record, among those of its delivery.
    pub record: u64,
    /// The position of its rule in the rules file.
    pub position: usize,
}

/// A match of a rule in one of its series.
#[derive(Clone, Debug)]
pub struct Match {
    pub(super) rule: Arc<Rule>,
    pub(super) audiences: Vec<Audience>,
    pub(super) series: Series,
    /// The key of the series.
    pub(super) key: String,
    pub(super) arrival: Arrival,
    /// The key of its combination of values, for a rule with `first_seen`.
    pub(super) combination: Option<String>,
    /// A hash of who made the request.
    pub(super) caller: u64,
    /// What a list has of its alert if the hourly limit holds it back.
    pub(super) line: Arc<HeldLine>,
    /// Where it was found, where that is known.
    pub(super) place: Option<Place>,
}

impl Match {
    /// A record that a rule matches and no suppression: one match for each series of the rule in which it arrives, and none
    /// for a sequence whose `by` has no value. Its alert would go to `audiences`, at least one; `otherwise` is the time of an
    /// event that has none.
    pub fn of(rule: &Arc<Rule>, record: &Record, audiences: &[Audience], otherwise: Timestamp) -> Vec<Self> {
        let line = Arc::new(HeldLine::of(record, otherwise));
        let event = Arrival {
            time: record.event_time().unwrap_or(otherwise).as_second(),
            event: event_id(record),
            values: values(rule, record),
            steps: 0,
            name: record.at(&["eventID"]).map(|id| shorten_to(&id, MAX_TEXT)).unwrap_or_default(),
            succeeds: line.is_success,
            samples: Vec::new(),
        };
        let combination =
            rule.first_seen.as_ref().map(|seen| Series::new(rule, &combination(&seen.fields, record)).sightings_key());
        let caller = caller(&record.field(Virtual::Principal).unwrap_or_default());
        let of_series = |SeriesArrival { values, steps }: SeriesArrival| {
            let series = Series::new(rule, &values);
            let samples = samples(rule, record, &values);
            let arrival = Arrival { steps, samples, ..event.clone() };
            let (rule, audiences, line) = (Arc::clone(rule), audiences.to_vec(), Arc::clone(&line));
            let combination = combination.clone();
            Self { rule, audiences, key: series.item_key(), series, arrival, combination, caller, line, place: None }
        };
        rule.arrivals(record).into_iter().map(of_series).collect()
    }

    /// Notes where it was found: in which record of its delivery, and the position of its rule in the rules file. The alert of the
    /// most severe rule covers the other matches of the record; without a place, the match is decided by itself.
    #[must_use]
    pub fn at(self, record: u64, position: usize) -> Self {
        Self { place: Some(Place { record, position }), ..self }
    }

    /// Its rule.
    pub fn rule(&self) -> &Arc<Rule> {
        &self.rule
    }

    /// What the events of its series have in common, of which `record` is one: its own.
    pub fn values(&self, record: &Record) -> Vec<AggregateValue> {
        let is_own = |arrival: &SeriesArrival| Series::new(&self.rule, &arrival.values) == self.series;
        self.rule.arrivals(record).into_iter().find(is_own).map(|arrival| arrival.values).unwrap_or_default()
    }

    /// What its rule counts.
    pub(super) fn plan(&self) -> Plan {
        plan(&self.rule)
    }

    /// Whether its record may have more values than are counted.
    pub(super) fn is_cut(&self) -> bool {
        self.arrival.values.len() >= MAX_VALUES
    }

    /// Whether its record may have more values of the field than it shows.
    pub(super) fn may_have_more(&self, field: u8) -> bool {
        self.arrival.samples.iter().filter(|sample| sample.field == field).count() >= MAX_SAMPLES
    }

    /// The keys of all items that decide about it in an hour.
    pub(super) fn keys(&self, hour: i64) -> impl Iterator<Item = String> {
        let learning = self.rule.first_seen.as_ref().map(|first_seen| learning_key(&self.rule, first_seen));
        [self.key.clone(), limit_key(&self.rule, hour)].into_iter().chain(learning).chain(self.combination.clone())
    }
}

/// What a rule counts.
pub fn plan(rule: &Rule) -> Plan {
    let kind = match &rule.sequence {
        Some(sequence) => Kind::Sequence { steps: u8::try_from(sequence.steps.len()).unwrap_or(u8::MAX) },
        None if rule.distinct.is_some() || (rule.first_seen.is_some() && rule.threshold > 1) => Kind::Values,
        None => Kind::Events,
    };
    Plan { window: rule.window.as_secs(), threshold: rule.threshold, kind }
}

/// The name of a field in which the events of a series of the rule differ.
pub fn field_name(rule: &Rule, field: u8) -> &str {
    SHORT.get(usize::from(field)).map_or_else(|| target_name(rule), |(_, name)| name)
}

/// Whether the values of the field are those that the rule counts.
pub fn counts(rule: &Rule, field: u8) -> bool {
    field == TARGET && rule.distinct.is_some()
}

/// Whether events whose different values of a field are these may have more of them: each shows only the first ones.
pub fn may_have_more(field: u8, listing: &Listing) -> bool {
    field == TARGET && listing.count() >= MAX_SAMPLES as u64
}

/// Hashes of the values that the rule counts; none for a rule that counts events.
fn values(rule: &Rule, record: &Record) -> Vec<u64> {
    match rule.identities(record) {
        Identities::Event => Vec::new(),
        Identities::Values(values) => {
            values.iter().take(MAX_VALUES).map(|value| Series::new(rule, value).number()).collect()
        }
    }
}

/// The short names of fields in which the events of a series may differ. Their positions are stored.
const SHORT: [(Virtual, &str); 3] =
    [(Virtual::Principal, "principal"), (Virtual::OwnerAccount, "ownerAccount"), (Virtual::Ip, "ip")];
/// The position of what the events of a series act on.
const TARGET: u8 = 3;

/// The values in which an event may differ from others of its series, which have `common` values.
fn samples(rule: &Rule, record: &Record, common: &[AggregateValue]) -> Vec<Sample> {
    let shown = |text: String| shorten_to(&text, MAX_TEXT);
    let short = (0..)
        .zip(SHORT)
        .map(|(field, (short, name))| (field, name, record.field(short).map(shown).into_iter().collect()));
    let target = match &rule.distinct {
        Some(distinct) => texts(&distinct.path, record),
        None => texts(&resources(), record),
    };
    let all = short.chain([(TARGET, target_name(rule), target)]);
    let differing = all.filter(|(_, name, _)| !common.iter().any(|value| value.field == *name));
    let sample = |(field, _, texts): (u8, &str, Vec<String>)| texts.into_iter().map(move |text| Sample { field, text });
    differing.flat_map(sample).collect()
}

/// The name of what the events of a series act on.
fn target_name(rule: &Rule) -> &str {
    rule.distinct.as_ref().map_or("resources.ARN", FieldPath::name)
}

fn resources() -> Path {
    Path { root: Root::Record, steps: ["resources", "ARN"].map(|key| Step::Key(key.to_owned())).to_vec() }
}

/// The first texts at a path, each shortened.
fn texts(path: &Path, record: &Record) -> Vec<String> {
    let mut texts = Vec::new();
    path.visit(record.root(), &mut |scalar| {
        texts.extend(scalar.to_text().map(|text| shorten_to(&text, MAX_TEXT)));
        texts.len() == MAX_SAMPLES
    });
    texts
}
