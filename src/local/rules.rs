//! The rules file and the overrides beside it, as they are read from a disk.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::{rule::overrides_path, untrusted::printable};

/// A text and the file that holds it.
#[derive(Clone, Debug)]
pub struct TextFile {
    /// Its path.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// A rules file, and the overrides that apply to it.
#[derive(Clone, Debug)]
pub struct RulesFiles {
    /// The rules file.
    pub rules: TextFile,
    /// The overrides file, where there is one.
    pub overrides: Option<TextFile>,
}

/// Why a text file could not be read.
#[derive(Debug, Error)]
pub enum TextFileError {
    /// The file system refuses.
    #[error("{} cannot be read", shown(path))]
    Io {
        /// The path of the file.
        path: PathBuf,
        /// What the file system reports.
        #[source]
        source: io::Error,
    },
    /// The file is in another encoding.
    #[error("{} is not UTF-8: byte {offset} is not part of a character; save the file as UTF-8", shown(path))]
    NotUtf8 {
        /// The path of the file.
        path: PathBuf,
        /// The first byte, from 0, that is not part of a character.
        offset: usize,
    },
}

impl RulesFiles {
    /// Reads the rules file at `path`, and the overrides file beside it if it exists.
    ///
    /// # Errors
    ///
    /// The first of the files that cannot be read or is not UTF-8.
    pub fn read(path: &Path) -> Result<Self, TextFileError> {
        let rules = TextFile { path: path.to_owned(), text: read_text(path)? };
        let overrides = match overrides_path(path).map(|path| (read_text(&path), path)) {
            None => None,
            Some((Ok(text), path)) => Some(TextFile { path, text }),
            Some((Err(TextFileError::Io { source, .. }), _)) if source.kind() == io::ErrorKind::NotFound => None,
            Some((Err(error), _)) => return Err(error),
        };
        Ok(Self { rules, overrides })
    }
}

/// The text of the file at `path`.
///
/// # Errors
///
/// The file cannot be read, or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, TextFileError> {
    let bytes = fs::read(path).map_err(|source| TextFileError::Io { path: path.to_owned(), source })?;
    String::from_utf8(bytes)
        .map_err(|error| TextFileError::NotUtf8 { path: path.to_owned(), offset: error.utf8_error().valid_up_to() })
}

/// The path on one line, whatever characters it has.
fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}
