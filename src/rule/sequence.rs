//! What a rule matches: a `filter`, or a `sequence` of steps with their `by`.

use super::{
    aggregation,
    model::{FieldPath, Sequence, SequenceStep},
    suppression,
};
use crate::{
    diagnostic::{Diagnostic, Span, counted},
    filter::{Filter, Lists},
    yaml::{self, YamlField, YamlMap, YamlNode, optional},
};

/// The fewest and the most steps.
const STEPS: (usize, usize) = (2, 5);
const STEP_KEYS: [&str; 2] = ["filter", "by"];
const FILTER_HELP: &str = "add `filter: |`, and on the next line, indented, the condition of the records to match, such as `eventName = \"PutImage\"`";
const STEPS_HELP: &str = "write each step after `- `, such as `- filter: eventName = \"CreateUser\"`";
const STEP_HELP: &str = "write `filter: …`, and `by: [field]` where the rule has no `by`";
const STEP_FILTER_HELP: &str =
    "add `filter: |`, and on the next line, indented, the condition of the events of this step";
const BY_HELP: &str = "add the fields whose values all steps share, such as `by: [requestParameters.userName]`, to the rule or to each step";

/// The fields of a rule that a sequence replaces, each with the repair.
const REPLACED: [(&str, &str); 5] = [
    ("filter", "remove it: each step of a sequence has a `filter` of its own"),
    ("threshold", "remove it: a sequence raises an alert once each of its steps has an event"),
    ("distinct", "remove it: a sequence counts its steps, not values"),
    ("first_seen", "remove it, and write another rule for what is seen first"),
    ("aggregate_fields", "remove it, and name in `by` the fields whose values distinguish the alerts of a sequence"),
];

/// That a field does not fit a sequence, and the repair; `None` if it does.
pub fn refused(key: &str) -> Option<(String, &'static str)> {
    let (key, help) = REPLACED.iter().find(|(name, _)| *name == key)?;
    Some((format!("`{key}` does not fit a `sequence`"), help))
}

/// What a rule matches.
pub struct Condition {
    /// The filter of the rule; of a sequence, that an event is one of its steps.
    pub filter: Filter,
    /// The text of that filter, unless it is that of a sequence.
    pub written: Option<yaml::Scalar>,
    /// The steps.
    pub sequence: Option<Sequence>,
}

/// The `filter` of a rule, or its `sequence` and `by`.
pub fn condition(fields: &YamlMap, lists: &Lists, problems: &mut Vec<Diagnostic>) -> Option<Condition> {
    let filter = fields.get("filter").map(|field| suppression::filter(field.text(problems)?, lists, problems));
    let by = optional(fields, "by", problems, by);
    let Some(field) = fields.get("sequence") else {
        if let Some(field) = fields.get("by") {
            problems.push(no_sequence(field));
        }
        if filter.is_none() {
            problems.extend(fields.missing(&["filter", "sequence"], FILTER_HELP));
        }
        let (filter, written) = filter??;
        by?;
        return Some(Condition { filter, written: Some(written), sequence: None });
    };
    for (key, _) in REPLACED {
        if let (Some(other), Some((title, help))) = (fields.get(key), refused(key)) {
            let finding = Diagnostic::error("not-in-sequence", title, other.key_span, "the rule has a `sequence`");
            problems.push(finding.context(field.key_span, "the sequence").help(help));
        }
    }
    let common = fields.get("by").map(|field| (field.key_span, by.as_ref().and_then(Option::as_ref)));
    let steps = steps(field, common, lists, problems)?;
    let filter = Filter::any_of(steps.iter().map(|step| &step.filter));
    Some(Condition { filter, written: None, sequence: Some(Sequence { steps, span: field.key_span }) })
}

fn no_sequence(field: YamlField) -> Diagnostic {
    let finding = Diagnostic::error(
        "by-without-sequence",
        "`by` is a field of a `sequence`",
        field.key_span,
        "no `sequence` here",
    );
    finding.help("write `aggregate_fields` for the fields that distinguish alerts, or add the `sequence`")
}

/// One or more fields.
fn by(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<Vec<FieldPath>> {
    let paths = aggregation::paths(field, problems)?;
    if paths.is_empty() {
        let finding = Diagnostic::error("empty-list", "`by` is an empty list", field.node.span, "expected a field");
        problems.push(finding.help(BY_HELP));
        return None;
    }
    Some(paths)
}

/// The steps; `common` is the `by` of the rule with the place of its key, where it has one.
fn steps(
    field: YamlField,
    common: Option<(Span, Option<&Vec<FieldPath>>)>,
    lists: &Lists,
    problems: &mut Vec<Diagnostic>,
) -> Option<Vec<SequenceStep>> {
    let items = field.list(STEPS_HELP, problems)?;
    let number = counted(items.len() as u64, "step");
    let help = match items.len() {
        few if few < STEPS.0 => Some("write at least 2 steps, or a `filter` in place of `sequence` for single events"),
        many if many > STEPS.1 => Some("remove steps that the others imply, or write two rules"),
        _ => None,
    };
    if let Some(help) = help {
        let label = format!("expected {} to {} steps", STEPS.0, STEPS.1);
        let span = if items.is_empty() { field.node.span } else { field.key_span };
        let title = format!("a sequence of {number}");
        problems.push(Diagnostic::error("bad-sequence", title, span, label).help(help));
    }
    let read: Vec<_> = items.iter().map(|item| step(item, common, lists, problems)).collect();
    let bys: Vec<_> = read.iter().flatten().filter_map(|(_, by)| by.as_ref()).collect();
    // Where no step has a `by`, it is missing from the rule.
    if common.is_none() && bys.is_empty() && read.iter().any(Option::is_some) {
        let finding = Diagnostic::error("missing-field", "a sequence has no `by`", field.key_span, "missing here");
        problems.push(finding.help(BY_HELP));
    } else if common.is_none() {
        for (item, _) in items.iter().zip(&read).filter(|(_, read)| matches!(read, Some((_, None)))) {
            let finding = Diagnostic::error("missing-field", "a step has no `by`", item.span, "missing from this step");
            problems.push(finding.help("add `by`, with as many fields as the other steps have"));
        }
    }
    if common.is_none()
        && let [(first_span, first), others @ ..] = &bys[..]
    {
        for (span, by) in others.iter().filter(|(_, by)| by.len() != first.len()) {
            let (title, number) =
                ("the steps have `by` of different lengths", |by: &[FieldPath]| counted(by.len() as u64, "field"));
            let finding = Diagnostic::error("by-lengths", title, *span, number(by));
            let finding = finding.context(*first_span, number(first));
            problems.push(finding.help(
                "write as many fields in each `by`: the first of each step are compared, then the second, and so on",
            ));
        }
    }
    if help.is_some() || bys.iter().any(|(_, by)| by.len() != bys[0].1.len()) {
        return None;
    }
    let step = |read: Option<ReadStep>| {
        let ((filter, written), own) = read?;
        let by = own.map(|(_, by)| by).or_else(|| common?.1.cloned())?;
        Some(SequenceStep { filter, by, written })
    };
    read.into_iter().map(step).collect()
}

/// The filter of a step with its text, and its own `by` with the place of its key.
type ReadStep = ((Filter, yaml::Scalar), Option<(Span, Vec<FieldPath>)>);

fn step(
    node: &YamlNode,
    common: Option<(Span, Option<&Vec<FieldPath>>)>,
    lists: &Lists,
    problems: &mut Vec<Diagnostic>,
) -> Option<ReadStep> {
    let fields = YamlMap::of(node, "a step", &STEP_KEYS, STEP_HELP, problems)?;
    let filter = fields.require("filter", STEP_FILTER_HELP, problems);
    let filter = filter.and_then(|field| suppression::filter(field.text(problems)?, lists, problems));
    let own = optional(&fields, "by", problems, |field, problems| Some((field.key_span, by(field, problems)?)));
    if let (Some(field), Some((span, _))) = (fields.get("by"), common) {
        let title = "both the rule and a step have `by`";
        let finding = Diagnostic::error("two-bys", title, field.key_span, "the `by` of the step");
        let help = "remove one of the two: `by` of the rule is that of all steps";
        problems.push(finding.context(span, "the `by` of the rule").help(help));
        return None;
    }
    Some((filter?, own?))
}
