//! How much of an invocation's time may be used for what.
//!
//! Reading ends while the reserve is left, so that what was found can still be published and what was not done handed
//! back; publishing ends while a quarter of it is left, so that the answer is given.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use super::Clock;

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
