//! Requests objects before their turn, so that several requests wait for S3 at once.
//!
//! An object is small, and S3 takes tens of milliseconds to answer: with one request at a time, an invocation would
//! mostly wait. Bodies are read in their turn, so only the network buffers of the next ones are in memory. S3 closes
//! idle connections, so an answer that was idle for long is requested again.

use std::{collections::VecDeque, pin::Pin, time::Duration};

use futures_util::{Stream, StreamExt, stream};

use super::{
    port::{Clock, FetchError, Objects},
    time_budget::TimeBudget,
};
use crate::object::ObjectId;

/// How many requests wait at once.
const MAX_CONCURRENT: usize = 5;
/// The longest time that an answer may be idle: after an object that took longer to read, the next ones are requested
/// again.
const MAX_PREFETCH_IDLE: Duration = Duration::from_secs(5);

/// The objects of a delivery, in their order.
pub(super) struct Prefetch<'a, O: Objects> {
    objects: &'a O,
    /// Those that were not returned yet.
    pending: VecDeque<ObjectId>,
    responses: Responses<'a, O>,
    /// How much time of the invocation was left when the last one was returned: since then the responses are idle.
    idle_since: Option<Duration>,
}

type Responses<'a, O> = Pin<Box<dyn Stream<Item = Fetched<O>> + Send + 'a>>;
type Fetched<O> = Result<<O as Objects>::Body, FetchError>;

impl<'a, O: Objects> Prefetch<'a, O> {
    /// Prepares to request these objects in their order; the first call of [`Prefetch::get`] sends the first requests.
    pub(super) fn new(objects: &'a O, pending: impl IntoIterator<Item = ObjectId>) -> Self {
        let pending: VecDeque<ObjectId> = pending.into_iter().collect();
        let responses = request(objects, pending.clone());
        Self { objects, pending, responses, idle_since: None }
    }

    /// Starts to read an object, and skips those before it. `time` is what is left of the invocation.
    pub(super) async fn get(&mut self, object: &ObjectId, time: &TimeBudget<'_, impl Clock>) -> Fetched<O> {
        if self.idle_since.is_some_and(|since| since.saturating_sub(time.left()) > MAX_PREFETCH_IDLE) {
            self.responses = request(self.objects, self.pending.clone());
        }
        while let Some(requested) = self.pending.front() {
            let Some(response) = self.responses.next().await else { break };
            let is_this = requested == object;
            self.pending.pop_front();
            if is_this {
                self.idle_since = Some(time.left());
                return response;
            }
        }
        self.objects.get(object).await
    }
}

fn request<O: Objects>(objects: &O, pending: VecDeque<ObjectId>) -> Responses<'_, O> {
    let get = move |object: ObjectId| async move { objects.get(&object).await };
    Box::pin(stream::iter(pending).map(get).buffered(MAX_CONCURRENT))
}

#[cfg(test)]
mod tests {
    use std::{
        future::poll_fn,
        sync::atomic::{AtomicU32, AtomicUsize, Ordering},
        task::Poll,
    };

    use jiff::Timestamp;

    use super::*;
    use crate::handler::port::Body;

    /// Answers only once `needs` requests wait together.
    struct Together {
        needs: usize,
        waiting: AtomicUsize,
        max_waiting: AtomicUsize,
        requests: AtomicUsize,
    }

    struct Nothing;

    impl Body for Nothing {
        type Chunk = Vec<u8>;

        async fn next(&mut self) -> Result<Option<Vec<u8>>, FetchError> {
            Ok(None)
        }
    }

    impl Objects for Together {
        type Body = Nothing;

        async fn get(&self, _: &ObjectId) -> Result<Nothing, FetchError> {
            let mut polls = 0;
            self.requests.fetch_add(1, Ordering::Relaxed);
            let waiting = self.waiting.fetch_add(1, Ordering::Relaxed) + 1;
            self.max_waiting.fetch_max(waiting, Ordering::Relaxed);
            let met = poll_fn(|context| {
                polls += 1;
                context.waker().wake_by_ref();
                match self.max_waiting.load(Ordering::Relaxed) >= self.needs {
                    true => Poll::Ready(true),
                    false if polls > 100 => Poll::Ready(false),
                    false => Poll::Pending,
                }
            });
            let met = met.await;
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            if met { Ok(Nothing) } else { Err(FetchError::transient("alone")) }
        }
    }

    fn objects(count: usize) -> Vec<ObjectId> {
        (0..count).map(|number| ObjectId { bucket: "b".to_owned(), key: number.to_string() }).collect()
    }

    /// A clock on which this much time passes at every look.
    struct Ticking(Duration, AtomicU32);

    impl Clock for Ticking {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn left(&self) -> Duration {
            Duration::from_mins(15).saturating_sub(self.0 * self.1.fetch_add(1, Ordering::Relaxed))
        }

        async fn until_left(&self, _: Duration) {}
    }

    /// The most requests that waited together, and the number of requests, where each object takes `each` to read.
    fn check(needs: usize, listed: usize, taken: &[usize], each: Duration) -> (usize, usize) {
        let fake = Together {
            needs,
            waiting: AtomicUsize::new(0),
            max_waiting: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
        };
        let clock = Ticking(each, AtomicU32::new(0));
        let time = TimeBudget::start(&clock, Duration::ZERO);
        let all = objects(listed.max(taken.len()));
        let mut prefetch = Prefetch::new(&fake, objects(listed));
        for at in taken {
            assert!(pollster::block_on(prefetch.get(&all[*at], &time)).is_ok(), "{at}");
        }
        drop(prefetch);
        (fake.max_waiting.into_inner(), fake.requests.into_inner())
    }

    const QUICK: Duration = Duration::from_millis(10);

    #[test]
    fn requests_wait_together_up_to_a_limit() {
        let ten: Vec<usize> = (0..10).collect();
        assert_eq!(check(MAX_CONCURRENT, 10, &ten, QUICK), (MAX_CONCURRENT, 10));
        assert_eq!(check(3, 3, &[0, 1, 2], QUICK), (3, 3));
    }

    #[test]
    fn objects_may_be_skipped_or_unlisted() {
        check(1, 6, &[0, 3, 5], QUICK);
        check(1, 0, &[0], QUICK);
        check(1, 2, &[1, 0], QUICK);
    }

    #[test]
    fn idle_responses_are_requested_again() {
        assert_eq!(check(3, 3, &[0, 1, 2], QUICK).1, 3);
        assert!(check(3, 3, &[0, 1, 2], 2 * MAX_PREFETCH_IDLE).1 > 3);
    }
}
