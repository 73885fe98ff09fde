//! S3 as the place where log files are: an object, read chunk by chunk.
//!
//! A body that stalls is given up after the read time-out, so that a silent peer cannot eat the invocation's time.

use std::{io, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_s3::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::get_object::GetObjectError,
    primitives::ByteStream,
};
use tokio::time::timeout;

use super::{chain, reason, settings::Settings};
use crate::{
    handler::{Body, FetchError, Objects},
    trigger::ObjectId,
};

/// Reads objects.
pub struct S3 {
    client: Client,
    read_timeout: Duration,
}

/// An object whose bytes arrive.
pub struct Arriving {
    stream: ByteStream,
    read_timeout: Duration,
}

impl S3 {
    /// A reader with the shared time-outs.
    pub fn new(config: &SdkConfig, settings: &Settings) -> Self {
        Self { client: Client::new(config), read_timeout: settings.read_timeout }
    }
}

impl Objects for S3 {
    type Body = Arriving;

    /// See [GetObject](https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
    async fn get(&self, object: &ObjectId) -> Result<Arriving, FetchError> {
        match self.client.get_object().bucket(&object.bucket).key(&object.key).send().await {
            Ok(answer) => Ok(Arriving { stream: answer.body, read_timeout: self.read_timeout }),
            Err(error) => Err(FetchError(explained(&error))),
        }
    }
}

impl Body for Arriving {
    type Chunk = Chunk;

    async fn next(&mut self) -> Result<Option<Chunk>, FetchError> {
        match timeout(self.read_timeout, self.stream.try_next()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => Err(FetchError(format!("it broke off: {}", chain(&io::Error::from(error))))),
            Err(_) => Err(FetchError(format!("it stalled: no byte for {} ms", self.read_timeout.as_millis()))),
        }
    }
}

/// The bytes that the SDK hands out.
type Chunk = bytes::Bytes;

fn explained(error: &SdkError<GetObjectError>) -> String {
    let code = error.code().unwrap_or("no code");
    match error.raw_response().map(|response| response.status().as_u16()) {
        Some(404) => format!("it does not exist ({code})"),
        Some(401 | 403) => format!(
            "it may not be read ({code}); allow the function's role s3:GetObject on it, and kms:Decrypt on its key if it is \
             encrypted with one (without s3:ListBucket on the bucket, a missing object looks the same)"
        ),
        _ => reason(error),
    }
}
