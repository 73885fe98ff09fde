//! CloudTrail files of any shape, read from this machine.

use std::{
    io::{self, Read},
    ops::ControlFlow,
};

use thiserror::Error;

use crate::log_file::{FileItem, FileShape, Limits, LogFileError, Reader};

/// How many bytes are read at once.
pub(super) const CHUNK: usize = 64 * 1024;

/// Why a file could not be read to its end.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file system reports an error.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is not a complete CloudTrail file.
    #[error(transparent)]
    LogFile(#[from] LogFileError),
}

/// Passes the items of a CloudTrail file of any shape, gzipped or not, to `see` in their order, until `see` breaks.
/// `progress` gets the number of bytes of each read.
///
/// # Errors
///
/// The file cannot be read, or is not a complete CloudTrail file.
pub fn read(
    mut input: impl Read,
    limits: Limits,
    progress: &dyn Fn(u64),
    see: &mut dyn FnMut(FileItem<'_>) -> ControlFlow<()>,
) -> Result<(), ReadError> {
    let mut reader = Reader::new(FileShape::Any, limits);
    let mut buffer = vec![0; CHUNK];
    loop {
        let length = match input.read(&mut buffer) {
            Ok(0) => return Ok(reader.finish()?),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        progress(length as u64);
        let mut chunk = &buffer[..length];
        while let Some(item) = reader.next(&mut chunk)? {
            if see(item).is_break() {
                return Ok(());
            }
        }
    }
}
