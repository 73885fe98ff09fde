//! Sequences that no events complete, and sequences that are thresholds.

use super::{
    condition::{self, Literal, all, field},
    contradiction::{candidates, meets},
    entry::{Lint, Reads},
};
use crate::{
    diagnostic::{Diagnostic, Span},
    filter::{Lists, operand::Value},
    record::{Path, Root, Step, Virtual},
    rule::{FieldPath, Rule, RuleSet, Sequence, SequenceStep},
};

/// The entry of the lint table.
pub const LINT: Lint = Lint {
    codes: &[
        (NEVER, "a step of a sequence that no event can be, or that can follow no event of another step"),
        (SAME, "a sequence of equal steps, which is a threshold"),
    ],
    reads: &[Reads::Rules(check)],
};

const NEVER: &str = "impossible-step";
const SAME: &str = "equal-steps";

/// Records that lack fields.
struct Lacking {
    /// The field that shows which records these are, and its values.
    root: Root,
    key: Option<&'static str>,
    values: &'static [&'static str],
    /// The top-level fields that have no value.
    fields: &'static [&'static str],
    /// What the records are.
    what: &'static str,
}

/// From "AWS Management Console sign-in events" and "CloudTrail record contents for Insights events" in the CloudTrail User
/// Guide.
const LACKING: [Lacking; 3] = [
    Lacking {
        root: Root::Record,
        key: Some("eventName"),
        values: &[
            "ConsoleLogin",
            "CheckMfa",
            "PasswordUpdated",
            "PasswordRecoveryRequested",
            "PasswordRecoveryCompleted",
        ],
        fields: &["requestParameters"],
        what: "records of sign-ins",
    },
    Lacking { root: Root::Record, key: Some("eventCategory"), values: &["Insight"], fields: OF_CALLS, what: INSIGHTS },
    Lacking {
        root: Root::Virtual(Virtual::EventType),
        key: None,
        values: &["insight"],
        fields: OF_CALLS,
        what: INSIGHTS,
    },
];
const INSIGHTS: &str = "records of CloudTrail Insights";
const OF_CALLS: &[&str] =
    &["userIdentity", "requestParameters", "responseElements", "sourceIPAddress", "userAgent", "requestID"];

/// Fields that are different in every event.
const OF_ONE_EVENT: [&str; 2] = ["eventID", "sharedEventID"];

fn check(rules: &RuleSet) -> Vec<Diagnostic> {
    let of_rule = |rule: &Rule| {
        let found = rule.sequence.as_ref().and_then(|sequence| of_sequence(sequence, &rules.lists));
        found.map(|finding| finding.in_rule(&rule.name))
    };
    rules.rules.iter().filter_map(of_rule).collect()
}

/// The first mistake: another one may be its consequence.
fn of_sequence(sequence: &Sequence, lists: &Lists) -> Option<Diagnostic> {
    let steps = &sequence.steps;
    let single = || steps.iter().flat_map(|step| &step.by).find(|by| is_of_one_event(&by.path)).map(of_one_event);
    let empty = || steps.iter().enumerate().find_map(|(at, step)| without_values(at, step, lists));
    let apart = || {
        let pairs = (0..steps.len()).flat_map(|second| (0..second).map(move |first| (first, second)));
        pairs.into_iter().find_map(|(first, second)| never_follows(sequence, first, second, lists))
    };
    single().or_else(empty).or_else(apart).or_else(|| equal(sequence))
}

fn is_of_one_event(path: &Path) -> bool {
    matches!((&path.root, &path.steps[..]), (Root::Record, [Step::Key(key)]) if OF_ONE_EVENT.contains(&key.as_str()))
}

fn of_one_event(by: &FieldPath) -> Diagnostic {
    let title = format!("no event follows another one with the same `{}`", by.name());
    Diagnostic::warning(NEVER, title, by.written.span, "different in every event")
        .help("write a field that the events have in common, such as `recipientAccountId` or `principal`")
}

/// A step whose filter asks for no value at a field of its `by`, or for records that lack the field.
fn without_values(at: usize, step: &SequenceStep, lists: &Lists) -> Option<Diagnostic> {
    let literals = all(step.filter.expr(), true);
    step.by.iter().find_map(|by| {
        if let Some((literal, what)) = literals.iter().find_map(|one| Some((one, lacks(one, by, lists)?))) {
            let title = format!("no event can be step {} of the sequence", at + 1);
            let label = format!("{what} have no `{}`", by.name());
            let finding = Diagnostic::warning(NEVER, title, by.written.span, label);
            let finding = finding.context(place(step, literal), "asks for them");
            return Some(finding.help("write a field that these records have, such as `recipientAccountId`"));
        }
        let path = field(&by.path);
        let null = literals.iter().find(|one| {
            let found = candidates(one.expr, one.holds, None, lists);
            found.is_some_and(|(of, values)| of == path && !values.is_empty() && values.iter().all(is_null))
        })?;
        let title = format!("no event can be step {} of the sequence", at + 1);
        let label = format!("here `{}` has no value", by.name());
        let finding = Diagnostic::warning(NEVER, title, place(step, null), label);
        let finding = finding.context(by.written.span, "here it must have one");
        Some(finding.help("remove the condition, or write another field in `by`"))
    })
}

/// Which records a condition asks for, if they lack the field.
fn lacks(literal: &Literal, by: &FieldPath, lists: &Lists) -> Option<&'static str> {
    let (path, values) = candidates(literal.expr, literal.holds, None, lists)?;
    let keys = condition::keys(&by.path, None)?;
    let found = LACKING.iter().find(|one| {
        let steps = one.key.iter().map(|key| Step::Key((*key).to_owned())).collect();
        let is_one = |value: &Value| matches!(value, Value::Text(text) if one.values.contains(&text.as_str()));
        path == Path { root: one.root, steps }
            && !values.is_empty()
            && values.iter().all(is_one)
            && keys.first().is_some_and(|first| one.fields.contains(&first.as_str()))
    });
    found.map(|one| one.what)
}

fn is_null(value: &Value) -> bool {
    *value == Value::Null
}

/// Two steps that exclude all values that they must have in common.
fn never_follows(sequence: &Sequence, first: usize, second: usize, lists: &Lists) -> Option<Diagnostic> {
    let [one, two] = [&sequence.steps[first], &sequence.steps[second]];
    let (of_one, of_two) = (all(one.filter.expr(), true), all(two.filter.expr(), true));
    one.by.iter().zip(&two.by).find_map(|(left, right)| {
        let (earlier, later) = clash(&of_one, &field(&left.path), &of_two, &field(&right.path), lists)
            .or_else(|| clash(&of_two, &field(&right.path), &of_one, &field(&left.path), lists).map(|(a, b)| (b, a)))?;
        let title = format!("no event of step {} follows one of step {}", second + 1, first + 1);
        let finding = Diagnostic::warning(NEVER, title, place(two, &later), "excludes the values of the other step");
        let finding = finding.context(place(one, &earlier), format!("a condition of step {}", first + 1));
        let (name, other) = (left.name(), right.name());
        let same = if name == other { format!("`{name}`") } else { format!("`{name}` and `{other}`") };
        let finding = finding.note(format!("{same} must have the same value in both, because `by` names it"));
        Some(finding.help(format!("remove {same} from `by`, or change one of the conditions")))
    })
}

/// A condition of one step that leaves few values of its field, and one of the other step that excludes them all.
fn clash<'a>(
    of_one: &[Literal<'a>],
    path: &Path,
    of_other: &[Literal<'a>],
    other: &Path,
    lists: &Lists,
) -> Option<(Literal<'a>, Literal<'a>)> {
    of_one.iter().find_map(|one| {
        let (_, values) = candidates(one.expr, one.holds, None, lists).filter(|(of, _)| of == path)?;
        let excludes = |by: &&Literal| values.iter().all(|value| meets(by, other, value, lists) == Some(false));
        // Without a value, the condition is impossible alone.
        let found = of_other.iter().filter(|_| !values.is_empty()).find(excludes)?;
        Some((*one, *found))
    })
}

fn place(step: &SequenceStep, literal: &Literal) -> Span {
    step.written.place(literal.expr.span)
}

fn equal(sequence: &Sequence) -> Option<Diagnostic> {
    let (first, others) = sequence.steps.split_first()?;
    let paths = |step: &SequenceStep| step.by.iter().map(|by| field(&by.path)).collect::<Vec<_>>();
    let same = |step: &SequenceStep| step.filter.expr() == first.filter.expr() && paths(step) == paths(first);
    others.iter().all(same).then(|| {
        let number = sequence.steps.len();
        let title = format!("the {number} steps of the sequence are equal");
        let help = format!("write the filter once, `threshold: {number}`, and `aggregate_fields` in place of `by`");
        Diagnostic::warning(SAME, title, sequence.span, format!("raises an alert at {number} events")).help(help)
    })
}
