//! From a payload to the outcome of its invocation, unit by unit.

use super::{
    evaluate::Evaluation,
    failure::Failure,
    isolation::{IsolatedItem, Isolation, SameProcess, items_to_isolate},
    outcome::Outcome,
    pace::Pace,
    port::{Channel, Clock, IsolationError, Objects},
    prefetch::Prefetch,
    report::Report,
    setup::{Handler, MAX_REPORTED},
    time_budget::TimeBudget,
    watch::Arrived,
};
use crate::{
    alert::Origin,
    engine::Scratch,
    state::{Outage, Table},
    trigger::{self, Delivery, LogEvents, Sender, Unit, Work},
};

impl<O: Objects, C: Channel, T: Table, K: Clock> Handler<'_, O, C, T, K> {
    /// Handles one invocation. The outcome holds whatever fails; a failure stops nothing else.
    pub async fn handle(&self, payload: &[u8]) -> Outcome {
        self.handle_isolated(payload, &mut SameProcess).await
    }

    /// Handles one invocation as [`Handler::handle`] does, but what may end the process in another one.
    pub async fn handle_isolated(&self, payload: &[u8], isolation: &mut impl Isolation) -> Outcome {
        let mut outcome = Outcome::default();
        match trigger::decode(payload) {
            Ok(delivery) => {
                let time = TimeBudget::start(self.clock, self.limits.time_reserve);
                let arrived = self.deliver(delivery, &time, isolation, &mut outcome).await;
                self.record_arrivals(arrived, &time).await;
            }
            Err(error) => {
                outcome.objects.seen += 1;
                outcome.objects.failed += 1;
                outcome.fail(error.into());
            }
        }
        if let Err(error) = outcome.check() {
            tracing::error!(reason = error.to_string(), "the counts do not add up");
        }
        outcome.log();
        outcome
    }

    /// Handles an item for another process.
    pub async fn handle_item(&self, item: IsolatedItem) -> Report {
        let mut outcome = Outcome::default();
        let units = vec![Unit { id: item.unit.clone(), message: None, work: vec![item.into_work()] }];
        let delivery = Delivery { sender: Sender::Service, is_redelivered: false, units };
        let time = TimeBudget::start(self.clock, self.limits.time_reserve);
        self.deliver(delivery, &time, &mut SameProcess, &mut outcome).await;
        Report::of(outcome)
    }

    /// Returns which sources sent logs.
    async fn deliver(
        &self,
        delivery: Delivery,
        time: &TimeBudget<'_, K>,
        isolation: &mut impl Isolation,
        outcome: &mut Outcome,
    ) -> Arrived {
        let (mut scratch, mut outage, mut pace) = (Scratch::default(), Outage::default(), Pace::new(self.limits.mail));
        let mut to_isolate = items_to_isolate(&delivery);
        let mut objects = Prefetch::new(self.objects, delivery.objects().cloned());
        let mut arrived = Arrived::new();
        let in_order = delivery.sender == Sender::Queue { is_fifo: true };
        outcome.sender = delivery.sender;
        for Unit { id, message, work } in delivery.units {
            let is_blocked = in_order && outcome.failures().next().is_some();
            outcome.start_unit(id, message);
            if is_blocked {
                outcome.fail(Failure::NotStarted);
            }
            let mut unit = UnitRun {
                handler: self,
                objects: &mut objects,
                time,
                scratch: &mut scratch,
                outage: &mut outage,
                pace: &mut pace,
                outcome,
                isolation: &mut *isolation,
                to_isolate: &mut to_isolate,
                is_blocked,
                failed: 0,
            };
            for work in work {
                if let Some((source, at)) = self.watch.arrival(&work, time.now()) {
                    let last = arrived.entry(source).or_insert(at);
                    *last = at.max(*last);
                }
                unit.run(work).await;
            }
            if let Some(count) = unit.failed.checked_sub(MAX_REPORTED).filter(|count| *count > 0) {
                outcome.fail(Failure::MoreParts { count });
            }
        }
        self.send_unkept(time, &outage, &mut pace, outcome).await;
        arrived
    }
}

/// One unit of the delivery.
struct UnitRun<'a, 'h, O: Objects, C, T, K, I> {
    handler: &'a Handler<'h, O, C, T, K>,
    objects: &'a mut Prefetch<'h, O>,
    time: &'a TimeBudget<'a, K>,
    scratch: &'a mut Scratch,
    outage: &'a mut Outage,
    pace: &'a mut Pace,
    outcome: &'a mut Outcome,
    isolation: &'a mut I,
    /// How many items are still to be handled in other processes.
    to_isolate: &'a mut u32,
    /// Whether a unit before it failed that must succeed first.
    is_blocked: bool,
    /// How many of its items failed before they were read.
    failed: u64,
}

impl<'h, O: Objects, C: Channel, T: Table, K: Clock, I: Isolation> UnitRun<'_, 'h, O, C, T, K, I> {
    async fn run(&mut self, work: Work) {
        let Some(work) = self.isolate(work).await else { return };
        self.outcome.objects.seen +=
            u64::from(!matches!(work, Work::Record { .. } | Work::LogEvents(_) | Work::Tick { .. }));
        match work {
            Work::Skip { what, reason } => self.outcome.skip(&what, reason),
            Work::Malformed(error) => {
                self.outcome.objects.failed += 1;
                self.fail(error.into());
            }
            Work::Object(_) if self.is_blocked => self.outcome.objects.failed += 1,
            Work::Record { .. } | Work::LogEvents(_) | Work::Tick { .. } if self.is_blocked => {}
            Work::Object(object) => {
                let origin = Origin::Object(object.clone());
                if self.is_late(&origin) {
                    self.outcome.objects.failed += 1;
                    self.outcome.objects.out_of_time += 1;
                } else {
                    let (evaluation, objects) = self.evaluation(origin);
                    evaluation.object(objects, object).await;
                }
            }
            Work::Record { text, origin } => {
                let origin = Origin::Message(origin);
                if !self.is_late(&origin) {
                    self.evaluation(origin).0.record(&text, 0).await;
                }
            }
            Work::LogEvents(events) => self.log_events(&events).await,
            Work::Tick { origin } => self.handler.tick(self.time, self.pace, origin, self.outcome).await,
        }
    }

    /// Evaluates log events one by one. Of those that are unreadable, only the first raise alerts of their own.
    async fn log_events(&mut self, events: &LogEvents) {
        let mut unread = 0;
        for (text, origin) in events.iter() {
            if self.time.is_up() {
                // The unit comes again as a whole, so one failure is enough.
                self.fail(Failure::OutOfTime { origin: Origin::Message(events.to_string()) });
                break;
            }
            unread = self.evaluation(Origin::Message(origin)).0.record(&text, unread).await;
        }
        self.evaluation(Origin::Message(events.to_string())).0.more_unread(unread).await;
    }

    /// Gives an item to another process, if it is to be isolated; returns what is to be handled in this process.
    async fn isolate(&mut self, work: Work) -> Option<Work> {
        if *self.to_isolate == 0 || self.is_blocked || self.time.is_up() {
            return Some(work);
        }
        let unit = self.outcome.units.last().and_then(|unit| unit.id.clone());
        let item = match IsolatedItem::new(unit, work) {
            Ok(item) => item,
            Err(work) => return Some(work),
        };
        let time = self.time.share(*self.to_isolate);
        *self.to_isolate -= 1;
        match self.isolation.run(&item, time).await {
            Ok(report) => report.add_to(self.outcome),
            Err(IsolationError::Unavailable) => return Some(item.into_work()),
            Err(error) => {
                let origin = item.origin();
                let is_object = u64::from(origin.object().is_some());
                self.outcome.objects.seen += is_object;
                self.outcome.objects.failed += is_object;
                self.outcome.killed += 1;
                self.fail(Failure::Killed { origin, error });
            }
        }
        self.outcome.isolated += 1;
        None
    }

    fn evaluation(&mut self, origin: Origin) -> (Evaluation<'_, C, T, K>, &mut Prefetch<'h, O>) {
        let evaluation =
            Evaluation::new(self.handler, self.time, origin, self.scratch, self.outage, self.pace, self.outcome);
        (evaluation, self.objects)
    }

    /// Whether too little time is left to start reading, which is a failure.
    fn is_late(&mut self, origin: &Origin) -> bool {
        let is_late = self.time.is_up();
        if is_late {
            self.fail(Failure::OutOfTime { origin: origin.clone() });
        }
        is_late
    }

    /// Counts a failure. A payload can have thousands of malformed parts: only the first are reported one by one.
    fn fail(&mut self, failure: Failure) {
        self.failed += 1;
        if self.failed <= MAX_REPORTED {
            self.outcome.fail(failure);
        }
    }
}
