//! `trailbell redrive`: sends the events that failed for good to the function again, and deletes those that it processes.
//!
//! Lambda, EventBridge, SNS or the function's own queue put an event into the queue of failed events. The function receives
//! each as a message of a queue, so its answer names those that failed again; they stay in the queue. A run that is
//! interrupted loses nothing: what it has received and not deleted becomes visible again.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use serde_json::{Value, json, value::RawValue};
use thiserror::Error;
use trailbell::{diagnostic::chain, untrusted::printable};

use crate::{
    aws::{Aws, FunctionAnswer, QueuedMessage, Unseen, Unusable},
    status::{Status, Stop},
};

/// How long a received message is hidden, in seconds: longer than the function may run, and not much longer, since that is
/// also how long an interrupted run keeps messages from the next.
const HIDDEN_SECONDS: i32 = 15 * 60;

/// The most bytes of an event that Lambda takes: "Function configuration, deployment, and execution" in the [AWS Lambda Developer
/// Guide](https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html) says 6 MB, which are 6,291,556 bytes in its errors.
const MAX_EVENT: usize = 6_000_000;

/// Prints the number of events that the function processed and of those that stay in the queue, by reason.
///
/// # Errors
///
/// If there are no credentials or no such stack, or a request to AWS fails.
pub fn run(stack: &str, region: Option<String>) -> Status {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Stop::Message(format!("the network cannot be used: {}", chain(&error))))?;
    let done = runtime.block_on(Box::pin(redrive(stack, region)));
    let done = done.map_err(|error| Stop::Message(chain(&error)))?;
    let mut stderr = io::stderr().lock();
    for (reason, count) in &done.kept {
        writeln!(stderr, "kept {count}: {}", printable(reason))?;
    }
    let kept: u64 = done.kept.values().sum();
    writeln!(io::stdout(), "{} handled, {kept} kept", done.handled)?;
    Ok(u8::from(kept > 0))
}

/// Why a redrive stops.
#[derive(Debug, Error)]
enum RedriveError {
    #[error(transparent)]
    Unusable(#[from] Unusable),
    #[error("a request failed, and the events not yet handled stay in the queue")]
    Unseen(#[from] Unseen),
}

/// The events of a redrive.
#[derive(Default)]
struct Redriven {
    handled: u64,
    /// The number of events that stay in the queue, by reason.
    kept: BTreeMap<String, u64>,
}

/// The queue of failed events, and the function.
struct Redrive {
    aws: Aws,
    queue: String,
    function: String,
}

async fn redrive(stack: &str, region: Option<String>) -> Result<Redriven, RedriveError> {
    let aws = Aws::connect(region).await?;
    let stack = aws.stack(stack).await?;
    let queue = stack.output("FailedEventsUrl").unwrap_or_default().to_owned();
    let redrive = Redrive { aws, queue, function: stack.function().to_owned() };
    // By id, the messages that are received and not deleted.
    let mut hidden = BTreeMap::new();
    let result = redrive.take_all(&mut hidden).await;
    let visible = redrive.unhide(hidden.values()).await;
    let redriven = result?;
    visible?;
    Ok(redriven)
}

impl Redrive {
    /// Sends every message to the function once, and deletes those that it processes.
    async fn take_all(&self, hidden: &mut BTreeMap<String, QueuedMessage>) -> Result<Redriven, Unseen> {
        let mut redriven = Redriven::default();
        let arn = self.aws.queue_arn(&self.queue).await?;
        loop {
            let received = self.aws.receive(&self.queue, HIDDEN_SECONDS).await?;
            if received.is_empty() {
                return Ok(redriven);
            }
            let mut messages = Vec::new();
            for message in received {
                // A message that failed becomes visible again in a long run; only its newest receipt is valid.
                if hidden.insert(message.id.clone(), message.clone()).is_none() {
                    messages.push(message);
                }
            }
            if messages.is_empty() {
                continue;
            }
            for batch in batches(messages, &arn) {
                self.take(&batch, &arn, &mut redriven, hidden).await?;
            }
        }
    }

    /// Sends messages to the function in one invocation, and deletes those that it processes.
    async fn take(
        &self,
        messages: &[QueuedMessage],
        arn: &str,
        redriven: &mut Redriven,
        hidden: &mut BTreeMap<String, QueuedMessage>,
    ) -> Result<(), Unseen> {
        let event = queue_event(messages, arn);
        if event.to_string().len() > MAX_EVENT {
            let reason = "it is larger than the 6 MB that Lambda takes in an invocation".to_owned();
            *redriven.kept.entry(reason).or_default() += messages.len() as u64;
            return Ok(());
        }
        let again = match self.aws.invoke_once(&self.function, &event).await? {
            FunctionAnswer::Value(answer) => failed_items(&answer),
            FunctionAnswer::Failed(reason) => {
                let kept = redriven.kept.entry(format!("the function failed: {reason}")).or_default();
                *kept += messages.len() as u64;
                return Ok(());
            }
        };
        for message in messages {
            if again.contains(&message.id) {
                let reason = "it failed again; the function's log has the reason".to_owned();
                *redriven.kept.entry(reason).or_default() += 1;
                continue;
            }
            self.aws.delete(&self.queue, message).await?;
            hidden.remove(&message.id);
            redriven.handled += 1;
        }
        Ok(())
    }

    /// Makes the messages visible again, as many as possible; the error is the first.
    async fn unhide(&self, hidden: impl Iterator<Item = &QueuedMessage>) -> Result<(), Unseen> {
        let mut first = Ok(());
        for message in hidden {
            let result = self.aws.unhide(&self.queue, message).await;
            first = first.and(result);
        }
        first
    }
}

/// The messages in batches, as few as possible, whose events Lambda takes; one that is too large by itself is alone.
fn batches(messages: Vec<QueuedMessage>, queue_arn: &str) -> Vec<Vec<QueuedMessage>> {
    let (mut batches, mut bytes) = (Vec::<Vec<QueuedMessage>>::new(), 0);
    for message in messages {
        let size = queue_event(std::slice::from_ref(&message), queue_arn).to_string().len();
        match batches.last_mut() {
            Some(batch) if bytes + size <= MAX_EVENT => {
                batch.push(message);
                bytes += size;
            }
            _ => {
                batches.push(vec![message]);
                bytes = size;
            }
        }
    }
    batches
}

/// The messages as Lambda's event of a queue.
///
/// See [using Lambda with SQS](https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html).
fn queue_event(messages: &[QueuedMessage], queue_arn: &str) -> Value {
    let record = |message: &QueuedMessage| {
        json!({
            "messageId": message.id,
            "receiptHandle": message.receipt,
            "body": original_event(&message.body),
            "attributes": {},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": queue_arn,
        })
    };
    json!({"Records": messages.iter().map(record).collect::<Vec<_>>()})
}

/// The event that failed. Lambda wraps it in a report; the other senders keep it as it was.
///
/// See [retaining records of asynchronous invocations][1].
///
/// [1]: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
fn original_event(body: &str) -> &str {
    let report: BTreeMap<String, &RawValue> = serde_json::from_str(body).unwrap_or_default();
    match report.get("requestPayload") {
        Some(payload) if report.contains_key("requestContext") => payload.get(),
        _ => body,
    }
}

/// The ids of the messages that the function reports as failed.
///
/// See [reporting batch item failures](https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html).
fn failed_items(answer: &Value) -> BTreeSet<String> {
    let items = answer["batchItemFailures"].as_array().into_iter().flatten();
    items.filter_map(|item| item["itemIdentifier"].as_str()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_lambda_is_unwrapped() {
        let cases = [
            (r#"{"requestContext": {}, "requestPayload": {"a": 1.0}}"#, r#"{"a": 1.0}"#),
            (r#"{"requestContext": {}}"#, r#"{"requestContext": {}}"#),
            (r#"{"requestPayload": {"a": 1}}"#, r#"{"requestPayload": {"a": 1}}"#),
            ("[{}, {}]", "[{}, {}]"),
            ("no JSON", "no JSON"),
        ];
        for (body, expected) in cases {
            assert_eq!(original_event(body), expected);
        }
    }

    #[test]
    fn no_batch_is_larger_than_an_invocation_takes() {
        let arn = "arn:aws:sqs:eu-west-1:111122223333:failed";
        // Each quotation mark takes two bytes in the event.
        let message = |id: usize, bytes: usize| {
            let body = if id.is_multiple_of(2) { "\"".repeat(bytes / 2) } else { "a".repeat(bytes) };
            QueuedMessage { id: id.to_string(), receipt: "r".to_owned(), body }
        };
        let sizes = [1_048_576; 10].into_iter().chain([1, 7_000_000, 2]);
        let messages: Vec<_> = sizes.enumerate().map(|(id, bytes)| message(id, bytes)).collect();
        let batches = batches(messages, arn);
        let counts: Vec<usize> = batches.iter().map(Vec::len).collect();
        assert_eq!(counts, [5, 6, 1, 1]);
        let ids: Vec<String> = batches.iter().flatten().map(|message| message.id.clone()).collect();
        assert_eq!(ids, (0..13).map(|id| id.to_string()).collect::<Vec<_>>());
        for batch in &batches {
            let bytes = queue_event(batch, arn).to_string().len();
            assert!(bytes <= 6_291_556 || batch.len() == 1, "{bytes}");
        }
    }

    #[test]
    fn messages_become_an_event_of_their_queue() {
        let message = QueuedMessage { id: "1".to_owned(), receipt: "r".to_owned(), body: "{}".to_owned() };
        let event = queue_event(&[message], "arn:aws:sqs:eu-west-1:111122223333:failed");
        let expected = json!({"messageId": "1", "receiptHandle": "r", "body": "{}", "attributes": {}, "messageAttributes": {},
            "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:failed"});
        assert_eq!(event, json!({"Records": [expected]}));
    }

    #[test]
    fn an_answer_names_the_failed_messages() {
        assert!(failed_items(&json!({"batchItemFailures": []})).is_empty());
        assert!(failed_items(&Value::Null).is_empty());
        let answer = json!({"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "1"}]});
        assert_eq!(failed_items(&answer).into_iter().collect::<Vec<_>>(), ["1", "2"]);
    }
}
