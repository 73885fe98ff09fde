//! One filter of a rules file or of a search, with what a lint may need to know about it.

use crate::{
    diagnostic::Span,
    filter::{Filter, Lists, ast::Expr},
    rule::{Rule, Suppression},
    untrusted::shorten_to,
    yaml,
};

/// A filter with its text.
pub struct FilterText<'a> {
    /// The filter.
    pub filter: &'a Expr,
    /// The lists that it may name.
    pub lists: &'a Lists,
    /// Whether it is the filter of a suppression.
    pub suppression: bool,
    /// Its text, with the place of each part in the file.
    pub written: &'a yaml::Scalar,
}

impl<'a> FilterText<'a> {
    /// The filters of a rule: its own, or those of the steps of its sequence.
    pub fn of_rule(rule: &'a Rule, lists: &'a Lists) -> impl Iterator<Item = Self> {
        let filters = rule.written_filters();
        filters.map(move |(filter, written)| Self { filter: filter.expr(), lists, suppression: false, written })
    }

    /// The filter of a suppression.
    pub fn of_suppression(suppression: &'a Suppression, lists: &'a Lists) -> Self {
        Self { filter: suppression.filter.expr(), lists, suppression: true, written: &suppression.written }
    }

    /// The filter of a search, which has no lists.
    pub fn of_search(filter: &'a Filter, lists: &'a Lists, written: &'a yaml::Scalar) -> Self {
        Self { filter: filter.expr(), lists, suppression: false, written }
    }

    /// The text at a span of the filter, for a title: on one line and shortened.
    pub fn shown(&self, span: Span) -> String {
        const MAX: usize = 60;
        let text = self.written.text.get(span.start..span.end).unwrap_or_default();
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        shorten_to(&line, MAX)
    }
}
