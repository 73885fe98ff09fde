//! What a command reads: files, those of folders, and objects in S3.
//!
//! Files of a folder are read whatever their names, since their content shows what they are. What is passed over is named
//! and counted, and a folder or a bucket that cannot be read is reported.

use std::{
    collections::{BTreeMap, HashSet},
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
    log_file::FileHead,
    object::{self, Foreign, ObjectId, ObjectKind},
    search::DeliverySpan,
    untrusted::printable,
};
use walkdir::WalkDir;

#[cfg(not(feature = "aws"))]
use super::no_buckets::NoBuckets as Buckets;
use super::{announcement, delivered};
use crate::{inputs::shown, status::Stop};

/// One file or object to read.
#[derive(Clone)]
pub enum LogSource {
    /// A file that the user names; `-` is standard input.
    File(PathBuf),
    /// A file of a folder, which may be something else than CloudTrail's.
    Found(PathBuf),
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
            LogSource::File(path) | LogSource::Found(path) => Ok(Box::new(File::open(path)?)),
            LogSource::Object(buckets, object) => Ok(Box::new(buckets.open(object)?)),
        }
    }

    /// Its name as it can be shown.
    pub fn shown(&self) -> String {
        match self {
            LogSource::File(path) | LogSource::Found(path) => shown(path),
            LogSource::Object(_, object) => printable(&object.to_string()),
        }
    }

    /// When CloudTrail delivered it, if its name has the form of a log file's.
    pub fn delivered(&self) -> Option<Timestamp> {
        match self {
            LogSource::File(path) | LogSource::Found(path) => object::delivered(&path.to_string_lossy()),
            LogSource::Object(_, object) => object.delivered(),
        }
    }

    /// Whether it may be something else than CloudTrail's: a file of a folder, unless its name ends as those of log files.
    pub fn may_be_other(&self) -> bool {
        matches!(self, LogSource::Found(path) if !path.to_string_lossy().ends_with(".json.gz"))
    }

    /// What another service wrote into it, by its first bytes. A file that the user names, and one whose name shows that it
    /// is CloudTrail's, is none.
    pub fn foreign(&self, first: &[u8]) -> Option<Foreign> {
        let object = match self {
            LogSource::File(_) => return None,
            LogSource::Found(path) => &ObjectId { bucket: String::new(), key: path.to_string_lossy().into_owned() },
            LogSource::Object(_, object) => object,
        };
        match first {
            _ if object.is_surely_a_log() => None,
            [] => Some(Foreign::Empty),
            _ => FileHead::of(first).foreign(),
        }
    }

    /// Whether its name is that of JSON.
    pub fn has_name_of_json(&self) -> bool {
        match self {
            LogSource::File(path) | LogSource::Found(path) => has_ending_of_json(&path.to_string_lossy()),
            LogSource::Object(_, object) => has_ending_of_json(&object.key),
        }
    }
}

/// All files and objects to read.
#[derive(Clone, Default)]
pub struct LogSources {
    /// In the order of the paths; within a folder or a prefix, in the order of their names.
    pub list: Vec<LogSource>,
    /// Their sizes added up, in bytes, as far as they are known.
    pub bytes: u64,
    /// Files of folders and objects of prefixes that hold no records.
    pub passed_over: PassedOver,
    /// Folders and buckets that cannot be read.
    pub complaints: Vec<String>,
    /// Whether a bucket has files, and none of them is of the span that is wanted.
    pub has_others: bool,
    /// Errors that need not be reported again.
    pub reported: HashSet<String>,
    buckets: Option<Arc<Buckets>>,
    /// Which objects are wanted, and that what reading them takes is announced.
    delivery: Option<Delivery>,
    /// Files and folders so far, where links lead: each is read once.
    seen: HashSet<PathBuf>,
}

/// When the log files are delivered that are wanted.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub span: DeliverySpan,
    /// How late files may come after their events, as the user writes it.
    pub late: String,
}

/// What is passed over: how much, and the first names with reasons.
#[derive(Clone, Default)]
pub struct PassedOver {
    pub count: u64,
    pub shown: Vec<String>,
    /// How many of them are from other services, by the word for their kind.
    pub foreign: BTreeMap<&'static str, u64>,
}

impl PassedOver {
    const MAX_SHOWN: usize = 20;

    /// Counts a file or an object. `name` can be shown as it is.
    pub fn add(&mut self, name: &str, reason: &str) {
        self.count += 1;
        if self.shown.len() < Self::MAX_SHOWN {
            self.shown.push(format!("{name}: {}", printable(reason)));
        }
    }

    /// Counts what another service wrote.
    pub fn add_foreign(&mut self, name: &str, kind: Foreign) {
        *self.foreign.entry(kind.word()).or_default() += 1;
        self.add(name, kind.words());
    }

    /// Counts a file of a folder or an object below a prefix, if its name shows that it holds no records; whether it does.
    fn add_by_name(&mut self, shown: &str, name: &str) -> bool {
        self.add_kind(shown, ObjectKind::of(name))
    }

    /// Counts what holds no records; whether it does not.
    fn add_kind(&mut self, shown: &str, kind: ObjectKind) -> bool {
        match kind {
            ObjectKind::Log => return false,
            ObjectKind::Digest => self.add(shown, "a digest of CloudTrail, which holds no records"),
            ObjectKind::Aggregated => self.add(shown, "aggregated events, which are not records"),
            ObjectKind::Foreign(kind) => self.add_foreign(shown, kind),
        }
        true
    }
}

impl LogSources {
    /// What the paths lead to, each as [`Self::add`] takes it.
    ///
    /// # Errors
    ///
    /// As for [`Self::add`].
    pub fn of(paths: &[PathBuf]) -> Result<Self, Stop> {
        Self::default().with(paths)
    }

    /// The same; of S3 only objects that are delivered in a span, as far as their names show. It announces what reading them
    /// takes.
    ///
    /// # Errors
    ///
    /// As for [`Self::add`].
    pub fn delivered(paths: &[PathBuf], delivery: Delivery) -> Result<Self, Stop> {
        Self { delivery: Some(delivery), ..Self::default() }.with(paths)
    }

    fn with(mut self, paths: &[PathBuf]) -> Result<Self, Stop> {
        paths.iter().try_for_each(|path| self.add(path))?;
        Ok(self)
    }

    /// The same files, and those of the objects that are delivered in a span, to be read once more.
    pub fn again(&self, span: &DeliverySpan) -> Self {
        let is_wanted =
            |source: &&LogSource| !matches!(source, LogSource::Object(_, object) if !span.may_hold(&object.key));
        let list = self.list.iter().filter(is_wanted).cloned().collect();
        Self { list, bytes: self.bytes, passed_over: self.passed_over.clone(), ..Self::default() }
    }

    /// Adds a file, the log files of a folder, or those of `s3://BUCKET/PREFIX`. A file or an object that is named itself
    /// is read whatever its name.
    ///
    /// # Errors
    ///
    /// If the path is not a usable `s3://` URL, or this build or this account cannot use S3.
    fn add(&mut self, path: &Path) -> Result<(), Stop> {
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
        self.is_new(&path);
        self.list.push(LogSource::File(path));
    }

    /// Whether the file or folder was not seen before, under any path.
    fn is_new(&mut self, path: &Path) -> bool {
        self.seen.insert(path.canonicalize().unwrap_or_else(|_| path.to_owned()))
    }

    fn add_folder(&mut self, folder: &Path) {
        let mut walk = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
        while let Some(entry) = walk.next() {
            let entry = match entry {
                Ok(entry) => entry,
                // A link to a folder that it is in.
                Err(error) if error.loop_ancestor().is_some() => continue,
                Err(error) => {
                    let path = error.path().unwrap_or(folder);
                    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                    if path.is_symlink() && !path.exists() {
                        self.passed_over.add(&shown(path), "a link to nothing");
                    } else {
                        self.complaints.push(format!("{}: {reason}", shown(path)));
                    }
                    continue;
                }
            };
            let path = entry.path();
            if entry.file_type().is_dir() {
                if !self.is_new(path) {
                    walk.skip_current_dir();
                }
                continue;
            }
            if !entry.file_type().is_file() {
                self.passed_over.add(&shown(path), "not a regular file");
            } else if !self.is_new(path) {
                // Another path leads to it.
            } else if !self.passed_over.add_by_name(&shown(path), &path.to_string_lossy()) {
                self.bytes += entry.metadata().map_or(0, |metadata| metadata.len());
                self.list.push(LogSource::Found(entry.into_path()));
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
        if has_ending_of_json(prefix) {
            // Reading an object takes no permission to list the bucket.
            self.add_object(&buckets, bucket, prefix.to_owned(), 0);
            return Ok(());
        }
        let shown = printable(&format!("s3://{bucket}/{prefix}"));
        if let Some(Delivery { span, late }) = &self.delivery {
            announcement::before(&shown, span, late)?;
        }
        let span = self.delivery.as_ref().map(|delivery| delivery.span).unwrap_or_default();
        let mut found = match delivered::list(&buckets, bucket, prefix, &span) {
            Ok(found) => found,
            Err(error) => {
                self.complaints.push(printable(&format!("s3://{bucket}: {}", chain(&error))));
                return Ok(());
            }
        };
        self.has_others |= found.is_there && found.objects.is_empty();
        if !found.is_there {
            self.complaints.push(format!("{shown}: no object has a key with this prefix"));
        }
        found.objects.retain(|(key, _)| self.is_log(bucket, key, key == prefix && !key.ends_with('/')));
        for (folder, kind) in &found.passed_over {
            self.passed_over.add_kind(&printable(&format!("s3://{bucket}/{folder}")), *kind);
        }
        if self.delivery.is_some() {
            announcement::after(&shown, bucket, &found)?;
        }
        for (key, bytes) in found.objects {
            self.add_object(&buckets, bucket, key, bytes);
        }
        Ok(())
    }

    fn add_object(&mut self, buckets: &Arc<Buckets>, bucket: &str, key: String, bytes: u64) {
        self.list.push(LogSource::Object(Arc::clone(buckets), ObjectId { bucket: bucket.to_owned(), key }));
        self.bytes += bytes;
    }

    /// Whether the object of this key holds records, as far as its name shows; one that is named itself always does.
    fn is_log(&mut self, bucket: &str, key: &str, is_named: bool) -> bool {
        let name = printable(&format!("s3://{bucket}/{key}"));
        if is_named {
            return true;
        }
        if self.passed_over.add_by_name(&name, key) {
            return false;
        }
        if !has_ending_of_logs(key) {
            self.passed_over.add(&name, "not the name of a log file");
            return false;
        }
        true
    }
}

/// Whether an object has the name of a log file, or of a copy in another shape.
fn has_ending_of_logs(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let ends = |end: &str| Path::new(&file).extension().is_some_and(|extension| extension == end);
    has_ending_of_json(&file) || ends("gz") || ends("log") || (!file.is_empty() && !file.contains('.'))
}

fn has_ending_of_json(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = Path::new(name.strip_suffix(".gz").unwrap_or(&name));
    name.extension().is_some_and(|end| ["json", "jsonl", "ndjson"].iter().any(|json| end == *json))
}
