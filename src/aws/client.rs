//! What all clients share: region, credentials, time-outs and retries.

use std::time::Duration;

use aws_config::{
    BehaviorVersion, ConfigLoader, SdkConfig, retry::RetryConfig,
    stalled_stream_protection::StalledStreamProtectionConfig, timeout::TimeoutConfig,
};
use aws_sdk_s3::config::retry::{RetryPartition, TokenBucket};

use super::settings::Timeouts;

/// How many times a request is sent before it counts as failed.
pub(super) const ATTEMPTS: u32 = 5;

/// The longest wait before a part of a request is sent again.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// The wait after an attempt, which are counted from 0, before what it left undone is requested again.
pub(super) fn backoff(base: Duration, attempt: u32) -> Duration {
    (base * 2_u32.saturating_pow(attempt)).min(MAX_WAIT)
}

/// Reads region and credentials from the environment, and takes time-outs and retries from `timeouts`. The SDK's read
/// time-out ends with the head of an answer, so each attempt also has a time-out of its own, which does not include a
/// streamed body.
pub async fn sdk_config(timeouts: Timeouts) -> SdkConfig {
    config_loader(timeouts).load().await
}

/// The configuration before the environment is read. The SDK's own protection against stalled streams is off, since it
/// would end them before the read time-out does.
pub fn config_loader(timeouts: Timeouts) -> ConfigLoader {
    let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(timeouts.retry_base);
    let limits = TimeoutConfig::builder()
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .operation_attempt_timeout(timeouts.connect + timeouts.read)
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .retry_config(retries)
        .timeout_config(limits)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

/// Retries without a budget: by default the clients of a process share one, and an object that cannot be read would use
/// up the retries of the next.
pub(super) fn own_retries(name: &'static str) -> RetryPartition {
    RetryPartition::custom(name).token_bucket(TokenBucket::unlimited()).build()
}
