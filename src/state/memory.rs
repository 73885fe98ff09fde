//! A table in memory: for one invocation, for a laptop and for tests.
//!
//! Writes conflict as in a table that several invocations use. No item expires.

use std::{
    collections::{BTreeSet, HashMap},
    future::{Future, ready},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    entry::StoredItem,
    table::{Change, Stored, Table, TableError, Version, Write, Written},
};

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
        let is_old = |change: &Change| match change.write {
            Write::Put { expected, .. } => items.get(&change.key).map(|(_, version)| *version) != expected,
            Write::Add(_) | Write::Remove(_) => false,
        };
        let old: Vec<usize> = (0..changes.len()).filter(|at| is_old(&changes[*at])).collect();
        if !old.is_empty() {
            return ready(Ok(Written::Conflicts(old)));
        }
        for Change { key, write, .. } in changes {
            let (old, version) = items.remove(key).unzip();
            let mut entries = if let Some(StoredItem::Due(entries)) = old { entries } else { BTreeSet::new() };
            let item = match write {
                Write::Put { item, .. } => item.clone(),
                Write::Add(more) => {
                    entries.extend(more.iter().cloned());
                    StoredItem::Due(entries)
                }
                Write::Remove(gone) => {
                    entries.retain(|entry| !gone.contains(entry));
                    StoredItem::Due(entries)
                }
            };
            items.insert(key.clone(), (item, Version::after(version)));
        }
        ready(Ok(Written::Stored))
    }

    fn due_keys(&self) -> Vec<String> {
        let items = self.items();
        let mut keys: Vec<String> =
            items.iter().filter(|(_, (item, _))| is_due(item)).map(|(key, _)| key.clone()).collect();
        keys.sort_unstable();
        keys
    }
}

fn is_due(item: &StoredItem) -> bool {
    matches!(item, StoredItem::Due(entries) if !entries.is_empty())
}
