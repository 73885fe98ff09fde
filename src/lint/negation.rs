//! Suppressions that hide events because a field is missing.

use super::{
    condition::{self, Scope, field, keys},
    contradiction::meets,
    entry::{Lint, Reads},
    filter_text::FilterText,
};
use crate::{
    diagnostic::Diagnostic,
    filter::{
        ast::{Compare, Expr},
        operand::Value,
        operator::Meaning,
    },
    record::{Root, Virtual},
};

/// The entry of the lint table.
pub const LINT: Lint = Lint {
    codes: &[(CODE, "a suppression that hides the events in which a field is missing")],
    reads: &[Reads::Filter(check)],
};

const CODE: &str = "negation-on-missing";

/// The fields that CloudTrail writes into every event of an API call.
const PRESENT: &[&str] = &[
    "awsRegion",
    "eventCategory",
    "eventID",
    "eventName",
    "eventSource",
    "eventTime",
    "eventType",
    "eventVersion",
    "recipientAccountId",
    "sourceIPAddress",
    "userIdentity.type",
];

/// Warns of a condition that a missing field satisfies, unless another condition requires the field.
fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    if !filter.suppression {
        return;
    }
    condition::comparisons(filter.filter, &mut |expr, compare, scope| {
        if is_negative(compare, scope) && may_be_missing(compare, scope) && !is_required(compare, filter, scope) {
            found.push(warning(expr, compare, filter, scope));
        }
    });
}

/// Whether it is true of a missing field without asking for a missing field.
fn is_negative(compare: &Compare, scope: &Scope) -> bool {
    // `not … in_account` has a lint of its own.
    let own = compare.operator.meaning == Meaning::Account;
    compare.presence().is_none() && compare.operator.negated != scope.negated && !own
}

fn may_be_missing(compare: &Compare, scope: &Scope) -> bool {
    match (compare.left.path.root, keys(&compare.left.path, scope.base.as_deref())) {
        (Root::Virtual(short), None) => !matches!(
            short,
            Virtual::EventType | Virtual::Result | Virtual::Hour(_) | Virtual::Weekday(_) | Virtual::Timestamp
        ),
        (_, Some(keys)) => !PRESENT.contains(&keys.join(".").as_str()),
        (_, None) => true,
    }
}

fn is_required(compare: &Compare, filter: &FilterText, scope: &Scope) -> bool {
    let path = field(&compare.left.path);
    scope.around.iter().any(|literal| meets(literal, &path, &Value::Null, filter.lists) == Some(false))
}

fn warning(expr: &Expr, compare: &Compare, filter: &FilterText, scope: &Scope) -> Diagnostic {
    let condition = filter.shown(expr.span);
    let (written, before) = if scope.negated { (format!("not {condition}"), "the `not`") } else { (condition, "it") };
    let mut path = String::new();
    // Writing to a string cannot fail.
    let _ = compare.left.path.write_to(&mut path, scope.base.is_some());
    let title = format!("`{written}` is true where there is no `{path}`");
    Diagnostic::warning(CODE, title, expr.span, "hides all events without this field too")
        .help(format!("put `{path} exists and` before {before}, or name the values to suppress"))
}
