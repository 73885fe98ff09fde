//! A rule and a record, for commands that show what the one makes of the other.

use std::{io::Read, ops::ControlFlow, path::PathBuf};

use clap::Args;
use thiserror::Error;
use trailbell::{
    diagnostic::{chain, nearest},
    engine,
    local::{self, ReadError},
    log_file::{FileItem, Limits},
    record::Record,
    rule::{Rule, RuleSet, Verdict},
};

use crate::{
    inputs::{RulesArgs, open, rules, shown},
    status::Stop,
};

/// Why a file does not hold the one record that a command needs.
#[derive(Debug, Error)]
pub enum RecordFileError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("record {index}: {reason}")]
    Unparsable { index: u64, reason: String },
    #[error("the file holds no record")]
    NoRecord,
    #[error("the file holds no record with the event id `{0}`")]
    NoRecordWithId(String),
    #[error("the file holds more than one record; choose one by its event id")]
    Several,
    #[error("the file holds more than one record with the event id `{0}`")]
    SeveralWithId(String),
}

/// A rule and a record, for commands that show what the one makes of the other.
#[derive(Args)]
pub struct RuleAndRecord {
    #[command(flatten)]
    pub rules: RulesArgs,
    /// The name or the id of the rule
    pub rule: String,
    /// A file with the record, or - for standard input
    pub file: PathBuf,
    /// The event id of the record, if the file holds several
    #[arg(long, value_name = "ID")]
    pub event_id: Option<String>,
}

impl RuleAndRecord {
    /// All rules of the file, the rule, and the record.
    ///
    /// # Errors
    ///
    /// If the rules cannot be used, there is no such rule, or the file does not hold one such record.
    pub fn read(&self) -> Result<(RuleSet, Rule, Record), Stop> {
        let (rules, rule) = self.rule()?;
        let read = open(&self.file)
            .map_err(|error| RecordFileError::Read(error.into()))
            .and_then(|input| record(input, self.event_id.as_deref()));
        Ok((rules, rule, read.map_err(|error| self.failed(&error))?))
    }

    /// All rules of the file, the rule, and the records that the rule matches, in the order of their times. With an event id the last
    /// of them is the record of that id, whether the rule matches it or not; without, the file can hold no more than one record, or
    /// the rule takes several.
    ///
    /// # Errors
    ///
    /// If the rules cannot be used, there is no such rule, or the file does not hold such records.
    pub fn read_series(&self) -> Result<(RuleSet, Rule, Vec<Record>), Stop> {
        let (rules, rule) = self.rule()?;
        if rule.threshold == 1 && rule.sequence.is_none() {
            let (rules, rule, record) = self.read()?;
            return Ok((rules, rule, vec![record]));
        }
        let read = open(&self.file)
            .map_err(|error| RecordFileError::Read(error.into()))
            .and_then(|input| series(input, &rule, self.event_id.as_deref()));
        Ok((rules, rule, read.map_err(|error| self.failed(&error))?))
    }

    fn rule(&self) -> Result<(RuleSet, Rule), Stop> {
        let rules = rules(&self.rules.paths)?;
        let rule = self::rule(&self.rule, &rules)?.clone();
        Ok((rules, rule))
    }

    fn failed(&self, error: &RecordFileError) -> Stop {
        let hint = if matches!(error, RecordFileError::Several) { ": add --event-id ID" } else { "" };
        Stop::Message(format!("{}: {}{hint}", shown(&self.file), chain(error)))
    }
}

/// The message for a rule that raises no alert for a record.
pub fn does_not_match(rule: &Rule) -> Stop {
    let hint = "`trailbell explain` with the same arguments shows why";
    Stop::Message(format!("the rule `{}` does not match the record: {hint}", rule.name))
}

/// The rule of that name or id.
///
/// # Errors
///
/// If there is none.
pub fn rule<'r>(rule: &str, rules: &'r RuleSet) -> Result<&'r Rule, Stop> {
    rules.find(rule).ok_or_else(|| Stop::Message(unknown(rule, rules)))
}

fn unknown(rule: &str, rules: &RuleSet) -> String {
    let names = rules.rules.iter().flat_map(|rule| [rule.name.as_str(), rule.id.as_str()]);
    match nearest(rule, names) {
        Some(known) => format!("there is no rule `{rule}`; did you mean `{known}`?"),
        None => format!("there is no rule `{rule}`; give its name or its id"),
    }
}

/// The one record of a file; with `event_id` the one with that id, whatever else the file holds.
///
/// # Errors
///
/// If the file cannot be read, or does not hold one such record.
pub fn record(input: impl Read, event_id: Option<&str>) -> Result<Record, RecordFileError> {
    let (mut found, mut broken) = (Vec::new(), None);
    let read = local::read(input, Limits::default(), &|_| {}, &mut |item| {
        let parsed = match item {
            FileItem::Record(record) => engine::parse(record.text).map_err(|error| (record.index, chain(&error))),
            FileItem::Unparsable { index, reason } => Err((index, chain(&reason))),
        };
        match parsed {
            Ok((record, _)) if event_id.is_none_or(|id| record.at(&["eventID"]).as_deref() == Some(id)) => {
                found.push(record);
            }
            Ok(_) => {}
            Err((index, reason)) => broken = broken.take().or(Some(RecordFileError::Unparsable { index, reason })),
        }
        // Two are enough to know that there is more than one.
        if found.len() < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let broken = broken.or_else(|| read.err().map(RecordFileError::from));
    match (found.len(), found.pop(), broken, event_id) {
        (1, Some(record), None, _) | (1, Some(record), Some(_), Some(_)) => Ok(record),
        (0 | 1, _, Some(error), _) => Err(error),
        (0, _, None, Some(id)) => Err(RecordFileError::NoRecordWithId(id.to_owned())),
        (0, _, None, None) => Err(RecordFileError::NoRecord),
        (.., Some(id)) => Err(RecordFileError::SeveralWithId(id.to_owned())),
        (.., None) => Err(RecordFileError::Several),
    }
}

/// The records of a file that a rule matches, by time; with `event_id` up to the one with that id, whether the rule matches it or not.
///
/// # Errors
///
/// If the file cannot be read, or holds no record, or none with that id.
fn series(input: impl Read, rule: &Rule, event_id: Option<&str>) -> Result<Vec<Record>, RecordFileError> {
    let (mut found, mut other, mut broken) = (Vec::new(), None, None);
    let is_it = |record: &Record| event_id.is_some() && record.at(&["eventID"]).as_deref() == event_id;
    let read = local::read(input, Limits::default(), &|_| {}, &mut |item| {
        let parsed = match item {
            FileItem::Record(record) => engine::parse(record.text).map_err(|error| (record.index, chain(&error))),
            FileItem::Unparsable { index, reason } => Err((index, chain(&reason))),
        };
        match parsed {
            Ok((record, _)) if is_it(&record) || rule.verdict(&record) != Verdict::NoMatch => found.push(record),
            Ok((record, _)) => other = other.take().or(Some(record)),
            Err((index, reason)) => broken = broken.take().or(Some(RecordFileError::Unparsable { index, reason })),
        }
        ControlFlow::Continue(())
    });
    let broken = broken.or_else(|| read.err().map(RecordFileError::from));
    found.sort_by_key(Record::event_time);
    match (event_id, found.iter().position(is_it), broken) {
        (Some(_), Some(at), _) => found.truncate(at + 1),
        (_, _, Some(error)) => return Err(error),
        (Some(id), None, None) => return Err(RecordFileError::NoRecordWithId(id.to_owned())),
        (None, ..) if found.is_empty() => found.push(other.ok_or(RecordFileError::NoRecord)?),
        (None, ..) => {}
    }
    Ok(found)
}
