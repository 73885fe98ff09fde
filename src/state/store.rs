//! Load, change, store: the only part of the state that waits for the table.
//!
//! After a write conflict the change is computed again, from what the other delivery wrote.

use std::slice;

use jiff::Timestamp;

use super::{
    entry::ItemKind,
    table::{Change, Stored, Table, TableError, Version, Written},
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
    match load(table, &[key]).await {
        Ok(items) => items.into_iter().next().and_then(|(item, _)| item),
        Err(error) => {
            *down = Some(error);
            None
        }
    }
}

/// Reads items, changes them, and writes those that changed together, until no other delivery has written in between.
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
    let keys: Vec<&str> = slots.iter().map(|slot| slot.key.as_str()).collect();
    for _ in 0..MAX_ATTEMPTS {
        let items = match load(table, &keys).await {
            Ok(items) => items,
            Err(error) => return Err(NotStored { error, outcome: last }),
        };
        let (next, outcome) = change(items.iter().map(|(item, _)| item.clone()).collect());
        let changes = changes(slots, items, next);
        if changes.is_empty() {
            return Ok(outcome);
        }
        match table.write(&changes).await {
            Ok(Written::Stored) => return Ok(outcome),
            Ok(Written::Conflicts(_)) => last = Some(outcome),
            Err(error) => return Err(NotStored { error, outcome: Some(outcome) }),
        }
    }
    Err(NotStored { error: TableError::Conflicts { attempts: MAX_ATTEMPTS }, outcome: last })
}

type Loaded<K> = (Option<K>, Option<Version>);

async fn load<K: ItemKind>(table: &impl Table, keys: &[&str]) -> Result<Vec<Loaded<K>>, TableError> {
    let of_kind = |(key, stored): (&&str, Option<Stored>)| match stored {
        None => Ok((None, None)),
        Some((item, version)) => match K::from_item(item) {
            None => Err(TableError::OtherKind { key: (*key).to_owned() }),
            item => Ok((item, Some(version))),
        },
    };
    keys.iter().zip(table.read(keys).await?).map(of_kind).collect()
}

/// The items that changed.
fn changes<K: ItemKind>(slots: &[Slot], items: Vec<Loaded<K>>, next: Vec<K>) -> Vec<Change> {
    let different = slots.iter().zip(items).zip(next).filter(|((_, (item, _)), next)| item.as_ref() != Some(next));
    let change = |((slot, (_, expected)), next): ((&Slot, Loaded<K>), K)| {
        let Slot { key, expires } = slot.clone();
        Change { key, item: next.into(), expected, expires }
    };
    different.map(change).collect()
}
