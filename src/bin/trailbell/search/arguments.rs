//! The arguments of a search.

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
};

use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use trailbell::{
    diagnostic::{render, tally},
    search::Column,
};

use crate::{
    around::{Anchor, AroundArgs},
    selection::{Selection, SelectionArgs},
    status::Stop,
};

/// What is searched for, and how it is printed.
#[derive(Args)]
pub struct SearchArgs {
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    around: AroundArgs,
    /// What is printed of each event: short names, fields, or `time`, `event`, `outcome`, `target`, `id`, `file`, `index`
    #[arg(long, value_name = "COLUMN,…", default_value = Column::DEFAULT)]
    columns: String,
    /// Also how often each value of these occurs, after the events; standard error gets it if the format is not text
    #[arg(long, value_name = "FIELD,…")]
    top: Option<String>,
    /// Print how many events there are in place of the events
    #[arg(long)]
    count: bool,
    /// How events are printed
    #[arg(long, value_enum, default_value_t)]
    format: SearchFormat,
    /// Files, folders, `s3://BUCKET/PREFIX`, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// How events are printed.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum SearchFormat {
    /// Columns, fitted to a terminal; elsewhere whole values, separated by tabs
    #[default]
    Text,
    /// One JSON object an event and line, with the whole record under `record`, and `file` and `index`
    Jsonl,
    /// The columns as RFC 4180 defines CSV, with a header; no cell is a formula in a spreadsheet
    Csv,
}

/// The arguments, read.
pub struct Request {
    pub selection: Selection,
    pub around: Option<Around>,
    pub columns: Vec<Column>,
    pub tops: Vec<Column>,
    pub counts_only: bool,
    pub format: SearchFormat,
}

/// The event around which others are looked for.
pub struct Around {
    pub id: String,
    pub within: SignedDuration,
    /// `None` for what is usual.
    pub same: Option<Vec<Column>>,
}

impl SearchArgs {
    /// The request at this time, from which ages count.
    ///
    /// # Errors
    ///
    /// If an argument is wrong; mistakes in filters and fields are printed.
    pub fn read(&self, now: Timestamp) -> Result<Request, Stop> {
        let selection = self.selection.read(now)?;
        let list = |name, text: Option<&str>| text.map(|text| columns(name, text)).transpose();
        let around = match self.around.read()? {
            None => None,
            Some(Anchor { id, within, same }) => {
                Some(Around { id: id.to_owned(), within, same: list("--same", same)? })
            }
        };
        Ok(Request {
            selection,
            around,
            columns: columns("--columns", &self.columns)?,
            tops: list("--top", self.top.as_deref())?.unwrap_or_default(),
            counts_only: self.count,
            format: self.format,
        })
    }
}

/// The columns of an argument. Mistakes are printed with their places in it.
fn columns(argument: &str, text: &str) -> Result<Vec<Column>, Stop> {
    Column::parse_list(text).map_err(|mistakes| {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{}", render(&mistakes, argument, text, io::stderr().is_terminal()));
        let _ = writeln!(stderr, "{}", tally(&mistakes));
        Stop::Reported
    })
}
