//! `trailbell sql`: prints a rule or a filter as a query in SQL, or the definition of the table that it reads.

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
};

use clap::{ArgGroup, Args, ValueEnum};
use jiff::Timestamp;
use trailbell::{
    diagnostic::{chain, render},
    filter::{Lists, ast::SpannedPath},
    sql::{Around, Dialect, Location, Source, Wanted, create_table, matched_by, query},
};

use crate::{
    around::{Anchor, AroundArgs},
    inputs::{self, RulesArgs},
    rule_name,
    selection::SelectionArgs,
    status::{Status, Stop},
};

/// The dialects by their names.
#[derive(Clone, Copy, Default, ValueEnum)]
pub enum SqlDialect {
    /// Amazon Athena, engine version 3
    #[default]
    Athena,
    /// DuckDB, version 1.3 or later
    #[value(name = "duckdb")]
    DuckDb,
}

/// What the query is for, and what it reads.
#[derive(Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["rule", "filter", "around", "create_table"]))]
pub struct SqlArguments {
    /// The dialect of the query
    #[arg(long, value_enum, default_value_t)]
    dialect: SqlDialect,
    /// The name or the id of the rule whose matches the query returns, without those that it suppresses
    #[arg(long, value_name = "RULE", conflicts_with_all = ["filter", "around"])]
    rule: Option<String>,
    #[command(flatten)]
    rules: RulesArgs,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    around: AroundArgs,
    /// Print the statement that makes the table of the log files of one account and one region, which are in
    /// `s3://BUCKET/AWSLogs/ACCOUNT/CloudTrail/REGION`
    #[arg(long, value_name = "URL", conflicts_with_all = ["rule", "filter", "around", "since", "until", "from"])]
    create_table: Option<String>,
    /// For Athena: the table, `cloudtrail_logs_pp` if none is given. For DuckDB: log files, folders, patterns or URLs
    #[arg(value_name = "TABLE|PATH")]
    from: Vec<String>,
}

/// Prints the statement.
///
/// # Errors
///
/// If the rules, the filter, the table or the place of the log files cannot be used.
pub fn run(arguments: &SqlArguments) -> Status {
    io::stdout().write_all(statement(arguments)?.as_bytes())?;
    Ok(0)
}

fn statement(arguments: &SqlArguments) -> Result<String, Stop> {
    if let Some(url) = &arguments.create_table {
        return Ok(create_table(&Location::parse(url).map_err(|error| Stop::Message(chain(&error)))?));
    }
    let dialect = match arguments.dialect {
        SqlDialect::Athena => Dialect::Athena,
        SqlDialect::DuckDb => Dialect::DuckDb,
    };
    let from: Vec<_> = arguments.from.iter().map(|path| files_of(dialect, path)).collect();
    let source = Source::of(dialect, &from).map_err(|error| Stop::Message(chain(&error)))?;
    let selection = arguments.selection.read(Timestamp::now())?;
    let (mut title, mut lists) = (None, Lists::default());
    let mut condition = selection.filter.map(|filter| filter.expr().clone());
    if let Some(rule) = &arguments.rule {
        let rules = inputs::rules(&arguments.rules.paths)?;
        let rule = rule_name::rule(rule, &rules)?;
        (title, condition) = (Some(rule.name.clone()), Some(matched_by(rule)));
        lists = rules.lists.clone();
    }
    let around = around(&arguments.around)?;
    let wanted = Wanted {
        title: title.as_deref(),
        condition: condition.as_ref(),
        around: around.as_ref(),
        lists: &lists,
        period: selection.period,
    };
    Ok(query(&wanted, dialect, &source).map_err(|error| Stop::Message(chain(&error)))?.text)
}

/// The event of `--around`. Mistakes in fields are printed.
fn around(arguments: &AroundArgs) -> Result<Option<Around>, Stop> {
    let Some(Anchor { id, within, same }) = arguments.read()? else { return Ok(None) };
    let path = |name: &str| {
        SpannedPath::parse(name.trim()).map(|path| path.path).map_err(|mistakes| {
            let _ = write!(io::stderr(), "{}", render(&mistakes, "--same", name.trim(), io::stderr().is_terminal()));
            Stop::Reported
        })
    };
    let same = same.into_iter().flat_map(|names| names.split(',')).map(path).collect::<Result<_, _>>()?;
    Ok(Some(Around { id: id.to_owned(), within, same }))
}

/// For DuckDB, the log files of a folder; anything else as it is.
fn files_of(dialect: Dialect, path: &str) -> String {
    let is_folder = dialect == Dialect::DuckDb && Path::new(path).is_dir();
    if is_folder { format!("{}/**/*.json.gz", path.trim_end_matches('/')) } else { path.to_owned() }
}
