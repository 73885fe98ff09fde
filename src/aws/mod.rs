//! The ports on AWS: S3, SNS, DynamoDB, SQS, and the settings.
//!
//! The function builds its clients once, at its start; every request has time-outs, and the SDK retries it.

mod buckets;
mod client;
mod clock;
mod dynamodb;
mod request_error;
mod s3;
mod settings;
mod sns;
mod sqs;
mod worker;

pub use buckets::{Buckets, ConnectError};
pub use client::{config_loader, sdk_config};
pub use clock::Deadline;
pub use dynamodb::{DynamoDb, StateTable};
pub use request_error::RequestError;
pub use s3::{Requester, S3};
pub use settings::{InvalidSetting, Settings, SettingsError, SnsTopic, Timeouts};
pub use sns::Sns;
pub use sqs::Sqs;
pub use worker::{Employer, Workers};
