//! What a scan reads: files, those of folders, and objects in S3.
//!
//! What is passed over is counted, and a folder or a bucket that cannot be read is reported.

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
    diagnostic::chain,
    object::{self, ObjectId, ObjectKind},
    untrusted::printable,
};
use walkdir::WalkDir;

#[cfg(not(feature = "aws"))]
use super::no_buckets::NoBuckets as Buckets;
use crate::{inputs::shown, status::Stop};

/// One file or object to read.
#[derive(Clone)]
pub enum LogSource {
    /// A file; `-` is standard input.
    File(PathBuf),
    /// An object, and where it is.
    Object(Arc<Buckets>, ObjectId),
}

impl LogSource {
    /// Opens it for reading.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, or S3 does not return the object.
    pub fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        match self {
            LogSource::File(path) if path == Path::new("-") => Ok(Box::new(io::stdin())),
            LogSource::File(path) => Ok(Box::new(File::open(path)?)),
            LogSource::Object(buckets, object) => Ok(Box::new(buckets.open(object)?)),
        }
    }

    /// Its name as it can be shown.
    pub fn shown(&self) -> String {
        match self {
            LogSource::File(path) => shown(path),
            LogSource::Object(_, object) => printable(&object.to_string()),
        }
    }

    /// When CloudTrail delivered it, if its name has the form of a log file's.
    pub fn delivered(&self) -> Option<Timestamp> {
        match self {
            LogSource::File(path) => object::delivered(&path.to_string_lossy()),
            LogSource::Object(_, object) => object.delivered(),
        }
    }
}

/// All files and objects to read.
#[derive(Default)]
pub struct LogSources {
    /// In the order of the paths; within a folder or a prefix, in the order of their names.
    pub list: Vec<LogSource>,
    /// Their sizes added up, in bytes, as far as they are known.
    pub bytes: u64,
    /// How many files of folders and objects of prefixes are passed over: other kinds of file, and digests, which hold no
    /// records.
    pub passed_over: u64,
    /// Folders and buckets that cannot be read.
    pub complaints: Vec<String>,
    buckets: Option<Arc<Buckets>>,
}

impl LogSources {
    /// Adds a file, the log files of a folder, or those of `s3://BUCKET/PREFIX`. A file or an object that is named itself
    /// is read whatever its name.
    ///
    /// # Errors
    ///
    /// If the path is not a usable `s3://` URL, or this build or this account cannot use S3.
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
        self.list.push(LogSource::File(path));
    }

    fn add_folder(&mut self, folder: &Path) {
        // A link to a folder is not followed: it could lead in a circle.
        for entry in WalkDir::new(folder).sort_by_file_name() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let path = shown(error.path().unwrap_or(folder));
                    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                    self.complaints.push(format!("{path}: {reason}"));
                    continue;
                }
            };
            let path = entry.into_path();
            if path.is_dir() {
                continue;
            }
            if is_log(&path.to_string_lossy()) && path.is_file() {
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
            None => Arc::clone(
                self.buckets.insert(Arc::new(Buckets::connect().map_err(|error| Stop::Message(chain(&error)))?)),
            ),
        };
        let mut add = |key: &str| {
            let object = ObjectId { bucket: bucket.to_owned(), key: key.to_owned() };
            self.list.push(LogSource::Object(Arc::clone(&buckets), object));
        };
        if has_ending_of_logs(prefix) {
            // Reading an object takes no permission to list the bucket.
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
            Err(error) => self.complaints.push(printable(&format!("s3://{bucket}: {}", chain(&error)))),
            Ok(()) if is_empty => {
                self.complaints
                    .push(printable(&format!("s3://{bucket}/{prefix}: no object has a key with this prefix")));
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
