//! Writes all generated files, or compares them with those in the repository.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use trailbell::diagnostic::chain;

use super::{data_events_page, error::GenerateError, overlaps, rules_page};
use crate::{
    inputs,
    status::{Status, Stop},
};

/// Writes the files beside the rules file; with `check` it only prints how they differ, and exits 1 if they do.
///
/// # Errors
///
/// If the rules cannot be used, or a file cannot be generated or written.
pub fn run(rules: &Path, check: bool) -> Status {
    let set = inputs::WrittenRules::read(&[rules.to_owned()])?.rules;
    let folder = rules.parent().unwrap_or(Path::new(""));
    let failed = |error: GenerateError| Stop::Message(chain(&error));
    let files = [
        ("docs/data-events.md", data_events_page::page(&set)),
        ("docs/rules.md", rules_page::page(&set.rules).map_err(failed)?),
        ("tests/cases/overlaps.txt", overlaps::table(&set.rules, folder).map_err(failed)?),
    ];
    let mut stdout = io::stdout().lock();
    let mut differs = false;
    for (name, text) in files {
        let path = folder.join(name);
        if !check {
            fs::write(&path, text).map_err(|source| failed(GenerateError::Write { path, source }))?;
            continue;
        }
        // A file that is missing differs in every line.
        let current = fs::read_to_string(&path).unwrap_or_default();
        if current != text {
            differs = true;
            writeln!(stdout, "{name} is not current: run `make docs`")?;
            let is = |line: &&str, text: &str| text.lines().any(|one| one == *line);
            current.lines().filter(|line| !is(line, &text)).try_for_each(|line| writeln!(stdout, "- {line}"))?;
            text.lines().filter(|line| !is(line, &current)).try_for_each(|line| writeln!(stdout, "+ {line}"))?;
        }
    }
    Ok(u8::from(differs))
}
