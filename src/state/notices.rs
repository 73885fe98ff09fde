//! What is due about series and hours, read from their items.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    claimant::Outage,
    due::DueEntry,
    due_item::read_readable,
    entry::{ItemKind, StoredItem},
    follow_up::FollowUp,
    hourly::{EndedHour, HourlyAlerts},
    items::Items,
    series::SeriesItem,
    store::update,
    table::{MAX_CHANGES, Stored, Table, TableError},
};
use crate::rule::Rule;

/// What is due to follow alerts, each given by the key of its series and its anchor; `None` where nothing is due any more. `now` is
/// the time of the clock.
///
/// # Errors
///
/// The table is unavailable.
pub async fn follow_ups(
    table: &impl Table,
    rules: &[Arc<Rule>],
    due: &[(&str, i64)],
    now: Timestamp,
) -> Result<Vec<Option<FollowUp>>, TableError> {
    let mut found = Vec::new();
    for due in due.chunks(MAX_CHANGES) {
        let mut keys: Vec<&str> = due.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut stored = read_readable(table, &keys).await?;
        for (key, anchor) in due {
            let stored: Option<&mut Stored> = keys.binary_search(key).ok().and_then(|at| stored.get_mut(at)?.as_mut());
            found.push(stored.and_then(|(item, _)| follow_up(rules, key, item, *anchor, now)));
        }
    }
    Ok(found)
}

fn follow_up(rules: &[Arc<Rule>], key: &str, item: &mut StoredItem, anchor: i64, now: Timestamp) -> Option<FollowUp> {
    let (id, _) = key.strip_prefix("series/")?.rsplit_once('/')?;
    let rule = rules.iter().find(|rule| rule.id == id)?;
    FollowUp::of(rule, key, SeriesItem::of(item)?, anchor, now)
}

/// What the hourly limit held back in ended hours, given by the keys of their items, each different; `None` where nothing was.
///
/// # Errors
///
/// The table is unavailable.
pub async fn ended_hours(table: &impl Table, keys: &[&str]) -> Result<Vec<Option<EndedHour>>, TableError> {
    let mut found = Vec::new();
    for keys in keys.chunks(MAX_CHANGES) {
        let ended = |stored: Option<Stored>| HourlyAlerts::of(&mut stored?.0)?.ended();
        found.extend(read_readable(table, keys).await?.into_iter().map(ended));
    }
    Ok(found)
}

/// Makes due what the hourly limit held back during an outage, for the end of the invocation. `now` is the time of the clock.
pub async fn make_outage_due(outage: &Outage, now: Timestamp) {
    let (mut items, mut down) = (Items::default(), None);
    let made = update(&outage.local, &mut down, &mut items, |items| {
        for (key, alerts) in outage.alerts.iter().filter(|(_, alerts)| alerts.ended().is_some()) {
            items.set(key, alerts.clone());
            DueEntry::HeldBack { key: key.clone() }.add(items, 0, 0, now);
        }
        Ok(())
    });
    // A table in memory takes everything, at once.
    let _ = made.await;
}
