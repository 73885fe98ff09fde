//! The ports on a laptop: folders as S3, a terminal as SNS, and CloudTrail files of any shape.

mod clock;
mod folder;
mod printed;
mod rules;

use std::{
    io::{self, Read},
    ops::ControlFlow,
};

pub use clock::Unhurried;
pub use folder::Folder;
pub use printed::Printed;
pub use rules::{RulesFiles, TextFile, TextFileError, read_text};
use thiserror::Error;

use crate::log_file::{FileItem, FileShape, Limits, LogFileError, Reader};

/// How many bytes are read at once.
const CHUNK: usize = 64 * 1024;

/// Why a file could not be read to its end.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file system says no.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no whole CloudTrail file.
    #[error(transparent)]
    LogFile(#[from] LogFileError),
}

/// Shows items of a CloudTrail file of any shape, gzipped or not, in order, until `see` breaks off. `progress` is told
/// how many bytes have been read.
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
