//! Some items of the table while a decision is made: what was read, and what they become.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    entry::{ItemKind, StoredItem},
    table::{Change, Stored, TableError, Version},
};

/// How long an item is stored after it last mattered.
const KEPT: SignedDuration = SignedDuration::from_hours(35 * 24);

/// When the table may delete an item that matters until `end`, in seconds since 1970: some weeks after that and after `now`.
pub fn expires(end: i64, now: Timestamp) -> Timestamp {
    let end = Timestamp::from_second(end).unwrap_or(now).max(now);
    end.saturating_add(KEPT).unwrap_or(Timestamp::MAX)
}

/// Items by their keys.
#[derive(Clone, Debug, Default)]
pub struct Items(BTreeMap<String, Item>);

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
        Self(keys.into_iter().map(|key| (key, Item::default())).collect())
    }

    /// The keys of the items that are not read.
    pub fn unread(&self) -> Vec<String> {
        self.0.iter().filter(|(_, item)| !item.is_read).map(|(key, _)| key.clone()).collect()
    }

    /// Takes what was read under a key.
    pub fn read(&mut self, key: &str, stored: Option<Stored>) {
        let (content, version) = stored.unzip();
        self.0.insert(key.to_owned(), Item { content, version, is_read: true, expires: None });
    }

    /// Forgets what was read under a key, since another delivery wrote it.
    pub fn forget(&mut self, key: &str) {
        self.0.insert(key.to_owned(), Item::default());
    }

    /// What an item is, if there is one.
    ///
    /// # Errors
    ///
    /// The item is of another kind.
    pub fn get<K: ItemKind + Clone>(&mut self, key: &str) -> Result<Option<K>, TableError> {
        let content = self.0.get_mut(key).and_then(|item| item.content.as_mut());
        content.map(|item| kind(item, key).cloned()).transpose()
    }

    /// An item to change; an empty one where there is none.
    ///
    /// # Errors
    ///
    /// The item is of another kind.
    pub fn get_mut<K: ItemKind>(&mut self, key: &str) -> Result<&mut K, TableError> {
        let item = self.0.entry(key.to_owned()).or_default();
        kind(item.content.get_or_insert_with(|| K::default().into()), key)
    }

    /// Replaces an item.
    pub fn set(&mut self, key: &str, item: impl Into<StoredItem>) {
        self.0.entry(key.to_owned()).or_default().content = Some(item.into());
    }

    /// Keeps an item, if it is written, until `expires` or longer.
    pub fn keep(&mut self, key: &str, expires: Timestamp) {
        let item = self.0.entry(key.to_owned()).or_default();
        item.expires = item.expires.max(Some(expires));
    }

    /// Takes the items with these keys out of these; those that are missing are not read yet.
    pub fn take<'k>(&mut self, keys: impl IntoIterator<Item = &'k str>) -> Self {
        Self(keys.into_iter().map(|key| (key.to_owned(), self.0.remove(key).unwrap_or_default())).collect())
    }

    /// Adds other items, which replace those with the same keys.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// The items that are not what they are in `before`.
    pub fn changes(&self, before: &Self) -> Vec<Change> {
        let changed = |(key, item): (&String, &Item)| {
            let old = before.0.get(key).and_then(|item| item.content.as_ref());
            let item = item.clone();
            let content = item.content.filter(|content| old != Some(content))?;
            Some(Change { key: key.clone(), item: content, expected: item.version, expires: item.expires })
        };
        self.0.iter().filter_map(changed).collect()
    }

    /// Notes that these changes are stored.
    pub fn stored(&mut self, changes: &[Change]) {
        for change in changes {
            if let Some(item) = self.0.get_mut(&change.key) {
                item.version = Some(Version::after(change.expected));
            }
        }
    }
}

fn kind<'a, K: ItemKind>(item: &'a mut StoredItem, key: &str) -> Result<&'a mut K, TableError> {
    K::of(item).ok_or_else(|| TableError::OtherKind { key: key.to_owned() })
}
