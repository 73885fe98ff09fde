//! A finding becomes an alert, and an alert becomes a message; one file a rendering.
//!
//! What a record says is written by whoever made the call: no rendering shows a byte of it that has not been through
//! [`untrusted`](crate::untrusted).

mod ascii_fallback;
mod chat;
mod event;
mod link;
mod message;
mod ocsf;
mod origin;
mod phrase;
mod reason;
mod rendering;
mod story;
mod text;

use std::sync::Arc;

use jiff::Timestamp;

pub use event::{Event, Outcome};
pub use message::{Attribute, AttributeValue, MAX_BYTES, Message};
pub use origin::Origin;
pub use rendering::{Rendering, render, render_plainly};

use crate::{
    digest::Digest,
    engine::Finding,
    object::ObjectId,
    record::Record,
    rule::{Accounts, AggregateValue, Rule, Severity},
    state::Firing,
    untrusted,
};

/// Something that a person should know of.
#[derive(Clone, Debug)]
pub struct Alert {
    /// The same rule and the same event always make the same id, also after a retry: 32 hexadecimal digits.
    pub id: String,
    /// What happened.
    pub kind: Kind,
    /// Where the record was read; of an alert for many events the last.
    pub origin: Option<Origin>,
    /// The record's place there, from 0, where it is known.
    pub record: Option<u64>,
    /// How many events it stands for.
    pub occurrences: Occurrences,
    /// Whether it is known what was sent before.
    pub state: Remembered,
    accounts: Arc<Accounts>,
}

/// What an alert can be about.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A rule matched a record.
    Match(Finding),
    /// A rule would have raised more alerts than it may, and these were not sent.
    HeldBack(HeldBack),
    /// Records could not be read, so no rule has seen them.
    Unread(Unread),
}

/// The alerts of a rule that were held back in an hour.
#[derive(Clone, Debug)]
pub struct HeldBack {
    /// The rule.
    pub rule: Arc<Rule>,
    /// The beginning of the hour.
    pub hour: Timestamp,
    /// How many alerts the rule may raise in an hour.
    pub cap: u64,
    /// How many were held back.
    pub alerts: u64,
}

/// What could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// A record.
    Record {
        /// Its place in the object, from 0.
        index: u64,
        /// Why.
        reason: String,
    },
    /// Further records of the same object, which have no alert of their own.
    More {
        /// How many.
        count: u64,
    },
}

/// The events that one alert stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occurrences {
    /// How many events.
    pub count: u64,
    /// When the first of them happened.
    pub first: Option<Timestamp>,
    /// When the last of them happened.
    pub last: Option<Timestamp>,
    /// How many events of the same rule and values came since the alert before; `None` where there was none.
    pub since_last: Option<u64>,
    /// How many alerts of the rule were held back before this one, when it had raised too many.
    pub held_before: u64,
    /// Whether the counts are estimates.
    pub approximate: bool,
    /// What the events have in common: the aggregate fields as the rule has them, with their values.
    pub values: Vec<(String, Option<String>)>,
}

impl Occurrences {
    /// One event, that of a record.
    pub fn one(record: &Record) -> Self {
        let time = record.event_time();
        Self { count: 1, first: time, last: time, ..Self::default() }
    }
}

/// Whether it was known, when an alert was made, what was sent before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Remembered {
    /// It was.
    #[default]
    Known,
    /// It was not: the table that remembers could not be reached.
    Unavailable,
}

/// What an unread record raises its alert as: it has no rule.
const UNREAD_ID: &str = "trailbell-unread-record";
const UNREAD_NAME: &str = "CloudTrail record could not be read";
const UNREAD_DESCRIPTION: &str = "No rule has seen what could not be read, so what it would have raised is not known. \
    Damage is harmless if CloudTrail wrote it so, and a way to hide if anybody else did: read it by hand. What could be \
    read beside it has been evaluated.";

impl Alert {
    /// The alert for a finding, for its one event; `origin` is the object, if the record was read from one.
    pub fn new(finding: Finding, origin: Option<Origin>, accounts: &Arc<Accounts>) -> Self {
        let id = Self::id(&[&finding.rule.id, &identity(&finding.record)]);
        let occurrences = Occurrences::one(&finding.record);
        Self::of(id, Kind::Match(finding), origin, occurrences, accounts)
    }

    /// The alert for a finding that stands for all that the decision says.
    pub fn fired(finding: Finding, firing: &Firing, origin: Option<Origin>, accounts: &Arc<Accounts>) -> Self {
        let value = |value: AggregateValue| {
            let text = (!value.values.is_empty()).then(|| value.to_string());
            (value.field, text)
        };
        let occurrences = Occurrences {
            count: firing.count,
            first: Some(firing.first),
            last: Some(firing.last),
            since_last: firing.since_last,
            held_before: firing.held_before,
            approximate: firing.approximate,
            values: finding.rule.aggregate(&finding.record).into_iter().map(value).collect(),
        };
        let state = if firing.unremembered { Remembered::Unavailable } else { Remembered::Known };
        let alert = Self::of(firing.alert_id.clone(), Kind::Match(finding), origin, occurrences, accounts);
        Self { state, ..alert }
    }

    /// The alert for what could not be read.
    pub fn unread(unread: Unread, origin: Option<Origin>, accounts: &Arc<Accounts>) -> Self {
        let place = origin.as_ref().map(Origin::to_string).unwrap_or_default();
        let (which, count) = match &unread {
            Unread::Record { index, .. } => (index.to_string(), 1),
            Unread::More { count } => ("more".to_owned(), *count),
        };
        let id = Self::id(&[UNREAD_ID, &place, &which]);
        let time = origin.as_ref().and_then(Origin::object).and_then(ObjectId::delivered);
        let occurrences = Occurrences { count, first: time, last: time, ..Occurrences::default() };
        let record = if let Unread::Record { index, .. } = unread { Some(index) } else { None };
        Self { record, ..Self::of(id, Kind::Unread(unread), origin, occurrences, accounts) }
    }

    /// The alert that stands for all that was held back; `occurrences` counts the events.
    pub fn held_back(held_back: HeldBack, occurrences: Occurrences, accounts: &Arc<Accounts>) -> Self {
        let id = Self::id(&["held back", &held_back.rule.id, &held_back.hour.to_string()]);
        Self::of(id, Kind::HeldBack(held_back), None, occurrences, accounts)
    }

    fn of(id: String, kind: Kind, origin: Option<Origin>, occurrences: Occurrences, accounts: &Arc<Accounts>) -> Self {
        Self { id, kind, origin, record: None, occurrences, state: Remembered::Known, accounts: Arc::clone(accounts) }
    }

    /// The id of an alert that these parts tell from all others: 128 bits of SHA-256, in hexadecimal.
    pub fn id(parts: &[&str]) -> String {
        Digest::of(parts).hex()
    }

    /// What is the same for all alerts that belong together: the rule, and the values of its aggregate fields.
    pub fn conversation(&self) -> String {
        let mut parts = vec!["thread", self.rule_id()];
        for (path, value) in &self.occurrences.values {
            parts.extend([path.as_str(), if value.is_some() { "=" } else { "" }, value.as_deref().unwrap_or_default()]);
        }
        Digest::of(&parts).hex()
    }

    /// The rule; an unread record has none.
    pub fn rule(&self) -> Option<&Rule> {
        match &self.kind {
            Kind::Match(finding) => Some(&finding.rule),
            Kind::HeldBack(held_back) => Some(&held_back.rule),
            Kind::Unread(_) => None,
        }
    }

    /// The name of the rule, or what stands for it.
    pub fn rule_name(&self) -> &str {
        self.rule().map_or(UNREAD_NAME, |rule| &rule.name)
    }

    /// The id of the rule, or what stands for it.
    pub fn rule_id(&self) -> &str {
        self.rule().map_or(UNREAD_ID, |rule| &rule.id)
    }

    /// Whom it concerns.
    pub fn severity(&self) -> Severity {
        self.rule().map_or(Severity::REVIEW, |rule| rule.severity)
    }

    /// The tags of the rule.
    pub fn tags(&self) -> &[String] {
        self.rule().map_or(&[], |rule| &rule.tags)
    }

    /// What it means and what to do.
    pub fn description(&self) -> Option<&str> {
        self.rule().map_or(Some(UNREAD_DESCRIPTION), |rule| rule.description.as_deref())
    }

    /// The page that says more.
    pub fn runbook(&self) -> Option<&str> {
        self.rule()?.runbook.as_deref()
    }

    /// In one line what happened: for a match the rule's title.
    pub fn title(&self) -> String {
        match &self.kind {
            Kind::Match(finding) => title(finding),
            Kind::HeldBack(held_back) => {
                format!("{} held back in an hour", crate::diagnostic::counted(held_back.alerts, "alert"))
            }
            Kind::Unread(_) => UNREAD_NAME.to_owned(),
        }
    }

    /// What the record says, where a rule matched one.
    pub fn event(&self) -> Option<Event<'_>> {
        match &self.kind {
            Kind::Match(finding) => Some(Event(&finding.record)),
            Kind::HeldBack(_) | Kind::Unread(_) => None,
        }
    }

    fn object(&self) -> Option<&ObjectId> {
        self.origin.as_ref()?.object()
    }

    /// The account that it concerns.
    pub fn account(&self) -> Option<String> {
        let of_origin = || self.object()?.account().map(str::to_owned);
        self.event().map_or_else(of_origin, Event::account)
    }

    /// What the rules file calls an account.
    pub fn account_name(&self, id: &str) -> Option<&str> {
        self.accounts.name(id)
    }

    /// The region that it concerns.
    pub fn region(&self) -> Option<String> {
        let of_origin = || self.object()?.region().map(str::to_owned);
        self.event().map_or_else(of_origin, |event| event.at(&["awsRegion"]))
    }

    /// When what it tells happened: the last of its events, else when the object was delivered.
    pub fn time(&self) -> Option<Timestamp> {
        let hour = match &self.kind {
            Kind::HeldBack(held_back) => Some(held_back.hour),
            Kind::Match(_) | Kind::Unread(_) => None,
        };
        self.occurrences.last.or(hour).or_else(|| self.object()?.delivered())
    }
}

/// The rule's title with the record's values; where that is empty, what was called by whom.
pub fn title(finding: &Finding) -> String {
    let title = finding.rule.title.as_ref().map(|title| title.fill(&finding.record));
    if let Some(title) = title.filter(|title| !untrusted::line(title, usize::MAX).is_empty()) {
        return title;
    }
    let event = Event(&finding.record);
    format!("{} by {}", event.name(), event.actor())
}

/// `sharedEventID`, else `eventID`, else a hash of the record.
fn identity(record: &Record) -> String {
    record.identity().unwrap_or_else(|| Digest::of(&[&record.value().to_string()]).hex())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Alerts that were sent carry such ids. The expected values are those of Python's `hashlib`.
    #[test]
    fn ids_are_those_of_alerts_that_were_sent() {
        assert_eq!(Alert::id(&["a", "bc"]), "3fafa1cf2f19a7c1129beb20cf0983f7");
        assert_eq!(Alert::id(&[""]), "af5570f5a1810b7af78caf4bc70a660f");
    }
}
