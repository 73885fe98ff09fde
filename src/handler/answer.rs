//! What the function answers: exactly what failed comes again, in the words of whoever delivered it.

use serde_json::{Value, json};

use super::{Failure, Outcome, Settled};
use crate::{trigger::Sender, untrusted::shorten_to};

/// S3 Batch Operations keeps the text of a result in its report.
const MAX_RESULT: usize = 1_000;

impl Outcome {
    /// The answer, or, so that all of the invocation comes again, what failed.
    ///
    /// See [queues](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html) and
    /// [S3 Batch Operations](https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html).
    pub fn answer(&self) -> Result<Value, String> {
        let failed = || self.units.iter().filter(|unit| !unit.failures.is_empty());
        // What has no id can only come again with everything else.
        let is_whole = self.sender == Sender::Service || failed().any(|unit| unit.id.is_none());
        if is_whole && failed().next().is_some() {
            return Err(said(self.failures()));
        }
        match &self.sender {
            Sender::Service => Ok(self.summary()),
            Sender::Queue { .. } => {
                let ids = failed().filter_map(|unit| unit.id.as_deref());
                let items: Vec<_> = ids.map(|id| json!({"itemIdentifier": id})).collect();
                Ok(json!({"batchItemFailures": items}))
            }
            Sender::Batch { schema, invocation } => Ok(json!({
                "invocationSchemaVersion": schema,
                "treatMissingKeysAs": "PermanentFailure",
                "invocationId": invocation,
                "results": self.units.iter().map(result).collect::<Vec<_>>(),
            })),
        }
    }
}

/// What became of a task. One that may succeed the next time is tried again by S3.
fn result(task: &Settled) -> Value {
    let (code, text) = if task.failures.is_empty() {
        (
            "Succeeded",
            if task.skipped.is_empty() { "done".to_owned() } else { format!("skipped: {}", task.skipped.join(", ")) },
        )
    } else if task.failures.iter().all(Failure::is_lasting) {
        ("PermanentFailure", said(task.failures.iter()))
    } else {
        ("TemporaryFailure", said(task.failures.iter()))
    };
    let text = shorten_to(&text, MAX_RESULT);
    json!({"taskId": task.id, "resultCode": code, "resultString": text})
}

/// The first failure, and how many there are beside it.
fn said<'a>(failures: impl Iterator<Item = &'a Failure> + Clone) -> String {
    let count: u64 = failures.clone().map(Failure::count).sum();
    let first = failures.clone().next().map(ToString::to_string).unwrap_or_default();
    match count {
        0 | 1 => first,
        2 => format!("{first} (and 1 more failure)"),
        more => format!("{first} (and {} more failures)", more - 1),
    }
}
