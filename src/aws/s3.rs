//! The log files in S3: reads an object chunk by chunk, and lists the objects of a bucket.
//!
//! A body of which no byte arrives for the read time-out is an error.

use std::{io, ops::ControlFlow, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_s3::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    primitives::ByteStream,
    types::EncodingType,
};
use jiff::Timestamp;
use thiserror::Error;
use tokio::time::timeout;

use super::{client::own_retries, request_error::RequestError, settings::Timeouts};
use crate::{
    handler::{Body, FetchError, Objects},
    object::{ObjectId, decode_form},
    search::{KeyRange, ListedKey},
};

/// Reads objects.
pub struct S3 {
    client: Client,
    read_timeout: Duration,
    requester: Requester,
}

/// Who sends the requests, and so whose permissions and region count.
#[derive(Clone, Copy, Debug)]
pub enum Requester {
    /// The deployed function, with its role, in its region.
    Function,
    /// A user of the command line with a profile.
    User,
}

/// An object that is being read.
pub struct S3Body {
    stream: ByteStream,
    /// When S3 stored the object.
    modified: Option<Timestamp>,
    read_timeout: Duration,
}

/// Why S3 gives no object, in words about the object or the bucket.
#[derive(Debug, Error)]
enum S3Error {
    #[error("it does not exist ({code})")]
    Missing { code: String },
    #[error(
        "it may not be read (AccessDenied); allow {requester} s3:GetObject on it, and kms:Decrypt on its key if it is \
         encrypted with one (without s3:ListBucket on the bucket, a missing object looks the same)"
    )]
    ReadDenied { requester: &'static str },
    #[error("its objects may not be listed (AccessDenied); allow yourself s3:ListBucket on it")]
    ListDenied,
    #[error("{bucket} is in the region {region}; {repair}")]
    OtherRegion { bucket: &'static str, region: String, repair: &'static str },
    #[error("the connection broke")]
    Interrupted(#[source] io::Error),
    #[error("the connection stalled: no byte for {milliseconds} ms")]
    Stalled { milliseconds: u128 },
}

impl S3 {
    /// A client; `config` has the credentials, time-outs and retries.
    pub fn new(config: &SdkConfig, timeouts: Timeouts, requester: Requester) -> Self {
        let config = aws_sdk_s3::config::Builder::from(config).retry_partition(own_retries("s3")).build();
        Self { client: Client::from_conf(config), read_timeout: timeouts.read, requester }
    }

    /// Passes the objects of a range of keys to `see` in the order of the keys, until it breaks. A request returns up to a
    /// thousand of them; `requested` is called after each.
    ///
    /// See [ListObjectsV2](https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html).
    ///
    /// # Errors
    ///
    /// The bucket does not exist or may not be listed, or S3 gives no answer.
    pub async fn list(
        &self,
        bucket: &str,
        range: KeyRange<'_>,
        requested: &(dyn Fn() + Sync),
        see: &mut dyn FnMut(ListedKey) -> ControlFlow<()>,
    ) -> Result<(), FetchError> {
        let KeyRange { prefix, after, by_folder } = range;
        // A key can contain characters that XML cannot, so S3 encodes it.
        let request = self.client.list_objects_v2().encoding_type(EncodingType::Url).bucket(bucket).prefix(prefix);
        let request = request.set_start_after(after.map(str::to_owned));
        let request = request.set_delimiter(by_folder.then(|| "/".to_owned()));
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.failed(error, "it", S3Error::ListDenied))?;
            requested();
            let decoded = |key: Option<&str>| decode_form(key.unwrap_or_default()).map_err(FetchError::permanent);
            for folder in page.common_prefixes() {
                if see(ListedKey::Folder(decoded(folder.prefix())?)).is_break() {
                    return Ok(());
                }
            }
            for object in page.contents() {
                let (key, bytes) = (decoded(object.key())?, object.size().unwrap_or_default().try_into());
                if see(ListedKey::Object(key, bytes.unwrap_or_default())).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Why a request failed; `bucket` is the subject of a message about the bucket, and `denied` the error for a
    /// missing permission.
    fn failed<E>(&self, error: SdkError<E, HttpResponse>, bucket: &'static str, denied: S3Error) -> FetchError
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let response = error.raw_response();
        match (response.map(|response| response.status().as_u16()), error.code()) {
            (Some(404), code) => FetchError::permanent(S3Error::Missing { code: code.unwrap_or("no code").to_owned() }),
            (Some(403), Some("AccessDenied")) => FetchError::permanent(denied),
            (Some(301 | 307), _) => {
                let region = response.and_then(|response| response.headers().get("x-amz-bucket-region"));
                FetchError::permanent(S3Error::OtherRegion {
                    bucket,
                    region: region.unwrap_or("of another endpoint").to_owned(),
                    repair: match self.requester {
                        Requester::Function => "deploy the function there",
                        Requester::User => "set `AWS_REGION` to it",
                    },
                })
            }
            _ => FetchError::transient(RequestError::from(error)),
        }
    }
}

impl Objects for S3 {
    type Body = S3Body;

    /// See [GetObject](https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
    async fn get(&self, object: &ObjectId) -> Result<S3Body, FetchError> {
        match self.client.get_object().bucket(&object.bucket).key(&object.key).send().await {
            Ok(answer) => {
                let modified = answer.last_modified.and_then(|time| Timestamp::from_second(time.secs()).ok());
                Ok(S3Body { stream: answer.body, modified, read_timeout: self.read_timeout })
            }
            Err(error) => {
                let requester = match self.requester {
                    Requester::Function => "the function's role",
                    Requester::User => "yourself",
                };
                Err(self.failed(error, "its bucket", S3Error::ReadDenied { requester }))
            }
        }
    }
}

impl Body for S3Body {
    type Chunk = Chunk;

    fn modified(&self) -> Option<Timestamp> {
        self.modified
    }

    async fn next(&mut self) -> Result<Option<Chunk>, FetchError> {
        match timeout(self.read_timeout, self.stream.try_next()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => Err(FetchError::transient(S3Error::Interrupted(error.into()))),
            Err(_) => Err(FetchError::transient(S3Error::Stalled { milliseconds: self.read_timeout.as_millis() })),
        }
    }
}

/// The type of the SDK's chunks.
type Chunk = bytes::Bytes;
