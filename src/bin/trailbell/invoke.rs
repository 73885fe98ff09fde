//! `trailbell invoke`: runs the function's own handler on local ports.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use trailbell::{
    diagnostic::{chain, counted},
    engine::Engine,
    handler::{Channels, Handler, InvocationLimits, Outcome, Watch},
    local::{Folder, NoDeadline, Printed},
    state::{Audience, MemoryTable},
    trigger::Sender,
    untrusted::printable,
};

use crate::{
    inputs::{self, shown},
    status::{Status, Stop},
};

/// Prints each alert on standard output, and the outcome of the invocation on standard error.
///
/// # Errors
///
/// If the rules or the event cannot be read.
pub fn run(rules: &[PathBuf], event: &Path, buckets: &Path) -> Status {
    let engine = Engine::new(inputs::rules(rules)?);
    let payload = fs::read(event)
        .map_err(|error| Stop::Message(format!("{} cannot be read: {}", shown(event), chain(&error))))?;
    let channels = Channels::only(Printed::new(io::stdout()));
    let objects = Folder::new(buckets);
    let limits = InvocationLimits::default();
    let (table, learns) = (MemoryTable::default(), AtomicBool::new(false));
    let handler = Handler {
        engine: &engine,
        objects: &objects,
        channels: &channels,
        table: &table,
        keeps_state: false,
        watch: &Watch::default(),
        learns: &learns,
        clock: &NoDeadline,
        limits,
    };
    let outcome = pollster::block_on(handler.handle(&payload));
    let mut stderr = io::stderr().lock();
    for failure in outcome.failures() {
        writeln!(stderr, "error: {}", printable(&chain(failure)))?;
    }
    if outcome.sender != Sender::Service
        && let Ok(answer) = outcome.answer()
    {
        writeln!(stderr, "answer: {answer}")?;
    }
    writeln!(stderr, "{}", summary(&outcome))?;
    Ok(u8::from(outcome.failed() > 0))
}

fn summary(outcome: &Outcome) -> String {
    let (objects, records) = (&outcome.objects, &outcome.records);
    let mut parts = vec![format!("{} read", counted(objects.processed, "object"))];
    for (reason, count) in &objects.skipped {
        parts.push(format!("{count} skipped ({})", reason.replace('_', " ")));
    }
    parts.push(format!("{} evaluated", counted(records.evaluated, "record")));
    let suppressed = outcome.matches.suppressed.values().sum();
    for (count, what) in
        [(records.repaired, "repaired"), (records.unparsable, "unparsable"), (suppressed, "suppressed")]
    {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.push(format!(
        "{} published",
        counted(outcome.sends.get(&Audience::Alerts).map_or(0, |alerts| alerts.sent), "alert")
    ));
    parts.push(format!("{} failed", outcome.failed()));
    parts.join(", ")
}
