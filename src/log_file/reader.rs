//! The reader of one log file.

use super::{
    error::{LogFileError, Unparsable},
    gunzip::{Gunzip, GunzipFailure},
    lookup,
    options::{FileShape, Limits},
    scan::Strings,
    split::{Cut, RecordText, Splitter},
    window::Window,
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

/// Reads one file.
pub struct Reader {
    limits: Limits,
    gunzip: Gunzip,
    window: Window,
    splitter: Splitter,
    /// The record of the last item, if it is not in the window.
    unescaped: Vec<u8>,
    failed: Option<LogFileError>,
}

impl Reader {
    /// A reader before the first byte of a file.
    pub fn new(shape: FileShape, limits: Limits) -> Self {
        Self {
            limits,
            gunzip: Gunzip::new(limits.max_decompressed_bytes),
            window: Window::new(limits.max_record_bytes),
            splitter: Splitter::new(shape, limits),
            unescaped: Vec::new(),
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
        match self.cut(input) {
            Ok(cut) => Ok(cut.map(|cut| self.item(cut))),
            Err(error) => Err(self.failed.insert(error).clone()),
        }
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

    fn item(&mut self, Cut { index, text }: Cut) -> FileItem<'_> {
        let text = text.and_then(|text| match text {
            RecordText::InList(range) => Ok((self.window.text(range), self.splitter.strings())),
            RecordText::Document(range) => Ok((self.window.text(range), None)),
            RecordText::Event(range) => {
                self.unescaped = lookup::record(self.window.text(range), self.limits)?;
                Ok((&*self.unescaped, None))
            }
        });
        match text {
            Ok((text, strings)) => FileItem::Record(RawRecord { index, text, strings }),
            Err(reason) => FileItem::Unparsable { index, reason },
        }
    }

    fn error(&self, failure: GunzipFailure) -> LogFileError {
        failure.into_error(self.splitter.progress(), self.limits.max_decompressed_bytes)
    }
}
