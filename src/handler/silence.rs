//! What the tick looks at beside what is due: accounts and regions that have fallen silent, and addresses that get no alerts.

use jiff::Timestamp;

use super::{
    due_notices::DueNotices,
    outcome::Outcome,
    port::{Channel, Clock, Objects},
    setup::Handler,
    time_budget::{TimeBudget, TimedTable},
    watch::Arrived,
};
use crate::{
    alert::{Alert, SilentSources},
    diagnostic::chain,
    state::{Silence, Table, Tick, mark_reported, record_arrivals, silences},
};

impl<O: Objects, C: Channel, T: Table, K: Clock> Handler<'_, O, C, T, K> {
    /// Records of which sources logs arrived. A failure is no reason to deliver them again: the next ones are recorded.
    pub(super) async fn record_arrivals(&self, arrived: Arrived, time: &TimeBudget<'_, K>) {
        let arrived = self.watch.unrecorded(arrived);
        if arrived.is_empty() || !self.keeps_state || time.is_up() {
            return;
        }
        match record_arrivals(&TimedTable::new(self.table, time), &arrived, time.now()).await {
            // What the table has, which another process may have written.
            Ok(recorded) => self.watch.remember(recorded),
            Err(error) => tracing::warn!(reason = chain(&error), "which logs arrived cannot be recorded"),
        }
    }

    /// Reports the sources that have fallen silent, in one alert, and counts all that are silent.
    pub(super) async fn report_silences<D: Table>(
        &self,
        tick: &Tick,
        table: &D,
        now: Timestamp,
        due: &mut DueNotices<'_, C, D, K>,
    ) {
        let Some(least) = self.watch.silence.filter(|_| tick.round.is_steady()) else { return };
        let least = i64::try_from(least.as_secs()).unwrap_or(i64::MAX);
        let found = match silences(table, tick.round, now, least).await {
            Ok(found) => found,
            Err(error) => return due.fail(error),
        };
        due.outcome().silent_sources += found.len() as u64;
        let new: Vec<Silence> = found.into_iter().filter(|silence| !silence.is_reported).collect();
        for Silence { source, since, .. } in &new {
            let (account, region) = (source.account(), source.region());
            let since = Timestamp::from_second(*since).unwrap_or_default();
            tracing::warn!(account, region, %since, "no CloudTrail logs arrive any more");
        }
        if new.is_empty() {
            return;
        }
        let alert = Alert::silent(SilentSources::new(new.clone()), self.engine.accounts());
        if due.alert(alert).await
            && let Err(error) = mark_reported(table, &new.iter().collect::<Vec<_>>(), now).await
        {
            tracing::error!(reason = chain(&error), "an alert about silent sources may be sent again");
        }
    }

    /// Counts the e-mail addresses that get no alerts, since they have not confirmed their subscriptions, or ended them.
    pub(super) async fn count_unconfirmed(&self, time: &TimeBudget<'_, K>, outcome: &mut Outcome) {
        if self.watch.addresses.is_empty() {
            return;
        }
        let confirmed = match time.to_publish(self.channels.alerts.confirmed_addresses()).await {
            Some(Ok(Some(confirmed))) => confirmed,
            Some(Ok(None)) | None => return,
            Some(Err(error)) => {
                // Its alarm goes off if this lasts, and nothing that is due waits for it.
                outcome.mail_unconfirmed += 1;
                return tracing::error!(reason = chain(&error), "who has confirmed a subscription cannot be read");
            }
        };
        let is_confirmed = |address: &&String| confirmed.iter().any(|other| other.eq_ignore_ascii_case(address));
        let (_, missing): (Vec<_>, Vec<&String>) = self.watch.addresses.iter().partition(is_confirmed);
        outcome.mail_unconfirmed += missing.len() as u64;
        for address in missing {
            tracing::warn!(
                address,
                "this address gets no alerts: it has not confirmed its subscription, or has ended it"
            );
        }
    }
}
