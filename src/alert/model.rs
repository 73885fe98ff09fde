//! What an alert holds, whatever format it is rendered in.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    also::CoveredRule,
    content::{Around, Content, RuleView},
    event::EventView,
    kind::{FollowUpNotice, RollUpNotice, SilentSources, Summary, Unread},
    occurrence::Occurrences,
    origin::Origin,
    phrase::{Phrase, Row},
    place,
    short_name::short_text,
    story::Story,
};
use crate::{
    digest::Digest,
    engine::Finding,
    object::ObjectId,
    record::Virtual,
    rule::{Accounts, AggregateValue, FilledPart, Rule, Severity},
    state::{Firing, Series, SummaryLine},
    untrusted,
};

/// Something that people should know: an alert, or a notice about alerts.
#[derive(Clone, Debug)]
pub struct Alert {
    /// 32 hexadecimal digits, equal for the same rule and the same event, also after a retry. The id of a notice can have a suffix.
    pub id: String,
    /// What happened.
    pub kind: AlertKind,
    /// Where the record was read from. An alert for several events has the origin of the last record.
    pub origin: Option<Origin>,
    /// The index of the record there, from 0, if it is known.
    pub record: Option<u64>,
    /// Further rules that match the record and have no alerts of their own about it, the most severe first.
    pub also: Vec<CoveredRule>,
    /// The events that it covers; none for a notice.
    pub occurrences: Occurrences,
    /// Whether earlier alerts could be looked up.
    pub state: Remembered,
    /// The thread of its series; none for a notice.
    thread_id: Option<String>,
    accounts: Arc<Accounts>,
}

/// What an alert is about. Each kind is in a file of its own in `kind/`.
#[derive(Clone, Debug)]
pub enum AlertKind {
    /// A rule matched a record.
    Match(Finding),
    /// Records could not be read, so no rule has evaluated them.
    Unread(Unread),
    /// Accounts and regions of which no logs arrive any more.
    Silent(SilentSources),
    /// The hourly limit of a rule holds alerts back.
    RollUp(RollUpNotice),
    /// Further events came after alerts, which cover them.
    FollowUps(Vec<FollowUpNotice>),
    /// Alerts came faster than they may be published.
    Summary(Summary),
}

impl AlertKind {
    fn content(&self) -> &dyn Content {
        match self {
            AlertKind::Match(finding) => finding,
            AlertKind::Unread(unread) => unread,
            AlertKind::Silent(sources) => sources,
            AlertKind::RollUp(notice) => notice,
            AlertKind::FollowUps(notices) => notices,
            AlertKind::Summary(summary) => summary,
        }
    }

    /// Whether it reports about other alerts, and is none itself.
    pub fn is_notice(&self) -> bool {
        self.content().is_notice()
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

/// The longest title in the line of an alert that names other rules, in characters.
const MAX_TITLE: usize = 100;
/// The tags that a message has at most.
const MAX_TAGS: usize = 50;
/// How many bytes the lines of a summary take at most; the rest of a message is for what is around them.
const MAX_SUMMARY_BYTES: usize = 240_000;

impl Alert {
    /// The alert for a finding and its one event; `origin` is where its record was read from.
    pub fn new(finding: Finding, origin: Option<Origin>, accounts: &Arc<Accounts>) -> Self {
        let id = Self::id(&[&finding.rule.id, &finding.record.identity()]);
        let occurrences = Occurrences::one(&finding.record);
        let first = finding.rule.arrivals(&finding.record).into_iter().next();
        let thread_id = first.map(|arrival| Series::new(&finding.rule, &arrival.values).thread_id());
        Self { origin, occurrences, thread_id, ..Self::of(id, AlertKind::Match(finding), accounts) }
    }

    /// The alert for a finding and for all events that the decision counts.
    pub fn fired(finding: Finding, firing: &Firing, origin: Option<Origin>, accounts: &Arc<Accounts>) -> Self {
        let values = firing.values(&finding.rule, &finding.record);
        let thread_id = Some(Series::new(&finding.rule, &values).thread_id());
        let occurrences = Occurrences {
            count: firing.count,
            first: Some(firing.first),
            last: Some(firing.last),
            since_last: firing.since_last,
            approximate: firing.approximate,
            values: shown(values),
            events: firing.events.clone(),
            distinct: firing.distinct.clone(),
            steps: firing.steps.clone(),
        };
        let state = if firing.unremembered { Remembered::Unavailable } else { Remembered::Known };
        let alert = Self::of(firing.alert_id.clone(), AlertKind::Match(finding), accounts);
        Self { origin, occurrences, state, thread_id, ..alert }
    }

    /// The alert of another rule that matches the same record; `None` unless this is the alert for a finding. `position` is that
    /// of the rule in the engine.
    pub fn of_other_rule(&self, rule: &Arc<Rule>, position: usize, firing: &Firing) -> Option<Self> {
        let AlertKind::Match(Finding { record, .. }) = &self.kind else { return None };
        let finding = Finding { rule: Arc::clone(rule), position, suppressed: false, record: Arc::clone(record) };
        let alert = Self::fired(finding, firing, self.origin.clone(), &self.accounts);
        Some(Self { record: self.record, ..alert })
    }

    /// The alert for records that could not be read.
    pub fn unread(unread: Unread, origin: Option<Origin>, accounts: &Arc<Accounts>) -> Self {
        let (count, parts) = unread.counted(origin.as_ref());
        let id = Self::id(&parts.each_ref().map(String::as_str));
        let time = origin.as_ref().and_then(Origin::object).and_then(ObjectId::delivered);
        let occurrences = Occurrences { count, first: time, last: time, ..Occurrences::default() };
        let record = if let Unread::Record { index, .. } = unread { Some(index) } else { None };
        Self { origin, record, occurrences, ..Self::of(id, AlertKind::Unread(unread), accounts) }
    }

    /// The alert for accounts and regions of which no logs arrive any more.
    pub fn silent(sources: SilentSources, accounts: &Arc<Accounts>) -> Self {
        let parts = sources.id_parts();
        let id = Self::id(&parts.iter().map(String::as_str).collect::<Vec<_>>());
        Self::of(id, AlertKind::Silent(sources), accounts)
    }

    /// The notice about alerts that the hourly limit of a rule holds back.
    pub fn roll_up(notice: RollUpNotice, accounts: &Arc<Accounts>) -> Self {
        Self::of(notice.id(Self::id), AlertKind::RollUp(notice), accounts)
    }

    /// The notice about events after one alert, in the alert's thread.
    pub fn follow_up(notice: FollowUpNotice, accounts: &Arc<Accounts>) -> Self {
        Self::follow_ups(vec![notice], accounts)
    }

    /// The notice about events after several alerts, or after one; its id is a hash of all.
    pub fn follow_ups(mut notices: Vec<FollowUpNotice>, accounts: &Arc<Accounts>) -> Self {
        notices.sort_by_cached_key(FollowUpNotice::order);
        let id = match &notices[..] {
            [one] => one.id(),
            all => {
                let ids = all.iter().map(|one| one.alert_id.as_str());
                Self::id(&["follow-ups"].into_iter().chain(ids).collect::<Vec<_>>())
            }
        };
        Self::of(id, AlertKind::FollowUps(notices), accounts)
    }

    /// The notices that list these alerts, the most urgent first: as many as all lines need, none without lines.
    pub fn summaries(lines: Vec<SummaryLine>, accounts: &Arc<Accounts>) -> Vec<Self> {
        let (mut chunks, mut bytes) = (Vec::<Vec<SummaryLine>>::new(), 0);
        for line in Summary::sorted(lines) {
            let size = Summary::bytes(&line, chunks.last().and_then(|chunk| chunk.last()), accounts);
            if let Some(chunk) = chunks.last_mut().filter(|_| bytes + size <= MAX_SUMMARY_BYTES) {
                chunk.push(line);
                bytes += size;
            } else {
                bytes = Summary::bytes(&line, None, accounts);
                chunks.push(vec![line]);
            }
        }
        let parts = chunks.len();
        let summary = |(at, lines): (usize, Vec<SummaryLine>)| {
            let ids = lines.iter().map(|line| line.alert_id.as_str());
            let id = Self::id(&["summary"].into_iter().chain(ids).collect::<Vec<_>>());
            Self::of(id, AlertKind::Summary(Summary { lines, part: at + 1, parts }), accounts)
        };
        chunks.into_iter().enumerate().map(summary).collect()
    }

    fn of(id: String, kind: AlertKind, accounts: &Arc<Accounts>) -> Self {
        let (also, occurrences, accounts) = (Vec::new(), Occurrences::default(), Arc::clone(accounts));
        let (origin, record, thread_id, state) = (None, None, None, Remembered::Known);
        Self { id, kind, origin, record, also, occurrences, state, thread_id, accounts }
    }

    /// The id of the alert that is made of these parts: 32 hexadecimal digits.
    pub fn id(parts: &[&str]) -> String {
        Digest::of(parts).hex()
    }

    /// What its kind answers.
    pub(super) fn content(&self) -> &dyn Content {
        self.kind.content()
    }

    /// The id of the thread that groups the alerts of a series with what follows them. Notices about several series of a rule
    /// have a thread of that rule.
    pub fn thread_id(&self) -> String {
        let of_series = self.content().thread_id().or_else(|| self.thread_id.clone());
        of_series.unwrap_or_else(|| Self::id(&["thread", self.rule_id()]))
    }

    /// The rule that matched a record.
    pub fn rule(&self) -> Option<&Rule> {
        if let AlertKind::Match(finding) = &self.kind { Some(&finding.rule) } else { None }
    }

    fn rule_view(&self) -> RuleView<'_> {
        self.content().rule()
    }

    /// The name of the rule, or that of its replacement.
    pub fn rule_name(&self) -> &str {
        self.rule_view().name
    }

    /// The id of the rule, or that of its replacement.
    pub fn rule_id(&self) -> &str {
        self.rule_view().id
    }

    /// Whether the message is about one rule.
    pub(super) fn has_rule(&self) -> bool {
        self.rule_view().is_rule
    }

    /// How urgent it is.
    pub fn severity(&self) -> Severity {
        self.rule_view().severity
    }

    /// The tags of the rule.
    pub(super) fn rule_tags(&self) -> &[String] {
        self.rule_view().tags
    }

    /// The tags of the message: that of its kind, those of the rule, `also.<id>` for each rule that it names beside its own, and
    /// their tags, each once.
    pub fn tags(&self) -> Vec<String> {
        let ids = self.also.iter().map(|covered| format!("also.{}", covered.rule.id));
        let of_others = self.also.iter().flat_map(|covered| &covered.rule.tags).cloned();
        let mut tags = vec![self.content().tag().to_owned()];
        for tag in self.rule_tags().iter().cloned().chain(ids).chain(of_others) {
            if tags.len() < MAX_TAGS && !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        tags
    }

    /// What the alert means and what to do about it, with the values of the event; nothing if no one wrote it.
    pub(super) fn advice(&self) -> Vec<FilledPart> {
        self.content().advice()
    }

    /// The address of the rule's runbook.
    pub fn runbook(&self) -> Option<&str> {
        self.rule_view().runbook
    }

    /// What happened, in one line: for a match the rule's title.
    pub fn title(&self) -> String {
        self.content().title()
    }

    /// The title, with ARNs by short names.
    pub fn short_title(&self) -> String {
        short_text(&self.title(), self.account().as_deref())
    }

    /// The event, if a rule matched one.
    pub fn event(&self) -> Option<EventView<'_>> {
        self.content().event()
    }

    /// The event, if it is a call: what CloudTrail Insights and detectors report is none.
    pub fn call(&self) -> Option<EventView<'_>> {
        self.event().filter(|event| event.insight().is_none() && event.detected().is_none())
    }

    fn object(&self) -> Option<&ObjectId> {
        self.origin.as_ref()?.object().filter(|_| self.event().is_none())
    }

    /// The account of the event or of the log file; of a notice that of all its alerts.
    pub fn account(&self) -> Option<String> {
        self.content().account().or_else(|| self.object()?.account().map(str::to_owned))
    }

    /// The name that the rules file gives to an account.
    pub fn account_name(&self, id: &str) -> Option<&str> {
        self.accounts.name(id)
    }

    /// The names that the rules file gives to accounts.
    pub(super) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The region of the event or of the log file; of a notice that of all its alerts.
    pub fn region(&self) -> Option<String> {
        self.content().region().or_else(|| self.object()?.region().map(str::to_owned))
    }

    /// The time of the last event, else the time when the object was delivered.
    pub fn time(&self) -> Option<Timestamp> {
        let delivered = || self.origin.as_ref()?.object()?.delivered();
        self.occurrences.last.or_else(|| Some(self.content().span()?.1)).or_else(delivered)
    }

    /// The time of the first event.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.occurrences.first.or_else(|| Some(self.content().span()?.0)).or_else(|| self.time())
    }

    /// Whether a rule matched an act that succeeded.
    pub fn is_success(&self) -> bool {
        self.event().is_some_and(|event| event.field(Virtual::Result).as_deref() == Some("success"))
    }

    /// The title, and the rules that it names beside its own.
    fn title_with_others(&self) -> String {
        let also: Vec<&str> = self.also.iter().map(|covered| covered.rule.name.as_str()).collect();
        if also.is_empty() {
            return self.title();
        }
        format!("{}; also {}", untrusted::shorten_to(&self.title(), MAX_TITLE), also.join(", "))
    }

    /// The line of a summary in place of the alert.
    pub fn summary_line(&self) -> SummaryLine {
        let line = SummaryLine {
            alert_id: self.id.clone(),
            severity: self.severity().number(),
            is_success: self.is_success(),
            is_notice: !matches!(self.kind, AlertKind::Match(_)),
            rule: self.rule_id().to_owned(),
            title: self.title_with_others(),
            account: self.account().unwrap_or_default(),
            region: self.region().unwrap_or_default(),
            event: self.event().and_then(|event| event.at(&["eventID"])).unwrap_or_default(),
            time: self.time().map_or(0, Timestamp::as_second),
        };
        line.shortened()
    }

    /// What people read.
    pub(super) fn story(&self) -> Story {
        let origin = self.origin.as_ref();
        let mut story =
            self.content().story(&Around { origin, occurrences: &self.occurrences, accounts: &self.accounts });
        if self.state == Remembered::Unavailable {
            let text =
                "earlier alerts could not be looked up: this alert may be a repeat, and its count may be too low";
            story.events.push(Row::new("State", Phrase::ours(text)));
        }
        story.places.extend(place::rows(origin, self.region().as_deref()));
        story
    }
}

/// The values of a series as alerts show them.
fn shown(values: Vec<AggregateValue>) -> Vec<(String, Option<String>)> {
    let value = |value: AggregateValue| {
        let text = (!value.values.is_empty()).then(|| value.to_string());
        (value.field, text)
    };
    values.into_iter().map(value).collect()
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
