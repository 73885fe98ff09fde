//! What every kind of message has to answer; each kind does so in its file in `kind/`.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{event::EventView, occurrence::Occurrences, origin::Origin, story::Story};
use crate::{
    rule::{Accounts, FilledPart, Rule, Severity, Title},
    untrusted::has_ascii_form,
};

/// One kind of message.
pub trait Content {
    /// The tag that names the kind, such as `kind.alert`.
    fn tag(&self) -> &'static str;

    /// The rule, or what replaces it in a message that has none or several.
    fn rule(&self) -> RuleView<'_>;

    /// What happened, in one line.
    fn title(&self) -> String;

    /// The subject without the severity and the account, what matters first.
    fn headline(&self) -> Vec<FilledPart> {
        vec![FilledPart::value(self.title())]
    }

    /// The same in words that have a form in ASCII, in place of the rule's.
    fn ascii_headline(&self) -> Vec<FilledPart> {
        self.headline()
    }

    /// What it means and what to do about it, in its parts; nothing if no one wrote it.
    fn advice(&self) -> Vec<FilledPart> {
        let text = self.rule().description;
        text.map(FilledPart::own).into_iter().collect()
    }

    /// What people read; `around` is what the alert holds beside its kind.
    fn story(&self, around: &Around<'_>) -> Story;

    /// Whether it reports about other alerts, and is none itself.
    fn is_notice(&self) -> bool {
        true
    }

    /// The event, if it is about one.
    fn event(&self) -> Option<EventView<'_>> {
        None
    }

    /// The account, if it is about one.
    fn account(&self) -> Option<String> {
        None
    }

    /// The region, if it is about one.
    fn region(&self) -> Option<String> {
        None
    }

    /// When the first and the last of what it reports happened; for an alert that counts events, these are the times.
    fn span(&self) -> Option<(Timestamp, Timestamp)> {
        None
    }

    /// The thread that it belongs to, unless it is that of its series or of its rule.
    fn thread_id(&self) -> Option<String> {
        None
    }

    /// The id of the alert that it continues: for a machine it is an update of that alert's finding.
    fn continued(&self) -> Option<&str> {
        None
    }

    /// How many lines of other alerts it has.
    fn lines(&self) -> usize {
        0
    }

    /// For each line an `evidences` object of OCSF.
    fn evidences(&self, _: &Accounts) -> Vec<Value> {
        Vec::new()
    }

    /// Facts about the whole for which OCSF has no attribute.
    fn unmapped(&self) -> Map<String, Value> {
        Map::new()
    }
}

/// What an alert holds beside its kind.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// Where the record was read from.
    pub origin: Option<&'a Origin>,
    /// The events that it covers.
    pub occurrences: &'a Occurrences,
    /// The names of accounts.
    pub accounts: &'a Accounts,
}

/// What messages show of a rule.
#[derive(Clone, Copy, Debug)]
pub struct RuleView<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// How urgent its alerts are.
    pub severity: Severity,
    /// Its tags.
    pub tags: &'a [String],
    /// What a match means and what to do about it.
    pub description: Option<&'a str>,
    /// The address of its runbook.
    pub runbook: Option<&'a str>,
    /// Whether it is a rule of the rules file.
    pub is_rule: bool,
}

impl<'a> From<&'a Rule> for RuleView<'a> {
    fn from(rule: &'a Rule) -> Self {
        Self {
            id: &rule.id,
            name: &rule.name,
            severity: rule.severity,
            tags: &rule.tags,
            description: rule.description.as_deref(),
            runbook: rule.runbook.as_deref(),
            is_rule: true,
        }
    }
}

impl<'a> RuleView<'a> {
    /// Its name, or its id if ASCII has no form of the name.
    pub fn ascii_name(&self) -> &'a str {
        if has_ascii_form(self.name) { self.name } else { self.id }
    }

    /// What replaces a rule: an id, a name and how urgent it is.
    pub fn replaced(id: &'a str, name: &'a str, severity: Severity) -> Self {
        Self { id, name, severity, tags: &[], description: None, runbook: None, is_rule: false }
    }
}

/// What a notice keeps of a rule: the rules file may have changed since the alerts that it reports about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRule {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How urgent its alerts are.
    pub severity: Severity,
    /// Its tags.
    pub tags: Vec<String>,
    /// What a match means and what to do about it.
    pub description: Option<String>,
    /// The address of its runbook.
    pub runbook: Option<String>,
    /// What it counts, such as `event`.
    pub counted: &'static str,
}

impl From<&Rule> for NamedRule {
    fn from(rule: &Rule) -> Self {
        Self {
            id: rule.id.clone(),
            name: rule.name.clone(),
            severity: rule.severity,
            tags: rule.tags.clone(),
            description: rule.advice.as_ref().map(Title::without_values),
            runbook: rule.runbook.clone(),
            counted: rule.counted(),
        }
    }
}

impl NamedRule {
    /// A rule that the rules file no longer has.
    pub fn unknown(id: &str, severity: Option<Severity>) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            severity: severity.unwrap_or(Severity::REVIEW),
            tags: Vec::new(),
            description: None,
            runbook: None,
            counted: "event",
        }
    }

    /// What messages show of it.
    pub fn view(&self) -> RuleView<'_> {
        RuleView {
            id: &self.id,
            name: &self.name,
            severity: self.severity,
            tags: &self.tags,
            description: self.description.as_deref(),
            runbook: self.runbook.as_deref(),
            is_rule: true,
        }
    }
}

/// The value that all of these have.
pub fn common<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> Option<&'a str> {
    let mut values = values.into_iter();
    let first = values.next()??;
    values.all(|value| value == Some(first)).then_some(first)
}
