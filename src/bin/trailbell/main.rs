//! The command line: check rules, test them, replay logs, explain a match, preview its alert, take over rules of other
//! systems, run the function's own handler, look at a deployed stack.
#![cfg_attr(not(test), warn(clippy::disallowed_macros))]

mod alerts;
mod check;
mod coverage;
#[cfg(feature = "aws")]
mod doctor;
mod explain;
mod import;
mod inputs;
mod invoke;
#[cfg(not(feature = "aws"))]
mod no_buckets;
mod preview;
mod scan;
mod sources;
mod test;

use std::{
    io::{self, ErrorKind, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{CommandFactory, Parser, Subcommand};
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
    /// Find every mistake in a rules file, and what it may say but hardly means
    ///
    /// Exit status: 0 clean or only warnings, 1 errors, 2 the file could not be read.
    Check {
        /// The rules file
        #[arg(default_value = "rules.yaml")]
        rules: PathBuf,
        /// How findings are printed
        #[arg(long, value_enum, default_value_t)]
        format: check::Format,
    },
    /// Run the tests that the rules carry
    ///
    /// Exit status: 0 all passed, 1 some failed, 2 the rules could not be used.
    Test {
        /// The rules file
        #[arg(default_value = "rules.yaml")]
        rules: PathBuf,
    },
    /// Replay CloudTrail files and print a line for each match
    ///
    /// Files may be gzipped or not, and hold {"Records": […]}, a list of records, one record, JSON lines, or the output
    /// of `aws cloudtrail lookup-events`. A tally by rule follows on standard error.
    ///
    /// `s3://BUCKET/PREFIX` reads the log files among all objects whose keys begin with PREFIX, an object of that very
    /// key too, as they arrive. Region and credentials are found as the AWS command line finds them.
    ///
    /// Exit status: 0 all read, 1 a file or a record could not be read, 2 the rules, or S3 at all, could not be used.
    Scan {
        /// The rules file
        #[arg(long, default_value = "rules.yaml")]
        rules: PathBuf,
        /// How matches, or alerts, are printed
        #[arg(long, value_enum, default_value_t)]
        format: scan::Format,
        /// Print the alerts that would have been sent, once all is read: windows, thresholds and so on applied
        #[arg(long)]
        alerts: bool,
        /// Files, folders (their .json and .json.gz files), `s3://BUCKET/PREFIX`, or - for standard input
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Show why a rule matches a record, or does not
    ///
    /// Exit status: 0 shown, 2 not possible.
    Explain {
        /// The rules file
        #[arg(long, default_value = "rules.yaml")]
        rules: PathBuf,
        /// The name or the id of the rule
        rule: String,
        /// A file with the record, or - for standard input
        file: PathBuf,
        /// Which record of the file
        #[arg(long, value_name = "ID")]
        event_id: Option<String>,
    },
    /// Show the alert that a rule raises for a record, in every format
    ///
    /// Exit status: 0 shown, 2 not possible: the rule does not match the record, too.
    Preview {
        /// The rules file
        #[arg(long, default_value = "rules.yaml")]
        rules: PathBuf,
        /// The name or the id of the rule
        rule: String,
        /// A file with the record, or - for standard input
        file: PathBuf,
        /// Which record of the file
        #[arg(long, value_name = "ID")]
        event_id: Option<String>,
    },
    /// Run the function's handler on an invocation, with folders as S3 and the terminal as SNS
    ///
    /// Exit status: 0 all done, 1 something failed, 2 could not start.
    Invoke {
        /// The rules file
        #[arg(long, default_value = "rules.yaml")]
        rules: PathBuf,
        /// The invocation's payload, as Lambda would hand it over
        #[arg(value_name = "EVENT.json")]
        event: PathBuf,
        /// The folder that holds a folder for each bucket
        #[arg(long, value_name = "DIR", default_value = "events/bucket")]
        buckets: PathBuf,
    },
    /// Show what the enabled rules see: by technique of ATT&CK and by control
    ///
    /// Exit status: 0 shown, 2 not possible.
    Coverage {
        /// The rules file
        #[arg(long, default_value = "rules.yaml")]
        rules: PathBuf,
        /// How it is printed
        #[arg(long, value_enum, default_value_t)]
        format: coverage::Format,
    },
    /// Look at a deployed stack: what is wrong with it, and how to mend it
    ///
    /// Credentials and region are found as the AWS command line finds them. It invokes the function, and unless told not to
    /// has it send a labelled test alert; it changes nothing. What you may not look at is a warning that names the
    /// permission.
    ///
    /// Exit status: 0 nothing failed, 1 something failed, 2 it could not look at all: no credentials, no such stack.
    #[cfg(feature = "aws")]
    Doctor {
        /// The name of the stack
        #[arg(long, value_name = "NAME", required_unless_present = "function")]
        stack: Option<String>,
        /// A function by itself, where there is no stack: its topics, its table, its rules and its alert
        #[arg(long, value_name = "NAME", conflicts_with = "stack")]
        function: Option<String>,
        /// Its region, if it is not that of your profile
        #[arg(long)]
        region: Option<String>,
        /// The rules file that should be deployed
        #[arg(long, default_value = "rules.yaml")]
        rules: PathBuf,
        /// Send no test alert
        #[arg(long)]
        no_alert: bool,
        /// How checks are printed
        #[arg(long, value_enum, default_value_t)]
        format: doctor::Format,
    },
    /// Turn rules of other systems into a rules file
    ///
    /// Reads an export of Threat Stack's rules (JSON), or Sigma rules for CloudTrail (YAML, one document or more), and
    /// prints a rules file. What cannot be converted is said on standard error, by rule and reason, and stands as a
    /// comment at its place.
    ///
    /// Exit status: 0 all converted, 1 something not converted, 2 the file holds no rules that could be read.
    Import {
        /// The file of the other system
        file: PathBuf,
    },
    /// Show help: `trailbell help filter` is the language reference, `trailbell help lints` what `check` warns of
    Help {
        /// `filter`, `lints`, or a command
        topic: Option<String>,
    },
}

/// How a command ends: 0, 1 or 2 as its help says.
type Status = Result<u8, Stop>;

/// Why a command could not go on.
enum Stop {
    /// A sentence for the user.
    Message(String),
    /// All has been said.
    Said,
    /// Nobody reads the output any more.
    Closed,
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Stop::Closed,
            _ => Stop::Message(format!("the output cannot be written: {error}")),
        }
    }
}

fn main() -> ExitCode {
    let status = match Arguments::parse().command {
        Command::Check { rules, format } => check::run(&rules, format),
        Command::Test { rules } => test::run(&rules),
        Command::Scan { rules, format, alerts, paths } => scan::run(&rules, format, alerts, &paths),
        Command::Explain { rules, rule, file, event_id } => explain::run(&rules, &rule, &file, event_id.as_deref()),
        Command::Preview { rules, rule, file, event_id } => preview::run(&rules, &rule, &file, event_id.as_deref()),
        Command::Invoke { rules, event, buckets } => invoke::run(&rules, &event, &buckets),
        Command::Coverage { rules, format } => coverage::run(&rules, format),
        #[cfg(feature = "aws")]
        Command::Doctor { stack, function, region, rules, no_alert, format } => {
            let target = stack.map(doctor::Target::Stack).or(function.map(doctor::Target::Function));
            // clap asks for one of them.
            target.map_or(Ok(2), |target| doctor::run(&target, region, &rules, !no_alert, format))
        }
        Command::Import { file } => import::run(&file),
        Command::Help { topic } => help(topic.as_deref()),
    };
    match status {
        Ok(status) => ExitCode::from(status),
        Err(Stop::Closed) => ExitCode::SUCCESS,
        Err(Stop::Said) => ExitCode::from(2),
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
        Some("lints") => trailbell::lint::REFERENCE.to_owned(),
        Some(topic) => match command.find_subcommand_mut(topic) {
            Some(command) => command.render_long_help().to_string(),
            None => {
                return Err(Stop::Message(format!(
                    "there is no help on `{topic}`; try `filter`, `lints` or a command"
                )));
            }
        },
        None => command.render_long_help().to_string(),
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(0)
}
