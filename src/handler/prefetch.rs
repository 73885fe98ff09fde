//! Objects that are asked for before their turn, so that several wait for S3 together.
//!
//! An object is small and its first byte takes tens of milliseconds: one after the other, most of an invocation would be
//! waiting. Bodies are read in their turn, so what is held of those to come is what the network holds; and since a server
//! gives up whom it waits for, no body is read that has lain for long.

use std::{collections::VecDeque, pin::Pin, time::Duration};

use futures_util::{Stream, StreamExt, stream};

use super::{Clock, FetchError, Objects, time_budget::Time};
use crate::object::ObjectId;

/// So many are asked for at once.
const AHEAD: usize = 5;
/// After the reading of an object that took longer, those behind it are asked for anew.
const LONGEST_LIE: Duration = Duration::from_secs(5);

/// The objects of a delivery, in their order.
pub(super) struct Ahead<'a, O: Objects> {
    objects: &'a O,
    /// Those that were not given yet.
    wanted: VecDeque<ObjectId>,
    answers: Answers<'a, O>,
    /// How much time of the invocation was left when the last one was given: since then the answers lie.
    since: Option<Duration>,
}

type Answers<'a, O> = Pin<Box<dyn Stream<Item = Answer<O>> + Send + 'a>>;
type Answer<O> = Result<<O as Objects>::Body, FetchError>;

impl<'a, O: Objects> Ahead<'a, O> {
    /// Those that will be wanted; nothing is asked for yet.
    pub(super) fn new(objects: &'a O, wanted: impl IntoIterator<Item = ObjectId>) -> Self {
        let wanted: VecDeque<ObjectId> = wanted.into_iter().collect();
        let answers = ask(objects, wanted.clone());
        Self { objects, wanted, answers, since: None }
    }

    /// Begins to read an object; those before it are given up. `time` says how much of the invocation's is left.
    pub(super) async fn get(&mut self, object: &ObjectId, time: &Time<'_, impl Clock>) -> Answer<O> {
        if self.since.is_some_and(|since| since.saturating_sub(time.left()) > LONGEST_LIE) {
            self.answers = ask(self.objects, self.wanted.clone());
        }
        while let Some(asked) = self.wanted.front() {
            let Some(answer) = self.answers.next().await else { break };
            let is_this = asked == object;
            self.wanted.pop_front();
            if is_this {
                self.since = Some(time.left());
                return answer;
            }
        }
        self.objects.get(object).await
    }
}

fn ask<O: Objects>(objects: &O, wanted: VecDeque<ObjectId>) -> Answers<'_, O> {
    let ask = move |object: ObjectId| async move { objects.get(&object).await };
    Box::pin(stream::iter(wanted).map(ask).buffered(AHEAD))
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
    use crate::handler::Body;

    /// Answers nothing until so many are asked for together.
    struct Together {
        needs: usize,
        waiting: AtomicUsize,
        most: AtomicUsize,
        asked: AtomicUsize,
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
            self.asked.fetch_add(1, Ordering::Relaxed);
            let waiting = self.waiting.fetch_add(1, Ordering::Relaxed) + 1;
            self.most.fetch_max(waiting, Ordering::Relaxed);
            let met = poll_fn(|context| {
                polls += 1;
                context.waker().wake_by_ref();
                match self.most.load(Ordering::Relaxed) >= self.needs {
                    true => Poll::Ready(true),
                    false if polls > 100 => Poll::Ready(false),
                    false => Poll::Pending,
                }
            });
            let met = met.await;
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            if met { Ok(Nothing) } else { Err(FetchError::passing("alone")) }
        }
    }

    fn objects(count: usize) -> Vec<ObjectId> {
        (0..count).map(|number| ObjectId { bucket: "b".to_owned(), key: number.to_string() }).collect()
    }

    /// So much time goes by whenever somebody looks.
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

    /// The most that waited together, and how often any was asked for, where an object takes `each` to read.
    fn check(needs: usize, wanted: usize, taken: &[usize], each: Duration) -> (usize, usize) {
        let fake =
            Together { needs, waiting: AtomicUsize::new(0), most: AtomicUsize::new(0), asked: AtomicUsize::new(0) };
        let clock = Ticking(each, AtomicU32::new(0));
        let time = Time::begin(&clock, Duration::ZERO);
        let all = objects(wanted.max(taken.len()));
        let mut ahead = Ahead::new(&fake, objects(wanted));
        for at in taken {
            assert!(pollster::block_on(ahead.get(&all[*at], &time)).is_ok(), "{at}");
        }
        drop(ahead);
        (fake.most.into_inner(), fake.asked.into_inner())
    }

    const QUICK: Duration = Duration::from_millis(10);

    #[test]
    fn objects_wait_together_and_not_all_at_once() {
        let ten: Vec<usize> = (0..10).collect();
        assert_eq!(check(AHEAD, 10, &ten, QUICK), (AHEAD, 10));
        assert_eq!(check(3, 3, &[0, 1, 2], QUICK), (3, 3));
    }

    #[test]
    fn one_that_is_passed_over_or_was_not_told_of_is_no_harm() {
        check(1, 6, &[0, 3, 5], QUICK);
        check(1, 0, &[0], QUICK);
        check(1, 2, &[1, 0], QUICK);
    }

    #[test]
    fn what_has_lain_for_long_is_asked_for_anew() {
        assert_eq!(check(3, 3, &[0, 1, 2], QUICK).1, 3);
        assert!(check(3, 3, &[0, 1, 2], 2 * LONGEST_LIE).1 > 3);
    }
}
