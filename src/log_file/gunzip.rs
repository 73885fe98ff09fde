//! Decompresses gzip, and passes any other content through.
//!
//! Bytes that were decompressed before a failure are returned before the failure is.

use flate2::{Decompress, DecompressError, FlushDecompress, Status};

use super::error::{FirstBytes, LogFileError, ReadProgress};

/// The two bytes that begin a gzip member: RFC 1952, section 2.3.1.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The decompressor of one file.
pub(super) struct Gunzip {
    state: GunzipState,
    /// Whether the first byte of [`MAGIC`] was consumed and the second is next.
    half: bool,
    /// How many bytes of the file were consumed.
    consumed: u64,
    /// How many more bytes may be returned.
    left: u64,
    /// Whether the last call filled all its room, so that more may come out without input.
    full: bool,
    failure: Option<GunzipFailure>,
}

enum GunzipState {
    /// Before the first byte.
    Start,
    /// Not gzip.
    Plain,
    /// Inside a member.
    Member(Box<Decompress>),
    /// After a member, before zero padding or another member.
    Between,
}

/// Why no more bytes come out.
#[derive(Clone, Debug)]
pub(super) enum GunzipFailure {
    EndsEarly,
    Corrupt { at: u64, source: DecompressError },
    Garbage { at: u64 },
    OnlyHalfMagic,
    TooLarge,
}

impl Gunzip {
    /// For a file with at most `max_bytes` decompressed bytes.
    pub(super) fn new(max_bytes: u64) -> Self {
        Self { state: GunzipState::Start, half: false, consumed: 0, left: max_bytes, full: false, failure: None }
    }

    /// Consumes bytes from the front of `input`, writes to the front of `out`, which is not empty, and returns how many bytes
    /// it wrote. 0 means that all of `input` is consumed, or that there is a [`Self::failure`].
    pub(super) fn fill(&mut self, input: &mut &[u8], out: &mut [u8]) -> usize {
        let mut written = 0;
        while written == 0 && self.failure.is_none() && (self.full || !input.is_empty()) {
            written = match self.state {
                GunzipState::Plain => self.copy(input, out),
                GunzipState::Member(_) => self.inflate(input, out),
                GunzipState::Start | GunzipState::Between => self.look(input, out),
            };
        }
        let allowed = usize::try_from(self.left).map_or(written, |left| written.min(left));
        if allowed < written {
            self.failure = Some(GunzipFailure::TooLarge);
        }
        self.left -= allowed as u64;
        allowed
    }

    /// Why no more bytes come out.
    pub(super) fn failure(&self) -> Option<GunzipFailure> {
        self.failure.clone()
    }

    /// Why the file is incomplete if it ends here.
    pub(super) fn end(&self) -> Option<GunzipFailure> {
        match self.state {
            _ if self.failure.is_some() => self.failure(),
            GunzipState::Member(_) => Some(GunzipFailure::EndsEarly),
            GunzipState::Between if self.half => Some(GunzipFailure::Garbage { at: self.consumed - 1 }),
            GunzipState::Start if self.half => Some(GunzipFailure::OnlyHalfMagic),
            GunzipState::Start | GunzipState::Plain | GunzipState::Between => None,
        }
    }

    /// Whether the file is gzip.
    pub(super) fn is_gzip(&self) -> bool {
        matches!(self.state, GunzipState::Member(_) | GunzipState::Between)
    }

    fn copy(&mut self, input: &mut &[u8], out: &mut [u8]) -> usize {
        let length = input.len().min(out.len());
        out[..length].copy_from_slice(&input[..length]);
        self.consume(input, length);
        length
    }

    fn inflate(&mut self, input: &mut &[u8], out: &mut [u8]) -> usize {
        let GunzipState::Member(inflate) = &mut self.state else { return 0 };
        let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
        let result = inflate.decompress(input, out, FlushDecompress::None);
        // Both are bounded by the length of a slice.
        let consumed = usize::try_from(inflate.total_in() - before_in).unwrap_or(usize::MAX);
        let written = usize::try_from(inflate.total_out() - before_out).unwrap_or(usize::MAX);
        self.consume(input, consumed);
        self.full = written == out.len();
        match result {
            Ok(Status::StreamEnd) => {
                self.full = false;
                self.state = GunzipState::Between;
            }
            Ok(_) => {}
            Err(source) => self.failure = Some(GunzipFailure::Corrupt { at: self.consumed, source }),
        }
        written
    }

    /// Decides what begins here, one byte in each call.
    fn look(&mut self, input: &mut &[u8], out: &mut [u8]) -> usize {
        let at_start = matches!(self.state, GunzipState::Start);
        match (self.half, input.first()) {
            (_, None) => {}
            (false, Some(&byte)) if byte == MAGIC[0] => {
                self.half = true;
                self.consume(input, 1);
            }
            (true, Some(&byte)) if byte == MAGIC[1] => {
                self.half = false;
                self.consume(input, 1);
                let mut member = Box::new(Decompress::new_gzip(15));
                match member.decompress(&MAGIC, out, FlushDecompress::None) {
                    Ok(_) => self.state = GunzipState::Member(member),
                    Err(source) => self.failure = Some(GunzipFailure::Corrupt { at: self.consumed, source }),
                }
            }
            (false, Some(0)) if !at_start => self.consume(input, 1),
            (half, Some(_)) if at_start => {
                self.state = GunzipState::Plain;
                out[0] = MAGIC[0];
                return usize::from(half);
            }
            (half, Some(_)) => self.failure = Some(GunzipFailure::Garbage { at: self.consumed - u64::from(half) }),
        }
        0
    }

    fn consume(&mut self, input: &mut &[u8], length: usize) {
        *input = input.get(length..).unwrap_or_default();
        self.consumed += length as u64;
    }
}

impl GunzipFailure {
    /// The error of the file. `limit` is the limit on decompressed bytes.
    pub(super) fn into_error(self, progress: ReadProgress, limit: u64) -> LogFileError {
        match self {
            Self::EndsEarly => LogFileError::GzipEndsEarly { progress },
            Self::Corrupt { at, source } => LogFileError::GzipCorrupt { at, progress, source },
            Self::Garbage { at } => LogFileError::GzipGarbage { at },
            Self::OnlyHalfMagic => LogFileError::NotJson { gzip: false, first: FirstBytes::of(&MAGIC[..1]) },
            Self::TooLarge => LogFileError::TooLarge { limit, progress },
        }
    }
}
