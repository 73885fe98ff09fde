//! Makes messages that failed visible soon, before the time that their queue hides them for ends.

use std::{collections::BTreeMap, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_sqs::{Client, types::ChangeMessageVisibilityBatchRequestEntry};
use tokio::time::timeout;

use super::request_error::RequestError;
use crate::{diagnostic::chain, handler::Retry};

/// The most messages of one request: "`ChangeMessageVisibilityBatch`" in the Amazon SQS API Reference.
const BATCH: usize = 10;
/// How long all requests may take together. The answer to Lambda waits for them.
const LONGEST: Duration = Duration::from_secs(5);

/// The queues of the function.
pub struct Sqs(Client);

impl Sqs {
    /// The queues of the region of `config`.
    pub fn new(config: &SdkConfig) -> Self {
        Self(Client::new(config))
    }

    /// Makes each message visible after its delay. A message for which that fails is visible when the time-out of its queue ends,
    /// which is later and loses nothing.
    pub async fn retry(&self, retries: &[Retry]) {
        let mut queues: BTreeMap<&str, Vec<&Retry>> = BTreeMap::new();
        for retry in retries {
            queues.entry(&retry.message.queue_arn).or_default().push(retry);
        }
        let all = async {
            for (arn, retries) in queues {
                let Some(url) = queue_url(arn) else { continue };
                for batch in retries.chunks(BATCH) {
                    self.retry_batch(&url, batch).await;
                }
            }
        };
        if timeout(LONGEST, all).await.is_err() {
            tracing::warn!("failed messages come again only when their queue shows them");
        }
    }

    /// See [ChangeMessageVisibilityBatch](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html).
    async fn retry_batch(&self, url: &str, retries: &[&Retry]) {
        let entries = retries.iter().enumerate().map(|(at, Retry { message, delay })| {
            let seconds = i32::try_from(delay.as_secs()).unwrap_or(i32::MAX);
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(at.to_string())
                .receipt_handle(&message.receipt)
                .visibility_timeout(seconds)
                .build()
        });
        let entries = match entries.collect::<Result<Vec<_>, _>>() {
            Ok(entries) => entries,
            Err(error) => return tracing::warn!(reason = chain(&error), "failed messages cannot be retried sooner"),
        };
        match self.0.change_message_visibility_batch().queue_url(url).set_entries(Some(entries)).send().await {
            Ok(answer) => {
                for failed in answer.failed() {
                    let reason = failed.message().unwrap_or_else(|| failed.code());
                    tracing::warn!(queue = url, reason, "a failed message comes again only when its queue shows it");
                }
            }
            Err(error) => {
                let reason = chain(&RequestError::from(error));
                tracing::warn!(queue = url, reason, "failed messages come again only when their queue shows them");
            }
        }
    }
}

/// The URL of a queue: "Queue and message identifiers" in the Amazon SQS Developer Guide. `None` for what is no ARN of a queue.
fn queue_url(arn: &str) -> Option<String> {
    let ["arn", partition, "sqs", region, account, name] = arn.split(':').collect::<Vec<_>>()[..] else { return None };
    let domain = match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-eusc" => "amazonaws.eu",
        _ => "amazonaws.com",
    };
    let parts = [region, account, name];
    let is_part =
        |part: &&str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    let is_queue = parts.iter().all(|part| !part.is_empty() && is_part(part));
    is_queue.then(|| format!("https://sqs.{region}.{domain}/{account}/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `aws sqs get-queue-url` gives it.
    #[test]
    fn a_queue_has_the_url_of_its_partition() {
        for (arn, url) in [
            ("arn:aws:sqs:eu-west-1:111122223333:logs", Some("https://sqs.eu-west-1.amazonaws.com/111122223333/logs")),
            (
                "arn:aws-cn:sqs:cn-north-1:111122223333:logs.fifo",
                Some("https://sqs.cn-north-1.amazonaws.com.cn/111122223333/logs.fifo"),
            ),
            (
                "arn:aws-us-gov:sqs:us-gov-west-1:111122223333:logs",
                Some("https://sqs.us-gov-west-1.amazonaws.com/111122223333/logs"),
            ),
            ("arn:aws:sns:eu-west-1:111122223333:logs", None),
            ("arn:aws:sqs:eu-west-1:111122223333:a/b", None),
            ("arn:aws:sqs:eu-west-1:111122223333:", None),
            ("logs", None),
        ] {
            assert_eq!(queue_url(arn).as_deref(), url, "{arn}");
        }
    }
}
