//! Can the function read a log file? It is given the newest, which proves its permissions on the bucket and on the key.
//!
//! The function remembers the file's events, so that it raises no alert twice.

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::check::Check;
use crate::aws::{FunctionAnswer, LogFile, Seen};

const NAME: &str = "log file";
/// What S3 leaves as it is in the key of a notification.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

/// The notification of S3 about the object.
pub fn event(bucket: &str, file: &LogFile) -> Value {
    let key = utf8_percent_encode(&file.key, KEPT).to_string();
    json!({"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": key}}}]})
}

/// Judges that there is none of today or yesterday.
pub fn missing(bucket: &str) -> Check {
    let found = format!(
        "the bucket `{bucket}` has no log file of today or yesterday, so nothing shows that the function can read one"
    );
    Check::warning(
        NAME,
        found,
        "make sure that a trail logs to it, under `LogPrefix`; a new trail takes a quarter of an hour",
    )
}

/// Judges that the keys of the bucket cannot be seen.
pub fn unseen(bucket: &str, unseen: &crate::aws::Unseen) -> Check {
    Check::unseen(NAME, &format!("the log files of the bucket `{bucket}`"), unseen)
}

/// Judges what the function answered.
pub fn judge(bucket: &str, file: &LogFile, answer: &Seen<FunctionAnswer>) -> Check {
    let name = format!("s3://{bucket}/{}", file.key);
    let written = Timestamp::from_second(file.modified).unwrap_or_default();
    match answer {
        Ok(FunctionAnswer::Value(counts)) if counts.pointer("/objects/processed") == Some(&json!(1)) => {
            Check::ok(NAME, format!("the function reads the newest, of {written}: {name}"))
        }
        Ok(FunctionAnswer::Value(_)) => {
            let repair = "make sure that the bucket's prefix `LogPrefix` has CloudTrail's log files";
            Check::warning(NAME, format!("the function does not take {name} for a log file"), repair)
        }
        Ok(FunctionAnswer::Failed(reason)) => {
            // S3 denies both in the same words.
            let repair = if reason.contains("AccessDenied") || reason.contains("KMS.") {
                "`LogBucketName` and `LogPrefix` decide what the function's role may read, and `TrailKeyArn` with which key; set them, \
                 and `make deploy`; a bucket or a key of another account needs a policy that lets this account use it"
            } else {
                "the function's log has the whole reason"
            };
            Check::failed(NAME, format!("the function cannot read the newest log file: {reason}"), repair)
        }
        Err(unseen) => Check::unseen(NAME, "whether the function reads a log file", unseen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::CheckOutcome;

    #[test]
    fn the_newest_log_file_is_read_or_not() {
        let file = LogFile { key: "a b/AWSLogs/1/x+y.json.gz".to_owned(), modified: 1_772_442_000 };
        assert_eq!(event("logs", &file)["Records"][0]["s3"]["object"]["key"], "a%20b/AWSLogs/1/x%2By.json.gz");
        let value = |counts| Ok(FunctionAnswer::Value(counts));
        let failed = |reason: &str| Ok(FunctionAnswer::Failed(reason.to_owned()));
        for (answer, outcome, words) in [
            (value(json!({"objects": {"processed": 1}})), CheckOutcome::Ok, "of 2026-03-02T09:00:00Z"),
            (value(json!({"objects": {"processed": 0, "skipped": {"config": 1}}})), CheckOutcome::Warning, "LogPrefix"),
            (failed("AccessDenied: Access Denied"), CheckOutcome::Failed, "TrailKeyArn"),
            (failed("KMS.DisabledException"), CheckOutcome::Failed, "TrailKeyArn"),
            (failed("out of time"), CheckOutcome::Failed, "log has the whole reason"),
        ] {
            let check = judge("logs", &file, &answer);
            assert!(check.outcome == outcome && check.line().contains(words), "{}", check.line());
        }
    }
}
