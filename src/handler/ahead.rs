//! Objects that are asked for before their turn, so that several wait for S3 together.
//!
//! An object is small and its first byte takes tens of milliseconds: one after the other, most of an invocation would be
//! waiting. Bodies are read in their turn, so what is held of those to come is what the network holds; and since a server
//! gives up whom it waits for, no body is read that has lain for long.

use std::{
    collections::VecDeque,
    pin::Pin,
    time::{Duration, Instant},
};

use futures_util::{Stream, StreamExt, stream};

use super::{FetchError, Objects};
use crate::trigger::ObjectId;

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
    /// Since when the answers lie.
    since: Instant,
    longest_lie: Duration,
}

type Answers<'a, O> = Pin<Box<dyn Stream<Item = Answer<O>> + Send + 'a>>;
type Answer<O> = Result<<O as Objects>::Body, FetchError>;

impl<'a, O: Objects> Ahead<'a, O> {
    /// Those that will be wanted; nothing is asked for yet.
    pub(super) fn new(objects: &'a O, wanted: impl IntoIterator<Item = ObjectId>) -> Self {
        let wanted: VecDeque<ObjectId> = wanted.into_iter().collect();
        let answers = ask(objects, wanted.clone());
        Self { objects, wanted, answers, since: Instant::now(), longest_lie: LONGEST_LIE }
    }

    /// Begins to read an object; those before it are given up.
    pub(super) async fn get(&mut self, object: &ObjectId) -> Answer<O> {
        if self.since.elapsed() > self.longest_lie {
            self.answers = ask(self.objects, self.wanted.clone());
        }
        while let Some(asked) = self.wanted.front() {
            let Some(answer) = self.answers.next().await else { break };
            let is_this = asked == object;
            self.wanted.pop_front();
            if is_this {
                self.since = Instant::now();
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
        sync::atomic::{AtomicUsize, Ordering},
        task::Poll,
    };

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

    /// The most that waited together, and how often any was asked for.
    fn check(needs: usize, wanted: usize, taken: &[usize], longest_lie: Duration) -> (usize, usize) {
        let fake =
            Together { needs, waiting: AtomicUsize::new(0), most: AtomicUsize::new(0), asked: AtomicUsize::new(0) };
        let all = objects(wanted.max(taken.len()));
        let mut ahead = Ahead { longest_lie, ..Ahead::new(&fake, objects(wanted)) };
        for at in taken {
            assert!(pollster::block_on(ahead.get(&all[*at])).is_ok(), "{at}");
        }
        drop(ahead);
        (fake.most.into_inner(), fake.asked.into_inner())
    }

    #[test]
    fn objects_wait_together_and_not_all_at_once() {
        let ten: Vec<usize> = (0..10).collect();
        assert_eq!(check(AHEAD, 10, &ten, LONGEST_LIE), (AHEAD, 10));
        assert_eq!(check(3, 3, &[0, 1, 2], LONGEST_LIE), (3, 3));
    }

    #[test]
    fn one_that_is_passed_over_or_was_not_told_of_is_no_harm() {
        check(1, 6, &[0, 3, 5], LONGEST_LIE);
        check(1, 0, &[0], LONGEST_LIE);
        check(1, 2, &[1, 0], LONGEST_LIE);
    }

    #[test]
    fn what_has_lain_for_long_is_asked_for_anew() {
        assert_eq!(check(3, 3, &[0, 1, 2], LONGEST_LIE).1, 3);
        assert!(check(3, 3, &[0, 1, 2], Duration::ZERO).1 > 3);
    }
}
