//! `overrides.yaml`, what a user changes of rules that others write: its text and a [`RuleSet`] → a [`RuleSet`].
//!
//! It changes rules that there are and adds none, so that a new rules file comes without conflict, and a rule that it no
//! longer has is said.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::{
    RuleSet, Severity, Source, Suppression, alerting,
    field::{Field, Fields},
    load::{self, optional, slug},
    scalar::Scalar,
    suppression,
    syntax::shorten,
    yaml::{self, Kind, Node},
};
use crate::{
    diagnostic::{Diagnostic, Level, cut, nearest},
    filter::Lists,
};

/// The name of the file, which lies beside the rules file.
pub const FILE_NAME: &str = "overrides.yaml";

const TOP_KEYS: [&str; 1] = ["overrides"];
const KEYS: [&str; 6] = ["enabled", "severity", "suppressions", "window", "threshold", "notify"];
const FILE_HELP: &str =
    "write `overrides:`, and below it the id of each rule with what is other than in the rules file";
const OVERRIDE_HELP: &str = "write the id of the rule, and below it, indented, such as `enabled: false`";

/// What overrides are about: of a rules file that has errors, what can be read of it.
#[derive(Default)]
pub struct Known {
    /// Ids and names.
    pub rules: BTreeMap<String, String>,
    /// Whether those are all.
    pub complete: bool,
    /// The lists that filters may use.
    pub lists: Lists,
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

impl RuleSet {
    /// The rules as the text of an `overrides.yaml` changes them, and warnings about that text.
    ///
    /// Errors: every error in the text, in its order, and the warnings among them.
    pub fn overridden(mut self, text: &str) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let rules = self.rules.iter().map(|rule| (rule.id.clone(), rule.name.clone())).collect();
        let known = Known { rules, complete: true, lists: self.lists.clone() };
        let (mut overrides, problems) = read(text, &known)?;
        if problems.iter().any(|finding| finding.level == Level::Error) {
            return Err(problems);
        }
        for rule in &mut self.rules {
            let Some(other) = overrides.remove(&rule.id) else { continue };
            rule.enabled = other.enabled.unwrap_or(rule.enabled);
            rule.severity = other.severity.unwrap_or(rule.severity);
            rule.suppressions.extend(other.suppressions);
            rule.window = other.window.unwrap_or(rule.window);
            rule.threshold = other.threshold.unwrap_or(rule.threshold);
            rule.notify = other.notify.unwrap_or(rule.notify);
        }
        Ok((self, problems))
    }
}

/// What is wrong with an `overrides.yaml` beside the text of a rules file that has errors itself; nothing beside one that
/// is no YAML.
pub fn overrides_beside_errors(text: &str, rules: &str) -> Vec<Diagnostic> {
    let Some(known) = load::known(rules) else { return Vec::new() };
    read(text, &known).map_or_else(|problems| problems, |(_, problems)| problems)
}

type Overrides = BTreeMap<String, Override>;

fn read(text: &str, known: &Known) -> Result<(Overrides, Vec<Diagnostic>), Vec<Diagnostic>> {
    let document = yaml::parse(text)?;
    let mut problems = document.problems;
    let overrides = file(&document.root, known, &mut problems);
    problems.sort_by_key(|finding| finding.span.start);
    cut(&mut problems);
    Ok((overrides, problems))
}

/// A file without a word in it, or with comments only, changes nothing.
fn file(root: &Node, known: &Known, problems: &mut Vec<Diagnostic>) -> Overrides {
    if matches!(&root.kind, Kind::Scalar(scalar) if scalar.is_null()) {
        return Overrides::new();
    }
    let fields = Fields::of(root, "an overrides file", &TOP_KEYS, FILE_HELP, problems);
    let found = fields.and_then(|fields| fields.require("overrides", FILE_HELP, problems));
    let entries = found.and_then(|field| field.entries(FILE_HELP, problems)).unwrap_or_default();
    entries.iter().filter_map(|(id, node)| Some((id.text.clone(), of_rule(id, node, known, problems)?))).collect()
}

/// Reads every field before it gives up on any.
fn of_rule(id: &Scalar, node: &Node, known: &Known, problems: &mut Vec<Diagnostic>) -> Option<Override> {
    let before = problems.len();
    let name = known.rules.get(&id.text);
    if name.is_none() && known.complete {
        problems.push(unknown(id, known));
    }
    let fields = Fields::of(node, "an override", &KEYS, OVERRIDE_HELP, problems);
    let read = fields.and_then(|fields| {
        let p = &mut *problems;
        let enabled = optional(&fields, "enabled", p, Field::boolean);
        let severity = optional(&fields, "severity", p, load::severity);
        let suppressions = optional(&fields, "suppressions", p, |field, p| suppression::read(field, &known.lists, p));
        let window = optional(&fields, "window", p, alerting::window);
        let threshold = optional(&fields, "threshold", p, alerting::threshold);
        let notify = optional(&fields, "notify", p, Field::boolean);
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

fn unknown(id: &Scalar, known: &Known) -> Diagnostic {
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
