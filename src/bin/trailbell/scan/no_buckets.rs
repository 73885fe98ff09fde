//! Takes the place of S3 in a command line that is built without it, and names the build that reads S3.

use std::io::{self, Empty};

use trailbell::{handler::FetchError, object::ObjectId};

use crate::without_aws::INSTALL;

/// S3 in a build without it; no value exists.
pub enum NoBuckets {}

impl NoBuckets {
    /// Always the error that names the build that reads S3.
    pub fn connect() -> Result<Self, String> {
        Err(format!(
            "this `trailbell` is built without S3: {INSTALL} builds it with S3; or copy the objects with `aws s3 sync`, \
             and scan the folder"
        ))
    }

    pub fn list(&self, _: &str, _: &str, _: &mut dyn FnMut(&str, u64)) -> Result<(), FetchError> {
        match *self {}
    }

    pub fn open(&self, _: &ObjectId) -> io::Result<Empty> {
        match *self {}
    }
}
