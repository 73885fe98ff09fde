//! Publishes alerts to SNS: up to ten messages in a request, with a result for each.
//!
//! A message counts as published only if SNS lists its id under `Successful`.

use std::{error::Error, ops::Range, sync::Arc, time::Duration};

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
use thiserror::Error;
use tokio::time::sleep;

use super::{
    client::{ATTEMPTS, backoff, own_retries},
    request_error::RequestError,
    settings::SnsTopic,
};
use crate::{
    alert::Message,
    handler::{Channel, PublishError},
};

/// The most bytes that SNS takes in one request: bodies and attributes together.
const MAX_REQUEST: usize = 262_144;

/// Publishes messages to one topic.
pub struct Sns {
    client: Client,
    topic: String,
    retry_base: Duration,
}

impl Sns {
    /// A topic; `config` has the credentials, time-outs and retries. The entries that SNS fails to publish are sent
    /// again after `retry_base`, which doubles from there.
    pub fn new(config: &SdkConfig, topic: SnsTopic, retry_base: Duration) -> Self {
        let SnsTopic { arn, region } = topic;
        let config = aws_sdk_sns::config::Builder::from(config)
            .region(Region::new(region))
            .retry_partition(own_retries("sns"))
            .retry_classifier(Throttles)
            .build();
        Self { client: Client::from_conf(config), topic: arn, retry_base }
    }

    /// Sends the messages of one request, and sends those again that SNS failed to publish without fault of the sender.
    async fn publish_request(&self, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        let mut answers: Vec<_> = messages.iter().map(|_| Ok(())).collect();
        let mut pending: Vec<usize> = (0..messages.len()).collect();
        for attempt in 0..ATTEMPTS {
            let mut again = Vec::new();
            for (at, Unpublished { error, fault }) in self.attempt(messages, &pending).await {
                if fault == Fault::Transient {
                    again.push(at);
                }
                let channel = self.topic.clone();
                answers[at] = Err(match fault {
                    Fault::Message => PublishError::Refused { channel, error },
                    Fault::Transient | Fault::Other => PublishError::NotAccepted { channel, error },
                });
            }
            if again.is_empty() || attempt + 1 == ATTEMPTS {
                break;
            }
            for at in &again {
                answers[*at] = Ok(());
            }
            pending = again;
            sleep(backoff(self.retry_base, attempt)).await;
        }
        answers
    }

    /// Sends one request, and returns the messages that it leaves unpublished, by index. The SDK has already retried
    /// the request where that may help.
    ///
    /// See [PublishBatch](https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html).
    async fn attempt(&self, messages: &[Message], pending: &[usize]) -> Vec<(usize, Unpublished)> {
        let all = |error: Arc<dyn Error + Send + Sync>, fault: Fault| {
            pending.iter().map(|&at| (at, Unpublished { error: Arc::clone(&error), fault })).collect()
        };
        let entries: Result<Vec<_>, _> = pending.iter().map(|&at| entry(at, &messages[at])).collect();
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return all(Arc::new(error), Fault::Message),
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
                let fault = if is_about_message { Fault::Message } else { Fault::Other };
                return all(Arc::new(RequestError::from(error)), fault);
            }
        };
        let is_published = |id: &str| answer.successful().iter().any(|entry| entry.id.as_deref() == Some(id));
        let unpublished = |id: &str| match answer.failed().iter().find(|entry| entry.id == id) {
            Some(entry) => Unpublished {
                error: Arc::new(EntryError::Failed {
                    code: entry.code.clone(),
                    message: entry.message.clone().unwrap_or_else(|| "no message".to_owned()),
                }),
                fault: match &*entry.code {
                    code if !entry.sender_fault || is_throttle(code) => Fault::Transient,
                    code if is_about_message(code) => Fault::Message,
                    _ => Fault::Other,
                },
            },
            None => Unpublished { error: Arc::new(EntryError::NotListed), fault: Fault::Transient },
        };
        let rest = pending.iter().filter(|at| !is_published(&at.to_string()));
        rest.map(|&at| (at, unpublished(&at.to_string()))).collect()
    }
}

/// Whether a code is `Throttled`, `KMSThrottling` or the like, of which the SDK knows only some.
fn is_throttle(code: &str) -> bool {
    code.contains("Throttl")
}

/// Whether a code is about the message: `InvalidParameter`, `InvalidParameterValue` and the like, or the length of a
/// single message. See "Errors" of `Publish` and `PublishBatch` in the SNS API Reference.
fn is_about_message(code: &str) -> bool {
    code == "BatchRequestTooLong" || code.starts_with("Invalid") && !code.starts_with("InvalidSecurity")
}

fn status(error: &SdkError<PublishBatchError, HttpResponse>) -> u16 {
    error.raw_response().map_or(0, |response| response.status().as_u16())
}

/// Whether a request was refused for its content, so that SNS may take the other messages without the one at fault.
fn may_be_one_message(error: &SdkError<PublishBatchError, HttpResponse>) -> bool {
    matches!(status(error), 400 | 413) && !error.code().is_some_and(is_throttle)
}

/// Makes the SDK retry throttled requests with codes that it does not know.
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

    /// Asks for all subscriptions of the topic, a hundred a request. One that waits for its confirmation has no ARN: "Subscription" in
    /// the [Amazon SNS API Reference](https://docs.aws.amazon.com/sns/latest/api/API_Subscription.html).
    async fn confirmed_addresses(&self) -> Result<Option<Vec<String>>, PublishError> {
        let refused = |error| PublishError::not_accepted(&self.topic, RequestError::from(error));
        let mut pages =
            self.client.list_subscriptions_by_topic().topic_arn(&self.topic).into_paginator().items().send();
        let mut addresses = Vec::new();
        while let Some(subscription) = pages.try_next().await.map_err(refused)? {
            let is_mail = subscription.protocol().is_some_and(|protocol| ["email", "email-json"].contains(&protocol));
            let is_confirmed = subscription.subscription_arn().is_some_and(|arn| arn.starts_with("arn:"));
            addresses.extend(subscription.endpoint.filter(|_| is_mail && is_confirmed));
        }
        Ok(Some(addresses))
    }
}

/// Why SNS did not publish a message.
struct Unpublished {
    error: Arc<dyn Error + Send + Sync>,
    fault: Fault,
}

/// Why SNS did not publish an entry of a request that it accepted.
#[derive(Debug, Error)]
enum EntryError {
    #[error("{code}: {message}")]
    Failed { code: String, message: String },
    #[error("SNS did not report that it published the message")]
    NotListed,
}

/// What kept SNS from publishing a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The next attempt may succeed.
    Transient,
    /// The message itself.
    Message,
    /// Something else, such as a missing permission.
    Other,
}

/// Divides messages into requests, in order.
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
