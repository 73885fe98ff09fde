//! How a command ends: its exit status, or why it could not run.

use std::io::{self, ErrorKind};

use trailbell::{diagnostic::chain, local::TextFileError};

/// The exit status of a command, as its help documents it, or why it could not run.
pub type Status = Result<u8, Stop>;

/// Why a command stops before its end.
pub enum Stop {
    /// It cannot run; a sentence for the user.
    Message(String),
    /// It cannot run, and has printed why.
    Reported,
    /// The reader of its output has closed the pipe.
    Closed,
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Stop::Closed,
            _ => Stop::Message(format!("the output cannot be written: {}", chain(&error))),
        }
    }
}

impl From<TextFileError> for Stop {
    fn from(error: TextFileError) -> Self {
        Stop::Message(chain(&error))
    }
}
