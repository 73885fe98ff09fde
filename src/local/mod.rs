//! The ports on a laptop: folders as S3, a terminal as SNS, and CloudTrail files of any shape.

mod folder;
mod printed;

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

pub use folder::Folder;
pub use printed::Printed;
use thiserror::Error;

use crate::log_file::{Item, Limits, LogFileError, Reader, Shape};

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

/// Shows every item of a CloudTrail file of any shape, gzipped or not, in order; the path `-` is standard input.
/// `progress` is told how many bytes have been read.
pub fn read(
    path: &Path,
    limits: Limits,
    progress: &dyn Fn(u64),
    see: &mut dyn FnMut(Item<'_>),
) -> Result<(), ReadError> {
    let mut input: Box<dyn Read> =
        if path == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
    let mut reader = Reader::new(Shape::Any, limits);
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
            see(item);
        }
    }
}
