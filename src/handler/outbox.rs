//! Alerts on their way to the channel: in batches, a refused one again in a plainer form, and each answer counted.
//!
//! A message counts as sent once the channel says so; whatever else happens to it is a failure, which comes again.

use super::{Channel, Clock, Failure, MAX_TOLD, Outcome, PublishError, time::Time};
use crate::alert::{Message, Origin};

/// What a message tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// A rule matched a record.
    Match,
    /// A record could not be read.
    Unreadable,
}

/// The alerts of one place.
pub(super) struct Outbox<'a, C, K> {
    channel: &'a C,
    time: &'a Time<'a, K>,
    origin: Origin,
    messages: Vec<Message>,
    /// What each of them tells of.
    about: Vec<About>,
    failed: u64,
}

impl<'a, C: Channel, K: Clock> Outbox<'a, C, K> {
    pub(super) fn new(channel: &'a C, time: &'a Time<'a, K>, origin: Origin) -> Self {
        Self { channel, time, origin, messages: Vec::new(), about: Vec::new(), failed: 0 }
    }

    pub(super) fn push(&mut self, about: About, message: Message) {
        self.messages.push(message);
        self.about.push(about);
    }

    pub(super) fn is_full(&self) -> bool {
        self.messages.len() >= C::BATCH
    }

    /// Publishes all that is there.
    pub(super) async fn publish(&mut self, outcome: &mut Outcome) {
        let (messages, about) = (std::mem::take(&mut self.messages), std::mem::take(&mut self.about));
        for (messages, about) in messages.chunks(C::BATCH).zip(about.chunks(C::BATCH)) {
            let mut answers = self.send(messages).await;
            self.send_plainer(messages, &mut answers).await;
            for ((message, about), answer) in messages.iter().zip(about).zip(answers) {
                self.count(message, *about, answer, outcome);
            }
        }
    }

    /// To be called when nothing more comes.
    pub(super) fn finish(&mut self, outcome: &mut Outcome) {
        if let Some(count) = self.failed.checked_sub(MAX_TOLD).filter(|count| *count > 0) {
            outcome.fail(Failure::MoreAlerts { origin: self.origin.clone(), count });
        }
    }

    /// An answer for every message.
    async fn send(&self, messages: &[Message]) -> Vec<Result<(), PublishError>> {
        let missing = |reason: &str| {
            let error =
                PublishError { channel: self.channel.name().to_owned(), reason: reason.to_owned(), is_refusal: false };
            messages.iter().map(move |_| Err(error.clone()))
        };
        match self.time.to_publish(self.channel.publish(messages)).await {
            Some(answers) => {
                let count = answers.len();
                answers.into_iter().chain(missing("it gave no answer").skip(count)).take(messages.len()).collect()
            }
            None => missing("the time is used up, and it may not have been sent").collect(),
        }
    }

    /// What is refused for itself may be taken in another form.
    async fn send_plainer(&self, messages: &[Message], answers: &mut [Result<(), PublishError>]) {
        for (message, answer) in messages.iter().zip(answers) {
            let Err(PublishError { reason, is_refusal: true, .. }) = &answer else { continue };
            tracing::warn!(alert = message.id, reason, "alert refused; sent again in a plainer form");
            if let Some(second) = self.send(&[message.plainer()]).await.pop() {
                *answer = second;
            }
        }
    }

    fn count(&mut self, message: &Message, about: About, answer: Result<(), PublishError>, outcome: &mut Outcome) {
        let sends = outcome.sends.entry(self.channel.name()).or_default();
        let Err(error) = answer else {
            sends.sent += 1;
            match about {
                About::Match => outcome.matches.alerted += 1,
                About::Unreadable => outcome.unreadable.sent += 1,
            }
            return;
        };
        sends.failed += 1;
        match about {
            About::Match => outcome.matches.failed += 1,
            About::Unreadable => outcome.unreadable.failed += 1,
        }
        // A broken channel fails thousands: the first are told one by one, the others are counted.
        self.failed += 1;
        if self.failed <= MAX_TOLD {
            let (origin, id) = (self.origin.clone(), message.id.clone());
            outcome.fail(Failure::Publish { origin, id, error });
        }
    }
}
