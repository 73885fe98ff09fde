//! `trailbell suppress`: prints the entry of `overrides.yaml` that suppresses a rule for the caller of a record.

use std::io::{self, Write};

use clap::ValueEnum;
use jiff::{Timestamp, tz::TimeZone};
use trailbell::{
    diagnostic::chain,
    rule::{self, Verdict},
};

use crate::{
    inputs::{self, shown},
    records::Found,
    rule_and_record::{RuleAndRecord, does_not_match},
    status::{Status, Stop},
};

/// The fields that a suppression knows a caller by.
#[derive(Clone, Copy, ValueEnum)]
pub enum SuppressBy {
    /// `principal`: the user, the role or the service, without what the caller chooses
    Principal,
    /// `role` and `accountId`: every session of the role
    Role,
    /// `accessKey`: one key of a user, or one session
    Key,
}

impl From<SuppressBy> for rule::SuppressBy {
    fn from(by: SuppressBy) -> Self {
        match by {
            SuppressBy::Principal => Self::Principal,
            SuppressBy::Role => Self::Role,
            SuppressBy::Key => Self::Key,
        }
    }
}

/// Prints the entry on standard output, and on standard error where it belongs.
///
/// # Errors
///
/// If the rule or the record cannot be read, the rule raises no alert for the record, or no suppression covers this caller alone.
pub fn run(of: &RuleAndRecord, by: SuppressBy, days: u16) -> Status {
    let (_, rule, Found { record, .. }) = of.read()?;
    match rule.verdict(&record) {
        Verdict::Match => {}
        Verdict::NoMatch => return Err(does_not_match(&rule)),
        Verdict::Suppressed => {
            let hint = "`trailbell explain` shows by which suppression";
            return Err(Stop::Message(format!(
                "the rule `{}` is already suppressed for the record: {hint}",
                rule.name
            )));
        }
    }
    let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
    let entry = rule.override_entry(&record, by.into(), today, days);
    let entry =
        entry.map_err(|error| Stop::Message(format!("no suppression covers only this caller: {}", chain(&error))))?;
    let mut stdout = io::stdout().lock();
    write!(stdout, "{}", entry.lines())?;
    stdout.flush()?;
    let overrides = inputs::files(&of.rules.paths)?.overrides;
    let overrides = overrides.map_or_else(|| "overrides.yaml".to_owned(), |path| shown(&path));
    let temporary = if entry.filter.starts_with("accessKey = \"ASIA") {
        "The key is of one session: the suppression covers no later one.\n"
    } else {
        ""
    };
    let hint = format!(
        "{temporary}Add this to {overrides}, below the `overrides:`, the rule and its `suppressions:` that it may have; then run \
         `trailbell check` and deploy the rules.\n"
    );
    // The entry is complete without it.
    let _ = io::stderr().write_all(hint.as_bytes());
    Ok(0)
}
