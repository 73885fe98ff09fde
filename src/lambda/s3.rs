//! S3 as the place where log files are: an object, read chunk by chunk.
//!
//! A body that says nothing for the read time-out is given up.

use std::{io, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_s3::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::get_object::GetObjectError,
    primitives::ByteStream,
};
use tokio::time::timeout;

use super::{chain, own_retries, reason, settings::Settings};
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
        let config = aws_sdk_s3::config::Builder::from(config).retry_partition(own_retries("s3")).build();
        Self { client: Client::from_conf(config), read_timeout: settings.read_timeout }
    }
}

impl Objects for S3 {
    type Body = Arriving;

    /// See [GetObject](https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
    async fn get(&self, object: &ObjectId) -> Result<Arriving, FetchError> {
        match self.client.get_object().bucket(&object.bucket).key(&object.key).send().await {
            Ok(answer) => Ok(Arriving { stream: answer.body, read_timeout: self.read_timeout }),
            Err(error) => {
                let is_lasting = matches!(
                    (status(&error), error.code()),
                    (Some(301 | 307 | 404), _) | (Some(403), Some("AccessDenied"))
                );
                Err(FetchError { reason: explained(&error), is_lasting })
            }
        }
    }
}

impl Body for Arriving {
    type Chunk = Chunk;

    async fn next(&mut self) -> Result<Option<Chunk>, FetchError> {
        match timeout(self.read_timeout, self.stream.try_next()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => Err(FetchError::passing(format!("it broke off: {}", chain(&io::Error::from(error))))),
            Err(_) => Err(FetchError::passing(format!("it stalled: no byte for {} ms", self.read_timeout.as_millis()))),
        }
    }
}

/// The bytes that the SDK hands out.
type Chunk = bytes::Bytes;

fn status(error: &SdkError<GetObjectError, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

fn explained(error: &SdkError<GetObjectError, HttpResponse>) -> String {
    match (status(error), error.code()) {
        (Some(404), code) => format!("it does not exist ({})", code.unwrap_or("no code")),
        (Some(403), Some("AccessDenied")) => {
            "it may not be read (AccessDenied); allow the function's role s3:GetObject on it, and kms:Decrypt on its key if it \
             is encrypted with one (without s3:ListBucket on the bucket, a missing object looks the same)"
                .to_owned()
        }
        (Some(301 | 307), _) => {
            let region = error.raw_response().and_then(|response| response.headers().get("x-amz-bucket-region"));
            format!("its bucket is in the region {}; deploy the function there", region.unwrap_or("of another endpoint"))
        }
        _ => reason(error),
    }
}
