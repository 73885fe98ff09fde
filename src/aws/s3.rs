//! S3 as the place where log files are: an object, read chunk by chunk, and the objects that there are.
//!
//! A body that says nothing for the read time-out is given up.

use std::{error::Error, io, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_s3::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    primitives::ByteStream,
    types::EncodingType,
};
use tokio::time::timeout;

use super::{own_retries, reason, settings::Patience};
use crate::{
    diagnostic::chain,
    handler::{Body, FetchError, Objects},
    object::{ObjectId, decode_form},
};

/// Reads objects.
pub struct S3 {
    client: Client,
    read_timeout: Duration,
    reader: Reader,
}

/// Who reads, and so who must be allowed to, and where.
#[derive(Clone, Copy, Debug)]
pub enum Reader {
    /// The deployed function, with its role, in its region.
    Function,
    /// A person with a profile.
    Person,
}

/// An object whose bytes arrive.
pub struct Arriving {
    stream: ByteStream,
    read_timeout: Duration,
}

impl S3 {
    /// Reads with the shared time-outs.
    pub fn new(config: &SdkConfig, patience: Patience, reader: Reader) -> Self {
        let config = aws_sdk_s3::config::Builder::from(config).retry_partition(own_retries("s3")).build();
        Self { client: Client::from_conf(config), read_timeout: patience.read_timeout, reader }
    }

    /// Shows the key and the size of every object whose key begins with `prefix`, in the order of the keys.
    ///
    /// See [ListObjectsV2](https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html).
    pub async fn list(&self, bucket: &str, prefix: &str, see: &mut dyn FnMut(&str, u64)) -> Result<(), FetchError> {
        // As it is, a key can hold what XML cannot, and the page that it stands on would be no XML.
        let request = self.client.list_objects_v2().encoding_type(EncodingType::Url).bucket(bucket).prefix(prefix);
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                let denied = "its objects may not be listed (AccessDenied); allow yourself s3:ListBucket on it";
                self.failed(&error, "it", denied.to_owned())
            })?;
            for object in page.contents() {
                let key = decode_form(object.key().unwrap_or_default())
                    .map_err(|error| FetchError::lasting(error.to_string()))?;
                see(&key, object.size().unwrap_or_default().try_into().unwrap_or_default());
            }
        }
        Ok(())
    }

    /// Why a request about `bucket`, as it is called here, failed.
    fn failed<E: ProvideErrorMetadata + Error + 'static>(
        &self,
        error: &SdkError<E, HttpResponse>,
        bucket: &str,
        denied: String,
    ) -> FetchError {
        let response = error.raw_response();
        match (response.map(|response| response.status().as_u16()), error.code()) {
            (Some(404), code) => FetchError::lasting(format!("it does not exist ({})", code.unwrap_or("no code"))),
            (Some(403), Some("AccessDenied")) => FetchError::lasting(denied),
            (Some(301 | 307), _) => {
                let region = response.and_then(|response| response.headers().get("x-amz-bucket-region"));
                let (region, repair) = (
                    region.unwrap_or("of another endpoint"),
                    match self.reader {
                        Reader::Function => "deploy the function there",
                        Reader::Person => "set `AWS_REGION` to it",
                    },
                );
                FetchError::lasting(format!("{bucket} is in the region {region}; {repair}"))
            }
            _ => FetchError::passing(reason(error)),
        }
    }
}

impl Objects for S3 {
    type Body = Arriving;

    /// See [GetObject](https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
    async fn get(&self, object: &ObjectId) -> Result<Arriving, FetchError> {
        match self.client.get_object().bucket(&object.bucket).key(&object.key).send().await {
            Ok(answer) => Ok(Arriving { stream: answer.body, read_timeout: self.read_timeout }),
            Err(error) => {
                let reader = match self.reader {
                    Reader::Function => "the function's role",
                    Reader::Person => "yourself",
                };
                let denied = format!(
                    "it may not be read (AccessDenied); allow {reader} s3:GetObject on it, and kms:Decrypt on its key if it is \
                     encrypted with one (without s3:ListBucket on the bucket, a missing object looks the same)"
                );
                Err(self.failed(&error, "its bucket", denied))
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
