//! Compressed bytes in, raw records out.
//!
//! Nothing here does I/O: the caller passes chunks of any size. A record is returned as soon as its last byte is there, and
//! memory holds no more than a window of the text, however large the file is.

mod block;
mod documents;
mod error;
mod foreign;
mod format;
mod frame;
mod gunzip;
mod keys;
mod lines;
mod options;
mod reader;
mod row;
mod scan;
mod split;
mod step;
mod window;
mod wrapped;

pub use error::{Byte, FirstBytes, JsonKind, LogFileError, OtherShape, ReadProgress, Unparsable};
pub use foreign::FileHead;
pub use format::OtherFormat;
pub use keys::Keys;
pub use options::{FileShape, Limits};
pub use reader::{FileItem, RawRecord, Reader};

pub(crate) use scan::{Scan, Strings, string_end};
