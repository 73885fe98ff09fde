//! `trailbell import`: converts rules of other systems to a rules file.

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
};

use trailbell::{
    diagnostic::{counted, render},
    import::{self, Loss, Problem},
    local::read_text,
};

use crate::status::{Status, Stop};

/// Prints the rules on standard output, and on standard error what could not be converted, with a tally on the last line.
///
/// # Errors
///
/// If the file cannot be read, or holds no rules of a known system.
pub fn run(path: &Path) -> Status {
    let text = read_text(path)?;
    let mut stderr = io::stderr().lock();
    let imported = match import::import(&text) {
        Ok(imported) => imported,
        Err(errors) => {
            let shown = render(&errors, &path.display().to_string(), &text, stderr.is_terminal());
            let _ = write!(stderr, "{shown}");
            return Err(Stop::Reported);
        }
    };
    io::stdout().lock().write_all(imported.rules.as_bytes())?;
    for problem in &imported.problems {
        let _ = show(problem, &mut stderr);
    }
    let count = |loss| imported.problems.iter().filter(|problem| problem.loss == loss).count() as u64;
    let rules = counted(imported.converted as u64, "rule");
    let (lost, parts, notes) = (count(Loss::Rule), count(Loss::Part), counted(count(Loss::Note), "note"));
    let _ = writeln!(stderr, "{}: {rules}, {lost} not converted, {parts} in part, {notes}", path.display());
    Ok(u8::from(lost + parts > 0))
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
