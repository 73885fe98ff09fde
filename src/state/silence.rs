//! Which accounts and regions have fallen silent, as the table has it.
//!
//! Each has an item, which is written once an hour at most, and is in one of the sets that list them, since a table is never
//! scanned. Each tick looks at a part of the sets, so that an hour of ticks looks at all.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    arrivals::{Arrivals, LogSource, Round, Silence},
    entry::StoredItem,
    items::{Items, expires},
    store::update,
    table::{Change, MAX_CHANGES, Table, TableError, Write},
};

/// How many sources change at once: each is an item and an entry of a set.
const AT_ONCE: usize = MAX_CHANGES / 2;

/// Records when these sources sent logs, unless a time within the hour before, or a later one, is recorded. `now` is the time of the
/// clock. Returns the time that is recorded of each now.
///
/// # Errors
///
/// The table is unavailable.
pub async fn record_arrivals(
    table: &impl Table,
    arrivals: &[(LogSource, Timestamp)],
    now: Timestamp,
) -> Result<Vec<(LogSource, Timestamp)>, TableError> {
    let mut all = Vec::new();
    for arrivals in arrivals.chunks(AT_ONCE) {
        let (mut items, mut down) = (Items::of(arrivals.iter().map(|(source, _)| source.key())), None);
        let recorded = update(table, &mut down, &mut items, |items| {
            let mut recorded = Vec::new();
            for (source, time) in arrivals {
                let (key, time) = (source.key(), time.as_second());
                let mut known = items.get::<Arrivals>(&key)?.unwrap_or_default();
                if known.is_due(time) {
                    // Once a day, so that the set is kept as long as anything of it arrives.
                    if known.is_first_of_day(time) {
                        items.add(&source.set_key(), source.entry(), expires(time, now));
                    }
                    known.record(time);
                    items.set(&key, known.clone());
                    items.keep(&key, expires(time, now));
                }
                recorded.extend(Timestamp::from_second(known.last).ok().map(|last| (source.clone(), last)));
            }
            Ok(recorded)
        });
        all.extend(recorded.await.map_err(|not_stored| not_stored.error)?);
    }
    Ok(all)
}

/// The sources of a round that are silent at the time `now`: for three times the longest gap of their last week, and for
/// `at_least` seconds. A source that was silent on two days of that week is never among them.
///
/// # Errors
///
/// The table is unavailable.
pub async fn silences(
    table: &impl Table,
    round: Round,
    now: Timestamp,
    at_least: i64,
) -> Result<Vec<Silence>, TableError> {
    let keys: Vec<String> = round.set_keys().collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut silences = Vec::new();
    for (key, stored) in keys.iter().zip(table.read(&keys).await?) {
        let Some((StoredItem::Due(entries), _)) = stored else { continue };
        let entries: Vec<String> = entries.into_iter().collect();
        for entries in entries.chunks(MAX_CHANGES) {
            silences.extend(silences_of(table, key, entries, now, at_least).await?);
        }
    }
    Ok(silences)
}

async fn silences_of(
    table: &impl Table,
    set: &str,
    entries: &[String],
    now: Timestamp,
    at_least: i64,
) -> Result<Vec<Silence>, TableError> {
    let known: Vec<LogSource> = entries.iter().filter_map(|entry| LogSource::of_entry(entry)).collect();
    let keys: Vec<String> = known.iter().map(LogSource::key).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let (mut silences, mut gone) = (Vec::new(), BTreeSet::new());
    for (source, stored) in known.into_iter().zip(table.read(&keys).await?) {
        match stored {
            Some((StoredItem::Arrivals(arrivals), _)) if arrivals.is_silent(now.as_second(), at_least) => {
                let longest_gap = arrivals.longest_gap();
                let Arrivals { last, reported, .. } = arrivals;
                silences.push(Silence { source, since: last, longest_gap, is_reported: reported });
            }
            Some(_) => {}
            // The table has deleted the item, weeks after the last arrival.
            None => drop(gone.insert(source.entry())),
        }
    }
    if !gone.is_empty() {
        table.write(&[Change { key: set.to_owned(), write: Write::Remove(gone), expires: None }]).await?;
    }
    Ok(silences)
}

/// Marks these silences as reported; not one that has ended since.
///
/// # Errors
///
/// The table is unavailable, and the alert may be repeated.
pub async fn mark_reported(table: &impl Table, silences: &[&Silence], now: Timestamp) -> Result<(), TableError> {
    for silences in silences.chunks(MAX_CHANGES) {
        let (mut items, mut down) = (Items::of(silences.iter().map(|silence| silence.source.key())), None);
        let marked = update(table, &mut down, &mut items, |items| {
            for silence in silences {
                let key = silence.source.key();
                let Some(arrivals) = items.get::<Arrivals>(&key)?.filter(|arrivals| arrivals.last == silence.since)
                else {
                    continue;
                };
                items.set(&key, Arrivals { reported: true, ..arrivals });
                items.keep(&key, expires(silence.since, now));
            }
            Ok(())
        });
        marked.await.map_err(|not_stored| not_stored.error)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::MemoryTable;

    const HOUR: i64 = 3_600;

    const BEGIN: i64 = 1_772_409_600; // 2026-03-02T00:00:00Z

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(BEGIN + hours * HOUR).unwrap()
    }

    fn source(region: &str) -> LogSource {
        LogSource::new("111122223333", region).unwrap()
    }

    fn record(table: &MemoryTable, region: &str, hours: impl IntoIterator<Item = i64>) {
        for hour in hours {
            pollster::block_on(record_arrivals(table, &[(source(region), at(hour))], at(hour))).unwrap();
        }
    }

    /// What the ticks of an hour find.
    fn silent_for(table: &MemoryTable, hour: i64, at_least: i64) -> Vec<Silence> {
        let (mut round, mut found) = (None, Vec::new());
        for tick in 0..12 {
            let next = Round::after(round, tick * 300);
            found.extend(pollster::block_on(silences(table, next, at(hour), at_least)).unwrap());
            round = Some(next);
        }
        found
    }

    fn silent(table: &MemoryTable, hour: i64) -> Vec<Silence> {
        silent_for(table, hour, 2 * HOUR)
    }

    fn regions(found: &[Silence]) -> Vec<&str> {
        found.iter().map(|silence| silence.source.region()).collect()
    }

    #[test]
    fn a_source_is_silent_after_three_times_its_longest_gap() {
        let table = MemoryTable::default();
        // Seven days, with a gap of four hours every night.
        record(&table, "eu-west-1", (0..168).filter(|hour| hour % 24 < 21));
        assert_eq!(silent(&table, 164 + 12), []);
        let expected = Silence {
            source: source("eu-west-1"),
            since: BEGIN + 164 * HOUR,
            longest_gap: 4 * HOUR,
            is_reported: false,
        };
        assert_eq!(silent(&table, 164 + 13), [expected]);
        record(&table, "eu-west-1", [164 + 14]);
        assert_eq!(silent(&table, 164 + 15), []);
    }

    #[test]
    fn a_source_that_did_not_deliver_on_six_of_seven_days_is_not_watched() {
        let table = MemoryTable::default();
        record(&table, "eu-west-1", (0..5).map(|day| day * 24));
        record(&table, "eu-west-2", (0..5).chain(6..7).map(|day| day * 24));
        // Of the first days, only those of the last week count.
        record(&table, "eu-west-3", [0, 24, 48, 72, 240, 264, 288]);
        assert_eq!(regions(&silent(&table, 2_000)), ["eu-west-2"]);
    }

    #[test]
    fn a_busy_source_is_silent_after_the_least_time() {
        let table = MemoryTable::default();
        record(&table, "eu-west-1", 0..168);
        assert_eq!(silent(&table, 167 + 3), []);
        assert_eq!(regions(&silent(&table, 167 + 4)), ["eu-west-1"]);
        assert_eq!(silent_for(&table, 167 + 4, 5 * HOUR), []);
    }

    #[test]
    fn a_source_is_written_once_an_hour() {
        let table = MemoryTable::default();
        let version = || {
            let key = source("eu-west-1").key();
            pollster::block_on(table.read(&[&key])).unwrap().remove(0).unwrap().1.0
        };
        let record = |seconds: i64| {
            let now = Timestamp::from_second(BEGIN + seconds).unwrap();
            pollster::block_on(record_arrivals(&table, &[(source("eu-west-1"), now)], now)).unwrap();
        };
        record(0);
        let first = version();
        for seconds in [0, 1, 3_599, -5] {
            record(seconds);
        }
        assert_eq!(version(), first);
        record(3_600);
        assert_eq!(version(), first + 1);
    }

    #[test]
    fn what_is_reported_is_marked_until_logs_arrive() {
        let table = MemoryTable::default();
        record(&table, "eu-west-1", 0..168);
        let found = silent(&table, 180);
        let mark = |found: &[Silence]| {
            pollster::block_on(mark_reported(&table, &found.iter().collect::<Vec<_>>(), at(180))).unwrap();
        };
        mark(&found);
        assert!(silent(&table, 181).iter().all(|silence| silence.is_reported));
        record(&table, "eu-west-1", [181]);
        // Too late.
        mark(&found);
        let again = silent(&table, 400);
        assert_eq!(again.len(), 1);
        assert!(!again[0].is_reported);
    }

    #[test]
    fn a_source_whose_item_is_deleted_leaves_its_set() {
        let table = MemoryTable::default();
        let entry = |table: &MemoryTable| match pollster::block_on(table.read(&[&source("eu-west-1").set_key()]))
            .unwrap()
            .remove(0)
        {
            Some((StoredItem::Due(entries), _)) => entries.len(),
            _ => 0,
        };
        let add = Change {
            key: source("eu-west-1").set_key(),
            write: Write::Add([source("eu-west-1").entry()].into()),
            expires: None,
        };
        pollster::block_on(table.write(&[add])).unwrap();
        assert_eq!(entry(&table), 1);
        assert_eq!(silent(&table, 0), []);
        assert_eq!(entry(&table), 0);
    }
}
