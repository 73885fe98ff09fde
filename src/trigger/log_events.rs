//! Log events of CloudWatch Logs, compressed until they are read one by one: a payload of six megabytes can unfold to millions
//! of them.

use std::io::{self, BufReader, Read, Write};

use flate2::{Compression, Decompress, FlushDecompress, Status, read::DeflateDecoder, write::DeflateEncoder};
use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

use super::{error::PartError, shown::shown};

/// The log events of a subscription, of which there is at least one.
#[derive(Debug)]
pub struct LogEvents {
    /// The log group and the log stream.
    pub(super) source: String,
    pub(super) packed: PackedEvents,
}

impl LogEvents {
    /// The text of each event, and the message that held it, such as `CloudWatch Logs trail/stream, event 31953106`.
    pub fn iter(&self) -> impl Iterator<Item = (String, String)> {
        let mut frames = BufReader::new(DeflateDecoder::new(&*self.packed.frames));
        (0..self.packed.count).map_while(move |_| {
            let (id, text) = (frame(&mut frames)?, frame(&mut frames)?);
            Some((text, format!("{self}, event {}", shown(&id))))
        })
    }
}

impl LogEvents {
    /// The account and the region that the log stream is named for: `ACCOUNT_CloudTrail_REGION`, with the organization's id in front
    /// for its trail, and a number behind if there are several ("Sending events to CloudWatch Logs" in the AWS CloudTrail User Guide).
    pub fn account_and_region(&self) -> Option<(&str, &str)> {
        let (_, stream) = self.source.rsplit_once('/')?;
        let (account, region) = stream.split_once("_CloudTrail_")?;
        let account = account.rsplit_once('_').map_or(account, |(_, account)| account);
        Some((account, region.split_once('_').map_or(region, |(region, _)| region)))
    }
}

impl std::fmt::Display for LogEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CloudWatch Logs {}", self.source)
    }
}

/// The data, with the fields that are needed here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogData {
    pub(super) message_type: String,
    #[serde(default)]
    pub(super) log_group: String,
    #[serde(default)]
    pub(super) log_stream: String,
    #[serde(default)]
    pub(super) log_events: PackedEvents,
}

#[derive(Deserialize)]
struct LogEntry {
    #[serde(default)]
    id: String,
    message: String,
}

/// Log events, compressed: of each the id and the message, both with their length in front.
#[derive(Debug, Default)]
pub(super) struct PackedEvents {
    pub(super) count: u64,
    frames: Vec<u8>,
}

impl<'de> Deserialize<'de> for PackedEvents {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Packer)
    }
}

struct Packer;

impl<'de> Visitor<'de> for Packer {
    type Value = PackedEvents;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> Result<PackedEvents, A::Error> {
        let (mut count, mut encoder) = (0, DeflateEncoder::new(Vec::new(), Compression::fast()));
        while let Some(LogEntry { id, message }) = events.next_element()? {
            count += 1;
            for text in [id, message] {
                let length = u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes();
                let written = encoder.write_all(&length).and_then(|()| encoder.write_all(text.as_bytes()));
                written.map_err(serde::de::Error::custom)?;
            }
        }
        Ok(PackedEvents { count, frames: encoder.finish().map_err(serde::de::Error::custom)? })
    }
}

fn frame(frames: &mut impl Read) -> Option<String> {
    let mut length = [0; 4];
    frames.read_exact(&mut length).ok()?;
    let mut text = vec![0; usize::try_from(u32::from_le_bytes(length)).ok()?];
    frames.read_exact(&mut text).ok()?;
    String::from_utf8(text).ok()
}

/// The data of one gzip member, at most `limit` bytes.
pub(super) fn log_data(zipped: &[u8], limit: usize) -> Result<LogData, PartError> {
    // The largest window of DEFLATE: RFC 1951, section 2.
    let mut unzip = Unzip { zipped, inflate: Decompress::new_gzip(15), limit, has_ended: false, failure: None };
    let read = serde_json::from_reader(BufReader::with_capacity(64 << 10, &mut unzip));
    match unzip.failure {
        Some(failure) => Err(failure),
        None => Ok(read?),
    }
}

/// Decompresses one gzip member, and keeps the reason where it cannot.
struct Unzip<'a> {
    zipped: &'a [u8],
    inflate: Decompress,
    limit: usize,
    has_ended: bool,
    failure: Option<PartError>,
}

impl Unzip<'_> {
    fn step(&mut self, buffer: &mut [u8]) -> Result<usize, PartError> {
        while !self.has_ended {
            let (taken, before) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(self.zipped, buffer, FlushDecompress::None);
            let status = status.map_err(PartError::Decompress)?;
            let (taken, length) = (self.inflate.total_in() - taken, self.inflate.total_out() - before);
            self.zipped = self.zipped.get(usize::try_from(taken).unwrap_or(usize::MAX)..).unwrap_or_default();
            self.has_ended = matches!(status, Status::StreamEnd);
            if self.inflate.total_out() > self.limit as u64 {
                return Err(PartError::TooLarge(self.limit));
            }
            if length > 0 {
                return Ok(usize::try_from(length).unwrap_or(0));
            }
            if !self.has_ended && taken == 0 && self.zipped.is_empty() {
                return Err(PartError::Truncated);
            }
        }
        Ok(0)
    }
}

impl Read for Unzip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.step(buffer).map_err(|failure| {
            self.failure = Some(failure);
            io::Error::other("the data cannot be decompressed")
        })
    }
}
