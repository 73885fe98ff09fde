//! The records that a command is about, among those of files, folders and buckets.

use std::{
    collections::HashSet,
    io::{self, Write},
    mem,
    ops::ControlFlow,
    path::PathBuf,
};

use serde_json::Value as Json;
use trailbell::{
    backtest::changed,
    diagnostic::counted,
    engine::{ParseError, Scratch, Sieve, parse},
    filter::{Filter, operand::Value},
    log_file::RawRecord,
    record::{Path, Record},
    rule::{Rule, Verdict},
    untrusted::{line, printable},
};

use crate::{
    logs::{self, LogSources, Output, RecordReader},
    set,
    status::Stop,
};

/// How many records are listed for the user to choose from.
const MAX_LISTED: usize = 5;
/// How many of the records that the rule matches are kept where one is wanted.
const MAX_KEPT: usize = 1_000;
/// The longest value of a record in that list, in characters.
const MAX_VALUE: usize = 60;

/// Where to look for records, and what to look for.
pub struct Wanted<'w> {
    /// Files, folders, `s3://BUCKET/PREFIX`, or `-` for standard input.
    pub paths: &'w [PathBuf],
    /// The rule that they are for.
    pub rule: &'w Rule,
    /// The id of the one that is wanted.
    pub event_id: Option<&'w str>,
    /// What is changed in them before the rule sees them.
    pub changes: &'w [(Path, Json)],
}

/// A record, and the file that holds it, as it can be shown.
pub struct Found {
    pub record: Record,
    pub file: String,
}

impl Wanted<'_> {
    /// The one record: that of the id; or the only one there is; or the only one that the rule matches.
    ///
    /// # Errors
    ///
    /// If there is no such record, or more than one: it prints those to choose from.
    pub fn one(&self) -> Result<Found, Stop> {
        let read = self.read(self.event_id.is_none(), true)?;
        let (mut found, mut counts) = (read.found, read.counts);
        // CloudTrail may deliver an event twice.
        let mut seen = HashSet::new();
        let kept = found.len();
        found.retain(|one| seen.insert(one.record.to_string()));
        counts.matches -= (kept - found.len()) as u64;
        if let Some(id) = self.event_id {
            return match (found.pop(), found.is_empty()) {
                (Some(one), true) => self.changed(one),
                (Some(_), false) => Err(self.failed(&format!("more than one record with the event id `{id}`"))),
                (None, _) => Err(self.failed(&format!("no record with the event id `{id}`"))),
            };
        }
        match (&mut found[..], counts) {
            (_, Counts { records: 0, .. }) if read.is_incomplete => Err(Stop::Reported),
            (_, Counts { records: 0, .. }) => Err(self.failed("no record")),
            _ if read.is_incomplete => {
                Err(self.failed("what cannot be read may match, too; choose one: add --event-id ID"))
            }
            ([_], _) => found.pop().map_or(Err(Stop::Reported), |one| self.changed(one)),
            ([], Counts { records: 1, .. }) => {
                let only = read.others.into_iter().next();
                only.map_or(Err(Stop::Reported), |one| self.changed(one))
            }
            (found, Counts { records, matches }) => {
                let of = counted(records, "record");
                let (what, list) = if matches == 0 {
                    (format!("the rule matches none of {of}"), &read.others[..])
                } else {
                    (format!("the rule matches {matches} of {of}"), &*found)
                };
                self.choose(&what, list, if matches == 0 { records } else { matches })
            }
        }
    }

    /// The records that the rule matches, in the order of their times. With an id the last of them is the record of that id, whether
    /// the rule matches it or not; without, it is the only record if the rule matches none.
    ///
    /// # Errors
    ///
    /// If there is no such record.
    pub fn series(&self) -> Result<Vec<Found>, Stop> {
        let read = self.read(true, false)?;
        let found: Result<Vec<_>, _> = read.found.into_iter().map(|one| self.changed(one)).collect();
        let mut found = found?;
        found.sort_by_key(|one| one.record.event_time());
        if let Some(id) = self.event_id {
            let Some(at) = found.iter().position(|one| is_it(&one.record, id)) else {
                return Err(self.failed(&format!("no record with the event id `{id}`")));
            };
            found.truncate(at + 1);
        } else if read.is_incomplete {
            return Err(Stop::Reported);
        } else if found.is_empty() {
            let other = read.others.into_iter().next().ok_or_else(|| self.failed("no record"))?;
            found.push(self.changed(other)?);
        }
        Ok(found)
    }

    fn changed(&self, found: Found) -> Result<Found, Stop> {
        Ok(Found { record: set::apply(found.record, self.changes)?, file: found.file })
    }

    /// Reads what is wanted: the record of the id, those that the rule matches, or both. If one is wanted, it ends with the file that
    /// holds the id, and it keeps only the first of many.
    fn read(&self, matching: bool, wants_one: bool) -> Result<Read, Stop> {
        let by_id = self.event_id.map(|id| Filter::parse(&format!("eventID = {}", Value::Text(id.to_owned()))));
        let by_id = by_id.transpose().map_err(|_| Stop::Message("`--event-id` takes the id of an event".to_owned()))?;
        let filter = match by_id {
            Some(by_id) if matching => Filter::any_of([&by_id, &self.rule.filter]),
            Some(by_id) => by_id,
            None => self.rule.filter.clone(),
        };
        let sieve = Sieve::new(Some(filter));
        let most = if wants_one { MAX_KEPT } else { usize::MAX };
        let reader = || Reader {
            wanted: self,
            sieve: &sieve,
            matching,
            most,
            scratch: Scratch::default(),
            of_file: OfFile::default(),
        };
        let mut all = Read::default();
        let mut is_found = false;
        let read = logs::read(LogSources::of(self.paths)?, reader, &mut |file, of_file: OfFile| {
            let found = |record| Found { record, file: file.to_owned() };
            all.counts.records += of_file.counts.records;
            all.counts.matches += of_file.counts.matches;
            let room = most - all.found.len();
            all.found.extend(of_file.found.into_iter().take(room).map(found));
            let room = MAX_LISTED - all.others.len().min(MAX_LISTED);
            all.others.extend(of_file.others.into_iter().take(room).map(found));
            is_found = wants_one && self.event_id.is_some() && !all.found.is_empty();
            if is_found { Err(io::Error::other("found")) } else { Ok(()) }
        });
        match read {
            Err(_) if is_found => {}
            Err(error) => return Err(error.into()),
            Ok(tally) => all.is_incomplete = tally.is_incomplete(),
        }
        Ok(all)
    }

    fn failed(&self, what: &str) -> Stop {
        let names: Vec<_> = self.paths.iter().map(|path| path.display().to_string()).collect();
        Stop::Message(format!("{}: {what}", line(&names.join(" "), 4 * MAX_VALUE)))
    }

    /// Prints the first records to choose from.
    fn choose<T>(&self, what: &str, list: &[Found], count: u64) -> Result<T, Stop> {
        let mut stderr = io::stderr().lock();
        if let Stop::Message(what) = self.failed(what) {
            let _ = writeln!(stderr, "error: {}; choose one: add --event-id ID", printable(&what));
        }
        let listed = &list[..list.len().min(MAX_LISTED)];
        let is_one_file = listed.iter().all(|one| listed.first().is_some_and(|first| first.file == one.file));
        for Found { record, file } in listed {
            let value = |key: &str| record.at(&[key]).map_or_else(|| "-".to_owned(), |text| line(&text, MAX_VALUE));
            let (id, time, name) = (value("eventID"), value("eventTime"), value("eventName"));
            let file = if is_one_file { String::new() } else { format!("  {file}") };
            let _ = writeln!(stderr, "  {id}  {time}  {name}{file}");
        }
        let more = count.saturating_sub(listed.len() as u64);
        if more > 0 {
            let _ = writeln!(stderr, "  … and {more} more");
        }
        Err(Stop::Reported)
    }
}

fn is_it(record: &Record, id: &str) -> bool {
    record.at(&["eventID"]).as_deref() == Some(id)
}

/// What was read.
#[derive(Default)]
struct Read {
    counts: Counts,
    found: Vec<Found>,
    /// The first of the other records.
    others: Vec<Found>,
    is_incomplete: bool,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    records: u64,
    matches: u64,
}

/// What a file holds.
#[derive(Default)]
struct OfFile {
    counts: Counts,
    found: Vec<Record>,
    others: Vec<Record>,
}

/// Reads the records of files, and passes on those that are wanted at the end of each file.
struct Reader<'w> {
    wanted: &'w Wanted<'w>,
    sieve: &'w Sieve,
    matching: bool,
    most: usize,
    scratch: Scratch,
    of_file: OfFile,
}

impl Reader<'_> {
    /// The record if it is wanted: as it is, since the changes are made to those that are chosen.
    fn select(&mut self, raw: RawRecord<'_>) -> Result<Option<Record>, ParseError> {
        if self.wanted.changes.is_empty() || !self.matching {
            return self.sieve.select(raw, |_| true, &mut self.scratch);
        }
        let (record, _) = parse(raw.text)?;
        let is_chosen = self.wanted.event_id.is_some_and(|id| is_it(&record, id));
        let matches = || {
            let changed = changed(record.clone(), self.wanted.changes);
            changed.is_ok_and(|changed| self.wanted.rule.verdict(&changed) != Verdict::NoMatch)
        };
        Ok((is_chosen || matches()).then_some(record))
    }
}

impl RecordReader for Reader<'_> {
    type Output = OfFile;

    fn begin(&mut self, _: &str) {
        self.of_file = OfFile::default();
    }

    fn record(&mut self, raw: RawRecord<'_>, _: &mut Output<'_, OfFile>) -> Result<ControlFlow<()>, ParseError> {
        let selected = self.select(raw)?;
        let of_file = &mut self.of_file;
        of_file.counts.records += 1;
        match selected {
            Some(record) => {
                of_file.counts.matches += 1;
                if of_file.found.len() < self.most {
                    of_file.found.push(record);
                }
            }
            None if of_file.others.len() < MAX_LISTED && self.wanted.event_id.is_none() => {
                of_file.others.push(parse(raw.text)?.0);
            }
            None => {}
        }
        Ok(ControlFlow::Continue(()))
    }

    fn flush(&mut self, _: &mut Output<'_, OfFile>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn end(&mut self, output: &mut Output<'_, OfFile>) -> ControlFlow<()> {
        output(mem::take(&mut self.of_file))
    }
}
