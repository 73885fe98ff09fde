//! `trailbell scan`: evaluates the records of CloudTrail files, on disk or in S3, and prints a line for each match or alert.

mod alerts;
mod line;
#[cfg(not(feature = "aws"))]
mod no_buckets;
mod notices;
mod replay;
mod sources;

pub use alerts::Alerts;
pub use line::ScanFormat;
pub use replay::run;
