//! The deployed function: the real binary in AWS's own emulator, with S3 and SNS on a running simulator, and the alerts
//! read from a queue.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that can't go on has failed")]

mod cloud;
mod counting;
mod delivery;
mod deployment;
mod dynamodb;
mod emulator;
mod faults;
mod isolation;
mod logs;
mod mail;
mod memory;
mod model;
mod peer;
mod process;
mod quick_table;
mod retries;
mod runtime_api;
mod scan;
mod scene;
mod search;
mod startup;

/// The binary that Lambda would start.
fn bootstrap() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_BIN_EXE_bootstrap"))
}
