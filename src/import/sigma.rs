//! Sigma rules: a YAML file of one or more documents → converted rules.
//!
//! The shape is that of the Sigma rules specification, version 2. A broken document does not affect the others.

use super::{
    condition::{Conditions, Selection},
    detection,
    draft::{Draft, ImportedRule},
    expr::or,
    name::one_line,
    problem::{Loss, Problem, no_rules, shifted},
};
use crate::{
    diagnostic::{Diagnostic, Level, chain, render, shorten},
    filter::{Filter, ast::Expr},
    yaml::{self, YamlKind, YamlNode},
};

/// Converts every rule of a file.
///
/// # Errors
///
/// If the file has no rule, or no document can be read; the spans are in `text`.
pub fn read(text: &str) -> Result<Vec<ImportedRule>, Vec<Diagnostic>> {
    let (mut rules, mut errors, mut any) = (Vec::new(), Vec::new(), false);
    for SigmaDocument { start, line, text } in documents(text) {
        let place = format!("the document at line {line}");
        let root = match tree(text) {
            Ok(root) => root,
            Err(found) => {
                let title = found.first().map(|first| first.title.as_str()).unwrap_or_default();
                let detail = render(&found, "document", text, false).trim_end().to_owned();
                rules.push(refused(place, format!("it cannot be read: {title}"), detail));
                if errors.is_empty() {
                    errors.extend(found.into_iter().map(|finding| shifted(finding, start)));
                }
                continue;
            }
        };
        if let Some(fields) = SigmaMap::of(&root) {
            any = true;
            rules.push(SigmaRule::new(fields, place).convert());
        } else {
            rules.push(refused(place, "it is not a Sigma rule: it has no `detection`".to_owned(), String::new()));
        }
    }
    match (any, errors.is_empty()) {
        (true, _) => Ok(rules),
        (false, true) => Err(vec![no_rules("there are no rules in this file", text)]),
        (false, false) => Err(errors),
    }
}

fn refused(name: String, reason: String, detail: String) -> ImportedRule {
    let problems = vec![Problem { rule: name.clone(), loss: Loss::Rule, reason, detail }];
    ImportedRule { name, draft: None, problems, comments: Vec::new() }
}

/// One YAML document of a file.
struct SigmaDocument<'t> {
    /// The offset of its start, in bytes.
    start: usize,
    /// The line of its start, from 1.
    line: usize,
    text: &'t str,
}

/// The documents that have content. A line that begins with `---` or `...` ends a document, even inside a block
/// (<https://yaml.org/spec/1.2.2/#91-documents>).
fn documents(text: &str) -> Vec<SigmaDocument<'_>> {
    let (mut documents, mut start, mut first, mut at) = (Vec::new(), 0, 1, 0);
    let mut add = |start: usize, end: usize, line: usize| {
        let document = SigmaDocument { start, line, text: &text[start..end] };
        documents.extend(Some(document).filter(|document| holds_something(document.text)));
    };
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let next = at + line.len();
        if is_marker(line, "---") {
            add(start, at, first);
            (start, first) = (at, number);
        } else if is_marker(line, "...") {
            add(start, at, first);
            (start, first) = (next, number + 1);
        }
        at = next;
    }
    add(start, at, first);
    documents
}

fn holds_something(document: &str) -> bool {
    document.lines().any(|line| {
        let line = if is_marker(line, "---") { &line[3..] } else { line };
        !line.trim().is_empty() && !line.trim_start().starts_with('#') && !line.starts_with('%')
    })
}

fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

fn tree(document: &str) -> Result<YamlNode, Vec<Diagnostic>> {
    let document = yaml::parse(document)?;
    let errors: Vec<_> = document.problems.into_iter().filter(|finding| finding.level == Level::Error).collect();
    if errors.is_empty() { Ok(document.root) } else { Err(errors) }
}

/// The entries of a map.
#[derive(Clone, Copy)]
struct SigmaMap<'n>(&'n [(yaml::Scalar, YamlNode)]);

impl<'n> SigmaMap<'n> {
    /// The map of a document that is intended as a rule.
    fn of(root: &'n YamlNode) -> Option<Self> {
        const MARKS: &[&str] = &["detection", "logsource", "correlation", "filter"];
        let YamlKind::Map(entries) = &root.kind else { return None };
        let fields = Self(entries);
        MARKS.iter().any(|mark| fields.get(mark).is_some()).then_some(fields)
    }

    fn get(self, key: &str) -> Option<&'n YamlNode> {
        self.0.iter().find(|(name, _)| name.text == key).map(|(_, node)| node)
    }

    fn map(self, key: &str) -> Option<Self> {
        match &self.get(key)?.kind {
            YamlKind::Map(entries) => Some(Self(entries)),
            _ => None,
        }
    }

    fn text(self, key: &str) -> Option<&'n str> {
        match &self.get(key)?.kind {
            YamlKind::Scalar(scalar) if !scalar.is_null() => Some(scalar.text.as_str()),
            _ => None,
        }
    }

    /// The items of a list, or a single value, as texts.
    fn texts(self, key: &str) -> Vec<String> {
        let text = |node: &YamlNode| match &node.kind {
            YamlKind::Scalar(scalar) => scalar.text.clone(),
            _ => shown(node),
        };
        match self.get(key) {
            Some(YamlNode { kind: YamlKind::List(items), .. }) => {
                items.iter().filter(|item| !is_empty(item)).map(text).collect()
            }
            Some(node) if !is_empty(node) => vec![text(node)],
            _ => Vec::new(),
        }
    }
}

/// The fields that become fields of the rule. All others become comments.
const CONVERTED: &[&str] = &["title", "description", "level", "tags", "falsepositives", "detection", "logsource"];

struct SigmaRule<'n> {
    name: String,
    fields: SigmaMap<'n>,
    problems: Vec<Problem>,
}

impl<'n> SigmaRule<'n> {
    fn new(fields: SigmaMap<'n>, place: String) -> Self {
        let name = fields.text("title").and_then(one_line).unwrap_or(place);
        Self { name, fields, problems: Vec::new() }
    }

    fn convert(mut self) -> ImportedRule {
        let draft = self.draft().map_err(|problem| self.problems.push(problem)).ok();
        let kept = |key: &str| if draft.is_some() { !CONVERTED.contains(&key) } else { key == "id" };
        let fields = self.fields.0.iter().filter(|(key, node)| kept(&key.text) && !is_empty(node));
        let mut comments: Vec<String> = fields.map(|(key, node)| comment(&key.text, node)).collect();
        let source = self.fields.map("logsource").filter(|_| draft.is_some()).into_iter().flat_map(|source| source.0);
        let more = source.filter(|(key, node)| !matches!(key.text.as_str(), "product" | "service") && !is_empty(node));
        comments.extend(more.map(|(key, node)| comment(&format!("logsource {}", key.text), node)));
        ImportedRule { name: self.name, draft, problems: self.problems, comments }
    }

    fn draft(&mut self) -> Result<Draft, Problem> {
        self.log_source()?;
        let filter = self.filter()?;
        let severity = self.severity();
        let enabled = self.enabled();
        Ok(Draft {
            id: None,
            severity,
            filter,
            suppressions: Vec::new(),
            aggregate_fields: Vec::new(),
            window: None,
            threshold: 1,
            title: None,
            description: self.description(),
            tags: self.fields.texts("tags").iter().filter_map(|text| tag(text)).collect(),
            enabled,
        })
    }

    fn log_source(&self) -> Result<(), Problem> {
        if self.fields.get("correlation").is_some() {
            return Err(self.refused("it is a correlation of other rules, and a filter sees one event"));
        }
        if self.fields.get("detection").is_none() && self.fields.get("filter").is_some() {
            return Err(self.refused("it is a filter for other rules: add it to their `suppressions`"));
        }
        let Some(source) = self.fields.map("logsource") else { return Err(self.refused("it has no log source")) };
        let named = |key| source.text(key).unwrap_or_default().to_ascii_lowercase();
        if named("product") == "aws" && named("service") == "cloudtrail" {
            return Ok(());
        }
        let parts: Vec<String> = ["product", "category", "service"]
            .iter()
            .filter_map(|key| source.text(key).map(|text| format!("{key} `{}`", shorten(text))))
            .collect();
        let what = if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") };
        Err(self.refused(&format!("its log source is {what}, not product `aws`, service `cloudtrail`")))
    }

    fn filter(&mut self) -> Result<Filter, Problem> {
        let Some(detection) = self.fields.map("detection") else {
            return Err(self.refused("its `detection` is not a map of selections"));
        };
        if detection.get("timeframe").is_some() {
            return Err(self.refused("its `timeframe` counts events over time, and a filter sees one event"));
        }
        let selections: Vec<Selection> = detection
            .0
            .iter()
            .filter(|(name, _)| name.text != "condition")
            .map(|(name, node)| (name.text.clone(), detection::selection(node)))
            .collect();
        let texts = detection.texts("condition");
        if texts.is_empty() {
            return Err(self.refused("it has no condition"));
        }
        let mut conditions = Conditions::new(&selections);
        let parts = texts.iter().map(|text| conditions.read(text)).collect::<Result<Vec<_>, _>>();
        let expr = or(parts.map_err(|error| self.refused(&chain(&error)))?);
        for (name, _) in selections.iter().filter(|(name, _)| !conditions.used.contains(name.as_str())) {
            let reason = format!("its condition does not use the selection `{}`, which is left out", shorten(name));
            self.problems.push(self.problem(Loss::Note, reason));
        }
        self.compiled(&expr)
    }

    /// The filter as it will be read from the file.
    fn compiled(&self, expr: &Expr) -> Result<Filter, Problem> {
        let text = expr.to_string();
        match Filter::parse(&text) {
            Ok(filter) if filter.expr() == expr => Ok(filter),
            Ok(_) => Err(self.refused("its filter would be read differently than it is written")),
            Err(errors) => {
                let reason = match errors.first() {
                    Some(first) => format!("its filter would be refused: {}, {}", first.title, first.label),
                    None => "its filter would be refused".to_owned(),
                };
                let short = text.len() <= 1000;
                let detail = if short { render(&errors, "filter", &text, false) } else { String::new() };
                Err(Problem { detail: detail.trim_end().to_owned(), ..self.refused(&reason) })
            }
        }
    }

    fn severity(&mut self) -> u8 {
        match self.fields.text("level").map(str::to_ascii_lowercase).as_deref() {
            Some("critical" | "high") => 1,
            Some("medium") => 2,
            Some("low" | "informational") => 3,
            level => {
                let found =
                    level.map_or("it has no level".to_owned(), |level| format!("`{}` is not a level", shorten(level)));
                self.problems.push(self.problem(Loss::Note, format!("{found}: its severity is 2 here")));
                2
            }
        }
    }

    fn enabled(&mut self) -> bool {
        let status = self.fields.text("status").unwrap_or_default().to_ascii_lowercase();
        let off = matches!(status.as_str(), "deprecated" | "unsupported");
        if off {
            self.problems.push(self.problem(Loss::Note, format!("it is disabled, because its status is `{status}`")));
        }
        !off
    }

    fn description(&self) -> Option<String> {
        let mut lines: Vec<String> = Vec::new();
        lines.extend(self.fields.texts("description").iter().map(|text| text.trim_end().to_owned()));
        let benign = self.fields.texts("falsepositives");
        let benign = benign.iter().filter_map(|text| one_line(text));
        let benign: Vec<String> = benign.map(|text| text.trim_end_matches('.').to_owned()).collect();
        if !benign.is_empty() {
            lines.push(format!("False positives: {}.", benign.join("; ")));
        }
        Some(lines.join("\n")).filter(|text| !text.is_empty())
    }

    fn refused(&self, reason: &str) -> Problem {
        self.problem(Loss::Rule, reason.to_owned())
    }

    fn problem(&self, loss: Loss, reason: String) -> Problem {
        Problem { rule: self.name.clone(), loss, reason, detail: String::new() }
    }
}

/// The tag, with the capital letter of an ATT&CK technique: `attack.t1098.001` becomes `attack.T1098.001`.
fn tag(text: &str) -> Option<String> {
    let tag = one_line(text)?;
    let technique = tag
        .strip_prefix("attack.t")
        .filter(|rest| {
            rest.chars().all(|c| c.is_ascii_digit() || c == '.') && rest.starts_with(|c: char| c.is_ascii_digit())
        })
        .map(|rest| format!("attack.T{rest}"));
    Some(technique.unwrap_or(tag))
}

fn is_empty(node: &YamlNode) -> bool {
    match &node.kind {
        YamlKind::Scalar(scalar) => scalar.is_null(),
        YamlKind::List(items) => items.is_empty(),
        YamlKind::Map(entries) => entries.is_empty(),
        YamlKind::Broken => true,
    }
}

fn comment(key: &str, node: &YamlNode) -> String {
    format!("{key}: {}", shown(node))
}

/// A value on one line.
fn shown(node: &YamlNode) -> String {
    match &node.kind {
        YamlKind::Scalar(scalar) => scalar.text.split_whitespace().collect::<Vec<_>>().join(" "),
        YamlKind::List(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        YamlKind::Map(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, node)| format!("{}: {}", key.text, shown(node))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        YamlKind::Broken => String::new(),
    }
}
