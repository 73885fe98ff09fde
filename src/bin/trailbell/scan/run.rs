//! Runs a scan: lines of matches or of alerts on standard output, errors and a tally on standard error.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use jiff::Timestamp;
use trailbell::engine::Engine;

use super::line::{ScanFormat, write_alert, write_match, write_notice};
use crate::{
    inputs,
    replay::{Alerts, Replay, Wanted, write_tally},
    selection::SelectionArgs,
    status::Status,
};

/// Prints matches or alerts on standard output, and errors and a tally on standard error.
///
/// # Errors
///
/// If the rules or S3 cannot be used, or the output cannot be written.
pub fn run(
    rules: &[PathBuf],
    selection: &SelectionArgs,
    format: ScanFormat,
    alerts: bool,
    notices: bool,
    paths: &[PathBuf],
) -> Status {
    let engine = Engine::new(inputs::rules(rules)?);
    let selection = selection.read(Timestamp::now())?;
    let sources = selection.sources(paths)?;
    let mut raised = alerts.then(|| Alerts::new(&engine, notices, ()));
    let line = |block: &mut Vec<u8>, finding: &_, file: &str| write_match(block, format, finding, file);
    let wanted = match &mut raised {
        Some(alerts) => Wanted::Alerts(alerts),
        None => Wanted::Lines(&line),
    };
    let replay = Replay::of(sources, &engine, &selection, wanted)?;
    if let Some(alerts) = &raised {
        print(alerts, format, &mut io::stdout().lock())?;
    }
    write_tally(&mut io::stderr().lock(), &engine, &replay, raised.as_ref())?;
    Ok(u8::from(replay.read.is_incomplete()))
}

/// Prints alerts, and notices among them, in the order of their times.
///
/// # Errors
///
/// If `output` cannot be written.
pub fn print(alerts: &Alerts<'_>, format: ScanFormat, output: &mut impl Write) -> io::Result<()> {
    let mut notices = alerts.sent_notices().into_iter().peekable();
    for alert in alerts.raised() {
        while let Some(notice) = notices.next_if(|notice| notice.time < alert.time) {
            write_notice(output, format, notice)?;
        }
        write_alert(output, format, &alert)?;
    }
    notices.try_for_each(|notice| write_notice(output, format, notice))
}
