//! The ports on AWS: S3, SNS and the settings; nothing outside this folder knows AWS.
//!
//! Clients are built once, at the start; every request has time-outs and is retried by the SDK.

mod s3;
mod settings;
mod sns;

use std::error::Error;

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

pub use s3::S3;
pub use settings::Settings;
pub use sns::Sns;

/// A request is sent this often before it counts as failed.
const ATTEMPTS: u32 = 5;

/// What all clients share: region and credentials from the environment, time-outs and retries from the settings.
pub async fn sdk_config(settings: &Settings) -> SdkConfig {
    let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(settings.retry_base);
    let timeouts =
        TimeoutConfig::builder().connect_timeout(settings.connect_timeout).read_timeout(settings.read_timeout).build();
    aws_config::defaults(BehaviorVersion::latest()).retry_config(retries).timeout_config(timeouts).load().await
}

/// Why a request failed: what the service said, or else what went wrong on the way to it, from the outside in.
fn reason<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => chain(error),
    }
}

/// An error and its sources, each once.
fn chain(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        texts.push(error.to_string());
        source = error.source();
    }
    texts.dedup();
    texts.join(": ")
}
