//! What a rules file holds, once it is read: a [`Rule`] that exists is complete, and its id is unique in its set.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{account::Accounts, title::Title};
use crate::{
    diagnostic::Span,
    filter::{Filter, Lists, operand},
    record::{Path, Record},
    yaml,
};

/// The rules of one file.
#[derive(Clone, Debug)]
pub struct RuleSet {
    /// In the order of the file.
    pub rules: Vec<Rule>,
    /// The named lists that filters may use, as the file has them.
    pub lists: Lists,
    /// Where the names of those lists stand in the file.
    pub list_spans: BTreeMap<String, Span>,
    /// What overrides put in the place of some of those lists.
    pub replaced: BTreeMap<String, Replaced>,
    /// What alerts call the accounts.
    pub accounts: Arc<Accounts>,
}

/// What overrides put in the place of a named list.
#[derive(Clone, Debug)]
pub struct Replaced {
    /// The values of the list.
    pub values: Vec<operand::Value>,
    /// Where its name stands in the overrides.
    pub span: Span,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Shown as is, unique.
    pub name: String,
    /// `[a-z0-9-]{1,100}`, unique; made from the name unless the file gives one.
    pub id: String,
    /// Whom it concerns.
    pub severity: Severity,
    /// Which records it wants.
    pub filter: Filter,
    /// Which of those raise no alert.
    pub suppressions: Vec<Suppression>,
    /// What tells its alerts from each other; where the file does not say, see [`Rule::aggregate`].
    pub aggregate_fields: Option<Vec<FieldPath>>,
    /// So long a time of events has one alert of each combination of those values.
    pub window: SignedDuration,
    /// So many events in a window raise it; at least 1.
    pub threshold: u32,
    /// Raises alerts only for what is new.
    pub first_seen: Option<FirstSeen>,
    /// Whether alerts are sent; otherwise they are counted.
    pub notify: bool,
    /// The headline of its alerts.
    pub title: Option<Title>,
    /// What a match means and what to do.
    pub description: Option<String>,
    /// Whether it is evaluated.
    pub enabled: bool,
    /// Words to find it by, such as `attack.T1098`.
    pub tags: Vec<String>,
    /// An `http` or `https` URL.
    pub runbook: Option<String>,
    /// Records that it must match, and some that it must not.
    pub tests: Vec<RuleTest>,
    /// Its name in the file.
    pub span: Span,
    /// Its filter as it stands in the file.
    pub written: yaml::Scalar,
}

/// Records that a rule matches and that raise no alert.
#[derive(Clone, Debug)]
pub struct Suppression {
    /// Which records.
    pub filter: Filter,
    /// Why it is right to be silent.
    pub reason: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Later events are not suppressed any more.
    pub expires: Option<Timestamp>,
    /// Its filter in the file.
    pub span: Span,
    /// The same, with the place of each part.
    pub written: yaml::Scalar,
    /// The file that it stands in.
    pub source: Source,
}

/// A file in which something about a rule may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The rules file.
    Rules,
    /// The overrides file beside it.
    Overrides,
}

/// A path that stands in the rules file.
#[derive(Clone, Debug)]
pub struct FieldPath {
    /// The path.
    pub path: Path,
    /// Its text, with the place of each part.
    pub written: yaml::Scalar,
}

/// Which matches are new: those with a combination of values that has not been seen for a while.
#[derive(Clone, Debug)]
pub struct FirstSeen {
    /// Whose values make the combination; at least one.
    pub fields: Vec<FieldPath>,
    /// How long a combination is known after it was seen.
    pub within: SignedDuration,
    /// From the first event that is evaluated with the rule, so long a time of events only teaches.
    pub learning: SignedDuration,
    /// The name of the field in the file.
    pub span: Span,
}

/// What a rule says of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The filter is false.
    NoMatch,
    /// The filter is true, and no suppression holds.
    Match,
    /// The filter is true, and a suppression holds.
    Suppressed,
}

/// Whether a suppression counts for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuppressionStatus {
    /// It does.
    InForce,
    /// It does not: the event happened at a time past its end.
    Expired {
        /// Its end.
        end: Timestamp,
        /// When the event happened.
        time: Timestamp,
    },
    /// It does not: it has an end, and the record does not say when the event happened.
    UnknownTime,
}

impl Rule {
    /// What the rule says of a record.
    pub fn verdict(&self, record: &Record) -> Verdict {
        let held = self.filter.matches(record.value());
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
    /// Whether a record falls under it.
    pub fn holds(&self, record: &Record) -> bool {
        self.standing(record) == SuppressionStatus::InForce && self.filter.matches(record.value())
    }

    /// Whether it counts for a record. Where it has an end and the time of the event is unknown it does not: nothing is
    /// hidden that might be shown.
    pub(super) fn standing(&self, record: &Record) -> SuppressionStatus {
        let Some(end) = self.expires else { return SuppressionStatus::InForce };
        match record.at(&["eventTime"]).and_then(|time| time.parse::<Timestamp>().ok()) {
            None => SuppressionStatus::UnknownTime,
            Some(time) if time >= end => SuppressionStatus::Expired { end, time },
            Some(_) => SuppressionStatus::InForce,
        }
    }
}

/// 1 wakes somebody, 2 is for review, 3 for audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Severity(u8);

impl Severity {
    /// 2.
    pub const REVIEW: Self = Self(2);

    /// From 1 to 3; other numbers are none.
    pub fn new(number: u8) -> Option<Self> {
        (1..=3).contains(&number).then_some(Self(number))
    }

    /// From 1 to 3.
    pub fn number(self) -> u8 {
        self.0
    }

    /// What to do, for a reader who does not know the numbers.
    pub fn meaning(self) -> &'static str {
        match self.0 {
            1 => "act now",
            2 => "review",
            _ => "for the record",
        }
    }
}

/// One record that a rule is tried on.
#[derive(Clone, Debug)]
pub struct RuleTest {
    /// What must come out.
    pub expect: Verdict,
    /// The file of the record, relative to the rules file.
    pub record: String,
    /// That path in the rules file.
    pub span: Span,
    /// What to change in the record before.
    pub set: Vec<(Path, Value)>,
}

impl RuleSet {
    /// The named lists as filters read them, with what overrides put in their place.
    pub fn lists_in_force(&self) -> Lists {
        let mut lists = self.lists.clone();
        lists.0.extend(self.replaced.iter().map(|(name, list)| (name.clone(), list.values.clone())));
        lists
    }

    /// The rule of that id or, where no id fits, of that name.
    pub fn find(&self, name_or_id: &str) -> Option<&Rule> {
        let by_name = || self.rules.iter().find(|rule| rule.name == name_or_id);
        self.rules.iter().find(|rule| rule.id == name_or_id).or_else(by_name)
    }
}
