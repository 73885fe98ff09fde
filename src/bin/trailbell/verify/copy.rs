//! A copy of a log bucket on disk: its digests by chain, and the text of its files.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use trailbell::{
    integrity::ChainId,
    object::{LOG_FOLDER, ObjectId, ObjectKind},
};
use walkdir::WalkDir;

/// The most bytes of a digest, decompressed: a log file has an entry of some 400 bytes.
const MAX_DIGEST: u64 = 256 << 20;
/// The most bytes of a log file, decompressed.
const MAX_LOG: u64 = 2 << 30;

/// The files below some paths.
#[derive(Default)]
pub struct BucketCopy {
    /// The digests of each chain, with the ends of their periods as their names have them, in that order.
    pub chains: BTreeMap<ChainId, BTreeMap<String, PathBuf>>,
    /// The log files.
    pub logs: Vec<PathBuf>,
    /// Folders and files that cannot be seen.
    pub complaints: Vec<String>,
}

impl BucketCopy {
    /// Finds the files below these paths, whatever folder the copy begins with.
    pub fn find(paths: &[PathBuf]) -> Self {
        let mut copy = Self::default();
        for entry in paths.iter().flat_map(|path| WalkDir::new(path).follow_links(true).sort_by_file_name()) {
            match entry {
                Ok(entry) if entry.file_type().is_file() => copy.add(entry.into_path()),
                Ok(_) => {}
                Err(error) => copy.complaints.push(error.to_string()),
            }
        }
        copy
    }

    fn add(&mut self, path: PathBuf) {
        let object = ObjectId { bucket: String::new(), key: path.to_string_lossy().into_owned() };
        if let Some((chain, end)) = ChainId::of(&object) {
            let end = end.to_owned();
            self.chains.entry(chain).or_default().insert(end, path);
        } else if ObjectKind::of(&object.key) == ObjectKind::Log && object.is_surely_a_log() {
            self.logs.push(path);
        }
    }
}

/// The part of a key or of a path from the innermost folder `AWSLogs` on, which a copy has in common with the bucket.
pub fn below_logs(key: &str) -> Option<&str> {
    let folder = format!("{LOG_FOLDER}/");
    let is_folder = |at: &usize| key.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with('/'));
    let at = key.rmatch_indices(&*folder).map(|(at, _)| at).find(is_folder)?;
    key.get(at..)
}

/// The file that a digest names by this key: beside the digest's own `AWSLogs`; `None` for a key that leads out of it.
pub fn beside(digest: &Path, key: &str) -> Option<PathBuf> {
    let shown = digest.to_string_lossy();
    let root = shown.strip_suffix(below_logs(&shown)?)?;
    let inside = Path::new(below_logs(key)?);
    let is_inside = inside.components().all(|component| matches!(component, Component::Normal(_)));
    is_inside.then(|| Path::new(root).join(inside))
}

/// The text of a digest file and its SHA-256 in lower-case hexadecimal digits.
///
/// # Errors
///
/// If it cannot be read, is not compressed by gzip, or is too large.
pub fn read_digest(path: &Path) -> io::Result<(Vec<u8>, String)> {
    let mut text = Vec::new();
    MultiGzDecoder::new(File::open(path)?).take(MAX_DIGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_DIGEST {
        return Err(io::Error::other("it has more than 256 MiB"));
    }
    let hash = hex::encode(Sha256::digest(&text));
    Ok((text, hash))
}

/// The SHA-256 of the text of a log file, in lower-case hexadecimal digits.
///
/// # Errors
///
/// If it cannot be read to its end, is not compressed by gzip, or is too large.
pub fn hash_log(path: &Path) -> io::Result<String> {
    let mut reader = MultiGzDecoder::new(File::open(path)?).take(MAX_LOG + 1);
    let (mut hasher, mut buffer, mut all) = (Sha256::new(), vec![0; 64 << 10], 0);
    loop {
        let count = reader.read(&mut buffer)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else {
            return Ok(hex::encode(hasher.finalize()));
        };
        all += count as u64;
        if all > MAX_LOG {
            return Err(io::Error::other("it has more than 2 GiB"));
        }
        hasher.update(read);
    }
}
