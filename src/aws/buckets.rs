//! S3 for the command line, whose calls wait for the answer.
//!
//! A runtime of one thread serves all waiting threads: one of them drives the requests of all.

use std::{
    error::Error,
    io::{self, Read},
    ops::ControlFlow,
};

use aws_sdk_s3::config::ProvideCredentials;
use thiserror::Error;
use tokio::runtime::{Builder, Runtime};

use super::{
    client::sdk_config,
    s3::{Requester, S3, S3Body},
    settings::Timeouts,
};
use crate::{
    handler::{Body, FetchError, Objects},
    object::ObjectId,
    search::{KeyRange, ListedKey},
};

/// S3 with the credentials and the region of a user.
pub struct Buckets {
    runtime: Runtime,
    s3: S3,
}

/// Why the command line cannot use S3.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The operating system refuses what a runtime needs.
    #[error("the runtime for requests did not start")]
    Runtime(#[source] io::Error),
    /// The environment and the profile name no region.
    #[error("there is no AWS region: set `AWS_REGION`, or `AWS_PROFILE` to a profile with a region")]
    NoRegion,
    /// The SDK is configured without credentials.
    #[error("there are no AWS credentials")]
    NoProvider,
    /// Neither the environment nor the profile gives credentials.
    #[error("there are no AWS credentials: set `AWS_PROFILE`, or sign in as for the AWS CLI")]
    NoCredentials(#[source] Box<dyn Error + Send + Sync>),
}

impl Buckets {
    /// Finds region and credentials as the AWS CLI does: in the environment, or in a profile. It sends no request to
    /// S3.
    ///
    /// # Errors
    ///
    /// There is no region, or there are no credentials.
    pub fn connect() -> Result<Self, ConnectError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(ConnectError::Runtime)?;
        let timeouts = Timeouts::default();
        let config = runtime.block_on(sdk_config(timeouts));
        if config.region().is_none() {
            return Err(ConnectError::NoRegion);
        }
        let credentials = config.credentials_provider().ok_or(ConnectError::NoProvider)?;
        runtime
            .block_on(credentials.provide_credentials())
            .map_err(|error| ConnectError::NoCredentials(error.into()))?;
        let s3 = S3::new(&config, timeouts, Requester::User);
        Ok(Self { runtime, s3 })
    }

    /// Passes the objects of a range of keys to `see` in the order of the keys, until it breaks. A request returns up to a
    /// thousand of them; `requested` is called after each.
    ///
    /// # Errors
    ///
    /// The bucket does not exist or may not be listed, or S3 gives no answer.
    pub fn list(
        &self,
        bucket: &str,
        range: KeyRange<'_>,
        requested: &(dyn Fn() + Sync),
        see: &mut dyn FnMut(ListedKey) -> ControlFlow<()>,
    ) -> Result<(), FetchError> {
        self.runtime.block_on(self.s3.list(bucket, range, requested, see))
    }

    /// Starts to read an object. Only the bytes that arrived and were not read yet are in memory.
    ///
    /// # Errors
    ///
    /// The object does not exist or may not be read, or S3 gives no answer.
    pub fn open(&self, object: &ObjectId) -> io::Result<impl Read> {
        let body = self.runtime.block_on(self.s3.get(object)).map_err(io::Error::other)?;
        Ok(ObjectReader { runtime: &self.runtime, body, rest: bytes::Bytes::new() })
    }
}

/// An object that is being read.
struct ObjectReader<'a> {
    runtime: &'a Runtime,
    body: S3Body,
    /// The bytes that arrived and were not read yet.
    rest: bytes::Bytes,
}

impl Read for ObjectReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.runtime.block_on(self.body.next()).map_err(io::Error::other)? {
                Some(chunk) => self.rest = chunk,
                None => return Ok(0),
            }
        }
        let length = self.rest.len().min(buffer.len());
        let now = self.rest.split_to(length);
        buffer[..length].copy_from_slice(&now);
        Ok(length)
    }
}
