//! `trailbell scan`: evaluates the records of CloudTrail files, on disk or in S3, and prints a line for each match or alert.

mod alerts;
mod line;
mod notices;
mod replay;

pub use alerts::Alerts;
pub use line::ScanFormat;
pub use replay::run;
