//! `trailbell scan`: evaluates the records of CloudTrail files, on disk or in S3, and prints a line for each match or alert.

mod line;
mod run;

pub use line::ScanFormat;
pub use run::{print, run};
