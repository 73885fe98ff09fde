//! Event sources and event names that AWS does not have.

use super::{
    catalogue::{self, EventStatus},
    condition::{self, Scope, compares_whole_values, field},
    contradiction::{candidates, meets},
    entry::{Lint, Reads},
    filter_text::FilterText,
};
use crate::{
    diagnostic::{Diagnostic, Span},
    filter::{
        ast::{Compare, RightItem},
        operand::Value,
        operator::Meaning,
    },
    record::{Path, Root, Step, Virtual},
};

/// The entry of the lint table.
pub const LINT: Lint = Lint {
    codes: &[
        (SOURCE, "an `eventSource` that AWS does not have"),
        (NAME, "an `eventName` that its `eventSource` does not have"),
    ],
    reads: &[Reads::Filter(check)],
};

const SOURCE: &str = "unknown-event-source";
const NAME: &str = "unknown-event-name";

fn check(filter: &FilterText, found: &mut Vec<Diagnostic>) {
    condition::comparisons(filter.filter, &mut |_, compare, scope| {
        if compare.operator.ignores_case {
            return;
        }
        if !compares_whole_values(compare.operator) {
            if field(&compare.left.path) == top("eventName") && !is_not_api_call(scope, filter) {
                found.extend(in_other_case(compare, scope, filter));
            }
            return;
        }
        if field(&compare.left.path) == top("eventSource") {
            found.extend(texts(compare, filter).into_iter().filter_map(|(source, span)| unknown_source(source, span)));
        } else if field(&compare.left.path) == top("eventName") && !is_not_api_call(scope, filter) {
            let Some(sources) = sources(scope, filter) else { return };
            let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
            found.extend(
                texts(compare, filter).into_iter().filter_map(|(name, span)| unknown_name(&sources, name, span)),
            );
        }
    });
}

/// The event sources that the conditions around allow; empty if they do not restrict the source, nothing if they restrict it
/// in a way that this lint does not understand.
pub fn sources(scope: &Scope, filter: &FilterText) -> Option<Vec<String>> {
    let mut unclear = false;
    for literal in &scope.around {
        match candidates(literal.expr, literal.holds, scope.base.as_deref(), filter.lists) {
            Some((path, values)) if path == top("eventSource") => {
                let texts = values.into_iter().map(|value| match value {
                    Value::Text(text) => Some(text),
                    _ => None,
                });
                return texts.collect();
            }
            _ => unclear |= meets(literal, &top("eventSource"), &Value::Text(String::new()), filter.lists).is_some(),
        }
    }
    (!unclear).then(Vec::new)
}

/// The texts on the right of a comparison, each with its span; those of a named list have the span of its name.
pub fn texts<'a>(compare: &'a Compare, filter: &'a FilterText) -> Vec<(&'a str, Span)> {
    let text = |value: &'a Value, span| match value {
        Value::Text(text) => Some((text.as_str(), span)),
        _ => None,
    };
    let of = |item: &'a RightItem| match item {
        RightItem::Value(operand) => text(&operand.value, operand.span).into_iter().collect(),
        RightItem::Named(list) => {
            let values = filter.lists.get(&list.name).unwrap_or_default();
            values.iter().filter_map(|value| text(value, list.span)).collect()
        }
        RightItem::Field(_) => Vec::new(),
    };
    compare.right.items().iter().flat_map(of).collect()
}

/// A field at the top of a record.
pub fn top(key: &str) -> Path {
    Path { root: Root::Record, steps: vec![Step::Key(key.to_owned())] }
}

/// Whether the events are no API calls: services and consoles log events with names that no API has, and findings have their own.
fn is_not_api_call(scope: &Scope, filter: &FilterText) -> bool {
    let call = Value::Text("AwsApiCall".to_owned());
    let event_type = Path { root: Root::Virtual(Virtual::EventType), steps: Vec::new() };
    let of_cloudtrail = Value::Text("cloudtrail".to_owned());
    scope.around.iter().any(|literal| {
        meets(literal, &top("eventType"), &call, filter.lists) == Some(false)
            || meets(literal, &event_type, &of_cloudtrail, filter.lists) == Some(false)
    })
}

fn unknown_source(source: &str, span: Span) -> Option<Diagnostic> {
    if source.contains(char::is_whitespace) {
        return None;
    }
    let meant = catalogue::meant_source(source)?;
    let title = format!("AWS has no event source `{source}`");
    Some(Diagnostic::warning(SOURCE, title, span, format!("expected `{meant}`?")).help(format!("write `\"{meant}\"`")))
}

/// A part of a name, such as `describe`, that no name has in that case.
fn in_other_case(compare: &Compare, scope: &Scope, filter: &FilterText) -> Vec<Diagnostic> {
    let (does, has): (_, fn(&str, &str) -> bool) = match compare.operator.meaning {
        Meaning::Prefix => ("begins with", |name, text| name.starts_with(text)),
        Meaning::Suffix => ("ends with", |name, text| name.ends_with(text)),
        Meaning::Substring => ("contains", |name, text| name.contains(text)),
        Meaning::Equal
        | Meaning::Member
        | Meaning::Order(_)
        | Meaning::Pattern
        | Meaning::Network
        | Meaning::Account
        | Meaning::Foreign
        | Meaning::Present => return Vec::new(),
    };
    let Some(sources) = sources(scope, filter) else { return Vec::new() };
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    let of = |(text, span): (&str, Span)| {
        let meant = catalogue::part_in_case(&sources, text, has).filter(|_| !text.is_empty())?;
        let title = format!("no event name {does} `{text}`");
        let finding = Diagnostic::warning(NAME, title, span, format!("expected `{meant}`?"));
        Some(finding.note("names of events are case-sensitive").help(format!("write `\"{meant}\"`")))
    };
    texts(compare, filter).into_iter().filter_map(of).collect()
}

/// An event by the name that IAM or a command line has for it.
fn of_another_language(name: &str, span: Span) -> Option<Diagnostic> {
    let (source, meant) = catalogue::respelled(Some(name).filter(|name| name.trim() == *name)?)?;
    let title = format!("AWS has no event `{name}`");
    let finding = Diagnostic::warning(NAME, title, span, format!("expected `{meant}`?"));
    Some(match source {
        Some(source) => finding
            .note("`eventName` has no service before the name, as an action of IAM has")
            .help(format!("write `eventSource = \"{source}\" and eventName = \"{meant}\"`")),
        None => finding.help(format!("write `\"{meant}\"`")),
    })
}

fn unknown_name(sources: &[&str], name: &str, span: Span) -> Option<Diagnostic> {
    if let Some(finding) = of_another_language(name, span) {
        return Some(finding);
    }
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let EventStatus::Unknown { close, others } = catalogue::look_up(sources, name) else { return None };
    let title = match sources {
        [] => format!("AWS has no event `{name}`"),
        [one] => format!("`{one}` has no event `{name}`"),
        [first, rest @ ..] => {
            format!("neither `{first}` nor {} has an event `{name}`", counted(rest.len(), "other source"))
        }
    };
    let elsewhere = |others: &[String]| match others {
        [] => None,
        [one] => Some(format!("`{one}`")),
        [first, rest @ ..] => Some(format!("`{first}` and {}", counted(rest.len(), "other source"))),
    };
    let label = match (close, others.first()) {
        (Some(close), _) => format!("expected `{close}`?"),
        (None, Some(other)) => format!("expected another source, such as `{other}`?"),
        (None, None) => "never logged".to_owned(),
    };
    let finding = Diagnostic::warning(NAME, title, span, label);
    let finding = match elsewhere(&others) {
        Some(others) => finding.note(format!("events of that name come from {others}")),
        None => finding,
    };
    Some(match (close, others.first()) {
        (Some(close), _) => finding.help(format!("write `\"{close}\"`")),
        (None, Some(other)) => finding.help(format!("write `eventSource = \"{other}\"`, or another name")),
        (None, None) => finding,
    })
}

fn counted(count: usize, noun: &str) -> String {
    crate::diagnostic::counted(count as u64, noun)
}
