//! A subscription of CloudWatch Logs: each log event is a CloudTrail record.

use aws_lambda_events::cloudwatch_logs::{LogData, LogEntry};
use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::{Decompress, FlushDecompress, Status};
use serde::Deserialize;

use super::{
    delivery::{SkipReason, Work},
    envelope::Envelope,
    error::PartError,
    shape::{Read, Shape},
    shown::shown,
};

/// The most bytes of a subscription's data when it is decompressed. An invocation has at most six megabytes, which unfold
/// to more only on purpose.
const MAX_BYTES: usize = 64 << 20;

/// The records of a subscription: "Using subscription filters with AWS Lambda" in the Amazon CloudWatch Logs User Guide.
pub(super) const SUBSCRIPTION: Shape = Shape {
    fields: &["awslogs"],
    is: |envelope| envelope.has("awslogs"),
    read: Read::Work(|envelope| records(envelope).map_err(|error| error.of("the event of CloudWatch Logs"))),
};

/// The data, still compressed. The type of `aws_lambda_events` decompresses it without a limit.
#[derive(Deserialize)]
struct Packed {
    data: String,
}

fn records(envelope: &Envelope<'_>) -> Result<Vec<Work>, PartError> {
    let Packed { data } = envelope.parse("awslogs")?;
    let zipped = BASE64_STANDARD.decode(data).map_err(PartError::Base64)?;
    let data = log_data(&unzipped(&zipped, MAX_BYTES)?)?;
    match data.message_type.as_str() {
        "CONTROL_MESSAGE" => {
            let what = "control message of CloudWatch Logs".to_owned();
            Ok(vec![Work::Skip { what, reason: SkipReason::ControlMessage }])
        }
        "DATA_MESSAGE" if data.log_events.is_empty() => Err(PartError::Empty("logEvents")),
        "DATA_MESSAGE" => {
            let (group, stream) = (shown(&data.log_group), shown(&data.log_stream));
            let record = |LogEntry { id, message, .. }| Work::Record {
                origin: format!("CloudWatch Logs {group}/{stream}, event {}", shown(&id)),
                text: message,
            };
            Ok(data.log_events.into_iter().map(record).collect())
        }
        other => Err(PartError::unexpected("messageType", other, "`DATA_MESSAGE` or `CONTROL_MESSAGE`")),
    }
}

/// The data of a message that [`LogData`] refuses, with the fields that are needed here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartialLogData {
    message_type: String,
    #[serde(default)]
    log_group: String,
    #[serde(default)]
    log_stream: String,
    #[serde(default)]
    log_events: Vec<PartialLogEntry>,
}

#[derive(Deserialize)]
struct PartialLogEntry {
    #[serde(default)]
    id: String,
    message: String,
}

fn log_data(text: &[u8]) -> Result<LogData, PartError> {
    if let Ok(data) = serde_json::from_slice(text) {
        return Ok(data);
    }
    let PartialLogData { message_type, log_group, log_stream, log_events } = serde_json::from_slice(text)?;
    let entry = |PartialLogEntry { id, message }| {
        let mut entry = LogEntry::default();
        (entry.id, entry.message) = (id, message);
        entry
    };
    let mut data = LogData::default();
    (data.message_type, data.log_group, data.log_stream) = (message_type, log_group, log_stream);
    data.log_events = log_events.into_iter().map(entry).collect();
    Ok(data)
}

/// The content of one gzip member, at most `limit` bytes.
fn unzipped(zipped: &[u8], limit: usize) -> Result<Vec<u8>, PartError> {
    const STEP: usize = 64 << 10;
    // The largest window of DEFLATE: RFC 1951, section 2.
    let (mut inflate, mut text) = (Decompress::new_gzip(15), Vec::new());
    loop {
        text.reserve(STEP);
        let (taken, before) = (usize::try_from(inflate.total_in()).unwrap_or(usize::MAX), inflate.total_out());
        let rest = zipped.get(taken..).unwrap_or_default();
        let status = inflate.decompress_vec(rest, &mut text, FlushDecompress::None);
        match status.map_err(PartError::Decompress)? {
            _ if text.len() > limit => return Err(PartError::TooLarge(limit)),
            Status::StreamEnd => return Ok(text),
            _ if rest.is_empty() && inflate.total_out() == before => return Err(PartError::Truncated),
            Status::Ok | Status::BufError => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use aws_lambda_events::cloudwatch_logs::LogsEvent;
    use flate2::{Compression, write::GzEncoder};
    use serde_json::json;

    use super::*;
    use crate::trigger::decode::KNOWN;

    fn zipped(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn payload(zipped: &[u8]) -> String {
        json!({"awslogs": {"data": BASE64_STANDARD.encode(zipped)}}).to_string()
    }

    #[test]
    fn the_event_type_of_aws_lambda_events_decompresses_without_a_limit() {
        const LIMIT: usize = 1 << 20;
        let data = json!({"owner": "1", "logGroup": "x".repeat(LIMIT), "logStream": "s", "subscriptionFilters": [],
            "messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "timestamp": 1, "message": "{}"}]});
        let zipped = zipped(&data.to_string());
        assert!(zipped.len() < LIMIT / 100);
        let event: LogsEvent = serde_json::from_str(&payload(&zipped)).unwrap();
        assert_eq!(event.aws_logs.data.log_group.len(), LIMIT);
        assert!(matches!(unzipped(&zipped, LIMIT), Err(PartError::TooLarge(LIMIT))));
    }

    #[test]
    fn a_message_without_the_fields_that_are_not_needed_is_read() {
        let data = json!({"messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "message": "{}"}]}).to_string();
        assert!(serde_json::from_str::<LogData>(&data).is_err());
        let work = records(&Envelope::read(&payload(&zipped(&data)), 0, KNOWN).unwrap()).unwrap();
        assert!(matches!(&work[..], [Work::Record { text, .. }] if text == "{}"), "{work:?}");
    }
}
