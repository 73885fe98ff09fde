//! Where alerts go: a channel for each audience. The audience decides which alerts the channel gets and in which
//! rendering.
//!
//! One channel always exists: every alert goes to it, for people to read. A match counts as alerted once that channel
//! took its alert.

use super::port::Channel;
use crate::{alert::Format, rule::Severity, state::Audience};

/// The channels, by audience.
#[derive(Clone, Debug)]
pub struct Channels<C> {
    /// Every alert, for people to read.
    pub alerts: C,
    /// The alerts that are severe enough, for a chat.
    pub chat: Option<Chat<C>>,
    /// Every alert, for machines.
    pub findings: Option<C>,
}

/// A chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat<C> {
    /// The channel that posts to it.
    pub channel: C,
    /// The least urgent severity that is posted.
    pub mildest: Severity,
}

impl Audience {
    /// The format of its messages.
    pub(super) fn format(self) -> Format {
        match self {
            Audience::Alerts => Format::TEXT,
            Audience::Chat => Format::CHAT,
            Audience::Findings => Format::OCSF,
        }
    }
}

impl<C> Channels<C> {
    /// Only the channel of all alerts.
    pub fn only(alerts: C) -> Self {
        Self { alerts, chat: None, findings: None }
    }

    /// Makes each channel into something else.
    pub fn map<D>(self, make: impl Fn(C) -> D) -> Channels<D> {
        Channels {
            alerts: make(self.alerts),
            chat: self.chat.map(|Chat { channel, mildest }| Chat { channel: make(channel), mildest }),
            findings: self.findings.map(make),
        }
    }
}

impl<C: Channel> Channels<C> {
    /// The existing channels, that of all alerts first.
    pub(super) fn each(&self) -> impl Iterator<Item = (Audience, &C)> {
        let chat = self.chat.as_ref().map(|chat| (Audience::Chat, &chat.channel));
        let findings = self.findings.as_ref().map(|findings| (Audience::Findings, findings));
        [Some((Audience::Alerts, &self.alerts)), chat, findings].into_iter().flatten()
    }

    /// The audiences of an alert with this severity.
    pub(super) fn audiences(&self, severity: Severity) -> Vec<Audience> {
        let is_for = |audience: &Audience| match audience {
            Audience::Alerts => true,
            Audience::Chat => self.chat.as_ref().is_some_and(|chat| severity <= chat.mildest),
            Audience::Findings => self.findings.is_some(),
        };
        Audience::ALL.into_iter().filter(is_for).collect()
    }
}
