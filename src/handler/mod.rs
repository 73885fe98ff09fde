//! One invocation: decode → fetch → evaluate → decide → publish, and what must come again.
//!
//! Alerts are published before the invocation ends, and a failure of one object or one message stops no other; the
//! [`Outcome`] holds every failure, so that nothing is acknowledged that was not done.

mod answer;
mod channels;
mod decide;
mod evaluate;
mod failure;
mod metrics;
mod outbox;
mod outcome;
mod port;
mod prefetch;
mod time_budget;

use std::{sync::atomic::AtomicBool, time::Duration};

pub use channels::{Audience, Channels, Chat};
pub use failure::Failure;
pub use outcome::{Matches, ObjectCounts, Outcome, RecordCounts, Sends, Settled};
pub use port::{Body, Channel, Clock, FetchError, Objects, PublishError};

use evaluate::Run;
use prefetch::Ahead;
use time_budget::Time;

use crate::{
    alert::Origin,
    engine::{Engine, Scratch},
    log_file::Limits,
    state::{Outage, Table},
    trigger::{self, Delivery, Sender, Unit, Work},
};

/// How many failed alerts or bad records of an object, and how many bad parts of a payload, get a line each.
const MAX_TOLD: u64 = 20;

/// What one invocation may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// What a log file may hold.
    pub limits: Limits,
    /// A longer object, as it is stored, is given up.
    pub max_object_bytes: u64,
    /// How much time before the end of the invocation reading stops.
    pub time_reserve: Duration,
    /// Beyond so many alerts of a rule in an hour, one says what is held back.
    pub max_alerts_per_rule_hour: u32,
}

impl Default for Caps {
    /// CloudTrail writes no file of more than 50 MB, and SNS answers within some seconds.
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            max_object_bytes: 256 << 20,
            time_reserve: Duration::from_secs(10),
            max_alerts_per_rule_hour: 60,
        }
    }
}

/// What every invocation is handled with.
pub struct Handler<'a, O, C, T, K> {
    /// The rules.
    pub engine: &'a Engine,
    /// Where objects are.
    pub objects: &'a O,
    /// Where alerts go.
    pub channels: &'a Channels<C>,
    /// What is remembered of earlier invocations.
    pub table: &'a T,
    /// Whether the rules that alert only on what is new have begun to learn, which they do with the first record.
    pub learns: &'a AtomicBool,
    /// The time of this invocation.
    pub clock: &'a K,
    /// What it may cost.
    pub caps: Caps,
}

impl<O: Objects, C: Channel, T: Table, K: Clock> Handler<'_, O, C, T, K> {
    /// Handles one invocation to its end. What fails is in the outcome, and nothing else is held up by it.
    pub async fn handle(&self, payload: &[u8]) -> Outcome {
        let mut outcome = Outcome::default();
        match trigger::decode(payload) {
            Ok(delivery) => self.deliver(delivery, &mut outcome).await,
            Err(error) => {
                outcome.objects.seen += 1;
                outcome.objects.failed += 1;
                outcome.fail(error.into());
            }
        }
        if let Err(wrong) = outcome.check() {
            tracing::error!(reason = wrong, "the counts do not add up");
        }
        outcome.log();
        outcome
    }

    async fn deliver(&self, delivery: Delivery, outcome: &mut Outcome) {
        let time = Time::begin(self.clock, self.caps.time_reserve);
        let (mut scratch, mut outage) = (Scratch::default(), Outage::default());
        let mut objects = Ahead::new(self.objects, delivery.objects().cloned());
        let in_order = delivery.sender == Sender::Queue { is_fifo: true };
        outcome.sender = delivery.sender;
        for Unit { id, work } in delivery.units {
            let is_held = in_order && outcome.failures().next().is_some();
            outcome.begin(id);
            if is_held {
                outcome.fail(Failure::NotBegun);
            }
            let mut part = Part {
                handler: self,
                objects: &mut objects,
                time: &time,
                scratch: &mut scratch,
                outage: &mut outage,
                outcome,
                is_held,
                failed: 0,
            };
            for work in work {
                part.settle(work).await;
            }
            if let Some(count) = part.failed.checked_sub(MAX_TOLD).filter(|count| *count > 0) {
                outcome.fail(Failure::MoreParts { count });
            }
        }
    }
}

/// One unit of the delivery.
struct Part<'a, 'h, O: Objects, C, T, K> {
    handler: &'a Handler<'h, O, C, T, K>,
    objects: &'a mut Ahead<'h, O>,
    time: &'a Time<'a, K>,
    scratch: &'a mut Scratch,
    outage: &'a mut Outage,
    outcome: &'a mut Outcome,
    /// Whether it must wait for one before it.
    is_held: bool,
    /// How many of its items have failed before they began.
    failed: u64,
}

impl<'h, O: Objects, C: Channel, T: Table, K: Clock> Part<'_, 'h, O, C, T, K> {
    async fn settle(&mut self, work: Work) {
        self.outcome.objects.seen += u64::from(!matches!(work, Work::Record { .. }));
        match work {
            Work::Skip { what, reason } => self.outcome.skip(&what, reason),
            Work::Malformed(error) => {
                self.outcome.objects.failed += 1;
                self.fail(error.into());
            }
            Work::Object(_) if self.is_held => self.outcome.objects.failed += 1,
            Work::Record { .. } if self.is_held => {}
            Work::Object(object) => {
                let origin = Origin::Object(object.clone());
                if self.is_late(&origin) {
                    self.outcome.objects.failed += 1;
                    self.outcome.objects.out_of_time += 1;
                } else {
                    let (run, objects) = self.run(origin);
                    run.object(objects, object).await;
                }
            }
            Work::Record { text, origin } => {
                let origin = Origin::Message(origin);
                if !self.is_late(&origin) {
                    self.run(origin).0.record(&text).await;
                }
            }
        }
    }

    fn run(&mut self, origin: Origin) -> (Run<'_, C, T, K>, &mut Ahead<'h, O>) {
        let run = Run::new(self.handler, self.time, origin, self.scratch, self.outage, self.outcome);
        (run, self.objects)
    }

    /// Whether there is no time to begin, which is a failure.
    fn is_late(&mut self, origin: &Origin) -> bool {
        let is_late = self.time.is_up();
        if is_late {
            self.fail(Failure::OutOfTime { origin: origin.clone() });
        }
        is_late
    }

    /// A payload can have thousands of bad parts: the first are told one by one, the others are counted.
    fn fail(&mut self, failure: Failure) {
        self.failed += 1;
        if self.failed <= MAX_TOLD {
            self.outcome.fail(failure);
        }
    }
}
