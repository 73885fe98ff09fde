//! Which records a command is about: the arguments `--filter`, `--since` and `--until`.

use std::io::{self, IsTerminal, Write};

use clap::Args;
use jiff::Timestamp;
use trailbell::{
    diagnostic::{Diagnostic, render, tally},
    filter::Filter,
    lint::unknown_fields,
    record::Record,
    search::Period,
    untrusted::printable,
};

use crate::status::Stop;

/// Which records a command is about.
#[derive(Args)]
pub struct SelectionArgs {
    /// Only records that this filter matches, in the language of rules (`trailbell help filter`)
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Only events from then on: a time (`2026-03-02T09:00:00Z`), a day in UTC (`2026-03-02`) or an age (`2h`, `3d`)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only events before then; of a day, until its end
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// Which records are wanted.
pub struct Selection {
    /// What a record must match.
    pub filter: Option<Filter>,
    /// When its event must have happened.
    pub period: Period,
}

impl SelectionArgs {
    /// Which records are wanted, as the user wrote it: names and values.
    pub fn shown(&self) -> impl Iterator<Item = (&'static str, String)> {
        let given = [("Filter", &self.filter), ("Since", &self.since), ("Until", &self.until)];
        given.into_iter().filter_map(|(name, value)| Some((name, printable(value.as_ref()?))))
    }

    /// The selection at this time, from which ages count.
    ///
    /// # Errors
    ///
    /// If an argument is wrong; the mistakes of a filter are printed.
    pub fn read(&self, now: Timestamp) -> Result<Selection, Stop> {
        let filter = self.filter.as_deref().map(filter).transpose()?;
        let period = Period::parse(self.since.as_deref(), self.until.as_deref(), now);
        Ok(Selection { filter, period: period.map_err(|error| Stop::Message(error.to_string()))? })
    }
}

impl Selection {
    /// Whether a record is wanted. An event whose time is unknown is in every period, so that none is lost.
    pub fn wants(&self, record: &Record) -> bool {
        record.event_time().is_none_or(|time| self.period.includes(time))
            && self.filter.as_ref().is_none_or(|filter| filter.matches(record.root()))
    }
}

/// The filter of an argument; a warning is printed for each field that no record has.
///
/// # Errors
///
/// If it has mistakes, which are printed with their places in the argument.
fn filter(text: &str) -> Result<Filter, Stop> {
    let print = |findings: &[Diagnostic]| {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{}", render(findings, "--filter", text, io::stderr().is_terminal()));
        let _ = writeln!(stderr, "{}", tally(findings));
    };
    let filter = Filter::parse(text).map_err(|findings| {
        print(&findings);
        Stop::Reported
    })?;
    let unknown = unknown_fields(filter.expr());
    if !unknown.is_empty() {
        print(&unknown);
    }
    Ok(filter)
}
