//! `overrides.yaml`, with which a user changes rules that others maintain: its text and a [`RuleSet`] → a [`RuleSet`].
//!
//! Overrides change existing rules and lists and add none, so a user can take a new rules file without a conflict, and an
//! override of a rule or a list that no longer exists is an error.

use std::{
    collections::{BTreeMap, HashSet},
    mem,
};

use jiff::SignedDuration;

use super::{
    account::{self, Accounts, NamedAccounts},
    aggregation,
    list::{self, NamedList},
    load::{self, Overridable, OverridableRule, slug},
    model::{FieldPath, Replaced, Rule, RuleSet, Severity, Source, Suppression},
    sequence, suppression, timezone,
    title::Title,
};
use crate::{
    diagnostic::{Diagnostic, Level, nearest, shorten, truncate_findings},
    filter::{Filter, Lists},
    record::Zone,
    yaml::{self, YamlField, YamlKind, YamlMap, YamlNode, optional},
};

const TOP_KEYS: [&str; 4] = ["overrides", "lists", "accounts", "timezone"];
const KEYS: [&str; 14] = [
    "enabled",
    "severity",
    "suppressions",
    "window",
    "threshold",
    "distinct",
    "aggregate_fields",
    "notify",
    "alone",
    "follow_up",
    "title",
    "description",
    "tags",
    "runbook",
];
const FILE_HELP: &str = "write `overrides:`, and below it the id of each rule with the fields to change";
const OVERRIDE_HELP: &str =
    "write the id of the rule, and below it, indented, the fields to change, such as `enabled: false`";

/// What an overrides file changes.
#[derive(Default)]
pub struct Overrides {
    /// The time zone of the hours and the weekdays that filters compare.
    pub timezone: Option<Zone>,
    /// The ids that no loaded rule has, because the rules that ship are not loaded.
    pub passed_over: Vec<String>,
    rules: BTreeMap<String, Override>,
    lists: Vec<NamedList>,
    accounts: NamedAccounts,
}

/// The changes to one rule.
#[derive(Default)]
struct Override {
    enabled: Option<bool>,
    severity: Option<Severity>,
    suppressions: Vec<Suppression>,
    window: Option<SignedDuration>,
    threshold: Option<u32>,
    distinct: Option<FieldPath>,
    aggregate_fields: Option<Vec<FieldPath>>,
    notify: Option<bool>,
    alone: Option<bool>,
    follow_up: Option<bool>,
    title: Option<Title>,
    description: Option<(String, Title)>,
    tags: Option<Vec<String>>,
    runbook: Option<String>,
}

impl RuleSet {
    /// Applies the text of an `overrides.yaml` to the rules of one file; returns the changed rules and the warnings about the text.
    ///
    /// # Errors
    ///
    /// Every error in the text together with the warnings, in its order.
    pub fn overridden(mut self, text: &str) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let rule = |rule: &Rule| {
            let known = OverridableRule {
                name: rule.name.clone(),
                sequence: rule.sequence.is_some(),
                distinct: rule.distinct.is_some(),
                first_seen: rule.first_seen.is_some(),
                threshold: Some(rule.threshold),
            };
            (rule.id.clone(), known)
        };
        let rules = self.rules.iter().map(rule).collect();
        let lists = self.lists.clone();
        let overridable = Overridable { rules, all_rules: true, lists, all_lists: true, has_pack: true };
        let document = yaml::parse(text)?;
        let mut problems = document.problems;
        let overrides = read(&document.root, &overridable, &mut problems);
        problems.extend(overrides.apply(&mut self));
        problems.sort_by_key(|finding| finding.span.start);
        truncate_findings(&mut problems);
        if problems.iter().any(|finding| finding.level == Level::Error) {
            return Err(problems);
        }
        self.set_zone();
        Ok((self, problems))
    }

    /// Replaces the named lists in every filter that uses them; the findings are about values that a filter does not accept.
    fn replace(&mut self, lists: &[NamedList]) -> Vec<Diagnostic> {
        let replaced = |list: &NamedList| (list.name.clone(), Replaced { values: list.values(), span: list.span });
        self.replaced = lists.iter().filter(|list| self.lists.get(&list.name).is_some()).map(replaced).collect();
        // A list that only the overrides have.
        let added = lists.iter().filter(|list| !self.replaced.contains_key(&list.name));
        let added: Vec<_> = added.map(|list| (list.name.clone(), list.values())).collect();
        self.lists.0.extend(added);
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

impl Overrides {
    /// Replaces the lists of the rules, and changes nothing else.
    pub fn fill_lists(&self, set: &mut RuleSet) {
        set.replace(&self.lists);
    }

    /// Changes the rules; the findings are about values of lists that a filter does not accept.
    pub fn apply(mut self, set: &mut RuleSet) -> Vec<Diagnostic> {
        let problems = set.replace(&self.lists);
        for rule in &mut set.rules {
            if let Some(other) = self.rules.remove(&rule.id) {
                other.apply(rule);
            }
        }
        set.accounts = set.accounts.with(Accounts::from(self.accounts)).into();
        set.timezone = self.timezone.unwrap_or(set.timezone);
        problems
    }
}

impl Override {
    fn apply(self, rule: &mut Rule) {
        rule.enabled = self.enabled.unwrap_or(rule.enabled);
        rule.severity = self.severity.unwrap_or(rule.severity);
        rule.suppressions.extend(self.suppressions);
        rule.window = self.window.unwrap_or(rule.window);
        rule.threshold = self.threshold.unwrap_or(rule.threshold);
        rule.notify = self.notify.unwrap_or(rule.notify);
        rule.alone = self.alone.unwrap_or(rule.alone);
        rule.follow_up = self.follow_up.or(rule.follow_up);
        rule.distinct = self.distinct.or(rule.distinct.take());
        rule.aggregate_fields = self.aggregate_fields.or(rule.aggregate_fields.take());
        rule.title = self.title.or(rule.title.take());
        if let Some((text, advice)) = self.description {
            (rule.description, rule.advice) = (Some(text), Some(advice));
        }
        rule.tags = self.tags.unwrap_or(mem::take(&mut rule.tags));
        rule.runbook = self.runbook.or(rule.runbook.take());
    }
}

/// The lists of an overrides file, whatever else is wrong with it.
pub fn lists(root: &YamlNode) -> Vec<NamedList> {
    let mut ignored = Vec::new();
    let Some(fields) = YamlMap::of(root, "an overrides file", &TOP_KEYS, FILE_HELP, &mut ignored) else {
        return Vec::new();
    };
    fields.get("lists").map(|field| list::read(field, list::unwritable, &mut ignored)).unwrap_or_default()
}

/// What can be read of an overrides file. A file that is empty or has only comments changes nothing.
pub fn read(root: &YamlNode, overridable: &Overridable, problems: &mut Vec<Diagnostic>) -> Overrides {
    if matches!(&root.kind, YamlKind::Scalar(scalar) if scalar.is_null()) {
        return Overrides::default();
    }
    let Some(fields) = YamlMap::of(root, "an overrides file", &TOP_KEYS, FILE_HELP, problems) else {
        return Overrides::default();
    };
    if TOP_KEYS.iter().all(|key| fields.get(key).is_none()) {
        problems.extend(fields.missing(&TOP_KEYS, FILE_HELP));
    }
    let timezone = fields.get("timezone").and_then(|field| timezone::read(field, problems));
    let lists = fields.get("lists").map(|field| list::read(field, |name| wrong_list(name, overridable), problems));
    let lists = lists.unwrap_or_default();
    let mut accounts = NamedAccounts::default();
    if let Some(field) = fields.get("accounts") {
        account::read(field, &mut accounts, problems);
    }
    // Suppressions of the overrides use the replaced lists.
    let mut in_force = overridable.lists.clone();
    in_force.0.extend(lists.iter().map(|list| (list.name.clone(), list.values())));
    let entries = fields.get("overrides").and_then(|field| field.entries(FILE_HELP, problems)).unwrap_or_default();
    let (mut rules, mut passed_over) = (BTreeMap::new(), Vec::new());
    for (id, node) in entries {
        if !overridable.rules.contains_key(&id.text) && !overridable.has_pack {
            passed_over.push(id.text.clone());
        }
        if let Some(changes) = of_rule(id, node, overridable, &in_force, problems) {
            rules.insert(id.text.clone(), changes);
        }
    }
    Overrides { timezone, passed_over, rules, lists, accounts }
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
        problems.extend(unknown(id, overridable));
    }
    let fields = YamlMap::of(node, "an override", &KEYS, OVERRIDE_HELP, problems);
    let read = fields.and_then(|fields| changes(&fields, rule, lists, problems));
    for finding in problems.iter_mut().skip(before) {
        finding.rule = finding.rule.take().or_else(|| rule.map(|rule| rule.name.clone()));
    }
    read
}

fn changes(
    fields: &YamlMap,
    rule: Option<&OverridableRule>,
    lists: &Lists,
    problems: &mut Vec<Diagnostic>,
) -> Option<Override> {
    let p = problems;
    let enabled = optional(fields, "enabled", p, YamlField::boolean);
    let severity = optional(fields, "severity", p, load::severity);
    let suppressions = optional(fields, "suppressions", p, |field, p| suppression::read(field, lists, p));
    let window = optional(fields, "window", p, aggregation::window);
    let threshold = optional(fields, "threshold", p, |field, p| threshold(field, fields, rule, p));
    let distinct = optional(fields, "distinct", p, |field, p| distinct(field, fields, rule, p));
    let aggregate_fields = optional(fields, "aggregate_fields", p, |field, p| {
        fits_sequence(field, rule, p)?;
        aggregation::paths(field, p)
    });
    let notify = optional(fields, "notify", p, YamlField::boolean);
    let alone = optional(fields, "alone", p, YamlField::boolean);
    let follow_up = optional(fields, "follow_up", p, YamlField::boolean);
    let title = optional(fields, "title", p, load::title);
    let description = optional(fields, "description", p, load::description);
    let tags = optional(fields, "tags", p, load::tags);
    let runbook = optional(fields, "runbook", p, load::runbook);
    let mut suppressions = suppressions?.unwrap_or_default();
    for suppression in &mut suppressions {
        suppression.source = Source::Overrides;
    }
    Some(Override {
        enabled: enabled?,
        severity: severity?,
        suppressions,
        window: window?,
        threshold: threshold?,
        distinct: distinct?,
        aggregate_fields: aggregate_fields?,
        notify: notify?,
        alone: alone?,
        follow_up: follow_up?,
        title: title?,
        description: description?,
        tags: tags?,
        runbook: runbook?,
    })
}

/// Reports a field that a sequence does not have.
fn fits_sequence(field: YamlField, rule: Option<&OverridableRule>, problems: &mut Vec<Diagnostic>) -> Option<()> {
    if !rule.is_some_and(|rule| rule.sequence) {
        return Some(());
    }
    problems.extend(sequence::refused(field.key).map(|(title, help)| {
        Diagnostic::error("not-in-sequence", title, field.key_span, "the rule has a `sequence`").help(help)
    }));
    None
}

/// A threshold that fits the rule: a sequence has none, and different values are counted from two.
fn threshold(
    field: YamlField,
    fields: &YamlMap,
    rule: Option<&OverridableRule>,
    problems: &mut Vec<Diagnostic>,
) -> Option<u32> {
    let threshold = aggregation::threshold(field, problems)?;
    fits_sequence(field, rule, problems)?;
    // A `distinct` in the same override is checked on its own.
    if threshold == 1 && rule.is_some_and(|rule| rule.distinct) && fields.get("distinct").is_none() {
        let title = "a rule with `distinct` has a `threshold` of 1";
        let finding = Diagnostic::error("distinct", title, field.node.span, "every value raises an alert");
        problems.push(finding.help("write `threshold: 2` or more"));
        return None;
    }
    Some(threshold)
}

/// The field whose values are counted, if the rule counts.
fn distinct(
    field: YamlField,
    fields: &YamlMap,
    rule: Option<&OverridableRule>,
    problems: &mut Vec<Diagnostic>,
) -> Option<FieldPath> {
    let path = aggregation::distinct(field, problems)?;
    fits_sequence(field, rule, problems)?;
    let refuse =
        |title, help| Some(Diagnostic::error("distinct", title, field.key_span, "counts different values").help(help));
    let own = fields.get("threshold").and_then(|field| aggregation::threshold(field, &mut Vec::new()));
    let threshold = if fields.get("threshold").is_some() { own } else { rule.and_then(|rule| rule.threshold) };
    let refused = match (rule.is_some_and(|rule| rule.first_seen), threshold) {
        (true, _) => refuse(
            "both `distinct` and the `first_seen` of the rule decide what is counted",
            "remove `distinct`: `first_seen` with a `threshold` counts new combinations of its `fields`",
        ),
        (false, Some(1)) => refuse(
            "a rule with `distinct` has a `threshold` of 1",
            "add how many different values raise an alert, such as `threshold: 10`, or remove `distinct`",
        ),
        (false, _) => None,
    };
    let fits = refused.is_none();
    problems.extend(refused);
    fits.then_some(path)
}

/// A finding for each value of `lists` that a filter does not accept, at the place of the value.
fn refused<'a>(filter: &'a Filter, lists: &'a [NamedList]) -> impl Iterator<Item = Diagnostic> {
    let values = lists.iter().flat_map(|list| list.items.iter().map(|(value, span)| (&list.name, value, *span)));
    values.flat_map(|(list, value, span)| filter.refusals(list, value).into_iter().map(move |one| one.at(|_| span)))
}

/// The finding about a list that no rules file has, but for one letter or two.
fn wrong_list(name: &yaml::Scalar, overridable: &Overridable) -> Option<Diagnostic> {
    if overridable.lists.get(&name.text).is_some() {
        return None;
    }
    list::unwritable(name).or_else(|| {
        let meant = nearest(&name.text, overridable.lists.names()).filter(|_| overridable.all_lists)?;
        let title = format!("no rules file has a list `{}`", shorten(&name.text));
        let finding = Diagnostic::error("unknown-list", title, name.span, "expected the name of one of their lists");
        Some(
            Diagnostic { level: overridable.level(), ..finding }
                .help(format!("write `{meant}`; a list of your own needs a name that is less similar")),
        )
    })
}

impl Overridable {
    /// How sure it is that something that no loaded file has is a mistake.
    fn level(&self) -> Level {
        if self.has_pack { Level::Error } else { Level::Warning }
    }
}

/// The finding about an id that no rule has; none where it can be that of a rule that is not loaded.
fn unknown(id: &yaml::Scalar, overridable: &Overridable) -> Option<Diagnostic> {
    let title = format!("no rule has the id `{}`", shorten(&id.text));
    let finding = Diagnostic::error("unknown-rule", title, id.span, "expected the id of a rule");
    let finding = Diagnostic { level: overridable.level(), ..finding };
    let made = slug(&id.text);
    let by_name = || overridable.rules.contains_key(&made).then_some(made.as_str());
    let named = overridable.rules.iter().find(|(_, rule)| rule.name == id.text).map(|(id, _)| id.as_str());
    let near = || nearest(&id.text, overridable.rules.keys().map(String::as_str));
    match named.or_else(by_name).or_else(near) {
        Some(meant) => Some(finding.help(format!("write `{meant}`"))),
        None if !overridable.has_pack => None,
        None => Some(finding.help("remove it, or look the id up: `trailbell rules` lists all ids")),
    }
}
