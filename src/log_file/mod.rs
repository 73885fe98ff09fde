//! Compressed bytes in, raw records out.
//!
//! Nothing is read here: the caller pushes chunks of any size. A record is given as soon as its last byte is
//! there, and no more than a window of the text is held, however large the file.

mod block;
mod error;
mod gunzip;
mod lookup;
mod scan;
mod split;
mod window;

pub use error::{Byte, FirstBytes, Keys, Kind, LogFileError, OtherShape, Place, Unparsable};

pub(crate) use scan::{Scan, Strings, string_end};

use gunzip::{Failure, Gunzip};
use split::{Cut, Extent, Splitter};
use window::Window;

/// What a file may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// More decompressed bytes end the file.
    pub max_decompressed_bytes: u64,
    /// A longer record is given up.
    pub max_record_bytes: usize,
    /// A record nested deeper is given up. Its own object counts 1.
    pub max_nesting: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_decompressed_bytes: 2 << 30, max_record_bytes: 1 << 20, max_nesting: 128 }
    }
}

impl Limits {
    fn allow(self, bytes: u64, depth: usize) -> Result<(), Unparsable> {
        if bytes > self.max_record_bytes as u64 {
            Err(Unparsable::TooLarge { bytes, limit: self.max_record_bytes })
        } else if depth > self.max_nesting {
            Err(Unparsable::TooDeep { depth, limit: self.max_nesting })
        } else {
            Ok(())
        }
    }
}

/// Which JSON is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// What CloudTrail writes: one object `{"Records": […]}`.
    LogFile,
    /// Any number of documents, each a log file, a list of records, one record (an object with `eventVersion` or
    /// `eventID`), or the output of `aws cloudtrail lookup-events`.
    Any,
}

/// A record, cut out by structure and not parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawRecord<'a> {
    /// Its number in the file, from 0, unparsable ones counted.
    pub index: u64,
    /// From its `{` to its `}`.
    pub text: &'a [u8],
    /// Its own strings, where the reader has come across them.
    strings: Option<Strings<'a>>,
}

impl<'a> RawRecord<'a> {
    /// A record that comes from no file.
    pub fn of(text: &'a [u8]) -> Self {
        Self { index: 0, text, strings: None }
    }

    pub(crate) fn strings(&self) -> Option<Strings<'a>> {
        self.strings
    }
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A record.
    Record(RawRecord<'a>),
    /// Something in the place of a record. Its siblings are unharmed.
    Unparsable {
        /// Its number in the file, from 0.
        index: u64,
        /// Why it is none.
        reason: Unparsable,
    },
}

/// Reads one file.
pub struct Reader {
    limits: Limits,
    gunzip: Gunzip,
    window: Window,
    splitter: Splitter,
    /// The record of the last item, where it is not in the window.
    unescaped: Vec<u8>,
    failed: Option<LogFileError>,
}

impl Reader {
    /// Before the first byte.
    pub fn new(shape: Shape, limits: Limits) -> Self {
        Self {
            limits,
            gunzip: Gunzip::new(limits.max_decompressed_bytes),
            window: Window::new(limits.max_record_bytes),
            splitter: Splitter::new(shape, limits),
            unescaped: Vec::new(),
            failed: None,
        }
    }

    /// The next item, for which it takes what it needs from the front of `input`. `None`: all of `input` is taken,
    /// and more is needed.
    ///
    /// # Errors
    ///
    /// What makes the rest of the file unreadable, after every item before it. It is returned again from then on.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Item<'_>>, LogFileError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        match self.cut(input) {
            Ok(cut) => Ok(cut.map(|cut| self.item(cut))),
            Err(error) => Err(self.failed.insert(error).clone()),
        }
    }

    /// To be called after the last byte of the file.
    ///
    /// # Errors
    ///
    /// If the file must not end here, or [`Self::next`] failed.
    pub fn finish(self) -> Result<(), LogFileError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if let Some(failure) = self.gunzip.end() {
            return Err(self.error(failure));
        }
        self.splitter.end(&self.window, self.gunzip.is_gzip())
    }

    /// How many bytes of JSON came out so far.
    pub fn decompressed_bytes(&self) -> u64 {
        self.window.total()
    }

    fn cut(&mut self, input: &mut &[u8]) -> Result<Option<Cut>, LogFileError> {
        loop {
            if let Some(cut) = self.splitter.next(&mut self.window, self.gunzip.is_gzip())? {
                return Ok(Some(cut));
            }
            let length = self.gunzip.fill(input, self.window.room());
            self.window.filled(length);
            if length == 0 {
                return self.gunzip.failure().map_or(Ok(None), |failure| Err(self.error(failure)));
            }
        }
    }

    fn item(&mut self, Cut { index, extent }: Cut) -> Item<'_> {
        let text = extent.and_then(|extent| match extent {
            Extent::Record(range) => Ok((self.window.text(range), self.splitter.strings())),
            Extent::Document(range) => Ok((self.window.text(range), None)),
            Extent::Event(range) => {
                self.unescaped = lookup::record(self.window.text(range), self.limits)?;
                Ok((&*self.unescaped, None))
            }
        });
        match text {
            Ok((text, strings)) => Item::Record(RawRecord { index, text, strings }),
            Err(reason) => Item::Unparsable { index, reason },
        }
    }

    fn error(&self, failure: Failure) -> LogFileError {
        failure.into_error(self.splitter.place(), self.limits.max_decompressed_bytes)
    }
}
