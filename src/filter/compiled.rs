//! [`Filter`]: a filter that has been parsed, checked and compiled.

use std::fmt;

use super::{
    ast::{Compare, Expr, ExprKind, ListName, Operand},
    explain::{Explanation, explain},
    matcher::Matcher,
    needs::Needs,
    observer::{Observer, Unobserved},
    operand::{Lists, Value},
    parser::{self, Reading},
    right_side::{listed, test},
};
use crate::{
    diagnostic::{Diagnostic, Span},
    record::{Node, Path, Place, Record, Root, Step, Virtual, Zone},
};

/// The fields at the top of a record that findings of detectors alone have.
const OF_FINDINGS: [&str; 4] = ["detector", "finding", "detail", "detail-type"];

/// A filter that has been parsed, checked and compiled. Matching cannot fail.
#[derive(Clone)]
pub struct Filter {
    expr: Expr,
    matcher: Matcher,
    names_findings: bool,
}

impl Filter {
    /// Parses a filter that uses no named lists.
    ///
    /// # Errors
    ///
    /// As for [`Filter::parse_with`].
    pub fn parse(text: &str) -> Result<Self, Vec<Diagnostic>> {
        Self::parse_with(text, &Lists::default())
    }

    /// Parses a filter that may use these lists.
    ///
    /// # Errors
    ///
    /// Every mistake of every condition, and every operand and list that does not fit, in the order of the text. The spans are
    /// bytes of `text`.
    pub fn parse_with(text: &str, lists: &Lists) -> Result<Self, Vec<Diagnostic>> {
        let Reading { expr, mut mistakes } = parser::parse(text);
        let matcher = expr.as_ref().map(|expr| Matcher::compile(expr, lists));
        match (expr, matcher) {
            (Some(expr), Some(Ok(matcher))) if mistakes.is_empty() => Ok(Self::new(expr, matcher)),
            (_, matcher) => {
                mistakes.extend(matcher.and_then(Result::err).unwrap_or_default());
                mistakes.sort_by_key(|mistake| mistake.span.start);
                Err(mistakes)
            }
        }
    }

    /// The filter that holds where one of at least two others holds. The spans of its tree are those of the others' texts.
    pub fn any_of<'f>(filters: impl IntoIterator<Item = &'f Self>) -> Self {
        let (parts, matchers) =
            filters.into_iter().map(|one| (one.expr.clone(), one.matcher.clone())).unzip::<_, _, Vec<_>, Vec<_>>();
        let expr = Expr { kind: ExprKind::Or(parts), span: Span::default() };
        Self::new(expr, Matcher::Or(matchers.into()))
    }

    fn new(expr: Expr, matcher: Matcher) -> Self {
        let mut names_findings = false;
        matcher.each_path(&mut |path| names_findings |= asks_for_findings(path));
        Self { expr, matcher, names_findings }
    }

    /// The same filter with other lists.
    ///
    /// # Errors
    ///
    /// Every operand and list that does not fit, as for [`Filter::parse_with`].
    pub fn with_lists(&self, lists: &Lists) -> Result<Self, Vec<Diagnostic>> {
        Ok(Self::new(self.expr.clone(), Matcher::compile(&self.expr, lists)?))
    }

    /// Makes the hours and the weekdays that it compares those of a time zone; they are those of UTC otherwise.
    pub fn set_zone(&mut self, zone: Zone) {
        self.expr.set_zone(zone);
        self.matcher.set_zone(zone);
    }

    /// Whether a record matches.
    pub fn matches<'a>(&self, record: impl Node<'a>) -> bool {
        self.matches_observed(record, &mut Unobserved)
    }

    /// Whether it is about records of this kind: a filter that names nothing that findings of detectors alone have is about
    /// CloudTrail's.
    pub fn is_about(&self, record: &Record) -> bool {
        record.detector().is_none() || self.names_findings
    }

    /// Whether a record matches; the observer receives every step.
    pub fn matches_observed<'a>(&self, record: impl Node<'a>, observer: &mut impl Observer) -> bool {
        self.matcher.matches(record, Place::record(record), observer)
    }

    /// Why a record matches or does not, condition by condition.
    pub fn explain<'a>(&self, record: impl Node<'a>) -> Explanation {
        explain(&self.expr, &self.matcher, record)
    }

    /// The filter's syntax tree.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// The names of the lists that it uses, each as often as it is written.
    pub fn lists(&self) -> impl Iterator<Item = &str> {
        self.expr.lists().into_iter().map(|list| list.name.as_str())
    }

    /// Why it does not take `value` in the list of that name; the spans are those of the list's name in the filter's text.
    pub fn refusals(&self, list: &str, value: &Value) -> Vec<Diagnostic> {
        let named = self.expr.listed().into_iter().filter(|(_, name)| name.name == list);
        let refused = |(compare, name): (&Compare, &ListName)| {
            test(compare.operator, &Operand { value: listed(compare.operator, value), span: name.span }).err()
        };
        named.filter_map(refused).flatten().collect()
    }

    /// The top-level fields of a record that the filter may read.
    pub fn fields(&self) -> Vec<&str> {
        let mut fields = Vec::new();
        self.matcher.each_path(&mut |path| fields.extend(path.fields()));
        fields
    }

    /// What a matching record must have: of each inner list, at least one.
    pub fn needs(&self) -> Vec<Vec<Needs>> {
        self.matcher.needs(&[])
    }
}

/// Whether a path is one by which a filter asks what kind of record there is, or what a finding has.
fn asks_for_findings(path: &Path) -> bool {
    match (path.root, path.steps.first()) {
        (Root::Virtual(field), _) => field == Virtual::EventType,
        (Root::Record, Some(Step::Key(key))) => OF_FINDINGS.contains(&key.as_str()),
        _ => false,
    }
}

/// In canonical form.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filter({})", self.expr)
    }
}
