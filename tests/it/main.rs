//! What the library and the command line promise, from outside: a module a subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]
#![allow(clippy::too_many_lines, reason = "cases and messages are read in full, side by side")]

mod alert_tests;
mod alerts;
mod arbitrary;
mod architecture;
mod cli;
mod command;
mod coverage;
mod detection;
mod diagnostics;
mod documents;
mod english;
mod explain;
mod extensions;
mod fuzz;
mod generate;
mod grammar;
mod groups;
mod hostile;
mod import;
mod imports;
mod independent_count;
mod invoke;
mod language;
mod lints;
mod log_file;
mod messages;
mod metrics;
mod mistakes;
mod names;
mod oracle;
mod overrides;
mod pack;
mod pack_clauses;
mod pack_events;
mod ports;
mod preview;
mod real_logs;
mod reference;
mod rules_file;
mod schema;
mod sequence;
mod state;
mod third_party;
mod trigger;
