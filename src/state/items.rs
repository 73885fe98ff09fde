//! Some items of the table while a decision is made: what was read, and what they become.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{
    entry::{ItemKind, StoredItem},
    table::{Change, Stored, TableError, Version, Write},
};

/// How long an item is stored after it last mattered.
const KEPT: SignedDuration = SignedDuration::from_hours(35 * 24);

/// When the table may delete an item that matters until `end`, in seconds since 1970: some weeks after that and after `now`.
pub fn expires(end: i64, now: Timestamp) -> Timestamp {
    let end = Timestamp::from_second(end).unwrap_or(now).max(now);
    end.saturating_add(KEPT).unwrap_or(Timestamp::MAX)
}

/// Items by their keys, and what is added to sets that are not read.
#[derive(Clone, Debug, Default)]
pub struct Items {
    items: BTreeMap<String, Item>,
    added: BTreeMap<String, Added>,
}

/// What is added to a set, and when the table may delete it.
type Added = (BTreeSet<String>, Timestamp);

#[derive(Clone, Debug, Default)]
struct Item {
    content: Option<StoredItem>,
    /// The version that is stored.
    version: Option<Version>,
    is_read: bool,
    expires: Option<Timestamp>,
}

impl Items {
    /// Items that are not read yet.
    pub fn of(keys: impl IntoIterator<Item = String>) -> Self {
        Self { items: keys.into_iter().map(|key| (key, Item::default())).collect(), added: BTreeMap::new() }
    }

    /// The keys of the items that are not read.
    pub fn unread(&self) -> Vec<String> {
        self.items.iter().filter(|(_, item)| !item.is_read).map(|(key, _)| key.clone()).collect()
    }

    /// Takes what was read under a key.
    pub fn read(&mut self, key: &str, stored: Option<Stored>) {
        let (content, version) = stored.unzip();
        self.items.insert(key.to_owned(), Item { content, version, is_read: true, expires: None });
    }

    /// Forgets what was read under a key, since another delivery wrote it.
    pub fn forget(&mut self, key: &str) {
        self.items.insert(key.to_owned(), Item::default());
    }

    /// What an item is, if there is one.
    ///
    /// # Errors
    ///
    /// The item is of another kind.
    pub fn get<K: ItemKind + Clone>(&mut self, key: &str) -> Result<Option<K>, TableError> {
        let content = self.items.get_mut(key).and_then(|item| item.content.as_mut());
        content.map(|item| kind(item, key).cloned()).transpose()
    }

    /// An item to change; an empty one where there is none.
    ///
    /// # Errors
    ///
    /// The item is of another kind.
    pub fn get_mut<K: ItemKind>(&mut self, key: &str) -> Result<&mut K, TableError> {
        let item = self.items.entry(key.to_owned()).or_default();
        kind(item.content.get_or_insert_with(|| K::default().into()), key)
    }

    /// Replaces an item.
    pub fn set(&mut self, key: &str, item: impl Into<StoredItem>) {
        self.items.entry(key.to_owned()).or_default().content = Some(item.into());
    }

    /// Keeps an item, if it is written, until `expires` or longer.
    pub fn keep(&mut self, key: &str, expires: Timestamp) {
        let item = self.items.entry(key.to_owned()).or_default();
        item.expires = item.expires.max(Some(expires));
    }

    /// Adds an entry to the set under a key, which is not read for this and kept until `expires` at least.
    pub fn add(&mut self, key: &str, entry: String, expires: Timestamp) {
        self.add_all(key, [entry], expires);
    }

    /// How many bytes are to be added to the set under a key.
    pub fn added_bytes(&self, key: &str) -> usize {
        self.added.get(key).map_or(0, |(entries, _)| entries.iter().map(String::len).sum())
    }

    fn add_all(&mut self, key: &str, entries: impl IntoIterator<Item = String>, expires: Timestamp) {
        let (known, until) = self.added.entry(key.to_owned()).or_insert_with(|| (BTreeSet::new(), expires));
        known.extend(entries);
        *until = expires.max(*until);
    }

    /// Takes the items with these keys out of these; those that are missing are not read yet.
    pub fn take<'k>(&mut self, keys: impl IntoIterator<Item = &'k str>) -> Self {
        let taken = keys.into_iter().map(|key| (key.to_owned(), self.items.remove(key).unwrap_or_default()));
        Self { items: taken.collect(), added: BTreeMap::new() }
    }

    /// Adds other items, which replace those with the same keys.
    pub fn extend(&mut self, others: Self) {
        self.items.extend(others.items);
        others.added.into_iter().for_each(|(key, (entries, expires))| self.add_all(&key, entries, expires));
    }

    /// The items that are not what they are in `before`, and what is added to sets that is not in `before`, which comes last.
    pub fn changes(&self, before: &Self) -> Vec<Change> {
        let put = |(key, item): (&String, &Item)| {
            let old = before.items.get(key).and_then(|item| item.content.as_ref());
            let item = item.clone();
            let content = item.content.filter(|content| old != Some(content))?;
            let write = Write::Put { item: content, expected: item.version };
            Some(Change { key: key.clone(), write, expires: item.expires })
        };
        let add = |(key, (entries, expires)): (&String, &Added)| {
            let old = before.added.get(key).map(|(entries, _)| entries);
            let new: BTreeSet<String> =
                entries.iter().filter(|entry| old.is_none_or(|old| !old.contains(*entry))).cloned().collect();
            (!new.is_empty()).then(|| Change { key: key.clone(), write: Write::Add(new), expires: Some(*expires) })
        };
        self.items.iter().filter_map(put).chain(self.added.iter().filter_map(add)).collect()
    }

    /// Notes that these changes are stored.
    pub fn stored(&mut self, changes: &[Change]) {
        for Change { key, write, .. } in changes {
            match write {
                Write::Put { expected, .. } => {
                    if let Some(item) = self.items.get_mut(key) {
                        item.version = Some(Version::after(*expected));
                    }
                }
                Write::Add(entries) => {
                    if let Some((added, _)) = self.added.get_mut(key) {
                        added.retain(|entry| !entries.contains(entry));
                    }
                }
                Write::Remove(_) => {}
            }
        }
    }
}

fn kind<'a, K: ItemKind>(item: &'a mut StoredItem, key: &str) -> Result<&'a mut K, TableError> {
    K::of(item).ok_or_else(|| TableError::OtherKind { key: key.to_owned() })
}
