//! How much of an invocation's time each kind of work may use.
//!
//! Reading stops while the reserve is left, so that alerts can still be published and the rest handed back. The state
//! table is used until half of the reserve is left, and no request to it waits for long, so that alerts go out even
//! where it does not answer. Publishing stops while a quarter of the reserve is left, so that the function can still
//! answer.

use std::{future::Future, pin::pin, time::Duration};

use futures_util::future::{Either, select};
use jiff::Timestamp;

use super::port::Clock;
use crate::state::{Change, Stored, Table, TableError, Written};

/// The longest wait for the state table, which answers within some milliseconds.
const MAX_TABLE_WAIT: Duration = Duration::from_secs(5);

/// The time of one invocation.
pub(super) struct TimeBudget<'a, K> {
    clock: &'a K,
    reserve: Duration,
}

impl<'a, K: Clock> TimeBudget<'a, K> {
    /// Starts with an invocation. The reserve is at most half of its time, or too little would be left for work.
    pub(super) fn start(clock: &'a K, reserve: Duration) -> Self {
        Self { clock, reserve: reserve.min(clock.left() / 2) }
    }

    /// How much of it is left.
    pub(super) fn left(&self) -> Duration {
        self.clock.left()
    }

    /// Whether no time is left for reading.
    pub(super) fn is_up(&self) -> bool {
        self.clock.left() <= self.reserve
    }

    /// The time that each of several items may take, one after the other, so that the function can still answer.
    pub(super) fn share(&self, items: u32) -> Duration {
        self.clock.left().saturating_sub(self.reserve / 4) / items.max(1)
    }

    /// Runs a step of reading; `None` if no time is left for it.
    pub(super) async fn to_read<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.until_left(self.reserve, work).await
    }

    /// Runs a step of publishing; `None` if no time is left for it.
    pub(super) async fn to_publish<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.until_left(self.reserve / 4, work).await
    }

    /// Waits for something else than work; whether that leaves time for reading. If not, it does not wait.
    pub(super) async fn pause(&self, wait: Duration) -> bool {
        let left = self.clock.left().saturating_sub(wait);
        if left <= self.reserve {
            return false;
        }
        self.clock.until_left(left).await;
        true
    }

    /// Waits for the state table, at most [`MAX_TABLE_WAIT`]; `None` if no time is left for it.
    async fn to_use_table<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let left = self.clock.left();
        let wait = MAX_TABLE_WAIT.min(left / 8);
        self.until_left(left.saturating_sub(wait).max(self.reserve / 2), work).await
    }

    /// The time of day.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn until_left<T>(&self, left: Duration, work: impl Future<Output = T>) -> Option<T> {
        if self.clock.left() <= left {
            return None;
        }
        match select(pin!(work), pin!(self.clock.until_left(left))).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }
}

/// A table that is unavailable once no time is left for it.
pub(super) struct TimedTable<'a, T, K> {
    table: &'a T,
    time: &'a TimeBudget<'a, K>,
}

impl<'a, T, K> TimedTable<'a, T, K> {
    pub(super) fn new(table: &'a T, time: &'a TimeBudget<'a, K>) -> Self {
        Self { table, time }
    }
}

impl<T: Table, K: Clock> Table for TimedTable<'_, T, K> {
    async fn read(&self, keys: &[&str]) -> Result<Vec<Option<Stored>>, TableError> {
        self.time.to_use_table(self.table.read(keys)).await.unwrap_or_else(late)
    }

    async fn write(&self, changes: &[Change]) -> Result<Written, TableError> {
        self.time.to_use_table(self.table.write(changes)).await.unwrap_or_else(late)
    }

    fn due_keys(&self) -> Vec<String> {
        self.table.due_keys()
    }
}

fn late<T>() -> Result<T, TableError> {
    Err(TableError::NoAnswer)
}
