//! What a caller chooses for a file: which JSON is accepted, and the limits.

use super::error::Unparsable;

/// The JSON that is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileShape {
    /// What CloudTrail writes: one object `{"Records": […]}`.
    LogFile,
    /// Any number of documents, each a log file, a list of records, one record (an object with `eventVersion` or
    /// `eventID`), or what holds records: output of `aws cloudtrail lookup-events`, events of EventBridge, log events of
    /// CloudWatch Logs, rows of Athena. What is neither is unparsable.
    Any,
}

/// The limits of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// With more decompressed bytes the file is an error.
    pub max_decompressed_bytes: u64,
    /// A longer record, in bytes, is unparsable.
    pub max_record_bytes: usize,
    /// A record that is nested deeper is unparsable. The record's own object counts 1.
    pub max_nesting: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_decompressed_bytes: 2 << 30, max_record_bytes: 1 << 20, max_nesting: 128 }
    }
}

impl Limits {
    /// The longest value that may hold a record, in bytes: in a string, every quote of the record is escaped.
    pub(super) fn max_value_bytes(self) -> usize {
        self.max_record_bytes.saturating_mul(4)
    }

    /// Checks the length of a record in bytes, and its depth.
    ///
    /// # Errors
    ///
    /// If the record exceeds a limit.
    pub(super) fn check(self, bytes: u64, depth: usize) -> Result<(), Unparsable> {
        if bytes > self.max_record_bytes as u64 {
            Err(Unparsable::TooLarge { bytes, limit: self.max_record_bytes })
        } else if depth > self.max_nesting {
            Err(Unparsable::TooDeep { depth, limit: self.max_nesting })
        } else {
            Ok(())
        }
    }
}
