//! Reads what the commands take: rules files.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use trailbell::{
    diagnostic::{Diagnostic, Span, counted, line_column, tally},
    local::{RulesFiles, ShippedRules, TextFileError},
    rule::{LoadedRules, RuleSet, Sources},
    untrusted::printable,
};

use crate::status::Stop;

/// The rules that are part of this program.
pub const SHIPPED: ShippedRules = ShippedRules {
    path: concat!("rules.yaml of trailbell ", env!("CARGO_PKG_VERSION")),
    text: include_str!("../../../rules.yaml"),
};

/// How many names of files the last line of a report lists.
const MAX_NAMES: usize = 3;

/// The rules that a command uses.
#[derive(Args, Clone)]
pub struct RulesArgs {
    /// Rules files and folders with rules, - for standard input; by default `rules.yaml`, `rules.d` and `overrides.yaml` of this
    /// folder, where the rules that ship take the place of a `rules.yaml` that is missing. May be given several times
    #[arg(id = "rules", long = "rules", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// The files that paths lead to; without paths, those of the current folder.
///
/// # Errors
///
/// If one of the files cannot be read.
pub fn files(paths: &[PathBuf]) -> Result<RulesFiles, TextFileError> {
    let here = [PathBuf::from(".")];
    RulesFiles::read(if paths.is_empty() { &here } else { paths }, Some(SHIPPED))
}

/// Rules files and their overrides, and what was found in them.
pub struct CheckedRules {
    /// The files.
    pub files: RulesFiles,
    /// The rules with the overrides.
    pub loaded: LoadedRules,
}

impl CheckedRules {
    /// Reads and checks the files, and whether the record files of the tests exist.
    ///
    /// # Errors
    ///
    /// If one of the files cannot be read.
    pub fn read(paths: &[PathBuf]) -> Result<Self, TextFileError> {
        let mut read = Self::without_tests(paths)?;
        let missing = read
            .loaded
            .missing_tests(&|test| read.record_file(test.span, &test.path).is_none_or(|file| file.is_file()));
        read.add(missing);
        Ok(read)
    }

    fn without_tests(paths: &[PathBuf]) -> Result<Self, TextFileError> {
        let files = files(paths)?;
        let loaded = LoadedRules::read(&files.sources);
        Ok(Self { files, loaded })
    }

    /// The same for a command that needs rules without errors. The record files of tests are not checked. If the rules that ship
    /// are used, standard error says so.
    ///
    /// # Errors
    ///
    /// If the files cannot be read or have errors, which are printed on standard error.
    pub fn usable(paths: &[PathBuf]) -> Result<Self, Stop> {
        let read = Self::without_tests(paths)?;
        if !read.loaded.is_usable() {
            return Err(read.refused());
        }
        announce(&read.files);
        Ok(read)
    }

    /// Adds findings in their places.
    pub fn add(&mut self, findings: Vec<Diagnostic>) {
        self.loaded.findings.extend(findings);
        self.loaded.findings.sort_by_key(|finding| finding.span.start);
    }

    /// The file that a test at a place of the rules names; none for a test of the rules that ship, whose files are not here.
    pub fn record_file(&self, place: Span, name: &str) -> Option<PathBuf> {
        record_file(&self.files, place, name)
    }

    /// The findings as text.
    pub fn rendered(&self, color: bool) -> String {
        self.files.sources.render(&self.loaded.findings, color)
    }

    /// The last line of a report: the files, how many rules, how many findings.
    pub fn tally(&self) -> String {
        let names = self.names();
        let LoadedRules { rules, findings, .. } = &self.loaded;
        let count = self.loaded.is_usable().then(|| counted(rules.rules.len() as u64, "rule") + ", ");
        format!("{names}: {}{}", count.unwrap_or_default(), tally(findings))
    }

    fn names(&self) -> String {
        let names: Vec<_> = self.files.sources.files().iter().map(|file| file.path.as_str()).collect();
        match names.len().checked_sub(MAX_NAMES) {
            Some(more @ 1..) => format!("{} and {}", names[..MAX_NAMES].join(", "), counted(more as u64, "more file")),
            _ => names.join(", "),
        }
    }

    fn refused(&self) -> Stop {
        let mut stderr = io::stderr().lock();
        let _ = write!(stderr, "{}", self.rendered(io::stderr().is_terminal()));
        let _ = writeln!(stderr, "{}", self.tally());
        Stop::Reported
    }
}

fn record_file(files: &RulesFiles, place: Span, name: &str) -> Option<PathBuf> {
    let file = files.sources.file_of(place)?;
    let path = files.paths.iter().find(|path| shown(path) == file.path)?;
    Some(path.parent().unwrap_or(Path::new("")).join(name))
}

/// The rules with the overrides applied, for a command that needs them without errors. The record files of tests
/// are not checked. If the rules that ship are used, standard error says so.
///
/// # Errors
///
/// If the files cannot be read or have errors, which are printed on standard error.
pub fn rules(paths: &[PathBuf]) -> Result<RuleSet, Stop> {
    Ok(named_rules(paths)?.0)
}

/// The same with the names of the files.
///
/// # Errors
///
/// As [`rules`].
pub fn named_rules(paths: &[PathBuf]) -> Result<(RuleSet, String), Stop> {
    let read = CheckedRules::usable(paths)?;
    let names = read.names();
    Ok((read.loaded.rules, names))
}

/// Reports on standard error that the rules that ship are used.
pub fn announce(files: &RulesFiles) {
    if files.shipped {
        let version = env!("CARGO_PKG_VERSION");
        let _ = writeln!(
            io::stderr(),
            "note: no rules.yaml here, so these are the rules that ship with trailbell {version}"
        );
    }
}

/// The rules without overrides, and the files. The tests of the rules are about them: an account that a test of a rule that ships
/// takes for a foreign one remains foreign, even if the user's overrides trust it.
pub struct WrittenRules {
    /// The rules.
    pub rules: RuleSet,
    /// The files.
    pub files: RulesFiles,
}

impl WrittenRules {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// If the files cannot be read or have errors, overrides too; errors are printed on standard error.
    pub fn read(paths: &[PathBuf]) -> Result<Self, Stop> {
        let read = CheckedRules::usable(paths)?;
        let rules = LoadedRules::as_written(&read.files.sources).rules;
        Ok(Self { rules, files: read.files })
    }

    /// The file that a test at a place of the rules names; none for a test of the rules that ship, whose files are not here.
    pub fn record_file(&self, place: Span, name: &str) -> Option<PathBuf> {
        record_file(&self.files, place, name)
    }

    /// The path of the file that holds a place, and its line there.
    pub fn place(&self, place: Span) -> (&str, usize) {
        self::place(&self.files.sources, place)
    }
}

/// The path of the file that holds a place, and its line there.
pub fn place(sources: &Sources, place: Span) -> (&str, usize) {
    let Some(file) = sources.file_of(place) else { return ("", 0) };
    (&file.path, line_column(&file.text, file.located().local(place).start).0)
}

/// A path as it can be shown, on one line and without control characters.
pub fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}
