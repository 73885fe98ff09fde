//! SNS as the place where alerts go: up to ten messages a request, the answer read entry by entry.
//!
//! A message counts as published only once SNS names its id under `Successful`.

use std::{ops::Range, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_sns::{
    Client,
    config::{
        Region,
        http::HttpResponse,
        interceptors::InterceptorContext,
        retry::{ClassifyRetry, RetryAction},
    },
    error::{BuildError, ProvideErrorMetadata, SdkError},
    operation::publish_batch::PublishBatchError,
    types::{MessageAttributeValue, PublishBatchRequestEntry},
};
use tokio::time::sleep;

use super::{ATTEMPTS, own_retries, reason, settings::Topic};
use crate::{
    alert::Message,
    handler::{Channel, PublishError},
};

/// The longest wait before entries of a request are sent again.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// SNS takes no more bytes in one request: bodies and attributes together.
const MAX_REQUEST: usize = 262_144;

/// Publishes messages to one topic.
pub struct Sns {
    client: Client,
    topic: String,
    retry_base: Duration,
}

impl Sns {
    /// A topic; a request that SNS fails on is sent again after `retry_base`, which doubles from there.
    pub fn new(config: &SdkConfig, topic: Topic, retry_base: Duration) -> Self {
        let Topic { arn, region } = topic;
        let config = aws_sdk_sns::config::Builder::from(config)
            .region(Region::new(region))
            .retry_partition(own_retries("sns"))
            .retry_classifier(Throttles)
            .build();
        Self { client: Client::from_conf(config), topic: arn, retry_base }
    }

    /// Sends one request's worth, and again what SNS failed on through no fault of the message.
    async fn publish_request(&self, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        let mut answers: Vec<_> = messages.iter().map(|_| Ok(())).collect();
        let mut pending: Vec<usize> = (0..messages.len()).collect();
        for attempt in 0..ATTEMPTS {
            let mut again = Vec::new();
            for (at, refusal) in self.attempt(messages, &pending).await {
                if refusal.fault == Fault::Passing {
                    again.push(at);
                }
                let is_refusal = refusal.fault == Fault::Message;
                answers[at] = Err(PublishError { channel: self.topic.clone(), reason: refusal.reason, is_refusal });
            }
            if again.is_empty() || attempt + 1 == ATTEMPTS {
                break;
            }
            for at in &again {
                answers[*at] = Ok(());
            }
            pending = again;
            sleep((self.retry_base * 2_u32.pow(attempt)).min(MAX_WAIT)).await;
        }
        answers
    }

    /// One request, and what it leaves unpublished, by place. The SDK has already sent it again where that may help.
    ///
    /// See [PublishBatch](https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html).
    async fn attempt(&self, messages: &[Message], pending: &[usize]) -> Vec<(usize, Refusal)> {
        let all = |reason: String, fault: Fault| {
            pending.iter().map(|&at| (at, Refusal { reason: reason.clone(), fault })).collect()
        };
        let entries: Result<Vec<_>, _> = pending.iter().map(|&at| entry(at, &messages[at])).collect();
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return all(error.to_string(), Fault::Message),
        };
        let request =
            self.client.publish_batch().topic_arn(&self.topic).set_publish_batch_request_entries(Some(entries));
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if pending.len() > 1 && may_be_one_message(&error) => {
                let mut left = Vec::new();
                for at in pending {
                    left.extend(Box::pin(self.attempt(messages, &[*at])).await);
                }
                return left;
            }
            Err(error) => {
                let is_about_message = status(&error) == 413 || error.code().is_some_and(is_about_message);
                return all(reason(&error), if is_about_message { Fault::Message } else { Fault::Lasting });
            }
        };
        let is_published = |id: &str| answer.successful().iter().any(|entry| entry.id.as_deref() == Some(id));
        let refusal = |id: &str| match answer.failed().iter().find(|entry| entry.id == id) {
            Some(entry) => Refusal {
                reason: format!("{}: {}", entry.code, entry.message.as_deref().unwrap_or("no message")),
                fault: match &*entry.code {
                    code if !entry.sender_fault || is_throttle(code) => Fault::Passing,
                    code if is_about_message(code) => Fault::Message,
                    _ => Fault::Lasting,
                },
            },
            None => Refusal { reason: "SNS did not say that it was published".to_owned(), fault: Fault::Passing },
        };
        let unpublished = pending.iter().filter(|at| !is_published(&at.to_string()));
        unpublished.map(|&at| (at, refusal(&at.to_string()))).collect()
    }
}

/// `Throttled`, `KMSThrottling` and their like, some of which the SDK does not know for throttles.
fn is_throttle(code: &str) -> bool {
    code.contains("Throttl")
}

/// `InvalidParameter`, `InvalidParameterValue` and their like, or what a single message is too long for: "Errors" of Publish
/// and `PublishBatch` in the SNS API Reference.
fn is_about_message(code: &str) -> bool {
    code == "BatchRequestTooLong" || code.starts_with("Invalid") && !code.starts_with("InvalidSecurity")
}

fn status(error: &SdkError<PublishBatchError, HttpResponse>) -> u16 {
    error.raw_response().map_or(0, |response| response.status().as_u16())
}

/// Whether a request was refused for what is in it, so that the other messages may be taken without the one at fault.
fn may_be_one_message(error: &SdkError<PublishBatchError, HttpResponse>) -> bool {
    matches!(status(error), 400 | 413) && !error.code().is_some_and(is_throttle)
}

/// Has the SDK send requests again that were throttled in words that it does not know.
#[derive(Debug)]
struct Throttles;

impl ClassifyRetry for Throttles {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else { return RetryAction::NoActionIndicated };
        let code = error.as_operation_error().and_then(|error| error.downcast_ref::<PublishBatchError>()?.code());
        let status = context.response().map(|response| response.status().as_u16());
        if status == Some(429) || code.is_some_and(is_throttle) {
            RetryAction::throttling_error()
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "throttles"
    }
}

impl Channel for Sns {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        let mut answers = Vec::new();
        for request in requests(messages) {
            answers.extend(self.publish_request(&messages[request]).await);
        }
        answers
    }
}

struct Refusal {
    reason: String,
    fault: Fault,
}

/// Why SNS does not take a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It may take it the next time.
    Passing,
    /// It is the message itself.
    Message,
    /// It is something else, such as a permission.
    Lasting,
}

/// Cuts a list into requests, in order.
fn requests(messages: &[Message]) -> Vec<Range<usize>> {
    let mut requests: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (at, message) in messages.iter().enumerate() {
        bytes += message.bytes();
        match requests.last_mut() {
            Some(request) if request.len() < Sns::BATCH && bytes <= MAX_REQUEST => request.end = at + 1,
            _ => {
                bytes = message.bytes();
                requests.push(at..at + 1);
            }
        }
    }
    requests
}

fn entry(at: usize, message: &Message) -> Result<PublishBatchRequestEntry, BuildError> {
    let attributes = message.attributes.iter().map(|attribute| {
        let value =
            MessageAttributeValue::builder().data_type(attribute.data_type()).string_value(attribute.string_value());
        Ok((attribute.name.to_owned(), value.build()?))
    });
    PublishBatchRequestEntry::builder()
        .id(at.to_string())
        .subject(&message.subject)
        .message(&message.body)
        .set_message_attributes(Some(attributes.collect::<Result<_, BuildError>>()?))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_request_is_too_large() {
        let sized = |bytes: usize| Message {
            id: String::new(),
            subject: "s".to_owned(),
            body: "x".repeat(bytes),
            attributes: Vec::new(),
        };
        let cut = |sizes: &[usize]| requests(&sizes.iter().map(|size| sized(*size)).collect::<Vec<_>>());
        assert_eq!(cut(&[1; 23]), [0..10, 10..20, 20..23]);
        assert_eq!(cut(&[100_000, 100_000, 100_000]), [0..2, 2..3]);
        assert_eq!(cut(&[262_144, 1]), [0..1, 1..2]);
        assert!(cut(&[]).is_empty());
    }
}
