//! What a scan reads: files, those of folders, and objects in S3.
//!
//! What is left out is counted, and a folder or a bucket that cannot be read is said.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
#[cfg(feature = "aws")]
use trailbell::aws::Buckets;
use trailbell::{
    object::{self, ObjectId, ObjectKind},
    untrusted::printable,
};

#[cfg(not(feature = "aws"))]
use crate::no_buckets::Buckets;
use crate::{Stop, inputs::shown};

/// One thing to read.
#[derive(Clone)]
pub enum Source {
    /// A file; `-` is standard input.
    File(PathBuf),
    /// An object, and where it is.
    Object(Arc<Buckets>, ObjectId),
}

impl Source {
    /// Begins to read it.
    pub fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        match self {
            Source::File(path) if path == Path::new("-") => Ok(Box::new(io::stdin())),
            Source::File(path) => Ok(Box::new(File::open(path)?)),
            Source::Object(buckets, object) => Ok(Box::new(buckets.open(object)?)),
        }
    }

    /// Its name as it can be shown.
    pub fn shown(&self) -> String {
        match self {
            Source::File(path) => shown(path),
            Source::Object(_, object) => printable(&object.to_string()),
        }
    }

    /// When CloudTrail delivered it, as far as its name tells.
    pub fn delivered(&self) -> Option<Timestamp> {
        match self {
            Source::File(path) => object::delivered(&path.to_string_lossy()),
            Source::Object(_, object) => object.delivered(),
        }
    }
}

/// All that is to be read.
#[derive(Default)]
pub struct Sources {
    /// In the order of the paths; those of folders and of prefixes in order of their names.
    pub list: Vec<Source>,
    /// How many bytes they have, as far as that is known.
    pub bytes: u64,
    /// What is left out of folders and of prefixes: other kinds of file, and digests, which hold no records.
    pub passed_over: u64,
    /// Folders and buckets that cannot be read.
    pub complaints: Vec<String>,
    buckets: Option<Arc<Buckets>>,
}

impl Sources {
    /// A file, a folder, or `s3://BUCKET/PREFIX`. A file or an object that is named itself is read whatever its name.
    ///
    /// Errors: S3 cannot be asked at all.
    pub fn add(&mut self, path: &Path) -> Result<(), Stop> {
        if let Some(place) = path.to_str().and_then(|path| path.strip_prefix("s3://")) {
            self.add_objects(place)?;
        } else if path.is_dir() {
            self.add_folder(path);
        } else {
            self.add_file(path.to_owned());
        }
        Ok(())
    }

    fn add_file(&mut self, path: PathBuf) {
        self.bytes += path.metadata().map_or(0, |metadata| metadata.len());
        self.list.push(Source::File(path));
    }

    fn add_folder(&mut self, folder: &Path) {
        let entries = folder.read_dir().and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries: Vec<PathBuf> = match entries {
            Ok(entries) => entries.into_iter().map(|entry| entry.path()).collect(),
            Err(error) => return self.complaints.push(format!("{}: {error}", shown(folder))),
        };
        entries.sort();
        for path in entries {
            if path.is_dir() {
                // A link to a folder is not followed: it could lead in a circle.
                if !path.is_symlink() {
                    self.add_folder(&path);
                }
            } else if is_log(&path.to_string_lossy()) && path.is_file() {
                self.add_file(path);
            } else {
                self.passed_over += 1;
            }
        }
    }

    fn add_objects(&mut self, place: &str) -> Result<(), Stop> {
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        if bucket.is_empty() {
            return Err(Stop::Message("`s3://` names no bucket: write s3://BUCKET/PREFIX".to_owned()));
        }
        if bucket.starts_with("arn:") {
            let wrong = "`s3://` takes no ARN: name the bucket, or an access point by its alias: s3://ALIAS/PREFIX";
            return Err(Stop::Message(wrong.to_owned()));
        }
        let buckets = match &self.buckets {
            Some(buckets) => Arc::clone(buckets),
            None => Arc::clone(self.buckets.insert(Arc::new(Buckets::connect().map_err(Stop::Message)?))),
        };
        let mut add = |key: &str| {
            let object = ObjectId { bucket: bucket.to_owned(), key: key.to_owned() };
            self.list.push(Source::Object(Arc::clone(&buckets), object));
        };
        if has_ending_of_logs(prefix) {
            // Whoever may read it need not be allowed to list.
            add(prefix);
            return Ok(());
        }
        let mut is_empty = true;
        let listed = buckets.list(bucket, prefix, &mut |key, bytes| {
            is_empty = false;
            if is_log(key) || (key == prefix && !key.ends_with('/')) {
                add(key);
                self.bytes += bytes;
            } else {
                self.passed_over += 1;
            }
        });
        match listed {
            Err(error) => self.complaints.push(printable(&format!("s3://{bucket}: {error}"))),
            Ok(()) if is_empty => {
                self.complaints.push(printable(&format!("s3://{bucket}/{prefix}: no object has a key that begins so")));
            }
            Ok(()) => {}
        }
        Ok(())
    }
}

/// Whether a file of a folder, or an object below a prefix, is a log file.
fn is_log(name: &str) -> bool {
    has_ending_of_logs(name) && ObjectKind::of(name) == ObjectKind::Log
}

fn has_ending_of_logs(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    Path::new(name.strip_suffix(".gz").unwrap_or(&name)).extension().is_some_and(|end| end == "json")
}
