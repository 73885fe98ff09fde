//! `tests:` of a rule: records, and the verdict that the rule must reach on each; and files of events, with the number of
//! alerts that it must raise on them.

use super::{
    aggregation::whole,
    model::{AlertTest, RuleTest, Verdict},
};
use crate::{
    diagnostic::{Diagnostic, Span, shorten},
    record::Path,
    yaml::{self, YamlField, YamlMap, YamlNode, optional, parsed},
};

const TEST_KEYS: [&str; 6] = ["match", "no_match", "suppressed", "alerts", "events", "set"];
const OUTCOMES: [&str; 4] = ["match", "no_match", "suppressed", "alerts"];
const TEST_HELP: &str = "write `match:`, `no_match:` or `suppressed:`, and the path of a record file; or the number of `alerts:`, and `events:` with the path of a file of records";
const ALERTS_HELP: &str = "write how many alerts the events raise, such as `alerts: 1`";
const EVENTS_HELP: &str = "add `events:`, and the path of a file of records with their times";
const SET_HELP: &str = "write `set: {path: value}`, or each `path: value` on its own line";

/// The tests of a rule.
#[derive(Default)]
pub struct Tests {
    /// Of one record each.
    pub verdicts: Vec<RuleTest>,
    /// Of a file of events each.
    pub alerts: Vec<AlertTest>,
}

impl Tests {
    /// The paths of their files, each with its place.
    pub fn files(&self) -> impl Iterator<Item = (&str, Span)> {
        let records = self.verdicts.iter().map(|test| (test.record.as_str(), test.span));
        records.chain(self.alerts.iter().map(|test| (test.events.as_str(), test.span)))
    }
}

/// One test.
enum Test {
    Verdict(RuleTest),
    Alerts(AlertTest),
}

/// The tests of a rule.
pub fn read(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<Tests> {
    let items = field.list("write each test after `- `, such as `- match: events/login.json`", problems)?;
    let tests: Vec<_> = items.iter().map(|item| test(item, problems)).collect();
    let mut all = Tests::default();
    for test in tests {
        match test? {
            Test::Verdict(test) => all.verdicts.push(test),
            Test::Alerts(test) => all.alerts.push(test),
        }
    }
    Some(all)
}

fn test(node: &YamlNode, problems: &mut Vec<Diagnostic>) -> Option<Test> {
    let fields = YamlMap::of(node, "a test", &TEST_KEYS, TEST_HELP, problems)?;
    let set = optional(&fields, "set", problems, changes);
    let found: Vec<_> = OUTCOMES.iter().filter_map(|key| fields.get(key)).collect();
    let field = match found[..] {
        [one] => one,
        [] => {
            match fields.get("events") {
                Some(_) => problems.extend(fields.missing(&["alerts"], ALERTS_HELP)),
                None => problems.extend(fields.missing(&OUTCOMES, TEST_HELP)),
            }
            return None;
        }
        [first, second, ..] => {
            let title = format!("a test has both `{}` and `{}`", first.key, second.key);
            let finding = Diagnostic::error("two-outcomes", title, second.key_span, "expected only one of the two");
            problems.push(finding.context(first.key_span, "the first one").help("split it into two tests"));
            return None;
        }
    };
    let expect = match field.key {
        "match" => Verdict::Match,
        "no_match" => Verdict::NoMatch,
        "suppressed" => Verdict::Suppressed,
        _ => {
            let alerts = alerts(field, problems);
            let events = fields.require("events", EVENTS_HELP, problems).and_then(|field| path(field, problems));
            let ((events, span), set) = (events?, set?.unwrap_or_default());
            return Some(Test::Alerts(AlertTest { alerts: alerts?, events, span, set }));
        }
    };
    if let Some(events) = fields.get("events") {
        let title = format!("a test has both `{}` and `events`", field.key);
        let finding = Diagnostic::error("two-outcomes", title, events.key_span, "files of events are for `alerts`");
        let help = format!("remove it, or write `alerts: 1` in place of `{}`", field.key);
        problems.push(finding.context(field.key_span, "a file of one record").help(help));
        return None;
    }
    let (record, span) = path(field, problems)?;
    Some(Test::Verdict(RuleTest { expect, record, span, set: set?.unwrap_or_default() }))
}

/// A path, and its place.
fn path(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<(String, Span)> {
    let path = field.text(problems)?;
    if path.text.trim().is_empty() {
        let title = "the path of a record file is empty";
        let finding = Diagnostic::error("bad-path", title, path.span, "expected the path of a file");
        problems.push(finding.help("write the path of a record file, relative to the rules file"));
        return None;
    }
    Some((path.text.trim_end().to_owned(), path.span))
}

fn alerts(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<u64> {
    let scalar = field.scalar("a number", ALERTS_HELP, problems)?;
    let number = scalar.plain().and_then(whole);
    if number.is_none() {
        let title = format!("`{}` is not a number of alerts", shorten(&scalar.text));
        let finding = Diagnostic::error("bad-alerts", title, scalar.span, "expected a whole number, without quotes");
        problems.push(finding.help(ALERTS_HELP));
    }
    number
}

fn changes(field: YamlField, problems: &mut Vec<Diagnostic>) -> Option<Vec<(Path, serde_json::Value)>> {
    let entries = field.entries(SET_HELP, problems)?;
    let changes: Vec<_> = entries
        .iter()
        .map(|(key, value)| {
            let (path, value) = (parsed(key, Path::parse, problems), yaml::json(value, problems));
            path.zip(value)
        })
        .collect();
    changes.into_iter().collect()
}
