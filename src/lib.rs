//! trailbell.
pub mod alert;
pub mod backtest;
pub mod diagnostic;
pub mod engine;
pub mod filter;
pub mod handler;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod local;
pub mod log_file;
pub mod number;
pub mod record;
pub mod rule;
pub mod trigger;
