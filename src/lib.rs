//! trailbell.
pub mod diagnostic;
pub mod filter;
pub mod log_file;
pub mod number;
pub mod record;
