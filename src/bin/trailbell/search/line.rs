//! What is kept of a found record until all are in order: its line as it is printed, and the values that are tallied.
//!
//! Every part is on one line and has no tabs, so lines and tabs separate the parts.

use serde_json::json;
use trailbell::{
    search::{Column, FoundRecord, csv_line, json_line},
    untrusted::line,
};

use super::arguments::SearchFormat;

/// The longest value that is printed, in characters. AWS's names and ids are shorter.
const MAX_VALUE: usize = 4_096;
/// The longest value that is tallied, in characters.
const MAX_TALLIED: usize = 1_024;
/// In place of a value that a record does not have.
pub const MISSING: &str = "-";
/// The name of the column that marks the event that others are around, and the mark.
pub const MARK: (&str, &str) = ("around", ">");

/// How lines are made.
pub struct Lines {
    pub format: SearchFormat,
    pub columns: Vec<Column>,
    pub tops: Vec<Column>,
    /// Whether values are shortened for people.
    pub is_narrow: bool,
    /// Whether lines are needed at all.
    pub is_needed: bool,
    /// Whether there is a column with a mark.
    pub has_marks: bool,
}

impl Lines {
    /// The names of the columns.
    pub fn header(&self) -> Vec<&str> {
        let mark = self.has_marks.then_some(MARK.0);
        mark.into_iter().chain(self.columns.iter().map(Column::name)).collect()
    }

    /// What is kept of a record; `text` is its text.
    pub fn kept(&self, found: FoundRecord<'_>, is_marked: bool, text: &[u8]) -> Vec<u8> {
        let shown = |value: Option<String>, most| match value {
            Some(value) => line(&value, most),
            None => MISSING.to_owned(),
        };
        let tops: Vec<_> = self.tops.iter().map(|top| shown(top.value(found), MAX_TALLIED)).collect();
        let kept = tops.join("\t") + "\n";
        if !self.is_needed {
            return kept.into_bytes();
        }
        let mark = self.has_marks.then(|| if is_marked { MARK.1 } else { "" }.to_owned());
        let line = match self.format {
            SearchFormat::Jsonl => {
                let place = json!({"file": found.file, "index": found.index}).to_string();
                let mark = if is_marked { format!("\"{}\":true,", MARK.0) } else { String::new() };
                format!("{},{mark}\"record\":{}}}", place.trim_end_matches('}'), json_line(text))
            }
            SearchFormat::Csv => {
                let cells = self.columns.iter().map(|column| line(&column.value(found).unwrap_or_default(), MAX_VALUE));
                let cells: Vec<_> = mark.into_iter().chain(cells).collect();
                csv_line(cells.iter().map(String::as_str))
            }
            SearchFormat::Text => {
                let value = |column: &Column| {
                    shown(if self.is_narrow { column.short_value(found) } else { column.value(found) }, MAX_VALUE)
                };
                mark.into_iter().chain(self.columns.iter().map(value)).collect::<Vec<_>>().join("\t")
            }
        };
        (kept + &line).into_bytes()
    }
}

/// The tallied values and the line of what was kept.
pub fn parts(kept: &[u8]) -> (impl Iterator<Item = &str>, &str) {
    // It was made of text.
    let kept = std::str::from_utf8(kept).unwrap_or_default();
    let (tops, line) = kept.split_once('\n').unwrap_or((kept, ""));
    (tops.split('\t'), line)
}
