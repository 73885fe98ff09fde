//! The function's answer, in the form that the sender expects: exactly what failed is delivered again.

use std::time::Duration;

use aws_lambda_events::{
    s3::batch_job::{S3BatchJobResponse, S3BatchJobResult},
    sqs::{BatchItemFailure, SqsBatchResponse},
};
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use super::{
    failure::Failure,
    outcome::{Outcome, UnitOutcome},
};
use crate::{
    diagnostic::chain,
    trigger::{QueuedMessage, Sender},
    untrusted::shorten_to,
};

/// The longest text of a result, in characters, that the report of S3 Batch Operations keeps.
const MAX_RESULT: usize = 1_000;

/// The wait after the first delivery that failed, in seconds; after each further one it is [`LONGER`] times as long, up to
/// [`LONGEST`]: a fault that passes delays alerts by a minute, and one that lasts for an hour loses no delivery.
const SHORTEST: u64 = 60;
const LONGER: u64 = 5;
/// The time for which the stack's queue hides messages by itself.
const LONGEST: u64 = 1_800;

/// A message that failed, and when its queue may deliver it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The message.
    pub message: QueuedMessage,
    /// How long the queue hides it from now on.
    pub delay: Duration,
}

/// Why the whole invocation must be repeated: the text of its first failure, and how many others there are.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct InvocationError(String);

impl Outcome {
    /// The messages that come again, and when they should. Without this, a queue hides each for as long as the function may run,
    /// several times over.
    pub fn retries(&self) -> Vec<Retry> {
        let is_whole = self.answer().is_err();
        let failed = self.units.iter().filter(|unit| is_whole || !unit.failures.is_empty());
        let retry = |message: QueuedMessage| {
            let wait = SHORTEST.saturating_mul(LONGER.saturating_pow(message.deliveries.saturating_sub(1)));
            Retry { message, delay: Duration::from_secs(wait.min(LONGEST)) }
        };
        failed.filter_map(|unit| unit.message.clone()).map(retry).collect()
    }

    /// The answer to the sender.
    ///
    /// See [queues](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html) and
    /// [S3 Batch Operations](https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html).
    ///
    /// # Errors
    ///
    /// Something failed, and the sender can repeat only the whole invocation.
    pub fn answer(&self) -> Result<Value, InvocationError> {
        let failed = || self.units.iter().filter(|unit| !unit.failures.is_empty());
        // A unit without an id can only be delivered again together with all others.
        let is_whole = self.sender == Sender::Service || failed().any(|unit| unit.id.is_none());
        if is_whole && failed().next().is_some() {
            return Err(InvocationError(summary(self.failures())));
        }
        match &self.sender {
            Sender::Service => Ok(self.summary()),
            Sender::Queue { .. } => {
                let mut response = SqsBatchResponse::default();
                response.batch_item_failures = failed().filter_map(|unit| unit.id.clone()).map(item_failure).collect();
                to_value(&response)
            }
            Sender::Batch { schema, invocation } => {
                let mut response = S3BatchJobResponse::default();
                response.invocation_schema_version = Some(schema.clone());
                response.treat_missing_keys_as = Some("PermanentFailure".to_owned());
                response.invocation_id = Some(invocation.clone());
                response.results = self.units.iter().map(result).collect();
                to_value(&response)
            }
        }
    }
}

/// The answer as JSON. If it were ever not serializable, the whole invocation would be repeated: an empty answer
/// reports that nothing failed.
fn to_value(response: &impl Serialize) -> Result<Value, InvocationError> {
    serde_json::to_value(response).map_err(|error| InvocationError(error.to_string()))
}

fn item_failure(id: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = id;
    failure
}

/// The result of a task. S3 tries a task again after a temporary failure.
fn result(task: &UnitOutcome) -> S3BatchJobResult {
    let (code, text) = if task.failures.is_empty() {
        (
            "Succeeded",
            if task.skipped.is_empty() { "done".to_owned() } else { format!("skipped: {}", task.skipped.join(", ")) },
        )
    } else if task.failures.iter().all(Failure::is_permanent) {
        ("PermanentFailure", summary(task.failures.iter()))
    } else {
        ("TemporaryFailure", summary(task.failures.iter()))
    };
    let mut result = S3BatchJobResult::default();
    result.task_id.clone_from(&task.id);
    result.result_code = Some(code.to_owned());
    result.result_string = Some(shorten_to(&text, MAX_RESULT));
    result
}

/// The first failure, and how many others there are.
fn summary<'a>(failures: impl Iterator<Item = &'a Failure> + Clone) -> String {
    let count: u64 = failures.clone().map(Failure::count).sum();
    let first = failures.clone().next().map(|failure| chain(failure)).unwrap_or_default();
    match count {
        0 | 1 => first,
        2 => format!("{first} (and 1 more failure)"),
        more => format!("{first} (and {} more failures)", more - 1),
    }
}
