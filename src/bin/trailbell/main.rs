//! The command line: check and test rules, replay and search logs, explain a match, preview its alert, suppress its caller,
//! import rules of other systems, run the function's own handler, check a deployed stack and send its failed events again.
#![cfg_attr(not(test), warn(clippy::disallowed_macros))]

mod alert_test;
mod around;
#[cfg(feature = "aws")]
mod aws;
mod check;
mod coverage;
mod decided;
#[cfg(feature = "aws")]
mod doctor;
mod event_counts;
mod explain;
mod generate;
mod import;
mod init;
mod inputs;
mod interrupt;
mod invoke;
mod lists;
mod logs;
mod preview;
mod records;
#[cfg(feature = "aws")]
mod redrive;
mod replay;
mod report;
mod rule_and_record;
mod rule_name;
mod rules;
mod scan;
mod search;
mod seen;
mod selection;
mod set;
mod sql;
mod status;
mod suppress;
mod test;
#[cfg(feature = "aws")]
mod verify;
#[cfg(not(feature = "aws"))]
mod without_aws;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{CommandFactory, Parser, Subcommand};
use inputs::RulesArgs;
use lists::ListsArgs;
use rule_and_record::RuleAndRecord;
use search::SearchArgs;
use selection::SelectionArgs;
use status::{Status, Stop};
use trailbell::untrusted::printable;

/// Watches CloudTrail: evaluates every event against rules and raises alerts.
#[derive(Parser)]
#[command(name = "trailbell", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write a folder for rules of your own: an example with its tests, overrides.yaml, schemas, and files for editors and CI
    ///
    /// Writes what is missing and changes no file, so it also completes a folder. Every command reads the rules below
    /// rules.d/ and the overrides in the folder where it runs.
    ///
    /// Exit status: 0 all files are there, 2 the folder or a file could not be written.
    Init {
        /// The folder, which may be new
        #[arg(value_name = "DIR", default_value = ".")]
        folder: PathBuf,
    },
    /// Find every error in rules files and in the overrides beside them, and likely mistakes
    ///
    /// A folder with rules has a `rules.yaml`, rules files of your own below `rules.d`, and an `overrides.yaml`; any may be missing.
    /// Without a `rules.yaml`, the rules that ship with trailbell take its place.
    ///
    /// Notes name the enabled rules that need a trail with more than management events; they count as no warnings.
    ///
    /// Exit status: 0 no errors (there may be warnings), 1 errors, or warnings with `--deny warnings`, 2 a file could not be
    /// read.
    Check {
        /// Rules files and folders with rules, - for standard input; by default those of this folder
        #[arg(value_name = "PATH")]
        rules: Vec<PathBuf>,
        /// How findings are printed
        #[arg(long, value_enum, default_value_t)]
        format: check::CheckFormat,
        /// Exit with 1 if there are warnings
        #[arg(long, value_enum, value_name = "LEVEL")]
        deny: Option<check::Denied>,
    },
    /// Run the tests of the rules
    ///
    /// Exit status: 0 all passed, 1 some failed, 2 the rules could not be used.
    Test {
        /// Rules files and folders with rules, - for standard input; by default those of this folder
        #[arg(value_name = "PATH")]
        rules: Vec<PathBuf>,
    },
    /// Replay CloudTrail files and print a line for each match
    ///
    /// A file may be gzipped, and holds {"Records": […]}, a list of records, one record, JSON lines, JSON output of
    /// `aws cloudtrail lookup-events` with any `--query`, events of EventBridge, log events of CloudWatch Logs (also as
    /// Firehose and exports write them), or rows of Athena as JSON. What is not a CloudTrail record is reported and never
    /// counted as evaluated.
    ///
    /// All files of a folder are read, each once, whatever their names. Files that are certainly something else are passed
    /// over; standard error names them, counts the matches of each rule, and has what could not be read.
    ///
    /// `s3://BUCKET/PREFIX` reads the log files among the objects whose keys begin with PREFIX, and the object with that
    /// exact key. Region and credentials are found as the AWS command line finds them.
    ///
    /// Exit status: 0 all read, 1 a file or a record could not be read or nothing was read, 2 the rules or S3 could not be
    /// used.
    Scan {
        #[command(flatten)]
        rules: RulesArgs,
        #[command(flatten)]
        selection: SelectionArgs,
        /// How matches, or alerts, are printed
        #[arg(long, value_enum, default_value_t)]
        format: scan::ScanFormat,
        /// Print the alerts that would have been sent, after windows, thresholds and limits, once all files are read
        #[arg(long)]
        alerts: bool,
        /// With `--alerts`: also print the notices that would have been sent. Its clock is the time of the events
        ///
        /// These are roll-ups of what the hourly limit of a rule holds back, follow-ups of events that come after alerts, and
        /// summaries of alerts that come too fast for a message each. Each is sent when it is due, or at the end of the logs.
        #[arg(long, requires = "alerts")]
        notices: bool,
        /// Files, folders, `s3://BUCKET/PREFIX`, or - for standard input
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Find events in logs, in the order of time and without a rules file
    ///
    /// All of `--filter`, `--since` and `--until` must hold; without them, every event is found. An event that is in several
    /// files is printed once. Sorting uses a temporary file if much is found.
    ///
    /// `s3://BUCKET/PREFIX` with `--since` or `--until` lists and reads only the days that can hold events of that period, by
    /// CloudTrail's layout of keys and the times in them; objects of another layout are all read. What reading them takes is
    /// announced.
    ///
    /// Standard error has what could not be read, and counts. Ctrl-C ends the reading; what is found so far is printed, with
    /// its tallies.
    ///
    /// Exit status: 0 found, 1 none found, 2 something could not be read, or the search could not run, 130 interrupted.
    Search(SearchArgs),
    /// Write the alerts that logs raise as one HTML page, which needs no other file and no network
    ///
    /// The page shows the alerts over time, by severity, rule, principal, account, region and address; each alert opens to its
    /// story, what to do next and its events. It has a search box, and it prints. It holds what the logs hold: keep it as you
    /// keep them.
    ///
    /// Reads the same as `trailbell scan --alerts`. A page is at most 25 MB; of more alerts than have room, it holds the most
    /// severe, and it reports how many are left out.
    ///
    /// Exit status: 0 all read, 1 a file or a record could not be read or nothing was read, 2 the rules or S3 could not be
    /// used, or the page could not be written.
    Report {
        #[command(flatten)]
        rules: RulesArgs,
        #[command(flatten)]
        selection: SelectionArgs,
        /// The page to write, in place of an earlier report; - for standard output
        #[arg(long, value_name = "FILE", default_value = "trailbell-report.html")]
        out: PathBuf,
        /// Files, folders, `s3://BUCKET/PREFIX`, or - for standard input
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Show why a rule matches a record, or does not
    ///
    /// Without `--event-id`, there must be one record, or one that the rule matches; otherwise those to choose from are listed. With
    /// it, the search ends with the first file that holds the event.
    ///
    /// Exit status: 0 shown, 2 the rule or the record could not be read.
    Explain(RuleAndRecord),
    /// Show the alert that a rule raises for a record, in every format
    ///
    /// Exit status: 0 shown, 2 the rule or the record could not be read, or the rule does not match the record.
    Preview(RuleAndRecord),
    /// Print the entry of overrides.yaml that suppresses a rule for the caller of a record
    ///
    /// The entry suppresses the rule for this caller alone, and ends after some days. There is none for the root user, or by a
    /// name that the caller chooses, such as that of a session.
    ///
    /// `aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventId,AttributeValue=ID` prints the record of an alert;
    /// pipe it into `trailbell suppress RULE - --by principal`.
    ///
    /// Exit status: 0 printed, 2 the rule or the record could not be read, the rule raises no alert for the record, or no
    /// suppression covers only this caller.
    Suppress {
        #[command(flatten)]
        of: RuleAndRecord,
        /// What the suppression knows the caller by
        #[arg(long, value_enum)]
        by: suppress::SuppressBy,
        /// For how many days from today, or from the event if that is later
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3650))]
        days: u16,
    },
    /// Print a rule, a filter or the events around one as a query in SQL, for a history that is too large for this machine
    ///
    /// The query reads the table that AWS documents for CloudTrail in Athena, or log files in DuckDB, and returns at least the
    /// records that the filter matches. Its first comment is `exact` if it returns no others. Otherwise the comments name
    /// what it cannot compare, and the command that decides on its result.
    ///
    /// Exit status: 0 printed, 2 the rule, the filter or the table could not be used.
    Sql(sql::SqlArguments),
    /// Run the function's handler on an invocation, with folders as S3 and the terminal as SNS
    ///
    /// Exit status: 0 all processed, 1 something failed, 2 the rules or the event could not be read.
    Invoke {
        #[command(flatten)]
        rules: RulesArgs,
        /// The invocation's payload, as Lambda passes it
        #[arg(value_name = "EVENT.json")]
        event: PathBuf,
        /// The folder with a folder for each bucket
        #[arg(long, value_name = "DIR", default_value = "events/bucket")]
        buckets: PathBuf,
    },
    /// Show the named lists in force and the rules that use them, or with `--suggest` propose items for them from logs
    ///
    /// `--suggest` reads the logs as `trailbell scan` does and prints an overrides.yaml to review: roles that deploy, tools that
    /// scan, accounts, networks and buckets, each with the reason in a comment. A list keeps the items that are in force.
    /// It proposes what happens often and for days, and cannot know what is allowed: an intruder who was there for as long is
    /// among the proposals. No person of IAM Identity Center, no root user and no service-linked role is ever proposed.
    ///
    /// Exit status: 0 shown, or all read, 1 a file or a record could not be read or nothing was read, 2 the rules or S3 could
    /// not be used.
    Lists(ListsArgs),
    /// List the rules that are loaded: severity, whether enabled, id, name, file
    ///
    /// Exit status: 0 listed, 2 the rules could not be used.
    Rules(rules::RulesListArgs),
    /// Show which ATT&CK techniques and controls the enabled rules cover
    ///
    /// Exit status: 0 shown, 2 the rules could not be used.
    Coverage {
        #[command(flatten)]
        rules: RulesArgs,
        /// How coverage is printed
        #[arg(long, value_enum, default_value_t)]
        format: coverage::CoverageFormat,
    },
    /// Check a deployed stack: what is wrong with it, and how to fix it
    ///
    /// Credentials and region are found as the AWS command line finds them. The doctor invokes the function and, without
    /// `--no-alert`, has it send a labelled test alert; it changes nothing. A check that your credentials do not permit is
    /// a warning that names the permission.
    ///
    /// Exit status: 0 no check failed, 1 a check failed, 2 the checks could not run: no credentials, no such stack.
    #[cfg(feature = "aws")]
    Doctor {
        /// The name of the stack
        #[arg(long, value_name = "NAME", required_unless_present = "function")]
        stack: Option<String>,
        /// A function without a stack: checks its topics, its table, its rules and its alert
        #[arg(long, value_name = "NAME", conflicts_with = "stack")]
        function: Option<String>,
        /// Its region, if it is not that of your profile
        #[arg(long)]
        region: Option<String>,
        #[command(flatten)]
        rules: RulesArgs,
        /// Send no test alert
        #[arg(long)]
        no_alert: bool,
        /// How checks are printed
        #[arg(long, value_enum, default_value_t)]
        format: doctor::DoctorFormat,
    },
    /// Check a deployed stack; this build lacks the feature `aws`
    #[cfg(not(feature = "aws"))]
    Doctor(without_aws::Ignored),
    /// Send the events that failed for good to the function again, and delete those that it handles
    ///
    /// The function receives every event in the stack's queue of failed events. An event that fails again stays in the
    /// queue; the last line counts both. Credentials and region are found as the AWS command line finds them.
    ///
    /// Exit status: 0 the queue is empty, 1 events stay in the queue, 2 the work could not be done.
    #[cfg(feature = "aws")]
    Redrive {
        /// The name of the stack
        stack: String,
        /// Its region, if it is not that of your profile
        #[arg(long)]
        region: Option<String>,
    },
    /// Send failed events to the function again; this build lacks the feature `aws`
    #[cfg(not(feature = "aws"))]
    Redrive(without_aws::Ignored),
    /// Verify log files: CloudTrail's digests, their signatures and chain, and the hash of every log file
    ///
    /// Reads a copy of a log bucket, such as `aws s3 sync` makes. Each digest holds the hashes of an hour's log files, and the hash
    /// and the signature of the digest before it. A digest that is missing or changed, a log file that is missing or changed, and one
    /// that no digest names are printed.
    ///
    /// Exit status: 0 intact, 1 not, 2 the work could not be done.
    #[cfg(feature = "aws")]
    Verify(verify::VerifyArguments),
    /// Verify log files by CloudTrail's digests; this build lacks the feature `aws`
    #[cfg(not(feature = "aws"))]
    Verify(without_aws::Ignored),
    /// Convert rules of other systems to a rules file
    ///
    /// Reads an export of Threat Stack's rules (JSON), or Sigma rules for CloudTrail (YAML, one or more documents), and
    /// prints a rules file. Whatever cannot be converted is reported on standard error, by rule and reason, and is a
    /// comment at its place in the rules file.
    ///
    /// Exit status: 0 all converted, 1 something not converted, 2 the file holds no rules that could be read.
    Import {
        /// Files of the other system, and folders with them; - for standard input
        #[arg(required = true, value_name = "PATH")]
        files: Vec<PathBuf>,
    },
    /// Write docs/rules.md, docs/data-events.md and tests/cases/overlaps.txt from the rules file, in the repository of trailbell
    ///
    /// Exit status: 0 written, or current, 1 not current, 2 the rules could not be used.
    #[command(hide = true)]
    Generate {
        /// The rules file; the others are beside it
        #[arg(default_value = "rules.yaml")]
        rules: PathBuf,
        /// Write nothing, and print how the files differ from what would be written
        #[arg(long)]
        check: bool,
    },
    /// Show help: `trailbell help filter` is the language reference, `help idioms` its idioms, `help lints` the warnings of `check`
    Help {
        /// `filter`, `idioms`, `lints`, or a command
        topic: Option<String>,
    },
}

fn main() -> ExitCode {
    let status = match Arguments::parse().command {
        Command::Init { folder } => init::run(&folder),
        Command::Check { rules, format, deny } => check::run(&rules, format, deny),
        Command::Test { rules } => test::run(&rules),
        Command::Scan { rules, selection, format, alerts, notices, paths } => {
            scan::run(&rules.paths, &selection, format, alerts, notices, &paths)
        }
        Command::Search(arguments) => search::run(&arguments),
        Command::Report { rules, selection, out, paths } => report::run(&rules.paths, &selection, &out, &paths),
        Command::Explain(of) => explain::run(&of),
        Command::Preview(of) => preview::run(&of),
        Command::Suppress { of, by, days } => suppress::run(&of, by, days),
        Command::Sql(of) => sql::run(&of),
        Command::Invoke { rules, event, buckets } => invoke::run(&rules.paths, &event, &buckets),
        Command::Lists(arguments) => lists::run(&arguments),
        Command::Rules(arguments) => rules::run(&arguments),
        Command::Coverage { rules, format } => coverage::run(&rules.paths, format),
        #[cfg(feature = "aws")]
        Command::Doctor { stack, function, region, rules, no_alert, format } => {
            let target = stack.map(doctor::Target::Stack).or(function.map(doctor::Target::Function));
            // clap requires one of them.
            target.map_or(Ok(2), |target| doctor::run(&target, region, &rules.paths, !no_alert, format))
        }
        #[cfg(not(feature = "aws"))]
        Command::Doctor(_) => Err(without_aws::lacks("the doctor")),
        #[cfg(feature = "aws")]
        Command::Redrive { stack, region } => redrive::run(&stack, region),
        #[cfg(not(feature = "aws"))]
        Command::Redrive(_) => Err(without_aws::lacks("`redrive`")),
        #[cfg(feature = "aws")]
        Command::Verify(arguments) => verify::run(&arguments),
        #[cfg(not(feature = "aws"))]
        Command::Verify(_) => Err(without_aws::lacks("`verify`")),
        Command::Import { files } => import::run(&files),
        Command::Generate { rules, check } => generate::run(&rules, check),
        Command::Help { topic } => help(topic.as_deref()),
    };
    match status {
        Ok(status) => ExitCode::from(status),
        Err(Stop::Closed) => ExitCode::SUCCESS,
        Err(Stop::Reported) => ExitCode::from(2),
        Err(Stop::Message(message)) => {
            let _ = writeln!(io::stderr(), "error: {}", printable(&message));
            ExitCode::from(2)
        }
    }
}

fn help(topic: Option<&str>) -> Status {
    let mut command = Arguments::command();
    command.build();
    let text = match topic {
        Some("filter") => trailbell::filter::REFERENCE.to_owned(),
        Some("idioms") => trailbell::filter::idioms().to_owned(),
        Some("lints") => trailbell::lint::REFERENCE.to_owned(),
        Some(topic) => match command.find_subcommand_mut(topic) {
            Some(command) => command.render_long_help().to_string(),
            None => {
                return Err(Stop::Message(format!(
                    "there is no help on `{topic}`; try `filter`, `idioms`, `lints` or a command"
                )));
            }
        },
        None => command.render_long_help().to_string(),
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(0)
}
