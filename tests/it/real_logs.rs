//! CloudTrail logs that others published: the sample in `tests/logs`, and all of them where `../shared/data` is.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The sample: every event name and error of its sources, and what the shipped rules that alert on all of them need to alert.
pub fn sample() -> PathBuf {
    root().join("tests/logs")
}

/// All published logs, which a test that is ignored needs.
pub fn all() -> PathBuf {
    let folder = root().join("../shared/data/logs");
    assert!(folder.is_dir(), "{} is missing", folder.display());
    folder
}

/// The log files in a folder and in those below it, in the order of their paths; or the one log file.
pub fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        let is_log = path.extension().is_some_and(|extension| extension == "gz");
        return is_log.then(|| path.to_owned()).into_iter().collect();
    }
    let mut entries: Vec<_> = path.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries.iter().flat_map(|entry| files(entry)).collect()
}

/// The text of a log file.
pub fn text(file: &Path) -> String {
    std::io::read_to_string(MultiGzDecoder::new(File::open(file).unwrap())).unwrap()
}

/// The records of a log file, as `serde_json` reads them.
pub fn records_of(file: &Path) -> Vec<Value> {
    let file: Value = serde_json::from_str(&text(file)).unwrap();
    file["Records"].as_array().unwrap().clone()
}

/// The records of all log files in a folder, of which there are more than this.
pub fn records(folder: &Path, more_than: usize) -> Vec<Value> {
    let records: Vec<_> = files(folder).iter().flat_map(|file| records_of(file)).collect();
    assert!(records.len() > more_than, "{} in {}", records.len(), folder.display());
    records
}

/// The cases by which another tool tests its rules, one JSON document a line.
pub fn cases(tool: &str) -> Vec<Value> {
    let text = text(&root().join(format!("tests/cases/{tool}.jsonl.gz")));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A Lambda payload that another project published.
pub fn payload(name: &str) -> Vec<u8> {
    fs::read(root().join(format!("tests/payloads/{name}.json"))).unwrap()
}
