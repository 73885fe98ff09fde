//! What one entry of the lint table holds.

use jiff::civil::Date;

use super::filter_text::FilterText;
use crate::{
    diagnostic::Diagnostic,
    rule::{FieldPath, Rule, RuleSet, Suppression},
};

/// One lint.
pub struct Lint {
    /// The codes of its warnings, each with what it finds.
    pub codes: &'static [(&'static str, &'static str)],
    /// What it reads.
    pub(super) reads: &'static [Reads],
}

/// A part of a rules file, and the function that checks it. All functions return warnings.
pub(super) enum Reads {
    /// One filter, of a rule, of a suppression or of a search; spans are bytes of the filter's text.
    Filter(fn(&FilterText, &mut Vec<Diagnostic>)),
    /// The same, where it matters only because the filter raises alerts.
    RuleFilter(fn(&FilterText, &mut Vec<Diagnostic>)),
    /// One field that is not part of a filter, such as an item of `aggregate_fields`.
    Field(fn(&FieldPath) -> Option<Diagnostic>),
    /// All rules.
    Rules(fn(&RuleSet) -> Vec<Diagnostic>),
    /// One suppression of a rule, on the day of the check in UTC.
    Suppression(fn(&Suppression, &Rule, Date) -> Option<Diagnostic>),
}
