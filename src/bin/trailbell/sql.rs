//! `trailbell sql`: prints a rule or a filter as a query in SQL, or the definition of the table that it reads.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::{ArgGroup, Args, ValueEnum};
use jiff::Timestamp;
use trailbell::{
    diagnostic::chain,
    filter::Lists,
    sql::{Dialect, Location, Source, Wanted, create_table, matched_by, query},
};

use crate::{
    inputs,
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
#[command(group = ArgGroup::new("what").required(true).args(["rule", "filter", "create_table"]))]
pub struct SqlArguments {
    /// The dialect of the query
    #[arg(long, value_enum, default_value_t)]
    dialect: SqlDialect,
    /// The name or the id of the rule whose matches the query returns, without those that it suppresses
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// The rules file with that rule
    #[arg(long, value_name = "FILE", default_value = "rules.yaml")]
    rules: PathBuf,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Print the statement that makes the table of the log files of one account and one region, which are in
    /// `s3://BUCKET/AWSLogs/ACCOUNT/CloudTrail/REGION`
    #[arg(long, value_name = "URL", conflicts_with_all = ["from", "since", "until"])]
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
    let (title, condition, lists) = match (&arguments.rule, selection.filter) {
        (Some(rule), _) => {
            let rules = inputs::rules(&arguments.rules)?;
            let rule = inputs::rule(rule, &rules)?;
            (Some(rule.name.clone()), matched_by(rule), rules.lists.clone())
        }
        (None, Some(filter)) => (None, filter.expr().clone(), Lists::default()),
        // clap requires one of them.
        (None, None) => return Err(Stop::Reported),
    };
    let wanted = Wanted { title: title.as_deref(), condition: &condition, lists: &lists, period: selection.period };
    Ok(query(&wanted, dialect, &source).text)
}

/// For DuckDB, the log files of a folder; anything else as it is.
fn files_of(dialect: Dialect, path: &str) -> String {
    let is_folder = dialect == Dialect::DuckDb && Path::new(path).is_dir();
    if is_folder { format!("{}/**/*.json.gz", path.trim_end_matches('/')) } else { path.to_owned() }
}
