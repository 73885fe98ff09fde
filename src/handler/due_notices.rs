//! What is due becomes notices, which are published, marked and removed. What is not accepted stays due.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{
    channels::Channels,
    failure::Failure,
    outbox::Outbox,
    outcome::Outcome,
    pace::Pace,
    port::{Channel, Clock},
    time_budget::TimeBudget,
};
use crate::{
    alert::{Alert, AlertKind, FollowUpNotice, NamedRule, Origin, RollUpNotice, RollUpStage},
    diagnostic::chain,
    rule::{Accounts, Rule},
    state::{
        self, Audience, Claimant, DueEntry, DueItem, EndedHour, FollowUp, Outage, SummaryLine, Table, TableError,
        Ticket, bits, key::rule_and_hour, remove_due,
    },
};

/// Publishes what is due.
pub(super) struct DueNotices<'a, C, T, K> {
    channels: &'a Channels<C>,
    rules: &'a [Arc<Rule>],
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

/// A follow-up that is due.
#[derive(Default)]
struct DueFollowUp {
    /// The audiences that took it, a bit for each.
    sent: u8,
    /// Its entries, by index.
    items: Vec<usize>,
}

/// How many follow-ups one message for people is about, at most; each takes some kilobytes.
const MAX_FOLLOW_UPS: usize = 500;

impl<'a, C: Channel, T: Table, K: Clock> DueNotices<'a, C, T, K> {
    pub(super) fn new(
        (channels, rules, accounts): (&'a Channels<C>, &'a [Arc<Rule>], &'a Arc<Accounts>),
        table: &'a T,
        time: &'a TimeBudget<'a, K>,
        pace: &'a mut Pace,
        origin: Origin,
        outcome: &'a mut Outcome,
    ) -> Self {
        let (outage, outbox) = (Outage::default(), Outbox::new(channels, time, pace, origin));
        Self { channels, rules, accounts, table, time, outage, outbox, outcome }
    }

    /// Publishes what these entries are about, marks it, and removes them. Returns those that stay due.
    pub(super) async fn send(&mut self, items: Vec<DueItem>) -> Vec<DueItem> {
        let mut is_done = vec![false; items.len()];
        let mut lines: BTreeMap<SummaryLine, Vec<usize>> = BTreeMap::new();
        let mut hours: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut follow_ups: BTreeMap<(&str, i64), DueFollowUp> = BTreeMap::new();
        for (at, item) in items.iter().enumerate() {
            match &item.entry {
                DueEntry::Line(line) => lines.entry(line.clone()).or_default().push(at),
                DueEntry::FollowUp { series, anchor, sent } => {
                    let due = follow_ups.entry((series, *anchor)).or_default();
                    due.sent |= sent;
                    due.items.push(at);
                }
                DueEntry::HeldBack { key } => hours.entry(key).or_default().push(at),
            }
        }
        self.lists(&items, &hours, &mut is_done).await;
        for notice in self.summaries(lines) {
            let is_taken = self.publish(&notice).await.len() == notice.audiences.len();
            notice.items.iter().for_each(|at| is_done[*at] = is_taken);
            // At once, since nothing but the entries knows which lines are sent.
            let done = notice.items.iter().filter(|at| is_done[**at]).map(|at| &items[*at]);
            self.remove(done).await;
        }
        let follow_ups: Vec<_> = follow_ups.into_iter().collect();
        for due in follow_ups.chunks(MAX_FOLLOW_UPS) {
            if self.time.is_up() {
                break;
            }
            self.follow_ups(&items, due, &mut is_done).await;
        }
        items.into_iter().zip(is_done).filter(|(_, is_done)| !is_done).map(|(item, _)| item).collect()
    }

    /// Publishes an alert that no entry is about; whether every audience took it.
    pub(super) async fn alert(&mut self, alert: Alert) -> bool {
        let audiences = self.channels.audiences(alert.severity());
        let notice = Notice { alert, audiences, items: Vec::new() };
        self.publish(&notice).await.len() == notice.audiences.len()
    }

    /// Counts a failure of the table.
    pub(super) fn fail(&mut self, error: TableError) {
        let origin = self.outbox.origin().clone();
        self.outcome.fail(Failure::Due { origin, error });
    }

    /// The outcome of the invocation.
    pub(super) fn outcome(&mut self) -> &mut Outcome {
        self.outcome
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

    /// Publishes follow-ups: for people together, for a chat and for machines each. What only some audiences took stays due for
    /// the others.
    async fn follow_ups(&mut self, items: &[DueItem], due: &[((&str, i64), DueFollowUp)], is_done: &mut [bool]) {
        let now = self.time.now();
        let keys: Vec<(&str, i64)> = due.iter().map(|(key, _)| *key).collect();
        let found = match state::follow_ups(self.table, self.rules, &keys, now).await {
            Ok(found) => found,
            Err(error) => return self.fail(error),
        };
        let is_unreadable: Vec<bool> = found.iter().map(Result::is_err).collect();
        let found: Vec<Option<FollowUp>> = found.into_iter().map(|found| found.ok().flatten()).collect();
        let notices: Vec<Option<FollowUpNotice>> = found.iter().cloned().map(|one| one.map(Into::into)).collect();
        let wanted = |at: usize| found[at].as_ref().map_or(0, |one| bits(&self.channels.audiences(one.rule.severity)));
        let wanted: Vec<u8> = (0..due.len()).map(wanted).collect();
        let mut sent: Vec<u8> = due.iter().map(|(_, due)| due.sent).collect();
        for (audience, channel) in self.channels.each() {
            let is_due = |at: &usize| wanted[*at] & !sent[*at] & audience.bit() != 0;
            let waiting: Vec<usize> = (0..due.len()).filter(is_due).collect();
            let notice = |at: &usize| notices[*at].clone();
            // Each alert with those that it is about.
            let alerts: Vec<(Alert, Vec<usize>)> = if audience == Audience::Alerts {
                let together: Vec<FollowUpNotice> = waiting.iter().filter_map(notice).collect();
                if together.is_empty() {
                    Vec::new()
                } else {
                    vec![(Alert::follow_ups(together, self.accounts), waiting)]
                }
            } else {
                let alone = |at: usize| Some((Alert::follow_up(notice(&at)?, self.accounts), vec![at]));
                waiting.into_iter().filter_map(alone).collect()
            };
            for batch in alerts.chunks(C::BATCH) {
                let of_batch: Vec<&Alert> = batch.iter().map(|(alert, _)| alert).collect();
                let accepted = match of_batch[..] {
                    [one] => {
                        let budget = (self.table, &mut self.outage);
                        vec![self.outbox.publish_due((audience, channel), one, budget, self.outcome).await]
                    }
                    _ => self.outbox.publish_notices((audience, channel), &of_batch, self.outcome).await,
                };
                for ((_, about), is_accepted) in batch.iter().zip(accepted) {
                    for at in about.iter().filter(|_| is_accepted) {
                        sent[*at] |= audience.bit();
                    }
                }
            }
        }
        let is_sent = |at: usize| !is_unreadable[at] && wanted[at] & !sent[at] == 0;
        let (marked, changed): (Vec<_>, Vec<_>) = (0..due.len()).partition(|at| is_sent(*at));
        let to_mark: Vec<&FollowUp> = marked.iter().filter_map(|at| found[*at].as_ref()).collect();
        if let Err(error) = state::mark_followed_up(self.table, &to_mark, now).await {
            tracing::error!(reason = chain(&error), "what is sent cannot be marked");
        }
        marked.iter().flat_map(|at| &due[*at].1.items).for_each(|at| is_done[*at] = true);
        self.remove(marked.iter().flat_map(|at| &due[*at].1.items).map(|at| &items[*at])).await;
        let of_some = changed.into_iter().filter(|at| sent[*at] != due[*at].1.sent);
        let replaced: Vec<_> = of_some
            .flat_map(|at| {
                let ((series, anchor), DueFollowUp { items: entries, .. }) = &due[at];
                let entry = DueEntry::FollowUp { series: (*series).to_owned(), anchor: *anchor, sent: sent[at] };
                entries.iter().map(move |entry_at| (*entry_at, entry.clone()))
            })
            .collect();
        let items_and_entries = replaced.iter().map(|(at, entry)| (&items[*at], entry.clone()));
        match state::replace_due(self.table, items_and_entries, now).await {
            // The new entries are due in place of these.
            Ok(()) => replaced.iter().for_each(|(at, _)| is_done[*at] = true),
            Err(error) => tracing::error!(reason = chain(&error), "what some audiences took may be sent to them again"),
        }
    }

    /// Publishes the lists of what the hourly limit held back in ended hours, the most severe rules first.
    async fn lists(&mut self, items: &[DueItem], due: &BTreeMap<&str, Vec<usize>>, is_done: &mut [bool]) {
        let keys: Vec<&str> = due.keys().copied().collect();
        let hours = match state::ended_hours(self.table, &keys).await {
            Ok(hours) => hours,
            Err(error) => return self.fail(error),
        };
        let now = self.time.now();
        let (mut notices, mut done) = (Vec::new(), Vec::<usize>::new());
        for ((key, of_hour), hour) in due.iter().zip(hours) {
            let Ok(hour) = hour else { continue };
            match hour.and_then(|hour| self.list(key, hour)) {
                Some((alert, audiences)) => notices.push((*key, Notice { alert, audiences, items: of_hour.clone() })),
                None => done.extend(of_hour),
            }
        }
        for at in &done {
            is_done[*at] = true;
        }
        self.remove(done.iter().map(|at| &items[*at])).await;
        notices.sort_by_key(|(_, notice)| notice.alert.severity());
        for (key, notice) in notices {
            let taken = self.publish(&notice).await;
            // At once, so that an invocation that ends repeats no more than one.
            let sent: Vec<_> = taken.iter().map(|audience| (Ticket::of_list(key, now), *audience)).collect();
            if let Err(error) = state::mark_sent(self.table, &mut Claimant::new("", 1), &sent).await {
                tracing::error!(reason = chain(&error), "a list that is sent cannot be marked, and may be sent again");
            }
            if taken.len() == notice.audiences.len() {
                for at in &notice.items {
                    is_done[*at] = true;
                }
                self.remove(notice.items.iter().map(|at| &items[*at])).await;
            }
        }
    }

    /// The list of an hour, and the audiences that have not taken it.
    fn list(&self, key: &str, hour: EndedHour) -> Option<(Alert, Vec<Audience>)> {
        let (id, number) = rule_and_hour(key)?;
        let rule = self.rules.iter().find(|rule| rule.id == id);
        let rule = rule.map_or_else(|| NamedRule::unknown(id, hour.severity), |rule| NamedRule::from(&**rule));
        let audiences =
            self.channels.audiences(rule.severity).into_iter().filter(|audience| !hour.sent.contains(audience));
        let audiences: Vec<Audience> = audiences.collect();
        let EndedHour { limit, held, lines, more, .. } = hour;
        let begin = Timestamp::from_second(number.saturating_mul(3_600)).ok()?;
        let stage = RollUpStage::Ended { list: lines, more };
        let alert = Alert::roll_up(RollUpNotice { rule, hour: begin, limit, held, stage }, self.accounts);
        (!audiences.is_empty()).then_some((alert, audiences))
    }

    /// The audiences that took it.
    async fn publish(&mut self, notice: &Notice) -> Vec<Audience> {
        let mut taken = Vec::new();
        for (audience, channel) in self.channels.each().filter(|(audience, _)| notice.audiences.contains(audience)) {
            let budget = (self.table, &mut self.outage);
            if self.outbox.publish_due((audience, channel), &notice.alert, budget, self.outcome).await {
                taken.push(audience);
            }
        }
        taken
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
