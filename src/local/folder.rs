//! Folders as S3: the object `key` of `bucket` is the file `<root>/<bucket>/<key>`.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::{Component, Path, PathBuf},
};

use crate::{
    handler::{Body, FetchError, Objects},
    object::ObjectId,
};

/// A folder that holds a folder for each bucket.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Buckets below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

impl Objects for Folder {
    type Body = File;

    async fn get(&self, object: &ObjectId) -> Result<File, FetchError> {
        // A key may hold `..` in S3, but must not lead out of the folder here.
        let inside = Path::new(&object.bucket).join(&object.key);
        if !inside.components().all(|component| matches!(component, Component::Normal(_))) {
            return Err(FetchError::lasting("the key is no path inside of a folder"));
        }
        let path = self.root.join(inside);
        File::open(&path).map_err(|error| {
            let what = if error.kind() == ErrorKind::NotFound { "no such object" } else { "it cannot be opened" };
            FetchError::lasting(format!("{what}: {}: {error}", path.display()))
        })
    }
}

impl Body for File {
    type Chunk = Vec<u8>;

    async fn next(&mut self) -> Result<Option<Vec<u8>>, FetchError> {
        let mut chunk = vec![0; super::CHUNK];
        let length = self.read(&mut chunk).map_err(|error| FetchError::passing(error.to_string()))?;
        chunk.truncate(length);
        Ok((length > 0).then_some(chunk))
    }
}
