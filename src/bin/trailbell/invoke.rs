//! `trailbell invoke`: the function's own handler, on local ports.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use trailbell::{
    alert::untrusted::printable,
    diagnostic::counted,
    engine::Engine,
    handler::{self, Outcome},
    local::{Folder, Printed},
    log_file::Limits,
};

use crate::{
    Status, Stop,
    inputs::{self, shown},
};

/// Prints each alert on standard output, and what came of the invocation on standard error.
pub fn run(rules: &Path, event: &Path, buckets: &Path) -> Status {
    let engine = Engine::new(inputs::rules(rules)?);
    let payload =
        fs::read(event).map_err(|error| Stop::Message(format!("{} cannot be read: {error}", shown(event))))?;
    let channel = Printed::new(io::stdout());
    let objects = Folder::new(buckets);
    let outcome = pollster::block_on(handler::handle(&engine, &objects, &channel, Limits::default(), &payload));
    let mut stderr = io::stderr().lock();
    for failure in &outcome.failures {
        writeln!(stderr, "error: {}", printable(&failure.to_string()))?;
    }
    writeln!(stderr, "{}", summary(&outcome))?;
    Ok(u8::from(!outcome.failures.is_empty()))
}

fn summary(outcome: &Outcome) -> String {
    let mut parts = vec![format!("{} read", counted(outcome.processed, "object"))];
    for (reason, count) in &outcome.skipped {
        parts.push(format!("{count} skipped ({})", reason.replace('_', " ")));
    }
    parts.push(format!("{} evaluated", counted(outcome.evaluated, "record")));
    if outcome.repaired > 0 {
        parts.push(format!("{} repaired", outcome.repaired));
    }
    if outcome.unparsable > 0 {
        parts.push(format!("{} unparsable", outcome.unparsable));
    }
    if !outcome.suppressed.is_empty() {
        parts.push(format!("{} suppressed", outcome.suppressed.values().sum::<u64>()));
    }
    parts.push(format!("{} published", counted(outcome.alerted, "alert")));
    parts.push(format!("{} failed", outcome.failed));
    parts.join(", ")
}
