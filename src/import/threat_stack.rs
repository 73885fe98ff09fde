//! An export of Threat Stack's rules → converted rules.
//!
//! Two shapes are published: that of API version 1, with `alert_policy`, and that of version 2, with `rules`. Filters are read
//! by this project's parser, since its language follows Threat Stack's. A field without a counterpart becomes a comment.

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::{
    draft::{Draft, ImportedRule},
    name::one_line,
    problem::{Loss, Problem},
};
use crate::{
    diagnostic::{Diagnostic, render},
    filter::Filter,
    record::Path,
    rule::{MAX_THRESHOLD, Title, WINDOWS},
};

/// The fields that become fields of the rule.
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

/// Those of them that must be text.
const TEXTS: &[&str] = &["name", "title", "description", "alertDescription"];

/// Fields that decide how events become alerts; converted if a rule can express their value.
const AGGREGATE_FIELDS: &[&str] = &["aggregate_fields", "aggregateFields"];
/// Threat Stack's own default of these fields, which is not that of a rule here.
const DEFAULT_FIELDS: [&str; 5] = ["user", "eventName", "eventSource", "ip", "accountId"];
const WINDOW: &[&str] = &["window_seconds", "window"];

/// The fields with lists of rules, and whether these rules are about files.
const LISTS: &[(&str, bool)] = &[("alert_policy", false), ("rules", false), ("file_integrity_rules", true)];

/// The fields that contain such lists.
const WRAPPERS: &[&str] = &["policy", "policies", "ruleset", "rulesets"];

/// Converts every rule of an export; none if it has no list of rules.
pub fn read(export: &Value) -> Vec<ImportedRule> {
    let mut found = Vec::new();
    collect(export, &mut found);
    found.iter().enumerate().map(|(at, found)| convert(found, at + 1)).collect()
}

/// A rule, or any other value in its place.
struct FoundRule<'v> {
    value: &'v Value,
    /// Whether it is in a list of rules about files.
    on_files: bool,
}

/// Finds rules in policies and rule sets, single or in lists.
fn collect<'v>(value: &'v Value, found: &mut Vec<FoundRule<'v>>) {
    let Value::Object(fields) = value else {
        for item in value.as_array().map(Vec::as_slice).unwrap_or_default() {
            match item {
                Value::Object(fields) if !fields.keys().any(|key| holds_rules(key)) => {
                    found.push(FoundRule { value: item, on_files: false });
                }
                Value::Object(_) | Value::Array(_) => collect(item, found),
                item => found.push(FoundRule { value: item, on_files: false }),
            }
        }
        return;
    };
    if fields.contains_key("filter") {
        found.push(FoundRule { value, on_files: false });
        return;
    }
    for (key, on_files) in LISTS {
        let items = match fields.get(*key) {
            None | Some(Value::Null) => continue,
            Some(Value::Array(items)) => items.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        found.extend(items.iter().map(|value| FoundRule { value, on_files: *on_files }));
    }
    WRAPPERS.iter().filter_map(|key| fields.get(*key)).for_each(|inner| collect(inner, found));
}

fn holds_rules(key: &str) -> bool {
    WRAPPERS.contains(&key) || LISTS.iter().any(|(list, _)| *list == key)
}

fn convert(found: &FoundRule<'_>, number: usize) -> ImportedRule {
    let Some(fields) = found.value.as_object() else {
        let name = format!("rule {number}");
        let reason = match found.value {
            Value::String(id) => format!("`{id}` is only the id of a rule: export the whole rules"),
            _ => "it is not a JSON object".to_owned(),
        };
        let problems = vec![Problem { rule: name.clone(), loss: Loss::Rule, reason, detail: String::new() }];
        return ImportedRule { name, draft: None, problems, comments: Vec::new() };
    };
    let mut rule = ThreatStackRule {
        name: name(fields, number),
        fields,
        problems: Vec::new(),
        comments: Vec::new(),
        done: Vec::new(),
    };
    let draft = rule.draft(found.on_files).map_err(|problem| rule.problems.push(problem)).ok();
    if draft.is_none() {
        rule.comment(|key| matches!(key, "filter" | "id"));
    }
    ImportedRule { name: rule.name, draft, problems: rule.problems, comments: rule.comments }
}

/// The name. Rules of version 1 have a title instead, which is a template: the part before its first field is the name.
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

struct ThreatStackRule<'v> {
    name: String,
    fields: &'v Map<String, Value>,
    problems: Vec<Problem>,
    comments: Vec<String>,
    /// The fields that became fields of the rule, in addition to those that always do.
    done: Vec<&'static str>,
}

impl<'v> ThreatStackRule<'v> {
    fn draft(&mut self, on_files: bool) -> Result<Draft, Problem> {
        if on_files {
            return Err(self.refused("it is about the files of a host, not about CloudTrail"));
        }
        match self.text(&["type"]) {
            Some(kind) if kind.eq_ignore_ascii_case("cloudtrail") => {}
            Some(kind) => return Err(self.refused(&format!("its type is `{kind}`, not `CloudTrail`"))),
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
            aggregate_fields: self.aggregate_fields(),
            window: self.window(),
            threshold: self.threshold(),
            title: self.title(),
            description,
            tags: Vec::new(),
            enabled: self.enabled(),
        };
        // A field that must be text and is not did not become a field of the rule.
        let (fields, done) = (self.fields, std::mem::take(&mut self.done));
        self.comment(|key| {
            !CONVERTED.contains(&key) && !done.contains(&key) || TEXTS.contains(&key) && !fields[key].is_string()
        });
        Ok(draft)
    }

    fn severity(&mut self) -> Result<u8, Problem> {
        let given = ["severity", "severityOfAlerts"].map(|key| self.fields.get(key).filter(|value| !value.is_null()));
        if let [Some(one), Some(other)] = given
            && one != other
        {
            let reason = format!("its `severity` is {one} and its `severityOfAlerts` is {other}: the first is used");
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
            (_, Some(value)) => Err(self.refused(&format!("its severity is `{value}`, not 1, 2 or 3"))),
            (_, None) => Err(self.refused("it has no severity")),
        }
    }

    /// A suppression that is not converted causes more alerts, and hides none.
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
                    None => self.problem(Loss::Part, "not converted: a suppression that is not text".to_owned()),
                };
                self.problems.push(problem);
                self.comments.push(format!("suppression: {item}"));
            }
        }
        filters
    }

    fn title(&mut self) -> Option<String> {
        let title = self.text(&["title"])?.trim_end();
        // The name is the same.
        if title.is_empty() || title == self.name {
            return None;
        }
        // Threat Stack has no clauses.
        let escaped = title.replace("[[", r"\[[");
        match Title::parse(&escaped) {
            Ok(_) => Some(escaped),
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
                let reason = format!("it is enabled here, because its `enabled` is `{other}`");
                self.problems.push(self.problem(Loss::Note, reason));
            }
        }
        true
    }

    /// The first of `keys` with a value that is not empty. Other keys with a value become comments.
    fn given(&self, keys: &[&'static str]) -> Option<(&'static str, &'v Value)> {
        keys.iter().find_map(|key| Some((*key, self.fields.get(*key).filter(|value| has_content(value))?)))
    }

    /// The fields that distinguish alerts; all of them or none, since without one of them more events would count as the same
    /// alert.
    fn aggregate_fields(&mut self) -> Vec<String> {
        let by_default = || DEFAULT_FIELDS.map(str::to_owned).to_vec();
        let Some((key, value)) = self.given(AGGREGATE_FIELDS) else { return by_default() };
        let names = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        let paths: Option<Vec<Path>> = names.iter().map(|name| Path::parse(name.as_str()?.trim()).ok()).collect();
        let Some(paths) = paths else {
            self.not_converted(Loss::Note, key, "it does not contain names of fields only, and the default is used");
            return by_default();
        };
        self.done.push(key);
        let mut fields: Vec<String> = Vec::new();
        for path in paths {
            let field = path.to_string();
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        fields
    }

    fn window(&mut self) -> Option<SignedDuration> {
        let (key, value) = self.given(WINDOW)?;
        let seconds = number(value).and_then(|seconds| i64::try_from(seconds).ok());
        let window = seconds.map(SignedDuration::from_secs).filter(|window| (WINDOWS.0..=WINDOWS.1).contains(window));
        match window {
            Some(_) => self.done.push(key),
            None => {
                self.not_converted(Loss::Note, key, "a window is from a minute to 30 days long, and 24 hours are used");
            }
        }
        window
    }

    /// A threshold that is too high would silence the rule, so the maximum is used.
    fn threshold(&mut self) -> u32 {
        let Some((key, value)) = self.given(&["threshold"]) else { return 1 };
        match number(value) {
            Some(threshold @ 1..) if threshold <= u64::from(MAX_THRESHOLD) => {
                self.done.push(key);
                u32::try_from(threshold).unwrap_or(MAX_THRESHOLD)
            }
            Some(1..) => {
                self.not_converted(Loss::Part, key, &format!("the maximum is {MAX_THRESHOLD}, which is used"));
                MAX_THRESHOLD
            }
            _ => {
                self.not_converted(Loss::Part, key, "it is not a number above 0, and every event raises an alert");
                1
            }
        }
    }

    fn not_converted(&mut self, loss: Loss, key: &str, why: &str) {
        let problem = self.problem(loss, format!("not converted: `{key}`: {why}"));
        self.problems.push(problem);
    }

    /// Turns the wanted fields into comments.
    fn comment(&mut self, wanted: impl Fn(&str) -> bool) {
        let fields = self.fields.iter().filter(|(key, value)| wanted(key) && has_content(value));
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

/// A whole number, or the text of one.
fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}

fn has_content(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}
