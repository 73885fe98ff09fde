//! `overrides.yaml`, with which a user changes rules that others maintain: its text and a [`RuleSet`] → a [`RuleSet`].
//!
//! Overrides change existing rules and lists and add none, so a user can take a new rules file without a conflict, and an
//! override of a rule or a list that no longer exists is an error.

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
};

use jiff::SignedDuration;

use super::{
    account::{self, Accounts},
    aggregation,
    list::{self, NamedList},
    load::{self, Overridable, OverridableRule, slug},
    model::{Replaced, Rule, RuleSet, Severity, Source, Suppression},
    sequence, suppression,
};
use crate::{
    diagnostic::{Diagnostic, Level, nearest, one_of, shorten, truncate_findings},
    filter::{Filter, Lists},
    yaml::{self, YamlField, YamlKind, YamlMap, YamlNode, optional},
};

const FILE_NAME: &str = "overrides.yaml";

const TOP_KEYS: [&str; 3] = ["overrides", "lists", "accounts"];
const KEYS: [&str; 8] = ["enabled", "severity", "suppressions", "window", "threshold", "notify", "alone", "follow_up"];
const FILE_HELP: &str = "write `overrides:`, and below it the id of each rule with the fields to change";
const OVERRIDE_HELP: &str =
    "write the id of the rule, and below it, indented, the fields to change, such as `enabled: false`";

#[derive(Default)]
struct Overrides {
    rules: BTreeMap<String, Override>,
    lists: Vec<NamedList>,
    accounts: Accounts,
}

/// The changes to one rule.
struct Override {
    enabled: Option<bool>,
    severity: Option<Severity>,
    suppressions: Vec<Suppression>,
    window: Option<SignedDuration>,
    threshold: Option<u32>,
    notify: Option<bool>,
    alone: Option<bool>,
    follow_up: Option<bool>,
}

/// The path of the overrides that apply to the rules file at `rules`: `overrides.yaml` in the same folder. A rules file of
/// that name has no overrides.
pub fn overrides_path(rules: &Path) -> Option<PathBuf> {
    let path = rules.with_file_name(FILE_NAME);
    (path != rules).then_some(path)
}

impl RuleSet {
    /// Applies the text of an `overrides.yaml`; returns the changed rules and the warnings about the text.
    ///
    /// # Errors
    ///
    /// Every error in the text together with the warnings, in its order.
    pub fn overridden(mut self, text: &str) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let rule = |rule: &Rule| {
            let (sequence, distinct) = (rule.sequence.is_some(), rule.distinct.is_some());
            (rule.id.clone(), OverridableRule { name: rule.name.clone(), sequence, distinct })
        };
        let rules = self.rules.iter().map(rule).collect();
        let overridable = Overridable { rules, all_rules: true, lists: self.lists.clone(), all_lists: true };
        let (mut overrides, mut problems) = read(text, &overridable)?;
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
            rule.alone = other.alone.unwrap_or(rule.alone);
            rule.follow_up = other.follow_up.or(rule.follow_up);
            rule.set_zone(self.timezone);
        }
        self.accounts = self.accounts.with(overrides.accounts).into();
        Ok((self, problems))
    }

    /// Replaces the named lists in every filter that uses them; the findings are about values that a filter does not accept.
    fn replace(&mut self, lists: &[NamedList]) -> Vec<Diagnostic> {
        let replaced = |list: &NamedList| (list.name.clone(), Replaced { values: list.values(), span: list.span });
        self.replaced = lists.iter().filter(|list| self.lists.get(&list.name).is_some()).map(replaced).collect();
        let in_force = self.lists_in_force();
        let mut problems: Vec<Diagnostic> = Vec::new();
        for rule in &mut self.rules {
            let suppressions = rule.suppressions.iter_mut().map(|suppression| &mut suppression.filter);
            let steps = rule.sequence.iter_mut().flat_map(|sequence| &mut sequence.steps).map(|step| &mut step.filter);
            for filter in [&mut rule.filter].into_iter().chain(steps).chain(suppressions) {
                if !filter.lists().any(|name| self.replaced.contains_key(name)) {
                    continue;
                }
                match filter.with_lists(&in_force) {
                    Ok(changed) => *filter = changed,
                    Err(_) => problems.extend(refused(filter, lists).map(|one| one.in_rule(&rule.name))),
                }
            }
        }
        // A value that several filters refuse is reported once.
        let mut reported = HashSet::new();
        problems.retain(|problem| reported.insert((problem.span, problem.title.clone())));
        problems
    }
}

/// The findings in the text of an `overrides.yaml` whose rules file, `rules`, has errors itself; none if that is not valid
/// YAML.
pub fn overrides_beside_errors(text: &str, rules: &str) -> Vec<Diagnostic> {
    let Some(overridable) = load::overridable(rules) else { return Vec::new() };
    let mut problems = read(text, &overridable).map_or_else(|problems| problems, |(_, problems)| problems);
    in_order(&mut problems);
    problems
}

fn in_order(problems: &mut Vec<Diagnostic>) {
    problems.sort_by_key(|finding| finding.span.start);
    truncate_findings(problems);
}

fn read(text: &str, overridable: &Overridable) -> Result<(Overrides, Vec<Diagnostic>), Vec<Diagnostic>> {
    let document = yaml::parse(text)?;
    let mut problems = document.problems;
    let overrides = file(&document.root, overridable, &mut problems).unwrap_or_default();
    Ok((overrides, problems))
}

/// A file that is empty or has only comments changes nothing.
fn file(root: &YamlNode, overridable: &Overridable, problems: &mut Vec<Diagnostic>) -> Option<Overrides> {
    if matches!(&root.kind, YamlKind::Scalar(scalar) if scalar.is_null()) {
        return None;
    }
    let fields = YamlMap::of(root, "an overrides file", &TOP_KEYS, FILE_HELP, problems)?;
    if TOP_KEYS.iter().all(|key| fields.get(key).is_none()) {
        problems.extend(fields.missing(&TOP_KEYS, FILE_HELP));
    }
    let lists = fields.get("lists").map(|field| list::read(field, |name| unknown_list(name, overridable), problems));
    let lists = lists.unwrap_or_default();
    let accounts = fields.get("accounts").map(|field| account::read(field, problems)).unwrap_or_default();
    // Suppressions of the overrides use the replaced lists.
    let mut in_force = overridable.lists.clone();
    in_force.0.extend(lists.iter().map(|list| (list.name.clone(), list.values())));
    let entries = fields.get("overrides").and_then(|field| field.entries(FILE_HELP, problems)).unwrap_or_default();
    let rules = entries
        .iter()
        .filter_map(|(id, node)| Some((id.text.clone(), of_rule(id, node, overridable, &in_force, problems)?)))
        .collect();
    Some(Overrides { rules, lists, accounts })
}

/// Reads every field, so that all findings are reported, and only then returns without a broken override.
fn of_rule(
    id: &yaml::Scalar,
    node: &YamlNode,
    overridable: &Overridable,
    lists: &Lists,
    problems: &mut Vec<Diagnostic>,
) -> Option<Override> {
    let before = problems.len();
    let rule = overridable.rules.get(&id.text);
    if rule.is_none() && overridable.all_rules {
        problems.push(unknown(id, overridable));
    }
    let fields = YamlMap::of(node, "an override", &KEYS, OVERRIDE_HELP, problems);
    let read = fields.and_then(|fields| {
        let p = &mut *problems;
        let enabled = optional(&fields, "enabled", p, YamlField::boolean);
        let severity = optional(&fields, "severity", p, load::severity);
        let suppressions = optional(&fields, "suppressions", p, |field, p| suppression::read(field, lists, p));
        let window = optional(&fields, "window", p, aggregation::window);
        let threshold = optional(&fields, "threshold", p, |field, p| threshold(field, rule, p));
        let notify = optional(&fields, "notify", p, YamlField::boolean);
        let alone = optional(&fields, "alone", p, YamlField::boolean);
        let follow_up = optional(&fields, "follow_up", p, YamlField::boolean)?;
        let mut suppressions = suppressions?.unwrap_or_default();
        for suppression in &mut suppressions {
            suppression.source = Source::Overrides;
        }
        let (enabled, severity, window, threshold) = (enabled?, severity?, window?, threshold?);
        Some(Override { enabled, severity, suppressions, window, threshold, notify: notify?, alone: alone?, follow_up })
    });
    for finding in problems.iter_mut().skip(before) {
        finding.rule = finding.rule.take().or_else(|| rule.map(|rule| rule.name.clone()));
    }
    read
}

/// A threshold that fits the rule: a sequence has none, and different values are counted from two.
fn threshold(field: YamlField, rule: Option<&OverridableRule>, problems: &mut Vec<Diagnostic>) -> Option<u32> {
    let threshold = aggregation::threshold(field, problems)?;
    if rule.is_some_and(|rule| rule.sequence) {
        let (title, help) = sequence::NO_THRESHOLD;
        let finding = Diagnostic::error("not-in-sequence", title, field.key_span, "the rule has a `sequence`");
        problems.push(finding.help(help));
        return None;
    }
    if threshold == 1 && rule.is_some_and(|rule| rule.distinct) {
        let title = "a rule with `distinct` has a `threshold` of 1";
        let finding = Diagnostic::error("distinct", title, field.node.span, "every value raises an alert");
        problems.push(finding.help("write `threshold: 2` or more"));
        return None;
    }
    Some(threshold)
}

/// A finding for each value of `lists` that a filter does not accept, at the place of the value.
fn refused<'a>(filter: &'a Filter, lists: &'a [NamedList]) -> impl Iterator<Item = Diagnostic> {
    let values = lists.iter().flat_map(|list| list.items.iter().map(|(value, span)| (&list.name, value, *span)));
    values.flat_map(|(list, value, span)| filter.refusals(list, value).into_iter().map(move |one| one.at(|_| span)))
}

fn unknown_list(name: &yaml::Scalar, overridable: &Overridable) -> Option<Diagnostic> {
    if overridable.lists.get(&name.text).is_some() || !overridable.all_lists {
        return None;
    }
    let title = format!("the rules file has no list `{}`", shorten(&name.text));
    let finding = Diagnostic::error("unknown-list", title, name.span, "expected the name of one of its lists");
    let names: Vec<_> = overridable.lists.names().map(|name| format!("`{name}`")).collect();
    Some(match nearest(&name.text, overridable.lists.names()) {
        Some(meant) => finding.help(format!("write `{meant}`")),
        None if names.is_empty() => finding.help("remove it"),
        None => finding.help(format!("remove it, or replace {}", one_of(&names))),
    })
}

fn unknown(id: &yaml::Scalar, overridable: &Overridable) -> Diagnostic {
    let title = format!("no rule has the id `{}`", shorten(&id.text));
    let finding = Diagnostic::error("unknown-rule", title, id.span, "expected the id of a rule");
    let made = slug(&id.text);
    let by_name = || overridable.rules.contains_key(&made).then_some(made.as_str());
    let named = overridable.rules.iter().find(|(_, rule)| rule.name == id.text).map(|(id, _)| id.as_str());
    let near = || nearest(&id.text, overridable.rules.keys().map(String::as_str));
    match named.or_else(by_name).or_else(near) {
        Some(meant) => finding.help(format!("write `{meant}`")),
        None => finding
            .help("remove it, or look the id up in the rules file: the `id` of the rule, or its name in lower case with `-` between words"),
    }
}
