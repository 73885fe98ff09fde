//! `trailbell import`: converts rules of other systems to a rules file.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};

use trailbell::{
    diagnostic::{chain, counted, render},
    import::{Importer, Loss, Problem},
    local::read_text,
};
use walkdir::WalkDir;

use crate::{
    inputs::shown,
    status::{Status, Stop},
};

/// The endings of files with rules in a folder.
const ENDINGS: [&str; 3] = ["yml", "yaml", "json"];

/// Prints the rules on standard output, and on standard error what could not be converted, with a tally on the last line.
///
/// # Errors
///
/// If no file can be read, or none holds rules of a known system.
pub fn run(paths: &[PathBuf]) -> Status {
    let mut stderr = io::stderr().lock();
    let mut importer = Importer::default();
    let (mut problems, mut unread) = (Vec::new(), 0);
    let files: Vec<PathBuf> = paths.iter().flat_map(|path| files(path)).collect();
    for path in &files {
        match read(&mut importer, path, &mut stderr) {
            Some(found) => problems.extend(found),
            None => unread += 1,
        }
    }
    if unread == files.len() {
        if files.is_empty() {
            return Err(Stop::Message(format!("{} holds no file that ends with .yml, .yaml or .json", names(paths))));
        }
        return Err(Stop::Reported);
    }
    io::stdout().lock().write_all(importer.rules_file().as_bytes())?;
    for problem in &problems {
        let _ = show(problem, &mut stderr);
    }
    let count = |loss| problems.iter().filter(|problem| problem.loss == loss).count() as u64;
    let rules = counted(importer.converted() as u64, "rule");
    let (lost, parts, notes) = (count(Loss::Rule), count(Loss::Part), counted(count(Loss::Note), "note"));
    let unread_files =
        if unread == 0 { String::new() } else { format!(", {} not read", counted(unread as u64, "file")) };
    let _ = writeln!(stderr, "{}: {rules}, {lost} not converted, {parts} in part, {notes}{unread_files}", names(paths));
    Ok(u8::from(lost + parts > 0 || unread > 0))
}

/// The files of a path: itself, or those of a folder that can hold rules.
fn files(path: &Path) -> Vec<PathBuf> {
    if !path.is_dir() {
        return vec![path.to_owned()];
    }
    let is_rules = |path: &Path| ENDINGS.iter().any(|ending| path.extension().is_some_and(|one| one == *ending));
    let entries = WalkDir::new(path).sort_by_file_name().into_iter().filter_map(Result::ok);
    entries.map(walkdir::DirEntry::into_path).filter(|path| path.is_file() && is_rules(path)).collect()
}

/// Converts a file; `None` if it cannot be read or holds no rules, which is reported.
fn read(importer: &mut Importer, path: &Path, stderr: &mut impl Write) -> Option<Vec<Problem>> {
    let text = match read_text(path) {
        Ok(text) => text,
        Err(error) => {
            let _ = writeln!(stderr, "error: {}", chain(&error));
            return None;
        }
    };
    importer
        .add(&text)
        .map_err(|errors| {
            let _ = write!(stderr, "{}", render(&errors, &shown(path), &text, io::stderr().is_terminal()));
        })
        .ok()
}

fn names(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| shown(path)).collect::<Vec<_>>().join(", ")
}

fn show(problem: &Problem, output: &mut impl Write) -> io::Result<()> {
    let word = match problem.loss {
        Loss::Rule => "not converted",
        Loss::Part => "in part",
        Loss::Note => "note",
    };
    writeln!(output, "{word}: {}: {}", printable(&problem.rule), printable(&problem.reason))?;
    problem.detail.lines().try_for_each(|line| writeln!(output, "    {}", printable(line)))
}

/// Replaces control characters, which a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
