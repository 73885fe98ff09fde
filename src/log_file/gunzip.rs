//! Gzip in, its content out; anything else passes as it is.
//!
//! What comes out before a failure is handed on before the failure is.

use flate2::{Decompress, DecompressError, FlushDecompress, Status};

use super::error::{FirstBytes, LogFileError, Place};

/// The two bytes that begin a member: RFC 1952, section 2.3.1.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The decompressor of one file.
pub(super) struct Gunzip {
    state: State,
    /// Whether the first byte of [`MAGIC`] was taken and the second is due.
    half: bool,
    /// How many bytes were taken.
    taken: u64,
    /// How many bytes may still be given.
    left: u64,
    /// Whether the last call stopped for want of room, so that more may come out without input.
    full: bool,
    failure: Option<Failure>,
}

enum State {
    /// Before the first bytes.
    Start,
    /// Not gzip.
    Plain,
    /// Inside a member.
    Member(Box<Decompress>),
    /// After a member, where zero padding or another member may stand.
    Between,
}

/// Why nothing more comes out.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    EndsEarly,
    Checksum,
    Corrupt { at: u64, source: DecompressError },
    Garbage { at: u64 },
    OnlyHalfMagic,
    TooLarge,
}

impl Gunzip {
    /// For a file whose content may have `max_bytes`.
    pub(super) fn new(max_bytes: u64) -> Self {
        Self { state: State::Start, half: false, taken: 0, left: max_bytes, full: false, failure: None }
    }

    /// Writes to the front of `out`, which is not empty, from the front of `input`, and says how many bytes.
    /// 0 means that all of `input` is taken, or that there is a [`Self::failure`].
    pub(super) fn fill(&mut self, input: &mut &[u8], out: &mut [u8]) -> usize {
        let mut written = 0;
        while written == 0 && self.failure.is_none() && (self.full || !input.is_empty()) {
            written = match self.state {
                State::Plain => self.copy(input, out),
                State::Member(_) => self.inflate(input, out),
                State::Start | State::Between => self.look(input, out),
            };
        }
        let allowed = usize::try_from(self.left).map_or(written, |left| written.min(left));
        if allowed < written {
            self.failure = Some(Failure::TooLarge);
        }
        self.left -= allowed as u64;
        allowed
    }

    /// Why nothing more comes out.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.failure.clone()
    }

    /// Why the file must not end here.
    pub(super) fn end(&self) -> Option<Failure> {
        match self.state {
            _ if self.failure.is_some() => self.failure(),
            State::Member(_) => Some(Failure::EndsEarly),
            State::Between if self.half => Some(Failure::Garbage { at: self.taken - 1 }),
            State::Start if self.half => Some(Failure::OnlyHalfMagic),
            State::Start | State::Plain | State::Between => None,
        }
    }

    /// Whether the content comes out of gzip.
    pub(super) fn is_gzip(&self) -> bool {
        matches!(self.state, State::Member(_) | State::Between)
    }

    fn copy(&mut self, input: &mut &[u8], out: &mut [u8]) -> usize {
        let length = input.len().min(out.len());
        out[..length].copy_from_slice(&input[..length]);
        self.take(input, length);
        length
    }

    fn inflate(&mut self, input: &mut &[u8], out: &mut [u8]) -> usize {
        let State::Member(inflate) = &mut self.state else { return 0 };
        let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
        let result = inflate.decompress(input, out, FlushDecompress::None);
        // Both are bounded by the length of a slice.
        let taken = usize::try_from(inflate.total_in() - before_in).unwrap_or(usize::MAX);
        let written = usize::try_from(inflate.total_out() - before_out).unwrap_or(usize::MAX);
        self.take(input, taken);
        self.full = written == out.len();
        match result {
            Ok(Status::StreamEnd) => {
                self.full = false;
                self.state = State::Between;
            }
            Ok(_) => {}
            Err(source) => {
                self.failure = Some(match source.message() {
                    Some("incorrect data check" | "incorrect length check") => Failure::Checksum,
                    _ => Failure::Corrupt { at: self.taken, source },
                });
            }
        }
        written
    }

    /// Decides what begins here, a byte a call.
    fn look(&mut self, input: &mut &[u8], out: &mut [u8]) -> usize {
        let at_start = matches!(self.state, State::Start);
        match (self.half, input.first()) {
            (_, None) => {}
            (false, Some(&byte)) if byte == MAGIC[0] => {
                self.half = true;
                self.take(input, 1);
            }
            (true, Some(&byte)) if byte == MAGIC[1] => {
                self.half = false;
                self.take(input, 1);
                let mut member = Box::new(Decompress::new_gzip(15));
                match member.decompress(&MAGIC, out, FlushDecompress::None) {
                    Ok(_) => self.state = State::Member(member),
                    Err(source) => self.failure = Some(Failure::Corrupt { at: self.taken, source }),
                }
            }
            (false, Some(0)) if !at_start => self.take(input, 1),
            (half, Some(_)) if at_start => {
                self.state = State::Plain;
                out[0] = MAGIC[0];
                return usize::from(half);
            }
            (half, Some(_)) => self.failure = Some(Failure::Garbage { at: self.taken - u64::from(half) }),
        }
        0
    }

    fn take(&mut self, input: &mut &[u8], length: usize) {
        *input = input.get(length..).unwrap_or_default();
        self.taken += length as u64;
    }
}

impl Failure {
    /// The error of a file that fails here. `limit` is the one on decompressed bytes.
    pub(super) fn into_error(self, place: Place, limit: u64) -> LogFileError {
        match self {
            Self::EndsEarly => LogFileError::GzipEndsEarly { place },
            Self::Checksum => LogFileError::GzipChecksum { place },
            Self::Corrupt { at, source } => LogFileError::GzipCorrupt { at, place, source },
            Self::Garbage { at } => LogFileError::GzipGarbage { at },
            Self::OnlyHalfMagic => LogFileError::NotJson { gzip: false, first: FirstBytes::of(&MAGIC[..1]) },
            Self::TooLarge => LogFileError::TooLarge { limit, place },
        }
    }
}
