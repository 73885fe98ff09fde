//! The tick: what is due is sent, by one invocation at a time. Where no table keeps what is due, the end of the invocation sends it.

use std::time::Duration;

use jiff::SignedDuration;

use super::{
    due_notices::DueNotices,
    failure::Failure,
    outcome::Outcome,
    pace::Pace,
    port::{Channel, Clock, Objects},
    setup::Handler,
    time_budget::{TimeBudget, TimedTable},
};
use crate::{
    alert::Origin,
    state::{Outage, Table, Tick, make_outage_due, read_all_due},
    trigger::SkipReason,
};

/// No invocation runs for longer (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
const LONGEST: Duration = Duration::from_mins(15);

impl<O: Objects, C: Channel, T: Table, K: Clock> Handler<'_, O, C, T, K> {
    /// Sends what is due in the slots that have ended.
    pub(super) async fn tick(&self, time: &TimeBudget<'_, K>, pace: &mut Pace, origin: String, outcome: &mut Outcome) {
        if !self.keeps_state {
            outcome.ticks += 1;
            return;
        }
        let table = TimedTable::new(self.table, time);
        let left = SignedDuration::try_from(time.left().min(LONGEST)).unwrap_or_default();
        let now = time.now();
        let until = now.saturating_add(left).unwrap_or(now);
        let begun = Tick::begin(&table, now, until).await;
        let origin = Origin::Message(origin);
        let mut tick = match begun {
            Ok(Some(tick)) => tick,
            Ok(None) => {
                outcome.objects.seen += 1;
                outcome.skip(&origin.to_string(), SkipReason::TickRunning);
                return;
            }
            Err(error) => return outcome.fail(Failure::Due { origin, error }),
        };
        let before = outcome.failed();
        let (mut left, mut failed) = (Vec::new(), None);
        let mut due = self.due_notices(&table, time, pace, origin.clone(), outcome);
        while tick.has_more() && !time.is_up() {
            match tick.read(&table).await {
                Ok(items) => left.extend(due.send(items).await),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        if !time.is_up() {
            self.report_silences(&tick, &table, now, &mut due).await;
        }
        due.finish();
        self.count_unconfirmed(time, outcome).await;
        let is_all = left.is_empty() && !tick.has_more();
        let ended = tick.end(&table, &left, time.now()).await;
        if let Some(error) = failed.or(ended.err()) {
            outcome.fail(Failure::Due { origin, error });
        } else if !is_all {
            tracing::warn!(entries = left.len(), "not all that is due is sent; the next tick sends the rest");
        }
        outcome.ticks += u64::from(is_all && outcome.failed() == before);
    }

    /// Sends what this invocation made due and nothing keeps.
    pub(super) async fn send_unkept(
        &self,
        time: &TimeBudget<'_, K>,
        outage: &Outage,
        pace: &mut Pace,
        outcome: &mut Outcome,
    ) {
        if self.keeps_state {
            // Nothing is due here but what an outage left.
            pace.leave_table();
            make_outage_due(outage, time.now()).await;
            self.send_all(outage.local(), time, pace, outcome).await;
        } else {
            self.send_all(self.table, time, pace, outcome).await;
        }
    }

    async fn send_all(&self, table: &impl Table, time: &TimeBudget<'_, K>, pace: &mut Pace, outcome: &mut Outcome) {
        let Ok(items) = read_all_due(table).await else { return };
        if items.is_empty() {
            return;
        }
        let origin = Origin::Message("the invocation".to_owned());
        let before = outcome.failed();
        let mut due = self.due_notices(table, time, pace, origin, outcome);
        let left = due.send(items).await.len() as u64;
        due.finish();
        if left > 0 || outcome.failed() > before {
            outcome.fail_everywhere(left.max(1));
        }
    }

    fn due_notices<'d, D: Table>(
        &'d self,
        table: &'d D,
        time: &'d TimeBudget<'d, K>,
        pace: &'d mut Pace,
        origin: Origin,
        outcome: &'d mut Outcome,
    ) -> DueNotices<'d, C, D, K> {
        let shared = (self.channels, self.engine.rules(), self.engine.accounts());
        DueNotices::new(shared, table, time, pace, origin, outcome)
    }
}
