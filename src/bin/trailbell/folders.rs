//! Which files of folders are log files.
//!
//! What is left out is counted, and a folder that cannot be read is said.

use std::{
    io,
    path::{Path, PathBuf},
};

use trailbell::trigger::ObjectKind;

use crate::inputs::shown;

/// The files that are to be read.
#[derive(Default)]
pub struct Folders {
    /// In the order of the paths, those of folders in order of their names.
    pub files: Vec<PathBuf>,
    /// Files of folders that are left out: other kinds of file, and digests, which hold no records.
    pub passed_over: u64,
    /// Folders that cannot be read.
    pub complaints: Vec<String>,
}

impl Folders {
    /// A file is read whatever its name.
    pub fn add(&mut self, path: &Path) {
        if path.is_dir() { self.add_folder(path) } else { self.files.push(path.to_owned()) }
    }

    fn add_folder(&mut self, folder: &Path) {
        let entries = folder.read_dir().and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries: Vec<PathBuf> = match entries {
            Ok(entries) => entries.into_iter().map(|entry| entry.path()).collect(),
            Err(error) => return self.complaints.push(format!("{}: {error}", shown(folder))),
        };
        entries.sort();
        for path in entries {
            let name = path.to_string_lossy().to_ascii_lowercase();
            let is_log =
                Path::new(name.strip_suffix(".gz").unwrap_or(&name)).extension().is_some_and(|end| end == "json");
            if path.is_dir() {
                // A link to a folder is not followed: it could lead in a circle.
                if !path.is_symlink() {
                    self.add_folder(&path);
                }
            } else if is_log && path.is_file() && ObjectKind::of(&path.to_string_lossy()) == ObjectKind::Log {
                self.files.push(path);
            } else {
                self.passed_over += 1;
            }
        }
    }
}
