//! Folders as S3: the object `key` of `bucket` is the file `<root>/<bucket>/<key>`.

use std::{
    fs::File,
    io::{self, ErrorKind, Read},
    path::{Component, Path, PathBuf},
};

use thiserror::Error;

use super::file::CHUNK;
use crate::{
    handler::{Body, FetchError, Objects},
    object::ObjectId,
};

/// A folder with a folder for each bucket.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The buckets in `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

/// Why an object is not a readable file.
#[derive(Debug, Error)]
enum FolderError {
    #[error("the key is not a path inside a folder")]
    Outside,
    #[error("{} does not exist", path.display())]
    Missing { path: PathBuf },
    #[error("{} cannot be opened", path.display())]
    Unopened {
        path: PathBuf,
        #[source]
        error: io::Error,
    },
}

impl Objects for Folder {
    type Body = File;

    async fn get(&self, object: &ObjectId) -> Result<File, FetchError> {
        // A key may hold `..` in S3, but must not lead out of the folder here.
        let inside = Path::new(&object.bucket).join(&object.key);
        if !inside.components().all(|component| matches!(component, Component::Normal(_))) {
            return Err(FetchError::permanent(FolderError::Outside));
        }
        let path = self.root.join(inside);
        File::open(&path).map_err(|error| {
            FetchError::permanent(match error.kind() {
                ErrorKind::NotFound => FolderError::Missing { path },
                _ => FolderError::Unopened { path, error },
            })
        })
    }
}

impl Body for File {
    type Chunk = Vec<u8>;

    async fn next(&mut self) -> Result<Option<Vec<u8>>, FetchError> {
        let mut chunk = vec![0; CHUNK];
        let length = self.read(&mut chunk).map_err(FetchError::transient)?;
        chunk.truncate(length);
        Ok((length > 0).then_some(chunk))
    }
}
