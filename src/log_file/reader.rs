//! The reader of one log file.

use std::{collections::VecDeque, ops::Range};

use super::{
    error::{LogFileError, Unparsable},
    gunzip::{Gunzip, GunzipFailure},
    options::{FileShape, Limits},
    scan::{Scan, Strings},
    split::Splitter,
    step::Cut,
    window::Window,
    wrapped,
};

/// A record, cut out of the file by structure and not parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawRecord<'a> {
    /// The number of the record in the file, from 0; unparsable records are counted.
    pub index: u64,
    /// From the record's `{` to its `}`.
    pub text: &'a [u8],
    /// The record's own strings, if the reader has scanned them.
    strings: Option<Strings<'a>>,
}

impl<'a> RawRecord<'a> {
    /// A record that is not from a file.
    pub fn of(text: &'a [u8]) -> Self {
        Self { index: 0, text, strings: None }
    }

    pub(crate) fn strings(&self) -> Option<Strings<'a>> {
        self.strings
    }
}

/// One item of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileItem<'a> {
    /// A record.
    Record(RawRecord<'a>),
    /// Something in the place of a record. The other records of the file are unaffected.
    Unparsable {
        /// The number of the item in the file, from 0.
        index: u64,
        /// Why it is not a record.
        reason: Unparsable,
    },
}

/// Where the text of a record is.
enum RecordPlace {
    /// In the window, as an element of a list.
    InList(Range<usize>),
    /// In the window, as a document.
    Document(Range<usize>),
    /// In [`Reader::unwrapped`].
    Unwrapped,
}

/// Reads one file.
pub struct Reader {
    limits: Limits,
    gunzip: Gunzip,
    window: Window,
    splitter: Splitter,
    /// The strings of the last record, if it is a document of its own.
    document: Scan,
    /// The records of the last value that was cut which are still to be returned.
    waiting: VecDeque<Result<Vec<u8>, Unparsable>>,
    /// The record of the last item, if it is not in the window.
    unwrapped: Vec<u8>,
    failed: Option<LogFileError>,
}

impl Reader {
    /// A reader before the first byte of a file.
    pub fn new(shape: FileShape, limits: Limits) -> Self {
        Self {
            limits,
            gunzip: Gunzip::new(limits.max_decompressed_bytes),
            window: Window::new(match shape {
                FileShape::LogFile => limits.max_record_bytes,
                FileShape::Any => limits.max_value_bytes(),
            }),
            splitter: Splitter::new(shape, limits),
            document: Scan::default(),
            waiting: VecDeque::new(),
            unwrapped: Vec::new(),
            failed: None,
        }
    }

    /// Returns the next item, and removes the bytes that it consumes from the front of `input`. `None` means that `input` is
    /// consumed and more is needed.
    ///
    /// # Errors
    ///
    /// If the rest of the file is unreadable, after every item before that place. Every later call returns the same error.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<FileItem<'_>>, LogFileError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let found = loop {
            if let Some(record) = self.waiting.pop_front() {
                break record.map(|record| {
                    self.unwrapped = record;
                    RecordPlace::Unwrapped
                });
            }
            match self.cut(input) {
                Ok(None) => return Ok(None),
                Ok(Some(Cut::Record(range))) => break Ok(RecordPlace::InList(range)),
                Ok(Some(Cut::Refused(reason))) => break Err(reason),
                Ok(Some(Cut::Value { text, in_list, depth })) => match self.look(text, in_list, depth) {
                    Ok(Some(found)) => break Ok(found),
                    Ok(None) => {}
                    Err(reason) => break Err(reason),
                },
                Err(error) => return Err(self.failed.insert(error).clone()),
            }
        };
        let index = self.splitter.number();
        let (text, strings) = match found {
            Ok(RecordPlace::InList(range)) => (self.window.text(range), self.splitter.strings()),
            Ok(RecordPlace::Document(range)) => (self.window.text(range), self.document.strings()),
            Ok(RecordPlace::Unwrapped) => (&*self.unwrapped, None),
            Err(reason) => return Ok(Some(FileItem::Unparsable { index, reason })),
        };
        Ok(Some(FileItem::Record(RawRecord { index, text, strings })))
    }

    /// Ends the file; call it after the last byte.
    ///
    /// # Errors
    ///
    /// If the file is incomplete, or [`Self::next`] failed.
    pub fn finish(self) -> Result<(), LogFileError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if let Some(failure) = self.gunzip.end() {
            return Err(self.error(failure));
        }
        self.splitter.end(&self.window, self.gunzip.is_gzip())
    }

    /// The length of the JSON so far, in bytes.
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

    /// Looks at a value of any shape: it is a record, or holds records, which then wait.
    fn look(&mut self, range: Range<usize>, in_list: bool, depth: usize) -> Result<Option<RecordPlace>, Unparsable> {
        let text = self.window.text(range.clone());
        if text.starts_with(b"{") {
            let strings = if in_list {
                self.splitter.strings()
            } else {
                self.document.reset();
                let whole = self.document.run(text);
                self.document.strings().filter(|_| whole.is_ok_and(|end| end == Some(text.len())))
            };
            if strings.is_some_and(|strings| wrapped::is_record(text, strings)) {
                self.limits.check(text.len() as u64, depth)?;
                return Ok(Some(if in_list { RecordPlace::InList(range) } else { RecordPlace::Document(range) }));
            }
        }
        if depth > self.limits.max_nesting.saturating_add(wrapped::MAX_DEPTH) {
            return Err(Unparsable::TooDeep { depth, limit: self.limits.max_nesting });
        }
        self.waiting.extend(wrapped::records(text, in_list, self.limits)?);
        Ok(None)
    }

    fn error(&self, failure: GunzipFailure) -> LogFileError {
        failure.into_error(self.splitter.progress(), self.limits.max_decompressed_bytes)
    }
}
