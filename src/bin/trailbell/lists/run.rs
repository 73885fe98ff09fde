//! Prints the lists, or proposals for them.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::Args;
use jiff::Timestamp;
use trailbell::{
    diagnostic::counted,
    engine::Sieve,
    proposal::{Gathered, page},
};

use super::{
    in_force,
    reader::{Block, FactsReader},
};
use crate::{
    inputs::{self, RulesArgs},
    logs,
    selection::{Selection, SelectionArgs},
    status::Status,
};

/// Which lists, and what proposals are made of.
#[derive(Args)]
pub struct ListsArgs {
    #[command(flatten)]
    rules: RulesArgs,
    /// Propose items from logs
    #[arg(long, requires = "paths")]
    suggest: bool,
    #[command(flatten)]
    selection: SelectionArgs,
    /// With `--suggest`: files, folders, `s3://BUCKET/PREFIX`, or - for standard input
    #[arg(value_name = "PATH", requires = "suggest")]
    paths: Vec<PathBuf>,
}

/// Prints on standard output; errors and counts of logs on standard error.
///
/// # Errors
///
/// If the rules or S3 cannot be used, an argument is wrong, or the output cannot be written.
pub fn run(arguments: &ListsArgs) -> Status {
    let rules = inputs::rules(&arguments.rules.paths)?;
    let selection = arguments.selection.read(Timestamp::now())?;
    if !arguments.suggest {
        in_force::write(&rules, &mut io::stdout().lock())?;
        return Ok(0);
    }
    let sources = selection.sources(&arguments.paths)?;
    let Selection { filter, period, .. } = selection;
    let sieve = Sieve::new(filter);
    let (mut gathered, mut records) = (Gathered::default(), 0);
    let read = logs::read(sources, || FactsReader::new(&sieve, period), &mut |_, block: Block| {
        records += block.records;
        block.facts.iter().for_each(|facts| gathered.add(facts));
        Ok(())
    })?;
    write!(io::stdout().lock(), "{}", page(&gathered, &rules.lists_in_force()))?;
    let mut stderr = io::stderr().lock();
    read.write_passed_over(&mut stderr)?;
    let mut parts = vec![
        counted(read.files, "file"),
        counted(records, "record"),
        format!("{} looked at", counted(gathered.events(), "event")),
    ];
    if gathered.left_out() > 0 {
        parts.push(format!("{} with few events left out for lack of memory", gathered.left_out()));
    }
    parts.extend(read.unread());
    writeln!(stderr, "{}", parts.join(", "))?;
    Ok(u8::from(read.is_incomplete()))
}
