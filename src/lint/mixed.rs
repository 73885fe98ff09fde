//! `and` and `or` without parentheses, where the reader must know which binds tighter.

use super::{
    condition,
    entry::{Lint, Reads},
    filter_text::FilterText,
};
use crate::{diagnostic::Diagnostic, filter::ast::ExprKind};

/// The entry of the lint table.
pub const LINT: Lint =
    Lint { codes: &[(CODE, "`and` and `or` side by side without parentheses")], reads: &[Reads::Filter(check)] };

const CODE: &str = "mixed-and-or";

/// The span of a condition in parentheses begins before its first part.
fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    condition::walk(filter.filter, &mut |expr, _| {
        let ExprKind::Or(parts) = &expr.kind else { return true };
        for part in parts {
            let ExprKind::And(inner) = &part.kind else { continue };
            if inner.first().is_some_and(|first| first.span.start == part.span.start) {
                found.push(
                    Diagnostic::warning(
                        CODE,
                        "`and` and `or` are mixed without parentheses",
                        part.span,
                        "`and` binds tighter: this is one side of the `or`",
                    )
                    .help("put this in parentheses, or the `or` if it is meant to bind tighter"),
                );
                break;
            }
        }
        true
    });
}
