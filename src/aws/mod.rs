//! The ports on AWS: S3, SNS, DynamoDB and the settings; nothing outside this folder knows AWS.
//!
//! Clients are built once, at the start; every request has time-outs and is retried by the SDK.

mod buckets;
mod clock;
mod dynamodb;
mod request_error;
mod s3;
mod settings;
mod sns;

use std::error::Error;

use aws_config::{
    BehaviorVersion, ConfigLoader, SdkConfig, retry::RetryConfig,
    stalled_stream_protection::StalledStreamProtectionConfig, timeout::TimeoutConfig,
};
use aws_sdk_s3::{
    config::{
        http::HttpResponse,
        retry::{RetryPartition, TokenBucket},
    },
    error::{ProvideErrorMetadata, SdkError},
};

pub use buckets::Buckets;
pub use clock::Deadline;
pub use dynamodb::{DynamoDb, StateTable};
pub use s3::{Reader, S3};
pub use settings::{Patience, Settings, Topic};
pub use sns::Sns;

use crate::diagnostic::chain;

/// A request is sent this often before it counts as failed.
const ATTEMPTS: u32 = 5;

/// What all clients share: region and credentials from the environment, time-outs and retries from `patience`. The
/// SDK's read time-out ends with the head of an answer, so an attempt has one of its own; a streamed body is not part of
/// it.
pub async fn sdk_config(patience: Patience) -> SdkConfig {
    config_loader(patience).load().await
}

/// The same before the environment is read. The SDK's own guard against streams that stall would end them before the read
/// time-out does.
pub fn config_loader(patience: Patience) -> ConfigLoader {
    let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(patience.retry_base);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(patience.connect_timeout)
        .read_timeout(patience.read_timeout)
        .operation_attempt_timeout(patience.connect_timeout + patience.read_timeout)
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .retry_config(retries)
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

/// Retries that no earlier failure can use up: by default the clients of a process share a budget, and an object that
/// cannot be read would take it from the next.
fn own_retries(name: &'static str) -> RetryPartition {
    RetryPartition::custom(name).token_bucket(TokenBucket::unlimited()).build()
}

/// Why a request failed: what the service said, or else what went wrong on the way to it, from the outside in.
fn reason<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>) -> String {
    match (error.code(), error.message(), error.raw_response()) {
        (Some(code), Some(message), _) => format!("{code}: {message}"),
        (Some(code), None, _) => code.to_owned(),
        (None, _, Some(response)) if !response.status().is_success() => {
            format!("HTTP status {}", response.status().as_u16())
        }
        // Also an answer of which the rest is missing or cannot be read.
        (None, ..) => chain(error),
    }
}
