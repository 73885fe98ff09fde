//! Logs on this machine and in S3: which files there are, and their records, read in parallel.

mod announcement;
mod delivered;
#[cfg(not(feature = "aws"))]
mod no_buckets;
mod read;
mod sources;

pub use read::{LogTally, Output, RecordReader, read};
pub use sources::{Delivery, LogSource, LogSources};
