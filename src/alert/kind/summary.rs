//! A summary: the alerts that came faster than the channel for people may publish them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::roll_up::event_line;
use crate::{
    alert::{
        content::{Around, Content, RuleView, common},
        phrase::Phrase,
        place::{Common, in_list, of_all},
        short_name::short_text,
        story::{List, ListItem, Story},
    },
    diagnostic::counted,
    rule::{Accounts, FilledPart, Severity},
    state::SummaryLine,
    untrusted,
};

/// Replaces the rule in a summary of alerts of several rules.
const ID: &str = "trailbell-summary";
const NAME: &str = "Summary of alerts";

/// Alerts that have no messages of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The alerts, the most urgent first.
    pub lines: Vec<SummaryLine>,
    /// Which of the messages it is that the alerts need, from 1.
    pub part: usize,
    /// How many messages that are.
    pub parts: usize,
}

impl Summary {
    /// The lines in the order of a summary: by severity, of each first the successes, then the notices; of these those of a rule together.
    pub fn sorted(mut lines: Vec<SummaryLine>) -> Vec<SummaryLine> {
        lines.sort_by(|one, other| order(one).cmp(&order(other)));
        lines.dedup();
        lines
    }

    /// How many bytes a line takes in a text, at most, after another line.
    pub fn bytes(line: &SummaryLine, before: Option<&SummaryLine>, accounts: &Accounts) -> usize {
        // The longest words between the values of a line, and of a heading.
        const AROUND: usize = 50;
        // The words in place of a value that is unknown.
        const UNKNOWN: usize = 20;
        const HEADING: usize = 40;
        let bytes = |text: &str| untrusted::defanged(text).len();
        let SummaryLine { rule, title, account, region, event, .. } = line;
        let title = if title.is_empty() { rule } else { title };
        let account = accounts.name(account).unwrap_or(account);
        let is_new = before.is_none_or(|before| group(before) != group(line));
        let heading = if is_new { bytes(rule) + HEADING } else { 0 };
        let unknown = [account, event].into_iter().filter(|text| text.is_empty()).count() * UNKNOWN;
        heading + bytes(title) + bytes(account) + bytes(region) + bytes(event) + unknown + AROUND
    }

    fn severity(&self) -> Severity {
        let number = self.lines.iter().map(|line| line.severity).min();
        number.and_then(Severity::new).unwrap_or(Severity::REVIEW)
    }

    /// `42 alerts`, and which part of them.
    fn count(&self) -> String {
        let part = if self.parts > 1 { format!(" (part {} of {})", self.part, self.parts) } else { String::new() };
        format!("{}{part}", counted(self.lines.len() as u64, "alert"))
    }

    /// `2 of severity 1 that succeeded, 40 of severity 2`.
    fn severities(&self) -> String {
        let mut counts: BTreeMap<(u8, Act), u64> = BTreeMap::new();
        for line in &self.lines {
            *counts.entry((line.severity, act(line))).or_default() += 1;
        }
        let shown = counts.into_iter().map(|((severity, act), count)| match act {
            Act::Succeeded => format!("{count} of severity {severity} that succeeded"),
            Act::None => format!("{} of severity {severity}", counted(count, "notice")),
            Act::Failed => format!("{count} of severity {severity} that failed"),
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    fn items(&self, accounts: &Accounts) -> Vec<ListItem> {
        let mut counts: BTreeMap<_, u64> = BTreeMap::new();
        for line in &self.lines {
            *counts.entry(group(line)).or_default() += 1;
        }
        let common = Common { account: self.account().is_some(), region: self.region().is_some() };
        let day = self.span().map_or(Timestamp::UNIX_EPOCH, |(_, last)| last);
        let mut last = None;
        let item = |line| {
            let (group, mut heading) = (group(line), None);
            if last.replace(group) != Some(group) {
                let (severity, act, rule) = group;
                let count = counts.get(&group).copied().unwrap_or(0);
                let result = match act {
                    Act::Succeeded => "succeeded",
                    Act::None => "notice",
                    Act::Failed => "failed",
                };
                let text = Phrase::ours(format!("SEV{severity} ")).value(rule).then(format!(", {result}: {count}"));
                heading = Some(text);
            }
            ListItem { heading, lines: lines(line, accounts, common, day) }
        };
        self.lines.iter().map(item).collect()
    }
}

/// What the lines under a heading have in common.
fn group(line: &SummaryLine) -> (u8, Act, &str) {
    (line.severity, act(line), &line.rule)
}

/// What a line is about, in the order of a summary.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Act {
    Succeeded,
    /// It is a notice.
    None,
    Failed,
}

fn act(line: &SummaryLine) -> Act {
    match (line.is_notice, line.is_success) {
        (true, _) => Act::None,
        (false, true) => Act::Succeeded,
        (false, false) => Act::Failed,
    }
}

fn order(line: &SummaryLine) -> impl Ord + use<'_> {
    (group(line), line.time, &line.alert_id)
}

/// What happened; where; when, and the id of the event.
fn lines(line: &SummaryLine, accounts: &Accounts, common: Common, day: Timestamp) -> Vec<Phrase> {
    let SummaryLine { rule, title, account, region, event, .. } = line;
    let title = Phrase::theirs(if title.is_empty() { rule.clone() } else { short_text(title, Some(account)) });
    let event = event_line(Timestamp::from_second(line.time).ok(), day, event);
    [title].into_iter().chain(in_list(accounts, account, region, common)).chain([event]).collect()
}

impl Content for Summary {
    fn tag(&self) -> &'static str {
        "kind.summary"
    }

    fn rule(&self) -> RuleView<'_> {
        let is_id = |id: &&str| {
            let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            (1..=100).contains(&id.len()) && id.bytes().all(is_plain)
        };
        let id = common(self.lines.iter().map(|line| Some(&*line.rule))).filter(is_id);
        RuleView::replaced(id.unwrap_or(ID), NAME, self.severity())
    }

    fn title(&self) -> String {
        format!("{} in one message", self.count())
    }

    fn headline(&self) -> Vec<FilledPart> {
        let first = self.lines.first().map(|line| if line.title.is_empty() { &*line.rule } else { &*line.title });
        vec![FilledPart::own(format!("Summary of {}: ", self.count())), FilledPart::value(first.unwrap_or_default())]
    }

    fn account(&self) -> Option<String> {
        common(self.lines.iter().map(|line| Some(&*line.account))).filter(|id| !id.is_empty()).map(str::to_owned)
    }

    fn region(&self) -> Option<String> {
        common(self.lines.iter().map(|line| Some(&*line.region))).filter(|name| !name.is_empty()).map(str::to_owned)
    }

    fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let times = || self.lines.iter().filter_map(|line| Timestamp::from_second(line.time).ok());
        Some((times().min()?, times().max()?))
    }

    fn story(&self, around: &Around<'_>) -> Story {
        let place = of_all(around.accounts, self.account(), self.region(), ": ");
        let lead = [
            Phrase::ours(format!("{} came too fast for a message each; they are listed here instead", self.count())),
            place.then(self.severities()),
        ];
        let steps = [
            "Begin with what succeeded; the id finds the event in CloudTrail's event history",
            "If one rule raises most of them, add a suppression to it or raise its threshold",
            "For more messages a minute, raise the stack's parameter AlertsPerMinute; bursts of seconds remain summaries",
        ];
        let list = List { items: self.items(around.accounts), more: 0, noun: "alert" };
        Story { list, steps: steps.map(Phrase::ours).into(), ..Story::of(lead) }
    }

    fn lines(&self) -> usize {
        self.lines.len()
    }

    fn evidences(&self, _: &Accounts) -> Vec<Value> {
        let evidence = |line: &SummaryLine| {
            let SummaryLine { alert_id, severity, is_success, is_notice, rule, title, account, region, event, time } =
                line;
            json!({
                "uid": alert_id,
                "name": title,
                "data": {
                    "rule": rule, "severity": severity, "is_success": (!is_notice).then_some(is_success), "account": account,
                    "region": region, "event_id": event, "time": time,
                },
            })
        };
        self.lines.iter().map(evidence).collect()
    }
}
