//! The tick: reads what is due in the slots that have ended, for one invocation at a time, and removes what is done.
//!
//! An entry is removed only after it is done, so a tick that ends at any point loses nothing; the next one repeats what is due and
//! not marked. A tick that is missed delays what is due.

use jiff::Timestamp;

use super::{
    arrivals::Round,
    due::{SLOT_SECONDS, slot, slot_keys},
    due_item::{DueItem, move_due, read_sets},
    entry::TickState,
    items::{Items, expires},
    store::update,
    table::{Table, TableError},
};

const KEY: &str = "tick/state";

/// How many slots are read again: within 15 minutes, an invocation ends that began to write before a slot ended
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const READ_AGAIN: i64 = 15 * 60 / SLOT_SECONDS;
/// How many slots back the first tick reads: a day.
const FIRST_READ: i64 = 24 * 3_600 / SLOT_SECONDS;
/// After how many slots an entry that could not be done moves to a new slot, so that a tick need not read all between: 12 hours.
const STALE: i64 = 12 * 3_600 / SLOT_SECONDS;
/// How many slots one request reads: their sets have at most 13 MB.
const SLOTS_AT_ONCE: i64 = 2;
/// How many bytes of entries are read before they are done, without the last request.
const MAX_BYTES: usize = 4 << 20;
/// The longest right that counts: no invocation runs for longer than 15 minutes, and clocks differ by less than one.
const LONGEST_RIGHT: i64 = 16 * 60;
/// How many slots back anything is stored: 36 days.
const OLDEST: i64 = 36 * 24 * 3_600 / SLOT_SECONDS;

/// The right to do what is due, and how far it is read.
#[derive(Debug)]
pub struct Tick {
    /// The end of the right, in seconds since 1970.
    until: i64,
    /// The first slot that an earlier tick did not read.
    cursor: i64,
    /// The next slot to read.
    next: i64,
    /// The last slot that has ended.
    last: i64,
    /// The first slot that was read with entries that this release cannot read.
    unread: Option<i64>,
    /// What to look at beside what is due.
    pub round: Round,
}

impl Tick {
    /// Takes the right to do what is due until `until`, the end of the invocation; `None` if another invocation has it. A state
    /// that no invocation stores, unless its clock is wrong, stops nothing: neither a right that ends later than any invocation,
    /// nor a cursor in the future.
    ///
    /// # Errors
    ///
    /// The table is unavailable.
    pub async fn begin(table: &impl Table, now: Timestamp, until: Timestamp) -> Result<Option<Self>, TableError> {
        let (mut items, mut down) = (Items::of([KEY.to_owned()]), None);
        let (now_seconds, until) = (now.as_second(), until.as_second());
        let last = slot(now_seconds).saturating_sub(1);
        let begun = update(table, &mut down, &mut items, |items| {
            let state = items.get::<TickState>(KEY)?;
            let left = state.map_or(0, |state| state.until.saturating_sub(now_seconds));
            if (1..=LONGEST_RIGHT).contains(&left) {
                return Ok(None);
            }
            let first = last.saturating_sub(FIRST_READ);
            let cursor = match state {
                // The one who stored it may have passed over what is due.
                Some(state) if left > 0 || state.cursor > last.saturating_add(2) => first.min(state.cursor),
                Some(state) => state.cursor,
                None => first,
            };
            let cursor = cursor.max(last.saturating_sub(OLDEST));
            let round = Round::after(state.and_then(|state| state.round), now_seconds);
            items.set(KEY, TickState { cursor, until, round: Some(round) });
            items.keep(KEY, expires(now_seconds, now));
            Ok(Some(Self { until, cursor, next: cursor.saturating_sub(READ_AGAIN), last, unread: None, round }))
        });
        begun.await.map_err(|not_stored| not_stored.error)
    }

    /// Whether slots are left to read.
    pub fn has_more(&self) -> bool {
        self.next <= self.last
    }

    /// Reads the next slots, some megabytes. Entries that this release cannot read are logged, and stay.
    ///
    /// # Errors
    ///
    /// The table is unavailable, and nothing was read before.
    pub async fn read(&mut self, table: &impl Table) -> Result<Vec<DueItem>, TableError> {
        let (mut found, mut bytes) = (Vec::new(), 0);
        while self.has_more() && bytes < MAX_BYTES {
            let end = self.next.saturating_add(SLOTS_AT_ONCE).min(self.last.saturating_add(1));
            let keys: Vec<String> = (self.next..end).flat_map(slot_keys).collect();
            let (items, unread) = match read_sets(table, &keys).await {
                Ok(read) => read,
                // If the table still fails, the next call says so.
                Err(_) if !found.is_empty() => break,
                Err(error) => return Err(error),
            };
            self.unread = [self.unread, unread].into_iter().flatten().min();
            for item in items {
                bytes += item.bytes();
                found.push(item);
            }
            self.next = end;
        }
        Ok(found)
    }

    /// Ends the tick. `left` is what is not done and remains due.
    ///
    /// # Errors
    ///
    /// The table is unavailable; the right ends with the invocation.
    pub async fn end(self, table: &impl Table, left: &[DueItem], now: Timestamp) -> Result<(), TableError> {
        let stale = self.last.saturating_sub(STALE);
        let (old, left): (Vec<_>, Vec<_>) = left.iter().partition(|item| item.slot().is_some_and(|at| at < stale));
        move_due(table, old, now).await?;
        let first_left = left.iter().filter_map(|item| item.slot()).min();
        // Entries that this release cannot read may be those of a later one, which may come back until they are stale.
        let first_unread = self.unread.filter(|slot| *slot >= stale);
        // A tick that read nothing does not go back.
        let cursor = [first_left, first_unread].into_iter().flatten().fold(self.next.max(self.cursor), i64::min);
        let (mut items, mut down) = (Items::of([KEY.to_owned()]), None);
        let ended = update(table, &mut down, &mut items, |items| {
            if items.get::<TickState>(KEY)?.is_some_and(|state| state.until == self.until) {
                items.set(KEY, TickState { cursor, until: 0, round: Some(self.round) });
                items.keep(KEY, expires(now.as_second(), now));
            }
            Ok(())
        });
        ended.await.map_err(|not_stored| not_stored.error)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    };

    use super::*;
    use crate::state::{Change, DueEntry, MemoryTable, Stored, StoredItem, Write, Written, due::due_key, remove_due};

    const BEGIN: i64 = 1_772_442_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(BEGIN + seconds).unwrap()
    }

    fn entry(name: &str) -> DueEntry {
        DueEntry::HeldBack { key: name.to_owned() }
    }

    /// Adds entries that are due at this time.
    fn add(table: &MemoryTable, due: i64, names: &[&str]) {
        for (number, name) in (0..).zip(names) {
            put(table, &due_key(BEGIN + due, number), &entry(name).encode());
        }
    }

    fn put(table: &MemoryTable, key: &str, text: &str) {
        let change = Change { key: key.to_owned(), write: Write::Add([text.to_owned()].into()), expires: None };
        assert_eq!(pollster::block_on(table.write(&[change])).unwrap(), Written::Stored);
    }

    fn begin(table: &impl Table, now: i64) -> Option<Tick> {
        pollster::block_on(Tick::begin(table, at(now), at(now + 290))).unwrap()
    }

    fn read(tick: &mut Tick, table: &impl Table) -> Vec<DueItem> {
        let mut found = Vec::new();
        while tick.has_more() {
            found.extend(pollster::block_on(tick.read(table)).unwrap());
        }
        found
    }

    fn names(items: &[DueItem]) -> Vec<String> {
        let name = |item: &DueItem| match &item.entry {
            DueEntry::HeldBack { key } => key.clone(),
            other => format!("{other:?}"),
        };
        let mut names: Vec<String> = items.iter().map(name).collect();
        names.sort();
        names
    }

    /// A whole tick at this time that does all but what has one of these names: what it found.
    fn tick(table: &impl Table, now: i64, fails: &[&str]) -> Vec<String> {
        let mut tick = begin(table, now).unwrap();
        let found = read(&mut tick, table);
        let is_left =
            |item: &&DueItem| names(std::slice::from_ref(item)).iter().any(|name| fails.contains(&name.as_str()));
        let (left, done): (Vec<_>, Vec<_>) = found.iter().partition(is_left);
        let left: Vec<DueItem> = left.into_iter().cloned().collect();
        pollster::block_on(async {
            remove_due(table, done, at(now)).await.unwrap();
            tick.end(table, &left, at(now)).await.unwrap();
        });
        names(&found)
    }

    #[test]
    fn what_is_due_is_read_once_its_slot_has_ended() {
        let table = MemoryTable::default();
        add(&table, 0, &["a", "b"]);
        add(&table, 299, &["c"]);
        add(&table, 300, &["d"]);
        assert_eq!(tick(&table, 299, &[]), [""; 0]);
        assert_eq!(tick(&table, 300, &[]), ["a", "b", "c"]);
        assert_eq!(tick(&table, 301, &[]), [""; 0]);
        assert_eq!(tick(&table, 900, &[]), ["d"]);
        // Ticks that are missed lose nothing, nor does an entry that is written late.
        add(&table, 1_000, &["e"]);
        add(&table, 80_000, &["f"]);
        assert_eq!(tick(&table, 86_000, &[]), ["e", "f"]);
        add(&table, 86_000 - 1_100, &["late"]);
        assert_eq!(tick(&table, 86_400, &[]), ["late"]);
    }

    #[test]
    fn the_first_tick_reads_what_a_day_left() {
        let table = MemoryTable::default();
        add(&table, -86_000, &["a"]);
        assert_eq!(tick(&table, 10, &[]), ["a"]);
    }

    /// Or each tick would have more to read than the one before.
    #[test]
    fn a_tick_that_reads_nothing_does_not_go_back() {
        let table = MemoryTable::default();
        tick(&table, 600, &[]);
        let cursor = || {
            begin(&table, 1_200).map(|tick| {
                let next = tick.next;
                pollster::block_on(tick.end(&table, &[], at(1_200))).unwrap();
                next
            })
        };
        assert_eq!((cursor(), cursor()), (Some(slot(BEGIN) - 1), Some(slot(BEGIN) - 1)));
    }

    #[test]
    fn one_invocation_works_until_it_ends() {
        let table = MemoryTable::default();
        add(&table, 0, &["a"]);
        let mut first = begin(&table, 600).unwrap();
        assert!(begin(&table, 601).is_none());
        assert!(begin(&table, 889).is_none());
        // The first one has crashed by now.
        let mut second = begin(&table, 890).unwrap();
        assert_eq!(names(&read(&mut second, &table)), ["a"]);
        // If it goes on nevertheless, it ends nothing of the second one's.
        read(&mut first, &table);
        pollster::block_on(first.end(&table, &[], at(891))).unwrap();
        assert!(begin(&table, 892).is_none());
        pollster::block_on(second.end(&table, &[], at(893))).unwrap();
        assert!(begin(&table, 893).is_some());
    }

    /// No invocation stores such a state, but others may write to the table.
    #[test]
    fn no_state_of_the_tick_keeps_what_is_due() {
        let now = BEGIN + 600;
        let slot = slot(now);
        for (cursor, until) in [
            (slot, now + LONGEST_RIGHT + 1),
            (slot, i64::MAX),
            (i64::MAX, i64::MAX),
            (i64::MAX, 0),
            (slot + 2, 0),
            (i64::MIN, 0),
            (i64::MIN, i64::MIN),
            (slot - OLDEST, now - 1),
        ] {
            let table = MemoryTable::default();
            add(&table, 0, &["a"]);
            let item = StoredItem::from(TickState { cursor, until, round: None });
            let change = Change { key: KEY.to_owned(), write: Write::Put { item, expected: None }, expires: None };
            pollster::block_on(table.write(&[change])).unwrap();
            let begun = begin(&table, 600).unwrap();
            assert!(begun.last - begun.next <= OLDEST + READ_AGAIN, "{cursor} {until}");
            pollster::block_on(begun.end(&table, &[], at(600))).unwrap();
            assert_eq!(tick(&table, 600, &[]), ["a"], "{cursor} {until}");
        }
        // The longest right that an invocation takes, by a clock that is a minute ahead.
        let table = MemoryTable::default();
        let ahead = pollster::block_on(Tick::begin(&table, at(660), at(660 + 900))).unwrap();
        assert!(ahead.is_some() && begin(&table, 600).is_none());
    }

    #[test]
    fn what_is_not_done_stays_due() {
        let table = MemoryTable::default();
        add(&table, 0, &["a", "b"]);
        for now in [600, 5_000, 40_000, 43_500] {
            assert_eq!(tick(&table, now, &["a"]).last().map(String::as_str), Some(if now == 600 { "b" } else { "a" }));
        }
        // After half a day it moves, so that the next ticks read few slots.
        let set = due_key(BEGIN, 0);
        let in_set = |table: &MemoryTable| table.due_keys().contains(&set);
        assert!(in_set(&table));
        assert_eq!(tick(&table, 43_800, &["a"]), ["a"]);
        assert!(!in_set(&table));
        let mut next = begin(&table, 44_400).unwrap();
        assert!(next.last - next.next < 10);
        assert_eq!(names(&read(&mut next, &table)), ["a"]);
    }

    #[test]
    fn a_crash_at_any_point_loses_nothing() {
        let table = MemoryTable::default();
        add(&table, 0, &["a", "b"]);
        // Between lease and reading, and between reading and removal.
        begin(&table, 600).unwrap();
        let mut crashed = begin(&table, 900).unwrap();
        let found = read(&mut crashed, &table);
        assert_eq!(names(&found), ["a", "b"]);
        // Between the removal of one and of the other.
        let mut crashed = begin(&table, 1_200).unwrap();
        read(&mut crashed, &table);
        pollster::block_on(remove_due(&table, &found[..1], at(1_200))).unwrap();
        assert_eq!(tick(&table, 1_500, &[]).len(), 1);
        assert_eq!(tick(&table, 1_501, &[]).len(), 0);
    }

    /// The table after each of these writes and reads is that in which a writer adds an entry to the slot that the tick reads.
    #[test]
    fn a_writer_between_any_two_steps_of_a_tick_loses_nothing() {
        /// A table that another delivery adds to before the request with this number.
        struct Interleaved<'t> {
            table: &'t MemoryTable,
            at: usize,
            requests: Mutex<usize>,
        }
        impl Interleaved<'_> {
            fn step(&self) {
                let mut requests = self.requests.lock().unwrap();
                if *requests == self.at {
                    add(self.table, 0, &["between"]);
                }
                *requests += 1;
            }
        }
        impl Table for Interleaved<'_> {
            async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
                self.step();
                self.table.read(keys).await
            }

            async fn write(&self, changes: &[Change]) -> Result<Written, TableError> {
                self.step();
                self.table.write(changes).await
            }
        }
        for request in 0.. {
            let table = MemoryTable::default();
            add(&table, 0, &["a"]);
            let both = Interleaved { table: &table, at: request, requests: Mutex::default() };
            let mut found = tick(&both, 300, &[]);
            if *both.requests.lock().unwrap() <= request {
                assert!(request > 100);
                break;
            }
            found.extend(tick(&table, 600, &[]));
            assert_eq!(found, ["a", "between"], "{request}");
        }
    }

    #[test]
    fn entries_and_sets_of_another_release_are_no_error() {
        let table = MemoryTable::default();
        add(&table, 0, &["a"]);
        put(&table, &due_key(BEGIN, 0), r#"{"later":{"x":1}}"#);
        put(&table, &due_key(BEGIN, 0), "?");
        put(&table, &due_key(BEGIN, 1), r#"{"held_back":{"key":"b","more":1}}"#);
        let item = StoredItem::from(TickState::default());
        let write = Write::Put { item, expected: None };
        let change = Change { key: due_key(BEGIN, 2), write, expires: None };
        pollster::block_on(table.write(&[change])).unwrap();
        assert_eq!(tick(&table, 300, &[]), ["a", "b"]);
        let unread = || {
            let keys = [0, 1, 2].map(|number| due_key(BEGIN, number));
            let stored = pollster::block_on(table.read(&keys.each_ref().map(String::as_str))).unwrap();
            let count = |stored: Option<Stored>| match stored?.0 {
                StoredItem::Due(texts) => Some(texts.len()).filter(|count| *count > 0),
                _ => Some(100),
            };
            stored.into_iter().map(count).collect::<Vec<_>>()
        };
        // What is not understood stays; a release that understands it finds it within half a day.
        let stays = [Some(2), None, Some(100)];
        assert_eq!(unread(), stays);
        for now in [600, 20_000, 43_200] {
            assert_eq!(tick(&table, now, &[]), [""; 0]);
            assert!(begin(&table, now + 1).unwrap().next <= slot(BEGIN));
            add(&table, now, &["c"]);
            assert_eq!(tick(&table, now + 300, &[]), ["c"]);
        }
        put(&table, &due_key(BEGIN, 5), &entry("rolled forward").encode());
        assert_eq!(tick(&table, 43_801, &[]), ["rolled forward"]);
        // Later it only waits to expire, and the next ticks read few slots.
        tick(&table, 44_400, &[]);
        let next = begin(&table, 44_700).unwrap();
        assert!(next.last - next.next < 10);
        assert_eq!(unread(), stays);
    }

    /// A table that answers the first requests alone.
    struct Failing<'t> {
        table: &'t MemoryTable,
        requests: AtomicUsize,
    }

    impl Table for Failing<'_> {
        async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
            let answered = self.requests.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
            answered.map_err(|_| TableError::service("throttled"))?;
            self.table.read(keys).await
        }

        async fn write(&self, changes: &[Change]) -> Result<Written, TableError> {
            self.table.write(changes).await
        }
    }

    #[test]
    fn what_was_read_before_an_error_is_found() {
        let table = MemoryTable::default();
        add(&table, 0, &["a"]);
        add(&table, 80_000, &["b"]);
        let mut tick = begin(&table, 86_400).unwrap();
        // The tick begins a day back, and reads two slots at once.
        let failing = Failing { table: &table, requests: AtomicUsize::new(20) };
        assert_eq!(names(&pollster::block_on(tick.read(&failing)).unwrap()), ["a"]);
        assert!(pollster::block_on(tick.read(&failing)).is_err());
        failing.requests.store(1_000, Relaxed);
        assert_eq!(names(&read(&mut tick, &failing)), ["b"]);
    }
}
