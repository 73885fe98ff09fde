//! Watches CloudTrail: every record is evaluated against rules, and what matches becomes an alert.
//!
//! ```text
//! payload ─trigger─▶ object ─log_file─▶ raw record ─engine─▶ finding ─alert─▶ message
//!                      ▲                               ▲                         │
//!                   Objects                     rule and filter               Channel
//!                    (S3)                        (rules.yaml)                  (SNS)
//! ```
//!
//! [`handler::Handler::handle`] drives one invocation along this line. It knows S3 and SNS only as the ports
//! [`handler::Objects`] and [`handler::Channel`], so the command line runs the very same handler on folders and a
//! terminal.
//!
//! # Layout
//!
//! The way of a record:
//!
//! - [`trigger`]: an invocation's payload becomes a list of work. A new event source goes here.
//! - [`log_file`]: compressed bytes in, raw records out, a chunk at a time.
//! - [`engine`]: the rules that a raw record matches, found without parsing most records.
//! - [`alert`]: a finding becomes an alert, and an alert a message. A new alert format goes here.
//! - [`state`]: what is remembered between files, and what is to be done about a finding.
//! - [`handler`]: one invocation from beginning to end, and what must come again.
//!
//! What it rests on:
//!
//! - [`rule`]: `rules.yaml` becomes a set of rules, or every error in it.
//! - [`filter`]: the language of a rule's `filter`. A new operator goes into [`filter::operator`].
//! - [`record`]: one CloudTrail record, paths into it, and the virtual fields.
//! - [`lint`]: what a rules file may say but hardly means. A new lint goes here.
//! - [`digest`]: the hash that ids and keys are made of.
//! - [`object`]: an object in S3, and what its key says of it.
//! - [`untrusted`]: text that an attacker can have written, made safe to show.
//! - [`number`]: numbers that compare by their mathematical value.
//! - [`diagnostic`]: what a person must mend, printed as rustc would.
//!
//! On AWS:
//!
//! - `aws`: the ports on S3, SNS and DynamoDB, and the settings; behind the feature `function`, which `aws` includes.
//!
//! On a laptop:
//!
//! - [`local`]: the ports on folders and a terminal, and CloudTrail files of any shape.
//! - [`backtest`]: rules tried on known records.
//! - [`import`]: rules of other systems become a rules file.

pub mod alert;
#[cfg(feature = "function")]
pub mod aws;
pub mod backtest;
pub mod diagnostic;
pub mod digest;
pub mod engine;
pub mod filter;
pub mod handler;
pub mod import;
pub mod lint;
pub mod local;
pub mod log_file;
pub mod number;
pub mod object;
pub mod record;
pub mod rule;
pub mod state;
pub mod trigger;
pub mod untrusted;
pub mod yaml;
