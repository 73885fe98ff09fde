//! An export of Threat Stack's rules.
//!
//! Two shapes are public: that of API version 1, with `alert_policy`, and that of version 2, with `rules`. Filters are read
//! with our own parser, since our language follows theirs; what a field of theirs has no counterpart for is kept as a
//! comment.

use serde_json::{Map, Value};

use super::{
    Loss, Problem,
    draft::{Draft, Entry},
    one_line,
};
use crate::{
    alert::Title,
    diagnostic::{Diagnostic, render},
    filter::Filter,
};

/// Fields that have become a field of the rule.
const CONVERTED: &[&str] = &[
    "name",
    "title",
    "description",
    "alertDescription",
    "severity",
    "severityOfAlerts",
    "type",
    "filter",
    "exclusions",
    "suppressions",
    "enabled",
];

/// Those of them that are text.
const TEXTS: &[&str] = &["name", "title", "description", "alertDescription"];

/// Fields that decide how events become alerts.
const ALERTING: &[&str] = &["aggregate_fields", "aggregateFields", "window_seconds", "window", "threshold"];

/// Lists of rules, and whether those are on files.
const LISTS: &[(&str, bool)] = &[("alert_policy", false), ("rules", false), ("file_integrity_rules", true)];

/// What rules are wrapped in.
const WRAPPERS: &[&str] = &["policy", "policies", "ruleset", "rulesets"];

/// Every rule of an export; none if it has no list of rules.
pub fn read(export: &Value) -> Vec<Entry> {
    let mut found = Vec::new();
    collect(export, &mut found);
    found.iter().enumerate().map(|(at, found)| entry(found, at + 1)).collect()
}

/// A rule, or what stands where one is expected.
struct Found<'v> {
    value: &'v Value,
    /// Whether it stands in a list of rules on files.
    on_files: bool,
}

/// Rules may stand in policies or rule sets, alone or in lists.
fn collect<'v>(value: &'v Value, found: &mut Vec<Found<'v>>) {
    let Value::Object(fields) = value else {
        for item in value.as_array().map(Vec::as_slice).unwrap_or_default() {
            match item {
                Value::Object(fields) if !fields.keys().any(|key| holds_rules(key)) => {
                    found.push(Found { value: item, on_files: false });
                }
                Value::Object(_) | Value::Array(_) => collect(item, found),
                item => found.push(Found { value: item, on_files: false }),
            }
        }
        return;
    };
    if fields.contains_key("filter") {
        found.push(Found { value, on_files: false });
        return;
    }
    for (key, on_files) in LISTS {
        let items = match fields.get(*key) {
            None | Some(Value::Null) => continue,
            Some(Value::Array(items)) => items.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        found.extend(items.iter().map(|value| Found { value, on_files: *on_files }));
    }
    WRAPPERS.iter().filter_map(|key| fields.get(*key)).for_each(|inner| collect(inner, found));
}

fn holds_rules(key: &str) -> bool {
    WRAPPERS.contains(&key) || LISTS.iter().any(|(list, _)| *list == key)
}

fn entry(found: &Found<'_>, number: usize) -> Entry {
    let Some(fields) = found.value.as_object() else {
        let name = format!("rule {number}");
        let reason = match found.value {
            Value::String(id) => format!("`{id}` is only the id of a rule: export the rules themselves"),
            _ => "it is not a JSON object".to_owned(),
        };
        let problems = vec![Problem { rule: name.clone(), loss: Loss::Rule, reason, detail: String::new() }];
        return Entry { name, draft: None, problems, comments: Vec::new() };
    };
    let mut rule = Rule { name: name(fields, number), fields, problems: Vec::new(), comments: Vec::new() };
    let draft = rule.draft(found.on_files).map_err(|problem| rule.problems.push(problem)).ok();
    if draft.is_none() {
        rule.keep(|key| matches!(key, "filter" | "id"));
    }
    Entry { name: rule.name, draft, problems: rule.problems, comments: rule.comments }
}

/// Version 1 has no name but a title, which is a template: the part before its first field is the name.
fn name(fields: &Map<String, Value>, number: usize) -> String {
    let text = |key| fields.get(key).and_then(Value::as_str);
    let title = || {
        let title = text("title")?;
        let plain = title.split("{{").next().unwrap_or_default();
        let plain = plain.trim_end_matches(|c: char| !c.is_alphanumeric() && !matches!(c, ')' | ']'));
        one_line(plain).or_else(|| one_line(title))
    };
    text("name").and_then(one_line).or_else(title).unwrap_or_else(|| format!("rule {number}"))
}

struct Rule<'v> {
    name: String,
    fields: &'v Map<String, Value>,
    problems: Vec<Problem>,
    comments: Vec<String>,
}

impl<'v> Rule<'v> {
    fn draft(&mut self, on_files: bool) -> Result<Draft, Problem> {
        if on_files {
            return Err(self.refused("it is a rule on the files of a host, and not on CloudTrail"));
        }
        match self.text(&["type"]) {
            Some(kind) if kind.eq_ignore_ascii_case("cloudtrail") => {}
            Some(kind) => return Err(self.refused(&format!("its type is `{kind}`, and not `CloudTrail`"))),
            None => return Err(self.refused("it has no `type`: only rules of the type `CloudTrail` are converted")),
        }
        let Some(filter) = self.text(&["filter"]) else { return Err(self.refused("it has no `filter`")) };
        let filter = Filter::parse(filter).map_err(|errors| self.mistakes(Loss::Rule, "filter", filter, &errors))?;
        let severity = self.severity()?;
        let descriptions = ["description", "alertDescription"].map(|key| self.text(&[key]).map(str::trim_end));
        let mut descriptions = descriptions.into_iter().flatten().filter(|text| !text.is_empty());
        let description = descriptions.next().map(str::to_owned);
        self.comments.extend(descriptions.map(|text| format!("description: {}", Value::from(text))));
        let draft = Draft {
            id: None,
            severity,
            filter,
            suppressions: self.suppressions(),
            title: self.title(),
            description,
            tags: Vec::new(),
            enabled: self.enabled(),
        };
        self.alerting();
        // What should be text and is not has not become a field of the rule.
        let fields = self.fields;
        self.keep(|key| !CONVERTED.contains(&key) || TEXTS.contains(&key) && !fields[key].is_string());
        Ok(draft)
    }

    fn severity(&mut self) -> Result<u8, Problem> {
        let given = ["severity", "severityOfAlerts"].map(|key| self.fields.get(key).filter(|value| !value.is_null()));
        if let [Some(one), Some(other)] = given
            && one != other
        {
            let reason = format!("its `severity` is {one} and its `severityOfAlerts` is {other}: the first is taken");
            self.problems.push(self.problem(Loss::Note, reason));
        }
        let value = given.into_iter().flatten().next();
        let number = match value {
            Some(Value::String(text)) => text.parse().ok(),
            Some(value) => value.as_u64(),
            None => None,
        };
        match (number.and_then(|number| u8::try_from(number).ok()), value) {
            (Some(severity @ 1..=3), _) => Ok(severity),
            (_, Some(value)) => Err(self.refused(&format!("its severity is `{value}`, and not 1, 2 or 3"))),
            (_, None) => Err(self.refused("it has no severity")),
        }
    }

    /// A suppression that is lost makes more alerts, and hides none.
    fn suppressions(&mut self) -> Vec<Filter> {
        let mut filters = Vec::new();
        for key in ["exclusions", "suppressions"] {
            let items = match self.fields.get(key) {
                None | Some(Value::Null) => continue,
                Some(Value::Array(items)) => items.as_slice(),
                Some(other) => std::slice::from_ref(other),
            };
            for item in items {
                let problem = match item.as_str() {
                    Some(text) => match Filter::parse(text) {
                        Ok(filter) => {
                            filters.push(filter);
                            continue;
                        }
                        Err(errors) => self.mistakes(Loss::Part, "suppression", text, &errors),
                    },
                    None => self.problem(Loss::Part, "not converted: a suppression that is no text".to_owned()),
                };
                self.problems.push(problem);
                self.comments.push(format!("suppression: {item}"));
            }
        }
        filters
    }

    fn title(&mut self) -> Option<String> {
        let title = self.text(&["title"])?.trim_end();
        // The name says the same.
        if title.is_empty() || title == self.name {
            return None;
        }
        match Title::parse(title) {
            Ok(_) => Some(title.to_owned()),
            Err(errors) => {
                let problem = self.mistakes(Loss::Part, "title", title, &errors);
                self.problems.push(problem);
                self.comments.push(format!("title: {}", Value::from(title)));
                None
            }
        }
    }

    fn enabled(&mut self) -> bool {
        match self.fields.get("enabled") {
            Some(Value::Bool(enabled)) => return *enabled,
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => return false,
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => {}
            None | Some(Value::Null) => {}
            Some(other) => {
                let reason = format!("it is enabled here, since its `enabled` is `{other}`");
                self.problems.push(self.problem(Loss::Note, reason));
            }
        }
        true
    }

    /// A rule file has no word for these yet.
    fn alerting(&mut self) {
        let threshold = match self.fields.get("threshold") {
            Some(Value::String(text)) => text.parse().ok(),
            other => other.and_then(Value::as_u64),
        };
        if let Some(threshold) = threshold.filter(|threshold| *threshold > 1) {
            let reason =
                format!("not converted yet: `threshold`: it raises an alert at every event, not at {threshold}");
            self.problems.push(self.problem(Loss::Part, reason));
        }
        let kept: Vec<String> = ALERTING
            .iter()
            .filter(|key| **key != "threshold" && self.fields.get(**key).is_some_and(says_something))
            .map(|key| format!("`{key}`"))
            .collect();
        if !kept.is_empty() {
            self.problems.push(self.problem(Loss::Note, format!("not converted yet: {}", kept.join(", "))));
        }
    }

    /// Fields that stay as comments.
    fn keep(&mut self, wanted: impl Fn(&str) -> bool) {
        let fields = self.fields.iter().filter(|(key, value)| wanted(key) && says_something(value));
        self.comments.extend(fields.map(|(key, value)| format!("{key}: {value}")));
    }

    fn text(&self, keys: &[&str]) -> Option<&'v str> {
        let fields = self.fields;
        keys.iter().find_map(|key| fields.get(*key)?.as_str())
    }

    fn refused(&self, reason: &str) -> Problem {
        self.problem(Loss::Rule, reason.to_owned())
    }

    fn problem(&self, loss: Loss, reason: String) -> Problem {
        Problem { rule: self.name.clone(), loss, reason, detail: String::new() }
    }

    fn mistakes(&self, loss: Loss, what: &str, text: &str, errors: &[Diagnostic]) -> Problem {
        let title = errors.first().map(|error| error.title.as_str()).unwrap_or_default();
        let reason = match loss {
            Loss::Rule => format!("its {what} has a mistake: {title}"),
            Loss::Part | Loss::Note => format!("not converted: a {what} with a mistake: {title}"),
        };
        Problem { detail: render(errors, what, text, false).trim_end().to_owned(), ..self.problem(loss, reason) }
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}
