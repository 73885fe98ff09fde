//! A table in memory: for one invocation, for a laptop and for tests.
//!
//! Writes conflict as in a table that several invocations use. No item expires.

use std::{
    collections::HashMap,
    future::{Future, ready},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::table::{Change, Stored, Table, TableError, Version, Written};

/// A table that lives as long as this value.
#[derive(Debug, Default)]
pub struct MemoryTable(Mutex<HashMap<String, Stored>>);

impl MemoryTable {
    fn items(&self) -> MutexGuard<'_, HashMap<String, Stored>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table for MemoryTable {
    fn read(&self, keys: &[&str]) -> impl Future<Output = Result<Vec<Option<Stored>>, TableError>> + Send {
        let items = self.items();
        ready(Ok(keys.iter().map(|key| items.get(*key).cloned()).collect()))
    }

    fn write(&self, changes: &[Change]) -> impl Future<Output = Result<Written, TableError>> + Send {
        let mut items = self.items();
        let is_old = |change: &Change| items.get(&change.key).map(|(_, version)| *version) != change.expected;
        let old: Vec<usize> = (0..changes.len()).filter(|at| is_old(&changes[*at])).collect();
        if !old.is_empty() {
            return ready(Ok(Written::Conflicts(old)));
        }
        for Change { key, item, expected, .. } in changes {
            items.insert(key.clone(), (item.clone(), Version::after(*expected)));
        }
        ready(Ok(Written::Stored))
    }
}
