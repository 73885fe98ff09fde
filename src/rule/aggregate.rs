//! Which matches of a rule are the same alert: those whose records have the same values at the rule's aggregate fields.
//!
//! Of a sequence, each step decides by the values at its `by`. Values are compared as lists of texts, so no value of a record can imitate two values.

use std::{collections::HashSet, fmt};

use super::model::{FieldPath, Rule};
use crate::{
    digest::Digest,
    record::{Path, Record, Root, Scalar, Step, Virtual},
    untrusted::shorten_with,
};

/// A field and its values in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggregateValue {
    /// The field, as the rule names it.
    pub field: String,
    /// Its values, in the order of the record: all elements of a list, none for a missing field.
    pub values: Vec<String>,
}

/// The values separated by commas, or `null` if there are none. A long text is cut, and ends in its length and a hash.
impl fmt::Display for AggregateValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.values.is_empty() {
            return f.write_str("null");
        }
        let text = self.values.join(", ");
        if text.len() <= MAX_SHOWN {
            return f.write_str(&text);
        }
        let (characters, hash) = (text.chars().count(), Digest::of(&[&text]).hex());
        f.write_str(&shorten_with(&text, MAX_SHOWN / 4, &format!("… ({characters} characters, {hash})")))
    }
}

/// The longest text of values that is shown in full, in bytes.
const MAX_SHOWN: usize = 8_192;

/// A series in which a match arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesArrival {
    /// The values that distinguish the series from the others of its rule.
    pub values: Vec<AggregateValue>,
    /// Of a sequence, the steps that the record may be: bit 0 is the first step. 0 for a rule without a sequence.
    pub steps: u8,
}

/// What a rule counts of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identities {
    /// The event.
    Event,
    /// Different values; at least one. For `distinct`, each has one field with one value, or with none where the record has
    /// none; for `first_seen` with a threshold, it is the combination.
    Values(Vec<Vec<AggregateValue>>),
}

impl Rule {
    /// The series in which a record that the rule matches arrives. Of a sequence, one for each different list of `by` values
    /// among the steps that the record may be; none where each of these steps has a field without a value. The values have
    /// the names of the fields of the first step, since those of the other steps are the same series.
    pub fn arrivals(&self, record: &Record) -> Vec<SeriesArrival> {
        let Some(sequence) = &self.sequence else {
            return vec![SeriesArrival { values: self.aggregate(record), steps: 0 }];
        };
        let names: Vec<&str> =
            sequence.steps.iter().take(1).flat_map(|step| step.by.iter().map(FieldPath::name)).collect();
        let mut arrivals: Vec<SeriesArrival> = Vec::new();
        for (at, step) in sequence.steps.iter().enumerate() {
            if !step.filter.is_about(record) || !step.filter.matches(record.root()) {
                continue;
            }
            let by = step.by.iter().zip(&names).map(|(by, name)| value(name, &by.path, record));
            let values: Vec<_> = by.collect();
            if values.iter().any(|value| value.values.is_empty()) {
                continue;
            }
            match arrivals.iter_mut().find(|known| known.values == values) {
                Some(known) => known.steps |= 1 << at,
                None => arrivals.push(SeriesArrival { values, steps: 1 << at }),
            }
        }
        arrivals
    }

    /// What the rule counts, as a word for one of them.
    pub fn counted(&self) -> &'static str {
        match (&self.distinct, &self.first_seen) {
            (Some(_), _) => "different value",
            (None, Some(_)) if self.threshold > 1 => "new combination",
            (None, _) => "event",
        }
    }

    /// What the rule counts of a record that it matches.
    pub fn identities(&self, record: &Record) -> Identities {
        if let Some(distinct) = &self.distinct {
            let AggregateValue { field, mut values } = value(distinct.name(), &distinct.path, record);
            let mut seen = HashSet::new();
            values.retain(|value| seen.insert(value.clone()));
            let one = |values| vec![AggregateValue { field: field.clone(), values }];
            let counted = if values.is_empty() {
                vec![one(Vec::new())]
            } else {
                values.into_iter().map(|value| one(vec![value])).collect()
            };
            return Identities::Values(counted);
        }
        match &self.first_seen {
            Some(first_seen) if self.threshold > 1 => Identities::Values(vec![combination(&first_seen.fields, record)]),
            _ => Identities::Event,
        }
    }

    /// The values that distinguish the rule's matches: within a window, two matches with the same values are one alert.
    /// The fields of `first_seen` are included, since otherwise one new combination would silence the next; but not with a
    /// threshold, which counts the combinations.
    ///
    /// A rule without `aggregate_fields` uses `principal`, `eventName`, `eventSource`, `ownerAccount`, `result`, and `ip` unless
    /// the caller is a role, whose address changes with the machine that uses it. For an Insight it uses what the Insight is
    /// about: event source, event name, type and state, and the account and the region. For a finding of a detector it uses the
    /// source, the kind and the resource, and the account and the region.
    pub fn aggregate(&self, record: &Record) -> Vec<AggregateValue> {
        let mut values = match &self.aggregate_fields {
            Some(fields) => combination(fields, record),
            None => by_default(record),
        };
        let news = self
            .first_seen
            .iter()
            .filter(|_| self.threshold == 1)
            .flat_map(|first_seen| combination(&first_seen.fields, record));
        for value in news {
            if !values.iter().any(|known| known.field == value.field) {
                values.push(value);
            }
        }
        values
    }
}

/// The fields of an Insight that distinguish its alerts by default.
const INSIGHT: [&[&str]; 6] = [
    &["insightDetails", "eventSource"],
    &["insightDetails", "eventName"],
    &["insightDetails", "insightType"],
    &["insightDetails", "state"],
    &["recipientAccountId"],
    &["awsRegion"],
];

/// The fields of a detector's finding that distinguish its alerts by default.
const FINDING: [&[&str]; 5] =
    [&["eventSource"], &["eventName"], &["finding", "resource"], &["recipientAccountId"], &["awsRegion"]];

fn by_default(record: &Record) -> Vec<AggregateValue> {
    let raw = |keys: &[&str]| {
        let steps = keys.iter().map(|key| Step::Key((*key).to_owned())).collect();
        value(&keys.join("."), &Path { root: Root::Record, steps }, record)
    };
    if record.is_insight() {
        return INSIGHT.map(raw).to_vec();
    }
    if record.detector().is_some() {
        return FINDING.map(raw).to_vec();
    }
    let short = |field: Virtual| value(field.name(), &Path { root: Root::Virtual(field), steps: Vec::new() }, record);
    let mut values = vec![
        short(Virtual::Principal),
        raw(&["eventName"]),
        raw(&["eventSource"]),
        short(Virtual::OwnerAccount),
        short(Virtual::Result),
    ];
    if !record.is_by_role() {
        values.push(short(Virtual::Ip));
    }
    values
}

/// The values of a record at `fields`, in their order.
pub fn combination(fields: &[FieldPath], record: &Record) -> Vec<AggregateValue> {
    fields.iter().map(|field| value(field.name(), &field.path, record)).collect()
}

/// An object has no text; it counts as `{}`, so it differs from a missing field but not from other objects.
fn value(field: &str, path: &Path, record: &Record) -> AggregateValue {
    let mut values = Vec::new();
    path.visit(record.root(), &mut |scalar| {
        let text = if matches!(scalar, Scalar::Object { .. }) { Some("{}".to_owned()) } else { scalar.to_text() };
        values.extend(text);
        false
    });
    AggregateValue { field: field.to_owned(), values }
}
