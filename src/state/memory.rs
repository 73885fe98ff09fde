//! State in memory: for one invocation, for a laptop and for tests.
//!
//! Versions conflict as they do in a table that others write to. Nothing is forgotten.

use std::{
    collections::HashMap,
    future::{Future, ready},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::{Down, Item, Put, Table, Version};

/// A table that ends with its owner.
#[derive(Debug, Default)]
pub struct Memory(Mutex<HashMap<String, (Item, Version)>>);

impl Memory {
    fn items(&self) -> MutexGuard<'_, HashMap<String, (Item, Version)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table for Memory {
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<(Item, Version)>, Down>> + Send {
        ready(Ok(self.items().get(key).cloned()))
    }

    fn put(
        &self,
        key: &str,
        item: &Item,
        expected: Option<Version>,
        _: Option<Timestamp>,
    ) -> impl Future<Output = Result<Put, Down>> + Send {
        let mut items = self.items();
        let found = items.get(key).map(|(_, version)| *version);
        if found != expected {
            return ready(Ok(Put::Conflict));
        }
        items.insert(key.to_owned(), (item.clone(), Version::after(expected)));
        ready(Ok(Put::Stored))
    }
}
