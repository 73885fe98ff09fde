//! What is due becomes notices, which are published, marked and removed. What is not accepted stays due.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    channels::Channels,
    outbox::Outbox,
    outcome::Outcome,
    pace::Pace,
    port::{Channel, Clock},
    time_budget::TimeBudget,
};
use crate::{
    alert::{Alert, AlertKind, Origin},
    diagnostic::chain,
    rule::Accounts,
    state::{Audience, DueEntry, DueItem, Outage, SummaryLine, Table, remove_due},
};

/// Publishes what is due.
pub(super) struct DueNotices<'a, C, T, K> {
    channels: &'a Channels<C>,
    accounts: &'a Arc<Accounts>,
    table: &'a T,
    time: &'a TimeBudget<'a, K>,
    /// Of the budget of the alert topic.
    outage: Outage,
    outbox: Outbox<'a, C, K>,
    outcome: &'a mut Outcome,
}

/// A notice to publish.
struct Notice {
    alert: Alert,
    /// The audiences that have not taken it yet.
    audiences: Vec<Audience>,
    /// What is done once all of them took it, by index.
    items: Vec<usize>,
}

impl<'a, C: Channel, T: Table, K: Clock> DueNotices<'a, C, T, K> {
    pub(super) fn new(
        (channels, accounts): (&'a Channels<C>, &'a Arc<Accounts>),
        table: &'a T,
        time: &'a TimeBudget<'a, K>,
        pace: &'a mut Pace,
        origin: Origin,
        outcome: &'a mut Outcome,
    ) -> Self {
        let (outage, outbox) = (Outage::default(), Outbox::new(channels, time, pace, origin));
        Self { channels, accounts, table, time, outage, outbox, outcome }
    }

    /// Publishes what these entries say, marks it, and removes them. Returns those that stay due.
    pub(super) async fn send(&mut self, items: Vec<DueItem>) -> Vec<DueItem> {
        let mut is_done = vec![false; items.len()];
        let mut lines: BTreeMap<SummaryLine, Vec<usize>> = BTreeMap::new();
        for (at, item) in items.iter().enumerate() {
            match &item.entry {
                DueEntry::Line(line) => lines.entry(line.clone()).or_default().push(at),
                DueEntry::HeldBack { .. } | DueEntry::FollowUp { .. } => {}
            }
        }
        for notice in self.summaries(lines) {
            let is_taken = self.publish(&notice).await;
            notice.items.iter().for_each(|at| is_done[*at] = is_taken);
            // At once, since nothing but the entries knows which lines are sent.
            let done = notice.items.iter().filter(|at| is_done[**at]).map(|at| &items[*at]);
            self.remove(done).await;
        }
        items.into_iter().zip(is_done).filter(|(_, is_done)| !is_done).map(|(item, _)| item).collect()
    }

    /// The failures that were only counted.
    pub(super) fn finish(mut self) {
        self.outbox.finish(self.outcome);
    }

    /// The lines of summaries, for the people who read the alert topic.
    fn summaries(&self, mut lines: BTreeMap<SummaryLine, Vec<usize>>) -> Vec<Notice> {
        let all = lines.keys().cloned().collect();
        let notice = |alert: Alert| {
            let items = match &alert.kind {
                AlertKind::Summary(summary) => {
                    summary.lines.iter().filter_map(|line| lines.remove(line)).flatten().collect()
                }
                _ => Vec::new(),
            };
            Notice { alert, audiences: vec![Audience::Alerts], items }
        };
        Alert::summaries(all, self.accounts).into_iter().map(notice).collect()
    }

    /// Whether all audiences took it.
    async fn publish(&mut self, notice: &Notice) -> bool {
        let mut is_taken = true;
        for (audience, channel) in self.channels.each().filter(|(audience, _)| notice.audiences.contains(audience)) {
            let budget = (self.table, &mut self.outage);
            is_taken &= self.outbox.publish_due((audience, channel), &notice.alert, budget, self.outcome).await;
        }
        is_taken
    }

    /// Removes entries. If they stay, the next tick repeats what is not marked elsewhere, which is no reason to fail now.
    async fn remove(&self, items: impl IntoIterator<Item = &DueItem>) {
        if let Err(error) = remove_due(self.table, items, self.time.now()).await {
            tracing::error!(
                reason = chain(&error),
                "what is sent cannot be removed from what is due, and may be sent again"
            );
        }
    }
}
