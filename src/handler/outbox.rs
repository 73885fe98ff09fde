//! Sends alerts to the channels in batches, a refused one again in a plainer form, and counts each result.
//!
//! What has to keep to the budget of the alert topic is sent one by one, the most urgent first. What has no token is stored as a
//! line of the next summary.
//!
//! A message counts as sent once its channel accepts it, or its line is stored; anything else is a failure, and its delivery is
//! repeated.

use jiff::Timestamp;
use thiserror::Error;

use super::{
    channels::Channels,
    decide::Decider,
    failure::Failure,
    outcome::{Accepted, Outcome},
    outgoing::OutgoingAlert,
    pace::Pace,
    port::{Channel, Clock, PublishError},
    setup::MAX_REPORTED,
    time_budget::TimeBudget,
};
use crate::{
    alert::{Alert, AlertKind, Message, Origin, render, render_ascii},
    diagnostic::chain,
    state::{Audience, Outage, SummaryLine, Table, Ticket, TokenUse},
};

/// How many bytes of text the records of waiting alerts have, without the last. Parsed, they take at most some twenty times as
/// much.
const MAX_WAITING_BYTES: usize = 256 << 10;
/// The most values that a metric of the embedded metric format takes.
const MAX_LAGS: usize = 100;

/// An alert that is to be a line of a summary.
struct OutgoingLine {
    line: SummaryLine,
    /// What is marked once it is stored.
    tickets: Vec<(Ticket, Audience)>,
    sent: SentAs,
}

/// What of an alert is counted and reported.
#[derive(Clone)]
struct SentAs {
    id: String,
    record: Option<u64>,
    /// Whether it is about a match.
    is_match: bool,
    rule: String,
    severity: u8,
    /// When its last event happened.
    last: Option<Timestamp>,
}

impl SentAs {
    fn of(alert: &Alert) -> Self {
        Self {
            id: alert.id.clone(),
            record: alert.record,
            is_match: matches!(alert.kind, AlertKind::Match(_)),
            rule: alert.rule_id().to_owned(),
            severity: alert.severity().number(),
            last: alert.occurrences.last,
        }
    }
}

/// The alerts of one object, or of one record of a payload.
pub(super) struct Outbox<'a, C, K> {
    channels: &'a Channels<C>,
    time: &'a TimeBudget<'a, K>,
    pace: &'a mut Pace,
    origin: Origin,
    waiting: Vec<OutgoingAlert>,
    /// The alerts without a token, whose records are gone.
    lines: Vec<OutgoingLine>,
    /// The length of the texts of their records in bytes.
    bytes: usize,
    failed: u64,
}

impl<'a, C: Channel, K: Clock> Outbox<'a, C, K> {
    pub(super) fn new(
        channels: &'a Channels<C>,
        time: &'a TimeBudget<'a, K>,
        pace: &'a mut Pace,
        origin: Origin,
    ) -> Self {
        Self { channels, time, pace, origin, waiting: Vec::new(), lines: Vec::new(), bytes: 0, failed: 0 }
    }

    pub(super) fn push(&mut self, outgoing: OutgoingAlert, outcome: &mut Outcome) {
        for audience in &outgoing.audiences {
            Self::count_due(*audience, &outgoing.alert, outcome);
        }
        self.bytes += outgoing.bytes;
        self.waiting.push(outgoing);
    }

    /// Where its alerts come from.
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Counts what is to be sent to an audience.
    fn count_due(audience: Audience, alert: &Alert, outcome: &mut Outcome) {
        if audience == Audience::Alerts && !matches!(alert.kind, AlertKind::Match(_)) {
            outcome.notices.due += 1;
        }
        outcome.sends.entry(audience).or_default().due += 1;
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= C::BATCH || self.bytes >= MAX_WAITING_BYTES
    }

    /// Publishes all waiting alerts, and returns what to mark: for each accepted alert its ticket and the audience. Alerts
    /// without a token wait for [`Outbox::store_lines`].
    pub(super) async fn publish<T: Table>(
        &mut self,
        decider: &mut Decider<'_, T, K>,
        outcome: &mut Outcome,
    ) -> Vec<(Ticket, Audience)> {
        let (mut next, mut accepted) = (std::mem::take(&mut self.waiting), Vec::new());
        self.bytes = 0;
        // Where an alert is refused, one that it covers is next.
        while !next.is_empty() {
            next = self.publish_all(&next, decider, &mut accepted, outcome).await;
        }
        accepted
    }

    /// Publishes alerts, and returns those that go out in place of refused ones.
    async fn publish_all<T: Table>(
        &mut self,
        outgoing: &[OutgoingAlert],
        decider: &mut Decider<'_, T, K>,
        accepted: &mut Vec<(Ticket, Audience)>,
        outcome: &mut Outcome,
    ) -> Vec<OutgoingAlert> {
        let (mut paced, mut promoted) = (Vec::new(), Vec::new());
        for (audience, channel) in self.channels.each() {
            let (slow, due): (Vec<_>, Vec<_>) = outgoing
                .iter()
                .filter(|one| one.audiences.contains(&audience))
                .map(|one| (self.pace.token_use(&one.alert).filter(|_| audience == Audience::Alerts), one))
                .partition(|(token_use, _)| token_use.is_some());
            paced.extend(slow.into_iter().filter_map(|(token_use, one)| Some((token_use?, one))));
            for batch in due.chunks(C::BATCH) {
                let batch: Vec<_> = batch.iter().map(|(_, one)| *one).collect();
                promoted.extend(self.publish_batch(audience, channel, &batch, accepted, outcome).await);
            }
        }
        paced.sort_by_key(|(token_use, one)| (*token_use, one.alert.severity()));
        for (token_use, one) in paced {
            let (table, outage) = decider.table();
            if self.pace.token(table, outage, self.time, token_use).await {
                let channel = &self.channels.alerts;
                promoted.extend(self.publish_batch(Audience::Alerts, channel, &[one], accepted, outcome).await);
            } else {
                let tickets = one.taken_by(Audience::Alerts).collect();
                self.lines.push(OutgoingLine { line: one.alert.summary_line(), tickets, sent: SentAs::of(&one.alert) });
            }
        }
        promoted
    }

    /// Stores the alerts that had no token as lines of the next summary, and returns what to mark, as
    /// [`Outbox::publish`] does.
    pub(super) async fn store_lines<T: Table>(
        &mut self,
        decider: &mut Decider<'_, T, K>,
        outcome: &mut Outcome,
    ) -> Vec<(Ticket, Audience)> {
        let outgoing = std::mem::take(&mut self.lines);
        if outgoing.is_empty() {
            return Vec::new();
        }
        let stored = decider.store_lines(outgoing.iter().map(|one| one.line.clone()).collect()).await;
        let answer = match stored {
            Ok(()) => Ok(Accepted::Line),
            Err(error) => Err(PublishError::not_accepted("the next summary", error)),
        };
        let mut accepted = Vec::new();
        for OutgoingLine { tickets, sent, .. } in outgoing {
            accepted.extend(tickets.into_iter().filter(|_| answer.is_ok()));
            self.count(Audience::Alerts, &sent, answer.clone(), outcome);
        }
        accepted
    }

    /// Publishes a notice that was due for a while to one audience; for its token it waits as long as the invocation has time.
    /// Whether the channel took it. Without a token it stays due, and is neither sent nor failed.
    pub(super) async fn publish_due(
        &mut self,
        (audience, channel): (Audience, &C),
        notice: &Alert,
        (table, outage): (&impl Table, &mut Outage),
        outcome: &mut Outcome,
    ) -> bool {
        let is_paced = audience == Audience::Alerts && self.pace.token_use(notice).is_some();
        if is_paced && !self.pace.token(table, outage, self.time, TokenUse::Due).await {
            tracing::warn!(alert = notice.id, "no message was allowed while there was time; it stays due");
            return false;
        }
        Self::count_due(audience, notice, outcome);
        let no_answer = || Err(PublishError::not_accepted(audience.word(), Unanswered::NoAnswer));
        let answer = self.send(audience, channel, &[notice]).await.pop().unwrap_or_else(no_answer);
        let is_sent = answer.is_ok();
        self.count(audience, &SentAs::of(notice), answer.map(|()| Accepted::Message), outcome);
        is_sent
    }

    /// Publishes a batch to one audience; returns the alerts that go out in place of refused ones.
    async fn publish_batch(
        &mut self,
        audience: Audience,
        channel: &C,
        batch: &[&OutgoingAlert],
        accepted: &mut Vec<(Ticket, Audience)>,
        outcome: &mut Outcome,
    ) -> Vec<OutgoingAlert> {
        let alerts: Vec<_> = batch.iter().map(|one| &one.alert).collect();
        let answers = self.send(audience, channel, &alerts).await;
        let mut promoted = Vec::new();
        for (one, answer) in batch.iter().zip(answers) {
            match &answer {
                Ok(()) => accepted.extend(one.taken_by(audience)),
                Err(PublishError::Refused { .. }) => promoted.extend(one.next(audience)),
                Err(_) => {}
            }
            self.count(audience, &SentAs::of(&one.alert), answer.map(|()| Accepted::Message), outcome);
        }
        for one in &promoted {
            Self::count_due(audience, &one.alert, outcome);
        }
        if audience == Audience::Alerts {
            outcome.matches.covered = outcome.matches.covered.saturating_sub(promoted.len() as u64);
        }
        promoted
    }

    /// Publishes notices that need no token, at most [`Channel::BATCH`]; whether each was accepted.
    pub(super) async fn publish_notices(
        &mut self,
        (audience, channel): (Audience, &C),
        notices: &[&Alert],
        outcome: &mut Outcome,
    ) -> Vec<bool> {
        for notice in notices {
            Self::count_due(audience, notice, outcome);
        }
        let answers = self.send(audience, channel, notices).await;
        let mut accepted = Vec::new();
        for (notice, answer) in notices.iter().zip(answers) {
            accepted.push(answer.is_ok());
            self.count(audience, &SentAs::of(notice), answer.map(|()| Accepted::Message), outcome);
        }
        accepted
    }

    /// Call this after the last alert: it reports the failures that were only counted.
    pub(super) fn finish(&mut self, outcome: &mut Outcome) {
        if let Some(count) = self.failed.checked_sub(MAX_REPORTED).filter(|count| *count > 0) {
            outcome.fail(Failure::MoreAlerts { origin: self.origin.clone(), count });
        }
    }

    /// A result for every alert. A refused alert is sent again in a plainer form.
    async fn send(&self, audience: Audience, channel: &C, alerts: &[&Alert]) -> Vec<Result<(), PublishError>> {
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

    fn count(
        &mut self,
        audience: Audience,
        sent: &SentAs,
        answer: Result<Accepted, PublishError>,
        outcome: &mut Outcome,
    ) {
        let accepted = answer.as_ref().ok().copied();
        outcome.sends.entry(audience).or_default().count(accepted);
        if audience == Audience::Alerts {
            match (sent.is_match, accepted) {
                (true, Some(_)) => outcome.matches.alerted += 1,
                (true, None) => outcome.matches.failed += 1,
                (false, _) => outcome.notices.count(accepted),
            }
            if accepted.is_some() {
                *outcome.alerts.entry((sent.rule.clone(), sent.severity)).or_default() += 1;
            }
            let last = sent.last.filter(|_| accepted == Some(Accepted::Message) && outcome.lags.len() < MAX_LAGS);
            if let Some(last) = last {
                let seconds = self.time.now().duration_since(last).as_secs();
                outcome.lags.push(u64::try_from(seconds).unwrap_or(0));
            }
        }
        let Err(error) = answer else { return };
        // A broken channel fails thousands of alerts: only the first are reported one by one.
        self.failed += 1;
        if self.failed <= MAX_REPORTED {
            let (origin, record, id) = (self.origin.clone(), sent.record, sent.id.clone());
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
