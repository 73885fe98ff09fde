//! Which keys of a bucket are listed, and what a list holds.

/// Which keys of a bucket are listed.
#[derive(Clone, Copy, Debug)]
pub struct KeyRange<'k> {
    /// What they begin with.
    pub prefix: &'k str,
    /// They are after this one.
    pub after: Option<&'k str>,
    /// Whether a folder takes the place of the keys in it, where these have a further `/`.
    pub by_folder: bool,
}

impl<'k> KeyRange<'k> {
    /// All keys that begin with a prefix.
    pub fn below(prefix: &'k str) -> Self {
        Self { prefix, after: None, by_folder: false }
    }
}

/// What a list of keys holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListedKey {
    /// An object: its key, and its size in bytes.
    Object(String, u64),
    /// What the keys in a folder begin with, up to the `/`.
    Folder(String),
}
