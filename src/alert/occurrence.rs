//! The rows of an alert about its events: how many they are, what they have in common, and in what they differ.

use std::iter;

use jiff::Timestamp;

use super::{
    phrase::{Phrase, PhrasePart, Row},
    story,
};
use crate::{
    diagnostic::counted,
    record::Record,
    rule::{FieldPath, Rule},
    state::Listing,
    untrusted::shorten_middle,
};

/// The most values that are listed of what the events have in common.
const MAX_VALUES: usize = 20;
/// The most fields in which the events differ.
pub const MAX_FIELDS: usize = 10;
/// The most values of one such field, and the most ids of events.
pub const MAX_LISTED: usize = 10;

/// The longest filter of a step, in characters.
const MAX_FILTER: usize = 160;

/// The events that one alert covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occurrences {
    /// How many events.
    pub count: u64,
    /// When the first of them happened.
    pub first: Option<Timestamp>,
    /// When the last of them happened.
    pub last: Option<Timestamp>,
    /// How many events with the same rule and values have come since the previous alert; `None` without a previous alert.
    pub since_last: Option<u64>,
    /// Whether the counts are estimates.
    pub approximate: bool,
    /// What the events have in common: the rule's aggregate fields, as the rule spells them, with their values.
    pub values: Vec<(String, Option<String>)>,
    /// The ids of the events.
    pub events: Listing,
    /// In what the events differ: fields, each with its distinct values.
    pub distinct: Vec<(String, Listing)>,
    /// The events of a sequence, one for each step: when it happened, and its id.
    pub steps: Vec<(Timestamp, String)>,
}

impl Occurrences {
    /// One event: that of the record.
    pub fn one(record: &Record) -> Self {
        let time = record.event_time();
        Self { count: 1, first: time, last: time, ..Self::default() }
    }

    /// Whether the alert is about more events than that of its record.
    pub fn is_series(&self) -> bool {
        self.count > 1 || self.since_last.is_some()
    }

    /// The ids of the events, if there is more than that of the record.
    pub fn ids(&self) -> Option<&Listing> {
        Some(&self.events).filter(|events| self.is_series() && is_several(events))
    }

    /// The fields in which the events differ, with their values.
    pub fn differences(&self) -> impl Iterator<Item = (&str, &Listing)> {
        let listed = self.distinct.iter().filter(|(_, listing)| self.is_series() && is_several(listing));
        listed.map(|(field, listing)| (field.as_str(), listing)).take(MAX_FIELDS)
    }
}

fn is_several(listing: &Listing) -> bool {
    listing.count() > 1 || listing.count() == 1 && listing.at_least
}

/// The values of a listing that are listed if at most `most` are, and how many are not.
pub fn listed(listing: &Listing, most: usize) -> (&[String], u64) {
    let shown = &listing.values[..listing.values.len().min(most)];
    (shown, listing.count() - shown.len() as u64)
}

/// What a rule counts: events, different values of a field, or new combinations of several.
fn noun(rule: &Rule) -> (&'static str, Option<String>) {
    let of = match rule {
        Rule { distinct: Some(field), .. } => Some(field.name().to_owned()),
        Rule { first_seen: Some(first_seen), threshold: 2.., .. } => {
            let names: Vec<_> = first_seen.fields.iter().map(FieldPath::name).collect();
            Some(names.join(", "))
        }
        _ => None,
    };
    (rule.counted(), of)
}

/// Whether a rule counts events; otherwise it counts values or combinations.
pub fn counts_events(rule: &Rule) -> bool {
    noun(rule).1.is_none()
}

/// The phrase, and how many events the alert covers, or how many values the rule counts of them.
fn counted_of(occurrences: &Occurrences, rule: &Rule, phrase: Phrase) -> Phrase {
    let (noun, of) = noun(rule);
    let about = if occurrences.approximate { "about " } else { "" };
    let phrase = phrase.then(format!("{about}{}", counted(occurrences.count, noun)));
    match of {
        Some(fields) => phrase.then(" of ").with(PhrasePart::Rule(fields)),
        None => phrase,
    }
}

/// The phrase about an event, and how many there are, if it is the last of several.
pub fn last_of(occurrences: &Occurrences, rule: &Rule, phrase: Phrase) -> Phrase {
    if occurrences.count > 1 { counted_of(occurrences, rule, phrase.then(", the last of ")) } else { phrase }
}

/// How many events the alert covers, unless it is only that of its record, and what they have in common.
pub fn counts(occurrences: &Occurrences, rule: &Rule) -> Vec<Row> {
    let Occurrences { count, first, last, since_last, approximate, .. } = occurrences;
    if *count == 0 || !occurrences.is_series() && counts_events(rule) {
        return Vec::new();
    }
    let (about, noun) = (if *approximate { "about " } else { "" }, rule.counted());
    let phrase = counted_of(occurrences, rule, Phrase::default());
    let mut rows = vec![match (first, last) {
        (Some(first), Some(last)) if first != last => {
            Row::new("Count", phrase.then(format!(", from {first} to {last}")))
        }
        _ => Row::new("Count", phrase),
    }];
    if let Some(since) = since_last {
        let text = format!("{about}{} since the previous alert", counted(*since, noun));
        rows.push(Row::new("", Phrase::ours(text)));
    }
    if occurrences.is_series() {
        rows.extend(in_common(occurrences));
    }
    rows
}

/// What the events of a series have in common.
fn in_common(occurrences: &Occurrences) -> Vec<Row> {
    // A hash is nothing for people.
    let shown = occurrences.values.iter().filter(|(path, _)| path != "request");
    let phrases = shown.take(MAX_VALUES).map(|(path, value)| {
        let phrase = Phrase::default().with(PhrasePart::Rule(path.clone()));
        match value {
            Some(value) => phrase.then(" = ").value(value),
            None => phrase.then(" = null"),
        }
    });
    story::rows("In common", phrases)
}

/// The events of a sequence, each with what its step looks for; in what the events of a series differ, and their ids: of each at
/// most `most`.
pub fn differences(occurrences: &Occurrences, rule: Option<&Rule>, most: usize) -> Vec<Row> {
    let steps = occurrences.steps.iter().zip(step_filters(rule)).enumerate().map(|(at, ((time, id), filter))| {
        let phrase = Phrase::ours(format!("{} at {time}: event ", at + 1)).value(id);
        match filter {
            Some(filter) => phrase.then(", ").with(PhrasePart::Rule(filter)),
            None => phrase,
        }
    });
    let fields = occurrences.differences().map(|(field, listing)| {
        let phrase = Phrase::default().with(PhrasePart::Rule(field.to_owned())).then(": ");
        list(phrase, listing, most)
    });
    let ids = occurrences.ids().map(|events| list(Phrase::default(), events, most));
    [story::rows("Steps", steps), story::rows("Different", fields), story::rows("Events", ids)].concat()
}

/// What each step of the rule looks for, and `None` after the last one.
pub fn step_filters(rule: Option<&Rule>) -> impl Iterator<Item = Option<String>> {
    let steps = rule.map_or(&[][..], Rule::steps).iter();
    steps.map(|step| Some(shorten_middle(&step.filter.to_string(), MAX_FILTER))).chain(iter::repeat(None))
}

/// The values of a listing, and how many there are: so none of them is at the end, where an e-mail shows it without quotes.
pub fn list(mut phrase: Phrase, listing: &Listing, most: usize) -> Phrase {
    let (shown, hidden) = listed(listing, most);
    for (at, value) in shown.iter().enumerate() {
        phrase = phrase.then(if at == 0 { "" } else { ", " }).value(value);
    }
    phrase.then(match (hidden, listing.at_least) {
        (0, false) => format!(" ({} in all)", listing.count()),
        (0, true) => ", and perhaps more".to_owned(),
        (hidden, false) => format!(", and {hidden} more"),
        (hidden, true) => format!(", and at least {hidden} more"),
    })
}
