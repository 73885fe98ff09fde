//! Read, change, write: the only part of the state that waits for the table.
//!
//! After a write conflict the change is computed again, from what the other delivery wrote.

use super::{
    due::next_key,
    items::Items,
    table::{Change, MAX_CHANGES, Table, TableError, Write, Written},
};

/// How many times a change is tried while other deliveries write the same items.
const MAX_ATTEMPTS: usize = 100;

/// How many sets are tried for entries that the table has no room for.
const MAX_SETS: usize = 40;

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
/// other delivery has written in between. At most [`MAX_CHANGES`] may change. What is added to sets is written with them, or
/// before them if that is more than [`MAX_CHANGES`] together. Entries for which a set has no room go to the next one; where
/// all sets are full, the other changes are stored without them.
///
/// Error: the table is unavailable, which sets `down`; or all sets are full, and nothing else changed.
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
    if let Err(NotStored { error, .. }) = &updated
        && !matches!(error, TableError::Full)
    {
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
        match write(table, &changes).await {
            Ok(Written::Stored) => {
                next.stored(&changes);
                *items = next;
                return Ok(outcome);
            }
            Ok(Written::Conflicts(at)) => {
                let puts = at.iter().filter_map(|at| changes.get(*at)).filter(|change| is_put(change));
                puts.for_each(|change| items.forget(&change.key));
                known = Some(outcome);
            }
            Ok(Written::Full(_)) => return Err(NotStored { error: TableError::Full, outcome: Some(outcome) }),
            Err(error) => return Err(NotStored { error, outcome: Some(outcome) }),
        }
    }
    Err(NotStored { error: TableError::Conflicts { attempts: MAX_ATTEMPTS }, outcome: known })
}

fn is_put(change: &Change) -> bool {
    matches!(change.write, Write::Put { .. })
}

/// Writes changes as [`update`] says; never [`Written::Full`] where an item is put.
async fn write(table: &impl Table, changes: &[Change]) -> Result<Written, TableError> {
    let mut changes = changes.to_vec();
    if changes.len() > MAX_CHANGES {
        let puts = changes.iter().take_while(|change| is_put(change)).count();
        for adds in changes.split_off(puts).chunks(MAX_CHANGES) {
            match write_in_room(table, adds.to_vec()).await? {
                Written::Stored => {}
                // The indices are those of the adds, which are tried again with everything else.
                Written::Conflicts(_) => return Ok(Written::Conflicts(Vec::new())),
                Written::Full(_) if puts > 0 => tracing::error!("what is due cannot be stored: its items are full"),
                Written::Full(at) => return Ok(Written::Full(at)),
            }
        }
    }
    write_in_room(table, changes).await
}

/// Writes at most [`MAX_CHANGES`] changes; entries without room go to the next set.
async fn write_in_room(table: &impl Table, mut changes: Vec<Change>) -> Result<Written, TableError> {
    if changes.is_empty() {
        return Ok(Written::Stored);
    }
    for _ in 0..MAX_SETS {
        let full = match table.write(&changes).await? {
            Written::Full(at) => at,
            written => return Ok(written),
        };
        move_on(&mut changes, &full);
    }
    let all = changes.len();
    changes.retain(is_put);
    if changes.is_empty() {
        return Ok(Written::Full((0..all).collect()));
    }
    tracing::error!("what is due cannot be stored: its items are full");
    table.write(&changes).await
}

/// Moves the adds at these indices to the next sets, where they join others.
fn move_on(changes: &mut Vec<Change>, full: &[usize]) {
    let mut moved = Vec::new();
    let mut at = 0;
    changes.retain(|change| {
        at += 1;
        let is_full = full.contains(&(at - 1)) && !is_put(change);
        if is_full && let Some(key) = next_key(&change.key) {
            moved.push(Change { key, ..change.clone() });
        }
        !is_full
    });
    for change in moved {
        let same = changes.iter_mut().find(|other| other.key == change.key);
        match (same.map(|other| &mut other.write), change) {
            (Some(Write::Add(entries)), Change { write: Write::Add(more), .. }) => entries.extend(more),
            (_, change) => changes.push(change),
        }
    }
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

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        sync::{Mutex, PoisonError},
    };

    use jiff::Timestamp;

    use super::*;
    use crate::state::{
        MemoryTable, Stored, StoredItem,
        entry::{LearningStart, TickState},
    };

    /// A table whose sets take this many entries, and that notes how many changes each write makes.
    struct Small {
        memory: MemoryTable,
        room: usize,
        writes: Mutex<Vec<usize>>,
        conflicts: Mutex<Vec<Vec<usize>>>,
    }

    impl Small {
        fn new(room: usize) -> Self {
            Self { memory: MemoryTable::default(), room, writes: Mutex::default(), conflicts: Mutex::default() }
        }

        fn entries(&self, key: &str) -> usize {
            match pollster::block_on(self.memory.read(&[key])).unwrap().remove(0) {
                Some((StoredItem::Due(entries), _)) => entries.len(),
                _ => 0,
            }
        }
    }

    impl Table for Small {
        async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
            assert!(keys.iter().all(|key| !key.starts_with("due/")), "{keys:?}");
            self.memory.read(keys).await
        }

        async fn write(&self, changes: &[Change]) -> Result<Written, TableError> {
            assert!(changes.len() <= MAX_CHANGES);
            let keys: BTreeMap<&str, ()> = changes.iter().map(|change| (change.key.as_str(), ())).collect();
            assert_eq!(keys.len(), changes.len());
            self.writes.lock().unwrap_or_else(PoisonError::into_inner).push(changes.len());
            if let Some(at) = self.conflicts.lock().unwrap().pop() {
                return Ok(Written::Conflicts(at));
            }
            let is_full = |change: &Change| match &change.write {
                Write::Add(more) => self.entries(&change.key) + more.len() > self.room,
                _ => false,
            };
            let full: Vec<usize> = (0..changes.len()).filter(|at| is_full(&changes[*at])).collect();
            if full.is_empty() { self.memory.write(changes).await } else { Ok(Written::Full(full)) }
        }
    }

    /// Puts these many items and adds an entry to each of these keys.
    fn run(table: &Small, puts: usize, keys: &[String]) -> Result<(), TableError> {
        let (mut items, mut down) = (Items::default(), None);
        let updated = update(table, &mut down, &mut items, |items| {
            for at in 0..puts {
                items.set(&format!("k{at}"), LearningStart { from: 1 });
            }
            for (at, key) in keys.iter().enumerate() {
                items.add(key, format!("entry {at}"), Timestamp::UNIX_EPOCH);
            }
            Ok(())
        });
        pollster::block_on(updated).map_err(|not_stored| not_stored.error)
    }

    fn keys(number: usize) -> Vec<String> {
        (0..number).map(|at| format!("due/{at}/3")).collect()
    }

    #[test]
    fn adds_are_written_with_the_items_or_before_them() {
        let table = Small::new(9);
        run(&table, 90, &keys(10)).unwrap();
        assert_eq!(*table.writes.lock().unwrap(), [100]);
        let table = Small::new(9);
        run(&table, 90, &keys(150)).unwrap();
        assert_eq!(*table.writes.lock().unwrap(), [100, 50, 90]);
        assert!(keys(150).iter().all(|key| table.entries(key) == 1));
        let table = Small::new(9);
        run(&table, 0, &keys(150)).unwrap();
        assert_eq!(*table.writes.lock().unwrap(), [100, 50]);
    }

    #[test]
    fn a_conflict_of_an_add_is_tried_again() {
        let table = Small::new(9);
        *table.conflicts.lock().unwrap() = vec![vec![1], vec![0, 1]];
        run(&table, 1, &keys(1)).unwrap();
        assert_eq!(*table.writes.lock().unwrap(), [2, 2, 2]);
        assert_eq!(table.entries("due/0/3"), 1);
    }

    #[test]
    fn entries_without_room_go_to_the_next_sets() {
        let table = Small::new(2);
        let one = |key: &str| [key.to_owned()];
        let two = ["due/7/14", "due/7/15"].map(str::to_owned);
        run(&table, 0, &one("due/7/14")).unwrap();
        run(&table, 0, &two[..1]).unwrap();
        assert_eq!(table.entries("due/7/14"), 1);
        run(&table, 0, &two).unwrap();
        assert_eq!(["due/7/14", "due/7/15"].map(|key| table.entries(key)), [1, 1]);
        let table = Small::new(1);
        run(&table, 1, &two).unwrap();
        run(&table, 0, &[&one("due/5/0")[..], &two[..1]].concat()).unwrap();
        assert_eq!(["due/5/0", "due/7/14", "due/7/15", "due/8/0"].map(|key| table.entries(key)), [1, 1, 1, 1]);
        // What moves into a set that other entries go to joins them.
        let table = Small::new(2);
        run(&table, 0, &[&one("due/0/0")[..], &one("due/7/14")].concat()).unwrap();
        run(&table, 0, &[&one("due/0/1")[..], &one("due/0/2"), &two[..1]].concat()).unwrap();
        run(&table, 0, &[&one("due/7/15")[..], &one("due/0/3"), &one("due/0/4"), &two[..1]].concat()).unwrap();
        assert_eq!(["due/7/14", "due/7/15"].map(|key| table.entries(key)), [2, 2]);
    }

    /// What is known of a series counts more than what is due for it; but where there is nothing else, the caller must know.
    #[test]
    fn where_all_sets_are_full_only_entries_are_lost() {
        let table = Small::new(0);
        run(&table, 2, &keys(1)).unwrap();
        let stored = pollster::block_on(table.memory.read(&["k0", "k1"])).unwrap();
        assert!(stored.iter().all(Option::is_some));
        let (mut items, mut down) = (Items::default(), None);
        let updated = update(&table, &mut down, &mut items, |items| {
            items.add("due/1/1", "entry".to_owned(), Timestamp::UNIX_EPOCH);
            Ok(())
        });
        assert!(matches!(pollster::block_on(updated), Err(NotStored { error: TableError::Full, .. })));
        assert!(down.is_none());
    }

    #[test]
    fn an_item_is_no_set() {
        let mut items = Items::default();
        items.set("tick/state", TickState::default());
        assert!(items.get::<LearningStart>("tick/state").is_err());
    }
}
