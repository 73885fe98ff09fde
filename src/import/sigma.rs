//! Sigma rules: a YAML file of one or more documents → entries of a rules file.
//!
//! The shape is that of the Sigma rules specification, version 2. A document that is broken costs itself only.

use super::{
    Loss, Problem,
    condition::{Conditions, Selection},
    detection,
    draft::{Draft, Entry},
    one_line, unknown,
};
use crate::{
    diagnostic::{Diagnostic, Level, Span, line_column, render},
    filter::{Filter, ast::Expr},
    rule::{
        scalar::Scalar,
        syntax::shorten,
        yaml::{self, Kind, Node},
    },
};

/// Every rule of a file. Errors: why not one document is a rule; their spans lie in `text`.
pub fn read(text: &str) -> Result<Vec<Entry>, Vec<Diagnostic>> {
    let (mut entries, mut errors, mut any) = (Vec::new(), Vec::new(), false);
    for (at, (start, document)) in documents(text).into_iter().enumerate() {
        let place = format!("document {}, line {}", at + 1, line_column(text, start).0);
        let root = match tree(document) {
            Ok(root) => root,
            Err(findings) => {
                let placed = |span: Span| Span::new(span.start + start, span.end + start);
                let found: Vec<Diagnostic> = findings.into_iter().map(|finding| finding.at(placed)).collect();
                let title = found.first().map(|first| first.title.as_str()).unwrap_or_default();
                let detail = render(&found, "file", text, false).trim_end().to_owned();
                entries.push(refused(place, format!("it is not readable: {title}"), detail));
                errors.extend(found);
                continue;
            }
        };
        if let Some(fields) = Fields::of(&root) {
            any = true;
            entries.push(Rule::new(fields, place).entry());
        } else {
            entries.push(refused(place, "it is no Sigma rule: it has no `detection`".to_owned(), String::new()));
        }
    }
    match (any, errors.is_empty()) {
        (true, _) => Ok(entries),
        (false, true) => Err(vec![unknown("there are no rules in this file", text)]),
        (false, false) => Err(errors),
    }
}

fn refused(name: String, reason: String, detail: String) -> Entry {
    let problems = vec![Problem { rule: name.clone(), loss: Loss::Rule, reason, detail }];
    Entry { name, draft: None, problems, comments: Vec::new() }
}

/// The documents and where each starts. A line that begins with `---` or `...` ends one wherever it stands
/// (<https://yaml.org/spec/1.2.2/#91-documents>); what holds no value is none.
fn documents(text: &str) -> Vec<(usize, &str)> {
    let (mut documents, mut start, mut at) = (Vec::new(), 0, 0);
    let mut add = |start: usize, end: usize| {
        let document = &text[start..end];
        let empty = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#') || line.starts_with('%');
        let mut lines = document.lines();
        if !lines.all(|line| empty(if is_marker(line, "---") { &line[3..] } else { line })) {
            documents.push((start, document));
        }
    };
    for line in text.split_inclusive('\n') {
        let next = at + line.len();
        if is_marker(line, "---") {
            add(start, at);
            start = at;
        } else if is_marker(line, "...") {
            add(start, at);
            start = next;
        }
        at = next;
    }
    add(start, at);
    documents
}

fn is_marker(line: &str, marker: &str) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

fn tree(document: &str) -> Result<Node, Vec<Diagnostic>> {
    let document = yaml::parse(document)?;
    let errors: Vec<_> = document.problems.into_iter().filter(|finding| finding.level == Level::Error).collect();
    if errors.is_empty() { Ok(document.root) } else { Err(errors) }
}

/// The entries of a map.
#[derive(Clone, Copy)]
struct Fields<'n>(&'n [(Scalar, Node)]);

impl<'n> Fields<'n> {
    /// Of a document that is meant as a rule.
    fn of(root: &'n Node) -> Option<Self> {
        const MARKS: &[&str] = &["detection", "logsource", "correlation", "filter"];
        let Kind::Map(entries) = &root.kind else { return None };
        let fields = Self(entries);
        MARKS.iter().any(|mark| fields.get(mark).is_some()).then_some(fields)
    }

    fn get(self, key: &str) -> Option<&'n Node> {
        self.0.iter().find(|(name, _)| name.text == key).map(|(_, node)| node)
    }

    fn map(self, key: &str) -> Option<Self> {
        match &self.get(key)?.kind {
            Kind::Map(entries) => Some(Self(entries)),
            _ => None,
        }
    }

    fn text(self, key: &str) -> Option<&'n str> {
        match &self.get(key)?.kind {
            Kind::Scalar(scalar) if !scalar.is_null() => Some(scalar.text.as_str()),
            _ => None,
        }
    }

    /// The texts of a list, or the one text that stands in its place.
    fn texts(self, key: &str) -> Vec<&'n str> {
        match self.get(key).map(|node| &node.kind) {
            Some(Kind::List(items)) => items
                .iter()
                .filter_map(|item| match &item.kind {
                    Kind::Scalar(scalar) if !scalar.is_null() => Some(scalar.text.as_str()),
                    _ => None,
                })
                .collect(),
            _ => self.text(key).into_iter().collect(),
        }
    }
}

/// Fields that have become a field of the rule; all others are kept as comments.
const CONVERTED: &[&str] = &["title", "description", "level", "tags", "falsepositives", "detection", "logsource"];

struct Rule<'n> {
    name: String,
    fields: Fields<'n>,
    problems: Vec<Problem>,
}

impl<'n> Rule<'n> {
    fn new(fields: Fields<'n>, place: String) -> Self {
        let name = fields.text("title").and_then(one_line).unwrap_or(place);
        Self { name, fields, problems: Vec::new() }
    }

    fn entry(mut self) -> Entry {
        let draft = self.draft().map_err(|problem| self.problems.push(problem)).ok();
        let kept = |key: &str| if draft.is_some() { !CONVERTED.contains(&key) } else { key == "id" };
        let fields = self.fields.0.iter().filter(|(key, node)| kept(&key.text) && !is_empty(node));
        let comments = fields.map(|(key, node)| format!("{}: {}", key.text, shown(node))).collect();
        Entry { name: self.name, draft, problems: self.problems, comments }
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
            title: None,
            description: self.description(),
            tags: self.fields.texts("tags").into_iter().filter_map(tag).collect(),
            enabled,
        })
    }

    fn log_source(&self) -> Result<(), Problem> {
        if self.fields.get("correlation").is_some() {
            return Err(self.refused("it is a correlation of other rules, and a filter sees one event"));
        }
        if self.fields.get("detection").is_none() && self.fields.get("filter").is_some() {
            return Err(self.refused("it is a filter for other rules: write it into their `suppressions`"));
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
        Err(self.refused(&format!("its log source is {what}, and not product `aws`, service `cloudtrail`")))
    }

    fn filter(&mut self) -> Result<Filter, Problem> {
        let Some(detection) = self.fields.map("detection") else {
            return Err(self.refused("its `detection` is not a map of selections"));
        };
        if detection.get("timeframe").is_some() {
            return Err(self.refused("its `timeframe` counts events over time, and a filter sees one"));
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
        let expr = detection::or(parts.map_err(|reason| self.refused(&reason))?);
        for (name, _) in selections.iter().filter(|(name, _)| !conditions.used.contains(name.as_str())) {
            let reason = format!("its condition does not name the selection `{}`, which is left out", shorten(name));
            self.problems.push(self.problem(Loss::Note, reason));
        }
        self.compiled(&expr)
    }

    /// The filter as it will be read out of the file.
    fn compiled(&self, expr: &Expr) -> Result<Filter, Problem> {
        let text = expr.to_string();
        match Filter::parse(&text) {
            Ok(filter) if filter.expr() == expr => Ok(filter),
            Ok(_) => Err(self.refused("its filter would not be read as it is written")),
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
                    level.map_or("it has no level".to_owned(), |level| format!("`{}` is no level", shorten(level)));
                self.problems.push(self.problem(Loss::Note, format!("{found}: its severity is 2 here")));
                2
            }
        }
    }

    fn enabled(&mut self) -> bool {
        let status = self.fields.text("status").unwrap_or_default().to_ascii_lowercase();
        let off = matches!(status.as_str(), "deprecated" | "unsupported");
        if off {
            self.problems.push(self.problem(Loss::Note, format!("it is not enabled, since its status is `{status}`")));
        }
        !off
    }

    fn description(&self) -> Option<String> {
        let mut lines: Vec<String> = Vec::new();
        lines.extend(self.fields.text("description").map(|text| text.trim_end().to_owned()));
        let benign = self.fields.texts("falsepositives").into_iter().filter_map(one_line);
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

/// ATT&CK's techniques are written with a capital: `attack.t1098.001` is `attack.T1098.001`.
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

fn is_empty(node: &Node) -> bool {
    match &node.kind {
        Kind::Scalar(scalar) => scalar.is_null(),
        Kind::List(items) => items.is_empty(),
        Kind::Map(entries) => entries.is_empty(),
        Kind::Broken => true,
    }
}

/// A value on one line, for a comment.
fn shown(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar(scalar) => scalar.text.split_whitespace().collect::<Vec<_>>().join(" "),
        Kind::List(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Kind::Map(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, node)| format!("{}: {}", key.text, shown(node))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Kind::Broken => String::new(),
    }
}
