//! Conditions that no record satisfies, and conditions that every record satisfies.

use std::ptr;

use super::{
    condition::{self, Literal, Scope, all, field},
    contradiction::{Clash, candidates, clash, event_types},
    entry::{Lint, Reads},
    filter_text::FilterText,
};
use crate::{
    diagnostic::{Diagnostic, Span},
    filter::{
        ast::{Compare, Expr, ExprKind},
        operand::Value,
    },
    record::{Path, Root, Step, Virtual},
};

/// The entry of the lint table.
pub const LINT: Lint = Lint {
    codes: &[(NEVER, "conditions that no record satisfies"), (ALWAYS, "conditions that every record satisfies")],
    reads: &[Reads::Filter(check)],
};

const NEVER: &str = "never-matches";
const ALWAYS: &str = "always-matches";

/// The fields that every record has, whatever its kind.
const PRESENT: &[&str] = &["eventVersion", "eventTime", "awsRegion"];

/// An `or` always holds where its parts can never all be false.
fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    condition::walk(filter.filter, &mut |expr, scope| {
        let finding = match &expr.kind {
            ExprKind::And(_) => joined(expr, true, filter, scope),
            ExprKind::Or(_) => joined(expr, false, filter, scope),
            ExprKind::Compare(compare) => alone(expr, compare, filter, scope),
            ExprKind::Not(_) | ExprKind::Any(..) | ExprKind::List { .. } => None,
        };
        let goes_on = finding.is_none();
        found.extend(finding);
        goes_on
    });
}

/// `holds` is the outcome that all parts must have for the whole not to be constant.
fn joined(expr: &Expr, holds: bool, filter: &FilterText, scope: &Scope) -> Option<Diagnostic> {
    let base = scope.base.as_deref();
    let mut parts = all(expr, holds);
    // A part that is impossible alone gets a warning of its own.
    parts.retain(|part| clash(&[*part], base, filter.lists).is_none());
    let Clash { path, first, second } = clash(&parts, base, filter.lists)?;
    let (title, label) = match (holds, second) {
        (true, Some(_)) => (format!("no record satisfies both conditions on `{path}`"), "this excludes the other"),
        (true, None) => {
            (format!("no record satisfies all conditions on `{path}`"), "each of its values is excluded by another one")
        }
        (false, Some(_)) => {
            (format!("every record satisfies one of the conditions on `{path}`"), "true wherever the other is false")
        }
        (false, None) => (
            format!("every record satisfies one of the conditions on `{path}`"),
            "for each of its values, another one is true",
        ),
    };
    let finding = warning(!holds, title, second.unwrap_or(first).span, label, filter, scope);
    let finding = match second {
        Some(_) => finding.context(first.span, "the other one"),
        None => finding,
    };
    let equal = |part: &Expr| {
        candidates(part, holds, base, filter.lists).is_some_and(|(_, values)| !values.contains(&Value::Null))
    };
    let alike = second.is_some_and(|second| equal(first) && equal(second));
    // Exact complements are constant with either word between them.
    let flipped: Vec<Literal> = parts
        .iter()
        .filter(|part| second.is_none_or(|second| ptr::eq(part.expr, first) || ptr::eq(part.expr, second)))
        .map(|part| Literal { holds: !part.holds, ..*part })
        .collect();
    let complements = clash(&flipped, base, filter.lists).is_some();
    Some(match (holds, alike) {
        (true, _) if second.is_none() => finding.help("name a value that is not excluded, or remove a condition"),
        (true, _) if complements => finding.help("remove one of them"),
        (false, _) if complements => finding.help("remove them"),
        (true, true) => finding.help("write `or` between them, and both in parentheses"),
        (true, false) => finding.help("remove one of them, or write `or` between them"),
        (false, true) => finding.help("write `and` between them"),
        (false, false) => finding.help("remove them, or write `and` between them"),
    })
}

fn alone(expr: &Expr, compare: &Compare, filter: &FilterText, scope: &Scope) -> Option<Diagnostic> {
    let path = field(&compare.left.path);
    let never = |holds| clash(&[Literal { expr, holds }], scope.base.as_deref(), filter.lists).is_some();
    let constant = match compare.presence() {
        Some(value_wanted) if is_present(&path) => Some(value_wanted),
        _ if never(true) => Some(false),
        _ if never(false) => Some(true),
        _ => None,
    }?;
    let title = format!("`{}` {} true", filter.shown(expr.span), if constant { "is always" } else { "is never" });
    let label = if constant { "every record satisfies it" } else { "no record satisfies it" };
    let finding = warning(constant, title, expr.span, label, filter, scope);
    Some(match path.root {
        Root::Virtual(Virtual::EventType) => finding
            .note(format!(
                "`event_type` is {}",
                event_types().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", ")
            ))
            .help("write one of these; CloudTrail's own types are in `eventType` and `eventCategory`"),
        Root::Virtual(Virtual::Result) => finding
            .note("`result` is `\"failure\"` for a call that failed, else `\"success\"`")
            .help("write one of these; the code of an error is in `errorCode`"),
        Root::Virtual(Virtual::Hour(_)) => finding.note("`hour` is a whole number").help("write an hour from 0 to 23"),
        Root::Virtual(Virtual::Weekday(_)) => {
            finding.note("`weekday` is a whole number").help("write a day from 1 (Monday) to 7 (Sunday)")
        }
        Root::Virtual(short) => finding
            .note(format!("`{}` is true, false or has no value", short.name()))
            .help(format!("write `{} = true` or `{0} != true`", short.name())),
        _ => finding.note("every record has this field").help("remove the condition"),
    })
}

/// A `not` before the condition turns the meaning of the finding around.
fn warning(constant: bool, title: String, span: Span, label: &str, filter: &FilterText, scope: &Scope) -> Diagnostic {
    let code = if constant == scope.negated { NEVER } else { ALWAYS };
    let mut finding = Diagnostic::warning(code, title, span, label);
    if scope.negated {
        finding = finding.note("a `not` precedes it");
    }
    if filter.suppression && code == ALWAYS && scope.around.is_empty() {
        finding = finding.note("this suppression hides every match of its rule");
    }
    finding
}

fn is_present(path: &Path) -> bool {
    matches!((&path.root, path.steps.as_slice()), (Root::Record, [Step::Key(key)]) if PRESENT.contains(&key.as_str()))
}
