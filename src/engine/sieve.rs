//! One filter and a period of time against raw records, without a rule.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    evaluate::{MAX_WORK, Scratch, own_strings, preselect},
    fields::{FieldNames, FieldValue},
    index::Index,
    parse::{ParseError, parse},
};
use crate::{filter::Filter, log_file::RawRecord, record::Record};

/// Selects records by a filter and by time. It parses a record only if its text shows no reason to leave it out.
pub struct Sieve {
    filter: Option<Filter>,
    index: Arc<Index>,
    /// `eventTime` alone, and its number.
    names: FieldNames,
    time: Option<usize>,
}

impl Sieve {
    /// A sieve that selects what the filter matches; every record without a filter.
    pub fn new(filter: Option<Filter>) -> Self {
        let mut names = FieldNames::new();
        let time = names.add("eventTime");
        Self { index: Arc::new(Index::new(&filter)), filter, names, time }
    }

    /// The record, if the filter matches it and `includes` holds for the time of its event. A record whose time is unknown
    /// is selected by the filter alone.
    ///
    /// # Errors
    ///
    /// If the record is selected, or may be, and cannot be parsed.
    pub fn select(
        &self,
        record: RawRecord<'_>,
        includes: impl Fn(Timestamp) -> bool,
        scratch: &mut Scratch,
    ) -> Result<Option<Record>, ParseError> {
        if self.time(record, scratch).is_some_and(|time| !includes(time)) {
            return Ok(None);
        }
        if let Some(filter) = &self.filter {
            preselect(&self.index, 1, |_| filter, record, scratch);
            if scratch.candidates.is_empty() {
                return Ok(None);
            }
        }
        let (parsed, _) = parse(record.text)?;
        let is_selected = parsed.work().bounded(MAX_WORK, || {
            parsed.event_time().is_none_or(includes)
                && self.filter.as_ref().is_none_or(|filter| filter.matches(parsed.root()))
        });
        match is_selected {
            None => Err(ParseError::TooMuchWork),
            Some(is_selected) => Ok(is_selected.then_some(parsed)),
        }
    }

    /// The time of the record's event, as far as its text shows it; `None` where only the parsed record can.
    pub fn time(&self, record: RawRecord<'_>, scratch: &mut Scratch) -> Option<Timestamp> {
        let Scratch { scan, fields, .. } = scratch;
        let strings = record.strings().or_else(|| own_strings(record.text, scan))?;
        if !fields.read(&self.names, record.text, strings) {
            return None;
        }
        match fields.find(self.time?, record.text) {
            FieldValue::Text(time) => std::str::from_utf8(time).ok()?.parse().ok(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Filter;

    /// Whether each record is selected, as the parsed record decides, and as the sieve does.
    fn check(filter: Option<&str>, text: &str, expected: bool) {
        let filter = filter.map(|filter| Filter::parse(filter).unwrap());
        let (from, until): (Timestamp, Timestamp) =
            ("2026-03-02T00:00:00Z".parse().unwrap(), "2026-03-03T00:00:00Z".parse().unwrap());
        let includes = |time| from <= time && time < until;
        let (record, _) = parse(text.as_bytes()).unwrap();
        let plainly = record.event_time().is_none_or(includes)
            && filter.as_ref().is_none_or(|filter| filter.matches(record.root()));
        assert_eq!(plainly, expected, "{text}");
        let sieve = Sieve::new(filter);
        let selected = sieve.select(RawRecord::of(text.as_bytes()), includes, &mut Scratch::default()).unwrap();
        assert_eq!(selected.is_some(), expected, "{text}");
        assert!(selected.is_none_or(|selected| selected == record));
    }

    #[test]
    fn a_sieve_decides_as_the_parsed_record_does() {
        let filter = Some(r#"eventName = "PutImage""#);
        for (text, all, matching) in [
            (r#"{"eventTime":"2026-03-02T00:00:00Z","eventName":"PutImage"}"#, true, true),
            (r#"{"eventTime":"2026-03-02T00:00:00Z","eventName":"GetImage"}"#, true, false),
            (r#"{"eventTime":"2026-03-01T23:59:59Z","eventName":"PutImage"}"#, false, false),
            (r#"{"eventTime":"2026-03-03T00:00:00Z","eventName":"PutImage"}"#, false, false),
            // Spelled with escapes, in the key and in the value.
            (r#"{"eventTime":"2026-03-03T00:00:0\u0030Z","eventName":"PutImage"}"#, false, false),
            (r#"{"event\u0054ime":"2026-03-03T00:00:00Z","eventName":"PutImage"}"#, false, false),
            (r#"{"eventTime":"2026-03-02T00:00:0\u0030Z","eventName":"Put\u0049mage"}"#, true, true),
            // Of equal keys the last counts.
            (r#"{"eventTime":"2026-03-03T00:00:00Z","eventTime":"2026-03-02T10:00:00Z","eventName":"x"}"#, true, false),
            // No time.
            (r#"{"eventTime":"yesterday","eventName":"PutImage"}"#, true, true),
            (r#"{"eventTime":["2026-03-03T00:00:00Z"],"eventName":"PutImage"}"#, true, true),
            (r#"{"eventName":"PutImage"}"#, true, true),
            ("{}", true, false),
        ] {
            check(None, text, all);
            check(filter, text, matching);
        }
    }

    #[test]
    fn only_what_may_be_selected_is_parsed() {
        let mut scratch = Scratch::default();
        let broken = br#"{"eventTime":"2026-03-01T00:00:00Z","eventName":"PutImage","a":nul}"#;
        let sieve = Sieve::new(Some(Filter::parse(r#"eventName = "GetImage""#).unwrap()));
        assert!(matches!(sieve.select(RawRecord::of(broken), |_| true, &mut scratch), Ok(None)));
        let sieve = Sieve::new(None);
        assert!(matches!(sieve.select(RawRecord::of(broken), |_| false, &mut scratch), Ok(None)));
        assert!(matches!(sieve.select(RawRecord::of(broken), |_| true, &mut scratch), Err(ParseError::Json { .. })));
    }
}
