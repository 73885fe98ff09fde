//! A subscription of CloudWatch Logs: every log event is a CloudTrail record.
//!
//! What it decompresses to is bounded, and a message that is no record is still a record that cannot be read.

use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::{Decompress, FlushDecompress, Status};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{SkipReason, TriggerError, Work, in_words, read, shortened};

/// Far more than fits into an invocation's six megabytes unless it is made to unfold.
const MAX_BYTES: usize = 64 << 20;

#[derive(Deserialize)]
struct Packed {
    data: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subscribed {
    message_type: String,
    #[serde(default)]
    log_group: String,
    #[serde(default)]
    log_stream: String,
    #[serde(default)]
    log_events: Vec<LogEvent>,
}

#[derive(Deserialize)]
struct LogEvent {
    #[serde(default)]
    id: String,
    message: String,
}

/// The records of a subscription: "Subscription filters with AWS Lambda" in the CloudWatch Logs User Guide.
pub(super) fn records(awslogs: &RawValue) -> Result<Vec<Work>, TriggerError> {
    let what = || "the event of CloudWatch Logs".to_owned();
    let bad = |reason: String| TriggerError::Bad { what: what(), reason };
    let Packed { data } = read(Some(awslogs), "awslogs", what)?;
    let zipped = BASE64_STANDARD.decode(data).map_err(|error| bad(format!("its data is no base64: {error}")))?;
    let text = unzipped(&zipped).map_err(bad)?;
    let subscribed: Subscribed = serde_json::from_slice(&text).map_err(|error| bad(in_words(&error)))?;
    match subscribed.message_type.as_str() {
        "CONTROL_MESSAGE" => {
            let what = "control message of CloudWatch Logs".to_owned();
            Ok(vec![Work::Skip { what, reason: SkipReason::ControlMessage }])
        }
        "DATA_MESSAGE" if subscribed.log_events.is_empty() => Err(bad("its `logEvents` are empty".to_owned())),
        "DATA_MESSAGE" => {
            let (group, stream) = (shortened(&subscribed.log_group), shortened(&subscribed.log_stream));
            let record = |LogEvent { id, message }| Work::Record {
                origin: format!("CloudWatch Logs {group}/{stream}, event {}", shortened(&id)),
                text: message,
            };
            Ok(subscribed.log_events.into_iter().map(record).collect())
        }
        other => Err(bad(format!("its `messageType` is `{}`", shortened(other)))),
    }
}

/// The content of one member of gzip.
fn unzipped(zipped: &[u8]) -> Result<Vec<u8>, String> {
    const STEP: usize = 64 << 10;
    // The window of gzip: RFC 1951, section 2.
    let (mut inflate, mut text) = (Decompress::new_gzip(15), Vec::new());
    loop {
        text.reserve(STEP);
        let (taken, before) = (usize::try_from(inflate.total_in()).unwrap_or(usize::MAX), inflate.total_out());
        let rest = zipped.get(taken..).unwrap_or_default();
        let status = inflate.decompress_vec(rest, &mut text, FlushDecompress::None);
        match status.map_err(|error| format!("its data cannot be decompressed: {error}"))? {
            _ if text.len() > MAX_BYTES => {
                return Err(format!("its data is more than {MAX_BYTES} bytes when decompressed"));
            }
            Status::StreamEnd => return Ok(text),
            _ if rest.is_empty() && inflate.total_out() == before => {
                return Err("its data cannot be decompressed: it ends early".to_owned());
            }
            Status::Ok | Status::BufError => {}
        }
    }
}
