//! The event of `--around`: the one record with its id, found before the events around it are.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::{Path, PathBuf},
};

use jiff::{Timestamp, tz::TimeZone};
use trailbell::{
    diagnostic::counted,
    engine::{Sieve, parse},
    filter::{Filter, operand::Value},
    record::{Record, Virtual},
    search::{Column, EventKey, FoundRecord, Period, Pivots},
    untrusted::{line, printable, shorten_to},
};

use super::{
    arguments::Around,
    finder::{Finder, LookedAt, Match, Searched, Wanted},
};
use crate::{
    inputs::shown,
    interrupt,
    logs::{self, LogSources, LogTally},
    status::Stop,
};

/// How many different records with one id are named.
const MAX_NAMED: usize = 10;
/// The columns that tell records with one id apart.
const NAMED_BY: &str = "time,recipientAccountId,region,event,principal";

/// What the search for the event came to.
pub enum Anchor {
    /// It is not one event, which has been reported; the exit status.
    None { status: u8 },
    /// The event.
    Event(Box<FoundEvent>),
}

/// The event, when it happened, what others must have in common with it, and how the files were read.
pub struct FoundEvent {
    pub key: EventKey,
    pub time: Timestamp,
    pub pivots: Pivots,
    pub read: LogTally,
}

/// A record with the id.
struct Candidate {
    found: Match,
    file: String,
}

/// Checks that all files can be read twice.
///
/// # Errors
///
/// One of them is standard input, or a pipe.
pub fn check_paths(paths: &[PathBuf]) -> Result<(), Stop> {
    let is_pipe = |path: &&PathBuf| {
        path.as_path() == Path::new("-")
            || path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
    };
    match paths.iter().find(is_pipe) {
        None => Ok(()),
        Some(path) => Err(Stop::Message(format!(
            "`--around` reads the logs twice, which `{}` does not allow: save them to a file",
            shown(path)
        ))),
    }
}

/// Finds the event in the files, among the events of a period.
///
/// # Errors
///
/// If the id is not that of any event, the event lacks a value of `--same`, or standard error cannot be written.
pub fn find(around: &Around, sources: &LogSources, period: Period) -> Result<Anchor, Stop> {
    let id = &around.id;
    let names = Names::of(sources);
    let filter = format!("eventID = {}", Value::Text(id.clone()));
    let filter = Filter::parse(&filter).map_err(|_| Stop::Message("`--around` takes the id of an event".to_owned()))?;
    let wanted = Wanted { sieve: Sieve::new(Some(filter)), period, pivots: None };
    let keep = |_: FoundRecord<'_>, _: &EventKey, text: &[u8]| text.to_owned();
    let (mut candidates, mut more, mut looked_at) = (Vec::<Candidate>::new(), 0_u64, LookedAt::default());
    let read = logs::read(sources.clone(), || Finder::new(&wanted, &keep), &mut |file, searched| {
        match searched {
            Searched::Matches(matches) => {
                for found in matches {
                    if candidates.iter().any(|known| known.found.key.is_same_event(&found.key)) {
                        continue;
                    }
                    if candidates.len() < MAX_NAMED {
                        candidates.push(Candidate { found, file: file.to_owned() });
                    } else {
                        more += 1;
                    }
                }
            }
            Searched::End(of_file) => looked_at.add(of_file),
        }
        Ok(())
    })?;
    let mut stderr = io::stderr().lock();
    if interrupt::is_requested() {
        writeln!(stderr, "interrupted before the event `{}` was found", line(id, 100))?;
        return Ok(Anchor::None { status: interrupt::STATUS });
    }
    let candidate = match (candidates.pop(), candidates.is_empty()) {
        (Some(one), true) => one,
        (Some(last), false) => {
            candidates.push(last);
            several(id, &candidates, more, &mut stderr)?;
            return Ok(Anchor::None { status: 2 });
        }
        (None, _) => {
            read.write_passed_over(&mut stderr)?;
            writeln!(stderr, "error: {}", nowhere(id, &names, looked_at, period, &read))?;
            return Ok(Anchor::None { status: if read.is_incomplete() { 2 } else { 1 } });
        }
    };
    let Candidate { found: Match { key, index, kept }, file } = candidate;
    let (record, _) = parse(&kept).map_err(|error| Stop::Message(error.to_string()))?;
    let Some(time) = record.event_time() else {
        return Err(Stop::Message(format!(
            "the event `{}` in {file} has no time that others could be around",
            line(id, 100)
        )));
    };
    let same = around.same.clone().unwrap_or_else(|| usual(&record));
    let pivots = Pivots::of(same, FoundRecord { record: &record, file: &file, index })
        .map_err(|error| Stop::Message(format!("{error}: choose among them with `--same`")))?;
    Ok(Anchor::Event(Box::new(FoundEvent { key, time, pivots, read })))
}

/// The access key, which is that of one session or one user; or else the principal.
fn usual(record: &Record) -> Vec<Column> {
    let has_key = record.field(Virtual::AccessKey).is_some_and(|key| !key.is_empty());
    Column::parse_list(if has_key { "accessKey" } else { "principal" }).unwrap_or_default()
}

/// Reports that different records have the id.
fn several(id: &str, candidates: &[Candidate], more: u64, stderr: &mut impl Write) -> Result<(), Stop> {
    let count = counted(candidates.len() as u64 + more, "different record");
    writeln!(stderr, "error: {count} have the event id `{}`:", line(id, 100))?;
    let columns = Column::parse_list(NAMED_BY).unwrap_or_default();
    for Candidate { found: Match { index, kept, .. }, file } in candidates {
        let Ok((record, _)) = parse(kept) else { continue };
        let found = FoundRecord { record: &record, file, index: *index };
        let values = columns.iter().map(|column| line(&column.value(found).unwrap_or_else(|| "-".to_owned()), 200));
        writeln!(stderr, "  {}  {file}, record {index}", values.collect::<Vec<_>>().join("  "))?;
    }
    let hint = "`--since`, `--until` or fewer files leave one of them";
    writeln!(stderr, "{}{hint}", if more > 0 { format!("  and {more} more\n") } else { String::new() })?;
    Ok(())
}

/// The names of the files that are read, as far as a message has room.
struct Names {
    shown: Vec<String>,
    more: usize,
}

impl Names {
    /// Folders and prefixes are shorter than the files in them.
    fn of(sources: &LogSources) -> Self {
        let folder = |name: String| match name.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/"),
            None => name,
        };
        let files: Vec<String> = sources.list.iter().take(MAX_NAMED).map(logs::LogSource::shown).collect();
        let folders: BTreeSet<String> = if sources.list.len() > MAX_NAMED {
            sources.list.iter().map(|file| folder(file.shown())).collect()
        } else {
            files.into_iter().collect()
        };
        let more = folders.len().saturating_sub(MAX_NAMED);
        Self { shown: folders.into_iter().take(MAX_NAMED).collect(), more }
    }
}

/// The message that no event has the id, with where it was looked for.
fn nowhere(id: &str, names: &Names, looked_at: LookedAt, period: Period, read: &LogTally) -> String {
    let day = |time: Timestamp| TimeZone::UTC.to_datetime(time).date().to_string();
    let days = match looked_at.times {
        None => "without a time".to_owned(),
        Some((first, last)) if day(first) == day(last) => format!("of {}", day(first)),
        Some((first, last)) => format!("of {} to {}", day(first), day(last)),
    };
    let records = match looked_at.records {
        0 => "no records".to_owned(),
        count => format!("{} {days}", counted(count, "record")),
    };
    let more = if names.more > 0 { format!(" and {} more", names.more) } else { String::new() };
    let limits = match (period.since, period.until) {
        (None, None) => "",
        _ => "; only events of `--since` and `--until` were looked for",
    };
    let unread = read.unread();
    let unread = if unread.is_empty() { String::new() } else { format!(" ({})", unread.join(", ")) };
    printable(&format!(
        "no event has the id `{}` in {} with {records}{unread}: {}{more}{limits}",
        shorten_to(id, 100),
        counted(read.files, "file"),
        names.shown.join(", "),
    ))
}
