//! Files that are no rules files: what each is, and the command that reads it.

use serde_json::{Map, Value};

use crate::diagnostic::{Diagnostic, Span};

/// What a file is if it is not a rules file, in one finding; nothing if it may be one.
pub fn recognise(text: &str) -> Option<Diagnostic> {
    let body = text.trim_start_matches('\u{feff}').trim_start();
    let start = text.len() - body.len();
    let (what, help) = kind(body)?;
    let first = body.lines().next().unwrap_or_default();
    let end = start + text[start..start + first.len()].char_indices().nth(60).map_or(first.len(), |(at, _)| at);
    let title = format!("this is {what}, not a rules file");
    Some(
        Diagnostic::error("other-file", title, Span::new(start, end), "expected `rules:` with a list of rules")
            .help(help),
    )
}

type Kind = (&'static str, &'static str);

const SCAN: &str = "match the rules against it: `trailbell scan FILE`";
const IMPORT: &str = "convert it: `trailbell import FILE` prints a rules file";
const REWRITE: &str = "write each of its rules below `rules:`, with `name`, `severity` and `filter`; `trailbell help filter` has \
                       the language of filters";

fn kind(text: &str) -> Option<Kind> {
    match text.chars().next()? {
        '<' => Some(("a page in HTML or XML", "download the file itself: on GitHub, with the button `Raw`")),
        '{' => json(text),
        '[' => json(text).or_else(|| yaml(text)),
        _ => yaml(text),
    }
}

fn json(text: &str) -> Option<Kind> {
    // JSON lines are several values.
    let first = serde_json::Deserializer::from_str(text).into_iter::<Value>().next();
    match first {
        Some(Ok(Value::Object(fields))) => object(&fields, text),
        Some(Ok(Value::Array(items))) => match items.first()? {
            Value::Object(fields) if is_record(fields) => Some(("a list of CloudTrail records", SCAN)),
            Value::Object(fields) if has(fields, &["ruleId", "alertDescription", "severityOfAlerts"]) => {
                Some(("an export of Threat Stack's rules", IMPORT))
            }
            _ => None,
        },
        // A log file that is cut off, or whose quotes an editor has changed.
        _ if text.starts_with('{') && (text.contains("\"Records\"") || text.contains("\"eventVersion\"")) => {
            Some(("a CloudTrail log, and not complete JSON", SCAN))
        }
        _ => None,
    }
}

fn object(fields: &Map<String, Value>, text: &str) -> Option<Kind> {
    let inner = |name: &str| fields.get(name).and_then(Value::as_object);
    if matches!(fields.get("Records"), Some(Value::Array(_))) {
        return Some(("a CloudTrail log file", SCAN));
    }
    if is_record(fields) {
        return Some((
            "a CloudTrail record",
            "match the rules against it: `trailbell scan FILE`; `trailbell explain RULE FILE` shows why a rule matches",
        ));
    }
    if inner("detail").is_some_and(is_record) {
        return Some(("an event of EventBridge with a CloudTrail record", SCAN));
    }
    if fields.contains_key("Events") && text.contains("CloudTrailEvent") {
        return Some(("the output of `aws cloudtrail lookup-events`", SCAN));
    }
    if fields.contains_key("detail") && fields.values().all(|value| value.is_array() || value.is_object()) {
        return Some(("an event pattern of EventBridge", REWRITE));
    }
    if let Some(kind) = template(&|name| fields.contains_key(name), text) {
        return Some(kind);
    }
    if fields.contains_key("Statement") && fields.contains_key("Version") {
        return Some(("a policy of IAM", REWRITE));
    }
    if fields.contains_key("detection") {
        return Some(("a Sigma rule", IMPORT));
    }
    let lists = ["alert_policy", "file_integrity_rules", "rulesets", "ruleset"];
    if lists.iter().any(|name| fields.contains_key(*name)) || has_export(fields) {
        return Some(("an export of Threat Stack's rules", IMPORT));
    }
    if fields.contains_key("risk_score") && fields.contains_key("query") {
        return Some(("a rule of Elastic Security", REWRITE));
    }
    None
}

/// Whether `rules` has the fields that Threat Stack gives its rules, and this program does not.
fn has_export(fields: &Map<String, Value>) -> bool {
    let first =
        fields.get("rules").and_then(Value::as_array).and_then(|rules| rules.first()).and_then(Value::as_object);
    first.is_some_and(|rule| {
        has(rule, &["ruleId", "rulesetId", "alertDescription", "severityOfAlerts", "aggregateFields"])
    })
}

fn has(fields: &Map<String, Value>, names: &[&str]) -> bool {
    names.iter().any(|name| fields.contains_key(*name))
}

fn is_record(fields: &Map<String, Value>) -> bool {
    fields.contains_key("eventVersion") && fields.contains_key("eventName")
        || fields.contains_key("eventID") && fields.contains_key("eventSource")
}

fn template(has: &dyn Fn(&str) -> bool, text: &str) -> Option<Kind> {
    let is_template = has("AWSTemplateFormatVersion") || has("Resources") && text.contains("AWS::");
    is_template.then_some((
        "a CloudFormation template",
        "name the rules file, which is `rules.yaml` in this repository; `sam deploy` reads a template",
    ))
}

/// A file of keys at the beginning of lines.
fn yaml(text: &str) -> Option<Kind> {
    let keys: Vec<&str> = text.lines().filter_map(top_key).collect();
    let has = |name: &str| keys.contains(&name);
    if has("rules") || has("rule") {
        return None;
    }
    if has("detection") && (has("logsource") || has("title")) || has("correlation") && has("title") {
        return Some(("a Sigma rule", IMPORT));
    }
    if let Some(kind) = template(&has, text) {
        return Some(kind);
    }
    if has("overrides") {
        return Some((
            "an overrides file",
            "check the rules file; `trailbell check rules.yaml` reads the `overrides.yaml` beside it too",
        ));
    }
    if has("AnalysisType") || has("RuleID") {
        return Some(("a rule of Panther", REWRITE));
    }
    if has("queryFrequency") || has("requiredDataConnectors") || has("kind") && has("query") {
        return Some(("a rule of Microsoft Sentinel", REWRITE));
    }
    if has("apiVersion") && has("kind") {
        return Some(("a manifest of Kubernetes", REWRITE));
    }
    let lines = || text.lines().map(str::trim_end);
    if lines().any(|line| line == "[rule]") && lines().any(|line| line.starts_with("query =") || line == "[metadata]") {
        return Some(("a rule of Elastic Security", REWRITE));
    }
    if lines().any(|line| line.starts_with("def rule(")) {
        return Some(("a rule of Panther", REWRITE));
    }
    if lines().any(|line| line.starts_with("- rule:")) && text.contains("condition:") {
        return Some(("rules of Falco", REWRITE));
    }
    let first = text.lines().next().unwrap_or_default();
    if first.starts_with("eventversion,")
        || first.to_ascii_lowercase().starts_with("event name,")
        || first.contains("eventname,")
    {
        return Some((
            "a table of events",
            "export the events as JSON, and match the rules against them: `trailbell scan FILE`",
        ));
    }
    None
}

/// The key that a line begins with, without quotes.
fn top_key(line: &str) -> Option<&str> {
    let key = line.split_once(':')?.0.trim_matches(['"', '\'']);
    let plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (plain && !line.starts_with(char::is_whitespace)).then_some(key)
}
