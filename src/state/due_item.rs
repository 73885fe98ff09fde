//! The entries of what is due as they are read from their sets, removed from them and moved to others.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    due::{DueEntry, SLOT_SECONDS, slot_of},
    entry::StoredItem,
    items::{Items, expires},
    store::update,
    table::{Change, MAX_CHANGES, Stored, Table, TableError, Write},
};
use crate::diagnostic::chain;

/// An entry that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueItem {
    /// What is due.
    pub entry: DueEntry,
    /// The key of its set.
    key: String,
    /// The entry as it is stored; one of another release may hold more than this one knows.
    text: String,
}

impl DueItem {
    /// Its length in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The slot that it is due in.
    pub(super) fn slot(&self) -> Option<i64> {
        slot_of(&self.key)
    }
}

/// All entries of a table that ends with the invocation, whenever they are due.
///
/// # Errors
///
/// The table is unavailable.
pub async fn read_all_due(table: &impl Table) -> Result<Vec<DueItem>, TableError> {
    let mut found = Vec::new();
    for keys in table.due_keys().chunks(MAX_CHANGES) {
        found.extend(read_sets(table, keys).await?);
    }
    Ok(found)
}

/// Removes entries that are done.
///
/// # Errors
///
/// The table is unavailable, and some are not removed.
pub async fn remove_due(
    table: &impl Table,
    items: impl IntoIterator<Item = &DueItem>,
    now: Timestamp,
) -> Result<(), TableError> {
    let mut sets: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for item in items {
        sets.entry(&item.key).or_default().insert(item.text.clone());
    }
    // One by one, since a transaction takes at most 4 MB, and a set has up to a tenth of that.
    for (key, texts) in sets {
        let end = slot_of(key).unwrap_or_default().saturating_mul(SLOT_SECONDS);
        let change = Change { key: key.to_owned(), write: Write::Remove(texts), expires: Some(expires(end, now)) };
        table.write(&[change]).await?;
    }
    Ok(())
}

/// Replaces entries that remain due by others, in a slot that has not ended.
///
/// # Errors
///
/// The table is unavailable; then both can remain.
pub async fn replace_due(
    table: &impl Table,
    items: impl IntoIterator<Item = (&DueItem, DueEntry)>,
    now: Timestamp,
) -> Result<(), TableError> {
    let items: Vec<_> = items.into_iter().collect();
    if items.is_empty() {
        return Ok(());
    }
    let (mut known, mut down) = (Items::default(), None);
    let added = update(table, &mut down, &mut known, |known| {
        for (number, (_, entry)) in (0..).zip(&items) {
            entry.add(known, 0, number, now);
        }
        Ok(())
    });
    added.await.map_err(|not_stored| not_stored.error)?;
    remove_due(table, items.iter().map(|(item, _)| *item), now).await
}

/// The entries of sets. A set that is not readable does not hide the others.
pub async fn read_sets(table: &impl Table, keys: &[String]) -> Result<Vec<DueItem>, TableError> {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let stored = read_readable(table, &keys).await?;
    let mut found = Vec::new();
    for (key, stored) in keys.iter().zip(stored) {
        let texts = match stored {
            Some((StoredItem::Due(texts), _)) => texts,
            Some(_) => {
                tracing::error!(key, "this is no set of what is due");
                continue;
            }
            None => continue,
        };
        let (known, unknown): (Vec<_>, Vec<_>) =
            texts.into_iter().map(|text| (DueEntry::decode(&text), text)).partition(|(entry, _)| entry.is_some());
        if !unknown.is_empty() {
            tracing::warn!(key, entries = unknown.len(), "dropped what is due and what this release does not know");
            let write = Write::Remove(unknown.into_iter().map(|(_, text)| text).collect());
            table.write(&[Change { key: (*key).to_owned(), write, expires: None }]).await?;
        }
        let item =
            |(entry, text): (Option<DueEntry>, String)| Some(DueItem { entry: entry?, key: (*key).to_owned(), text });
        found.extend(known.into_iter().filter_map(item));
    }
    Ok(found)
}

/// Reads items as [`Table::read`] does, but those that are not readable as if they were missing.
pub async fn read_readable(table: &impl Table, keys: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
    match table.read(keys).await {
        Err(TableError::Unreadable { .. }) => {}
        read => return read,
    }
    let mut all = Vec::new();
    for key in keys {
        match table.read(&[*key]).await {
            Ok(stored) => all.extend(stored),
            Err(error @ TableError::Unreadable { .. }) => {
                tracing::error!(key, reason = chain(&error), "what is due is not readable");
                all.push(None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}
