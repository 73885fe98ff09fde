//! The values of rules files → rules, checked field by field.
//!
//! A broken field makes its rule unusable, but hides no other finding: every field of every rule is read.

use std::collections::{BTreeMap, HashMap};

use super::{
    account::{self, NamedAccounts},
    aggregation,
    list::{self, NamedList},
    model::{Rule, Severity},
    sequence, suppression, test,
    title::Title,
};
use crate::{
    diagnostic::{Diagnostic, Level, Span, shorten},
    filter::Lists,
    yaml::{self, YamlField, YamlKind, YamlMap, YamlNode, optional, parsed},
};

/// The longest name of a rule, in characters.
pub const MAX_NAME: usize = 200;
/// The longest id of a rule.
pub const MAX_ID: usize = 100;

const TOP_KEYS: [&str; 3] = ["rules", "lists", "accounts"];
const RULE_KEYS: [&str; 21] = [
    "name",
    "id",
    "severity",
    "filter",
    "sequence",
    "by",
    "suppressions",
    "aggregate_fields",
    "window",
    "threshold",
    "distinct",
    "first_seen",
    "notify",
    "alone",
    "follow_up",
    "title",
    "description",
    "enabled",
    "tags",
    "runbook",
    "tests",
];
const RULES_HELP: &str = "write `rules:`, and below it each rule after `- `, beginning with its `name`";
const SEVERITY_HELP: &str = "write 1 if an alert needs immediate action, 2 for review, 3 for audit";
const RULE_HELP: &str = "write `name: …`, and below it `severity`, `filter` and the other fields";

/// A file that a valid test names.
#[derive(Debug)]
pub struct TestFile {
    /// The name of the rule.
    pub rule: Option<String>,
    /// Its path, relative to the rules file.
    pub path: String,
    /// The place of the path.
    pub span: Span,
}

/// The rules and lists that overrides can name: of files with errors, those that could be read.
#[derive(Default)]
pub struct Overridable {
    /// The rules by their ids.
    pub rules: BTreeMap<String, OverridableRule>,
    /// Whether `rules` is complete.
    pub all_rules: bool,
    /// The named lists.
    pub lists: Lists,
    /// Whether `lists` is complete.
    pub all_lists: bool,
    /// Whether the rules that ship are among them. Otherwise overrides may be about rules that are not loaded.
    pub has_pack: bool,
}

/// What overrides must know of a rule.
pub struct OverridableRule {
    /// Its name.
    pub name: String,
    /// Whether it has a sequence.
    pub sequence: bool,
    /// Whether it counts different values.
    pub distinct: bool,
    /// Whether it alerts on new combinations only.
    pub first_seen: bool,
    /// How many events raise an alert, if that could be read.
    pub threshold: Option<u32>,
}

/// Reads rules files, one after the other.
#[derive(Default)]
pub struct Loader {
    /// All findings so far.
    pub problems: Vec<Diagnostic>,
    /// The named lists of all files.
    pub lists: Lists,
    /// The places of their names.
    pub list_spans: BTreeMap<String, Span>,
    /// The accounts of all files.
    pub accounts: NamedAccounts,
    /// The files of all valid tests.
    pub tests: Vec<TestFile>,
    /// The rules with a name and an id, whatever else is wrong with them.
    pub known: BTreeMap<String, OverridableRule>,
    /// Whether a file is something else than a map of fields.
    pub has_unread: bool,
    /// Whether a rule has no name or no id that could be read.
    pub has_unknown: bool,
    names: HashMap<String, Span>,
    ids: HashMap<String, RuleId>,
}

/// The id of a rule, and the place of the `id` or of the name that it is made from.
#[derive(Clone)]
struct RuleId {
    text: String,
    span: Span,
    derived: bool,
}

impl Loader {
    /// The fields of a rules file. A file that is empty is reported, unless others have rules.
    pub fn fields<'n>(&mut self, root: &'n YamlNode, alone: bool) -> Option<YamlMap<'n>> {
        if matches!(&root.kind, YamlKind::Scalar(scalar) if scalar.is_null()) {
            let finding = no_rules("the file is empty", root.span);
            let level = if alone { Level::Error } else { Level::Warning };
            self.problems.push(Diagnostic { level, ..finding });
            return None;
        }
        let fields = YamlMap::of(root, "a rules file", &TOP_KEYS, RULES_HELP, &mut self.problems);
        self.has_unread |= fields.is_none();
        let fields = fields?;
        if let Some(field) = fields.get("timezone") {
            self.problems.retain(|other| other.span != field.key_span);
            let title = "a rules file has no `timezone`";
            let finding = Diagnostic::error("misplaced-timezone", title, field.key_span, "not here");
            let zone = match &field.node.kind {
                YamlKind::Scalar(scalar) if !scalar.is_null() => scalar.text.trim_end(),
                _ => "Europe/Berlin",
            };
            self.problems.push(finding.help(format!(
                "move it into `overrides.yaml`, in the folder of `rules.yaml`, since it is that of all rules: `timezone: {}`",
                shorten(zone)
            )));
        }
        Some(fields)
    }

    /// The named lists and the accounts of a file.
    pub fn shared(&mut self, fields: &YamlMap) {
        if let Some(field) = fields.get("lists") {
            for list in list::read(field, list::unwritable, &mut self.problems) {
                self.list(list);
            }
        }
        if let Some(field) = fields.get("accounts") {
            account::read(field, &mut self.accounts, &mut self.problems);
        }
    }

    /// A list whose name no file had before.
    fn list(&mut self, list: NamedList) {
        let Some(first) = self.list_spans.get(&list.name) else {
            self.lists.0.insert(list.name.clone(), list.values());
            self.list_spans.insert(list.name, list.span);
            return;
        };
        let title = format!("two files have a list `{}`", shorten(&list.name));
        let finding = Diagnostic::error("duplicate-list", title, list.span, "the second one");
        self.problems.push(finding.context(*first, "the first one").help(
            "give one of the two another name; to replace a list of the rules that ship, write it into `overrides.yaml`",
        ));
    }

    /// The rules of a file, which may have none if it has lists or accounts and is not alone.
    pub fn rules(&mut self, fields: &YamlMap, alone: bool) -> Vec<Rule> {
        if !alone && fields.get("rules").is_none() && ["lists", "accounts"].iter().any(|key| fields.get(key).is_some())
        {
            return Vec::new();
        }
        let Some(rules) = fields.require("rules", RULES_HELP, &mut self.problems) else { return Vec::new() };
        match &rules.node.kind {
            YamlKind::List(items) if !items.is_empty() => items.iter().filter_map(|item| self.rule(item)).collect(),
            YamlKind::List(_) => {
                self.problems.push(no_rules("`rules` is an empty list", rules.node.span));
                Vec::new()
            }
            YamlKind::Scalar(scalar) if scalar.is_null() => {
                self.problems.push(no_rules("`rules` is empty", rules.key_span));
                Vec::new()
            }
            _ => {
                rules.list(RULES_HELP, &mut self.problems);
                Vec::new()
            }
        }
    }

    /// Reads every field, so that all findings are reported, and only then returns without a broken rule.
    fn rule(&mut self, node: &YamlNode) -> Option<Rule> {
        let before = self.problems.len();
        let fields = YamlMap::of(node, "a rule", &RULE_KEYS, RULE_HELP, &mut self.problems)?;
        let (p, lists) = (&mut self.problems, &self.lists);
        let name_help = "add `name:` and a text, which alerts show";
        let name = fields.require("name", name_help, p).and_then(|field| name(field, p));
        let id = match fields.get("id") {
            Some(field) => id(field, p),
            None => name.and_then(|name| derived_id(name, p)),
        };
        let severity_help = format!("add `severity:`; {SEVERITY_HELP}");
        let severity = fields.require("severity", &severity_help, p).and_then(|field| severity(field, p));
        let condition = sequence::condition(&fields, lists, p);
        let suppressions = optional(&fields, "suppressions", p, |field, p| suppression::read(field, lists, p));
        let aggregate_fields = optional(&fields, "aggregate_fields", p, aggregation::paths);
        let window = optional(&fields, "window", p, aggregation::window);
        let threshold = optional(&fields, "threshold", p, aggregation::threshold);
        let distinct = optional(&fields, "distinct", p, aggregation::distinct);
        let first_seen = optional(&fields, "first_seen", p, aggregation::first_seen);
        aggregation::check_distinct(&fields, threshold.flatten(), p);
        let notify = optional(&fields, "notify", p, YamlField::boolean);
        let alone = optional(&fields, "alone", p, YamlField::boolean);
        let follow_up = optional(&fields, "follow_up", p, YamlField::boolean);
        let title = optional(&fields, "title", p, title);
        let described = optional(&fields, "description", p, description);
        let enabled = optional(&fields, "enabled", p, YamlField::boolean);
        let tags = optional(&fields, "tags", p, tags);
        let runbook = optional(&fields, "runbook", p, runbook);
        let tests = optional(&fields, "tests", p, test::read);
        let shown = name.map(|name| name.text.trim_end().to_owned());
        let files = tests.iter().flatten().flat_map(test::Tests::files);
        self.tests.extend(files.map(|(path, span)| TestFile { rule: shown.clone(), path: path.to_owned(), span }));
        match (name, &id) {
            (Some(name), Some(id)) => {
                let has = |key: &str| fields.get(key).is_some();
                let rule = OverridableRule {
                    name: name.text.trim_end().to_owned(),
                    sequence: has("sequence"),
                    distinct: has("distinct"),
                    first_seen: has("first_seen"),
                    threshold: threshold.map(|threshold| threshold.unwrap_or(1)),
                };
                self.known.insert(id.text.clone(), rule);
            }
            _ => self.has_unknown = true,
        }
        self.unique(name, id.as_ref());
        if let Some(name) = name {
            for finding in &mut self.problems[before..] {
                finding.rule.get_or_insert_with(|| name.text.trim_end().to_owned());
            }
        }
        let (name, condition, tests) = (name?, condition?, tests?.unwrap_or_default());
        let (description, advice) = described?.unzip();
        Some(Rule {
            name: name.text.trim_end().to_owned(),
            id: id?.text,
            severity: severity?,
            filter: condition.filter,
            sequence: condition.sequence,
            suppressions: suppressions?.unwrap_or_default(),
            aggregate_fields: aggregate_fields?,
            window: window?.unwrap_or(aggregation::WINDOW),
            threshold: threshold?.unwrap_or(1),
            distinct: distinct?,
            first_seen: first_seen?,
            notify: notify?.unwrap_or(true),
            alone: alone?.unwrap_or(false),
            follow_up: follow_up?,
            title: title?,
            description,
            advice,
            enabled: enabled?.unwrap_or(true),
            tags: tags?.unwrap_or_default(),
            runbook: runbook?,
            tests: tests.verdicts,
            alert_tests: tests.alerts,
            span: name.span,
            written: condition.written,
        })
    }

    /// Reports a second rule with the same name or id. Two rules with the same name also have the same derived id; that is
    /// reported once.
    fn unique(&mut self, name: Option<&yaml::Scalar>, id: Option<&RuleId>) {
        if let Some(scalar) = name {
            let name = scalar.text.trim_end();
            if let Some(first) = self.names.get(name) {
                let title = format!("two rules are named `{}`", shorten(name));
                let finding = Diagnostic::error("duplicate-name", title, scalar.span, "the second one");
                self.problems.push(finding.context(*first, "the first one").help("rename one of the two"));
                if id.is_none_or(|id| id.derived) {
                    return;
                }
            } else {
                self.names.insert(name.to_owned(), scalar.span);
            }
        }
        let Some(id) = id else { return };
        let Some(first) = self.ids.get(&id.text) else {
            self.ids.insert(id.text.clone(), id.clone());
            return;
        };
        let label = |id: &RuleId, which: &str| {
            if id.derived { format!("the {which} one, made from this name") } else { format!("the {which} one") }
        };
        let title = format!("two rules have the id `{}`", id.text);
        let finding = Diagnostic::error("duplicate-id", title, id.span, label(id, "second"));
        self.problems.push(
            finding
                .context(first.span, label(first, "first"))
                .help("give one of the two an `id` that no other rule has"),
        );
    }
}

fn no_rules(title: &str, span: Span) -> Diagnostic {
    Diagnostic::error("no-rules", title, span, "expected at least one rule").help(RULES_HELP)
}

fn name<'n>(field: YamlField<'n>, problems: &mut Vec<Diagnostic>) -> Option<&'n yaml::Scalar> {
    let scalar = field.text(problems)?;
    let name = scalar.text.trim_end();
    let length = name.chars().count();
    let (title, label) = match length {
        0 => ("the name is empty".into(), "expected at least one character".into()),
        1..=MAX_NAME if name.chars().any(char::is_control) => {
            ("the name has a line break or a control character".into(), "expected one line".into())
        }
        1..=MAX_NAME => return Some(scalar),
        _ => (format!("the name has {length} characters"), format!("expected at most {MAX_NAME}")),
    };
    let finding = Diagnostic::error("bad-name", title, scalar.span, label);
    problems.push(finding.help("write a short name, and put the rest into `description`"));
    None
}

fn id(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<RuleId> {
    let scalar = field.text(problems)?;
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=MAX_ID).contains(&scalar.text.len()) && scalar.text.bytes().all(allowed) {
        return Some(RuleId { text: scalar.text.clone(), span: scalar.span, derived: false });
    }
    let title = format!("`{}` is not an id", shorten(&scalar.text));
    let label = format!("expected 1 to {MAX_ID} of `a` to `z`, `0` to `9` and `-`");
    let finding = Diagnostic::error("bad-id", title, scalar.span, label);
    let slug = slug(&scalar.text);
    problems.push(if slug.is_empty() { finding } else { finding.help(format!("write `{slug}`")) });
    None
}

fn derived_id(name: &yaml::Scalar, problems: &mut Vec<Diagnostic>) -> Option<RuleId> {
    let text = slug(&name.text);
    if text.is_empty() {
        let title = "this name cannot be made into an id";
        let finding = Diagnostic::error("bad-id", title, name.span, "expected one of `a` to `z` or `0` to `9`");
        problems.push(finding.help("add an `id`, such as `id: root-login`"));
        return None;
    }
    Some(RuleId { text, span: name.span, derived: true })
}

/// The id made from a name: its ASCII letters and digits in lower case, with one `-` for each run of other characters; empty
/// if it has none.
pub fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut slug = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    slug.truncate(MAX_ID);
    slug
}

/// The value of `severity`, from 1 to 3.
pub fn severity(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<Severity> {
    let scalar = field.scalar("a number", SEVERITY_HELP, problems)?;
    let known = scalar.plain().filter(|text| matches!(*text, "1" | "2" | "3"));
    let severity = known.and_then(|text| text.parse().ok()).and_then(Severity::new);
    if severity.is_none() {
        let title = format!("`{}` is not a severity", shorten(&scalar.text));
        let finding = Diagnostic::error("bad-severity", title, scalar.span, "expected 1, 2 or 3");
        problems.push(match scalar.text.as_str() {
            "1" | "2" | "3" => finding.help(format!("write `severity: {}`, without quotes", scalar.text)),
            _ => finding.help(SEVERITY_HELP),
        });
    }
    severity
}

/// The value of `title`.
pub fn title(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<Title> {
    parsed(field.text(problems)?, Title::parse, problems)
}

/// The value of `description`: its text, and the same as a template.
pub fn description(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<(String, Title)> {
    let text = field.text(problems)?;
    Some((text.text.trim_end().to_owned(), parsed(text, Title::parse, problems)?))
}

/// The value of `tags`.
pub fn tags(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<Vec<String>> {
    let help = match &field.node.kind {
        YamlKind::Scalar(scalar) => format!("write `tags: [{}]`", shorten(&scalar.text)),
        _ => "write `tags: [one, two]`, or each tag after `- ` on its own line".to_owned(),
    };
    let items = field.list(&help, problems)?;
    let tags: Vec<_> = items.iter().map(|item| tag(item, problems)).collect();
    tags.into_iter().collect()
}

fn tag(node: &YamlNode, problems: &mut Vec<Diagnostic>) -> Option<String> {
    let scalar = yaml::text("a tag", node, node.span, problems)?;
    let tag = scalar.text.trim();
    if tag.is_empty() {
        let finding = Diagnostic::error("bad-tag", "a tag is empty", scalar.span, "expected a word");
        problems.push(finding.help("remove it, or write a tag such as `service.iam`"));
        return None;
    }
    Some(tag.to_owned())
}

/// The value of `runbook`, a web address.
pub fn runbook(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<String> {
    let scalar = field.text(problems)?;
    let url = scalar.text.trim_end();
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
    if host.starts_with(|c: char| c.is_alphanumeric() || c == '[')
        && !url.contains(|c: char| c <= ' ' || c.is_control())
    {
        return Some(url.to_owned());
    }
    let title = format!("`{}` is not a web address", shorten(url));
    let finding = Diagnostic::error("bad-runbook", title, scalar.span, "expected `https://…` or `http://…`");
    problems.push(finding.help("write a complete URL, or put the text into `description`"));
    None
}
