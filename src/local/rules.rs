//! The rules files and the overrides, as they are read from a disk.
//!
//! A folder with rules has `rules.yaml`, files of one's own below `rules.d/`, and `overrides.yaml`; any may be missing. A path
//! leads to such a folder, or to single files.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use thiserror::Error;
use walkdir::{DirEntry, WalkDir};

use crate::{
    rule::{Source, Sources},
    untrusted::printable,
};

/// The rules file of a folder.
const RULES: &str = "rules.yaml";
/// The folder of one's own rules files.
const OWN: &str = "rules.d";
/// The endings of rules files, in upper or lower case.
const ENDINGS: [&str; 2] = ["yaml", "yml"];
/// What a user changes in the rules of a folder.
const OVERRIDES: &str = "overrides.yaml";
/// What a file in gzip's format begins with (RFC 1952, section 2.3.1).
const GZIP: &[u8] = &[0x1f, 0x8b];

/// More bytes than any rules file may have, so that it is refused with its size.
const MAX_BYTES: u64 = 5 << 20;
/// How many bytes all files together may have.
const MAX_TOTAL_BYTES: usize = 64 << 20;

/// Why rules files could not be read.
#[derive(Debug, Error)]
pub enum TextFileError {
    /// The file system refuses.
    #[error("{} cannot be read", shown(path))]
    Io {
        /// The path of the file.
        path: PathBuf,
        /// What the file system reports.
        #[source]
        source: io::Error,
    },
    /// The file is compressed, as log files in S3 are.
    #[error(
        "{} is compressed with gzip, not a rules file; if it is a log file, match the rules against it: `trailbell scan FILE`",
        shown(path)
    )]
    Compressed {
        /// The path of the file.
        path: PathBuf,
    },
    /// The file is in another encoding.
    #[error("{} is not UTF-8: byte {offset} is not part of a character; save the file as UTF-8", shown(path))]
    NotUtf8 {
        /// The path of the file.
        path: PathBuf,
        /// The first byte, from 0, that is not part of a character.
        offset: usize,
    },
    /// The file is longer than any rules file.
    #[error("{} has more than {} MiB: a rules file has at most 4", shown(path), MAX_BYTES >> 20)]
    TooLarge {
        /// The path of the file.
        path: PathBuf,
    },
    /// All files together are too long.
    #[error("the rules files have more than {} MiB together; {} is one too many", MAX_TOTAL_BYTES >> 20, shown(path))]
    TooMuch {
        /// The path of the file that is one too many.
        path: PathBuf,
    },
    /// A link leads back to a folder that contains it.
    #[error("{} is a link in a circle: it leads back to {}; remove the link", shown(path), shown(back_to))]
    Circle {
        /// The path of the link.
        path: PathBuf,
        /// The folder to which it leads.
        back_to: PathBuf,
    },
    /// A folder has no file that could have rules.
    #[error("{} has no rules: there is no `{RULES}`, no `{OWN}` and no other `*.yaml` in it", shown(path))]
    NoRules {
        /// The path of the folder.
        path: PathBuf,
    },
    /// Paths in several folders have overrides.
    #[error("both {} and {} are overrides; give the rules of one folder", shown(one), shown(other))]
    TwoOverrides {
        /// The overrides of the first path.
        one: PathBuf,
        /// Those of a later one.
        other: PathBuf,
    },
}

/// The rules that are part of a program, for folders without a rules file.
#[derive(Clone, Copy, Debug)]
pub struct ShippedRules {
    /// What is shown as their path.
    pub path: &'static str,
    /// Their text.
    pub text: &'static str,
}

/// What is read: the files by their paths, in their order.
#[derive(Debug, Default)]
pub struct RulesFiles {
    /// The rules files, and then the overrides.
    pub sources: Sources,
    /// The paths of the rules files, as they are shown in `sources`; the rules that ship have none.
    pub paths: Vec<PathBuf>,
    /// Where overrides of these rules are, or can be created.
    pub overrides: Option<PathBuf>,
    /// Whether the rules that ship take the place of a `rules.yaml`.
    pub shipped: bool,
}

impl RulesFiles {
    /// Reads the files that the paths lead to, and the overrides beside them.
    ///
    /// A path is `-` for standard input, a file, or a folder: with `rules.yaml`, `rules.d` or `overrides.yaml` it is a folder with
    /// rules, and `shipped` takes the place of a `rules.yaml` that is missing; of other folders, and below `rules.d`, all
    /// files that end with `.yaml` or `.yml` are read, in the order of their paths. A file `rules.yaml` brings the
    /// files below the `rules.d` beside it.
    ///
    /// # Errors
    ///
    /// The first of the files that cannot be read or is not UTF-8, or a folder without rules.
    pub fn read(paths: &[PathBuf], shipped: Option<ShippedRules>) -> Result<Self, TextFileError> {
        let mut reader = Reader { shipped, ..Reader::default() };
        for path in paths {
            reader.path(path)?;
        }
        reader.finish()
    }
}

/// Collects what paths lead to.
#[derive(Default)]
struct Reader {
    shipped: Option<ShippedRules>,
    files: RulesFiles,
    bytes: usize,
    /// Files so far, where links lead: each is read once.
    seen: HashSet<PathBuf>,
}

impl Reader {
    fn path(&mut self, path: &Path) -> Result<(), TextFileError> {
        if path == Path::new("-") {
            return self.add(path);
        }
        if path.is_dir() {
            return self.folder(path);
        }
        let folder = home(path);
        if path.file_name().is_some_and(|name| name == RULES) {
            self.below(&folder.join(OWN))?;
        }
        self.add(path)?;
        // A rules file of that name has no overrides.
        if path.file_name().is_some_and(|name| name == OVERRIDES) {
            Ok(())
        } else {
            self.overrides(&folder.join(OVERRIDES))
        }
    }

    fn folder(&mut self, folder: &Path) -> Result<(), TextFileError> {
        let at = |name: &str| if folder == Path::new(".") { PathBuf::from(name) } else { folder.join(name) };
        let (rules, own, overrides) = (at(RULES), at(OWN), at(OVERRIDES));
        if !rules.exists() && !own.exists() && !overrides.exists() && !self.takes_shipped(folder) {
            let before = self.files.sources.files().len();
            self.below(folder)?;
            if self.files.sources.files().len() == before {
                return Err(TextFileError::NoRules { path: folder.to_owned() });
            }
            return self.overrides(&home(&folder.join(RULES)).join(OVERRIDES));
        }
        self.below(&own)?;
        if rules.exists() {
            self.add(&rules)?;
        } else if let Some(shipped) = self.shipped.filter(|_| !self.files.shipped) {
            self.files.shipped = true;
            self.files.sources.add(shipped.path, shipped.text.to_owned(), Source::Rules);
        }
        self.overrides(&overrides)
    }

    /// Whether the rules that ship are meant where a folder has no rules at all: the current one is not named by the user.
    fn takes_shipped(&self, folder: &Path) -> bool {
        self.shipped.is_some() && folder == Path::new(".")
    }

    /// All rules files below a folder, if it exists.
    fn below(&mut self, folder: &Path) -> Result<(), TextFileError> {
        if !folder.exists() {
            return Ok(());
        }
        let is_hidden = |entry: &DirEntry| entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".");
        let walk = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
        for entry in walk.filter_entry(|entry| !is_hidden(entry)) {
            let entry = entry.map_err(|error| unreadable(folder, error))?;
            let is_rules = entry
                .path()
                .extension()
                .is_some_and(|ending| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)));
            if entry.file_type().is_file() && is_rules && entry.file_name() != OVERRIDES {
                self.add(entry.path())?;
            }
        }
        Ok(())
    }

    fn add(&mut self, path: &Path) -> Result<(), TextFileError> {
        if !self.seen.insert(path.canonicalize().unwrap_or_else(|_| path.to_owned())) {
            return Ok(());
        }
        let text = read_text(path)?;
        self.bytes += text.len();
        if self.bytes > MAX_TOTAL_BYTES {
            return Err(TextFileError::TooMuch { path: path.to_owned() });
        }
        self.files.sources.add(shown(path), text, Source::Rules);
        self.files.paths.push(path.to_owned());
        Ok(())
    }

    /// Notes where the overrides of a path are; they are read at the end.
    fn overrides(&mut self, path: &Path) -> Result<(), TextFileError> {
        let is_another = |one: &Path| one.canonicalize().ok() != path.canonicalize().ok();
        match &self.files.overrides {
            Some(one) if is_another(one) && path.exists() && one.exists() => {
                Err(TextFileError::TwoOverrides { one: one.clone(), other: path.to_owned() })
            }
            Some(one) if one.exists() => Ok(()),
            _ => {
                self.files.overrides = Some(path.to_owned());
                Ok(())
            }
        }
    }

    fn finish(mut self) -> Result<RulesFiles, TextFileError> {
        if let Some(path) = &self.files.overrides {
            match read_text(path) {
                Ok(text) => self.files.sources.add(shown(path), text, Source::Overrides),
                Err(TextFileError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.files)
    }
}

/// The folder with the rules to which a file belongs: its own, or the one that holds its `rules.d`.
fn home(path: &Path) -> &Path {
    let own = path.ancestors().skip(1).find(|folder| folder.file_name().is_some_and(|name| name == OWN));
    own.unwrap_or(path).parent().unwrap_or(Path::new(""))
}

fn unreadable(folder: &Path, error: walkdir::Error) -> TextFileError {
    let path = error.path().unwrap_or(folder).to_owned();
    if let Some(back_to) = error.loop_ancestor() {
        return TextFileError::Circle { back_to: back_to.to_owned(), path };
    }
    let source = error.into_io_error().unwrap_or_else(|| io::Error::other("the folder changed while it was read"));
    TextFileError::Io { path, source }
}

/// The text of the file at `path`; `-` is standard input.
///
/// # Errors
///
/// The file cannot be read, is compressed, is not UTF-8, or is longer than any rules file.
pub fn read_text(path: &Path) -> Result<String, TextFileError> {
    let io = |source| TextFileError::Io { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().take(MAX_BYTES + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
    };
    read.map_err(io)?;
    if bytes.starts_with(GZIP) {
        return Err(TextFileError::Compressed { path: path.to_owned() });
    }
    if bytes.len() as u64 > MAX_BYTES {
        return Err(TextFileError::TooLarge { path: path.to_owned() });
    }
    String::from_utf8(bytes)
        .map_err(|error| TextFileError::NotUtf8 { path: path.to_owned(), offset: error.utf8_error().valid_up_to() })
}

/// The path on one line, whatever characters it has.
fn shown(path: &Path) -> String {
    printable(&path.display().to_string())
}
