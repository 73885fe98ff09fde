//! A finding of a detector of AWS: what it found, on which resource, and how bad it is.

use super::{
    link,
    phrase::{Phrase, Row},
};
use crate::{detector::Detector, record::Record, untrusted};

/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 600;
/// No text of a record is longer.
const MAX_RECORD: usize = 1 << 20;

/// A view of the record of a finding. All text is as the record has it: it is not safe to show.
#[derive(Clone, Copy)]
pub struct Detected<'r> {
    record: &'r Record,
    /// The detector that found it.
    pub detector: &'static Detector,
}

impl<'r> Detected<'r> {
    /// The finding of a record; `None` for a record of CloudTrail.
    pub fn of(record: &'r Record) -> Option<Self> {
        Some(Self { record, detector: record.detector()? })
    }

    /// A fact of the finding, such as `severity`.
    pub fn fact(self, key: &str) -> Option<String> {
        self.record.at(&["finding", key])
    }

    /// What kind of finding it is.
    pub fn kind(self) -> String {
        self.fact("type").unwrap_or_else(|| "a finding without a type".to_owned())
    }

    /// What it found and where, in a few words.
    pub fn title(self) -> String {
        let resource = self.fact("resource").map(|resource| format!(" on {resource}")).unwrap_or_default();
        format!("{} reports {}{resource}", self.detector.name, self.kind())
    }

    /// What it found, on which resource, and how bad it is.
    pub fn lead(self) -> Phrase {
        let phrase = Phrase::ours(format!("{} reports ", self.detector.name)).value(self.kind());
        let phrase = phrase.maybe(" on ", self.fact("resource"));
        match (self.fact("level"), self.fact("severity")) {
            (Some(level), _) => phrase.then(", severity ").value(level),
            (None, severity) => phrase.maybe(", severity ", severity),
        }
    }

    /// The details.
    pub fn rows(self) -> Vec<Row> {
        let severity = self.fact("severity").map(|severity| {
            let level = self.fact("level").filter(|level| !level.eq_ignore_ascii_case(&severity));
            let phrase = Phrase::theirs(severity);
            if level.is_some() { phrase.maybe(" (", level).then(")") } else { phrase }
        });
        let resource = self.fact("resource").map(|resource| {
            let kind = self.fact("resourceType");
            let phrase = Phrase::theirs(resource);
            if kind.is_some() { phrase.maybe(" (", kind).then(")") } else { phrase }
        });
        let short = |text: String| untrusted::shorten_middle(&untrusted::line(&text, MAX_RECORD), MAX_DESCRIPTION);
        let theirs = |key: &str| self.fact(key).map(|text| Phrase::theirs(short(text)));
        let rows = [
            ("Finding", theirs("title")),
            ("Severity", severity),
            ("Status", theirs("status")),
            ("Resource", resource),
            ("Description", theirs("description")),
            ("Finding id", theirs("id")),
        ];
        rows.into_iter().filter_map(|(name, phrase)| Some(Row::new(name, phrase?))).collect()
    }

    /// The page of the finding in the console, or that of all findings.
    pub fn page(self) -> Option<String> {
        let region = self.record.at(&["awsRegion"])?;
        link::finding(&region, self.detector.page?, &self.fact("id").unwrap_or_default())
    }
}
