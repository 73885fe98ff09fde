//! Load, change, store: the only part of the state that waits for the table.
//!
//! After a write conflict the change is computed again, from what the other delivery wrote.

use std::slice;

use jiff::Timestamp;

use super::{
    entry::ItemKind,
    table::{Put, Table, TableError, Version},
};

/// How many times a change is tried while other deliveries write the same items.
const MAX_ATTEMPTS: usize = 100;

/// Where an item is stored, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    pub key: String,
    /// When the table may delete the item.
    pub expires: Option<Timestamp>,
}

/// A change that is not stored, or not all of it, and its outcome as far as that is known.
pub struct NotStored<T> {
    pub error: TableError,
    pub outcome: Option<T>,
}

impl<T> From<NotStored<T>> for TableError {
    fn from(not_stored: NotStored<T>) -> Self {
        not_stored.error
    }
}

/// Reads one item without changing it; `None` also where the table is unavailable, which sets `down`.
pub async fn read<K: ItemKind>(table: &impl Table, down: &mut Option<TableError>, key: &str) -> Option<K> {
    if down.is_some() {
        return None;
    }
    match load(table, key).await {
        Ok((item, _)) => item,
        Err(error) => {
            *down = Some(error);
            None
        }
    }
}

/// Reads items, changes them, and writes those that changed, until no other delivery has written in between. Of several
/// items some may be written before another conflicts; `change` then sees them as it left them.
///
/// Error: the table is unavailable, which sets `down`.
pub async fn update<K: ItemKind, T>(
    table: &impl Table,
    down: &mut Option<TableError>,
    slots: &[Slot],
    change: impl Fn(Vec<Option<K>>) -> (Vec<K>, T),
) -> Result<T, NotStored<T>> {
    if let Some(error) = down {
        return Err(NotStored { error: error.clone(), outcome: None });
    }
    let updated = attempts(table, slots, change).await;
    if let Err(NotStored { error, .. }) = &updated {
        *down = Some(error.clone());
    }
    updated
}

/// Does the same with one item.
pub async fn update_one<K: ItemKind, T>(
    table: &impl Table,
    down: &mut Option<TableError>,
    slot: &Slot,
    change: impl Fn(Option<K>) -> (K, T),
) -> Result<T, NotStored<T>> {
    let change = |items: Vec<Option<K>>| {
        let (changed, outcome) = change(items.into_iter().flatten().next());
        (vec![changed], outcome)
    };
    update(table, down, slice::from_ref(slot), change).await
}

async fn attempts<K: ItemKind, T>(
    table: &impl Table,
    slots: &[Slot],
    change: impl Fn(Vec<Option<K>>) -> (Vec<K>, T),
) -> Result<T, NotStored<T>> {
    let mut last = None;
    for _ in 0..MAX_ATTEMPTS {
        let items = match load_all(table, slots).await {
            Ok(items) => items,
            Err(error) => return Err(NotStored { error, outcome: last }),
        };
        let (changed, outcome) = change(items.iter().map(|(item, _)| item.clone()).collect());
        match store(table, slots, items, changed).await {
            Ok(Put::Stored) => return Ok(outcome),
            Ok(Put::Conflict) => last = Some(outcome),
            Err(error) => return Err(NotStored { error, outcome: Some(outcome) }),
        }
    }
    Err(NotStored { error: TableError::Conflicts { attempts: MAX_ATTEMPTS }, outcome: last })
}

type Loaded<K> = (Option<K>, Option<Version>);

async fn load_all<K: ItemKind>(table: &impl Table, slots: &[Slot]) -> Result<Vec<Loaded<K>>, TableError> {
    let mut items = Vec::new();
    for slot in slots {
        items.push(load(table, &slot.key).await?);
    }
    Ok(items)
}

async fn load<K: ItemKind>(table: &impl Table, key: &str) -> Result<Loaded<K>, TableError> {
    let Some((item, version)) = table.get(key).await? else { return Ok((None, None)) };
    match K::from_item(item) {
        None => Err(TableError::OtherKind { key: key.to_owned() }),
        item => Ok((item, Some(version))),
    }
}

/// Writes the items that changed, up to the first conflict.
async fn store<K: ItemKind>(
    table: &impl Table,
    slots: &[Slot],
    items: Vec<Loaded<K>>,
    changed: Vec<K>,
) -> Result<Put, TableError> {
    for ((slot, (item, version)), changed) in slots.iter().zip(items).zip(changed) {
        if item.as_ref() != Some(&changed)
            && table.put(&slot.key, &changed.into(), version, slot.expires).await? == Put::Conflict
        {
            return Ok(Put::Conflict);
        }
    }
    Ok(Put::Stored)
}
