//! An alert on its way to the channels, with those that it covers.

use std::sync::Arc;

use crate::{
    alert::{Alert, CoveredRule},
    rule::Rule,
    state::{Audience, Firing, Ticket},
};

/// An alert to send.
pub(super) struct OutgoingAlert {
    pub(super) alert: Alert,
    /// The audiences that it is for and that have not taken it yet.
    pub(super) audiences: Vec<Audience>,
    /// What [`mark_sent`](crate::state::mark_sent) takes once it is sent; `None` if the state does not count the alert.
    pub(super) ticket: Option<Ticket>,
    /// The length of the text of its record in bytes.
    pub(super) bytes: usize,
    /// The alerts that it covers, the most severe first.
    pub(super) covered: Vec<CoveredAlert>,
}

/// An alert that goes out only if the one that covers it cannot.
#[derive(Clone)]
pub(super) struct CoveredAlert {
    pub(super) rule: Arc<Rule>,
    /// The position of its rule in the engine.
    pub(super) position: usize,
    pub(super) firing: Firing,
}

impl OutgoingAlert {
    /// The alert with those that it covers, whose rules it names.
    pub(super) fn covering(mut self, covered: Vec<CoveredAlert>) -> Self {
        self.alert.also = covered.iter().map(|one| CoveredRule::new(&one.rule, &one.firing)).collect();
        Self { covered, ..self }
    }

    /// What is marked once this audience took it.
    pub(super) fn taken_by(&self, audience: Audience) -> impl Iterator<Item = (Ticket, Audience)> {
        let is_for = move |one: &&CoveredAlert| one.firing.audiences.contains(&audience);
        let covered = self.covered.iter().filter(is_for).map(|one| one.firing.ticket.clone());
        self.ticket.clone().into_iter().chain(covered).map(move |ticket| (ticket, audience))
    }

    /// The alert that goes out in its place to an audience that refuses this one: the most severe of the covered ones for that
    /// audience, which covers the rest.
    pub(super) fn next(&self, audience: Audience) -> Option<Self> {
        let mut rest = self.covered.iter().filter(|one| one.firing.audiences.contains(&audience));
        let CoveredAlert { rule, position, firing } = rest.next()?;
        let next = Self {
            alert: self.alert.of_other_rule(rule, *position, firing)?,
            audiences: vec![audience],
            ticket: Some(firing.ticket.clone()),
            bytes: 0,
            covered: Vec::new(),
        };
        Some(next.covering(rest.cloned().collect()))
    }
}
