//! Suppressions that hide events because a field is missing.

use super::{
    FilterText,
    condition::{self, Scope, field, keys},
    contradiction::{compares_null, says},
};
use crate::{
    diagnostic::Diagnostic,
    filter::{
        ast::{Compare, Expr},
        operand::Value,
    },
    record::{Root, Virtual},
};

pub const CODE: &str = "negation-on-missing";

/// What CloudTrail writes into every event of a call.
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

/// A condition that a missing field satisfies, and that nothing beside it keeps from doing so.
pub fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    if !filter.suppression {
        return;
    }
    condition::comparisons(filter.filter, &mut |expr, compare, scope| {
        if is_negative(compare, scope) && may_be_missing(compare, scope) && !is_asked_for(compare, filter, scope) {
            found.push(warning(expr, compare, filter, scope));
        }
    });
}

/// True of a missing field, and not because it asks for one.
fn is_negative(compare: &Compare, scope: &Scope) -> bool {
    !compares_null(compare) && compare.operator.negated != scope.negated
}

fn may_be_missing(compare: &Compare, scope: &Scope) -> bool {
    match (compare.path.root, keys(&compare.path, scope.base.as_deref())) {
        (Root::Virtual(Virtual::EventType | Virtual::Timestamp), _) => false,
        (_, Some(keys)) => !PRESENT.contains(&keys.join(".").as_str()),
        (_, None) => true,
    }
}

fn is_asked_for(compare: &Compare, filter: &FilterText, scope: &Scope) -> bool {
    let path = field(&compare.path);
    scope.around.iter().any(|literal| says(literal, &path, &Value::Null, filter.lists) == Some(false))
}

fn warning(expr: &Expr, compare: &Compare, filter: &FilterText, scope: &Scope) -> Diagnostic {
    let condition = filter.shown(expr.span);
    let (written, before) = if scope.negated { (format!("not {condition}"), "the `not`") } else { (condition, "it") };
    let mut path = String::new();
    // A text takes all that is written to it.
    let _ = compare.path.write_to(&mut path, scope.base.is_some());
    let title = format!("`{written}` is true where there is no `{path}`");
    Diagnostic::warning(CODE, title, expr.span, "hides all events without this field too")
        .help(format!("put `{path} exists and` before {before}, or name the values to suppress"))
}
