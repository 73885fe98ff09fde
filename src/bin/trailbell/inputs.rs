//! What the commands read: rules files, and single records.

use std::{
    fs::File,
    io::{self, IsTerminal, Read, Write},
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use trailbell::{
    diagnostic::{Diagnostic, chain, counted, nearest, render, tally},
    engine,
    local::{self, RulesFiles, TextFile, read_text},
    log_file::{FileItem, Limits},
    record::Record,
    rule::{Rule, RuleSet, missing_tests, overrides_beside_errors},
    untrusted::printable,
};

use crate::Stop;

/// A file that has been read, and what was found in it.
pub struct Checked {
    /// Its path as the user gave it.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// All that was found.
    pub findings: Vec<Diagnostic>,
}

impl Checked {
    /// The findings as text.
    pub fn rendered(&self, colour: bool) -> String {
        render(&self.findings, &shown(&self.path), &self.text, colour)
    }
}

/// A rules file, and the overrides file beside it, if there is one.
pub struct RulesFile {
    /// The rules file.
    pub file: Checked,
    /// The overrides file.
    pub overrides: Option<Checked>,
    /// The rules as the rules file has them, or nothing where that has errors.
    pub written: Option<RuleSet>,
    /// The rules with what is overridden, or nothing where either file has errors.
    pub rules: Option<RuleSet>,
}

impl RulesFile {
    /// Reads and checks the rules file at `path`, with the files of its tests, and its overrides.
    pub fn read(path: &Path) -> Result<Self, Stop> {
        let mut read = Self::without_tests(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let file = &mut read.file;
        file.findings.extend(missing_tests(&file.text, &|test| folder.join(test).is_file()));
        file.findings.sort_by_key(|finding| finding.span.start);
        Ok(read)
    }

    fn without_tests(path: &Path) -> Result<Self, Stop> {
        let files = RulesFiles::read(path).map_err(|error| Stop::Message(chain(&error)))?;
        let text = files.rules.text;
        let (written, findings) = match RuleSet::parse(&text) {
            Ok((rules, warnings)) => (Some(rules), warnings),
            Err(errors) => (None, errors),
        };
        let file = Checked { path: path.to_owned(), text, findings };
        let Some(TextFile { path, text }) = files.overrides else {
            return Ok(Self { file, overrides: None, rules: written.clone(), written });
        };
        let (rules, findings) = match written.clone().map(|rules| rules.overridden(&text)) {
            Some(Ok((rules, warnings))) => (Some(rules), warnings),
            Some(Err(errors)) => (None, errors),
            None => (None, overrides_beside_errors(&text, &file.text)),
        };
        Ok(Self { file, overrides: Some(Checked { path, text, findings }), written, rules })
    }

    /// The files, the rules file first.
    pub fn files(&self) -> impl Iterator<Item = &Checked> {
        [&self.file].into_iter().chain(&self.overrides)
    }

    /// The last line of a report: the files, how many rules, how many findings.
    pub fn tally(&self) -> String {
        let names: Vec<_> = self.files().map(|file| shown(&file.path)).collect();
        let findings: Vec<_> = self.files().flat_map(|file| file.findings.clone()).collect();
        let rules = self.rules.as_ref().map(|rules| counted(rules.rules.len() as u64, "rule") + ", ");
        format!("{}: {}{}", names.join(", "), rules.unwrap_or_default(), tally(&findings))
    }
}

/// The text of the file at `path`.
pub fn text(path: &Path) -> Result<String, Stop> {
    read_text(path).map_err(|error| Stop::Message(chain(&error)))
}

/// The rules at `path` with what is overridden, for a command that needs them whole; says on standard error what keeps it
/// from that. The files that tests name are not asked for.
pub fn rules(path: &Path) -> Result<RuleSet, Stop> {
    let read = RulesFile::without_tests(path)?;
    if let Some(rules) = read.rules {
        return Ok(rules);
    }
    Err(refused(&read))
}

/// The rules as their own tests are about them, without what is overridden, and the text of the file: an account that a
/// test takes for a stranger stays one, whomever the user trusts. Overrides with errors are refused all the same.
pub fn written_rules(path: &Path) -> Result<(RuleSet, String), Stop> {
    let read = RulesFile::without_tests(path)?;
    match read {
        RulesFile { file, written: Some(written), rules: Some(_), .. } => Ok((written, file.text)),
        read => Err(refused(&read)),
    }
}

fn refused(read: &RulesFile) -> Stop {
    let mut stderr = io::stderr().lock();
    for file in read.files() {
        let _ = write!(stderr, "{}", file.rendered(io::stderr().is_terminal()));
    }
    let _ = writeln!(stderr, "{}", read.tally());
    Stop::Said
}

/// A file that a user names; `-` is standard input.
pub fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if path == Path::new("-") { Ok(Box::new(io::stdin())) } else { Ok(Box::new(File::open(path)?)) }
}

/// A path as it can be shown: whatever its name holds, it stays on its line.
pub fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}

/// One rule of a rules file and one record of another file, for commands that are about both.
pub fn rule_and_record(
    rules: &Path,
    rule: &str,
    file: &Path,
    event_id: Option<&str>,
) -> Result<(RuleSet, Rule, Record), Stop> {
    let rules = self::rules(rules)?;
    let rule = rules.find(rule).ok_or_else(|| Stop::Message(unknown(rule, &rules)))?.clone();
    let read = open(file).map_err(|error| error.to_string()).and_then(|input| record(input, event_id));
    let record = read.map_err(|reason| {
        let hint = if event_id.is_none() && reason.contains("more than one") { ": add --event-id ID" } else { "" };
        Stop::Message(format!("{}: {reason}{hint}", shown(file)))
    })?;
    Ok((rules, rule, record))
}

fn unknown(rule: &str, rules: &RuleSet) -> String {
    let names = rules.rules.iter().flat_map(|rule| [rule.name.as_str(), rule.id.as_str()]);
    match nearest(rule, names) {
        Some(known) => format!("there is no rule `{rule}`; did you mean `{known}`?"),
        None => format!("there is no rule `{rule}`; give its name or its id"),
    }
}

/// The one record of a file; with `event_id` the one of that id, whatever else the file holds.
pub fn record(input: impl Read, event_id: Option<&str>) -> Result<Record, String> {
    let (mut found, mut broken) = (Vec::new(), None);
    let read = local::read(input, Limits::default(), &|_| {}, &mut |item| {
        let parsed = match item {
            FileItem::Record(record) => engine::parse(record.text).map_err(|error| (record.index, chain(&error))),
            FileItem::Unparsable { index, reason } => Err((index, chain(&reason))),
        };
        match parsed {
            Ok((record, _)) if event_id.is_none_or(|id| record.at(&["eventID"]).as_deref() == Some(id)) => {
                found.push(record);
            }
            Ok(_) => {}
            Err((index, reason)) => broken = broken.take().or(Some(format!("record {index}: {reason}"))),
        }
        // Two are enough to know that there is more than one.
        if found.len() < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    let broken = broken.or_else(|| read.err().map(|error| error.to_string()));
    match (found.len(), found.pop(), broken, event_id) {
        (1, Some(record), None, _) | (1, Some(record), Some(_), Some(_)) => Ok(record),
        (0 | 1, _, Some(reason), _) => Err(reason),
        (0, _, None, Some(id)) => Err(format!("it holds no record with the event id `{id}`")),
        (0, _, None, None) => Err("it holds no record".to_owned()),
        (.., Some(id)) => Err(format!("it holds more than one record with the event id `{id}`")),
        (.., None) => Err("it holds more than one record; choose one by its event id".to_owned()),
    }
}
