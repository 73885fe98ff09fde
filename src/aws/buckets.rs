//! S3 for a command line, which waits for whatever it asks.
//!
//! A runtime of one thread serves all who wait: one of them drives the requests of all.

use std::io::{self, Read};

use aws_sdk_s3::config::ProvideCredentials;
use tokio::runtime::{Builder, Runtime};

use super::{Patience, Reader, S3, s3::Arriving, sdk_config};
use crate::{
    diagnostic::chain,
    handler::{Body, FetchError, Objects},
    object::ObjectId,
};

/// S3, with the credentials and in the region of a person.
pub struct Buckets {
    runtime: Runtime,
    s3: S3,
}

impl Buckets {
    /// Finds region and credentials as the AWS command line does: in the environment, or in a profile.
    ///
    /// Errors: there are none, or they cannot be used; nothing of S3 is asked.
    pub fn connect() -> Result<Self, String> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        let patience = Patience::default();
        let config = runtime.block_on(sdk_config(patience));
        if config.region().is_none() {
            return Err(
                "there is no AWS region: set `AWS_REGION`, or `AWS_PROFILE` to a profile with a region".to_owned()
            );
        }
        let credentials = config.credentials_provider().ok_or("there are no AWS credentials")?;
        runtime.block_on(credentials.provide_credentials()).map_err(|error| {
            let found = chain(&error);
            format!("there are no AWS credentials: set `AWS_PROFILE`, or sign in as for the AWS command line ({found})")
        })?;
        let s3 = S3::new(&config, patience, Reader::Person);
        Ok(Self { runtime, s3 })
    }

    /// Shows the key and the size of every object whose key begins with `prefix`, in the order of the keys.
    pub fn list(&self, bucket: &str, prefix: &str, see: &mut dyn FnMut(&str, u64)) -> Result<(), FetchError> {
        self.runtime.block_on(self.s3.list(bucket, prefix, see))
    }

    /// Begins to read an object. Only what has arrived and was not read yet is held of it.
    pub fn open(&self, object: &ObjectId) -> io::Result<impl Read> {
        let body = self.runtime.block_on(self.s3.get(object)).map_err(io::Error::other)?;
        Ok(Arrived { runtime: &self.runtime, body, rest: bytes::Bytes::new() })
    }
}

/// An object, and what has arrived of it and was not read yet.
struct Arrived<'a> {
    runtime: &'a Runtime,
    body: Arriving,
    rest: bytes::Bytes,
}

impl Read for Arrived<'_> {
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
