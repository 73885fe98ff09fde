//! The port to stored items: a key-value table in which a write succeeds only if no other write came in between.

use std::{collections::BTreeSet, error::Error, future::Future, sync::Arc};

use jiff::Timestamp;
use thiserror::Error;

use super::entry::{ItemError, StoredItem};

/// The port to what is stored between invocations. Items are read and written in batches, since a request takes as long
/// for a hundred of them as for one.
pub trait Table: Sync {
    /// Reads the items with these keys, each of which is different, and their versions, in the order of the keys; `None`
    /// where none is stored. The reading is strongly consistent: an item is that of the last write.
    ///
    /// # Errors
    ///
    /// The table is unavailable, or an item is not readable.
    fn read(&self, keys: &[&str]) -> impl Future<Output = Result<Vec<Option<Stored>>, TableError>> + Send;

    /// Makes all of these changes, or none of them if any item that is put was written since it was read: see [`Written`].
    /// Takes at most [`MAX_CHANGES`], each with a key of its own.
    ///
    /// # Errors
    ///
    /// The table is unavailable.
    fn write(&self, changes: &[Change]) -> impl Future<Output = Result<Written, TableError>> + Send;

    /// The keys of all sets of what is due, if the table ends with the invocation; a table that remains is never scanned.
    fn due_keys(&self) -> Vec<String> {
        Vec::new()
    }
}

/// How many items one write takes, and one request of a reading.
pub const MAX_CHANGES: usize = 100;

/// An item as it was read, and its version.
pub type Stored = (StoredItem, Version);

/// A change of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The key of the item.
    pub key: String,
    /// What becomes of it.
    pub write: Write,
    /// The table keeps the item at least until then.
    pub expires: Option<Timestamp>,
}

/// What becomes of an item.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are puts")]
pub enum Write {
    /// It is replaced.
    Put {
        /// What is stored there from now on.
        item: StoredItem,
        /// The version that it replaces; `None` where none is stored.
        expected: Option<Version>,
    },
    /// These texts are added to the set under the key, which is made if it is missing. Other deliveries may add to it, so
    /// nothing is expected of it.
    Add(BTreeSet<String>),
    /// These texts are removed from the set under the key.
    Remove(BTreeSet<String>),
}

/// The number of writes of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u64);

impl Version {
    /// The version that replaces `expected`.
    pub fn after(expected: Option<Self>) -> Self {
        Self(expected.map_or(0, |version| version.0).wrapping_add(1))
    }
}

/// The result of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// All items are stored.
    Stored,
    /// Nothing is stored: another delivery wrote these, by their indices, since they were read, or writes them now.
    Conflicts(Vec<usize>),
    /// Nothing is stored: the sets that these add to, by their indices, would be larger than the table stores.
    Full(Vec<usize>),
}

/// Why the table is unavailable. One delivery, once it meets such an error, does not use the table again.
#[derive(Clone, Debug, Error)]
pub enum TableError {
    /// The service behind the table reported an error.
    #[error(transparent)]
    Service(Arc<dyn Error + Send + Sync>),
    /// The invocation has no time to wait any longer.
    #[error("the table gave no answer in time")]
    NoAnswer,
    /// The body of an item is not one that this program writes.
    #[error("the stored item `{key}` is not readable")]
    Unreadable {
        /// The key of the item.
        key: String,
        /// What is wrong with it.
        #[source]
        error: Arc<ItemError>,
    },
    /// An item of another kind has the key.
    #[error("the stored item `{key}` is of another kind than its key")]
    OtherKind {
        /// The key of the item.
        key: String,
    },
    /// The sets of due entries are full, and those after them, too.
    #[error("the items of due entries are full")]
    Full,
    /// Other deliveries wrote the item before each attempt.
    #[error("gave up after {attempts} write conflicts")]
    Conflicts {
        /// The number of attempts.
        attempts: usize,
    },
}

impl TableError {
    /// An error of the service behind the table.
    pub fn service(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Service(Arc::from(error.into()))
    }

    /// The error for an item whose body [`StoredItem::decode`] refuses.
    pub fn unreadable(key: &str, error: ItemError) -> Self {
        Self::Unreadable { key: key.to_owned(), error: Arc::new(error) }
    }
}
