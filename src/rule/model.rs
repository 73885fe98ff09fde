//! The rules of a file, once they are read.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{account::Accounts, title::Title};
use crate::{
    diagnostic::Span,
    filter::{Filter, Lists, operand},
    record::{Path, Record, Zone},
    yaml,
};

/// The rules of one or more files.
#[derive(Clone, Debug)]
pub struct RuleSet {
    /// The rules, in the order of the files and of each file.
    pub rules: Vec<Rule>,
    /// The named lists that filters use: those of the rules files, and those that only the overrides have.
    pub lists: Lists,
    /// The places of the names of the lists of the rules files.
    pub list_spans: BTreeMap<String, Span>,
    /// The lists that the overrides replace, by name.
    pub replaced: BTreeMap<String, Replaced>,
    /// The names of accounts that alerts show.
    pub accounts: Arc<Accounts>,
    /// The time zone of the hours and the weekdays that filters compare.
    pub timezone: Zone,
    /// Whether all rules of the files could be read.
    pub complete: bool,
}

/// A list of the overrides that replaces one of the rules file.
#[derive(Clone, Debug)]
pub struct Replaced {
    /// Its values.
    pub values: Vec<operand::Value>,
    /// The place of its name in the overrides.
    pub span: Span,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name, as alerts show it; unique in the set.
    pub name: String,
    /// `[a-z0-9-]{1,100}`, unique in the set; made from the name unless the file sets it.
    pub id: String,
    /// How urgent its alerts are.
    pub severity: Severity,
    /// The condition of the records that it matches; of a sequence, that the record is one of its steps.
    pub filter: Filter,
    /// Limits its alerts to events of several kinds that follow one another.
    pub sequence: Option<Sequence>,
    /// Which of those records raise no alert.
    pub suppressions: Vec<Suppression>,
    /// The fields whose values distinguish its alerts; see [`Rule::aggregate`] for the default.
    pub aggregate_fields: Option<Vec<FieldPath>>,
    /// Each combination of those values raises one alert in this time, by the time of the events.
    pub window: SignedDuration,
    /// How many events within a span of `window` raise an alert; at least 1.
    pub threshold: u32,
    /// The field whose different values are counted in place of events; only with a threshold above 1.
    pub distinct: Option<FieldPath>,
    /// Limits its alerts to combinations of values that are new.
    pub first_seen: Option<FirstSeen>,
    /// Whether its alerts are published; otherwise they are only counted.
    pub notify: bool,
    /// Whether it raises an alert of its own even where a more severe rule alerts about the same record.
    pub alone: bool,
    /// Whether a further message reports the events that came after its alert; see [`Rule::follows_up`] for the default.
    pub follow_up: Option<bool>,
    /// The template of the headline of its alerts.
    pub title: Option<Title>,
    /// What a match means and what to do about it, as the file has it.
    pub description: Option<String>,
    /// The same as a template, like the title.
    pub advice: Option<Title>,
    /// Whether the engine evaluates it.
    pub enabled: bool,
    /// Words to find it by, such as `attack.T1098`; see [`tag`](super::tag).
    pub tags: Vec<String>,
    /// The `http` or `https` URL of its runbook.
    pub runbook: Option<String>,
    /// Records that it must match, and records that it must not match.
    pub tests: Vec<RuleTest>,
    /// Files of events, with the number of alerts that it must raise on each.
    pub alert_tests: Vec<AlertTest>,
    /// The place of its name in the file.
    pub span: Span,
    /// The text of its filter, and the place in the file of each part; none for a sequence, whose steps have texts of their
    /// own.
    pub written: Option<yaml::Scalar>,
}

/// Events that follow one another within the window of a rule, one for each step, all with the same values at their `by`.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// The steps in their order: two to five.
    pub steps: Vec<SequenceStep>,
    /// The place of the name of the field in the file.
    pub span: Span,
}

/// One step of a sequence.
#[derive(Clone, Debug)]
pub struct SequenceStep {
    /// The condition of its events.
    pub filter: Filter,
    /// The fields whose values make the series; as many in every step, at least one.
    pub by: Vec<FieldPath>,
    /// The text of its filter, and the place in the file of each part.
    pub written: yaml::Scalar,
}

/// A condition under which a match raises no alert.
#[derive(Clone, Debug)]
pub struct Suppression {
    /// The condition.
    pub filter: Filter,
    /// Why these matches need no alert.
    pub reason: Option<String>,
    /// Who is responsible for the suppression.
    pub owner: Option<String>,
    /// Events at this time and later are not suppressed.
    pub expires: Option<Timestamp>,
    /// The place of its filter in the file.
    pub span: Span,
    /// The text of its filter, and the place in the file of each part.
    pub written: yaml::Scalar,
    /// The file that contains it.
    pub source: Source,
}

/// A file with settings of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The rules file.
    Rules,
    /// The overrides file beside it.
    Overrides,
}

/// A path of a rules file.
#[derive(Clone, Debug)]
pub struct FieldPath {
    /// The path.
    pub path: Path,
    /// The text of the path, and the place in the file of each part.
    pub written: yaml::Scalar,
}

impl FieldPath {
    /// The path as the file spells it.
    pub fn name(&self) -> &str {
        self.written.text.trim()
    }
}

/// Which matches are new: those with a combination of values that was not seen within a given time.
#[derive(Clone, Debug)]
pub struct FirstSeen {
    /// The fields whose values make the combination; at least one.
    pub fields: Vec<FieldPath>,
    /// How long a combination is remembered after it was last seen.
    pub within: SignedDuration,
    /// How long the rule only learns, counted from the first event that it is evaluated on, by the time of the events.
    pub learning: SignedDuration,
    /// The place of the name of the field in the file.
    pub span: Span,
}

/// Whether a rule matches a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The filter is false.
    NoMatch,
    /// The filter is true, and no suppression holds.
    Match,
    /// The filter is true, and a suppression holds.
    Suppressed,
}

/// Whether a suppression is in force for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuppressionStatus {
    /// It is in force.
    InForce,
    /// The event happened after the suppression ended.
    Expired {
        /// When the suppression ended.
        end: Timestamp,
        /// When the event happened.
        time: Timestamp,
    },
    /// The suppression has an end, and the record has no readable time: it is not in force.
    UnknownTime,
}

impl Rule {
    /// The filters that the file contains, each with its text: that of the rule, or those of the steps of its sequence.
    pub fn written_filters(&self) -> impl Iterator<Item = (&Filter, &yaml::Scalar)> {
        let own = self.written.iter().map(|written| (&self.filter, written));
        own.chain(self.steps().iter().map(|step| (&step.filter, &step.written)))
    }

    /// The steps of its sequence, if it has one.
    pub fn steps(&self) -> &[SequenceStep] {
        self.sequence.as_ref().map_or(&[], |sequence| &sequence.steps)
    }

    /// Whether each match raises an alert, apart from those that another alert covers.
    pub fn alerts_on_each_match(&self) -> bool {
        self.threshold == 1 && self.first_seen.is_none() && self.sequence.is_none()
    }

    /// Whether a further message reports the events that came after its alert: for severity 1 and 2 unless the file says
    /// otherwise.
    pub fn follows_up(&self) -> bool {
        self.follow_up.unwrap_or(self.severity <= Severity::REVIEW)
    }

    /// Makes the hours and the weekdays that it reads, wherever it reads them, those of a time zone.
    pub(super) fn set_zone(&mut self, zone: Zone) {
        let suppressions = self.suppressions.iter_mut().map(|suppression| &mut suppression.filter);
        [&mut self.filter].into_iter().chain(suppressions).for_each(|filter| filter.set_zone(zone));
        let steps = self.sequence.iter_mut().flat_map(|sequence| &mut sequence.steps);
        let by = steps.flat_map(|step| {
            step.filter.set_zone(zone);
            &mut step.by
        });
        let combination = self.first_seen.iter_mut().flat_map(|first_seen| &mut first_seen.fields);
        let fields = self.aggregate_fields.iter_mut().flatten().chain(&mut self.distinct).chain(combination);
        fields.chain(by).for_each(|field| field.path.set_zone(zone));
        self.title.iter_mut().chain(&mut self.advice).for_each(|title| title.set_zone(zone));
    }

    /// Whether the rule matches a record, and whether a suppression covers the match.
    pub fn verdict(&self, record: &Record) -> Verdict {
        let held = self.filter.is_about(record) && self.filter.matches(record.root());
        Verdict::of(held, held && self.suppressions.iter().any(|suppression| suppression.holds(record)))
    }
}

impl Verdict {
    pub(super) fn of(held: bool, suppressed: bool) -> Self {
        match (held, suppressed) {
            (false, _) => Verdict::NoMatch,
            (true, false) => Verdict::Match,
            (true, true) => Verdict::Suppressed,
        }
    }
}

impl Suppression {
    /// Whether the suppression is in force for a record and its condition is true.
    pub fn holds(&self, record: &Record) -> bool {
        self.status(record) == SuppressionStatus::InForce && self.filter.matches(record.root())
    }

    /// Whether the suppression is in force for a record. One with an end is not in force for a record without a readable
    /// time, so it hides nothing that it may not cover.
    pub(super) fn status(&self, record: &Record) -> SuppressionStatus {
        let Some(end) = self.expires else { return SuppressionStatus::InForce };
        match record.event_time() {
            None => SuppressionStatus::UnknownTime,
            Some(time) if time >= end => SuppressionStatus::Expired { end, time },
            Some(_) => SuppressionStatus::InForce,
        }
    }
}

/// How urgent an alert is: 1 needs immediate action, 2 is for review, 3 is for audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Severity(u8);

impl Severity {
    /// For review: 2.
    pub const REVIEW: Self = Self(2);
    /// To act on now: 1.
    pub const ACT_NOW: Self = Self(1);

    /// The severity with this number, from 1 to 3.
    pub fn new(number: u8) -> Option<Self> {
        (1..=3).contains(&number).then_some(Self(number))
    }

    /// Its number, from 1 to 3.
    pub fn number(self) -> u8 {
        self.0
    }

    /// What to do, for readers who do not know the numbers.
    pub fn meaning(self) -> &'static str {
        match self.0 {
            1 => "act now",
            2 => "review",
            _ => "for the record",
        }
    }
}

/// A record that a rule is tested on.
#[derive(Clone, Debug)]
pub struct RuleTest {
    /// The verdict that the rule must reach.
    pub expect: Verdict,
    /// The path of the record file, relative to the rules file.
    pub record: String,
    /// The place of that path in the rules file.
    pub span: Span,
    /// Values to set in the record before the test.
    pub set: Vec<(Path, Value)>,
}

/// Events that a rule is tested on, in the order in which they arrive.
#[derive(Clone, Debug)]
pub struct AlertTest {
    /// How many alerts the rule must raise on them.
    pub alerts: u64,
    /// The path of the file of their records, relative to the rules file.
    pub events: String,
    /// The place of that path in the rules file.
    pub span: Span,
    /// Values to set in each of the records before the test.
    pub set: Vec<(Path, Value)>,
}

impl RuleSet {
    /// The named lists that filters use: those of the rules file, replaced by those of the overrides.
    pub fn lists_in_force(&self) -> Lists {
        let mut lists = self.lists.clone();
        lists.0.extend(self.replaced.iter().map(|(name, list)| (name.clone(), list.values.clone())));
        lists
    }

    /// The rule with this id or, if there is none, with this name.
    pub fn find(&self, name_or_id: &str) -> Option<&Rule> {
        let by_name = || self.rules.iter().find(|rule| rule.name == name_or_id);
        self.rules.iter().find(|rule| rule.id == name_or_id).or_else(by_name)
    }
}
