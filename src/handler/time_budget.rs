//! How much of an invocation's time may be used for what.
//!
//! Reading ends while the reserve is left, so that what was found can still be published and what was not done handed
//! back; what is remembered is asked while half of it is left, and never waited for long, so that all is read and alerts go
//! out also where it does not answer; and
//! publishing ends while a quarter of it is left, so that the answer is given.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use jiff::Timestamp;

use super::Clock;
use crate::state::{Put, StoredItem, Table, TableError, Version};

/// So long a table is waited for: an answer takes some milliseconds.
const LONGEST_LOOK: Duration = Duration::from_secs(5);

/// The time of one invocation.
pub(super) struct Time<'a, K> {
    clock: &'a K,
    reserve: Duration,
}

impl<'a, K: Clock> Time<'a, K> {
    /// From the beginning of an invocation on. A reserve longer than half of the time would leave too little for work.
    pub(super) fn begin(clock: &'a K, reserve: Duration) -> Self {
        Self { clock, reserve: reserve.min(clock.left() / 2) }
    }

    /// How much is left of it.
    pub(super) fn left(&self) -> Duration {
        self.clock.left()
    }

    /// Whether no time is left to read.
    pub(super) fn is_up(&self) -> bool {
        self.clock.left() <= self.reserve
    }

    /// Does a step of reading; `None` if there is no time for it.
    pub(super) async fn to_read<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.until_left(self.reserve, work).await
    }

    /// Does a step of publishing; `None` if there is no time for it.
    pub(super) async fn to_publish<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.until_left(self.reserve / 4, work).await
    }

    /// Waits for what is remembered, and not for long; `None` if there is no time for it.
    async fn to_remember<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let left = self.clock.left();
        let patience = LONGEST_LOOK.min(left / 8);
        self.until_left(left.saturating_sub(patience).max(self.reserve / 2), work).await
    }

    /// The time of day.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn until_left<T>(&self, left: Duration, work: impl Future<Output = T>) -> Option<T> {
        if self.clock.left() <= left {
            return None;
        }
        let (mut work, mut end) = (pin!(work), pin!(self.clock.until_left(left)));
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => end.as_mut().poll(context).map(|()| None),
        })
        .await
    }
}

/// A table that is down once there is no time to ask it.
pub(super) struct InTime<'a, T, K> {
    table: &'a T,
    time: &'a Time<'a, K>,
}

impl<'a, T, K> InTime<'a, T, K> {
    pub(super) fn new(table: &'a T, time: &'a Time<'a, K>) -> Self {
        Self { table, time }
    }
}

impl<T: Table, K: Clock> Table for InTime<'_, T, K> {
    async fn get(&self, key: &str) -> Result<Option<(StoredItem, Version)>, TableError> {
        self.time.to_remember(self.table.get(key)).await.unwrap_or_else(late)
    }

    async fn put(
        &self,
        key: &str,
        item: &StoredItem,
        expected: Option<Version>,
        expires: Option<Timestamp>,
    ) -> Result<Put, TableError> {
        self.time.to_remember(self.table.put(key, item, expected, expires)).await.unwrap_or_else(late)
    }
}

fn late<T>() -> Result<T, TableError> {
    Err(TableError::NoAnswer)
}
