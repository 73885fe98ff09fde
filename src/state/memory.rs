//! A table in memory: for one invocation, for a laptop and for tests.
//!
//! Writes conflict as in a table that several invocations use. No item expires.

use std::{
    collections::HashMap,
    future::{Future, ready},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::{
    entry::StoredItem,
    table::{Put, Table, TableError, Version},
};

/// A table that lives as long as this value.
#[derive(Debug, Default)]
pub struct MemoryTable(Mutex<HashMap<String, (StoredItem, Version)>>);

impl MemoryTable {
    fn items(&self) -> MutexGuard<'_, HashMap<String, (StoredItem, Version)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table for MemoryTable {
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<(StoredItem, Version)>, TableError>> + Send {
        ready(Ok(self.items().get(key).cloned()))
    }

    fn put(
        &self,
        key: &str,
        item: &StoredItem,
        expected: Option<Version>,
        _: Option<Timestamp>,
    ) -> impl Future<Output = Result<Put, TableError>> + Send {
        let mut items = self.items();
        let found = items.get(key).map(|(_, version)| *version);
        if found != expected {
            return ready(Ok(Put::Conflict));
        }
        items.insert(key.to_owned(), (item.clone(), Version::after(expected)));
        ready(Ok(Put::Stored))
    }
}
