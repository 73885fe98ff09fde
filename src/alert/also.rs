//! The rules that an alert names beside its own: each matches the same record, and has no alert of its own about it.

use std::sync::Arc;

use super::phrase::{Phrase, PhrasePart, Row};
use crate::{diagnostic::counted, rule::Rule, state::Firing};

/// The most rules that are listed.
pub const MAX_ALSO: usize = 20;

/// A rule that an alert names beside its own.
#[derive(Clone, Debug)]
pub struct CoveredRule {
    /// The rule.
    pub rule: Arc<Rule>,
    /// How many events with the same rule and values have come since the previous alert that reported them; `None` without a
    /// previous alert.
    pub since_last: Option<u64>,
    /// Whether that is an estimate.
    pub approximate: bool,
}

impl CoveredRule {
    /// A rule with the alert that would be published for it.
    pub fn new(rule: &Arc<Rule>, firing: &Firing) -> Self {
        Self { rule: Arc::clone(rule), since_last: firing.since_last, approximate: firing.approximate }
    }

    fn phrase(&self) -> Phrase {
        let severity = Phrase::ours(format!("SEV{} ", self.rule.severity.number()));
        let phrase = severity.with(PhrasePart::Rule(self.rule.name.clone()));
        let about = if self.approximate { "about " } else { "" };
        match self.since_last.filter(|since| *since > 0) {
            Some(since) => phrase.then(format!(", {about}{} since its previous alert", counted(since, "event"))),
            None => phrase,
        }
    }
}

/// A row for each of the rules, at most `most`, and how many are not listed.
pub fn rows(also: &[CoveredRule], most: usize) -> Vec<Row> {
    let hidden = also.len().saturating_sub(most);
    let more = (hidden > 0).then(|| Phrase::ours(format!("and {}", counted(hidden as u64, "more rule"))));
    let phrases = also.iter().take(most).map(CoveredRule::phrase).chain(more);
    phrases.enumerate().map(|(at, phrase)| Row::new(if at == 0 { "Also" } else { "" }, phrase)).collect()
}
