//! What an import reports: losses of single rules, and files without rules.

use crate::diagnostic::{Diagnostic, Span};

/// A rule or a part of a rule that was not converted, or not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The name of the rule, or its place in the file.
    pub rule: String,
    /// How much is lost.
    pub loss: Loss,
    /// What and why, in one line.
    pub reason: String,
    /// More lines, or nothing: the place of the error in a filter.
    pub detail: String,
}

/// How much of a rule is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The whole rule.
    Rule,
    /// A part, without which the rule raises other alerts.
    Part,
    /// Nothing that decides which events match.
    Note,
}

/// The error for a file without rules.
pub fn no_rules(title: &str, text: &str) -> Diagnostic {
    let first = text.lines().next().unwrap_or_default();
    let label = "expected a Threat Stack export or Sigma rules";
    Diagnostic::error("no-rules", title, Span::new(0, first.trim_end().len()), label).help(
        "pass a JSON file with `rules` or `alert_policy`, or a YAML file of rules with `title`, `logsource` and `detection`",
    )
}

/// The diagnostic with its spans moved `by` bytes.
pub fn shifted(error: Diagnostic, by: usize) -> Diagnostic {
    error.at(|span| Span::new(span.start + by, span.end + by))
}
