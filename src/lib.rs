//! Watches CloudTrail: evaluates every record against rules, and publishes an alert for each match.
//!
//! ```text
//! payload ─trigger─▶ object ─log_file─▶ raw record ─engine─▶ finding ─alert─▶ message
//!                      ▲                               ▲                         │
//!                   Objects                     rule and filter               Channel
//!                    (S3)                        (rules.yaml)                  (SNS)
//! ```
//!
//! [`handler::Handler::handle`] runs one invocation along this line. It reaches S3 and SNS only through the ports
//! [`handler::Objects`] and [`handler::Channel`], so the command line runs the same handler on folders and a terminal.
//!
//! # Layout
//!
//! From an invocation to an alert:
//!
//! - [`trigger`]: the payload of an invocation → the objects and records to evaluate. A new event source goes here.
//! - [`log_file`]: compressed bytes → raw records, chunk by chunk.
//! - [`engine`]: the rules that a raw record matches, found without parsing most records.
//! - [`alert`]: a finding → an alert → a message. A new alert format goes here.
//! - [`state`]: what is remembered between invocations, and whether a match raises an alert.
//! - [`handler`]: one invocation from payload to answer, including what must be delivered again.
//!
//! Foundations:
//!
//! - [`rule`]: `rules.yaml` → a set of rules, or all of its errors.
//! - [`filter`]: the language of a rule's `filter`. A new operator goes into [`filter::operator`].
//! - [`lint`]: likely mistakes in a valid rules file. A new lint goes here.
//! - [`record`]: one CloudTrail record, paths into it, and the virtual fields.
//! - [`yaml`]: YAML text → values that know their place in the file.
//! - [`object`]: an object in S3, and what its key tells about it.
//! - [`untrusted`]: text that an attacker may have written, made safe to show.
//! - [`detector`]: events of AWS's detectors → records. A new detector goes here.
//! - [`digest`]: the hash that stored keys, alert ids and rule versions are made of.
//! - [`number`]: numbers that compare by their mathematical value.
//! - [`diagnostic`]: errors and warnings about a text, printed as rustc prints them.
//!
//! On AWS:
//!
//! - `aws`: the ports to S3, SNS and DynamoDB, and the settings; with the feature `function`, which `aws` includes.
//!
//! On a laptop:
//!
//! - [`local`]: the ports to folders and a terminal, CloudTrail files of any shape, and rules files.
//! - [`report`]: alerts as one HTML page.
//! - [`search`]: which records a search of logs wants, in which order they come, and what of them is shown.
//! - [`proposal`]: items for the named lists of a rules file, from what logs show again and again.
//! - [`backtest`]: counts of matches over many records, and the tests of rules.
//! - [`integrity`]: the chain of digests by which CloudTrail proves its log files.
//! - [`import`]: rules of other systems → a rules file.
//! - [`sql`]: a filter → a query over the table of CloudTrail in Athena, or over log files in DuckDB.
#![cfg_attr(not(test), warn(clippy::disallowed_macros))]

pub mod alert;
#[cfg(feature = "function")]
pub mod aws;
pub mod backtest;
pub mod detector;
pub mod diagnostic;
pub mod digest;
pub mod engine;
pub mod filter;
pub mod handler;
pub mod import;
pub mod integrity;
pub mod lint;
pub mod local;
pub mod log_file;
pub mod number;
pub mod object;
pub mod proposal;
pub mod record;
pub mod report;
pub mod rule;
pub mod search;
pub mod sql;
pub mod state;
pub mod trigger;
pub mod untrusted;
pub mod yaml;
