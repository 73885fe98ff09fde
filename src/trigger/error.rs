//! Why a payload, or a part of it, cannot be read.

use std::{error::Error, fmt, str::Utf8Error};

use base64::DecodeError;
use flate2::DecompressError;
use thiserror::Error;

use super::shown::shown;
use crate::{detector::FindingError, object::KeyError};

/// A payload, or a part of it, that cannot be read.
#[derive(Debug, Error)]
pub enum TriggerError {
    /// It is not UTF-8.
    #[error("the payload is not UTF-8")]
    NotUtf8(#[source] Utf8Error),
    /// It is not JSON.
    #[error("the payload is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// It is JSON of no known shape.
    #[error("the payload has no known shape")]
    UnknownShape(#[source] PartError),
    /// It has a known shape, and a part that this shape does not allow.
    #[error("{part} cannot be read")]
    Unreadable {
        /// The part, such as `record 0 of the S3 event`.
        part: String,
        /// What is wrong with it.
        #[source]
        error: PartError,
    },
}

/// What is wrong with a part of a payload.
#[derive(Debug, Error)]
pub enum PartError {
    /// It differs from any known shape.
    #[error("{0}")]
    Unlike(String),
    /// Messages are nested too deep.
    #[error("it is nested in more than {0} messages")]
    Nested(usize),
    /// A field is missing.
    #[error("it has no `{0}`")]
    Missing(&'static str),
    /// A payload has too many parts.
    #[error("it has more than {0} parts")]
    TooMany(usize),
    /// A list is empty.
    #[error("its `{0}` is empty")]
    Empty(&'static str),
    /// A field is not a list.
    #[error("its `{0}` is not a list")]
    NotList(&'static str),
    /// A field has another value than those that are supported.
    #[error("its `{field}` is `{found}`, expected {expected}")]
    Unexpected {
        /// The field.
        field: &'static str,
        /// Its value, shortened.
        found: String,
        /// The supported values.
        expected: &'static str,
    },
    /// A field has another type.
    #[error("its `{field}` has another type")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        #[source]
        error: JsonError,
    },
    /// A message of a queue is not an object, or has a field twice.
    #[error("it is not an object with each field once")]
    NotMessage,
    /// The part has another structure.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A key cannot be decoded.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A finding of a detector cannot be read.
    #[error(transparent)]
    Finding(FindingError),
    /// An ARN has no bucket.
    #[error("its `s3BucketArn` names no bucket")]
    NoBucket,
    /// The data of CloudWatch Logs is not base64.
    #[error("its `data` is not base64")]
    Base64(#[source] DecodeError),
    /// The data of CloudWatch Logs is not gzip.
    #[error("its `data` cannot be decompressed")]
    Decompress(#[source] DecompressError),
    /// The data of CloudWatch Logs is cut off.
    #[error("its `data` cannot be decompressed: it ends early")]
    Truncated,
    /// The data of CloudWatch Logs is too large.
    #[error("its `data` is more than {0} bytes when decompressed")]
    TooLarge(usize),
}

impl PartError {
    /// The error of a field with a value that is not supported.
    pub(super) fn unexpected(field: &'static str, found: &str, expected: &'static str) -> Self {
        Self::Unexpected { field, found: shown(found), expected }
    }

    /// This error of a part of the payload.
    pub(super) fn of(self, part: impl Into<String>) -> TriggerError {
        TriggerError::Unreadable { part: part.into(), error: self }
    }
}

/// An error of `serde_json` about a part of a payload. Its line and column are not displayed: they count from the beginning
/// of the part.
#[derive(Debug)]
pub struct JsonError(serde_json::Error);

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let place = format!(" at line {} column {}", self.0.line(), self.0.column());
        f.write_str(&shown(text.strip_suffix(&place).unwrap_or(&text)))
    }
}

impl Error for JsonError {}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        Self(error)
    }
}

impl From<serde_json::Error> for PartError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(JsonError(error))
    }
}
