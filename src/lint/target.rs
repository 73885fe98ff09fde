//! Rules for people to react to whose alerts do not differ by what was acted on: an act on one target then hides the act on
//! the next one for the length of the window.

use super::{
    condition::{self, all, field},
    contradiction::candidates,
    entry::{Lint, Reads},
    event::top,
    value_table::{Values, look_up},
};
use crate::{
    diagnostic::Diagnostic,
    filter::{
        Lists,
        ast::{Expr, ExprKind},
        operand::Value,
    },
    record::{Path, Root, Virtual},
    rule::{FieldPath, Rule, RuleSet, Title},
};

/// The entry of the lint table.
pub const LINT: Lint = Lint {
    codes: &[
        (NONE, "a rule of severity 1 or 2 whose alerts are the same whatever was acted on"),
        (REQUEST, "`request` in place of the target that the title names"),
    ],
    reads: &[Reads::Rules(check)],
};

const NONE: &str = "no-target";
const REQUEST: &str = "request-for-target";

/// The fields below which services write what was acted on, and fields that differ in every event.
const TARGETS: &[&str] = &[
    "requestParameters",
    "responseElements",
    "serviceEventDetails",
    "additionalEventData",
    "resources",
    "insightDetails",
    "finding",
    "detail",
    "eventID",
    "requestID",
    "sharedEventID",
];

/// The events of a sign-in act on nothing but their caller.
const SIGN_IN: &str = "signin.amazonaws.com";

fn check(rules: &RuleSet) -> Vec<Diagnostic> {
    rules.rules.iter().filter_map(|rule| of_rule(rule, &rules.lists)).collect()
}

fn of_rule(rule: &Rule, lists: &Lists) -> Option<Diagnostic> {
    let fields = rule.aggregate_fields.as_deref().unwrap_or_default();
    if rule.severity.number() > 2 || !rule.alerts_on_each_match() || fields.iter().any(|one| is_target(&one.path)) {
        return None;
    }
    let named = title_target(rule);
    if let Some(request) = fields.iter().find(|one| one.path.root == Root::Virtual(Virtual::Request)) {
        let target = named?;
        let title = format!("`request` distinguishes alerts, though the title names `{target}`");
        let finding = Diagnostic::warning(REQUEST, title, request.written.span, "differs by more than the target");
        return Some(finding.in_rule(&rule.name).help(format!("write `{target}`")));
    }
    if acts_on_nothing(rule, lists) || is_about_callers(rule) {
        return None;
    }
    let span = fields.first().map_or(rule.span, |first| first.written.span);
    let title = "acts on different targets are one alert";
    let finding = Diagnostic::warning(NONE, title, span, "no field of `aggregate_fields` names the target");
    let target = named.map_or_else(|| "request".to_owned(), ToString::to_string);
    Some(finding.in_rule(&rule.name).help(match rule.aggregate_fields {
        Some(_) => format!("add `{target}` to `aggregate_fields`"),
        None => format!(
            "add `aggregate_fields: [principal, eventName, eventSource, ownerAccount, result, {target}]` to the rule"
        ),
    }))
}

fn is_target(path: &Path) -> bool {
    let Some(keys) = condition::keys(path, None) else { return false };
    // One of a few results is not what was acted on.
    let result = || look_up(&keys.join(".")).is_some_and(|known| matches!(known.values, Values::Listed(_)));
    keys.first().is_some_and(|first| TARGETS.contains(&first.as_str())) && !result()
}

/// The target that the title names, if it names one.
fn title_target(rule: &Rule) -> Option<&Path> {
    let mut targets = rule.title.iter().flat_map(Title::fields).filter_map(|fields| match fields {
        [only] if is_target(only) => Some(only),
        _ => None,
    });
    let only = targets.next()?;
    targets.next().is_none().then_some(only)
}

/// Whether the filter asks for sign-ins or Insights, or for a request without a target.
fn acts_on_nothing(rule: &Rule, lists: &Lists) -> bool {
    let insights = Path { root: Root::Virtual(Virtual::EventType), steps: Vec::new() };
    all(rule.filter.expr(), true).iter().any(|literal| {
        let asks_for = |path: &Path, wanted: &str| {
            let found = candidates(literal.expr, literal.holds, None, lists);
            let is_wanted = |value: &Value| matches!(value, Value::Text(text) if text == wanted);
            found.is_some_and(|(of, values)| of == *path && !values.is_empty() && values.iter().all(is_wanted))
        };
        let asks_for_none = match &literal.expr.kind {
            ExprKind::Compare(compare) => compare.presence() == Some(!literal.holds) && is_target(&compare.left.path),
            _ => false,
        };
        asks_for_none || asks_for(&top("eventSource"), SIGN_IN) || asks_for(&insights, "insight")
    })
}

/// Whether it is about callers, whatever they call: its filter names no call, and its own fields do not distinguish calls.
fn is_about_callers(rule: &Rule) -> bool {
    let call = [top("eventName"), top("eventSource")];
    let names_call = |one: &FieldPath| call.contains(&field(&one.path));
    rule.aggregate_fields.as_ref().is_some_and(|fields| !fields.iter().any(names_call))
        && !names_any(rule.filter.expr(), &call)
}

fn names_any(filter: &Expr, paths: &[Path]) -> bool {
    let mut found = false;
    condition::comparisons(filter, &mut |_, compare, _| found |= paths.contains(&field(&compare.left.path)));
    found
}
