//! Takes the place of S3 in a command line that is built without it, and names the build that reads S3.

use std::{
    io::{self, Empty},
    ops::ControlFlow,
};

use thiserror::Error;
use trailbell::{
    handler::FetchError,
    object::ObjectId,
    search::{KeyRange, ListedKey},
};

use crate::without_aws::INSTALL;

/// The build cannot read S3.
#[derive(Debug, Error)]
#[error(
    "this `trailbell` is built without S3: {INSTALL} builds it with S3; or copy the objects with `aws s3 sync`, and scan the \
     folder"
)]
pub struct WithoutS3;

/// S3 in a build without it; no value exists.
pub enum NoBuckets {}

impl NoBuckets {
    /// Always the error that names the build that reads S3.
    pub fn connect() -> Result<Self, WithoutS3> {
        Err(WithoutS3)
    }

    pub fn list(
        &self,
        _: &str,
        _: KeyRange<'_>,
        _: &(dyn Fn() + Sync),
        _: &mut dyn FnMut(ListedKey) -> ControlFlow<()>,
    ) -> Result<(), FetchError> {
        match *self {}
    }

    pub fn open(&self, _: &ObjectId) -> io::Result<Empty> {
        match *self {}
    }
}
