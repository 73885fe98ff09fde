//! What the commands read: rules files, and single records.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};

use trailbell::{
    diagnostic::{Diagnostic, render, tally},
    engine, local,
    log_file::{Item, Limits},
    record::Record,
    rule::{RuleSet, missing_tests},
};

use crate::Stop;

/// A rules file that has been read.
pub struct RulesFile {
    /// Its path as the user gave it.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// The rules, or nothing where there are errors.
    pub rules: Option<RuleSet>,
    /// All that was found.
    pub findings: Vec<Diagnostic>,
}

impl RulesFile {
    /// Reads and checks the rules file at `path`, with the files of its tests.
    pub fn read(path: &Path) -> Result<Self, Stop> {
        let text = text(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let (rules, findings) = match RuleSet::parse(&text) {
            Ok((rules, mut warnings)) => {
                warnings.extend(missing_tests(&rules, &|test| folder.join(test).is_file()));
                (Some(rules), warnings)
            }
            Err(errors) => (None, errors),
        };
        Ok(Self { path: path.to_owned(), text, rules, findings })
    }

    /// The findings as text.
    pub fn rendered(&self, colour: bool) -> String {
        render(&self.findings, &self.path.display().to_string(), &self.text, colour)
    }
}

/// The text of the file at `path`.
pub fn text(path: &Path) -> Result<String, Stop> {
    let shown = path.display();
    let bytes = fs::read(path).map_err(|error| Stop::Message(format!("{shown} cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Stop::Message(format!("{shown} is not UTF-8: byte {at} is no part of a character; save the file as UTF-8"))
    })
}

/// The rules at `path`, for a command that needs them whole; says on standard error what keeps it from that. The
/// files that tests name are not asked for.
pub fn rules(path: &Path) -> Result<RuleSet, Stop> {
    let file = RulesFile::read(path)?;
    if let Some(rules) = file.rules {
        return Ok(rules);
    }
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{}", file.rendered(io::stderr().is_terminal()));
    let _ = writeln!(stderr, "{}: {}", path.display(), tally(&file.findings));
    Err(Stop::Said)
}

/// The one record of a file; with `event_id` the one of that id.
pub fn record(path: &Path, event_id: Option<&str>) -> Result<Record, String> {
    let mut found = Vec::new();
    let mut broken = None;
    let read = local::read(path, Limits::default(), &|_| {}, &mut |item| {
        let parsed = match item {
            Item::Record(record) => engine::parse(record.text).map_err(|reason| (record.index, reason)),
            Item::Unparsable { index, reason } => Err((index, reason.to_string())),
        };
        match parsed {
            Ok((record, _)) if event_id.is_none_or(|id| record.at(&["eventID"]).as_deref() == Some(id)) => {
                // Two are enough to know that there is more than one.
                if found.len() < 2 {
                    found.push(record);
                }
            }
            Ok(_) => {}
            Err((index, reason)) => {
                broken.get_or_insert(format!("record {index}: {reason}"));
            }
        }
    });
    match (read, broken, found.len(), found.pop(), event_id) {
        (Err(error), ..) => Err(error.to_string()),
        (_, _, 1, Some(record), _) => Ok(record),
        (_, Some(reason), 0, ..) => Err(reason),
        (_, _, 0, _, Some(id)) => Err(format!("it holds no record with the event id `{id}`")),
        (_, _, 0, _, None) => Err("it holds no record".to_owned()),
        (.., Some(id)) => Err(format!("it holds more than one record with the event id `{id}`")),
        (.., None) => Err("it holds more than one record; choose one by its event id".to_owned()),
    }
}
