//! `overrides.yaml`, what a user changes of rules that others write: its text and a [`RuleSet`] → a [`RuleSet`].
//!
//! It changes rules and lists that there are and adds none, so that a new rules file comes without conflict, and a rule or
//! a list that it no longer has is said.

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
};

use jiff::SignedDuration;

use super::{
    account::{self, Accounts},
    aggregation,
    list::{self, NamedList},
    load::{self, Overridable, slug},
    model::{Replaced, RuleSet, Severity, Source, Suppression},
    suppression,
};
use crate::{
    diagnostic::{Diagnostic, Level, cut, nearest, one_of, shorten},
    filter::{Filter, Lists},
    yaml::{self, YamlField, YamlKind, YamlMap, YamlNode, optional},
};

const FILE_NAME: &str = "overrides.yaml";

const TOP_KEYS: [&str; 3] = ["overrides", "lists", "accounts"];
const KEYS: [&str; 6] = ["enabled", "severity", "suppressions", "window", "threshold", "notify"];
const FILE_HELP: &str =
    "write `overrides:`, and below it the id of each rule with what is other than in the rules file";
const EMPTY_LIST_HELP: &str = "add an item, or remove the list: then that of the rules file counts";
const OVERRIDE_HELP: &str = "write the id of the rule, and below it, indented, such as `enabled: false`";

#[derive(Default)]
struct Overrides {
    rules: BTreeMap<String, Override>,
    lists: Vec<NamedList>,
    accounts: Accounts,
}

/// What is other of one rule.
struct Override {
    enabled: Option<bool>,
    severity: Option<Severity>,
    suppressions: Vec<Suppression>,
    window: Option<SignedDuration>,
    threshold: Option<u32>,
    notify: Option<bool>,
}

/// The path of the overrides that apply to the rules file at `rules`: `overrides.yaml` in the same folder. A rules file of
/// that name has no overrides.
pub fn overrides_path(rules: &Path) -> Option<PathBuf> {
    let path = rules.with_file_name(FILE_NAME);
    (path != rules).then_some(path)
}

impl RuleSet {
    /// The rules as the text of an `overrides.yaml` changes them, and warnings about that text.
    ///
    /// Errors: every error in the text, in its order, and the warnings among them.
    pub fn overridden(mut self, text: &str) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let rules = self.rules.iter().map(|rule| (rule.id.clone(), rule.name.clone())).collect();
        let known = Overridable { rules, all_rules: true, lists: self.lists.clone(), all_lists: true };
        let (mut overrides, mut problems) = read(text, &known)?;
        problems.extend(self.replace(&overrides.lists));
        in_order(&mut problems);
        if problems.iter().any(|finding| finding.level == Level::Error) {
            return Err(problems);
        }
        for rule in &mut self.rules {
            let Some(other) = overrides.rules.remove(&rule.id) else { continue };
            rule.enabled = other.enabled.unwrap_or(rule.enabled);
            rule.severity = other.severity.unwrap_or(rule.severity);
            rule.suppressions.extend(other.suppressions);
            rule.window = other.window.unwrap_or(rule.window);
            rule.threshold = other.threshold.unwrap_or(rule.threshold);
            rule.notify = other.notify.unwrap_or(rule.notify);
        }
        self.accounts = self.accounts.with(overrides.accounts).into();
        Ok((self, problems))
    }

    /// Puts lists into the place of those with their names, in every filter that uses one; the findings are about values
    /// that a filter does not take.
    fn replace(&mut self, lists: &[NamedList]) -> Vec<Diagnostic> {
        let replaced = |list: &NamedList| (list.name.clone(), Replaced { values: list.values(), span: list.span });
        self.replaced = lists.iter().filter(|list| self.lists.get(&list.name).is_some()).map(replaced).collect();
        let in_force = self.lists_in_force();
        let mut problems: Vec<Diagnostic> = Vec::new();
        for rule in &mut self.rules {
            let suppressions = rule.suppressions.iter_mut().map(|suppression| &mut suppression.filter);
            for filter in [&mut rule.filter].into_iter().chain(suppressions) {
                if !filter.lists().any(|name| self.replaced.contains_key(name)) {
                    continue;
                }
                match filter.with_lists(&in_force) {
                    Ok(changed) => *filter = changed,
                    Err(_) => problems.extend(refused(filter, lists).map(|one| one.in_rule(&rule.name))),
                }
            }
        }
        // What many filters refuse is said once.
        let mut said = HashSet::new();
        problems.retain(|problem| said.insert((problem.span, problem.title.clone())));
        problems
    }
}

/// What is wrong with an `overrides.yaml` beside the text of a rules file that has errors itself; nothing beside one that
/// is no YAML.
pub fn overrides_beside_errors(text: &str, rules: &str) -> Vec<Diagnostic> {
    let Some(known) = load::known(rules) else { return Vec::new() };
    let mut problems = read(text, &known).map_or_else(|problems| problems, |(_, problems)| problems);
    in_order(&mut problems);
    problems
}

fn in_order(problems: &mut Vec<Diagnostic>) {
    problems.sort_by_key(|finding| finding.span.start);
    cut(problems);
}

fn read(text: &str, known: &Overridable) -> Result<(Overrides, Vec<Diagnostic>), Vec<Diagnostic>> {
    let document = yaml::parse(text)?;
    let mut problems = document.problems;
    let overrides = file(&document.root, known, &mut problems).unwrap_or_default();
    Ok((overrides, problems))
}

/// A file without a word in it, or with comments only, changes nothing.
fn file(root: &YamlNode, known: &Overridable, problems: &mut Vec<Diagnostic>) -> Option<Overrides> {
    if matches!(&root.kind, YamlKind::Scalar(scalar) if scalar.is_null()) {
        return None;
    }
    let fields = YamlMap::of(root, "an overrides file", &TOP_KEYS, FILE_HELP, problems)?;
    if TOP_KEYS.iter().all(|key| fields.get(key).is_none()) {
        problems.extend(fields.missing(&TOP_KEYS, FILE_HELP));
    }
    let lists =
        fields.get("lists").map(|field| list::read(field, EMPTY_LIST_HELP, |name| unknown_list(name, known), problems));
    let lists = lists.unwrap_or_default();
    let accounts = fields.get("accounts").map(|field| account::read(field, problems)).unwrap_or_default();
    // What is added may use the lists as they are now.
    let mut in_force = known.lists.clone();
    in_force.0.extend(lists.iter().map(|list| (list.name.clone(), list.values())));
    let entries = fields.get("overrides").and_then(|field| field.entries(FILE_HELP, problems)).unwrap_or_default();
    let rules = entries
        .iter()
        .filter_map(|(id, node)| Some((id.text.clone(), of_rule(id, node, known, &in_force, problems)?)))
        .collect();
    Some(Overrides { rules, lists, accounts })
}

/// Reads every field before it gives up on any.
fn of_rule(
    id: &yaml::Scalar,
    node: &YamlNode,
    known: &Overridable,
    lists: &Lists,
    problems: &mut Vec<Diagnostic>,
) -> Option<Override> {
    let before = problems.len();
    let name = known.rules.get(&id.text);
    if name.is_none() && known.all_rules {
        problems.push(unknown(id, known));
    }
    let fields = YamlMap::of(node, "an override", &KEYS, OVERRIDE_HELP, problems);
    let read = fields.and_then(|fields| {
        let p = &mut *problems;
        let enabled = optional(&fields, "enabled", p, YamlField::boolean);
        let severity = optional(&fields, "severity", p, load::severity);
        let suppressions = optional(&fields, "suppressions", p, |field, p| suppression::read(field, lists, p));
        let window = optional(&fields, "window", p, aggregation::window);
        let threshold = optional(&fields, "threshold", p, aggregation::threshold);
        let notify = optional(&fields, "notify", p, YamlField::boolean);
        let mut suppressions = suppressions?.unwrap_or_default();
        for suppression in &mut suppressions {
            suppression.source = Source::Overrides;
        }
        let (enabled, severity, window, threshold) = (enabled?, severity?, window?, threshold?);
        Some(Override { enabled, severity, suppressions, window, threshold, notify: notify? })
    });
    for finding in problems.iter_mut().skip(before) {
        finding.rule = finding.rule.take().or_else(|| name.cloned());
    }
    read
}

/// The values of `lists` that a filter does not take, each at its place.
fn refused<'a>(filter: &'a Filter, lists: &'a [NamedList]) -> impl Iterator<Item = Diagnostic> {
    let values = lists.iter().flat_map(|list| list.items.iter().map(|(value, span)| (&list.name, value, *span)));
    values.flat_map(|(list, value, span)| filter.refusals(list, value).into_iter().map(move |one| one.at(|_| span)))
}

fn unknown_list(name: &yaml::Scalar, known: &Overridable) -> Option<Diagnostic> {
    if known.lists.get(&name.text).is_some() || !known.all_lists {
        return None;
    }
    let title = format!("the rules file has no list `{}`", shorten(&name.text));
    let finding = Diagnostic::error("unknown-list", title, name.span, "expected the name of one of its lists");
    let names: Vec<_> = known.lists.names().map(|name| format!("`{name}`")).collect();
    Some(match nearest(&name.text, known.lists.names()) {
        Some(meant) => finding.help(format!("write `{meant}`")),
        None if names.is_empty() => finding.help("remove it"),
        None => finding.help(format!("remove it, or replace {}", one_of(&names))),
    })
}

fn unknown(id: &yaml::Scalar, known: &Overridable) -> Diagnostic {
    let title = format!("no rule has the id `{}`", shorten(&id.text));
    let finding = Diagnostic::error("unknown-rule", title, id.span, "expected the id of a rule");
    let made = slug(&id.text);
    let by_name = || known.rules.contains_key(&made).then_some(made.as_str());
    let named = known.rules.iter().find(|(_, name)| **name == id.text).map(|(id, _)| id.as_str());
    let near = || nearest(&id.text, known.rules.keys().map(String::as_str));
    match named.or_else(by_name).or_else(near) {
        Some(meant) => finding.help(format!("write `{meant}`")),
        None => finding
            .help("remove it, or look in the rules file: an `id`, or the name in lower case with `-` between words"),
    }
}
