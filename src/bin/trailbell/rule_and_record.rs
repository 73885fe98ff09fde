//! A rule and a record, for commands that show what the one makes of the other.

use std::{io::Read, ops::ControlFlow, path::PathBuf};

use clap::Args;
use thiserror::Error;
use trailbell::{
    diagnostic::chain,
    engine,
    local::{self, ReadError},
    log_file::{FileItem, Limits},
    record::Record,
    rule::{Rule, RuleSet},
};

use crate::{
    inputs::{RulesArgs, rules},
    records::{Found, Wanted},
    rule_name::rule,
    set::{self, Changes},
    status::Stop,
};

/// Why a file does not hold the one record that a test needs.
#[derive(Debug, Error)]
pub enum RecordFileError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("record {index}: {reason}")]
    Unparsable { index: u64, reason: String },
    #[error("the file holds no record")]
    NoRecord,
    #[error("the file holds more than one record; a test takes a file of one")]
    Several,
}

/// A rule and a record, for commands that show what the one makes of the other.
#[derive(Args)]
pub struct RuleAndRecord {
    #[command(flatten)]
    pub rules: RulesArgs,
    /// The name or the id of the rule
    pub rule: String,
    /// Files with the record, folders, `s3://BUCKET/PREFIX`, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub paths: Vec<PathBuf>,
    /// The event id of the record, if there are several of which the rule matches more than one, or none
    #[arg(long, value_name = "ID")]
    pub event_id: Option<String>,
    /// Set a value in the record first, as `set` does in a test: VALUE is JSON, or else text. May be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
}

impl RuleAndRecord {
    /// All rules of the file, the rule, and the record.
    ///
    /// # Errors
    ///
    /// If the rules cannot be used, there is no such rule, or there is not one such record.
    pub fn read(&self) -> Result<(RuleSet, Rule, Found), Stop> {
        let (rules, rule, changes) = self.before()?;
        let found = self.wanted(&rule, &changes).one()?;
        Ok((rules, rule, found))
    }

    /// All rules of the file, the rule, and the records that the rule matches, in the order of their times. With an event id the last
    /// of them is the record of that id, whether the rule matches it or not; without, there can be no more than one record, or
    /// the rule takes several.
    ///
    /// # Errors
    ///
    /// If the rules cannot be used, there is no such rule, or there are no such records.
    pub fn read_series(&self) -> Result<(RuleSet, Rule, Vec<Found>), Stop> {
        let (rules, rule, changes) = self.before()?;
        let wanted = self.wanted(&rule, &changes);
        let found =
            if rule.threshold == 1 && rule.sequence.is_none() { vec![wanted.one()?] } else { wanted.series()? };
        Ok((rules, rule, found))
    }

    /// What must be right before records are read.
    fn before(&self) -> Result<(RuleSet, Rule, Changes), Stop> {
        let changes = set::parse(&self.set)?;
        let rules = rules(&self.rules.paths)?;
        let rule = rule(&self.rule, &rules)?.clone();
        Ok((rules, rule, changes))
    }

    fn wanted<'w>(&'w self, rule: &'w Rule, changes: &'w Changes) -> Wanted<'w> {
        Wanted { paths: &self.paths, rule, event_id: self.event_id.as_deref(), changes }
    }
}

/// The message for a rule that raises no alert for a record.
pub fn does_not_match(rule: &Rule) -> Stop {
    let hint = "`trailbell explain` with the same arguments shows why";
    Stop::Message(format!("the rule `{}` does not match the record: {hint}", rule.name))
}

/// The one record of a file.
///
/// # Errors
///
/// If the file cannot be read, or does not hold one record.
pub fn record(input: impl Read) -> Result<Record, RecordFileError> {
    let (mut found, mut broken) = (Vec::new(), None);
    let read = local::read(input, Limits::default(), &|_| {}, &mut |item| {
        let parsed = match item {
            FileItem::Record(record) => engine::parse(record.text).map_err(|error| (record.index, chain(&error))),
            FileItem::Unparsable { index, reason } => Err((index, chain(&reason))),
        };
        match parsed {
            Ok((record, _)) => found.push(record),
            Err((index, reason)) => broken = broken.take().or(Some(RecordFileError::Unparsable { index, reason })),
        }
        // Two are enough to know that there is more than one.
        if found.len() < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let broken = broken.or_else(|| read.err().map(RecordFileError::from));
    match (found.len(), found.pop(), broken) {
        (1, Some(record), None) => Ok(record),
        (0 | 1, _, Some(error)) => Err(error),
        (0, ..) => Err(RecordFileError::NoRecord),
        _ => Err(RecordFileError::Several),
    }
}
