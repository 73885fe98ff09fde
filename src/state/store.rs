//! Load, step, store: the only part of the state that waits for its table.
//!
//! A write that conflicts is decided anew, on what the other wrote.

use jiff::Timestamp;

use super::{Down, Put, Table, Version, entry::Kept};

/// So often a write is tried against others.
const ATTEMPTS: usize = 100;

/// An item's key, and when it may be forgotten.
pub type Place = (String, Option<Timestamp>);

/// A change that could not be kept, and what would have come of it, as far as that is known.
pub struct Failed<T> {
    pub down: Down,
    pub outcome: Option<T>,
}

impl<T> From<Failed<T>> for Down {
    fn from(failed: Failed<T>) -> Self {
        failed.down
    }
}

/// Reads one item, of which nothing is to be changed; `None` also where the table is down.
pub async fn read<K: Kept>(table: &impl Table, down: &mut Option<Down>, key: &str) -> Option<K> {
    if down.is_some() {
        return None;
    }
    match load(table, key).await {
        Ok((kept, _)) => kept,
        Err(error) => {
            *down = Some(error);
            None
        }
    }
}

/// Reads items, changes them and writes those that have changed, until no other has written in between. Of several items
/// some may be written before another conflicts: `change` sees its own work then.
pub async fn update<K: Kept, T>(
    table: &impl Table,
    down: &mut Option<Down>,
    places: &[Place],
    change: impl Fn(Vec<Option<K>>) -> (Vec<K>, T),
) -> Result<T, Failed<T>> {
    if let Some(down) = down {
        return Err(Failed { down: down.clone(), outcome: None });
    }
    let mut outcome = None;
    match (attempts(table, places, change, &mut outcome).await, outcome) {
        (Ok(()), Some(outcome)) => Ok(outcome),
        (result, outcome) => {
            let error = result.err().unwrap_or_else(|| Down("nothing was decided".to_owned()));
            *down = Some(error.clone());
            Err(Failed { down: error, outcome })
        }
    }
}

async fn attempts<K: Kept, T>(
    table: &impl Table,
    places: &[Place],
    change: impl Fn(Vec<Option<K>>) -> (Vec<K>, T),
    outcome: &mut Option<T>,
) -> Result<(), Down> {
    'again: for _ in 0..ATTEMPTS {
        let mut found = Vec::new();
        for (key, _) in places {
            found.push(load::<K>(table, key).await?);
        }
        let (changed, result) = change(found.iter().map(|(kept, _)| kept.clone()).collect());
        *outcome = Some(result);
        for (((key, expires), (kept, version)), changed) in places.iter().zip(found).zip(changed) {
            if kept.as_ref() != Some(&changed)
                && table.put(key, &changed.into(), version, *expires).await? == Put::Conflict
            {
                continue 'again;
            }
        }
        return Ok(());
    }
    Err(Down(format!("others wrote in between {ATTEMPTS} times")))
}

async fn load<K: Kept>(table: &impl Table, key: &str) -> Result<(Option<K>, Option<Version>), Down> {
    let Some((item, version)) = table.get(key).await? else { return Ok((None, None)) };
    match K::from_item(item) {
        None => Err(Down(format!("`{key}` is not what it should be"))),
        kept => Ok((kept, Some(version))),
    }
}
