//! The port to stored items: a key-value table in which a write succeeds only if no other write came in between.

use std::{error::Error, future::Future, sync::Arc};

use jiff::Timestamp;
use thiserror::Error;

use super::entry::StoredItem;

/// The port to what is stored between invocations.
pub trait Table: Sync {
    /// Reads the item with this key and its version, with strong consistency: it is the item of the last write.
    ///
    /// # Errors
    ///
    /// The table is unavailable, or the item is not readable.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<(StoredItem, Version)>, TableError>> + Send;

    /// Writes an item in place of the version `expected`, or where none is stored, and keeps it at least until
    /// `expires`. If another version is stored by now, nothing is written and the answer is [`Put::Conflict`].
    ///
    /// # Errors
    ///
    /// The table is unavailable.
    fn put(
        &self,
        key: &str,
        item: &StoredItem,
        expected: Option<Version>,
        expires: Option<Timestamp>,
    ) -> impl Future<Output = Result<Put, TableError>> + Send;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// The item is stored.
    Stored,
    /// Another delivery wrote the item since it was read.
    Conflict,
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
    /// The text of an item is not one that this program writes.
    #[error("the stored item `{key}` is not readable")]
    Unreadable {
        /// The key of the item.
        key: String,
        /// What is wrong with its text.
        #[source]
        error: Arc<serde_json::Error>,
    },
    /// An item of another kind has the key.
    #[error("the stored item `{key}` is of another kind than its key")]
    OtherKind {
        /// The key of the item.
        key: String,
    },
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

    /// The error for an item whose text [`StoredItem::decode`] refuses.
    pub fn unreadable(key: &str, error: serde_json::Error) -> Self {
        Self::Unreadable { key: key.to_owned(), error: Arc::new(error) }
    }
}
