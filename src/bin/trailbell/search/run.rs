//! Searches all files, and prints what was found in the order of time.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use jiff::Timestamp;
use trailbell::{
    diagnostic::{chain, counted},
    engine::Sieve,
    search::{DeliverySpan, EventKey, FoundRecord, is_same_event},
    untrusted::printable,
};

use super::{
    anchor::{self, Anchor, FoundEvent},
    arguments::{Request, SearchArgs, SearchFormat},
    finder::{Finder, LookedAt, Searched, Wanted},
    line::{Lines, parts},
    output::{Printer, is_table},
    sorter::{SortError, Sorter},
    tops::Tops,
};
use crate::{
    interrupt,
    logs::{self, LogSources, LogTally},
    status::{Status, Stop},
};

/// Prints events on standard output, and errors and a tally on standard error.
///
/// # Errors
///
/// If an argument is wrong, S3 cannot be used, or the output cannot be written.
pub fn run(arguments: &SearchArgs) -> Status {
    let Request { selection, around, columns, tops, counts_only, format } = arguments.read(Timestamp::now())?;
    interrupt::listen();
    let mut period = selection.period;
    if around.is_some() {
        anchor::check_paths(&arguments.paths)?;
    }
    let mut sources = LogSources::delivered(&arguments.paths, selection.delivery())?;
    let (mut pivots, mut anchor, mut was_incomplete) = (None, None, false);
    if let Some(around) = around {
        match anchor::find(&around, &sources, period)? {
            Anchor::None { status } => return Ok(status),
            Anchor::Event(event) => {
                let FoundEvent { key, time, pivots: common, read } = *event;
                writeln!(io::stderr(), "around {} at {time}: {}", printable(&around.id), common.shown())?;
                (period, pivots, anchor) = (period.around(time, around.within), Some(common), Some(key));
                was_incomplete = read.is_incomplete();
                sources = sources.again(&DeliverySpan::of(period, DeliverySpan::LATEST));
                sources.reported = read.reported;
            }
        }
    }
    let wanted = Wanted { sieve: Sieve::new(selection.filter), period, pivots };
    let (is_needed, has_marks) = (!counts_only, anchor.is_some());
    let lines = Lines { format, columns, tops, is_narrow: is_table(format), is_needed, has_marks };
    let keep = |found: FoundRecord<'_>, key: &EventKey, text: &[u8]| {
        lines.kept(found, anchor.as_ref().is_some_and(|anchor| anchor.is_same_event(key)), text)
    };
    let (found, looked_at, read) = search(sources, &wanted, &keep)?;
    // What was found is printed; the next Ctrl-C ends that.
    let mut was_interrupted = interrupt::take_request();
    let printed = print(found, &lines)?;
    was_interrupted |= interrupt::is_requested();
    report(&printed, &looked_at, &read, was_interrupted)?;
    Ok(match printed.events {
        _ if was_interrupted => interrupt::STATUS,
        _ if read.is_incomplete() || was_incomplete => 2,
        0 => 1,
        _ => 0,
    })
}

/// Finds what is wanted, in order, and what was looked at.
fn search(
    sources: LogSources,
    wanted: &Wanted,
    keep: &(impl Fn(FoundRecord<'_>, &EventKey, &[u8]) -> Vec<u8> + Sync),
) -> Result<(Sorter, LookedAt, LogTally), Stop> {
    let (mut sorter, mut looked_at) = (Sorter::default(), LookedAt::default());
    let (mut number, mut last) = (0, String::new());
    let mut failed: Option<SortError> = None;
    let read = logs::read(sources, || Finder::new(wanted, keep), &mut |file, searched| {
        match searched {
            Searched::Matches(matches) => {
                if file != last {
                    number += 1;
                    file.clone_into(&mut last);
                }
                for found in matches {
                    if let Err(error) = sorter.push(&found.key.saved(number, found.index), &found.kept) {
                        failed = Some(error);
                        return Err(io::Error::other("no room"));
                    }
                }
            }
            Searched::End(of_file) => looked_at.add(of_file),
        }
        Ok(())
    });
    match (failed, read) {
        (Some(error), _) => Err(unsorted(&error)),
        (None, read) => Ok((sorter, looked_at, read?)),
    }
}

/// What was printed.
#[derive(Default)]
struct Printed {
    events: u64,
    /// Records of events that were already there.
    repeated: u64,
}

fn print(found: Sorter, lines: &Lines) -> Result<Printed, Stop> {
    let mut found = found.finish().map_err(|error| unsorted(&error))?;
    let (mut printed, mut tops) = (Printed::default(), Tops::new(&lines.tops));
    let mut table = Printer::begin(lines)?;
    let mut last = Vec::new();
    while let Some((key, kept)) = found.next().map_err(|error| unsorted(&error))? {
        if is_same_event(&last, &key) {
            printed.repeated += 1;
            continue;
        }
        let (values, line) = parts(&kept);
        tops.add(values);
        if lines.is_needed {
            table.line(line)?;
        }
        printed.events += 1;
        last = key;
        if interrupt::is_requested() {
            break;
        }
    }
    let mut output = table.finish()?;
    if !lines.is_needed {
        writeln!(output, "{}", printed.events)?;
    }
    write_tops(&tops, lines, &mut output)?;
    output.flush()?;
    Ok(printed)
}

/// Only text can be followed by another text.
fn write_tops(tops: &Tops, lines: &Lines, output: &mut BufWriter<Stdout>) -> io::Result<()> {
    if lines.is_needed && lines.format != SearchFormat::Text {
        return tops.write(&mut io::stderr().lock(), io::stderr().is_terminal());
    }
    tops.write(output, io::stdout().is_terminal())
}

/// Writes the last lines: what was passed over, and the counts.
fn report(printed: &Printed, looked_at: &LookedAt, read: &LogTally, was_interrupted: bool) -> io::Result<()> {
    let mut stderr = io::stderr().lock();
    read.write_passed_over(&mut stderr)?;
    let mut parts =
        vec![counted(read.files, "file"), counted(looked_at.records, "record"), counted(printed.events, "event")];
    if printed.repeated > 0 {
        parts.push(format!("{} of the same events left out", counted(printed.repeated, "more record")));
    }
    parts.extend(read.unread());
    if was_interrupted {
        parts.push("interrupted before the end".to_owned());
    }
    writeln!(stderr, "{}", parts.join(", "))
}

fn unsorted(error: &SortError) -> Stop {
    Stop::Message(chain(error))
}
