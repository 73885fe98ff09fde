//! Read, change, write: the only part of the state that waits for the table.
//!
//! After a write conflict the change is computed again, from what the other delivery wrote.

use super::{
    items::Items,
    table::{MAX_CHANGES, Table, TableError, Written},
};

/// How many times a change is tried while other deliveries write the same items.
const MAX_ATTEMPTS: usize = 100;

/// A change that is not stored, and its outcome as far as that is known.
pub struct NotStored<T> {
    pub error: TableError,
    pub outcome: Option<T>,
}

impl<T> From<TableError> for NotStored<T> {
    fn from(error: TableError) -> Self {
        Self { error, outcome: None }
    }
}

/// Changes items, of which it reads those that are not read, and writes those that changed, all of them at once, until no
/// other delivery has written in between. At most [`MAX_CHANGES`] may change.
///
/// Error: the table is unavailable, which sets `down`.
pub async fn update<T>(
    table: &impl Table,
    down: &mut Option<TableError>,
    items: &mut Items,
    change: impl Fn(&mut Items) -> Result<T, TableError>,
) -> Result<T, NotStored<T>> {
    if let Some(error) = down {
        return Err(error.clone().into());
    }
    let updated = attempts(table, items, change).await;
    if let Err(NotStored { error, .. }) = &updated {
        *down = Some(error.clone());
    }
    updated
}

async fn attempts<T>(
    table: &impl Table,
    items: &mut Items,
    change: impl Fn(&mut Items) -> Result<T, TableError>,
) -> Result<T, NotStored<T>> {
    let mut known = None;
    for _ in 0..MAX_ATTEMPTS {
        if let Err(error) = read(table, items).await {
            return Err(NotStored { error, outcome: known });
        }
        let mut next = items.clone();
        let outcome = change(&mut next)?;
        let changes = next.changes(items);
        if changes.is_empty() {
            *items = next;
            return Ok(outcome);
        }
        match table.write(&changes).await {
            Ok(Written::Stored) => {
                next.stored(&changes);
                *items = next;
                return Ok(outcome);
            }
            Ok(Written::Conflicts(at)) => {
                at.iter().filter_map(|at| changes.get(*at)).for_each(|change| items.forget(&change.key));
                known = Some(outcome);
            }
            Err(error) => return Err(NotStored { error, outcome: Some(outcome) }),
        }
    }
    Err(NotStored { error: TableError::Conflicts { attempts: MAX_ATTEMPTS }, outcome: known })
}

/// Reads the items that are not read.
pub async fn read(table: &impl Table, items: &mut Items) -> Result<(), TableError> {
    let unread = items.unread();
    for keys in unread.chunks(MAX_CHANGES) {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        for (key, stored) in keys.iter().zip(table.read(&keys).await?) {
            items.read(key, stored);
        }
    }
    Ok(())
}
