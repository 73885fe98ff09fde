//! Sends alerts to the channels in batches, a refused one again in a plainer form, and counts each result.
//!
//! A message counts as sent once its channel accepts it; anything else is a failure, and its delivery is repeated.

use thiserror::Error;

use super::{
    channels::Channels,
    failure::Failure,
    outcome::Outcome,
    port::{Channel, Clock, PublishError},
    setup::MAX_REPORTED,
    time_budget::TimeBudget,
};
use crate::{
    alert::{Alert, AlertKind, Message, Origin, render, render_ascii},
    diagnostic::chain,
    state::{Audience, Ticket},
};

/// How many bytes of text the records of waiting alerts have, without the last. Parsed, they take at most some twenty times as
/// much.
const MAX_WAITING_BYTES: usize = 256 << 10;
/// The most values that a metric of the embedded metric format takes.
const MAX_LAGS: usize = 100;

/// An alert to send.
pub(super) struct OutgoingAlert {
    pub(super) alert: Alert,
    /// The audiences that it is for and that have not taken it yet.
    pub(super) audiences: Vec<Audience>,
    /// What [`mark_sent`](crate::state::mark_sent) takes once it is sent; `None` if the state does not count the alert.
    pub(super) ticket: Option<Ticket>,
    /// The length of the text of its record in bytes.
    pub(super) bytes: usize,
}

/// The alerts of one object, or of one record of a payload.
pub(super) struct Outbox<'a, C, K> {
    channels: &'a Channels<C>,
    time: &'a TimeBudget<'a, K>,
    origin: Origin,
    waiting: Vec<OutgoingAlert>,
    /// The length of the texts of their records in bytes.
    bytes: usize,
    failed: u64,
}

impl<'a, C: Channel, K: Clock> Outbox<'a, C, K> {
    pub(super) fn new(channels: &'a Channels<C>, time: &'a TimeBudget<'a, K>, origin: Origin) -> Self {
        Self { channels, time, origin, waiting: Vec::new(), bytes: 0, failed: 0 }
    }

    pub(super) fn push(&mut self, outgoing: OutgoingAlert, outcome: &mut Outcome) {
        for audience in &outgoing.audiences {
            Self::count_due(*audience, &outgoing.alert, outcome);
        }
        self.bytes += outgoing.bytes;
        self.waiting.push(outgoing);
    }

    /// Counts what is to be sent to an audience.
    pub(super) fn count_due(audience: Audience, alert: &Alert, outcome: &mut Outcome) {
        if audience == Audience::Alerts && !matches!(alert.kind, AlertKind::Match(_)) {
            outcome.notices.due += 1;
        }
        outcome.sends.entry(audience).or_default().due += 1;
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= C::BATCH || self.bytes >= MAX_WAITING_BYTES
    }

    /// Publishes all waiting alerts, and returns what to mark: for each accepted alert its ticket and the audience.
    pub(super) async fn publish(&mut self, outcome: &mut Outcome) -> Vec<(Ticket, Audience)> {
        let (outgoing, mut accepted) = (std::mem::take(&mut self.waiting), Vec::new());
        self.bytes = 0;
        for (audience, channel) in self.channels.each() {
            let due: Vec<_> = outgoing.iter().filter(|one| one.audiences.contains(&audience)).collect();
            for batch in due.chunks(C::BATCH) {
                let alerts: Vec<_> = batch.iter().map(|one| &one.alert).collect();
                let answers = self.send(audience, channel, &alerts).await;
                for (one, answer) in batch.iter().zip(answers) {
                    accepted.extend(one.ticket.clone().filter(|_| answer.is_ok()).map(|ticket| (ticket, audience)));
                    self.count(audience, &one.alert, answer, outcome);
                }
            }
        }
        accepted
    }

    /// Call this after the last alert: it reports the failures that were only counted.
    pub(super) fn finish(&mut self, outcome: &mut Outcome) {
        if let Some(count) = self.failed.checked_sub(MAX_REPORTED).filter(|count| *count > 0) {
            outcome.fail(Failure::MoreAlerts { origin: self.origin.clone(), count });
        }
    }

    /// Counts an alert for the dashboard.
    fn count_alert(&self, alert: &Alert, outcome: &mut Outcome) {
        *outcome.alerts.entry((alert.rule_id().to_owned(), alert.severity().number())).or_default() += 1;
        if let Some(last) = alert.occurrences.last.filter(|_| outcome.lags.len() < MAX_LAGS) {
            let seconds = self.time.now().duration_since(last).as_secs();
            outcome.lags.push(u64::try_from(seconds).unwrap_or(0));
        }
    }

    /// A result for every alert. A refused alert is sent again in a plainer form.
    pub(super) async fn send(
        &self,
        audience: Audience,
        channel: &C,
        alerts: &[&Alert],
    ) -> Vec<Result<(), PublishError>> {
        let format = audience.format();
        let messages: Vec<_> = alerts.iter().map(|alert| render(format, alert)).collect();
        let mut answers = self.answers(audience, channel, &messages).await;
        for (alert, answer) in alerts.iter().zip(&mut answers) {
            let Err(PublishError::Refused { channel: topic, error }) = &*answer else { continue };
            let reason = chain(error);
            tracing::warn!(alert = alert.id, topic, reason, "alert refused; sent again in a plainer form");
            let plain = [render_ascii(format, alert)];
            if let Some(second) = self.answers(audience, channel, &plain).await.pop() {
                *answer = second;
            }
        }
        answers
    }

    /// A result for every message.
    async fn answers(&self, audience: Audience, channel: &C, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        let missing = |reason: Unanswered| {
            let error = PublishError::not_accepted(audience.word(), reason);
            messages.iter().map(move |_| Err(error.clone()))
        };
        match self.time.to_publish(channel.publish(messages)).await {
            Some(answers) => {
                let count = answers.len();
                answers.into_iter().chain(missing(Unanswered::NoAnswer).skip(count)).take(messages.len()).collect()
            }
            None => missing(Unanswered::OutOfTime).collect(),
        }
    }

    pub(super) fn count(
        &mut self,
        audience: Audience,
        alert: &Alert,
        answer: Result<(), PublishError>,
        outcome: &mut Outcome,
    ) {
        let is_sent = answer.is_ok();
        outcome.sends.entry(audience).or_default().count(is_sent);
        if audience == Audience::Alerts {
            if is_sent {
                self.count_alert(alert, outcome);
            }
            match (&alert.kind, is_sent) {
                (AlertKind::Match(_), true) => outcome.matches.alerted += 1,
                (AlertKind::Match(_), false) => outcome.matches.failed += 1,
                (_, _) => outcome.notices.count(is_sent),
            }
        }
        let Err(error) = answer else { return };
        // A broken channel fails thousands of alerts: only the first are reported one by one.
        self.failed += 1;
        if self.failed <= MAX_REPORTED {
            let (origin, record, id) = (self.origin.clone(), alert.record, alert.id.clone());
            outcome.fail(Failure::Publish { origin, record, id, error });
        }
    }
}

/// Why a message has no result.
#[derive(Debug, Error)]
enum Unanswered {
    #[error("the channel gave no answer")]
    NoAnswer,
    #[error("ran out of time; the message may have been sent")]
    OutOfTime,
}
