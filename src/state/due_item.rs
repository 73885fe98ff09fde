//! The entries of what is due as they are read from their sets, removed from them and moved to others.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    due::{DueEntry, SLOT_SECONDS, add_text, slot_of},
    entry::StoredItem,
    items::{Items, expires},
    store::update,
    table::{Change, MAX_CHANGES, Stored, Table, TableError, Write},
};
use crate::diagnostic::chain;

/// How many bytes of entries are written at once, about; a transaction takes 4 MB.
const MAX_WRITTEN: usize = 2 << 20;

/// An item is there, but this release cannot read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

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
        found.extend(read_sets(table, keys).await?.0);
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
    replace(table, items.into_iter().map(|(item, entry)| (item, entry.encode())).collect(), now).await
}

/// Moves entries that remain due into a slot that has not ended, as they are stored: one of a later release may hold more than
/// this one knows.
///
/// # Errors
///
/// The table is unavailable; then some can remain twice.
pub async fn move_due(
    table: &impl Table,
    items: impl IntoIterator<Item = &DueItem>,
    now: Timestamp,
) -> Result<(), TableError> {
    replace(table, items.into_iter().map(|item| (item, item.text.clone())).collect(), now).await
}

async fn replace(table: &impl Table, mut items: Vec<(&DueItem, String)>, now: Timestamp) -> Result<(), TableError> {
    let mut number = 0;
    while !items.is_empty() {
        let mut bytes = 0;
        let fits = items.iter().take_while(|(_, text)| {
            bytes += text.len();
            bytes <= MAX_WRITTEN
        });
        let rest = items.split_off(fits.count().max(1));
        let (mut known, mut down) = (Items::default(), None);
        let added = update(table, &mut down, &mut known, |known| {
            for (number, (_, text)) in (number..).zip(&items) {
                add_text(known, text.clone(), 0, number, now);
            }
            Ok(())
        });
        added.await.map_err(|not_stored| not_stored.error)?;
        remove_due(table, items.iter().map(|(item, _)| *item), now).await?;
        number += items.len() as u64;
        items = rest;
    }
    Ok(())
}

/// The entries of sets, and the first slot with what this release cannot read: that stays where it is.
pub async fn read_sets(table: &impl Table, keys: &[String]) -> Result<(Vec<DueItem>, Option<i64>), TableError> {
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let stored = read_readable(table, &keys).await?;
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    for (key, stored) in keys.iter().zip(stored) {
        let texts = match stored {
            Ok(Some((StoredItem::Due(texts), _))) => texts,
            Ok(None) => continue,
            Ok(Some(_)) | Err(Unreadable) => {
                tracing::error!(key, "what is due in this set is not sent, since this release cannot read it");
                unread.push(*key);
                continue;
            }
        };
        let before = found.len();
        let entries = texts.len();
        let item = |text: String| Some(DueItem { entry: DueEntry::decode(&text)?, key: (*key).to_owned(), text });
        found.extend(texts.into_iter().filter_map(item));
        let failed = entries - (found.len() - before);
        if failed > 0 {
            tracing::error!(key, failed, "entries of what is due are not sent, since this release cannot read them");
            unread.push(*key);
        }
    }
    Ok((found, unread.into_iter().filter_map(slot_of).min()))
}

/// Reads items as [`Table::read`] does; one that is not readable does not hide the others.
pub async fn read_readable(
    table: &impl Table,
    keys: &[&str],
) -> Result<Vec<Result<Option<Stored>, Unreadable>>, TableError> {
    match table.read(keys).await {
        Err(TableError::Unreadable { .. }) => {}
        read => return Ok(read?.into_iter().map(Ok).collect()),
    }
    let mut all = Vec::new();
    for key in keys {
        match table.read(&[*key]).await {
            Ok(stored) => all.extend(stored.into_iter().map(Ok)),
            Err(error @ TableError::Unreadable { .. }) => {
                tracing::error!(key, reason = chain(&error), "what is due is not readable");
                all.push(Err(Unreadable));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use super::*;
    use crate::state::{MemoryTable, Written, due::due_key};

    /// A table that notes the most bytes of entries in one write.
    struct Counting {
        table: MemoryTable,
        most: AtomicUsize,
    }

    impl Table for Counting {
        async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
            self.table.read(keys).await
        }

        async fn write(&self, changes: &[Change]) -> Result<Written, TableError> {
            let texts = |change: &Change| match &change.write {
                Write::Add(texts) => texts.iter().map(String::len).sum(),
                _ => 0,
            };
            self.most.fetch_max(changes.iter().map(texts).sum(), Relaxed);
            self.table.write(changes).await
        }
    }

    #[test]
    fn what_moves_is_written_in_parts_and_as_it_is_stored() {
        let table = MemoryTable::default();
        let more = r#"{"held_back":{"key":"k","more":1}}"#.to_owned();
        let texts = (0..10_000).map(|number| DueEntry::HeldBack { key: format!("{number:0500}") }.encode());
        let mut sets: Vec<BTreeSet<String>> = vec![BTreeSet::new(); 16];
        for (number, text) in texts.chain([more.clone()]).enumerate() {
            sets[number % 16].insert(text);
        }
        for (number, set) in (0..).zip(sets) {
            let change = Change { key: due_key(0, number), write: Write::Add(set), expires: None };
            assert_eq!(pollster::block_on(table.write(&[change])).unwrap(), Written::Stored);
        }
        let counting = Counting { table, most: AtomicUsize::default() };
        let texts = |items: &[DueItem]| items.iter().map(|item| item.text.clone()).collect::<BTreeSet<_>>();
        let left = pollster::block_on(read_all_due(&counting.table)).unwrap();
        counting.most.store(0, Relaxed);
        pollster::block_on(move_due(&counting, &left, Timestamp::from_second(50_000).unwrap())).unwrap();
        let most = counting.most.load(Relaxed);
        assert!((1_000_000..=2 << 20).contains(&most), "{most}");
        let moved = pollster::block_on(read_all_due(&counting.table)).unwrap();
        assert!(moved.iter().all(|item| item.slot() >= slot_of(&due_key(50_000, 0))));
        assert_eq!((moved.len(), texts(&moved)), (10_001, texts(&left)));
        assert!(texts(&moved).contains(&more));
    }

    #[test]
    fn a_table_that_ends_with_the_invocation_has_all_that_is_due() {
        let (table, now) = (MemoryTable::default(), Timestamp::UNIX_EPOCH);
        for (due, name) in [(0, "a"), (1_000_000, "b")] {
            let mut items = Items::default();
            DueEntry::HeldBack { key: name.to_owned() }.add(&mut items, due, 0, now);
            pollster::block_on(table.write(&items.changes(&Items::default()))).unwrap();
        }
        let found = pollster::block_on(read_all_due(&table)).unwrap();
        assert_eq!(found.len(), 2);
        pollster::block_on(remove_due(&table, &found, now)).unwrap();
        assert!(pollster::block_on(read_all_due(&table)).unwrap().is_empty());
    }
}
