//! Objects that are asked for before their turn, so that several wait for S3 together.
//!
//! An object is small and its first byte takes tens of milliseconds: one after the other, most of an invocation would be
//! waiting. Bodies are read in their turn, so what is held of those to come is what the network holds.

use std::pin::Pin;

use futures_util::{Stream, StreamExt, stream};

use super::{FetchError, Objects};
use crate::trigger::ObjectId;

/// So many are asked for at once.
pub(super) const AHEAD: usize = 5;

/// The objects of a delivery, in their order.
pub(super) struct Ahead<'a, O: Objects> {
    objects: &'a O,
    answers: Pin<Box<dyn Stream<Item = Answer<O>> + Send + 'a>>,
}

/// An object that was asked for, and what came of it.
type Answer<O> = (ObjectId, Result<<O as Objects>::Body, FetchError>);

impl<'a, O: Objects> Ahead<'a, O> {
    /// Those that will be wanted; nothing is asked for yet.
    pub(super) fn new(objects: &'a O, wanted: Vec<ObjectId>) -> Self {
        let ask = move |object: ObjectId| async move {
            let answer = objects.get(&object).await;
            (object, answer)
        };
        Self { objects, answers: Box::pin(stream::iter(wanted).map(ask).buffered(AHEAD)) }
    }

    /// Begins to read an object; those before it are given up.
    pub(super) async fn get(&mut self, object: &ObjectId) -> Result<O::Body, FetchError> {
        while let Some((asked, answer)) = self.answers.next().await {
            if asked == *object {
                return answer;
            }
        }
        self.objects.get(object).await
    }
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

    fn check(needs: usize, wanted: usize, taken: &[usize]) -> usize {
        let fake = Together { needs, waiting: AtomicUsize::new(0), most: AtomicUsize::new(0) };
        let all = objects(wanted.max(taken.len()));
        let mut ahead = Ahead::new(&fake, objects(wanted));
        for at in taken {
            assert!(pollster::block_on(ahead.get(&all[*at])).is_ok(), "{at}");
        }
        drop(ahead);
        fake.most.into_inner()
    }

    #[test]
    fn objects_wait_together_and_not_all_at_once() {
        assert_eq!(check(AHEAD, 2 * AHEAD, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), AHEAD);
        assert_eq!(check(3, 3, &[0, 1, 2]), 3);
    }

    #[test]
    fn one_that_is_passed_over_or_was_not_told_of_is_no_harm() {
        check(1, 6, &[0, 3, 5]);
        check(1, 0, &[0]);
        check(1, 2, &[1, 0]);
    }
}
