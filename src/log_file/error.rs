//! What can be wrong with a log file, or with one record of it.
//!
//! A [`LogFileError`] ends the file; an [`Unparsable`] ends one record and leaves its siblings alone. Both hold
//! text of the file only in small, escaped pieces.

use std::fmt;

use flate2::DecompressError;
use thiserror::Error;

/// Why a file cannot be read on. Offsets count decompressed bytes from 0 unless they say otherwise, and records
/// count from 0.
#[derive(Clone, Debug, Error)]
pub enum LogFileError {
    /// No byte at all, or only white space.
    #[error("the file is empty")]
    Empty,
    /// Neither gzip nor a JSON document.
    #[error("{}: it starts with {first}", if *gzip { "gzip, but not of a JSON object" } else { "neither gzip nor a JSON object" })]
    NotJson {
        /// Whether these bytes came out of gzip.
        gzip: bool,
        /// The first bytes that are not white space.
        first: FirstBytes,
    },
    /// The gzip data stops before its end.
    #[error("the gzip data ends early, {place}")]
    GzipEndsEarly {
        /// How far the records went.
        place: Place,
    },
    /// The content is not what was compressed: RFC 1952, section 2.3.1, CRC32 and ISIZE.
    #[error("the gzip checksum or length is wrong, {place}: what was read may be damaged")]
    GzipChecksum {
        /// How far the records went.
        place: Place,
    },
    /// The gzip data cannot be decompressed.
    #[error("the gzip data is corrupt near its byte {at}, {place}")]
    GzipCorrupt {
        /// The offset in the compressed file.
        at: u64,
        /// How far the records went.
        place: Place,
        /// What the decompressor says.
        #[source]
        source: DecompressError,
    },
    /// Something else than gzip or zero padding follows the gzip data.
    #[error("garbage after the gzip data, from its byte {at}")]
    GzipGarbage {
        /// The offset in the compressed file.
        at: u64,
    },
    /// More decompressed bytes than [`Limits::max_decompressed_bytes`](super::Limits::max_decompressed_bytes).
    #[error("more than {limit} bytes when decompressed; the limit was reached {place}")]
    TooLarge {
        /// The limit.
        limit: u64,
        /// How far the records went.
        place: Place,
    },
    /// The JSON stops before its end.
    #[error("the JSON ends early at byte {at}, {place}")]
    EndsEarly {
        /// The length of the JSON.
        at: u64,
        /// How far the records went.
        place: Place,
    },
    /// Brackets that do not match, a comma that is missing, and the like.
    #[error("the JSON is broken at byte {at}, {place}: expected {expected}, found {found}")]
    Broken {
        /// The offset of the byte.
        at: u64,
        /// How far the records went.
        place: Place,
        /// What may stand there.
        expected: &'static str,
        /// What stands there.
        found: Byte,
    },
    /// `Records` is there and is no list.
    #[error("`Records` must be a list and is {found} (byte {at})")]
    RecordsNotList {
        /// The offset of its value.
        at: u64,
        /// What it is.
        found: Kind,
    },
    /// An object without `Records`.
    #[error("no `Records` in the file; {keys}")]
    NoRecords {
        /// What is there instead.
        keys: Keys,
    },
    /// A shape that the function does not take and the command line does.
    #[error("{0}, not one object `{{\"Records\": […]}}`; `trailbell scan` reads this")]
    OtherShape(OtherShape),
    /// Something follows the document.
    #[error("garbage after the JSON, from byte {at}: {found}")]
    Garbage {
        /// The offset of its first byte.
        at: u64,
        /// Its first byte.
        found: Byte,
    },
}

/// Why one record is given up.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unparsable {
    /// A record is an object, and this is none.
    #[error("a record must be an object and is {0}")]
    NotObject(Kind),
    /// Longer than [`Limits::max_record_bytes`](super::Limits::max_record_bytes).
    #[error("a record of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// Its length.
        bytes: u64,
        /// The limit.
        limit: usize,
    },
    /// Deeper than [`Limits::max_nesting`](super::Limits::max_nesting).
    #[error("a record nested {depth} deep is over the limit of {limit}")]
    TooDeep {
        /// Its depth; the record's own object is 1.
        depth: usize,
        /// The limit.
        limit: usize,
    },
    /// A document of its own that is neither a record nor a list of them.
    #[error("neither a record (no `eventVersion`, no `eventID`) nor `Records`; {0}")]
    NotRecord(Keys),
    /// An element of `Events` without a `CloudTrailEvent` that holds an object as a string.
    #[error("an element of `Events` without a record in its `CloudTrailEvent`")]
    NoCloudTrailEvent,
}

/// How far the records went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Inside the record with this index.
    Inside(u64),
    /// Outside any record, after this many.
    After(u64),
}

impl fmt::Display for Place {
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
pub enum Kind {
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
    /// No JSON value begins so.
    NotJson,
}

impl Kind {
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

impl fmt::Display for Kind {
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

/// What only the command line reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherShape {
    /// `[{…}, {…}]`
    List,
    /// `{"eventVersion": …}`
    Record,
    /// Several documents after each other.
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

/// One byte, printed as a character where it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Byte(pub u8);

impl fmt::Display for Byte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_ascii_graphic() { write!(f, "`{}`", self.0 as char) } else { write!(f, "0x{:02x}", self.0) }
    }
}

/// At most the first four bytes of something unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstBytes {
    bytes: [u8; Self::LEN],
    len: usize,
}

impl FirstBytes {
    pub(super) const LEN: usize = 4;

    pub(super) fn of(text: &[u8]) -> Self {
        let mut bytes = [0; Self::LEN];
        let len = text.len().min(Self::LEN);
        bytes[..len].copy_from_slice(&text[..len]);
        Self { bytes, len }
    }

    /// The name of the format that begins so, where it is a usual one.
    fn format(self) -> Option<&'static str> {
        const FORMATS: &[(&[u8], &str)] = &[
            (b"\x1f\x8b", "gzip within gzip"),
            (b"PK\x03\x04", "zip"),
            (b"\x28\xb5\x2f\xfd", "zstd"),
            (b"BZh", "bzip2"),
            (b"\xfd7zX", "xz"),
            (b"PAR1", "Parquet"),
            (b"\xff\xfe", "UTF-16"),
            (b"\xfe\xff", "UTF-16"),
            (b"<", "XML or HTML"),
        ];
        FORMATS.iter().find(|(magic, _)| self.bytes[..self.len].starts_with(magic)).map(|(_, name)| *name)
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
        self.format().map_or(Ok(()), |format| write!(f, " ({format})"))
    }
}

/// The first keys of an object, for a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    shown: Vec<String>,
    hidden: u64,
}

impl Keys {
    const SHOWN: usize = 8;

    pub(super) fn push(&mut self, key: &[u8]) {
        if self.shown.len() == Self::SHOWN {
            self.hidden += 1;
        } else {
            let key: String = String::from_utf8_lossy(key).chars().take(40).collect();
            self.shown.push(key.escape_debug().to_string());
        }
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.shown.is_empty() {
            return f.write_str("it has no keys");
        }
        write!(f, "its keys are `{}`", self.shown.join("`, `"))?;
        if self.hidden > 0 { write!(f, " and {} more", self.hidden) } else { Ok(()) }
    }
}
