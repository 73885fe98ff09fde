//! `and` and `or` side by side, where the reader must know which binds tighter.

use super::{FilterText, condition};
use crate::{diagnostic::Diagnostic, filter::ast::ExprKind};

pub const CODE: &str = "mixed-and-or";

/// A condition in parentheses is longer than its parts.
pub fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
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
