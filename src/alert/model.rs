//! What an alert holds, whatever format it is rendered in.

use std::sync::Arc;

use jiff::Timestamp;

use super::{event::EventView, origin::Origin};
use crate::{
    diagnostic::counted,
    digest::Digest,
    engine::Finding,
    object::ObjectId,
    record::Record,
    rule::{Accounts, AggregateValue, Rule, Severity},
    state::{Firing, Listing},
    untrusted,
};

/// Something that people should know.
#[derive(Clone, Debug)]
pub struct Alert {
    /// 32 hexadecimal digits, equal for the same rule and the same event, also after a retry.
    pub id: String,
    /// What happened.
    pub kind: AlertKind,
    /// Where the record was read from. An alert for several events has the origin of the last record.
    pub origin: Option<Origin>,
    /// The index of the record there, from 0, if it is known.
    pub record: Option<u64>,
    /// The events that it covers.
    pub occurrences: Occurrences,
    /// Whether earlier alerts could be looked up.
    pub state: Remembered,
    accounts: Arc<Accounts>,
}

/// What an alert is about.
#[derive(Clone, Debug)]
pub enum AlertKind {
    /// A rule matched a record.
    Match(Finding),
    /// A rule reached its hourly limit of alerts, and further alerts were not sent.
    HeldBack(HeldBack),
    /// Records could not be read, so no rule has evaluated them.
    Unread(Unread),
}

/// The alerts of a rule that its hourly limit held back.
#[derive(Clone, Debug)]
pub struct HeldBack {
    /// The rule.
    pub rule: Arc<Rule>,
    /// When the hour begins.
    pub hour: Timestamp,
    /// The limit: how many alerts a rule may raise in an hour.
    pub cap: u64,
    /// How many alerts were held back.
    pub alerts: u64,
}

/// What could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// A record.
    Record {
        /// Its index in the object, from 0.
        index: u64,
        /// Why it could not be read.
        reason: String,
    },
    /// Further records of the same object, which have no alerts of their own.
    More {
        /// How many records.
        count: u64,
    },
}

/// The events that one alert covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occurrences {
    /// How many events.
    pub count: u64,
    /// When the first of them happened.
    pub first: Option<Timestamp>,
    /// When the last of them happened.
    pub last: Option<Timestamp>,
    /// How many events with the same rule and values have come since the previous alert; `None` without a previous alert.
    pub since_last: Option<u64>,
    /// How many earlier alerts of the rule its hourly limit held back.
    pub held_before: u64,
    /// Whether the counts are estimates.
    pub approximate: bool,
    /// What the events have in common: the rule's aggregate fields, as the rule spells them, with their values.
    pub values: Vec<(String, Option<String>)>,
    /// The ids of the events.
    pub events: Listing,
    /// In what the events differ: fields, each with its distinct values.
    pub distinct: Vec<(String, Listing)>,
    /// The events of a sequence, one for each step: when it happened, and its id.
    pub steps: Vec<(Timestamp, String)>,
}

impl Occurrences {
    /// One event: that of the record.
    pub fn one(record: &Record) -> Self {
        let time = record.event_time();
        Self { count: 1, first: time, last: time, ..Self::default() }
    }
}

/// Whether earlier alerts could be looked up when an alert was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Remembered {
    /// They could.
    #[default]
    Known,
    /// They could not: the state table was not available.
    Unavailable,
}

/// Replaces the rule in the alert for an unread record, which has no rule.
const UNREAD_ID: &str = "trailbell-unread-record";
const UNREAD_NAME: &str = "CloudTrail record could not be read";
const UNREAD_DESCRIPTION: &str = "No rule has evaluated what could not be read, so an alert can be missing. If CloudTrail \
    itself wrote it like this, the damage is harmless. If anyone else did, it can hide an attack: read it by hand. All \
    other records have been evaluated.";

impl Alert {
    /// The alert for a finding and its one event; `origin` is where its record was read from.
    pub fn new(finding: Finding, origin: Option<Origin>, accounts: &Arc<Accounts>) -> Self {
        let id = Self::id(&[&finding.rule.id, &finding.record.identity()]);
        let occurrences = Occurrences::one(&finding.record);
        Self::of(id, AlertKind::Match(finding), origin, occurrences, accounts)
    }

    /// The alert for a finding and for all events that the decision counts.
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
            values: firing.values(&finding.rule, &finding.record).into_iter().map(value).collect(),
            events: firing.events.clone(),
            distinct: firing.distinct.clone(),
            steps: firing.steps.clone(),
        };
        let state = if firing.unremembered { Remembered::Unavailable } else { Remembered::Known };
        let alert = Self::of(firing.alert_id.clone(), AlertKind::Match(finding), origin, occurrences, accounts);
        Self { state, ..alert }
    }

    /// The alert for records that could not be read.
    pub fn unread(unread: Unread, origin: Option<Origin>, accounts: &Arc<Accounts>) -> Self {
        let source = origin.as_ref().map(Origin::to_string).unwrap_or_default();
        let (which, count) = match &unread {
            Unread::Record { index, .. } => (index.to_string(), 1),
            Unread::More { count } => ("more".to_owned(), *count),
        };
        let id = Self::id(&[UNREAD_ID, &source, &which]);
        let time = origin.as_ref().and_then(Origin::object).and_then(ObjectId::delivered);
        let occurrences = Occurrences { count, first: time, last: time, ..Occurrences::default() };
        let record = if let Unread::Record { index, .. } = unread { Some(index) } else { None };
        Self { record, ..Self::of(id, AlertKind::Unread(unread), origin, occurrences, accounts) }
    }

    /// The alert in place of all alerts that were held back; `occurrences` counts their events.
    pub fn held_back(held_back: HeldBack, occurrences: Occurrences, accounts: &Arc<Accounts>) -> Self {
        let id = Self::id(&["held back", &held_back.rule.id, &held_back.hour.to_string()]);
        Self::of(id, AlertKind::HeldBack(held_back), None, occurrences, accounts)
    }

    fn of(
        id: String,
        kind: AlertKind,
        origin: Option<Origin>,
        occurrences: Occurrences,
        accounts: &Arc<Accounts>,
    ) -> Self {
        Self { id, kind, origin, record: None, occurrences, state: Remembered::Known, accounts: Arc::clone(accounts) }
    }

    /// The id of the alert that is made of these parts: 32 hexadecimal digits.
    pub fn id(parts: &[&str]) -> String {
        Digest::of(parts).hex()
    }

    /// The id of the thread that groups alerts of the same rule with the same values of its aggregate fields.
    pub fn thread_id(&self) -> String {
        let mut parts = vec!["thread", self.rule_id()];
        for (path, value) in &self.occurrences.values {
            parts.extend([path.as_str(), if value.is_some() { "=" } else { "" }, value.as_deref().unwrap_or_default()]);
        }
        Digest::of(&parts).hex()
    }

    /// The rule; the alert for an unread record has none.
    pub fn rule(&self) -> Option<&Rule> {
        match &self.kind {
            AlertKind::Match(finding) => Some(&finding.rule),
            AlertKind::HeldBack(held_back) => Some(&held_back.rule),
            AlertKind::Unread(_) => None,
        }
    }

    /// The name of the rule, or that of its replacement.
    pub fn rule_name(&self) -> &str {
        self.rule().map_or(UNREAD_NAME, |rule| &rule.name)
    }

    /// The id of the rule, or that of its replacement.
    pub fn rule_id(&self) -> &str {
        self.rule().map_or(UNREAD_ID, |rule| &rule.id)
    }

    /// How urgent it is.
    pub fn severity(&self) -> Severity {
        self.rule().map_or(Severity::REVIEW, |rule| rule.severity)
    }

    /// The tags of the rule.
    pub fn tags(&self) -> &[String] {
        self.rule().map_or(&[], |rule| &rule.tags)
    }

    /// What the alert means and what to do about it.
    pub fn description(&self) -> Option<&str> {
        self.rule().map_or(Some(UNREAD_DESCRIPTION), |rule| rule.description.as_deref())
    }

    /// The address of the rule's runbook.
    pub fn runbook(&self) -> Option<&str> {
        self.rule()?.runbook.as_deref()
    }

    /// What happened, in one line: for a match the rule's title.
    pub fn title(&self) -> String {
        match &self.kind {
            AlertKind::Match(finding) => title(finding),
            AlertKind::HeldBack(held_back) => {
                format!("{} held back in an hour", counted(held_back.alerts, "alert"))
            }
            AlertKind::Unread(_) => UNREAD_NAME.to_owned(),
        }
    }

    /// The event, if a rule matched one.
    pub fn event(&self) -> Option<EventView<'_>> {
        match &self.kind {
            AlertKind::Match(finding) => Some(EventView(&finding.record)),
            AlertKind::HeldBack(_) | AlertKind::Unread(_) => None,
        }
    }

    /// The event, if it is a call: what CloudTrail Insights reports is none.
    pub fn call(&self) -> Option<EventView<'_>> {
        self.event().filter(|event| event.insight().is_none())
    }

    fn object(&self) -> Option<&ObjectId> {
        self.origin.as_ref()?.object()
    }

    /// The account of the event or of the log file.
    pub fn account(&self) -> Option<String> {
        let of_origin = || self.object()?.account().map(str::to_owned);
        self.event().map_or_else(of_origin, EventView::account)
    }

    /// The name that the rules file gives to an account.
    pub fn account_name(&self, id: &str) -> Option<&str> {
        self.accounts.name(id)
    }

    /// The region of the event or of the log file.
    pub fn region(&self) -> Option<String> {
        let of_origin = || self.object()?.region().map(str::to_owned);
        self.event().map_or_else(of_origin, |event| event.at(&["awsRegion"]))
    }

    /// The time of the last event, else the hour of the limit, else the time when the object was delivered.
    pub fn time(&self) -> Option<Timestamp> {
        let hour = match &self.kind {
            AlertKind::HeldBack(held_back) => Some(held_back.hour),
            AlertKind::Match(_) | AlertKind::Unread(_) => None,
        };
        self.occurrences.last.or(hour).or_else(|| self.object()?.delivered())
    }
}

/// The rule's title with the record's values, or what happened and who did it if that title is empty.
pub fn title(finding: &Finding) -> String {
    let title = finding.rule.title.as_ref().map(|title| title.fill(&finding.record));
    if let Some(title) = title.filter(|title| !untrusted::line(title, usize::MAX).is_empty()) {
        return title;
    }
    let event = EventView(&finding.record);
    match event.insight() {
        Some(insight) => insight.title(),
        None => format!("{} by {}", event.name(), event.caller()),
    }
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
