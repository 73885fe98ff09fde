//! Alerts on their way to the channels: in batches, a refused one again in a plainer form, and each answer counted.
//!
//! A message counts as sent once its channel says so; whatever else happens to it is a failure, which comes again.

use super::{Audience, Channel, Channels, Clock, Failure, MAX_TOLD, Outcome, PublishError, time_budget::Time};
use crate::{
    alert::{Alert, AlertKind, Message, Origin, render, render_ascii},
    state::Ticket,
};

/// As many values as a metric of the embedded format takes at once.
const MAX_LAGS: usize = 100;

/// An alert on its way.
pub(super) struct Letter {
    pub(super) alert: Alert,
    /// Whom it is for, and who does not have it yet.
    pub(super) audiences: Vec<Audience>,
    /// By what it is remembered that it went out.
    pub(super) ticket: Option<Ticket>,
}

/// The alerts of one place.
pub(super) struct Outbox<'a, C, K> {
    channels: &'a Channels<C>,
    time: &'a Time<'a, K>,
    origin: Origin,
    letters: Vec<Letter>,
    failed: u64,
}

impl<'a, C: Channel, K: Clock> Outbox<'a, C, K> {
    pub(super) fn new(channels: &'a Channels<C>, time: &'a Time<'a, K>, origin: Origin) -> Self {
        Self { channels, time, origin, letters: Vec::new(), failed: 0 }
    }

    pub(super) fn push(&mut self, letter: Letter, outcome: &mut Outcome) {
        if !matches!(letter.alert.kind, AlertKind::Match(_)) && letter.audiences.contains(&Audience::Alerts) {
            outcome.notices.due += 1;
        }
        for audience in &letter.audiences {
            outcome.sends.entry(*audience).or_default().due += 1;
        }
        self.letters.push(letter);
    }

    pub(super) fn is_full(&self) -> bool {
        self.letters.len() >= C::BATCH
    }

    /// Publishes all that is there; what it gives is to be remembered of each channel that took an alert.
    pub(super) async fn publish(&mut self, outcome: &mut Outcome) -> Vec<(Ticket, Audience)> {
        let (letters, mut taken) = (std::mem::take(&mut self.letters), Vec::new());
        for (audience, channel) in self.channels.each() {
            let due: Vec<_> = letters.iter().filter(|letter| letter.audiences.contains(&audience)).collect();
            for letters in due.chunks(C::BATCH) {
                let alerts: Vec<_> = letters.iter().map(|letter| &letter.alert).collect();
                let answers = self.send(audience, channel, &alerts).await;
                for (letter, answer) in letters.iter().zip(answers) {
                    taken.extend(letter.ticket.clone().filter(|_| answer.is_ok()).map(|ticket| (ticket, audience)));
                    self.count(audience, &letter.alert, answer, outcome);
                }
            }
        }
        taken
    }

    /// To be called when nothing more comes.
    pub(super) fn finish(&mut self, outcome: &mut Outcome) {
        if let Some(count) = self.failed.checked_sub(MAX_TOLD).filter(|count| *count > 0) {
            outcome.fail(Failure::MoreAlerts { origin: self.origin.clone(), count });
        }
    }

    /// What a dashboard shows of an alert.
    fn note(&self, alert: &Alert, outcome: &mut Outcome) {
        *outcome.alerts.entry((alert.rule_id().to_owned(), alert.severity().number())).or_default() += 1;
        if let Some(last) = alert.occurrences.last.filter(|_| outcome.lags.len() < MAX_LAGS) {
            let seconds = self.time.now().duration_since(last).as_secs();
            outcome.lags.push(u64::try_from(seconds).unwrap_or(0));
        }
    }

    /// An answer for every alert. One that is refused for itself may be taken in another form.
    async fn send(&self, audience: Audience, channel: &C, alerts: &[&Alert]) -> Vec<Result<(), PublishError>> {
        let format = audience.format();
        let messages: Vec<_> = alerts.iter().map(|alert| render(format, alert)).collect();
        let mut answers = self.answers(audience, channel, &messages).await;
        for (alert, answer) in alerts.iter().zip(&mut answers) {
            let Err(PublishError { channel: topic, reason, is_refusal: true }) = &*answer else { continue };
            tracing::warn!(alert = alert.id, topic, reason, "alert refused; sent again in a plainer form");
            let plain = [render_ascii(format, alert)];
            if let Some(second) = self.answers(audience, channel, &plain).await.pop() {
                *answer = second;
            }
        }
        answers
    }

    /// An answer for every message.
    async fn answers(&self, audience: Audience, channel: &C, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        let missing = |reason: &str| {
            let error =
                PublishError { channel: audience.word().to_owned(), reason: reason.to_owned(), is_refusal: false };
            messages.iter().map(move |_| Err(error.clone()))
        };
        match self.time.to_publish(channel.publish(messages)).await {
            Some(answers) => {
                let count = answers.len();
                answers.into_iter().chain(missing("it gave no answer").skip(count)).take(messages.len()).collect()
            }
            None => missing("the time is used up, and it may not have been sent").collect(),
        }
    }

    fn count(&mut self, audience: Audience, alert: &Alert, answer: Result<(), PublishError>, outcome: &mut Outcome) {
        let is_sent = answer.is_ok();
        outcome.sends.entry(audience).or_default().count(is_sent);
        if audience == Audience::Alerts {
            if is_sent {
                self.note(alert, outcome);
            }
            match (&alert.kind, is_sent) {
                (AlertKind::Match(_), true) => outcome.matches.alerted += 1,
                (AlertKind::Match(_), false) => outcome.matches.failed += 1,
                (AlertKind::HeldBack(_) | AlertKind::Unread(_), _) => outcome.notices.count(is_sent),
            }
        }
        let Err(error) = answer else { return };
        // A broken channel fails thousands: the first are told one by one, the others are counted.
        self.failed += 1;
        if self.failed <= MAX_TOLD {
            let (origin, record, id) = (self.origin.clone(), alert.record, alert.id.clone());
            outcome.fail(Failure::Publish { origin, record, id, error });
        }
    }
}
