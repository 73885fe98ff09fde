//! Which records a command is about: the arguments `--filter`, `--since` and `--until`.

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
};

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use trailbell::{
    diagnostic::{Diagnostic, render, tally},
    filter::Filter,
    lint::check_search,
    record::Record,
    search::{DeliverySpan, Period, parse_length},
    untrusted::printable,
};

use crate::{
    logs::{Delivery, LogSources},
    status::Stop,
};

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
    /// With `s3://` and a period: how long after its events a log file may be delivered and is still read, such as `1h` or `30d`
    ///
    /// CloudTrail delivers most files within minutes. If the bucket refuses them, it tries for 30 days.
    #[arg(long, value_name = "LENGTH", default_value = "1d")]
    late: String,
}

/// Which records are wanted.
pub struct Selection {
    /// What a record must match.
    pub filter: Option<Filter>,
    /// When its event must have happened.
    pub period: Period,
    /// How long after it a log file may be delivered, and as the user writes it.
    late: (SignedDuration, String),
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
        let period = period.map_err(|error| Stop::Message(error.to_string()))?;
        let late = length(&self.late)?;
        Ok(Selection { filter, period, late: (late, self.late.clone()) })
    }
}

impl Selection {
    /// When the log files with its events are delivered.
    pub fn delivery(&self) -> Delivery {
        let (late, shown) = &self.late;
        Delivery { span: DeliverySpan::of(self.period, *late), late: printable(shown) }
    }

    /// What the paths lead to; with a period, of S3 only the objects that can hold events of it.
    ///
    /// # Errors
    ///
    /// As for [`LogSources::of`].
    pub fn sources(&self, paths: &[PathBuf]) -> Result<LogSources, Stop> {
        if self.period == Period::default() {
            LogSources::of(paths)
        } else {
            LogSources::delivered(paths, self.delivery())
        }
    }

    /// Whether a record is wanted. An event whose time is unknown is in every period, so that none is lost.
    pub fn wants(&self, record: &Record) -> bool {
        record.event_time().is_none_or(|time| self.period.includes(time))
            && self.filter.as_ref().is_none_or(|filter| filter.matches(record.root()))
    }
}

/// The length of time of an argument.
///
/// # Errors
///
/// If it is none.
pub fn length(text: &str) -> Result<SignedDuration, Stop> {
    parse_length(text).ok_or_else(|| {
        Stop::Message(format!("`{text}` is not a length of time: write it such as `10m`, `1h` or `30d`"))
    })
}

/// The filter of an argument; likely mistakes are printed as warnings.
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
    let likely = check_search(&filter, text);
    if !likely.is_empty() {
        print(&likely);
    }
    Ok(filter)
}
