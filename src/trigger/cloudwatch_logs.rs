//! A subscription of CloudWatch Logs: each log event is a CloudTrail record.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;

use super::{
    delivery::{SkipReason, Work},
    envelope::Envelope,
    error::PartError,
    log_events::{LogData, LogEvents, log_data},
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
    read: Read::Work(|envelope| {
        records(envelope).map(|work| vec![work]).map_err(|error| error.of("the event of CloudWatch Logs"))
    }),
};

/// The data, still compressed. The type of `aws_lambda_events` decompresses it without a limit, and holds all events.
#[derive(Deserialize)]
struct Packed {
    data: String,
}

fn records(envelope: &Envelope<'_>) -> Result<Work, PartError> {
    let Packed { data } = envelope.parse("awslogs")?;
    let zipped = BASE64_STANDARD.decode(&data).map_err(PartError::Base64)?;
    drop(data);
    let LogData { message_type, log_group, log_stream, log_events } = log_data(&zipped, MAX_BYTES)?;
    match message_type.as_str() {
        "CONTROL_MESSAGE" => {
            let what = "control message of CloudWatch Logs".to_owned();
            Ok(Work::Skip { what, reason: SkipReason::ControlMessage })
        }
        "DATA_MESSAGE" if log_events.count == 0 => Err(PartError::Empty("logEvents")),
        "DATA_MESSAGE" => {
            let source = format!("{}/{}", shown(&log_group), shown(&log_stream));
            Ok(Work::LogEvents(LogEvents { source, packed: log_events }))
        }
        other => Err(PartError::unexpected("messageType", other, "`DATA_MESSAGE` or `CONTROL_MESSAGE`")),
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
        assert!(matches!(log_data(&zipped, LIMIT), Err(PartError::TooLarge(LIMIT))));
    }

    fn events(data: &serde_json::Value) -> Vec<(String, String)> {
        match records(&Envelope::read(&payload(&zipped(&data.to_string())), 0, KNOWN).unwrap()) {
            Ok(Work::LogEvents(events)) => events.iter().collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_message_without_the_fields_that_are_not_needed_is_read() {
        let data = json!({"messageType": "DATA_MESSAGE", "logEvents": [{"id": "1", "message": "{}"}]});
        assert_eq!(events(&data), [("{}".to_owned(), "CloudWatch Logs /, event 1".to_owned())]);
    }

    #[test]
    fn all_events_are_read_whatever_their_texts_are() {
        let texts: Vec<String> =
            (0..3000).map(|number| format!("{number}\u{0}é{}", "x".repeat(number % 300))).collect();
        let entries: Vec<_> = texts.iter().map(|text| json!({"message": text})).collect();
        let data = json!({"logEvents": entries, "logGroup": "g", "messageType": "DATA_MESSAGE"});
        assert_eq!(events(&data).into_iter().map(|(text, _)| text).collect::<Vec<_>>(), texts);
    }
}
