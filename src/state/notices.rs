//! What is due about series and hours, read from their items.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    claimant::Outage,
    due::DueEntry,
    due_item::{Unreadable, read_readable},
    entry::{ItemKind, StoredItem},
    follow_up::FollowUp,
    hourly::{EndedHour, HourlyAlerts},
    items::Items,
    key::rule_and_hour,
    series::SeriesItem,
    store::update,
    table::{MAX_CHANGES, Stored, Table, TableError},
};
use crate::rule::Rule;

/// What an entry of what is due is about; `None` where nothing is due any more.
pub type Found<T> = Result<Option<T>, Unreadable>;

/// What is due to follow alerts, each given by the key of its series and its anchor. `now` is the time of the clock.
///
/// # Errors
///
/// The table is unavailable.
pub async fn follow_ups(
    table: &impl Table,
    rules: &[Arc<Rule>],
    due: &[(&str, i64)],
    now: Timestamp,
) -> Result<Vec<Found<FollowUp>>, TableError> {
    let mut found = Vec::new();
    for due in due.chunks(MAX_CHANGES) {
        let mut keys: Vec<&str> = due.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut stored = read_readable(table, &keys).await?;
        for (key, anchor) in due {
            found.push(match keys.binary_search(key).ok().and_then(|at| stored.get_mut(at)) {
                Some(Ok(Some((item, _)))) => follow_up(rules, key, item, *anchor, now),
                Some(Err(Unreadable)) => Err(Unreadable),
                Some(Ok(None)) | None => Ok(None),
            });
        }
    }
    Ok(found)
}

fn follow_up(rules: &[Arc<Rule>], key: &str, item: &mut StoredItem, anchor: i64, now: Timestamp) -> Found<FollowUp> {
    let id = key.strip_prefix("series/").and_then(|rest| rest.rsplit_once('/')).map(|(id, _)| id);
    let (Some(id), Some(series)) = (id, SeriesItem::of(item)) else { return Err(unknown(key)) };
    let rule = rules.iter().find(|rule| rule.id == id);
    Ok(rule.and_then(|rule| FollowUp::of(rule, key, series, anchor, now)))
}

fn unknown(key: &str) -> Unreadable {
    tracing::error!(key, "this release does not know such an item of what is due");
    Unreadable
}

/// What the hourly limit held back in ended hours, given by the keys of their items, each different.
///
/// # Errors
///
/// The table is unavailable.
pub async fn ended_hours(table: &impl Table, keys: &[&str]) -> Result<Vec<Found<EndedHour>>, TableError> {
    let mut found = Vec::new();
    for keys in keys.chunks(MAX_CHANGES) {
        let ended = |(key, stored): (&&str, Result<Option<Stored>, Unreadable>)| {
            let Some((mut item, _)) = stored? else { return Ok(None) };
            let alerts = HourlyAlerts::of(&mut item).filter(|_| rule_and_hour(key).is_some());
            Ok(alerts.ok_or_else(|| unknown(key))?.ended())
        };
        found.extend(keys.iter().zip(read_readable(table, keys).await?).map(ended));
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
