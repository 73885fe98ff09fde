//! `trailbell report`: the alerts of a scan as one HTML page that needs no other file and no network.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Read, Write},
    mem,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, Unit};
use trailbell::{
    alert::{Alert, Origin},
    diagnostic::{chain, counted},
    engine::{Engine, Finding},
    object::ObjectId,
    record::Record,
    report::{KeptAlerts, PAGE_BEGINS, RecentRecords, ReportAlert, ReportHead, page},
};

use crate::{
    inputs::{self, shown},
    replay::{self, AlertKeeper, Alerts, Replay, Wanted, write_tally},
    selection::SelectionArgs,
    status::{Status, Stop},
};

/// How many bytes of matching records wait for alerts that list them.
const RECENT: usize = 128 << 20;

/// Writes the page to `out`, and errors and a tally to standard error.
///
/// # Errors
///
/// If the rules or S3 cannot be used, `out` is a file that is no report, or the output cannot be written.
pub fn run(rules: &[PathBuf], selection: &SelectionArgs, out: &Path, paths: &[PathBuf]) -> Status {
    refuse_other(out)?;
    let (rules, names) = inputs::named_rules(rules)?;
    let engine = Engine::new(rules);
    let now = Timestamp::now();
    let records = selection.read(now)?;
    let sources = records.sources(paths)?;
    let mut alerts = Alerts::new(&engine, false, Keeper::default());
    let replay = Replay::of(sources, &engine, &records, Wanted::Alerts(&mut alerts))?;
    let more: HashMap<String, u64> = alerts
        .raised()
        .map(|alert| (alert.firing.alert_id.clone(), alert.more))
        .filter(|(_, more)| *more > 0)
        .collect();
    let kept = mem::take(&mut alerts.keeper.kept);
    let data = kept.packed(|id| more.get(id).copied().unwrap_or_default());
    let logs = paths.iter().map(|path| shown(path)).collect::<Vec<_>>().join(", ");
    let mut about = vec![("Logs", logs), ("Rules", names)];
    about.extend(selection.shown());
    let rules =
        engine.rules().iter().enumerate().map(|(at, rule)| (rule.severity, rule.name.clone(), alerts.of_rule(at)));
    let head = ReportHead {
        made: now.round(Unit::Second).unwrap_or(now).to_string(),
        about,
        tally: replay::counts(&replay, Some(&alerts)),
        problems: problems(&replay),
        rules: rules.filter(|(.., count)| *count > 0).collect(),
    };
    let html = page(&head, &data);
    write(out, &html)?;
    let mut stderr = io::stderr().lock();
    write_tally(&mut stderr, &engine, &replay, Some(&alerts))?;
    let left_out = if data.left_out > 0 { format!(", {} left out", data.left_out) } else { String::new() };
    writeln!(
        stderr,
        "{}: {}{left_out}, {} KB",
        shown(out),
        counted(data.alerts as u64, "alert"),
        html.len().div_ceil(1_000)
    )?;
    Ok(u8::from(replay.read.is_incomplete()))
}

/// What the page keeps of alerts and records.
struct Keeper {
    kept: KeptAlerts,
    recent: RecentRecords,
}

impl Default for Keeper {
    fn default() -> Self {
        Self { kept: KeptAlerts::default(), recent: RecentRecords::new(RECENT) }
    }
}

impl AlertKeeper for Keeper {
    fn record(&mut self, record: &Record) {
        self.recent.add(record);
    }

    fn alert(&mut self, mut alert: Alert, finding: &Finding, file: &str) {
        alert.origin = object(file).map(Origin::Object);
        self.kept.push(ReportAlert { alert: &alert, finding, file }, &self.recent);
    }
}

/// The object of a name such as `s3://BUCKET/KEY`.
fn object(file: &str) -> Option<ObjectId> {
    let (bucket, key) = file.strip_prefix("s3://")?.split_once('/')?;
    Some(ObjectId { bucket: bucket.to_owned(), key: key.to_owned() })
}

/// What the page does not know of, a sentence each.
fn problems(replay: &Replay) -> Vec<String> {
    let of = |count: u64, noun: &str, what: &str| (count > 0).then(|| format!("{} {what}", counted(count, noun)));
    let read = &replay.read;
    [
        of(read.failed, "file or folder", "could not be read, or not to the end: its events are missing here."),
        of(read.unparsable, "record", "could not be parsed: no rule has seen what it holds."),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Refuses to write over a file that is no report.
fn refuse_other(out: &Path) -> Result<(), Stop> {
    let is_file = fs::metadata(out).is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0);
    if !is_file {
        return Ok(());
    }
    let mut first = Vec::new();
    let read = File::open(out).and_then(|file| file.take(PAGE_BEGINS.len() as u64).read_to_end(&mut first));
    if read.is_ok() && first == PAGE_BEGINS.as_bytes() {
        return Ok(());
    }
    let out = shown(out);
    Err(Stop::Message(format!("{out} is a file, and no report: remove it, or name another file with --out")))
}

fn write(out: &Path, html: &str) -> Result<(), Stop> {
    if out == Path::new("-") {
        io::stdout().write_all(html.as_bytes())?;
        return Ok(());
    }
    fs::write(out, html).map_err(|error| Stop::Message(format!("{} cannot be written: {}", shown(out), chain(&error))))
}
