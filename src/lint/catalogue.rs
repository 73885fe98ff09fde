//! The events that CloudTrail logs: calls of AWS's APIs, and other events of services and consoles.
//!
//! `scripts/api_catalogue.py` writes `apis.txt`; people maintain `events.txt`. A name that is in neither file may exist
//! nevertheless, so only a name that is close to a known one counts as unknown.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use crate::diagnostic::nearest;

const APIS: &str = include_str!("catalogue/apis.txt");
const EVENTS: &str = include_str!("catalogue/events.txt");
const SUFFIX: &str = ".amazonaws.com";

/// Names of services that are not event sources, and the event source of each.
const ALIASES: &[(&str, &str)] = &[
    ("efs", "elasticfilesystem"),
    ("elb", "elasticloadbalancing"),
    ("elbv2", "elasticloadbalancing"),
    ("emr", "elasticmapreduce"),
    ("eventbridge", "events"),
    ("mwaa", "airflow"),
    ("stepfunctions", "states"),
];

/// The event sources to suggest before others.
const FAMILIAR: &[&str] = &[
    "iam",
    "ec2",
    "s3",
    "kms",
    "lambda",
    "cloudtrail",
    "rds",
    "ecr",
    "ecs",
    "eks",
    "ssm",
    "sts",
    "dynamodb",
    "sns",
    "sqs",
];

/// The event sources, without the suffix that all have in common.
static SOURCES: LazyLock<BTreeMap<&str, EventSource>> = LazyLock::new(read);

/// What is known about an event source.
#[derive(Default)]
struct EventSource {
    names: BTreeSet<String>,
    /// Whether it logs events that are not known.
    open: bool,
}

/// What is known about an event name.
#[derive(Debug, PartialEq, Eq)]
pub enum EventStatus {
    /// The sources may log it.
    Fine,
    /// The sources probably do not log it: a similar name, and the sources that do log it.
    Unknown { close: Option<&'static str>, others: Vec<String> },
}

/// The event source that a text probably misspells; nothing where the text is one, or may be one.
pub fn meant_source(text: &str) -> Option<String> {
    let stem = text.strip_suffix(SUFFIX);
    if stem.is_some_and(|stem| SOURCES.contains_key(stem)) {
        return None;
    }
    let alias = |name: &str| ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, source)| *source);
    let lower = text.to_ascii_lowercase();
    let lower_stem = lower.strip_suffix(SUFFIX).unwrap_or(&lower);
    let without_end = lower_stem.strip_suffix(".amazon.com").or_else(|| lower_stem.strip_suffix(".aws.com"));
    let bare = lower_stem.strip_prefix("aws.").or(without_end).unwrap_or(lower_stem);
    let known = alias(bare).or_else(|| SOURCES.get_key_value(bare).map(|(source, _)| *source));
    // Shorter names resemble each other by chance.
    let near = || close(bare, SOURCES.keys().copied()).filter(|_| bare.len() >= 4);
    Some(format!("{}{SUFFIX}", known.or_else(near)?))
}

/// What is known about an event name of one of these sources, or of any source if there are none.
pub fn look_up(sources: &[&str], name: &str) -> EventStatus {
    let name = undated(name);
    let stems: Option<Vec<&EventSource>> =
        sources.iter().map(|source| SOURCES.get(source.strip_suffix(SUFFIX).unwrap_or(source))).collect();
    let Some(stems) = stems else { return EventStatus::Fine };
    // Names such as `Login_POST` are pages, not calls.
    if stems.iter().any(|source| source.names.contains(name)) || name.contains('_') {
        return EventStatus::Fine;
    }
    let others = sources_of(name);
    if stems.is_empty() || stems.iter().any(|source| source.open) {
        let all: Vec<&EventSource> = if stems.is_empty() { SOURCES.values().collect() } else { stems };
        let stands_alone = sources.is_empty() && !others.is_empty();
        let all = all.iter().flat_map(|source| &source.names).map(String::as_str);
        let near = close(name, all);
        return match near.filter(|_| !stands_alone) {
            Some(close) => EventStatus::Unknown { close: Some(close), others: Vec::new() },
            None => EventStatus::Fine,
        };
    }
    let names = || stems.iter().flat_map(|source| &source.names).map(String::as_str);
    let close = nearest(name, names());
    if close.is_none() && others.is_empty() { EventStatus::Fine } else { EventStatus::Unknown { close, others } }
}

/// The event that an IAM action or a command of a command line names, such as `iam:CreateUser` or `create-user`: its source,
/// if the text has one, and its name.
pub fn respelled(text: &str) -> Option<(Option<String>, &'static str)> {
    let (prefix, action) = text.split_once(':').map_or((None, text), |(prefix, action)| (Some(prefix), action));
    let letters = |name: &str| name.replace(['-', '_', ' '], "").to_ascii_lowercase();
    if prefix.is_none() && !text.contains(['-', '_', ' ']) {
        return None;
    }
    let wanted = letters(action);
    let named =
        |source: &'static EventSource| source.names.iter().find(|name| letters(name) == wanted && *name != text);
    let Some(prefix) = prefix else {
        return SOURCES.values().find_map(named).map(|name| (None, name.as_str()));
    };
    let host = format!("{}{SUFFIX}", prefix.to_ascii_lowercase());
    let source = meant_source(prefix).unwrap_or(host);
    let own = source.strip_suffix(SUFFIX).and_then(|stem| SOURCES.get(stem)).and_then(named);
    own.or_else(|| SOURCES.values().find_map(named)).map(|name| (Some(source), name.as_str()))
}

/// The part of a known name that a text is in another case, where no known name of the sources has the text as it is; of any
/// source if there are none. `has` is whether a name has a text at the place that matters.
pub fn part_in_case(sources: &[&str], text: &str, has: fn(&str, &str) -> bool) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    let of = |source: &&str| SOURCES.get(source.strip_suffix(SUFFIX).unwrap_or(source));
    let known: Vec<&EventSource> =
        if sources.is_empty() { SOURCES.values().collect() } else { sources.iter().map(of).collect::<Option<_>>()? };
    let mut meant = None;
    for name in known.iter().flat_map(|source| &source.names) {
        if has(name, text) {
            return None;
        }
        let folded = name.to_ascii_lowercase();
        if meant.is_none() && has(&folded, &lower) {
            let at = if folded.starts_with(&lower) { 0 } else { folded.rfind(&lower)? };
            meant = name.get(at..at + text.len());
        }
    }
    meant
}

/// The sources that log an event, the familiar ones first.
pub fn sources_of(name: &str) -> Vec<String> {
    let name = undated(name);
    let logging = |(stem, source): &(&&str, &EventSource)| source.names.contains(name) && !stem.contains('.');
    let mut found: Vec<&str> = SOURCES.iter().filter(logging).map(|(stem, _)| *stem).collect();
    found.sort_by_key(|stem| FAMILIAR.iter().position(|known| known == stem).unwrap_or(FAMILIAR.len()));
    found.into_iter().map(|stem| format!("{stem}{SUFFIX}")).collect()
}

/// A known name that has the same letters in another case, or that a long name misspells by one slip.
fn close<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut slips = None;
    for known in known {
        if known.eq_ignore_ascii_case(name) {
            return Some(known);
        }
        if slips.is_none() && name.len() >= 4 && one_slip(name, known) {
            slips = Some(known);
        }
    }
    slips
}

/// Whether one letter is added, missing or different, or two neighbors are swapped.
fn one_slip(a: &str, b: &str) -> bool {
    a.len().abs_diff(b.len()) <= 1 && strsim::osa_distance(a, b) == 1
}

/// The name without the version of the API, which Lambda and `CloudFront` add: `CreateFunction20150331`,
/// `GetFunction20150331v2`, `CreateDistribution2020_05_31`.
fn undated(name: &str) -> &str {
    let digit = |c: char| c.is_ascii_digit();
    let version = name.trim_end_matches(digit).strip_suffix('v').filter(|rest| rest.ends_with(digit)).unwrap_or(name);
    let without = version.trim_end_matches(|c| digit(c) || c == '_');
    if version.len() - without.len() >= 8 { without } else { name }
}

fn read() -> BTreeMap<&'static str, EventSource> {
    let mut sources = BTreeMap::<&str, EventSource>::new();
    for line in APIS.lines() {
        let mut words = line.split(' ');
        let names: Vec<String> = words.clone().skip(1).flat_map(operations).collect();
        for source in words.next().unwrap_or_default().split(',') {
            sources.entry(source).or_default().names.extend(names.iter().cloned());
        }
    }
    for line in EVENTS.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let source = sources.entry(words.next().unwrap_or_default()).or_default();
        for word in words {
            match word {
                "*" => source.open = true,
                name => source.names.extend([name.to_owned()]),
            }
        }
    }
    sources
}

/// The names in a group of `apis.txt`: `Put:Image,Rule` is `PutImage` and `PutRule`.
fn operations(group: &str) -> impl Iterator<Item = String> {
    let (verb, rest) = group.split_once(':').unwrap_or((group, ""));
    rest.split(',').map(move |rest| format!("{verb}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_no_part_of_a_name() {
        for (logged, name) in [
            ("CreateFunction20150331", "CreateFunction"),
            ("UpdateFunctionCode20150331v2", "UpdateFunctionCode"),
            ("CreateDistribution2020_05_31", "CreateDistribution"),
            ("ListObjectsV2", "ListObjectsV2"),
            ("Login_GET", "Login_GET"),
            ("20150331", ""),
        ] {
            assert_eq!(undated(logged), name);
        }
    }

    #[test]
    fn a_slip_is_one_letter_or_two_neighbours() {
        for slip in ["GetUse", "etUser", "GetUserr", "GtUser", "GetVser", "GteUser", "GetUsre"] {
            assert!(one_slip("GetUser", slip) && one_slip(slip, "GetUser"), "{slip}");
        }
        for other in ["GetUser", "GetUsers2", "GteUsre", "Getter", "UserGet", ""] {
            assert!(!one_slip("GetUser", other), "{other}");
        }
    }

    #[test]
    fn sources_are_those_that_cloudtrail_writes() {
        for source in ["iam", "monitoring", "states", "elasticmapreduce", "ses", "cloudtrail-data", "health", "signin"]
        {
            assert!(SOURCES.contains_key(source), "{source}");
            assert_eq!(meant_source(&format!("{source}.amazonaws.com")), None);
        }
        for (wrong, right) in [
            ("ecr", "ecr.amazonaws.com"),
            ("aws.ssm", "ssm.amazonaws.com"),
            ("IAM.amazonaws.com", "iam.amazonaws.com"),
            ("s3.amazon.com", "s3.amazonaws.com"),
            ("cloudtrial.amazonaws.com", "cloudtrail.amazonaws.com"),
            ("stepfunctions.amazonaws.com", "states.amazonaws.com"),
        ] {
            assert_eq!(meant_source(wrong).as_deref(), Some(right));
        }
        assert_eq!(meant_source("new-service.amazonaws.com"), None);
        assert_eq!(meant_source("myapp.example.com"), None);
    }

    #[test]
    fn every_alias_leads_to_a_source() {
        for (alias, source) in ALIASES {
            assert!(SOURCES.contains_key(source) && !SOURCES.contains_key(alias), "{alias}");
        }
    }
}
