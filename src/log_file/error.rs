//! The errors of a log file and of one record.
//!
//! A [`LogFileError`] ends the file; an [`Unparsable`] affects one record only. Both quote the file only in short, escaped
//! pieces.

use std::fmt;

use flate2::DecompressError;
use thiserror::Error;

use super::{format::OtherFormat, keys::Keys};
use crate::detector::FindingError;

/// Why the rest of a file cannot be read. Offsets are in decompressed bytes from 0 unless documented otherwise; records are
/// numbered from 0.
#[derive(Clone, Debug, Error)]
pub enum LogFileError {
    /// The file has no bytes, or only white space.
    #[error("the file is empty")]
    Empty,
    /// Neither gzip nor a JSON document.
    #[error("{}: it starts with {first}", if *gzip { "gzip, but not of a JSON object" } else { "neither gzip nor a JSON object" })]
    NotJson {
        /// Whether the file is gzip.
        gzip: bool,
        /// The first bytes that are not white space.
        first: FirstBytes,
    },
    /// The gzip data stops before its end.
    #[error("the gzip data ends early, {progress}")]
    GzipEndsEarly {
        /// How many records were read.
        progress: ReadProgress,
    },
    /// The gzip data cannot be decompressed, or its content does not have the checksum and the length that RFC 1952, section
    /// 2.3.1, stores after it (CRC32 and ISIZE).
    #[error("the gzip data is corrupt near its byte {at}, {progress}{}", progress.damage())]
    GzipCorrupt {
        /// The offset in the compressed file.
        at: u64,
        /// How many records were read.
        progress: ReadProgress,
        /// The decompressor's reason.
        #[source]
        source: DecompressError,
    },
    /// Bytes other than gzip and zero padding follow the gzip data.
    #[error("garbage after the gzip data, from its byte {at}")]
    GzipGarbage {
        /// The offset in the compressed file.
        at: u64,
    },
    /// More decompressed bytes than [`Limits::max_decompressed_bytes`](super::Limits::max_decompressed_bytes).
    #[error("more than {limit} bytes when decompressed; the limit was reached {progress}")]
    TooLarge {
        /// The limit.
        limit: u64,
        /// How many records were read.
        progress: ReadProgress,
    },
    /// The JSON stops before its end.
    #[error("the JSON ends early at byte {at}, {progress}")]
    EndsEarly {
        /// The length of the JSON.
        at: u64,
        /// How many records were read.
        progress: ReadProgress,
    },
    /// Brackets that do not match, a missing comma, and the like.
    #[error("the JSON is broken at byte {at}, {progress}: expected {expected}, found {found}")]
    Broken {
        /// The offset of the byte.
        at: u64,
        /// How many records were read.
        progress: ReadProgress,
        /// What is valid there.
        expected: &'static str,
        /// The byte.
        found: Byte,
    },
    /// `Records` is not a list.
    #[error("`Records` must be a list and is {found} (byte {at})")]
    RecordsNotList {
        /// The offset of its value.
        at: u64,
        /// The kind of the value.
        found: JsonKind,
    },
    /// An object without `Records`.
    #[error("no `Records` in the file; {keys}")]
    NoRecords {
        /// The keys that the object has.
        keys: Keys,
    },
    /// A shape that the function does not accept and the command line does.
    #[error("{0}, not one object `{{\"Records\": […]}}`; `trailbell scan` reads this")]
    OtherShape(OtherShape),
    /// Something other than white space follows the document.
    #[error("garbage after the JSON, from byte {at}: {found}")]
    Garbage {
        /// The offset of its first byte.
        at: u64,
        /// Its first byte.
        found: Byte,
    },
}

/// Why one record cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unparsable {
    /// Not an object.
    #[error("a record must be an object and is {0}")]
    NotObject(JsonKind),
    /// Longer than [`Limits::max_record_bytes`](super::Limits::max_record_bytes).
    #[error("a record of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// The length of the record.
        bytes: u64,
        /// The limit.
        limit: usize,
    },
    /// Deeper than [`Limits::max_nesting`](super::Limits::max_nesting).
    #[error("a record nested {depth} deep is over the limit of {limit}")]
    TooDeep {
        /// The depth of the record; its own object counts 1.
        depth: usize,
        /// The limit.
        limit: usize,
    },
    /// A document that is neither a record nor a list of records.
    #[error("neither a record (no `eventVersion`, no `eventID`) nor `Records`; {0}")]
    NotRecord(Keys),
    /// An element of a list that is neither a record nor holds one.
    #[error("not a CloudTrail record: it has neither `eventVersion` nor `eventID`; {0}")]
    NotRecordInList(Keys),
    /// What S3, SQS, Kinesis or DynamoDB send to a function.
    #[error("not a CloudTrail record: its `eventSource` is that of a notification (`aws:…`)")]
    Notification,
    /// The value of this key, which should be a record, holds none.
    #[error("no CloudTrail record in `{0}`")]
    NoRecordIn(&'static str),
    /// A finding in an event of a detector cannot be read.
    #[error("an event of a detector on EventBridge: {0}")]
    Finding(FindingError),
    /// A row of Athena with a field whose value CloudTrail's log does not have in this form.
    #[error("a row of a table whose `{}` is not JSON; select it as JSON", .0.escape_debug())]
    UncertainColumn(String),
    /// Brackets match, and it is not JSON.
    #[error("not valid JSON")]
    NotJson,
    /// A line of JSON lines that is broken; the next one is read.
    #[error("a broken line, at byte {at}: expected {expected}, found {found}")]
    BrokenLine {
        /// The offset of the byte.
        at: u64,
        /// What is valid there.
        expected: &'static str,
        /// The byte.
        found: Byte,
    },
}

impl Unparsable {
    /// Whether it is a whole document, well-formed, of something that is not CloudTrail's.
    pub fn is_of_another_kind(&self) -> bool {
        matches!(self, Self::NotRecord(_))
    }
}

impl LogFileError {
    /// Whether the file is certainly something else than records: it has no name of JSON, and is empty, or begins as neither
    /// JSON nor any format that could hold records does.
    pub fn is_of_another_kind(&self, has_name_of_json: bool) -> bool {
        match self {
            _ if has_name_of_json => false,
            Self::Empty => true,
            Self::NotJson { first, .. } => !first.could_hold_records(),
            _ => false,
        }
    }
}

/// How many records of a file were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadProgress {
    /// Inside the record with this index.
    Inside(u64),
    /// Outside any record, after this many.
    After(u64),
}

impl ReadProgress {
    /// What a reader should know of these records if the data is corrupt.
    fn damage(self) -> &'static str {
        if self == Self::After(0) { "" } else { ", and what was read may be damaged" }
    }
}

impl fmt::Display for ReadProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inside(index) => write!(f, "inside record {index}"),
            Self::After(0) => f.write_str("before any record"),
            Self::After(1) => f.write_str("after 1 record"),
            Self::After(count) => write!(f, "after {count} records"),
        }
    }
}

/// The kinds of JSON values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKind {
    /// `{…}`
    Object,
    /// `[…]`
    List,
    /// `"…"`
    String,
    /// `-1.5e3`
    Number,
    /// `true`, `false`
    Boolean,
    /// `null`
    Null,
    /// The first byte begins no JSON value.
    NotJson,
}

impl JsonKind {
    /// The kind of the value that begins with this byte.
    pub(super) fn of(first: u8) -> Self {
        match first {
            b'{' => Self::Object,
            b'[' => Self::List,
            b'"' => Self::String,
            b'-' | b'0'..=b'9' => Self::Number,
            b't' | b'f' => Self::Boolean,
            b'n' => Self::Null,
            _ => Self::NotJson,
        }
    }
}

impl fmt::Display for JsonKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Object => "an object",
            Self::List => "a list",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Null => "null",
            Self::NotJson => "not JSON",
        })
    }
}

/// A shape that only the command line reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherShape {
    /// `[{…}, {…}]`
    List,
    /// `{"eventVersion": …}`
    Record,
    /// More than one document.
    Documents,
}

impl fmt::Display for OtherShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::List => "a bare list",
            Self::Record => "a record on its own",
            Self::Documents => "several JSON documents (JSON lines)",
        })
    }
}

/// One byte, shown as a character if it is printable ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Byte(pub u8);

impl fmt::Display for Byte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_ascii_graphic() { write!(f, "`{}`", self.0 as char) } else { write!(f, "0x{:02x}", self.0) }
    }
}

/// At most the first four bytes of a file, and its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstBytes {
    bytes: [u8; Self::LEN],
    len: usize,
    format: Option<OtherFormat>,
}

impl FirstBytes {
    const LEN: usize = 4;

    pub(super) fn of(text: &[u8]) -> Self {
        let mut bytes = [0; Self::LEN];
        let len = text.len().min(Self::LEN);
        bytes[..len].copy_from_slice(&text[..len]);
        Self { bytes, len, format: OtherFormat::of(text) }
    }

    /// Whether the file could hold records in another format, as its first bytes show.
    pub fn could_hold_records(self) -> bool {
        self.format.is_some_and(OtherFormat::could_hold_records)
    }
}

impl fmt::Display for FirstBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = &self.bytes[..self.len];
        if bytes.iter().all(u8::is_ascii_graphic) {
            write!(f, "`{}`", bytes.escape_ascii())?;
        } else {
            f.write_str("the bytes")?;
            bytes.iter().try_for_each(|byte| write!(f, " {byte:02x}"))?;
        }
        self.format.map_or(Ok(()), |format| write!(f, " {format}"))
    }
}
