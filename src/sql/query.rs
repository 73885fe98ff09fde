//! The whole query: what it reads, the condition, and comments that name how exact it is.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::{
    around::{ANCHOR, Around, AroundError},
    condition::{Bound, Condition},
    dialect::{Dialect, identifier, literal},
    inline::{Inlined, inlined},
    table::{COLUMNS, TABLE, files},
    translate::Translator,
};
use crate::{
    filter::{Lists, ast::Expr},
    search::Period,
    untrusted::printable,
};

/// What a query reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A table of Athena: its name, with those of its database and its catalogue before it where they are given.
    Table(Vec<String>),
    /// Log files that DuckDB reads: paths, patterns or URLs.
    Files(Vec<String>),
}

/// Why a query cannot read what a user names.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SourceError {
    /// It is not the name of a table.
    #[error(
        "`{0}` is not the name of a table: expected `TABLE` or `DATABASE.TABLE` of letters, digits and `_`; for files, \
         add `--dialect duckdb`"
    )]
    NotATable(String),
    /// A query of Athena reads one table.
    #[error("a query of Athena reads one table; name one, or add `--dialect duckdb` for files")]
    Several,
    /// DuckDB reads files.
    #[error("name the log files that DuckDB reads, such as `logs/*.json.gz`")]
    NoFiles,
}

impl Source {
    /// Reads what follows the options: for Athena the name of a table, that of AWS's example if nothing follows; for DuckDB
    /// the files.
    ///
    /// # Errors
    ///
    /// That is not the name of a table, or there are no files.
    pub fn of(dialect: Dialect, arguments: &[String]) -> Result<Self, SourceError> {
        match (dialect, arguments) {
            (Dialect::DuckDb, []) => Err(SourceError::NoFiles),
            (Dialect::DuckDb, files) => Ok(Source::Files(files.to_vec())),
            (Dialect::Athena, []) => Ok(Source::Table(vec![TABLE.to_owned()])),
            (Dialect::Athena, [name]) => {
                let parts: Vec<_> = name.split('.').map(str::to_owned).collect();
                let is_name = |part: &String| {
                    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                };
                let is_table = parts.len() <= 3 && parts.iter().all(is_name);
                if is_table { Ok(Source::Table(parts)) } else { Err(SourceError::NotATable(name.clone())) }
            }
            (Dialect::Athena, _) => Err(SourceError::Several),
        }
    }

    fn name(&self) -> String {
        match self {
            Source::Table(parts) => parts.iter().map(|part| identifier(part)).collect::<Vec<_>>().join("."),
            Source::Files(_) => "cloudtrail".to_owned(),
        }
    }
}

/// A query, and how exact it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The query, with comments before it.
    pub text: String,
    /// Why it may return records that the filter does not match; none if it returns exactly those that it matches.
    pub reasons: Vec<String>,
}

/// What a query is for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// What the first comment names, such as a rule.
    pub title: Option<&'a str>,
    /// The condition that the records match, if there is one.
    pub condition: Option<&'a Expr>,
    /// The event that they are around, if there is one.
    pub around: Option<&'a Around>,
    /// The named lists of the condition.
    pub lists: &'a Lists,
    /// When their events happened.
    pub period: Period,
}

/// The query that returns the wanted records.
///
/// # Errors
///
/// If a query cannot compare the fields that the events around one have in common.
pub fn query(wanted: &Wanted<'_>, dialect: Dialect, source: &Source) -> Result<Query, AroundError> {
    let mut translator = Translator::new(dialect);
    let (holds, filter) = match wanted.condition.map(|condition| inlined(condition, wanted.lists)) {
        None | Some(Inlined::Always(true)) => (Condition::Always, None),
        Some(Inlined::Always(false)) => (Condition::Never, None),
        Some(Inlined::Depends(expr)) => {
            (translator.condition(&expr, true, Bound::AtLeast, None), Some(printable(&expr.to_string())))
        }
    };
    let anchor = wanted.around.map(|around| around.anchor(dialect, &mut translator)).transpose()?;
    let Translator { columns, mut reasons, .. } = translator;
    reasons.sort();
    reasons.dedup();
    let mut text = String::new();
    let comments = comments(&reasons, wanted.around, filter.as_deref(), source);
    for comment in wanted.title.into_iter().map(printable).chain(comments) {
        line(&mut text, &format!("-- {comment}"));
    }
    let mut tables = Vec::new();
    if let Source::Files(paths) = source {
        tables.push(format!("cloudtrail AS (\n  {}\n)", files(paths)));
    }
    let (computed, mut from) = columns.tables(&source.name());
    tables.extend(computed);
    let in_period = Condition::all([in_partitions(wanted.period, source), dialect.within(wanted.period)]);
    let mut agrees = Condition::Always;
    if let (Some(anchor), Some(Around { id, .. })) = (anchor, wanted.around) {
        let is_it = Condition::all([in_period.clone(), format!("eventid = {}", literal(id)).into()]);
        let of_it = anchor.columns.join(",\n    ");
        tables.push(format!("{ANCHOR} AS (\n  SELECT DISTINCT\n    {of_it}\n  FROM {from}\n  WHERE {is_it}\n)"));
        from = format!("{from} CROSS JOIN {ANCHOR}");
        agrees = anchor.agrees;
    }
    if !tables.is_empty() {
        line(&mut text, &format!("WITH {}", tables.join(",\n")));
    }
    line(&mut text, &format!("SELECT\n{}\nFROM {from}", names_of_columns()));
    let holds = Condition::all([in_period, agrees, holds]);
    let parts = holds.parts().iter().filter(|part| **part != Condition::Always);
    for (at, part) in parts.enumerate() {
        let word = if at == 0 { "WHERE" } else { "  AND" };
        match part {
            Condition::AnyOf(_) => line(&mut text, &format!("{word} ({part})")),
            part => line(&mut text, &format!("{word} {part}")),
        }
    }
    line(&mut text, "ORDER BY eventtime");
    Ok(Query { text, reasons })
}

impl Dialect {
    /// Whether an event happened in a period. An event whose time is unknown is in every period.
    fn within(self, period: Period) -> Condition {
        let time = self.time("eventtime");
        let limit = |sign: &str, limit: Timestamp| {
            Condition::from(format!("COALESCE({time} {sign} {}, TRUE)", self.time(&literal(&limit.to_string()))))
        };
        let (since, until) =
            (period.since.map(|since| limit(">=", since)), period.until.map(|until| limit("<", until)));
        Condition::all(since.into_iter().chain(until))
    }
}

/// Whether a log file may hold events of a period: it is in the folder of the day of its delivery, some minutes after its
/// events. A day is allowed for late deliveries.
fn in_partitions(period: Period, source: &Source) -> Condition {
    if matches!(source, Source::Files(_)) {
        return Condition::Always;
    }
    let limit = |sign: &str, day: Timestamp| {
        Condition::from(format!("\"timestamp\" {sign} {}", literal(&day.strftime("%Y/%m/%d").to_string())))
    };
    let until = period.until.and_then(|until| until.checked_add(SignedDuration::from_hours(24)).ok());
    let since = period.since.map(|since| limit(">=", since));
    Condition::all(since.into_iter().chain(until.map(|until| limit("<=", until))))
}

/// The columns of the table, on lines that fit a terminal.
fn names_of_columns() -> String {
    let mut out = String::from(" ");
    let mut width = out.len();
    for (at, (name, _)) in COLUMNS.iter().enumerate() {
        let comma = if at + 1 < COLUMNS.len() { "," } else { "" };
        let piece = format!(" {}{comma}", name.to_ascii_lowercase());
        if width + piece.len() > WIDTH {
            out.push_str("\n ");
            width = 1;
        }
        width += piece.len();
        out.push_str(&piece);
    }
    out
}

/// The width of a line of names, in characters.
const WIDTH: usize = 110;

/// How exact the query is, and what decides where it is not.
fn comments(reasons: &[String], around: Option<&Around>, filter: Option<&str>, source: &Source) -> Vec<String> {
    let what = match (around, filter) {
        (None, filter) => filter.unwrap_or_default().to_owned(),
        (Some(around), None) => around.to_string(),
        (Some(around), Some(filter)) => format!("{around}: {filter}"),
    };
    if reasons.is_empty() {
        return vec![format!("exact: {}", printable(&what))];
    }
    let of_search = around.map(Around::arguments).unwrap_or_default().into_iter();
    let of_search = of_search.chain(filter.into_iter().flat_map(|filter| ["--filter".to_owned(), filter.to_owned()]));
    let files = match source {
        Source::Table(_) => vec!["RESULT.json".to_owned()],
        Source::Files(files) => files.clone(),
    };
    let typed: Vec<_> = of_search.chain(files).map(|argument| shell(&argument)).collect();
    let mut out = vec!["superset: it returns every record that is wanted, and maybe others, because".to_owned()];
    out.extend(reasons.iter().map(|reason| format!("  {}", printable(reason))));
    out.push("this decides which of them are wanted:".to_owned());
    out.push(format!("  trailbell search {}", printable(&typed.join(" "))));
    out
}

/// A text as one argument of a command for a POSIX shell, in single quotes where it needs them.
fn shell(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@:/-*".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn line(out: &mut String, text: &str) {
    // Writing to a text cannot fail.
    let _ = writeln!(out, "{text}");
}
